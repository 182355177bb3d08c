// A table whose rows can be sorted by any column, and chosen.

export function render({ model }) {
  const table = document.createElement("table")
  const head = document.createElement("tr")
  const body = document.createElement("tbody")
  const top = document.createElement("thead")
  top.append(head)
  table.append(top, body)

  function cell(kind, text, place) {
    const made = document.createElement(kind)
    if (model.heads[place][2]) made.className = "number"
    if (kind === "th") made.scope = "row"
    made.textContent = text
    return made
  }
  function line(row) {
    const made = document.createElement("tr")
    made.dataset.key = row.key
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = row.cells[0]
    const name = cell("th", "", 0)
    name.append(button)
    made.append(name, ...row.cells.slice(1).map((text, place) => cell("td", text, place + 1)))
    made.onclick = () => model.send_msg(row.key)
    return made
  }
  // The first row is of all samples, and stays; rows without a number come last
  function sorted() {
    const [whole, ...rows] = model.rows
    const [place, sign] = [Math.abs(model.order) - 1, Math.sign(model.order)]
    const known = rows.filter((row) => row.values[place] !== null)
    known.sort((one, other) => sign * (one.values[place] - other.values[place]))
    return [whole, ...known, ...rows.filter((row) => row.values[place] === null)]
  }
  function heading([text, help], place) {
    const made = cell("th", "", place)
    made.scope = "col"
    const active = Math.abs(model.order) === place + 1
    if (active) made.ariaSort = model.order > 0 ? "ascending" : "descending"
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = text
    button.title = help
    button.onclick = () => {
      const first = place > 1 ? -1 : 1  // numbers begin with the largest
      model.order = active ? -model.order : first * (place + 1)
    }
    made.append(button)
    return made
  }
  function mark() {
    for (const row of body.children)
      row.toggleAttribute("aria-current", row.dataset.key === model.chosen)
  }
  function show() {
    if (!model.rows.length) return
    head.replaceChildren(...model.heads.map(heading))
    body.replaceChildren(...sorted().map(line))
    mark()
  }
  show()
  model.on(["rows", "order"], show)
  model.on("chosen", mark)
  const frame = document.createElement("div")
  frame.className = "wide"
  frame.append(table)
  return frame
}
