"""The plots of the Sample page in a real browser."""

import re

import numpy as np
import pytest
from sample_tables import make_relations
from served import FIGURES, wait_until_drawn

from galmass_core.datasets.dataset_tables import write_tables

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def visit(open_lasting_tab, dashboard):
    """Open the page of a data set, and wait for its plots."""

    def visit(data, query=""):
        page = open_lasting_tab(
            f"{dashboard}?page=sample&data={data.path.name}{query}", height=1500
        )
        page.get_by_text("drawing …").last.wait_for(state="detached")
        return page

    return visit


@pytest.fixture(scope="module")
def crowded(visit, home_folder):
    """The page of a data set of many points."""
    samples = make_relations(1100).assign(synthetic=True)
    page = visit(write_tables(home_folder / "points", samples, {"selection": {"too light": 12}}))
    page.wait_for_function(f"() => {FIGURES}.length === 6")
    return page


def test_six_plots_of_one_size_many_points_shaded(crowded):
    sizes = crowded.evaluate(f"{FIGURES}.map(v => [v.bbox.width, v.bbox.height])")
    assert len({tuple(np.round(size)) for size in sizes}) == 1
    shaded = "v => v.model.renderers.some(r => r.glyph.type === 'Image')"
    assert crowded.evaluate(f"{FIGURES}.filter({shaded}).length") == 3  # of one point a sample
    assert crowded.locator(".gm-tally .synthetic").is_visible()
    assert crowded.evaluate("document.documentElement.scrollWidth") <= 1400


def test_phone_needs_no_sideways_scrolling(crowded):
    crowded.set_viewport_size({"width": 390, "height": 1500})
    wait_until_drawn(crowded)
    assert crowded.evaluate("document.documentElement.scrollWidth") <= 390


def test_tapped_galaxy_is_named_and_stays_on_this_page_until_looked_at(visit, home_folder):
    few = make_relations(4).drop(columns="g_minus_r")
    page = visit(write_tables(home_folder / "four", few, {}), "&galaxy=1")
    page.wait_for_function(f"() => {FIGURES}.length === 5")
    page.locator(".gap", has_text="This data set has no colour").wait_for()
    target = page.evaluate(
        f"""() => {{
          const view = {FIGURES}.find(v =>
            v.model.below[0].axis_label?.startsWith("M_r"))
          const points = view.model.renderers.find(r => r.glyph.type === "Scatter").data_source.data
          const [x, y] = ["x", "y"].map(a => points[`faber-jackson_${{a}}`][9])
          const box = view.el.getBoundingClientRect()
          return [box.x + view.frame.x_scale.compute(x), box.y + view.frame.y_scale.compute(y)]
        }}"""
    )
    page.mouse.click(*target)
    page.locator(".gm-in-view h2", has_text="Subhalo 3").wait_for()
    page.wait_for_url(re.compile("page=sample.*galaxy=TNG.*3&los=x"))
    page.get_by_role("button", name="Explore it").click()
    page.wait_for_url(re.compile("^(?!.*page=).*galaxy=TNG.*3&los=x"))
