import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from bokeh.models import VArea, VSpan
from pages import settle, texts, widget

from galmass_app import services
from galmass_app.plots.profiles import ProfileFigures
from galmass_app.predicted_profiles import predict_profile
from galmass_app.state import SessionState
from galmass_app.views.explore.page import Explore
from galmass_app.views.mass_profiles import MassProfiles, prediction_text
from galmass_app.views.why.page import Why
from galmass_core.datasets.dataset import open_dataset
from galmass_core.training.model_runs import train_run


@pytest.fixture(scope="module")
def trained(home_folder, tmp_path_factory):
    """Home folder with a run on the profiles of five galaxies."""
    home = tmp_path_factory.mktemp("profiles")
    shutil.copytree(home_folder / "toys", home / "toys")
    train_run(open_dataset(home / "toys"), "profile/features", path=home / "runs" / "first")
    return home


@pytest.fixture
def session(trained, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(trained))
    session = SessionState()
    session.open("toys")
    return session


def test_predicted_profile_stands_beside_the_true_one(session):
    view = settle(MassProfiles(session))
    assert not session.error
    assert "Points: predicted" in texts(view)
    true = services.profiles(session.data, session.galaxy)
    added = view.table[view.table["mstar_predicted"].notna()]
    assert len(view.table) == len(true) + len(added)
    assert {"mtot_low_68", "mdm_high_90"} <= set(view.table)


def test_page_says_whether_the_galaxy_was_in_the_training_set(session):
    view = settle(MassProfiles(session))
    for name in session.data.galaxy_names:
        session.show(name)
        view.draw()
        part = settle(view).predicted.part
        assert ("was in the training set" in texts(view)) == (part == "train")


def test_run_that_is_shown_stays_when_a_newer_one_has_finished(session, trained):
    view = settle(MassProfiles(session))
    assert session.profile_run == "first"
    newer = trained / "runs" / "second"
    shutil.copytree(trained / "runs" / "first", newer)
    record = newer / "run.json"
    record.write_text(record.read_text().replace('"started": "20', '"started": "21'))
    view.draw()
    chooser = widget(view, "gm-profile-run")
    shown = chooser.value, chooser.options
    shutil.rmtree(newer)
    assert shown == ("first", ["second", "first"])


def test_without_a_run_the_page_says_how_to_train_one(session, trained, monkeypatch, tmp_path):
    shutil.copytree(trained / "toys", tmp_path / "toys")
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    session.open("toys")
    view = MassProfiles(session)
    assert "galmass train toys --experiment profile/features" in texts(view)
    assert "mstar_predicted" not in view.table


def test_galaxy_without_a_feature_has_its_reason(session):
    view = settle(MassProfiles(session))
    data = replace(session.data, samples=session.data.samples.assign(sigma_v=np.nan))
    assert predict_profile(replace(view.request, data=data)).why_not == "sigma_v is not a number"


def test_explore_and_why_draw_the_profile_of_the_galaxy_in_view(session):
    for name, kind in (("explore", Explore), ("why", Why)):
        session.page = name
        page = kind(session)
        session.step(+1)
        view = settle(page.views[MassProfiles])
        assert view.predicted.request.galaxy == session.galaxy
        assert not session.error


def bands(unit):
    rows = [
        (mass, unit, radius, 3.0, 2.0, 4.0, 1.0, 5.0)
        for mass in ("mstar", "mdm", "mtot")
        for radius in (1.0, 2.0)
    ]
    limits = ["low_68", "high_68", "low_90", "high_90"]
    return pd.DataFrame(rows, columns=["mass", "unit", "radius", "predicted", *limits])


def test_bands_and_marks_follow_the_unit_of_the_axis():
    true = pd.DataFrame(
        {"radius": [2.0, 4.0], "mstar": [1.0, 2], "mdm": [1.0, 2], "mtot": [2.0, 4]}
    ).assign(v_circ=100.0)
    figures = ProfileFigures()
    figures.show(true, 2.0, bands("rhsm"), "rhsm")
    layers = [(each.glyph, each.data_source) for each in figures.masses.renderers]
    (marks,) = (source for glyph, source in layers if isinstance(glyph, VSpan))
    areas = [(glyph, source) for glyph, source in layers if isinstance(glyph, VArea)]
    assert marks.data["x"].tolist() == [1.0, 2.0]
    assert [source.data[glyph.y2].max() for glyph, source in areas] == [5.0, 4.0] * 3
    figures.show(true, 2.0, bands("rhsm"), "kpc")
    assert marks.data["x"].tolist() == [2.0, 4.0]
    assert all(len(source.data["radius"]) == 0 for _, source in areas)


def test_axes_hold_all_that_is_shown_and_a_zoom_on_the_same_stays():
    true = pd.DataFrame({"radius": [1.0, 100.0], **dict.fromkeys(("mstar", "mdm", "mtot"), 3.0)})
    figures = ProfileFigures()
    figures.show(true.assign(v_circ=[50.0, 150.0]), 2.0, bands("kpc"))
    across, up = figures.masses.x_range, figures.masses.y_range
    assert (across.start, across.end) == pytest.approx((100**-0.02, 100**1.02))
    assert (up.start, up.end) == pytest.approx((5**-0.02, 5**1.02))
    assert figures.velocity.y_range.start == 0
    up.start = 2.0
    figures.show(true.assign(v_circ=[50.0, 150.0]), 2.0, bands("kpc"))
    assert up.start == 2.0


def test_galaxy_without_particles_has_empty_figures():
    nothing = pd.DataFrame(columns=["radius", "mstar", "mdm", "mtot", "v_circ"], dtype=float)
    figures = ProfileFigures()
    figures.show(nothing, 2.0)
    assert all(len(each.data_source.data["radius"]) == 0 for each in figures.velocity.renderers[2:])


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_words_know_each_part_of_a_split(part):
    assert "Bands hold" in prediction_text(SimpleNamespace(why_not="", part=part))
