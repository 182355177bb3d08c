"""Scale batches of maps on the training device.

Shape suffixes: N samples, B of them in a batch, H rows, W columns, S scalars.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from galmass_core.networks.memory import available_memory
from galmass_core.networks.reading import block_size, draw_order, prefetched, read_rows
from galmass_core.networks.scalars import SCALARS
from galmass_core.networks.scaling import Scaling
from galmass_core.networks.stacks import MapStack

_SHARE = 0.6  # of the free memory, of a GPU or this machine, that maps may take
_WINDOW = 0.2  # of this machine's, for each of two windows if they do not fit
_CHUNK = 256  # samples copied at a time
_AHEAD = 4  # batches read ahead if a GPU cannot hold all


class MapFeed:
    """Batches of maps: from GPU memory if all fit, else from this machine's, else from disk.

    Parameters
    ----------
    stacks : mapping of MapStack
    scaling : Scaling
    device : torch.device
    memory : int, bytes, optional
        What this process may take; by default what is available.
    scalars_NS : (N, S) float32, optional
        Scaled numbers of every sample, which come with its maps as ``scalars``, (B, S, 1, 1).

    Attributes
    ----------
    size : int, bytes
        Of all maps.
    window : int or None
        Number of samples that are read from disk at a time; None if all maps fit into memory.
    """

    def __init__(
        self,
        stacks: Mapping[str, MapStack],
        scaling: Scaling,
        device: torch.device,
        memory: int | None = None,
        scalars_NS: NDArray[np.float32] | None = None,
    ) -> None:
        self._stacks, self._scaling, self.device = stacks, scaling, device
        self._scalars_NS = scalars_NS
        self._codes, self.window = None, None
        self.size = sum(stack.codes_NHW.nbytes for stack in stacks.values())
        if device.type == "cuda" and self.size < _SHARE * torch.cuda.mem_get_info(device)[0]:
            self._codes = {key: _copy(stack, device) for key, stack in stacks.items()}
            return
        memory = available_memory() if memory is None else memory
        if self.size > _SHARE * memory:
            sample = sum(stack.codes_NHW[0].nbytes for stack in stacks.values())
            self.window = max(1, int(_WINDOW * memory) // sample)

    def maps(self, rows: NDArray) -> dict[str, Tensor]:
        """Return scaled maps of some samples, (B, 1, H, W) each, on the device."""
        return self._scaled(self._read(rows)) | self._scalars(rows)

    def shuffled(
        self, rows: NDArray, rng: np.random.Generator, window: int | None
    ) -> NDArray[np.int64]:
        """Draw the order of an epoch, for a window of so many samples, or all at once."""
        largest = max(stack.codes_NHW[0].nbytes for stack in self._stacks.values())
        return draw_order(rows, rng, window, block_size(window or 1, largest))

    def batches(self, rows: NDArray, size: int) -> Iterator[tuple[NDArray, dict[str, Tensor]]]:
        """Yield rows, ``size`` at a time, with their scaled maps; the last batch may be smaller."""
        pieces = [rows[start : start + size] for start in range(0, len(rows), size)]
        read: Iterator[dict[str, Tensor]] = map(self._read, pieces)
        if self.window:
            read = self._read_windows(pieces, max(1, self.window // size))
        if self.device.type == "cuda" and self._codes is None:
            read = prefetched(map(_pinned, read), _AHEAD)
        for piece, codes in zip(pieces, read, strict=True):
            yield piece, self._scaled(codes) | self._scalars(piece)

    def _read(self, rows: NDArray) -> dict[str, Tensor]:
        """Return codes of some samples."""
        if self._codes is not None:
            index = torch.from_numpy(rows).to(self.device, non_blocking=True)
            return {key: codes.index_select(0, index) for key, codes in self._codes.items()}
        return {key: torch.from_numpy(stack.codes_NHW[rows]) for key, stack in self._stacks.items()}

    def _read_windows(self, pieces: list[NDArray], number: int) -> Iterator[dict[str, Tensor]]:
        """Yield codes of each piece; those of ``number`` pieces are read from disk together."""
        groups = [pieces[start : start + number] for start in range(0, len(pieces), number)]
        windows = prefetched(map(self._load, groups), 1)
        for group, (rows, window) in zip(groups, windows, strict=True):
            for piece in group:
                places = np.searchsorted(rows, piece)
                yield {key: torch.from_numpy(codes[places]) for key, codes in window.items()}

    def _load(self, pieces: list[NDArray]) -> tuple[NDArray, dict[str, NDArray]]:
        """Read the samples of some pieces; return their rows, in increasing order, and codes."""
        rows = np.unique(np.concatenate(pieces))
        return rows, {key: read_rows(each.codes_NHW, rows) for key, each in self._stacks.items()}

    def _scaled(self, codes: dict[str, Tensor]) -> dict[str, Tensor]:
        """Copy codes to the device and scale them there."""
        return {
            key: self._scaling.maps(self._stacks[key], each.to(self.device, non_blocking=True))
            for key, each in codes.items()
        }

    def _scalars(self, rows: NDArray) -> dict[str, Tensor]:
        """Return the scalars of some samples, if there are any."""
        if self._scalars_NS is None:
            return {}
        chosen_BS = torch.from_numpy(self._scalars_NS[rows])
        return {SCALARS: chosen_BS.to(self.device)[:, :, None, None]}


def _pinned(codes: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return codes in pinned memory, from which a GPU copies while it computes."""
    return {key: each.pin_memory() for key, each in codes.items()}


def _copy(stack: MapStack, device: torch.device) -> Tensor:
    """Return a stack's codes on a device."""
    codes_NHW = torch.empty(stack.codes_NHW.shape, dtype=torch.int16, device=device)
    for start in range(0, len(codes_NHW), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(codes_NHW)))
        codes_NHW[start : start + _CHUNK] = torch.from_numpy(stack.codes_NHW[rows])
    return codes_NHW
