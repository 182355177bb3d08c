// The contents of the Paper page: a button for each figure and table.

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
