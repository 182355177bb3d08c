"""Scatters of a sample: running median, numbers, IDs, zoom; and selections that are combined."""

import numpy as np
import pandas as pd
import pytest
from bokeh.models import HoverTool, Image, Line, Scatter, VArea
from pages import ends_of, figure_of, send, texts, zoom
from sample_tables import make_dataset, make_samples

from galmass_app import selection, services
from galmass_app.plots.points import CRISP, Points
from galmass_app.plots.sample import SampleFigure
from galmass_app.plots.trends import running_median
from galmass_app.state import SessionState
from galmass_app.views.frame.selection_bar import SelectionBar
from galmass_app.views.scatter import Sample, statistics_text


def samples(count):
    """Return galaxies whose ``log_mstar`` is the same along all lines of sight."""
    table = make_samples(count)
    return table.assign(log_mstar=table.groupby("name")["log_mstar_1rhsm"].transform("first"))


@pytest.fixture
def session(tmp_path, monkeypatch):
    make_dataset(tmp_path / "toys", samples(80))
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    monkeypatch.delenv("GALMASS_DATA", raising=False)
    session = SessionState(dataset="toys")
    session.settle()
    return session


def drawn(figure, kind):
    return [one for one in figure.renderers if isinstance(one.glyph, kind)]


def test_running_median_and_band_are_those_of_the_sample_page_and_leave_infinities_out():
    table = samples(100).assign(sigma_v=lambda rows: rows["log_mstar"] ** 2)
    table.loc[0, "sigma_v"] = np.inf
    points = Points(table, "log_mstar", "sigma_v")
    expected = running_median(
        table[["name", "log_mstar", "sigma_v"]].set_axis(["name", "x", "y"], axis=1).iloc[1:]
    )
    pd.testing.assert_frame_equal(points.trend, expected)
    figure = SampleFigure(points).figure
    (_, line), (band,) = drawn(figure, Line), drawn(figure, VArea)
    assert list(line.data_source.data["median"]) == list(expected["median"])
    assert band.data_source is line.data_source


def test_numbers_are_right_where_they_are_known():
    x = np.repeat(np.linspace(0, 10, 200), 5)
    y = np.tile([-0.2, -0.1, 0.0, 0.1, 0.2], 200)
    y[::100] = 5.0  # 1 % far off
    found = Points(pd.DataFrame({"a": x, "b": y}), "a", "b").statistics
    assert found.count == 1000
    assert found.outliers == 0.01
    assert found.r2 == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)
    away = y - np.interp(x, *running_median_of(x, y))
    assert found.rms == pytest.approx(np.sqrt(np.mean(away**2)))
    line = Points(pd.DataFrame({"a": x, "b": 3 * x - 1}), "a", "b").statistics
    assert line.r2 == pytest.approx(1)


def running_median_of(x, y):
    trend = running_median(pd.DataFrame({"name": np.arange(len(x)), "x": x, "y": y}))
    return trend["x"], trend["median"]


def test_few_or_equal_points_have_no_trend_and_say_how_many_they_are():
    points = Points(pd.DataFrame({"a": [1.0, 1.0, np.nan], "b": [2.0, 3.0, 4.0]}), "a", "b")
    assert np.isnan([*points.statistics[1:]]).all()
    assert not drawn(SampleFigure(points).figure, Line)
    words = statistics_text(points)
    assert "N = 2" in words
    assert "R²" not in words


def test_points_say_their_id_and_many_do_once_zoomed_in():
    table = samples(CRISP // 2)  # three samples each: too many for points of their own
    many = SampleFigure(Points(table, "log_mstar", "sigma_v"))
    (hover,) = many.figure.select({"type": HoverTool})
    (single,) = hover.renderers
    assert [name for name, _ in hover.tooltips] == ["subhalo", "log M* [M☉]", "σ_v [km/s]"]
    assert not len(single.data_source.data["x"])
    x, y = table["log_mstar"].iloc[0], table["sigma_v"].iloc[0]
    (picture,) = drawn(many.figure, Image)
    whole = ends_of(many.figure)
    zoom(many.figure, (x - 1e-6, x + 1e-6), (y - 1e-6, y + 1e-6))
    assert list(single.data_source.data["name"]) == [table["name"].iloc[0].rpartition("/")[2]]
    assert not picture.data_source.data["image"]
    zoom(many.figure, *whole)
    assert len(picture.data_source.data["image"]) == 1
    assert not len(single.data_source.data["x"])


def test_zoom_stays_with_another_colour_and_goes_with_another_axis(session):
    view = Sample(session)
    zoom(figure_of(view, "gm-scatter"), (10.0, 11.0), (10.5, 11.5))
    session.colour = "sigma_v"
    view.draw(session)
    assert ends_of(figure_of(view, "gm-scatter")) == ((10.0, 11.0), (10.5, 11.5))
    assert "R²" in texts(view)
    session.x = "sigma_v"
    view.draw(session)
    assert ends_of(figure_of(view, "gm-scatter")) != ((10.0, 11.0), (10.5, 11.5))
    assert drawn(figure_of(view, "gm-scatter"), Scatter)


def galaxies(session, query):
    return set(services.kept(session.data, query))


@pytest.mark.parametrize("how", ["and", "or", "not"])
def test_selections_are_combined_as_an_expression(session, how):
    first, second = "log_mstar > 10", "abs_mag_r < -21.5"
    session.keep(first)
    session.combining = how
    session.combine(second, "fast")
    one, other = galaxies(session, first), galaxies(session, second)
    expected = {"and": one & other, "or": one | other, "not": one - other}[how]
    assert set(session.selection) == expected
    assert session.selection_query == f"(log_mstar > 10) {'and ' * (how == 'not')}{how} ({second})"
    session.undo()
    assert session.selection_query == first


def test_lists_masks_and_conditions_that_depend_on_the_line_of_sight_combine_by_galaxy(session):
    session.select(session.data.galaxy_names[:40], "a lasso")
    session.combining = "and"
    session.select(session.data.galaxy_names[30:], "a box")
    assert list(session.selection) == session.data.galaxy_names[30:40]
    assert session.selection_label == "a lasso and a box"
    session.combining = "not"
    ids = services.subhalo_ids(session.data)
    query = selection.combined('los == "x"', "and", 'los == "y"', session.data, ids)
    assert len(services.kept(session.data, query)) == 80  # the expression alone has none


def test_nothing_left_is_said_and_changes_nothing(session):
    session.keep("log_mstar > 10")
    session.combining = "not"
    session.combine("log_mstar > 5", "all")
    assert "No galaxy of toys is left" in session.not_kept
    assert session.selection_query == "log_mstar > 10"


def test_saved_selections_are_combined_from_the_bar_and_typing_replaces(session):
    bar = SelectionBar.of(session)
    selection.save_subset(session.data, "fast", "abs_mag_r < -21.5")
    send(bar, ["keep", "log_mstar > 10"])
    send(bar, ["combine", "or"])
    assert bar.summary["combining"] == "or"
    send(bar, ["choose", "fast"])
    assert session.selection_query == "(log_mstar > 10) or (abs_mag_r < -21.5)"
    assert session.selection_label == "log_mstar > 10 or fast"
    assert bar.summary["name"] == ""
    send(bar, ["keep", "log_mstar > 10"])
    assert session.selection_query == "log_mstar > 10"
    send(bar, ["clear", ""])
    assert session.combining == "replace"
