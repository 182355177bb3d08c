import numpy as np
import pytest

from galmass_core.networks import reading
from galmass_core.networks.reading import block_size, draw_order, prefetched, read_rows

ROWS = np.arange(5, 1005)


@pytest.fixture
def stored(tmp_path):
    """Return 1000 maps of 50 bytes in a file."""
    codes = np.random.default_rng(0).integers(-32768, 32767, (1000, 5, 5), dtype=np.int16)
    np.save(tmp_path / "r.npy", codes)
    return np.load(tmp_path / "r.npy", mmap_mode="r")


def draw(seed=0, **window):
    return draw_order(ROWS, np.random.default_rng(seed), **window)


def test_every_sample_comes_once_in_an_epoch():
    assert sorted(draw(window=96, block=8)) == ROWS.tolist()


@pytest.mark.parametrize("window", [1000, 5000])
def test_a_window_of_all_samples_changes_nothing(window):
    np.testing.assert_array_equal(draw(window=window, block=8), draw())
    with_window, without = (np.random.default_rng(0) for _ in range(2))
    draw_order(ROWS, with_window, window, 8)
    draw_order(ROWS, without)
    assert with_window.integers(10**9) == without.integers(10**9)  # symmetries are drawn next


def test_a_window_holds_whole_blocks_but_for_two():
    for start in range(0, 960, 96):
        blocks, counts = np.unique(
            draw(window=96, block=8)[start : start + 96] // 8, return_counts=True
        )
        assert 12 <= len(blocks) <= 15
        assert np.count_nonzero(counts < 8) <= 4  # the first and the last block of all, too


def test_blocks_come_in_another_order_in_another_epoch():
    first, second = (set(draw(seed, window=96, block=8)[:96] // 8) for seed in (0, 1))
    assert len(first & second) < 6


def test_samples_of_a_window_are_shuffled():
    window = draw(window=500, block=8)[:500]
    neighbours = np.count_nonzero(np.diff(window) == 1)
    assert neighbours < 10  # 437 if blocks came as they are


def test_places_in_the_epoch_are_uniform():
    places = np.array([np.argsort(draw(seed, window=100, block=5)) for seed in range(400)])
    assert np.abs(places.mean(axis=0) - 499.5).max() < 5 * 289 / 20  # 289: spread of 0..999


@pytest.mark.parametrize(
    ("window", "size", "block"),
    [(10**6, 180_000, 5), (10**6, 7_200, 145), (640, 7_200, 10), (10, 7_200, 1), (10**6, 10**7, 1)],
)
def test_blocks_are_large_to_read_but_many_to_a_window(window, size, block):
    assert block_size(window, size) == block


@pytest.mark.parametrize("piece", [50, 170, 10**6])
@pytest.mark.parametrize("gap", [0, 200])
def test_rows_are_read_as_they_are_stored(stored, monkeypatch, piece, gap):
    monkeypatch.setattr(reading, "_PIECE", piece)
    monkeypatch.setattr(reading, "GAP", gap)
    monkeypatch.setattr(reading, "_ANNOUNCED", 500)
    rows = np.sort(np.random.default_rng(1).permutation(1000)[:400])
    np.testing.assert_array_equal(read_rows(stored, rows), stored[rows])


def test_no_rows_are_no_maps(stored):
    assert read_rows(stored, ROWS[:0]).shape == (0, 5, 5)


def test_rows_are_read_where_the_system_takes_no_advice(stored, monkeypatch):
    monkeypatch.delattr(reading.os, "posix_fadvise")
    np.testing.assert_array_equal(read_rows(stored, ROWS[:90]), stored[ROWS[:90]])


def test_rows_close_to_each_other_are_read_together():
    rows = np.array([0, 1, 5, 90, 91])
    pieces = reading.pieces_of(rows, reading.GAP // 10)
    assert [(piece.first, piece.rows) for piece in pieces] == [(0, 6), (90, 2)]


def test_items_come_in_order_and_no_more_are_made_than_asked():
    made = []

    def items():
        for number in range(6):
            made.append(number)
            yield number

    ahead = prefetched(items(), 2)
    assert next(ahead) == 0
    assert len(made) <= 4
    assert list(ahead) == [1, 2, 3, 4, 5]


def test_what_goes_wrong_ahead_is_raised():
    def items():
        yield 1
        msg = "the disk is gone"
        raise OSError(msg)

    ahead = prefetched(items(), 1)
    assert next(ahead) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(ahead)
