// One layout of a page for all parts that change together.
//
// Upstream (BokehJS 3.9.2): each part that changes lays out the whole page again, at once.
// Without it: the page is the same but slower.

{
  const { LayoutDOMView } = globalThis.Bokeh?.require?.("models/layouts/layout_dom") ?? {}
  const lay_out = LayoutDOMView?.prototype.invalidate_layout
  const due = new Set()

  if (lay_out)
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
