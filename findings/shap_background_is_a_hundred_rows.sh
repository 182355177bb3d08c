#!/usr/bin/env bash
# shap: of the background data that an explainer is given, it takes a hundred rows.
#
# The base value of a force or waterfall plot is read as the mean prediction of the data.
#
# Guess: `TreeExplainer(model, data)` measures effects from the mean prediction over `data`.
# Truth: data is reduced to 100 rows at random, without a message. The base value is the mean
#        prediction over these, for 500 galaxies of scatter 2.2 in this example off by 0.1, as large
#        as many effects, and every effect is measured from it. `LinearExplainer`, for which a mean
#        over all rows costs nothing, does it too.
#        `shap.maskers.Independent(data, max_samples=len(data))` takes all.
# Seen:  shap 0.51.0, lightgbm 4.7.0, numpy 2.4.6, Python 3.11:
#        "mean prediction of 500 rows 0.063, base value 0.168 from 100 rows, 0.063 from all".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "shap==0.51.0" "lightgbm==4.7.0" "numpy==2.4.6" "scikit-learn==1.9.1"
"$folder/venv/bin/python" - <<'PY'
import lightgbm
import numpy as np
import shap

data = np.random.default_rng(0).normal(size=(500, 15))
target = data @ np.linspace(0.1, 1, 15)
settings = {"verbose": -1, "num_threads": 1, "deterministic": True}
model = lightgbm.train(settings, lightgbm.Dataset(data, target), 50)
mean = model.predict(data).mean()
np.random.seed(0)
explainer = shap.TreeExplainer(model, data)
base = float(np.ravel(explainer.expected_value)[0])
rows = len(explainer.data)
whole = shap.TreeExplainer(model, shap.maskers.Independent(data, max_samples=len(data)))
every = float(np.ravel(whole.expected_value)[0])
print(
    f"mean prediction of {len(data)} rows {mean:.3f}, base value {base:.3f} from {rows} rows, "
    f"{every:.3f} from all"
)
assert np.isclose(every, mean, atol=1e-4)
assert rows == 100, "upstream has changed"
assert abs(base - mean) > 0.01, "upstream has changed"
PY
