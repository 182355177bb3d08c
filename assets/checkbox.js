// A checkbox with its label.

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
