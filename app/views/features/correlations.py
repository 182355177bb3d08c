"""Correlations: the matrix, and beside it the scatter of one pair."""

import holoviews as hv
import numpy as np
import pandas as pd
import panel as pn
import param
from holoviews.streams import Pipe, Tap

from galmass_app.markup import snippet
from galmass_app.plots.correlation import chosen_cell, correlation_picture, pair_at, short
from galmass_app.plots.points import Points
from galmass_app.plots.sample import SampleFigure
from galmass_app.theme import Theme
from galmass_app.tree_models import ALL_TARGETS, QUICK_GALAXIES, drawn_samples
from galmass_app.views.heading import section
from galmass_app.views.layout import View, column, html, plot, row, select
from galmass_app.views.prediction import signed
from galmass_app.views.scatter import statistics_text
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.correlations import METHODS, correlation_matrix
from galmass_core.learning.experiments import default_features, missing_columns, usable_rows
from galmass_core.quantities import quantity

SIZES = ("effective_radius", "half_mass_radius")
HELP = {
    "pearson": "R of Pearson, the paper's: how close two quantities come to a straight line.",
    "spearman": "R of Spearman: how close the order of one comes to the order of the other.",
}


class Correlations(View):
    """Click a cell of the matrix to see the samples behind it.

    Parameters
    ----------
    data : DataSet
        With at least 3 samples.
    target : str
        Column: targets inside the same radius are shown.
    """

    def __init__(self, data: DataSet, target: str, theme: Theme) -> None:
        super().__init__()
        self.method = pn.widgets.RadioButtonGroup(
            options={name.capitalize(): name for name in METHODS},
            value=METHODS[0],
            css_classes=["gm-method"],
        )
        self._help = html("gm-section")
        self._matrix_pane = plot("gm-matrix", linked_axes=False)
        self._text = html("gm-pair-words")
        self._selects = [
            select(f"gm-inline gm-pair-{axis}", label)
            for axis, label in (("x", "x axis"), ("y", "y axis"))
        ]
        self._numbers = html("gm-pair-numbers")
        self._pair_pane = pn.pane.Bokeh(sizing_mode="stretch_width")
        self._frame = Pipe(data=("", ""))
        self._layout = row(
            "gm-correlations",
            column(
                "gm-matrix-part",
                section("Correlations"),
                self._help,
                self.method,
                self._matrix_pane,
            ),
            column(
                "gm-pair-part",
                self._text,
                column("gm-axes", *reversed(self._selects)),
                self._pair_pane,
                self._numbers,
            ),
        )
        self.draw(data, target, theme)
        self.method.param.watch(self._turn, "value")
        for chooser in self._selects:
            chooser.param.watch(self._chosen, "value")

    def draw(self, data: DataSet, target: str, theme: Theme) -> None:
        """Show another data set or other targets; arguments as of the class."""
        self._theme = theme
        self._features, self.table = related(data, target)
        self._names = data.samples["name"].loc[self.table.index]
        self._turn()

    def show(self, x: str, y: str) -> None:
        """Show the scatter of a pair of columns of the matrix."""
        self._pair = x, y
        with self._update_controls():
            keys = {f"{quantity(key).name} · {quantity(key).label}": key for key in self._matrix}
            for chooser, key in zip(self._selects, (x, y), strict=True):
                chooser.param.update(options=keys, value=key)
        self._frame.send((x, y))
        self._text.object = self._pair_text(x, y)
        points = Points(self.table.assign(name=self._names), x, y)
        self._pair_pane.object = SampleFigure(points, "gm-pair", min_height=500).figure
        self._numbers.object = statistics_text(points)

    def _turn(self, *_: param.parameterized.Event) -> None:
        """Measure and draw the matrix; stay with the pair in view if it is there."""
        keys = list(self.table)
        help_ = f"{HELP[self.method.value]} Click a cell to see its samples."
        self._help.object = snippet("shared.html", "paragraph", help_)
        self._matrix = correlation_matrix(self.table, keys, self.method.value)
        picture = correlation_picture(self._matrix, self._features, self._theme)
        Tap(source=picture.Rectangles.I).add_subscriber(self.tap)
        frame = hv.DynamicMap(
            lambda data, matrix=self._matrix: chosen_cell(matrix, *data), streams=[self._frame]
        )
        self._matrix_pane.object = picture * frame
        pair = getattr(self, "_pair", ())
        self.show(*(pair if pair and set(pair) <= set(keys) else (keys[0], keys[self._features])))

    def tap(self, x: float | None, y: float | None) -> None:
        """Show the pair of the cell that was clicked."""
        if x is not None and y is not None and (pair := pair_at(self._matrix, (x, y))):
            self.show(*pair)

    def _chosen(self, _: param.parameterized.Event) -> None:
        """Show the pair that is chosen in the lists."""
        if not self._updating:
            self.show(*(chooser.value for chooser in self._selects))

    def _pair_text(self, x: str, y: str) -> str:
        """Write the correlation of a pair."""
        value, method = signed(self._matrix.at[y, x], 2), self.method.value.capitalize()
        samples = f"{len(self.table):,}"
        return snippet("features.html", "pair", short(x), short(y), value, method, samples)


def related(data: DataSet, target: str) -> tuple[int, pd.DataFrame]:
    """Return the columns that a matrix is made of.

    Parameters
    ----------
    target : str
        Column: targets inside the same radius are taken.

    Returns
    -------
    int
        How many columns are features; they come first.
    pandas.DataFrame
        Samples in which all columns are finite and usable, of up to 30,000 galaxies.
    """
    samples = drawn_samples(data, QUICK_GALAXIES)
    features = [*default_features(samples), *SIZES]
    targets = [key for key in ALL_TARGETS if key.rpartition("_")[2] == target.rpartition("_")[2]]
    missing = missing_columns(samples, (*features, *targets))
    features = [key for key in features if key not in missing]
    targets = [key for key in targets if key not in missing]
    usable, _ = usable_rows(samples, features, targets)
    table = samples.loc[usable, [*features, *targets]].astype(float)
    return len(features), table[np.isfinite(table).all(axis=1)]
