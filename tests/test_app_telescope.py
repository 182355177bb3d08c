"""Explore through a telescope: presets, sliders, maps and what networks predict from them."""

import operator
from dataclasses import replace

import numpy as np
import pytest
from pages import image_of, parts, settle, texts, widget
from toy_maps import SIDE, make_map_dataset

from galmass_app import address, services
from galmass_app.predictions import predictions_of
from galmass_app.telescopes import Networks, maps_through, see
from galmass_app.views.explore.page import Explore
from galmass_app.views.explore.telescope import ThroughTelescope
from galmass_core.datasets.variants import TELESCOPE, Variant, variant_maps
from galmass_core.networks.presets import TrainingConfig
from galmass_core.quantities import MAPS
from galmass_core.telescope import TELESCOPES
from galmass_core.telescope.settings import SETTINGS, adjusted, settings_of
from galmass_core.training.model_runs import train_run
from galmass_core.training.runs import open_run

TINY = TrainingConfig(width=0.03, epochs=1, batch=20, learning_rate=2e-3)


@pytest.fixture
def view(session):
    session.insights = ["telescope"]
    page = settle(Explore(session))
    return settle(page.insights.views["telescope"])


def move(view, key, value):
    """Move a slider to a value, still holding it."""
    view.sliders[key].value = value
    return settle(view)


