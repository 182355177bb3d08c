#!/usr/bin/env bash
# HDF5 and h5py: the same writes in the same order give other bytes if Python holds a dataset longer.
#
# Data sets are compared by the checksum of their files, for resumed and distributed builds, in
# caches and in reproducible pipelines; `track_times=False` is known to be needed for that.
#
# Guess: without time stamps, a file's bytes follow from the calls that write it, in their order.
# Truth: a chunk gets its place in the file when it leaves the dataset's chunk cache, at the latest
#        when the dataset is closed, and h5py closes it when Python drops the last reference. A
#        variable that lives a little longer (an exception's traceback, a reference cycle until the
#        garbage collector runs) moves chunks: the content is equal, the bytes and checksums are not.
#        Opened with `rdcc_nbytes=0`, chunks are written at once, and the bytes are equal.
# Seen:  h5py 3.16.0 with its own HDF5, Python 3.11:
#        "dropped and kept: content equal True, bytes equal False",
#        "without a cache: content equal True, bytes equal True".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "h5py==3.16.0" "numpy==2.4.6"
cd "$folder"
venv/bin/python - <<'PY'
from pathlib import Path

import h5py
import numpy as np


def append(file: h5py.File, value: float) -> None:
    """Append a chunk to each of two datasets."""
    for name in ("masses", "positions"):
        if name not in file:
            shape = {"shape": (0, 64), "maxshape": (None, 64), "chunks": (1, 64)}
            file.create_dataset(name, dtype="f8", track_times=False, **shape)
        dataset = file[name]
        dataset.resize(len(dataset) + 1, axis=0)
        dataset[-1] = value


def write(name: str, *, keep: bool, **options: int) -> bytes:
    """Write the same three chunks; hold the datasets open between the writes, or do not."""
    with h5py.File(name, "w", **options) as file:
        kept = []
        for value in (1.0, 2.0, 3.0):
            append(file, value)
            if keep:
                kept += [file["masses"], file["positions"]]
        kept.clear()
    return Path(name).read_bytes()


def same_content(one: str, other: str) -> bool:
    with h5py.File(one) as first, h5py.File(other) as second:
        return all(np.array_equal(first[key][()], second[key][()]) for key in first)


def compare(**options: int) -> tuple[bool, bool]:
    dropped, kept = (write(name, keep=name == "kept", **options) for name in ("dropped", "kept"))
    return same_content("dropped", "kept"), dropped == kept


for what, options, expected in (
    ("dropped and kept", {}, (True, False)),
    ("without a cache", {"rdcc_nbytes": 0}, (True, True)),
):
    content, equal = compare(**options)
    print(f"{what}: content equal {content}, bytes equal {equal}")
    assert (content, equal) == expected, "upstream has changed"
PY
