"""Many points -> pictures of how many lie in each pixel, or of the mean of their values there."""

from typing import Any

import holoviews as hv
import numpy as np
from holoviews.operation.resample import ResampleOperation2D
from numpy.typing import NDArray

from galmass_app.plots.selection import Ends


def counts(
    x: NDArray, y: NDArray, ends: Ends, size: tuple[int, int], weights: NDArray | None = None
) -> NDArray[np.float64]:
    """Count the points in each pixel, or add up their weights.

    Parameters
    ----------
    x, y : (n,) float
        Points that are not finite count nowhere.
    ends : two of (float, float)
        Ends of the axes; points on them count.
    size : (int, int)
        Pixels across and up.
    weights : (n,) float, optional
        Those that are NaN count nowhere.

    Returns
    -------
    (H, W) float
        From the lowest row up.
    """
    inside = np.ones(len(x), bool) if weights is None else ~np.isnan(weights)
    for values, (low, high) in zip((x, y), ends, strict=True):
        inside &= (values >= low) & (values <= high)
    column, row = (
        np.minimum((values[inside] - low) * (pixels / (high - low)), pixels - 1).astype(int)
        for values, (low, high), pixels in zip((x, y), ends, size, strict=True)
    )
    width, height = size
    weights = None if weights is None else weights[inside]
    found = np.bincount(row * width + column, weights, width * height)
    return found.reshape(height, width).astype(float)


def means(
    x: NDArray, y: NDArray, values: NDArray, ends: Ends, size: tuple[int, int]
) -> NDArray[np.float64]:
    """Average the values of the points in each pixel, (H, W); NaN where there is none."""
    total = counts(x, y, ends, size, values)
    number = counts(x, y, ends, size, np.where(np.isnan(values), np.nan, 1.0))
    return np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)


def spread(counts_HW: NDArray[np.float64]) -> NDArray[np.float64]:
    """Let each point count in the pixels around its own, too, so that single ones are seen."""
    height, width = counts_HW.shape
    wide = np.pad(counts_HW, 1)
    return sum(wide[i : i + height, j : j + width] for i in range(3) for j in range(3))


class Density(ResampleOperation2D):
    """HoloViews' points -> a picture of how many are in each pixel, for each zoom and size."""

    def _process(self, element: hv.Points, key: Any = None) -> hv.Image:  # noqa: ANN401
        """Return the picture; NaN where there is no point."""
        ends, (x, y), size, _ = self._get_sampling(element, 0, 1)
        (left, right), (low, high) = ends
        where: dict[str, Any] = {"kdims": element.kdims, "vdims": hv.Dimension("samples")}
        if 0 in size:  # an axis without length
            return hv.Image(([], [], np.empty((0, 0))), **where)
        places = (element.dimension_values(axis) for axis in (0, 1))
        found = spread(counts(*places, ends, size)).astype(np.float32)
        found[found == 0] = np.nan
        return hv.Image((x, y, found), bounds=(left, low, right, high), **where)
