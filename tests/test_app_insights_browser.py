"""What Explore opens, in Chromium: a card is tapped, stars are dragged, a pixel is tapped."""

import re
import shutil

import pytest
from served import wait_until_drawn
from survey_files import Disc, write_manga

from galmass_core.cli import main

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser


def test_cards_and_a_turned_galaxy(dashboard, open_tab):
    tab = open_tab(f"{dashboard}?galaxy=1&more=lines")
    cards = tab.locator(".gm-cards li button")
    expect(cards).to_have_count(3)
    cards.first.click()
    expect(tab.locator(".gm-headline p").first).to_contain_text("seen along x")
    expect(tab.locator(".gm-headline p").first).to_contain_text("PA of its light")

    tab.get_by_role("button", name="Any line of sight").click()
    expect(tab.locator(".gm-turn-text p")).to_contain_text("Drag the stars")
    wait_until_drawn(tab)
    facts = tab.locator(".gm-turn-facts p").first
    before = facts.inner_text()
    ball = tab.locator(".gm-ball-place")
    ball.scroll_into_view_if_needed()
    place = ball.bounding_box()
    x, y = place["x"] + 130, place["y"] + 130
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 40, y + 10, steps=4)
    tab.mouse.move(x + 70, y + 20, steps=4)
    tab.mouse.up()
    expect(facts).not_to_have_text(before)
    wait_until_drawn(tab)
    pixel = tab.locator(".gm-pixel-text h2")
    middle = pixel.inner_text()
    tab.locator(".gm-map-V").last.click(position={"x": 150, "y": 150})
    expect(pixel).not_to_have_text(middle)


def test_a_galaxy_through_a_telescope(dashboard, open_tab):
    tab = open_tab(f"{dashboard}?galaxy=1&more=telescope&tuned=least:5")
    title = tab.locator(".gm-telescope .gm-section h2").first
    expect(title).to_have_text("Through MaNGA")
    facts = tab.locator(".gm-telescope-text p").first
    expect(facts).to_contain_text("redshift 0.037")
    before = facts.inner_text()
    tab.get_by_role("button", name="As the preset").click()
    expect(facts).not_to_have_text(before)
    tab.get_by_role("button", name="SDSS").click()
    expect(title).to_have_text("Through SDSS")
    expect(tab.locator(".gm-set-seeing")).not_to_be_visible()
    expect(tab.locator(".gm-set-psf")).to_be_visible()
    wait_until_drawn(tab)


@pytest.fixture
def kept(home_folder, tmp_path, monkeypatch):
    """Keep an observed galaxy in the home folder of the dashboard."""
    monkeypatch.setenv("GALMASS_HOME", str(home_folder))
    write_manga(tmp_path / "maps.fits", Disc())
    assert main(["observe", str(tmp_path / "maps.fits"), "--keep"]) == 0
    yield
    shutil.rmtree(home_folder / "observations")


def test_an_observed_galaxy(kept, dashboard, open_tab):
    tab = open_tab(f"{dashboard}?more=observed")
    expect(tab.locator(".gm-observed-text b")).to_contain_text("Outside the training domain")
    expect(tab.locator(".gm-observed-table tbody tr")).to_have_count(1)
    expect(tab.locator(".gm-observed .gm-map-V canvas").first).to_be_visible()
    expect(tab.locator(".gm-observed .gm-map-r")).not_to_be_visible()
    tab.locator(".gm-observed-table tbody button").click()
    expect(tab).to_have_url(re.compile("observed=1-1-"))
    wait_until_drawn(tab)
