"""Read the folders of trainings, which `run_writer` writes.

``config.json`` (what was trained), ``run.json`` (how it went), ``history.csv`` (losses), the
model's own files, ``predictions.parquet`` and, of trees and formulas, ``calibration.parquet``;
people may add ``labels.json`` (`labels`).
Every file is written atomically. The writing process holds the folder's lock, so that a run whose
process died is recognised.
"""

import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galmass_core.assets import asset
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.folders import home_folder
from galmass_core.imaging.frames import PAPER, Frame
from galmass_core.learning.experiments import input_maps, inputs_of, pixels_of
from galmass_core.storage import parquet
from galmass_core.storage.lock import clear_lock, is_locked
from galmass_core.storage.schema import read_json, wrong_fields
from galmass_core.training.run_files import (
    CALIBRATION,
    CONFIG,
    CONFIG_RULE,
    HISTORY,
    PREDICTIONS,
    RECORD,
    RECORD_RULE,
    STATES,
    check_model_files,
    check_predictions,
    checked_file,
    config_rule,
    record_rule,
    wrong_sizes,
)

SCHEMA = 1  # version of the folder's layout
ACTIVE = STATES[:2]  # while a process works on the run
LOG = "log.txt"  # output of a command that ran in the background
SHIPPED = "runs"  # folder of the assets


