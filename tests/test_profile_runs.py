import numpy as np
import pytest
from sample_tables import make_dataset, make_samples

from galmass_core.cli.coverage import format_coverage
from galmass_core.paper.tables import format_runs
from galmass_core.training import coverage
from galmass_core.training.coverage import coverage_table
from galmass_core.training.model_runs import train_run
from galmass_core.training.profile_runs import ProfileModel
from galmass_core.training.run_predictions import calibrated_predictions, predict_run

COLUMNS = ("log_mstar_0.5rhsm", "log_mstar_1rhsm", "log_mtot_1rhsm", "log_mtot_1.5rhsm")


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A run on the profiles of 40 galaxies that their table holds, and the data set."""
    samples = make_samples(40)
    samples["log_mstar_0.5rhsm"] = samples["log_mstar_1rhsm"] - 0.1 - 0.2 * samples["g_minus_r"]
    samples["log_mtot_1.5rhsm"] = samples["log_mtot_1rhsm"] + 0.2
    samples.loc[:4, "log_mtot_1.5rhsm"] = np.nan
    samples = samples.drop(columns="log_mdm_1rhsm")
    folder = tmp_path_factory.mktemp("profiles")
    data = make_dataset(folder / "data", samples)
    return train_run(data, "profile/features", path=folder / "run"), data


def test_run_learns_the_masses_that_the_data_know(learned):
    run, _ = learned
    assert set(run.config["targets"]) == set(COLUMNS)
    assert set(run.record["metrics"]) == set(COLUMNS)


def test_sample_with_a_gap_counts_at_the_other_radii(learned):
    run, data = learned
    counts = run.predictions()["target"].value_counts()
    assert counts["log_mtot_1rhsm"] == len(data)
    assert counts["log_mtot_1.5rhsm"] == len(data) - 5


def test_predictions_have_a_row_with_limits_for_each_radius(learned):
    run, data = learned
    table, left_out = predict_run(run, data)
    assert len(table) == len(data) * len(COLUMNS)
    assert left_out == {}
    inner, outer = (table[table["target"] == key].reset_index() for key in COLUMNS[:2])
    assert (inner["high_68"] <= outer["high_68"]).all()
    assert (inner["y_pred"] <= outer["y_pred"]).all()


def test_saved_model_predicts_what_the_run_recorded(learned):
    run, data = learned
    model, known = ProfileModel.load(run), run.predictions()
    table = model.predict(data, np.full(len(data), True), data.samples)
    both = known.merge(table, on=["name", "los", "target"])
    assert len(both) == len(known)
    assert both["y_pred_x"].to_numpy() == pytest.approx(both["y_pred_y"].to_numpy())


def test_saved_scales_give_the_bands_that_the_run_recorded(learned):
    run, data = learned
    limits = ["name", "los", "target", "low_68", "high_68"]
    new = predict_run(run, data)[0][limits]
    both = calibrated_predictions(run)[limits].merge(new, on=limits[:3])
    assert both["high_68_x"].to_numpy() == pytest.approx(both["high_68_y"].to_numpy())
    assert {"scale"} <= set(run.calibration()) & set(run.predictions())


def test_calibrated_predictions_do_not_fall_outwards(learned):
    table = calibrated_predictions(learned[0])
    wide = table.pivot(index=["name", "los"], columns="target", values="low_68")
    assert (wide[COLUMNS[0]] <= wide[COLUMNS[1]]).all()
    assert not table["part"].eq("train").any()


def test_coverage_is_measured_at_each_radius(learned, monkeypatch):
    run, data = learned
    monkeypatch.setattr(coverage, "TABLE_5_TARGETS", ())
    entries = coverage_table(data, runs=[run])
    assert [entry["target"] for entry in entries] == [*run.config["targets"]]
    assert len(format_coverage(entries).splitlines()) == 1 + len(COLUMNS)


def test_run_is_listed_with_the_range_of_its_scatters(learned):
    assert len(format_runs([learned[0]]).splitlines()) == 2


def test_data_without_masses_have_no_profiles(tmp_path):
    samples = make_samples(5)
    data = make_dataset(
        tmp_path / "data", samples[samples.columns.drop(samples.filter(like="log_m"))]
    )
    with pytest.raises(ValueError, match="must hold mass profiles"):
        train_run(data, "profile/features", path=tmp_path / "run")
