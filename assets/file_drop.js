// Files for the server, dropped or chosen: sent in pieces, each after the one before was written.

const PIECE = 1 << 20 // bytes; messages may have two million

export function render({ model }) {
  const zone = document.createElement("label")
  zone.className = "zone"
  const words = document.createElement("span")
  const field = document.createElement("input")
  field.type = "file"
  field.multiple = true
  field.accept = ".hdf5,.h5"
  zone.append(words, field)
  const waiting = []
  let file = null
  let start = 0

  function show() {
    const left = waiting.length + (file ? 1 : 0)
    words.textContent = left
      ? `${file.name}: ${Math.floor((100 * start) / Math.max(file.size, 1))} %, ${left} to go`
      : model.label
    zone.classList.toggle("busy", Boolean(left))
  }
  async function send() {
    if (!file) file = waiting.shift() ?? null
    show()
    if (!file) return
    const bytes = await file.slice(start, start + PIECE).arrayBuffer()
    model.send_msg({ name: file.name, size: file.size, start, bytes })
  }
  function add(files) {
    waiting.push(...files)
    if (!file) send()
  }
  model.on("msg:custom", (answer) => {
    if (!file || answer.name !== file.name) return
    start = answer.written
    if (answer.refused || start >= file.size) {
      file = null
      start = 0
    }
    send()
  })
  model.on("label", show)
  field.onchange = () => {
    add(field.files)
    field.value = ""
  }
  zone.ondragover = (event) => {
    event.preventDefault()
    zone.classList.add("over")
  }
  zone.ondragleave = () => zone.classList.remove("over")
  zone.ondrop = (event) => {
    event.preventDefault()
    zone.classList.remove("over")
    add(event.dataTransfer.files)
  }
  show()
  return zone
}
