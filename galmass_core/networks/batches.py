"""Scale batches of maps on the training device.

Shape suffixes: B samples of a batch, H rows, W columns.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from galmass_core.networks.scaling import Scaling
from galmass_core.networks.stacks import MapStack
from galmass_core.quantities import map_spec

_SHARE = 0.6  # of a GPU's free memory that maps may take
_CHUNK = 256  # samples copied at a time
_AHEAD = 4  # batches read ahead if they do not fit
_SYMMETRIES = 4  # mirror left-right, mirror up-down, transpose; all velocities reversed


class MapFeed:
    """Batches of maps, from GPU memory if all fit, else read as needed.

    Parameters
    ----------
    stacks : mapping of MapStack
    scaling : Scaling
    device : torch.device
    """

    def __init__(
        self, stacks: Mapping[str, MapStack], scaling: Scaling, device: torch.device
    ) -> None:
        self._stacks, self._scaling, self.device = stacks, scaling, device
        self._codes = None
        size = sum(stack.codes_NHW.nbytes for stack in stacks.values())
        if device.type == "cuda" and size < _SHARE * torch.cuda.mem_get_info(device)[0]:
            self._codes = {key: _copy(stack, device) for key, stack in stacks.items()}

    def maps(self, rows: NDArray) -> dict[str, Tensor]:
        """Return scaled maps of some samples, (B, 1, H, W) each, on the device."""
        return self._scaled(self._read(rows))

    def batches(self, rows: NDArray, size: int) -> Iterator[tuple[NDArray, dict[str, Tensor]]]:
        """Yield rows, ``size`` at a time, with their scaled maps; the last batch may be smaller."""
        pieces = [rows[start : start + size] for start in range(0, len(rows), size)]
        ahead = self.device.type == "cuda" and self._codes is None
        read = self._read_ahead(pieces) if ahead else map(self._read, pieces)
        for piece, codes in zip(pieces, read, strict=True):
            yield piece, self._scaled(codes)

    def _read(self, rows: NDArray) -> dict[str, Tensor]:
        """Return codes of some samples."""
        if self._codes is not None:
            index = torch.from_numpy(rows).to(self.device, non_blocking=True)
            return {key: codes.index_select(0, index) for key, codes in self._codes.items()}
        return {key: torch.from_numpy(stack.codes_NHW[rows]) for key, stack in self._stacks.items()}

    def _read_ahead(self, pieces: list[NDArray]) -> Iterator[dict[str, Tensor]]:
        """Read in another thread while the device computes."""
        with ThreadPoolExecutor(max_workers=1) as thread:
            waiting: deque[Future[dict[str, Tensor]]] = deque()
            for piece in pieces:
                waiting.append(thread.submit(self._read_pinned, piece))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _read_pinned(self, rows: NDArray) -> dict[str, Tensor]:
        """Return codes of some samples in pinned memory."""
        return {key: codes.pin_memory() for key, codes in self._read(rows).items()}

    def _scaled(self, codes: dict[str, Tensor]) -> dict[str, Tensor]:
        """Copy codes to the device and scale them there."""
        return {
            key: self._scaling.maps(self._stacks[key], each.to(self.device, non_blocking=True))
            for key, each in codes.items()
        }


def draw_symmetries(rng: np.random.Generator, number: int) -> NDArray[np.bool_]:
    """Draw the symmetries of each sample, (B, 4): eight of the square, with or without reversal."""
    return rng.integers(2, size=(number, _SYMMETRIES)).astype(bool)


def turn(maps: Mapping[str, Tensor], symmetries_B4: Tensor) -> dict[str, Tensor]:
    """Apply the same symmetries to all maps of a sample; masses do not change.

    The last symmetry reverses all velocities: the time-reversed galaxy is also in equilibrium.

    Parameters
    ----------
    maps : mapping of (B, 1, H, W) float, 0..1
        Scaled evenly about 0 km/s.
    symmetries_B4 : (B, 4) bool
        From `draw_symmetries`.

    Returns
    -------
    dict of (B, 1, H, W) float
    """
    right, up, across, backwards = (each[:, None, None, None] for each in symmetries_B4.unbind(1))
    turned = {}
    for key, x_BCHW in maps.items():
        x_BCHW = torch.where(right, x_BCHW.flip(3), x_BCHW)
        x_BCHW = torch.where(up, x_BCHW.flip(2), x_BCHW)
        x_BCHW = torch.where(across, x_BCHW.transpose(2, 3), x_BCHW)
        odd = map_spec(key).odd
        turned[key] = torch.where(backwards, 1 - x_BCHW, x_BCHW) if odd else x_BCHW
    return turned


def _copy(stack: MapStack, device: torch.device) -> Tensor:
    """Return a stack's codes on a device."""
    codes_NHW = torch.empty(stack.codes_NHW.shape, dtype=torch.int16, device=device)
    for start in range(0, len(codes_NHW), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(codes_NHW)))
        codes_NHW[start : start + _CHUNK] = torch.from_numpy(stack.codes_NHW[rows])
    return codes_NHW
