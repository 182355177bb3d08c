"""Calibrate predictions: from the errors of other galaxies to intervals that hold.

Split-conformal prediction (Vovk+2005, Lei+2018). The errors of galaxies that a model was not
trained on, divided by a scale that may differ from sample to sample, are the distribution of the
errors to come. Two refinements:

- by galaxy: the lines of sight of a galaxy are not independent, so that the galaxies count, not
  the samples. Each of K galaxies has the weight 1 / (K + 1), shared by its samples; the rest lies
  at infinity, for the galaxy to come (hierarchical conformal prediction, Lee+2023, eq. 5). A
  galaxy whose samples are in several bins counts in each by its share there: else galaxies of
  uncertain predictions, which are in several, would count twice;
- by predicted mass (Mondrian, Vovk+2005, Sec. 4.5): each bin of predictions is calibrated on its
  own, so that an interval covers as often as it says among galaxies of any predicted mass.

An interval of level p lies between the quantiles (1 - p) / 2 and (1 + p) / 2, interpolated between
errors: among galaxies that are exchangeable with the calibration set it covers the truth with
probability p, not more, as without interpolation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

LEVELS = (0.68, 0.90)
SCALE = "scale"  # column of a sample's scale, dex
_GALAXIES_PER_BIN = 100  # at least, so that the tails of 90 % have two galaxies each
_MOST_BINS = 8
_BEYOND = 1e-9  # share between the largest error and infinity


@dataclass(frozen=True)
class _Bin:
    """Sorted, scaled errors of the calibration galaxies of one bin, with their weights."""

    errors: NDArray  # (n,)
    weights: NDArray  # (n,), of sum K / (K + 1)

    def quantile(self, share: float) -> float:
        """Return the error below which a share of the weight lies; infinite beyond all errors."""
        return float(np.interp(share, np.cumsum(self.weights), self.errors, right=np.inf))

    def share_below(self, errors: NDArray) -> NDArray:
        """Return the smallest share whose quantile is not below each error: `quantile` inverted."""
        ends = np.cumsum(self.weights)
        above = np.searchsorted(self.errors, errors)
        before, after = np.maximum(above - 1, 0), np.minimum(above, len(ends) - 1)
        step = self.errors[after] - self.errors[before]
        part = np.divide(errors - self.errors[before], step, out=0 * errors, where=step > 0)
        share = ends[before] + part * (ends[after] - ends[before])
        share[above == 0] = 0.0
        share[above == len(ends)] = ends[-1] + _BEYOND
        return share

    def mirrored(self) -> "_Bin":
        """Return the bin with errors of the opposite sign."""
        return _Bin(-self.errors[::-1], self.weights[::-1])


@dataclass(frozen=True)
class Calibration:
    """The distribution of errors of one target, by predicted value.

    Attributes
    ----------
    edges : (B - 1,) float
        Between the bins of the prediction, decimal logarithm.
    galaxies : (B,) int
        Calibration galaxies of each bin.
    """

    edges: NDArray
    galaxies: NDArray
    _bins: tuple[_Bin, ...]

    def interval(
        self, predicted: ArrayLike, level: float, scale: ArrayLike = 1.0
    ) -> tuple[NDArray, NDArray]:
        """Return the limits of an interval that covers the truth with a probability.

        Parameters
        ----------
        predicted : (n,) float
            Decimal logarithms.
        level : float
            Probability, between 0 and 1.
        scale : float or (n,) float
            Of each sample, as in the calibration.

        Returns
        -------
        low, high : (n,) float
            Infinite where a bin has too few galaxies for the level.

        Raises
        ------
        ValueError
            If ``level`` is not between 0 and 1.
        """
        if not 0 < level < 1:
            msg = f"level must be between 0 and 1, got {level}"
            raise ValueError(msg)
        share = 0.5 * (1 + level)
        limits = [(-bin_.mirrored().quantile(share), bin_.quantile(share)) for bin_ in self._bins]
        low, high = np.array(limits)[self.bins_of(predicted)].T
        predicted, scale = np.asarray(predicted, float), np.asarray(scale, float)
        return predicted + scale * low, predicted + scale * high

    def probability(self, true: ArrayLike, predicted: ArrayLike, scale: ArrayLike = 1.0) -> NDArray:
        """Return the predicted probability of a value below the true one (PIT), (n,).

        Evenly distributed between 0 and 1 if the calibration holds; weight at infinity counts
        half.
        """
        error = _scaled_error(true, predicted, scale)

        def within(bin_: _Bin, errors: NDArray) -> NDArray:
            below = np.concatenate(([0.0], np.cumsum(bin_.weights)))
            inside = 0.5 * (
                below[np.searchsorted(bin_.errors, errors)]
                + below[np.searchsorted(bin_.errors, errors, side="right")]
            )
            return inside + 0.5 * (1 - below[-1])

        return self._by_bin(within, error, predicted)

    def covering_level(
        self, true: ArrayLike, predicted: ArrayLike, scale: ArrayLike = 1.0
    ) -> NDArray:
        """Return the level of the narrowest interval that covers the true value, (n,).

        An interval of `interval` covers a truth if its level is not smaller.
        """
        error = _scaled_error(true, predicted, scale)

        def within(bin_: _Bin, errors: NDArray) -> NDArray:
            shares = bin_.share_below(errors), bin_.mirrored().share_below(-errors)
            return np.clip(2 * np.maximum(*shares) - 1, 0.0, 1.0)

        return self._by_bin(within, error, predicted)

    def crps(self, true: ArrayLike, predicted: ArrayLike, scale: ArrayLike = 1.0) -> NDArray:
        """Return the continuous ranked probability score of each prediction, dex, (n,).

        The mean of abs(X - truth) - abs(X - X') / 2, with X and X' drawn from the predicted
        distribution (Gneiting & Raftery 2007, eq. 21): smaller is better, and for a distribution of
        no width the absolute error.
        """
        error = _scaled_error(true, predicted, scale)

        def within(bin_: _Bin, errors: NDArray) -> NDArray:
            weights = bin_.weights / bin_.weights.sum()
            below = np.concatenate(([0.0], np.cumsum(weights)))
            moment = np.concatenate(([0.0], np.cumsum(weights * bin_.errors)))
            at = np.searchsorted(bin_.errors, errors, side="right")
            distance = errors * (2 * below[at] - 1) + moment[-1] - 2 * moment[at]
            middles = below[:-1] + 0.5 * weights  # half the mean distance of two draws
            return distance - np.sum(weights * bin_.errors * (2 * middles - 1))

        return self._by_bin(within, error, predicted) * np.asarray(scale, float)

    def bins_of(self, predicted: ArrayLike) -> NDArray[np.intp]:
        """Return the bin of each prediction, (n,)."""
        return np.searchsorted(self.edges, np.asarray(predicted, float), side="right")

    def _by_bin(
        self, function: Callable[[_Bin, NDArray], NDArray], errors: NDArray, predicted: ArrayLike
    ) -> NDArray:
        """Apply a function of a bin and its errors to the errors of each bin; NaN of NaN."""
        bins, result = self.bins_of(predicted), np.full(len(errors), np.nan)
        bins[np.isnan(errors)] = -1  # what is missing stays missing
        for number, bin_ in enumerate(self._bins):
            result[bins == number] = function(bin_, errors[bins == number])
        return result


def _scaled_error(true: ArrayLike, predicted: ArrayLike, scale: ArrayLike) -> NDArray:
    """Return the true minus the predicted values in units of the scale, (n,)."""
    return (np.asarray(true, float) - np.asarray(predicted, float)) / np.asarray(scale, float)


def calibrate(predictions: pd.DataFrame) -> Calibration:
    """Calibrate the predictions of one target.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Of galaxies that the model was not trained on: ``name``, ``y_true``, ``y_pred`` (decimal
        logarithms), and ``scale`` where samples have one.

    Returns
    -------
    Calibration
        With at most eight bins of as many samples each, and of at least 50 galaxies; where many
        predictions are equal, fewer bins. They cover all predictions: none is without galaxies.

    Raises
    ------
    ValueError
        If there is no sample, or a value is not finite.
    """
    scale = scales_of(predictions)
    errors = _scaled_error(predictions["y_true"], predictions["y_pred"], scale)
    if not len(errors):
        msg = "predictions must hold at least one sample to calibrate, got none"
        raise ValueError(msg)
    if bad := np.count_nonzero(~np.isfinite(errors)):
        msg = f"errors must be finite to calibrate, but {bad} of {len(errors)} are not"
        raise ValueError(msg)
    predicted, galaxies = predictions["y_pred"].to_numpy(float), predictions["name"].to_numpy()
    count = int(np.clip(len(pd.unique(galaxies)) // _GALAXIES_PER_BIN, 1, _MOST_BINS))
    edges = np.quantile(predicted, np.arange(1, count) / count)
    numbers = np.searchsorted(edges, predicted, side="right")
    seen, numbers = np.unique(numbers, return_inverse=True)  # equal predictions leave bins empty
    edges, count = edges[seen[1:] - 1], len(seen)
    members = [numbers == number for number in range(count)]
    shares = _shares(galaxies)
    bins = tuple(_bin(errors[member], shares[member]) for member in members)
    met = np.array([len(pd.unique(galaxies[member])) for member in members])
    return Calibration(edges, met, bins)


def _bin(errors: NDArray, shares: NDArray) -> _Bin:
    """Weigh the errors of a bin by the share that each sample has of its galaxy."""
    order = np.argsort(errors, kind="stable")
    return _Bin(errors[order], shares[order] / (shares.sum() + 1))


def half_widths(predictions: pd.DataFrame, levels: Sequence[int]) -> dict[str, float]:
    """Return half of the width of intervals that are centred on the prediction.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Of one target and of galaxies that the model was not trained on, as in `calibrate`.
    levels : sequence of int
        Per cent.

    Returns
    -------
    dict of str to float, dex
        By level; infinite where there are too few galaxies for it.
    """
    sizes = np.abs(predictions["y_true"].to_numpy(float) - predictions["y_pred"].to_numpy(float))
    sizes_of_all = _bin(sizes, _shares(predictions["name"]))
    return {str(level): sizes_of_all.quantile(level / 100) for level in levels}


def _shares(galaxies: ArrayLike) -> NDArray:
    """Return the share that each sample has of its galaxy, (n,)."""
    _, own, samples = np.unique(
        np.asarray(galaxies).astype(str), return_inverse=True, return_counts=True
    )
    return 1.0 / samples[own]


def limit_names(level: float) -> tuple[str, str]:
    """Return the names of the columns of an interval's limits, such as ``low_68``, ``high_68``."""
    return f"low_{100 * level:.0f}", f"high_{100 * level:.0f}"


def with_intervals(
    predictions: pd.DataFrame, calibrations: Mapping[str, Calibration]
) -> pd.DataFrame:
    """Add the limits of the 68 and 90 % interval to predictions.

    Parameters
    ----------
    predictions : pandas.DataFrame
        With ``target``, ``y_pred``, and ``scale`` where samples have one.
    calibrations : mapping of str to Calibration
        By target.

    Returns
    -------
    pandas.DataFrame
        With ``low_68``, ``high_68``, ``low_90`` and ``high_90``, decimal logarithms, in place of
        ``scale``; NaN for targets without calibration.
    """
    scale = scales_of(predictions)
    predicted, targets = predictions["y_pred"].to_numpy(float), predictions["target"].to_numpy()
    result = predictions.drop(columns=SCALE, errors="ignore")
    for level in LEVELS:
        limits = np.full((2, len(predictions)), np.nan)
        for target, calibration in calibrations.items():
            rows = targets == target
            limits[:, rows] = calibration.interval(predicted[rows], level, scale[rows])
        result = result.assign(**dict(zip(limit_names(level), limits, strict=True)))
    return result


def scales_of(predictions: pd.DataFrame) -> NDArray:
    """Return the scale of each sample, (n,); 1 without."""
    if SCALE not in predictions:
        return np.ones(len(predictions))
    return predictions[SCALE].to_numpy(float)
