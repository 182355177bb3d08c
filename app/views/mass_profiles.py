"""How a galaxy's mass grows outwards: enclosed masses, true and predicted; circular velocity."""

import pandas as pd
import param
from markupsafe import Markup

from galmass_app import services
from galmass_app.framework import IsolatedLayout
from galmass_app.jobs import trees_command
from galmass_app.markup import snippet
from galmass_app.plots.profiles import ProfileFigures
from galmass_app.predicted_profiles import (
    PredictedProfile,
    ProfileRequest,
    dynamical_masses,
    predict_profile,
    profile_runs,
)
from galmass_app.state import SessionState
from galmass_app.theme import CURVES
from galmass_app.views.layout import View, column, html, select, switch
from galmass_app.views.worker_poller import WorkerPoller
from galmass_app.workers import QUICK, Slot
from galmass_core.datasets.capabilities import lacks
from galmass_core.datasets.dataset import DataSet
from galmass_core.quantities import symbol_of
from galmass_core.training.runs import Run, open_run

_NAMES = {"mstar": "stars M*", "mdm": "dark matter M_DM", "mtot": "everything M_tot"}
_UNITS = {"kpc": "kpc", "R_hsm": "rhsm"}
_PARTS = {
    "train": Markup("<b>Not tested on this galaxy: it was in the training set of the run.</b>"),
    "validation": "This galaxy was in the validation set of the run, which chose the best epoch.",
    "test": "This galaxy was not in the training set of the run.",
    "": "The run was not trained on this data set, or could not use this galaxy.",
}
MARKS = (
    "Filled marks, from the r image, V and σ alone: ▲ half of the virial mass, at R_hsm; ■ Wolf et "
    "al., at 4/3 R_e; Jeans models of everything and of stars, at R_hsm and R_e, ◆ spherical and ⬢ "
    "axisymmetric."
)
FAILED = "There is no predicted profile; the status line says why."


