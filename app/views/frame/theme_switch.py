"""What the browser does alone: light or dark, and to notice that the server has gone."""

import param
from panel.custom import JSComponent

from galmass_app.state import Choice


class ThemeSwitch(JSComponent):
    """A button that turns the page light or dark at once, and remembers it for the next visit.

    The server learns the theme for its colour maps. A lost server shows in the status line.
    """

    theme = param.Selector(default="dark", objects=["dark", "light"])
    told = param.Boolean(doc="Whether the browser has told which one it wants.")

    _esm = """
    export function render({ model, view }) {
      const root = document.documentElement
      const button = document.createElement("button")
      function turn(theme) {
        root.dataset.theme = theme
        model.theme = theme
        button.textContent = theme === "dark" ? "☀" : "☾"
        button.title = `Switch to ${theme === "dark" ? "light" : "dark"}`
        button.setAttribute("aria-label", button.title)
        for (const view of Bokeh.index.query((v) => v.model.type === "Figure")) view.request_paint()
      }
      button.onclick = () => {
        const theme = root.dataset.theme === "dark" ? "light" : "dark"
        localStorage.setItem("galmass-theme", theme)
        turn(theme)
      }
      turn(root.dataset.theme)
      model.told = true
      const page = view.model.document
      page.on_event("connection_lost", () => { root.dataset.server = "lost" })
      page.on_event("client_reconnected", () => { delete root.dataset.server })
      return button
    }
    """

    @classmethod
    def of(cls, choice: Choice) -> "ThemeSwitch":
        """Make the button that turns the theme of a choice."""
        switch = cls(css_classes=["gm-theme"])
        switch.link(choice, theme="theme")
        return switch
