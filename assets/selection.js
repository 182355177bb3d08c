// The bar that says which galaxies are selected, and what can be done with them.

function made(kind, content, parent, look = "") {
  const el = document.createElement(kind)
  el.className = look
  el.textContent = content
  parent?.append(el)
  return el
}

export function render({ model }) {
  const ask = (verb, about = "") => model.send_msg([verb, about])
  const bar = document.createElement("div")
  bar.className = "bar"
  bar.setAttribute("role", "region")
  bar.setAttribute("aria-label", "Selected galaxies")
  const words = made("p", "", bar)
  words.setAttribute("role", "status")
  const count = made("b", "", words)
  const how = made("span", "", words, "how")
  const acts = made("div", "", bar, "acts")
  const button = (text, verb, title) => {
    const made_ = made("button", text, acts)
    made_.onclick = () => ask(verb)
    made_.title = title
    return made_
  }
  const undo = button("Undo", "undo", "The selection before (key u)")
  const redo = button("Redo", "redo", "Select again what was undone (key U)")
  const clear = button("Clear", "clear", "Select nothing: go through all galaxies")
  const save = made("button", "Save as…", acts)
  const form = made("form", "", acts)
  const name = made("input", "", form, "bk-input")
  name.setAttribute("aria-label", "Name of this selection")
  name.placeholder = "a name"
  name.maxLength = 60
  name.required = true
  made("button", "Save", form)
  const take = button("CSV", "export", "All columns of the selected samples as CSV")
  const saved = made("select", "", acts, "bk-input")
  saved.setAttribute("aria-label", "Saved selections")
  const forget = made("button", "Delete", acts)
  forget.title = "Delete this saved selection"
  form.hidden = true

  save.onclick = () => {
    form.hidden = false
    save.hidden = true
    name.focus()
  }
  name.onkeydown = ({ key }) => {
    if (key === "Escape") show()
  }
  form.onsubmit = (event) => {
    event.preventDefault()
    ask("save", name.value)
    name.value = ""
    show()
  }
  saved.onchange = () => saved.value && ask("choose", saved.value)
  forget.onclick = () => ask("delete", model.said.name)

  function show() {
    const said = model.said
    const some = said.count > 0
    count.textContent = some
      ? `${said.count.toLocaleString("en")} of ${said.total.toLocaleString("en")} galaxies`
      : "No galaxies selected"
    how.textContent = some ? said.how : ""
    undo.disabled = !said.undo
    redo.disabled = !said.redo
    for (const el of [clear, take, save]) el.hidden = !some
    save.hidden ||= Boolean(said.name)
    form.hidden = true
    redo.hidden = !said.redo
    saved.replaceChildren(new Option("Saved…", ""), ...said.saved.map((one) => new Option(one)))
    saved.value = said.saved.includes(said.name) ? said.name : ""
    saved.hidden = !said.saved.length
    forget.hidden = !saved.value
  }
  show()
  model.on("said", show)
  model.on("msg:custom", ({ name: file, content }) => {
    const link = document.createElement("a")
    link.href = URL.createObjectURL(new Blob([content], { type: "text/csv" }))
    link.download = file
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 60000)
  })
  return bar
}
