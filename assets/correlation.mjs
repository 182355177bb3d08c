// The numbers of a correlation matrix show only where its cells have room for them.

export default ({ numbers, figure, room }) => {
  numbers.visible = figure.inner_width > room
}
