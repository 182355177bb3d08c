"""Mass profiles that runs predict for a sample: in worker threads, kept for all sessions."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from galmass_app import services
from galmass_app.estimates import dynamics_of
from galmass_core.datasets.dataset import DataSet
from galmass_core.dynamics.comparison import AXISYMMETRIC
from galmass_core.learning.experiments import missing_columns, usable_rows
from galmass_core.learning.intervals import LEVELS, limit_names
from galmass_core.measurements.targets import HALF_LIGHT
from galmass_core.quantities import PROFILE_MASSES, PROFILE_RADII, profile_column
from galmass_core.storage import parquet
from galmass_core.training.profile_runs import ProfileModel, is_profile
from galmass_core.training.runs import PREDICTIONS, Run, open_run


@dataclass(frozen=True, kw_only=True)
class ProfileRequest:
    """A run, and the sample whose profile it predicts."""

    data: DataSet
    galaxy: str
    los: str
    run: Path  # folder
    ended: str  # when the run ended: one that was trained again in the same folder is another


@dataclass(frozen=True, kw_only=True, eq=False)
class PredictedProfile:
    """The mass profile that a run predicts for a sample."""

    request: ProfileRequest
    # A row for each mass and radius: ``mass`` and ``unit`` (as in `quantities.PROFILE_RADII`),
    # ``radius`` in that unit, ``predicted`` and the limits ``low_68`` ... ``high_90`` [Msun]
    table: pd.DataFrame
    part: str  # of the run's split; empty if the run knows no such sample
    why_not: str = ""  # why there is none, as `usable_rows` writes it


def profile_runs(data: DataSet) -> list[Run]:
    """Return the finished runs that can predict the profiles of a data set, the newest first."""
    return [
        run
        for run in services.runs()
        if run.state == "finished"
        and is_profile(run)
        and not missing_columns(data.samples, run.config.get("features", ()))
        and ("maps" not in run.config or _fits(run, data))
    ]


def _fits(run: Run, data: DataSet) -> bool:
    """Return whether maps are of galaxies with as many stars, in the frame, as a network's."""
    same = run.record["dataset"].get("stars") == data.info.get("stars")
    return data.has_maps and same and run.sees_as(data)


@lru_cache(maxsize=256)
def predict_profile(request: ProfileRequest) -> PredictedProfile:
    """Predict the mass profile of a sample.

    Raises
    ------
    ValueError, OSError
        If a file of the run is missing or damaged.
    """
    run, model = open_run(request.run), _model(request.run, request.ended)
    data, row = request.data, request.data.row(request.galaxy, request.los)
    usable, why = usable_rows(row.to_frame().T, model.features)
    if not usable.all():
        reason = next(iter(why))
        return PredictedProfile(request=request, table=_table(None), part="", why_not=reason)
    predicted = model.predict_sample(row, lambda: services.maps(data, request.galaxy, request.los))
    part = _part(run, request, str(row["los"]))
    return PredictedProfile(request=request, table=_table(predicted), part=part)


def dynamical_masses(data: DataSet, galaxy: str, los: str) -> pd.DataFrame:
    """Return masses by stellar dynamics, each at the radius inside which it is.

    Returns
    -------
    pandas.DataFrame
        ``method`` (virial, Wolf, Jeans …), ``of`` (``mtot`` or ``mstar``), ``radius`` [kpc], and
        ``mass``, ``low`` and ``high`` [Msun], one standard deviation apart.
    """
    found, half = dynamics_of(data, galaxy, los), float(data.row(galaxy, los)["half_mass_radius"])
    places = [
        ("virial", "mtot", half, "log_mtot_virial"),
        ("Wolf", "mtot", HALF_LIGHT * found["re"], "log_mtot_wolf"),
        ("Jeans", "mtot", half, "log_mtot_jeans"),
        ("Jeans", "mtot", found["re"], "log_mtot_jeans_re"),
        ("Jeans", "mstar", half, "log_mstar_jeans"),
        (AXISYMMETRIC, "mtot", half, "log_mtot_axisymmetric"),
        (AXISYMMETRIC, "mtot", found["re"], "log_mtot_axisymmetric_re"),
        (AXISYMMETRIC, "mstar", half, "log_mstar_axisymmetric"),
    ]
    rows = []
    for method, of, radius, column in places:
        value, error = found[column], found[f"{column}_error"]
        if np.isfinite(value) and radius > 0:
            ends = (10**value, 10 ** (value - error), 10 ** (value + error))
            rows.append((method, of, radius, *ends))
    return pd.DataFrame(rows, columns=["method", "of", "radius", "mass", "low", "high"])


def _table(predicted: pd.DataFrame | None) -> pd.DataFrame:
    """Return predictions of one sample as `PredictedProfile` has them."""
    columns = ["predicted", *(name for level in LEVELS for name in limit_names(level))]
    rows = []
    if predicted is not None:
        values = predicted.rename(columns={"y_pred": "predicted"}).set_index("target")[columns]
        masses = 10 ** values.replace([np.inf, -np.inf], np.nan)
        rows = [
            (mass, unit, radius, *masses.loc[key])
            for unit, radii in PROFILE_RADII.items()
            for stem, mass in PROFILE_MASSES.items()
            for radius in radii
            if (key := profile_column(stem, radius, unit)) in masses.index
        ]
    return pd.DataFrame(rows, columns=["mass", "unit", "radius", *columns])


def _part(run: Run, request: ProfileRequest, los: str) -> str:
    """Return which part of the split of a run on this data set a sample was in."""
    if not run.is_of(request.data):
        return ""
    wanted = [("name", "==", request.galaxy), ("los", "==", los)]
    rows = parquet.read_table(run.path / PREDICTIONS, columns=["part"], filters=wanted)
    return "" if rows.empty else str(rows["part"].iloc[0])


@lru_cache(maxsize=2)
def _model(folder: Path, _ended: str) -> ProfileModel:
    """Load a run; a new time of its end loads it again."""
    return ProfileModel.load(open_run(folder))
