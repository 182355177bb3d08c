import numpy as np
import pytest
from gravity import components, everything, virial_ratio

from galmass_core.synthetic.model import (
    GalaxyModel,
    sample_galaxy,
    showcase_models,
)
from galmass_core.synthetic.populations import Population
from galmass_core.synthetic.profiles import Disc, Spheroid, hernquist_bulge, nfw_halo

MODEL = GalaxyModel(
    halo=nfw_halo(6e11, 10.0, 30.0),
    bulge=hernquist_bulge(5e9, 0.6, 30.0),
    disc=Disc(mass=1e10, scale_length=3.0, scale_height=0.4),
    gas=Disc(mass=5e9, scale_length=5.0, scale_height=0.15),
    bulge_axis_ratio=0.8,
    bulge_rotation=0.2,
    star_formation_rate=1.5,
    recent_star_formation_rate=2.0,
)


@pytest.fixture(scope="module")
def particles():
    return sample_galaxy(MODEL, 7, orientation=np.eye(3))


@pytest.mark.parametrize("name", ["bulge", "disc", "gas", "dark_matter"])
def test_each_component_is_in_virial_equilibrium(particles, name):
    ratio = virial_ratio(*components(particles)[name], *everything(particles))
    assert ratio == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(("name", "part"), [("bulge", MODEL.bulge), ("dark_matter", MODEL.halo)])
def test_spheroids_enclose_their_masses(particles, name, part):
    positions, _, masses = components(particles)[name]
    distance = np.linalg.norm(positions, axis=1)
    for radius in (1.0, 3.0, 10.0):
        inside = masses[distance < radius].sum()
        assert inside == pytest.approx(part.enclosed_mass(radius), rel=0.02)


def test_masses_are_those_of_the_model(particles):
    assert particles["stars"]["masses"].sum() == pytest.approx(1.5e10)
    assert particles["gas"]["masses"].sum() == pytest.approx(5e9)
    assert particles["dark_matter"]["masses"].sum() == pytest.approx(MODEL.halo.mass)


def test_particles_have_the_mass_asked_for(particles):
    assert particles["stars"]["masses"] == pytest.approx(1.4e6, rel=1e-3)
    assert particles["dark_matter"]["masses"] == pytest.approx(7.5e6, rel=1e-3)


def test_centre_is_at_rest_at_the_origin(particles):
    positions, velocities, _ = components(particles)["disc"]
    error = np.array([positions.std(axis=0), velocities.std(axis=0)]) / np.sqrt(len(positions))
    found = np.array([positions.mean(axis=0), velocities.mean(axis=0)])
    assert (np.abs(found) < 4 * error).all()


def test_disc_rotates_below_the_circular_velocity(particles):
    positions, velocities, _ = components(particles)["disc"]
    radius = np.hypot(*positions.T[:2])
    ring = (radius > 6) & (radius < 8)
    streaming = (np.cross(positions, velocities)[ring, 2] / radius[ring]).mean()
    circular = np.sqrt(MODEL.potential(with_discs=True).circular_velocity_squared(np.array(7.0)))
    assert 0.9 * circular < streaming < 1.05 * circular


def test_disc_has_the_height_of_its_model(particles):
    positions, _, _ = components(particles)["disc"]
    assert positions[:, 2].std() == pytest.approx(0.4 * np.pi / np.sqrt(12), rel=0.05)


def test_bulge_is_flat_and_rotates(particles):
    positions, velocities, _ = components(particles)["bulge"]
    directions = positions / np.linalg.norm(positions, axis=1, keepdims=True)
    x2, _, z2 = (directions**2).mean(axis=0)
    assert np.sqrt(z2 / x2) == pytest.approx(0.8, abs=0.04)
    assert (np.cross(positions, velocities)[:, 2] > 0).mean() == pytest.approx(0.6, abs=0.03)


