"""How the stars of the sample in view move at each radius, beside what its mass implies."""

import numpy as np
import pandas as pd

from galmass_app import services
from galmass_app.framework import IsolatedLayout
from galmass_app.markup import snippet
from galmass_app.plots.motion import FIGURES, MotionFigures
from galmass_app.state import SessionState
from galmass_app.views.layout import column, html
from galmass_app.views.worker_poller import WorkerView
from galmass_app.workers import QUICK, Job
from galmass_core.dynamics.motion import motion_profile

_TITLES = ("How fast stars move", "Order in the motion", "Dark matter")
_WORDS = (
    "V is the amplitude along the kinematic axis and σ the dispersion inside pixels, in annuli on "
    "the sky of ten stars at least; V_c and f_DM are true, in spheres."
)
_FEW = "Too few stars for motions by radius."


class Motion(WorkerView):
    """Three figures: V, σ and V_c; V/σ and λ_R; the share of dark matter."""

    follows = ("dataset", "galaxy", "los")

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, QUICK)
        self.table = pd.DataFrame()
        self._figures, self._text = MotionFigures(), html("gm-motion-text", wide=False)
        parts = []
        for title, curves, shown in zip(
            _TITLES, FIGURES.values(), self._figures.figures, strict=True
        ):
            lines = [(each.name, each.style.dash, each.style.colour) for each in curves]
            words = snippet("shared.html", "curves", title, lines)
            parts.append(
                column("gm-profile-view", html("gm-section", words), IsolatedLayout(shown))
            )
        self._three = column("gm-three", *parts, visible=False)
        self._layout = column("gm-motion", self._text, self._three)
        self.draw()

    def draw(self) -> None:
        """Have a worker measure the sample in view."""
        session = self.session
        sample = session.data, session.galaxy, session.los

        def work(_: Job) -> tuple[pd.DataFrame, pd.DataFrame]:
            return motion_profile(services.maps(*sample)), _with_fraction(
                services.profiles(*sample[:2])
            )

        self._submit(work, "" if self._three.visible else "measuring motions…")

    def _show(self, made: tuple[pd.DataFrame, pd.DataFrame]) -> None:
        """Show what the worker has measured: motions, and mass profiles."""
        motion, profiles = made
        self._figures.show(motion, profiles)
        near = [("sky", motion), ("sphere", profiles[["radius", "v_circ", "f_dm"]])]
        self.table = pd.concat([each.assign(seen=name) for name, each in near])
        self._three.visible = True
        words = _WORDS if len(motion) else _FEW
        self._text.object = snippet("shared.html", "notes", [words])


def _with_fraction(profiles: pd.DataFrame) -> pd.DataFrame:
    """Return mass profiles with the share of dark matter inside each radius."""
    total = profiles["mtot"].where(profiles["mtot"] > 0, np.nan)
    return profiles.assign(f_dm=profiles["mdm"] / total)
