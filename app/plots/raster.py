"""Many points -> pictures of how many lie in each pixel, or of the mean of their values there."""

import holoviews as hv
import numpy as np
from holoviews.streams import PlotSize, RangeXY
from numpy.typing import NDArray

from galmass_app.plots.selection import Ends

_SIDE = 400  # px, until the browser reports the size of a plot


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


def picture(points: hv.Points) -> hv.DynamicMap:
    """Draw how many points are in each pixel, for each zoom and size of the plot."""
    return points.apply(drawn, streams=[RangeXY(), PlotSize()], dynamic=True)


def drawn(
    points: hv.Points,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    width: int | None = None,
    height: int | None = None,
    **_: object,
) -> hv.Image:
    """Return the picture of points in a view; NaN where there is no point."""
    ends = x_range or points.range(0), y_range or points.range(1)
    where = {"kdims": points.kdims, "vdims": hv.Dimension("samples")}
    if any(low >= high for low, high in ends):
        return hv.Image(([], [], np.empty((0, 0))), **where)
    size = max(1, round(width or _SIDE)), max(1, round(height or _SIDE))
    found = spread(counts(*(points.dimension_values(axis) for axis in (0, 1)), ends, size))
    found[found == 0] = np.nan
    (left, right), (low, high) = ends
    centres = (
        np.linspace(*end, 2 * pixels + 1)[1::2] for end, pixels in zip(ends, size, strict=True)
    )
    return hv.Image((*centres, found.astype("f4")), bounds=(left, low, right, high), **where)
