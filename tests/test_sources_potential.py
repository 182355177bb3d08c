"""Minimum of the potential: against a direct sum, and against centres known beforehand."""

import shutil

import h5py
import numpy as np
import pytest
from galaxy_files import tng_particles, write_cutout
from random_galaxies import CENTRE, STAR, STARS, disc, disc_with_bulge, galaxy, hernquist
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

from galmass_core.sources import read_galaxy
from galmass_core.sources.potential import NEAREST, potential_minimum
from galmass_core.synthetic.model import sample_galaxy, showcase_models

SEEDS = 40


def distance(species):
    return np.linalg.norm(potential_minimum(species).position - CENTRE)


def potential(places, species, softening):
    """Direct sums over G, at one place or many."""
    places = np.atleast_2d(places)
    found = -sum(
        (masses / np.sqrt(cdist(places, positions, "sqeuclidean") + softening**2)).sum(axis=1)
        for positions, masses in species
    )
    return found if len(found) > 1 else found[0]


@pytest.mark.parametrize(
    ("shape", "satellite"),
    [
        (hernquist(1.0), False),
        (hernquist(3.0), True),
        (disc_with_bulge, False),
        (disc(3.0, 0.3), False),
        (disc(3.0, 0.9), True),
    ],
)
def test_minimum_is_that_of_a_direct_sum_about_the_deepest_particle(shape, satellite):
    """The reference sums over all pairs, and goes on from the deepest particle by simplices."""
    species = galaxy(shape, seed=3, count=1500, satellite=satellite)
    place, softening = potential_minimum(species)
    particles = np.concatenate([positions for positions, _ in species])
    depths = potential(particles, species, softening)
    reference = minimize(
        potential,
        particles[np.argmin(depths)],
        args=(species, softening),
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 0.0},
    )
    np.testing.assert_allclose(place, reference.x, atol=1e-5)
    assert potential(place, species, softening) <= min(depths)


def test_softening_reaches_the_64th_particle():
    species = galaxy(disc_with_bulge, count=2000)
    place, softening = potential_minimum(species)
    particles = np.concatenate([positions for positions, _ in species])
    distances = np.sort(np.linalg.norm(particles - place, axis=1))
    assert softening == pytest.approx(distances[NEAREST - 1], rel=0.02)


@pytest.mark.parametrize(
    ("shape", "satellite"),
    [
        (hernquist(1.0), False),
        (hernquist(2.0), False),
        (disc_with_bulge, False),
        (disc_with_bulge, True),
    ],
)
def test_centre_is_within_50_pc_in_95_of_100_galaxies(shape, satellite):
    offsets = [distance(galaxy(shape, seed=seed, satellite=satellite)) for seed in range(SEEDS)]
    assert np.percentile(offsets, 95) < 0.05


@pytest.mark.parametrize(("length", "height"), [(1.5, 0.2), (3.0, 0.3), (3.0, 0.9)])
def test_centre_of_a_disc_without_bulge_is_near_the_best_that_positions_allow(length, height):
    """Of N stars at R_d, no unbiased estimate is better than R_d sqrt(2 / N) along each axis.

    That is the bound of Cramér and Rao for exp(-R / R_d); for two axes, 95 % are within 2.45 of it.
    """
    offsets = [distance(galaxy(disc(length, height), seed=seed)) for seed in range(SEEDS)]
    assert np.percentile(offsets, 95) < 1.75 * 2.45 * length * np.sqrt(2 / STARS)


@pytest.mark.parametrize("subhalo", ["1", "2", "3"])
def test_centre_of_a_synthetic_galaxy_in_equilibrium(subhalo):
    """A disc with a small bulge, an elliptical and an S0, of about 10,000 stars each."""
    particles = sample_galaxy(showcase_models()[subhalo], seed=5)
    species = [(part["positions"] + CENTRE, part["masses"]) for part in particles.values()]
    assert distance(species) < 0.05


def test_small_clump_is_not_the_centre_though_its_potential_is_lower():
    species = galaxy(disc_with_bulge)
    rng = np.random.default_rng(0)
    beside = CENTRE + np.array([4.0, 0.0, 0.0])
    species.append((beside + 0.01 * rng.normal(size=(400, 3)), np.full(400, 2 * STAR)))
    place = potential_minimum(species).position
    assert potential(beside, species, 0.01) < potential(place, species, 0.01)
    assert np.linalg.norm(place - CENTRE) < 0.1