@dataclass(frozen=True)
class Run:
    """State of one training when its folder was read.

    Attributes
    ----------
    path : Path
    record : dict
        Content of ``run.json``; its ``state`` is one of `STATES`.
    inputs : str
        Of a network for every set of maps, the set that it is used for; empty for all maps.
    """

    path: Path
    record: dict[str, Any]
    inputs: str = ""

    @property
    def name(self) -> str:
        """Name of the folder, followed by the set of maps in use, such as ``mine:r+2V``."""
        return f"{self.path.name}:{self.inputs}" if self.inputs else self.path.name

    def with_inputs(self, inputs: str) -> "Run":
        """Return a network for every set of maps as that for one of them.

        Parameters
        ----------
        inputs : str
            As `experiments.inputs_of` writes it.

        Returns
        -------
        Run
            Its configuration, errors and predictions are those for these maps.

        Raises
        ------
        ValueError
            If it does not predict from these maps.
        """
        if not self.config.get("maps"):
            msg = f"run {self.name} must be a network for every set of maps, to choose {inputs}"
            raise ValueError(msg)
        known = self.config.get("subsets") or [inputs_of(self.config.get("maps", ()))]
        if inputs not in known:
            msg = f"run {self.name} must predict from {', '.join(known)}; got {inputs}"
            raise ValueError(msg)
        if "subsets" not in self.config:
            return self
        metrics = (self.record.get("subsets") or {}).get(inputs)
        is_whole = input_maps(inputs) == max(map(input_maps, known), key=len)
        return Run(self.path, self.record | {"metrics": metrics}, "" if is_whole else inputs)

    def with_each_inputs(self) -> list["Run"]:
        """Return the run as that of each set of maps it predicts from; itself if of one only."""
        subsets = self.config.get("subsets") or []
        return [self.with_inputs(inputs) for inputs in subsets] or [self]

    @property
    def state(self) -> str:
        """State of the training."""
        return self.record["state"]

    @property
    def progress(self) -> dict[str, float]:
        """Last reported progress of the training; empty before the first report."""
        return self.record.get("progress") or {}

    @cached_property
    def config(self) -> dict[str, Any]:
        """Configuration of the training, with the maps in use."""
        config: dict[str, Any] = read_json(self.path / CONFIG, CONFIG_RULE)
        for wrong in wrong_fields(self.path / CONFIG, config, config_rule(self.path, config)):
            raise ValueError(wrong)
        if self.inputs:
            maps = input_maps(self.inputs)
            config |= {"maps": list(maps), "pixels": pixels_of(maps, config["pixels"])}
        return config

    @property
    def training_seed(self) -> int | None:
        """Seed of the training, apart from that of the split; None of formulas, which need none."""
        return (self.config.get("training") or self.config.get("parameters") or {}).get("seed")

    @property
    def history(self) -> pd.DataFrame:
        """Losses so far; empty before the first."""
        path = self.path / HISTORY
        if not path.exists():
            return pd.DataFrame()
        try:
            return pd.read_csv(path)
        except (ValueError, OSError) as error:
            msg = f"{path}: must be a table of losses, but: {error}"
            raise ValueError(msg) from error

    def summary(self) -> dict[str, Any]:
        """Return a summary of the run for JSON."""
        keys = ("state", "started", "ended", "seed", "split", "dataset")
        shown = {key: self.record.get(key) for key in (*keys, "progress", "metrics", "reason")}
        names = {"run": self.name, "experiment": self.config["experiment"]}
        return {**names, "training_seed": self.training_seed, **shown}

    def scatter(self, target: str) -> float:
        """Return σ of a target on the test set, dex; infinite if it is not known."""
        metrics = (self.record.get("metrics") or {}).get(target, {})
        value = metrics.get("std", {}).get("value", np.nan)
        return np.inf if np.isnan(value) else float(value)

    def is_of(self, dataset: DataSet) -> bool:
        """Return whether it was trained on a data set, as that is now."""
        return (self.record.get("dataset") or {}).get("sha256") == dataset.checksum

    @property
    def frame(self) -> Frame:
        """How far the maps that it learned from reach."""
        written = (self.record.get("dataset") or {}).get("frame")
        return Frame.parse(written) if written else PAPER

    def sees_as(self, dataset: DataSet) -> bool:
        """Return whether the maps of a data set reach as far as those it learned from, if any."""
        return not self.config.get("maps") or self.frame == dataset.frame

    def check_frame(self, dataset: DataSet) -> None:
        """Raise ValueError unless it `sees_as` a data set shows its galaxies."""
        if not self.sees_as(dataset):
            msg = (
                f"run {self.name} must get maps of {self.frame}, as it learned from; those of "
                f"{dataset.path} are of {dataset.frame}"
            )
            raise ValueError(msg)

    def predictions(self) -> pd.DataFrame:
        """Read the predictions: ``name``, ``los``, ``part``, ``target``, ``y_true``, ``y_pred``.

        True and predicted values are decimal logarithms. Those of trees have a ``scale``: the
        size of the error that is expected, dex.

        Raises
        ------
        ValueError
            If the run is not finished.
        """
        self._require_predictions()
        return self._read_table(PREDICTIONS)

    def whole_predictions(self) -> pd.DataFrame:
        """Read the predictions from every set of maps; a column ``inputs`` says which, if several.

        Raises
        ------
        ValueError
            If the run is not finished.
        """
        self._require_predictions()
        return self._read_table(PREDICTIONS, whole=True)

    def by_inputs(self, predictions: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Return whole predictions by set of maps, which `experiments.inputs_of` names."""
        if "inputs" not in predictions:
            return {inputs_of(self.config.get("maps", ())): predictions}
        tables = predictions.groupby("inputs", sort=False, observed=True)
        return {str(inputs): rows.drop(columns="inputs") for inputs, rows in tables}

    def _require_predictions(self) -> None:
        """Raise an error if the run is not finished."""
        if self.state != "finished":
            msg = f"run {self.name} must be finished to have predictions, but it is {self.state}"
            raise ValueError(msg)

    def calibration(self) -> pd.DataFrame:
        """Read the predictions of galaxies that calibrate intervals, with columns as above.

        Of networks the validation set; of trees and formulas the training set, predicted by models
        of the other galaxies; empty if the run has none.
        """
        for name in (CALIBRATION, PREDICTIONS):
            if (self.path / name).exists():
                table = self._read_table(name)
                return table[table["part"].isin(("calibration", "validation"))]
        return pd.DataFrame(columns=["name", "los", "part", "target", "y_true", "y_pred"])

    def _read_table(self, name: str, *, whole: bool = False) -> pd.DataFrame:
        """Read a table of predictions; those from the maps in use, or the whole table."""
        path, wanted = self.file(name), None
        if "subsets" in self.config and not whole:
            wanted = [("inputs", "==", inputs_of(self.config["maps"]))]
        try:
            table = parquet.read_table(path, filters=wanted)
        except (OSError, ValueError, TypeError, NotImplementedError) as error:
            msg = f"{path}: must be a table of predictions, but: {error}"
            raise ValueError(" ".join(msg.split())) from error
        check_predictions(path, table)
        return table.drop(columns="inputs") if wanted else table

    def file(self, name: str) -> Path:
        """Return the path of a file of the run, which is as it was written.

        Its checksum is computed again when its size or time changes. Runs that were trained before
        galmass recorded checksums have none.

        Raises
        ------
        ValueError
            If it is missing, another than was written, or a link out of the folder.
        """
        return checked_file(self.path, self.record, name)

    def check_model(self) -> None:
        """Raise ValueError unless the model's files are as they were written."""
        check_model_files(self.path, self.record)

    def check_tables(self) -> None:
        """Read the tables of a finished run; raise ValueError if one is damaged."""
        files = self.record.get("files")
        if self.state == "finished" and (files is None or PREDICTIONS in files):
            self.file(CONFIG)
            self.with_each_inputs()[0].predictions()
            self.with_each_inputs()[0].calibration()
            _ = self.history


def finished_run(path: Path, config: dict[str, Any], dataset: str | None = None) -> Run | None:
    """Return the run of a folder if it is this very run, finished.

    The command that trains may have been killed at its end, and be repeated.

    Parameters
    ----------
    path : Path
    config : dict
        As of `write_run`.
    dataset : str, optional
        Checksum of the data set, which is in the configuration of transfers.
    """
    if not (path / RECORD).exists():
        return None
    run = open_run(path)
    known = (run.record.get("dataset") or {}).get("sha256")
    same = run.config == json.loads(json.dumps(config)) and dataset in (None, known)
    if run.state != "finished" or not same:
        return None
    clear_lock(path)
    return run


def runs_folder() -> Path:
    """Return the folder of the user's runs, in the home folder."""
    return home_folder() / "runs"


def new_run_folder(experiment: str, folder: Path | None = None) -> Path:
    """Create a folder for a new run, named after the experiment and the time in UTC.

    Servers and commands that share a home folder never get the same one.
    """
    folder = runs_folder() if folder is None else folder
    stem = f"{experiment.replace('/', '-')}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    for name in (stem, *(f"{stem}-{number}" for number in range(2, 1000))):
        with suppress(FileExistsError):
            (folder / name).mkdir(parents=True)
            return folder / name
    msg = f"{folder / stem}: a thousand runs must not begin in one second"
    raise ValueError(msg)


def open_run(path_or_name: str | Path) -> Run:
    """Open a run by its folder, or by its name among the user's and the shipped runs.

    Of a network for every set of maps, ``NAME:INPUTS`` is that for one of them. Where such a
    network ships, ``INPUTS`` alone is its name, too.

    Raises
    ------
    ValueError
        If there is none, where the message lists the known ones; or it cannot be read.
    """
    for path in (Path(path_or_name), runs_folder() / path_or_name):
        if (path / RECORD).is_file():
            return _read_whole(path)
    if (known_run := shipped_run(str(path_or_name))) is not None:
        return known_run
    whole, colon, inputs = str(path_or_name).rpartition(":")
    if colon and input_maps(inputs):
        return open_run(whole).with_inputs(inputs)
    known = ", ".join(run.name for run in [*list_runs(), *shipped_runs()]) or "none"
    msg = f"run must be a folder with {RECORD}, or one of {known}; got {path_or_name}"
    raise ValueError(msg)


def list_runs(folder: Path | None = None) -> list[Run]:
    """Return all runs in a folder (the user's own by default), the newest first.

    Those with a file that cannot be read, tables included, are left out, and the log says why.
    """
    runs, damaged = read_runs(runs_folder() if folder is None else folder, open_whole_run)
    for reason in damaged.values():
        logging.getLogger(__name__).warning("left out: %s", reason)
    return runs


def open_whole_run(path: Path) -> Run:
    """Open a run by its folder, and read its tables; raises as `open_run`."""
    run = _read_whole(path)
    run.check_tables()
    return run


def read_runs(
    folder: Path, read: Callable[[Path], Run] | None = None
) -> tuple[list[Run], dict[Path, str]]:
    """Read each run in a folder on its own.

    Parameters
    ----------
    folder : Path
    read : function of Path, optional
        In place of `open_run`.

    Returns
    -------
    list of Run
        The newest first.
    dict of Path to str
        Why others cannot be read.
    """
    runs, damaged = [], {}
    for record in folder.glob(f"*/{RECORD}"):
        try:
            runs.append((read or _read_whole)(record.parent))
        except (OSError, ValueError) as error:
            if record.exists():  # it was not deleted in this moment
                damaged[record.parent] = str(error)
    runs.sort(key=lambda run: (run.record["started"], run.name), reverse=True)
    return runs, damaged


def tested_rows(predictions: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the predictions of a target for the test set."""
    return predictions[(predictions["part"] == "test") & (predictions["target"] == target)]


@lru_cache(maxsize=1)
def shipped_runs() -> tuple[Run, ...]:
    """Return the runs that ship with galmass, the newest first; they are read-only."""
    with suppress(FileNotFoundError):  # a checkout without them
        return tuple(list_runs(asset(SHIPPED)))
    return ()


def shipped_run(name: str) -> Run | None:
    """Return the run of that name that ships, or one for the set of maps of that name; or None."""
    for run in shipped_runs():
        if run.name == name:
            return run
    for run in reversed(shipped_runs()):
        for inputs in run.config.get("subsets", ()):
            if name in (inputs, inputs.replace(",", "")):  # gr: of a folder
                return run.with_inputs(inputs)
    return None


def is_shipped(run: Run) -> bool:
    """Return whether a run is one of those that ship."""
    return run.path in {each.path for each in shipped_runs()}


def _read_whole(path: Path) -> Run:
    """Read a run and its configuration; the files of a finished one have their sizes."""
    run = read_run(path)
    rule = record_rule(path, run.config, run.state)
    for wrong in (*wrong_fields(path / RECORD, run.record, rule), *wrong_sizes(path, run.record)):
        raise ValueError(wrong)
    return run


def read_run(path: Path) -> Run:
    """Read ``run.json``; the state of an active run without a process is ``died``."""
    record = _read_record(path)
    if record["state"] in ACTIVE and not is_locked(path):
        record = _read_record(path)  # it may have ended between the two reads
        if record["state"] in ACTIVE:
            record["state"] = "died"
    return Run(path, record)


def _read_record(path: Path) -> dict[str, Any]:
    """Read ``run.json`` unchanged."""
    return read_json(path / RECORD, RECORD_RULE)
