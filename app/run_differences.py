"""Two runs -> what differs in configuration, origin and errors; and the last lines of a log."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from galmass_app import services
from galmass_core.learning.metrics import Estimate
from galmass_core.training.profile_runs import is_profile
from galmass_core.training.runs import LOG, Run

READ = 64_000  # bytes at the end of a log that are read
LINES = 200  # of a log that are shown
ABSENT = "–"
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ORIGIN = ("dataset", "split", "counts", "left_out", "device", "git_commit", "versions")
_ERRORS = {"std": "σ", "mean": "bias", "outliers": "outliers", "nmad": "NMAD"}


class Difference(NamedTuple):
    """An entry that two runs have in common, or that one of them lacks."""

    kind: str
    name: str
    first: str
    second: str


def differences(first: Run, second: Run) -> list[Difference]:
    """Return what differs between two runs: configuration and origin where unequal, all errors."""
    pairs = [
        ("configuration", _flat(first.config), _flat(second.config)),
        ("origin", _origin(first), _origin(second)),
    ]
    found = [
        Difference(kind, name, ones.get(name, ABSENT), others.get(name, ABSENT))
        for kind, ones, others in pairs
        for name in dict.fromkeys([*ones, *others])
        if ones.get(name) != others.get(name)
    ]
    ones, others = _errors(first), _errors(second)
    return found + [
        Difference("errors on the test set", name, ones.get(name, ABSENT), others.get(name, ABSENT))
        for name in dict.fromkeys([*ones, *others])
    ]


def log_of(run: Run) -> str:
    """Return the last lines of what a run wrote in the background, as plain text; empty if none."""
    path = run.path / LOG
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - READ))
            text = stream.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")]  # of bars the last
    return _CONTROL.sub("", "\n".join(lines[-LINES:])).strip()


def data_standing(run: Run) -> str:
    """Say which data a run learned from, by checksum, and whether they are still here."""
    record = run.record.get("dataset") or {}
    name, known = record.get("name", ""), record.get("sha256", "")
    if not known:
        return f"{name or 'unknown'}: the run recorded no checksum"
    words = f"{name}, SHA-256 {known[:16]}…"
    try:
        now = services.dataset(name).checksum
    except (KeyError, ValueError, OSError):
        return f"{words}: no such data set is here"
    return f"{words}: here as it was" if now == known else f"{words}: changed since (the data set)"


def _origin(run: Run) -> dict[str, str]:
    """Return where a run comes from."""
    return _flat({key: run.record[key] for key in _ORIGIN if run.record.get(key) is not None})


def _errors(run: Run) -> dict[str, str]:
    """Return the errors of each target as text."""
    if is_profile(run):
        return {}
    found = {}
    for target, errors in (run.record.get("metrics") or {}).items():
        found |= {
            f"{target}: {name}": str(Estimate(**errors[key]))
            for key, name in _ERRORS.items()
            if key in errors
        }
        found[f"{target}: samples"] = f"{errors['n']:,}"
    return found


def _flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested entries as text, by ``outer.inner``."""
    flat: dict[str, str] = {}
    for key, value in content.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            words = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            flat[f"{prefix}{key}"] = words
    return flat
