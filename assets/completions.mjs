// The menu of a text box shows the completions that come while one types in it.

export default (_, box) => {
  const view = Bokeh.index.find_one(box)
  if (view?._toggle_menu && view.shadow_el?.activeElement === view.input_el) view._toggle_menu()
}
