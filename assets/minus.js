// Numbers at the pointer have a minus sign, as those of axes and of the page, not a hyphen.
//
// Upstream (BokehJS 3.9.2): a hyphen, in tooltips alone.
// Without it: a hyphen.

{
  const { DEFAULT_FORMATTERS } = globalThis.Bokeh?.require?.("core/util/templating") ?? {}
  for (const name of ["basic", "numeral", "printf"]) {
    const write = DEFAULT_FORMATTERS?.[name]
    if (write)
      DEFAULT_FORMATTERS[name] = (value, ...rest) => {
        const text = write(value, ...rest)
        return typeof value === "number" ? text.replaceAll("-", "−") : text
      }
  }
}
