#!/usr/bin/env bash
# crepes: missing calibration residuals count as the largest ones, and move intervals off centre.
#
# A calibration set of galaxies without all of their measurements has NaN residuals.
#
# Guess: NaN residuals are left out, or refused; with them, limits are NaN or those of the others.
# Truth: `fit` sorts residuals, and NumPy puts NaN behind all numbers. A few of them are errors
#        larger than any: a standard regressor's interval widens, and a predictive system's is moved
#        upwards as a whole, since they are all at its upper end: its median is then a biased
#        prediction. Limits stay finite, and nothing warns, until their quantile itself is a NaN.
# Seen:  crepes 0.9.1, numpy 2.4.6, pandas 3.1.1, scikit-learn 1.9.1, Python 3.11:
#        "none of 200 missing: width 0.30, median 0.005",
#        "16 of 200 missing: width 0.44, median 0.021",
#        "16 left out: width 0.31, median 0.008".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "crepes==0.9.1" "numpy==2.4.6" "pandas==3.1.1" "scikit-learn==1.9.1"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
from crepes import ConformalPredictiveSystem, ConformalRegressor

residuals = np.random.default_rng(0).normal(0.0, 0.1, 200)
some = residuals.copy()
some[:16] = np.nan  # at random: their order means nothing
AT = np.zeros(1)


def width_and_median(of: np.ndarray) -> tuple[float, float]:
    """Return the width of the 90 % interval and the median, of a prediction of 0."""
    ((low, high),) = ConformalRegressor().fit(of).predict_int(AT, confidence=0.9)
    median = ConformalPredictiveSystem().fit(of).predict_percentiles(AT, higher_percentiles=50)
    return float(high - low), float(np.ravel(median)[0])


found = {
    "none of 200 missing": width_and_median(residuals),
    "16 of 200 missing": width_and_median(some),
    "16 left out": width_and_median(some[16:]),
}
for name, (width, median) in found.items():
    print(f"{name}: width {width:.2f}, median {median:.3f}")
_, missing, without = found.values()
assert missing[0] > 1.2 * without[0], "upstream has changed"
assert missing[1] > without[1] + 0.005, "upstream has changed"
PY
