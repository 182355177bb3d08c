from dataclasses import replace

import holoviews as hv
import numpy as np
import pandas as pd
import pytest
from bokeh.events import RangesUpdate, Tap
from bokeh.models import ColorBar, Ellipse, HoverTool, Image, Patch, ScaleBar, Scatter, Text, VSpan
from pages import hear
from sample_tables import make_samples

from galmass_app.plots.maps import MapFigures, four_maps
from galmass_app.plots.points import CRISP, Points
from galmass_app.plots.profiles import ProfileFigures
from galmass_app.plots.sample import SampleFigure, nearest
from galmass_app.plots.scale import Scale, scale_of, scales_by_hand, shared_scale
from galmass_app.theme import MARK, palette
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.quantities import map_keys


@pytest.fixture
def maps():
    """Light that falls off from the centre, stars that rotate and leave a corner empty."""
    x = np.linspace(-3, 3, 300)
    r = 1e6 * np.exp(-2 * np.hypot(*np.meshgrid(x, x)))
    v = np.linspace(-120, 80, 96) * np.ones((96, 1))
    count = np.full((96, 96), 4.0)
    count[:48, :48] = 0
    moments = count * np.stack([np.ones_like(v), np.ones_like(v), v, v**2 + 30**2])
    return GalaxyMaps(
        flux_CHW=np.stack([0.5 * r, r]).astype(np.float32),
        moments_CHW=moments.astype(np.float32),
        half_mass_radius=2.0,
        half_width=6.0,
    )


@pytest.fixture
def dark():
    """Maps of nothing."""
    return GalaxyMaps(
        flux_CHW=np.zeros((2, 300, 300), np.float32),
        moments_CHW=np.zeros((4, 96, 96), np.float32),
        half_mass_radius=1.0,
        half_width=3.0,
    )


@pytest.fixture
def profiles():
    radius = np.geomspace(0.1, 30, 20)
    mass = 1e9 * radius
    columns = {"mstar": mass, "mdm": 2 * mass, "mtot": 3 * mass, "v_circ": np.sqrt(radius)}
    return pd.DataFrame({"radius": radius, **columns})


def drawn(element):
    return hv.render(element)


def test_velocity_colours_are_symmetric_about_zero(maps):
    scale = scale_of(maps, "V")
    assert scale.low == -scale.high
    assert 80 < scale.high <= 120


def test_colours_of_g_minus_r_follow_the_galaxy_or_are_the_same_for_all(maps, dark):
    own = scale_of(maps, "g-r")  # 1.21 mag everywhere
    assert 1.1 < own.low <= maps.meaningful("g-r").max() <= own.high <= 1.3
    assert shared_scale([own, scale_of(dark, "g-r")], "g-r") == Scale(0, 1)


def test_ranges_set_by_hand_replace_those_that_they_can():
    scales = {"r": Scale(1, 100, log=True), "V": Scale(-50, 50)}
    limits = ["V:-200:100", "r:-1:10", "r:5:2", "x:1:2", "V", "r:nan:3"]
    assert scales_by_hand(limits, scales) == scales | {"V": Scale(-200, 100)}
    assert scales_by_hand(["r:2:30"], scales)["r"] == Scale(2, 30, log=True)


@pytest.mark.parametrize("small", [True, False])
def test_small_maps_have_no_names_over_them(small):
    drawn = MapFigures(small=small).figures["V"]
    glyphs = [type(each.glyph) for each in drawn.renderers]
    assert (Text in glyphs) is not small
    (ruler,) = [each for each in drawn.center if isinstance(each, ScaleBar)]
    assert (ruler.background_fill_alpha == 0) is small


def test_light_is_shown_in_decades_below_its_peak(maps):
    scale = scale_of(maps, "r")
    assert 0.7 * maps.view("r").max() < scale.high <= maps.view("r").max()
    assert scale.high / scale.low == pytest.approx(10**3.5)


@pytest.mark.parametrize("key", map_keys())
def test_maps_of_nothing_have_colours_too(dark, key):
    scale = scale_of(dark, key)
    assert scale.low < scale.high


def test_a_single_dispersion_still_makes_a_range(maps):
    scale = scale_of(maps, "sigma")  # 30 km/s everywhere
    assert scale.low <= 30 < scale.high


def test_linear_bar_is_marked_at_both_ends_and_in_the_middle():
    assert Scale(-180, 180).ticks == {-180: "−180", 0: "0", 180: "180"}


