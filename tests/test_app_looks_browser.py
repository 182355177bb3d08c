"""What covers what, what fits, and what can be read, in a real Chromium."""

import re

import pytest
from served import FIGURES, wait_until_drawn

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser
TOOLBAR = f"""() => {{
  const view = {FIGURES}[0]
  const all = (root) => [...root.querySelectorAll("*")].flatMap(
    (one) => [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])])
  const bar = all(view.el.shadowRoot).find((one) => one.matches(".bk-Toolbar"))
  return [bar.getBoundingClientRect().height, getComputedStyle(bar).backgroundColor]
}}"""
INK = """(shown) => {  // text at the pointer, and its ground
  const all = (root) => [...root.querySelectorAll("*")].flatMap(
    (one) => [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])])
  const [found] = all(document).filter((one) => one.matches(shown) && one.checkVisibility())
  if (!found) return null
  const parts = [...found.shadowRoot.children].filter((one) => one.tagName !== "STYLE")
  return [getComputedStyle(found).backgroundColor, parts.map((one) => one.textContent).join("")]
}"""


@pytest.fixture(scope="module")
def tab(open_lasting_tab, dashboard):
    """A tab for the tests of this file, dark."""
    page = open_lasting_tab(dashboard, color_scheme="dark")
    page.locator(".gm-map canvas").first.wait_for()
    wait_until_drawn(page)
    return page


def heading(page):
    return page.locator(".gm-headline h1")


def test_enter_in_an_empty_box_keeps_the_galaxy(tab):
    box = tab.locator(".gm-id input")
    box.fill("3")
    box.press("Enter")
    expect(heading(tab)).to_have_text("Subhalo 3")
    box.fill("")
    box.press("Enter")
    expect(box).to_have_value("3")
    expect(heading(tab)).to_have_text("Subhalo 3")


def test_back_and_forward_survive_fast_use(tab):
    for subhalo in (2, 4, 5):
        box = tab.locator(".gm-id input")
        box.fill(str(subhalo))
        box.press("Enter")
        tab.wait_for_url(re.compile(f"galaxy=[^&]*{subhalo}(&|$)"))
    urls = "history.back(); setTimeout(() => history.back(), 30)"
    tab.evaluate(f"() => {{ {urls} }}")
    expect(heading(tab)).to_have_text("Subhalo 2")
    wait_until_drawn(tab)
    tab.evaluate(f"() => {{ {urls.replace('back', 'forward')} }}")
    expect(heading(tab)).to_have_text("Subhalo 5")
    tab.wait_for_url(re.compile(r"99%2F5"))
    tab.go_back()
    expect(heading(tab)).to_have_text("Subhalo 4")


def test_a_map_is_seen_through_its_toolbar(tab):
    tab.locator(".gm-map").first.hover()
    height, ground = tab.evaluate(TOOLBAR)
    assert 20 < height < 33
    assert ground == "rgba(0, 0, 0, 0)"


def test_numbers_at_the_pointer_have_minus_signs(tab):
    box = tab.locator(".gm-map").first.bounding_box()
    tab.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.7 * box["height"])
    _, text = tab.wait_for_function(INK, arg=".bk-Tooltip")
    assert "−" in text
    assert "-" not in text


def test_tooltip_of_a_switch_is_dark_in_the_dark_theme(tab):
    tab.locator(".gm-los").get_by_role("button", name="x").hover()
    ground, _ = tab.wait_for_function(INK, arg=".bk-Tooltip")
    assert max(map(int, re.findall(r"\d+", ground)[:3])) < 60
    tab.mouse.move(0, 0)


def test_alert_covers_nothing_it_speaks_of(tab):
    box = tab.locator(".gm-id input")
    box.fill("77")
    box.press("Enter")
    alert = tab.locator(".gm-not-found").get_by_role("alert").bounding_box()
    for below in (".gm-headline h1", ".gm-los"):
        other = tab.locator(below).bounding_box()
        apart = (
            alert["y"] + alert["height"] <= other["y"] or alert["y"] >= other["y"] + other["height"]
        )
        beside = (
            alert["x"] + alert["width"] <= other["x"] or alert["x"] >= other["x"] + other["width"]
        )
        assert apart or beside
    box.fill("1")
    box.press("Enter")
    expect(heading(tab)).to_have_text("Subhalo 1")


@pytest.mark.parametrize("width", [390, 320])
def test_header_fits_a_phone(tab, width):
    tab.set_viewport_size({"width": width, "height": 844})
    wait_until_drawn(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    parts = tab.evaluate("""() => ["header", "footer"].map((name) => {
      const one = document.querySelector(name), box = one.getBoundingClientRect()
      return [box.height, box.right, getComputedStyle(one).position]
    })""")
    (header, right, _), (_, _, footer) = parts
    assert header <= 100
    assert right <= width
    assert footer == "static"
    tab.set_viewport_size({"width": 1400, "height": 900})


def test_strip_says_that_it_scrolls(tab):
    bar = tab.locator(".gm-selection input").first
    bar.fill("log_mstar > 1")
    bar.press("Enter")
    tab.set_viewport_size({"width": 390, "height": 844})
    expect(tab.locator(".gm-strip .more")).to_contain_text("scroll →")
    tab.locator(".gm-strip ul").evaluate("list => list.scrollLeft = 1e4")
    expect(tab.locator(".gm-strip .more")).to_have_text("← scroll")
    tab.set_viewport_size({"width": 1400, "height": 900})
    expect(tab.locator(".gm-strip .more")).to_have_text("")
