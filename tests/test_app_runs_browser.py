"""The Runs page in a browser: runs are found, sorted, opened and compared by keys and pointer."""

import pytest
from served import wait_until_drawn

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser


def test_runs_are_searched_sorted_opened_and_compared(open_tab, dashboard):
    tab = open_tab(f"{dashboard}?page=runs&data=many")
    rows = tab.locator(".gm-run-table tbody tr")
    expect(rows).to_have_count(5)
    tab.get_by_role("button", name="σ [dex]").click()
    worst = "mstar/occupancy"
    expect(rows.first.get_by_role("button")).to_have_text(worst)
    tab.get_by_role("button", name="σ [dex]").click()
    expect(rows.last.get_by_role("button")).to_have_text(worst)

    search = tab.get_by_role("searchbox", name="Search runs, tags and notes")
    search.fill("R+2v finished")
    expect(rows).to_have_count(1)
    expect(tab.locator(".counted")).to_have_text("1 of 5")
    rows.first.get_by_role("button").press("Enter")
    expect(tab.locator(".gm-run-title h2")).to_have_text("mstar-r+2V-0")
    expect(tab.locator(".gm-run-data")).to_contain_text("here as it was")
    expect(tab.get_by_label("Notes", exact=True)).to_have_value("")
    expect(tab.locator(".gm-predict-selection button")).to_contain_text("all 200 galaxies")

    search.fill("")
    tab.get_by_role("checkbox", name="Compare mstar/r", exact=True).check()
    tab.get_by_role("checkbox", name="Compare mstar/2V", exact=True).check()
    expect(tab.locator(".gm-run-differences th[scope=col]")).to_have_text(
        ["mstar-r-0", "mstar-2V-0"]
    )
    expect(tab.locator(".gm-run-differences")).to_contain_text("log_mstar_1rhsm: σ")
    wait_until_drawn(tab)
    written = "listed=mstar-r%2B2V-0&ticked=mstar-r-0%3Bmstar-2V-0"
    tab.wait_for_function("text => location.search.includes(text)", arg=written)
    tab.set_viewport_size({"width": 390, "height": 900})
    tab.wait_for_function("() => document.documentElement.scrollWidth === 390")
    tab.reload()
    expect(tab.locator(".gm-run-title h2")).to_have_text("mstar-r+2V-0")
    expect(tab.locator(".gm-run-differences")).to_contain_text("configuration")
