"""Mass profiles as potentials of galpy and gala: circular velocity and depth of a known galaxy."""

import numpy as np
import pytest
from oblique import SPEED, STAR_MASS, needs, oblique_disc

from galmass_core.bridges import to_gala, to_galpy
from galmass_core.galaxy import G
from galmass_core.measurements.targets import mass_profiles

RADII = np.array([0.4, 1.0, 3.7, 8.0, 15.0, 30.0])  # kpc; the profile begins at 0.17


@pytest.fixture(scope="module")
def profile():
    return mass_profiles(oblique_disc())


def galpy_functions(profile, mass="tot"):
    """Circular velocity [km/s] and potential [(km/s)^2] as functions of radius."""
    needs("galpy")
    from astropy import units

    potential = to_galpy(profile, f"m{mass}")

    def speed(radii):
        return np.array([potential.vcirc(radius * units.kpc) for radius in radii])

    def depth(radii):
        return np.array([potential(radius * units.kpc, 0 * units.kpc) for radius in radii])

    return speed, depth


def gala_functions(profile, mass="tot"):
    needs("gala")
    from astropy import units

    potential = to_gala(profile, f"m{mass}")

    def along(radii):  # an oblique direction
        return np.outer([0.36, 0.48, 0.8], radii) * units.kpc

    def speed(radii):
        return potential.circular_velocity(along(radii)).to_value("km/s")

    def depth(radii):
        return potential.energy(along(radii)).to_value("km2/s2")

    return speed, depth


TOOLS = pytest.mark.parametrize("functions", [galpy_functions, gala_functions])


@TOOLS
def test_circular_velocity_is_that_of_the_galaxy(functions, profile):
    speed, _ = functions(profile)
    assert speed(RADII) == pytest.approx(SPEED, rel=3e-3)


@TOOLS
def test_potential_rises_as_the_logarithm_of_radius(functions, profile):
    _, depth = functions(profile)
    rise = np.diff(depth([2.0, 20.0]))
    assert rise == pytest.approx(SPEED**2 * np.log(10), rel=2e-3)


@TOOLS
def test_potential_is_zero_at_infinity(functions, profile):
    _, depth = functions(profile)
    assert depth([1e3]) == pytest.approx(-G * profile["mtot"].iloc[-1] / 1e3, rel=1e-3)


@TOOLS
def test_core_is_at_rest_and_the_deepest_place(functions, profile):
    speed, depth = functions(profile)
    first = float(profile["radius"].iloc[0])
    inner = speed(first * np.array([0.1, 0.5, 1.0]))
    assert inner / inner[-1] == pytest.approx([0.1, 0.5, 1.0], rel=0.1)
    assert (np.diff(depth(first * np.array([0.01, 0.5, 0.9, 1.1, 2.0]))) > 0).all()


@TOOLS
def test_stars_alone_are_a_point_from_afar(functions, profile):
    speed, _ = functions(profile, "star")
    assert speed([200.0]) == pytest.approx(np.sqrt(G * 20_000 * STAR_MASS / 200.0), rel=1e-3)


def test_potentials_of_galpy_add_up(profile):
    needs("galpy")
    from astropy import units
    from galpy.potential import evaluateRforces

    parts = [to_galpy(profile, mass) for mass in ("mstar", "mdm")]
    whole = to_galpy(profile)
    place = (5 * units.kpc, 0 * units.kpc)
    assert evaluateRforces(sum(parts[1:], parts[0]), *place) == pytest.approx(
        evaluateRforces(whole, *place), rel=1e-6
    )


@pytest.mark.parametrize(("hand_over", "package"), [(to_galpy, "galpy"), (to_gala, "gala")])
def test_unknown_masses_are_refused(hand_over, package, profile):
    needs(package)
    with pytest.raises(ValueError, match="mass must be one of mtot, mstar, mdm, mgas"):
        hand_over(profile, "mbulge")
    with pytest.raises(ValueError, match="mdm of the profile must be known"):
        hand_over(profile.assign(mdm=np.nan), "mdm")
    with pytest.raises(ValueError, match="four or more radii that rise"):
        hand_over(profile[::-1])
