"""Mass profiles -> figures of enclosed mass and of circular velocity, with 1 and 2 R_hsm marked."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from bokeh.models import ColumnDataSource, Line, Range1d, Scatter, Segment, Text, VArea, VSpan
from bokeh.plotting import figure
from numpy.typing import ArrayLike, NDArray

from galmass_app.plots.frame import RADIAL, quiet, set_range
from galmass_app.theme import ACCENT, CURVES, MARK, Stroke
from galmass_core.dynamics.comparison import AXISYMMETRIC

AXES = {"kpc": "radius r [kpc]", "rhsm": "radius r / R_hsm"}  # by unit of the radii
BANDS = {"90": 0.16, "68": 0.28}  # share of predictions [%]: opacity
DYNAMICS = {  # method: marker
    "virial": "triangle",
    "Wolf": "square",
    "Jeans": "diamond",
    AXISYMMETRIC: "hex",
}
_LIMITS = [f"{side}_{level}" for level in BANDS for side in ("low", "high")]
_FILLED = {"mstar": CURVES["mstar"].colour, "mtot": ACCENT}  # of dynamical masses
_PADDING = 0.02  # of an axis, on both sides


class ProfileFigures:
    """How the mass of a galaxy grows outwards; both figures have the same radii.

    Attributes
    ----------
    masses, velocity : bokeh.plotting.figure
        Mass of stars, of dark matter, and of everything inside a sphere of radius r; and the
        circular velocity, V_c² = G M_tot(<r) / r.
    """

    def __init__(self) -> None:
        self._radii = Range1d()
        self._curves, self._circular = ColumnDataSource(), ColumnDataSource()
        self._marks = {name: ColumnDataSource() for name in ("masses", "velocity")}
        self._predicted = {key: ColumnDataSource() for key in CURVES}
        self.masses = self._figure("masses", "mass inside r [M☉]", y_axis_type="log")
        for key, style in CURVES.items():
            self._draw_predictions(key, style)
        for key, style in CURVES.items():
            _draw_curve(self.masses, self._curves, key, style)
        self._dynamics = ColumnDataSource()
        self._draw_dynamics()
        self.velocity = self._figure("velocity", "V_c [km/s]")
        _draw_curve(self.velocity, self._circular, "v_circ", CURVES["mtot"])

    def show(
        self,
        profiles: pd.DataFrame,
        half_mass_radius: float,
        predicted: pd.DataFrame | None = None,
        unit: str = "kpc",
        dynamics: pd.DataFrame | None = None,
    ) -> None:
        """Draw the profiles of a galaxy.

        Parameters
        ----------
        profiles : DataFrame
            True: columns ``radius`` [kpc], ``mstar``, ``mdm`` and ``mtot`` [Msun], and ``v_circ``
            [km/s].
        half_mass_radius : float, kpc
        predicted : DataFrame, optional
            As of `predicted_profiles.PredictedProfile.table`: points, and bands that hold 68 and
            90 %.
        unit : str
            Of the axis and of the predictions: ``kpc`` or ``rhsm``.
        dynamics : DataFrame, optional
            As of `predicted_profiles.dynamical_masses`.
        """
        one = half_mass_radius if unit == "rhsm" else 1.0
        true = {name: profiles[name].to_numpy(float) for name in ("radius", *CURVES, "v_circ")}
        true["radius"] = true["radius"] / one
        marked = half_mass_radius / one * np.array([1, 2])
        starry = true["mstar"] > 0
        masses = {name: true[name][starry] for name in ("radius", *CURVES)}
        masses = {name: np.where(each > 0, each, np.nan) for name, each in masses.items()}
        self._curves.data = masses
        self._circular.data = {name: true[name] for name in ("radius", "v_circ")}
        shown = [self._predict(key, predicted, unit) for key in CURVES]
        lowest = np.fmin.reduce(masses["mstar"], initial=np.nan)
        fastest = np.fmax.reduce(true["v_circ"], initial=np.nan)
        self._mark("masses", marked, lowest)
        self._mark("velocity", marked, 0.05 * fastest)
        radii = [true["radius"], marked, *(rows["radius"] for rows in shown)]
        self._follow(self._radii, radii, log=True)
        heights = [masses[key] for key in CURVES]
        heights += [rows[name] for rows in shown for name in ("predicted", *_LIMITS)]
        heights.append(self._show_dynamics(dynamics, one))
        self._follow(self.masses.y_range, heights, log=True)
        self._follow(self.velocity.y_range, [true["v_circ"], [0.05 * fastest]])
        for each in (self.masses, self.velocity):
            each.xaxis.axis_label = AXES[unit]

    def _figure(self, name: str, label: str, **axes: str) -> figure:
        """Make a figure with its marks."""
        made = figure(x_range=self._radii, y_range=Range1d(), y_axis_label=label, **RADIAL, **axes)
        made.grid.visible = False
        quiet(made)
        source = self._marks[name]
        self._mark(name, np.zeros(0), np.nan)
        made.add_glyph(source, VSpan(x="x", line_color=MARK, line_width=3, line_dash="dotted"))
        look = {"text_color": MARK, "text_font_size": "12px", "text_baseline": "bottom"}
        made.add_glyph(source, Text(x="x", y="y", text="text", text_align="align", **look))
        return made

    def _draw_predictions(self, mass: str, style: Stroke) -> None:
        """Make the layers of the bands and points of a mass."""
        source = self._predicted[mass]
        source.data = {name: [] for name in ("radius", "predicted", *_LIMITS)}
        for level, opacity in BANDS.items():
            ends = {"x": "radius", "y1": f"low_{level}", "y2": f"high_{level}"}
            band = VArea(**ends, fill_color=style.colour, fill_alpha=opacity)
            self.masses.add_glyph(source, band)
        look = {"line_color": style.colour, "fill_alpha": 0.0, "size": 7, "line_width": 1.6}
        self.masses.add_glyph(source, Scatter(x="radius", y="predicted", **look))

    def _draw_dynamics(self) -> None:
        """Make the layers of dynamical masses and their errors."""
        source = self._dynamics
        source.data = {name: [] for name in ("radius", "mass", "low", "high", "marker", "colour")}
        ends = {"x0": "radius", "x1": "radius", "y0": "low", "y1": "high"}
        self.masses.add_glyph(source, Segment(**ends, line_color="colour", line_width=2))
        look = {"line_color": MARK, "fill_color": "colour", "size": 11, "line_width": 1}
        self.masses.add_glyph(source, Scatter(x="radius", y="mass", marker="marker", **look))

    def _show_dynamics(self, dynamics: pd.DataFrame | None, one: float) -> NDArray:
        """Show dynamical masses, with radii in a unit [kpc]; return what the axis must hold."""
        if dynamics is None:
            dynamics = pd.DataFrame(columns=["method", "of", "radius", "mass", "low", "high"])
        self._dynamics.data = {
            "radius": dynamics["radius"].to_numpy(float) / one,
            **{name: dynamics[name].to_numpy(float) for name in ("mass", "low", "high")},
            "marker": [DYNAMICS[each] for each in dynamics["method"]],
            "colour": [_FILLED[each] for each in dynamics["of"]],
        }
        return dynamics["mass"].to_numpy(float)

    def _predict(self, mass: str, predicted: pd.DataFrame | None, unit: str) -> dict[str, NDArray]:
        """Show the predictions of a mass, and return them by column."""
        rows = dict.fromkeys(("radius", "predicted", *_LIMITS), np.zeros(0))
        if predicted is not None:
            which = ((predicted["mass"] == mass) & (predicted["unit"] == unit)).to_numpy()
            rows = {name: predicted[name].to_numpy(float)[which] for name in rows}
        self._predicted[mass].data = rows
        return rows

    def _mark(self, name: str, radii: NDArray, height: float) -> None:
        """Mark 1 and 2 R_hsm, their names low where no curve passes."""
        words = {"text": ["R_hsm ", " 2 R_hsm"], "align": ["right", "left"]}
        words = {key: each[: len(radii)] for key, each in words.items()}
        self._marks[name].data = {"x": radii, "y": np.full(len(radii), height), **words}

    def _follow(self, ends: Range1d, shown: Sequence[ArrayLike], *, log: bool = False) -> None:
        """Move an axis to what is shown: a logarithmic one, or one that begins at zero."""
        values = np.concatenate([np.asarray(each, float).ravel() for each in shown])
        values = values[np.isfinite(values) & ((values > 0) | (not log))]
        if not values.size:
            return
        low, high = float(values.min()), float(values.max())
        if log:
            factor = (high / low) ** _PADDING if high > low else 1.1
            set_range(ends, low / factor, high * factor)
        else:
            set_range(ends, 0.0, high + _PADDING * (high - low))


def _draw_curve(shown: figure, source: ColumnDataSource, name: str, style: Stroke) -> None:
    """Make the layer of a curve; its columns are there before its data."""
    source.data = dict(source.data) | {"radius": [], name: []}
    look = {"line_color": style.colour, "line_dash": style.dash, "line_width": 2.2}
    shown.add_glyph(source, Line(x="radius", y=name, **look))
