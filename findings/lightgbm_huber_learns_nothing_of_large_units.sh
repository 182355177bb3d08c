#!/usr/bin/env bash
# LightGBM, objective huber: a target in solar masses is not learned at all.
#
# Trees do not care about units, and of the robust losses l1 does not either.
#
# Guess: `alpha=0.9` of the Huber loss is a quantile of residuals, as in scikit-learn's boosting, where
#        it is 0.9 too; a target multiplied by a constant gives predictions multiplied by it.
# Truth: `alpha` is the residual, in the target's unit, from which the loss is linear, and the leaves
#        are Newton steps of gradients that are cut there: a tree changes a prediction by at most
#        0.9 times the learning rate, in the target's unit. A target whose values are 1e10 keeps
#        the prediction that it began with; of one in dex, most residuals are below alpha, and the
#        loss is the squared one, not robust. Nothing warns.
# Seen:  lightgbm 4.7.0, numpy 2.4.6, Python 3.11:
#        "huber: scatter 0.18 of a target of 0.89, 0.89 in units of 1e-10",
#        "l1: scatter 0.18 of a target of 0.89, 0.18 in units of 1e-10".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "lightgbm==4.7.0" "numpy==2.4.6"
"$folder/venv/bin/python" - <<'PY'
import lightgbm
import numpy as np

rng = np.random.default_rng(0)
inputs = rng.uniform(9, 12, (3000, 2))
target = inputs[:, 0] + rng.normal(0, 0.2, 3000)


def scatter(objective: str, unit: float) -> float:
    """Return the scatter of residuals, in the same unit for all."""
    settings = {"objective": objective, "verbose": -1, "num_threads": 1, "deterministic": True}
    model = lightgbm.train(settings, lightgbm.Dataset(inputs, target * unit), 100)
    return float((model.predict(inputs) / unit - target).std())


for objective, learns in (("huber", False), ("l1", True)):
    small, large = scatter(objective, 1.0), scatter(objective, 1e10)
    print(
        f"{objective}: scatter {small:.2f} of a target of {target.std():.2f}, "
        f"{large:.2f} in units of 1e-10"
    )
    assert small < 0.3
    assert (large < 0.3) == learns, "upstream has changed"
PY
