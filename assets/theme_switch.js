// Light or dark, remembered for the next visit; notices that the server has gone.

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
  model.reported = true
  const page = view.model.document
  page.on_event("connection_lost", () => { root.dataset.server = "lost" })
  page.on_event("client_reconnected", () => { delete root.dataset.server })
  return button
}
