import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sample_tables import make_dataset, make_samples

from galmass_core.learning.experiments import experiment
from galmass_core.learning.fitting import evaluate, evaluate_alike, score
from galmass_core.training.model_runs import train_run
from galmass_core.training.run_predictions import load_model, predict_run
from galmass_core.training.runs import list_runs, open_run


@pytest.fixture(scope="module")
def samples():
    return make_samples(400)


@pytest.fixture(scope="module")
def dataset(samples, tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("home") / "table", samples)


@pytest.fixture(scope="module")
def run(dataset, tmp_path_factory):
    return train_run(dataset, "mstar/features", path=tmp_path_factory.mktemp("runs") / "one")


def test_trees_find_the_rule_that_made_the_truth(samples):
    outcome = evaluate(experiment("mstar/features"), samples)
    assert score(outcome.predictions)["std"]["value"] < 0.06
    bare = evaluate(experiment("mstar/constant"), samples)
    assert score(bare.predictions)["std"]["value"] > 0.5


def test_a_straight_rule_is_found_by_ridge_to_its_noise(samples):
    outcome = evaluate(experiment("mstar/ridge"), samples)
    assert score(outcome.predictions)["std"]["value"] == pytest.approx(0.02, rel=0.1)


def test_folds_predict_every_sample_once_unseen(samples):
    outcome = evaluate(experiment("mstar/power-law"), samples, "folds")
    assert len(outcome.models) == 5
    predicted = outcome.predictions.sort_values(["name", "los"])[["name", "los"]]
    everyone = samples.sort_values(["name", "los"])[["name", "los"]]
    assert predicted.to_numpy().tolist() == everyone.to_numpy().tolist()


def test_only_the_test_part_is_scored(samples):
    names = evaluate(experiment("mstar/power-law"), samples).predictions["name"]
    assert names.nunique() == 400 - round(400 * 18833 / 28110)


def test_experiments_that_need_the_same_truths_use_the_same_samples(samples):
    holed = samples.copy()
    holed.loc[:8, "log_mdm_1rhsm"] = np.nan
    wanted = experiment("mstar/power-law")
    outcome = evaluate(wanted, holed, "folds", needed=["log_mdm_1rhsm"])
    assert len(outcome.predictions) == len(samples) - 9
    assert len(evaluate(wanted, holed, "folds").predictions) == len(samples)


@pytest.mark.parametrize("inputs", ["features", "ridge"])
def test_targets_together_have_the_models_that_each_has_alone(samples, inputs):
    targets = ["log_mstar_1rhsm", "log_mdm_1rhsm"]
    holed = samples.copy()
    holed.loc[:8, targets[0]] = np.nan
    holed.loc[6:11, targets[1]] = np.nan
    wanted = [experiment(f"{word}/{inputs}") for word in ("mstar", "mdm")]
    reasons = [f"{target} is zero or not a number" for target in targets]
    together = evaluate_alike(wanted, holed, "folds")
    for one, each in zip(wanted, together, strict=True):
        alone = evaluate(one, holed, "folds", needed=targets)
        pd.testing.assert_frame_equal(each.predictions, alone.predictions, check_exact=True)
        assert (each.left_out, each.n_train) == (alone.left_out, alone.n_train)
    assert together[0].left_out == {reasons[0]: 9, reasons[1]: 3}
    assert together[1].left_out == {reasons[1]: 6, reasons[0]: 6}


def test_a_lacking_column_is_named(samples):
    with pytest.raises(ValueError, match="mstar/virial needs columns that the data lack: sigma_v"):
        evaluate(experiment("mstar/virial"), samples.drop(columns="sigma_v"))


def test_a_table_too_small_to_split_is_refused(samples):
    with pytest.raises(ValueError, match="to train and to test, got 3 and 0"):
        evaluate(experiment("mstar/power-law"), samples.head(3))


def test_predictions_reproduce_from_the_folder_alone(run, dataset, samples, tmp_path):
    moved = open_run(shutil.copytree(run.path, tmp_path / "moved"))
    ours, left_out = predict_run(moved, dataset)
    both = ours.merge(run.predictions(), on=["name", "los"])
    assert len(both) == len(samples)
    assert (both["y_pred_x"] == both["y_pred_y"]).all()
    assert left_out == {}


