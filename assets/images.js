// One colouring of an image for all parts that change together.
//
// Upstream (BokehJS 3.9.2): an image gets its colours again at each end of the range that changes,
// and once more when its values do.
// Without it: the page is the same but slower.

{
  const { ImageView } = globalThis.Bokeh?.require?.("models/glyphs/image") ?? {}
  const { _update_image: recolour, _set_data: set_data } = ImageView?.prototype ?? {}
  const due = new WeakSet()

  if (recolour && set_data) {
    ImageView.prototype._update_image = function () {
      if (due.has(this)) return
      due.add(this)
      queueMicrotask(() => {
        if (due.has(this)) recolour.call(this)
      })
    }
    ImageView.prototype._set_data = function (...places) {
      due.delete(this)
      return set_data.apply(this, places)
    }
  }
}
