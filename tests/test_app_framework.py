"""Overrides of private parts: still needed, still fitting, and the page works without them."""

import ast
import asyncio
import inspect
import json
import re
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import AsyncMock, Mock

import panel as pn
import pytest
from bokeh.core.has_props import HasProps
from bokeh.core.json_encoder import serialize_json
from bokeh.core.properties import Color, Enum, Instance, Int, List, Override, Required, Seq
from bokeh.core.property.bases import Property
from bokeh.core.property.descriptors import PropertyDescriptor, UnsetValueError
from bokeh.core.property.instance import InstanceDefault
from bokeh.document import Document
from bokeh.document.models import DocumentModelManager
from bokeh.model import Model, util
from bokeh.models import Div, ImportedStyleSheet, InlineStyleSheet, Pane
from bokeh.plotting import figure
from bokeh.server.session import ServerSession
from panel.custom import JSComponent
from panel.io import document as panel_document
from panel.io.resources import CDN_DIST
from panel.io.state import state
from panel.theme.native import Native

from galmass_app import bokeh_models, framework
from galmass_app.bokeh_models import replacing
from galmass_app.framework import (
    CompletingInput,
    IsolatedLayout,
    SharedSheets,
    Text,
    Toggles,
    batched_update,
    embed_sheets,
    overriding,
)
from galmass_app.notebook import show  # with it, every module of the dashboard
from galmass_app.theme import WIDGETS, Look
from galmass_core.assets import asset
from galmass_core.datasets.dataset import open_dataset

APP = Path(__file__).resolve().parents[1] / "app"
OVERRIDING = {"framework", "bokeh_models"}
DOCUMENTED = {"_esm", "_handle_msg", "_send_msg", "_replace"}  # of components; of named tuples
PAGE = "{% extends base %}{% block contents %}{{ embed(roots.parts) }}{% endblock %}"
UPSTREAM = {"panel", "bokeh", "holoviews", "param"}


@pytest.fixture
def document():
    """A visitor's page on our own server."""
    document = Document()
    document.template_variables["dist_url"] = "static/extensions/panel/"
    before, pn.state.curdoc = pn.state.curdoc, document
    yield document
    pn.state.curdoc = before


def sheets(document):
    """Return the addresses of a page's style sheets."""
    return [sheet.url for sheet in document.select({"type": ImportedStyleSheet})]


def panes(document):
    """Return a page's panes, not what derives from them."""
    return [model for model in document.models if type(model) is Pane]


def add_and_change(document, update):
    """Add a part to a page and change it, in one update."""
    page = pn.Column(pn.pane.HTML("here before"), design=Look)
    document.add_root(page.get_root(document))
    part = pn.pane.HTML("new")
    with update():
        page.append(part)
        part.object = "and changed"


@pytest.fixture
def scans(monkeypatch):
    """A list that grows with each walk over all models of a page."""
    made, scan = [], DocumentModelManager.recompute
    monkeypatch.setattr(
        DocumentModelManager, "recompute", lambda models: (made.append(True), scan(models))
    )
    return made


# No other module has any.


def modules():
    """Return the modules of the dashboard other than those that may override."""
    return sorted(path for path in APP.rglob("*.py") if path.stem not in OVERRIDING)


