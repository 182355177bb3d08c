#!/usr/bin/env bash
# pynbody, Profile: with its own bins it counts all particles and has the mass of all but one.
#
# Guess: without `min` and `max`, a profile's bins span all particles, and its enclosed mass ends at
#        the mass of them all.
# Truth: bins end at the radius of the outermost particle. The count `n` is NumPy's histogram, whose
#        last bin includes its upper edge, but masses and means are of indices below it: the
#        outermost particle is in `n` and in no mass. If it is a heavy one, as a black hole of a
#        satellite, its mass is missing, and mass over n is not the mean mass.
# Seen:  pynbody 2.8.0, numpy 2.4.6, Python 3.11:
#        "1000 stars of 1 and one of 500 Msol outside them: n 1001, enclosed mass 1000 of 1500".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "pynbody==2.8.0" "numpy==2.4.6"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import pynbody
from pynbody.analysis.profile import Profile

places = np.random.default_rng(0).normal(size=(1001, 3))
places[-1] = (0.0, 10.0, 0.0)
galaxy = pynbody.new(star=1001)
for name, values, unit in (
    ("pos", places, "kpc"),
    ("vel", np.zeros((1001, 3)), "km s^-1"),
    ("mass", np.r_[np.ones(1000), 500.0], "Msol"),
):
    galaxy[name] = values
    galaxy[name].units = unit
profile = Profile(galaxy.star, ndim=3, nbins=20)
counted, inside = int(profile["n"].sum()), float(profile["mass_enc"][-1])
print(
    f"1000 stars of 1 and one of 500 Msol outside them: n {counted}, "
    f"enclosed mass {inside:.0f} of {galaxy['mass'].sum():.0f}"
)
assert counted == 1001
assert inside == 1000, "upstream has changed"
PY
