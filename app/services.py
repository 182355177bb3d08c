"""What all sessions share: data sets opened once, maps read once. No widgets."""

import gc
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from heapq import nsmallest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galmass_app import selection
from galmass_app.plots import trends
from galmass_app.plots.points import Points
from galmass_app.plots.scale import Scale, scale_of, shared_scale
from galmass_core.assets import asset
from galmass_core.datasets.capabilities import LEAST_TO_TEST
from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.datasets.dataset_files import DESCRIPTION
from galmass_core.datasets.folders import home_folder, list_datasets, similar_names
from galmass_core.fetch.status import ACTIVE as FETCHING
from galmass_core.fetch.status import STATUS, Status, fetches_folder, read_status
from galmass_core.quantities import map_keys
from galmass_core.storage.progress import SUFFIX, work_in_progress
from galmass_core.training.controls import RESULT, controls_folder, last_controls
from galmass_core.training.curves import curves_folder
from galmass_core.training.labels import Labels, read_labels
from galmass_core.training.run_files import CONFIG, LABELS, RECORD
from galmass_core.training.runs import (
    ACTIVE,
    CALIBRATION,
    HISTORY,
    PREDICTIONS,
    Run,
    open_run,
    open_whole_run,
    read_runs,
    runs_folder,
)
from galmass_core.transfers.records import transfers_folder

SHOWCASE = "showcase"  # the data set that ships with galmass
_READ = (CONFIG, RECORD, PREDICTIONS, CALIBRATION)  # of a run, by its times of writing
SCALE_SAMPLES = 12  # how many samples decide the colour range of all
_registered: dict[str, Path] = {}  # data sets that a notebook shows
NEAREST = 3  # IDs suggested instead of one that does not exist
ALIKE = 6  # names listed of galaxies that have the same subhalo ID


@lru_cache(maxsize=1)
def warm_up() -> None:
    """Compile datashader's rasteriser aside, once, so that no visitor waits for it."""
    import datashader

    def rasterise() -> None:
        canvas = datashader.Canvas(4, 4, x_range=(0.0, 1.0), y_range=(0.0, 1.0))
        canvas.points(pd.DataFrame({"x": [0.5], "y": [0.5]}), "x", "y")

    threading.Thread(target=rasterise, daemon=True).start()


@lru_cache(maxsize=1)
def freeze_gc() -> None:
    """Spare the garbage collector what is here before the first visitor: 0.3 s of each search."""
    gc.collect()
    gc.freeze()


def register_dataset(folder: Path) -> str:
    """Add a data set to those to choose from, wherever it lies; return what it is called."""
    _registered[folder.name] = folder
    return folder.name


def catalogue() -> dict[str, Path]:
    """Return the data sets to choose from by name: $GALMASS_DATA, the user's own, the showcase."""
    folders = [Path(os.environ["GALMASS_DATA"])] if "GALMASS_DATA" in os.environ else []
    folders += [*_registered.values(), *list_datasets()]
    with suppress(FileNotFoundError):  # a checkout in which the showcase has not been built
        folders.append(asset(SHOWCASE))
    found = {}
    for folder in folders:
        found.setdefault(folder.name, folder)
    return found


def work() -> str:
    """Say what is being made in the home folder right now; empty if nothing is."""
    making = [
        f"{content['task']} {name}: {content['done']:,} of {content['total']:,} galaxies"
        for name, content in work_in_progress(home_folder()).items()
    ]
    training = [
        f"training {run.config['experiment']}: {epoch_in_words(run.progress)}"
        for run in runs()
        if run.state == "running" and "epoch" in run.progress
    ]
    fetching = [
        f"fetching {status.name}: {status.content['done']:,} of {status.content['total']:,} "
        f"{'galaxies' if status.content['stage'] == 'cutouts' else 'files of the catalogue'}"
        for status in fetches()
        if status.state == "running" and status.content["stage"] != "maps"  # built, see above
        if status.content["total"]
    ]
    return ", ".join(making + training + fetching)


def epoch_in_words(progress: Mapping[str, float]) -> str:
    """Say in which epoch a training is; after the last its predictions are still made."""
    done, epochs = progress["epoch"], progress["epochs"]
    return f"epoch {done + 1:,} of {epochs:,}" if done < epochs else "predicting the test set"


def fetches() -> list[Status]:
    """Return the fetches of the home folder, the newest first; an ended one is read once."""
    found = []
    for path in fetches_folder().glob(f"*/{STATUS}"):
        with suppress(FileNotFoundError, ValueError):  # it was deleted in this moment, or damaged
            status = _read_status(path.parent, path.stat().st_mtime_ns)
            found.append(read_status(path.parent) if status.state in FETCHING else status)
    return sorted(found, key=lambda status: (status.content["started"], status.name), reverse=True)


@lru_cache(maxsize=256)
def _read_status(folder: Path, _written: int) -> Status:
    """Read how a fetch stands; a new time of writing reads it again."""
    return read_status(folder)


