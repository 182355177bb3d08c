// Keys that go from galaxy to galaxy, a list of them, and a short tour that points at things.

const EVERY = 250 // ms between two steps while a key is held down
const SEEN = "galmass-seen" // in the browser's memory once the guide has been opened
const HEADER = 102 // px that the header and the selection cover, and some air
const BUSY = "input, textarea, select, [contenteditable], dialog, [popover]"

export function render({ model }) {
  const button = document.createElement("button")
  button.className = "open"
  const dialog = listing(model, () => tour.start())
  const tour = guided(model, () => button.focus())
  function known() {
    button.textContent = "?"
    button.title = "Keys, and a tour of the page"
    button.setAttribute("aria-label", button.title)
    button.classList.remove("new")
    localStorage.setItem(SEEN, "yes")
  }
  if (localStorage.getItem(SEEN)) known()
  else {
    button.textContent = "New here?"
    button.classList.add("new")
  }
  button.onclick = () => {
    if (button.classList.contains("new")) tour.start()
    else dialog.showModal()
    known()
  }
  let last = 0
  document.addEventListener("keydown", (event) => {
    const { key, repeat, timeStamp } = event
    if (event.ctrlKey || event.altKey || event.metaKey) return
    if (key !== "Escape" && event.composedPath()[0].closest?.(BUSY)) return
    if (key === "?") dialog.showModal()
    else if (model.keys.includes(key) && !(repeat && timeStamp - last < EVERY)) {
      last = timeStamp
      model.send_msg(key)
      if (key === "Escape") return  // which the browser closes menus by
    } else return
    event.preventDefault()
  })
  const all = document.createElement("div")
  all.append(button, dialog, tour.ring, tour.card)
  return all
}

function made(kind, content, parent, look = "") {
  const el = document.createElement(kind)
  el.className = look
  el.textContent = content
  parent?.append(el)
  return el
}

function listing(model, start) {
  const dialog = made("dialog", "", null, "sheet")
  const title = made("h2", "Keys", dialog)
  title.id = "gm-keys"
  dialog.setAttribute("aria-labelledby", title.id)
  const list = made("dl", "", dialog)
  for (const [keys, words] of model.listed) {
    const names = made("dt", "", list)
    for (const key of keys.split(" ")) made("kbd", key, names)
    made("dd", words, list)
  }
  const foot = made("div", "", dialog, "foot")
  made("button", "Show me around", foot).onclick = () => {
    dialog.close()
    start()
  }
  made("button", "Close", foot).onclick = () => dialog.close()
  dialog.onclick = ({ target }) => target === dialog && dialog.close()
  return dialog
}

function guided(model, over) {
  const ring = made("div", "", null, "ring")
  const card = made("div", "", null, "sheet card")
  card.popover = "manual"
  card.setAttribute("role", "dialog")
  card.setAttribute("aria-label", "A tour of the page")
  const count = made("small", "", card)
  const title = made("h2", "", card)
  const words = made("p", "", card)
  words.setAttribute("aria-live", "polite")
  const foot = made("div", "", card, "foot")
  const quit = made("button", "End", foot, "end")
  const back = made("button", "Back", foot)
  const next = made("button", "Next", foot)
  let stops = []
  let at = 0

  function target() {
    const stop = stops[at]
    if (!stop.el.isConnected) stop.el = visible(stop.look) ?? stop.el // the page drew it again
    return stop.el
  }
  function place() {
    const box = target().getBoundingClientRect()
    const room = { width: innerWidth, height: innerHeight }
    const look = { top: box.top - 5, left: box.left - 5, width: box.width + 10, height: box.height + 10 }
    for (const [side, value] of Object.entries(look)) ring.style[side] = `${value}px`
    const below = box.bottom + 12
    const above = box.top - 12 - card.offsetHeight
    const lowest = room.height - card.offsetHeight - 44
    const top = below < lowest ? below : above > 56 ? Math.min(above, lowest) : lowest
    const left = Math.min(box.left, room.width - card.offsetWidth - 10)
    card.style.top = `${Math.max(10, top)}px` // also while it scrolls there
    card.style.left = `${Math.max(10, left)}px`
  }
  let frame = 0
  let tall = 0
  function bring(behavior) { // into view
    tall = document.documentElement.scrollHeight
    const { top, height } = target().getBoundingClientRect()
    const free = height > innerHeight / 2 ? HEADER : (innerHeight - height) / 2
    scrollBy({ top: top - free, behavior })
  }
  function follow() { // also what moves because something above it has grown
    if (document.documentElement.scrollHeight !== tall) bring("auto")
    place()
    frame = requestAnimationFrame(follow)
  }
  function show(number) {
    at = number
    const stop = stops[at]
    count.textContent = `${at + 1} of ${stops.length}`
    title.textContent = stop.title
    words.textContent = stop.words
    back.disabled = at === 0
    next.textContent = at + 1 < stops.length ? "Next" : "Done"
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches
    bring(still ? "auto" : "smooth")
    place()
    next.focus({ preventScroll: true })
  }
  function start() {
    stops = model.steps
      .map(([look, title, words]) => ({ look, el: visible(look), title, words }))
      .filter(({ el }) => el)
    if (!stops.length) return
    ring.style.display = "block"
    card.showPopover()
    show(0)
    follow()
    document.addEventListener("keydown", leave)
  }
  function stop() {
    ring.style.display = "none"
    card.hidePopover()
    cancelAnimationFrame(frame)
    document.removeEventListener("keydown", leave)
  }
  function end() {
    stop()
    over()
  }
  function leave({ key }) {
    if (key === "Escape") end()
  }
  next.onclick = () => (at + 1 < stops.length ? show(at + 1) : end())
  back.onclick = () => show(at - 1)
  quit.onclick = end
  model.on("steps", () => card.matches(":popover-open") && stop()) // another page
  return { ring, card, start }
}

function visible(look) {
  return [...Bokeh.index.query((view) => view.model.css_classes?.includes(look))]
    .map((view) => view.el)
    .find((el) => el.checkVisibility() && el.getBoundingClientRect().height > 0)
}
