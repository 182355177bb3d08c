"""Particles in the hands of pynbody and yt: spin, mass, size and units of a known galaxy."""

import numpy as np
import pytest
from oblique import (
    POSITION_ANGLE,
    SPEED,
    STAR_MASS,
    angle_between,
    axes,
    disc_with_gas,
    image_angle,
    needs,
)

from galmass_core.bridges import to_pynbody, to_yt
from galmass_core.galaxy import G

SIDES = pytest.mark.parametrize("side", [40, 41], ids=["even", "odd"])
SPIN = axes()[2]


@pytest.fixture(scope="module")
def snapshot():
    needs("pynbody")
    return to_pynbody(disc_with_gas())


def test_pynbody_finds_the_spin(snapshot):
    from pynbody.analysis.angmom import ang_mom_vec

    momentum = np.asarray(ang_mom_vec(snapshot.star))
    assert momentum / np.linalg.norm(momentum) == pytest.approx(SPIN, abs=1e-4)


def test_pynbody_finds_masses_and_circular_velocity(snapshot):
    from pynbody.analysis.profile import Profile

    assert snapshot.star["mass"].sum().in_units("Msol") == pytest.approx(20_000 * STAR_MASS)
    inside = Profile(snapshot, ndim=3, nbins=8, rmin="0 kpc", rmax="20 kpc")
    edges = np.asarray(inside["bin_edges"].in_units("kpc"))[1:]
    enclosed = np.asarray(inside["mass_enc"].in_units("Msol"))
    assert np.sqrt(G * enclosed / edges) == pytest.approx(SPEED, rel=0.01)


@SIDES
def test_pynbody_draws_the_disc_at_its_angle(snapshot, side):
    from pynbody.plot.sph import image

    light = image(
        snapshot.star, qty="rho", units="Msol kpc^-2", width="20 kpc", resolution=side, noplot=True
    )
    assert light.shape == (side, side)
    assert angle_between(image_angle(light), POSITION_ANGLE) < 1
    mass = float(np.asarray(light).sum()) * (20 / side) ** 2
    assert mass == pytest.approx(20_000 * STAR_MASS, rel=0.05)


def test_pynbody_has_physical_units_at_any_redshift(snapshot):
    stars = snapshot.star
    radius = np.sqrt((np.asarray(stars["pos"].in_units("kpc")) ** 2).sum(axis=1))
    assert radius.max() == pytest.approx(12.0, rel=0.01)
    assert stars["pos"].in_units("kpc a").max() == pytest.approx(2 * stars["pos"].max())
    speed = np.sqrt((np.asarray(stars["vel"].in_units("km s^-1")) ** 2).sum(axis=1))
    assert speed == pytest.approx(SPEED)
    assert stars["age"].in_units("yr")[0] == pytest.approx(5e9)
    assert snapshot.properties["z"] == pytest.approx(1.0)


def test_pynbody_has_gas_and_unknown_velocities(snapshot):
    assert snapshot.gas["smooth"].in_units("kpc").tolist() == [0.2, 0.3, 0.4]  # half of the kernel
    assert snapshot.gas["sfr"].in_units("Msol yr^-1").sum() == 2.0
    assert np.isnan(snapshot.dm["vel"]).all()
    assert len(snapshot.families()) == 3


@pytest.fixture(scope="module")
def dataset():
    yt = needs("yt")
    yt.set_log_level("error")
    return to_yt(disc_with_gas())


def test_yt_finds_the_spin(dataset):
    momentum = dataset.all_data().quantities.angular_momentum_vector(
        use_gas=False, particle_type="PartType4"
    )
    assert momentum.d / np.linalg.norm(momentum.d) == pytest.approx(SPIN, abs=1e-4)


@pytest.mark.parametrize("radius", [3.0, 10.0])
def test_yt_finds_the_mass_inside_a_sphere(dataset, radius):
    sphere = dataset.sphere([0, 0, 0], (radius, "kpc"))
    stars_and_halo = sum(
        sphere[kind, "particle_mass"].sum().to_value("Msun") for kind in ("PartType1", "PartType4")
    )
    assert np.sqrt(G * stars_and_halo / radius) == pytest.approx(SPEED, rel=0.01)


@SIDES
def test_yt_deposits_the_disc_at_its_angle(dataset, side):
    edge = dataset.arr([10.0, 10.0, 10.0], "kpc")
    grid = dataset.arbitrary_grid(-edge, edge, dims=[side, side, 1])
    columns = grid["deposit", "PartType4_density"].to_value("Msun/kpc**3")[:, :, 0]
    assert angle_between(image_angle(columns.T), POSITION_ANGLE) < 1
    assert columns.sum() * 20 * (20 / side) ** 2 == pytest.approx(20_000 * STAR_MASS, rel=0.05)


def test_yt_has_units_and_missing_velocities(dataset):
    everything = dataset.all_data()
    assert everything["PartType4", "age"].to_value("yr")[0] == pytest.approx(5e9)
    assert everything["PartType4", "metallicity"].to_value("dimensionless")[0] == 0.02
    speed = everything["PartType4", "particle_velocity"].to_value("m/s")
    assert np.linalg.norm(speed, axis=1) == pytest.approx(SPEED * 1000)
    assert everything["PartType0", "star_formation_rate"].to_value("Msun/yr").sum() == 2.0
    assert np.isnan(everything["PartType1", "particle_velocity_x"]).all()
    assert set(dataset.particle_types_raw) == {"PartType0", "PartType1", "PartType4"}
    assert not any(dataset.periodicity)
