import numpy as np
import pytest
from toy_maps import make_map_dataset

from galmass_core import api
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training import switches
from galmass_core.training.runs import list_runs
from galmass_core.training.switches import SWITCHES, format_switches, measure_switches

NAME = "mstar/2V"
TINY = TrainingConfig(width=0.03, epochs=1, batch=20, learning_rate=2e-3)


pytestmark = pytest.mark.usefixtures("home_for_stacks")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_map_dataset(tmp_path_factory.mktemp("data") / "blobs", 20)


@pytest.fixture(scope="module")
def measured(dataset, tmp_path_factory):
    """Return the folder of trainings with two seeds, and the rows."""
    folder = tmp_path_factory.mktemp("runs")
    return folder, measure_switches(dataset, {NAME: TINY}, folder, repeats=2, device="cpu")


def test_each_switch_has_a_row_with_its_trainings(measured):
    _, rows = measured
    assert [row["switch"] for row in rows] == list(SWITCHES)
    numbers = {row["switch"]: row["trainings"] for row in rows}
    assert numbers["scalars"] == numbers["mean over symmetries"] == [2, 2]
    assert numbers["ensemble"] == numbers["all"] == [2, 1]


def test_sigma_without_is_the_mean_of_the_trainings(measured):
    folder, rows = measured
    plain = [run for run in list_runs(folder) if not run.config["training"]["augment"]]
    assert len(plain) == 2
    scatters = [
        (test["y_pred"] - test["y_true"]).std(ddof=0)
        for test in (run.predictions().query("part == 'test'") for run in plain)
    ]
    assert rows[0]["without"] == pytest.approx(np.mean(scatters))
    assert rows[0]["ratio"] == pytest.approx(rows[0]["with"] / rows[0]["without"])


def test_the_same_call_trains_nothing_again(measured, dataset, monkeypatch):
    folder, rows = measured
    monkeypatch.setattr("galmass_core.training.several.train_run", None)
    again = measure_switches(dataset, {NAME: TINY}, folder, repeats=2, device="cpu")
    assert again == rows


def test_runs_of_which_a_kind_is_missing_are_not_compared(measured, dataset):
    folder, _ = measured
    runs = [run for run in list_runs(folder) if run.config["training"]["augment"]]
    assert switches.compare_switches(dataset, runs, device="cpu") == []


def test_one_seed_knows_no_noise_of_training(dataset, tmp_path):
    with pytest.raises(ValueError, match=r"repeats must be at least 2, .* got 1"):
        measure_switches(dataset, {NAME: TINY}, tmp_path, repeats=1)


def test_a_training_that_fails_is_named_with_its_reason(tmp_path, monkeypatch, dataset):
    monkeypatch.setattr(
        switches, "train_several", lambda *_, **__: {tmp_path / "one": "too small", tmp_path: ""}
    )
    with pytest.raises(ValueError, match="1 of 2 trainings failed; one: too small"):
        measure_switches(dataset, {NAME: TINY}, tmp_path)


def test_the_table_counts_what_reaches_the_goal():
    row = {"experiment": NAME, "target": "m", "without": 0.2, "difference": -0.04, "low95": -0.06}
    row |= {"high95": -0.02, "verdict": "better", "switch": "all"}
    text = format_switches([row | {"with": w, "ratio": w / 0.2} for w in (0.16, 0.18)])
    assert "| 0.2000 | 0.1600 | 0.800 | -0.0400 [-0.0600, -0.0200] | better |" in text
    assert text.endswith("all: 1 of 2 have a σ of at most 0.85 of the plain one")


def test_an_ensemble_predicts_the_mean_of_its_trainings(measured, dataset):
    folder, _ = measured
    runs = [run for run in list_runs(folder) if run.config["training"].get("scalars")]
    each = [api.predict(run, dataset)["y_pred"] for run in runs]
    found = api.predict(runs[0], dataset, ensemble=True)
    np.testing.assert_allclose(found["y_pred"], np.mean(each, axis=0))
    assert set(found.attrs["trainings"]) == {run.name for run in runs}
    assert (found["low_68"] < found["y_pred"]).all()
