"""The Paper page in a real browser: contents, address, back, and a figure on a phone."""

import re

import pytest
from served import wait_until_drawn

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_lasting_tab, dashboard):
    """A tab for all tests of this file, at first on Figure 4."""
    page = open_lasting_tab(f"{dashboard}?page=paper&data=table&figure=4")
    see(page, "4")
    return page


def turn_to(page, figure):
    """Open a figure from the contents."""
    page.locator(".figures button", has_text=re.compile(rf"\bFigure {figure}\b")).click()
    see(page, figure)


def see(page, figure):
    """Wait until a figure is there, and how it was made."""
    page.locator("h2", has_text=f"Figure {figure}:").wait_for()
    page.locator("summary", has_text="How was this made").wait_for()


def test_contents_open_a_figure_by_key_and_back_returns(page):
    page.locator(".figures button", has_text="Figure 12").focus()
    page.keyboard.press("Enter")
    see(page, "12")
    page.locator(".gm-paper-panel .gm-square").nth(2).wait_for()
    page.wait_for_function("new URL(location).searchParams.get('figure') === '12'")
    assert page.locator(".figures [aria-current]").inner_text().startswith("Figure 12")
    page.go_back()
    see(page, "4")
    assert page.locator(".figures [aria-current]").inner_text().startswith("Figure 4")


def test_disclosure_opens_and_holds_both_calls(page):
    turn_to(page, "12")
    assert not page.locator(".how pre").first.is_visible()
    page.locator("summary", has_text="How was this made").click()
    calls = " ".join(page.locator(".how pre").all_inner_texts())
    assert 'evaluate(experiment("ml/features"), data.samples' in calls.replace("'", '"')
    assert "galmass train" in calls


@pytest.mark.parametrize("figure", ["2", "12"])
def test_figure_fits_a_phone(page, figure):
    turn_to(page, figure)
    page.set_viewport_size({"width": 390, "height": 900})
    wait_until_drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".figures").bounding_box()["height"] < 80
