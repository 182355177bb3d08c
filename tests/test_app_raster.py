"""Pictures of many points: how many lie in each pixel, and the mean of their values."""

import holoviews as hv
import numpy as np
from bokeh.models import Image

from galmass_app.plots.raster import counts, drawn, means, picture, spread

ENDS, SIZE = ((0.0, 2.0), (0.0, 1.0)), (4, 2)
X = np.array([0.0, 0.4, 0.6, 2.0, 2.1, np.nan, 1.0])
Y = np.array([0.0, 0.4, 0.1, 1.0, 0.5, 0.5, np.inf])


def test_points_count_in_their_pixel_and_on_the_ends_but_not_outside():
    assert counts(X, Y, ENDS, SIZE).tolist() == [[2, 1, 0, 0], [0, 0, 0, 1]]


def test_every_point_counts_once():
    x, y = np.random.default_rng(0).uniform(0, 1, (2, 5000))
    assert counts(x, y, ((0, 1), (0, 1)), (301, 207)).sum() == 5000


def test_mean_of_a_pixel_is_that_of_its_points_with_a_value():
    values = np.array([1.0, 3.0, np.nan, 5.0, 7.0, 9.0, 11.0])
    expected = np.full((2, 4), np.nan)
    expected[0, 0], expected[1, 3] = 2.0, 5.0
    np.testing.assert_array_equal(means(X, Y, values, ENDS, SIZE), expected)


def test_spread_points_count_in_the_pixels_around_and_add_up():
    single = np.zeros((4, 5))
    single[0, 0], single[1, 1] = 1, 2
    expected = np.zeros((4, 5))
    expected[:2, :2] += 1
    expected[:3, :3] += 2
    np.testing.assert_array_equal(spread(single), expected)


def test_density_is_a_picture_of_all_points_where_nothing_is_clear():
    made = hv.render(picture(hv.Points((X[:5], Y[:5]))))
    (layer,) = (layer for layer in made.renderers if isinstance(layer.glyph, Image))
    (image,) = layer.data_source.data["image"]
    ends = ((0.0, 2.1), (0.0, 1.0))
    np.testing.assert_array_equal(
        np.nan_to_num(image), spread(counts(X[:5], Y[:5], ends, (400, 400)))
    )
    assert layer.glyph.color_mapper.nan_color == "rgba(0, 0, 0, 0)"


def test_density_of_a_view_has_its_ends_and_size():
    made = drawn(hv.Points((X[:5], Y[:5])), *ENDS, *SIZE)
    assert made.bounds.lbrt() == (0.0, 0.0, 2.0, 1.0)
    assert made.dimension_values(0, expanded=False).tolist() == [0.25, 0.75, 1.25, 1.75]
    shown = made.dimension_values(2, flat=False)
    np.testing.assert_array_equal(np.nan_to_num(shown), spread(counts(X, Y, ENDS, SIZE)))


def test_density_of_an_axis_without_length_is_empty():
    made = drawn(hv.Points([(1.0, 1.0)]), (1.0, 1.0), (0.0, 2.0))
    assert made.dimension_values(2).size == 0
