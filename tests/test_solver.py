import math

import numpy as np
import pytest

from galmass_core.synthetic.model import sample_galaxy
from galmass_core.synthetic.solver import Demand, solve_model
from galmass_core.synthetic.subfind import Placed, measure_subhalo
from galmass_core.synthetic.tng_writer import KPC, MSUN, code_units

DISC = Demand(
    mstar=2e10,
    mstar_2rhsm=1.52e10,
    half_mass_radius=4.5,
    mdm=4e11,
    mdm_1rhsm=1.6e10,
    mdm_2rhsm=4.2e10,
    mgas=2e10,
    mgas_1rhsm=1.2e9,
    mgas_2rhsm=3.5e9,
    star_formation_rate=1.2,
    colour=0.45,
    log_mass_to_light=0.1,
    metallicity=0.021,
    disc_fraction=0.7,
    bulge_axis_ratio=0.8,
    is_central=False,
)
ELLIPTICAL = Demand(
    mstar=2e11,
    mstar_2rhsm=1.34e11,
    half_mass_radius=14.0,
    mdm=1.5e13,
    mdm_1rhsm=1.5e11,
    mdm_2rhsm=3.9e11,
    mgas=1e12,
    mgas_1rhsm=5e8,
    mgas_2rhsm=3e9,
    star_formation_rate=0.0,
    colour=0.76,
    log_mass_to_light=0.44,
    metallicity=0.024,
    disc_fraction=0.2,
    bulge_axis_ratio=0.7,
    is_central=True,
)
STRIPPED = Demand(
    mstar=8e9,
    mstar_2rhsm=6.2e9,
    half_mass_radius=2.0,
    mdm=1.1e10,
    mdm_1rhsm=2.5e9,
    mdm_2rhsm=5.5e9,
    mgas=0.0,
    mgas_1rhsm=0.0,
    mgas_2rhsm=0.0,
    star_formation_rate=0.0,
    colour=0.75,
    log_mass_to_light=0.42,
    metallicity=0.023,
    disc_fraction=0.004,
    bulge_axis_ratio=1.0,
    is_central=False,
)
DEMANDS = {"disc": DISC, "elliptical": ELLIPTICAL, "stripped": STRIPPED}


@pytest.fixture(scope="module", params=DEMANDS)
def measured(request):
    """A demand, and the catalogue row of particles of its solution in Msun and kpc."""
    demand = DEMANDS[request.param]
    particles = sample_galaxy(solve_model(demand), 3)
    placed = Placed(particles, 0, np.zeros(3), np.zeros(3))
    groups = code_units(particles, position=placed.position, velocity=placed.velocity)
    row = measure_subhalo(groups, placed)
    for name in row:
        if "Mass" in name:
            row[name] = row[name] / MSUN
    return demand, particles, row


def test_size_is_as_demanded(measured):
    demand, _, row = measured
    assert row["SubhaloHalfmassRadType"][4] / KPC == pytest.approx(
        demand.half_mass_radius, rel=0.01
    )


@pytest.mark.parametrize(
    ("dataset", "suffix"),
    [
        ("SubhaloMassType", ""),
        ("SubhaloMassInHalfRadType", "_1rhsm"),
        ("SubhaloMassInRadType", "_2rhsm"),
    ],
)
def test_dark_matter_is_as_demanded(measured, dataset, suffix):
    demand, _, row = measured
    assert row[dataset][1] == pytest.approx(getattr(demand, f"mdm{suffix}"), rel=0.02)


def test_stars_are_as_demanded(measured):
    demand, _, row = measured
    assert row["SubhaloMassType"][4] == pytest.approx(demand.mstar, rel=1e-4)
    assert row["SubhaloMassInRadType"][4] == pytest.approx(demand.mstar_2rhsm, rel=0.02)


def test_gas_is_as_demanded(measured):
    demand, particles, row = measured
    wind = particles["wind"]["masses"].sum()
    assert row["SubhaloMassType"][0] == pytest.approx(demand.mgas + wind, rel=0.05)
    for dataset, wanted in (
        ("SubhaloMassInRadType", demand.mgas_2rhsm),
        ("SubhaloMassInHalfRadType", demand.mgas_1rhsm),
    ):
        assert row[dataset][0] == pytest.approx(wanted, rel=0.1, abs=wind)


def test_star_formation_is_as_demanded(measured):
    demand, _, row = measured
    assert row["SubhaloSFRinRad"] == pytest.approx(demand.star_formation_rate, rel=0.05)


def test_light_is_as_demanded(measured):
    demand, _, row = measured
    g, r = row["SubhaloStellarPhotometrics"][4:6]
    assert g - r == pytest.approx(demand.colour, abs=0.03)
    mass_to_light = np.log10(demand.mstar) + 0.4 * (r - 4.65)
    assert mass_to_light == pytest.approx(demand.log_mass_to_light, abs=0.05)


def test_metallicity_is_as_demanded(measured):
    demand, _, row = measured
    assert row["SubhaloStarMetallicity"] == pytest.approx(demand.metallicity, rel=0.03)


def test_stars_that_do_not_counter_rotate_are_the_disc(measured):
    demand, particles, _ = measured
    stars = particles["stars"]
    momenta = np.cross(stars["positions"], stars["velocities"])
    counter = (momenta @ momenta.sum(axis=0) < 0).mean()
    assert 1 - 2 * counter == pytest.approx(demand.disc_fraction, abs=0.04)


def test_large_galaxies_are_coarse_unless_the_resolution_of_tng100_is_wanted():
    coarse, full = solve_model(ELLIPTICAL), solve_model(ELLIPTICAL, math.inf)
    assert coarse.star_mass == pytest.approx(2e11 / 40_000)
    assert coarse.dark_matter_mass == pytest.approx(coarse.halo.mass / 40_000)
    assert (full.star_mass, full.dark_matter_mass) == (1.4e6, 7.5e6)
