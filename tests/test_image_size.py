"""The size on an image is that of the law that the image was made by."""

import numpy as np
import pytest
from scipy.special import gammaincinv

from galmass_core.imaging.maps import GalaxyMaps, pixel_centres
from galmass_core.measurements.image_size import image_radius

RADIUS = 3.0  # kpc


def draw_image(index, axis_ratio, half_width=12.0, angle=0.5, radius=RADIUS):
    """An image of Sersic's law in ellipses, 5 x 5 points a pixel."""
    fine = pixel_centres(1500, half_width)
    y, x = np.meshgrid(fine, fine, indexing="ij")
    along = np.cos(angle) * x + np.sin(angle) * y
    across = (np.cos(angle) * y - np.sin(angle) * x) / axis_ratio
    steepness = gammaincinv(2 * index, 0.5)
    light = np.exp(-steepness * ((np.hypot(along, across) / radius) ** (1 / index) - 1))
    return make_maps(light.reshape(300, 5, 300, 5).sum(axis=(1, 3)), half_width)


def make_maps(light, half_width=12.0):
    return GalaxyMaps(
        flux_CHW=np.stack([light, light]).astype(np.float32),
        moments_CHW=np.zeros((4, 96, 96), np.float32),
        half_mass_radius=np.nan,
        half_width=half_width,
    )


@pytest.mark.parametrize("axis_ratio", [1.0, 0.5, 0.2])
@pytest.mark.parametrize(("index", "allowed"), [(1.0, 0.03), (2.0, 0.05), (4.0, 0.15)])
def test_half_light_ellipse_of_a_known_law_is_found(index, allowed, axis_ratio):
    assert image_radius(draw_image(index, axis_ratio)) == pytest.approx(RADIUS, rel=allowed)


@pytest.mark.parametrize("half_width", [7.5, 18.0])
def test_size_of_a_disc_does_not_tell_the_frame(half_width):
    measured = image_radius(draw_image(1.0, 0.6, half_width))
    assert measured == pytest.approx(RADIUS, rel=0.04)


def test_size_does_not_depend_on_brightness():
    image = draw_image(1.0, 0.5)
    brighter = make_maps(1e6 * image.flux_CHW[1])
    assert image_radius(brighter) == pytest.approx(image_radius(image), rel=1e-5)


def test_dark_image_has_no_size():
    assert np.isnan(image_radius(make_maps(np.zeros((300, 300)))))


def test_light_that_does_not_level_off_counts_inside_the_frame():
    assert image_radius(make_maps(np.ones((300, 300)))) == pytest.approx(12 / 2**0.5, rel=0.02)