def test_minimum_moves_and_turns_with_the_galaxy():
    species = galaxy(disc_with_bulge, count=2000)
    place, softening = potential_minimum(species)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    shift = np.array([1e3, -2e3, 3e3])
    moved = [((positions + shift) @ turn, masses) for positions, masses in species]
    found = potential_minimum(moved)
    np.testing.assert_allclose(found.position, (place + shift) @ turn, atol=1e-6)
    assert found.softening == pytest.approx(softening, rel=1e-6)


def test_order_and_species_of_particles_do_not_matter():
    species = galaxy(disc_with_bulge, count=2000)
    positions = np.concatenate([positions for positions, _ in species])
    masses = np.concatenate([masses for _, masses in species])
    order = np.random.default_rng(1).permutation(len(masses))
    place = potential_minimum([(positions[order], masses[order])]).position
    np.testing.assert_allclose(place, potential_minimum(species).position, atol=1e-6)


def test_lengths_and_masses_have_no_scale():
    species = galaxy(disc_with_bulge, count=2000)
    scaled = [(1e3 * positions, 1e-10 * masses) for positions, masses in species]
    expected = 1e3 * potential_minimum(species).position
    np.testing.assert_allclose(potential_minimum(scaled).position, expected, atol=1e-3)


def test_lone_particle_is_its_own_centre():
    nothing = np.empty((0, 3)), np.empty(0)
    found = potential_minimum([(np.array([[1.0, 2.0, 3.0]]), np.array([5.0])), nothing])
    np.testing.assert_array_equal(found.position, [1.0, 2.0, 3.0])
    assert found.softening == 0


def test_particles_at_one_place_are_their_centre():
    found = potential_minimum([(np.full((100, 3), 2.0), np.ones(100))])
    np.testing.assert_array_equal(found.position, [2.0, 2.0, 2.0])


def test_centre_of_a_pair_of_galaxies_is_in_the_heavier():
    heavy = galaxy(hernquist(1.0), count=2000)
    light = galaxy(hernquist(1.0), count=2000, seed=1)
    apart = np.array([60.0, 0.0, 0.0])
    light = [(positions + apart, 0.7 * masses) for positions, masses in light]
    assert distance([*heavy, *light]) < 0.1


def test_file_without_potentials_is_centred_on_its_minimum_and_its_notes_say_so(tmp_path):
    particles = tng_particles()
    for columns in particles.values():
        columns.pop("Potential")
    read = read_galaxy(write_cutout(tmp_path, particles))
    parts = [(part.positions, part.masses) for part in read.components.values()]
    np.testing.assert_allclose(potential_minimum(parts).position, 0.0, atol=1e-6)
    assert any("the minimum of the potential of all given particles" in note for note in read.notes)


def test_few_stars_without_potentials_are_centred_on_their_mass(tmp_path):
    particles = tng_particles(stars=13, gas=20, dark=30, wind=3)
    for columns in particles.values():
        columns.pop("Potential")
    stars = read_galaxy(write_cutout(tmp_path, particles)).stars
    np.testing.assert_allclose(stars.masses @ stars.positions, 0.0, atol=1e-3)


def test_centre_of_a_real_galaxy_is_where_its_binding_energy_is_lowest(shared_data, tmp_path):
    """Stars, dark matter and a black hole of EAGLE, with and without binding energies."""
    path = shared_data / "particles" / "eagle_z0_group92_sub9.hdf5"
    without = tmp_path / path.name
    shutil.copyfile(path, without)
    with h5py.File(without, "r+") as file:
        for group in ("PartType1", "PartType4", "PartType5"):
            del file[group]["ParticleBindingEnergy"]
    with_energies, found = read_galaxy(path), read_galaxy(without)
    apart = found.stars.positions[0] - with_energies.stars.positions[0]
    assert np.linalg.norm(apart) < 0.05
    assert found.half_mass_radius == pytest.approx(with_energies.half_mass_radius, rel=0.01)
