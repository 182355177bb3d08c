// A field for a secret: what is typed goes to the server once, and is in no part of the page after.

export function render({ model }) {
  const words = document.createElement("span")
  const field = document.createElement("input")
  field.type = "password"
  field.autocomplete = "off"
  field.spellcheck = false
  field.className = "bk-input"
  const label = document.createElement("label")
  label.append(words, field)
  const both = document.createElement("div")
  both.className = "bk-input-group"
  both.append(label)
  function show() {
    words.textContent = model.label
    field.placeholder = model.is_there ? "received; type to replace it" : ""
  }
  show()
  model.on(["label", "is_there"], show)
  field.onchange = () => {
    if (!field.value) return
    model.send_msg(field.value)
    field.value = ""
  }
  return both
}
