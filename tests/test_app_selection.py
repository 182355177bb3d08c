"""Selections without a browser: their text, their history, their subsets and what is said."""

import gc
import weakref
from pathlib import Path

import holoviews as hv
import numpy as np
import pandas as pd
import panel as pn
import pytest
from bokeh.models import LassoSelectTool
from pages import send
from sample_tables import make_dataset, make_samples

from galmass_app import selection, services
from galmass_app.comparison import answers
from galmass_app.page import PAGES
from galmass_app.plots import selection as points
from galmass_app.plots.scale import Scale
from galmass_app.plots.selection import inside, picked, spread_out
from galmass_app.state import LAST, SessionState
from galmass_app.thumbnails import shades, thumbnails
from galmass_app.views import galaxy_picker
from galmass_app.views.compare.controls import select_extremes
from galmass_app.views.frame.selection_bar import SelectionBar, csv
from galmass_app.views.frame.selection_strip import MOST, SelectionStrip
from galmass_app.views.frame.selection_text import beside_rest, measured
from galmass_core.assets import asset
from galmass_core.benchmarks.invented import make_runs
from galmass_core.cli import main
from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.datasets.filter_syntax import LANGUAGE

TARGET = "log_mstar_1rhsm"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A data set with networks about it, and one with half of its galaxies."""
    folder = tmp_path_factory.mktemp("home")
    samples = make_samples(200)
    masses = samples.groupby("name")[TARGET].transform("first")
    data = make_dataset(folder / "many", samples.assign(log_mstar=masses + 0.3))
    make_dataset(folder / "half", samples.iloc[:300])
    make_runs(folder, data, inputs=("r", "r+2V"))
    return folder


@pytest.fixture
def session(home, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(home))
    monkeypatch.delenv("GALMASS_DATA", raising=False)
    session = SessionState(dataset="many", page="sample", branches="r", panels=["r", "r+2V"])
    session.settle()
    return session


def name(number):
    return f"synthetic/table/0/{number}"


def names(text, data):
    return selection.names_of(text, data, services.subhalo_ids(data))


@pytest.mark.parametrize("count", [1, selection.LISTED, selection.LISTED + 1, 150, 200])
def test_text_of_galaxies_means_these_galaxies(session, count):
    data = session.data
    chosen = [data.galaxy_names[place] for place in range(0, 200, 200 // count)][:count]
    text = selection.text_of(chosen, data, services.subhalo_ids(data))
    assert names(text, data) == tuple(chosen)
    assert selection.is_mask(text) == (count > selection.LISTED)


def test_text_of_half_the_papers_galaxies_fits_an_address():
    mask = np.random.default_rng(0).random(9370) < 0.5
    samples = pd.DataFrame({"name": [str(number) for number in range(9370)]})
    data = DataSet(path=Path(), info={}, samples=samples, excluded=pd.DataFrame())
    ids = {one: one for one in data.galaxy_names}
    chosen = [one for one, taken in zip(data.galaxy_names, mask, strict=True) if taken]
    text = selection.text_of(chosen, data, ids)
    assert len(text) < 1700
    assert selection.names_of(text, data, ids) == tuple(chosen)


def test_ids_may_be_typed_in_any_order_and_names_too(session):
    assert names(f"7 3;{name(5)}", session.data) == (name(3), name(5), name(7))


@pytest.mark.parametrize(
    ("text", "words"),
    [("3, 777", "no subhalo 777"), ("~AAAA", "cannot be read"), ("log_mstar >", "filter must")],
)
def test_what_cannot_be_meant_is_reported_and_changes_nothing(session, text, words):
    session.keep("3, 4")
    session.keep(text)
    assert words in session.not_kept
    assert session.selection == (name(3), name(4))


@pytest.mark.parametrize(
    "text",
    [
        "log_mstar >",
        "log_mstar",
        "log_mstar > 'a'",
        "len(name) > 3",
        "no_such_column > 3",
        "'a' * 9",
    ],
)
def test_page_and_command_line_give_the_same_error(session, text, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "galmass_core.datasets.measure.built_columns", lambda: session.data.samples.iloc[:0]
    )
    session.keep(text)
    assert main(["build", "nowhere", "--out", str(tmp_path / "out"), "--where", text]) == 2
    assert capsys.readouterr().err == f"galmass: {session.not_kept}\n"


def test_bar_and_command_line_explain_the_same_language(session):
    assert SelectionBar.of(session).language[: len(LANGUAGE)] == [list(pair) for pair in LANGUAGE]


def test_mask_over_another_data_set_selects_nothing_and_says_so(session):
    session.select([name(number) for number in range(90)], "box")
    session.open("half")
    assert "another data set" in session.not_kept
    assert (session.selection, session.selection_label, session.past) == ((), "", [])


def test_box_keeps_the_galaxies_that_have_a_sample_in_it(session):
    table = session.data.samples
    box = {"type": "rect", "x0": 10.2, "x1": 9.8, "y0": 0.4, "y1": 0.7}
    text = selection.box_text("log_mstar", "g_minus_r", box)
    enclosed = table[inside(box, table["log_mstar"], table["g_minus_r"])]
    assert len(enclosed) > 5
    assert set(names(text, session.data)) == set(enclosed["name"])


def test_lasso_holds_what_is_inside_its_line():
    corners = {"type": "poly", "x": [0, 2, 2, 1, 0], "y": [0, 0, 2, 0.5, 2]}
    held = inside(corners, [1, 1, 0.2, 3, np.nan], [0.2, 1.5, 1.0, 1.0, 1.0])
    assert held.tolist() == [True, False, True, False, False]


def test_undo_and_redo_go_through_the_selections(session):
    session.keep("3, 4")
    session.keep("5", "tapped")
    session.undo()
    assert session.selection_query == "3, 4"
    session.undo()
    assert session.selection == ()
    session.undo()
    session.redo()
    session.redo()
    assert (session.selection_query, session.selection_label) == ("5", "tapped")
    assert session.future == []


def test_new_selection_forgets_what_was_undone_and_history_is_short(session):
    for number in range(LAST + 9):
        session.keep(str(number))
    assert len(session.past) == LAST
    session.undo()
    session.keep("77")
    assert session.future == []


def test_next_goes_through_the_selection(session):
    session.keep("3, 9, 4")
    seen = []
    for _ in range(4):
        seen.append(session.galaxy)
        session.step(+1)
    assert seen == [name(3), name(4), name(9), name(3)]


def test_nothing_inside_a_box_changes_nothing(session):
    session.keep("3")
    session.select([], "box")
    assert session.selection_query == "3"


def test_worst_are_those_with_the_largest_errors(session):
    (answer,) = answers(session.data, TARGET, ["r"], "galaxy")
    select_extremes(session, worst=True)
    table = answer.predictions
    errors = (table["y_pred"] - table["y_true"]).abs().groupby(table["name"]).max()
    assert set(session.selection) == set(errors.nlargest(20).index)
    assert session.selection_label == "worst 20 of r"
    select_extremes(session, worst=False)
    assert set(session.selection) == set(errors.nsmallest(20).index)


def test_strip_begins_with_the_largest_error_and_says_it(session):
    select_extremes(session, worst=True)
    strip = SelectionStrip.of(session)
    (answer,) = answers(session.data, TARGET, ["r"], "galaxy")
    worst = selection.largest_errors(answer.predictions).sort_values("size").iloc[-1]
    shown, los, _, note, picture = strip.cards[0]
    assert (shown, los) == (worst.name, worst["los"])
    assert f"{abs(worst['error']):.3f} dex" in note
    assert picture == ""  # a data set without maps


def test_strip_shows_twenty_sorted_by_a_quantity(session):
    session.keep("log_mstar > 8")
    strip = SelectionStrip.of(session)
    send(strip, ["sort", "log_mstar", ""])
    masses = session.data.galaxies["log_mstar"].nlargest(MOST)
    assert [card[0] for card in strip.cards] == list(masses.index)
    assert strip.head == f"20 of {len(session.selection)} selected, largest first"
    send(strip, ["show", name(7), "x"])
    assert (session.galaxy, session.los, strip.here) == (name(7), "x", name(7))


def test_galaxies_that_were_not_tested_come_last(session):
    (answer,) = answers(session.data, TARGET, ["r"], "galaxy")
    tested = set(answer.predictions["name"])
    learned = next(one for one in session.data.galaxy_names if one not in tested)
    session.select([learned, *sorted(tested)[:2]], "some")
    session.sort = selection.ERROR
    cards = SelectionStrip.of(session).cards
    assert [card[3] == "not tested" for card in cards] == [False, False, True]


def test_bar_is_there_wherever_there_are_galaxies_and_says_where_a_selection_counts(session):
    bar = SelectionBar.of(session)
    for page in PAGES:
        session.page = page
        session.keep("")
        assert bar.visible
        assert (bar.summary["count"], bar.summary["note"]) == (0, "")
        session.keep("3, 4")
        assert (bar.summary["count"], bar.summary["text"], bar.summary["label"]) == (2, "3, 4", "")
        assert bool(bar.summary["note"]) == (
            page in {"features", "train", "diagnostics", "transfer", "paper"}
        )
    assert not SelectionBar.of(SessionState()).visible


def test_words_typed_in_the_bar_select_and_nothing_typed_selects_all(session):
    bar = SelectionBar.of(session)
    send(bar, ["keep", "3; 4"])
    assert session.selection == (name(3), name(4))
    session.select([name(number) for number in range(90)], "lasso")
    assert (bar.summary["text"], bar.summary["label"]) == ("", "lasso")
    send(bar, ["keep", ""])
    assert session.selection == ()
    assert ["log_mstar", "stellar mass"] in bar.columns


def test_enter_on_words_that_hold_already_changes_nothing(session):
    session.keep("3, 4", "saved: two")
    session.keep("5")
    session.undo()
    send(SelectionBar.of(session), ["keep", "3, 4 "])
    assert session.selection_label == "saved: two"
    assert session.future


def test_saved_subset_comes_back_in_another_session_and_can_be_deleted(session):
    bar = SelectionBar.of(session)
    session.select([name(number) for number in range(0, 200, 3)], "lasso")
    chosen = session.selection
    send(bar, ["save", " every third "])
    assert bar.summary["name"] == "every third"
    send(bar, ["clear", ""])
    other = SessionState(dataset="many", page="sample")
    other.settle()
    second = SelectionBar.of(other)
    assert second.visible
    send(second, ["choose", "every third"])
    assert other.selection == chosen
    assert other.selection_label == "saved: every third"
    send(second, ["delete", "every third"])
    assert selection.saved_subsets(other.data) == {}
    assert other.selection == chosen


@pytest.mark.parametrize("called", ["  ", "x" * 61])
def test_subset_needs_a_name(session, called):
    session.keep("3")
    send(SelectionBar.of(session), ["save", called])
    assert "name of a subset" in session.error


def test_export_holds_all_samples_of_the_selection(session, tmp_path):
    session.keep("3, 4")
    (tmp_path / "out.csv").write_text(csv(session))
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["name"].tolist() == [name(3)] * 3 + [name(4)] * 3
    assert "sigma_v" in table


def test_selected_and_others_are_measured_apart(session):
    (answer,) = answers(session.data, TARGET, ["r"], "galaxy")
    worst = selection.extremes(answer.predictions, worst=True)
    (chosen, n_chosen), (rest, n_rest) = measured(answer, tuple(worst))
    assert n_chosen + n_rest == len(answer.predictions)
    assert chosen["std"].value > rest["std"].value
    table = answer.predictions.set_index("name").loc[worst]
    assert chosen["mean"].value == pytest.approx((table["y_pred"] - table["y_true"]).mean())
    assert "too few" in beside_rest(answer, worst[:2])
    assert "None of the selected" in beside_rest(answer, ["learned"])
    assert beside_rest(answer, []) == ""


def test_shades_span_the_scale_and_empty_pixels_are_none_of_them():
    values = np.array([[-1.0, 0.0], [1.0, np.nan]])
    assert shades(values, Scale(-1, 1)).tolist() == [[0, 127], [254, 255]]
    light = np.array([[0.0, 1.0], [10.0, 100.0]])
    assert shades(light, Scale(1, 100, log=True)).tolist() == [[255, 0], [127, 254]]


def test_thumbnails_are_small_pictures_of_four_maps():
    data = open_dataset(asset("showcase"))
    made = thumbnails(data, data.galaxy_names[0], "z", "dark")
    assert [one.startswith("data:image/png;base64,") for one in made] == [True] * 4
    assert len(set(made)) == 4
    assert sum(map(len, made)) < 30_000


def test_plot_forgets_who_listened_to_it():
    class Visitor:
        def hear(self, geometry):
            pass

    visitor = Visitor()
    hear = visitor.hear
    points = picked((np.zeros(1), np.zeros(1)), ["x", "y"], hear)
    plot = hv.renderer("bokeh").get_plot(points)
    assert any(isinstance(tool, LassoSelectTool) for tool in plot.state.toolbar.tools)
    here = weakref.ref(visitor)
    plot.cleanup()
    del plot, points, hear, visitor
    gc.collect()
    assert here() is None


def test_few_points_are_all_drawn():
    x = np.array([1.0, np.nan, 1.0])
    assert spread_out(x, x)[0] is x


def test_of_many_points_one_in_a_place_is_drawn(monkeypatch):
    monkeypatch.setattr(points, "MOST", 4)
    x, y = np.array([0, 0, 0.001, 1, 1, np.nan]), np.array([0, 0, 0, 1, 0, 0])
    drawn = spread_out(x, y)
    assert sorted(zip(*drawn, strict=True)) == [(0, 0), (1, 0), (1, 1)]


def test_of_many_points_those_in_view_are_drawn(monkeypatch):
    monkeypatch.setattr(points, "MOST", 4)
    x = np.array([0, 0.001, 0.002, 5, 9, 9])
    drawn, _ = spread_out(x, x, ((-0.001, 0.004), (0, 0.003)))
    assert list(drawn) == [0, 0.001, 0.002]


@pytest.fixture
def suites(tmp_path, monkeypatch):
    """Return the session of a data set in which subhaloes 0 to 2 are of two simulations."""
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    samples = make_samples(7)
    names = ["TNG/TNG300-1/99", "EAGLE/RefL0100N1504/28"]
    number = np.arange(21) // 3
    samples["name"] = [f"{names[int(one > 3)]}/{one % 4}" for one in number]
    make_dataset(tmp_path / "suites", samples)
    session = SessionState()
    session.open("suites")
    return session


def test_id_of_two_simulations_is_asked_back(suites):
    suites.show("1")
    assert suites.not_found.startswith("Subhalo 1 is in several simulations: TNG/TNG300-1/99/1, ")
    suites.show("EAGLE/RefL0100N1504/28/1")
    assert suites.galaxy == "EAGLE/RefL0100N1504/28/1"
    suites.show("3")
    assert suites.galaxy == "TNG/TNG300-1/99/3"


def test_simulation_is_a_condition(suites):
    suites.keep("simulation == 'RefL0100N1504' and abs_mag_r < 0")
    assert suites.selection == tuple(f"EAGLE/RefL0100N1504/28/{one}" for one in range(3))
    assert services.kept(suites.data, "simulation != 'RefL0100N1504'")[0] == "TNG/TNG300-1/99/0"


def test_ids_of_many_galaxies_are_sent_as_one_types(suites, monkeypatch):
    monkeypatch.setattr(galaxy_picker, "LISTED", 3)
    picker = galaxy_picker.GalaxyPicker(suites)
    (box,) = picker.__panel__().select(pn.widgets.AutocompleteInput)
    assert box.options == []
    box.value_input = "ref"
    assert box.options == [f"EAGLE/RefL0100N1504/28/{one}" for one in range(3)]
    suites.keep("simulation == 'RefL0100N1504'")
    assert len(box.options) == 3


def test_step_from_a_galaxy_that_is_not_selected_goes_to_the_next_that_is(suites):
    names = suites.data.galaxy_names
    suites.keep(f"{names[1]}, {names[4]}")
    suites.show(names[2])
    suites.step(+1)
    assert suites.galaxy == names[4]
    suites.step(+1)
    assert suites.galaxy == names[1]
    suites.step(-1)
    assert suites.galaxy == names[4]
