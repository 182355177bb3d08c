"""Observed galaxies that were kept, and what is predicted of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from galmass_app.estimates import Estimate, Strip, shown_value
from galmass_app.predictions import LIMITS
from galmass_core.learning.out_of_distribution import OOD
from galmass_core.observations.kept import Kept
from galmass_core.observations.report import flat_rows
from galmass_core.observations.unusual import OOD_MAPS
from galmass_core.quantities import TARGETS, symbol_of

_UNCALIBRATED = "no interval: this network is not calibrated"
_ALONE = "What the network says without allowing for the field that was observed."


def chosen(found: Sequence[Kept], name: str) -> Kept | None:
    """Return the observation of a file's name, else the first; None if there is none."""
    return next((each for each in found if each.path.stem == name), next(iter(found), None))


def strips_of(kept: Kept) -> list[Strip]:
    """Return the predictions of a galaxy, by target; the truth is not known."""
    known = kept.row["prediction"]
    maps = " + ".join(map(symbol_of, known["used"]))
    about = f"Predicted by the run {known['run']}"
    strips = []
    for row in known["predictions"]:
        limits = _limits(row)
        value = _number(row, row["target"], "y_pred")
        first = Estimate(maps, known["run"], about, "", value, limits, _UNCALIBRATED * (not limits))
        estimates = [first]
        if known["for_field"]:
            alone = _number(row, row["target"], "y_alone")
            estimates.append(Estimate("network alone", known["run"], _ALONE, "", alone, {}, ""))
        strips.append(Strip(target=row["target"], true=np.nan, estimates=tuple(estimates)))
    return sorted(strips, key=lambda strip: list(TARGETS).index(strip.target))


def unusual(kept: Kept) -> dict[str, float]:
    """Return how unusual a galaxy is, per cent, in its features and its maps; NaN if not known."""
    first = next(iter(kept.row["prediction"]["predictions"]), {})
    scores = {"features": first.get(OOD), "maps": first.get(OOD_MAPS)}
    return {key: np.nan if value is None else value for key, value in scores.items()}


def table_of(found: Sequence[Kept]) -> pd.DataFrame:
    """Return observations as ``galmass observe --out`` writes them, a row for each target."""
    return pd.DataFrame([row for each in found for row in flat_rows(each.row)])


def _limits(row: Mapping[str, Any]) -> dict[str, float]:
    """Return the limits of the intervals of a prediction; empty without calibration."""
    limits = {name: _number(row, row["target"], name) for name in LIMITS}
    return limits if np.isfinite([limits[name] for name in LIMITS[:2]]).all() else {}


def _number(row: Mapping[str, Any], target: str, key: str) -> float:
    """Return a number of a prediction in the unit of its target; NaN where it is not known."""
    value = row.get(key)
    return np.nan if value is None else shown_value(target, value)
