"""Mass profiles -> curves of enclosed mass and of circular velocity, with 1 and 2 R_hsm marked."""

import holoviews as hv
import pandas as pd

from galmass_app.plots.frame import quiet_toolbar
from galmass_app.theme import CURVES, MARK, Stroke

_FRAME = {
    "logx": True,
    "responsive": True,
    "min_height": 230,
    "padding": 0.02,
    "show_legend": False,
    "xlabel": "radius r [kpc]",
    "default_tools": ["pan", "box_zoom", "reset"],
    "active_tools": [],  # a finger on the plot scrolls the page
    "hooks": [quiet_toolbar],
}


def mass_curves(profiles: pd.DataFrame, half_mass_radius: float) -> hv.Overlay:
    """Draw the mass of stars, of dark matter, and of everything inside a sphere of radius r.

    Parameters
    ----------
    profiles : DataFrame
        Columns ``radius`` [kpc], ``mstar``, ``mdm`` and ``mtot`` [Msun].
    half_mass_radius : float, kpc
    """
    shown = profiles[profiles["mstar"] > 0]
    curves = [
        _curve(shown["radius"], shown[key].where(shown[key] > 0), "mass_msun", style)
        for key, style in CURVES.items()
    ]
    marks = _radius_marks(half_mass_radius, shown["mstar"].min(), "mass_msun")
    return hv.Overlay([*marks, *curves]).opts(logy=True, ylabel="mass inside r [M☉]", **_FRAME)


def velocity_curve(profiles: pd.DataFrame, half_mass_radius: float) -> hv.Overlay:
    """Draw the circular velocity, V_c² = G M_tot(<r) / r.

    Parameters
    ----------
    profiles : DataFrame
        Columns ``radius`` [kpc] and ``v_circ`` [km/s].
    half_mass_radius : float, kpc
    """
    velocity = profiles["v_circ"]
    curve = _curve(profiles["radius"], velocity, "v_circ_kms", CURVES["mtot"])
    marks = _radius_marks(half_mass_radius, 0.05 * velocity.max(), "v_circ_kms")
    return hv.Overlay([*marks, curve]).opts(ylabel="V_c [km/s]", ylim=(0, None), **_FRAME)


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
