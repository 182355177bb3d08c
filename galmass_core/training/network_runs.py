"""Train or resume a network in a run's folder.

Shape suffixes: N samples of a data set, B some of them, T targets.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import Experiment, input_maps, true_values
from galmass_core.learning.mass_profiles import consistent
from galmass_core.networks.batches import MapFeed
from galmass_core.networks.checkpoints import CHECKPOINT, WEIGHTS, load_tensors, save_tensors
from galmass_core.networks.heads import refit_heads
from galmass_core.networks.memory import available_memory
from galmass_core.networks.network import MultibranchResNet
from galmass_core.networks.presets import TrainingConfig
from galmass_core.networks.ranks import ALONE, Ranks
from galmass_core.networks.scalars import scalar_columns
from galmass_core.networks.scaling import Scaling, fit_scaling
from galmass_core.networks.stacks import MapStack, open_stacks
from galmass_core.networks.symmetry import average_symmetries
from galmass_core.networks.training import (
    Learner,
    feature_rows,
    new_network,
    pick_device,
    predict_rows,
    train_epochs,
)
from galmass_core.training.network_model import checked_scalars, predictions_table
from galmass_core.training.run_writer import RunWriter


@dataclass(frozen=True)
class Unlabelled:
    """Samples of another data set, whose features are aligned in training; their truth is unused.

    Attributes
    ----------
    dataset : DataSet
    rows : (n,) int
    alignment : str
        One of `networks.alignment.DISTANCES`.
    """

    dataset: DataSet
    rows: NDArray
    alignment: str


def train_network(
    dataset: DataSet,
    wanted: Experiment,
    config: TrainingConfig,
    parts: NDArray,
    writer: RunWriter,
    *,
    device: str = "auto",
    ranks: Ranks = ALONE,
    unlabelled: Unlabelled | None = None,
) -> pd.DataFrame:
    """Train a network, from its last checkpoint if there is one, and save the best epoch.

    Parameters
    ----------
    dataset : DataSet
        With the columns of the targets, which of a profile may have gaps.
    wanted : Experiment
    config : TrainingConfig
    parts : (N,) str
        ``train``, ``validation`` and ``test``; other samples are not used.
    writer : RunWriter
        Of the run's folder.
    device : str
        ``auto``, ``cpu``, ``cuda`` ...
    ranks : Ranks
        The place of this process among those that train together.
    unlabelled : Unlabelled, optional
        Samples to align features with.

    Returns
    -------
    pandas.DataFrame
        Predictions of the validation and the test set, as in `runs.Run.predictions`, with the name
        of the set of maps as ``inputs`` if there are several; none in a process that is not the
        first.

    Raises
    ------
    ValueError
        If there is no such device, a part has no sample, the scaling is unknown, a checkpoint is
        of another network, or the loss does not stay finite.
    DataSetError
        If the maps' files are missing or damaged.
    MemoryError
        If the device's memory is too small; the message names the settings to lower.
    """
    where = pick_device(_own_device(device, ranks))
    writer.update(device=_device_name(where, ranks))
    rows = _rows_of(parts, wanted, ranks)
    targets_NT = np.stack([true_values(dataset.samples, key) for key in wanted.targets], axis=1)
    with _enough_memory(), ranks.noticing_loss():
        stacks = _open_stacks(dataset, wanted, config, writer, ranks)
        columns = list(scalar_columns(wanted.maps)) if config.scalars else None
        scaling = fit_scaling(
            config.scaling,
            stacks,
            rows["train"],
            targets_NT[rows["train"]],
            dataset.samples[columns].iloc[rows["train"]] if columns else None,
        )
        memory, scalars_NS = available_memory(), scaling.scalar_inputs(dataset.samples)
        feed = MapFeed(stacks, scaling, where, memory // ranks.local_size, scalars_NS)
        _explain(feed, ranks, writer)
        subsets = [input_maps(inputs) for inputs in wanted.subsets]
        network = new_network(wanted.maps, len(wanted.targets), config, subsets)
        alignment = unlabelled.alignment if unlabelled else ""
        learner = Learner(network, config, where, ranks, alignment=alignment)
        others = _unlabelled_feed(unlabelled, wanted, config, scaling, where)
        with ranks.stopping_together():
            _train(learner, feed, rows, scaling, targets_NT, writer, others)
        tested = np.sort(np.concatenate([rows["validation"], rows["test"]]))
        if not ranks.first:
            nothing = tested[:0], parts[:0], wanted.targets, targets_NT[:0]
            return predictions_table(dataset.samples, *nothing)
        facts = load_tensors(writer.path / WEIGHTS, network.state_dict())
        if subsets and "refitted" not in facts:  # by a process that ended before the run did
            _refit(network, feed, rows, scaling.scaled(targets_NT))
            save_tensors(writer.path / WEIGHTS, network.state_dict(), {"refitted": 1})
        if config.tta:
            network = average_symmetries(network)
        outputs_BO = predict_rows(network, feed, tested)
    tables = []
    names = wanted.subsets or ("",)
    for inputs, outputs_BT in zip(names, np.split(outputs_BO, len(names), axis=1), strict=True):
        known = (dataset.samples, tested, parts[tested], wanted.targets)
        table = predictions_table(*known, _unscaled(outputs_BT, wanted, scaling))
        table = table.dropna(subset="y_true")
        tables.append(table.assign(inputs=inputs) if inputs else table)
    return pd.concat(tables, ignore_index=True)


def _rows_of(parts: NDArray, wanted: Experiment, ranks: Ranks) -> dict[str, NDArray]:
    """Return the rows of each part; raise ValueError if one is too small."""
    rows = {part: np.flatnonzero(parts == part) for part in ("train", "validation", "test")}
    if few := " and ".join(part for part, chosen in rows.items() if len(chosen) < ranks.size):
        found = "none" if ranks.alone else f"fewer than {ranks.size} processes"
        msg = f"{wanted.name} needs usable samples in every part, got {found} for {few}"
        raise ValueError(msg)
    return rows


def _unscaled(outputs_BT: NDArray, wanted: Experiment, scaling: Scaling) -> NDArray[np.float64]:
    """Return decimal logarithms from outputs; masses of a profile fit together."""
    unscaled_BT = scaling.unscaled(outputs_BT)
    if not wanted.is_profile:
        return unscaled_BT
    table = pd.DataFrame(unscaled_BT, columns=list(wanted.targets))
    return consistent(table).to_numpy(float)


def _refit(
    network: MultibranchResNet, feed: MapFeed, rows: dict[str, NDArray], scaled_NT: NDArray
) -> None:
    """Fit the last layers to the features of the epoch that is kept."""
    chosen = np.sort(np.concatenate([rows["train"], rows["validation"]]))
    targets_BO = np.tile(scaled_NT[chosen], len(network.subsets))
    validation = np.isin(chosen, rows["validation"])
    refit_heads(network, feature_rows(network, feed, chosen), targets_BO, validation)


def _open_stacks(
    dataset: DataSet, wanted: Experiment, config: TrainingConfig, writer: RunWriter, ranks: Ranks
) -> dict[str, MapStack]:
    """Open the maps; the first process makes them if necessary, while the others wait."""
    if not ranks.first:
        ranks.same(None)
    stacks = open_stacks(
        dataset,
        wanted.maps,
        wanted.pixels,
        lambda done, total: writer.report(read=done / total),
        mask_sparse=config.mask_sparse,
    )
    if ranks.first:
        ranks.same(None)
    return stacks


def _explain(feed: MapFeed, ranks: Ranks, writer: RunWriter) -> None:
    """Note what differs from a training in one process with all maps in memory."""
    if not ranks.alone:
        graph = ", without CUDA graphs" if feed.device.type == "cuda" else ""
        writer.note(f"{ranks.size} processes train together, each on its share of a batch{graph}")
    if feed.window:
        writer.note(
            f"maps take {feed.size / 1e9:.3g} GB, too much for the memory available: "
            f"{feed.window:,} samples are read from disk and shuffled at a time"
        )


def _unlabelled_feed(
    unlabelled: Unlabelled | None,
    wanted: Experiment,
    config: TrainingConfig,
    scaling: Scaling,
    where: torch.device,
) -> tuple[MapFeed, NDArray] | None:
    """Return the maps of unlabelled samples, scaled as those of the training set, and the rows."""
    if unlabelled is None:
        return None
    stacks = open_stacks(
        unlabelled.dataset, wanted.maps, wanted.pixels, mask_sparse=config.mask_sparse
    )
    samples = unlabelled.dataset.samples
    checked_scalars(scaling, samples.iloc[unlabelled.rows])
    scalars_NS = scaling.scalar_inputs(samples)
    return MapFeed(stacks, scaling, where, scalars_NS=scalars_NS), unlabelled.rows


def _train(
    learner: Learner,
    feed: MapFeed,
    rows: dict[str, NDArray],
    scaling: Scaling,
    targets_NT: NDArray,
    writer: RunWriter,
    unlabelled: tuple[MapFeed, NDArray] | None = None,
) -> None:
    """Train the remaining epochs; save a checkpoint after each."""
    ranks = learner.ranks
    history, best, before, window = _load_checkpoint(learner, writer, ranks.same(feed.window))
    if ranks.first:
        scaling.save(writer.path)
    clock = _Clock(learner.config.epochs, len(rows["train"]), len(history), before)
    copies = len(learner.network.subsets) or 1
    squared = np.tile(np.square(scaling.spreads), copies)  # from scaled to dex²
    mean = _geometric_mean if learner.network.subsets else np.mean
    scaled_NT, first = np.tile(scaling.scaled(targets_NT), copies), len(history)
    for step in train_epochs(learner, feed, rows, scaled_NT, first, window, unlabelled):
        if isinstance(step, int):
            writer.report(**clock.progress(len(history), step))
            continue
        train, loss = (float(mean(each * squared)) for each in (step.train, step.validation))
        epoch = len(history) + 1
        if not np.isfinite(loss):
            msg = f"loss must be finite, got {loss} in epoch {epoch}: lower learning_rate"
            raise ValueError(msg)
        history.append(
            {
                "epoch": epoch,
                "train_mse": train,
                "validation_mse": loss,
                "learning_rate": step.learning_rate,
                "seconds": round(clock.seconds, 3),
            }
        )
        if np.isnan(best) or loss < best:
            best = loss
            if ranks.first:
                save_tensors(writer.path / WEIGHTS, learner.network.state_dict())
        writer.write_history(pd.DataFrame(history))
        facts = {"epoch": epoch, "best": best, "seconds": clock.seconds, "window": window or 0}
        if ranks.first:
            save_tensors(writer.path / CHECKPOINT, learner.tensors(), facts)
        writer.update(progress=clock.progress(epoch, 0))


def _load_checkpoint(
    learner: Learner, writer: RunWriter, window: int | None
) -> tuple[list[dict[str, float]], float, float, int | None]:
    """Load the last checkpoint if there is one.

    Returns history, best loss and seconds so far, and the window in which samples are shuffled: the
    first one, so that the order is the same with more or less memory.
    """
    path = writer.path / CHECKPOINT
    if not path.exists():
        return [], np.nan, 0.0, window
    facts = load_tensors(path, learner.tensors())
    rows = writer.history().head(int(facts["epoch"])).to_dict("records")
    history = [{str(name): value for name, value in row.items()} for row in rows]
    return history, facts["best"], facts["seconds"], int(facts.get("window", 0)) or None


def _geometric_mean(errors: NDArray) -> float:
    """Return the mean in which a percentage counts alike for small and large errors."""
    return float(np.exp(np.mean(np.log(errors))))


class _Clock:
    """Speed and remaining time of a training."""

    def __init__(self, epochs: int, samples: int, done: int, before: float) -> None:
        self._epochs, self._samples, self._first, self._before = epochs, samples, done, before
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Time spent training [s], without interruptions."""
        return self._before + time.monotonic() - self._began

    def progress(self, epoch: int, samples: int) -> dict[str, float]:
        """Return the progress for ``run.json``."""
        trained = (epoch - self._first) * self._samples + samples
        rate = trained / max(time.monotonic() - self._began, 1e-9)
        remaining = (self._epochs - epoch) * self._samples - samples
        return {
            "epoch": epoch,
            "epochs": self._epochs,
            "samples_per_second": round(rate, 1),
            "seconds_left": round(remaining / rate, 1),
        }


@contextmanager
def _enough_memory() -> Iterator[None]:
    """Raise MemoryError with advice if memory is too small."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError is a RuntimeError
        known = isinstance(error, torch.OutOfMemoryError | MemoryError)
        if not known and "allocate memory" not in str(error):
            raise
        why = str(error).splitlines()[0]
        msg = f"the device's memory is too small: lower batch, pixels or width ({why})"
        raise MemoryError(msg) from error


def _own_device(name: str, ranks: Ranks) -> str:
    """Return the name of this process's own device: a GPU for each process of a machine."""
    if not ranks.alone and (name == "cuda" or (name == "auto" and torch.cuda.is_available())):
        return f"cuda:{ranks.local_number}"
    return name


def _device_name(device: torch.device, ranks: Ranks) -> str:
    """Return the name of the devices for ``run.json``."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
    return name if ranks.alone else f"{ranks.size} × {name}"
