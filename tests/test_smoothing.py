"""Exact smoothing lengths, against distances worked out one by one."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from galmass_core.benchmarks.galaxies import disc_galaxy
from galmass_core.imaging.smoothing import neighbours_within, smoothing_lengths


def every_distance(positions, neighbours=32):
    """Sort all distances of every star; the first is its own."""
    squares = np.sum((positions[:, None] - positions) ** 2, axis=-1)
    return np.sqrt(np.sort(squares, axis=1)[:, min(neighbours, len(positions) - 1)])


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 7, 8, 12, 13, 32, 33, 34, 100, 1500])
def test_lengths_are_the_distances_to_the_32nd_other_star(count):
    positions, _ = disc_galaxy(count)
    assert smoothing_lengths(positions) == pytest.approx(every_distance(positions), rel=1e-12)


def test_lengths_equal_those_of_a_plain_tree():
    positions, _ = disc_galaxy(20_000)
    plain, _ = cKDTree(positions).query(positions, k=[33])
    assert smoothing_lengths(positions) == pytest.approx(plain[:, 0], rel=1e-12)


@pytest.mark.parametrize("axes", [[2], [0, 2]], ids=["plane", "line"])
def test_stars_in_a_plane_or_on_a_line_are_found(axes):
    positions, _ = disc_galaxy(1500)
    positions[:, axes] = 3.0
    assert smoothing_lengths(positions) == pytest.approx(every_distance(positions), rel=1e-12)


def test_number_of_neighbours_can_be_chosen():
    positions, _ = disc_galaxy(300)
    assert smoothing_lengths(positions, 5) == pytest.approx(every_distance(positions, 5), rel=1e-12)


def test_stars_on_a_lattice_have_the_lattice_distance():
    x = np.arange(12.0)
    lattice = np.stack(np.meshgrid(x, x, x), axis=-1).reshape(-1, 3)
    lengths = smoothing_lengths(lattice).reshape(12, 12, 12)
    assert (lengths[3:-3, 3:-3, 3:-3] == 2.0).all()  # 6 + 12 + 8 nearer ones, then 6 at 2


@pytest.mark.parametrize("values", [2, 5, 300])
def test_stars_with_few_different_coordinates_are_found(values):
    positions = np.random.default_rng(values).integers(values, size=(700, 3)).astype(float)
    assert smoothing_lengths(positions) == pytest.approx(every_distance(positions), rel=1e-12)


def test_no_star_has_no_length():
    assert smoothing_lengths(np.empty((0, 3))).shape == (0,)


def test_a_lone_star_has_length_zero():
    assert smoothing_lengths([[1.0, 2.0, 3.0]]).tolist() == [0.0]


def test_stars_in_one_place_have_length_zero():
    positions = np.concatenate([np.ones((40, 3)), disc_galaxy(100)[0]])
    lengths = smoothing_lengths(positions)
    assert (lengths[:40] == 0).all()
    assert lengths == pytest.approx(every_distance(positions), rel=1e-12)


def test_a_star_far_away_costs_the_others_no_precision():
    positions, _ = disc_galaxy(1000)
    positions[17] = 1e4, -2e4, 3e3
    positions[:17] *= 1e-6
    assert smoothing_lengths(positions) == pytest.approx(every_distance(positions), rel=1e-9)


def test_the_order_of_the_stars_does_not_matter():
    positions, _ = disc_galaxy(2000)
    order = np.random.default_rng(1).permutation(2000)
    assert (smoothing_lengths(positions[order]) == smoothing_lengths(positions)[order]).all()


def test_the_positions_are_left_as_they_are():
    positions, _ = disc_galaxy(100)
    positions.setflags(write=False)
    smoothing_lengths(positions)


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (np.zeros((4, 2)), r"positions must be \(N, 3\), got \(4, 2\)"),
        ([[0.0, np.nan, 1.0]], "positions must be finite, got nan"),
    ],
)
def test_bad_positions_are_refused(positions, message):
    with pytest.raises(ValueError, match=message):
        smoothing_lengths(positions)


def test_neighbours_must_be_at_least_one():
    with pytest.raises(ValueError, match="neighbours must be at least 1, got 0"):
        smoothing_lengths(np.zeros((4, 3)), 0)


def test_smoothing_lengths_have_that_many_other_stars_within():
    positions = np.random.default_rng(7).normal(size=(500, 3))
    lengths = smoothing_lengths(positions, 10) * (1 + 1e-12)
    assert neighbours_within(positions, lengths, np.arange(0, 500, 7)).tolist() == [10] * 72


def test_crowds_at_one_place_change_no_other_length():
    rng = np.random.default_rng(3)
    spread, crowd = rng.normal(size=(300, 3)), np.zeros((20_000, 3))  # a minute by plain search
    lengths = smoothing_lengths(np.concatenate([spread, crowd, crowd[:20] + 1.0]))
    few = smoothing_lengths(np.concatenate([spread, crowd[:40], crowd[:20] + 1.0]))
    np.testing.assert_array_equal(lengths[:300], few[:300])
    np.testing.assert_array_equal(lengths[300:20_300], 0.0)
    np.testing.assert_array_equal(lengths[20_300:], few[340:])
    assert few[340:].min() > 0


def test_tiny_offsets_are_none():
    offsets = 1e-300 * np.random.default_rng(4).normal(size=(20_000, 3))
    np.testing.assert_array_equal(smoothing_lengths(offsets), 0.0)
