#!/usr/bin/env bash
# datashader, `shade(how="log")`: the colours depend on the unit of what is shown.
#
# Surface densities span many powers of ten, and are drawn in Msun, in 1e10 Msun, or per pixel.
#
# Guess: on a logarithmic scale a common factor shifts all values alike, and the ends of the colours
#        go with the data: of three values, each a hundred times the last, the middle one gets the
#        middle colour.
# Truth: colours follow log(1 + value - smallest value). Values far below 1 are drawn on a
#        linear scale; of large values the first step takes nearly the whole range, since the
#        smallest becomes log(1). The same image is nearly black in one unit and nearly white in
#        another. To draw a logarithm, take it first, and use how="linear".
# Seen:  datashader 0.19.1, numpy 2.4.6, xarray 2026.9.0, Python 3.11:
#        "grey of the middle of three, from 0 to 1: 0.01 in units of 1e-4, 0.50 in 1, 0.85 in 1e10".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "datashader==0.19.1" "numpy==2.4.6" "xarray==2026.9.0"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import xarray as xr
from datashader.transfer_functions import shade


def middle_grey(unit: float) -> float:
    """Draw unit times (1, 100, 10000) from black to white; return the middle one's grey."""
    values = xr.DataArray(
        unit * np.array([[1.0, 1e2, 1e4]]), dims=("y", "x"), coords={"y": [0], "x": [0, 1, 2]}
    )
    drawn = shade(values, how="log", cmap=["black", "white"]).values
    greys = (drawn[0] & 255) / 255
    assert (greys[0], greys[2]) == (0, 1)
    return float(greys[1])


small, plain, large = (middle_grey(unit) for unit in (1e-4, 1.0, 1e10))
print(
    "grey of the middle of three, from 0 to 1: "
    f"{small:.2f} in units of 1e-4, {plain:.2f} in 1, {large:.2f} in 1e10"
)
assert small < 0.1, "upstream has changed"
assert 0.4 < plain < 0.6
assert large > 0.8, "upstream has changed"
PY
