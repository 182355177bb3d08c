"""Columns of joined tables on the pages: axes, colours, features, selections; no browser."""

import numpy as np
import pandas as pd
import panel as pn
import pytest
from bokeh.events import SelectionGeometry
from bokeh.models import ColorBar
from pages import hear, parts, send, settle, texts, widget
from sample_tables import make_dataset, make_samples

from galmass_app.plots.comparison import values_of
from galmass_app.plots.points import CRISP, Points, density
from galmass_app.plots.sample import SampleFigure
from galmass_app.state import SessionState, axis_columns
from galmass_app.tree_models import FitRequest, joined_features, learn, resolve_request
from galmass_app.views.features.page import Features
from galmass_app.views.frame.selection_bar import SelectionBar
from galmass_app.views.frame.selection_strip import orders, sorted_cards
from galmass_app.views.galaxy_properties import properties
from galmass_app.views.prediction import left_out
from galmass_app.views.scatter import Sample
from galmass_app.views.why.explanation_text import measured
from galmass_core.datasets.join import join_table

TABLE = {
    "SubhaloID": range(100),  # half of the galaxies
    "M[200c]": np.linspace(11.0, 14.0, 100),
    "distance, km": np.arange(100),
    "kind": ["disc", "bulge"] * 50,
    "is_red": [True, False] * 50,
    "SFR": np.linspace(0.0, 1.0, 100),  # as the symbol of a column that the data set has
}
JOINED = list(TABLE)[1:]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """200 galaxies with a table about half of them."""
    folder = tmp_path_factory.mktemp("home")
    pd.DataFrame(TABLE).to_parquet(folder / "table.parquet")
    plain = make_dataset(folder / "joined", make_samples(200))
    return join_table(plain, folder / "table.parquet")


@pytest.fixture
def session(data, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(data.path.parent))
    monkeypatch.delenv("GALMASS_DATA", raising=False)
    session = SessionState(dataset="joined")
    session.settle()
    return session


def test_joined_numbers_are_axes(data):
    assert [key for key in axis_columns(data) if key in TABLE] == ["M[200c]", "distance, km", "SFR"]


def test_scatter_offers_joined_numbers_for_axes_and_colour(session):
    session.param.update(x="M[200c]", y="distance, km", colour="SFR")
    view = Sample(session)
    for axis, key in (("x", "M[200c]"), ("y", "distance, km"), ("colour", "SFR")):
        select = widget(view, f"gm-axis-{axis}")
        assert select.value == key
        assert list(select.groups["From joined tables"].values()) == [
            "M[200c]",
            "distance, km",
            "SFR",
        ]
    view.mark()
    assert not session.error


def test_a_box_on_joined_columns_is_an_expression_that_selects(session):
    session.param.update(x="M[200c]", y="distance, km")
    view = Sample(session)
    box = {"type": "rect", "x0": 11.0, "x1": 12.0, "y0": 9.5, "y1": 20.5}
    (plot,) = view.__panel__().select(pn.pane.Bokeh)
    hear(plot.object, SelectionGeometry(plot.object, geometry=box, final=True))
    assert session.selection_query == "11 < `M[200c]` < 12 and 9.5 < `distance, km` < 20.5"
    assert len(session.selection) == 11


def test_a_tap_between_galaxies_without_a_value_finds_the_nearest_with_one(session):
    session.param.update(x="M[200c]", y="distance, km")
    Sample(session).tap(11.0, 0.1)
    assert session.galaxy == "synthetic/table/0/0"


@pytest.mark.parametrize("count", [30, CRISP + 1])
def test_points_are_coloured_by_a_column(count):
    values = np.linspace(0.0, 1.0, count)
    table = pd.DataFrame({"a": values, "b": values, "log M200": pd.array(range(count), "Int64")})
    table.loc[0, "log M200"] = pd.NA
    bar = SampleFigure(Points(table, "a", "b", "log M200")).figure.select_one(ColorBar)
    assert bar.title == "log M200"
    ends = (bar.color_mapper.low, bar.color_mapper.high)
    assert ends == tuple(np.percentile(np.arange(1, count), [1, 99]))


