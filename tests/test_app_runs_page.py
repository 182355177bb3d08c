"""The Runs page: its table, labels, differences, deletion and predictions."""

import pytest
from pages import is_shown, parts, send, settle, texts, widget
from sample_tables import make_dataset, make_samples

from galmass_app.run_differences import data_standing, differences, log_of
from galmass_app.selection_predictions import predict_galaxies
from galmass_app.state import SessionState
from galmass_app.views.data_table import DataTable
from galmass_app.views.runs.details import RunDetails
from galmass_app.views.runs.page import Runs
from galmass_core.benchmarks.invented import make_run
from galmass_core.datasets.dataset_tables import replace_samples
from galmass_core.training.labels import read_labels, write_labels
from galmass_core.training.model_runs import train_run
from galmass_core.training.runs import LOG, list_runs


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    monkeypatch.delenv("GALMASS_DATA", raising=False)
    return tmp_path


@pytest.fixture
def data(home):
    return make_dataset(home / "toys", make_samples(60))


@pytest.fixture
def three(home, data):
    """Two seeds of one training, and another; the newest last."""
    seeds = [make_run(home, data, "mstar/r", 0.06, training_seed=seed) for seed in (0, 1)]
    return [*seeds, make_run(home, data, "mstar/2V", 0.05)]


@pytest.fixture
def page(data):
    def page(**chosen):
        session = SessionState(page="runs", dataset="toys", **chosen)
        session.settle()
        return Runs(session)

    return page


def table(view):
    (found,) = view.__panel__().select(
        lambda part: isinstance(part, DataTable) and "gm-run-table" in part.css_classes
    )
    return found


def cells(view):
    return {row["key"]: row["cells"] for row in table(view).rows}


def test_without_runs_the_page_says_how_to_make_one(page):
    view = page()
    assert "No runs yet" in texts(view)
    assert "Train trees in a terminal; networks need maps, and it has numbers" in texts(view)
    assert not is_shown(view, "gm-run-table")


def test_table_has_each_run_with_checksum_seed_place_and_scatter(three, data, page):
    found = cells(page())
    assert set(found) == {run.name for run in three}
    experiment, state, dataset, split, seed, place, scatter, written, _ = found["mstar-r-0-1"]
    assert (experiment, state, split, seed) == ("mstar/r", "✓ finished", "galaxy, 0", "1")
    assert dataset == f"toys {data.checksum[:8]}"
    assert place == "2 of 2"
    assert "σ = 0.0" in scatter
    assert written == ""


def test_seeds_of_a_group_share_a_row_and_are_all_drawn(three, page):
    view = page()
    view.grouped = True
    found = cells(view)
    (key,) = {"mstar-r-0", "mstar-r-0-1"} & set(found)
    assert len(found) == 2
    assert found[key][4:6] == ["0, 1", "2 seeds"]
    assert "from seed to seed" in found[key][6]
    table(view).ticked = [key]
    assert "mstar-r-0</span>" in texts(view)
    assert "mstar-r-0-1</span>" in texts(view)


def test_tags_and_notes_are_written_searched_and_shown_as_text(three, page):
    view = page(listed_run="mstar-2V-0")
    widget(view, "gm-run-tags").value = "best, <img src=x>"
    widget(view, "gm-run-notes").value = "<script>alert(1)</script>"
    widget(view, "gm-run-save").clicks += 1
    assert read_labels(three[2].path).tags == ("best", "<img src=x>")
    row = next(row for row in table(view).rows if row["key"] == "mstar-2V-0")
    assert row["cells"][7] == "best, <img src=x> · <script>alert(1)</script>"
    assert "best" in row["words"]
    take = next(each for each in parts(view, "gm-download") if each.figure == "gm-run-table")
    head, first, *_ = take.files["CSV"]().decode().splitlines()
    assert {"run", "metrics_log_mstar_1rhsm_std_value", "tags", "notes"} <= set(head.split(","))
    assert "best" in first
    assert take.files["FITS"]()
    assert "<script>" not in texts(view)
    assert "<img" not in texts(view)


