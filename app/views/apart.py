"""A part of a page that is laid out alone."""

from typing import Any

import panel as pn
from bokeh.document import Document
from bokeh.model import Model
from bokeh.models import Pane
from pyviz_comms import Comm


class Apart(pn.Column):
    """As wide as its place, with one thing in it, for good, that lays itself out.

    Bokeh lays all figures of a page out anew whenever any part of it changes, but for those inside
    a `bokeh.models.Pane`: where there are many, that is what a click would wait for.

    Parameters
    ----------
    figure : Viewable or Bokeh figure
    *css_classes : str
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
        """Put the models of what is in it into a pane."""
        models, old = super()._get_objects(model, old_objects, doc, root, comm)
        return [Pane(elements=models)], old

    def _compute_sizing_mode(self, children: list[Model], props: dict[str, Any]) -> dict[str, Any]:
        """Leave the size to the style sheet."""
        return {}
