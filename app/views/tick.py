"""A box to tick whose words belong to it, also for screen readers."""

import param
from panel.custom import JSComponent
from panel.widgets import WidgetBase


class Tick(JSComponent, WidgetBase):
    """A checkbox; Bokeh's own leaves its words outside the label (bokeh 3.9, axe rule "label")."""

    value = param.Boolean(default=False, doc="Whether it is ticked.")
    label = param.String(doc="Words beside the box.")
    disabled = param.Boolean(default=False, doc="Whether it cannot be ticked.")

    _esm = """
    export function render({ model }) {
      const box = document.createElement("input")
      box.type = "checkbox"
      const words = document.createElement("span")
      const both = document.createElement("label")
      both.append(box, words)
      function show() {
        box.checked = model.value
        box.disabled = model.disabled
        words.textContent = model.label
      }
      show()
      model.on(["value", "disabled", "label"], show)
      box.onchange = () => { model.value = box.checked }
      return both
    }
    """
