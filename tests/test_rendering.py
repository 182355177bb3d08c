"""Images against the float64 reference: shape, light, edges, and bad input."""

import numpy as np
import pytest

from galmass_core.benchmarks.galaxies import disc_galaxy
from galmass_core.imaging.rendering import deposit, deposit_reference
from galmass_core.imaging.rendering_torch import deposit_torch
from galmass_core.imaging.smoothing import smoothing_lengths
from galmass_core.imaging.spline import DIRECT, NARROW, SLIM, WIDEST

PIXELS = 100
FRAME = {"half_width": PIXELS / 2, "pixels": PIXELS}  # one kpc is one pixel
ACCURACY = 1e-3


def difference(image, truth):
    """Return the relative L2 error."""
    return np.linalg.norm(image - truth) / np.linalg.norm(truth)


def scattered(radii, spread=PIXELS / 2, seed=0):
    """Stars of the given radii all over the frame, with two weights each."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-spread, spread, (2, len(radii)))
    return x, y, np.asarray(radii, dtype=float), rng.lognormal(size=(2, len(radii)))


def spaced(low, high, count):
    return np.geomspace(low, high, count)


CASES = {
    "below a pixel": scattered(spaced(0.01, 1, 60)),
    "a few pixels": scattered(spaced(1, 8, 60)),
    "wider than a stamp": scattered(spaced(8, 60, 60)),
    "much wider than the frame": scattered(spaced(150, 20_000, 40)),
    "much wider than the frame, from outside": scattered(spaced(200, 4000, 60), spread=400),
    "across the edge": scattered(spaced(0.5, 40, 150), spread=PIXELS * 0.6),
    "points": scattered(np.zeros(30)),
}


@pytest.fixture(scope="module")
def galaxy():
    """A galaxy of 10,000 stars: x, y, support radius and two weights."""
    positions, light = disc_galaxy(10_000)
    x, y, _ = positions.T
    return x, y, smoothing_lengths(positions), np.stack([light, light * np.hypot(x, y)])


@pytest.fixture(scope="module")
def galaxy_truth(galaxy):
    return deposit_reference(*galaxy, half_width=3.0, pixels=300)


@pytest.mark.parametrize("case", CASES)
def test_image_equals_the_reference(case):
    truth = deposit_reference(*CASES[case], **FRAME)
    assert difference(deposit(*CASES[case], **FRAME), truth) < ACCURACY


@pytest.mark.parametrize("case", CASES)
def test_no_pixel_is_negative(case):
    assert deposit(*CASES[case], **FRAME).min() >= 0


@pytest.mark.parametrize("case", CASES)
def test_torch_makes_the_same_image(case):
    image = deposit(*CASES[case], **FRAME)
    assert difference(deposit_torch(*CASES[case], **FRAME, device="cpu"), image) < 1e-5


def test_galaxy_equals_the_reference(galaxy, galaxy_truth):
    images = deposit(*galaxy, half_width=3.0, pixels=300)
    assert max(map(difference, images, galaxy_truth)) < ACCURACY


def test_galaxy_keeps_its_light(galaxy, galaxy_truth):
    image = deposit(*galaxy, half_width=3.0, pixels=300)
    assert image.sum((1, 2), dtype=float) == pytest.approx(galaxy_truth.sum((1, 2)), rel=1e-5)


def test_galaxy_is_the_same_in_torch(galaxy):
    image = deposit(*galaxy, half_width=3.0, pixels=300)
    assert (
        difference(deposit_torch(*galaxy, half_width=3.0, pixels=300, device="cpu"), image) < 1e-5
    )


@pytest.mark.parametrize(
    "radius", [0.3, 1.0, 2.6, 3.4, 3.6, 5.0, 8.0, 13.0, 17.5, 30.0, 34.5, 48.0]
)
def test_a_single_star_equals_the_reference(radius):
    star = [0.31], [-0.77], [radius], [[2.0]]
    image, truth = deposit(*star, **FRAME), deposit_reference(*star, samples=64, **FRAME)
    assert difference(image, truth) < ACCURACY
    assert image.sum(dtype=float) == pytest.approx(2.0, rel=2e-4)


@pytest.mark.parametrize("limit", [NARROW, SLIM, DIRECT, 2 * WIDEST, 4 * WIDEST])
def test_a_star_at_the_limit_of_a_kind_of_stamp_keeps_its_light(limit):
    for half_width in np.random.default_rng(0).uniform(1, 3, 20):
        edge = limit * (2 * half_width) / 300
        for support in (np.nextafter(edge, 0), edge, np.nextafter(edge, 9 * edge)):
            image = deposit([0.0], [0.0], [support], [[1.0]], half_width=half_width, pixels=300)
            assert image.sum(dtype=float) == pytest.approx(1, rel=2e-4)


def test_light_outside_the_frame_is_lost_and_inside_is_kept():
    star = [PIXELS / 2], [0.0], [6.0], [[1.0]]  # on the right edge: half of its light is inside
    assert deposit(*star, **FRAME).sum() == pytest.approx(0.5, abs=1e-4)


def test_stars_far_outside_leave_no_light():
    star = [1e4, -80.0, 0.0], [0.0, 0.0, 1e9], [3.0, 20.0, 500.0], np.ones((1, 3))
    assert (deposit(*star, **FRAME) == 0).all()


def test_light_ends_at_the_kernels_reach():
    for radius in (0.4, 2.0, 6.0, 20.0):
        image = deposit([0.0], [0.0], [radius], [[1.0]], **FRAME)[0]
        centre = np.abs(np.arange(PIXELS) + 0.5 - PIXELS / 2)
        beyond = np.hypot(centre, centre[:, None]) > radius * 5 / 4 + 0.75
        assert (image[beyond] == 0).all()


def test_a_star_without_extent_fills_the_pixel_it_is_in():
    image = deposit([3.0, 3.0, -7.2], [5.0, 5.0, 0.9], np.zeros(3), [[1.0, 2.0, 4.0]], **FRAME)[0]
    lit = {(PIXELS // 2 + 5, PIXELS // 2 + 3): 3.0, (PIXELS // 2, PIXELS // 2 - 8): 4.0}
    assert {place: image[place] for place in zip(*image.nonzero(), strict=True)} == pytest.approx(
        lit
    )


def test_rows_go_upwards_and_columns_to_the_right():
    image = deposit([20.5], [-30.5], [0.1], [[1.0]], **FRAME)[0]
    assert np.unravel_index(image.argmax(), image.shape) == (19, 70)


@pytest.mark.parametrize(
    ("case", "tolerance"),
    [("below a pixel", 1e-5), ("a few pixels", 1e-6), ("wider than a stamp", ACCURACY)],
)
def test_turning_the_stars_turns_the_image(case, tolerance):
    x, y, radii, weights = CASES[case]
    image = deposit(x, y, radii, weights, **FRAME)
    turned = deposit(-y, x, radii, weights, **FRAME)
    assert difference(turned, np.rot90(image, -1, axes=(1, 2))) < tolerance


def test_every_weight_has_its_own_image():
    x, y, radii, weights = scattered(spaced(0.1, 70, 50))
    together = deposit(x, y, radii, weights, **FRAME)
    alone = [deposit(x, y, radii, weights[k : k + 1], **FRAME)[0] for k in range(2)]
    assert together == pytest.approx(np.array(alone), rel=1e-6, abs=1e-9)


def test_images_of_parts_add_up():
    x, y, radii, weights = scattered(spaced(0.1, 70, 50))
    first = deposit(x[:20], y[:20], radii[:20], weights[:, :20], **FRAME)
    second = deposit(x[20:], y[20:], radii[20:], weights[:, 20:], **FRAME)
    whole = deposit(x, y, radii, weights, **FRAME)
    assert first + second == pytest.approx(whole, rel=1e-5, abs=1e-8)


def test_the_same_stars_give_the_same_bytes():
    stars = scattered(spaced(0.1, 70, 200))
    assert (deposit(*stars, **FRAME) == deposit(*stars, **FRAME)).all()


@pytest.mark.parametrize("pixels", [1, 2, 7, 31, 61])
def test_frames_of_any_size_keep_the_light(pixels):
    x, y, radii, weights = scattered(spaced(0.02, 4, 40), spread=5)
    image = deposit(x, y, radii, weights, half_width=10.0, pixels=pixels)
    assert image.shape == (2, pixels, pixels)
    assert image.sum((1, 2), dtype=float) == pytest.approx(weights.sum(axis=1), rel=1e-4)


def test_no_stars_make_an_empty_image():
    image = deposit([], [], [], np.empty((2, 0)), **FRAME)
    assert image.shape == (2, PIXELS, PIXELS)
    assert not image.any()


def test_read_only_strided_and_integer_input_is_fine():
    positions = np.array([[1, 2, 3], [4, 5, 6]])
    positions.setflags(write=False)
    image = deposit(positions[:, 0], positions[:, 1], [1, 2], [[1, 1]], **FRAME)
    assert image.sum() == pytest.approx(2, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [np.nan]}, "x must be finite, got nan"),
        ({"support": [np.inf]}, "support must be finite, got inf"),
        ({"weights": [[-np.inf]]}, "weights must be finite, got -inf"),
        ({"support": [-1.0]}, "support must not be negative"),
        ({"y": [1.0, 2.0]}, r"must be \(N,\) and weights \(K, N\), got \(1,\), \(2,\)"),
        ({"weights": [1.0]}, r"weights \(K, N\), got"),
        ({"half_width": 0.0}, "half_width .* must be positive, got 0.0"),
        ({"pixels": 0}, "pixels must be positive"),
    ],
)
def test_bad_input_is_refused(change, message):
    stars = {"x": [0.0], "y": [0.0], "support": [1.0], "weights": [[1.0]], **FRAME}
    with pytest.raises(ValueError, match=message):
        deposit(**{**stars, **change})
