"""All overrides of private parts of Panel, Bokeh and BokehJS; only `bokeh_models` has others.

Each says which behaviour of upstream it changes, in which versions that was seen, and how the page
is without it. Where upstream no longer has the private part, or it takes other arguments, the
override is not used and the page works without it. Tests fail when upstream changes: then look
whether the override is still needed.

`_esm`, `_handle_msg` and `_send_msg` of Panel's components are documented for use in subclasses.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import signature
from threading import Lock
from typing import Any, ClassVar
from weakref import WeakSet

import panel as pn
from bokeh.document import Document
from bokeh.document.events import DocumentChangedEvent, DocumentPatchedEvent, MessageSentEvent
from bokeh.model import Model
from bokeh.models import CustomJS, ImportedStyleSheet, InlineStyleSheet, Pane
from bokeh.server.session import ServerSession
from panel.io import document as panel_document
from panel.io import resources
from panel.io.state import state
from panel.theme.base import Theme
from panel.theme.native import Native
from pyviz_comms import Comm

from galmass_app.bokeh_models import replacing
from galmass_core.assets import asset

# overrides of BokehJS, each described in its file
SCRIPTS = ("clear.js", "focus.js", "layout.js", "minus.js", "modules.js", "sliders.js")


def scripts() -> str:
    """Return the overrides of BokehJS, to run after its own scripts."""
    return "\n".join(asset(name).read_text(encoding="utf-8") for name in SCRIPTS)


def overriding(*names: str) -> Callable[[type], type]:
    """Decorate a class that overrides methods: drop all of them if upstream has others.

    Parameters
    ----------
    *names : str
        Methods that the class overrides and that belong together.
    """

    def check(cls: type) -> type:
        if not all(_is_as_upstream(cls, name) for name in names):
            for name in names:
                delattr(cls, name)
        return cls

    return check


def _is_as_upstream(cls: type, name: str) -> bool:
    """Return whether a method overrides one that takes the same arguments."""
    theirs = getattr(super(cls, cls), name, None)
    ours = getattr(cls, name)
    return theirs is not None and [*signature(ours).parameters] == [*signature(theirs).parameters]


@overriding("_get_objects", "_compute_sizing_mode")
class IsolatedLayout(pn.Column):
    """As wide as its parent, with one object that never changes, and laid out on its own.

    Upstream (Bokeh 3.9.2): every change lays out all figures of a page again, except for those
    inside a `bokeh.models.Pane`, which Panel 1.9.4 has no component for. On a page with many
    figures each click would wait for that.
    Without it: a plain column; the page is the same but slower.
    """

    def __init__(self, figure: object, *css_classes: str) -> None:
        super().__init__(
            pn.panel(figure, sizing_mode="stretch_width"),
            css_classes=list(css_classes),
            sizing_mode="stretch_width",
        )

    def _get_objects(
        self,
        model: Model,
        old_objects: list[pn.viewable.Viewable],
        doc: Document,
        root: Model,
        comm: Comm | None = None,
    ) -> tuple[list[Model], list[Model]]:
        """Put the models of the object into a pane."""
        models, old = super()._get_objects(model, old_objects, doc, root, comm)
        return [Pane(elements=models)], old

    def _compute_sizing_mode(self, children: list[Model], props: dict[str, Any]) -> dict[str, Any]:
        """Leave the size to the style sheet: a pane has none."""
        return {}


@overriding("_update")
class Text(pn.pane.HTML):
    """HTML of which a change sends the new text and nothing else.

    Upstream (Panel 1.9.4): all properties of the model are collected again, with new style sheets,
    which takes ten times as long.
    Without it: the same page from a slower server.
    """

    def _update(self, ref: str, model: Model) -> None:
        """Set the text of the model."""
        model.text = self._transform_object(self.object)["object"]


@overriding("_get_model")
@overriding("_process_param_change")
@overriding("_process_property_change")
class CompletingInput(pn.widgets.AutocompleteInput):
    """A text box whose menu shows the completions that come while one types in it.

    Upstream (Bokeh 3.9.2): the menu is made when a key is released, not when completions change.
    Panel 1.9.4 attaches scripts as text that is evaluated, which `security` forbids; a module is
    not. It also writes all options down as text whenever the value changes: 3 ms for 9,370; and
    takes an empty text for the first option.
    Without it: what is offered lags one key behind where the server completes, and an empty box
    leads to the first galaxy.
    """

    def _process_param_change(self, params: dict[str, Any]) -> dict[str, Any]:
        """Look at the options only if they change; a value need not be one of them."""
        if "options" in params or self.restrict:
            return super()._process_param_change(params)
        return pn.widgets.Widget._process_param_change(self, params)

    def _process_property_change(self, props: dict[str, Any]) -> dict[str, Any]:
        """Take what was typed as it is, unless it must be an option."""
        if self.restrict:
            return super()._process_property_change(props)
        return pn.widgets.Widget._process_property_change(self, props)

    def _get_model(
        self,
        doc: Document,
        root: Model | None = None,
        parent: Model | None = None,
        comm: Comm | None = None,
    ) -> Model:
        """Attach the script to the model."""
        model = super()._get_model(doc, root, parent, comm)
        model.js_on_change("completions", CustomJS.from_file(asset("completions.mjs")))
        return model


class Toggles(pn.widgets.CheckButtonGroup):
    """Buttons that are on or off, and are answered at once.

    Upstream (Panel 1.9.4): a server waits 50 ms for other changes of a part before it looks at one.
    Without it: the same page, 50 ms later.
    """

    _priority_changes: ClassVar = ["active"]


@replacing(type(pn.config), "set")
def _(theirs: Callable) -> Callable:
    """Set the design of the parts of a template without a look at all other settings.

    Upstream (Panel 1.9.4): remembers and compares all settings for each part.
    """

    @contextmanager
    def set(self: Any, **kwargs: Any) -> Iterator[None]:  # noqa: ANN401
        if [*kwargs] != ["design"]:
            with theirs(self, **kwargs):
                yield
            return
        before, self.design = self.design, kwargs["design"]
        try:
            yield
        finally:
            self.design = before

    return set


@contextmanager
def batched_update() -> Iterator[None]:
    """Send all changes in one message, and search the page for new models at most once.

    Upstream (Bokeh 3.9.2): every change of children walks over all models of the page. `freeze`,
    and `panel.io.hold(freeze=True)` with it, walks once, but also where nothing new has come, and
    after an error never again; and Panel 1.9.4 then gives new parts style sheets from another host
    if they change before the walk.
    Without it: one message still, but a walk for each change.
    """
    document = pn.state.curdoc
    with pn.io.hold():
        models = document and document.models
        if not hasattr(models, "recompute") or "recompute" in vars(models):
            yield  # upstream has none, or an outer update has replaced it
            return
        wanted = []
        models.recompute = lambda: wanted.append(True)
        try:
            yield
        finally:
            del models.recompute
            if wanted:
                models.recompute()
                _serve_sheets(document)


def _serve_sheets(document: Document) -> None:
    """Take style sheets from our own server, also for parts that are new in this update."""
    cdn, patch = _upstream_host(), getattr(resources, "patch_stylesheet", None)
    ours = document.template_variables.get("dist_url")
    if not (cdn and patch and ours):
        return
    for sheet in document.select({"type": ImportedStyleSheet}):
        if str(sheet.url).startswith(cdn):
            patch(sheet, ours)


_SENT: WeakSet[Document] = WeakSet()  # documents that a browser has


@replacing(ServerSession, "_handle_pull")
def _(theirs: Callable) -> Callable:
    """Remember which documents a browser has, for the replacement below."""

    async def _handle_pull(self: ServerSession, message: Any, connection: Any) -> Any:  # noqa: ANN401
        reply = await theirs(self, message, connection)
        _SENT.add(self.document)  # not while it waits: what changes until then is in the reply
        return reply

    return _handle_pull


@replacing(panel_document, "_drain_unconnected_events")
def _(theirs: Callable) -> Callable:
    """Send what changes after a browser has the document and before all of the page is there.

    Upstream (Panel 1.9.4): drops changes that are held together until the browser has drawn the
    page, as if the document were still to be sent. On a slow machine that takes seconds, in which
    what a visitor does is not shown, or missing in the address.
    """

    def _drain_unconnected_events(doc: Document, lock: Lock) -> list[DocumentChangedEvent]:
        changes = []
        if doc in _SENT:
            with lock:
                changes = [*filter(_is_change, doc.callbacks._held_events)]
        return [*changes, *theirs(doc, lock)]

    return _drain_unconnected_events


def _is_change(event: DocumentChangedEvent) -> bool:
    """Return whether an event changes a document; a message does not, and waits for the page."""
    return isinstance(event, DocumentPatchedEvent) and not isinstance(event, MessageSentEvent)


def embed_sheets(*_: object) -> None:
    """Put the style sheets of Panel's own parts into a notebook (a hook of a Panel component).

    Upstream (Panel 1.9.4): embeds them for parts that are new, but refers to another host for a
    part that changes.
    Without it: a notebook without network shows such parts without their style.
    """
    cdn, folder = _upstream_host(), getattr(resources, "DIST_DIR", None)
    if not (cdn and folder):
        return
    for sheets in getattr(state, "_stylesheets", {}).values():
        for sheet in sheets.values():
            url = str(sheet.url) if isinstance(sheet, ImportedStyleSheet) else ""
            if url.startswith(cdn):
                path = folder / url.removeprefix(cdn).partition("?")[0]
                sheet.url = "data:text/css;base64," + b64encode(path.read_bytes()).decode()


def _upstream_host() -> str | None:
    """Return the address of the host that serves Panel's style sheets if we do not."""
    return getattr(resources, "CDN_DIST", None)


