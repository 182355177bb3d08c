"""Learning curves of a data set in view: found among the runs, each measured once."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from galmass_app import services
from galmass_core.datasets.dataset import DataSet
from galmass_core.quantities import quantity
from galmass_core.training.curves import LearningCurve, learning_curves, measure_curve
from galmass_core.training.runs import Run, open_run

Key = tuple[tuple[int, Path, str], ...]  # number of galaxies, folder and end of each run


def curves_of(data: DataSet, shown: Callable[[Run, str], bool]) -> dict[str, tuple[Key, str]]:
    """Return the learning curves of a data set, the newest first.

    Parameters
    ----------
    shown : function
        Whether to return a curve in a target, by one of its runs and the target.

    Returns
    -------
    dict of str to (Key, str)
        By name: what `measured` takes, a curve and a target.
    """
    own = [run for run in services.curve_runs() if run.is_of(data)]
    found = {}
    for curve in learning_curves(own):
        targets = curve.first.config["targets"]
        for target in targets:
            if shown(curve.first, target):
                symbol = f" · {quantity(target).symbol}" * (len(targets) > 1)
                found.setdefault(curve.name + symbol, (_key(curve), target))
    return found


@lru_cache(maxsize=32)
def measured(key: Key, target: str) -> dict[str, Any]:
    """Measure and fit a curve, as `curves.measure_curve`, in one target."""
    runs: dict[int, tuple] = {}
    for galaxies, path, _ in key:
        runs[galaxies] = (*runs.get(galaxies, ()), open_run(path))
    return next(row for row in measure_curve(LearningCurve(runs)) if row["target"] == target)


def _key(curve: LearningCurve) -> Key:
    return tuple(
        (galaxies, run.path, run.record["ended"])
        for galaxies, trainings in curve.runs.items()
        for run in trainings
    )
