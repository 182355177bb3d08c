"""Vectors of float lanes in numba functions."""

import numpy as np
from numba import njit

from galmass_core.imaging import lanes


def test_lanes_mix_with_numbers():
    @njit
    def run(out):
        row = lanes.ramp(8)
        lanes.store(out, 0, 2.0 * row + row * row - 1.0)

    out = np.zeros(8, dtype=np.float32)
    run(out)
    assert out.tolist() == [i * i + 2 * i - 1 for i in range(8)]


def test_lanes_move_up_by_one():
    @njit
    def run(out):
        lanes.store(out, 0, lanes.shifted(lanes.ramp(8), -5.0))

    out = np.zeros(8, dtype=np.float32)
    run(out)
    assert out.tolist() == [-5, 0, 1, 2, 3, 4, 5, 6]


def test_two_sets_of_lanes_alternate():
    @njit
    def run(out):
        lanes.store(out, 0, lanes.interleaved(lanes.ramp(8), lanes.ramp(8) + 10.0))

    out = np.zeros(16, dtype=np.float32)
    run(out)
    assert out.tolist() == [value for i in range(8) for value in (i, i + 10)]


def test_lanes_are_kept_and_counted_up_to_the_limit():
    @njit
    def run(places):
        row = lanes.load(places, 0, lanes.repeated(0.0, 8))
        rest = lanes.kept(row, row, 3.0, -1.0)
        return lanes.within(row, 3.0), lanes.total(rest), lanes.largest(rest), lanes.smallest(rest)

    assert run(np.array([0.0, 1, 2, 3, 4, 5, 6, 7])) == (4, 2.0, 3.0, -1.0)


def test_lanes_take_the_larger_and_the_smaller():
    @njit
    def run():
        row = lanes.ramp(8)
        return lanes.total(lanes.smaller(lanes.larger(row, 2.0), 5.0)), len(row)

    assert run() == (2 + 2 + 2 + 3 + 4 + 5 + 5 + 5, 8)


def test_lanes_up_to_the_limit_are_marked():
    @njit
    def run(numbers):
        return lanes.marks(lanes.load(numbers, 0, lanes.repeated(0.0, 8)), 3.0)

    assert run(np.array([9.0, 1, 2, 9, 3, 9, 9, 0])) == 0b10010110
