"""Galaxies from pynbody, swiftgalaxy and yt, in units that are not ours."""

import numpy as np
import pytest
from oblique import (
    POSITION_ANGLE,
    SPEED,
    STAR_MASS,
    angle_between,
    axes,
    disc_with_gas,
    needs,
    oblique_disc,
)

from galmass_core.bridges import (
    from_pynbody,
    from_swiftgalaxy,
    from_yt,
    receding_side,
    to_pynbody,
    to_swiftsimio,
    to_yt,
)
from galmass_core.galaxy import G
from galmass_core.imaging.maps import MapConfig, render_maps
from galmass_core.measurements.targets import mass_profiles
from galmass_core.sources import read_galaxy
from galmass_core.synthetic.model import sample_galaxy, showcase_models
from galmass_core.synthetic.tng_writer import write_cutout

SPIN = axes()[2]
ELSEWHERE = np.array([70.0, 30.0, 50.0])  # kpc
DRIFT = np.array([500.0, -300.0, 200.0])  # km/s
HALF_MASS = 3.30  # kpc, of the stars inside six scale lengths


def check_disc(galaxy, *, rel=0.01):
    """Fail unless a galaxy is the disc: spin, mass, size, ages, metals, circular velocity."""
    stars = galaxy.stars
    momentum = np.cross(stars.positions, stars.velocities).sum(axis=0)
    assert momentum / np.linalg.norm(momentum) == pytest.approx(SPIN, abs=rel)
    assert stars.masses.sum() == pytest.approx(20_000 * STAR_MASS, rel=1e-4)
    assert galaxy.half_mass_radius == pytest.approx(HALF_MASS, rel=rel)
    assert stars.ages == pytest.approx(5.0, rel=1e-4)
    assert stars.metallicities == pytest.approx(0.02)
    inside = [
        particles.masses[particles.radii < 5].sum() for particles in galaxy.components.values()
    ]
    assert np.sqrt(G * sum(inside) / 5) == pytest.approx(SPEED, rel=rel)
    maps = render_maps(galaxy, "z", MapConfig(light_pixels=50, dust="none"))
    assert angle_between(receding_side(maps, POSITION_ANGLE), POSITION_ANGLE, 360) == 0


def strange_snapshot():
    """The disc in a comoving box with h, away from the origin, as pynbody would read it."""
    import pynbody

    galaxy = oblique_disc(redshift=1.0)
    made = pynbody.new(star=len(galaxy.stars), dm=len(galaxy.dark_matter))
    made.properties.update({"a": 0.5, "h": 0.7, "omegaM0": 0.3, "omegaL0": 0.7})
    for family, particles in ((made.star, galaxy.stars), (made.dm, galaxy.dark_matter)):
        family["pos"] = (particles.positions + ELSEWHERE) * 0.7 / 0.5
        family["mass"] = particles.masses * 0.7 / 1e10
    made.star["vel"] = (galaxy.stars.velocities + DRIFT) / np.sqrt(0.5)
    made["pos"].units, made["mass"].units = "kpc a h^-1", "1e10 Msol h^-1"
    made["vel"].units = "km s^-1 a^1/2"
    made.star["age"], made.star["metals"] = 5e9, 0.02
    made.star["age"].units = "yr"
    return made


def test_pynbody_in_comoving_units_with_h():
    needs("pynbody")
    galaxy = from_pynbody(strange_snapshot())
    check_disc(galaxy)
    assert galaxy.redshift == pytest.approx(1.0)
    assert (galaxy.cosmology.hubble, galaxy.cosmology.omega_matter) == (0.7, 0.3)
    assert galaxy.gas is None


def test_pynbody_part_of_a_snapshot():
    needs("pynbody")
    from pynbody.filt import Sphere

    snapshot = to_pynbody(disc_with_gas())
    whole, part = from_pynbody(snapshot), from_pynbody(snapshot[Sphere("2 kpc")])
    assert len(whole.gas) == 3
    assert whole.gas.star_formation_rates.sum() == pytest.approx(2.0)
    assert len(part.gas) == 0  # known: the snapshot has gas, but not here
    assert part.stars.masses.sum() < 0.5 * whole.stars.masses.sum()


def test_pynbody_without_stars_is_refused():
    pynbody = needs("pynbody")
    with pytest.raises(ValueError, match="stars must have positions, velocities, masses"):
        from_pynbody(pynbody.new(dm=10))


@pytest.fixture(scope="module")
def swift_galaxy(tmp_path_factory):
    """The disc at redshift 1 as swiftgalaxy reads it from a file."""
    swiftgalaxy = needs("swiftgalaxy")
    from swiftsimio import cosmo_array

    path = tmp_path_factory.mktemp("swift") / "disc.hdf5"
    box = to_swiftsimio(disc_with_gas(), path).metadata.boxsize

    def at(values, unit, power):
        return cosmo_array(values, unit, comoving=False, scale_factor=0.5, scale_exponent=power)

    with pytest.warns(match="spatial_offsets"):  # all of the file is wanted
        place = swiftgalaxy.Standalone(
            centre=at(box.to_physical_value("kpc") / 2, "kpc", 1),
            velocity_centre=at([0.0, 0.0, 0.0], "km/s", 0),
        )
    return swiftgalaxy.SWIFTGalaxy(path, place)


