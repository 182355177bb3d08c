"""Small galaxy files in the layouts of the simulations, for the tests of the readers."""

from pathlib import Path

import h5py
import numpy as np

H, A, BOX = 0.6774, 0.8, 75000.0
DM_MASS = 5.05574296436975e-04  # 1e10 Msun/h, Header/MassTable[1] of TNG100-1


def tng_header(**changes) -> dict:
    header = {
        "BoxSize": BOX,
        "HubbleParam": H,
        "MassTable": [0.0, DM_MASS, 0.0, 0.0, 0.0, 0.0],
        "Omega0": 0.3089,
        "OmegaLambda": 0.6911,
        "Redshift": 1 / A - 1,
        "Time": A,
        "SimulationName": "L75n1820TNG",
        "SnapshotNumber": 84,
        "CutoutID": 501761,
    }
    return {name: value for name, value in (header | changes).items() if value is not None}


def tng_particles(*, stars=200, gas=100, dark=150, wind=3, centre=(1e4, 2e4, 3e4), seed=1) -> dict:
    """Random blobs about a centre in ckpc/h; the last stars are wind."""
    rng = np.random.default_rng(seed)

    def blob(count):
        return {
            "Coordinates": (rng.normal(size=(count, 3)) + centre) % BOX,
            "Velocities": rng.normal(100.0, 50.0, size=(count, 3)).astype("f4"),
            "Potential": (-rng.uniform(1e4, 1e5, count)).astype("f4"),
        }

    def matter(count):
        return {
            "Masses": rng.uniform(5e-5, 1e-4, count).astype("f4"),
            "GFM_Metallicity": rng.uniform(0.0, 0.03, count).astype("f4"),
        }

    formation = rng.uniform(0.1, 0.75, stars)
    formation[stars - wind :] = -0.5
    return {
        "PartType0": blob(gas)
        | matter(gas)
        | {
            "Density": rng.uniform(1e-6, 1e-4, gas).astype("f4"),
            "StarFormationRate": rng.uniform(0.0, 1.0, gas).astype("f4"),
            "GFM_Metals": np.full((gas, 10), 0.7, dtype="f4"),
            "NeutralHydrogenAbundance": rng.uniform(0.0, 1.0, gas).astype("f4"),
            "SubfindHsml": rng.uniform(0.5, 2.0, gas).astype("f4"),
        },
        "PartType1": blob(dark),
        "PartType4": blob(stars)
        | matter(stars)
        | {
            "GFM_InitialMass": rng.uniform(1e-4, 2e-4, stars).astype("f4"),
            "GFM_StellarFormationTime": formation.astype("f4"),
            "GFM_StellarPhotometrics": rng.normal(-5.0, 1.0, (stars, 8)).astype("f4"),
        },
        "PartType5": {
            "Coordinates": np.array([centre]),
            "Masses": np.array([1e-3]),
            "Potential": np.array([-1e6]),
        },
    }


def write_file(path: Path, header: dict, particles: dict) -> Path:
    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(header)
        for group, datasets in particles.items():
            for name, values in datasets.items():
                file[f"{group}/{name}"] = values
    return path


def write_cutout(folder: Path, particles: dict | None = None, *, name="cutout.hdf5", **header):
    particles = tng_particles() if particles is None else particles
    return write_file(folder / name, tng_header(**header), particles)
