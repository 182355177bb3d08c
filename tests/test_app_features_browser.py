"""The Features page in a browser: a cell opens its scatter, a feature that goes changes all."""

import re
from functools import cache

import pytest
from served import FIGURES, wait_until_drawn

from galmass_app.views.features.correlations import related
from galmass_core.datasets.dataset import open_dataset

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra [test])")
expect = playwright.expect

pytestmark = pytest.mark.browser
SLOTS = ("importance", "losses", "correlations", "tablefive")
WATCHED = """
  window.tops = {}  // where each part was, and when
  function watch() {
    if (!window.tops) return  // a test has taken them
    for (const name of SLOTS) {
      const look = `gm-slot-${name}`
      const ours = (view) => view.model.css_classes?.includes(look)
      const view = window.Bokeh?.index && [...Bokeh.index.query(ours)][0]
      if (view) (tops[look] ??= []).push([view.el.getBoundingClientRect().y, performance.now()])
    }
    requestAnimationFrame(watch)
  }
  watch()
""".replace("SLOTS", str(list(SLOTS)))


@pytest.fixture(scope="module")
def visit(open_lasting_tab, dashboard):
    """Return the page in a window of a width, opened once; wait until something was learned."""

    @cache
    def visit(width):
        address = f"{dashboard}?page=features&data=learnable"
        page = open_lasting_tab(address, width=width, script=WATCHED)
        page.locator(".gm-result .numbers").wait_for()
        page.locator(".gm-matrix canvas").first.wait_for()
        return page

    return visit


# On a phone, where parts come one below the other, room for all of them would be an empty page
@pytest.mark.parametrize("width", [1400, pytest.param(1000, marks=pytest.mark.long)])
def test_nothing_jumps_when_plots_arrive(visit, width):
    page = visit(width)
    tops = page.evaluate("() => { const seen = tops; tops = null; return seen }")
    assert set(tops) == {f"gm-slot-{name}" for name in SLOTS}
    for name, places in tops.items():
        settled = [top for top, at in places if at > places[0][1] + 500]  # words wrap at first
        assert max(settled, default=0) - min(settled, default=0) <= 2, name


def test_nothing_jumps_with_the_measure(visit):
    page = visit(1400)
    top = """() => {
        const [view] = Bokeh.index.query((view) => view.model.css_classes?.includes("gm-losses"))
        return view.el.getBoundingClientRect().y + scrollY
    }"""
    before = page.evaluate(top)
    for measure in ("Mean |SHAP|", "Gain (the paper's)"):
        page.locator(".gm-measure select").select_option(label=measure)
        wait_until_drawn(page)
        assert page.evaluate(top) == before, measure


def test_click_on_a_cell_opens_its_scatter(visit, home_folder):
    page = visit(1400)
    wait_until_drawn(page)
    _, samples = related(open_dataset(home_folder / "learnable"), "log_mstar_1rhsm")
    keys = list(samples)
    size = len(keys)
    matrix = f"{FIGURES}.find(v => v.frame.x_range.end === {size - 0.5})"
    x, y = keys.index("sigma_v"), keys.index("f_star_1rhsm")
    page.locator(".gm-matrix").scroll_into_view_if_needed()
    place = f"""() => {{
        const view = {matrix}, edge = view?.el.getBoundingClientRect(), frame = view?.frame.bbox
        return frame?.width > 300 && edge.bottom < innerHeight + 40 &&
            [edge.x + frame.x, edge.y + frame.y, frame.width, frame.height]
    }}"""
    left, top, width, height = page.wait_for_function(place)
    page.mouse.click(left + width * (x + 0.5) / size, top + height * (y + 0.5) / size)
    page.locator(".gm-pair-words h2").get_by_text("f* against σ_v").wait_for()
    page.wait_for_function(
        f"{FIGURES}.some(v => v.model.xaxis?.[0]?.axis_label === 'σ_v [km/s]' ||"
        " v.model.below.some(axis => axis.axis_label === 'σ_v [km/s]'))"
    )


def test_unticking_m_r_changes_importance_and_scatter(visit):
    page = visit(1400)
    names = f"""{FIGURES}.flatMap(v => v.model.left.map(a => [...(a.major_label_overrides ?? [])]))
        .map(pairs => pairs.map(pair => pair[1])).find(names => names.includes('σ_v'))"""
    points = f"""{FIGURES}.flatMap(v => v.model.renderers)
        .map(r => r.data_source?.data?.predicted).find(values => values?.length === 198)?.[0]"""
    page.wait_for_function(f"({names})?.includes('M_r')")
    before = page.evaluate(points)
    numbers = page.locator(".gm-result .numbers").inner_text()
    page.locator(".gm-checkbox-abs_mag_r input").uncheck()
    page.wait_for_function(f"(({names})?.length === 9) && !({names}).includes('M_r')")
    page.wait_for_function(f"before => ({points}) !== before", arg=before)
    expect(page.locator(".gm-result .numbers")).not_to_have_text(numbers)
    page.wait_for_url(re.compile("features=g_minus_r"))


def test_page_fits_a_phone(visit):
    assert visit(390).evaluate("document.documentElement.scrollWidth") <= 390


def test_table_5_is_measured_when_its_button_is_pressed(visit):
    page = visit(390)
    page.locator(".gm-table-start button").click()
    page.locator(".gm-table-five").get_by_text("not comparable", exact=True).first.wait_for()
    assert page.locator(".gm-table-five tr").count() == 10
