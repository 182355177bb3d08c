"""The explorer as its visitors meet it: real Chromium, real server, small synthetic galaxies."""

import re

import numpy as np
import pytest
from demo_folder import NAMES
from served import FIGURES, wait_until_drawn

from galmass_core.datasets.dataset import open_dataset

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser
SHADE = "getComputedStyle(document.body).backgroundColor"
PEAK = f"""() => {{
  const image = {FIGURES}[0].model.renderers[0].data_source.data.image[0]
  return image.reduce((a, b) => Math.max(a, b), 0)
}}"""


@pytest.fixture(scope="module")
def toys(home_folder):
    return home_folder / "toys"


@pytest.fixture(scope="module")
def long_open(open_lasting_tab, dashboard):
    """A tab for the tests of this file, dark at first."""
    page = open_lasting_tab(dashboard, color_scheme="dark")
    wait_for_maps(page)
    return page


@pytest.fixture
def tab(long_open):
    """A tab that has seen some use, back on the first galaxy along z."""
    press(long_open, "gm-los", name="z")
    type_id(long_open, "1")
    expect_galaxy(long_open, NAMES[0])
    expect(long_open.locator(".gm-headline")).to_contain_text("along z")
    return long_open


def wait_for_maps(page):
    page.wait_for_function(f"() => window.Bokeh && {FIGURES}.length === 7")
    page.locator(".gm-map canvas").first.wait_for()


def expect_galaxy(page, name):
    """Wait for a galaxy's heading, and for its own r image in the first map."""
    title = f"Subhalo {name.rpartition('/')[2]}"
    expect(page.locator(".gm-headline h1")).to_have_text(title)


def expect_image(page, toys, name, los):
    """Wait until the first map is the r image of that sample."""
    peak = float(np.max(open_dataset(toys).maps(name, los).view("r")))
    page.wait_for_function(f"peak => Math.abs(({PEAK})() / peak - 1) < 1e-5", arg=peak)


def press(page, css_class, **name):
    page.locator(f".{css_class}").get_by_role("button", **name).click()


def type_id(page, text):
    box = page.locator(".gm-id input")
    box.fill(text)
    box.press("Enter")


def test_opens_on_four_square_maps_of_the_first_galaxy(long_open, toys):
    page = long_open
    expect_galaxy(page, NAMES[0])
    expect_image(page, toys, NAMES[0], "z")
    sides = f"{FIGURES}.slice(0, 4).flatMap(v => [v.frame.bbox.width, v.frame.bbox.height])"
    (side,) = set(page.evaluate(sides))
    assert 280 <= side <= 340
    expect(page.locator(".gm-headline .synthetic")).to_be_visible()
    expect(page.locator(".gm-work")).to_contain_text("ready")
    expect(page.locator(".gm-source")).to_contain_text("15 samples of 5 galaxies")


@pytest.fixture(scope="module")
def second(open_lasting_tab, dashboard):
    """A second tab, in which a button was pressed before the page was there."""
    page = open_lasting_tab(dashboard, color_scheme="dark", wait_until="commit")
    press(page, "gm-next")
    return page


def test_click_right_after_load_is_not_lost(second):
    expect_galaxy(second, NAMES[1])


def test_two_tabs_go_their_own_ways(tab, second):
    press(tab, "gm-previous")
    expect_galaxy(tab, NAMES[-1])
    expect_galaxy(second, NAMES[1])


def test_theme_changes_the_page_and_loses_nothing(tab):
    type_id(tab, "3")
    expect_galaxy(tab, NAMES[2])
    middle = f"{FIGURES}[2].model.renderers[0].glyph.color_mapper.palette[127]"
    assert tab.evaluate(SHADE) == "rgb(14, 17, 22)"
    press(tab, "gm-theme")
    tab.wait_for_function(f"() => {SHADE} === 'rgb(250, 251, 252)'")
    tab.wait_for_function(f"() => {middle} === '#ffffff'")
    expect_galaxy(tab, NAMES[2])
    press(tab, "gm-theme")
    tab.wait_for_function(f"() => {SHADE} === 'rgb(14, 17, 22)'")


def test_typing_an_id_shows_its_maps(tab, toys):
    type_id(tab, "3")
    expect_galaxy(tab, NAMES[2])
    expect_image(tab, toys, NAMES[2], "z")