class PageTemplate(pn.Template):
    """A template of a page.

    Upstream (Panel 1.9.4): each part that is added has all parts written down again as text, for
    whoever displays the template in a notebook: a fifth of the time in which a frame is made.
    Without it: the page is the same but slower.
    """

    def __repr__(self) -> str:
        return type(self).__name__


class PageTheme(Theme):
    """A theme without colours: the style sheet of the page has them all."""

    _name = "default"


@overriding("_patch_modifiers")
class SharedSheets(Native):
    """A design that has no colours and whose style sheets all components of a page share.

    Upstream (Panel 1.9.4): a sheet that is text is copied into each component, 2 MB for a page of
    ours; the themes of a design bring colours, and a class attribute alone can change them.
    Without it: a larger page, in Panel's colours where the page does not set its own.
    """

    _themes: ClassVar = {"default": PageTheme}

    @classmethod
    def _patch_modifiers(
        cls, doc: Document | None, modifiers: dict[str, Any], cache: dict[str, Any]
    ) -> None:
        """Replace each text by one model for the whole page."""
        super()._patch_modifiers(doc, modifiers, cache)
        if doc is None or cache is not getattr(state, "_stylesheets", {}).get(doc):
            return
        sheets = modifiers.get("stylesheets", [])
        for text in {sheet for sheet in sheets if isinstance(sheet, str)} - cache.keys():
            cache[text] = InlineStyleSheet(css=text)
        modifiers["stylesheets"] = [
            cache[sheet] if isinstance(sheet, str) else sheet for sheet in sheets
        ]
