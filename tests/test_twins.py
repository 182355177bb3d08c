"""Pairs of galaxies that look alike and differ in mass."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from toy_maps import make_map_dataset

from galmass_app.lookalikes import LookalikeRequest, find_lookalikes
from galmass_core.cli import main
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training.model_runs import train_run
from galmass_core.training.runs import runs_folder
from galmass_core.training.twins import (
    find_twins,
    nearest_others,
    rank_alike,
    twin_lines,
    twin_sentence,
)

TINY = TrainingConfig(width=0.03, epochs=1, batch=20, learning_rate=2e-3)
MTOT = "log_mtot_1rhsm"

pytestmark = pytest.mark.usefixtures("home_for_stacks")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_map_dataset(tmp_path_factory.mktemp("data") / "blobs", 20)


@pytest.fixture(scope="module")
def run(dataset, home_for_stacks):
    path = runs_folder() / "images"
    return train_run(dataset, "mstar,mtot/r@60", training=TINY, path=path, device="cpu")


@pytest.fixture(scope="module")
def found(dataset, run):
    return find_twins(dataset, count=1000, device="cpu")


def test_the_nearest_sample_of_another_galaxy_is_the_twin():
    galaxies = np.array([0] * 20 + [1, 2])
    features = np.stack([np.r_[np.arange(20.0) / 100, 5.0, 9.0], np.full(22, 3.0)], axis=1)
    places, distances = nearest_others(features, galaxies)
    assert set(places[:20]) == {20}
    assert places[20:].tolist() == [21, 20]
    unit = features[:, 0].std()
    np.testing.assert_allclose(distances[19:], np.array([4.81, 4.0, 4.0]) / unit)


def test_one_galaxy_has_no_twin():
    with pytest.raises(ValueError, match="must be of two galaxies, got samples of fewer"):
        nearest_others(np.eye(3), np.zeros(3, int))


def test_pairs_are_of_two_galaxies_each_once_the_most_different_first(found, dataset):
    names = [tuple(sorted(row["names"])) for row in found["rows"]]
    assert len(set(names)) == len(names) == found["n"] > 5
    assert all(one != other for one, other in names)
    sizes = [abs(row["difference"]) for row in found["rows"]]
    assert sizes == sorted(sizes, reverse=True)
    assert all(0 <= row["percentile"] < 50 for row in found["rows"])
    truth = dataset.samples.set_index(["name", "los"])[MTOT]
    for row in found["rows"]:
        keys = list(zip(row["names"], row["lines_of_sight"], strict=True))
        assert row["values"] == [truth[key] for key in keys]
        assert row["predicted"] is not None
    differences = np.array([row["difference"] for row in found["rows"]])
    assert found["std"]["value"] == pytest.approx(np.sqrt(np.mean(differences**2) / 2))


def test_a_galaxy_that_is_turned_has_the_same_twin(found, dataset, run, monkeypatch):
    read = type(dataset).read_maps

    def turned(self, rows):
        for place, maps in read(self, rows):
            yield place, replace(maps, flux_CHW=np.rot90(maps.flux_CHW, place % 4, (1, 2)).copy())

    monkeypatch.setattr(type(dataset), "read_maps", turned)
    monkeypatch.setattr("galmass_core.networks.stacks.FORM", 99)  # stacks are made again
    again = find_twins(dataset, count=1000, device="cpu")
    assert [row["names"] for row in again["rows"]] == [row["names"] for row in found["rows"]]


def test_the_command_prints_pairs_and_a_sentence(found, dataset, capsys):
    assert main(["twins", str(dataset.path), "--pairs", "3", "--device", "cpu"]) == 0
    text = capsys.readouterr().out
    assert len(text.splitlines()) == 1 + 3 + 2
    assert text.rstrip().endswith(twin_sentence(found))
    assert len(twin_lines(found)) == 1 + found["n"]
    assert main(["twins", str(dataset.path), "--json", "--device", "cpu"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["rows"] == found["rows"][:10]
    assert (content["n_pairs"], content["run"]) == (found["n"], "images")


def test_what_is_missing_is_said(dataset):
    with pytest.raises(ValueError, match=r"inputs must be one of r, .* got 'x'"):
        find_twins(dataset, "x")
    with pytest.raises(ValueError, match=f"must have {MTOT} for twins"):
        find_twins(replace(dataset, samples=dataset.samples.drop(columns=MTOT)))


@pytest.fixture
def lacking(dataset, tmp_path, monkeypatch):
    """The data set without R_e of its first sample, and a network that needs it."""
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    path, training = runs_folder() / "scalars", replace(TINY, scalars=True)
    train_run(dataset, "mtot/r@60", training=training, path=path, device="cpu")
    samples = dataset.samples.copy()
    samples.loc[samples.index[0], "effective_radius"] = np.nan
    return replace(dataset, samples=samples)


def test_a_sample_without_what_the_network_needs_has_no_twin(lacking):
    found = find_twins(lacking, count=1000, device="cpu")
    pairs = [zip(row["names"], row["lines_of_sight"], strict=True) for row in found["rows"]]
    assert tuple(lacking.samples[["name", "los"]].iloc[0]) not in {
        one for two in pairs for one in two
    }
    assert found["n"] > 1
    assert np.isfinite(found["std"]["value"])


def test_a_sample_without_what_the_network_needs_is_no_lookalike(lacking):
    name, los = lacking.samples[["name", "los"]].iloc[-1]
    wanted = LookalikeRequest(data=lacking, galaxy=name, los=los, inputs="r")
    found = find_lookalikes(wanted, SimpleNamespace(check=lambda _: None))
    assert found.searched == len(lacking.galaxy_names) - 1


def test_lookalikes_of_a_sample_without_what_the_network_needs_are_refused(lacking):
    name, los = lacking.samples[["name", "los"]].iloc[0]
    wanted = LookalikeRequest(data=lacking, galaxy=name, los=los, inputs="r")
    reason = "scalars cannot predict this galaxy: effective_radius is not a number"
    with pytest.raises(ValueError, match=reason):
        find_lookalikes(wanted, SimpleNamespace(check=lambda _: None))


def test_a_table_without_what_the_network_needs_is_refused(lacking):
    samples = lacking.samples.assign(effective_radius=np.nan)
    with pytest.raises(ValueError, match="must have effective_radius for twins by scalars"):
        find_twins(replace(lacking, samples=samples), device="cpu")


def test_of_one_pair_no_scatter_is_stated():
    result = {"n": 1, "inputs": "r", "run": "one", "std": {"value": 0.1, "low": 0.1, "high": 0.1}}
    assert "±" not in twin_sentence(result)
    assert "±" in twin_sentence(result | {"n": 2})


def test_all_others_are_ranked_each_once_the_most_alike_first():
    random = np.random.default_rng(5)
    features, galaxies = random.normal(size=(60, 4)), np.repeat(np.arange(20), 3)
    ranked = rank_alike(features, galaxies, 7)
    places, distances = nearest_others(features, galaxies)
    assert ranked["place"].iloc[0] == places[7]
    assert ranked["distance"].iloc[0] == pytest.approx(distances[7])
    assert sorted(galaxies[ranked["place"]]) == [each for each in range(20) if each != 2]
    assert ranked["distance"].is_monotonic_increasing
    assert ranked["percentile"].iloc[0] == pytest.approx(100 * (distances < distances[7]).mean())
