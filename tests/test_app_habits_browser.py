"""Habits in a real browser: back and forward, keys, exported figures, the tour, no barriers."""

import re
import struct
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from astropy.io import fits
from demo_folder import NAMES
from served import wait_until_drawn

from galmass_app.page import PAGES
from galmass_core.datasets.dataset import open_dataset

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser
UPSTREAM = set()
# The schemes differ in colours alone: in the light one only rules about colours are tried again.
RULES = {"dark": {}, "light": {"runOnly": ["color-contrast", "link-in-text-block"]}}


@pytest.fixture
def visit(open_tab, dashboard):
    """Open the dashboard, dark unless asked for otherwise."""

    def visit(query="", *, scheme="dark", **how):
        tab = open_tab(dashboard + query, color_scheme=scheme, **how)
        tab.locator(".gm-guide button").first.wait_for()
        tab.locator(".gm-page").first.wait_for()
        return tab

    return visit


@pytest.fixture(scope="module")
def long_open(open_lasting_tab, dashboard):
    """A tab for most tests of this file, dark at first."""
    tab = open_lasting_tab(dashboard, color_scheme="dark")
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


# Back, forward, and links


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


def test_address_typed_over_the_open_page_is_obeyed(tab, dashboard):
    tab.goto(dashboard + "?galaxy=3&los=y&x=sigma_v")
    expect_galaxy(tab, 3, "y")


def test_link_is_copied_with_a_sign_and_leads_to_the_same_view(tab):
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose_galaxy(tab, 4)
    press(tab, "gm-los", name="y")
    tab.wait_for_url(re.compile("los=y"))
    press(tab, "gm-address")
    expect(tab.locator(".gm-address").get_by_role("status")).to_have_text("✓ Link copied")
    tab.goto(tab.evaluate("navigator.clipboard.readText()"))
    expect_galaxy(tab, 4, "y")


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
        np.testing.assert_array_equal(hdus["SIGMA"].data, maps.view("sigma"))

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


# Keys, filter, tour


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


def test_tour_ends_and_is_remembered(visit):
    tab = visit(reduced_motion="reduce")
    guide = tab.locator(".gm-guide")
    guide.get_by_role("button", name="New here?").click()
    card = guide.get_by_role("dialog", name="A tour of the page")
    seen = []
    while True:
        seen.append(card.get_by_role("heading").inner_text())
        step = card.get_by_role("button").last
        last = step.inner_text() == "Done"
        step.click()
        if last:
            break
    assert seen[0] == "Four maps of one galaxy"
    assert len(seen) == len(set(seen)) >= 6
    expect(card).to_be_hidden()
    tab.reload()
    expect(guide.get_by_role("button", name="Keys, and a tour")).to_have_text("?")
    tab.keyboard.press("?")
    expect(tab.get_by_role("dialog", name="Keys")).to_be_visible()
    tab.get_by_role("button", name="Show me around").click()
    expect(card).to_be_visible()
    tab.keyboard.press("Escape")
    expect(card).to_be_hidden()


# For everyone


def barriers(tab, rules, *parts):
    """Return what is serious or critical on a page, or in parts of it, by rules of axe-core."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="extra [test]")
    options = {"resultTypes": ["violations"], **rules}
    context = {"include": [[part] for part in parts]} if parts else None
    found = axe.Axe().run(tab, context, options).response["violations"]
    return [
        f"{one['impact']} {one['id']}: {node['html']} at {node['target'][-1]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
        if (one["id"], node["html"]) not in UPSTREAM
    ]


@pytest.fixture(scope="module", params=PAGES)
def every_page(request, open_lasting_tab, dashboard):
    """Each page in turn, dark at first, and the number of galaxies that it shows."""
    key = request.param
    data, count = ("table", 100) if key == "features" else ("toys", 5)
    tab = open_lasting_tab(f"{dashboard}?page={key}&data={data}", color_scheme="dark")
    tab.locator(".gm-page").first.wait_for()
    yield tab, count
    tab.context.close()


def select(tab, text, result):
    box = tab.locator(".typing input")
    box.fill(text)
    box.press("Enter")
    expect(tab.locator(".bar b")).to_have_text(result)


@pytest.mark.parametrize("scheme", RULES)
def test_page_has_no_barrier_with_nothing_or_something_selected_or_open(every_page, scheme):
    tab, count = every_page
    rules = RULES[scheme]
    if tab.evaluate("document.documentElement.dataset.theme") != scheme:
        press(tab, "gm-theme")
    wait_until_drawn(tab)  # parts that come later are faded till then
    assert not barriers(tab, rules)

    box = tab.locator(".typing input")
    box.fill("no_such_column > 1")
    box.press("Enter")
    expect(tab.locator(".trouble")).to_be_visible()
    select(tab, "4, 2", f"2 of {count} galaxies")
    press(tab, "bar", name="Save as…")
    tab.get_by_label("Name of this selection").wait_for()
    wait_until_drawn(tab)
    assert not barriers(tab, rules)

    press(tab, "typing", name="What can be typed here")
    assert not barriers(tab, rules, ".selection")
    tab.keyboard.press("Escape")
    if tab.locator(".gm-download").first.is_visible():
        tab.locator(".gm-download").get_by_role("button").first.click()
        assert not barriers(tab, rules)
        tab.keyboard.press("Escape")
    first = tab.locator(".gm-guide").get_by_role("button", name="New here?")
    if first.is_visible():
        first.click()
    else:
        tab.keyboard.press("?")
        tab.get_by_role("button", name="Show me around").click()
    tab.get_by_role("dialog", name="A tour of the page").wait_for()
    assert not barriers(tab, rules, "header")
    tab.keyboard.press("Escape")
    tab.keyboard.press("?")
    expect(tab.get_by_role("dialog", name="Keys")).to_be_visible()
    assert not barriers(tab, rules, "header")
    tab.keyboard.press("Escape")
    select(tab, "", f"All {count} galaxies")


def test_words_select_on_every_page_and_nothing_moves(every_page):
    tab, count = every_page
    main = tab.locator("main")
    before = main.bounding_box()["y"]
    select(tab, "4; 2", f"2 of {count} galaxies")
    assert main.bounding_box()["y"] == before
    for width in (1400, 390):
        tab.set_viewport_size({"width": width, "height": 900})
        tab.wait_for_function("width => document.documentElement.scrollWidth === width", arg=width)
        bar = tab.locator(".bar").bounding_box()
        for part in tab.locator(".bar button:visible, .bar input:visible").all():
            place = part.bounding_box()
            assert bar["x"] <= place["x"] <= bar["x"] + bar["width"] - place["width"] + 1
