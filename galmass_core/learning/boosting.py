"""Predict quantities from features by gradient-boosted trees (LightGBM, Sec. 3.2, Table 3)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from galmass_core.storage.atomic import atomic_write

if TYPE_CHECKING:
    from lightgbm import Booster, Dataset

    from galmass_core.learning.tree_tables import TreeTable

MODEL = "model.txt"  # LightGBM's text format
LOSSES = ("l1", "l2")  # mean absolute and mean squared error, Fig. 4
_BINNED = 200_000  # rows; of more, LightGBM draws some by its seed to find bins of features
_MANY = 1_000  # samples, from which on reading the trees takes less time than it saves
_THREADS = 1  # fastest at these table sizes, and reproducible on any machine


@dataclass(frozen=True, kw_only=True)
class BoostingConfig:
    """Hyper-parameters of Table 3; the learning rate is LightGBM's default."""

    num_leaves: int = 5
    num_boost_round: int = 500
    min_data_in_leaf: int = 20
    max_depth: int = -1  # no limit
    learning_rate: float = 0.1
    seed: int = 0


@dataclass(frozen=True)
class BoostedTrees:
    """A trained model.

    LightGBM refuses some characters of JSON in names, and replaces blanks. Inside the model, names
    of columns are percent-encoded, which leaves plain words as they are.
    """

    booster: "Booster"

    @property
    def features(self) -> tuple[str, ...]:
        """Input columns, in order."""
        return tuple(unquote(name) for name in self.booster.feature_name())

    def predict(self, samples: pd.DataFrame) -> NDArray:
        """Predict the target of each row, (n,) float64, in the target's own unit.

        Raises
        ------
        KeyError
            If a column is missing.
        """
        inputs = _matrix(samples, self.features)
        if len(inputs) >= _MANY and self._table:
            return self._table.predict(inputs)
        return np.asarray(self.booster.predict(inputs, num_threads=_THREADS))

    @cached_property
    def _table(self) -> "TreeTable | None":
        """The trees as arrays; None if LightGBM alone knows what they do."""
        from galmass_core.learning.tree_tables import TreeTable

        return TreeTable.of_text(self.booster.model_to_string())

    def contributions(self, samples: pd.DataFrame) -> pd.DataFrame:
        """Return the contribution of each feature to each prediction (SHAP, Lundberg+2018).

        Parameters
        ----------
        samples : pandas.DataFrame

        Returns
        -------
        pandas.DataFrame
            (n, F), in the target's unit. The sum of a row plus the mean prediction is the
            prediction.

        Raises
        ------
        KeyError
            If a column is missing.
        """
        inputs = _matrix(samples, self.features)
        parts = np.asarray(self.booster.predict(inputs, pred_contrib=True, num_threads=_THREADS))
        return pd.DataFrame(parts[:, :-1], columns=list(self.features), index=samples.index)

    def gain(self) -> pd.Series:
        """Return the percentage of the loss reduction by splits on each feature."""
        gain = pd.Series(self.booster.feature_importance("gain"), index=list(self.features))
        return 100 * gain / gain.sum() if gain.any() else gain

    def tree_depths(self) -> NDArray[np.int_]:
        """Return the number of levels of splits in each tree, (T,)."""
        nodes = self.booster.trees_to_dataframe()
        return nodes.groupby("tree_index")["node_depth"].max().to_numpy() - 1

    def save(self, folder: Path, name: str = MODEL) -> None:
        """Write the model into a run's folder."""
        with atomic_write(folder / name) as path:
            path.write_text(self.booster.model_to_string(), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, name: str = MODEL) -> "BoostedTrees":
        """Load the model from a run's folder.

        Raises
        ------
        ValueError
            If the file is missing or damaged.
        """
        import lightgbm

        path = folder / name
        try:
            text = path.read_text(encoding="utf-8")
            _check_text(text)
            return cls(lightgbm.Booster(model_str=text))
        except (OSError, ValueError, lightgbm.basic.LightGBMError) as error:
            msg = f"{path}: must be trees in LightGBM's text format, but: {error}"
            raise ValueError(msg) from error


