#!/usr/bin/env bash
# astropy, FITS tables: a real ID is read back as missing once another row of its column is missing.
#
# A table of matched galaxies has an integer ID per row, and no ID where there was no match.
#
# Guess: a masked integer column is written with a null value that no valid row has.
# Truth: the null value (TNULL) is NumPy's fill value, 999999, whether or not a valid row has it.
#        The galaxy with ID 999999 (TNG100-1 has more than four million subhalos at z = 0) is read
#        back as masked. In a 16-bit column the fill value is what is left of it: 16959.
#        `column.fill_value = -1`, set before writing, is kept as TNULL.
# Seen:  astropy 8.0.2, numpy 2.4.6, Python 3.11:
#        "int64: [--, 2, 999999] is read back as [--, 2, --]",
#        "int16: [--, 2, 16959] is read back as [--, 2, --]",
#        "int64 with fill_value -1: [--, 2, 999999] is read back as [--, 2, 999999]".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "astropy==8.0.2" "numpy==2.4.6"
"$folder/venv/bin/python" - <<'PY'
import io

import numpy as np
from astropy.table import MaskedColumn, Table


def read_back(column: MaskedColumn) -> np.ma.MaskedArray:
    """Write a table of one column as FITS, and read it."""
    file = io.BytesIO()
    Table({"id": column}).write(file, format="fits")
    file.seek(0)
    return Table.read(file, format="fits")["id"]


def show(values: np.ma.MaskedArray) -> str:
    return "[" + ", ".join("--" if value is np.ma.masked else str(value) for value in values) + "]"


for dtype, id_, fill, expected in (
    ("int64", 999999, None, [True, False, True]),
    ("int16", 16959, None, [True, False, True]),
    ("int64", 999999, -1, [True, False, False]),
):
    column = MaskedColumn(np.array([1, 2, id_], dtype), mask=[True, False, False])
    if fill is not None:
        column.fill_value = fill
    back = read_back(column)
    words = f"{dtype}" if fill is None else f"{dtype} with fill_value {fill}"
    print(f"{words}: {show(column)} is read back as {show(back)}")
    assert np.ma.getmaskarray(back).tolist() == expected, "upstream has changed"
PY
