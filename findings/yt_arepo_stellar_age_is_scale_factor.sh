#!/usr/bin/env bash
# yt, AREPO and TNG snapshots: the field "stellar_age" is the scale factor of formation, not an age.
#
# Ages of stars are cut at, averaged and plotted: young stars, star formation histories, light.
#
# Guess: ("PartType4", "stellar_age") is the age of a star; young stars have small values.
# Truth: it is the file's GFM_StellarFormationTime: the scale factor at which the star formed, without
#        a unit, so that the youngest stars have the largest value, and wind has a negative one. With
#        0.5 at redshift 0 the star is 7.9 Gyr old.
# Seen:  yt 4.4.3, h5py 3.16.0, numpy 2.4.6, Python 3.11:
#        "formed at a = [0.2, 0.5, 0.99, -0.5]: stellar_age = [0.2, 0.5, 0.99, -0.5] dimensionless",
#        "ages are [12.26, 7.94, 0.14] Gyr".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "yt==4.4.3" "h5py==3.16.0" "numpy==2.4.6"
cd "$folder"
venv/bin/python - <<'PY'
import h5py
import numpy as np
import yt

yt.set_log_level("error")
FORMED = [0.2, 0.5, 0.99, -0.5]  # the last is wind

with h5py.File("snap_099.hdf5", "w") as file:
    file.create_group("Header").attrs.update(
        {
            "BoxSize": 100.0,
            "HubbleParam": 0.6774,
            "MassTable": np.zeros(6),
            "NumFilesPerSnapshot": 1,
            "NumPart_ThisFile": [4, 0, 0, 0, 4, 0],
            "NumPart_Total": [4, 0, 0, 0, 4, 0],
            "NumPart_Total_HighWord": np.zeros(6, int),
            "Omega0": 0.3089,
            "OmegaLambda": 0.6911,
            "Redshift": 0.0,
            "Time": 1.0,
            "UnitLength_in_cm": 3.085678e21,
            "UnitMass_in_g": 1.989e43,
            "UnitVelocity_in_cm_per_s": 1e5,
        }
    )
    for kind in ("PartType0", "PartType4"):
        group = file.create_group(kind)
        group["Coordinates"] = np.linspace(10.0, 90.0, 12).reshape(4, 3)
        group["Velocities"] = np.zeros((4, 3))
        group["Masses"] = np.ones(4)
        group["ParticleIDs"] = np.arange(4)
    file["PartType0/Density"] = np.ones(4)
    file["PartType0/GFM_Metallicity"] = np.full(4, 0.02)
    file["PartType4/GFM_StellarFormationTime"] = FORMED

data = yt.load("snap_099.hdf5")
stars = data.all_data()
seen = stars["PartType4", "stellar_age"]
formed = stars["PartType4", "GFM_StellarFormationTime"]
print(f"formed at a = {FORMED}: stellar_age = {seen.d.round(2).tolist()} {seen.units}")
born = data.cosmology.t_from_z(1 / np.array(FORMED[:3]) - 1)
ages = (data.cosmology.t_from_z(0.0) - born).to_value("Gyr")
print(f"ages are {ages.round(2).tolist()} Gyr")
assert np.array_equal(seen.d, formed.d), "upstream has changed"
PY
