"""Habits in a real browser: the tour, back and forward, keys, exported figures."""

import re
import struct
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from astropy.io import fits
from barriers import RULES, barriers, change_scheme
from demo_folder import NAMES
from served import wait_until_drawn

from galmass_app.page import SHEETS
from galmass_app.views.frame.guide import tour
from galmass_core.datasets.dataset import open_dataset

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def long_open(open_lasting_tab, dashboard):
    """A tab for all tests of this file, dark at first."""
    still = "window.print = () => {}"  # else it ends at once, and takes its page away
    tab = open_lasting_tab(dashboard, script=still, color_scheme="dark", reduced_motion="reduce")
    tab.locator(".gm-map canvas").first.wait_for()
    return tab


@pytest.fixture
def tab(long_open):
    """A tab that has seen some use, back on the first galaxy along z."""
    press(long_open, "gm-los", name="z")
    choose_galaxy(long_open, 1)
    expect_galaxy(long_open, 1, "z")
    return long_open


def choose_galaxy(tab, subhalo):
    box = tab.locator(".gm-id input")
    box.fill(str(subhalo))
    box.press("Enter")
    expect_galaxy(tab, subhalo)
    box.blur()


def expect_galaxy(tab, subhalo, los=None):
    heading = tab.locator(".gm-headline h1")
    expect(heading).to_have_text(f"Subhalo {subhalo}")
    if los:
        expect(tab.locator(".gm-headline")).to_contain_text(f"along {los}")


def press(tab, css_class, **name):
    tab.locator(f".{css_class}").get_by_role("button", **name).click()


def test_focus_is_seen_on_every_control_of_the_header(long_open):
    tab = long_open  # nobody has clicked in it yet
    for _ in range(9):
        tab.keyboard.press("Tab")
        outline = tab.evaluate(
            """() => {
              let at = document.activeElement
              while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
              const { outlineStyle, outlineWidth } = getComputedStyle(at)
              return [at.outerHTML.slice(0, 80), outlineStyle !== "none" && outlineWidth !== "0px"]
            }"""
        )
        assert outline[1], outline[0]


# The tour, and a link


@pytest.fixture(scope="module")
def guide(long_open):
    return long_open.locator(".gm-guide")


@pytest.fixture(scope="module")
def card(guide):
    return guide.get_by_role("dialog", name="A tour of the page")


@pytest.fixture(scope="module")
def opened_again(long_open, guide, card):
    """The tab after its visitor went through the tour and opened the link that he copied.

    With it come the titles of the tour.
    """
    guide.get_by_role("button", name="New here?").click()
    seen = []
    while card.is_visible():
        seen.append(card.get_by_role("heading").inner_text())
        card.get_by_role("button").last.click()
    tab = long_open
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose_galaxy(tab, 4)
    press(tab, "gm-los", name="y")
    tab.wait_for_url(re.compile("los=y"))
    press(tab, "gm-address")
    expect(tab.locator(".gm-address").get_by_role("status")).to_have_text("✓ Link copied")
    tab.goto(tab.evaluate("navigator.clipboard.readText()"))
    return tab, seen


def test_copied_link_over_the_open_page_leads_to_the_same_view(opened_again):
    expect_galaxy(opened_again[0], 4, "y")


def test_tour_shows_each_stop_once_and_ends(opened_again):
    _, seen = opened_again
    assert seen[0] == "Four maps of one galaxy"
    assert len(seen) == len(set(seen)) >= 6


def test_tour_is_remembered_and_can_be_started_from_the_keys(opened_again, guide, card):
    tab, _ = opened_again
    expect(guide.get_by_role("button", name="Keys, and a tour")).to_have_text("?")
    begin_again(tab)
    expect(card).to_be_visible()
    tab.keyboard.press("Escape")
    expect(card).to_be_hidden()


def begin_again(tab):
    tab.keyboard.press("?")
    expect(tab.get_by_role("dialog", name="Keys")).to_be_visible()
    tab.get_by_role("button", name="Show me around").click()


def test_tour_can_be_left_when_the_focus_has_gone_elsewhere(tab, guide, card):
    begin_again(tab)
    tab.locator(".gm-next").get_by_role("button").focus()
    tab.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(guide.locator(".open")).to_be_focused()


# Back and forward


def test_back_and_forward_lead_through_galaxies_and_pages_as_they_were_left(tab):
    press(tab, "gm-next")
    expect_galaxy(tab, 2, "z")
    press(tab, "gm-los", name="x")  # no step of its own
    expect_galaxy(tab, 2, "x")
    press(tab, "gm-pages", name="Sample")
    tab.wait_for_url(re.compile("page=sample"))
    tab.go_back()
    expect_galaxy(tab, 2, "x")
    expect(tab.locator(".gm-pages .bk-active")).to_have_text("Explore")
    tab.go_back()
    expect_galaxy(tab, 1, "z")
    tab.go_forward()
    expect_galaxy(tab, 2, "x")
    assert "los=x" in tab.url
    press(tab, "gm-next")  # from here on another way
    expect_galaxy(tab, 3, "x")
    tab.go_back()
    expect_galaxy(tab, 2, "x")


