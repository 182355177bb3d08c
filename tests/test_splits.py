import numpy as np
import pandas as pd
import pytest

from galmass_core.learning.splits import (
    BOOSTING_SIZES,
    NETWORK_SIZES,
    describe_split,
    draw_training_galaxies,
    fold_samples,
    sibling_share,
    split_hash,
    split_samples,
)


@pytest.fixture(scope="module")
def samples():
    """The paper's 28,110: 9,370 galaxies along three lines of sight."""
    names = [f"TNG/TNG100-1/99/{number}" for number in range(9370)]
    return pd.DataFrame({"name": np.repeat(names, 3), "los": np.tile(["x", "y", "z"], 9370)})


def sizes_of(parts):
    return {str(part): int(size) for part, size in pd.Series(parts).value_counts().items()}


@pytest.mark.parametrize("sizes", [NETWORK_SIZES, BOOSTING_SIZES])
def test_the_papers_split_has_the_papers_sizes(samples, sizes):
    assert sizes_of(split_samples(samples, "paper", sizes=sizes)) == sizes


def test_by_galaxy_sizes_are_the_papers_in_whole_galaxies(samples):
    parts = split_samples(samples, sizes=NETWORK_SIZES)
    assert sizes_of(parts) == {"train": 3 * 5333, "validation": 3 * 1333, "test": 3 * 2704}


def test_no_galaxy_is_on_two_sides(samples):
    parts = split_samples(samples, sizes=NETWORK_SIZES)
    assert samples.groupby("name")["los"].size().eq(3).all()
    assert pd.Series(parts).groupby(samples["name"]).nunique().eq(1).all()
    assert sibling_share(samples, parts) == 0


def test_the_papers_split_leaves_81_per_cent_siblings(samples):
    shares = [
        sibling_share(samples, split_samples(samples, "paper", sizes=NETWORK_SIZES, seed=seed))
        for seed in range(5)
    ]
    assert np.mean(shares) == pytest.approx(1 - (1 - 16000 / 28110) ** 2, abs=0.01)  # 0.814


def test_order_of_rows_does_not_matter(samples):
    shuffled = samples.sample(frac=1, random_state=3)
    for kind in ("galaxy", "paper"):
        parts = pd.Series(split_samples(shuffled, kind), shuffled.index).sort_index()
        assert (parts == split_samples(samples, kind)).all()
        assert split_hash(shuffled, split_samples(shuffled, kind)) == split_hash(
            samples, split_samples(samples, kind)
        )


def test_a_split_is_the_same_for_ever():
    samples = pd.DataFrame({"name": [f"a/b/1/{number}" for number in range(6)], "los": "x"})
    parts = split_samples(samples, sizes={"train": 1, "test": 1})
    assert parts.tolist() == ["test", "train", "test", "train", "test", "train"]
    assert split_hash(samples, parts) == "c8fcd31f13b1f741"


def test_another_seed_is_another_split(samples):
    same = split_samples(samples, seed=0) == split_samples(samples, seed=1)
    assert same.mean() == pytest.approx(0.67**2 + 0.33**2, abs=0.02)


def test_folds_test_every_galaxy_once_and_are_equal_in_size(samples):
    folds = fold_samples(samples)
    assert sizes_of(folds) == {str(fold): 5622 for fold in range(5)}
    assert pd.Series(folds).groupby(samples["name"]).nunique().eq(1).all()


def test_description_counts_siblings(samples):
    assert describe_split(samples, "galaxy")["siblings"] == 0
    assert describe_split(samples, "folds")["siblings"] == 0
    assert describe_split(samples, "paper")["siblings"] == pytest.approx(0.89, abs=0.01)


def test_a_smaller_draw_of_training_galaxies_is_a_part_of_a_larger(samples):
    parts = split_samples(samples)
    small, large = (draw_training_galaxies(samples, parts, n, seed=1) for n in (5, 9))
    assert samples["name"][small == "train"].nunique() == 5
    assert set(samples["name"][small == "train"]) < set(samples["name"][large == "train"])


def test_drawing_training_galaxies_leaves_the_test_set(samples):
    parts = split_samples(samples)
    drawn = draw_training_galaxies(samples, parts, 5)
    assert np.array_equal(drawn == "test", parts == "test")


def test_more_training_galaxies_than_there_are_are_refused(samples):
    parts = split_samples(samples)
    with pytest.raises(ValueError, match="galaxies must be from 1 to those in the training set"):
        draw_training_galaxies(samples, parts, 10**6)


def test_an_unknown_split_is_refused(samples):
    with pytest.raises(ValueError, match="split must be one of galaxy, paper, got 'halo'"):
        split_samples(samples, "halo")


def test_more_folds_than_galaxies_are_refused(samples):
    with pytest.raises(ValueError, match="number of galaxies, 2, got 5"):
        fold_samples(samples.head(6))
