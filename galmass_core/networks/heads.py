"""Fit the last layers of a network with subsets again, when its branches are trained.

In training the layers follow features that change, and the epoch that is kept is one for all of
them. On the features of that epoch the best layers are known in closed form.

Shape suffixes: N samples, n of them fitted, D features, L penalties, O outputs, T of one subset.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from galmass_core.networks.network import MultibranchResNet

_PENALTIES = 10.0 ** np.arange(-5, 3, 0.5)  # in units of a feature's sum of squares


def refit_heads(
    network: MultibranchResNet,
    features_ND: NDArray,
    targets_NO: NDArray,
    validation: NDArray,
) -> None:
    """Change the last layers to those of ridge regression on the features of the branches.

    Each output's weights are drawn towards the trained ones, not to 0, by the penalty with which
    the validation set is predicted best; a very large one leaves them as they are.

    Parameters
    ----------
    network : MultibranchResNet
        With subsets.
    features_ND : (N, D) float
        As of `MultibranchResNet.features`, in evaluation mode.
    targets_NO : (N, O) float
        Scaled targets; NaN where one is not known: it has no part in the fit.
    validation : (N,) bool
        Which samples choose the penalty; the others are fitted.
    """
    layer = network.fc
    weight_OD, bias_O = (
        each.detach().cpu().double().numpy() for each in (layer.weight, layer.bias)
    )
    seen_OD = layer.get_buffer("seen").cpu().numpy() > 0
    features_ND = features_ND.astype(float)
    centre_D = features_ND[~validation].mean(0)
    spread_D = features_ND[~validation].std(0) + 1e-6
    scaled_ND = (features_ND - centre_D) / spread_D
    left_NO = np.nan_to_num(targets_NO - features_ND @ weight_OD.T - bias_O)
    outputs = len(weight_OD) // len(network.subsets)
    for first in range(0, len(weight_OD), outputs):
        rows, seen_D = slice(first, first + outputs), seen_OD[first]
        step_TD, shift_T = _ridge(scaled_ND[:, seen_D], left_NO[:, rows], validation)
        step_TD /= spread_D[seen_D]
        weight_OD[rows, seen_D] += step_TD
        bias_O[rows] += shift_T - step_TD @ centre_D[seen_D]
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight_OD))
        layer.bias.copy_(torch.from_numpy(bias_O))


def _ridge(
    x_ND: NDArray, y_NT: NDArray, validation: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return slopes, (T, D), and intercepts, (T,), of each column's best penalty.

    Zeros where the validation set is predicted best without any.
    """
    x_nD, y_nT = x_ND[~validation], y_NT[~validation]
    mean_T = y_nT.mean(0)
    squares_D, axes_DD = np.linalg.eigh(x_nD.T @ x_nD)
    along_DT = axes_DD.T @ (x_nD.T @ (y_nT - mean_T))
    shrunk_LDT = along_DT / (np.maximum(squares_D, 0) + len(x_nD) * _PENALTIES[:, None])[..., None]
    slopes_LDT = axes_DD @ shrunk_LDT
    errors_LT = np.stack(
        [
            np.square(x_ND[validation] @ slopes_DT + mean_T - y_NT[validation]).mean(0)
            for slopes_DT in slopes_LDT
        ]
    )
    best_T, numbers_T = errors_LT.argmin(0), np.arange(y_NT.shape[1])
    better_T = errors_LT.min(0) < np.square(y_NT[validation]).mean(0)
    slopes_TD = slopes_LDT[best_T, :, numbers_T] * better_T[:, None]
    return slopes_TD, mean_T * better_T
