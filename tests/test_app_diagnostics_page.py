"""The Diagnostics page: which run it shows, what it says of it, and what can be taken along."""

import shutil

import pytest
from pages import parts, send, settle, texts, widget
from sample_tables import make_dataset, make_samples
from toy_maps import make_map_dataset

from galmass_app.plots.calibration import WIDTHS
from galmass_app.state import SessionState
from galmass_app.views.diagnostics.calibration import Calibration
from galmass_app.views.diagnostics.page import Diagnostics
from galmass_app.views.diagnostics.slices import SlicePanel
from galmass_app.views.download import Download
from galmass_core.benchmarks.invented import make_run
from galmass_core.storage.atomic import atomic_write, write_json
from galmass_core.training.controls import RESULT, controls_folder, keep_result
from galmass_core.training.model_runs import train_run
from galmass_core.training.run_files import PREDICTIONS, RECORD

MSTAR, MTOT = "log_mstar_1rhsm", "log_mtot_1rhsm"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Trees, a network of two targets, and one without a validation set, the newest."""
    home = tmp_path_factory.mktemp("home")
    data = make_dataset(home / "learnable", make_samples(200).assign(synthetic=True))
    make_dataset(home / "other", make_samples(80).assign(log_mstar_1rhsm=9.0))
    train_run(data, "mstar/features", path=home / "runs" / "trees")
    make_run(home, data, "mstar,mtot/r", 0.05)
    bare = make_run(home, data, "mtot/2V", 0.05)
    table = bare.predictions()
    with atomic_write(bare.path / PREDICTIONS) as part:
        table[table["part"] == "test"].to_parquet(part, index=False)
    write_json(bare.path / RECORD, bare.record | {"files": {}})
    return home


@pytest.fixture
def visit(home, monkeypatch):
    """Make the page, as a session would."""

    def visit(dataset="learnable", **chosen):
        monkeypatch.setenv("GALMASS_HOME", str(home))
        monkeypatch.delenv("GALMASS_DATA", raising=False)
        session = SessionState(page="diagnostics", dataset=dataset, **chosen)
        session.settle()
        return Diagnostics(session)

    return visit


def test_the_newest_run_that_predicts_the_target_is_pinned(visit):
    page = visit(target=MSTAR)
    assert page.session.diagnosed_run == "mstar,mtot-r-0"
    assert visit(target=MTOT).session.diagnosed_run == "mtot-2V-0"


def test_trees_and_networks_can_be_chosen(visit):
    page = visit()
    widget(page, "gm-diagnosed-run").value = "trees"
    assert page.session.diagnosed_run == "trees"
    assert "boosted trees\ncalibrated on" in texts(page)


def test_every_target_of_a_run_can_be_chosen(visit):
    page = visit(diagnosed_run="mstar,mtot-r-0")
    assert set(widget(page, "gm-diagnosed-target").options.values()) == {MSTAR, MTOT}
    widget(page, "gm-diagnosed-target").value = MTOT
    assert page.views[Calibration].diagnosis.target == MTOT


def test_coverage_is_written_for_every_bin_with_its_numbers(visit):
    page = visit(diagnosed_run="trees")
    rows = page.views[Calibration].diagnosis.by_mass
    text = texts(page)
    for row in rows:
        share = row["coverage"]["0.68"]
        assert f"{100 * share['value']:.1f} ± {100 * share['error']:.1f} %" in text
    assert f"{rows[0]['n_galaxies']:,} galaxies" in text


def test_a_run_without_a_calibration_set_says_what_to_do(visit):
    page = visit(diagnosed_run="mtot-2V-0")
    assert "Train it again to get intervals" in texts(page)
    assert "galmass train learnable --experiment mtot/2V" in texts(page)
    assert not page.slots[Calibration].visible
    page.session.diagnosed_run = "trees"
    assert "Train it again" not in texts(page)
    assert page.slots[Calibration].visible


def test_a_run_that_is_not_there_is_named_and_another_shown(visit):
    page = visit(diagnosed_run="deleted")
    assert page.session.error == "No run deleted predicts this data set."
    assert page.session.diagnosed_run == "mstar,mtot-r-0"


def test_a_data_set_without_runs_says_how_to_get_one(visit):
    page = visit("other")
    assert "galmass train other --experiment mstar/features" in texts(page)
    assert not parts(page, "gm-slot")[0].visible


def test_the_samples_can_be_downloaded(visit):
    page = visit(diagnosed_run="trees")
    menu = page.__panel__().select(Download)[0]
    assert menu.file_name() == f"learnable_trees_{MSTAR}_calibration"
    table = menu.files["CSV"]().decode().splitlines()
    limits = [f"{side}_{level}" for level in WIDTHS for side in ("low", "high")]
    assert table[0].split(",") == [
        "name",
        "los",
        "y_true",
        "y_pred",
        *limits,
        "pit",
        "level",
        "crps",
        "calibration_bin",
        "calibrated_by",
    ]
    assert len(table) == 1 + page.views[Calibration].diagnosis.measured["n"]


@pytest.fixture
def slices(visit):
    return settle(visit(diagnosed_run="trees").views[SlicePanel])


def test_slices_are_a_row_each_with_what_it_is_sorted_by(slices):
    measured, shown = slices.slices.rows, widget(slices, "gm-slice-table").rows
    assert [row["cells"][0] for row in shown] == [row["slice"] for row in measured]
    assert shown[0]["values"][2] == measured[0]["std"]["value"]
    assert (
        sum(row["values"][-1] for row in shown if row["key"].startswith("distance"))
        == (measured[0]["n"])
    )


def test_a_click_on_a_row_selects_the_galaxies_of_the_slice(slices):
    row = next(row for row in slices.slices.rows if row["by"] == "colour")
    send(widget(slices, "gm-slice-table"), f"colour: {row['slice']}")
    session, labels = slices.session, slices.slices.labels["colour"]
    expected = slices.diagnosis.scored["name"][(labels == row["slice"]).to_numpy()]
    assert set(session.selection) == set(expected)
    assert session.selection_label == f"g−r [mag]: {row['slice']}, tested by trees"
    assert widget(slices, "gm-slice-table").chosen == f"colour: {row['slice']}"
    session.keep("")
    assert widget(slices, "gm-slice-table").chosen == ""


def test_a_row_of_another_run_selects_nothing(slices):
    send(widget(slices, "gm-slice-table"), "stars: below 3,000")
    assert slices.session.selection_query == ""


def test_cuts_that_cannot_be_made_are_listed_with_the_reason(slices):
    text = texts(slices)
    assert "No slices by inclination [°]: the data lack inclination." in text
    assert "No slices by distance" not in text


def test_slices_follow_the_run_and_can_be_downloaded(visit):
    page = visit(diagnosed_run="trees")
    view = settle(page.views[SlicePanel])
    before = view.slices
    page.session.diagnosed_run = "mstar,mtot-r-0"
    assert view.table.empty
    assert settle(view).slices is not before
    assert {"by", "slice", "std_value", "coverage_0.68_error"} <= set(view.table)
    assert len(view.table) == len(view.slices.rows)


def control_row(control, target=MSTAR, **changes):
    error = {"value": 0.1, "low": 0.09, "high": 0.11}
    row = {"inputs": "2V", "target": target, "control": control, "baseline": "constant"}
    row |= {"std": error, "mean": error, "difference": error | {"low95": 0.05, "high95": 0.15}}
    row |= {"share": {"value": 0.62, "low": 0.6, "high": 0.64}, "learned": False, "spin": 0.31}
    return row | {"runs": ["one"], "training_seeds": [0], "n": 60} | changes


@pytest.fixture
def controls_of(home, monkeypatch):
    """Write the result of ``galmass controls`` for a data set with maps; return its folder."""
    monkeypatch.setenv("GALMASS_HOME", str(home))
    data = make_map_dataset(home / "mapped", 12)
    rows = [control_row(control) for control in ("constant", "plain", "occupancy")]
    result = {"mode": "tested", "seed": 0, "split": {"kind": "galaxy", "seed": 0}, "stars": 0}
    result |= {"rows": rows, "missing": {"shuffled": "the files are gone"}, "left_out": {}}
    yield data, lambda: keep_result(data, result)
    shutil.rmtree(home / "mapped")
    shutil.rmtree(home / "controls", ignore_errors=True)


def test_controls_stand_on_the_page_once_they_are_measured(controls_of, visit):
    _, write = controls_of
    page = visit("mapped")
    assert "galmass controls mapped" in texts(page.controls)
    write()
    page.session.poll_count += 1
    text = texts(page.controls)
    assert "without motion, 62 ± 2 % with star occupancy alone" in text
    assert "which pixels hold a star, alone" in text
    assert "not available: velocities exchanged among all stars (the files are gone)" in text
    assert "galmass controls mapped" not in text
    assert len(page.controls.table) == 3


@pytest.mark.parametrize(
    "changes",
    [{"rows": []}, {"stars": None}, {"left_out": 2}, {"rows": [control_row("plain", std=None)]}],
)
def test_a_damaged_result_is_as_none(controls_of, visit, changes):
    data, write = controls_of
    write_json(controls_folder(data) / RESULT, write() | changes)
    assert "galmass controls mapped" in texts(visit("mapped").controls)


def test_a_result_without_velocities_alone_says_so(controls_of, visit):
    data, write = controls_of
    rows = [row | {"inputs": "r+2V"} for row in write()["rows"]]
    keep_result(data, write() | {"rows": rows, "missing": {"equal": "no network"}})
    text = texts(visit("mapped").controls)
    assert "No network predicts M*(&lt;R_hsm) from V and σ alone." in text
    assert "not available: as many stars in every galaxy (no network)" in text


def test_data_without_maps_have_no_controls(visit):
    assert not parts(visit(), "gm-control-maps")[0].visible
