"""Axis, bins and dispersions of velocities: ours beside pafit and five other packages."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from galmass_core.benchmarks import agreement_data as data
from galmass_core.benchmarks.agreement_rows import Row, row
from galmass_core.bridges import to_pafit, to_powerbin, to_spectral_cube
from galmass_core.datasets.star_controls import STARS_PER_BIN, bin_adaptively
from galmass_core.imaging.maps import GalaxyMaps, MapConfig
from galmass_core.imaging.projection import project
from galmass_core.observations.rotation import fit_rotation
from galmass_core.photometry import BANDS

_RATIO = 0.6  # of the axes of the rotating disc


def pafit(stars: int) -> Iterator[Row]:
    """Compare the position angle of the receding side."""
    from pafit.fit_kinematic_pa import fit_kinematic_pa

    given = to_pafit(_maps(stars))
    angle, _, _ = fit_kinematic_pa(**given, nsteps=361, plot=False, quiet=True)
    east, bins = -given["x"], np.arange(len(given["x"]))
    yield row(
        "pafit",
        f"kinematic position angle, rotating disc, q = {_RATIO}",
        angle,
        ours=fit_rotation(east, given["y"], given["vel"], given["dvel"], bins).position_angle,
        truth=data.POSITION_ANGLE,
        unit="°",
        why="theirs compares the map with its own mirrored copies, ours fits rings that rotate "
        "about one axis and says which end recedes; both search steps of half a degree",
    )


def powerbin(stars: int) -> Iterator[Row]:
    """Compare the stars in the smallest bin."""
    from powerbin import PowerBin

    given = to_powerbin(_maps(stars), STARS_PER_BIN)
    binned = PowerBin(**given, verbose=0)
    yield _smallest_bin("powerbin", stars, np.bincount(binned.bin_num, given["capacity_spec"]))


def vorbin(stars: int) -> Iterator[Row]:
    """Compare the stars in the smallest bin."""
    from vorbin.voronoi_2d_binning import voronoi_2d_binning

    given = to_powerbin(_maps(stars), STARS_PER_BIN)
    count = given["capacity_spec"]
    noise = {"noise": np.sqrt(count), "target_sn": np.sqrt(STARS_PER_BIN)}
    numbers = voronoi_2d_binning(*given["xy"].T, count, **noise, plot=False, quiet=True)[0]
    yield _smallest_bin("vorbin", stars, np.bincount(numbers, count))


def _smallest_bin(package: str, stars: int, counts: NDArray) -> Row:
    """Compare the stars in the smallest bin with that of ours."""
    ours = np.unique(bin_adaptively(_maps(stars).moments_CHW)[0])
    return row(
        package,
        f"stars in the smallest bin, {STARS_PER_BIN} wanted",
        counts.min(),
        ours=ours[ours > 0].min(),
        truth=STARS_PER_BIN,
        unit="stars",
        why="theirs aims at round bins with the wanted number on average, ours halves pixels as "
        "long as both halves have at least as many",
    )


def plotbin(stars: int) -> Iterator[Row]:
    """Compare the rotation that is left in a map made symmetric."""
    from plotbin.symmetrize_velfield import symmetrize_velfield

    given = to_pafit(_maps(stars))
    places = (given["x"], given["y"], given["vel"])
    ours = np.percentile(np.abs(given["vel"]), 90)
    for sym in (2, 1):
        made = symmetrize_velfield(*places, sym=sym, pa=data.POSITION_ANGLE)
        yield row(
            "plotbin",
            f"90th percentile of speed in a symmetric map, rotating disc, sym={sym}",
            np.percentile(np.abs(made), 90),
            ours=ours,
            unit="km/s",
            why="of ours as it is; sym=2, the default, is for maps without a sense such as σ, "
            "sym=1 for velocities",
        )


def spectral_cube(stars: int) -> Iterator[Row]:
    """Compare mean velocity and dispersion of the whole disc on its receding half."""
    galaxy = data.disc(stars, ratio=_RATIO)
    config = MapConfig(half_width=3.0, kinematic_pixels=2, dust="none")
    cube = to_spectral_cube(galaxy, "z", distance=10.0, config=config)
    sky, width = project(galaxy, "z", dust="none"), 3.0 * galaxy.half_mass_radius
    inside = (sky.x > -width) & (sky.x < 0) & (sky.y > 0) & (sky.y < width)
    speeds, light = sky.velocities[inside], sky.luminosities[BANDS.index("r")][inside]
    mean = np.average(speeds, weights=light)
    ours = {"mean velocity": mean, "σ": np.sqrt(np.average((speeds - mean) ** 2, weights=light))}
    moments = {"mean velocity": cube.moment1(), "σ": cube.linewidth_sigma()}
    for name, found in moments.items():
        yield row(
            "spectral_cube",
            f"{name} of the light of a quarter of the disc, channels of 10 km/s",
            found.to_value("km/s")[1, 0],
            ours=ours[name],
            unit="km/s",
            why="of channels by to_spectral_cube; ours is of single stars",
        )


def ppxf(stars: int) -> Iterator[Row]:
    """Compare velocity and dispersion of the whole disc, seen as a spectrum."""
    from ppxf.ppxf import ppxf as fit

    speeds = data.disc(stars, ratio=_RATIO).stars.velocities[:, 2]
    step = 20.0  # km/s per pixel
    template = 1 - np.random.default_rng(3).uniform(0, 0.5, 1200) * (np.arange(1200) % 7 == 0)
    shares = np.bincount(np.rint(speeds / step).astype(int) + 60, minlength=121) / len(speeds)
    spectrum = np.convolve(template, shares, mode="same")[100:-100]
    noise = np.full(spectrum.shape, 0.01)
    cut = {"vsyst": -100 * step, "moments": 2, "degree": -1, "quiet": True}
    found = fit(template, spectrum, noise, step, [0.0, 100.0], **cut).sol
    why = "theirs is the Gaussian that fits best; velocities of a whole disc have two peaks"
    for name, theirs, ours in zip(("V", "σ"), found, (speeds.mean(), speeds.std()), strict=True):
        task = f"{name} of the whole disc's spectrum, q = {_RATIO}"
        key = "sigma_v" if name == "σ" else ""
        yield row("ppxf", task, theirs, ours=ours, unit="km/s", key=key, why=why)


def _maps(stars: int) -> GalaxyMaps:
    """Return maps of the rotating disc."""
    return data.maps_of(data.disc(stars, ratio=_RATIO), half_width=3.0, pixels=60)
