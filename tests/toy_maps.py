"""Data sets with maps whose truth a test can check: blobs of light that turn, three a galaxy."""

from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
from sample_tables import make_samples

from galmass_core.datasets.dataset_tables import write_tables
from galmass_core.datasets.folders import shard_path
from galmass_core.datasets.shards import PROFILE_COLUMNS, append_galaxy, encode_galaxy
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.photometry import SUN_AB
from galmass_core.storage.checksums import checksum

SIDE, COARSE = 60, 48  # pixels of light and of motion
_GRID = np.linspace(-3, 3, SIDE), np.linspace(-3, 3, COARSE)
_NO_PROFILES = pd.DataFrame(np.zeros((4, len(PROFILE_COLUMNS))), columns=list(PROFILE_COLUMNS))


def make_maps(row, generator):
    """Return maps of a sample: light and colour of its magnitudes, motion of its dispersion."""
    x, y = np.meshgrid(*2 * (_GRID[0],))
    angle, flattening = generator.uniform(0, np.pi), generator.uniform(0.4, 1)
    light = np.exp(-((np.cos(angle) * x + np.sin(angle) * y) ** 2)) * np.exp(
        -(((np.cos(angle) * y - np.sin(angle) * x) / flattening) ** 2)
    )
    light[light < 1e-4] = 0  # dark
    total = 10 ** (-0.4 * (row["abs_mag_r"] - SUN_AB["r"]))
    r_HW = total * light / light.sum()
    g_HW = r_HW * 10 ** (-0.4 * (row["g_minus_r"] - (SUN_AB["g"] - SUN_AB["r"])))
    x, y = np.meshgrid(*2 * (_GRID[1],))
    count_HW = generator.poisson(3 * np.exp(-np.hypot(x, y)))
    v_HW = row["sigma_v"] * np.tanh(np.cos(angle) * x + np.sin(angle) * y)
    moments = [count_HW, count_HW * v_HW, count_HW * (v_HW**2 + row["sigma_v"] ** 2)]
    return GalaxyMaps(
        flux_CHW=np.stack([g_HW, r_HW]).astype(np.float32),
        moments_CHW=np.stack([count_HW, *moments]).astype(np.float32),
        half_mass_radius=5.0,
        half_width=15.0,
    )


def add_populations(maps):
    """Return maps with stars of 1e6 Msun, as old in Gyr as there are of them, with 2 % metals."""
    count_HW = maps.moments_CHW[0]
    sums_CHW = np.stack([1e6 * count_HW, count_HW**2, 0.02 * count_HW])
    return replace(maps, further={"populations": sums_CHW})


def make_map_dataset(
    folder, n_galaxies, *, seed=7, profiles=_NO_PROFILES, populations=False, **changes
):
    """Write a data set of `sample_tables.make_samples` with maps; ``changes`` are columns.

    All galaxies have the same mass profiles.
    """
    samples = make_samples(n_galaxies, seed=seed).assign(half_mass_radius=5.0, **changes)
    samples = samples.assign(shard=0, row=np.arange(len(samples)))
    generator = np.random.default_rng(seed)
    shard_path(folder, 0).parent.mkdir(parents=True)
    (folder / "unfinished").mkdir()
    with h5py.File(shard_path(folder, 0), "w") as shard:
        for _, rows in samples.groupby("name", sort=False):
            maps = [make_maps(row, generator) for _, row in rows.iterrows()]
            maps = list(map(add_populations, maps)) if populations else maps
            append_galaxy(shard, encode_galaxy(maps, profiles))
    record = {"samples": len(samples), **checksum(shard_path(folder, 0))}
    channels = {"channels": ["populations"]} if populations else {}
    description = {"maps": {"half_width": 3.0} | channels, "shards": {"shard-00000.h5": record}}
    return write_tables(folder, samples, description)
