import h5py
import numpy as np
import pytest

from galmass_core.photometry import ssp_magnitudes
from galmass_core.sources import read_galaxy
from galmass_core.synthetic.model import GalaxyModel, sample_galaxy
from galmass_core.synthetic.profiles import Disc, hernquist_bulge, nfw_halo
from galmass_core.synthetic.tng_writer import write_cutout

CORNER = (110_716.0, 0.3, 55_000.0)  # kpc; the box ends at 110717.4


@pytest.fixture(scope="module")
def particles():
    model = GalaxyModel(
        halo=nfw_halo(5e11, 10.0, 15.0),
        bulge=hernquist_bulge(1e9, 0.5, 15.0),
        disc=Disc(mass=3e9, scale_length=2.0, scale_height=0.4),
        gas=Disc(mass=1e9, scale_length=3.0, scale_height=0.15),
        star_formation_rate=0.5,
        recent_star_formation_rate=0.5,
        gas_neutral_fraction=0.7,
    )
    return sample_galaxy(model, 11)


@pytest.fixture(scope="module")
def cutout(particles, tmp_path_factory):
    path = tmp_path_factory.mktemp("cutout") / "cutout_17.hdf5"
    write_cutout(path, particles, subhalo=17, position=CORNER, velocity=(300.0, -50.0, 0.0))
    return path


@pytest.fixture(scope="module")
def galaxy(cutout):
    return read_galaxy(cutout)


def test_file_says_that_it_is_synthetic(cutout, galaxy):
    with h5py.File(cutout) as file:
        assert file["Header"].attrs["Synthetic"] == 1
    assert str(galaxy.name) == "synthetic/demo-1/99/17"
    assert galaxy.is_synthetic


def test_galaxy_comes_back_across_the_border_of_the_box(particles, galaxy):
    centre = particles["stars"]["positions"] - galaxy.stars.positions
    assert np.ptp(centre, axis=0) == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(centre[0]) < 0.1


def test_velocities_come_back_relative_to_the_bulk(particles, galaxy):
    bulk = particles["stars"]["velocities"] - galaxy.stars.velocities
    assert np.ptp(bulk, axis=0) == pytest.approx(0, abs=1e-3)
    assert np.linalg.norm(bulk[0]) < 10


@pytest.mark.parametrize(
    "quantity", ["masses", "initial_masses", "metallicities", "ages", "potentials"]
)
def test_stars_come_back(particles, galaxy, quantity):
    found = getattr(galaxy.stars, quantity)
    assert found == pytest.approx(particles["stars"][quantity], rel=1e-5, abs=2e-5)


def test_wind_becomes_gas_without_neutral_hydrogen(particles, galaxy):
    gas, wind = particles["gas"], particles["wind"]
    assert len(galaxy.gas) == len(gas["masses"]) + len(wind["masses"])
    total = gas["masses"].sum() + wind["masses"].sum()
    assert galaxy.gas.masses.sum() == pytest.approx(total)
    neutral = 0.7 * 0.76 * (1 - 0.015) * gas["masses"].sum()
    assert galaxy.gas.neutral_hydrogen_masses.sum() == pytest.approx(neutral, rel=1e-5)


def test_file_holds_wind_of_negative_birth_time(particles, cutout):
    with h5py.File(cutout) as file:
        birth = file["PartType4/GFM_StellarFormationTime"][:]
    assert (birth <= 0).sum() == len(particles["wind"]["masses"]) >= 3


def test_dark_matter_mass_is_in_the_mass_table(particles, cutout, galaxy):
    with h5py.File(cutout) as file:
        assert "Masses" not in file["PartType1"]
    assert galaxy.dark_matter.masses == pytest.approx(particles["dark_matter"]["masses"])


def test_light_is_that_of_the_table(particles, galaxy):
    stars = particles["stars"]
    expected = ssp_magnitudes(stars["ages"], stars["metallicities"])
    expected = expected - 2.5 * np.log10(stars["initial_masses"])
    found = galaxy.stars.magnitudes
    assert found == pytest.approx(expected.T, abs=1e-4)


def test_particle_ids_are_unique(cutout):
    with h5py.File(cutout) as file:
        ids = np.concatenate([file[f"PartType{i}/ParticleIDs"][:] for i in (0, 1, 4)])
    assert len(np.unique(ids)) == len(ids)


def test_metals_add_up(cutout):
    with h5py.File(cutout) as file:
        metals = file["PartType0/GFM_Metals"][:]
        metallicity = file["PartType0/GFM_Metallicity"][:]
    assert metals.sum(axis=1) == pytest.approx(1.0)
    assert metals[:, 2:].sum(axis=1) == pytest.approx(metallicity, rel=1e-5)


def test_same_particles_give_the_same_bytes(particles, cutout, tmp_path):
    again = tmp_path / "again.hdf5"
    write_cutout(again, particles, subhalo=17, position=CORNER, velocity=(300.0, -50.0, 0.0))
    assert again.read_bytes() == cutout.read_bytes()