class MassProfiles(View):
    """Enclosed masses above, circular velocity below, in the same radii.

    Parameters
    ----------
    session : SessionState
        The galaxy in view, of a data set with maps, and the run that predicts its profile.
    figure : str
        CSS class, by which it is downloaded.
    """

    follows = ("profile_run", "profile_unit")  # parameters of the session, besides the galaxy

    def __init__(self, session: SessionState, figure: str = "gm-profiles") -> None:
        super().__init__(session)
        self.predicted: PredictedProfile | None = None
        self.request, self._predicting = None, Slot(QUICK)
        self.dynamics: pd.DataFrame | None = None
        self._measured, self._measuring = None, Slot(QUICK)
        self._poller = WorkerPoller(self.pull, session)
        self._run = select("gm-inline gm-profile-run", "Predicted by")
        self._run.param.watch(self._chosen, "value")
        self._text = html("gm-profile-text", wide=False)
        unit = switch("gm-profile-unit", session.param.profile_unit, _UNITS)
        lines = [(_NAMES[key], style.dash, style.colour) for key, style in CURVES.items()]
        self._legend = html(
            "gm-section", snippet("shared.html", "curves", "Mass inside r", lines), wide=False
        )
        self._figures = ProfileFigures()
        self._layout = column(
            f"{figure} gm-profile-view",
            self._legend,
            unit,
            self._run,
            IsolatedLayout(self._figures.masses, "gm-profile-plot"),
            self._text,
            IsolatedLayout(self._figures.velocity, "gm-profile-plot"),
        )
        self.draw()

    def draw(self) -> None:
        """Show the galaxy in view, and request its prediction if it is another one."""
        session = self.session
        runs = profile_runs(session.data)
        run = next((one for one in runs if one.name == session.profile_run), None)
        run = run or next(iter(runs), None)
        self._list(runs, run)
        request = None
        if run:
            request = ProfileRequest(
                data=session.data,
                galaxy=session.galaxy,
                los=session.los,
                run=run.path,
                ended=run.record["ended"],
            )
        if request != self.request:
            self.request, self.predicted = request, None
            self._predicting.cancel()
            if request:
                self._predicting.submit(lambda _: predict_profile(request))
                self._poller.wake()
        self._measure((session.data, session.galaxy, session.los))
        self._show()

    def _measure(self, sample: tuple[DataSet, str, str]) -> None:
        """Request the dynamical masses of a sample, unless it is the last request."""
        if sample != self._measured:
            self._measured, self.dynamics = sample, None
            self._measuring.submit(lambda _: dynamical_masses(*sample))
            self._poller.wake()

    def pull(self) -> bool:
        """Take what the worker has made; return whether there is more to come."""
        if self._predicting.ready or self._measuring.ready:
            with self.session.reporting():
                if self._predicting.ready:
                    self.predicted = self._predicting.take()
                if self._measuring.ready:
                    self.dynamics = self._measuring.take()
            self._show()
        return self._predicting.busy or self._measuring.busy

    @property
    def run(self) -> Run | None:
        """The run whose prediction is drawn."""
        return open_run(self.request.run) if self.request else None

    @property
    def table(self) -> pd.DataFrame:
        """True masses by radius, then those that are predicted, with their limits."""
        true = services.profiles(self.session.data, self.session.galaxy)
        if self.predicted is None or self.predicted.table.empty:
            return true
        radius = self._half_mass_radius()
        wide = self.predicted.table.assign(
            radius=lambda rows: rows["radius"].where(rows["unit"] == "kpc", rows["radius"] * radius)
        ).pivot(index="radius", columns="mass")
        wide = wide.drop(columns="unit")
        wide.columns = [f"{mass}_{name}" for name, mass in wide.columns]
        together = pd.concat([true, wide.reset_index().astype(float)], ignore_index=True)
        return together.sort_values("radius", kind="stable", ignore_index=True)

    def _half_mass_radius(self) -> float:
        sample = self.session.data.row(self.session.galaxy, self.session.los)
        return float(sample["half_mass_radius"])

    def _show(self) -> None:
        session = self.session
        true = services.profiles(session.data, session.galaxy)
        predicted = self.predicted and self.predicted.table
        radius, unit = self._half_mass_radius(), session.profile_unit
        self._figures.show(true, radius, predicted, unit, self.dynamics)
        self._text.object = self._words() + self._dynamical_words()

    def _dynamical_words(self) -> str:
        """Say what the marks of dynamical masses are, once they are there."""
        if self.dynamics is None:
            return ""
        none = "No dynamical mass could be estimated from these maps."
        return snippet("shared.html", "notes", [none if self.dynamics.empty else MARKS])

    def _words(self) -> str:
        """Say what points and bands are, and whether the run was trained on this galaxy."""
        if self.request is None:
            data = self.session.data
            advice = snippet("shared.html", "no_profile", trees_command(data, "profile/features"))
            return "" if lacks(data).training else advice
        if self.predicted is None:
            return snippet("shared.html", "at_work", "predicting the profile…") * (
                self._predicting.busy
            ) or snippet("shared.html", "notes", [FAILED])
        return prediction_text(self.predicted)

    def _list(self, runs: list[Run], run: Run | None) -> None:
        """List the runs; the one that is shown stays until another is chosen."""
        with self._update_controls():
            self._run.visible = run is not None
            if run:
                self._run.param.update(options=[one.name for one in runs], value=run.name)
                self.session.profile_run = run.name

    def _chosen(self, event: param.parameterized.Event) -> None:
        if not self._updating and event.new:
            self.session.profile_run = event.new


def prediction_text(predicted: PredictedProfile) -> str:
    """Say what points and bands are and whether the run learned from the galaxy, or why not."""
    if reason := predicted.why_not:
        key, _, why = reason.rpartition(" is ")
        words = f"No profile is predicted for this galaxy: its {symbol_of(key)} is {why}."
        return snippet("shared.html", "notes", [words])
    bands = "Points: predicted. Bands hold the true mass with 68 and 90 % probability."
    both = Markup("{} {}").format(bands, _PARTS[predicted.part])
    return snippet("shared.html", "notes", [both])
