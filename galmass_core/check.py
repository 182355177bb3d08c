"""Read everything in a data set, a run, or a home folder, and say what is wrong with it.

Opening a folder checks what is cheap: fields, columns, sizes. Here every file is read and compared
with the checksum that was recorded when it was written.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.datasets.dataset_files import (
    DATASET_RULE,
    DESCRIPTION,
    EXCLUDED,
    INDEX,
    wrong_shard,
)
from galmass_core.datasets.folders import check_description
from galmass_core.fetch.status import STATUS, read_status
from galmass_core.observations.kept import SUFFIX, observations_folder, open_kept
from galmass_core.storage.checksums import wrong_content
from galmass_core.storage.schema import read_json, wrong_fields
from galmass_core.training.labels import LABELS_RULE
from galmass_core.training.profile_runs import ProfileModel, is_profile
from galmass_core.training.run_files import CONFIG, LABELS, PREDICTIONS, RECORD
from galmass_core.training.run_predictions import load_model
from galmass_core.training.runs import Run, open_run
from galmass_core.training.training_sets import training_dataset

_RUNS = (  # of a home folder
    "runs",
    "curves",
    "switches",
    "transfers",
    "transfers/networks/*",
    "controls/networks",
)
_TRUTH = 1e-6  # dex


@dataclass
class Report:
    """What a check found.

    Attributes
    ----------
    path : Path
    faults : list of str
        A sentence each: file, field, rule, and what came.
    galaxies : int
        Of data sets.
    files : int
        That were read.
    unrecorded : list of str
        Files without a checksum: made before galmass recorded them.
    """

    path: Path
    faults: list[str] = field(default_factory=list)
    galaxies: int = 0
    files: int = 0
    unrecorded: list[str] = field(default_factory=list)

    def add(self, sentences: Iterable[str]) -> None:
        """Add faults that are not known yet."""
        self.faults += [text for text in sentences if text and text not in self.faults]


def check_folder(path: Path, progress: Callable[[], object] = lambda: None) -> Report:
    """Check a data set, a run, a fetch, or all of them in a home folder.

    Parameters
    ----------
    path : Path
    progress : function, optional
        Called after each file.

    Returns
    -------
    Report

    Raises
    ------
    ValueError
        If the folder is none of these.
    """
    report = Report(path)
    found = list(_parts(path))
    if not found:
        msg = f"{path}: must be a data set, a run or a home folder, holds neither"
        raise ValueError(msg)
    for folder, check in found:
        try:
            check(folder, report, progress)
        except (ValueError, OSError) as error:
            report.add([" ".join(str(error).split())])
    return report


_Check = Callable[[Path, Report, Callable[[], object]], None]


def _parts(path: Path) -> Iterator[tuple[Path, _Check]]:
    """Yield the folders to check, and how."""
    for name, check in (
        (DESCRIPTION, _check_dataset),
        (RECORD, _check_run),
        (STATUS, _check_fetch),
    ):
        if (path / name).is_symlink() or (path / name).exists():
            yield path, check
            return
    if (path / CONFIG).exists():
        yield path, _check_run
    if (path / INDEX).exists():
        yield path, _check_dataset
    for folder in sorted(path.glob("*/")):
        if any((folder / name).exists() for name in (DESCRIPTION, INDEX)):
            yield folder, _check_dataset
    for runs in _RUNS:
        for folder in sorted(path.glob(f"{runs}/*/")):
            if any((folder / name).exists() for name in (RECORD, CONFIG)):
                yield folder, _check_run
    yield from ((folder, _check_fetch) for folder in sorted(path.glob("fetches/*/")))
    kept = sorted(path.glob(f"{observations_folder().name}/*{SUFFIX}"))
    yield from ((each, _check_kept) for each in kept)


def _check_dataset(folder: Path, report: Report, progress: Callable[[], object]) -> None:
    """Check a data set: fields, checksums, columns, and each shard of maps."""
    content = read_json(folder / DESCRIPTION)
    report.add(wrong_fields(folder / DESCRIPTION, content, DATASET_RULE))
    info = check_description(folder, content)
    known = info.get("tables", {})
    for name in (INDEX, EXCLUDED):
        _check_file(folder / name, known.get(name, []), report)
    for name, record in info["shards"].items():
        path = folder / "maps" / name
        _check_file(path, [record], report)
        with suppress(OSError), h5py.File(path, "r") as shard:
            if wrong := wrong_shard(shard, info, record):
                report.add([f"{path}: {wrong}"])
        progress()
    data = open_dataset(folder)
    report.galaxies += len(data.galaxy_names)
    report.files += 1
    counts = {"galaxies": len(data.galaxy_names), "samples": len(data)}
    report.add(
        f"{folder / DESCRIPTION}: counts.{name} must be {count}, as in {INDEX}, got {found}"
        for name, count in counts.items()
        if (found := info.get("counts", {}).get(name, count)) != count
    )
    for _ in data.read_profiles() if data.has_maps else ():
        progress()


def _check_run(folder: Path, report: Report, progress: Callable[[], object]) -> None:
    """Check a run: fields, checksums, the model, and predictions against the data set."""
    if not (folder / RECORD).is_file():
        msg = f"{folder / RECORD}: must be a file, which it is not, or it is missing"
        raise ValueError(msg)
    run = open_run(folder)
    known = run.record.get("files") or {}
    report.files += 1
    with suppress(FileNotFoundError):
        labels = read_json(folder / LABELS)
        report.add(wrong_fields(folder / LABELS, labels, LABELS_RULE))
    if run.state != "finished":
        return
    there = {path.name for path in folder.iterdir() if path.suffix in (".parquet", ".txt", ".csv")}
    for name in sorted({*known, *there} - {"log.txt"}):
        _check_file(folder / name, [known[name]] if name in known else [], report)
        progress()
    run.check_tables()
    if "train" not in run.config and (folder / PREDICTIONS).exists():
        _check_model(run, report)
        data = training_dataset(run)
        for each in run.with_each_inputs():
            report.add(_wrong_predictions(each, data))


def _check_model(run: Run, report: Report) -> None:
    """Load a model, unless the folder holds none."""
    if not any((*run.path.glob("model*"), *run.path.glob("weights*"))):
        return
    try:
        if is_profile(run):
            ProfileModel.load(run)
        else:
            load_model(run)
    except (ValueError, OSError) as error:
        report.add([" ".join(str(error).split())])


def _wrong_predictions(run: Run, data: DataSet | None) -> Iterator[str]:
    """Yield what contradicts the data set that a run was trained on."""
    if data is None:
        return
    table, path = run.predictions(), run.path / PREDICTIONS
    known = set(zip(data.samples["name"], data.samples["los"], strict=True))
    unknown = set(zip(table["name"], table["los"], strict=True)) - known
    if unknown:
        name, los = min(unknown)
        yield f"{path}: name must be one of {data.path}, got {name} along {los}"
    for target, rows in table.groupby("target", sort=False):
        if unknown or target not in data.samples:
            continue
        truth = data.samples[["name", "los", str(target)]]
        both = rows.merge(truth, on=["name", "los"])
        values = both[str(target)].to_numpy(float)
        off = np.abs(both["y_true"] - values) > _TRUTH
        if off.all():
            values = np.log10(values, where=values > 0, out=np.full(len(values), np.nan))
            off = np.abs(both["y_true"] - values) > _TRUTH
        if off.any():
            one = both[off].iloc[0]
            yield f"{path}: y_true of {one['name']} must be the {target} of {data.path}, is another"


def _check_fetch(folder: Path, report: Report, _: Callable[[], object]) -> None:
    """Check how a fetch stands."""
    read_status(folder)
    report.files += 1


def _check_kept(path: Path, report: Report, progress: Callable[[], object]) -> None:
    """Check an observed galaxy that was kept."""
    report.files += 1
    _ = open_kept(path).maps
    progress()


def _check_file(path: Path, records: list[Mapping[str, Any]], report: Report) -> None:
    """Compare a file with its checksum."""
    report.files += 1
    if not any("sha256" in record for record in records):
        report.unrecorded.append(str(path))
    report.add([wrong_content(path, *records)])