@pytest.mark.parametrize("decades", [0.5, 1, 3.5, 6, 9])
def test_logarithmic_bar_is_marked_at_whole_powers_of_ten(decades):
    scale = Scale(20.0, 20.0 * 10**decades, log=True)
    assert 1 <= len(scale.ticks) <= 3 or decades < 1
    assert all(0 <= scale.place(value) <= 1 for value in scale.ticks)
    assert all(np.log10(value) % 1 == 0 for value in scale.ticks)


def test_shared_range_holds_those_of_all_galaxies():
    shared = shared_scale([Scale(-10, 10), Scale(-300, 300), Scale(-40, 40)], "V")
    assert shared == Scale(-300, 300)


def test_zero_velocity_has_the_colour_of_the_background_in_both_themes():
    assert palette("velocity", "dark")[127] == "#0e1116"
    assert palette("velocity", "light")[127] == "#ffffff"


def shown(maps, **options):
    """Return the figures of maps by key."""
    pictures = MapFigures()
    pictures.show(maps, {key: scale_of(maps, key) for key in map_keys()}, **options)
    return pictures.figures


def layer(figure, kind):
    """Return the data of the first layer with a kind of glyph."""
    return next(each for each in figure.renderers if isinstance(each.glyph, kind)).data_source.data


def test_pictures_are_upright_and_hold_the_values_of_their_map(maps):
    """Row is y upwards: the corner without stars is at the lower left."""
    for picture in (shown(maps)["V"], drawn(four_maps(maps)).children[2][0]):
        (values,) = layer(picture, Image)["image"]
        assert np.isnan(values[0, 0])
        np.testing.assert_array_equal(values, maps.view("V"))


def test_picture_has_rings_at_both_radii_and_a_ruler_in_kpc(maps):
    figure = shown(maps, effective_radius=1.4)["r"]
    rings = layer(figure, Ellipse)
    assert list(rings["width"]) == [4.0, 2.8]
    assert list(rings["name"]) == ["R_hsm", "R_e"]
    assert figure.select_one(ScaleBar).unit == "kpc"


def test_picture_does_without_an_effective_radius(maps):
    widths = layer(shown(maps)["r"], Ellipse)["width"]
    assert widths[0] == 4.0
    assert np.isnan(widths[1])


def test_a_zoom_in_one_picture_zooms_all_and_stays_on_the_same_galaxy(maps):
    pictures, scales = MapFigures(), {key: scale_of(maps, key) for key in map_keys()}
    pictures.show(maps, scales)
    ranges = {figure.x_range for figure in pictures.figures.values()}
    (across,) = ranges
    across.end = 0.5
    pictures.show(maps, scales, theme="light")
    assert (across.start, across.end) == (-maps.half_width, 0.5)


def test_four_maps_zoom_together(maps):
    grid = drawn(four_maps(maps, effective_radius=1.4))
    figures = [figure for figure, *_ in grid.children]
    assert [figure.title.text for figure in figures] == [
        "r image",
        "g−r colour map",
        "velocity map",
        "dispersion map",
    ]
    assert len({figure.x_range.id for figure in figures}) == 1
    assert {figure.frame_width for figure in figures} == {figures[0].frame_height}


def test_profiles_mark_one_and_two_half_mass_radii(profiles):
    figures = ProfileFigures()
    figures.show(profiles, 2.5)
    for figure in (figures.masses, figures.velocity):
        assert layer(figure, VSpan)["x"].tolist() == [2.5, 5.0]


def test_a_few_samples_are_points_and_many_are_a_density():
    table = pd.DataFrame({"log_mstar": np.arange(CRISP + 1.0), "sigma_v": np.arange(CRISP + 1.0)})
    few, many = (
        SampleFigure(Points(rows, "log_mstar", "sigma_v")).figure for rows in (table[:-1], table)
    )
    assert layer(few, Scatter)["x"].tolist() == table["log_mstar"][:-1].tolist()
    (density,) = layer(many, Image)["image"]
    assert np.nansum(density) >= len(table)
    assert np.isnan(density).any()


def test_a_zoom_into_many_samples_renders_what_is_in_view():
    values = np.linspace(0.0, 1.0, 10 * CRISP)
    drawn = SampleFigure(Points(pd.DataFrame({"a": values, "b": values}), "a", "b"))
    before = layer(drawn.figure, Image)["image"][0]
    hear(drawn.figure, RangesUpdate(drawn.figure, x0=0.2, x1=0.4, y0=0.2, y1=0.4))
    (callback,) = drawn.figure.document.session_callbacks
    callback.callback()
    shown = layer(drawn.figure, Image)
    assert [shown[name] for name in ("x", "dw")] == [[0.2], [0.2]]
    assert shown["image"][0] is not before
    assert not drawn.figure.document.session_callbacks


