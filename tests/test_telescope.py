"""What a telescope sees, against answers that are known beforehand."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.cosmology import FlatLambdaCDM
from conftest import make_galaxy
from oblique import INCLINATION, axes, oblique_disc

from galmass_core.imaging.maps import GalaxyMaps, MapConfig, pixel_centres, render_maps
from galmass_core.imaging.pixel_bins import halve_pixels
from galmass_core.imaging.projection import project
from galmass_core.measurements.circularity import rotation_axis
from galmass_core.telescope import TELESCOPES, Spectrograph, Telescope, look, telescope, turned
from galmass_core.telescope.distances import comoving_distance, kpc_per_arcsec, light_of
from galmass_core.telescope.image import SKY, sky_light, sky_noise, take_image
from galmass_core.telescope.optics import FWHM, blur, collect, point_spread, shares, spread
from galmass_core.telescope.spectra import (
    in_field,
    in_hexagon,
    observed_dispersion,
    signal_to_noise,
    take_spectra,
    to_moments,
)
from galmass_core.telescope.views import axes_of_view, inclination_of

SIDE, HALF = 96, 12.0  # pixels, kpc
REDSHIFT = 0.037
GRADIENT = 20.0  # km/s/kpc
WIDE = Spectrograph(
    spaxel=0.5, seeing=2.0, fields=(90.0,), depth=1e4, least=0.0, bins=0.0, dispersion=0.0
)


def rng(seed=0):
    return np.random.default_rng(seed)


def moments(v_HW, sigma=0.0, light=1e8):
    """Stars of one light in each pixel."""
    one_HW = np.full_like(v_HW, light)
    return np.stack([100 + 0 * v_HW, one_HW, one_HW * v_HW, one_HW * (v_HW**2 + sigma**2)])


def linear_field():
    return np.tile(GRADIENT * pixel_centres(SIDE, HALF), (SIDE, 1))


def spectra(moments_CHW, spectrograph=WIDE, seed=0):
    return take_spectra(moments_CHW, HALF, 3.0, spectrograph, REDSHIFT, rng(seed))


def inner(map_PP):
    """The middle of a map, where nothing is missing from beyond the frame."""
    quarter = len(map_PP) // 4
    return map_PP[quarter:-quarter, quarter:-quarter]


def maps_of(moments_CHW, flux_CHW):
    return GalaxyMaps(
        flux_CHW=flux_CHW, moments_CHW=moments_CHW, half_mass_radius=4.0, half_width=HALF
    )


@pytest.mark.parametrize("moffat", [0.0, 4.765])
@pytest.mark.parametrize("fwhm", [0.05, 1.0, 7.0])
def test_a_point_spread_function_keeps_flux_and_centre(fwhm, moffat):
    kernel = point_spread(fwhm, moffat)
    assert kernel.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=1e-15)
    image = np.zeros((2, 101, 101))
    image[:, 50, 50] = 3.0
    seen = blur(image, kernel)
    np.testing.assert_allclose(seen.sum(axis=(1, 2)), 3.0, rtol=1e-12)
    across = seen[0].sum(axis=0) @ np.arange(101) / 3.0
    assert across == pytest.approx(50, abs=1e-9)


@pytest.mark.parametrize("moffat", [0.0, 2.5])
def test_half_of_the_maximum_is_where_it_should_be(moffat):
    kernel = point_spread(40.0, moffat)
    middle = len(kernel) // 2
    assert kernel[middle, middle + 20] / kernel[middle, middle] == pytest.approx(0.5, rel=2e-3)


def test_a_gaussian_is_as_wide_as_it_says():
    kernel = point_spread(8.0)
    places = np.arange(len(kernel)) - len(kernel) // 2
    variance = kernel.sum(axis=0) @ places**2
    assert variance == pytest.approx((8 / FWHM) ** 2 + 1 / 12, rel=1e-3)  # and of a pixel


@pytest.mark.parametrize("pixel", [0.01, 0.25, 0.7, 5.0, 60.0])
def test_other_pixels_keep_the_total_and_larger_ones_are_of_one_value(pixel):
    image = rng().random((2, SIDE, SIDE))
    onto = shares(SIDE, HALF, pixel, SIDE)
    coarse = collect(image, onto)
    again = spread(coarse, onto)
    for each in (coarse, again):
        np.testing.assert_allclose(each.sum(axis=(1, 2)), image.sum(axis=(1, 2)), rtol=1e-12)
    if pixel <= 0.25:
        np.testing.assert_allclose(again, image, rtol=1e-12)
    np.testing.assert_allclose(collect(again, onto).sum(), coarse.sum(), rtol=1e-12)


def test_beam_smearing_keeps_a_linear_velocity_field():
    seen = spectra(moments(linear_field()))
    places = (np.arange(len(seen.v)) - (len(seen.v) - 1) / 2) * seen.pixel
    np.testing.assert_allclose(
        inner(seen.v)[0], inner(GRADIENT * np.tile(places, (len(places), 1)))[0], atol=0.2
    )


def test_rotation_that_is_not_resolved_is_dispersion():
    own = 10.0
    seen = spectra(moments(linear_field(), own))
    blurred = WIDE.seeing / FWHM * kpc_per_arcsec(REDSHIFT)
    variance = own**2 + GRADIENT**2 * (blurred**2 + (2 * HALF / SIDE) ** 2 / 12)
    span = GRADIENT**2 * seen.pixel**2 / 12  # of the pixels in an element
    low, high = np.sqrt(variance), np.sqrt(variance + span)
    found = np.sqrt(np.mean(inner(seen.sigma) ** 2))
    assert 0.999 * low < found < 1.001 * high
    assert found > 1.3 * own


def test_dispersion_of_the_instrument_adds_in_quadrature_and_is_taken_out():
    assert observed_dispersion(np.array([30.0]), 40.0) == pytest.approx(50.0)
    still = moments(np.zeros((SIDE, SIDE)), 30.0)
    seen = spectra(still, replace(WIDE, dispersion=40.0, depth=1e9))
    np.testing.assert_allclose(inner(seen.sigma), 30.0, rtol=1e-4)


def test_errors_are_the_width_of_the_lines_over_signal_to_noise():
    still = moments(np.zeros((SIDE, SIDE)), 120.0, light=2e6)
    instrument = replace(WIDE, dispersion=50.0, depth=3.0, seeing=0.01)
    seen = spectra(still, instrument)
    ratio = inner(seen.signal_to_noise)
    assert np.ptp(ratio) < 1e-6 * ratio.mean()
    expected = 130.0 / ratio.mean()
    assert inner(seen.v).std() == pytest.approx(expected, rel=0.1)
    assert np.hypot(inner(seen.sigma), 50.0).std() == pytest.approx(expected, rel=0.1)


def test_signal_to_noise_is_the_stated_one_at_the_stated_brightness():
    area = kpc_per_arcsec(REDSHIFT)
    light = np.array([light_of(23.0, "r", REDSHIFT)])
    assert signal_to_noise(light, 1.0, replace(WIDE, depth=2.8), REDSHIFT) == pytest.approx(2.8)
    twice = signal_to_noise(2.25 * light, 1.5, replace(WIDE, depth=2.8), REDSHIFT)
    assert twice == pytest.approx(1.5 * 2.8)  # grows with the root of the area
    assert sky_light("r", REDSHIFT) * area**2 == pytest.approx(light_of(SKY["r"], "r", REDSHIFT))


def test_a_hexagon_has_its_area_and_its_corners():
    places = pixel_centres(1000, 10.0)
    inside = in_hexagon(places, places[:, None], 18.0)
    assert inside.mean() * 400 == pytest.approx(3 * np.sqrt(3) / 8 * 18**2, rel=2e-3)
    assert in_hexagon(np.array(0.0), np.array(8.99), 18.0)
    assert not in_hexagon(np.array(8.0), np.array(0.0), 18.0)


def test_the_field_is_the_smallest_that_reaches_far_enough():
    bundle = TELESCOPES["MaNGA"].spectrograph
    up = np.linspace(0, 20, 4001)
    for radius, diameter in ((1.0, 12.0), (4.1, 17.0), (20.0, 32.0)):
        seen = in_field(np.zeros_like(up), up, bundle, radius)
        assert 2 * up[seen].max() == pytest.approx(diameter, abs=0.02)


def test_bins_keep_every_element_once_and_reach_their_signal_to_noise():
    radii = np.hypot(*np.meshgrid(*2 * (pixel_centres(SIDE, HALF),)))
    fading = moments(0 * radii, 100.0) * np.exp(-radii / 3)
    instrument = replace(WIDE, depth=2.8, least=0.5, bins=10.0)
    alone, seen = (spectra(fading, each) for each in (replace(instrument, bins=0.0), instrument))
    places = np.concatenate(seen.bins)
    assert len(np.unique(places, axis=0)) == len(places) == np.isfinite(alone.v).sum()
    assert 3 < len(seen.bins) < len(alone.bins)
    light = sum(seen.light[tuple(members.T)].sum() for members in seen.bins)
    assert light == pytest.approx(seen.light[np.isfinite(alone.v)].sum())
    for members in seen.bins:
        each = tuple(members.T)
        noise = np.sqrt(np.sum((seen.light[each] / seen.signal_to_noise[each]) ** 2))
        assert seen.light[each].sum() / noise >= 10.0
        assert np.ptp(seen.v[each]) == np.ptp(seen.sigma[each]) == 0
    assert seen.signal_to_noise[np.isfinite(seen.v)].min() >= 0.5


def test_bins_of_too_little_signal_are_one():
    places = np.argwhere(np.ones((4, 4)))
    assert [len(one) for one in halve_pixels(places, np.ones(16), np.ones(16), 5.0)] == [16]
    assert [len(one) for one in halve_pixels(places, np.ones(16), np.ones(16), 2.0)] == [4] * 4


def test_moments_of_the_frame_are_what_was_measured():
    seen = spectra(moments(linear_field(), 60.0))
    maps = maps_of(to_moments(seen, HALF), np.zeros((2, 300, 300)))
    places = pixel_centres(48, HALF)
    np.testing.assert_allclose(
        inner(maps.view("V"))[0],
        inner(GRADIENT * np.tile(places, (48, 1)))[0],
        atol=GRADIENT * seen.pixel,
    )
    assert np.isfinite(maps.meaningful("sigma")).all()
    elements = np.unique(np.round(maps.view("V")[24], 3))
    assert len(elements) <= len(seen.v)


def test_noise_of_the_sky_has_the_variance_that_the_depth_says():
    camera = replace(TELESCOPES["SDSS"].camera, pixel=0.001)
    image = take_image(np.zeros((2, 300, 300)), HALF, camera, REDSHIFT, rng())
    pixel = 2 * HALF / 300
    for number, band in enumerate("gr"):
        noise = sky_noise(camera, band, REDSHIFT) * pixel
        assert image[number].std() == pytest.approx(noise, rel=0.02)
        assert abs(image[number].mean()) < 4 * noise / 300
    kernel = point_spread(camera.seeing[1] * kpc_per_arcsec(REDSHIFT) / pixel)
    noise = sky_noise(camera, "r", REDSHIFT) * pixel
    faintest = light_of(22.2, "r", REDSHIFT)  # five times the noise, seen with the best weights
    assert faintest * np.sqrt(np.sum(kernel**2)) / noise == pytest.approx(5, rel=0.02)


def test_noise_grows_with_the_photons_of_the_galaxy_and_larger_pixels_are_of_one_value():
    camera = replace(TELESCOPES["SDSS"].camera, pixel=2.0)
    scale = kpc_per_arcsec(REDSHIFT)
    light = np.full((2, 300, 300), 3 * sky_light("r", REDSHIFT) * (2 * HALF / 300) ** 2)
    images = [take_image(light, HALF, camera, REDSHIFT, rng(seed))[1] for seed in range(40)]
    noise = sky_noise(camera, "r", REDSHIFT) * 2.0 * scale * 2  # root of 1 + 3
    onto = shares(300, HALF, 2.0 * scale, 300)
    coarse = collect(np.stack(images).astype(float), onto)
    assert inner(coarse.std(axis=0, ddof=1)).mean() == pytest.approx(noise, rel=0.05)
    rows = np.unique(np.round(images[0][150], 3))
    assert len(rows) <= 3 * len(onto)


def test_distances_are_those_of_astropy():
    universe = FlatLambdaCDM(H0=67.74, Om0=0.3089)
    for redshift in (0.01, 0.1, 0.8):
        expected = universe.comoving_distance(redshift).to_value("kpc")
        assert comoving_distance(redshift) == pytest.approx(expected, rel=1e-6)
        arcsec = universe.kpc_proper_per_arcmin(redshift).value / 60
        assert kpc_per_arcsec(redshift) == pytest.approx(arcsec, rel=1e-6)
        modulus = universe.distmod(redshift).value
        assert light_of(modulus + 4.65, "r", redshift) == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("name", TELESCOPES)
def test_every_preset_sees_a_disc(name):
    maps = render_maps(oblique_disc(), "z", MapConfig(dust="none"))
    maps = replace(maps, flux_CHW=3e5 * maps.flux_CHW)
    weight = np.array([1, 3e5, 3e5, 3e5], dtype=np.float32)[:, None, None]
    maps = replace(maps, moments_CHW=weight * maps.moments_CHW)
    seen = look(maps, telescope(name.lower()), rng())
    assert seen.flux_CHW.shape == (2, 300, 300)
    assert seen.flux_CHW.sum() == pytest.approx(maps.flux_CHW.sum(), rel=0.3)
    assert not np.array_equal(seen.flux_CHW, maps.flux_CHW)
    if TELESCOPES[name].spectrograph is None:
        np.testing.assert_array_equal(seen.moments_CHW, maps.moments_CHW)
        return
    assert np.isfinite(seen.view("V")).sum() > 100
    true, found = maps.view("V"), seen.view("V")
    both = np.isfinite(true) & np.isfinite(found)
    assert np.corrcoef(true[both], found[both])[0, 1] > 0.8
    again = look(maps, TELESCOPES[name], rng(), images=False)
    np.testing.assert_array_equal(again.moments_CHW, seen.moments_CHW)
    np.testing.assert_array_equal(again.flux_CHW, maps.flux_CHW)


def test_a_galaxy_without_light_is_seen_without_velocities():
    dark = maps_of(np.zeros((4, SIDE, SIDE)), np.zeros((2, 300, 300)))
    seen = look(dark, TELESCOPES["MaNGA"], rng())
    assert np.isnan(seen.view("V")).all()


def test_wrong_instruments_are_refused():
    with pytest.raises(ValueError, match=r"preset must be one of MaNGA, .* got 'Hubble'"):
        telescope("Hubble")
    with pytest.raises(ValueError, match="redshift must be positive, got 0"):
        Telescope(name="near", redshift=0.0, camera=TELESCOPES["SDSS"].camera)
    with pytest.raises(ValueError, match="spaxel must be positive, got -1"):
        replace(WIDE, spaxel=-1.0)
    with pytest.raises(ValueError, match="fields must be positive"):
        replace(WIDE, fields=())


def test_a_preset_with_a_change_is_the_preset_but_for_that():
    manga = TELESCOPES["MaNGA"]
    worse = replace(manga, spectrograph=replace(manga.spectrograph, seeing=4.0, bins=0.0))
    assert telescope("manga seeing:4 bins:0") == worse
    assert telescope("MaNGA") == manga
    assert telescope("SDSS psf:2.64").camera.seeing == pytest.approx((2.88, 2.64))
    with pytest.raises(ValueError, match="setting of SDSS must be one of psf, depth, got"):
        telescope("SDSS seeing:4")
    for wrong in ("seeing:9", "seeing:", "seeing:good"):
        with pytest.raises(ValueError, match=r"seeing must be a number from 0\.1 to 6"):
            telescope(f"MaNGA {wrong}")


def test_a_turned_galaxy_is_seen_as_its_turned_particles():
    galaxy = oblique_disc(500)
    view = axes_of_view(galaxy, "random", rng(3))
    sky = project(turned(galaxy, view), "z", dust="none")
    right, up, away = view
    np.testing.assert_allclose(sky.x, galaxy.stars.positions @ right)
    np.testing.assert_allclose(sky.y, galaxy.stars.positions @ up)
    np.testing.assert_allclose(sky.velocities, galaxy.stars.velocities @ away)
    whole = turned(galaxy, np.eye(3)[[1, 2, 0]])
    again = project(galaxy, "x", dust="none")
    np.testing.assert_array_equal(project(whole, "z", dust="none").x, again.x)


@pytest.mark.parametrize(("view", "degrees"), [("edge-on", 90), ("face-on", 0), ("60", 60)])
def test_views_have_their_inclination(view, degrees):
    galaxy = oblique_disc(500)
    for seed in range(3):
        seen = axes_of_view(galaxy, view, rng(seed))
        cosine = seen[2] @ axes()[2]
        assert np.degrees(np.arccos(np.clip(cosine, -1, 1))) == pytest.approx(degrees, abs=1e-4)
        axis = rotation_axis(turned(galaxy, seen))
        assert axis[2] == pytest.approx(cosine, abs=1e-9)
    tilted = np.degrees(np.arccos(rotation_axis(galaxy)[2]))
    assert tilted == pytest.approx(INCLINATION, abs=1e-3)


def test_wrong_views_are_refused():
    for view in ("sideways", "91", "-1", "nan"):
        with pytest.raises(ValueError, match="view must be edge-on, face-on, random or"):
            inclination_of(view)
    still = make_galaxy([[1, 0, 0], [0, 1, 0]])
    with pytest.raises(ValueError, match="must have stars that turn for an inclination"):
        axes_of_view(still, "edge-on", rng())
    with pytest.raises(ValueError, match="axes must be orthonormal and right-handed"):
        turned(still, -np.eye(3))
