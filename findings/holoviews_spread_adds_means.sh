#!/usr/bin/env bash
# HoloViews: `spread` after `rasterize` with a mean adds the means of pixels that overlap.
#
# Guess: `rasterize(points, aggregator=mean("age"))` makes an image of mean ages; `spread` makes its
#        points larger. A picture of points that all have age 2 shows 2 wherever it shows anything.
# Truth: spreading an aggregate adds the values of all pixels whose enlarged shapes overlap,
#        whatever the aggregator was: right for counts, wrong for means, minima and maxima. Four
#        neighbouring points of age 2 show 8. Fewer, larger pixels (`pixel_ratio` below 1) keep the
#        mean.
# Seen:  holoviews 1.23.2, datashader 0.19.1, Python 3.11:
#        "highest of a constant 2: rasterize 2.0, with spread 8.0".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "holoviews==1.23.2" "datashader==0.19.1"
"$folder/venv/bin/python" - <<'PY'
import datashader as ds
import holoviews as hv
import numpy as np
import pandas as pd
from holoviews.operation.datashader import rasterize, spread

places = pd.DataFrame({"x": [4.5, 5.5, 4.5, 5.5], "y": [4.5, 4.5, 5.5, 5.5], "age": 2.0})
points = hv.Points(places, ["x", "y"], "age")
frame = {"x_range": (0, 10), "y_range": (0, 10), "width": 10, "height": 10, "dynamic": False}
image = rasterize(points, aggregator=ds.mean("age"), **frame)
larger = spread(image, px=1, dynamic=False)
plain, enlarged = (float(np.nanmax(one.dimension_values(2))) for one in (image, larger))
print(f"highest of a constant 2: rasterize {plain}, with spread {enlarged}")
assert plain == 2.0
assert enlarged == 8.0, "upstream has changed"
PY