def test_what_is_being_written_outlives_a_look_at_the_folder_and_what_others_write_comes(
    three, page
):
    view = page(listed_run="mstar-2V-0")
    widget(view, "gm-run-notes").value = "half a sent"
    view.session.poll_count += 1
    assert widget(view, "gm-run-notes").value == "half a sent"
    write_labels(three[2], ["theirs"], "")
    view.session.poll_count += 1
    assert widget(view, "gm-run-tags").value == "theirs"


def test_tags_that_break_the_rules_are_reported_and_not_written(three, page):
    view = page(listed_run="mstar-2V-0")
    widget(view, "gm-run-tags").value = "x" * 41
    widget(view, "gm-run-save").clicks += 1
    assert "tags.0 must be 1 to 40 letters" in view.session.error
    assert read_labels(three[2].path).tags == ()


def test_two_runs_differ_in_inputs_and_errors_and_in_nothing_else(three):
    found = differences(three[0], three[2])
    kinds = {kind: {each.name for each in found if each.kind == kind} for kind, *_ in found}
    assert {"experiment", "maps"} <= kinds["configuration"]
    assert "targets" not in kinds["configuration"]
    assert "origin" not in kinds
    (scatter,) = [each for each in found if each.name == "log_mstar_1rhsm: σ"]
    assert scatter.first.startswith("0.0")
    assert scatter.first != scatter.second


def test_two_ticked_runs_are_compared_and_stay_in_the_address(three, page):
    view = page()
    table(view).ticked = ["mstar-r-0", "mstar-2V-0"]
    assert view.session.ticked_runs == ["mstar-r-0", "mstar-2V-0"]
    assert is_shown(view, "gm-run-differences")
    assert "log_mstar_1rhsm: σ" in texts(view)
    table(view).ticked = ["mstar-r-0"]
    assert not is_shown(view, "gm-run-differences")


def test_a_run_is_deleted_and_undo_brings_it_back(three, page):
    view = page(listed_run="mstar-2V-0")
    widget(view, "gm-run-delete").clicks += 1
    assert {run.name for run in list_runs()} == {"mstar-r-0", "mstar-r-0-1"}
    assert "mstar-2V-0" not in cells(view)
    assert "Deleted mstar-2V-0" in texts(view)
    widget(view, "gm-run-undo").clicks += 1
    assert "mstar-2V-0" in cells(view)
    assert view.session.listed_run == "mstar-2V-0"
    assert not is_shown(view, "gm-run-undo")


def test_log_is_plain_text_without_bars_or_colours(three):
    assert log_of(three[0]) == ""
    (three[0].path / LOG).write_text("10 %\r55 %\r100 %\n\x1b[31mred\x1b[0m <b>\n")
    assert log_of(three[0]) == "100 %\nred <b>"


def test_data_are_recognised_by_their_checksum(three, data):
    assert data_standing(three[0]).endswith("here as it was")
    replace_samples(data, data.samples.iloc[:30])
    assert data_standing(three[0]).endswith("changed since (the data set)")


def test_selected_galaxies_are_predicted_and_those_learned_from_do_not_count(data, page):
    run = train_run(data, "mtot/power-law", path=None)
    view = page(listed_run=run.name)
    view.session.select(data.galaxy_names[:20], "some")
    start = widget(view, "gm-predict-selection")
    assert start.label == "Predict the 20 selected galaxies with this run"
    start.clicks += 1
    part = settle(view.views[RunDetails].predicted)
    found = part.predictions
    assert set(found.table["name"]) == set(data.galaxy_names[:20])
    learned = found.table.loc[found.table["part"] == "train", "name"].nunique()
    assert 0 < learned < 20
    assert len(found.judged) == (found.table["part"] != "train").sum()
    words = texts(view)
    assert f"{learned} of the galaxies were in its training set" in words
    assert f"N = {len(found.judged)}." in words
    assert f"galmass predict {run.name} toys" in words

    table = widget(view, "gm-predicted-table")
    send(table, table.rows[0]["key"])
    assert view.session.page == "explore"
    view.session.keep("")
    assert part.predictions is None
    assert start.label == "Predict all 60 galaxies with this run"


def test_too_many_galaxies_are_left_to_the_command_line(data, monkeypatch):
    run = train_run(data, "mtot/power-law", path=None)
    monkeypatch.setattr("galmass_app.selection_predictions.MOST", 3)
    with pytest.raises(ValueError, match="must be 3 at most, got 4"):
        predict_galaxies(run, data, data.galaxy_names[:4])
