// Handles of sliders have the name that stands above them.
//
// Upstream (BokehJS 3.9.2): they have none, and a screen reader reads a number alone.
// Without it: the same.

{
  const { AbstractSliderView } =
    globalThis.Bokeh?.require?.("models/widgets/sliders/abstract_slider") ?? {}
  const entitle = AbstractSliderView?.prototype._update_title
  if (entitle)
    AbstractSliderView.prototype._update_title = function () {
      entitle.call(this)
      for (const handle of this.slider_el?.querySelectorAll(".noUi-handle") ?? [])
        handle.setAttribute("aria-label", this.model.title ?? "")
    }
}
