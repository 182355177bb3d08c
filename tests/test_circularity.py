"""Orbits of galaxies whose motion is known."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from conftest import make_galaxy
from toy_galaxies import circular_orbits, cold_disc, isotropic_sphere

from galmass_core.galaxy import BlackHoles, DarkMatter, G
from galmass_core.measurements.circularity import circularities, inclinations, orbit_fractions
from galmass_core.sources.centring import bulk_velocity, half_mass_radius
from galmass_core.sources.potential import potential_minimum


def inside_two_radii(galaxy):
    return orbit_fractions(galaxy, [2 * galaxy.half_mass_radius])[0]


def test_circular_orbits_have_circularity_one():
    np.testing.assert_allclose(circularities(circular_orbits()), 1.0, atol=2e-3)


def test_circular_orbits_against_the_disc_have_circularity_minus_one():
    eps = circularities(circular_orbits(against=50))
    np.testing.assert_allclose(eps, np.where(np.arange(500) < 50, -1.0, 1.0), atol=2e-3)


def test_a_disc_in_the_plane_is_seen_face_on_along_its_axis():
    angles = inclinations(circular_orbits())
    assert angles == pytest.approx({"x": 90, "y": 90, "z": 0}, abs=0.1)


def test_the_inclination_is_the_angle_by_which_a_disc_is_tilted():
    galaxy = circular_orbits()
    cosine, sine = np.cos(np.radians(25)), np.sin(np.radians(25))
    turn = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    stars = galaxy.stars
    turned = replace(
        stars, positions=stars.positions @ turn.T, velocities=stars.velocities @ turn.T
    )
    angles = inclinations(replace(galaxy, stars=turned))
    assert angles == pytest.approx({"x": 90, "y": 65, "z": 25}, abs=0.1)


def test_without_rotation_there_is_no_inclination():
    assert np.isnan(list(inclinations(make_galaxy([[1, 0, 0], [0, 1, 0]])).values())).all()


def test_bulge_is_twice_what_turns_against_the_disc():
    assert inside_two_radii(circular_orbits(against=50))["b_over_t"] == pytest.approx(0.2)


def test_radial_orbits_are_hot():
    galaxy = circular_orbits()
    outwards = galaxy.stars.positions / galaxy.stars.radii[:, None]
    stars = replace(galaxy.stars, velocities=100 * outwards)
    assert inside_two_radii(replace(galaxy, stars=stars))["f_hot"] == 1.0


def test_cold_disc_is_cold():
    fractions = inside_two_radii(cold_disc())
    assert fractions["f_cold"] > 0.85
    assert fractions["b_over_t"] < 0.02


def test_isotropic_sphere_has_its_known_orbits():
    fractions = inside_two_radii(isotropic_sphere(20_000))
    assert fractions["f_hot"] == pytest.approx(0.43, abs=0.015)
    assert fractions["f_cold"] == pytest.approx(0.02, abs=0.01)
    assert fractions["b_over_t"] == pytest.approx(1.0, abs=0.03)


def test_cold_and_hot_fractions_do_not_count_stars():
    few, many = (inside_two_radii(isotropic_sphere(count)) for count in (1_000, 20_000))
    assert few["f_hot"] == pytest.approx(many["f_hot"], abs=0.03)


def test_fractions_belong_to_their_aperture():
    galaxy = circular_orbits(against=50)  # these are the innermost: 1.0 to 1.8 kpc
    inner, outer = orbit_fractions(galaxy, [1.79, 100.0])
    assert inner["b_over_t"] == pytest.approx(2.0)
    assert outer["b_over_t"] == pytest.approx(0.2)


def test_fractions_by_light_weigh_stars_by_their_light():
    """A tenth turns against the disc and shines nine times as brightly: half of the light."""
    galaxy = circular_orbits(against=50)
    magnitudes = np.where(np.arange(500) < 50, -2.5 * np.log10(9.0), 0.0)
    stars = replace(galaxy.stars, magnitudes=np.column_stack([magnitudes, magnitudes]))
    fractions = inside_two_radii(replace(galaxy, stars=stars))
    assert fractions["b_over_t"] == pytest.approx(0.2)
    assert fractions["b_over_t_light"] == pytest.approx(1.0)
    assert fractions["f_cold"] == pytest.approx(0.9)
    assert fractions["f_cold_light"] == pytest.approx(0.5)
    assert fractions["f_hot_light"] == fractions["f_hot"] == 0


def test_even_light_weighs_as_mass_does():
    fractions = inside_two_radii(isotropic_sphere(2_000))
    for key in ("b_over_t", "f_cold", "f_hot"):
        assert fractions[f"{key}_light"] == pytest.approx(fractions[key])


def test_turning_the_galaxy_changes_nothing():
    galaxy = cold_disc()
    turned = replace(
        galaxy,
        stars=replace(
            galaxy.stars,
            positions=galaxy.stars.positions[:, [1, 2, 0]],
            velocities=galaxy.stars.velocities[:, [1, 2, 0]],
        ),
    )
    np.testing.assert_allclose(circularities(turned), circularities(galaxy))


def test_circularity_is_unknown_without_the_halo_but_the_bulge_is_not():
    galaxy = circular_orbits(against=50)
    alone = make_galaxy(
        galaxy.stars.positions,
        galaxy.stars.velocities,
        galaxy.stars.masses,
        half_mass_radius=galaxy.half_mass_radius,
    )
    fractions = inside_two_radii(alone)
    assert np.isnan([fractions["f_cold"], fractions["f_hot"]]).all()
    assert fractions["b_over_t"] == pytest.approx(0.2)


def test_empty_sphere_has_no_fractions():
    assert np.isnan(list(orbit_fractions(circular_orbits(), [0.5])[0].values())).all()


def test_circularities_are_those_of_sums_over_all_pairs():
    rng = np.random.default_rng(0)
    stars, dark = rng.normal(size=(2, 300, 3)) * [[[1]], [[3]]]
    masses = rng.uniform(1e6, 1e7, (2, 300))
    galaxy = make_galaxy(
        stars,
        rng.normal(scale=20, size=(300, 3)),
        masses=masses[0],
        black_holes=BlackHoles(positions=rng.normal(size=(50, 3)), masses=np.full(50, 1e6)),
        dark_matter=DarkMatter(positions=dark, masses=masses[1]),
    )
    parts = galaxy.components.values()
    radii = np.maximum(np.concatenate([part.radii for part in parts]), 0.01)
    weights = np.concatenate([part.masses for part in parts])
    pairs = weights / np.maximum(radii, radii[:, None])
    potentials = -G * pairs.sum(axis=1)
    inner = np.array([weights[radii <= radius].sum() for radius in radii])
    order = np.argsort(radii)
    circular = (potentials + 0.5 * G * inner / radii)[order]
    largest = np.sqrt(G * inner * radii)[order]
    energies = potentials[:300] + 0.5 * (galaxy.stars.velocities**2).sum(axis=1)
    momenta = np.cross(galaxy.stars.positions, galaxy.stars.velocities)
    total = masses[0] @ (momenta * (galaxy.stars.radii <= 2)[:, None])
    along = momenta @ total / np.linalg.norm(total)
    expected = along / np.interp(energies, circular, largest)
    np.testing.assert_allclose(circularities(galaxy), expected, rtol=1e-10)
    fractions = orbit_fractions(galaxy, [2.0, 1.0])  # in any order
    for aperture, row in zip((2.0, 1.0), fractions, strict=True):
        inside = masses[0] * (galaxy.stars.radii <= aperture)
        assert row["b_over_t"] == pytest.approx(2 * inside @ (along < 0) / inside.sum())
        assert row["f_cold"] == pytest.approx(inside @ (expected > 0.8) / inside.sum())
        assert row["f_hot"] == pytest.approx(inside @ (abs(expected) < 0.25) / inside.sum())


def test_bulge_of_a_simulated_s0_is_found(shared_data):
    """Its bulge does not rotate, its disc does; the file lacks the halo."""
    positions, velocities, masses, in_bulge = [], [], [], []
    with h5py.File(shared_data / "particles" / "nbody_disc50k_bulge75k.hdf5") as file:
        for group, is_bulge in ((file["PartType2"], False), (file["PartType3"], True)):
            positions.append(np.column_stack([group[axis][:] for axis in ("x", "y", "z")]))
            velocities.append(np.column_stack([group[axis][:] for axis in ("vx", "vy", "vz")]))
            masses.append(group["Mass"][:] * 1e10)
            in_bulge.append(np.full(len(masses[-1]), is_bulge))
    positions, velocities, masses, in_bulge = map(
        np.concatenate, (positions, velocities, masses, in_bulge)
    )
    positions -= potential_minimum([(positions, masses)]).position
    radius = half_mass_radius(positions, masses)
    velocities -= bulk_velocity(positions, velocities, masses, radius)
    galaxy = make_galaxy(positions, velocities, masses, half_mass_radius=radius)
    for aperture in (radius, 2 * radius):
        inside = galaxy.stars.radii <= aperture
        measured = orbit_fractions(galaxy, [aperture])[0]["b_over_t"]
        assert measured == pytest.approx(in_bulge[inside].mean(), abs=0.015)
