// A table that is searched and sorted here; its rows are opened, and ticked where the table asks.

const AT_FIRST = 200  // rows that are drawn; a press shows as many again

function made(kind, text, parent, look = "") {
  const el = document.createElement(kind)
  el.textContent = text
  el.className = look
  parent?.append(el)
  return el
}

export function render({ model }) {
  const whole = made("div", "")
  const tools = made("div", "", model.search ? whole : null, "table-tools")
  const label = made("label", "", tools)
  const words = made("span", "", label)
  const search = made("input", "", label, "bk-input")
  search.type = "search"
  const count = made("span", "", tools, "counted")
  count.setAttribute("role", "status")
  const frame = made("div", "", whole, "wide")
  const table = made("table", "", frame)
  const head = made("tr", "", made("thead", "", table))
  const body = made("tbody", "", table)
  const more = made("button", "Show more rows", whole)
  let most = AT_FIRST

  const text = (row) => [...row.cells, row.words].join(" ").toLowerCase()
  const place = () => Math.abs(model.order) - 1
  function before(one, other) {  // rows without a value come last, either way
    const [a, b] = [one.values[place()], other.values[place()]]
    if (a === null || b === null) return (a === null) - (b === null)
    const order = typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true })
    return Math.sign(model.order) * order
  }
  function found() {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean)
    const rows = model.rows.filter((row) => wanted.every((one) => text(row).includes(one)))
    const kept = model.pinned ? 1 : 0
    return model.order ? [...rows.slice(0, kept), ...rows.slice(kept).sort(before)] : rows
  }
  function box(row) {
    const tick = made("input", "")
    tick.type = "checkbox"
    tick.checked = model.ticked.includes(row.key)
    tick.setAttribute("aria-label", `${model.tick} ${row.cells[0]}`)
    tick.onclick = (event) => event.stopPropagation()
    tick.onchange = () => {
      const others = model.ticked.filter((key) => key !== row.key)
      model.ticked = tick.checked ? [...others, row.key] : others
    }
    const cell = made("td", "", null, "tick")
    cell.append(tick)
    return cell
  }
  function line(row) {
    const tr = made("tr", "", body)
    tr.dataset.key = row.key
    tr.onclick = () => model.send_msg(row.key)
    if (model.tick) tr.append(box(row))
    row.cells.forEach((cell, at) => {
      const td = made(at ? "td" : "th", at ? cell : "", tr, model.heads[at][2] ? "number" : "")
      if (at) return
      td.scope = "row"
      made("button", cell, td).type = "button"
    })
  }
  function heading([title, help, number], at) {
    const th = made("th", "", head, number ? "number" : "")
    th.scope = "col"
    const active = place() === at
    if (active) th.ariaSort = model.order > 0 ? "ascending" : "descending"
    const button = made("button", title, th)
    button.type = "button"
    button.title = help
    button.onclick = () => { model.order = active ? -model.order : (number ? -1 : 1) * (at + 1) }
  }
  function mark() {
    for (const row of body.children)
      row.toggleAttribute("aria-current", row.dataset.key === model.chosen)
  }
  function show() {
    const root = table.getRootNode()
    const at = root.activeElement?.closest?.("tr")?.dataset.key
    const kind = root.activeElement?.tagName.toLowerCase()
    words.textContent = model.search
    search.setAttribute("aria-label", model.search)
    head.replaceChildren()
    if (model.tick) made("td", "", head)
    model.heads.forEach(heading)
    const rows = found()
    body.replaceChildren()
    rows.slice(0, most).forEach(line)
    const all = model.rows.length
    count.textContent = rows.length < all ? `${rows.length} of ${all}` : `${all}`
    more.hidden = rows.length <= most
    mark()
    if (at) [...body.children].find((row) => row.dataset.key === at)?.querySelector(kind)?.focus()
  }
  search.oninput = () => { most = AT_FIRST; show() }
  more.onclick = () => { most += AT_FIRST; show() }
  show()
  model.on(["rows", "order", "heads", "ticked"], show)
  model.on("chosen", mark)
  return whole
}
