"""Samples and an experiment -> a model and its predictions, in memory or as a run on disk."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.baselines import LinearModel, fit_power_law, fit_ridge, fit_virial
from galmass_core.boosting import BoostedTrees, BoostingConfig, fit_boosting, fit_with_curves
from galmass_core.dataset import DataSet
from galmass_core.experiments import (
    Experiment,
    experiment,
    missing_columns,
    require_columns,
    true_values,
    usable_rows,
)
from galmass_core.metrics import measure_errors
from galmass_core.presets import TrainingConfig
from galmass_core.runs import Run, RunWriter, new_run_path, open_run, write_run
from galmass_core.splits import (
    BOOSTING_SIZES,
    NETWORK_SIZES,
    describe_parts,
    fold_samples,
    split_samples,
)

if TYPE_CHECKING:
    from galmass_core.network_runs import NetworkModel


class Model(Protocol):
    """What every trained model can do."""

    @property
    def features(self) -> tuple[str, ...]:
        """Columns that it takes."""

    def predict(self, samples: pd.DataFrame) -> NDArray:
        """Predict the decimal logarithm of the target of each row, (n,)."""

    def save(self, folder: Path) -> None:
        """Write the model into a run's folder."""


@dataclass(frozen=True)
class Outcome:
    """A model tried on galaxies it has not seen.

    Attributes
    ----------
    models : tuple of Model
        One, or one for each fold.
    predictions : pandas.DataFrame
        Of the test samples, with the columns of `runs.Run.predictions`.
    left_out : dict of str to int
        Samples that could not be used, by reason.
    """

    models: tuple[Model, ...]
    predictions: pd.DataFrame
    left_out: dict[str, int]


def fit(wanted: Experiment, samples: pd.DataFrame, *, seed: int = 0) -> Model:
    """Train on all these samples.

    Parameters
    ----------
    wanted : Experiment
        The table must have its columns.
    samples : pandas.DataFrame
        Rows that can be used (`experiments.usable_rows`).
    seed : int

    Returns
    -------
    Model
    """
    inputs, target = samples[list(wanted.features)], true_values(samples, wanted.target)
    if wanted.method == "trees":
        return fit_boosting(inputs, target, BoostingConfig(seed=seed))
    fits = {"power-law": fit_power_law, "virial": fit_virial, "ridge": fit_ridge}
    return fits[wanted.method](inputs, target)


def evaluate(
    wanted: Experiment,
    samples: pd.DataFrame,
    plan: str = "galaxy",
    *,
    seed: int = 0,
    needed: Sequence[str] = (),
) -> Outcome:
    """Train on some galaxies and predict others.

    Parameters
    ----------
    wanted : Experiment
    samples : pandas.DataFrame
    plan : str
        ``galaxy`` or ``paper`` (see `splits.split_samples`), or ``folds``: every galaxy is
        predicted once by a model that was trained on four fifths of the others.
    seed : int
    needed : sequence of str
        Other columns of the truth that samples must have, so that several experiments learn from
        the same ones.

    Returns
    -------
    Outcome

    Raises
    ------
    ValueError
        If ``plan`` is unknown, a column is missing, or no usable sample is left to train or to
        test.
    """
    require_columns(wanted, samples)
    usable, left_out = usable_rows(samples, wanted.features, (wanted.target, *needed))
    models, predictions = [], []
    for train, test in _rounds(samples, plan, seed):
        _check_parts(wanted, train & usable, test & usable)
        models.append(fit(wanted, samples[train & usable], seed=seed))
        predictions.append(predict(models[-1], wanted.target, samples[test & usable], "test"))
    return Outcome(tuple(models), pd.concat(predictions, ignore_index=True), left_out)


def predict(model: Model, target: str, samples: pd.DataFrame, parts: str | NDArray) -> pd.DataFrame:
    """Return predictions beside the truth, with the columns of `runs.Run.predictions`.

    Parameters
    ----------
    model : Model
    target : str
        Column of the truth; where the table lacks it, ``y_true`` is NaN.
    samples : pandas.DataFrame
        Rows that can be used.
    parts : str, or (n,) str
        Of the split that each sample belongs to.

    Returns
    -------
    pandas.DataFrame
    """
    known = target in samples.columns
    columns = {
        "part": parts,
        "target": target,
        "y_true": true_values(samples, target) if known else np.nan,
        "y_pred": model.predict(samples),
    }
    return samples[["name", "los"]].assign(**columns).reset_index(drop=True)


