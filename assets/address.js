// The address of what is in view: written, obeyed when one goes back, copied.

const CHAIN = `<svg viewBox="0 0 24 24" width="17" height="17" fill="none"
  stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true">
  <path d="M10 14a4.5 4.5 0 0 0 6.4 0l3.3-3.3a4.5 4.5 0 0 0-6.4-6.4L12 5.6"/>
  <path d="M14 10a4.5 4.5 0 0 0-6.4 0l-3.3 3.3a4.5 4.5 0 0 0 6.4 6.4l1.3-1.3"/></svg>`

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
  } catch {  // the page came by http from another machine
    const box = document.body.appendChild(document.createElement("textarea"))
    box.value = text
    box.select()
    document.execCommand("copy")
    box.remove()
  }
}

export function render({ model }) {
  let steps = 0, moves = 0
  function write() {
    const [made, search, obeyed] = model.written
    if (search !== location.search && obeyed === moves)
      history[made > steps ? "pushState" : "replaceState"](null, "", search)
    steps = made
  }
  write()
  model.on("written", write)
  window.addEventListener("popstate", () => model.send_msg([++moves, location.search]))

  const button = document.createElement("button")
  button.innerHTML = CHAIN
  button.title = "Copy a link to what is in view"
  button.setAttribute("aria-label", button.title)
  const said = document.createElement("span")
  said.setAttribute("role", "status")
  let timer
  button.onclick = async () => {
    await copy(location.href)
    said.textContent = "✓ Link copied"
    clearTimeout(timer)
    timer = setTimeout(() => { said.textContent = "" }, 2500)
  }
  const both = document.createElement("div")
  both.append(button, said)
  return both
}
