// A command line, and a button that copies it.

export function render({ model }) {
  const code = document.createElement("code")
  const write = () => { code.textContent = model.text }
  model.on("text", write)
  write()
  const button = document.createElement("button")
  button.textContent = "Copy"
  let timer
  button.onclick = async () => {
    getSelection().selectAllChildren(code)
    try {
      await navigator.clipboard.writeText(model.text)
    } catch {  // the page came by http from another machine
      document.execCommand("copy")
    }
    button.textContent = "✓ Copied"
    clearTimeout(timer)
    timer = setTimeout(() => { button.textContent = "Copy" }, 2500)
  }
  const both = document.createElement("div")
  both.className = "command"
  both.append(code, button)
  return both
}
