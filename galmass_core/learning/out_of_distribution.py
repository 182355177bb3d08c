"""Measure how unusual galaxies are among those that a model was trained on.

The distance of a galaxy is that to the nearest sample of another galaxy of the training set, in the
space of the summary features: deep nearest neighbours (Sun et al. 2022, ICML, PMLR 162, 20827, with
k = 1) on features instead of a network's last layer. These are the inputs of trees; a network's
maps show the same galaxies, and its own last layer would need a pass of the whole training set for
each prediction. Each feature is centred on its median in the training set and divided by half of
its interval from 16 to 84 %, which outliers do not stretch.

The score is a percentile: the share of training galaxies that lie nearer to the others than this
galaxy does. It is evenly distributed from 0 to 100 among galaxies like those of the training set,
and close to 100 among galaxies unlike them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.learning.experiments import missing_columns, usable_rows
from galmass_core.learning.splits import unit_names

if TYPE_CHECKING:
    from scipy.spatial import KDTree

OOD = "ood_percentile"  # column of predictions
_REFERENCES = 2000  # training samples whose own distances are known: percentiles to 0.05
_SHARES = (0.16, 0.5, 0.84)


@dataclass(frozen=True, eq=False)
class TrainingDistance:
    """Distances to a training set, and their distribution inside it; created by `of`.

    Attributes
    ----------
    training : pandas.DataFrame
        Its samples: ``name``, ``los`` and the features.
    features : tuple of str
    kind : str
        Of the split. ``galaxy``: neighbours are other galaxies. ``paper``: they may be other lines
        of sight of the same galaxy, as in the test set of that split.
    """

    training: pd.DataFrame
    features: tuple[str, ...]
    kind: str

    @classmethod
    def of(
        cls, training: pd.DataFrame, features: Sequence[str], *, kind: str = "galaxy"
    ) -> "TrainingDistance":
        """Measure a training set; samples without a usable value of each feature do not count.

        Parameters
        ----------
        training, features, kind
            As the attributes.

        Returns
        -------
        TrainingDistance

        Raises
        ------
        ValueError
            If there is no feature, or no usable sample.
        """
        usable, _ = usable_rows(training, features)
        if not (features and usable.any()):
            msg = f"distances need features and usable training samples, got {len(features)} and 0"
            raise ValueError(msg)
        kept = training.loc[usable, list(dict.fromkeys(("name", "los", *features)))]
        return cls(kept, tuple(features), kind)

    def distances(self, samples: pd.DataFrame) -> NDArray:
        """Return the distance of each sample to the nearest other galaxy of the training set.

        Parameters
        ----------
        samples : pandas.DataFrame
            ``name``, ``los`` and the features.

        Returns
        -------
        (n,) float
            In units of the scatter of the training set along each feature; NaN where a feature is
            missing or not usable. Infinite without another galaxy.
        """
        found = np.full(len(samples), np.nan)
        if missing_columns(samples, self.features):
            return found
        usable, _ = usable_rows(samples, self.features)
        rows, units = samples[usable], self._units
        # Beyond the last sample, distances are infinite and places are their number
        nearest = np.arange(1, self._siblings + 2)
        distances, places = self._tree.query(self._scaled(rows), k=nearest)
        own = units[places] == unit_names(rows, self.kind)[:, None]
        found[usable] = np.where(own, np.inf, distances).min(axis=1)
        return found

    def percentiles(self, samples: pd.DataFrame) -> NDArray:
        """Return how unusual each sample is, (n,), from 0 to 100; arguments as of `distances`.

        The percentage of training samples that lie nearer to another galaxy of the training set;
        NaN where a feature is missing or not usable.
        """
        distances, references = self.distances(samples), self._references
        below = np.searchsorted(references, distances)
        up_to = np.searchsorted(references, distances, side="right")
        shares = 50.0 * (below + up_to) / len(references)
        return np.where(np.isnan(distances), np.nan, shares)

    @cached_property
    def _scale(self) -> tuple[NDArray, NDArray]:
        """Median and half of the interval from 16 to 84 % of each feature, (F,) each.

        A feature that is the same for most samples has its standard deviation instead, or 1.
        """
        values_NF = self.training[list(self.features)].to_numpy(float)
        low, centre, high = np.quantile(values_NF, _SHARES, axis=0)
        half, whole = 0.5 * (high - low), values_NF.std(axis=0)
        return centre, np.where(half > 0, half, np.where(whole > 0, whole, 1.0))

    def _scaled(self, samples: pd.DataFrame) -> NDArray:
        """Return the scaled features of samples, (n, F)."""
        centre, scale = self._scale
        return (samples[list(self.features)].to_numpy(float) - centre) / scale

    @cached_property
    def _tree(self) -> "KDTree":
        from scipy.spatial import KDTree

        return KDTree(self._scaled(self.training))

    @cached_property
    def _units(self) -> NDArray[np.object_]:
        """Unit of each training sample, and an empty one beyond the last."""
        return np.append(unit_names(self.training, self.kind), "")

    @cached_property
    def _siblings(self) -> int:
        """Largest number of training samples of one unit."""
        return int(np.unique(self._units.astype(str), return_counts=True)[1].max())

    @cached_property
    def _references(self) -> NDArray:
        """Sorted distances of training samples, drawn by chance, to the others."""
        count = min(len(self.training), _REFERENCES)
        return np.sort(self.distances(self.training.sample(count, random_state=0)))
