"""The Compare page in a browser: a branch brings its panel, a tap its galaxy, a reload both."""

import re

import pytest
from served import FIGURES, PATIENCE

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser
RESTED = 6000  # ms until the page has made what it has not been asked for yet
SQUARES = f"""{FIGURES}.filter(
    v => v.model.below[0]?.axis_label?.startsWith('true') && v.el.getBoundingClientRect().width)"""


@pytest.fixture
def visit(open_tab, dashboard):
    """Open the page, and wait for a panel."""

    def visit(query="", **how):
        page = open_tab(f"{dashboard}?page=compare&data=many{query}", **how)
        page.locator(".gm-square canvas").first.wait_for()
        return page

    return visit


def panel(page, title):
    """Return the panel of that title."""
    return page.locator(".gm-compared").filter(
        has=page.get_by_role("heading", name=title, exact=True)
    )


def press(page, name):
    page.locator(".gm-branches").get_by_role("button", name=name, exact=True).click()


def test_branch_that_is_switched_brings_its_panel_and_a_reload_keeps_it(visit):
    page = visit("&panels=r%2B2V&branches=r%2B2V")
    expect(page.locator(".gm-square:visible")).to_have_count(1)
    press(page, "r")
    expect(panel(page, "V + σ").locator(".numbers")).to_contain_text("N = ", timeout=PATIENCE)
    expect(panel(page, "V + σ")).to_contain_text("against r + V + σ")
    page.wait_for_function(f"{SQUARES}.length === 2")
    ends = page.evaluate(f"{SQUARES}.map(v => [v.frame.x_range.start, v.frame.y_range.end])")
    assert ends[0] == ends[1]
    page.wait_for_url(re.compile("panels=r%2B2V%3B2V"))
    page.reload()
    expect(panel(page, "V + σ").locator(".numbers")).to_be_visible(timeout=PATIENCE)


def test_page_is_laid_out_once_for_a_branch_and_figures_lay_themselves_out(visit):
    page = visit("&panels=r%2B2V&branches=r%2B2V")
    page.wait_for_timeout(RESTED)
    page.evaluate(
        """() => {
            window.layouts = 0
            const root = Bokeh.index.roots.find(view => view.el.matches(".gm-main"))
            const { update_layout } = root
            root.update_layout = () => { layouts += 1; update_layout.call(root) }
        }"""
    )
    press(page, "r")
    page.wait_for_function(f"{SQUARES}.length === 2")
    expect(panel(page, "V + σ").locator(".numbers")).to_contain_text("N = ", timeout=PATIENCE)
    assert page.evaluate("layouts") == 1
    assert page.evaluate(f"{SQUARES}.every(view => view.is_layout_root)")


def test_combination_that_is_not_trained_leads_to_the_train_page(visit):
    page = visit("&panels=r%2B2V&branches=r%2B2V")
    press(page, "g−r")
    page.locator(".gap").get_by_text("Not trained").wait_for()
    page.locator(".gap").get_by_role("link", name="Train it").click()
    page.wait_for_url(re.compile("page=train.*experiment="))


def test_tap_shows_the_galaxy_and_marks_it_in_every_panel(visit):
    page = visit("&panels=r;2V")
    place = f"""() => {{
        const view = {SQUARES}[0], box = view?.el.getBoundingClientRect()
        const points = view?.model.renderers.map(r => r.data_source)
            .find(source => source.data.shade?.length)
        return points && [box.left + view.frame.x_scale.compute(points.data.x[5]),
            box.top + view.frame.y_scale.compute(points.data.y[5])]
    }}"""
    before = page.locator(".gm-compared-name").inner_text()
    page.mouse.click(*page.wait_for_function(place).json_value())
    expect(page.locator(".gm-compared-name")).not_to_have_text(before, timeout=PATIENCE)
    expect(page.locator(".gm-compared-galaxy .gm-map canvas").first).to_be_visible()
    marked = f"""{SQUARES}.map(v => v.model.renderers.map(r => r.data_source)
        .find(source => source.data.size)?.data.size.length)"""
    page.wait_for_function(f"({marked}).every(count => count === 3)")


def test_page_fits_a_phone(visit):
    page = visit(width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
