"""Neighbours, columns and masses of particles: ours beside pynbody, swiftsimio and yt."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from galmass_core.benchmarks import agreement_data as data
from galmass_core.benchmarks.agreement_rows import Row, row
from galmass_core.bridges import to_pynbody, to_swiftsimio, to_yt
from galmass_core.galaxy import Galaxy
from galmass_core.imaging.rendering import deposit, deposit_reference
from galmass_core.imaging.smoothing import smoothing_lengths

PIXELS, HALF_WIDTH = 100, 10.0  # kpc
NEIGHBOUR = "distance to the 32nd other star, median"
_MASS, _CENTRE = "mass in the frame, exponential disc", "column in the central 0.8 kpc, same disc"


def pynbody(stars: int) -> Iterator[Row]:
    """Compare neighbours, mass and central column."""
    from pynbody.plot.sph import image

    galaxy = data.disc(stars)
    snapshot = to_pynbody(galaxy)
    yield row(
        "pynbody",
        NEIGHBOUR,
        2 * np.median(np.asarray(snapshot.star["smooth"])),
        ours=np.median(smoothing_lengths(galaxy.stars.positions)),
        truth=searched(galaxy),
        unit="kpc",
        why="pynbody counts the star itself: its 32nd neighbour is the 31st other star, at twice "
        "its smoothing length",
    )
    width = f"{2 * HALF_WIDTH} kpc"
    given: dict[str, Any] = {"qty": "rho", "units": "Msol kpc^-2", "width": width, "noplot": True}
    why = (
        "the projected kernel holds 1 % more than its star's mass, and is taken in the middles of "
    )
    why += "pixels, not integrated over them"
    for pixels in (PIXELS, 4 * PIXELS):
        drawn = np.asarray(image(snapshot.star, resolution=pixels, **given))
        yield from columns("pynbody", galaxy, drawn, why)


def swiftsimio(stars: int) -> Iterator[Row]:
    """Compare neighbours, mass and central column, and one kernel."""
    from swiftsimio import cosmo_array
    from swiftsimio.visualisation.projection import project_pixel_grid
    from swiftsimio.visualisation.projection_backends.kernels import kernel_gamma
    from swiftsimio.visualisation.smoothing_length import generate_smoothing_lengths

    galaxy = data.disc(stars)
    ours, truth = np.median(smoothing_lengths(galaxy.stars.positions)), searched(galaxy)
    whys = {
        1: "swiftsimio counts the star itself: its 32nd neighbour is the 31st other star",
        2: "by default it takes the 16th neighbour, itself included, times the cube root of 2, "
        "which is for three dimensions: this disc is flat",
    }
    with tempfile.TemporaryDirectory() as folder:
        opened = to_swiftsimio(galaxy, Path(folder) / "disc.hdf5")
        places, box = opened.stars.coordinates, opened.metadata.boxsize
        for speedup, why in whys.items():
            lengths = generate_smoothing_lengths(
                places, box, kernel_gamma, neighbours=32, speedup_fac=speedup
            )
            theirs = np.median(lengths.to_physical_value("kpc")) * float(kernel_gamma)
            task = f"{NEIGHBOUR}, speedup_fac={speedup}"
            yield row("swiftsimio", task, theirs, ours=ours, truth=truth, unit="kpc", why=why)
        middle = box.to_physical_value("kpc")[0] / 2
        edges = np.array([-HALF_WIDTH, HALF_WIDTH] * 2) + middle
        region = cosmo_array(edges, "kpc", comoving=False, scale_factor=1.0, scale_exponent=1)
        drawn = project_pixel_grid(opened.stars, PIXELS, "masses", region=region)
        why = "another kernel, Wendland's C2 for our cubic spline, that ends at the same radius"
        yield from columns("swiftsimio", galaxy, drawn.to_physical_value("Msun/kpc**2").T, why)
    yield _one_kernel(float(kernel_gamma))


def _one_kernel(gamma: float) -> Row:
    """Compare the image of one star of a support radius of 40 pixels."""
    from swiftsimio.visualisation.projection_backends.subsampled_extreme import scatter

    one, support = np.zeros(1), np.array([0.4])
    frame: dict[str, Any] = {"half_width": 0.5, "pixels": PIXELS}
    exact = deposit_reference(one, one, support, np.ones((1, 1)), **frame)[0]
    ours = deposit(one, one, support, np.ones((1, 1)), **frame)[0]
    half = np.full(1, 0.5)
    mass, length = np.ones(1, "f4"), (support / gamma).astype("f4")
    theirs = scatter(half, half, mass, length, PIXELS, 0.0, 0.0).T / PIXELS**2
    size = np.linalg.norm(exact)
    return row(
        "swiftsimio",
        "image of one kernel, relative L2 distance from the cubic spline's",
        np.linalg.norm(theirs - exact) / size,
        ours=np.linalg.norm(ours - exact) / size,
        truth=0.0,
        why="another kernel, Wendland's C2, which is not wrong; ours approximates the spline",
    )


def yt(stars: int) -> Iterator[Row]:
    """Compare mass and central column of a deposit, and the mass inside a sphere."""
    from yt import set_log_level

    set_log_level("error")
    galaxy = data.disc(stars)
    box = to_yt(galaxy)
    edge = box.arr([HALF_WIDTH] * 3, "kpc")
    grid = box.arbitrary_grid(-edge, edge, dims=[PIXELS, PIXELS, 1])
    density = grid["deposit", "PartType4_density"].to_value("Msun/kpc**3")[:, :, 0].T
    why = "a star is in one cell of the grid, without a kernel"
    yield from columns("yt", galaxy, density * 2 * HALF_WIDTH, why)
    sphere = box.sphere([0, 0, 0], (data.HALF_LIGHT, "kpc"))
    yield row(
        "yt",
        "mass of stars inside the half-light radius, same disc",
        sphere["PartType4", "particle_mass"].sum().to_value("Msun"),
        ours=galaxy.stars.masses[galaxy.stars.radii < data.HALF_LIGHT].sum(),
        truth=stars * data.STAR_MASS / 2 / 0.995,
        unit="Msun",
        key="log_mstar_1rhsm",
        why="the same stars are counted",
    )


def columns(package: str, galaxy: Galaxy, drawn: NDArray, why: str) -> Iterator[Row]:
    """Compare an image of columns [row, column], Msun/kpc^2, with ours."""
    stars = galaxy.stars
    x, y = stars.positions[:, 0], stars.positions[:, 1]
    pixels = len(drawn)
    lengths, area = smoothing_lengths(stars.positions), (2 * HALF_WIDTH / pixels) ** 2
    frame: dict[str, Any] = {"half_width": HALF_WIDTH, "pixels": pixels}
    ours = deposit(x, y, lengths, stars.masses[None], **frame)[0] / area
    framed = stars.masses[np.maximum(np.abs(x), np.abs(y)) < HALF_WIDTH].sum()
    masses: dict[str, Any] = {
        "ours": ours.sum() * area,
        "truth": framed,
        "unit": "Msun",
        "key": "r",
    }
    yield row(package, f"{_MASS}, {pixels}² pixels", drawn.sum() * area, **masses, why=why)
    few = 2 * pixels // PIXELS
    middle = (slice(pixels // 2 - few, pixels // 2 + few),) * 2
    scale = data.HALF_LIGHT / 1.67834699
    peak = len(stars) / 0.995 * data.STAR_MASS / (2 * np.pi * scale**2)
    distance = np.linspace(-0.4, 0.4, 41)[:-1] + 0.01  # kpc, of the square in the middle
    inside = np.exp(-np.hypot(distance, distance[:, None]) / scale).mean()
    central: dict[str, Any] = {
        "ours": ours[middle].mean(),
        "truth": peak * inside,
        "unit": "Msun/kpc²",
    }
    task = f"{_CENTRE}, {pixels}² pixels"
    yield row(package, task, drawn[middle].mean(), **central, key="r", why=why)


def searched(galaxy: Galaxy) -> float:
    """Return the median distance to the 32nd other star by another search [kpc]."""
    from scipy.spatial import cKDTree

    places = galaxy.stars.positions
    return float(np.median(cKDTree(places).query(places, k=[33])[0]))