def test_the_same_training_gives_the_same_files(run, dataset, tmp_path):
    again = train_run(dataset, "mstar/features", path=tmp_path / "again")
    for name in ("model.txt", "history.csv", "predictions.parquet", "config.json"):
        assert (again.path / name).read_bytes() == (run.path / name).read_bytes()
    for key in ("split", "dataset", "metrics"):
        assert again.record[key] == run.record[key]


def test_the_record_names_split_and_data(run, dataset):
    assert run.record["split"]["kind"] == "galaxy"
    assert run.record["split"]["siblings"] == 0
    assert len(run.record["split"]["hash"]) == 16
    assert run.record["dataset"]["path"] == str(dataset.path)
    test = run.predictions().query("part == 'test'")
    assert run.record["metrics"]["log_mstar_1rhsm"] == score(test)


def test_another_data_set_has_another_checksum(run, samples, tmp_path):
    changed = samples.assign(f_hot=samples["f_hot"] + 1e-9)
    other = train_run(
        make_dataset(tmp_path / "data", changed), "mstar/power-law", path=tmp_path / "r"
    )
    assert other.record["dataset"]["sha256"] != run.record["dataset"]["sha256"]


@pytest.mark.parametrize("inputs", ["ridge", "virial", "power-law", "constant"])
def test_baselines_are_kept_like_any_model(dataset, tmp_path, inputs):
    run = train_run(dataset, f"mtot/{inputs}", path=tmp_path / "run")
    assert run.history.empty
    predictions, _ = predict_run(run, dataset)
    ours = predictions.sort_values(["name", "los"])["y_pred"].to_numpy()
    kept = run.predictions().sort_values(["name", "los"])["y_pred"].to_numpy()
    np.testing.assert_array_equal(ours, kept)


def test_features_can_be_chosen(dataset, tmp_path):
    run = train_run(dataset, "mstar/features", features=["g_minus_r"], path=tmp_path / "run")
    assert load_model(run).features == ("g_minus_r",)


def test_galaxies_without_truth_are_predicted_too(run, dataset, samples):
    blind = samples.drop(columns="log_mstar_1rhsm").head(30)
    blind.loc[0, "sersic_n"] = np.nan
    predictions, left_out = predict_run(run, replace(dataset, samples=blind))
    assert len(predictions) == 29
    assert predictions["y_true"].isna().all()
    assert predictions["y_pred"].notna().all()
    assert left_out == {"sersic_n is not a number": 1}


def test_prediction_names_the_column_that_is_missing(run, dataset, samples):
    with pytest.raises(ValueError, match="needs columns that the data set lacks: lambda_r"):
        predict_run(run, replace(dataset, samples=samples.drop(columns="lambda_r")))


def test_nothing_is_begun_for_wrong_input(dataset, samples, tmp_path):
    with pytest.raises(ValueError, match="no experiment"):
        train_run(dataset, "luck", path=tmp_path / "run")
    with pytest.raises(ValueError, match="split must be one of"):
        train_run(dataset, "mstar/features", split="halo", path=tmp_path / "run")
    with pytest.raises(ValueError, match="lack: spin"):
        train_run(dataset, "mstar/features", features=["spin"], path=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_without_usable_samples_fails_with_its_reason(samples, tmp_path):
    spoiled = samples.assign(sersic_n=200.0)
    dataset = make_dataset(tmp_path / "data", spoiled)
    with pytest.raises(ValueError, match="needs usable samples"):
        train_run(dataset, "mstar/features", path=tmp_path / "runs" / "one")
    (run,) = list_runs(tmp_path / "runs")
    assert run.state == "failed"
    assert "got 0 and 0" in run.record["reason"]


def test_lightgbm_is_imported_only_where_it_is_used():
    code = "import sys, galmass_core.learning.fitting; print('lightgbm' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout == "False\n"


def test_scores_are_json(samples):
    wanted = replace(experiment("mstar/power-law"), features=("g_minus_r",))
    json.dumps(score(evaluate(wanted, samples).predictions))
