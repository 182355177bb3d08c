"""The maps beside the paper's on pages: shown where a data set has them, and nowhere else."""

from dataclasses import replace

import numpy as np
import panel as pn
import pytest
from demo_folder import write_demo_galaxies
from pages import is_shown, parts, settle, texts, widget
from toy_maps import SIDE, make_map_dataset

from galmass_app import explanations
from galmass_app.address import correct
from galmass_app.plots.maps import four_maps
from galmass_app.state import SessionState
from galmass_app.thumbnails import thumbnail
from galmass_app.views.compare.page import Compare
from galmass_app.views.explore.page import Explore
from galmass_app.views.four_maps import FourMaps
from galmass_app.views.gallery.page import Gallery
from galmass_app.views.train.page import Train
from galmass_app.views.why.network import WhyNetwork
from galmass_app.views.why.page import Why
from galmass_app.views.why.replaced import WhyReplaced
from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.capabilities import LEAST_TO_TEST
from galmass_core.datasets.fits_files import maps_as_fits
from galmass_core.learning import experiments
from galmass_core.networks.training import TrainingConfig
from galmass_core.quantities import MAPS, further_keys, map_keys
from galmass_core.training.model_runs import train_run

POPULATIONS = ["stars", "mass", "age", "metallicity"]


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    """Return a data set with stellar populations and gas, without h3 and h4."""
    folder = tmp_path_factory.mktemp("rich")
    cutouts = write_demo_galaxies(folder / "cutouts", count=2)
    return build_dataset([cutouts], folder / "rich", channels=("populations", "gas"))


