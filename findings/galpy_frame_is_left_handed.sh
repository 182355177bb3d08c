#!/usr/bin/env bash
# galpy: the angular momentum of one star has the opposite sign of that which astropy gives.
#
# Positions and velocities of stars go from catalogues through both, and into simulations.
#
# Guess: galactocentric coordinates of galpy and astropy differ by a rotation at most; the sense in
#        which the Galaxy turns about the axis towards the north Galactic pole is the same.
# Truth: galpy has the Sun at x = +8 kpc, y in the direction of rotation and z to the pole: a
#        left-handed frame. Astropy has the Sun at x = -8 kpc and a right-handed one. One is the
#        mirror image of the other: L_z of the Sun is positive in galpy, negative in astropy, and
#        particles handed over as (x, y, z) and (v_x, v_y, v_z) with a cross product taken on the
#        other side turn backwards.
# Seen:  galpy 1.12.1, astropy 8.0.2, numpy 2.4.6, Python 3.11:
#        "star 1 kpc towards l = 90: x 8.0, y 1.0 and -8.0, y 1.0 kpc; L_z 1869 and -1869 kpc km/s".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "galpy==1.12.1" "astropy==8.0.2" "numpy==2.4.6" "scipy==1.17.1"
"$folder/venv/bin/python" - <<'PY'
import astropy.units as u
import numpy as np
from astropy.coordinates import CartesianDifferential, Galactic, Galactocentric, SkyCoord
from galpy.orbit import Orbit

SPEED = [11.1, 232.24, 7.25]  # of the Sun, km/s
star = SkyCoord(
    l=90 * u.deg,
    b=0 * u.deg,
    distance=1 * u.kpc,
    pm_l_cosb=0 * u.mas / u.yr,
    pm_b=0 * u.mas / u.yr,
    radial_velocity=0 * u.km / u.s,
    frame=Galactic,
)
frame = Galactocentric(
    galcen_distance=8 * u.kpc,
    galcen_v_sun=CartesianDifferential(SPEED * u.km / u.s),
    z_sun=0 * u.pc,
)
theirs = star.transform_to(frame)
place = theirs.cartesian.xyz.to_value("kpc")
speed = theirs.velocity.d_xyz.to_value("km/s")
lz = float(np.cross(place, speed)[2])
orbit = Orbit(star, ro=8.0, vo=220.0, zo=0.0, solarmotion=[-11.1, 12.24, 7.25])
found = float(np.ravel(orbit.Lz())[0])
x, y = (float(np.ravel(value)[0]) for value in (orbit.x(), orbit.y()))
print(
    f"star 1 kpc towards l = 90: x {x:.1f}, y {y:.1f} and {place[0]:.1f}, y {place[1]:.1f} kpc; "
    f"L_z {found:.0f} and {lz:.0f} kpc km/s"
)
assert np.isclose(found, -lz, rtol=1e-2), "upstream has changed"
assert found > 0 > lz, "upstream has changed"
PY
