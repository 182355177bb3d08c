import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

from galmass_core.learning.out_of_distribution import TrainingDistance

FEATURES = ("light", "colour")


def invent(galaxies, seed, *, lines=2, shift=0.0):
    """Return samples of galaxies whose lines of sight hardly differ."""
    rng = np.random.default_rng(seed)
    values = np.repeat(rng.normal(size=(galaxies, 2)), lines, axis=0)
    values += 0.01 * rng.normal(size=values.shape) + shift
    names = np.repeat([f"{seed}/{number}" for number in range(galaxies)], lines)
    table = pd.DataFrame(values * (1, 0.1), columns=list(FEATURES))
    return table.assign(name=names, los=np.tile(list("xyz")[:lines], galaxies))


@pytest.fixture(scope="module")
def trained():
    return TrainingDistance.of(invent(1000, 0), FEATURES)


def test_the_distance_is_that_to_the_nearest_other_galaxy():
    line = pd.DataFrame({"name": list("aabc"), "los": list("xyxx"), "f": [-1.0, -1.0, 1.0, 5.0]})
    distance = TrainingDistance.of(line, ["f"])
    low, high = np.quantile(line["f"], (0.16, 0.84))
    scale = 0.5 * (high - low)
    assert distance.distances(line) * scale == pytest.approx([2, 2, 2, 4])
    assert distance.distances(line.assign(name="d")) == pytest.approx(0)


def test_with_the_papers_split_another_line_of_sight_is_a_neighbour():
    line = pd.DataFrame({"name": list("aab"), "los": list("xyx"), "f": [0.0, 0.5, 9.0]})
    distance = TrainingDistance.of(line, ["f"], kind="paper")
    low, high = np.quantile(line["f"], (0.16, 0.84))
    assert distance.distances(line) * 0.5 * (high - low) == pytest.approx([0.5, 0.5, 8.5])


def test_galaxies_like_the_training_set_have_percentiles_that_are_evenly_distributed(trained):
    found = trained.percentiles(invent(500, 1, lines=1))
    assert kstest(found / 100, "uniform").pvalue > 0.01


def test_galaxies_of_the_training_set_are_as_unusual_as_others(trained):
    found = trained.percentiles(invent(1000, 0).iloc[::2])
    assert kstest(found / 100, "uniform").pvalue > 0.01


def test_shifted_galaxies_are_farther_than_all_of_the_training_set(trained):
    assert trained.percentiles(invent(100, 2, shift=5.0)).min() > 99


def test_the_unit_of_a_feature_does_not_matter(trained):
    unit = {"light": 1000.0}
    other = TrainingDistance.of(invent(1000, 0).assign(light=lambda t: 1000 * t["light"]), FEATURES)
    new = invent(50, 3)
    np.testing.assert_allclose(
        other.percentiles(new.assign(light=unit["light"] * new["light"])), trained.percentiles(new)
    )


def test_a_sample_without_a_feature_has_no_percentile(trained):
    new = invent(2, 3, lines=1)
    new.loc[0, "light"] = np.nan
    assert np.isnan(trained.percentiles(new)).tolist() == [True, False]
    assert np.isnan(trained.percentiles(new.drop(columns="colour"))).all()


def test_a_feature_that_is_nearly_always_the_same_has_a_scale():
    table = invent(100, 0, lines=1).assign(star_formation=0.0, constant=1.0)
    table.loc[0, "star_formation"] = 1.0
    distance = TrainingDistance.of(table, (*FEATURES, "star_formation", "constant"))
    assert np.isfinite(distance.percentiles(table)).all()
    assert distance.percentiles(table)[0] > 99


def test_there_must_be_features_and_samples():
    with pytest.raises(ValueError, match="features and usable training samples"):
        TrainingDistance.of(invent(5, 0), [])
    with pytest.raises(ValueError, match="features and usable training samples"):
        TrainingDistance.of(invent(5, 0).assign(light=np.nan), FEATURES)
