"""Neighbours and columns of particles: ours beside meshoid and sarracen."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from galmass_core.benchmarks import agreement_data as data
from galmass_core.benchmarks.agreement_particles import (
    HALF_WIDTH,
    NEIGHBOUR,
    PIXELS,
    columns,
    searched,
)
from galmass_core.benchmarks.agreement_rows import Row, row
from galmass_core.imaging.smoothing import smoothing_lengths


def meshoid(stars: int) -> Iterator[Row]:
    """Compare neighbours, mass and central column."""
    from meshoid import Meshoid

    galaxy = data.disc(stars)
    places = galaxy.stars.positions
    mesh = Meshoid(places, galaxy.stars.masses, des_ngb=32, n_jobs=1)
    yield row(
        "meshoid",
        NEIGHBOUR,
        np.median(mesh.SmoothingLength()),
        ours=np.median(smoothing_lengths(places)),
        truth=searched(galaxy),
        unit="kpc",
        why="theirs is the radius in which the kernel's weights, not the stars, add up to 32 of "
        "three dimensions, the star itself included; this disc is flat",
    )
    drawn = mesh.SurfaceDensity(size=2 * HALF_WIDTH, center=np.zeros(3), res=PIXELS)
    why = "the outermost pixels are centred on the frame's edges, so that the image is of pixels "
    why += f"of 1/{PIXELS - 1} of its side, over which kernels are not integrated"
    yield from columns("meshoid", galaxy, drawn.T, why)


def sarracen(stars: int) -> Iterator[Row]:
    """Compare mass and central column."""
    from sarracen import SarracenDataFrame
    from sarracen.interpolate import interpolate_3d_proj

    galaxy = data.disc(stars)
    lengths = smoothing_lengths(galaxy.stars.positions) / 2  # its kernel ends at twice them
    table = pd.DataFrame(galaxy.stars.positions, columns=["x", "y", "z"])
    table = table.assign(m=galaxy.stars.masses, h=lengths, rho=galaxy.stars.masses / lengths**3)
    frame = {"x_pixels": PIXELS, "y_pixels": PIXELS}
    edges = {"xlim": (-HALF_WIDTH, HALF_WIDTH), "ylim": (-HALF_WIDTH, HALF_WIDTH)}
    given = SarracenDataFrame(table, params={"hfact": 1.0})
    drawn = interpolate_3d_proj(given, "rho", normalize=False, **frame, **edges)
    why = "the same kernel, taken in the middles of pixels, not integrated over them; by default, "
    why += "normalize=True, it is a mean and no column"
    yield from columns("sarracen", galaxy, drawn, why)
