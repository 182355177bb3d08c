"""Overrides of BokehJS, on a page of Bokeh alone: still needed, and harmless where they fail."""

import pytest
from bokeh.embed import file_html
from bokeh.models import Column, Div, Pane, Slider
from bokeh.plotting import figure
from bokeh.resources import INLINE
from served import FIGURES

from galmass_app.framework import scripts

pytestmark = pytest.mark.browser
LAYOUTS_OF_THREE_CHANGES = """async () => {
  const [root] = [...Bokeh.index.roots]
  const { update_layout } = root
  let layouts = 0
  root.update_layout = () => { layouts += 1; update_layout.call(root) }
  for (const part of root.model.children.slice(0, 3)) part.visible = false
  await new Promise((done) => setTimeout(done, 300))
  return layouts
}"""


def plot():
    """Return a figure with something in it."""
    made = figure(width=200, height=200)
    made.scatter([1, 2], [1, 2])
    return made


@pytest.fixture
def page(chromium):
    """A page of three words, a figure, and one in a pane; errors fail the test."""
    page, troubles = chromium.new_page(), []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    parts = [*(Div(text=word) for word in "abc"), plot(), Pane(elements=[plot()])]
    page.set_content(file_html(Column(children=parts), INLINE))
    page.wait_for_function("Bokeh.index.roots.length && Bokeh.documents[0].is_idle")
    yield page
    page.close()
    assert not troubles


def test_bokeh_alone_lays_out_for_each_change(page):
    assert page.evaluate(LAYOUTS_OF_THREE_CHANGES) == 3


def test_changes_together_are_laid_out_once(page):
    page.add_script_tag(content=scripts())
    assert page.evaluate(LAYOUTS_OF_THREE_CHANGES) == 1


def test_figure_in_a_pane_alone_lays_itself_out(page):
    figures = "[...Bokeh.index.query(view => view.model.type === 'Figure')]"
    roots = page.evaluate(f"{figures}.map(view => view.is_layout_root)")
    assert sorted(roots) == [False, True]


SHADOW = f"""() => {{  // of a plot that was red, after it is cleared: its corner's opacity
  const {{ primary }} = {FIGURES}[0].canvas
  primary.ctx.fillStyle = "red"
  primary.ctx.fillRect(0, 0, primary.canvas.width, primary.canvas.height)
  primary.prepare()
  primary.finish()
  return primary.ctx.getImageData(0, 0, 1, 1).data[3]
}}"""


def test_a_plot_leaves_no_shadow_at_its_edges(page):
    assert page.evaluate(SHADOW) > 0  # of Bokeh alone
    page.add_script_tag(content=scripts())
    assert page.evaluate(SHADOW) == 0


STOPS = f"""() => {FIGURES}.map(view => view.canvas.events_el.tabIndex)"""


@pytest.mark.parametrize(("overrides", "index"), [("// none", 0), (scripts(), -1)])
def test_tab_key_goes_past_plots(chromium, overrides, index):
    page = chromium.new_page()
    head, body = file_html(plot(), INLINE).rsplit("<body>", 1)
    page.set_content(f"{head}<body><script>{overrides}</script>{body}")
    page.wait_for_function("Bokeh.index.roots.length && Bokeh.documents[0].is_idle")
    assert page.evaluate(STOPS) == [index]
    page.close()


@pytest.mark.parametrize(("overrides", "name"), [("// none", None), (scripts(), "seeing")])
def test_handle_of_a_slider_has_its_name(chromium, overrides, name):
    page, slider = chromium.new_page(), Slider(title="seeing", start=0, end=9, step=1, value=2)
    head, body = file_html(slider, INLINE).rsplit("<body>", 1)
    page.set_content(f"{head}<body><script>{overrides}</script>{body}")
    handle = page.locator(".noUi-handle")
    handle.wait_for()
    assert handle.get_attribute("aria-label") == name
    page.close()


RUN_MODULE = """async () => {
  await new Promise((done) => setTimeout(done, 50))  // what evaluates us may evaluate text
  const { CustomJS } = Bokeh.require("models/callbacks/customjs")
  const script = new CustomJS({ code: "export default () => 6 * 7", module: true })
  return script.execute(null).catch(({ name }) => name)
}"""
NO_EVALUATION = (
    '<meta http-equiv="Content-Security-Policy" content="script-src \'unsafe-inline\' blob:">'
)


@pytest.mark.parametrize(("overrides", "answer"), [("// none", "EvalError"), (scripts(), 42)])
def test_modules_run_where_text_must_not_be_evaluated(chromium, overrides, answer):
    page = chromium.new_page()
    page.set_content(file_html(Div(text="a"), INLINE).replace("<head>", f"<head>{NO_EVALUATION}"))
    page.add_script_tag(content=overrides)
    assert page.evaluate(RUN_MODULE) == answer
    page.close()


@pytest.mark.parametrize(
    "bokeh",
    [
        "undefined",
        "{}",
        "{ require: () => undefined }",
        "{ require: () => ({ LayoutDOMView: class {}, CustomJS: class {} }) }",
    ],
)
def test_without_the_parts_of_bokeh_nothing_fails(chromium, bokeh):
    page, troubles = chromium.new_page(), []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.set_content(f"<script>var Bokeh = {bokeh}</script><script>{scripts()}</script>")
    page.close()
    assert not troubles
