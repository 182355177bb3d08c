"""Fixtures shared by all tests: where the real galaxies lie, and galaxies made of a few stars."""

import os
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from served import chromium_browser, visitors

from galmass_core.galaxy import (
    BlackHoles,
    Cosmology,
    DarkMatter,
    Galaxy,
    GalaxyName,
    Gas,
    Stars,
)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real galaxies, beside the project or where $GALMASS_SHARED_DATA says."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("GALMASS_SHARED_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real galaxies at {folder}; set GALMASS_SHARED_DATA")
    return folder


@pytest.fixture(scope="module")
def chromium():
    """Drive the machine's Chromium; tests that need it skip, saying so, where there is none."""
    with chromium_browser() as browser:
        yield browser


@pytest.fixture
def open_tab(chromium):
    """Open an address as a new visitor; whatever goes wrong in the browser fails the test."""
    with visitors(chromium) as open_tab:
        yield open_tab


def make_galaxy(positions, velocities=None, masses=None, *, half_mass_radius=1.0, **changes):
    """Return a galaxy of the given stars; without anything else unless ``changes`` says so.

    Every star shines 1 Lsun in g and in r, is 5 Gyr old and has solar metallicity.
    """
    positions = np.array(positions, dtype=float).reshape(-1, 3)
    count = len(positions)
    none = np.empty(0)
    parts = {
        "name": GalaxyName("synthetic", "toy", "0", "1"),
        "source": "toy",
        "half_mass_radius": half_mass_radius,
        "redshift": 0.0,
        "cosmology": Cosmology(hubble=0.6774, omega_matter=0.3089, omega_lambda=0.6911),
        "stars": Stars(
            positions=positions,
            velocities=np.zeros((count, 3)) if velocities is None else np.array(velocities, float),
            masses=np.ones(count) if masses is None else np.array(masses, float),
            initial_masses=np.ones(count),
            ages=np.full(count, 5.0),
            metallicities=np.full(count, 0.02),
            magnitudes=np.tile([5.11, 4.65], (count, 1)),
        ),
        "gas": Gas(
            positions=np.empty((0, 3)),
            velocities=np.empty((0, 3)),
            masses=none,
            neutral_hydrogen_masses=none,
            metallicities=none,
            star_formation_rates=none,
            smoothing_lengths=none,
        ),
        "dark_matter": DarkMatter(positions=np.empty((0, 3)), masses=none),
        "black_holes": BlackHoles(positions=np.empty((0, 3)), masses=none),
    }
    return Galaxy(**(parts | changes))
