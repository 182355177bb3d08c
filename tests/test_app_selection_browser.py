"""One selection on every page, in a browser: boxes, thumbnails, undo, reload, worst and best."""

import re

import pytest
from served import FIGURES, wait_until_drawn

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser
BOXABLE = f"""{FIGURES}.filter(view => view.el.getBoundingClientRect().height > 0 &&
    view.model.toolbar.tools.some(tool => tool.type === 'BoxSelectTool'))"""
TAKE_BOX = f"""place => {{
    const view = {BOXABLE}[place]
    if (!view?.frame.bbox.width) return
    view.model.toolbar.tools.find(tool => tool.type === 'BoxSelectTool').active = true
    view.el.scrollIntoView({{ block: 'center' }})
    const box = view.el.getBoundingClientRect(), frame = view.frame.bbox
    return [box.left + frame.left, box.top + frame.top, frame.width, frame.height]
}}"""
PICKED = f"""() => {BOXABLE}.map(view => view.model.renderers.find(
    each => each.glyph.fill_color?.value === '#f2c14e')?.data_source.data)
    .map(data => data && Object.values(data)[0].length)"""


@pytest.fixture(scope="module")
def visit(open_lasting_tab, dashboard):
    """Open a page, and wait for a plot that boxes can be drawn in."""

    def visit(query, **how):
        page = open_lasting_tab(f"{dashboard}?data=many&{query}", **how)
        page.wait_for_function(f"{BOXABLE}.length > 0")
        return page

    return visit


@pytest.fixture(scope="module")
def page(visit):
    """A tab for the first tests of this file, at first on the Sample page."""
    return visit("page=sample")


def turn(page, name):
    page.locator(".gm-pages").get_by_role("button", name=name, exact=True).click()


def draw_box(page, place, left=0.25, right=0.75):
    """Draw a box over the middle of a plot, from top to bottom."""
    page.wait_for_function(TAKE_BOX, arg=place)
    wait_until_drawn(page)  # plots that arrive above move it
    x, y, width, height = page.evaluate(TAKE_BOX, place)
    page.mouse.move(x + left * width, y + 0.02 * height)
    page.mouse.down()
    page.mouse.move(x + 0.5 * width, y + 0.5 * height)
    page.mouse.move(x + right * width, y + 0.98 * height)
    page.mouse.up()


def count(page):
    """Return how many galaxies are selected, according to the bar."""
    text = page.locator(".bar b")
    expect(text).to_have_text(re.compile("^[0-9]+ of 200 galaxies$"))
    return int(text.inner_text().split()[0])


def test_box_on_the_sample_page_selects_shows_thumbnails_and_is_undone(page):
    draw_box(page, 0)
    chosen = count(page)
    assert 0 < chosen < 200
    expect(page.locator(".how").first).to_contain_text("box on")
    expect(page.locator(".four img")).to_have_count(4 * min(chosen, 20))
    assert page.locator(".four img").first.evaluate("image => image.naturalWidth") == 60
    page.wait_for_function(f"({PICKED})().every(length => length > 0)")
    card = page.locator(".gm-strip li button").nth(2)
    card.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".gm-in-view")).to_contain_text(card.locator("b").inner_text())
    page.keyboard.press("u")
    expect(page.locator(".bar b")).to_have_text("All 200 galaxies")
    expect(page.locator(".gm-strip")).to_be_hidden()
    page.wait_for_function(f"({PICKED})().every(length => length === 0)")


def test_selection_is_that_of_compare_too_and_a_reload_keeps_it(page):
    turn(page, "Explore")
    page.locator(".gm-scatter:visible").wait_for()
    draw_box(page, 0)
    chosen = count(page)
    page.wait_for_url(re.compile("only=.*log_mstar.*how=box"))
    turn(page, "Compare")
    page.locator(".chosen-rest").first.wait_for()
    page.wait_for_function(f"({PICKED})().every(length => length > 0)")
    page.reload()
    page.locator(".chosen-rest").first.wait_for()
    assert count(page) == chosen
    expect(page.locator(".chosen-rest").first).to_contain_text("others")


def test_box_on_an_error_strip_and_worst_twenty_select(page, dashboard):
    page.goto(f"{dashboard}?data=many&page=compare&panels=r;2V&branches=r")
    page.wait_for_function(f"{BOXABLE}.length > 1")
    draw_box(page, 1)
    expect(page.locator(".how").first).to_have_text(re.compile("^box on "))
    page.get_by_role("button", name="Select worst 20").click()
    expect(page.locator(".how").first).to_have_text("worst 20 of r")
    assert count(page) == 20
    notes = page.locator(".gm-strip li small")
    expect(notes).to_have_count(20)
    errors = [abs(float(note.split()[0].replace("−", "-"))) for note in notes.all_inner_texts()]
    assert errors == sorted(errors, reverse=True)


def test_saved_selection_is_there_for_the_next_visitor(page, visit):
    page.locator(".typing input").fill("2001, 3002")
    page.keyboard.press("Enter")
    expect(page.locator(".bar b")).to_have_text("2 of 200 galaxies")
    page.get_by_role("button", name="Save as…").click()
    page.get_by_label("Name of this selection").fill("two of them")
    page.keyboard.press("Enter")
    expect(page.locator(".how").first).to_have_text("saved: two of them")
    other = visit("page=sample", width=390, height=844)
    other.get_by_label("Saved selections").select_option("two of them")
    assert count(other) == 2
    expect(other.locator(".four img")).to_have_count(8)
    assert other.evaluate("document.documentElement.scrollWidth") == 390
