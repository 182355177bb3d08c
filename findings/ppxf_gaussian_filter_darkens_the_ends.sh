#!/usr/bin/env bash
# ppxf: `gaussian_filter1d`, named as SciPy's, takes a spectrum to be zero beyond its ends.
#
# It brings templates to the resolution of the data, whose ends they need not exceed by much.
#
# Guess: as in SciPy's function of this name, a constant stays a constant, ends included.
# Truth: beyond its ends the spectrum is 0: a flat continuum falls to half of itself at the ends,
#        and is darker within three standard deviations of them, 15 pixels here. `varsmooth` of the
#        same module keeps it at 1.
# Seen:  ppxf 9.5.2, numpy 2.4.6, scipy 1.17.1, Python 3.11:
#        "flat spectrum, 5 pixels: first 0.54, tenth 0.97, middle 1.00",
#        "scipy: first 1.00, tenth 1.00, middle 1.00",
#        "varsmooth: first 1.00, tenth 1.00, middle 1.00".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "ppxf==9.5.2" "numpy==2.4.6" "scipy==1.17.1"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
from ppxf.ppxf_util import gaussian_filter1d, varsmooth
from scipy import ndimage

flat = np.ones(200)
smoothed = {
    "flat spectrum, 5 pixels": gaussian_filter1d(flat, np.full(200, 5.0)),
    "scipy": ndimage.gaussian_filter1d(flat, 5.0),
    "varsmooth": varsmooth(np.arange(200.0), flat, 5.0),
}
for name, found in smoothed.items():
    print(f"{name}: first {found[0]:.2f}, tenth {found[9]:.2f}, middle {found[100]:.2f}")
own, *others = smoothed.values()
assert np.allclose(others, 1.0, atol=1e-3)
assert np.isclose(own[100], 1.0)
assert own[0] < 0.6, "upstream has changed"
PY
