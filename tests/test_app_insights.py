"""What Explore opens besides maps and numbers: twins, motions, lines of sight, a pinned one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from bokeh.events import Pan, PanEnd, PanStart
from pages import figure_of, hear, is_shown, parts, send, settle, texts, widget

from galmass_app import services
from galmass_app.lookalikes import Lookalike, Lookalikes
from galmass_app.particles import (
    axes_along,
    dragged,
    edge_on,
    face_on,
    read_particles,
    why_no_particles,
)
from galmass_app.state import INSIGHTS
from galmass_app.views.explore.page import PARTS, Explore
from galmass_app.views.explore.turn import Turn
from galmass_app.views.galaxy_cards import GalaxyCards
from galmass_app.views.galaxy_properties import headline
from galmass_app.views.lookalikes import about_twins
from galmass_app.views.mass_profiles import MARKS, MassProfiles
from galmass_app.views.why.page import Why
from galmass_core.dynamics.estimates import estimate_one


@pytest.fixture
def opened(session):
    """Open a part of Explore, and wait until its worker is through."""

    def opened(key):
        session.insights = [key]
        page = settle(Explore(session))
        return settle_part(page.insights.views[key])

    return opened


def settle_part(view):
    return settle(view) if hasattr(view, "pull") else view


def test_parts_are_built_when_they_are_opened(session):
    page = Explore(session)
    assert not page.insights.views
    session.insights = ["lines"]
    assert list(page.insights.views) == ["lines"]
    assert [key for key in PARTS if parts(page, f"gm-explore-{key}")] == ["lines"]
    session.insights = ["motion"]  # stands above
    motion, lines = (widget(page, f"gm-explore-{key}") for key in ("motion", "lines"))
    assert (motion.visible, lines.visible) == (True, False)
    assert parts(page, "gm-insight") == [motion, lines]
    assert set(PARTS) <= set(INSIGHTS)


def test_buttons_of_one_page_leave_the_parts_of_another_open(session):
    session.insights = ["motion", "alike"]
    session.page = "why"
    buttons = widget(settle(Why(session)), "gm-insight-buttons")
    assert buttons.value == ["alike"]
    buttons.value = []
    assert session.insights == ["motion"]


def test_data_set_without_maps_has_no_parts(session):
    session.insights = ["motion"]
    session.open("table")
    page = Explore(session)
    assert not widget(page, "gm-insights").visible
    assert not page.insights.views
    assert not session.error


def test_lookalikes_are_other_galaxies_and_twins_differ_most(opened, session):
    view = opened("alike")
    table = view.table
    nearest, twins = (table[table["row"] == row] for row in ("nearest", "twins"))
    assert session.galaxy not in set(table["name"])
    assert len(nearest) == 4  # all others
    assert nearest["closer"].is_monotonic_decreasing
    assert twins["total"].abs().is_monotonic_decreasing
    truth = session.data.samples.set_index(["name", "los"])["log_mtot_1rhsm"]
    own = truth[(session.galaxy, session.los)]
    for each in table.itertuples():
        assert each.total == pytest.approx(truth[(each.name, each.los)] - own)
    assert twins["total"].abs().iloc[0] == pytest.approx(nearest["total"].abs().max())


def test_card_goes_to_its_galaxy_and_to_no_other(opened, session):
    view = opened("alike")
    cards = next(iter(view.__panel__().select(GalaxyCards)))
    name, los, title, lines, pictures = cards.cards[0]
    assert title.startswith("Subhalo ")
    assert len(pictures) == 4
    assert any(line.startswith("ΔM_tot ") for line in lines)
    send(cards, ["synthetic/elsewhere/0/1", "x"])
    assert session.galaxy != "synthetic/elsewhere/0/1"
    send(cards, [name, los])
    assert (session.galaxy, session.los) == (name, los)


@pytest.mark.parametrize(("closer", "words"), [(2.0, "None is close"), (40.0, "do not show")])
def test_twins_that_are_far_are_not_taken_for_twins(closer, words):
    twin = Lookalike(name="one", los="x", closer=closer, total=0.5, stars=0.1)
    far = replace(twin, closer=1.0)
    found = Lookalikes(request=None, run="any", searched=9, nearest=(), twins=(far, twin))
    assert words in about_twins(found)


def test_lookalikes_without_a_network_say_how_to_get_one(opened, session, monkeypatch):
    monkeypatch.setattr("galmass_core.training.twins.shipped_runs", list)
    monkeypatch.setattr("galmass_core.training.twins.list_runs", list)
    opened("alike")
    assert "galmass train toys" in session.error


def test_motions_stand_over_the_circular_velocity(opened, session):
    table = opened("motion").table
    profiles = services.profiles(session.data, session.galaxy)
    true = table[table["seen"] == "sphere"]
    assert true["v_circ"].tolist() == profiles["v_circ"].tolist()
    last = profiles.iloc[-1]
    assert true["f_dm"].iloc[-1] == pytest.approx(last["mdm"] / last["mtot"])
    sky = table[table["seen"] == "sky"]
    assert sky["lambda_r"].dropna().between(0, 1).all()
    assert sky["lambda_r"].iloc[0] < sky["lambda_r"].max()
    assert (sky["v"] < 1.5 * profiles["v_circ"].max()).all()


def test_lines_of_sight_stand_side_by_side_with_what_changes(opened, session):
    view = opened("lines")
    rows = session.data.samples.iloc[session.data.rows_of(session.galaxy)]
    assert view.table["los"].tolist() == ["x", "y", "z"]
    assert view.table["sigma_v"].tolist() == rows["sigma_v"].tolist()
    spread = rows["sigma_v"].max() - rows["sigma_v"].min()
    text = texts(view)
    assert "largest − least" in text
    assert f">{spread:.0f}<" in text
    (cards,) = view.__panel__().select(GalaxyCards)
    send(cards, [session.galaxy, "y"])
    assert session.los == "y"


def test_a_pinned_galaxy_stays_beside_the_one_in_view(opened, session):
    view = opened("beside")
    assert "Pin the galaxy in view" in texts(view)
    first = session.galaxy
    widget(view, "gm-pin").clicks += 1
    session.step(+1)
    assert session.beside == f"{first} {session.los}"
    row = view.table.set_index("column").loc["log_mstar"]
    data = session.data
    assert row["pinned"] == data.row(first, "z")["log_mstar"]
    assert row["in_view"] == data.row(session.galaxy, "z")["log_mstar"]
    second = session.galaxy
    widget(view, "gm-swap").clicks += 1
    assert (session.galaxy, session.beside) == (first, f"{second} z")
    widget(view, "gm-unpin").clicks += 1
    assert not session.beside


def test_a_pinned_galaxy_of_another_data_set_is_said_to_be_gone(opened, session):
    session.beside = "synthetic/elsewhere/0/1 x"
    assert "not in this data set" in texts(opened("beside"))
    assert not session.error


def test_dynamical_masses_are_marked_where_they_are(session):
    view = settle(MassProfiles(session))
    found = estimate_one(session.data.maps(session.galaxy, session.los))
    masses = view.dynamics.set_index(["method", "of"])
    wolf = masses.loc[("Wolf", "mtot")]
    assert wolf["radius"].item() == pytest.approx(4 / 3 * found["re"])
    assert wolf["mass"].item() == pytest.approx(10 ** found["log_mtot_wolf"])
    oblate = masses.loc[("Jeans, axisymmetric", "mtot")]
    logs = [found["log_mtot_axisymmetric"], found["log_mtot_axisymmetric_re"]]
    np.testing.assert_allclose(np.log10(oblate["mass"]), logs)
    assert (masses["low"] < masses["mass"]).all()
    assert MARKS in texts(view)


def test_a_subhalo_of_tng_links_to_its_page_and_a_synthetic_one_to_none():
    row = pd.Series({"name": "TNG/TNG100-1/99/501761", "los": "x", "synthetic": False})
    page = "https://www.tng-project.org/api/TNG100-1/snapshots/99/subhalos/501761/"
    assert f'href="{page}" target="_blank" rel="noreferrer"' in headline(row)
    for name in ("synthetic/demo-1/99/1", "EAGLE/RefL0100N1504/28/1", "TNG/TNG100-1/99/a"):
        assert "href" not in headline(pd.Series({"name": name, "los": "x", "synthetic": False}))


def test_unknown_part_of_an_address_is_named(session):
    from galmass_app.address import read

    read(session, "?more=alike,nothing")
    assert "more=alike,nothing" in session.error
    assert not session.insights


def test_motions_follow_the_galaxy_in_view(opened, session):
    view = opened("motion")
    before = view.table
    session.step(+1)
    settle(view)
    assert not before.equals(view.table)
    assert np.isfinite(view.table["radius"]).all()
    assert len(parts(view, "gm-profile-view")) == 3


def test_a_galaxy_is_turned_edge_on_and_face_on_and_back(opened, session):
    view = opened("turn")
    stored = session.data.maps(session.galaxy, session.los)
    assert np.array_equal(view.look.maps.moments_CHW, stored.moments_CHW)
    assert view.look.inclination == pytest.approx(
        session.data.row(session.galaxy, session.los)["inclination"]
    )
    spins = []
    for name, angle in (("gm-face-on", 0), ("gm-edge-on", 90)):
        widget(view, name).clicks += 1
        settle(view)
        assert view.look.inclination == pytest.approx(angle, abs=1e-3)
        spins.append(view.look.spin)
    assert spins[0] < 0.5 * spins[1]
    widget(view, "gm-back").clicks += 1
    assert np.array_equal(settle(view).look.maps.moments_CHW, stored.moments_CHW)


def test_dragging_turns_the_stars_and_letting_go_the_maps(opened, session):
    view = opened("turn")
    before, ball = view.look, figure_of(view, "gm-ball")
    stars = ball.renderers[0].data_source
    points = dict(stars.data)
    hear(ball, PanStart(ball))
    hear(ball, Pan(ball, delta_x=65.0, delta_y=0.0))
    assert view.look is before
    assert not np.array_equal(stars.data["x"], points["x"])
    np.testing.assert_allclose(stars.data["y"], points["y"], atol=1e-6)
    hear(ball, PanEnd(ball))
    settle(view)
    assert view.look is not before
    turned = view.axes @ axes_along(session.los).T
    assert np.degrees(np.arccos(turned[0, 0])) == pytest.approx(45)
    near = axes_along(session.los)[2] * -1  # moves to the right with the pointer
    assert (view.axes @ near)[0] > 0


def test_a_tapped_pixel_shows_the_velocities_of_its_stars(opened, session):
    view = opened("turn")
    maps = view.look.maps
    counts_HW = maps.stars(48)
    row, column = np.unravel_index(counts_HW.argmax(), counts_HW.shape)
    x, y = ((place + 0.5) / 24 * maps.half_width - maps.half_width for place in (column, row))
    view.tap("V", x, y)
    assert len(view.table) == counts_HW[row, column]
    mean = np.average(view.table["velocity"], weights=view.table["light_r"])
    assert mean == pytest.approx(maps.view("V")[row, column], abs=0.1)
    assert f"{len(view.table)} stars" in texts(view)
    view.tap("V", 2 * maps.half_width, 0.0)
    assert len(view.table) == counts_HW[row, column]


@pytest.mark.parametrize(
    ("source", "reason"),
    [("cutout_1.hdf5", "name of its file only"), ("/nowhere/cutout.hdf5", "not there any more")],
)
def test_without_particles_it_says_why_and_its_buttons_are_off(session, source, reason):
    data = replace(session.data, samples=session.data.samples.assign(source=source))
    assert reason in why_no_particles(data, session.galaxy)
    session.open("many")  # its galaxies were packed
    view = Turn(session)
    assert "Other lines of sight than x, y and z need its particles" in texts(view)
    assert all(widget(view, name).disabled for name in ("gm-edge-on", "gm-face-on", "gm-back"))
    assert not is_shown(view, "gm-ball-place")


def test_file_that_holds_another_galaxy_by_now_is_not_shown(session):
    samples = session.data.samples.assign(n_stars=1)
    with pytest.raises(ValueError, match="another galaxy by now"):
        read_particles(replace(session.data, samples=samples), session.galaxy)


def test_axes_stay_orthonormal_and_right_handed():
    axis = np.array([0.6, 0.0, 0.8])
    for axes in (axes_along("x"), np.stack([[0, 1.0, 0], [-0.8, 0, 0.6], axis])):
        for made in (edge_on(axes, axis), face_on(axes, axis), dragged(axes, 0.3, -1.0)):
            np.testing.assert_allclose(made @ made.T, np.eye(3), atol=1e-12)
            assert np.linalg.det(made) == pytest.approx(1)
        np.testing.assert_allclose(edge_on(axes, axis)[1], axis)
        assert abs(face_on(axes, axis)[2] @ axis) == pytest.approx(1)