def runs() -> list[Run]:
    """Return the user's runs, the newest first; a run that has ended is not read again."""
    return _runs_in(runs_folder())[0]


def runs_and_damages() -> tuple[list[Run], list[str]]:
    """Return `runs`, and why others cannot be read, a sentence each."""
    found, damaged = _runs_in(runs_folder())
    return found, list(damaged.values())


def _runs_in(folder: Path) -> tuple[list[Run], dict[Path, str]]:
    """Read the runs in a folder as `runs.read_runs`; one that has ended only once."""

    def read(path: Path) -> Run:
        run = _read(path, tuple(_time_of(path / name) for name in _READ))
        return open_run(path) if run.state in ACTIVE else run

    return read_runs(folder, read)


def transfers() -> list[Run]:
    """Return the records of transfers, the newest first; one that has ended is not read again."""
    return _runs_in(transfers_folder())[0]


def curve_runs() -> list[Run]:
    """Return the runs of learning curves, the newest first."""
    return _runs_in(curves_folder())[0]


def curve_progress() -> str:
    """Say how far the learning curve is that is being measured; empty if there is none."""
    folder = curves_folder()
    if not any(run.state in ACTIVE for run in curve_runs()):
        return ""
    with suppress(FileNotFoundError, ValueError, KeyError):
        path = folder / f"trainings{SUFFIX}"
        content = json.loads(path.read_text(encoding="utf-8"))
        return f"Measuring: {content['done']} of {content['total']} trainings…"
    return "Measuring…"


def control_result(data: DataSet) -> dict[str, Any] | None:
    """Return the last controls of a data set, read when they were written; None if damaged."""
    return _control_result(data, _time_of(controls_folder(data) / RESULT))


@lru_cache(maxsize=16)
def _control_result(data: DataSet, written: int) -> dict[str, Any] | None:
    """Read controls; a new time of writing reads them again."""
    with suppress(ValueError):
        return last_controls(data) if written else None
    return None


def name_of_run(word: str) -> str:
    """Return the name of the run that a word opens, such as ``gr``; the word itself if none."""
    with suppress(ValueError):
        return open_run(word).name
    return word


def labels_of(run: Run) -> Labels:
    """Return the tags and notes of a run, read when they were written; none if damaged."""
    return _labels(run.path, _time_of(run.path / LABELS))


@lru_cache(maxsize=4096)
def _labels(folder: Path, written: int) -> Labels:
    """Read tags and notes; a new time of writing reads them again."""
    with suppress(ValueError):
        return read_labels(folder) if written else Labels()
    return Labels()


