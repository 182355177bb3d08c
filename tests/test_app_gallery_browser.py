"""The Gallery in a browser: many galaxies scroll, only those in view are in the page."""

import re

import pytest
from served import wait_until_drawn

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser
_STEPS = 20
_SCROLL = """async ([steps, by]) => {
  const all = (root) => [...root.querySelectorAll("*")].flatMap(
    (one) => [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])])
  const frame = all(document).find((one) => one.className === "gallery-frame")
  for (let step = 0; step < steps; step++) {
    frame.scrollTop += by
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
  }
}"""
_PICTURE = re.compile("^data:image/png;base64,")


def layouts(cdp):
    """Return how often the browser has laid out a page."""
    metrics = cdp.send("Performance.getMetrics")["metrics"]
    return next(each["value"] for each in metrics if each["name"] == "LayoutCount")


def test_gallery_scrolls_to_its_end_draws_what_is_in_view_and_a_tap_selects(open_tab, dashboard):
    tab = open_tab(f"{dashboard}?page=gallery&data=many&order=log_mstar", width=700)
    frame, cards = tab.locator(".gallery-frame"), tab.locator(".gallery-field button")
    expect(tab.locator(".gm-gallery [role=status]")).to_contain_text("200 of 200 galaxies")
    expect(cards.first.locator("img")).to_have_attribute("src", _PICTURE)
    assert cards.count() < 200
    frame.evaluate("frame => { frame.scrollTop = frame.scrollHeight }")
    last = tab.locator(".gallery-field button[data-at='199']")
    expect(last.locator("img")).to_have_attribute("src", _PICTURE)
    expect(tab.locator(".gallery-field button[data-at='0']")).to_have_count(0)
    assert cards.count() < 200

    cdp = tab.context.new_cdp_session(tab)
    cdp.send("Performance.enable")
    before = layouts(cdp)
    tab.evaluate(_SCROLL, [_STEPS, -1000])
    assert layouts(cdp) - before < 4 * _STEPS  # not one for each card
    frame.evaluate("frame => { frame.scrollTop = frame.scrollHeight }")
    expect(last.locator("img")).to_have_attribute("src", _PICTURE)

    last.click()
    expect(last).to_have_attribute("aria-current", "")
    last.press("ArrowLeft")
    before = tab.locator(".gallery-field button[data-at='198']")
    expect(before).to_be_focused()
    before.press("Enter")
    expect(before).to_have_attribute("aria-current", "")
    wait_until_drawn(tab)
    tab.locator(".gm-embedding-source select").select_option(label="pixels of r")
    tab.locator(".gm-embed button").click()
    expect(tab.locator(".gm-embedding .gm-foot")).to_contain_text("of the variance")
    tab.set_viewport_size({"width": 390, "height": 900})
    tab.wait_for_function("() => document.documentElement.scrollWidth === 390")
