"""Values of a map -> the range of its colours and the three ticks of its colour bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

from galmass_core.imaging.maps import GalaxyMaps

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
DECADES = 3.5  # of light shown below the brightest pixels


@dataclass(frozen=True)
class Scale:
    """Range of a map's colours, in the unit of the map; logarithmic for light."""

    low: float
    high: float
    log: bool = False

    @property
    def ticks(self) -> dict[float, str]:
        """Up to three values to mark, as written: ends and middle, or powers of ten."""
        if self.log:
            decades = range(ceil(log10(self.low)), floor(log10(self.high)) + 1)
            step = max(1, ceil(len(decades) / 3))
            return {10.0**n: f"10{str(n).translate(_RAISED)}" for n in decades[::step]}
        marked = (self.low, (self.low + self.high) / 2, self.high)
        return {value: f"{value:.3g}".replace("-", "−") for value in marked}

    def place(self, value: float) -> float:
        """Where on the bar a value lies, from 0 to 1."""
        low, high, at = self.low, self.high, value
        if self.log:
            low, high, at = log10(low), log10(high), log10(at)
        return (at - low) / (high - low)


def scale_of(maps: GalaxyMaps, key: str) -> Scale:
    """Return the range that suits one galaxy.

    Light: 3.5 decades below the brightest 1 in 2000 pixels. g−r: 0 to 1 mag always, so that the
    colours of galaxies compare. Velocity: symmetric about zero, to the 95th percentile of |V|.
    Dispersion: from the 2nd to the 98th percentile.
    """
    if key == "g-r":
        return _FIXED[key]
    values = maps.view(key)
    values = values[np.isfinite(values) & ((values > 0) | (key != "r"))]
    if not values.size:
        return _FIXED[key]
    if key == "r":
        high = float(np.quantile(values, 0.9995))
        return Scale(high / 10**DECADES, high, log=True)
    if key == "V":
        high = _rounded(np.quantile(np.abs(values), 0.95), np.ceil)
        return Scale(-high, high)
    low, high = np.quantile(values, [0.02, 0.98])
    return Scale(_rounded(low, np.floor), _rounded(max(high, low + 0.01), np.ceil))


def shared_scale(scales: Sequence[Scale], key: str) -> Scale:
    """Return one range that holds the ranges of many galaxies."""
    return Scale(min(s.low for s in scales), max(s.high for s in scales), log=key == "r")


_FIXED = {  # for g−r always, for others where a map is empty
    "r": Scale(1.0, 10**DECADES, log=True),
    "g-r": Scale(0.0, 1.0),
    "V": Scale(-1.0, 1.0),
    "sigma": Scale(0.0, 1.0),
}


def _rounded(value: float, towards: np.ufunc) -> float:
    """Round to two significant digits."""
    if value == 0:
        return 0.0
    step = 10.0 ** (np.floor(np.log10(abs(value))) - 1)
    return float(towards(value / step) * step)
