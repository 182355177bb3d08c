"""The truth of the sample in view against runs, the power law of light, and dynamics."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from galmass_app.estimates import Estimate, Strip, as_table
from galmass_app.markup import snippet
from galmass_app.predictions import LIMITS
from galmass_app.views.layout import View, html
from galmass_app.views.prediction import intervals_text, signed
from galmass_core.quantities import quantity, with_minus

_LEAST_SPAN = 0.2  # of the axis of a strip
_AROUND = 0.06  # of the span, kept free on both sides


class Estimates(View):
    """A strip for each target: a line for each method, the truth a line through all of them."""

    def __init__(self, strips: Sequence[Strip]) -> None:
        super().__init__()
        self._layout = html("gm-predictions gm-strips")
        self.draw(strips)

    @property
    def table(self) -> pd.DataFrame:
        """The estimates, with their intervals and runs."""
        return as_table(list(self._strips))

    @property
    def runs(self) -> list[str]:
        """Names of the runs that predict, each once."""
        names = [each.name for strip in self._strips for each in strip.estimates]
        return list(dict.fromkeys(filter(None, names)))

    def draw(self, strips: Sequence[Strip]) -> None:
        """Show the estimates of another sample."""
        self._strips = strips
        self._layout.object = snippet("explore.html", "strips", list(map(_block, strips)))


def _block(strip: Strip) -> dict[str, object]:
    """Return what the template shows of a target."""
    target, axis = quantity(strip.target), _Axis(strip)
    return {
        "name": f"{target.name[0].upper()}{target.name[1:]}",
        "help": target.help,
        "symbol": target.label,
        "true": "not known" if np.isnan(strip.true) else _number(strip.true),
        "place": axis.place(strip.true),
        "ends": [_number(axis.low), _number(axis.high)],
        "lines": [_line(estimate, strip.true, axis) for estimate in strip.estimates],
    }


class _Axis:
    """From the least to the largest number of a strip."""

    def __init__(self, strip: Strip) -> None:
        values = [strip.true]
        for each in strip.estimates:
            values += [each.value, *(each.limits.get(name, np.nan) for name in LIMITS[:2])]
        shown = [value for value in values if np.isfinite(value)] or [0.0]
        low, high = min(shown), max(shown)
        span = max(high - low, _LEAST_SPAN) * (1 + 2 * _AROUND)
        self.low, self.high = (low + high - span) / 2, (low + high + span) / 2

    def place(self, value: float) -> float | None:
        """Return where a value lies, per cent, at most at an end; None if there is none."""
        if np.isnan(value):
            return None
        return round(float(np.clip((value - self.low) / (self.high - self.low), 0, 1)) * 100, 1)


def _line(estimate: Estimate, true: float, axis: _Axis) -> dict[str, object]:
    """Return what the template shows of an estimate."""
    limits = [estimate.limits.get(name, np.nan) for name in LIMITS]
    places = [axis.place(limit) for limit in limits]
    bars = [
        (low, round(high - low, 1))
        for low, high in (places[2:], places[:2])
        if low is not None and high is not None
    ]
    about = [estimate.about, intervals_text(estimate.limits)]
    return {
        "by": estimate.by,
        "about": " ".join(f"{each}{'.' * (each[-1] != '.')}" for each in about if each),
        "place": axis.place(estimate.value),
        "bars": bars,
        "value": "" if np.isnan(estimate.value) else _number(estimate.value),
        "error": "" if np.isnan(estimate.value - true) else signed(estimate.value - true, 2),
        "interval": intervals_text({name: estimate.limits[name] for name in LIMITS[:2]})
        if estimate.limits
        else "",
        "note": estimate.why_not,
    }


def _number(value: float) -> str:
    return with_minus(f"{value:.2f}")
