"""Transfer of models on summary features, and their adaptation by CORAL."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.learning.baselines import linear_form
from galmass_core.learning.experiments import Experiment
from galmass_core.learning.fitting import Model, fit, predict


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Usable samples of both simulations, with the part of the split of each.

    Attributes
    ----------
    train, test : pandas.DataFrame
    train_parts, test_parts : (n,) str
        ``train``, ``validation`` and ``test``; of the second, ``train`` and ``validation`` are the
        half without labels.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    train_parts: NDArray
    test_parts: NDArray

    def of_train(self, *parts: str) -> pd.DataFrame:
        """Return some parts of the first."""
        return self.train[np.isin(self.train_parts, parts)]

    def of_test(self, *parts: str) -> pd.DataFrame:
        """Return some parts of the second."""
        return self.test[np.isin(self.test_parts, parts)]


def feature_cases(
    wanted: Experiment, sides: Sides, adapt: str, seed: int
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Train on features and predict both simulations.

    Parameters
    ----------
    wanted : Experiment
        Not of a network.
    sides : Sides
    adapt : str
        ``none`` or ``coral``.
    seed : int
        Of the training.

    Yields
    ------
    str, pandas.DataFrame
        The case, one of `scores.CASES`, and its predictions of validation and test samples.
    """
    calibration, tested = sides.of_train("validation"), sides.of_test("test")
    model, target = fit(wanted, sides.of_train("train"), seed=seed), wanted.target
    yield "source", _predictions(model, target, calibration, sides.of_train("test"))
    yield "transfer", predict(model, target, tested, "test")
    if adapt != "none":
        yield "adapted", _adapted(wanted, sides, seed)
    best = fit(wanted, sides.of_test("train"), seed=seed)
    yield "ceiling", _predictions(best, target, sides.of_test("validation"), tested)


def _adapted(wanted: Experiment, sides: Sides, seed: int) -> pd.DataFrame:
    """Train on aligned features; all features are in the form in which power laws are linear."""
    ours, calibration, unlabelled, tested = (
        _linear(samples, wanted)
        for samples in (
            sides.of_train("train"),
            sides.of_train("validation"),
            sides.of_test("train", "validation"),
            sides.of_test("test"),
        )
    )
    columns = list(wanted.features)
    coral = Coral.fit(ours[columns].to_numpy(), unlabelled[columns].to_numpy())
    aligned, calibration = (
        each.assign(**dict(zip(columns, coral.apply(each[columns].to_numpy()).T, strict=True)))
        for each in (ours, calibration)
    )
    return _predictions(fit(wanted, aligned, seed=seed), wanted.target, calibration, tested)


def _predictions(
    model: Model, target: str, calibration: pd.DataFrame, tested: pd.DataFrame
) -> pd.DataFrame:
    """Predict validation and test samples."""
    parts = [
        predict(model, target, calibration, "validation"),
        predict(model, target, tested, "test"),
    ]
    return pd.concat(parts, ignore_index=True)


def _linear(samples: pd.DataFrame, wanted: Experiment) -> pd.DataFrame:
    """Return samples with the features of an experiment as `baselines.linear_form` has them."""
    columns = list(wanted.features)
    form = linear_form(samples[columns])
    return samples.assign(**dict(zip(columns, form.T, strict=True)))


@dataclass(frozen=True)
class Coral:
    """Correlation alignment (CORAL, Sun, Feng & Saenko 2016, AAAI 30, 2058, Algorithm 1).

    Features of the first simulation are standardised, lose its correlations, get those of the
    second, and then the second's means and spreads. No label is used.

    Attributes
    ----------
    means, spreads : (2, F) float
        Of the features in the first and the second simulation.
    turn : (F, F) float
        ``(R + I)^(-1/2) (R' + I)^(1/2)`` of the correlation matrices; as in the paper, the identity
        is added.
    """

    means: NDArray
    spreads: NDArray
    turn: NDArray

    @classmethod
    def fit(cls, ours: NDArray, theirs: NDArray) -> "Coral":
        """Measure the features of both simulations, (n, F) and (m, F)."""
        means, spreads = (
            np.stack([getattr(values, name)(axis=0) for values in (ours, theirs)])
            for name in ("mean", "std")
        )
        spreads = np.where(spreads > 0, spreads, 1.0)
        whiten, colour = (
            _power((values - mean) / spread, power)
            for values, mean, spread, power in zip(
                (ours, theirs), means, spreads, (-0.5, 0.5), strict=True
            )
        )
        return cls(means, spreads, whiten @ colour)

    def apply(self, values: NDArray) -> NDArray:
        """Return features of the first simulation as the second would have them, (n, F)."""
        standard = (values - self.means[0]) / self.spreads[0]
        return standard @ self.turn * self.spreads[1] + self.means[1]


def _power(standard: NDArray, power: float) -> NDArray:
    """Return a power of the correlation matrix of standardised features plus the identity."""
    matrix = standard.T @ standard / len(standard) + np.eye(standard.shape[1])
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * values**power) @ vectors.T
