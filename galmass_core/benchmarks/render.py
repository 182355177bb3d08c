"""Part ``render``: stars on the sky -> images of 300 x 300 pixels, beside swiftsimio's backends.

The peers draw one image a call. ``nested`` runs at its best: a frame padded to 320 pixels, so that
six levels fit, and its coarsest kernels (ntarget 3). The error is the relative L2 error against
the kernel integrated over every pixel in float64; swiftsimio's own kernel is another, which makes
about 1e-2 of it.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from galmass_core.benchmarks.galaxies import disc_galaxy
from galmass_core.benchmarks.peers import installed
from galmass_core.benchmarks.timing import OURS, Figure, compare
from galmass_core.rendering import deposit, deposit_reference
from galmass_core.smoothing import smoothing_lengths

SIZES = (1_000, 10_000, 100_000, 1_000_000)
NESTED, SUBSAMPLED = "swiftsimio nested, tuned", "swiftsimio subsampled"
_BACKENDS = "swiftsimio.visualisation.projection_backends"
PEERS = {NESTED: f"{_BACKENDS}.nested", SUBSAMPLED: f"{_BACKENDS}.subsampled"}
_HALF_WIDTH, _PIXELS = 3.0, 300
_PADDED = {NESTED: 320, SUBSAMPLED: 300}  # pixels along the side of a peer's frame
_TUNED = {NESTED: (3, 6), SUBSAMPLED: ()}  # ntarget and levels
_GAMMA = 1.897367  # support over smoothing length of swiftsimio's kernel

Image = Callable[[], NDArray]


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time one, two and three images of a galaxy, which share a walk over the stars.

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
    stars = (*np.ascontiguousarray(positions[:, :2].T), support)
    frame = {"half_width": _HALF_WIDTH, "pixels": _PIXELS}
    truth = deposit_reference(*stars, light[None], **frame)[0]
    theirs = _peer_images(*stars, light) if peers else {}
    for count in (1, 2, 3):
        ours = partial(deposit, *stars, np.repeat(light[None], count, axis=0), **frame)
        calls = {OURS: ours} | {key: _repeated(one, count) for key, one in theirs.items()}
        for figure in compare(f"images of 300², {count}", size, calls):
            image = ours()[0] if figure.program == OURS else _cut(theirs[figure.program]())
            error = np.linalg.norm(image - truth) / np.linalg.norm(truth)
            yield replace(figure, error=float(error))


def _peer_images(x: NDArray, y: NDArray, support: NDArray, light: NDArray) -> dict[str, Image]:
    """Prepare the peers' arrays; each call makes one image."""
    images = {}
    for program, backend in installed(PEERS).items():
        side = _PADDED[program]
        width = 2 * _HALF_WIDTH * side / _PIXELS
        sky = (x / width + 0.5, y / width + 0.5)
        rest = (light.astype("f4"), (support / width / _GAMMA).astype("f4"), side, 0.0, 0.0)
        images[program] = partial(backend.scatter, *sky, *rest, *_TUNED[program])
    return images


def _repeated(image: Image, count: int) -> Callable[[], None]:
    """Make an image several times."""

    def run() -> None:
        for _ in range(count):
            image()

    return run


def _cut(image: NDArray) -> NDArray:
    """Return the frame of a peer's image [x, y] as ours, in light per pixel."""
    side = len(image)
    edge = (side - _PIXELS) // 2
    return image[edge : side - edge, edge : side - edge].T.astype(float) / side**2
