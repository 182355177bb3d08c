"""Motions of stars by radius -> figures: V, σ and V_c; V/σ and λ_R; the share of dark matter."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from bokeh.models import ColumnDataSource, Line, Range1d, Scatter
from bokeh.plotting import figure

from galmass_app.plots.frame import RADIAL, quiet, set_range
from galmass_app.theme import ACCENT, CURVES, MARK, Stroke


class Curve(NamedTuple):
    """A column that is drawn, its name and its look."""

    column: str
    name: str
    style: Stroke


FIGURES = {  # axis: curves of it
    "[km/s]": (
        Curve("v", "rotation V", Stroke("#5b8def", "solid")),
        Curve("sigma", "dispersion σ", Stroke("#d98e1f", "dashed")),
        Curve("v_circ", "circular velocity V_c", Stroke(MARK, "solid")),
    ),
    "V/σ, λ_R": (
        Curve("v_over_sigma", "V/σ", Stroke("#5b8def", "solid")),
        Curve("lambda_r", "λ_R inside r", Stroke(ACCENT, "dashed")),
    ),
    "f_DM inside r": (Curve("f_dm", "dark-matter fraction", CURVES["mdm"]),),
}
_TRUE = ("v_circ", "f_dm")  # of spheres, from particles; the others are seen on the sky


class MotionFigures:
    """Three figures with the same radii.

    Attributes
    ----------
    figures : list of bokeh.plotting.figure
        In the order of `FIGURES`.
    """

    def __init__(self) -> None:
        self._radii, self._seen, self._true = Range1d(), ColumnDataSource(), ColumnDataSource()
        names = [curve.column for curves in FIGURES.values() for curve in curves]
        self._true.data = {name: [] for name in ("radius", *_TRUE)}
        self._seen.data = {name: [] for name in ("radius", *(set(names) - set(_TRUE)))}
        self.figures = [self._figure(label, curves) for label, curves in FIGURES.items()]

    def show(self, motion: pd.DataFrame, profiles: pd.DataFrame) -> None:
        """Draw a sample.

        Parameters
        ----------
        motion : DataFrame
            As of `dynamics.motion.motion_profile`.
        profiles : DataFrame
            True: ``radius`` [kpc], ``v_circ`` [km/s], and ``f_dm`` inside the radius.
        """
        reach = motion["radius"].max() if len(motion) else np.inf
        near = profiles[profiles["radius"] <= 2 * reach]
        for source, table in ((self._seen, motion), (self._true, near)):
            source.data = {name: table[name].to_numpy(float) for name in source.data}
        radii = np.concatenate([motion["radius"], near["radius"]]).astype(float)
        radii = radii[radii > 0]
        if radii.size:
            set_range(self._radii, float(radii.min()) / 1.05, float(radii.max()) * 1.05)
        for shown, curves in zip(self.figures, FIGURES.values(), strict=True):
            sources = [self._source(curve).data[curve.column] for curve in curves]
            highest = np.fmax.reduce(np.concatenate(sources), initial=np.nan)
            if np.isfinite(highest) and highest > 0:
                set_range(shown.y_range, 0.0, 1.05 * float(highest))

    def _source(self, curve: Curve) -> ColumnDataSource:
        return self._true if curve.column in _TRUE else self._seen

    def _figure(self, label: str, curves: tuple[Curve, ...]) -> figure:
        """Make a figure with its curves."""
        made = figure(
            x_range=self._radii,
            y_range=Range1d(),
            y_axis_label=label,
            x_axis_label="radius r [kpc]",
            **RADIAL,
        )
        made.grid.visible = False
        quiet(made)
        for curve in curves:
            source, style = self._source(curve), curve.style
            look = {"line_color": style.colour, "line_dash": style.dash, "line_width": 2.2}
            made.add_glyph(source, Line(x="radius", y=curve.column, **look))
            if source is self._seen:
                dots = Scatter(x="radius", y=curve.column, size=6, fill_color=style.colour)
                made.add_glyph(source, dots.clone(line_color=style.colour))
        return made
