// The numbers of a correlation matrix show only where its cells have room for them.

numbers.visible = figure.inner_width > room