def test_swiftgalaxy(swift_galaxy):
    galaxy = from_swiftgalaxy(swift_galaxy)
    check_disc(galaxy)
    assert galaxy.redshift == pytest.approx(1.0)
    assert galaxy.gas.masses.sum() == pytest.approx(6e6)
    assert galaxy.gas.star_formation_rates.sum() == pytest.approx(2.0, rel=1e-3)
    assert len(galaxy.black_holes) == 0
    assert not any("No catalogue" in note for note in galaxy.notes)


def test_stars_of_swifts_initial_conditions_have_an_assumed_age(swift_galaxy):
    births = np.array(swift_galaxy.stars.birth_scale_factors.value)
    births[:7] = -1.0
    swift_galaxy.stars.birth_scale_factors = births
    galaxy = from_swiftgalaxy(swift_galaxy)
    assert galaxy.stars.ages[:7] == pytest.approx(0.75 * galaxy.cosmology.age(0.5))
    assert galaxy.stars.ages[7:] == pytest.approx(5.0, rel=1e-4)
    assert "7 stars have no time of birth" in galaxy.notes[-1]


def test_yt_in_its_own_units():
    yt = needs("yt")
    yt.set_log_level("error")
    galaxy = from_yt(to_yt(disc_with_gas(redshift=0.0)).all_data())
    check_disc(galaxy)
    assert galaxy.gas.star_formation_rates.sum() == pytest.approx(2.0)


def test_yt_part_of_a_box_with_other_names():
    yt = needs("yt")
    yt.set_log_level("error")
    disc = oblique_disc()
    data = {}
    for kind, found in (("old", disc.stars), ("halo", disc.dark_matter)):
        for axis, shift in enumerate(ELSEWHERE):
            data[kind, f"particle_position_{'xyz'[axis]}"] = found.positions[:, axis] + shift
        data[kind, "particle_mass"] = found.masses / 1e10
    for axis, speed in zip("xyz", (disc.stars.velocities + DRIFT).T, strict=True):
        data["old", f"particle_velocity_{axis}"] = (speed * 1e5, "cm/s")
    data["old", "age"] = (np.full(len(disc.stars), 5e3), "Myr")
    data["old", "metallicity"] = np.full(len(disc.stars), 0.02)
    made = yt.load_particles(
        data,
        length_unit=(1, "kpc"),
        mass_unit=(1e10, "Msun"),
        bbox=[[-20.0, 130.0]] * 3,
    )
    sphere = made.sphere(ELSEWHERE, (45.0, "kpc"))
    galaxy = from_yt(sphere, kinds={"stars": "old", "dark_matter": "halo"})
    check_disc(galaxy)
    assert galaxy.gas is None


def test_total_mass_is_known_where_the_source_has_all_matter(swift_galaxy):
    profile = mass_profiles(from_swiftgalaxy(swift_galaxy))
    assert np.isfinite(profile["mtot"]).all()
    needs("pynbody")
    assert mass_profiles(from_pynbody(strange_snapshot()))["mtot"].isna().all()


@pytest.fixture(scope="module")
def cutout(tmp_path_factory):
    """A galaxy in TNG's format, with wind among its stars, in a box in ckpc/h."""
    path = tmp_path_factory.mktemp("cutout") / "cutout_4.hdf5"
    write_cutout(path, sample_galaxy(showcase_models()["4"], seed=1), subhalo=4)
    return path


def read_by_yt(path):
    yt = needs("yt")
    yt.set_log_level("error")
    return from_yt(yt.load(str(path)).all_data())


def read_by_pynbody(path):
    pynbody = needs("pynbody")
    return from_pynbody(pynbody.load(str(path)))


@pytest.mark.filterwarnings("ignore:Unable to (find|infer)")  # pynbody on units that TNG's have
@pytest.mark.parametrize("read", [read_by_yt, read_by_pynbody])
def test_file_of_arepo_is_the_galaxy_that_galmass_reads(read, cutout):
    expected, galaxy = read_galaxy(cutout), read(cutout)
    assert len(galaxy.stars) == len(expected.stars)
    assert galaxy.stars.masses.sum() == pytest.approx(expected.stars.masses.sum(), rel=1e-3)
    assert galaxy.half_mass_radius == pytest.approx(expected.half_mass_radius, rel=2e-3)
    assert galaxy.stars.ages == pytest.approx(expected.stars.ages, abs=1e-3)  # Gyr
    assert galaxy.stars.velocities.std() == pytest.approx(expected.stars.velocities.std(), rel=1e-3)
    halo, expected_halo = galaxy.dark_matter.masses.sum(), expected.dark_matter.masses.sum()
    assert halo == pytest.approx(expected_halo, rel=1e-3)
    assert "40 wind-phase particles of the stars are left out." in galaxy.notes
    assert galaxy.cosmology == expected.cosmology
    rate = expected.gas.star_formation_rates.sum()
    assert galaxy.gas.star_formation_rates.sum() == pytest.approx(rate, rel=1e-3)