def test_box_completes_an_id(tab):
    box = tab.locator(".gm-id input")
    box.fill("")
    box.press_sequentially("4")
    tab.locator(".gm-id .bk-menu").get_by_text("4", exact=True).click()
    expect_galaxy(tab, NAMES[3])


def test_line_of_sight_turns_the_galaxy(tab, toys):
    press(tab, "gm-los", name="x")
    expect_image(tab, toys, NAMES[0], "x")


def test_tap_in_the_scatter_shows_that_galaxy(tab, toys):
    row = open_dataset(toys).row(NAMES[4], "z")
    tab.locator(".gm-scatter").scroll_into_view_if_needed()
    place = tab.evaluate(
        f"""([x, y]) => {{
          const view = {FIGURES}.at(-1), box = view.el.getBoundingClientRect(), frame = view.frame
          return [box.left + frame.x_scale.compute(x), box.top + frame.y_scale.compute(y)]
        }}""",
        [row["log_mstar"], row["log_mtot_1rhsm"]],
    )
    tab.mouse.click(*place)
    expect_galaxy(tab, NAMES[4])
    expect_image(tab, toys, NAMES[4], "z")


def test_double_click_goes_two_galaxies_on(tab, toys):
    tab.locator(".gm-next").get_by_role("button").dblclick()
    expect_galaxy(tab, NAMES[2])
    expect_image(tab, toys, NAMES[2], "z")
    expect(tab.locator(".gm-work")).to_contain_text("ready")


def test_wrong_id_lists_the_nearest_and_nothing_is_lost(tab, toys):
    type_id(tab, "77")
    alert = tab.locator(".gm-not-found").get_by_role("alert")
    expect(alert).to_have_text("There is no subhalo 77 in toys. Nearest: 5, 4, 3.")
    expect(tab.locator(".gm-id input")).to_have_value("77")
    expect_galaxy(tab, NAMES[0])
    expect_image(tab, toys, NAMES[0], "z")
    type_id(tab, "5")
    expect_galaxy(tab, NAMES[4])
    expect(alert).to_have_count(0)


def test_zoom_is_shared_and_stays_until_another_galaxy_comes(tab, toys):
    ranges = f"{FIGURES}.slice(0, 4).map(v => [v.frame.x_range.start, v.frame.x_range.end])"
    tab.evaluate(f"{FIGURES}[0].frame.x_range.setv({{start: -1, end: 1}})")
    assert tab.evaluate(ranges) == [[-1, 1]] * 4
    press(tab, "gm-los", name="x")
    expect_image(tab, toys, NAMES[0], "x")
    assert tab.evaluate(ranges) == [[-1, 1]] * 4
    press(tab, "gm-next")
    half_width = open_dataset(toys).maps(NAMES[1], "x").half_width
    tab.wait_for_function(f"end => Math.abs({ranges}[3][1] - end) < 1e-6", arg=half_width)


@pytest.mark.parametrize(("width", "columns"), [(390, 1), (1000, 2)])
def test_narrow_pages_stack_the_maps_and_never_scroll_sideways(long_open, width, columns):
    page = long_open
    page.set_viewport_size({"width": width, "height": 844})
    wait_until_drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    boxes = [page.locator(".gm-map").nth(i).bounding_box() for i in range(4)]
    assert len({round(box["x"]) for box in boxes}) == columns
    assert all(abs(box["width"] - box["height"]) < 2 for box in boxes)


@pytest.fixture(scope="module")
def reloaded(long_open):
    """The tab after a galaxy, a line of sight, an axis and a theme were chosen, loaded again."""
    page = long_open
    type_id(page, "4")
    expect_galaxy(page, NAMES[3])
    press(page, "gm-los", name="y")
    page.locator(".gm-axis-x select").select_option(label="effective radius · R_e [kpc]")
    press(page, "gm-theme")
    page.wait_for_url(re.compile(r"galaxy=.*4.*los=y.*x=effective_radius"))
    page.reload()
    wait_for_maps(page)
    return page


def test_reload_brings_back_what_was_chosen(reloaded, toys):
    expect_galaxy(reloaded, NAMES[3])
    expect_image(reloaded, toys, NAMES[3], "y")
    assert "R_e" in reloaded.locator(".gm-axis-x select").input_value()


def test_reload_brings_back_the_theme(reloaded):
    assert reloaded.evaluate(SHADE) == "rgb(250, 251, 252)"
