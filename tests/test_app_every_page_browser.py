"""Each page in turn, opened once: no barriers, one selection, and a tour of what is in view."""

import time

import pytest
from barriers import RULES, barriers, change_scheme
from served import PATIENCE, visitors, wait_until_drawn

from galmass_app.page import PAGES
from galmass_app.views.frame.guide import tour

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser
COUNT = 200  # galaxies


@pytest.fixture(scope="module", params=PAGES)
def page(request, chromium, browser_context, dashboard):
    """Each page in turn, dark at first, with all that its tour points at; and its key."""
    key = request.param
    with visitors(chromium, browser_context) as open_tab:
        tab = open_tab(
            f"{dashboard}?page={key}&data=many", color_scheme="dark", reduced_motion="reduce"
        )
        for look, *_ in tour(key):
            tab.locator(f".{look}:visible").first.wait_for()
        yield tab, key


def select(tab, text, result):
    box = tab.locator(".typing input")
    box.fill(text)
    box.press("Enter")
    expect(tab.locator(".bar b")).to_have_text(result)


def open_what_opens(tab):
    """Open the form that saves a selection, and the first menu of exports."""
    name = tab.get_by_label("Name of this selection")
    if not name.is_visible():
        tab.locator(".bar").get_by_role("button", name="Save as…").click()
        name.wait_for()
    wait_until_drawn(tab)
    menu = tab.locator(".gm-download").first
    if menu.is_visible():
        menu.get_by_role("button").first.click()
        expect(menu.get_by_text("SVG", exact=True)).to_be_visible()


def test_page_has_no_barrier_with_nothing_or_something_selected_or_open(page):
    tab, _ = page
    wait_until_drawn(tab)  # parts that come later are faded till then
    assert not barriers(tab, "dark")

    box = tab.locator(".typing input")
    box.fill("no_such_column > 1")
    box.press("Enter")
    expect(tab.locator(".trouble")).to_be_visible()
    select(tab, "1000, 2001", f"2 of {COUNT} galaxies")
    for scheme in RULES:  # a selection draws every plot again, so once for both
        change_scheme(tab, scheme)
        open_what_opens(tab)
        assert not barriers(tab, scheme)
        tab.keyboard.press("Escape")

    select(tab, "", f"All {COUNT} galaxies")
    wait_until_drawn(tab)
    assert not barriers(tab, "light")


def test_words_select_on_every_page_and_nothing_moves(page):
    tab, _ = page
    main = tab.locator("main")
    before = main.bounding_box()["y"]
    select(tab, "1000; 2001", f"2 of {COUNT} galaxies")
    assert main.bounding_box()["y"] == before
    for width in (1400, 390):
        tab.set_viewport_size({"width": width, "height": 900})
        tab.wait_for_function("width => document.documentElement.scrollWidth === width", arg=width)
        bar = tab.locator(".bar").bounding_box()
        for part in tab.locator(".bar button:visible, .bar input:visible").all():
            place = part.bounding_box()
            assert bar["x"] <= place["x"] <= bar["x"] + bar["width"] - place["width"] + 1
    select(tab, "", f"All {COUNT} galaxies")


# The tour


def begin(tab):
    """Start the tour of a page, for the first time or once more."""
    first = tab.locator(".gm-guide").get_by_role("button", name="New here?")
    if first.is_visible():
        first.click()
    else:
        tab.keyboard.press("?")
        tab.get_by_role("button", name="Show me around").click()
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


@pytest.mark.parametrize("width", [390, 1400])
def test_tour_of_every_page_points_at_what_is_in_view_and_gives_the_focus_back(page, width):
    tab, key = page
    tab.set_viewport_size({"width": width, "height": 900})
    card = begin(tab)
    ring, stops = tab.locator(".gm-guide .ring"), tour(key)
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


def test_tour_of_every_page_is_left_by_escape(page):
    tab, _ = page
    card = begin(tab)
    expect(card).to_be_visible()
    tab.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(tab.locator(".gm-guide .open")).to_be_focused()


# What opens; this leaves it open


def test_what_opens_on_a_page_has_no_barrier(page):
    tab, key = page
    open_parts(tab, key)
    for scheme in RULES:
        change_scheme(tab, scheme)
        wait_until_drawn(tab)
        assert not barriers(tab, scheme)


def open_parts(tab, key):
    """Open all that a page has folded, and of Runs the log of one and what two differ in."""
    parts = tab.locator(".gm-insight-buttons:visible")
    for words in parts.locator("button:not(.bk-active)").all_inner_texts():
        parts.get_by_role("button", name=words, exact=True).click()
    wait_until_drawn(tab)
    if key == "runs":
        rows = tab.locator(".gm-run-table tbody tr:visible")
        for row in rows.all()[:2]:
            row.get_by_role("checkbox").check()
        rows.first.get_by_role("button").click()
        tab.locator(".gm-run-log summary").wait_for()
        wait_until_drawn(tab)
    folded = tab.locator("details:not([open]) > summary:visible")
    while folded.count():
        folded.first.click()
    wait_until_drawn(tab)
