// The bar in which galaxies are selected in words, and what can be done with a selection.

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
  const typed = typing(model, bar, ask)
  const words = made("p", "", bar)
  words.setAttribute("role", "status")
  const count = made("b", "", words)
  const how = made("span", "", words, "how")
  const note = made("span", "", words, "how")
  const acts = made("div", "", bar, "acts")
  const button = (text, verb, title) => {
    const made_ = made("button", text, acts)
    made_.onclick = () => ask(verb)
    made_.title = title
    return made_
  }
  const undo = button("Undo", "undo", "The selection before (key u)")
  const redo = button("Redo", "redo", "Select again what was undone (key U)")
  const how_next = made("select", "", acts, "bk-input")
  how_next.setAttribute("aria-label", "The next selection")
  how_next.title = "What a box, a lasso or a saved selection does to this one"
  for (const [key, words] of [["replace", "next: replaces"], ["and", "next: and"], ["or", "next: or"],
    ["not", "next: and not"]]) how_next.append(new Option(words, key))
  how_next.onchange = () => ask("combine", how_next.value)
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
  forget.onclick = () => ask("delete", model.summary.name)

  function show() {
    const summary = model.summary
    const some = summary.count > 0
    const total = summary.total.toLocaleString("en")
    count.textContent = `${some ? `${summary.count.toLocaleString("en")} of` : "All"} ${total} galaxies`
    bar.classList.toggle("some", some)
    how.textContent = some ? summary.label : ""
    note.textContent = summary.note
    typed(summary)
    undo.hidden = !summary.undo
    redo.hidden = !summary.redo
    how_next.value = summary.combining
    for (const el of [how_next, clear, take, save]) el.hidden = !some
    save.hidden ||= Boolean(summary.name)
    form.hidden = true
    saved.replaceChildren(new Option("Saved…", ""), ...summary.saved.map((one) => new Option(one)))
    saved.value = summary.saved.includes(summary.name) ? summary.name : ""
    saved.hidden = !summary.saved.length
    forget.hidden = !saved.value
  }
  show()
  model.on("summary", show)
  model.on("msg:custom", ({ name: file, content }) => {
    const link = document.createElement("a")
    link.href = URL.createObjectURL(new Blob([content], { type: "text/csv" }))
    link.download = file
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 60000)
  })
  return bar
}

// A box for an expression or IDs, and what can be typed in it. Returns what shows a summary.
function typing(model, bar, ask) {
  const form = made("form", "", bar, "typing")
  const label = made("label", "Select ", form)
  const box = made("input", "", label, "bk-input")
  box.placeholder = "log_mstar > 11, or IDs"
  box.autocomplete = "off"
  box.spellcheck = false
  const button = made("button", "?", form)
  button.type = "button"
  button.title = "What can be typed here"
  button.setAttribute("aria-label", button.title)
  const trouble = made("p", "", form, "trouble")
  trouble.setAttribute("role", "alert")
  const help = made("div", "", form, "sheet typing-help")
  help.popover = "auto" // closes on Escape and on a click beside it
  help.setAttribute("role", "dialog")
  help.setAttribute("aria-label", button.title)
  button.popoverTargetElement = help
  help.addEventListener("toggle", ({ newState }) => newState === "open" && explain())

  function explain() {
    const edge = form.getBoundingClientRect()
    help.style.top = `${edge.bottom + 6}px`
    help.style.left = `${Math.max(10, Math.min(edge.left, innerWidth - help.offsetWidth - 10))}px`
    made("p", "Type one of these and press Enter; an empty box selects all galaxies.", clean(help))
    listed(help, model.language)
    made("p", "Columns of this data set; press one to put it in the box:", help)
    listed(help, model.columns, (column) => {
      help.hidePopover()
      box.focus()
      box.setRangeText(column, box.selectionStart, box.selectionEnd, "end")
    })
  }
  form.onsubmit = (event) => {
    event.preventDefault()
    ask("keep", box.value)
  }
  box.onkeydown = ({ key }) => {
    if (key === "Escape") show({ ...model.summary, trouble: "" })
  }
  function show(summary) {
    trouble.textContent = summary.trouble
    box.setAttribute("aria-invalid", Boolean(summary.trouble))
    if (!summary.trouble) box.value = summary.text // else to be put right
  }
  return show
}

function clean(el) {
  el.replaceChildren()
  return el
}

// What can be typed, each with what it means; to be pressed where there is something to do.
function listed(parent, pairs, press) {
  const list = made("dl", "", parent)
  for (const [text, meaning] of pairs) {
    const key = made(press ? "button" : "code", text, made("dt", "", list))
    if (press) Object.assign(key, { type: "button", onclick: () => press(text) })
    made("dd", meaning, list)
  }
}