def _check_text(text: str) -> None:
    """Raise ValueError unless a model is whole: LightGBM reads beyond the end of one that is cut.

    The header states the length of each tree; after the last one the text says so.
    """
    header, found, rest = text.partition("\n\n")
    sizes = re.search(r"^tree_sizes=([\d ]+)$", header, flags=re.MULTILINE)
    if not text.startswith("tree\n") or not found or sizes is None:
        msg = "its header must be whole, got another"
        raise ValueError(msg)
    length = sum(map(int, sizes[1].split()))
    trees = rest.lstrip("\n").encode()
    if not trees[length:].lstrip().startswith(b"end of trees") or "\0" in text:
        msg = f"its trees must have {length:,} bytes, as its header states"
        raise ValueError(msg)
    if not text.rstrip().endswith(("end of parameters", "pandas_categorical:null")):
        msg = "its parameters must be whole, got a part"
        raise ValueError(msg)


class TrainingInputs:
    """Features of a training set, in bins, for trees of any number of targets.

    Parameters
    ----------
    inputs : pandas.DataFrame
        (n, F): a column per feature.
    config : BoostingConfig, optional
        Table 3 by default.
    """

    def __init__(self, inputs: pd.DataFrame, config: BoostingConfig | None = None) -> None:
        self._parameters, self._rounds = _parameters(config, len(inputs))
        self._table = _table(inputs, np.zeros(len(inputs)))

    def fit(self, target: ArrayLike) -> BoostedTrees:
        """Train on one thread; the same rows and settings give the same trees.

        Parameters
        ----------
        target : (n,) float
            Decimal logarithm of the quantity.
        """
        import lightgbm

        self._table.set_label(np.asarray(target, float))
        booster = lightgbm.train(
            self._parameters, self._table, self._rounds, keep_training_booster=True
        )
        return BoostedTrees(booster.free_dataset())  # LightGBM hands it over as text otherwise


def fit_boosting(
    inputs: pd.DataFrame, target: ArrayLike, config: BoostingConfig | None = None
) -> BoostedTrees:
    """Train on one target; arguments as of `TrainingInputs` and its `fit`."""
    return TrainingInputs(inputs, config).fit(target)


def fit_with_curves(
    inputs: pd.DataFrame,
    target: ArrayLike,
    test_inputs: pd.DataFrame,
    test_target: ArrayLike,
    config: BoostingConfig | None = None,
) -> tuple[BoostedTrees, pd.DataFrame]:
    """Train as `fit_boosting` does and measure both losses after each tree, as in Fig. 4.

    Parameters
    ----------
    inputs, target
        Training set, as in `fit_boosting`.
    test_inputs, test_target
        Test set, only used for evaluation, not for early stopping.
    config : BoostingConfig, optional

    Returns
    -------
    BoostedTrees
    pandas.DataFrame
        ``iteration`` and ``train_l1``, ``train_l2``, ``test_l1``, ``test_l2``.
    """
    import lightgbm

    parameters, rounds = _parameters(config, len(inputs))
    train = _table(inputs, target)
    test = train.create_valid(_matrix(test_inputs, list(inputs.columns)), np.asarray(test_target))
    curves: dict[str, dict[str, list[float]]] = {}
    booster = lightgbm.train(
        {**parameters, "metric": LOSSES},
        train,
        rounds,
        valid_sets=[train, test],
        valid_names=["train", "test"],
        callbacks=[lightgbm.record_evaluation(curves)],
    )
    columns = {f"{part}_{loss}": curves[part][loss] for part in curves for loss in LOSSES}
    return BoostedTrees(booster), pd.DataFrame({"iteration": np.arange(1, rounds + 1), **columns})


def _parameters(config: BoostingConfig | None, rows: int) -> tuple[dict[str, object], int]:
    """Return LightGBM's parameters for a table of some rows, and the number of trees."""
    parameters = vars(config or BoostingConfig()).copy()
    rounds = parameters.pop("num_boost_round")
    fixed: dict[str, object] = {
        "objective": "regression",
        "deterministic": True,
        "force_row_wise": True,
    }
    fixed["bin_construct_sample_cnt"] = max(_BINNED, rows)  # all: no seed changes the model
    return {**parameters, **fixed, "num_threads": _THREADS, "verbosity": -1}, rounds


def _table(inputs: pd.DataFrame, target: ArrayLike) -> "Dataset":
    """Return a table as LightGBM's data set."""
    import lightgbm

    names = list(inputs.columns)
    inner = [quote(name, safe="") for name in names]
    return lightgbm.Dataset(_matrix(inputs, names), np.asarray(target, float), feature_name=inner)


def _matrix(samples: pd.DataFrame, features: Sequence[str]) -> NDArray:
    """Return the columns as one array."""
    return samples[list(features)].to_numpy(dtype=float)
