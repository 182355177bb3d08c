#!/usr/bin/env bash
# swiftsimio, Writer: masses and velocities come back multiplied by the scale factor.
#
# Initial conditions, and galaxies handed over to programs that read SWIFT's snapshots, are written
# with it at redshifts other than zero.
#
# Guess: what is written as physical or comoving, with its exponent, is read back the same.
# Truth: a quantity that does not depend on the scale factor (exponent 0: masses, velocities) is
#        written with the attribute "a-scale exponent" 1, which is what the writer takes where it
#        finds no power in its expression, and the expression a**0 is the number 1. At redshift 1 a
#        galaxy has half its mass and turns half as fast. At redshift 0 nothing is to be seen.
# Seen:  swiftsimio 12.4.0, unyt 3.2.0, h5py 3.16.0, numpy 2.4.6, Python 3.11:
#        "a = 1: mass 1 -> 1, speed 200 -> 200, position 50 -> 50",
#        "a = 0.5: mass 1 -> 0.5, speed 200 -> 100, position 50 -> 50".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "swiftsimio==12.4.0" "unyt==3.2.0" "h5py==3.16.0" "numpy==2.4.6"
cd "$folder"
venv/bin/python - <<'PY'
import numpy as np
import swiftsimio
import unyt


def write_and_read(a: float) -> tuple[float, float, float]:
    """Write a particle of 1e10 Msun, 200 km/s, 50 kpc; return what is read, all physical."""

    def physical(value: float, unit: unyt.Unit, power: int, shape: tuple) -> swiftsimio.cosmo_array:
        values = np.full(shape, value)
        return swiftsimio.cosmo_array(
            values, unit, comoving=False, scale_factor=a, scale_exponent=power
        )

    box = physical(100.0, unyt.kpc, 1, (3,))
    box.convert_to_comoving()
    writer = swiftsimio.Writer(boxsize=box, scale_factor=a)
    writer.dark_matter.coordinates = physical(50.0, unyt.kpc, 1, (2, 3))
    writer.dark_matter.velocities = physical(200.0, unyt.km / unyt.s, 0, (2, 3))
    writer.dark_matter.masses = physical(1e10, unyt.Msun, 0, (2,))
    writer.write("snapshot.hdf5")
    read = swiftsimio.load("snapshot.hdf5").dark_matter
    return (
        float(read.masses.to_physical_value("Msun")[0] / 1e10),
        float(read.velocities.to_physical_value("km/s")[0, 0]),
        float(read.coordinates.to_physical_value("kpc")[0, 0]),
    )


for a, expected in ((1.0, (1, 200, 50)), (0.5, (0.5, 100, 50))):
    mass, speed, position = write_and_read(a)
    print(
        f"a = {a:g}: mass 1 -> {mass:.3g}, speed 200 -> {speed:.3g}, position 50 -> {position:.3g}"
    )
    assert np.allclose((mass, speed, position), expected, rtol=1e-3), "upstream has changed"
PY
