"""Choose the order of an epoch's samples and read them, where a stack does not fit into memory.

A disk is fast if what is read together lies together. An epoch therefore goes through windows, each
as large as memory allows, of many blocks of consecutive samples drawn at random; the samples of a
window are shuffled, and the next window is read meanwhile.

Shape suffixes: B samples, H rows, W columns.
"""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")

_PIECE = 2**20  # bytes that are read at once
GAP = 2**17  # bytes between two samples that are read with them, as fast as they are skipped
_ANNOUNCED = 2**23  # bytes that the system reads in advance
_BLOCKS = 64  # least number of blocks in a window


def block_size(window: int, size: int) -> int:
    """Return how many consecutive samples of ``size`` bytes are read together into a window."""
    return max(1, min(_PIECE // size, window // _BLOCKS))


def draw_order(
    rows_B: NDArray, rng: np.random.Generator, window: int | None = None, block: int = 1
) -> NDArray:
    """Draw the order of an epoch's samples.

    Parameters
    ----------
    rows_B : (B,) int
    rng : numpy.random.Generator
    window : int, optional
        Number of samples in memory at a time; by default all, and if it is as large as that, the
        order is the same.
    block : int
        Number of consecutive rows of a stack that are in the same window, if all are used.

    Returns
    -------
    (B,) int
        Rows of one window after those of another; any order within a window is equally likely.
    """
    order_B = rng.permutation(rows_B)
    if window is None:
        return order_B
    _, blocks_B = np.unique(order_B // block, return_inverse=True)
    ranks_B = rng.spawn(1)[0].permutation(blocks_B.max() + 1)[blocks_B]
    places_B = np.argsort(ranks_B, kind="stable")
    ends = range(window, len(rows_B), window)
    return order_B[np.concatenate([np.sort(part) for part in np.split(places_B, ends)])]


def read_rows(stored_NHW: NDArray[np.int16], rows_B: NDArray) -> NDArray[np.int16]:
    """Read samples into memory, (B, H, W), from a mapped file in large pieces.

    Mapped memory itself is read a few pages at a time when they are used, so that program and disk
    wait for each other.

    Parameters
    ----------
    stored_NHW : (N, H, W) int16
        In memory or a `numpy.memmap`.
    rows_B : (B,) int
        In increasing order.
    """
    if not isinstance(stored_NHW, np.memmap) or not len(rows_B):
        return stored_NHW[rows_B]
    shape, size = stored_NHW.shape[1:], stored_NHW[0].nbytes
    codes_BHW = np.empty((len(rows_B), *shape), np.int16)
    pieces = pieces_of(rows_B, size)
    with Path(str(stored_NHW.filename)).open("rb", buffering=0) as file:
        advise = partial(_advise, file.fileno())
        advise(0, 0, "RANDOM")  # read no more than is announced
        later, announced = iter(pieces), 0
        for piece in pieces:
            while announced < _ANNOUNCED and (coming := next(later, None)):
                advise(stored_NHW.offset + coming.first * size, coming.rows * size, "WILLNEED")
                announced += coming.rows * size
            file.seek(stored_NHW.offset + piece.first * size)
            read_BHW = np.frombuffer(file.read(piece.rows * size), np.int16).reshape(-1, *shape)
            codes_BHW[piece.places] = read_BHW[rows_B[piece.places] - piece.first]
            announced -= piece.rows * size
    return codes_BHW


class Piece(NamedTuple):
    """Consecutive rows of a stack, and the places in a list of those that are wanted."""

    first: int
    rows: int
    places: slice


def pieces_of(rows_B: NDArray, size: int) -> list[Piece]:
    """Return what is read at once, for samples of ``size`` bytes."""
    far = np.diff(rows_B) > 1 + GAP // size
    full = np.diff(rows_B // max(1, _PIECE // size)) > 0
    ends = [0, *(np.flatnonzero(far | full) + 1).tolist(), len(rows_B)]
    return [
        Piece(int(rows_B[start]), int(rows_B[end - 1] - rows_B[start]) + 1, slice(start, end))
        for start, end in pairwise(ends)
    ]


def _advise(file: int, start: int, size: int, advice: str) -> None:
    """Let the system know how a part of a file will be read, if it takes advice."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file, start, size, getattr(os, f"POSIX_FADV_{advice}"))


def prefetched(items: Iterator[Item], number: int) -> Iterator[Item]:
    """Run an iterator in a thread, ``number`` items ahead; what it raises is raised here."""
    end = object()
    with ThreadPoolExecutor(max_workers=1) as thread:
        waiting: deque[Future[Item | object]] = deque()
        waiting.extend(thread.submit(next, items, end) for _ in range(number))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(thread.submit(next, items, end))
            yield item  # type: ignore[misc]  # not the end
