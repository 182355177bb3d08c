"""Normalise batches of maps with channels last, exactly and in few passes.

Shape suffixes: B samples, C channels, H rows, W columns, R rows of all samples, F columns times
channels.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from galmass_core.machine_code import Kernel

_FEW = 4096  # pixels of a batch, for which a call of ours costs more than it saves
_POOL = ([3, 3], [2, 2], [1, 1], [1, 1], False)  # window, stride, padding, dilation, round up
_SOURCE = "galmass_core.networks.norm_sums"
_MEASURE = Kernel(
    _SOURCE,
    "measure",
    "f4[:, ::1], f4[::1], f4[::1], f4[::1], f8, f8, f4[::1], f4[::1], f8[:, ::1], f8[:, ::1]",
)
_SCALE = Kernel(_SOURCE, "scale", "f4[:, ::1], f4[:, ::1], f8[:, ::1], f8, f4[:, ::1], f4[:, ::1]")
_SUM = Kernel(
    _SOURCE,
    "sum_gradient",
    "f4[:, ::1], f4[:, ::1], f4[:, ::1], f8[:, ::1], f8, f8[:, ::1], f4[:, ::1], f8[:, ::1]",
)
_SPREAD = Kernel(
    _SOURCE,
    "spread_gradient",
    "f4[:, ::1], f4[:, ::1], f8[:, ::1], f8[:, ::1], f4[:, ::1], f4[:, ::1]",
)
_ADD = Kernel(_SOURCE, "add_maxima", "f4[:, :, ::1], i8[:, :, ::1], f8[:, ::1], f4[:, :, ::1]")


class ColumnNorm(nn.BatchNorm2d):
    """Batch normalisation of ``channels_last`` arrays in training, as exact as of others.

    PyTorch adds the pixels of a channel in 32-bit floats one after another in this format; here
    they are added in 64-bit floats. Steps are not counted.
    """

    running_mean: Tensor
    running_var: Tensor
    momentum: float

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.num_batches_tracked = None

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the normalised array."""
        if x_BCHW.numel() <= _FEW * x_BCHW.shape[1]:
            return super().forward(x_BCHW)
        return _Normalised.apply(x_BCHW, self.weight, self.bias, None, self, -math.inf, None)

    def rectified(self, x_BCHW: Tensor, around_BCHW: Tensor | None = None) -> Tensor:
        """Return the normalised array, plus another one, where that is positive, else 0."""
        if x_BCHW.numel() <= _FEW * x_BCHW.shape[1]:
            y_BCHW = super().forward(x_BCHW)
            return (y_BCHW if around_BCHW is None else y_BCHW.add_(around_BCHW)).relu_()
        return _Normalised.apply(x_BCHW, self.weight, self.bias, around_BCHW, self, 0.0, None)

    def pooled(self, x_BCHW: Tensor, sign_C: Tensor) -> Tensor:
        """Return the largest values of windows of the normalised array, or 0 if that is more.

        Parameters
        ----------
        x_BCHW : (B, C, H, W) float
            Times the sign.
        sign_C : (C,) float
            Of the weights, 1 or -1.
        """
        weight_C = self.weight * sign_C
        return _Normalised.apply(x_BCHW, weight_C, self.bias, None, self, 0.0, sign_C)


class _Normalised(torch.autograd.Function):
    """Batch normalisation, perhaps with pooling or another array, and its gradient."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x_BCHW: Tensor,
        weight_C: Tensor,
        bias_C: Tensor,
        around_BCHW: Tensor | None,
        norm: ColumnNorm,
        low: float,
        sign_C: Tensor | None,
    ) -> Tensor:
        """Return the normalised array, nowhere below ``low``; pooled if there is a sign."""
        x_BCHW = x_BCHW.contiguous(memory_format=torch.channels_last)
        x_RF, facts_4C = _rows(x_BCHW), np.empty((4, len(weight_C)))
        sign = weight_C.new_ones(len(weight_C)) if sign_C is None else sign_C
        _MEASURE(
            x_RF,
            *(each.detach().numpy() for each in (weight_C, bias_C, sign)),
            *(norm.eps, norm.momentum),
            *(norm.running_mean.numpy(), norm.running_var.numpy()),
            *(np.empty((2, x_RF.shape[1])), facts_4C),
        )
        kept_BCHW, places = x_BCHW, None
        if sign_C is not None:
            kept_BCHW, places = torch.ops.aten.max_pool2d_with_indices(x_BCHW, *_POOL)
        kept_RF, y_BCHW = _rows(kept_BCHW), _like(kept_BCHW)
        around_RF = kept_RF[:0]
        if around_BCHW is not None:
            around_RF = _rows(around_BCHW.contiguous(memory_format=torch.channels_last))
        work_2F = np.empty((2, kept_RF.shape[1]), np.float32)
        _SCALE(kept_RF, around_RF, facts_4C, low, work_2F, _rows(y_BCHW))
        ctx.save_for_backward(x_BCHW, kept_BCHW, y_BCHW, places)  # type: ignore[arg-type]  # it takes None
        ctx.facts, ctx.low = facts_4C, low  # type: ignore[attr-defined]  # torch's types lack them
        return y_BCHW

    @staticmethod
    def backward(
        ctx: FunctionCtx, g_BCHW: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None, None, None, None]:
        """Return the gradients of the array, of weight and bias, and of the other array."""
        x_BCHW, kept_BCHW, y_BCHW, places = ctx.saved_tensors  # type: ignore[attr-defined]  # torch's types lack it
        facts_4C, low = ctx.facts, ctx.low  # type: ignore[attr-defined]
        g_RF, x_RF = _rows(g_BCHW.contiguous(memory_format=torch.channels_last)), _rows(x_BCHW)
        passed_BCHW, dx_BCHW = _like(kept_BCHW), _like(x_BCHW)
        passed_RF, sums_2C = _rows(passed_BCHW), np.empty((2, facts_4C.shape[1]))
        work_2F = np.empty((2, g_RF.shape[1]))
        _SUM(g_RF, _rows(y_BCHW), _rows(kept_BCHW), facts_4C, low, work_2F, passed_RF, sums_2C)
        work_3F = np.empty((3, x_RF.shape[1]), np.float32)
        spread_RF = passed_RF if places is None else x_RF[:0]  # or it is added to maxima
        _SPREAD(spread_RF, x_RF, facts_4C, sums_2C, work_3F, _rows(dx_BCHW))
        if places is not None:
            _ADD(_pixels(passed_BCHW), _pixels(places), facts_4C, _pixels(dx_BCHW))
        bias_C, weight_C = torch.from_numpy(sums_2C.astype(np.float32))
        around_BCHW = passed_BCHW if ctx.needs_input_grad[3] else None  # type: ignore[attr-defined]
        return dx_BCHW, weight_C, bias_C, around_BCHW, None, None, None


def _like(x_BCHW: Tensor) -> Tensor:
    """Return an empty array of the same shape with channels last."""
    return torch.empty_like(x_BCHW, memory_format=torch.channels_last)


def _rows(x_BCHW: Tensor) -> NDArray:
    """Return an array with channels last as rows of all samples, (B H, W C)."""
    samples, channels, rows, columns = x_BCHW.shape
    return x_BCHW.detach().permute(0, 2, 3, 1).numpy().reshape(samples * rows, columns * channels)


def _pixels(x_BCHW: Tensor) -> NDArray:
    """Return an array with channels last as pixels of each sample, (B, H W, C)."""
    return x_BCHW.detach().permute(0, 2, 3, 1).flatten(1, 2).numpy()
