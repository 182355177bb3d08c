"""The Diagnostics page in a browser: its table of slices is sorted and chosen from."""

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser


def test_slices_are_sorted_by_any_column_and_selected_by_a_click(open_tab, dashboard):
    page = open_tab(f"{dashboard}?page=diagnostics&data=many")
    table = page.locator(".gm-slice-table table")
    rows = table.locator("tbody tr")
    rows.first.wait_for()

    def numbers(column):
        cells = rows.locator(f"td:nth-child({column})").all_inner_texts()[1:]
        return [float(cell.split()[0].replace("−", "-")) for cell in cells if cell != "–"]

    assert numbers(3) == sorted(numbers(3), reverse=True)
    heading = table.get_by_role("button", name="bias [dex]")
    for _ in range(2):
        heading.click()
    expect(table.get_by_role("columnheader", name="bias [dex]")).to_have_attribute(
        "aria-sort", "ascending"
    )
    assert numbers(4) == sorted(numbers(4))
    assert rows.first.inner_text().startswith("all")
    rows.nth(1).get_by_role("button").press("Enter")
    expect(rows.nth(1)).to_have_attribute("aria-current", "")
    expect(page.get_by_text(", tested by ")).to_be_visible()
