"""Records of transfers on disk: settings, predictions and scores of one pair and experiment.

A record is a folder as of a run (`training.runs`): ``config.json``, ``run.json`` with the scores,
and ``predictions.parquet``. Networks are trained in run folders beside the records;
records that differ in adaptation only share them.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.folders import home_folder
from galmass_core.learning.boosting import BoostingConfig
from galmass_core.learning.experiments import Experiment, experiment, require_columns, usable_rows
from galmass_core.learning.splits import NETWORK_SIZES, split_samples
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training.model_runs import with_scalars
from galmass_core.training.run_writer import write_run
from galmass_core.training.runs import Run, finished_run, list_runs, open_run
from galmass_core.transfers.comparable import check_comparable
from galmass_core.transfers.features import Sides, feature_cases
from galmass_core.transfers.scores import score_cases

ADAPTATIONS = ("none", "coral", "mmd")
TEST_SIZES = {"train": 4, "validation": 1, "test": 5}  # of the second simulation
_LEAST = 10  # samples in a part; fewer have no interval of 90 %


def transfers_folder() -> Path:
    """Return the folder of the user's records, in the home folder."""
    return home_folder() / "transfers"


def list_transfers() -> list[Run]:
    """Return all records, the newest first."""
    return list_runs(transfers_folder())


def run_transfer(
    train: DataSet,
    test: DataSet,
    name: str,
    *,
    adapt: str = "none",
    seed: int = 0,
    features: Sequence[str] | None = None,
    training: TrainingConfig | None = None,
    device: str = "auto",
    path: Path | None = None,
) -> Run:
    """Train on one data set, test on another, and record predictions and scores.

    The same call returns the record that is there, or resumes it.

    Parameters
    ----------
    train, test : DataSet
        Of two simulations. The second is split by galaxy into one half without labels, for
        adaptation, and one half to test on; the labels of the first half are used by the model
        that shows what can be reached at best, and by no other.
    name : str
        Of the experiment.
    adapt : str
        ``none``; ``coral`` for trees; ``coral`` or ``mmd`` for networks.
    seed : int
        Of splits and training.
    features : sequence of str, optional
        Replace the experiment's own; not for networks.
    training : TrainingConfig, optional
        Hyper-parameters of a network; the paper's by default.
    device : str
        Device for training a network.
    path : Path, optional
        The record's folder; by default in the home folder, with a name made of the settings.

    Returns
    -------
    Run
        ``run.record["scores"]`` is as of `scores.score_cases`.

    Raises
    ------
    DataSetError
        If the data sets were not made alike (see `comparable.check_comparable`).
    ValueError
        If the experiment or the adaptation is unknown or do not go together, a column or maps are
        missing, there are too few galaxies, or the folder holds another record.
    """
    wanted = with_scalars(experiment(name), training)
    if features is not None:
        wanted = replace(wanted, features=tuple(features))
    _check(wanted, adapt)
    check_comparable(train, test)
    config = _config(wanted, train, test, adapt, seed, training)
    path = transfers_folder() / _name(config) if path is None else path
    if (done := finished_run(path, config)) is not None:
        return done
    parts = [
        _parts(wanted, dataset, sizes, seed)
        for dataset, sizes in ((train, NETWORK_SIZES), (test, TEST_SIZES))
    ]
    with write_run(path, config, {"device": device, "datasets": _origins(train, test)}) as writer:
        cases = _cases(wanted, (train, test), (parts[0], parts[1]), config, path, device)
        predictions = _with_masses(cases, train, test)
        writer.write_predictions(predictions)
        writer.update(scores=score_cases(predictions), synthetic=_synthetic(train, test))
    return open_run(path)


def networks_folder(path: Path, config: dict[str, Any]) -> Path:
    """Return the folder of a record's networks; inside the record where that is not at home."""
    if path.parent != transfers_folder():
        return path
    return transfers_folder() / "networks" / _name(config | {"adapt": "any"})


