"""Galaxy -> the same galaxy seen through fewer stars, as many in every galaxy.

Stars of a simulation have nearly equal mass: how many pixels hold a star, and how grainy V and σ
are, tells a network the mass without any physics. With as many stars in every galaxy it cannot.
"""

import hashlib
from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import Galaxy
from galmass_core.photometry import BANDS, absolute_magnitude
from galmass_core.sample import MIN_STARS


def check_stars(stars: int) -> None:
    """Raise ValueError unless that many stars make a map."""
    if stars < MIN_STARS:
        msg = f"stars must be at least {MIN_STARS}, got {stars}"
        raise ValueError(msg)


def thin_stars(galaxy: Galaxy, stars: int) -> Galaxy:
    """Keep some of a galaxy's stars, drawn at random, each with a larger share of the whole.

    The draw is seeded by the galaxy's name: it depends neither on when the galaxy is read nor on
    which others are. Mass, initial mass and light of the stars in g and r are scaled, each by a
    factor of its own, so that their totals stay. Smoothing lengths are those among the stars kept.
    All else, R_hsm too, stays as it is.

    Parameters
    ----------
    galaxy : Galaxy
    stars : int
        How many to keep.

    Returns
    -------
    Galaxy
        With magnitudes, also where `galaxy` has none and the SSP table gives its light.

    Raises
    ------
    ValueError
        If the galaxy has fewer stars.
    """
    full = galaxy.stars
    if len(full) < stars:
        msg = f"stars must be at most the {len(full)} of {galaxy.name}, got {stars}"
        raise ValueError(msg)
    drawn = _draw(str(galaxy.name), len(full), stars)
    columns = {field.name: getattr(full, field.name) for field in fields(full)}
    columns = {key: each[drawn] for key, each in columns.items() if each is not None}
    light = zip(BANDS, full.luminosities, strict=True)
    columns |= {
        "smoothing_lengths": None,
        "masses": _share_out(full.masses, drawn),
        "initial_masses": _share_out(full.initial_masses, drawn),
        "magnitudes": np.column_stack(
            [absolute_magnitude(_share_out(each, drawn), band) for band, each in light]
        ),
    }
    return replace(galaxy, stars=replace(full, **columns))


def _draw(name: str, count: int, stars: int) -> NDArray:
    """Choose stars, in the order of the file."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest())
    return np.sort(np.random.default_rng(seed).choice(count, stars, replace=False))


def _share_out(values: NDArray, drawn: NDArray) -> NDArray:
    """Scale the values of the drawn stars to the sum of all."""
    return values[drawn] * (values.sum(dtype=float) / values[drawn].sum(dtype=float))
