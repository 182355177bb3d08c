"""How a galaxy's mass grows outwards: enclosed masses and circular velocity."""

import holoviews as hv
import pandas as pd
import panel as pn
from holoviews.streams import Pipe

from galmass_app.framework import IsolatedLayout
from galmass_app.markup import snippet
from galmass_app.plots.profiles import mass_curves, velocity_curve
from galmass_app.theme import CURVES
from galmass_app.views.layout import View, column, html

_NAMES = {"mstar": "stars M*", "mdm": "dark matter M_DM", "mtot": "everything M_tot"}


class MassProfiles(View):
    """Enclosed masses above, circular velocity below, in the same radii.

    Parameters
    ----------
    profiles : DataFrame
        As `targets.mass_profiles` gives it.
    half_mass_radius : float, kpc
    """

    def __init__(self, profiles: pd.DataFrame, half_mass_radius: float) -> None:
        super().__init__()
        self._pipe = Pipe(data=(profiles, half_mass_radius))
        lines = [(_NAMES[key], style.dash, style.colour) for key, style in CURVES.items()]
        self._layout = column(
            "gm-profiles",
            html(
                "gm-section", snippet("shared.html", "curves", "Mass inside r", lines), wide=False
            ),
            *(self._pane(plot) for plot in (mass_curves, velocity_curve)),
        )

    def draw(self, profiles: pd.DataFrame, half_mass_radius: float) -> None:
        """Show another galaxy; arguments as of the class."""
        self._pipe.send((profiles, half_mass_radius))

    def _pane(self, plot: object) -> IsolatedLayout:
        """One picture that follows the pipe."""
        curves = hv.DynamicMap(lambda data: plot(*data), streams=[self._pipe])
        return IsolatedLayout(pn.pane.HoloViews(curves, sizing_mode="stretch_width", margin=0))
