"""Train an experiment in a run's folder."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.datasets.capabilities import require_inputs
from galmass_core.datasets.dataset import DataSet
from galmass_core.imaging.frames import PAPER
from galmass_core.learning.boosting import BoostingConfig, fit_with_curves
from galmass_core.learning.experiments import (
    PROFILE,
    Experiment,
    experiment,
    input_maps,
    require_columns,
    true_values,
    usable_rows,
)
from galmass_core.learning.fitting import Model, check_parts, fit, predict, score
from galmass_core.learning.mass_profiles import learnable, true_profiles
from galmass_core.learning.out_of_fold import predict_out_of_fold, with_scale
from galmass_core.learning.splits import BOOSTING_SIZES, NETWORK_SIZES, describe_parts
from galmass_core.networks.presets import TrainingConfig
from galmass_core.networks.ranks import Ranks, ranks_of_process
from galmass_core.networks.scalars import scalar_columns
from galmass_core.training.profile_runs import train_profile
from galmass_core.training.run_writer import Follower, RunWriter, write_run
from galmass_core.training.runs import Run, finished_run, new_run_folder, open_run
from galmass_core.training.training_sets import parts_of


def train_run(
    dataset: DataSet,
    name: str,
    *,
    split: str = "galaxy",
    seed: int = 0,
    training_seed: int | None = None,
    galaxies: int | None = None,
    features: Sequence[str] | None = None,
    training: TrainingConfig | None = None,
    device: str = "auto",
    path: Path | None = None,
    wait: Callable[[RunWriter], None] | None = None,
) -> Run:
    """Train an experiment and save configuration, model and predictions in a run's folder.

    Parameters
    ----------
    dataset : DataSet
    name : str
        Of the experiment.
    split : str
        ``galaxy`` or ``paper``.
    seed : int
        Of the split: which galaxies, or samples, are in which part. Nothing else depends on it.
    training_seed : int, optional
        Of the training: the initial weights, the order of samples in each epoch and their
        augmentation; of trees, LightGBM's. By default that of ``training``, or ``seed``.
    galaxies : int, optional
        Train on as many galaxies of the training set, which the training seed draws, for a point of
        a learning curve; validation and test set are whole. All by default.
    features : sequence of str, optional
        Replace the experiment's own; not for networks.
    training : TrainingConfig, optional
        Hyper-parameters of a network; the paper's by default.
    device : str
        Device for training a network: ``auto``, ``cpu``, ``cuda`` ...
    path : Path, optional
        The folder; a new one under the home folder by default. An unfinished run of the same
        configuration is resumed.
    wait : function of RunWriter, optional
        Called before training; returns when it may begin, such as `queue.wait_for_turn`.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If the experiment, the split or the device is unknown, the data set lacks a column or maps,
        no usable sample is left, or the folder is in use.
    MemoryError
        If a network does not fit into the device's memory.
    """
    wanted = with_scalars(experiment(name), training)
    if features is not None:
        wanted = replace(wanted, features=tuple(features))
    dataset, wanted = with_profiles(dataset, wanted)
    require_columns(wanted, dataset.samples)
    require_inputs(dataset, wanted.maps)
    config = _config(wanted, split, seed, training_seed, training)
    usable, left_out = usable_samples(dataset.samples, wanted)
    if galaxies is not None:
        own = seed if training_seed is None else training_seed
        own = config.get("training", {}).get("seed", own)
        config["split"] |= {"galaxies": galaxies, "draw": own}
    parts = parts_of(dataset.samples, usable, config["split"])
    ranks = _join_ranks(wanted, config)
    path = ranks.same(path or (new_run_folder(name) if ranks.first else Path()))
    if (done := finished_run(path, config, dataset.checksum)) is not None:
        return done
    provenance = _provenance(dataset, parts, split, seed)
    with (
        write_run(path, config, provenance, wait=wait)
        if ranks.first
        else nullcontext(Follower(path, {}))
    ) as writer:
        counts = {
            part: int(np.count_nonzero(usable & (parts == part)))
            for part in np.unique(parts[parts != ""])
        }
        writer.update(left_out=left_out, counts=counts)
        check_parts(wanted, usable & (parts == "train"), usable & (parts == "test"))
        parts = np.where(usable, parts, "")
        if wanted.maps:
            predictions = _train_network(dataset, wanted, config, parts, writer, device, ranks)
        else:
            train = train_profile if wanted.is_profile else _train_on_table
            predictions = train(dataset.samples, wanted, config, parts, writer)
        writer.write_predictions(predictions)
        writer.update(**_scores(predictions))
    with ranks.noticing_loss():
        ranks.same(None)  # others wait for the writer
    return open_run(path)


def with_profiles(dataset: DataSet, wanted: Experiment) -> tuple[DataSet, Experiment]:
    """Return a data set with the targets of an experiment on profiles, as far as they are known.

    Raises
    ------
    ValueError
        If none is.
    """
    if not wanted.is_profile:
        return dataset, wanted
    truth = true_profiles(dataset)
    known = learnable(truth)
    samples = dataset.samples.assign(**truth[list(known)])
    return replace(dataset, samples=samples), replace(wanted, targets=known)


def usable_samples(samples: pd.DataFrame, wanted: Experiment) -> tuple[NDArray, dict[str, int]]:
    """Return which samples can be used, as `usable_rows`; a profile may have gaps."""
    targets = () if wanted.is_profile else wanted.targets
    return usable_rows(samples, wanted.features, targets, wanted.maps)


def with_scalars(wanted: Experiment, training: TrainingConfig | None) -> Experiment:
    """Return an experiment with the columns that its network needs beside maps as features.

    Raises
    ------
    ValueError
        If it is one of a control, which has none.
    """
    if not wanted.maps or training is None or not training.scalars:
        return wanted
    return replace(wanted, features=scalar_columns(wanted.maps))


def _join_ranks(wanted: Experiment, config: dict[str, Any]) -> Ranks:
    """Connect the processes that torchrun started, and add their number to the configuration.

    Raises
    ------
    ValueError
        If they do not train a network, or a batch cannot be divided among them.
    """
    ranks = ranks_of_process()
    if ranks.alone:
        return ranks
    if not wanted.maps:
        msg = f"several processes must train a network, got {wanted.name}"
        raise ValueError(msg)
    if (batch := config["training"]["batch"]) % ranks.size:
        msg = f"batch must be a multiple of the {ranks.size} processes that share it, got {batch}"
        raise ValueError(msg)
    ranks.join()
    config["processes"] = ranks.size  # each normalises with the statistics of its share
    return ranks


def _config(
    wanted: Experiment,
    split: str,
    seed: int,
    training_seed: int | None,
    training: TrainingConfig | None,
) -> dict[str, Any]:
    """Return all settings that determine a run's result."""
    own = seed if training_seed is None else training_seed
    config: dict[str, Any] = {
        "experiment": wanted.name,
        "targets": list(wanted.targets),
        "method": wanted.method,
    }
    if wanted.maps:
        training = training or TrainingConfig(seed=own)
        if training_seed is not None:
            training = replace(training, seed=training_seed)
        config |= {"maps": list(wanted.maps), "pixels": wanted.pixels}
        config |= {"training": training.settings()}
        config |= {"subsets": list(wanted.subsets)} if wanted.subsets else {}
        sizes = NETWORK_SIZES
    else:
        parameters = asdict(BoostingConfig(seed=own)) if wanted.method in ("trees", PROFILE) else {}
        config |= {"features": list(wanted.features), "parameters": parameters}
        sizes = BOOSTING_SIZES
    return config | {"split": {"kind": split, "sizes": sizes, "seed": seed}}


