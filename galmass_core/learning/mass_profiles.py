"""Learn mass profiles: M*(<r), M_DM(<r) and M_tot(<r) at all radii of `quantities.mass_profiles`.

Each mass at each radius has boosted trees of its own. No enclosed mass falls outwards and none is
larger than the total, which separate trees do not know. Predictions and the limits of their
intervals are therefore rearranged: sorted along the radius, which brings them no farther from any
profile that rises (Chernozhukov, Fernández-Val & Galichon 2009, Biometrika 96, 559, Propositions 1
and 2). M_tot is then raised to M* + M_DM where it is below.

Errors at the radii of a mass are large in the same galaxies. One scale for each mass, learned from
the features and the predictions, divides them before each radius is calibrated (normalised
conformal scores, Lei+2018, Sec. 5.2): bands hold in galaxies of any size, and limits of
neighbouring radii seldom cross.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.observed_columns import masses_at
from galmass_core.datasets.shards import PROFILE_COLUMNS
from galmass_core.learning.boosting import BoostedTrees, BoostingConfig, fit_boosting
from galmass_core.learning.intervals import LEVELS, SCALE, limit_names
from galmass_core.learning.out_of_fold import ErrorScale, calibration_folds, fit_scale
from galmass_core.quantities import (
    PROFILE_MASSES,
    PROFILE_RADII,
    profile_columns,
    profile_sequences,
)

_LEAST_KNOWN = 0.5  # share of the samples that must know a mass for it to be learned


def true_profiles(dataset: DataSet) -> pd.DataFrame:
    """Return the true masses at all radii of each sample of a data set.

    Those that the table has are taken from it; the others are interpolated between the logarithms
    of stored radii and masses.

    Parameters
    ----------
    dataset : DataSet

    Returns
    -------
    pandas.DataFrame
        Decimal logarithms [Msun], a column for each of `quantities.profile_columns`, with the index
        of the samples. NaN outside the stored radii, where there is no particle, and where a
        species is not in the source.

    Raises
    ------
    DataSetError
        If a file of the maps is missing or damaged.
    """
    samples = dataset.samples
    values = np.full((len(samples), len(profile_columns())), np.nan)
    for rows, profiles in dataset.read_profiles() if dataset.has_maps else ():
        radii = samples["half_mass_radius"].to_numpy(float)[rows]
        values[rows] = [
            at_radii(profile, radius) for profile, radius in zip(profiles, radii, strict=True)
        ]
    table = pd.DataFrame(values, columns=list(profile_columns()), index=samples.index)
    for key in table.columns.intersection(samples.columns):
        table[key] = samples[key].astype(float).fillna(table[key])
    return table


def at_radii(profile: NDArray, half_mass_radius: float) -> list[float]:
    """Interpolate a stored profile, (6, R), at all radii, in the order of `profile_columns`."""
    stored = dict(zip(PROFILE_COLUMNS, profile.astype(float), strict=True))
    values: list[float] = []
    for unit, radii in PROFILE_RADII.items():
        scale = half_mass_radius if unit == "rhsm" else 1.0
        for key in PROFILE_MASSES.values():
            values += masses_at(np.array(radii), stored["radius"], stored[key], scale).tolist()
    return values


def learnable(truth: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns of `true_profiles` that at least half of the samples know.

    Raises
    ------
    ValueError
        If there is none.
    """
    columns = tuple(truth.columns[truth.notna().mean() >= _LEAST_KNOWN])
    if not columns:
        msg = (
            "a data set must hold mass profiles to learn them, but this one has none: "
            "build it of particles"
        )
        raise ValueError(msg)
    return columns


