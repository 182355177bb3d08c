"""Record what a file was when it was written, and find out whether it still is."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from galmass_core.storage.schema import HASH, fields, integer

CHECKSUM = fields({"bytes": integer(0), "sha256": HASH})  # rule for a record


def checksum(path: Path) -> dict[str, Any]:
    """Return the record of a file: ``bytes`` and ``sha256``."""
    return {"bytes": path.stat().st_size, "sha256": _hash(path)}


def wrong_size(path: Path, *records: Mapping[str, Any]) -> str:
    """Return why a file cannot be one that was recorded, judged by its size; empty if it can."""
    if not path.is_file():
        there = "a folder" if path.is_dir() else "nothing"
        return f"{path}: must be a file, got {there}"
    sizes = [record["bytes"] for record in records if "bytes" in record]
    if not sizes or (found := path.stat().st_size) in sizes:
        return ""
    return f"{path}: must have {sizes[0]:,} bytes, as when it was written, got {found:,}"


def wrong_content(path: Path, *records: Mapping[str, Any]) -> str:
    """Return why a file is none of those recorded, judged by size and checksum; empty if it is."""
    if wrong := wrong_size(path, *records):
        return wrong
    known = [record["sha256"] for record in records if "sha256" in record]
    if not known:
        return ""
    try:
        state = path.stat()
        found = _digest(path, state.st_size, state.st_mtime_ns, state.st_ino)
    except OSError as error:
        return f"{path}: must be a file that can be read, got: {error}"
    if found in known:
        return ""
    return f"{path}: sha256 must be {known[0]}, as when it was written, got {found}"


@lru_cache(maxsize=4096)
def _digest(path: Path, _size: int, _written: int, _number: int) -> str:
    """Hash a file once for each state of it."""
    return _hash(path)


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
