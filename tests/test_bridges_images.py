"""Images in the hands of photutils, statmorph and mgefit: axis, size and light of a known disc."""

from dataclasses import replace

import numpy as np
import pytest
from oblique import (
    AXIS_RATIO,
    POSITION_ANGLE,
    SCALE_LENGTH,
    angle_between,
    needs,
    oblique_disc,
    oblique_maps,
    smooth_maps,
)

from galmass_core.bridges import to_mgefit, to_photutils, to_statmorph
from galmass_core.imaging.projection import project

SIDES = pytest.mark.parametrize("side", [100, 101], ids=["even", "odd"])


def with_nan(maps):
    """The same maps without the light of one bright pixel."""
    flux_CHW = maps.flux_CHW.copy()
    flux_CHW[1, 60, 45] = np.nan
    return replace(maps, flux_CHW=flux_CHW)


@SIDES
def test_photutils_finds_axis_and_centre(side):
    morphology = needs("photutils.morphology")
    given = to_photutils(oblique_maps(side, 48))
    found = morphology.data_properties(given["data"], mask=given["mask"])
    assert angle_between(found.orientation.value, POSITION_ANGLE + 90) < 0.5
    assert found.centroid == pytest.approx(given["xycen"], abs=0.01)
    assert given["xycen"] == ((side - 1) / 2, (side - 1) / 2)


@SIDES
def test_photutils_finds_half_of_the_light(side):
    profiles = needs("photutils.profiles")
    maps = oblique_maps(side, 48)
    radii = np.linspace(1, side / 2, 40)
    grown = profiles.CurveOfGrowth(**to_photutils(maps), radii=radii)
    half = np.interp(maps.flux_CHW[1].sum() / 2, grown.profile, grown.radius)
    sky = project(oblique_disc(), "z", dust="none")
    framed = sky.radii[np.maximum(abs(sky.x), abs(sky.y)) < maps.half_width]
    assert half * 2 * maps.half_width / side == pytest.approx(np.median(framed), rel=0.02)


def test_photutils_has_noise_and_no_missing_pixels():
    profiles = needs("photutils.profiles")
    maps = oblique_maps(100, 48)
    whole = profiles.CurveOfGrowth(**to_photutils(maps, noise=2.0), radii=[20, 40])
    missing = profiles.CurveOfGrowth(**to_photutils(with_nan(maps), noise=2.0), radii=[20, 40])
    assert whole.profile_error[1] == pytest.approx(2.0 * np.sqrt(np.pi) * 40, rel=1e-3)
    assert whole.profile[1] - missing.profile[1] == pytest.approx(
        maps.flux_CHW[1, 60, 45], rel=1e-3
    )


@pytest.fixture(scope="module", params=[100, 101], ids=["even", "odd"])
def statmorph_found(request):
    """What statmorph measures on a disc with noise, and kpc per pixel."""
    statmorph = needs("statmorph")
    maps = oblique_maps(request.param, 48, half_width=4.5)
    noise = 0.004 * float(maps.flux_CHW[1].max())
    added = np.random.default_rng(1).normal(0, noise, maps.flux_CHW.shape)
    maps = replace(maps, flux_CHW=(maps.flux_CHW + added).astype(np.float32))
    found = statmorph.SourceMorphology(**to_statmorph(maps, noise=noise))
    return found, 2 * maps.half_width / request.param, request.param


def test_statmorph_finds_the_disc(statmorph_found):
    found, kpc, side = statmorph_found
    assert (found.flag, found.flag_sersic) == (0, 0)
    assert angle_between(np.degrees(found.sersic_theta), POSITION_ANGLE + 90) < 1
    assert found.sersic_n == pytest.approx(1.0, abs=0.1)
    assert found.sersic_rhalf * kpc == pytest.approx(1.678 * SCALE_LENGTH, rel=0.05)
    assert found.sersic_ellip == pytest.approx(1 - AXIS_RATIO, abs=0.02)
    assert (found.sersic_xc, found.sersic_yc) == pytest.approx([(side - 1) / 2] * 2, abs=0.2)


def test_statmorph_fits_within_the_noise(statmorph_found):
    assert statmorph_found[0].sersic_chi2_dof == pytest.approx(1.0, abs=0.3)


def test_statmorph_gets_no_missing_pixels():
    given = to_statmorph(with_nan(oblique_maps(100, 48)), noise=0.01)
    assert np.isfinite(given["image"]).all()
    assert given["segmap"][60, 45] == 1
    assert np.argwhere(given["mask"]).tolist() == [[60, 45]]


def test_segment_is_one_region_above_the_noise():
    maps = oblique_maps(100, 48)
    segmap = to_statmorph(maps, noise=0.1 * float(maps.flux_CHW[1].max()))["segmap"]
    assert segmap[49, 49] == 1
    assert 0.05 < segmap.mean() < 0.15


@SIDES
def test_mgefit_finds_axis_centre_and_light(side):
    mgefit = needs("mgefit")
    maps = smooth_maps(side)
    given = to_mgefit(maps)
    assert angle_between(270 - given["ang"], POSITION_ANGLE) < 0.5
    assert given["eps"] == pytest.approx(1 - AXIS_RATIO, abs=0.02)
    assert abs(given["xc"] - (side - 1) / 2) <= 0.5
    measured = mgefit.sectors_photometry(**given)
    fitted = mgefit.fit_sectors(
        measured.radius, measured.angle, measured.counts, given["eps"], quiet=True
    )
    light, _, ratio = fitted.sol
    assert light.sum() == pytest.approx(float(maps.flux_CHW[1].sum()), rel=0.02)
    assert np.average(ratio, weights=light) == pytest.approx(AXIS_RATIO, abs=0.01)


def test_mgefit_gets_rows_before_columns():
    needs("mgefit")
    maps = oblique_maps(100, 48)
    moved = replace(maps, flux_CHW=np.roll(maps.flux_CHW, (12, -7), axis=(1, 2)))
    given = to_mgefit(moved)
    row, column = np.unravel_index(moved.flux_CHW[1].argmax(), (100, 100))
    assert (given["xc"], given["yc"]) == (row, column)


@pytest.mark.parametrize("hand_over", [to_photutils, to_mgefit])
def test_unknown_band_is_refused(hand_over):
    if hand_over is to_mgefit:
        needs("mgefit")
    with pytest.raises(ValueError, match="band must be one of g, r, got 'u'"):
        hand_over(oblique_maps(100, 48), band="u")


@pytest.mark.parametrize("noise", [0.0, -1.0, np.nan])
def test_noise_must_be_positive(noise):
    with pytest.raises(ValueError, match="noise must be positive"):
        to_statmorph(oblique_maps(100, 48), noise=noise)


def test_noise_above_the_galaxy_is_refused():
    with pytest.raises(ValueError, match="noise must be below the light of the galaxy"):
        to_statmorph(oblique_maps(100, 48), noise=1e9)
