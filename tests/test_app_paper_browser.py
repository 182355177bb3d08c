"""The Paper page in a real browser: contents, address, back, and a figure on a phone."""

import pytest


@pytest.fixture
def visit(open_tab, dashboard):
    """Open a figure."""

    def visit(figure, **how):
        page = open_tab(f"{dashboard}?page=paper&data=table&figure={figure}", **how)
        see(page, figure)
        return page

    return visit


def see(page, figure):
    """Wait until a figure is there, and how it was made."""
    page.locator("h2", has_text=f"Figure {figure}:").wait_for()
    page.locator("summary", has_text="How was this made").wait_for()


def test_contents_open_a_figure_by_key_and_back_returns(visit):
    page = visit("4")
    page.locator(".figures button", has_text="Figure 12").focus()
    page.keyboard.press("Enter")
    see(page, "12")
    page.locator(".gm-paper-panel .gm-square").nth(2).wait_for()
    page.wait_for_function("new URL(location).searchParams.get('figure') === '12'")
    assert page.locator(".figures [aria-current]").inner_text().startswith("Figure 12")
    page.go_back()
    see(page, "4")
    assert page.locator(".figures [aria-current]").inner_text().startswith("Figure 4")


def test_disclosure_opens_and_holds_both_calls(visit):
    page = visit("12")
    assert not page.locator(".how pre").first.is_visible()
    page.locator("summary", has_text="How was this made").click()
    said = " ".join(page.locator(".how pre").all_inner_texts())
    assert 'evaluate(experiment("ml/features"), data.samples' in said.replace("'", '"')
    assert "galmass train" in said


@pytest.mark.parametrize("figure", ["2", "12"])
def test_figure_fits_a_phone(visit, figure):
    page = visit(figure, width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".figures").bounding_box()["height"] < 80