def _provenance(dataset: DataSet, parts: NDArray, split: str, seed: int) -> dict[str, Any]:
    """Return the provenance of a run for ``run.json``."""
    return {
        "device": "cpu",
        "seed": seed,
        "split": describe_parts(dataset.samples, parts, split, seed),
        "dataset": {
            "name": dataset.path.name,
            "path": str(dataset.path),
            "sha256": dataset.checksum,
            "stars": dataset.info.get("stars"),
            **({} if dataset.frame == PAPER else {"frame": str(dataset.frame)}),
        },
    }


def _scores(predictions: pd.DataFrame) -> dict[str, Any]:
    """Measure the errors on the test set for each target, and each set of maps if several."""
    test = predictions[predictions["part"] == "test"]
    if "inputs" not in test:
        return {"metrics": _scores_by_target(test)}
    subsets = {
        str(inputs): _scores_by_target(rows) for inputs, rows in test.groupby("inputs", sort=False)
    }
    return {"metrics": subsets[max(subsets, key=lambda inputs: len(input_maps(inputs)))]} | {
        "subsets": subsets
    }


def _scores_by_target(test: pd.DataFrame) -> dict[str, Any]:
    """Measure the errors for each target."""
    return {str(target): score(rows) for target, rows in test.groupby("target", sort=False)}


def _train_network(
    dataset: DataSet,
    wanted: Experiment,
    config: dict[str, Any],
    parts: NDArray,
    writer: RunWriter,
    device: str,
    ranks: Ranks,
) -> pd.DataFrame:
    """Train a network; return its predictions."""
    from galmass_core.training.network_runs import train_network

    training = TrainingConfig(**config["training"])
    return train_network(dataset, wanted, training, parts, writer, device=device, ranks=ranks)


def _train_on_table(
    samples: pd.DataFrame,
    wanted: Experiment,
    config: dict[str, Any],
    parts: NDArray,
    writer: RunWriter,
) -> pd.DataFrame:
    """Train trees or a formula; return its predictions."""
    samples, parts = samples[parts != ""], parts[parts != ""]
    model, history = _fit_with_history(wanted, samples, parts, config["parameters"])
    model.save(writer.path)
    writer.write_history(history)
    predictions = predict(model, wanted.target, samples, parts)
    calibration, scale = predict_out_of_fold(
        wanted,
        samples[parts == "train"],
        partial(fit, wanted, seed=config["parameters"].get("seed", 0)),
        kind=config["split"]["kind"],
        seed=config["split"]["seed"],
    )
    writer.write_calibration(calibration)
    if scale is not None:
        scale.save(writer.path)
    return with_scale(predictions, scale, samples)


def _fit_with_history(
    wanted: Experiment, samples: pd.DataFrame, parts: NDArray, parameters: dict[str, Any]
) -> tuple[Model, pd.DataFrame]:
    """Train on the training set; the losses are empty for models without iterations."""
    train, test = samples[parts == "train"], samples[parts == "test"]
    if wanted.method != "trees":
        return fit(wanted, train), pd.DataFrame({"iteration": []})
    inputs = [
        (part[list(wanted.features)], true_values(part, wanted.target)) for part in (train, test)
    ]
    return fit_with_curves(*inputs[0], *inputs[1], BoostingConfig(**parameters))