@pytest.fixture
def on_rich(rich, home_folder, monkeypatch):
    """Return the state of a session on that data set."""
    monkeypatch.setenv("GALMASS_HOME", str(home_folder))
    monkeypatch.setenv("GALMASS_DATA", str(rich.path))
    session = SessionState()
    session.settle()
    return session


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Return a data set of enough galaxies to train on and to test."""
    folder = tmp_path_factory.mktemp("many") / "many"
    return make_map_dataset(folder, LEAST_TO_TEST, populations=True)


@pytest.fixture
def on_many(many, tmp_path, monkeypatch):
    """Return a function that begins a session on a page of that data set."""
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    monkeypatch.setenv("GALMASS_DATA", str(many.path))

    def begin(page):
        session = SessionState(page=page)
        session.settle()
        return session

    return begin


def opened(session):
    session.insights = ["further"]
    return Explore(session).insights.views["further"]


def drawn(view):
    """Return the panels that are shown, by map."""
    panels = {key: parts(view, f"gm-map-{key}") for key in further_keys()}
    return [key for key, found in panels.items() if found and found[0].visible]


def test_explore_shows_the_maps_that_are_switched_on(on_rich):
    view = opened(on_rich)
    switches = widget(view, "gm-further")
    there = ["stars", "mass", "age", "metallicity", "V_gas", "sigma_gas"]
    assert list(switches.options.values()) == there
    assert "It has no maps of h₃, h₄: they come with galmass build" in texts(view)
    assert not parts(view, "gm-map-panel")
    switches.value = ["V_gas", "age"]
    assert on_rich.further == drawn(view) == ["age", "V_gas"]
    assert list(view.table["map"]) == ["age", "V_gas"]
    assert view.table["p16"].iloc[0] <= view.table["p84"].iloc[0] < 13.8
    on_rich.further = ["age"]
    assert drawn(view) == switches.value == ["age"]


def test_an_old_data_set_has_the_stars_and_says_what_it_lacks(session):
    view = opened(session)
    assert list(widget(view, "gm-further").options.values()) == ["stars"]
    assert "It has no maps of m*, age, Z, h₃, h₄, V_gas, σ_gas: they come" in texts(view)
    assert "--channels populations shapes gas" in texts(view)
    session.further = ["stars", "age"]  # of an address
    assert drawn(view) == ["stars"]


def test_the_four_maps_stay_four(on_rich):
    page = Explore(on_rich)
    assert len(parts(page.views[FourMaps], "gm-map-panel")) == 4


def test_compare_opens_the_panel_of_a_further_branch(on_many):
    session = on_many("compare")
    page = Compare(session)
    switches = widget(page, "gm-further")
    assert list(switches.options.values()) == POPULATIONS
    assert switches.value == []
    switches.value = ["age"]
    assert session.branches == "r+2V+age"
    assert "r+2V+age" in session.panels
    switches.value = ["stars", "age"]
    shown = texts(page)
    assert "galmass train many --experiment mstar/r+2V+stars+age" in shown
    assert "Train one</a>" in shown
    session.panels = ["r+2V+h3"]  # of an address
    assert "cannot be on this data set: it has no maps of h₃" in texts(page)
    session.branches = "r+2V+age"
    switches.value = []
    assert session.branches == "r+2V"


def test_train_offers_the_branches_that_are_there_and_orders_them(on_many):
    session = on_many("train")
    page = Train(session)
    rows = {key: widget(page, f"gm-branch-{key}") for key in further_keys()}
    assert [key for key in rows if is_shown(page, f"gm-branch-{key}")] == POPULATIONS
    rows["age"].value = True
    assert session.experiment == "mstar/r+2V+age"
    widget(page, "gm-branch-any").value = True
    assert not rows["age"].value
    assert session.experiment == "mstar/any"
    rows["age"].value = True
    assert session.experiment == "mstar/g,r+2V+age"


def test_the_gallery_shows_one_of_them_where_it_is_there(on_many, home_folder, monkeypatch):
    session = on_many("gallery")
    page = Gallery(session)
    switches = widget(page, "gm-gallery-map")
    assert list(switches.options.values()) == [*map_keys(), *POPULATIONS]
    switches.value = "age"
    assert page.grid.shown["head"].endswith("age along z")
    pictures = {thumbnail(session.data, session.galaxy, "z", key, "dark") for key in POPULATIONS}
    assert len(pictures) == len(POPULATIONS)
    monkeypatch.setenv("GALMASS_DATA", str(home_folder / "toys"))  # without ages
    session.open("toys")
    assert session.gallery_map == "r"
    assert list(switches.options.values()) == [*map_keys(), "stars"]
    correct(session, "?map=age")
    assert "map=age" in session.error


@pytest.fixture(scope="module")
def trained(many):
    """Two networks, one of which sees ages; the folder around their runs."""
    home, tiny = many.path.parent, TrainingConfig(width=0.05, epochs=1, batch=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GALMASS_HOME", str(home))
        for name, seen in (("old", "r+age"), ("plain", "r")):
            path = home / "runs" / name
            train_run(many, f"mstar/{seen}@{SIDE}", training=tiny, device="cpu", path=path)
    return home


@pytest.fixture
def why(on_many, trained, monkeypatch):
    """Why, of the network that sees ages."""
    monkeypatch.setattr(explanations, "shipped_runs", list)
    for key in ("r", "g-r"):
        monkeypatch.setitem(MAPS, key, replace(MAPS[key], pixels=SIDE))  # of these maps
    monkeypatch.setenv("GALMASS_HOME", str(trained))
    session = on_many("why")
    session.explained_run = "old"
    return settle(Why(session))


@pytest.mark.parametrize("best", ["old", "plain"])
def test_a_further_map_alone_puts_no_network_first(why, monkeypatch, best):
    monkeypatch.setattr(explanations, "_scatter", lambda run: float(run.name != best))
    assert explanations.networks(why.session.data)[0].name == best


def test_why_explains_what_the_network_sees_of_them(why):
    shown = why.views[WhyNetwork]
    assert drawn(shown) == ["age"]
    assert set(shown.table["map"]) == {"r", "age"}
    (panel,) = parts(shown, "gm-map-age")
    assert "adds" in "".join(pane.object for pane in panel.select(pn.pane.HTML))
    assert "age map" in ticks_of(why)
    why.session.explained_run = "plain"
    settle(why)
    assert drawn(shown) == []
    assert "age map" not in ticks_of(why)


def ticks_of(why):
    """Return what the bars of maps that are replaced are called."""
    (pane,) = why.views[WhyReplaced].__panel__().select(pn.pane.Bokeh)
    return list(pane.object.yaxis[0].major_label_overrides.values())


def test_a_galaxy_without_known_ages_is_not_explained_by_them(why, monkeypatch):
    everything = [("ages of stars are not known", np.array([True]))]
    monkeypatch.setattr(experiments, "unknown_inputs", lambda *_: everything)
    explanations.explain_by_network.cache_clear()
    why.session.los = "x"
    settle(why)
    assert "ages of stars are not known" in why.session.error


def test_a_notebook_and_a_file_have_them_too(rich):
    from io import BytesIO

    fits = pytest.importorskip("astropy.io.fits")
    name = rich.galaxy_names[0]
    maps, row = rich.maps(name, "z"), rich.row(name, "z")
    assert len(four_maps(maps, keys=("age", "V_gas"))) == 2
    with fits.open(BytesIO(maps_as_fits(maps, row))) as hdus:
        further = [hdu.name for hdu in hdus[5:]]
        assert further == ["MASS", "AGE", "METALLICITY", "V_GAS", "SIGMA_GAS"]
        np.testing.assert_array_equal(hdus["AGE"].data, maps.view("age"))
