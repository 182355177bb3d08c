"""The Why page in a browser: pictures follow the galaxy in view, the address keeps the question."""

import re

import pytest
from demo_folder import write_demo_galaxies
from served import FIGURES, wait_until_drawn

from galmass_core.datasets.build import build_dataset
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training.model_runs import train_run

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser

ANSWER = ".gm-why-network .gm-why-said .numbers"
RINGS = f"""{FIGURES}.filter(v => v.model.below[0]?.axis_label?.startsWith('distance from'))
    .map(v => [...v.model.renderers.find(r => r.glyph.type === 'Line').data_source.data.added])"""


@pytest.fixture(scope="module")
def explained(home_folder, tmp_path_factory):
    """Name of a data set of small galaxies, with a network that saw them once."""
    cutouts = write_demo_galaxies(tmp_path_factory.mktemp("sources") / "cutouts", 8)
    data = build_dataset([cutouts], home_folder / "explained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GALMASS_HOME", str(home_folder))
        training = TrainingConfig(width=0.05, epochs=1, batch=4)
        path = home_folder / "runs" / "tiny"
        train_run(data, "mstar,mtot/r+2V@60", training=training, device="cpu", path=path)
    return data.path.name


@pytest.fixture(scope="module")
def page(open_lasting_tab, dashboard, explained):
    """A tab for all tests of this file, with the network's answer on the first galaxy."""
    page = open_lasting_tab(f"{dashboard}?page=why&data={explained}&asked=tiny&galaxy=1")
    page.locator(ANSWER).wait_for()
    return page


def test_pictures_and_words_follow_the_galaxy_in_view(page):
    page.wait_for_function(f"({RINGS}).length >= 3")
    before, rings = page.locator(ANSWER).inner_text(), page.evaluate(RINGS)
    page.locator(".gm-next").get_by_role("button").click()
    page.wait_for_function(f"before => JSON.stringify({RINGS}) !== before", arg=_json(page, rings))
    expect(page.locator(ANSWER)).not_to_have_text(before)
    blind = page.locator(".gm-why-map", has_text="Not an input of this network.")
    assert blind.count() == 1  # g−r


def test_page_states_how_completely_pixels_account_for_the_prediction(page):
    number = r"[+−]\d\.\d{3}"
    lines = page.locator(".gm-why-lines p").inner_text()
    assert re.search(rf"All pixels add up to {number} of {number} dex", lines)
    assert re.search(rf"the truth is .* M☉ .*error {number} dex", page.locator(ANSWER).inner_text())


def test_question_is_kept_in_the_address(page):
    page.locator(".gm-why-target select").select_option("total mass inside R_hsm")
    page.wait_for_url(re.compile("target=log_mtot_1rhsm"))
    assert "asked=tiny" in page.url


def test_page_fits_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.locator(".gm-why-lines p").wait_for()
    wait_until_drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def _json(page, value):
    """Return a value as the browser writes it."""
    return page.evaluate("value => JSON.stringify(value)", value)
