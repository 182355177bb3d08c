"""The Compare page in a browser: a branch brings its panel, a tap its galaxy, a reload both."""

import re

import pytest
from served import FIGURES, wait_until_drawn

from galmass_app.comparison import MOST

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser
SQUARES = f"""{FIGURES}.filter(
    v => v.model.below[0]?.axis_label?.startsWith('true') && v.el.getBoundingClientRect().width)"""


def panel(page, title):
    """Return the panel of that title."""
    return page.locator(".gm-compared").filter(
        has=page.get_by_role("heading", name=title, exact=True)
    )


def press(page, name):
    page.locator(".gm-branches").get_by_role("button", name=name, exact=True).click()


@pytest.fixture(scope="module")
def switched(open_lasting_tab, dashboard):
    """A page on which a branch was switched off; ``layouts`` in it counts those since."""
    address = f"{dashboard}?page=compare&data=many&panels=r%2B2V&branches=r%2B2V"
    page = open_lasting_tab(address)
    page.locator(".gm-square canvas").first.wait_for()
    expect(page.locator(".gm-square:visible")).to_have_count(1)
    page.locator(".gm-square").nth(MOST - 1).wait_for(state="attached")  # all are prepared
    wait_until_drawn(page)
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
    expect(panel(page, "V + σ").locator(".numbers")).to_contain_text("N = ")
    return page


def test_page_is_laid_out_once_for_a_branch(switched):
    layouts = switched.evaluate("layouts")
    assert 1 <= layouts <= 2  # on a slow machine the status line may change after the panel


def test_figures_lay_themselves_out(switched):
    assert switched.evaluate(f"{SQUARES}.every(view => view.is_layout_root)")


def test_branch_that_is_switched_brings_its_panel(switched):
    expect(panel(switched, "V + σ")).to_contain_text("against r + V + σ")


def test_panels_share_their_axes(switched):
    ends = switched.evaluate(f"{SQUARES}.map(v => [v.frame.x_range.start, v.frame.y_range.end])")
    assert ends[0] == ends[1]


def test_tap_shows_the_galaxy_and_marks_it_in_every_panel(switched):
    page = switched
    place = f"""() => {{
        const view = {SQUARES}[0], box = view?.el.getBoundingClientRect()
        const points = view?.model.renderers.map(r => r.data_source)
            .find(source => source.data.shade?.length)
        return points && [box.left + view.frame.x_scale.compute(points.data.x[5]),
            box.top + view.frame.y_scale.compute(points.data.y[5])]
    }}"""
    wait_until_drawn(page)  # what arrives above moves the points
    before = page.locator(".gm-compared-name").inner_text()
    page.mouse.click(*page.wait_for_function(place))
    expect(page.locator(".gm-compared-name")).not_to_have_text(before)
    expect(page.locator(".gm-compared-galaxy .gm-map canvas").first).to_be_visible()
    marked = f"""{SQUARES}.map(v => v.model.renderers.map(r => r.data_source)
        .find(source => source.data.size)?.data.size.length)"""
    page.wait_for_function(f"({marked}).every(count => count === 3)")


def test_page_fits_a_phone(switched):
    page = switched
    page.set_viewport_size({"width": 390, "height": 844})
    wait_until_drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.set_viewport_size({"width": 1400, "height": 900})


def test_reload_keeps_the_panels(switched):
    switched.wait_for_url(re.compile("panels=r%2B2V%3B2V"))
    switched.reload()
    expect(panel(switched, "V + σ").locator(".numbers")).to_be_visible()


def test_combination_that_is_not_trained_leads_to_the_train_page(switched):
    page = switched
    press(page, "g−r")
    page.locator(".gap").get_by_text("Not trained").wait_for()
    page.locator(".gap").get_by_role("link", name="Train one for every set of maps").click()
    page.wait_for_url(re.compile("page=train.*experiment="))
