// The selected galaxies as small pictures of their maps.

export function render({ model }) {
  const head = document.createElement("div")
  head.className = "strip-head"
  const said = document.createElement("p")
  const label = document.createElement("label")
  const order = document.createElement("select")
  order.className = "bk-input"
  label.append("sorted by ", order)
  head.append(said, label)
  const list = document.createElement("ul")
  const more = document.createElement("small")
  more.className = "more"
  head.append(more)
  function hint() {
    const left = list.scrollWidth - list.clientWidth - list.scrollLeft
    more.textContent = left > 1 ? "more to the right: scroll →" : list.scrollLeft > 1 ? "← scroll" : ""
    list.classList.toggle("cut", left > 1)
  }
  list.addEventListener("scroll", hint)
  new ResizeObserver(hint).observe(list)
  const pictures = new Map()

  function card([name, los, id, note, picture]) {
    const item = document.createElement("li")
    const button = document.createElement("button")
    button.dataset.name = name
    button.dataset.picture = picture
    const four = document.createElement("span")
    four.className = picture ? "four" : ""
    const title = document.createElement("b")
    title.textContent = id
    const small = document.createElement("small")
    small.textContent = note
    button.append(four, title, small)
    button.setAttribute("aria-label", `Subhalo ${id}, ${note}`)
    button.onclick = () => model.send_msg(["show", name, los])
    item.append(button)
    return item
  }
  function fill() {
    for (const button of list.querySelectorAll("button")) {
      const four = button.firstChild
      const sources = pictures.get(button.dataset.picture) ?? []
      if (four.childElementCount !== sources.length)
        four.replaceChildren(...sources.map((source) => {
          const image = new Image()
          image.src = source
          image.alt = ""
          return image
        }))
    }
  }
  function mark() {
    for (const button of list.querySelectorAll("button"))
      button.toggleAttribute("aria-current", button.dataset.name === model.here)
  }
  function show() {
    list.replaceChildren(...model.cards.map(card))
    requestAnimationFrame(hint)
    const lacking = model.cards.map((one) => one[4]).filter((one) => one && !pictures.has(one))
    if (lacking.length) model.send_msg(["pictures", lacking, ""])
    fill()
    mark()
  }
  function sort() {
    said.textContent = model.head
    order.replaceChildren(...model.orders.map(([key, words]) => new Option(words, key)))
    order.value = model.order
  }
  order.onchange = () => model.send_msg(["sort", order.value, ""])
  show()
  sort()
  model.on("cards", show)
  model.on("msg:custom", (made) => {
    for (const [picture, sources] of made) pictures.set(picture, sources)
    fill()
  })
  model.on("here", mark)
  model.on(["head", "orders", "order"], sort)
  const strip = document.createElement("section")
  strip.setAttribute("aria-label", "Selected galaxies in their maps")
  strip.append(head, list)
  return strip
}
