"""The Sample page: its numbers, its words, and its plots."""

import numpy as np
import pandas as pd
import pytest
from pages import texts, widget
from sample_tables import make_relations as make_samples

from galmass_app import services
from galmass_app.plots.relations import joined
from galmass_app.plots.trends import (
    GROUPS,
    MASS_BIN,
    RELATIONS,
    mass_functions,
    relate,
    running_median,
)
from galmass_app.state import SessionState
from galmass_app.views.sample.build_report import left_out, tally
from galmass_app.views.sample.page import SamplePage
from galmass_core.datasets.dataset_tables import write_tables

SIZE_MASS, COLOUR_MASS, FABER_JACKSON, _, STAR_FORMATION = RELATIONS


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home folder, and no other data set."""
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    monkeypatch.delenv("GALMASS_DATA", raising=False)
    return tmp_path


def show(home, samples, description=None, excluded=()):
    """Write a data set and open the page on it."""
    write_tables(home / "data", samples, description or {}, excluded)
    session = SessionState(dataset="data", page="sample")
    session.settle()
    return SamplePage(session)


def test_running_median_and_band_are_those_of_the_points():
    spread = np.tile(np.linspace(-1, 1, 101), 40)
    x = np.repeat(np.linspace(0, 10, 40), 101)
    names = np.arange(len(x)).astype(str)
    steps = running_median(pd.DataFrame({"name": names, "x": x, "y": spread + (x > 5)}))
    assert len(steps) == 16
    middle = (steps["x"] > 5).to_numpy(float)
    np.testing.assert_allclose(steps["median"], middle, atol=1e-9)
    np.testing.assert_allclose(steps["low"], middle - 0.68, atol=0.01)
    np.testing.assert_allclose(steps["high"], middle + 0.68, atol=0.01)


def test_three_lines_of_sight_do_not_make_a_galaxy_three():
    assert running_median(relate(make_samples(29), FABER_JACKSON).points).empty
    assert len(relate(make_samples(29), FABER_JACKSON).points) > 30
    assert len(running_median(relate(make_samples(400), FABER_JACKSON).points))


def test_only_what_depends_on_the_line_of_sight_has_a_point_for_each():
    samples = make_samples(5)
    assert len(relate(samples, SIZE_MASS).points) == 5
    assert len(relate(samples, COLOUR_MASS).points) == 15


def test_zeros_lie_on_a_line_below_all_others_and_outside_the_median():
    related = relate(make_samples(400), STAR_FORMATION)
    at_zero = related.points["y"] == related.zeros
    assert at_zero.mean() == pytest.approx(0.25)
    assert related.zeros < related.points["y"][~at_zero].min() - 0.4
    assert related.trends["all"]["low"].min() > related.zeros + 0.4


def test_row_without_a_value_is_counted():
    samples = make_samples(5)
    samples.loc[4, "sigma_v"] = np.nan
    assert relate(samples, FABER_JACKSON).without == 1


def test_mass_function_counts_every_galaxy_once():
    counts = mass_functions(make_samples(200))
    sums = {group: table["count"].sum() * MASS_BIN for group, table in counts.items()}
    assert sums == pytest.approx({"all": 200, "centrals": 133, "satellites": 67})


def test_poisson_limits_hold_the_count_and_stay_above_zero():
    one = mass_functions(make_samples(1))["all"].iloc[0] * MASS_BIN
    assert 0 < one["low"] < 1 < one["high"]
    assert one["low"] == pytest.approx(0.134, abs=1e-3)  # Gehrels (1986): 0.173 exactly


def test_galaxies_of_unknown_kind_are_in_no_group():
    samples = make_samples(50).assign(is_central=pd.array([pd.NA] * 150, "boolean"))
    trends = relate(samples, SIZE_MASS).trends
    assert [len(trends[group]) > 0 for group in GROUPS] == [True, False, False]


def test_galaxy_in_view_is_joined_along_its_lines_of_sight():
    samples = make_samples(5)
    related = relate(samples, COLOUR_MASS)
    line, points = joined(related, COLOUR_MASS, "TNG/TNG100-1/99/2", "y")
    colours = samples["g_minus_r"][6:9].to_numpy()
    np.testing.assert_allclose(line.dimension_values(1), [*colours, colours[0]])
    assert points.dimension_values(1)[-1] == pytest.approx(colours[1])
    assert points.dimension_values("size")[-1] == points.dimension_values("size").max()


def test_galaxy_of_a_catalogue_has_one_large_mark():
    samples = make_samples(5).query("los == 'x'").assign(los="none")
    _, points = joined(relate(samples, COLOUR_MASS), COLOUR_MASS, "TNG/TNG100-1/99/2", "z")
    assert list(points.dimension_values("size")) == [15]


def test_exclusions_are_counted_by_reason_with_the_first_names(home):
    excluded = [
        {"name": f"TNG/TNG100-1/99/{number}", "reason": "too <small>", "source": ""}
        for number in range(90, 95)
    ]
    view = show(home, make_samples(4), {"selection": {"too light": 7000, "flag": 2}}, excluded)
    table = left_out(view.session.data)
    assert list(zip(table["reason"], table["galaxies"], strict=True)) == [
        ("too light", 7000),
        ("too <small>", 5),
        ("flag", 2),
    ]
    assert "90, 91, 92, …" in texts(view)
    assert "too &lt;small&gt;" in texts(view)
    assert "7,007" in tally(view.session.data)


def test_numbers_compare_with_the_paper_only_on_its_simulation(home):
    write_tables(home / "tng", make_samples(937), {})
    write_tables(home / "eagle", make_samples(937, "EAGLE/L0100"), {})
    assert "10 % of the 9,370 in the paper" in tally(services.dataset("tng"))
    write_tables(home / "mimic", make_samples(937).assign(synthetic=True), {})
    assert "not comparable" in tally(services.dataset("eagle"))
    assert "not comparable" in tally(services.dataset("mimic"))


def test_catalogue_says_how_much_of_it_was_read_and_what_differs(home):
    description = {
        "catalogue": {"chunks": 2, "all_chunks": 8},
        "definitions": {"sigma_v": "of all matter"},
        "not_available": {"log_ml_r_1rhsm": "no light"},
    }
    text = texts(show(home, make_samples(4), description))
    assert "2 of 8" in text
    assert "25 % of the catalogue" in text
    assert "of all matter" in text
    assert "not available: no light" in text
    assert "σ_v not the paper's" in text


def test_plot_without_its_column_says_which(home):
    samples = make_samples(4).drop(columns=["g_minus_r"]).assign(half_mass_radius=np.nan)
    text = texts(show(home, samples))
    assert "has no <b>colour</b> (<code>g_minus_r</code>)" in text
    assert "has no <b>half-mass radius</b> (<code>half_mass_radius</code>)" in text
    assert text.count("This data set has no") == 2


def test_synthetic_galaxies_are_called_so(home):
    assert 'class="synthetic"' in texts(show(home, make_samples(4).assign(synthetic=True)))


def test_tap_chooses_galaxy_and_line_of_sight_next_to_it(home):
    view = show(home, make_samples(40))
    related = services.related(view.session.data, COLOUR_MASS)
    row = related.points.iloc[70]
    view.relations.tap(related, COLOUR_MASS, _Unzoomed, row["x"], row["y"])
    assert (view.session.galaxy, view.session.los) == (row["name"], row["los"])
    assert f"Subhalo {row['name'].rpartition('/')[2]}<" in texts(view)
    assert view.session.page == "sample"


def test_tap_leaves_the_line_of_sight_where_it_changes_nothing(home):
    view = show(home, make_samples(40))
    related = services.related(view.session.data, SIZE_MASS)
    row = related.points.iloc[7]
    view.relations.tap(related, SIZE_MASS, _Unzoomed, row["x"], row["y"])
    assert (view.session.galaxy, view.session.los) == (row["name"], "z")


def test_another_data_set_is_described_again(home):
    write_tables(home / "other", make_samples(7, "EAGLE/L0100"), {})
    view = show(home, make_samples(4))
    view.session.open("other")
    assert "EAGLE L0100, snapshot 99" in texts(view)
    assert not view.session.error


def test_switch_between_groups_waits_for_data_that_know_them(home):
    unknown = pd.array([pd.NA] * 12, "boolean")
    view = show(home, make_samples(4).assign(is_central=unknown))
    assert widget(view, "gm-isolated").disabled
    assert "which are centrals is not known" in texts(view)


class _Unzoomed:
    x_range = y_range = None


def test_matter_that_is_not_in_the_files_is_stated(home):
    unknown = make_samples(4).assign(n_dm=np.nan)
    assert "not in the files of 4 of 4 galaxies" in texts(show(home, unknown))
