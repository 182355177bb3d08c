// Scripts of plots and widgets that are modules are loaded as such.
//
// Upstream (BokehJS 3.9.2): text is evaluated to load them, which the content-security policy of
// the dashboard forbids.
// Without it: menus of completions and numbers in a correlation matrix do not follow.

{
  const { CustomJS } = globalThis.Bokeh?.require?.("models/callbacks/customjs") ?? {}
  if (CustomJS?.prototype._compile_module)
    CustomJS.prototype._compile_module = async function () {
      const url = URL.createObjectURL(new Blob([this.code], { type: "text/javascript" }))
      try {
        return (await import(url)).default
      } finally {
        URL.revokeObjectURL(url)
      }
    }
}
