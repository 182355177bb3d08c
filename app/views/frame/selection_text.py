"""How well a run predicts the selected galaxies, beside all others, in words."""

from collections.abc import Sequence
from functools import lru_cache

import pandas as pd

from galmass_app.comparison import RESAMPLES, Result
from galmass_app.markup import snippet
from galmass_app.views.prediction import signed
from galmass_core.learning.metrics import Estimate, measure_errors

FEWEST = 3  # galaxies whose scatter says something


def beside_rest(answer: Result, names: Sequence[str]) -> str:
    """Write scatter, bias, outliers and number of the selected samples and of all others.

    Parameters
    ----------
    names : sequence of str
        The selected galaxies; nothing is written if there are none.
    """
    if not names:
        return ""
    chosen, rest = measured(answer, tuple(names))
    if not chosen:
        return snippet(
            "shared.html", "notes", ["None of the selected galaxies is in its test set."]
        )
    columns = [_cells(*chosen), _cells(*rest) if rest else ["–"] * 4]
    titles = ("σ [dex]", "bias [dex]", "|error| > 0.2 dex", "N")
    rows = list(zip(titles, *columns, strict=True))
    return snippet("compare.html", "selected_and_others", rows)


@lru_cache(maxsize=128)
def measured(answer: Result, names: tuple[str, ...]) -> tuple[tuple, tuple]:
    """Return errors (None of fewer than 3 galaxies) and number of selected and other samples.

    Returns
    -------
    two tuples of (dict of Estimate or None, int)
        Empty where there is no sample.
    """
    chosen = answer.predictions["name"].isin(names)
    return tuple(_measured(answer.predictions[which]) for which in (chosen, ~chosen))


def _measured(rows: pd.DataFrame) -> tuple:
    if rows.empty:
        return ()
    if rows["name"].nunique() < FEWEST:
        return None, len(rows)
    delta = rows["y_pred"] - rows["y_true"]
    return measure_errors(delta, rows["name"], resamples=RESAMPLES), len(rows)


def _cells(errors: dict[str, Estimate] | None, count: int) -> list[str]:
    """Write scatter, bias, outliers and number of some samples."""
    if errors is None:
        return ["too few", "–", "–", f"{count:,}"]
    mean, outliers = errors["mean"], errors["outliers"]
    return [
        str(errors["std"]),
        f"{signed(mean.value, 3)} ± {(mean.high - mean.low) / 2:.3f}",
        f"{100 * outliers.value:.1f} ± {50 * (outliers.high - outliers.low):.1f} %",
        f"{count:,}",
    ]