def score(predictions: pd.DataFrame) -> dict[str, Any]:
    """Measure the errors of predictions as JSON can say them.

    Returns
    -------
    dict
        ``n``, ``n_galaxies`` and each of `metrics.STATISTICS` as ``value``, ``low``, ``high``.
    """
    delta = predictions["y_pred"] - predictions["y_true"]
    errors = measure_errors(delta, predictions["name"])
    counts = {"n": len(predictions), "n_galaxies": int(predictions["name"].nunique())}
    return counts | {name: asdict(estimate) for name, estimate in errors.items()}


def train_run(
    dataset: DataSet,
    name: str,
    *,
    split: str = "galaxy",
    seed: int = 0,
    features: Sequence[str] | None = None,
    training: TrainingConfig | None = None,
    device: str = "auto",
    path: Path | None = None,
    wait: Callable[[RunWriter], None] | None = None,
) -> Run:
    """Train an experiment and keep all of it in a run's folder.

    Parameters
    ----------
    dataset : DataSet
    name : str
        Of the experiment.
    split : str
        ``galaxy`` or ``paper``.
    seed : int
        Of the split and the training.
    features : sequence of str, optional
        Instead of the experiment's own; not for networks.
    training : TrainingConfig, optional
        Hyper-parameters of a network; the paper's by default, with ``seed``.
    device : str
        That a network learns on: ``auto``, ``cpu``, ``cuda`` ...
    path : Path, optional
        The folder; a new one under the home folder by default. An unfinished run of the same
        configuration is taken up again.
    wait : function of RunWriter, optional
        Returns when the training may begin, such as `turns.wait_for_turn`.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If the experiment, the split or the device is unknown, the data set lacks a column or maps,
        no usable sample is left, or the folder is taken.
    MemoryError
        If a network does not fit into the device's memory.
    """
    wanted = experiment(name)
    if features is not None:
        wanted = replace(wanted, features=tuple(features))
    require_columns(wanted, dataset.samples)
    config = _config(wanted, split, seed, training)
    parts = split_samples(dataset.samples, split, sizes=config["split"]["sizes"], seed=seed)
    path = new_run_path(name) if path is None else path
    provenance = _provenance(dataset, parts, split, seed)
    with write_run(path, config, provenance, wait=wait) as writer:
        usable, left_out = usable_rows(dataset.samples, wanted.features, wanted.targets)
        writer.update(left_out=left_out)
        _check_parts(wanted, usable & (parts == "train"), usable & (parts == "test"))
        parts = np.where(usable, parts, "")
        if wanted.method == "network":
            predictions = _train_network(dataset, wanted, config, parts, writer, device)
        else:
            predictions = _train_on_table(dataset.samples, wanted, parts, seed, writer)
        writer.write_predictions(predictions)
        writer.update(metrics=_scores(predictions))
    return open_run(path)


def _scores(predictions: pd.DataFrame) -> dict[str, Any]:
    """Measure the errors of the test part, target by target."""
    test = predictions[predictions["part"] == "test"]
    return {target: score(rows) for target, rows in test.groupby("target", sort=False)}


def _provenance(dataset: DataSet, parts: NDArray, split: str, seed: int) -> dict[str, Any]:
    """Return what ``run.json`` says of where a run comes from."""
    return {
        "device": "cpu",
        "seed": seed,
        "split": describe_parts(dataset.samples, parts, split, seed),
        "dataset": {
            "name": dataset.path.name,
            "path": str(dataset.path),
            "sha256": dataset.checksum,
            "stars": dataset.info.get("stars"),
        },
    }


def _train_network(
    dataset: DataSet,
    wanted: Experiment,
    config: dict[str, Any],
    parts: NDArray,
    writer: RunWriter,
    device: str,
) -> pd.DataFrame:
    """Train a network; return its predictions."""
    from galmass_core.network_runs import train_network

    training = TrainingConfig(**config["training"])
    return train_network(dataset, wanted, training, parts, writer, device=device)