def test_a_tap_outside_the_frame_chooses_nothing():
    drawn, tapped = (
        SampleFigure(Points(pd.DataFrame({"a": [0.0, 1.0], "b": [2.0, 3.0]}), "a", "b")),
        [],
    )
    drawn.on_tap(lambda *place: tapped.append(place))
    for place in ((0.5, 2.5), (5.0, 2.5)):
        hear(drawn.figure, Tap(drawn.figure, x=place[0], y=place[1]))
    assert tapped == [(0.5, 2.5)]


def test_a_quantity_can_stand_against_itself():
    drawn = SampleFigure(Points(pd.DataFrame({"sigma_v": [1.0, 2.0]}), "sigma_v", "sigma_v"))
    assert layer(drawn.figure, Scatter)["y"].tolist() == [1.0, 2.0]


def test_an_axis_has_some_length_where_all_samples_lie_on_one_place():
    (low, high), _ = Points(pd.DataFrame({"a": [1.0, 1.0], "b": [2.0, np.inf]}), "a", "b").ends
    assert low < 1.0 < high


def test_nearest_sample_is_nearest_on_the_screen():
    table = pd.DataFrame({"log_mstar": [10.0, 11.0, np.nan], "sigma_v": [100.0, 300.0, 200.0]})
    found = nearest(table, "log_mstar", "sigma_v", at=(10.2, 260.0), spans=(1.0, 1000.0))
    assert found["log_mstar"] == 10.0  # 0.2 of the width away, though farther in km/s
    found = nearest(table, "log_mstar", "sigma_v", at=(10.2, 260.0), spans=(1000.0, 200.0))
    assert found["log_mstar"] == 11.0


def test_no_sample_is_nearest_where_there_are_none():
    table = pd.DataFrame({"log_mgas": [np.nan], "sigma_v": [100.0]})
    assert nearest(table, "log_mgas", "sigma_v", at=(1.0, 1.0), spans=(1.0, 1.0)) is None


def test_sample_in_view_is_ringed_larger_than_its_siblings_and_joined_to_them():
    table = pd.DataFrame({"los": list("xyz"), "log_mstar": [1.0] * 3, "sigma_v": [1.0, 2.0, 3.0]})
    drawn = SampleFigure(Points(table, "log_mstar", "sigma_v"))
    drawn.follow(lambda _: None)
    drawn.mark(table, "y")
    ring = layer(drawn.figure, Patch)
    assert ring["y"].tolist() == [1.0, 3.0, 2.0]
    assert ring["size"][-1] > ring["size"][0] == ring["size"][1]


def test_colour_bar_can_be_read_in_both_themes():
    keys = ("log_mstar_1rhsm", "log_mtot_1rhsm", "log_mdm_1rhsm")
    drawn = SampleFigure(Points(make_samples(4), *keys)).figure
    (bar,) = drawn.select({"type": ColorBar})
    assert (bar.major_label_text_color, bar.title_text_color) == (MARK, MARK)


def test_pixels_of_motion_say_how_many_stars_they_have_and_need_enough(maps):
    each = np.zeros((96, 96), np.float32)
    each[::2, ::2] = np.resize([0, 1, 2, 4, 5, 9], 48)  # one of the four that a pixel sums
    sparse = replace(maps, moments_CHW=maps.moments_CHW * each / 4)
    sparse.moments_CHW[:, :48, :48] = 0
    two, five = shown(sparse), shown(sparse, least_stars=5)
    (stars,), (seen,) = (layer(two["sigma"], Image)[name] for name in ("stars", "image"))
    (left,), (value,) = (layer(five["V"], Image)[name] for name in ("image", "value"))
    assert set(np.unique(stars)) == {0, 1, 2, 4, 5, 9}
    np.testing.assert_array_equal(np.isfinite(seen), stars >= 2)
    np.testing.assert_array_equal(np.isfinite(left), stars >= 5)
    np.testing.assert_array_equal(np.isfinite(value), stars >= 1)  # under the pointer
    assert "@value" in five["V"].select_one(HoverTool).tooltips
    assert "@stars" in two["V"].select_one(HoverTool).tooltips
    assert "@stars" not in two["r"].select_one(HoverTool).tooltips
