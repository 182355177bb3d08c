"""Transfer of networks on maps, and their adaptation by alignment of features in training."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import Experiment
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training.network_model import NetworkModel, predictions_table
from galmass_core.training.network_runs import Unlabelled, train_network
from galmass_core.training.run_files import RECORD
from galmass_core.training.run_writer import write_run
from galmass_core.training.runs import Run, open_run


def network_cases(
    wanted: Experiment,
    datasets: tuple[DataSet, DataSet],
    parts: tuple[NDArray, NDArray],
    adapt: str,
    training: TrainingConfig,
    folder: Path,
    device: str = "auto",
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Train networks in run folders and predict both simulations; finished runs are used again.

    Parameters
    ----------
    wanted : Experiment
    datasets : tuple of DataSet
        To train on and to test on.
    parts : tuple of (n,) str
        Of the splits of both, as in `features.Sides`; empty where a sample cannot be used.
    adapt : str
        ``none``, ``coral`` or ``mmd``.
    training : TrainingConfig
    folder : Path
        Folder of the run folders.
    device : str

    Yields
    ------
    str, pandas.DataFrame
        The case, one of `scores.CASES`, and its predictions of validation and test samples.
    """
    (ours, theirs), (our_parts, their_parts) = datasets, parts
    tested = np.flatnonzero(their_parts == "test")

    def train(case: str, dataset: DataSet, chosen: NDArray, kind: str = "") -> Run:
        unlabelled = None
        if kind:
            rows = np.flatnonzero(np.isin(their_parts, ("train", "validation")))
            unlabelled = Unlabelled(theirs, rows, kind)
        settings = (wanted, training, unlabelled, device)
        return _trained(folder / case, dataset, chosen, *settings)

    def predict(run: Run) -> pd.DataFrame:
        outputs = NetworkModel.load(run.path, run.config).predict(theirs, tested, device=device)
        return predictions_table(theirs.samples, tested, "test", wanted.targets, outputs)

    source = train("source", ours, our_parts)
    yield "source", source.predictions()
    yield "transfer", predict(source)
    if adapt != "none":
        adapted = train(f"adapted-{adapt}", ours, our_parts, adapt)
        calibration = adapted.predictions().query("part == 'validation'")
        yield "adapted", pd.concat([calibration, predict(adapted)], ignore_index=True)
    yield "ceiling", train("ceiling", theirs, their_parts).predictions()


def _trained(
    path: Path,
    dataset: DataSet,
    parts: NDArray,
    wanted: Experiment,
    training: TrainingConfig,
    unlabelled: Unlabelled | None,
    device: str,
) -> Run:
    """Train a network in a run's folder, or open the folder if that has been done."""
    config: dict[str, Any] = {
        "experiment": wanted.name,
        "targets": list(wanted.targets),
        "method": "network",
        "maps": list(wanted.maps),
        "pixels": wanted.pixels,
        "training": training.settings(),
        "alignment": unlabelled.alignment if unlabelled else None,
    }
    if (path / RECORD).exists() and open_run(path).state == "finished":
        return open_run(path)
    with write_run(path, config, {"dataset": {"name": dataset.path.name}}) as writer:
        writer.write_predictions(
            train_network(
                dataset, wanted, training, parts, writer, device=device, unlabelled=unlabelled
            )
        )
    return open_run(path)