def _time_of(path: Path) -> int:
    """Return when a file was written; 0 if it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=1024)
def _read(folder: Path, _written: tuple[int, ...]) -> Run:
    """Read a run and its tables; new times of writing read them again."""
    return open_whole_run(folder)


def history(run: Run) -> pd.DataFrame:
    """Return the losses of a run so far, read when they were written."""
    path = run.path / HISTORY
    return _history(path, path.stat().st_mtime_ns) if path.exists() else pd.DataFrame()


@lru_cache(maxsize=64)
def _history(path: Path, _written: int) -> pd.DataFrame:
    """Read losses; a new time of writing reads them again."""
    return pd.read_csv(path)


def dataset(name: str) -> DataSet:
    """Return a data set of the catalogue, opened once for all and again when it was rebuilt.

    Raises
    ------
    KeyError
        If the catalogue has no such name; the message lists those it has.
    DataSetError
        If it cannot be used.
    """
    where = os.environ.get("GALMASS_DATA"), home_folder(), len(_registered)
    folder = _recent_catalogue(time.monotonic_ns() // 10**9, where).get(name)
    if folder is None or not (folder / DESCRIPTION).exists():  # it is new, or was deleted
        known = catalogue()
        if name not in known:
            msg = f"no data set {name!r} here; there are: {', '.join(known) or 'none'}"
            raise KeyError(msg)
        folder = known[name]
    return _open(folder, _time_of(folder / DESCRIPTION))


@lru_cache(maxsize=1)
def _recent_catalogue(_second: int, _where: tuple) -> dict[str, Path]:
    """Look for data sets once a second: each view of each session looks its own up."""
    return catalogue()


@lru_cache(maxsize=16)
def _open(folder: Path, _written: int) -> DataSet:
    """Open a folder; a new time of writing opens it again."""
    return open_dataset(folder)


maps = lru_cache(maxsize=64)(DataSet.maps)  # a sample takes 0.9 MB
profiles = lru_cache(maxsize=256)(DataSet.profiles)


@lru_cache(maxsize=256)
def scales(
    data: DataSet, name: str, los: str, keys: tuple[str, ...] | None = None
) -> dict[str, Scale]:
    """Return the colour ranges that suit one sample, by map; of those always shown by default."""
    keys = map_keys() if keys is None else keys
    return {key: scale_of(maps(data, name, los), key) for key in keys}


@lru_cache(maxsize=16)
def sample_scales(data: DataSet, keys: tuple[str, ...] | None = None) -> dict[str, Scale]:
    """Return colour ranges for the whole data set, from a few samples spread over it."""
    keys = map_keys() if keys is None else keys
    rows = np.unique(np.linspace(0, len(data) - 1, SCALE_SAMPLES).astype(int))
    looks = [data.maps(name, los) for name, los in data.samples.iloc[rows][["name", "los"]].values]
    return {key: shared_scale([scale_of(look, key) for look in looks], key) for key in keys}


@lru_cache(maxsize=32)
def points(data: DataSet, x: str, y: str, colour: str) -> Points:
    """Return the samples of a data set as points of a scatter."""
    return Points(data.samples, x, y, colour)


@lru_cache(maxsize=64)
def related(data: DataSet, relation: trends.Relation) -> trends.Related:
    """Return what a scaling relation looks like in a data set that has its columns."""
    return trends.relate(_labelled(data), relation)


@lru_cache(maxsize=16)
def _labelled(data: DataSet) -> pd.DataFrame:
    """Return the samples with names as labels, which are compared and counted faster than text."""
    labels = pd.Categorical.from_codes(data.galaxy_numbers, data.galaxy_names)
    return data.samples.assign(name=labels)


@lru_cache(maxsize=16)
def mass_functions(data: DataSet) -> dict[str, pd.DataFrame]:
    """Return how many galaxies there are of each stellar mass, by group."""
    return trends.mass_functions(data.samples)


@lru_cache(maxsize=16)
def first_galaxy(data: DataSet) -> str:
    """Return the galaxy that a data set opens on: with maps of many, one that is worth seeing.

    That is the one that turns fastest (λ_R, the mean of its lines of sight) of the tenth with most
    stars; of fewer than 60 galaxies, or without maps, it is the first.
    """
    samples, names = data.samples, data.galaxy_names
    known = {"n_stars", "lambda_r"} <= set(samples)
    if not (data.has_maps and known) or len(names) < LEAST_TO_TEST:
        return names[0]
    stars = samples["n_stars"].to_numpy(float)[data.first_rows]
    most = np.argsort(-stars, kind="stable")[: len(names) // 10]
    turning = samples["lambda_r"].groupby(data.galaxy_numbers).mean().iloc[most]
    return names[int(turning.fillna(-1).idxmax())]


@lru_cache(maxsize=16)
def subhalo_ids(data: DataSet) -> dict[str, str]:
    """Return what to call each galaxy: its subhalo ID where that is unique, else its full name."""
    ids = [name.rpartition("/")[2] for name in data.galaxy_names]
    counts = Counter(ids)
    return {
        subhalo if counts[subhalo] == 1 else name: name
        for subhalo, name in zip(ids, data.galaxy_names, strict=True)
    }


@lru_cache(maxsize=64)
def kept_calls(data: DataSet, query: str) -> list[str]:
    """Return what to call the galaxies of `kept`; all sessions share the list."""
    ids = subhalo_ids(data)
    return [selection.call_of(name, ids) for name in kept(data, query)]


@lru_cache(maxsize=64)
def kept(data: DataSet, query: str) -> tuple[str, ...]:
    """Return the galaxies that an expression or a list of IDs means, in the data set's order.

    Raises
    ------
    ValueError
        If it is neither, or no galaxy is left.
    """
    names = selection.names_of(query, data, subhalo_ids(data))
    if not names:
        msg = f"No galaxy of {data.path.name} has {query}."
        raise ValueError(msg)
    return names


@lru_cache(maxsize=16)
def is_synthetic(data: DataSet) -> bool:
    """Whether any galaxy of it was made by galmass and not by a simulation."""
    return bool(data.samples.get("synthetic", pd.Series(dtype=bool)).any())


def find_galaxy(data: DataSet, text: str) -> str:
    """Return the name of the galaxy that a person means by an ID or a name.

    Raises
    ------
    KeyError
        If there is none; the message offers the nearest.
    """
    known, wanted = subhalo_ids(data), text.strip()
    if wanted in known:
        return known[wanted]
    if wanted in data.galaxy_places:
        return wanted
    if wanted and (alike := [name for name in known if name.endswith(f"/{wanted}")]):
        more = ", …" * (len(alike) > ALIKE)
        msg = f"Subhalo {wanted} is in several simulations: {', '.join(alike[:ALIKE])}{more}."
        raise KeyError(msg)
    near = ", ".join(_nearest(wanted, list(known)))
    msg = f"There is no subhalo {wanted} in {data.path.name}. Nearest: {near}."
    raise KeyError(msg)


def _nearest(wanted: str, known: Sequence[str]) -> list[str]:
    """IDs closest in number, else in spelling, else the first."""
    if wanted.isdecimal():
        numbers = [one for one in known if one.isdecimal()]
        if numbers:
            return nsmallest(NEAREST, numbers, key=lambda one: abs(int(one) - int(wanted)))
    return similar_names(wanted, known, NEAREST)