def _check(wanted: Experiment, adapt: str) -> None:
    """Raise ValueError if an adaptation is unknown or does not go with the method."""
    if wanted.is_profile:
        msg = f"experiment must have targets of their own, not the mass profile, got {wanted.name}"
        raise ValueError(msg)
    known = {"network": ADAPTATIONS, "trees": ADAPTATIONS[:2]}.get(wanted.method, ADAPTATIONS[:1])
    if adapt not in known:
        msg = f"adapt must be one of {', '.join(known)} for {wanted.method}, got {adapt}"
        raise ValueError(msg)


def _config(
    wanted: Experiment,
    train: DataSet,
    test: DataSet,
    adapt: str,
    seed: int,
    training: TrainingConfig | None,
) -> dict[str, Any]:
    """Return all settings that determine a record."""
    config: dict[str, Any] = {
        "experiment": wanted.name,
        "targets": list(wanted.targets),
        "method": wanted.method,
        "adapt": adapt,
        "train": {"name": train.path.name, "sha256": train.checksum},
        "test": {"name": test.path.name, "sha256": test.checksum},
        "split": {"seed": seed, "train": NETWORK_SIZES, "test": TEST_SIZES},
    }
    if wanted.method == "network":
        training = training or TrainingConfig(seed=seed)
        return config | {
            "maps": list(wanted.maps),
            "pixels": wanted.pixels,
            "training": training.settings(),
        }
    parameters = asdict(BoostingConfig(seed=seed)) if wanted.method == "trees" else {}
    return config | {"features": list(wanted.features), "parameters": parameters}


def _name(config: dict[str, Any]) -> str:
    """Return the name of a record's folder: readable, and different for other settings."""
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:8]
    words = (config["train"]["name"], "to", config["test"]["name"], config["experiment"])
    return "-".join((*words, config["adapt"], digest)).replace("/", "-")


def _parts(wanted: Experiment, dataset: DataSet, sizes: dict[str, int], seed: int) -> NDArray:
    """Return the part of the split by galaxy of each sample; empty where it cannot be used."""
    require_columns(wanted, dataset.samples)
    usable, _ = usable_rows(dataset.samples, wanted.features, wanted.targets, wanted.maps)
    parts = np.where(usable, split_samples(dataset.samples, sizes=sizes, seed=seed), "")
    for part in sizes:
        if (count := np.count_nonzero(parts == part)) < _LEAST:
            msg = (
                f"{dataset.path}: must have at least {_LEAST} usable samples in the part {part}, "
                f"got {count}"
            )
            raise ValueError(msg)
    return parts


def _cases(
    wanted: Experiment,
    datasets: tuple[DataSet, DataSet],
    parts: tuple[NDArray, NDArray],
    config: dict[str, Any],
    path: Path,
    device: str,
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the predictions of each case."""
    if wanted.method == "network":
        from galmass_core.transfers.networks import network_cases

        training, folder = TrainingConfig(**config["training"]), networks_folder(path, config)
        yield from network_cases(wanted, datasets, parts, config["adapt"], training, folder, device)
        return
    sides = Sides(
        train=datasets[0].samples,
        test=datasets[1].samples,
        train_parts=parts[0],
        test_parts=parts[1],
    )
    yield from feature_cases(wanted, sides, config["adapt"], config["split"]["seed"])


def _with_masses(
    cases: Iterator[tuple[str, pd.DataFrame]], train: DataSet, test: DataSet
) -> pd.DataFrame:
    """Return the predictions of all cases with each galaxy's stellar mass."""
    table = pd.concat(
        [predictions.assign(case=case) for case, predictions in cases], ignore_index=True
    )
    masses = pd.concat([each.galaxies["log_mstar"] for each in (train, test)])
    return table.assign(log_mstar=table["name"].map(masses))


def _origins(train: DataSet, test: DataSet) -> dict[str, str]:
    """Return the folders of both data sets."""
    return {"train": str(train.path), "test": str(test.path)}


def _synthetic(train: DataSet, test: DataSet) -> bool:
    """Return whether any galaxy is synthetic."""
    tables = (train.samples, test.samples)
    return any(bool(table.get("synthetic", pd.Series(dtype=bool)).any()) for table in tables)
