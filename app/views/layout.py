"""Parts that pages are made of, by the CSS classes that the style sheets know."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import holoviews as hv
import panel as pn
import param
from holoviews.streams import Pipe

from galmass_app.framework import Text
from galmass_app.state import SessionState

Data = TypeVar("Data")
Control = TypeVar("Control", bound=pn.widgets.Widget)
WIDE = {"sizing_mode": "stretch_width"}  # as wide as the parent


class View(pn.viewable.Viewer):
    """A part of a page: it shows its ``_layout``, and most follow a session."""

    def __init__(self, session: SessionState | None = None, **params: object) -> None:
        super().__init__(**params)
        self.session = session
        self._updating = False  # whether we change controls ourselves: no choice of the visitor

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    @property
    def visible(self) -> bool:
        """Whether it is shown, as of parts of Panel."""
        return self._layout.visible

    @visible.setter
    def visible(self, shown: bool) -> None:
        self._layout.visible = shown

    @contextmanager
    def _update_controls(self) -> Iterator[None]:
        """Mark changes of controls as our own, for the functions that follow their values."""
        self._updating = True
        try:
            yield
        finally:
            self._updating = False


def column(classes: str, *parts: object, wide: bool = True, **options: object) -> pn.Column:
    """Return parts one below the other; ``classes`` as in HTML."""
    return pn.Column(*parts, css_classes=classes.split(), **WIDE if wide else {}, **options)


def row(classes: str, *parts: object, wide: bool = True, **options: object) -> pn.Row:
    """Return parts side by side; arguments as of `column`."""
    return pn.Row(*parts, css_classes=classes.split(), **WIDE if wide else {}, **options)


def html(classes: str, text: str = "", *, wide: bool = True, **options: object) -> pn.pane.HTML:
    """Return a pane of HTML; arguments as of `column`."""
    return Text(text, css_classes=classes.split(), **WIDE if wide else {}, **options)


def plot(classes: str, element: object = None, **options: object) -> pn.pane.HoloViews:
    """Return a pane of a HoloViews element; arguments as of `column`."""
    return pn.pane.HoloViews(element, css_classes=classes.split(), margin=0, **WIDE, **options)


def follower(classes: str, draw: Callable[[Data], hv.Overlay], pipe: Pipe) -> pn.pane.HoloViews:
    """Return a pane of what is drawn of the data that a pipe sends; arguments as of `column`."""
    moving = hv.DynamicMap(lambda data: draw(data), streams=[pipe])
    return plot(classes, moving, linked_axes=False)


def labelled(
    kind: type[Control], classes: str, label: str, *, wide: bool = True, **options: object
) -> Control:
    """Return a widget with a label; arguments as of `column`."""
    shape = {"label": label, "css_classes": classes.split()} | (WIDE if wide else {})
    return kind(**shape, **options)


def select(classes: str, label: str, *, wide: bool = True, **options: object) -> pn.widgets.Select:
    """Return a drop-down list; arguments as of `column`."""
    return labelled(pn.widgets.Select, classes, label, wide=wide, **options)


def button(
    classes: str, label: str = "", on_click: Callable[[object], None] | None = None
) -> pn.widgets.Button:
    """Return a button; arguments as of `column`."""
    return pn.widgets.Button(label=label, on_click=on_click, css_classes=classes.split())


def switch(
    classes: str,
    parameter: param.Parameter,
    options: dict[str, object] | list[str],
    **more: object,
) -> pn.widgets.RadioButtonGroup:
    """Return buttons of which one is on, that set a parameter and follow it."""
    return pn.widgets.RadioButtonGroup.from_param(
        parameter, options=options, css_classes=classes.split(), **more
    )