def let_go(view, key):
    """Let a slider go where it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(view.sliders[key].param.value_throttled, "constant", False)
        view.sliders[key].value_throttled = view.sliders[key].value
    return settle(view)


@pytest.mark.parametrize("name", ["MaNGA", "HSC"])
def test_a_preset_shows_what_the_command_measures(session, name):
    data, galaxy = session.data, session.galaxy
    variant = Variant(TELESCOPE, name)
    (made,) = variant_maps(data, [galaxy], [variant])
    place = list(data.samples["los"].iloc[data.rows_of(galaxy)]).index("x")
    expected = made.controls[variant.key].maps[place]
    maps = maps_through(data, galaxy, "x", TELESCOPES[name])
    np.testing.assert_array_equal(maps.moments_CHW, expected.moments_CHW)
    np.testing.assert_array_equal(maps.flux_CHW, expected.flux_CHW)


@pytest.fixture(scope="module")
def trained_home(tmp_path_factory):
    """Maps of 70 galaxies, and networks that see one of them or two."""
    home = tmp_path_factory.mktemp("home")
    data = make_map_dataset(home / "blobs", 70, redshift=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GALMASS_HOME", str(home))
        for name in ("mstar/r+V@60", "mstar/r@60", "mstar/V"):
            folder = home / "runs" / name.replace("/", "-")
            train_run(data, name, training=TINY, device="cpu", path=folder)
    return home


@pytest.fixture
def tested(trained_home, monkeypatch):
    """Return a data set, and a galaxy that its networks were tested on with its line of sight."""
    monkeypatch.setenv("GALMASS_HOME", str(trained_home))
    monkeypatch.setenv("GALMASS_DATA", str(trained_home / "blobs"))
    for key in ("r", "g-r"):
        monkeypatch.setitem(MAPS, key, replace(MAPS[key], pixels=SIDE))
    table = open_run(trained_home / "runs" / "mstar-V").predictions()
    row = table[table["part"] == "test"].iloc[0]
    return services.dataset("blobs"), row["name"], row["los"]


def test_networks_say_the_same_of_the_same_maps_and_otherwise_of_others(tested):
    data, *sample = tested
    known, *_ = predictions_of(data, *sample, able=lambda run: "maps" in run.config)
    row, maps = data.row(*sample).to_frame().T, services.maps(data, *sample)
    again = Networks(row, maps).predict(known)
    assert again.predicted == pytest.approx(known.predicted, abs=1e-3)
    assert again.limits == pytest.approx(known.limits, abs=1e-3)
    table = see(*tested, TELESCOPES["MaNGA"]).table
    plain, seen = (table[table["maps"] == words] for words in ("as they are", "MaNGA"))
    assert len(plain) == 2
    assert list(plain["by"]) == list(seen["by"])
    assert not np.allclose(plain["y_pred"], seen["y_pred"], atol=1e-3)
    assert (seen["low_68"] < seen["y_pred"]).all()


def test_cameras_alone_ask_no_network_for_motions_only(tested):
    seen, stored = see(*tested, TELESCOPES["SDSS"]), services.maps(*tested)
    asked = {each.name for strip in seen.strips for each in strip.estimates}
    assert asked == {"mstar-r+V@60", "mstar-r@60"}
    np.testing.assert_array_equal(seen.maps.moments_CHW, stored.moments_CHW)


def test_a_network_that_cannot_be_read_says_why_beside_the_maps(tested, monkeypatch):
    def damaged(*_):
        msg = "weights.safetensors: is damaged"
        raise ValueError(msg)

    monkeypatch.setattr("galmass_app.telescopes.model_of", damaged)
    seen = see(*tested, TELESCOPES["SAMI"])
    notes = [each.why_not for strip in seen.strips for each in strip.estimates]
    assert notes[1::2] == ["weights.safetensors: is damaged"] * 2
    assert seen.maps.flux_CHW.any()


def test_sliders_are_those_of_the_preset(view, session):
    assert {key for key, each in view.sliders.items() if each.visible} == set(SETTINGS)
    assert view.sliders["seeing"].value == TELESCOPES["MaNGA"].spectrograph.seeing
    widget(view, "gm-telescopes").value = "SDSS"
    settle(view)
    assert session.telescope == "SDSS"
    assert [key for key, each in view.sliders.items() if each.visible] == ["psf", "depth"]
    assert "Through SDSS" in texts(view)
    assert "V and σ are as they are" in texts(view)


def test_maps_follow_a_slider_and_the_address_once_it_is_let_go(view, session):
    before = view.seen.maps
    move(view, "least", 10.0)
    assert np.isfinite(view.seen.maps.view("V")).sum() < np.isfinite(before.view("V")).sum()
    assert not session.tuned
    let_go(view, "least")
    assert session.tuned == ["least:10"]
    assert "tuned=least%3A10" in address.query(session)
    widget(view, "gm-as-preset").clicks += 1
    settle(view)
    np.testing.assert_array_equal(view.seen.maps.moments_CHW, before.moments_CHW)


def test_another_preset_starts_as_it_is(view, session):
    session.tuned = ["seeing:4"]
    settle(view)
    widget(view, "gm-telescopes").value = "SAMI"
    settle(view)
    assert not session.tuned
    assert view.sliders["seeing"].value == TELESCOPES["SAMI"].spectrograph.seeing


def test_the_last_picture_stays_while_another_is_made(view, session):
    drawn, before = parts(view, "gm-maps"), view.seen
    session.telescope = "CALIFA"
    assert "looking through CALIFA" in texts(view)
    assert view.seen is before
    assert all(map(operator.is_, parts(view, "gm-maps"), drawn))
    assert "Through MaNGA" in texts(view)
    assert "looking through" not in texts(settle(view))


def test_maps_as_they_are_are_sent_again_only_if_they_change(view, session):
    source = image_of(parts(view, "gm-map-r")[1])  # below those through the telescope
    drawn = source.data["image"]
    session.telescope = "HSC"
    settle(view)
    assert source.data["image"] is drawn
    session.los = "x" if session.los != "x" else "y"
    settle(view)
    assert source.data["image"] is not drawn


def test_an_address_names_what_no_telescope_has(session):
    search = "?telescope=Hubble&tuned=seeing:3;seeing:900;mirror:2;psf"
    address.read(session, search)
    address.correct(session, search)
    assert "telescope=Hubble" in session.error
    assert all(f"tuned={each}," in session.error for each in ("seeing:900", "mirror:2", "psf"))
    assert session.tuned == ["seeing:3"]
    assert settle(ThroughTelescope(session)).sliders["seeing"].value == 3


def test_settings_change_what_they_say_and_keep_the_bands_apart():
    preset = TELESCOPES["MaNGA"]
    found = adjusted("manga", {"psf": 2.64, "depth": 24.2, "bins": 0.0, "instrument": 30.0})
    assert found.camera.seeing == pytest.approx([2 * each for each in preset.camera.seeing])
    assert found.camera.depth == pytest.approx([2 + each for each in preset.camera.depth])
    assert (found.spectrograph.bins, found.spectrograph.dispersion) == (0.0, 30.0)
    assert found.spectrograph.seeing == preset.spectrograph.seeing
    assert adjusted("SDSS", {"seeing": 3.0}) == TELESCOPES["SDSS"]
    assert settings_of(["seeing:2.5", "seeing:nan", "nothing:1"]) == {"seeing": 2.5}
    for each in TELESCOPES.values():  # sliders can show all presets
        for setting in SETTINGS.values():
            value = setting.get(each)
            assert value is None or setting.low <= value <= setting.high
