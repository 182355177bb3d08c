"""The Why page in a browser: pictures follow the galaxy in view, the address keeps the question."""

import re

import pytest
from demo_folder import write_demo_galaxies
from served import FIGURES, served

from galmass_core.datasets.build import build_dataset
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training.model_runs import train_run

pytestmark = pytest.mark.browser

SAID = ".gm-why-network .gm-why-said .numbers"
RINGS = f"""{FIGURES}.filter(v => v.model.below[0]?.axis_label?.startsWith('distance from'))
    .map(v => [...v.model.renderers.find(r => r.glyph.type === 'Line').data_source.data.added])"""


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    """A home folder of small galaxies and a network that saw them once."""
    home = tmp_path_factory.mktemp("home")
    cutouts = write_demo_galaxies(tmp_path_factory.mktemp("sources") / "cutouts", 8)
    toys = build_dataset([cutouts], home / "toys")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GALMASS_HOME", str(home))
        training = TrainingConfig(width=0.05, epochs=1, batch=4)
        path = home / "runs" / "tiny"
        train_run(toys, "mstar,mtot/r+2V@60", training=training, device="cpu", path=path)
    return toys.path


@pytest.fixture(scope="module")
def server(toys, tmp_path_factory):
    with served(toys, tmp_path_factory.mktemp("log"), "--warm") as address:
        yield address


@pytest.fixture
def visit(open_tab, server):
    """Open the page, and wait for the network's answer."""

    def visit(query="", **how):
        page = open_tab(f"{server}?page=why&asked=tiny{query}", **how)
        page.locator(SAID).wait_for()
        return page

    return visit


def test_pictures_and_words_follow_the_galaxy_in_view(visit):
    page = visit("&galaxy=1")
    page.wait_for_function(f"({RINGS}).length >= 3")
    before, rings = page.locator(SAID).inner_text(), page.evaluate(RINGS)
    page.locator(".gm-next").get_by_role("button").click()
    page.wait_for_function(f"before => JSON.stringify({RINGS}) !== before", arg=_json(page, rings))
    assert page.locator(SAID).inner_text() != before
    blind = page.locator(".gm-why-map", has_text="Not an input of this network.")
    assert blind.count() == 1  # g−r


def test_page_states_how_completely_pixels_account_for_the_prediction(visit):
    page = visit("&galaxy=2")
    number = r"[+−]\d\.\d{3}"
    lines = page.locator(".gm-why-lines p").inner_text()
    assert re.search(rf"All pixels add up to {number} of {number} dex", lines)
    assert re.search(rf"the truth is .* M☉ .*error {number} dex", page.locator(SAID).inner_text())


def test_question_is_kept_in_the_address(visit):
    page = visit()
    page.locator(".gm-why-target select").select_option("total mass inside R_hsm")
    page.wait_for_url(re.compile("target=log_mtot_1rhsm"))
    assert "asked=tiny" in page.url


def test_page_fits_a_phone(visit):
    page = visit("&galaxy=3", width=390, height=800)
    page.locator(".gm-why-lines p").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def _json(page, value):
    """Return a value as the browser writes it."""
    return page.evaluate("value => JSON.stringify(value)", value)
