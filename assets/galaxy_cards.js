// Galaxies as small pictures of their maps, with a few words; a tap goes to one.

export function render({ model }) {
  const list = document.createElement("ul")

  function card([name, los, title, lines, sources]) {
    const item = document.createElement("li")
    const button = document.createElement("button")
    button.dataset.name = name
    const four = document.createElement("span")
    four.className = sources.length ? "four" : ""
    four.append(...sources.map((source) => {
      const image = new Image()
      image.src = source
      image.alt = ""
      return image
    }))
    const head = document.createElement("b")
    head.textContent = title
    button.append(four, head, ...lines.map((words) => {
      const small = document.createElement("small")
      small.textContent = words
      return small
    }))
    button.setAttribute("aria-label", [title, ...lines].join(", "))
    button.onclick = () => model.send_msg([name, los])
    item.append(button)
    return item
  }
  function show() {
    list.replaceChildren(...model.cards.map(card))
  }
  show()
  model.on("cards", show)
  return list
}