def names_defined(tree):
    """Return what a module defines or assigns, attributes too."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()) | ast.Name(id=name, ctx=ast.Store()):
                yield name


def test_no_other_module_reads_private_parts_of_others():
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in modules()}
    own = {name for tree in trees.values() for name in names_defined(tree)} | DOCUMENTED
    found = [
        f"{path.relative_to(APP)}:{node.lineno} {ast.unparse(node)}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and node.attr not in own
    ]
    assert not found


def classes():
    """Return the classes of those modules."""
    return [
        found
        for name, module in list(sys.modules.items())
        if name.startswith("galmass_app.") and name.partition(".")[2] not in OVERRIDING
        for found in vars(module).values()
        if isinstance(found, type) and found.__module__ == name
    ]


def test_no_other_module_overrides_private_parts_of_others():
    assert len(classes()) > 20
    written = {
        (path.stem, node.name): set(names_defined(node))
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    found = [
        f"{cls.__module__}.{cls.__name__}.{name}"
        for cls in classes()
        for name in written.get((cls.__module__.rpartition(".")[2], cls.__name__), ())
        if name.startswith("_") and not name.startswith("__") and name not in DOCUMENTED
        for base in cls.__mro__[1:]
        if base.__module__.partition(".")[0] in UPSTREAM and name in vars(base)
    ]
    assert not found


# JavaScript stands in files.


def test_each_component_has_its_script_in_a_file_of_its_name():
    components = [cls for cls in classes() if issubclass(cls, JSComponent)]
    assert len(components) >= 9
    for cls in components:
        assert cls._esm == asset(f"{cls.__module__.rpartition('.')[2]}.js")


# Where upstream has changed, an override is dropped.


class Upstream:
    def draw(self, page):
        return "theirs"


def ours(base, **methods):
    """Return a class of ours that overrides these methods of another."""
    return overriding(*methods)(type("Ours", (base,), methods))


def test_method_of_the_same_arguments_is_overridden():
    assert ours(Upstream, draw=lambda self, page: "ours")().draw(None) == "ours"


def test_method_of_other_arguments_is_left_as_it_is():
    assert ours(Upstream, draw=lambda self: "ours")().draw(None) == "theirs"


def test_methods_that_belong_together_are_dropped_together():
    made = ours(Upstream, draw=lambda self, page: "ours", gone=lambda self: None)()
    assert made.draw(None) == "theirs"
    assert not hasattr(made, "gone")


def test_every_override_fits_these_versions():
    assert {"_get_objects", "_compute_sizing_mode"} <= set(vars(IsolatedLayout))
    assert "_patch_modifiers" in vars(SharedSheets)


# A layout of its own.


def test_isolated_figure_stands_in_a_pane(document):
    plot = figure()
    document.add_root(pn.Column(IsolatedLayout(plot, "gm-plot")).get_root(document))
    (pane,) = panes(document)
    assert pane.elements[0] is plot


def test_panel_has_no_component_for_a_pane():
    assert not hasattr(pn, "Pane")
    with pytest.raises(ValueError, match="Bokeh"):
        pn.pane.Bokeh(Pane())


def test_without_the_override_the_figure_stands_in_a_column(document, monkeypatch):
    monkeypatch.delattr(IsolatedLayout, "_get_objects")
    monkeypatch.delattr(IsolatedLayout, "_compute_sizing_mode")
    plot = figure()
    document.add_root(pn.Column(IsolatedLayout(plot, "gm-plot")).get_root(document))
    assert list(document.select({"type": type(plot)})) == [plot]
    assert not panes(document)


# One message, one walk.


def collections(pane, document, monkeypatch):
    """Return how often a change of a text has all properties collected, and its model's text."""
    model, made, collect = pane.get_root(document), [], pn.pane.HTML._get_properties
    document.add_root(model)
    monkeypatch.setattr(
        pn.pane.HTML, "_get_properties", lambda *given: (made.append(True), collect(*given))[1]
    )
    pane.object = "<b>a & b</b>"
    return len(made), model.text


def test_changed_text_is_all_that_is_sent(document, monkeypatch):
    pane = Text("before", stylesheets=[":host {}"], design=Look)
    assert collections(pane, document, monkeypatch) == (0, "&lt;b&gt;a &amp; b&lt;/b&gt;")


def test_panel_alone_collects_all_properties_for_a_changed_text(document, monkeypatch):
    pane = pn.pane.HTML("before", stylesheets=[":host {}"], design=Look)
    made, text = collections(pane, document, monkeypatch)
    assert made
    assert text == "&lt;b&gt;a &amp; b&lt;/b&gt;"


class Counted(list):
    """Options that count how often all are gone through."""

    times = 0

    def __iter__(self):
        Counted.times += 1
        return super().__iter__()


@pytest.mark.parametrize("kind", [CompletingInput, pn.widgets.AutocompleteInput])
def test_value_of_a_text_box_is_written_without_its_options_by_ours_alone(document, kind):
    box = kind(options=["1", "12"], restrict=False)
    model = box.get_root(document)
    document.add_root(model)
    box._param__private.values["options"] = Counted(["1", "12"])
    Counted.times = 0
    for value in ("12", "no option"):
        box.value = value
        assert model.value == value
    assert bool(Counted.times) == (kind is not CompletingInput)


