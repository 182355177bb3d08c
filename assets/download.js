// A menu beside a figure: its picture as it is on the screen, and its data, as files; how it was made.

const ARROW = `<svg viewBox="0 0 24 24" width="16" height="16" fill="none" stroke="currentColor"
  stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
  <path d="M12 3v12m-5-5 5 5 5-5M4 20h16"/></svg>`
const CONTROLS = ".bk-btn, .bk-btn-group, .bk-input-group, button, input, select, summary, .gm-caption"
const HOW = "How was this made"
const SVG = "http://www.w3.org/2000/svg"
const GAP = 12 // px that remain of a band in which there is nothing but controls
const MARGIN = 12 // px around everything
const SHARPNESS = 2 // pixels of a PNG per pixel of the screen

export function render({ model }) {
  const button = document.createElement("button")
  button.innerHTML = ARROW
  button.title = `Download: ${model.formats.join(", ")}; ${HOW.toLowerCase()}`
  button.setAttribute("aria-label", button.title)
  const menu = document.createElement("div")
  menu.popover = "auto" // closes on Escape and on a click beside it
  menu.className = "menu"
  for (const [words, message] of [...model.formats.map((each) => [each, each]), [HOW, "how"]]) {
    const item = menu.appendChild(document.createElement("button"))
    item.textContent = words
    item.onclick = () => {
      menu.hidePopover()
      button.focus()
      model.send_msg(message)
    }
  }
  const dialog = document.createElement("dialog")
  dialog.className = "sheet made"
  dialog.ariaLabel = HOW
  dialog.onclick = (event) => event.target === dialog && dialog.close() // beside it
  button.popoverTargetElement = menu
  function place() {
    const edge = button.getBoundingClientRect()
    menu.style.top = `${Math.min(edge.bottom + 4, innerHeight - menu.offsetHeight - 8)}px`
    menu.style.left = `${Math.max(8, edge.right - menu.offsetWidth)}px`
  }
  menu.addEventListener("toggle", place)
  window.addEventListener("scroll", place, { passive: true })
  model.on("msg:custom", ({ format, name, content, text }) => {
    if (text) show(dialog, text)
    else if (content) save(new Blob([content]), name, format)
    else take(model.figure, name, format)
  })
  const both = document.createElement("div")
  both.append(button, menu, dialog)
  return both
}

// The server has escaped what is not its own.
function show(dialog, text) {
  const close = document.createElement("button")
  close.textContent = "Close"
  close.onclick = () => dialog.close()
  dialog.innerHTML = `<h3>${HOW}</h3>${text}`
  dialog.append(close)
  dialog.showModal()
}

async function take(figure, name, format) {
  const svg = drawn(figure, name)
  const text = new XMLSerializer().serializeToString(svg)
  const blob = new Blob([text], { type: "image/svg+xml" })
  if (format === "SVG") save(blob, name, format)
  else if (format === "PNG") save(await pixels(svg, blob), name, format)
  else print(svg, text, name)
}

