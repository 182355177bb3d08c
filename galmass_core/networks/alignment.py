"""Measure how far the features of two batches are apart, so that training can align them.

Both are losses added to that of the labelled batch; the other batch needs no labels. Features are
standardised with mean and spread of both batches first, so that their scale does not matter.

Shape suffixes: B samples, D features.
"""

import torch
from torch import Tensor

_WIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the kernels, in units of the mean squared distance
_LEAST = 1e-5  # added to variances


def coral_distance(ours_BD: Tensor, theirs_BD: Tensor) -> Tensor:
    """Compare means and covariances (Deep CORAL, Sun & Saenko 2016, ECCV Workshops, Eq. 1).

    Returns
    -------
    scalar Tensor
        ``|m - m'|² / D + |C - C'|² / 4D²``. The original has the second term only, but a universe
        whose galaxies are fainter has other means.
    """
    ours_BD, theirs_BD = _standardised(ours_BD, theirs_BD)
    means = (ours_BD.mean(0) - theirs_BD.mean(0)).square().mean()
    covariances = (_covariance(ours_BD) - _covariance(theirs_BD)).square().mean() / 4
    return means + covariances


def mmd_distance(ours_BD: Tensor, theirs_BD: Tensor) -> Tensor:
    """Estimate the squared maximum mean discrepancy (Gretton et al. 2012, JMLR 13, 723, Eq. 5).

    Returns
    -------
    scalar Tensor
        With the mean of Gaussian kernels of five widths about the mean squared distance (Long et
        al. 2015); between 0 and 2.
    """
    both = torch.cat(_standardised(ours_BD, theirs_BD))
    squares = (both[:, None] - both[None]).square().sum(2)
    unit = squares.detach().mean()
    kernel = torch.stack([torch.exp(-squares / (width * unit)) for width in _WIDTHS]).mean(0)
    count = len(ours_BD)
    within = kernel[:count, :count].mean() + kernel[count:, count:].mean()
    return within - 2 * kernel[:count, count:].mean()


DISTANCES = {"coral": coral_distance, "mmd": mmd_distance}


def _standardised(ours_BD: Tensor, theirs_BD: Tensor) -> tuple[Tensor, Tensor]:
    """Return features with mean 0 and variance 1 over both batches."""
    both = torch.cat((ours_BD, theirs_BD)).float()
    both = (both - both.mean(0)) / (both.var(0, unbiased=False) + _LEAST).sqrt()
    return both[: len(ours_BD)], both[len(ours_BD) :]


def _covariance(features_BD: Tensor) -> Tensor:
    """Return the covariance matrix, (D, D)."""
    centred = features_BD - features_BD.mean(0)
    return centred.T @ centred / max(len(features_BD) - 1, 1)
