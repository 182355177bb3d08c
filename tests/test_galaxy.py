"""The galaxy: names, cosmology, and what its arrays promise."""

import numpy as np
import pytest
from astropy.table import MaskedColumn
from astropy.utils.masked import Masked
from conftest import make_galaxy

from galmass_core.galaxy import Cosmology, DarkMatter, GalaxyName, ascending, sky_axes

TNG = Cosmology(hubble=0.6774, omega_matter=0.3089, omega_lambda=0.6911)


def test_a_name_survives_being_written_and_read():
    name = GalaxyName("TNG", "TNG100-1", "99", "501761")
    assert GalaxyName.parse(str(name)) == name


@pytest.mark.parametrize("bad", ["501761", "TNG/TNG100-1/99", "TNG//99/1", "a/b/c/d/e"])
def test_a_name_without_four_parts_is_refused(bad):
    with pytest.raises(ValueError, match="suite/simulation/snapshot/subhalo"):
        GalaxyName.parse(bad)


def test_tng_universe_is_13_8_gyr_old_today():
    assert TNG.age(1.0) == pytest.approx(13.803, abs=0.001)


def test_missing_ages_and_scale_factors_are_missing():
    hidden = np.ma.masked_array([0.5, 0.7, np.nan], mask=[True, False, False])
    for found in (TNG.age(hidden), TNG.scale_factor(hidden)):
        assert type(found) is np.ndarray
        assert np.isnan(found).tolist() == [True, False, True]
    assert TNG.age(MaskedColumn([1, 1], mask=[True, False])) == pytest.approx(
        [np.nan, 13.803], abs=0.001, nan_ok=True
    )
    assert np.isnan(TNG.age(Masked(np.array([0.5]), mask=[True]))).all()


def test_a_billion_years_ago_the_scale_factor_was_0_93195():
    assert TNG.age(1.0) - TNG.age(0.93195) == pytest.approx(1.0, abs=1e-4)


def test_arrays_of_different_length_are_refused():
    with pytest.raises(ValueError, match=r"DarkMatter.positions must have 2 rows"):
        DarkMatter(positions=np.zeros((3, 3)), masses=np.ones(2))


def test_particles_cannot_be_changed():
    galaxy = make_galaxy([[1.0, 2.0, 2.0]])
    with pytest.raises(ValueError, match="read-only"):
        galaxy.stars.masses[0] = 2.0


def test_radius_is_the_distance_from_the_centre():
    assert make_galaxy([[1.0, 2.0, 2.0]]).stars.radii == pytest.approx([3.0])


@pytest.mark.parametrize("different", [1, 3, 700, 10**9])
def test_equal_numbers_stay_in_the_order_of_their_rows(different):
    values = np.random.default_rng(0).integers(different, size=5_000).astype(float)
    np.testing.assert_array_equal(ascending(values), np.argsort(values, kind="stable"))
    assert ascending(values[:0]).tolist() == []


def test_particles_outwards_keep_their_masses_and_a_sphere_holds_those_on_it():
    dark = DarkMatter(
        positions=np.array([[3.0, 0, 0], [0, 1, 0], [0, 0, 2]]), masses=np.arange(3.0)
    )
    order, radii, masses = dark.outwards
    assert (order.tolist(), radii.tolist(), masses.tolist()) == ([1, 2, 0], [1, 2, 3], [1, 2, 0])
    assert [dark.mass_within(radius) for radius in (0.9, 1.0, 2.5, np.inf)] == [0, 1, 3, 3]


@pytest.mark.parametrize("line_of_sight", ["x", "y", "z"])
def test_axes_of_the_sky_are_right_handed(line_of_sight):
    axes = np.eye(3)[list(sky_axes(line_of_sight))]
    assert np.linalg.det(axes) == pytest.approx(1.0)


def test_unknown_line_of_sight_is_refused():
    with pytest.raises(ValueError, match=r"one of x, y, z, got 'w'"):
        sky_axes("w")


def test_scale_factor_is_the_inverse_of_age():
    factors = np.array([0.1, 0.5, 1.0])
    np.testing.assert_allclose(TNG.scale_factor(TNG.age(factors)), factors, rtol=1e-12)