@dataclass(frozen=True)
class ProfileTrees:
    """Trained trees for each mass at each radius.

    Attributes
    ----------
    trees : dict of str to BoostedTrees
        By column.
    scales : dict of str to ErrorScale
        By mass, of `quantities.PROFILE_MASSES`; empty before `calibrated`, and of older runs.
    """

    trees: dict[str, BoostedTrees]
    scales: Mapping[str, ErrorScale] = field(default_factory=dict)

    @property
    def features(self) -> tuple[str, ...]:
        """Input columns, in order."""
        return next(iter(self.trees.values())).features

    def predict(self, samples: pd.DataFrame) -> pd.DataFrame:
        """Predict the profile of each row, as `consistent` returns it.

        Raises
        ------
        KeyError
            If a column is missing.
        """
        masses = {key: trees.predict(samples) for key, trees in self.trees.items()}
        return consistent(pd.DataFrame(masses, index=samples.index))

    def scale_of(self, samples: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame | None:
        """Return the scale of the errors of each prediction, (n, K); None without scales."""
        if not self.scales:
            return None
        scales = {
            key: self.scales[mass].of(samples, predicted[list(keys)].mean(axis=1).to_numpy())
            for mass, keys in _columns_by_mass(predicted).items()
            for key in keys
        }
        return pd.DataFrame(scales, index=predicted.index)[list(predicted)]

    def save(self, folder: Path) -> None:
        """Write the model into a run's folder."""
        for key, trees in self.trees.items():
            trees.save(folder, _file_name(key))
        for mass, scale in self.scales.items():
            scale.save(folder, _scale_name(mass))

    @classmethod
    def load(cls, folder: Path, columns: Sequence[str]) -> "ProfileTrees":
        """Load the model from a run's folder: those of these columns that it has."""
        there = [key for key in columns if (folder / _file_name(key)).exists()]
        scales = {mass: ErrorScale.load(folder, _scale_name(mass)) for mass in PROFILE_MASSES}
        return cls(
            {key: BoostedTrees.load(folder, _file_name(key)) for key in there},
            {mass: scale for mass, scale in scales.items() if scale is not None},
        )


def _file_name(column: str) -> str:
    return f"model-{column}.txt"


def _scale_name(mass: str) -> str:
    return f"scale-{mass}.txt"


def _columns_by_mass(masses: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return the columns of each mass that there are, at all radii."""
    sequences = profile_sequences()
    found = {
        mass: tuple(key for unit in PROFILE_RADII for key in sequences[mass, unit] if key in masses)
        for mass in PROFILE_MASSES
    }
    return {mass: keys for mass, keys in found.items() if keys}


def fit_profile(
    inputs: pd.DataFrame, truth: pd.DataFrame, config: BoostingConfig | None = None
) -> ProfileTrees:
    """Train trees for each mass at each radius, on the samples that know it.

    Parameters
    ----------
    inputs : pandas.DataFrame
        (n, F): a column per feature.
    truth : pandas.DataFrame
        (n, K): decimal logarithms of masses, columns of `true_profiles`.
    config : BoostingConfig, optional

    Returns
    -------
    ProfileTrees
        Without masses that no sample knows.
    """
    trees = {}
    for key, masses in truth.items():
        if (known := masses.notna()).any():
            trees[str(key)] = fit_boosting(inputs[known], masses[known], config)
    return ProfileTrees(trees)


def consistent(masses: pd.DataFrame) -> pd.DataFrame:
    """Return profiles that do not fall outwards, with M_tot no less than M* + M_DM.

    Parameters
    ----------
    masses : pandas.DataFrame
        (n, K): decimal logarithms, columns of `true_profiles`; any numbers.

    Returns
    -------
    pandas.DataFrame
        Of the same columns.
    """
    result = masses.copy()
    for keys in profile_sequences().values():
        there = [key for key in keys if key in result]
        result[there] = np.sort(result[there].to_numpy(), axis=1)
    for key in map(str, result.filter(regex="^log_mtot_")):
        parts = [key.replace("mtot", part) for part in ("mstar", "mdm")]
        if set(parts) <= set(result):
            matter = np.logaddexp(*(result[part] * np.log(10) for part in parts)) / np.log(10)
            result[key] = np.maximum(result[key], matter)
    return result


def calibrate_profiles(
    model: ProfileTrees,
    inputs: pd.DataFrame,
    truth: pd.DataFrame,
    samples: pd.DataFrame,
    config: BoostingConfig,
    *,
    kind: str = "galaxy",
    seed: int = 0,
) -> tuple[ProfileTrees, pd.DataFrame]:
    """Learn the size of errors of a training set, each sample predicted by a model of the others.

    Parameters
    ----------
    model : ProfileTrees
        Of `fit_profile`.
    inputs, truth, config
        As in `fit_profile`.
    samples : pandas.DataFrame
        (n, ...): ``name`` and ``los`` of each sample.
    kind, seed
        As in `out_of_fold.predict_out_of_fold`.

    Returns
    -------
    ProfileTrees
        The model with scales.
    pandas.DataFrame
        As of `profile_table`, of the part ``calibration``, with the scale of each error, learned
        without the sample's galaxy.
    """
    folds = list(calibration_folds(samples, kind, seed))
    parts = []
    for inside in folds:
        others = fit_profile(inputs[~inside], truth[~inside], config)
        parts.append(others.predict(inputs[inside]))
    predicted = pd.concat(parts).loc[inputs.index]
    errors = (predicted - truth[list(predicted)]).abs()
    relative = errors / errors.mean().clip(lower=np.finfo(float).tiny)
    scales: dict[str, ErrorScale] = {}
    columns: dict[str, NDArray] = {}
    for mass, keys in _columns_by_mass(predicted).items():
        size = relative[list(keys)].mean(axis=1).to_numpy()
        centre = predicted[list(keys)].mean(axis=1).to_numpy()
        scale, scales[mass] = fit_scale(inputs, centre, size, folds)
        columns |= dict.fromkeys(keys, scale)
    scale_table = pd.DataFrame(columns, index=inputs.index)
    table = profile_table(samples, predicted, truth, "calibration", scale_table)
    return replace(model, scales=scales), table


def profile_table(
    samples: pd.DataFrame,
    predicted: pd.DataFrame,
    truth: pd.DataFrame,
    parts: str | NDArray,
    scales: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return predictions beside true values, a row for each sample and column.

    Parameters
    ----------
    samples : pandas.DataFrame
        (n, ...): ``name`` and ``los``.
    predicted : pandas.DataFrame
        (n, K): of `ProfileTrees.predict`.
    truth : pandas.DataFrame
        (n, ...): decimal logarithms; columns that it lacks are NaN.
    parts : str, or (n,) str
        Of the split that each sample belongs to.
    scales : pandas.DataFrame, optional
        (n, K): of `ProfileTrees.scale_of`.

    Returns
    -------
    pandas.DataFrame
        (n K,): with the columns of `runs.Run.predictions`.
    """
    named = samples[["name", "los"]].assign(part=parts)
    tables = []
    for key in map(str, predicted):
        table = named.assign(target=key, y_true=truth.get(key, np.nan), y_pred=predicted[key])
        tables.append(table if scales is None else table.assign(**{SCALE: scales[key]}))
    return pd.concat(tables, ignore_index=True)


def rearrange_limits(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return predictions of profiles whose intervals' limits do not fall outwards.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Of `profile_table` with the columns of `intervals.with_intervals`.

    Returns
    -------
    pandas.DataFrame
        Each limit is sorted along the radii of a sample and mass.
    """
    places = {
        key: (number, place)
        for number, keys in enumerate(profile_sequences().values())
        for place, key in enumerate(keys)
    }
    sequence, place = np.array([places[key] for key in predictions["target"]]).reshape(-1, 2).T
    sample = predictions.groupby(["name", "los"], sort=False).ngroup().to_numpy()
    outwards, result = np.lexsort((place, sequence, sample)), predictions.copy()
    for name in (name for level in LEVELS for name in limit_names(level)):
        limits = predictions[name].to_numpy(float)
        rising = np.empty_like(limits)
        rising[outwards] = limits[np.lexsort((limits, sequence, sample))]
        result[name] = rising
    return result