def test_part_that_comes_and_changes_in_one_update_is_styled_from_our_server(document):
    add_and_change(document, batched_update)
    assert sheets(document)
    assert all(url.startswith("static/") for url in sheets(document))


def test_panel_that_freezes_styles_such_a_part_from_another_host(document):
    add_and_change(document, partial(pn.io.hold, freeze=True))
    assert any(url.startswith(CDN_DIST) for url in sheets(document))


@pytest.mark.parametrize("name", ["CDN_DIST", "patch_stylesheet"])
def test_without_the_names_of_sheets_the_part_is_there(document, monkeypatch, name):
    monkeypatch.setattr(framework, "resources", SimpleNamespace(**{name: None}))
    add_and_change(document, batched_update)
    assert list(document.select({"text": "and changed"}))


def test_changes_outside_a_page_are_made_too():
    pane = pn.pane.HTML("before")
    with batched_update():
        pane.object = "after"
    assert pane.object == "after"


def test_models_are_looked_for_once_and_only_if_there_may_be_new_ones(document, scans):
    pane = pn.pane.HTML("here before")
    page = pn.Column(pane, design=Look)
    document.add_root(page.get_root(document))
    scans.clear()
    with batched_update():
        pane.object = "other words"
    assert not scans
    with batched_update():
        page.append(pn.pane.HTML("new"))
        with batched_update():
            page.append(pn.pane.HTML("and another"))
    assert len(scans) == 1


def test_panel_alone_walks_for_each_change(document, scans):
    page = pn.Column(design=Look)
    document.add_root(page.get_root(document))
    scans.clear()
    with pn.io.hold():
        page.append(pn.pane.HTML("new"))
        page.append(pn.pane.HTML("and another"))
    assert len(scans) > 1


def test_panel_that_freezes_walks_also_where_nothing_is_new(document, scans):
    pane = pn.pane.HTML("here before")
    document.add_root(pane.get_root(document))
    scans.clear()
    with pn.io.hold(freeze=True):
        pane.object = "other words"
    assert scans


def test_bokeh_that_freezes_never_walks_again_after_an_error(document, scans):
    with pytest.raises(RuntimeError), document.models.freeze():
        raise RuntimeError
    scans.clear()
    document.models.invalidate()
    assert not scans


def test_update_that_fails_leaves_later_ones_whole(document):
    page = pn.Column(design=Look)
    document.add_root(page.get_root(document))
    with pytest.raises(RuntimeError), batched_update():
        raise RuntimeError
    with batched_update():
        page.append(pn.pane.HTML("new"))
    assert len(list(document.select({"text": "new"}))) == 1


def test_where_bokeh_walks_by_another_name_the_part_is_there(document, monkeypatch):
    def scan(models, recompute=DocumentModelManager.recompute):
        recompute(models)

    def unfreeze(models):
        models._freeze_count -= 1
        models.invalidate()

    monkeypatch.setattr(DocumentModelManager, "_pop_freeze", unfreeze)
    monkeypatch.setattr(
        DocumentModelManager, "invalidate", lambda models: models._freeze_count or scan(models)
    )
    monkeypatch.delattr(DocumentModelManager, "recompute")
    add_and_change(document, batched_update)
    assert list(document.select({"text": "and changed"}))


# Style sheets in a notebook.


@pytest.fixture
def cached(monkeypatch):
    """A sheet of a notebook's page that another host would serve."""
    sheet = ImportedStyleSheet(url=f"{CDN_DIST}bundled/theme/native.css?v=1")
    pages = {"page": {"text": InlineStyleSheet(css="p {}"), "address": sheet}}
    monkeypatch.setattr(framework, "state", SimpleNamespace(_stylesheets=pages))
    return sheet


def test_sheet_of_another_host_is_embedded(cached):
    embed_sheets()
    assert cached.url.startswith("data:text/css;base64,")


def test_panel_keeps_the_sheets_of_a_page_by_address(document):
    document.add_root(pn.Column(pn.pane.HTML("here"), design=Look).get_root(document))
    (kept,) = [found for doc, found in state._stylesheets.items() if doc is document]
    assert any(isinstance(sheet, ImportedStyleSheet) for sheet in kept.values())


@pytest.mark.parametrize("gone", ["state", "resources"])
def test_without_private_parts_sheets_stay_as_they_are(cached, monkeypatch, gone):
    before = cached.url
    monkeypatch.setattr(framework, gone, SimpleNamespace())
    embed_sheets()
    assert cached.url == before


