from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sample_tables import make_dataset, make_samples

from galmass_core.benchmarks.invented import make_run
from galmass_core.datasets.dataset import open_dataset
from galmass_core.learning.experiments import experiment
from galmass_core.training.pairing import choose_run, predictions_on, run_predictions_on
from galmass_core.training.run_writer import write_run
from galmass_core.training.runs import open_run

WANTED = experiment("mstar/r+2V")


@pytest.fixture
def data(tmp_path):
    return make_dataset(tmp_path / "data", make_samples(60))


def chosen(data, *runs, wanted=WANTED, **choice):
    candidate = choose_run(run_predictions_on(runs, data), wanted, **choice)
    return candidate and candidate.run.config["experiment"]


def test_a_run_answers_for_what_it_was_not_trained_on(tmp_path, data):
    run = make_run(tmp_path, data, "mstar/r", 0.05)
    predictions = predictions_on(run, data)
    assert set(run.predictions()["part"]) == {"validation", "test"}
    assert set(predictions["part"]) == {"test"}
    assert len(predictions) == (run.predictions()["part"] == "test").sum() > 0
    assert list(predictions) == list(run.predictions())


def test_samples_that_the_data_lack_are_left_out(tmp_path, data):
    run = make_run(tmp_path, data, "mstar/r", 0.05)
    half = make_dataset(tmp_path / "half", data.samples[data.samples["los"] == "x"])
    predictions = predictions_on(run, half)
    assert set(predictions["los"]) == {"x"}
    assert 3 * len(predictions) == len(predictions_on(run, data))


def test_other_galaxies_of_the_same_names_are_no_answer(tmp_path, data):
    run = make_run(tmp_path, data, "mstar,mtot/r", 0.05)
    shuffled = data.samples.copy()
    shuffled["log_mstar_1rhsm"] = np.roll(shuffled["log_mstar_1rhsm"], 3)
    others = make_dataset(tmp_path / "others", shuffled.drop(columns="f_dm_1rhsm"))
    assert set(predictions_on(run, others)["target"]) == {"log_mtot_1rhsm"}


def test_a_truth_that_the_data_lack_is_no_answer(tmp_path, data):
    run = make_run(tmp_path, data, "mstar/r", 0.05)
    bare = make_dataset(tmp_path / "bare", data.samples.drop(columns="log_mstar_1rhsm"))
    assert predictions_on(run, bare).empty
    assert run_predictions_on([run], bare) == []


def test_predictions_without_a_truth_do_not_count(tmp_path, data):
    run = make_run(tmp_path, data, "mstar/r", 0.05)
    predictions = run.predictions()
    predictions.loc[predictions["part"] == "test", "y_true"] = np.nan
    predictions.to_parquet(run.path / "predictions.parquet")
    unrecorded = replace(run, record=run.record | {"files": {}})
    assert predictions_on(unrecorded, data).empty


def test_only_finished_networks_of_the_split_are_tried(tmp_path, data):
    good = make_run(tmp_path, data, "mstar/r", 0.05)
    paper = make_run(tmp_path, data, "mstar/2V", 0.05, split="paper")
    trees = good.config | {"method": "trees"}
    with write_run(tmp_path / "trees", trees, {"dataset": good.record["dataset"]}) as writer:
        writer.write_predictions(good.predictions())
    with pytest.raises(KeyboardInterrupt), write_run(tmp_path / "bad", good.config, {}):
        raise KeyboardInterrupt
    runs = [good, paper, open_run(tmp_path / "trees"), open_run(tmp_path / "bad")]
    assert [candidate.run.name for candidate in run_predictions_on(runs, data)] == [good.name]
    assert [candidate.run.name for candidate in run_predictions_on(runs, data, "paper")] == [
        paper.name
    ]


def test_maps_must_be_just_those_wanted(tmp_path, data):
    runs = [make_run(tmp_path, data, f"mstar/{name}", 0.05) for name in ("r", "r+V", "g,r+2V")]
    assert chosen(data, *runs) is None
    assert chosen(data, *runs, wanted=experiment("mstar/g,r+2V")) == "mstar/g,r+2V"


def test_a_network_of_its_own_is_better_than_a_joint_one_and_either_than_none(tmp_path, data):
    joint = make_run(tmp_path, data, "mstar,mtot/r+2V", 0.05)
    assert chosen(data, joint) == "mstar,mtot/r+2V"
    assert chosen(data, joint, wanted=experiment("mdm/r+2V")) is None
    alone = make_run(tmp_path, data, "mstar/r+2V", 0.05)
    assert chosen(data, joint, alone) == chosen(data, alone, joint) == "mstar/r+2V"


def test_images_as_wanted_are_better_than_others_and_fine_ones_than_coarse(tmp_path, data):
    names = ["mstar/r+2V@60", "mstar/r+2V@150", "mstar,mtot/r+2V"]
    runs = [make_run(tmp_path, data, name, 0.05) for name in names]
    assert [chosen(data, *runs[:number]) for number in (1, 2, 3)] == names


def test_the_newest_of_equals_is_taken(tmp_path, data):
    runs = [make_run(tmp_path, data, "mstar/r+2V", 0.05, seed=seed) for seed in (0, 1)]
    newest = choose_run(run_predictions_on(reversed(runs), data), WANTED)
    assert newest.run.name == runs[1].name
    assert newest.own


def test_a_run_on_these_very_data_is_better_than_a_newer_one_on_others(tmp_path, data):
    mine = make_run(tmp_path, data, "mstar/r+2V", 0.05)
    twin = make_dataset(tmp_path / "twin", data.samples, note="built again")
    other = make_run(tmp_path, twin, "mstar/r+2V", 0.05, seed=1)
    assert choose_run(run_predictions_on([other, mine], data), WANTED).run.name == mine.name
    assert not choose_run(run_predictions_on([other], data), WANTED).own


def test_thinned_galaxies_are_a_control_and_never_the_result(tmp_path, data):
    thin = make_dataset(tmp_path / "thin", data.samples, stars=500)
    control = make_run(tmp_path, thin, "mstar/r+2V", 0.09, stars=500)
    assert chosen(data, control) is None
    assert chosen(data, control, thinned=True) == "mstar/r+2V"
    assert chosen(open_dataset(thin.path), control) == "mstar/r+2V"
    full = make_run(tmp_path / "full", data, "mstar/r+2V", 0.04)
    assert chosen(thin, full) is None
    assert chosen(thin, full, thinned=True) is None
    assert pd.unique(predictions_on(full, thin)["part"]) == ["test"]


def test_a_network_for_every_set_of_maps_answers_for_each(tmp_path, data):
    whole = make_run(tmp_path, data, "mstar/any", 0.05)
    candidates = run_predictions_on([whole], data)
    assert len(candidates) == 15
    assert all(one.from_any for one in candidates)
    for inputs in ("r", "2V", "g,r+2V"):
        found = choose_run(candidates, experiment(f"mstar/{inputs}"))
        assert found.run.config["maps"] == list(experiment(f"mstar/{inputs}").maps)
        assert found.pixels == 300


def test_a_network_of_these_maps_only_is_preferred_unless_asked_otherwise(tmp_path, data):
    whole = make_run(tmp_path, data, "mstar/any", 0.05)
    alone = make_run(tmp_path, data, "mstar/r+2V", 0.05)
    assert chosen(data, whole, alone) == chosen(data, alone, whole) == "mstar/r+2V"
    assert chosen(data, whole, alone, prefer_any=True) == "mstar/any"
