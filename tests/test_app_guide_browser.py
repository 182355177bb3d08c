"""The tour in a browser: on every page it points at what is in view, and it can be left."""

import time

import pytest
from served import PATIENCE

from galmass_app.page import PAGES
from galmass_app.views.frame.tour import EVERYWHERE, TOUR

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser


@pytest.fixture
def visit(open_tab, dashboard):
    """Open a page, and wait until all that the tour points at has been drawn."""

    def visit(key):
        tab = open_tab(f"{dashboard}?page={key}&data=many", reduced_motion="reduce")
        for look, *_ in (*TOUR[key], *EVERYWHERE):
            tab.locator(f".{look}:visible").first.wait_for()
        return tab

    return visit


def begin(tab):
    """Start the tour of a page."""
    tab.locator(".gm-guide").get_by_role("button", name="New here?").click()
    return tab.get_by_role("dialog", name="A tour of the page")


def wait_for_ring(tab, ring, look, title):
    """Wait until the ring is around what it points at; a page may still move."""
    end = time.monotonic() + PATIENCE / 1000
    while distance(tab, ring, look) >= 9:
        assert time.monotonic() < end, title
        tab.wait_for_timeout(100)


def distance(tab, ring, look):
    """Return how far the ring is from what it points at."""
    around = ring.bounding_box()
    targets = [one.bounding_box() for one in tab.locator(f".{look}:visible").all()]
    return min(max(abs(around[axis] + 5 - target[axis]) for axis in "xy") for target in targets)


def begin_again(tab):
    tab.keyboard.press("?")
    tab.get_by_role("button", name="Show me around").click()


def follow(tab, card, key, width):
    """Go through the tour of a page; every stop points at what is in view."""
    ring, stops = tab.locator(".gm-guide .ring"), [*TOUR[key], *EVERYWHERE]
    for number, (look, title, words) in enumerate(stops, start=1):
        expect(card.get_by_role("heading")).to_have_text(title)
        expect(card.locator("small")).to_have_text(f"{number} of {len(stops)}")
        expect(card.locator("p")).to_have_text(words)
        wait_for_ring(tab, ring, look, title)
        around = ring.bounding_box()
        assert around["y"] < 900
        assert around["y"] + around["height"] > 0
        place = card.bounding_box()
        assert 0 <= place["x"] <= width - place["width"]
        assert 0 <= place["y"] <= 900 - place["height"]
        card.get_by_role("button").last.click()
    expect(card).to_be_hidden()
    expect(tab.locator(".gm-guide .open")).to_be_focused()


@pytest.mark.parametrize("key", PAGES)
def test_tour_of_every_page_points_at_what_is_in_view_and_gives_the_focus_back(visit, key):
    tab = visit(key)
    card = begin(tab)
    follow(tab, card, key, 1400)
    tab.set_viewport_size({"width": 390, "height": 900})
    begin_again(tab)
    follow(tab, card, key, 390)
    begin_again(tab)
    expect(card).to_be_visible()
    tab.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(tab.locator(".gm-guide .open")).to_be_focused()


def test_tour_can_be_left_when_the_focus_has_gone_elsewhere(visit):
    tab = visit("explore")
    card = begin(tab)
    tab.locator(".gm-next").get_by_role("button").focus()
    tab.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(tab.locator(".gm-guide .open")).to_be_focused()


def test_another_page_ends_the_tour_and_has_its_own(visit):
    tab = visit("explore")
    card = begin(tab)
    tab.locator(".gm-pages").get_by_role("button", name="Train").click()
    expect(card).to_be_hidden()
    tab.locator(".gm-go").wait_for()
    begin_again(tab)
    expect(card.get_by_role("heading")).to_have_text(TOUR["train"][0][1])
    tab.keyboard.press("Escape")


def test_stops_that_are_not_in_view_are_left_out(visit):
    tab = visit("train")
    tab.locator(".gm-dataset select").select_option("table")  # no maps, so nothing to order
    expect(tab.locator(".gm-go")).to_be_hidden()
    card = begin(tab)
    expect(card.get_by_role("heading")).to_have_text("All trainings")