def test_stars_form_at_the_rates_asked_for(particles):
    stars = particles["stars"]
    young = stars["ages"] < 1
    assert stars["initial_masses"][young].sum() == pytest.approx(2e9, rel=1e-3)
    assert stars["in_disc"][young].all()
    assert particles["gas"]["star_formation_rates"].sum() == pytest.approx(1.5)


def test_gas_is_as_dense_as_its_cells_lie(particles):
    positions, _, masses = components(particles)["gas"]
    ring = np.abs(np.hypot(*positions.T[:2]) - 5) < 0.5
    slab = ring & (np.abs(positions[:, 2]) < 0.05)
    found = masses[slab].sum() / (np.pi * (5.5**2 - 4.5**2) * 0.1)
    assert particles["gas"]["densities"][slab].mean() == pytest.approx(found, rel=0.15)


def test_wind_leaves_where_there_is_gas(particles):
    wind = particles["wind"]
    assert len(wind["masses"]) >= 3
    assert (wind["positions"][:, 2] * wind["velocities"][:, 2] > 0).mean() > 0.9


def test_hot_gas_is_ionised_and_in_equilibrium():
    hot = Spheroid(
        mass=3e9, scale_radius=10.0, truncation_radius=25.0, outer_slope=3.0, inner_slope=0.0
    )
    particles = sample_galaxy(GalaxyModel(halo=MODEL.halo, bulge=MODEL.bulge, hot_gas=hot), 2)
    gas = particles["gas"]
    assert gas["masses"].sum() == pytest.approx(3e9)
    assert not gas["neutral_fractions"].any()
    ratio = virial_ratio(*components(particles)["gas"], *everything(particles))
    assert ratio == pytest.approx(1.0, abs=0.05)


def test_galaxy_without_gas_has_no_wind():
    model = GalaxyModel(halo=MODEL.halo, bulge=MODEL.bulge)
    particles = sample_galaxy(model, 1)
    assert len(particles["gas"]["masses"]) == len(particles["wind"]["masses"]) == 0


def test_same_seed_gives_the_same_particles():
    first, second, other = (sample_galaxy(MODEL, seed)["stars"] for seed in (3, 3, 4))
    assert all(np.array_equal(first[key], second[key]) for key in first)
    assert not np.array_equal(first["positions"], other["positions"])


def test_orientation_turns_places_and_velocities_alike(particles):
    turned = sample_galaxy(MODEL, 7, orientation=np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]]))
    for key in ("positions", "velocities"):
        assert turned["gas"][key][:, [1, 2, 0]] == pytest.approx(particles["gas"][key])


@pytest.mark.parametrize("subhalo", showcase_models())
def test_showcase_galaxy_has_about_ten_thousand_stars(subhalo):
    stars = sample_galaxy(showcase_models()[subhalo], int(subhalo))["stars"]
    assert len(stars["masses"]) == pytest.approx(10_000, rel=0.1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bulge": None, "disc": None}, "bulge or disc"),
        ({"bulge_axis_ratio": 0.0}, "bulge_axis_ratio must be in .*, got 0.0"),
        ({"bulge_rotation": 1.1}, "bulge_rotation"),
        ({"recent_star_formation_rate": 100.0}, "recent_star_formation_rate must be"),
        ({"gas": None}, "star_formation_rate must be in .0, 0., got 1.5"),
        ({"gas_neutral_fraction": -0.1}, "gas_neutral_fraction"),
    ],
)
def test_impossible_galaxy_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        GalaxyModel(**(vars(MODEL) | changes))


def test_population_gives_the_median_age_and_metallicity():
    model = GalaxyModel(
        halo=MODEL.halo, bulge=MODEL.bulge, bulge_population=Population(age=8.0, metallicity=0.03)
    )
    stars = sample_galaxy(model, 5)["stars"]
    assert np.median(stars["ages"]) == pytest.approx(8.0, rel=0.03)
    assert np.median(stars["metallicities"]) == pytest.approx(0.03, rel=0.05)