# A sheet that all share.


class TextSheets(Native):
    """Our look without the override."""

    modifiers = Look.modifiers


def copies(document, design):
    """Return how often a page of three parts has our sheet."""
    parts = [pn.pane.HTML("one"), pn.pane.HTML("two")]
    template = pn.Template(PAGE, design=design)
    template.add_panel("parts", pn.Column(*parts))
    template.server_doc(document)
    texts = [one for model in document.models for one in getattr(model, "stylesheets", [])]
    models = {sheet.id for sheet in document.select({"type": InlineStyleSheet})}
    return texts.count(WIDGETS) + len(models)


def test_components_of_a_page_share_one_sheet(document):
    assert copies(document, Look) == 1


def test_panel_alone_copies_it_into_each(document):
    assert copies(document, TextSheets) == 3


def test_without_the_caches_of_panel_each_has_its_own(document, monkeypatch):
    monkeypatch.setattr(framework, "state", SimpleNamespace())
    assert copies(document, Look) == 3


def test_themes_of_panel_bring_colours_and_ours_none():
    assert Native().theme.base_css
    assert not Look().theme.base_css


def test_design_without_themes_of_its_own_is_whole(document, monkeypatch):
    monkeypatch.delattr(SharedSheets, "_themes")
    assert copies(document, Look) == 1


# Buttons that are answered at once.


@pytest.mark.parametrize(("kind", "waits"), [(Toggles, False), (pn.widgets.CheckButtonGroup, True)])
def test_toggles_are_answered_at_once(document, monkeypatch, kind, waits):
    buttons, waiting, soon = kind(options=["r", "V"]).get_root(document), [], []
    monkeypatch.setattr(Document, "session_context", True)
    monkeypatch.setattr(Document, "add_timeout_callback", lambda *call: waiting.append(call))
    monkeypatch.setattr(state, "execute", lambda call, schedule: soon.append(call))
    buttons.active = [1]  # as from the browser
    assert (len(waiting), len(soon)) == (waits, not waits)


# Changes before the page is complete.


def test_changes_are_sent_to_a_browser_only_after_the_document(document):
    document.add_root(Div(text=""))
    session = ServerSession("one", document, io_loop=Mock())
    browser = Mock(session=session, send_patch_document=AsyncMock())
    session.subscribe(browser)

    def change():
        with batched_update():
            document.roots[0].text += "!"

    async def change_first():
        pulled = asyncio.ensure_future(ServerSession.pull(Mock(header={"msgid": "1"}), browser))
        await asyncio.sleep(0)
        change()  # while the browser waits for the document: it is in there
        return pulled

    async def visit():
        await (await session.with_document_locked(change_first))
        assert not browser.send_patch_document.called
        await session.with_document_locked(change)

    asyncio.run(visit())
    assert [call.args[0].new for call in browser.send_patch_document.call_args_list] == ["!!"]


# Models with less work: what is replaced, and that models stay as upstream makes them.

REPLACED = {
    HasProps: ("themed_values", "__init__", "query_properties_with_values"),
    PropertyDescriptor: ("instance_default", "has_unstable_default"),
    Property: ("prepare_value",),
    util: ("visit_immediate_value_references",),
    type(pn.config): ("set",),
    ServerSession: ("_handle_pull",),
    panel_document: ("_drain_unconnected_events",),
}


class Part(Model):
    """A model in another."""


class Sized(Model):
    """A model with properties of several kinds."""

    width = Int(default=3)
    parts = List(Int, default=[1])
    others = List(Instance(Model), default=[])
    inner = Instance(Model, default=InstanceDefault(Part))
    look = Enum("flat", "round", default="flat")
    colours = Seq(Color, default=[])
    named = Required(Int)


class Wide(Sized):
    """One with another default."""

    width = Override(default=7)


def test_upstream_has_what_is_replaced():
    for owner, names in REPLACED.items():
        for name in names:
            replaced = inspect.unwrap(getattr(owner, name))
            assert replaced.__module__.partition(".")[2] in OVERRIDING, name


