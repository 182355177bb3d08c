"""Values of a map -> the range of its colours and the three ticks of its colour bar."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

from galmass_app.numerals import ten_to
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.quantities import MAPS, with_minus


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
            return {10.0**n: ten_to(n) for n in decades[::step]}
        marked = (self.low, (self.low + self.high) / 2, self.high)
        return {value: with_minus(f"{value:.3g}") for value in marked}

    def place(self, value: float) -> float:
        """Where on the bar a value lies, from 0 to 1."""
        low, high, at = self.low, self.high, value
        if self.log:
            low, high, at = log10(low), log10(high), log10(at)
        return (at - low) / (high - low)


def scale_of(maps: GalaxyMaps, key: str) -> Scale:
    """Return the range that suits one galaxy, by the rule of the map (`MapSpec.colours`).

    ``decades``: below the brightest 1 in 2000 pixels; 3.5 of light. ``symmetric`` about zero, to
    the 95th percentile of |V|. ``percentiles``, and ``fixed``, which is so for a whole data set:
    from the 2nd to the 98th.
    """
    spec = MAPS[key]
    fixed = Scale(*spec.colour_range, log=spec.colours == "decades")
    values = maps.meaningful(key)
    values = values[np.isfinite(values) & ((values > 0) | (not fixed.log))]
    if not values.size:
        return fixed
    if spec.colours == "decades":
        high = float(np.quantile(values, 0.9995))
        return Scale(high / (fixed.high / fixed.low), high, log=True)
    if spec.colours == "symmetric":
        high = _rounded(np.quantile(np.abs(values), 0.95), np.ceil)
        return Scale(-high, high)
    low, high = np.quantile(values, [0.02, 0.98])
    return Scale(_rounded(low, np.floor), _rounded(max(high, low + 0.01), np.ceil))


def shared_scale(scales: Sequence[Scale], key: str) -> Scale:
    """Return one range for a map in many galaxies: the fixed one, or what holds all theirs."""
    if MAPS[key].colours == "fixed":  # g−r from 0 to 1 mag
        return Scale(*MAPS[key].colour_range)
    lows, highs = (s.low for s in scales), (s.high for s in scales)
    return Scale(min(lows), max(highs), log=scales[0].log)


def scales_by_hand(limits: Sequence[str], scales: Mapping[str, Scale]) -> dict[str, Scale]:
    """Return ranges of colours with some that a person has set.

    Parameters
    ----------
    limits : sequence of str
        Map and ends, such as ``V:-100:100``; those that are no range are left out.
    scales : mapping of Scale
        By map.
    """
    return {**scales, **{key: each for text in limits for key, each in _by_hand(text, scales)}}


def _by_hand(text: str, scales: Mapping[str, Scale]) -> list[tuple[str, Scale]]:
    """Return the map and the range of some limits, if they are one."""
    key, *ends = text.rsplit(":", 2)
    with suppress(ValueError):
        low, high = map(float, ends)
        log = key in scales and scales[key].log
        if key in scales and (0 if log else -np.inf) < low < high < np.inf:
            return [(key, Scale(low, high, log=log))]
    return []


def _rounded(value: float, towards: np.ufunc) -> float:
    if value == 0:
        return 0.0
    step = 10.0 ** (np.floor(np.log10(abs(value))) - 1)
    return float(towards(value / step) * step)
