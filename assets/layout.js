// One layout of the page for all that changes together: each part asks for one of its own.

{
  const { LayoutDOMView } = Bokeh.require("models/layouts/layout_dom")
  const lay_out = LayoutDOMView.prototype.invalidate_layout
  const due = new Set()

  LayoutDOMView.prototype.invalidate_layout = function () {
    if (this.parent instanceof LayoutDOMView) return this.parent.invalidate_layout()
    if (due.has(this)) return
    due.add(this)
    queueMicrotask(() => {
      due.delete(this)
      lay_out.call(this)
    })
  }
}
