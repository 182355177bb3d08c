#!/usr/bin/env bash
# HDF5: a virtual dataset whose source files are missing reads as fill values, without an error.
#
# Snapshots of SWIFT, membership files of SOAP and simulation.hdf5 of TNG are virtual files over
# chunks; people copy the one small file and leave the chunks behind.
#
# Guess: reading rows whose source file does not exist raises an error, as opening that file would.
# Truth: the rows are the fill value (0 unless set), shape and type are right, and nothing is
#        raised; `virtual_sources()` still lists the files. Masses and positions of a whole
#        snapshot are then zeros. A check must look for the source files itself.
# Seen:  h5py 3.16.0 with its own HDF5, Python 3.11: "with sources: [1. 2. 3. 4.]",
#        "without one: [1. 2. 0. 0.]", "without any: [0. 0. 0. 0.] from ['a.h5', 'b.h5']".
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

layout = h5py.VirtualLayout(shape=(4,), dtype="f8")
for number, name in enumerate(("a.h5", "b.h5")):
    with h5py.File(name, "w") as chunk:
        chunk["Masses"] = np.array([1.0, 2.0]) + 2 * number
    source = h5py.VirtualSource(name, "Masses", shape=(2,))
    layout[2 * number : 2 * number + 2] = source
with h5py.File("snapshot.h5", "w") as snapshot:
    snapshot.create_virtual_dataset("Masses", layout)


def masses() -> np.ndarray:
    with h5py.File("snapshot.h5") as snapshot:
        return snapshot["Masses"][()]


print("with sources:", masses())
assert masses().tolist() == [1.0, 2.0, 3.0, 4.0]
Path("b.h5").unlink()
print("without one:", masses())
assert masses().tolist() == [1.0, 2.0, 0.0, 0.0], "upstream has changed"
Path("a.h5").unlink()
with h5py.File("snapshot.h5") as snapshot:
    names = [source.file_name for source in snapshot["Masses"].virtual_sources()]
print("without any:", masses(), "from", names)
assert masses().tolist() == [0.0, 0.0, 0.0, 0.0], "upstream has changed"
PY
