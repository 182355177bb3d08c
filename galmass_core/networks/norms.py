"""Normalise batches of maps with channels last, exactly.

Shape suffixes: B samples, C channels, H rows, W columns, R rows of all samples, F columns times
channels.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

_FEW = 4096  # pixels of a batch that may be added one after another
_POOL = ([3, 3], [2, 2], [1, 1], [1, 1], False)  # window, stride, padding, dilation, round up


class ColumnNorm(nn.BatchNorm2d):
    """Batch normalisation of ``channels_last`` arrays whose sums are as exact as of others.

    PyTorch adds the pixels of a channel in 32-bit floats one after another in this format. Here
    each column of the maps has sums of its own, of which the mean is taken. Steps are not counted.
    """

    running_mean: Tensor
    running_var: Tensor
    momentum: float

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.num_batches_tracked = None

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the normalised array."""
        if x_BCHW[:, 0].numel() <= _FEW:
            return super().forward(x_BCHW)
        y_BCHW, mean_C, var_C = _Normalised.apply(x_BCHW, self.weight, self.bias, self.eps, False)
        self._remember(mean_C, var_C, x_BCHW[:, 0].numel())
        return y_BCHW

    def pooled(self, x_BCHW: Tensor, sign_C: Tensor) -> Tensor:
        """Return the largest values of windows of the normalised array.

        Parameters
        ----------
        x_BCHW : (B, C, H, W) float
            Times the sign.
        sign_C : (C,) float
            Of the weights, 1 or -1.
        """
        weight_C = self.weight * sign_C
        y_BCHW, mean_C, var_C = _Normalised.apply(x_BCHW, weight_C, self.bias, self.eps, True)
        self._remember(mean_C * sign_C, var_C, x_BCHW[:, 0].numel())
        return y_BCHW

    def _remember(self, mean_C: Tensor, var_C: Tensor, count: int) -> None:
        """Change the running means."""
        with torch.no_grad():
            self.running_mean.lerp_(mean_C, self.momentum)
            self.running_var.lerp_(var_C * (count / (count - 1)), self.momentum)


class _Normalised(torch.autograd.Function):
    """Batch normalisation by columns, perhaps with pooling, and its gradient."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, x_BCHW: Tensor, weight_C: Tensor, bias_C: Tensor, eps: float, pool: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the normalised array, and mean and variance of each channel."""
        x_BCHW = x_BCHW.contiguous(memory_format=torch.channels_last)
        columns, x_RF = x_BCHW.shape[-1], _rows(x_BCHW)
        mean_F, var_F = torch.batch_norm_update_stats(x_RF[..., None, None], None, None, 0.0)
        mean_WC, var_WC = mean_F.view(columns, -1), var_F.view(columns, -1)
        mean_C = mean_WC.mean(0)
        var_C = var_WC.mean(0) + (mean_WC - mean_C).square_().mean(0)
        rstd_C = (var_C + eps).rsqrt_()
        scale_C = weight_C * rstd_C
        shift_C = torch.addcmul(bias_C, mean_C, scale_C, value=-1)
        kept_BCHW, places = _pooled(x_BCHW) if pool else (x_BCHW, None)
        y_BCHW = torch.empty_like(kept_BCHW)
        _scale(_rows(y_BCHW), shift_C, _rows(kept_BCHW), scale_C, kept_BCHW.shape[-1])
        ctx.save_for_backward(x_BCHW, kept_BCHW, places, mean_C, rstd_C, scale_C)  # type: ignore[arg-type]  # it takes None
        ctx.mark_non_differentiable(mean_C, var_C)
        return y_BCHW, mean_C, var_C

    @staticmethod
    def backward(
        ctx: FunctionCtx, g_BCHW: Tensor, *_: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, None, None]:
        """Return the gradient of the array, of weight and bias."""
        x_BCHW, kept_BCHW, places, mean_C, rstd_C, scale_C = ctx.saved_tensors  # type: ignore[attr-defined]  # torch's types lack it
        columns = kept_BCHW.shape[-1]
        _, dot_F, sum_F = torch.ops.aten.native_batch_norm_backward(
            _rows(g_BCHW)[..., None, None],
            _rows(kept_BCHW)[..., None, None],
            *(None, None, None),
            mean_C.repeat(columns),
            rstd_C.repeat(columns),
            *(True, 0.0, [False, True, True]),
        )
        dot_C, sum_C = dot_F.view(columns, -1).sum(0), sum_F.view(columns, -1).sum(0)
        slope_C = scale_C * rstd_C * dot_C / -x_BCHW[:, 0].numel()
        shift_C = scale_C * sum_C / -x_BCHW[:, 0].numel() - slope_C * mean_C
        if places is not None:
            g_BCHW = _unpooled(g_BCHW, x_BCHW, places)
        columns, dx_BCHW = x_BCHW.shape[-1], torch.empty_like(x_BCHW)
        _scale(_rows(dx_BCHW), shift_C, _rows(x_BCHW), slope_C, columns)
        _rows(dx_BCHW).addcmul_(_rows(g_BCHW), scale_C.repeat(columns))
        return dx_BCHW, dot_C, sum_C, None, None


def _rows(x_BCHW: Tensor) -> Tensor:
    """Return an array as rows of all samples, (B H, W C)."""
    x_BHWC = x_BCHW.permute(0, 2, 3, 1).contiguous()  # a view in channels_last
    return x_BHWC.view(-1, x_BHWC.shape[2] * x_BHWC.shape[3])


def _scale(out_RF: Tensor, shift_C: Tensor, x_RF: Tensor, slope_C: Tensor, columns: int) -> None:
    """Write ``shift + slope x``."""
    torch.addcmul(shift_C.repeat(columns), x_RF, slope_C.repeat(columns), out=out_RF)


def _pooled(x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
    """Return the largest values of windows as `ResNet18` pools them, and their places."""
    return torch.ops.aten.max_pool2d_with_indices(x_BCHW, *_POOL)


def _unpooled(g_BCHW: Tensor, x_BCHW: Tensor, places: Tensor) -> Tensor:
    """Return the gradient before pooling from that after it."""
    return torch.ops.aten.max_pool2d_with_indices_backward(g_BCHW, x_BCHW, *_POOL, places)