@pytest.fixture
def theirs(monkeypatch):
    """A class of upstream with one function."""

    class Theirs:
        def draw(self, page):
            return "theirs"

    monkeypatch.setattr(Theirs.draw, "__module__", "bokeh.pages", raising=False)
    return Theirs


def test_function_of_other_arguments_is_not_replaced(theirs):
    replacing(theirs, "draw")(lambda _: lambda self: "ours")
    replacing(theirs, "gone")(lambda _: lambda self: "ours")
    assert theirs().draw(None) == "theirs"
    assert not hasattr(theirs, "gone")


@pytest.mark.parametrize(("tested", "drawn"), [("3.", "ours"), ("2.", "theirs")])
def test_function_of_an_untested_version_is_not_replaced(theirs, tested, drawn, monkeypatch):
    monkeypatch.setitem(bokeh_models.TESTED, "bokeh", tested)
    replacing(theirs, "draw")(lambda _: lambda self, page: "ours")
    assert theirs().draw(None) == drawn


def written(folder, page):
    """Return a page as the browser gets it."""
    document = Document()
    document.add_root(show(open_dataset(folder), page).get_root(document))
    return serialize_json(document.to_json(deferred=False))


def complete(text):
    """Return a page with its defaults, as upstream reads and writes it, its IDs by their order."""
    text = serialize_json(Document.from_json(json.loads(text)).to_json(deferred=False))
    places = {}
    pattern = r"p\d{4,}|[A-Za-z]+\d{5}|[0-9a-f]{8}-[0-9a-f-]{27}"
    return re.sub(pattern, lambda found: f"id{places.setdefault(found[0], len(places))}", text)


@pytest.mark.parametrize("page", ["sample", "train"])
def test_pages_are_those_that_upstream_writes(page, home_folder, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(home_folder))
    monkeypatch.setattr("galmass_app.services._registered", {})  # other tests are no notebooks
    ours = written(home_folder / "toys", page)
    for owner, names in REPLACED.items():
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name).theirs)
    theirs = written(home_folder / "toys", page)
    assert len(theirs) > 100_000
    assert complete(ours) == complete(theirs)


def test_a_default_is_found_once_for_a_class_of_models(monkeypatch):
    plain, found = Sized(), []
    assert (plain.width, Wide().width) == (3, 7)
    monkeypatch.setattr(Sized, "_overridden_defaults", lambda: (found.append(True), {})[1])
    assert plain.width == 3
    assert not found


def test_defaults_of_models_with_a_theme_and_those_made_for_each_are_not_shared():
    plain, themed = Sized(), Sized()
    assert plain.width == 3
    themed.apply_theme({"width": 5})
    assert (themed.width, plain.width) == (5, 3)
    assert plain.inner is not themed.inner
    plain.parts.append(2)
    plain.others.append(Part())
    assert (themed.parts, themed.others) == ([1], [])


def test_a_default_that_was_changed_is_written_down_and_others_are_not():
    model = Sized(named=1)
    assert set(model.properties_with_values(include_defaults=False)) == {"inner", "named"}
    model.others.append(Part())
    written = model.properties_with_values(include_defaults=False)
    assert written == {"inner": model.inner, "named": 1, "others": model.others}
    assert model.references() == {model, model.inner, *model.others}


def test_a_missing_value_is_an_error():
    with pytest.raises(UnsetValueError):
        Sized().properties_with_values(include_defaults=False)


def test_a_word_is_checked_once_and_a_wrong_one_each_time(monkeypatch):
    palette, checked, check = ["#123456", "red"], [], Color.validate
    monkeypatch.setattr(Color, "validate", lambda *given: (checked.append(True), check(*given))[1])
    models = [Sized(colours=palette, look="round") for _ in range(3)]
    assert len(checked) == 2
    assert [model.colours for model in models] == [palette] * 3
    for _ in range(2):
        with pytest.raises(ValueError, match="look"):
            Sized(look="square")


def test_lists_of_words_are_copied_where_upstream_copies_them():
    names = ["a"]
    first, second = Part(tags=names), Part(tags=names)
    first.tags.append("b")
    assert (second.tags, names) == (["a"], ["a"])


def test_design_of_a_while_is_taken_back():
    before, seen = pn.config.design, []
    with suppress(RuntimeError), pn.config.set(design=Look):
        seen.append(pn.config.design)
        raise RuntimeError
    assert [*seen, pn.config.design] == [Look, before]
