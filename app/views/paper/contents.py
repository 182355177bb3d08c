"""The contents of the Paper page: one entry per figure and table."""

import param
from panel.custom import JSComponent

from galmass_app.paper_figures import FIGURES, label
from galmass_app.state import Choice


class Contents(JSComponent):
    """A list of buttons; the one in view is marked, and stays in sight where the list scrolls."""

    entries = param.List(doc="Key, name and title of each figure.")
    figure = param.String(doc="Key of the one in view.")

    _esm = """
    export function render({ model }) {
      const nav = document.createElement("nav")
      nav.className = "figures"
      nav.setAttribute("aria-label", "Figures and tables of the paper")
      const buttons = model.entries.map(([key, name, title]) => {
        const button = nav.appendChild(document.createElement("button"))
        button.append(Object.assign(document.createElement("b"), { textContent: name }), " ")
        button.append(Object.assign(document.createElement("span"), { textContent: title }))
        button.onclick = () => { model.figure = key }
        return [key, button]
      })
      function mark() {
        for (const [key, button] of buttons) {
          if (key === model.figure) {
            button.setAttribute("aria-current", "true")
            nav.scrollTo({ left: button.offsetLeft - nav.offsetLeft - 12 })
          } else button.removeAttribute("aria-current")
        }
      }
      model.on("figure", mark)
      requestAnimationFrame(mark)
      return nav
    }
    """

    @classmethod
    def of(cls, choice: Choice) -> "Contents":
        """Keep the contents and a choice at the same figure."""
        entries = [[key, label(key), figure.title] for key, figure in FIGURES.items()]
        contents = cls(entries=entries, figure=choice.figure, css_classes=["gm-contents"])
        contents.link(choice, figure="figure", bidirectional=True)
        return contents
