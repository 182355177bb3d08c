"""Mass profiles -> curves of enclosed mass and of circular velocity, with 1 and 2 R_hsm marked."""

import holoviews as hv
import numpy as np
import pandas as pd

from galmass_app.plots.frame import quiet_toolbar
from galmass_app.theme import CURVES, MARK, Stroke

AXES = {"kpc": "radius r [kpc]", "rhsm": "radius r / R_hsm"}  # by unit of the radii
BANDS = {"90": 0.16, "68": 0.28}  # share of predictions [%]: opacity
_FRAME = {
    "logx": True,
    "responsive": True,
    "min_height": 230,
    "padding": 0.02,
    "show_legend": False,
    "default_tools": ["pan", "box_zoom", "reset"],
    "active_tools": [],  # a finger on the plot scrolls the page
    "hooks": [quiet_toolbar],
}


def mass_curves(
    profiles: pd.DataFrame,
    half_mass_radius: float,
    predicted: pd.DataFrame | None = None,
    unit: str = "kpc",
) -> hv.Overlay:
    """Draw the mass of stars, of dark matter, and of everything inside a sphere of radius r.

    Parameters
    ----------
    profiles : DataFrame
        True: columns ``radius`` [kpc], ``mstar``, ``mdm`` and ``mtot`` [Msun].
    half_mass_radius : float, kpc
    predicted : DataFrame, optional
        As of `predicted_profiles.PredictedProfile.table`: points, and bands that hold 68 and 90 %.
    unit : str
        Of the axis and of the predictions: ``kpc`` or ``rhsm``.
    """
    shown = profiles[profiles["mstar"] > 0]
    radius, r_hsm = _scaled(shown["radius"], half_mass_radius, unit)
    curves = [
        _curve(radius, shown[key].where(shown[key] > 0), "mass_msun", style)
        for key, style in CURVES.items()
    ]
    marks = _radius_marks(r_hsm, shown["mstar"].min(), "mass_msun")
    bands = [
        part for key, style in CURVES.items() for part in _predicted(predicted, key, unit, style)
    ]
    return hv.Overlay([*marks, *bands, *curves]).opts(
        logy=True, xlabel=AXES[unit], ylabel="mass inside r [M☉]", **_FRAME
    )


def velocity_curve(
    profiles: pd.DataFrame, half_mass_radius: float, unit: str = "kpc"
) -> hv.Overlay:
    """Draw the circular velocity, V_c² = G M_tot(<r) / r.

    Parameters
    ----------
    profiles : DataFrame
        Columns ``radius`` [kpc] and ``v_circ`` [km/s].
    half_mass_radius : float, kpc
    unit : str
        Of the axis: ``kpc`` or ``rhsm``.
    """
    velocity = profiles["v_circ"]
    radius, r_hsm = _scaled(profiles["radius"], half_mass_radius, unit)
    curve = _curve(radius, velocity, "v_circ_kms", CURVES["mtot"])
    marks = _radius_marks(r_hsm, 0.05 * velocity.max(), "v_circ_kms")
    return hv.Overlay([*marks, curve]).opts(
        xlabel=AXES[unit], ylabel="V_c [km/s]", ylim=(0, None), **_FRAME
    )


def _scaled(radius: pd.Series, half_mass_radius: float, unit: str) -> tuple[pd.Series, float]:
    """Return radii and R_hsm in the unit of the axis."""
    one = half_mass_radius if unit == "rhsm" else 1.0
    return radius / one, half_mass_radius / one


def _predicted(
    predicted: pd.DataFrame | None, mass: str, unit: str, style: Stroke
) -> list[hv.Element]:
    """Return bands and points of a mass; as many without predictions, so that plots can follow."""
    empty = pd.DataFrame(columns=["radius", "predicted", *_limits()], dtype=float)
    rows = empty if predicted is None else predicted.query("mass == @mass and unit == @unit")
    areas = []
    for level, opacity in BANDS.items():
        names = [f"low_{level}", f"high_{level}"]
        known = rows[np.isfinite(rows[names]).all(axis=1)]
        band = hv.Area(
            known[["radius", *names]].to_numpy(), "radius_kpc", ["mass_msun", "high_msun"]
        )
        areas.append(band.opts(color=style.colour, alpha=opacity, line_alpha=0, framewise=True))
    points = hv.Scatter(rows[["radius", "predicted"]].to_numpy(), "radius_kpc", "mass_msun")
    look = {"color": style.colour, "fill_alpha": 0.0, "size": 7, "line_width": 1.6}
    return [*areas, points.opts(marker="circle", framewise=True, **look)]


def _limits() -> list[str]:
    return [f"{side}_{level}" for level in BANDS for side in ("low", "high")]


def _curve(radius: pd.Series, values: pd.Series, name: str, style: Stroke) -> hv.Curve:
    return hv.Curve((radius, values), "radius_kpc", name).opts(
        color=style.colour, line_dash=style.dash, line_width=2.2, framewise=True
    )


def _radius_marks(half_mass_radius: float, height: float, name: str) -> list[hv.Element]:
    """Vertical lines at 1 and 2 R_hsm, their names low where no curve passes."""
    lines = hv.VLines([half_mass_radius, 2 * half_mass_radius], "radius_kpc")
    labels = [
        hv.Labels([(multiple * half_mass_radius, height, text)], ["radius_kpc", name]).opts(
            text_color=MARK,
            text_font_size="12px",
            text_baseline="bottom",
            text_align=align,
            framewise=True,
        )
        for multiple, text, align in ((1, "R_hsm ", "right"), (2, " 2 R_hsm", "left"))
    ]
    return [lines.opts(color=MARK, line_dash="dotted", framewise=True), *labels]
