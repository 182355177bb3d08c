// The Tab key goes past plots: nothing in them can be done by keys, and they have no name.
//
// Upstream (BokehJS 3.9.2): each plot is a stop.
// Without it: more stops.

{
  const { CanvasView } = globalThis.Bokeh?.require?.("models/canvas/canvas") ?? {}
  const begin = CanvasView?.prototype.initialize
  if (begin)
    CanvasView.prototype.initialize = function () {
      begin.call(this)
      if (this.events_el) this.events_el.tabIndex = -1
    }
}
