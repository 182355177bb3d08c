// A plot is cleared as a whole before it is drawn again.
//
// Upstream (BokehJS 3.9.2): it is shifted by half a pixel, so that the first row and the first
// column of pixels are only half cleared, and keep a shadow of the plot before.
// Without it: there is that shadow, where a plot has moved.

{
  const { CanvasLayer } = globalThis.Bokeh?.require?.("core/util/canvas") ?? {}
  const clear = CanvasLayer?.prototype.clear

  if (clear)
    CanvasLayer.prototype.clear = function () {
      if (this.backend === "svg") return clear.call(this)
      const { width, height } = this.canvas
      this.undo_transform((ctx) => ctx.clearRect(0, 0, width, height))
    }
}
