"""What the files of a run must hold: fields of its JSON files, columns of its tables, checksums."""

import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype, is_string_dtype

from galmass_core.learning.splits import SPLITS
from galmass_core.storage.checksums import CHECKSUM, checksum, wrong_content, wrong_size
from galmass_core.storage.schema import (
    ANYTHING,
    COMPUTED,
    LOGICAL,
    MEASURED,
    NAME,
    TEXT,
    TIME,
    Rule,
    fields,
    integer,
    list_of,
    nullable,
    number,
    object_of,
    one_of,
    text_like,
)

CONFIG, RECORD = "config.json", "run.json"
HISTORY, PREDICTIONS = "history.csv", "predictions.parquet"
CALIBRATION = "calibration.parquet"
LABELS = "labels.json"  # what people write on a run at any time
STATES = ("queued", "running", "finished", "stopped", "failed", "died")
METHODS = ("trees", "power-law", "virial", "ridge", "network", "profile", "profile-network")
PARTS = ("train", "validation", "calibration", "test", "new")
_UNRECORDED = (RECORD, "checkpoint.safetensors", "lock", "lock.os", "log.txt", LABELS)
_TABLES = (CONFIG, HISTORY, PREDICTIONS, CALIBRATION)  # all other files are the model's
_COUNT = integer(0, 2**53)
_SEED = integer(0, 2**63)
_SIZES = object_of(integer(0, 2**31))
_ESTIMATE = fields(dict.fromkeys(("value", "low", "high"), COMPUTED))
_SCORE = fields(
    {"std": _ESTIMATE, "n": _COUNT},
    dict.fromkeys(("mean", "median", "half_width", "nmad", "outliers"), _ESTIMATE)
    | {"n_galaxies": _COUNT},
)
_SCORES = object_of(_SCORE)
_WORDS = text_like(r"[^\s<>/\\`\"']+", "the name of a column")
_EXPERIMENT = text_like(r"[^\s<>/\\]+/[^\s<>/\\]+", "TARGET/INPUTS, the name of an experiment")
_KIND = fields(
    {}, {"kind": one_of(*SPLITS), "seed": _SEED, "sizes": _SIZES, "galaxies": _COUNT, "draw": _SEED}
)
_SPLIT = fields(
    {"kind": one_of(*SPLITS), "sizes": _SIZES, "seed": _SEED}, {"galaxies": _COUNT, "draw": _SEED}
)
_TRAINING = fields(
    {"width": number(1e-3, 16), "epochs": integer(1, 10**6)},
    {
        "batch": integer(1, 10**5),
        "learning_rate": number(0, 10),
        "schedule": TEXT,
        "augment": LOGICAL,
        "scaling": TEXT,
        "tta": LOGICAL,
        "scalars": LOGICAL,
        "mask_sparse": LOGICAL,
        "seed": _SEED,
    },
)
_SIDE = fields({"name": NAME}, {"sha256": TEXT})
_METHOD = {
    "experiment": _EXPERIMENT,
    "method": one_of(*METHODS),
    "targets": list_of(_WORDS, least=1),
}
_INPUTS = {
    "maps": list_of(TEXT),
    "pixels": integer(1, 10**4),
    "training": _TRAINING,
    "subsets": list_of(TEXT, least=1),
    "features": list_of(TEXT),
    "parameters": object_of(number()),
    "processes": integer(1, 10**6),
}
_TRANSFER_SPLIT = fields({"seed": _SEED}, {"train": _SIZES, "test": _SIZES})
_CASE = fields({"case": TEXT, "target": TEXT, "half_widths": object_of(MEASURED)})
_PARTED = fields({"kind": one_of(*SPLITS), "siblings": MEASURED}, {"seed": _SEED})
_DATASET = fields(
    {"name": NAME, "sha256": TEXT},
    {"path": TEXT, "stars": nullable(integer(1, 10**12)), "frame": TEXT},
)
CONFIG_RULE = fields(_METHOD, _INPUTS | {"split": nullable(object_of(ANYTHING))})
RECORD_RULE = fields(
    {"state": one_of(*STATES), "started": TIME},
    {
        "schema": integer(1, 1),
        "queued": TIME,
        "ended": nullable(TIME),
        "heartbeat": TIME,
        "reason": nullable(TEXT),
        "pid": _COUNT,
        "process_start": nullable(_COUNT),
        "host": TEXT,
        "git_commit": nullable(TEXT),
        "versions": object_of(TEXT),
        "device": TEXT,
        "seed": nullable(_SEED),
        "split": nullable(fields({}, dict(_PARTED.required))),
        "dataset": nullable(fields({}, dict(_DATASET.required) | dict(_DATASET.optional))),
        "datasets": object_of(TEXT),
        "left_out": object_of(_COUNT),
        "counts": object_of(_COUNT),
        "progress": nullable(object_of(nullable(number()))),
        "metrics": nullable(_SCORES),
        "subsets": nullable(object_of(_SCORES)),
        "scores": list_of(_CASE),
        "synthetic": LOGICAL,
        "notes": list_of(TEXT),
        "files": object_of(CHECKSUM),
    },
)