# Exporting figures


def download(tab, menu, kind):
    """Export a figure by keyboard alone; return the file's name and content."""
    with tab.expect_download() as coming:
        choose(tab, menu, kind)
    return coming.value.suggested_filename, Path(coming.value.path()).read_bytes()


def choose(tab, menu, kind):
    button = tab.locator(".gm-download").nth(menu).get_by_role("button").first
    button.focus()
    tab.keyboard.press("Enter")
    for _ in range(5):  # one Tab for each kind before it
        tab.keyboard.press("Tab")
        if tab.locator(".gm-download").nth(menu).locator("button:focus").inner_text() == kind:
            break
    tab.keyboard.press("Enter")


def test_maps_are_exported_as_drawing_picture_page_and_fits(tab, home_folder):
    choose_galaxy(tab, 2)
    press(tab, "gm-los", name="x")
    expect_galaxy(tab, 2, "x")
    wait_until_drawn(tab)
    tab.locator(".gm-map canvas").first.wait_for()
    stem = f"toys_{NAMES[1].replace('/', '-')}_x_maps"

    name, drawing = download(tab, 0, "SVG")
    words = [text for text in ElementTree.fromstring(drawing).itertext() if text.strip()]
    assert name == f"{stem}.svg"
    assert {"Subhalo 2", "velocity map", "R_hsm"} <= set(words)  # letters, not pixels
    assert b"<ellipse" in drawing or b"<path" in drawing
    assert drawing.count(b"<image") == 4

    name, picture = download(tab, 0, "PNG")
    width, height = struct.unpack(">II", picture[16:24])
    assert name == f"{stem}.png"
    assert picture.startswith(b"\x89PNG")
    assert width > 2 * 1300
    assert len(picture) > 100_000  # not an empty page

    name, content = download(tab, 0, "FITS")
    with fits.open(BytesIO(content)) as hdus:
        maps = open_dataset(home_folder / "toys").maps(NAMES[1], "x")
        np.testing.assert_array_equal(hdus["SIGMA"].data, maps.meaningful("sigma"))

    choose(tab, 0, "PDF")
    frame = tab.locator("iframe.gm-print")
    frame.wait_for(state="attached")
    paper = tab.context.new_page()
    paper.set_content(frame.get_attribute("srcdoc"))
    assert paper.title() == stem
    (page,) = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed(paper))
    paper.close()
    assert [float(side) for side in page] == pytest.approx([0.375 * width, 0.375 * height], abs=2)


def printed(paper):
    return paper.pdf(prefer_css_page_size=True, print_background=True)


def test_menu_closes_on_escape_and_gives_the_focus_back(tab):
    menu = tab.locator(".gm-download").first
    menu.get_by_role("button").first.focus()
    tab.keyboard.press("Enter")
    expect(menu.get_by_text("SVG", exact=True)).to_be_visible()
    tab.keyboard.press("Escape")
    expect(menu.get_by_text("SVG", exact=True)).to_be_hidden()
    expect(menu.get_by_role("button").first).to_be_focused()


def test_a_figure_says_how_it_was_made_and_gives_the_focus_back(tab):
    menu = tab.locator(".gm-download").first
    menu.get_by_role("button").first.click()
    menu.get_by_text("How was this made", exact=True).click()
    dialog = menu.get_by_role("dialog", name="How was this made")
    expect(dialog).to_contain_text(f"data.maps('{NAMES[0]}', 'z')")
    expect(dialog).to_contain_text("toys: ")
    assert not barriers(tab, "dark")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    expect(menu.get_by_role("button").first).to_be_focused()


# Keys, filter


def test_keys_go_from_galaxy_to_galaxy_but_not_while_someone_types(tab):
    tab.keyboard.press("ArrowRight")
    expect_galaxy(tab, 2)
    tab.keyboard.press("x")
    expect_galaxy(tab, 2, "x")
    tab.keyboard.press("2")
    expect_galaxy(tab, 2, "y")
    tab.keyboard.press("ArrowLeft")
    expect_galaxy(tab, 1)
    tab.keyboard.press("r")
    expect(tab.locator(".gm-headline h1")).not_to_have_text("Subhalo 1")
    here = tab.locator(".gm-headline h1").inner_text()
    tab.locator(".typing input").focus()
    tab.keyboard.type("rxyz1")
    tab.keyboard.press("ArrowLeft")
    assert tab.locator(".typing input").input_value() == "rxyz1"
    tab.locator(".typing input").fill("")
    assert tab.locator(".gm-headline h1").inner_text() == here
    assert "los=y" in tab.url


