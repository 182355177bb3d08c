"""Intervals and trees: ours beside what crepes, MAPIE and LightGBM do by default."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.benchmarks.agreement_rows import Row, row
from galmass_core.learning.boosting import BoostingConfig, fit_boosting
from galmass_core.learning.intervals import calibrate

_LEVEL, _TAILS = 0.68, (16, 84)
_GALAXIES = 298
_ROWS, _TREES = 220_000, 5  # beyond 200,000 rows LightGBM draws some


def crepes(_size: int) -> Iterator[Row]:
    """Compare the widths of intervals of groups, also of one that calibration never saw."""
    from crepes import ConformalPredictiveSystem

    rng = np.random.default_rng(0)
    predicted = rng.normal(10.0, 0.5, _GALAXIES)
    error = rng.normal(0.0, 0.1, _GALAXIES)
    table = pd.DataFrame(
        {
            "name": np.arange(_GALAXIES).astype(str),
            "y_true": predicted + error,
            "y_pred": predicted,
        }
    )
    calibration = calibrate(table)
    library = ConformalPredictiveSystem().fit(error, bins=calibration.bins_of(predicted))
    unseen = "ours has no such group: its bins cover all predictions, the outermost everything "
    unseen += "beyond; crepes gives an interval of no width to what it never saw"
    cases = {
        "a group of 149 galaxies": (10.5, 1, "the same quantiles, between the same errors"),
        "a group that calibration never saw": (99.0, 7, unseen),
        "a missing prediction": (np.nan, np.nan, "ours is missing; crepes as above"),
    }
    for name, (at, group, why) in cases.items():
        low, high = calibration.interval([at], _LEVEL)
        limits = library.predict_percentiles(
            np.array([10.5]),
            bins=np.array([group]),
            lower_percentiles=_TAILS[0],
            higher_percentiles=_TAILS[1],
        )
        yield row(
            "crepes",
            f"width of the 68 % interval of {name}",
            np.ptp(limits),
            ours=(high - low)[0],
            unit="dex",
            why=why,
        )


def mapie(_size: int) -> Iterator[Row]:
    """Compare the width of an interval of the same errors."""
    from mapie.regression import SplitConformalRegressor
    from sklearn.dummy import DummyRegressor

    rng = np.random.default_rng(0)
    error = rng.normal(0.0, 0.1, _GALAXIES)
    nothing = np.zeros((_GALAXIES, 1))
    model = DummyRegressor(strategy="constant", constant=10.0).fit(nothing, 10.0 + error)
    split = SplitConformalRegressor(model, confidence_level=_LEVEL, prefit=True)
    _, limits = split.conformalize(nothing, 10.0 + error).predict_interval(nothing[:1])
    at = np.full(_GALAXIES, 10.0)
    table = pd.DataFrame({"name": np.arange(_GALAXIES).astype(str)})
    low, high = calibrate(table.assign(y_true=at + error, y_pred=at)).interval([10.0], _LEVEL)
    yield row(
        "mapie",
        f"width of the 68 % interval of {_GALAXIES} galaxies",
        np.ptp(limits),
        ours=(high - low)[0],
        truth=0.2 * 0.9945,
        unit="dex",
        why="theirs is symmetric about the prediction, of absolute errors; ours is of signed ones, "
        "with as many below as above it",
    )


def lightgbm(_size: int) -> Iterator[Row]:
    """Compare what the seed changes in a large table without any sampling."""
    from lightgbm import Dataset, train

    rng = np.random.default_rng(2)
    inputs = pd.DataFrame({"light": rng.normal(size=_ROWS)})
    target = np.sin(3 * inputs["light"]) + 0.1 * rng.normal(size=_ROWS)
    some = inputs[:2000]
    ours: list[NDArray] = []
    theirs: list[NDArray] = []
    for seed in (0, 1):
        config = BoostingConfig(num_boost_round=_TREES, seed=seed)
        ours.append(fit_boosting(inputs, target, config).predict(some))
        plain = {"seed": seed, "num_leaves": 5, "verbosity": -1, "num_threads": 1}
        table = Dataset(inputs.to_numpy(), target.to_numpy())
        theirs.append(np.asarray(train(plain, table, _TREES).predict(some.to_numpy())))
    yield row(
        "lightgbm",
        "largest change of a prediction by another seed, 220,000 rows",
        np.abs(theirs[1] - theirs[0]).max(),
        ours=np.abs(ours[1] - ours[0]).max(),
        truth=0.0,
        unit="dex",
        why="LightGBM draws 200,000 rows to find bins of features; galmass has it take all",
    )
