#!/usr/bin/env bash
# shap, KernelExplainer: of more than ten features, all but ten get an effect of exactly zero.
#
# It is the explainer for any model that is a function, as networks of maps and ensembles are.
#
# Guess: with its own number of samples it estimates the Shapley value of every feature; those of a
#        linear model, which are known exactly, are found up to a small error.
# Truth: features are first selected by a lasso, and ten are kept, since the default is
#        `l1_reg="num_features(10)"`, also where all subsets could be evaluated. The effects of the
#        others are 0 and are given to those kept, with the sum unharmed, so that the check of
#        additivity finds nothing. `l1_reg=False` gives the exact values from the same samples.
# Seen:  shap 0.51.0, numpy 2.4.6, Python 3.11:
#        "10 features: 0 of exactly zero effect, largest error 0.00",
#        "15 features: 5 of exactly zero effect, largest error 0.45",
#        "15 features, l1_reg=False: 0 of exactly zero effect, largest error 0.00".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "shap==0.51.0" "numpy==2.4.6"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import shap


def explain(features: int, **options: bool) -> tuple[int, float]:
    """Explain a linear model; return the effects of zero and the largest error."""
    rng = np.random.default_rng(0)
    rows, weights = rng.normal(size=(51, features)), np.linspace(0.1, 1, features)
    background, one = rows[:50], rows[50]
    exact = weights * (one - background.mean(axis=0))
    np.random.seed(0)  # which its samples are drawn by
    explainer = shap.KernelExplainer(lambda x: x @ weights, background)
    effects = explainer.shap_values(one, silent=True, **options)
    assert np.isclose(effects.sum(), exact.sum())
    return int((effects == 0).sum()), float(np.abs(effects - exact).max())


for features, options, zeros, error in (
    (10, {}, 0, 0.0),
    (15, {}, 5, 0.1),
    (15, {"l1_reg": False}, 0, 0.0),
):
    found, largest = explain(features, **options)
    words = "".join(f", {key}={value}" for key, value in options.items())
    print(
        f"{features} features{words}: {found} of exactly zero effect, largest error {largest:.2f}"
    )
    assert found == zeros, "upstream has changed"
    assert largest < 1e-6 if error == 0 else largest > error, "upstream has changed"
PY
