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


def test_lanes_of_each_eight_move_up_by_one():
    @njit
    def run(out):
        lanes.store(out, 0, lanes.moved(lanes.ramp(16), 0.0 - lanes.ramp(16)))

    out = np.zeros(16, dtype=np.float32)
    run(out)
    assert out.tolist() == [0, 0, 1, 2, 3, 4, 5, 6, -8, 8, 9, 10, 11, 12, 13, 14]


def test_lanes_are_joined_doubled_spread_and_folded():
    @njit
    def run(out):
        row = lanes.joined(lanes.ramp(8), lanes.ramp(8) + 10.0)
        lanes.store(out, 0, lanes.doubled(row))
        lanes.store(out, 16, lanes.in_eights(row, 7))
        lanes.store(out, 32, lanes.folded(row))

    out = np.zeros(40, dtype=np.float32)
    run(out)
    assert out[:16].tolist() == 2 * list(range(8))
    assert out[16:32].tolist() == 8 * [7] + 8 * [10]
    assert out[32:].tolist() == [10 + 2 * i for i in range(8)]


def test_lanes_have_quotients_roots_and_whole_numbers():
    @njit
    def run(numbers):
        row = lanes.load(numbers, 0, lanes.repeated(0.0, 8))
        lanes.store(numbers, 8, lanes.floor(row))
        lanes.store(numbers, 16, lanes.ceil(row))
        lanes.store(numbers, 24, lanes.root(row / 4.0))

    numbers = np.zeros(32)
    numbers[:8] = [0, 0.25, 1, 1.5, 2, 2.75, 9, 9.5]
    run(numbers)
    assert numbers[8:16].tolist() == [0, 0, 1, 1, 2, 2, 9, 9]
    assert numbers[16:24].tolist() == [0, 1, 1, 2, 2, 3, 9, 10]
    assert (numbers[24:] == np.sqrt(numbers[:8] / 4)).all()


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


def test_lanes_up_to_the_limit_of_each_are_kept():
    @njit
    def run(out):
        row = lanes.ramp(8)
        lanes.store(out, 0, lanes.kept(row, row, 7.0 - row, row + 10.0))

    out = np.zeros(8, dtype=np.float32)
    run(out)
    assert out.tolist() == [0, 1, 2, 3, 14, 15, 16, 17]


def test_lanes_up_to_the_limit_are_marked():
    @njit
    def run(numbers):
        return lanes.marks(lanes.load(numbers, 0, lanes.repeated(0.0, 8)), 3.0)

    assert run(np.array([9.0, 1, 2, 9, 3, 9, 9, 0])) == 0b10010110
