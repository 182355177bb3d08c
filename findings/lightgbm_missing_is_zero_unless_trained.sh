#!/usr/bin/env bash
# LightGBM: a missing feature is predicted as 0 unless that feature was missing in training too.
#
# A catalogue of galaxies is rarely complete, and LightGBM is chosen because it takes NaN as it is.
#
# Guess: a missing value goes the way of the larger branch, or the prediction is near the mean.
# Truth: whether a feature can be missing is decided while it is binned. If no training row missed
#        it, NaN is replaced by 0 in prediction, without a warning. For log10 M* = 9 to 12, where
#        0 lies far outside, a galaxy without a mass gets the prediction of the least massive one;
#        for a standardised feature it gets that of the average one, and nobody notices. A single
#        NaN in training changes the answer from one end of the range to another value.
# Seen:  lightgbm 4.7.0, numpy 2.4.6, Python 3.11:
#        "complete in training: missing 9.02, lowest 9.02, median 10.50",
#        "one of 2000 missing in training: missing 10.91".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "lightgbm==4.7.0" "numpy==2.4.6"
"$folder/venv/bin/python" - <<'PY'
import lightgbm
import numpy as np

mass = np.random.default_rng(0).uniform(9, 12, (2000, 1))
settings = {"verbose": -1, "num_threads": 1, "deterministic": True}


def predict(training: np.ndarray, values: list[float]) -> np.ndarray:
    """Train on the identity, and predict at some values."""
    data = lightgbm.Dataset(training, mass[:, 0])
    return lightgbm.train(settings, data, 50).predict(np.reshape(values, (-1, 1)))


missing, zero, lowest, median = predict(mass, [np.nan, 0.0, 9.0, 10.5])
print(f"complete in training: missing {missing:.2f}, lowest {lowest:.2f}, median {median:.2f}")
assert missing == zero == lowest, "upstream has changed"

one_missing = mass.copy()
one_missing[0] = np.nan
(other,) = predict(one_missing, [np.nan])
print(f"one of 2000 missing in training: missing {other:.2f}")
assert other - missing > 1, "upstream has changed"
PY
