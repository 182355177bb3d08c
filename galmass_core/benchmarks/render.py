"""Part ``render``: render images of 300 x 300 pixels, compared with swiftsimio's backends.

The peers render one image per call, so that three cost three times as much. ``nested`` is tuned: a
frame padded to 320 pixels, so that six levels fit, and its coarsest kernels (ntarget 3). The error
is the relative L2 error against the kernel integrated over every pixel in float64; swiftsimio has
another kernel: the image of one star is 8e-2 from ours if both end at the same radius, as here
(3e-2 if its own ended 5 % further out), and less where kernels overlap (`agreement`).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from galmass_core.benchmarks.galaxies import disc_galaxy
from galmass_core.benchmarks.peers import installed
from galmass_core.benchmarks.timing import OURS, Figure, compare
from galmass_core.imaging.rendering import deposit, deposit_reference
from galmass_core.imaging.smoothing import smoothing_lengths

SIZES = (1_000, 10_000, 100_000, 1_000_000)
NESTED, SUBSAMPLED = "swiftsimio nested, tuned", "swiftsimio subsampled"
_BACKENDS = "swiftsimio.visualisation.projection_backends"
PEERS = {NESTED: f"{_BACKENDS}.nested", SUBSAMPLED: f"{_BACKENDS}.subsampled"}
_TASK = "images of 300²:"
_HALF_WIDTH, _PIXELS = 3.0, 300
_PADDED = {NESTED: 320, SUBSAMPLED: 300}  # pixels along the side of a peer's frame
_TUNED = {NESTED: (3, 6), SUBSAMPLED: ()}  # ntarget and levels
_GAMMA = 1.897367  # support over smoothing length of swiftsimio's kernel

Image = Callable[[], NDArray]


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time one, two and three images of a galaxy, which share a loop over the stars.

    Parameters
    ----------
    size : int
        Number of stars.
    peers : bool
        Whether to run the installed peers too.

    Yields
    ------
    Figure
    """
    positions, light = disc_galaxy(size)
    support = smoothing_lengths(positions)
    x, y = np.ascontiguousarray(positions[:, :2].T)
    ours = partial(deposit, x, y, support, half_width=_HALF_WIDTH, pixels=_PIXELS)
    truth = deposit_reference(x, y, support, light[None], half_width=_HALF_WIDTH, pixels=_PIXELS)[0]
    calls: dict[str, Image] = {OURS: partial(ours, light[None])}
    calls |= _peer_images(x, y, support, light) if peers else {}
    single = []
    for figure in compare(f"{_TASK} 1", size, calls):
        image = calls[figure.program]()
        image = image[0] if figure.program == OURS else _cut(image)
        error = np.linalg.norm(image - truth) / np.linalg.norm(truth)
        single.append(replace(figure, error=float(error)))
    yield from single
    for count in (2, 3):
        together = partial(ours, np.repeat(light[None], count, axis=0))
        (figure,) = compare(f"{_TASK} {count}", size, {OURS: together})
        yield replace(figure, error=single[0].error)
        yield from (_several(peer, count, figure) for peer in single[1:])


def _several(peer: Figure, count: int, ours: Figure) -> Figure:
    """Return the time of several images with a peer."""
    cpu_ms = count * peer.cpu_ms
    return replace(peer, task=ours.task, cpu_ms=cpu_ms, ratio=ours.cpu_ms / cpu_ms)


def _peer_images(x: NDArray, y: NDArray, support: NDArray, light: NDArray) -> dict[str, Image]:
    """Prepare the peers' arrays; each call renders one image."""
    images: dict[str, Image] = {}
    for program, backend in installed(PEERS).items():
        side = _PADDED[program]
        width = 2 * _HALF_WIDTH * side / _PIXELS
        sky = (x / width + 0.5, y / width + 0.5)
        rest = (light.astype("f4"), (support / width / _GAMMA).astype("f4"), side, 0.0, 0.0)
        images[program] = partial(backend.scatter, *sky, *rest, *_TUNED[program])
    return images


def _cut(image: NDArray) -> NDArray:
    """Convert a peer's image [x, y] to our convention, in light per pixel."""
    side = len(image)
    edge = (side - _PIXELS) // 2
    return image[edge : side - edge, edge : side - edge].T.astype(float) / side**2
