"""Kinematic axis and bins of a velocity map: ours beside those of pafit and PowerBin."""

from collections.abc import Iterator

import numpy as np

from galmass_core.benchmarks import agreement_data as data
from galmass_core.benchmarks.agreement_rows import Row, row
from galmass_core.bridges import to_pafit, to_powerbin
from galmass_core.datasets.star_controls import STARS_PER_BIN, bin_adaptively
from galmass_core.observations.rotation import fit_rotation

_RATIO = 0.6  # of the axes of the rotating disc


def pafit(stars: int) -> Iterator[Row]:
    """Compare the position angle of the receding side."""
    from pafit.fit_kinematic_pa import fit_kinematic_pa

    maps = data.maps_of(data.disc(stars, ratio=_RATIO), half_width=3.0, pixels=60)
    given = to_pafit(maps)
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
        "about one axis and tells which end recedes; both search steps of half a degree",
    )


def powerbin(stars: int) -> Iterator[Row]:
    """Compare the stars in the smallest bin."""
    from powerbin import PowerBin

    moments_CHW = data.maps_of(data.disc(stars, ratio=_RATIO), half_width=3.0, pixels=60)
    ours = np.unique(bin_adaptively(moments_CHW.moments_CHW)[0])
    given = to_powerbin(moments_CHW, STARS_PER_BIN)
    binned = PowerBin(**given, verbose=0)
    yield row(
        "powerbin",
        f"stars in the smallest bin, {STARS_PER_BIN} wanted",
        np.bincount(binned.bin_num, given["capacity_spec"]).min(),
        ours=ours[ours > 0].min(),
        truth=STARS_PER_BIN,
        unit="stars",
        why="theirs aims at round bins with the wanted number on average, ours halves pixels as "
        "long as both halves have at least as many",
    )