def test_many_points_have_the_mean_of_their_column_as_colour():
    places = np.linspace(0.0, 1.0, CRISP + 1)
    table = pd.DataFrame({"a": places, "b": places**2, "constant": 2.0})
    points = Points(table, "a", "b", "constant")
    values = density(points, points.ends, (300, 300))
    assert set(values[np.isfinite(values)]) == {2.0}


def test_selection_takes_joined_columns_of_all_kinds(session):
    bar = SelectionBar.of(session)
    offered = dict(bar.columns)
    assert [offered[key] for key in ("`M[200c]`", "`distance, km`", "kind", "is_red")] == JOINED[:4]
    send(bar, ["keep", "kind == 'disc' and is_red and `M[200c]` > 13"])
    assert len(session.selection) == 16
    assert not session.not_kept


def test_selected_galaxies_are_sorted_by_a_joined_column(session):
    assert ("M[200c]", "M[200c]") in orders(session.data)
    session.sort = "distance, km"
    cards = sorted_cards(session, ("synthetic/table/0/5", "synthetic/table/0/150"))
    assert [card.note for card in cards] == ["distance, km 5", "no value"]


def test_joined_columns_are_features(data):
    assert joined_features(data) == ["M[200c]", "distance, km", "is_red", "SFR"]
    wanted = resolve_request(data, "log_mstar_1rhsm", ["M[200c]", "abs_mag_r", "kind"], "galaxy")
    assert wanted.features == ("abs_mag_r", "M[200c]")


def test_trees_learn_from_joined_columns_and_say_who_is_left_out(data):
    features = ("abs_mag_r", "sfr_1gyr", *joined_features(data))
    fit = learn(FitRequest(data=data, target="log_mstar_1rhsm", features=features))
    assert list(fit.importance.index) == list(features)
    assert left_out(fit.left_out) == ["300 samples left out: M[200c] is not a number."]


def test_features_page_learns_from_a_joined_column_that_is_ticked(session):
    session.page = "features"
    page = Features(session)
    settle(page)
    choices = widget(page, "gm-joined")
    assert choices.options == ["M[200c]", "distance, km", "is_red", "SFR"]
    choices.value = ["SFR", "M[200c]"]
    settle(page)
    assert session.features[-2:] == ["SFR", "M[200c]"]
    assert "M[200c] is not a number" in texts(page)
    assert not session.error


def test_features_page_has_no_part_for_joined_columns_without_any(tmp_path, monkeypatch):
    plain = make_dataset(tmp_path / "plain", make_samples(70))
    monkeypatch.setenv("GALMASS_HOME", str(plain.path.parent))
    session = SessionState(page="features", dataset="plain")
    session.settle()
    assert not parts(Features(session), "gm-joined")[0].options


def test_errors_are_shown_against_a_joined_column(data):
    values, label = values_of(data.samples, "distance, km")
    assert len(values) == 300
    assert label == "distance, km"


def test_explore_lists_what_is_known_of_a_galaxy_from_joined_tables(data):
    text = properties(data.row("synthetic/table/0/1", "x"), data.joined_columns)
    assert "From joined tables" in text
    for value in ("11.03", "bulge", "False"):
        assert value in text


def test_a_joined_column_has_no_unit_in_its_name():
    assert measured("M[200c]", 12.5) == "M[200c] = 12.5"


def test_an_axis_of_another_data_set_gives_way(session, tmp_path, monkeypatch):
    session.param.update(x="M[200c]", colour="SFR")
    make_dataset(session.data.path.parent / "other", make_samples(5))
    session.open("other")
    assert session.x in axis_columns(session.data)
    assert session.colour == ""
