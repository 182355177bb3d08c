"""Columns of a table -> the points of a scatter, their trend, and the density of many."""

from functools import cached_property, lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_app.plots.frame import with_margin
from galmass_app.plots.selection import Ends
from galmass_app.plots.statistics import Statistics, statistics_of
from galmass_app.plots.trends import running_median

CRISP = 3000  # samples up to which each is drawn as a point of its own
_MARGIN = 0.08  # of an axis, on both sides


class Points:
    """Places of samples in a scatter, and a value that gives each its colour; never changed.

    Attributes
    ----------
    keys : tuple of str
        Columns on the x and y axes and, if points are coloured, of their colour.
    table : DataFrame
        Their values as ``x``, ``y`` and ``colour``, float.
    """

    def __init__(self, table: pd.DataFrame, x: str, y: str, colour: str = "") -> None:
        self.names = table["name"] if "name" in table else pd.Series(table.index.astype(str))
        self.keys = (x, y, colour) if colour else (x, y)
        values = (table[key].to_numpy(float) for key in self.keys)
        self.table = pd.DataFrame(dict(zip(("x", "y", "colour"), values, strict=False)))

    @property
    def crisp(self) -> bool:
        """Whether there are few enough to draw each as a point of its own."""
        return len(self.table) <= CRISP

    @cached_property
    def ends(self) -> Ends:
        """Ends of both axes that show all points."""
        finite = self.table[["x", "y"]].replace([np.inf, -np.inf], np.nan)
        return tuple(
            with_margin(low, high, _MARGIN) for low, high in finite.agg(["min", "max"]).T.to_numpy()
        )

    @cached_property
    def finite(self) -> pd.DataFrame:
        """``name``, ``x`` and ``y`` of the samples that have both."""
        named = self.table[["x", "y"]].assign(name=self.names.to_numpy())
        return named.replace([np.inf, -np.inf], np.nan).dropna()

    @cached_property
    def trend(self) -> pd.DataFrame:
        """Running median and 16-84 % along x, as `trends.running_median`; empty of few galaxies."""
        return running_median(self.finite)

    @cached_property
    def statistics(self) -> Statistics:
        """How tightly y follows x."""
        return statistics_of(self.finite, self.trend)

    @cached_property
    def colour_range(self) -> tuple[float, float]:
        """Return the values between which colours differ."""
        low, high = np.nanpercentile(self.table["colour"], [1, 99])
        return float(low), float(high)


@lru_cache(maxsize=32)
def density(points: Points, ends: Ends, size: tuple[int, int]) -> NDArray[np.float32]:
    """Count the samples in each pixel of a picture, each one pixel wider; or average their colour.

    Parameters
    ----------
    ends : two of (float, float)
        Ends of the axes.
    size : (int, int)
        Pixels across and up.

    Returns
    -------
    (H, W) float
        From the lowest row up; NaN where there is no sample.
    """
    import datashader  # 1.5 s, few data need it
    from datashader.transfer_functions import spread

    coloured = "colour" in points.table
    if coloured:  # larger pixels, as `spread` would add the means of neighbours
        size = tuple(max(1, pixels // 3) for pixels in size)
    canvas = datashader.Canvas(*size, *ends)
    how = datashader.mean("colour") if coloured else datashader.count()
    made = canvas.points(points.table, "x", "y", how)
    values = (made if coloured else spread(made, px=1)).to_numpy().astype(np.float32)
    if not coloured:
        values[values == 0] = np.nan
    return values
