"""Runs that are trainings of one group, and what their folders say of their training sets."""

import json

import pytest

from galmass_core.networks.presets import PRESETS
from galmass_core.training.groups import (
    cohort_of,
    count_training,
    draws_nothing,
    group_of,
    is_alike,
    place_in_group,
    preset_of,
)
from galmass_core.training.runs import Run


@pytest.fixture
def make(tmp_path):
    """Make a run as its folder would have it, without training."""

    def make(
        name,
        *,
        training=0,
        split=0,
        data="sha",
        state="finished",
        train=None,
        hyper=None,
        **changes,
    ):
        config = {
            "experiment": "mstar/r",
            "targets": ["log_mstar_1rhsm"],
            "method": "network",
            "maps": ["r"],
            "pixels": 300,
            "training": {"epochs": 200} | (hyper or {"width": 0.5, "seed": training}),
            "split": {"kind": "galaxy", "sizes": {"train": 16000, "test": 8110}, "seed": split},
        }
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(config | changes))
        record = {
            "state": state,
            "dataset": {"name": "demo", "sha256": data, "stars": None},
            "split": {"hash": f"{split}bcdef0123"},
            "metrics": {"log_mstar_1rhsm": {"n": 811}},
        }
        return Run(tmp_path / name, record | ({"counts": {"train": train}} if train else {}))

    return make


def names(runs):
    return [run.name for run in runs]


def test_a_group_differs_only_in_the_training_seed(make):
    run = make("one", training=3)
    others = [
        make("two", training=1),
        make("other split", training=2, split=1),
        make("other data", training=2, data="else"),
        make("wider", hyper={"width": 1.0, "seed": 2}),
        make("running", training=2, state="running"),
    ]
    assert names(group_of(run, [run, *others])) == ["two", "one"]


def test_of_one_seed_the_newest_counts_but_a_run_is_always_in_its_group(make):
    old, new, other = make("old"), make("new"), make("other", training=1)
    assert names(group_of(other, [new, old, other])) == ["new", "other"]
    assert names(group_of(old, [new, old, other])) == ["old", "other"]


def test_a_place_in_a_group_counts_runs_in_any_state(make):
    first, second = make("one"), make("two", training=4, state="queued")
    assert place_in_group(second, [first, second]) == "training 2 of 2"
    assert place_in_group(first, [first]) == ""


def test_runs_are_alike_up_to_a_quarter_more_samples(make):
    run = make("one", train=1000)
    assert is_alike(run, make("two", split=1, data="else", train=1250))
    assert not is_alike(run, make("three", train=1300))


def test_the_number_of_training_samples_is_recorded_or_estimated(make):
    assert count_training(make("new", train=321)) == (321, True)
    assert count_training(make("old")) == (1600, False)


def test_a_cohort_is_a_data_set_and_its_split(make):
    assert cohort_of(make("one", split=1)) == "demo@1bcdef"


def test_presets_are_known_by_their_hyperparameters(make):
    for name, (preset, _) in PRESETS.items():
        assert preset_of(make(name, hyper=vars(preset) | {"seed": 9})) == name
    assert preset_of(make("own")) == "width 0.5"


def test_only_networks_draw_anything(make):
    assert not draws_nothing(make("one"))
    trees = make("two", method="trees")
    config = json.loads((trees.path / "config.json").read_text())
    del config["training"]  # that of networks
    (trees.path / "config.json").write_text(json.dumps(config))
    assert draws_nothing(trees)