def config_rule(folder: Path, content: Mapping[str, Any]) -> Rule:
    """Return the rule for a configuration.

    What a method needs is required; a trained run of its own has a ``split``, a record of a
    transfer two data sets, and a network inside a transfer ``alignment`` and no split.
    """
    required = dict(_METHOD)
    network = content.get("method") in ("network", "profile-network")
    required |= {key: _INPUTS[key] for key in (("maps", "pixels", "training") if network else ())}
    if not network and "method" in content:
        required |= {key: _INPUTS[key] for key in ("features", "parameters") if key in content}
    if "train" in content or "test" in content or "adapt" in content:
        required |= {"train": _SIDE, "test": _SIDE, "adapt": TEXT, "split": _TRANSFER_SPLIT}
    elif "alignment" in content:
        required["alignment"] = nullable(TEXT)
    elif is_at_home(folder):
        required["split"] = _SPLIT
    return fields(required, _INPUTS | {"split": _KIND})


def record_rule(folder: Path, config: Mapping[str, Any], state: object) -> Rule:
    """Return the rule for the record of a run of this configuration in this state."""
    required = dict(RECORD_RULE.required)
    if state == "finished":
        required["ended"] = TIME
        if "train" in config:
            required["scores"] = RECORD_RULE.optional["scores"]
        elif is_at_home(folder):
            shown = config["targets"][:1] if config["method"] == "network" else []
            scores = replace(_SCORES, required=dict.fromkeys(shown, _SCORE))
            required |= {"dataset": _DATASET, "metrics": scores, "split": _PARTED}
            if "subsets" in config:
                required["subsets"] = fields(dict.fromkeys(config["subsets"], scores))
    return fields(required, RECORD_RULE.optional)


def is_at_home(folder: Path) -> bool:
    """Return whether a folder is among the runs that commands and pages list."""
    return folder.parent.name in ("runs", "curves", "switches")


def describe_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the checksum of each file of a run that is about to be finished."""
    return {
        path.name: checksum(path)
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name not in _UNRECORDED and path.suffix != ".part"
    }


def wrong_sizes(folder: Path, record: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each table that is gone or has another size than was recorded."""
    files = record.get("files") or {}
    there = [name for name in _TABLES if name in files]
    return [text for name in there if (text := wrong_size(folder / name, files[name]))]


def check_model_files(folder: Path, record: Mapping[str, Any]) -> None:
    """Raise ValueError unless all files of a model are as they were written."""
    for name in record.get("files") or {}:
        if name not in _TABLES:
            checked_file(folder, record, name)


def checked_file(folder: Path, record: Mapping[str, Any], name: str) -> Path:
    """Return the path of a file of a run, checked against its record if that has one.

    Raises
    ------
    ValueError
        If it is missing, or not as it was written.
    """
    known = (record.get("files") or {}).get(name, {})
    path = folder / name
    if wrong := wrong_content(path, known) or _leads_out(folder, path):
        raise ValueError(wrong)
    return path


def _leads_out(folder: Path, path: Path) -> str:
    """Return why a file is no file of its folder; empty if it is."""
    if stat.S_ISLNK(path.lstat().st_mode) and path.resolve().parent != folder.resolve():
        return f"{path}: must be a file of the run's folder, got a link to {path.resolve()}"
    return ""


def check_predictions(path: Path, table: pd.DataFrame) -> None:
    """Check a table of predictions.

    Raises
    ------
    ValueError
        If it lacks a column, a column is of another kind, a prediction is not finite, or a sample
        is predicted twice.
    """
    for name in ("name", "los", "part", "target", "y_true", "y_pred"):
        if name not in table:
            msg = f"{path}: {name} must be a column, got {', '.join(map(str, table)) or 'none'}"
            raise ValueError(msg)
    for name in ("name", "los", "part", "target"):
        if not is_string_dtype(table[name].dtype) or table[name].isna().any():
            msg = f"{path}: {name} must be text in every row, got {table[name].dtype}"
            raise ValueError(msg)
    if unknown := set(table["part"].unique()) - set(PARTS):
        msg = f"{path}: part must be one of {', '.join(PARTS)}, got {min(unknown)!r}"
        raise ValueError(msg)
    for name in [name for name in ("y_true", "y_pred", "scale") if name in table]:
        values = table[name]
        if not is_numeric_dtype(values.dtype) or is_bool_dtype(values.dtype):
            msg = f"{path}: {name} must be numbers, got {values.dtype}"
            raise ValueError(msg)
        bad = ~np.isfinite(values.to_numpy(float))
        bad &= ~(values.isna().to_numpy() & (name == "y_true"))
        if bad.any():
            msg = f"{path}: {name} must be finite, got {values[bad].iloc[0]} in row {bad.argmax()}"
            raise ValueError(msg)
    keys = [name for name in ("name", "los", "target", "inputs", "case", "part") if name in table]
    if table.duplicated(keys).any():
        name = table.loc[table.duplicated(keys), "name"].iloc[0]
        msg = f"{path}: name must be there once for each line of sight and target, got {name} twice"
        raise ValueError(msg)