def _train_on_table(
    samples: pd.DataFrame, wanted: Experiment, parts: NDArray, seed: int, writer: RunWriter
) -> pd.DataFrame:
    """Train trees or a formula; return its predictions."""
    samples, parts = samples[parts != ""], parts[parts != ""]
    model, history = _fit_with_history(wanted, samples, parts, seed)
    model.save(writer.path)
    writer.write_history(history)
    return predict(model, wanted.target, samples, parts)


def load_model(run: Run) -> "Model | NetworkModel":
    """Rebuild a run's model from its folder alone.

    Raises
    ------
    ValueError
        If a file of a network is missing, damaged or of another network.
    """
    if run.config["method"] == "network":
        from galmass_core.network_runs import NetworkModel

        return NetworkModel.load(run.path, run.config)
    kind = BoostedTrees if run.config["method"] == "trees" else LinearModel
    return kind.load(run.path)


def predict_run(run: Run, dataset: DataSet) -> tuple[pd.DataFrame, dict[str, int]]:
    """Predict a data set with a run's model.

    Parameters
    ----------
    run : Run
    dataset : DataSet

    Returns
    -------
    pandas.DataFrame
        With the columns of `runs.Run.predictions`; ``part`` is ``new``.
    dict of str to int
        Samples that could not be predicted, by reason.

    Raises
    ------
    ValueError
        If the run is not finished, or the data set lacks columns or maps that the model takes.
    """
    if run.state != "finished":
        msg = f"run {run.name} must be finished to predict, but it is {run.state}"
        raise ValueError(msg)
    model, samples = load_model(run), dataset.samples
    if run.config["method"] == "network":
        from galmass_core.network_runs import predictions_table

        rows = np.arange(len(dataset))
        outputs_BT = model.predict(dataset, rows)
        return predictions_table(samples, rows, "new", model.targets, outputs_BT), {}
    if missing := missing_columns(samples, model.features):
        msg = f"run {run.name} needs columns that the data set lacks: {', '.join(missing)}"
        raise ValueError(msg)
    usable, left_out = usable_rows(samples, model.features)
    return predict(model, run.config["targets"][0], samples[usable], "new"), left_out


def _rounds(
    samples: pd.DataFrame, plan: str, seed: int
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Yield who is trained on and who is tested, (n,) each, in each round of a plan."""
    if plan == "folds":
        fold = fold_samples(samples, seed=seed)
        yield from ((fold != number, fold == number) for number in range(fold.max() + 1))
    else:
        parts = split_samples(samples, plan, seed=seed)
        yield parts == "train", parts == "test"


def _check_parts(wanted: Experiment, train: NDArray, test: NDArray) -> None:
    """Raise unless there is something to learn from and something to test."""
    if not (train.any() and test.any()):
        msg = (
            f"{wanted.name} needs usable samples to train and to test, "
            f"got {train.sum()} and {test.sum()}"
        )
        raise ValueError(msg)


def _config(
    wanted: Experiment, split: str, seed: int, training: TrainingConfig | None
) -> dict[str, Any]:
    """Return all that decides a run's result."""
    config = {
        "experiment": wanted.name,
        "targets": list(wanted.targets),
        "method": wanted.method,
    }
    if wanted.method == "network":
        training = training or TrainingConfig(seed=seed)
        config |= {"maps": list(wanted.maps), "pixels": wanted.pixels, "training": asdict(training)}
        sizes = NETWORK_SIZES
    else:
        parameters = asdict(BoostingConfig(seed=seed)) if wanted.method == "trees" else {}
        config |= {"features": list(wanted.features), "parameters": parameters}
        sizes = BOOSTING_SIZES
    return config | {"split": {"kind": split, "sizes": sizes, "seed": seed}}


def _fit_with_history(
    wanted: Experiment, samples: pd.DataFrame, parts: NDArray, seed: int
) -> tuple[Model, pd.DataFrame]:
    """Train on the training part; the losses are empty for models without iterations."""
    train, test = samples[parts == "train"], samples[parts == "test"]
    if wanted.method != "trees":
        return fit(wanted, train, seed=seed), pd.DataFrame({"iteration": []})
    inputs = [
        (part[list(wanted.features)], true_values(part, wanted.target)) for part in (train, test)
    ]
    return fit_with_curves(*inputs[0], *inputs[1], BoostingConfig(seed=seed))
