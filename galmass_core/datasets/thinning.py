"""Thin galaxies to the same number of stars.

Stars of a simulation have nearly equal mass: the number of pixels with a star, and the noise of V
and σ, reveal the mass to a network without any physics. With the same number of stars in every
galaxy they do not.
"""

import hashlib
from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import Galaxy
from galmass_core.photometry import BANDS, absolute_magnitude
from galmass_core.sample import MIN_STARS


def check_stars(stars: int) -> None:
    """Raise ValueError unless this number of stars is enough for a map."""
    if stars < MIN_STARS:
        msg = f"stars must be at least {MIN_STARS}, got {stars}"
        raise ValueError(msg)


def thin_stars(galaxy: Galaxy, stars: int, *, seed: int = 0) -> Galaxy:
    """Keep a random subset of a galaxy's stars, scaled to the same totals.

    The draw is seeded by the galaxy's name and ``seed``: it depends neither on the order of reading
    nor on other galaxies. Mass, initial mass and light of the stars in g and r are scaled, each by
    its own factor, so that totals are kept. Smoothing lengths are recomputed for the remaining
    stars. Everything else, including R_hsm, is unchanged.

    Parameters
    ----------
    galaxy : Galaxy
    stars : int
        Number of stars to keep.
    seed : int
        Data sets are built with 0.

    Returns
    -------
    Galaxy
        With magnitudes, even if `galaxy` has none and its light is from the SSP table.

    Raises
    ------
    ValueError
        If the galaxy has fewer stars.
    """
    full = galaxy.stars
    if len(full) < stars:
        msg = f"stars must be at most the {len(full)} of {galaxy.name}, got {stars}"
        raise ValueError(msg)
    drawn = _draw(str(galaxy.name), len(full), stars, seed)
    columns = {field.name: getattr(full, field.name) for field in fields(full)}
    columns = {key: each[drawn] for key, each in columns.items() if each is not None}
    light = zip(BANDS, full.luminosities, strict=True)
    columns |= {
        "smoothing_lengths": None,
        "masses": _scale_to_total(full.masses, drawn),
        "initial_masses": _scale_to_total(full.initial_masses, drawn),
        "magnitudes": np.column_stack(
            [absolute_magnitude(_scale_to_total(each, drawn), band) for band, each in light]
        ),
    }
    return replace(galaxy, stars=replace(full, **columns))


def _draw(name: str, count: int, stars: int, seed: int) -> NDArray:
    """Return the indices of random stars, in the order of the file."""
    words = f"{name} {seed}" if seed else name
    number = int.from_bytes(hashlib.sha256(words.encode()).digest())
    return np.sort(np.random.default_rng(number).choice(count, stars, replace=False))


def _scale_to_total(values: NDArray, drawn: NDArray) -> NDArray:
    """Return the values of the drawn stars, scaled to the sum of all."""
    return values[drawn] * (values.sum(dtype=float) / values[drawn].sum(dtype=float))
