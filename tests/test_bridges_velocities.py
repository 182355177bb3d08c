"""Motions in the hands of pafit, PowerBin, JamPy and spectral-cube: axis, sense and speed."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from oblique import (
    AXIS_RATIO,
    INCLINATION,
    POSITION_ANGLE,
    SCALE_LENGTH,
    SPEED,
    STAR_MASS,
    angle_between,
    needs,
    oblique_disc,
    oblique_maps,
    smooth_maps,
)

from galmass_core.bridges import (
    receding_side,
    to_jampy,
    to_mgefit,
    to_pafit,
    to_powerbin,
    to_spectral_cube,
)
from galmass_core.galaxy import G
from galmass_core.imaging.maps import MapConfig
from galmass_core.imaging.projection import project
from galmass_core.measurements.image_size import image_radius

SIDES = pytest.mark.parametrize("side", [32, 33], ids=["even", "odd"])
PROJECTED_SPEED = SPEED * np.sin(np.radians(INCLINATION))
ARCSEC = 20.626480624709636  # of 1 kpc at 10 Mpc
DISC_MGE = np.array([[12_000.0, 8_000.0], [6.0, 14.0], [AXIS_RATIO, AXIS_RATIO]])


def reversed_maps(maps):
    """The same galaxy turning the other way."""
    return replace(maps, moments_CHW=maps.moments_CHW * np.array([1, 1, -1, 1])[:, None, None])


@SIDES
def test_pafit_finds_the_kinematic_axis(side):
    pafit = needs("pafit.fit_kinematic_pa")
    given = to_pafit(oblique_maps(100, side))
    angle, error, systemic = pafit.fit_kinematic_pa(**given, nsteps=91, plot=False, quiet=True)
    assert angle_between(angle, POSITION_ANGLE) <= 2  # a step of 2 degrees
    assert error < 5
    assert systemic == pytest.approx(0.0, abs=1)


@SIDES
def test_velocities_for_pafit_are_those_of_the_disc(side):
    given = to_pafit(oblique_maps(100, side))
    angle = np.radians(POSITION_ANGLE)
    along = given["y"] * np.cos(angle) - given["x"] * np.sin(angle)
    across = (-given["x"] * np.cos(angle) - given["y"] * np.sin(angle)) / AXIS_RATIO
    radius = np.hypot(along, across)
    clear = radius > 2
    expected = PROJECTED_SPEED * along / np.maximum(radius, 1e-9)
    assert given["vel"][clear] == pytest.approx(expected[clear], abs=25)
    assert np.corrcoef(given["vel"][clear], expected[clear])[0, 1] > 0.998
    assert all(np.isfinite(values).all() for values in given.values())
    assert given["dvel"].min() > 0


@SIDES
def test_receding_side_is_found(side):
    maps = oblique_maps(100, side)
    for either in (POSITION_ANGLE, POSITION_ANGLE + 180):
        assert receding_side(maps, either) == pytest.approx(POSITION_ANGLE)
        assert receding_side(reversed_maps(maps), either) == pytest.approx(POSITION_ANGLE + 180)


def test_coarser_pixels_are_sums():
    coarse = to_pafit(oblique_maps(100, 32), pixels=16)
    assert set(np.abs(coarse["x"]).round(6)) <= set(
        np.abs((np.arange(16) - 7.5) * 6 * 3.356 / 16).round(6)
    )
    with pytest.raises(ValueError, match="pixels must divide"):
        to_pafit(oblique_maps(100, 32), pixels=15)


@SIDES
def test_powerbin_makes_bins_of_about_the_wanted_stars(side):
    powerbin = needs("powerbin")
    maps = oblique_maps(100, side)
    given = to_powerbin(maps, 300)
    binned = powerbin.PowerBin(**given, verbose=0)
    seen = maps.moments_CHW[:, maps.moments_CHW[0] > 0]
    count, light, light_v, _ = (np.bincount(binned.bin_num, row) for row in seen)
    assert count == pytest.approx(binned.bin_capacity, rel=0.1)  # of the step before the last
    assert count.sum() == maps.moments_CHW[0].sum()
    assert 0.5 * 300 < np.median(count[~binned.single]) < 1.3 * 300
    angle = np.radians(POSITION_ANGLE)
    x, y = binned.xybin.T
    along = y * np.cos(angle) - x * np.sin(angle)
    assert np.corrcoef(np.sign(along), light_v / light)[0, 1] > 0.8


def test_too_few_stars_for_powerbin_are_refused():
    with pytest.raises(ValueError, match="target must be above 0 and at most the"):
        to_powerbin(oblique_maps(100, 32), 1e6)
    with pytest.raises(ValueError, match="target must be above 0"):
        to_powerbin(oblique_maps(100, 32), 0)


@SIDES
@pytest.mark.parametrize("turn", [1, -1])
def test_jampy_has_the_receding_side_at_positive_x(side, turn):
    maps = oblique_maps(100, side) if turn > 0 else reversed_maps(oblique_maps(100, side))
    given = to_jampy(maps, DISC_MGE, position_angle=POSITION_ANGLE, distance=10.0, moment="z")
    middle = np.abs(given["ybin"]) < 0.1 * np.abs(given["xbin"])
    far = middle & (np.abs(given["xbin"]) > 2 * ARCSEC)
    speeds = given["data"] * np.sign(given["xbin"])
    assert speeds[far] == pytest.approx(PROJECTED_SPEED, rel=0.05)
    assert np.hypot(given["xbin"], given["ybin"]).min() > 0


def test_jampy_has_arcsec_and_surface_brightness():
    maps = oblique_maps(100, 32)
    given = to_jampy(maps, DISC_MGE, position_angle=POSITION_ANGLE, distance=10.0)
    peak, dispersion, ratio = given["model_lum_proj"]
    pixel = 2 * maps.half_width / 100  # kpc
    assert dispersion == pytest.approx(DISC_MGE[1] * pixel * ARCSEC)
    parsecs = dispersion / ARCSEC * 1000
    assert 2 * np.pi * peak * ratio * parsecs**2 == pytest.approx(DISC_MGE[0])
    assert given["data"].min() >= 0
    assert given["data"].mean() == pytest.approx(0.7 * PROJECTED_SPEED, rel=0.2)


def test_wrong_requests_for_jampy_are_refused():
    maps = oblique_maps(100, 32)
    with pytest.raises(ValueError, match="distance must be positive"):
        to_jampy(maps, DISC_MGE, position_angle=0, distance=0)
    with pytest.raises(ValueError, match="moment must be zz or z, got 'xy'"):
        to_jampy(maps, DISC_MGE, position_angle=0, distance=1, moment="xy")


@pytest.fixture
def jam():
    if sys.version_info < (3, 12):
        pytest.skip("jampy 9 cannot be imported by Python 3.11; it is no part of the extra bridges")
    return pytest.importorskip("jampy", reason="pip install jampy, whose licence is not free")


def fitted_gaussians():
    """What mgefit makes of the disc, all of its axis ratio."""
    mgefit = needs("mgefit")
    image = to_mgefit(smooth_maps(100))
    seen = mgefit.sectors_photometry(**image)
    fit = mgefit.fit_sectors(seen.radius, seen.angle, seen.counts, image["eps"], quiet=True)
    light, dispersion, ratio = fit.sol
    return np.array([light, dispersion, np.full_like(ratio, AXIS_RATIO)])


def flat_potential(radius, height):
    """The potential of the galaxy, (km/s)^2, at places in pc."""
    return SPEED**2 * np.log(np.hypot(radius, height))


@SIDES
@pytest.mark.parametrize("moment", ["z", "zz"])
def test_jampy_moves_as_the_galaxy_does(jam, side, moment):
    given = to_jampy(
        oblique_maps(100, side),
        fitted_gaussians(),
        position_angle=POSITION_ANGLE + 180,
        distance=10.0,
        moment=moment,
    )
    model = jam.axi.proj(
        **given,
        model_pot_proj=flat_potential,
        inc=INCLINATION + 1,  # the disc has no thickness, which JamPy cannot deproject
        mbh=0.0,
        plot=False,
        quiet=True,
        ml=1.0,
    )
    if moment == "z":
        assert model.kappa == pytest.approx(1.0, abs=0.03)
        assert np.corrcoef(model.model, given["data"])[0, 1] > 0.99
    else:
        assert np.median(model.model / given["data"]) == pytest.approx(1.0, abs=0.03)
        assert model.chi2 < 1


def test_jampy_finds_the_circular_velocity_of_the_stars(jam):
    given = to_jampy(
        oblique_maps(100, 32), fitted_gaussians(), position_angle=POSITION_ANGLE, distance=10.0
    )
    peak, dispersion, ratio = given["model_lum_proj"]
    where = np.array([2.2 * SCALE_LENGTH * ARCSEC])
    surface = peak * STAR_MASS  # every star has 1 Lsun
    speed = jam.mge.vcirc(surface, dispersion, ratio, INCLINATION + 1, 0.0, 10.0, where)
    freeman = 0.6218 * np.sqrt(G * 20_000 * STAR_MASS / SCALE_LENGTH)  # of a disc without thickness
    assert speed == pytest.approx(freeman, rel=0.06)


@pytest.fixture(scope="module", params=[32, 33], ids=["even", "odd"])
def cube(request):
    """A cube of the disc and its mean velocities, km/s."""
    needs("spectral_cube")
    config = MapConfig(kinematic_pixels=request.param, dust="none")
    made = to_spectral_cube(oblique_disc(), "z", distance=10.0, config=config)
    return made, np.asarray(made.moment1().to_value("km/s")), request.param


@pytest.mark.filterwarnings("ignore:COPY_IF_NEEDED")
@pytest.mark.filterwarnings("ignore:.*[Ii]nvalid value")
class TestCube:
    def test_its_light_is_that_of_the_stars_in_the_frame(self, cube):
        sky = project(oblique_disc(), "z", dust="none")
        framed = np.maximum(abs(sky.x), abs(sky.y)) < 3 * sky.half_mass_radius
        assert np.nansum(cube[0].unmasked_data[:].value) == pytest.approx(
            sky.luminosities[1, framed].sum()
        )

    def test_its_mean_velocities_are_the_velocity_map(self, cube):
        maps = oblique_maps(100, cube[2])
        expected = maps.view("V", cube[2])
        seen = np.isfinite(expected)
        assert cube[1][seen] == pytest.approx(expected[seen], abs=5.001)  # half a channel
        assert cube[1][seen].mean() == pytest.approx(expected[seen].mean(), abs=1)
        assert not np.isfinite(cube[1][~seen]).any()

    def test_receding_side_lies_at_its_position_angle_on_the_sky(self, cube):
        _, dec, ra = cube[0].world[0]
        east = (ra.to_value("deg") + 180) % 360 - 180
        weight = np.nan_to_num(cube[1]) * cube[0].unmasked_data[:].value.sum(axis=0)
        angle = np.degrees(
            np.arctan2(np.nansum(weight * east), np.nansum(weight * dec.to_value("deg")))
        )
        assert angle_between(angle, POSITION_ANGLE, 360) < 1

    def test_it_has_the_size_of_the_frame_at_its_distance(self, cube):
        _, dec, _ = cube[0].world[0]
        arcsec = np.ptp(dec.to_value("arcsec")) * cube[2] / (cube[2] - 1)
        assert arcsec == pytest.approx(6 * 3.356 * ARCSEC, rel=1e-4)

    def test_its_middle_channel_is_at_rest(self, cube):
        velocities = cube[0].spectral_axis.to_value("km/s")
        assert velocities[len(velocities) // 2] == 0
        assert np.diff(velocities) == pytest.approx(10.0)
        assert velocities[-1] >= PROJECTED_SPEED


@pytest.mark.filterwarnings("ignore:COPY_IF_NEEDED")
def test_a_cube_may_have_a_frame_in_r_e():
    needs("spectral_cube")
    config = MapConfig(half_width=2.0, unit="R_e", kinematic_pixels=16, dust="none")
    made = to_spectral_cube(oblique_disc(), "z", distance=10.0, config=config)
    _, dec, _ = made.world[0]
    arcsec = np.ptp(dec.to_value("arcsec")) * 16 / 15
    assert arcsec == pytest.approx(4 * image_radius(oblique_maps(300, 96)) * ARCSEC, rel=1e-4)


@pytest.mark.filterwarnings("ignore:COPY_IF_NEEDED")
def test_wrong_requests_for_a_cube_are_refused():
    needs("spectral_cube")
    with pytest.raises(ValueError, match="distance must be positive"):
        to_spectral_cube(oblique_disc(), "z", distance=-1)
    with pytest.raises(ValueError, match="channel must be positive"):
        to_spectral_cube(oblique_disc(), "z", distance=1, channel=0)
    with pytest.raises(ValueError, match="line_of_sight must be one of"):
        to_spectral_cube(oblique_disc(), "w", distance=1)
