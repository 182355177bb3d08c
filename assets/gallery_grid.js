// All galaxies as small pictures; only those in view, and one screen around, are in the page.

const CARD = 124, PLAIN = 142, NOTED = 176, GAP = 8  // px; width as in the style sheet, heights
const REST = 80  // ms without a scroll, after which pictures are asked for

export function render({ model }) {
  const whole = document.createElement("section")
  whole.setAttribute("aria-label", "Galaxies in their maps")
  const said = document.createElement("p")
  said.setAttribute("role", "status")
  const frame = document.createElement("div")
  frame.className = "gallery-frame"
  frame.tabIndex = 0
  frame.setAttribute("role", "group")
  frame.setAttribute("aria-label", "Scroll through the galaxies; arrow keys go from one to the next")
  const field = document.createElement("div")
  field.className = "gallery-field"
  frame.append(field)
  whole.append(said, frame)
  let pictures = new Map()
  let asked = new Set()
  let cards = new Map()
  let resting = 0, before = 0  // a timer; where the frame was scrolled to

  const height = () => (model.shown.notes.length ? NOTED : PLAIN)
  const across = () => Math.max(1, Math.floor((frame.clientWidth + GAP) / (CARD + GAP)))
  function card(at) {
    const button = document.createElement("button")
    button.type = "button"
    button.dataset.at = at
    const image = new Image()
    image.alt = ""
    const id = document.createElement("b")
    id.textContent = model.shown.ids[at]
    const note = document.createElement("small")
    note.textContent = model.shown.notes[at] ?? ""
    if (model.shown.colours[at]) button.style.setProperty("--frame", model.shown.colours[at])
    button.append(image, id, note)
    button.setAttribute("aria-label", `Subhalo ${model.shown.ids[at]} ${model.shown.notes[at] ?? ""}`)
    button.onclick = () => model.send_msg(["show", model.shown.series, at])
    return button
  }
  function place(button, at, count) {
    button.style.left = `${(at % count) * (CARD + GAP)}px`
    button.style.top = `${Math.floor(at / count) * (height() + GAP)}px`
  }
  function range(screens = 1) {
    const count = across(), screen = frame.clientHeight || 600
    const first = Math.floor((frame.scrollTop - screens * screen) / (height() + GAP))
    const last = Math.ceil((frame.scrollTop + (1 + screens) * screen) / (height() + GAP))
    return [Math.max(0, first * count), Math.min(model.shown.ids.length, last * count)]
  }
  function draw(screens) {
    const count = across(), [from, to] = range(screens)  // measured before anything is changed
    field.style.height = `${Math.ceil(model.shown.ids.length / count) * (height() + GAP)}px`
    for (const [at, button] of cards)
      if (at < from || at >= to) {
        button.remove()
        cards.delete(at)
      }
    for (let at = from; at < to; at++) {
      if (!cards.has(at)) {
        cards.set(at, card(at))
        field.append(cards.get(at))
      }
      place(cards.get(at), at, count)
      fill(at)
    }
    mark()
  }
  function scrolled() {
    const far = Math.abs(frame.scrollTop - before) > frame.clientHeight
    before = frame.scrollTop
    draw(far ? 0 : 1)  // in fast scrolling only what is in view
    clearTimeout(resting)
    resting = setTimeout(rest, REST)
  }
  function rest() {
    draw()
    ask()
  }
  function fill(at) {
    const image = cards.get(at)?.firstChild
    if (image && pictures.has(at) && !image.src) image.src = pictures.get(at)
  }
  function ask() {
    const [from, to] = range()
    const wanted = []
    for (let at = from; at < to; at++) if (!pictures.has(at)) wanted.push(at)
    const key = wanted.join()
    if (model.shown.pictures && wanted.length && !asked.has(key)) {
      asked = new Set([key])
      model.send_msg(["pictures", model.shown.series, wanted])
    }
  }
  function mark() {
    for (const [at, button] of cards) button.toggleAttribute("aria-current", at === model.here)
  }
  function go(at) {
    const count = across(), top = Math.floor(at / count) * (height() + GAP)
    if (top < frame.scrollTop || top + height() > frame.scrollTop + frame.clientHeight)
      frame.scrollTop = top - (frame.clientHeight - height()) / 2
    scrolled()
  }
  frame.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across(), ArrowDown: across() }[event.key]
    const at = Number(event.target.dataset.at) + step
    if (!(at >= 0 && at < model.shown.ids.length)) return
    event.preventDefault()
    event.stopPropagation()
    go(at)
    cards.get(at)?.focus({ preventScroll: true })
  }
  function begin() {
    pictures = new Map()
    asked = new Set()
    cards = new Map()
    field.replaceChildren()
    field.style.setProperty("--height", `${height()}px`)
    said.textContent = model.shown.head
    frame.scrollTop = 0
    scrolled()
  }
  frame.onscroll = scrolled
  const watcher = new ResizeObserver(rest)
  watcher.observe(frame)
  begin()
  model.on("shown", begin)
  model.on("here", () => {
    mark()
    if (model.here >= 0) go(model.here)
  })
  model.on("msg:custom", ({ series, made }) => {
    if (series !== model.shown.series) return
    for (const [at, source] of made) {
      pictures.set(at, source)
      fill(at)
    }
  })
  model.on("remove", () => watcher.disconnect())
  return whole
}
