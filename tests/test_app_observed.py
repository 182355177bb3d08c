"""Observed galaxies on Explore: a list, the maps of one, predictions and what must be said."""

import json

import h5py
import numpy as np
import pytest
from pages import image_of, is_shown, parts, send, settle, texts, widget
from survey_files import Disc, write_cutout, write_manga

from galmass_app.state import SessionState
from galmass_app.views.explore.page import Explore
from galmass_core.cli import main

TABLE = "gm-observed-table"


@pytest.fixture(scope="module")
def kept(home_folder, tmp_path_factory):
    """A home folder with two galaxies that were kept; ``a`` has V and σ, ``b`` an image."""
    folder = tmp_path_factory.mktemp("observed")
    write_manga(folder / "a.fits", Disc())
    write_cutout(folder / "b.fits", Disc())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GALMASS_HOME", str(folder / "home"))
        assert main(["observe", str(folder / "a.fits"), "--keep"]) == 0
        assert main(["observe", str(folder / "b.fits"), "--re", "3", "--keep"]) == 0
    return folder / "home"


@pytest.fixture
def session(home_folder, monkeypatch):
    monkeypatch.setenv("GALMASS_DATA", str(home_folder / "toys"))
    session = SessionState()
    session.settle()
    return session


@pytest.fixture
def view(session, kept, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(kept))
    return show(session)


def show(session):
    session.insights = ["observed"]
    view = settle(Explore(session)).insights.views["observed"]
    return settle(view)


def shown_maps(view):
    return [each for each in ("r", "g-r", "V", "sigma") if is_shown(view, f"gm-map-{each}")]


def test_the_first_galaxy_is_shown_with_what_must_be_said(view, session):
    assert not session.error
    assert [row["cells"][0] for row in widget(view, TABLE).rows] == ["1-1", "b"]
    said = texts(view)
    assert "<b>Outside the training domain: " in said
    assert "Out of distribution: farther from simulated galaxies than" in said
    assert "68 %: " in said
    assert "truth not known" in said
    assert "network alone" in said
    assert shown_maps(view) == ["V", "sigma"]


def test_masked_pixels_are_not_drawn(view):
    (image,) = image_of(widget(view, "gm-map-V")).data["image"]
    maps = view.found[0].maps
    np.testing.assert_array_equal(np.isfinite(image), np.isfinite(maps.view("V")))
    assert 0 < np.isfinite(image).mean() < 0.5


def test_a_click_shows_another_galaxy_in_the_same_panes(view, session):
    drawn, table = widget(view, "gm-maps"), widget(view, TABLE)
    send(table, table.rows[1]["key"])
    settle(view)
    assert session.observed == table.chosen == view.found[1].path.stem
    assert widget(view, "gm-maps") is drawn
    assert shown_maps(view) == ["g-r"]
    assert "no interval: this network is not calibrated" in texts(view)
    assert "network alone" not in texts(view)


def test_numbers_are_those_of_the_command(view):
    table = view.table
    row = view.found[0].row["prediction"]["predictions"][0]
    (mass,) = table[(table["galaxy"] == "1-1") & (table["target"] == row["target"])].to_dict(
        "records"
    )
    assert mass["y_pred"] == row["y_pred"]
    assert f"{row['y_pred']:.2f}" in texts(view)


def test_without_observations_it_says_how_to_keep_one(session, tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    view = show(session)
    assert "galmass observe FILE --keep" in texts(view)
    assert not is_shown(view, TABLE)
    assert not parts(view, "gm-map-panel")


def test_a_damaged_file_is_named_beside_the_others(session, kept, tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    (tmp_path / "observations").mkdir()
    for path in (kept / "observations").glob("*.h5"):
        (tmp_path / "observations" / path.name).write_bytes(path.read_bytes())
    with h5py.File(next((tmp_path / "observations").glob("b*.h5")), "r+") as file:
        del file["observation"]
        file["observation"] = json.dumps({"schema": 1})
    view = show(session)
    assert len(widget(view, TABLE).rows) == 1
    assert "galaxy must be text, got nothing" in texts(view)
    assert widget(view, "gm-observed-there").visible
