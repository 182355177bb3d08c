"""A checkbox whose label belongs to it, also for screen readers."""

import param
from panel.custom import JSComponent
from panel.widgets import WidgetBase

from galmass_core.assets import asset


class Checkbox(JSComponent, WidgetBase):
    """A checkbox; Bokeh's own leaves its text outside the label (bokeh 3.9, axe rule "label")."""

    value = param.Boolean(default=False, doc="Whether it is ticked.")
    label = param.String(doc="Words beside the box.")
    disabled = param.Boolean(default=False, doc="Whether it cannot be ticked.")

    _esm = asset("checkbox.js")

    @classmethod
    def of(cls, name: str, label: str = "") -> "Checkbox":
        """Make a checkbox with a CSS class of its own."""
        return cls(label=label, css_classes=["gm-checkbox", name])