def test_words_select_heavy_galaxies_and_a_typing_error_is_reported(tab):
    box, count = tab.locator(".typing input"), tab.locator(".bar b")
    expect(count).to_have_text("All 5 galaxies")
    box.fill("log_mstar > 9.82")
    box.press("Enter")
    expect(count).to_have_text("2 of 5 galaxies")
    expect_galaxy(tab, 4)
    press(tab, "gm-next")
    expect_galaxy(tab, 5)
    press(tab, "gm-next")
    expect_galaxy(tab, 4)
    box.fill("log_mstr > 9")
    box.press("Enter")
    trouble = tab.locator(".trouble")
    expect(trouble).to_contain_text("did you mean log_mstar")
    expect(count).to_have_text("2 of 5 galaxies")
    assert box.input_value() == "log_mstr > 9"  # to be put right
    box.press("Escape")
    expect(trouble).to_be_hidden()
    assert box.input_value() == "log_mstar > 9.82"
    box.fill("")
    box.press("Enter")
    expect(count).to_have_text("All 5 galaxies")


def test_help_lists_the_columns_and_puts_one_into_the_box(tab):
    box = tab.locator(".typing input")
    box.fill(" > 9.82")
    box.press("Home")
    press(tab, "typing", name="What can be typed here")
    help_ = tab.get_by_role("dialog", name="What can be typed here")
    expect(help_).to_contain_text("by subhalo ID")
    help_.get_by_role("button", name="log_mstar", exact=True).click()
    expect(help_).to_be_hidden()
    expect(box).to_be_focused()
    box.press("Enter")
    expect(tab.locator(".bar b")).to_have_text("2 of 5 galaxies")
    box.fill("")
    box.press("Enter")
    expect(tab.locator(".bar b")).to_have_text("All 5 galaxies")


# For everyone


@pytest.mark.parametrize("scheme", RULES)
def test_what_opens_in_the_header_has_no_barrier(tab, guide, card, scheme):
    change_scheme(tab, scheme)
    press(tab, "typing", name="What can be typed here")
    assert not barriers(tab, scheme, ".selection")
    tab.keyboard.press("Escape")
    begin_again(tab)
    expect(card).to_be_visible()
    assert not barriers(tab, scheme, "header")
    tab.keyboard.press("Escape")
    tab.keyboard.press("?")
    expect(tab.get_by_role("dialog", name="Keys")).to_be_visible()
    assert not barriers(tab, scheme, "header")
    tab.keyboard.press("Escape")


@pytest.mark.parametrize("scheme", RULES)
def test_sheets_have_no_barrier_and_close_on_escape(tab, scheme):
    change_scheme(tab, scheme)
    for name in SHEETS:
        tab.locator(".gm-dataset select").select_option(name)
        sheet = tab.locator("aside .gm-fetch:visible")
        sheet.get_by_role("button", name="Close").wait_for()
        wait_until_drawn(tab)
        assert not barriers(tab, scheme, "aside")
        tab.keyboard.press("Escape")
        expect(sheet).to_have_count(0)


@pytest.mark.parametrize("scheme", RULES)
def test_what_goes_wrong_is_said_without_a_barrier(tab, scheme):
    change_scheme(tab, scheme)
    box = tab.locator(".gm-id input")
    box.fill("77")
    box.press("Enter")
    expect(tab.locator(".gm-not-found").get_by_role("alert")).to_be_visible()
    assert not barriers(tab, scheme, "main")
    box.fill("1")
    box.press("Enter")
    expect(tab.locator(".gm-not-found").get_by_role("alert")).to_have_count(0)


# The tour of another page; this leaves the tab there


def test_another_page_ends_the_tour_and_has_its_own(tab, card):
    begin_again(tab)
    press(tab, "gm-pages", name="Train")
    expect(card).to_be_hidden()
    tab.locator(".gm-go").wait_for()
    begin_again(tab)
    expect(card.get_by_role("heading")).to_have_text(tour("train")[0][1])
    tab.keyboard.press("Escape")


def test_stops_that_are_not_in_view_are_left_out(long_open, card):
    tab = long_open  # on the Train page
    tab.locator(".gm-dataset select").select_option("table")  # no maps, so nothing to order
    expect(tab.locator(".gm-go")).to_be_hidden()
    begin_again(tab)
    expect(card.get_by_role("heading")).to_have_text("All trainings")
    tab.keyboard.press("Escape")