function save(blob, name, format) {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(blob)
  link.download = `${name}.${format.toLowerCase()}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}

async function pixels(svg, blob) {
  const image = new Image()
  image.src = URL.createObjectURL(blob)
  await image.decode()
  const canvas = document.createElement("canvas")
  canvas.width = SHARPNESS * svg.width.baseVal.value
  canvas.height = SHARPNESS * svg.height.baseVal.value
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height)
  URL.revokeObjectURL(image.src)
  return new Promise((done) => canvas.toBlob(done, "image/png"))
}

// A page exactly as large as the figure; the browser's print dialog saves it, lines as lines.
function print(svg, text, name) {
  const frame = document.createElement("iframe")
  const [width, height] = [svg.width.baseVal.value, svg.height.baseVal.value]
  frame.className = "gm-print"
  frame.title = name
  frame.style.cssText = "position: fixed; left: -9999px"
  frame.srcdoc = `<!doctype html><title>${name}</title><style>
    @page { size: ${width}px ${height + 1}px; margin: 0 }
    body { margin: 0; print-color-adjust: exact } svg { display: block }</style>${text}`
  frame.onload = () => {
    frame.contentWindow.onafterprint = () => frame.remove()
    frame.contentWindow.print()
  }
  document.body.append(frame)
}

// The figure as it is on the screen: plots by Bokeh, the words around them as words.
function drawn(figure, name) {
  const [card] = [...Bokeh.index.query((view) => view.model.css_classes?.includes(figure))]
    .map((view) => view.el)
    .filter((el) => el.checkVisibility())
  const plots = new Map(
    [...Bokeh.index.query((view) => view.model.type === "Figure")].map((view) => [view.el, view]),
  )
  const parts = []
  collect(card, plots, parts)
  closeGaps(parts)
  const left = Math.min(...parts.map((part) => part.x)) - MARGIN
  const width = Math.max(...parts.map((part) => part.x + part.width)) - left + MARGIN
  const height = Math.max(...parts.map((part) => part.y + part.height)) + MARGIN
  const svg = element("svg", { width: Math.ceil(width), height: Math.ceil(height) })
  const page = getComputedStyle(document.body).backgroundColor
  svg.append(
    element("title", {}, name),
    element("desc", {}, location.href),
    element("rect", { width: "100%", height: "100%", fill: page }),
    ...parts.map((part) => part.draw(part.x - left, part.y)),
  )
  return svg
}

function element(kind, attributes, text = "") {
  const made = document.createElementNS(SVG, kind)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.textContent = text
  return made
}

function collect(el, plots, parts) {
  if (el.matches(CONTROLS) || el.classList.contains("gm-download") || !el.checkVisibility()) return
  const box = el.getBoundingClientRect()
  if (plots.has(el)) {
    parts.push(part(box, (x, y) => plotted(plots.get(el), x, y)))
    return
  }
  boxes(el, box, parts)
  for (const child of [...(el.shadowRoot?.childNodes ?? []), ...el.childNodes])
    if (child.nodeType === Node.TEXT_NODE) words(child, el, parts)
    else if (child.nodeType === Node.ELEMENT_NODE && child.localName !== "style")
      collect(child, plots, parts)
}

function part({ x, y, width, height }, draw) {
  return { x, y, width, height, draw }
}

function plotted(view, x, y) {
  const svg = view.export("svg", false).canvas
  svg.setAttribute("x", x)
  svg.setAttribute("y", y)
  return svg
}

// Backgrounds and borders: badges, colour bars, the strokes of a legend.
function boxes(el, box, parts) {
  const style = getComputedStyle(el)
  const { width, height } = box
  const stroke = parseFloat(style.borderTopWidth)
  const framed = stroke > 0 && parseFloat(style.borderLeftWidth) > 0
  const clear = /, 0\)$|transparent/
  const colours = style.backgroundImage.match(/rgba?\([^)]*\)/g)
  if (width && height && colours && el.className === "gradient") {
    parts.push(part(box, (x, y) => gradient(colours, { x, y, width, height })))
  } else if (width && height && (framed || !clear.test(style.backgroundColor))) {
    const look = { rx: Math.min(parseFloat(style.borderRadius) || 0, height / 2) }
    look.fill = clear.test(style.backgroundColor) ? "none" : style.backgroundColor
    if (framed) Object.assign(look, { stroke: style.borderTopColor, "stroke-width": stroke })
    parts.push(part(box, (x, y) => element("rect", { x, y, width, height, ...look })))
  } else if (stroke > 0 && width) {
    const dash = { dashed: "6 4", dotted: "2 3" }[style.borderTopStyle] ?? "none"
    const look = { stroke: style.borderTopColor, "stroke-width": stroke, "stroke-dasharray": dash }
    parts.push(part(box, (x, y) => element("path", { d: `M${x} ${y + stroke / 2}h${width}`, ...look })))
  }
}

function gradient(colours, place) {
  const group = element("g", {})
  const id = `g${Math.random().toString(36).slice(2)}`
  const fill = group.appendChild(element("linearGradient", { id }))
  colours.forEach((colour, number) =>
    fill.append(
      element("stop", { offset: number / (colours.length - 1), "stop-color": colour }),
    ),
  )
  group.append(element("rect", { ...place, fill: `url(#${id})` }))
  return group
}

// Text, line by line as the browser has broken it.
function words(node, el, parts) {
  const style = getComputedStyle(el)
  const pen = document.createElement("canvas").getContext("2d")
  pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`
  const ascent = pen.measureText("M").fontBoundingBoxAscent
  const look = {
    fill: style.color,
    "font-family": style.fontFamily,
    "font-size": style.fontSize,
    "font-weight": style.fontWeight,
    "letter-spacing": style.letterSpacing,
  }
  let line
  for (const { index, 0: word } of node.data.matchAll(/\S+/g)) {
    const range = document.createRange()
    range.setStart(node, index)
    range.setEnd(node, index + word.length)
    const box = range.getBoundingClientRect()
    if (!box.width) continue
    if (line && Math.abs(line.y - box.y) < 2) {
      line.text += ` ${word}`
      line.width = box.right - line.x
    } else {
      line = { x: box.x, y: box.y, width: box.width, height: box.height, text: word }
      parts.push(line)
      const made = line
      made.draw = (x, y) => element("text", { x, y: y + ascent, ...look }, made.text)
    }
  }
}

// Controls are left out: what they leave empty is closed, and the first part begins at the margin.
function closeGaps(parts) {
  let bottom = -Infinity
  let shift = 0
  for (const one of [...parts].sort((a, b) => a.y - b.y)) {
    const { y, height } = one
    if (bottom === -Infinity) shift = y - MARGIN
    else if (y - bottom > GAP) shift += y - bottom - GAP
    bottom = Math.max(bottom, y + height)
    one.y = y - shift
  }
}
