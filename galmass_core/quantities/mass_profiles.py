"""Masses of a profile: at which radii they are learned, and what their columns are called.

``log_mdm_0.5rhsm`` is the logarithm of the dark-matter mass inside half a R_hsm, ``log_mdm_5kpc``
that inside 5 kpc. Tables of data sets hold those inside 1 and 2 R_hsm only; the others follow from
the stored profiles.
"""

from typing import Literal

from galmass_core.quantities.quantity import Quantity
from galmass_core.quantities.targets import FAMILIES

Unit = Literal["rhsm", "kpc"]
PROFILE_RADII: dict[Unit, tuple[float, ...]] = {
    "rhsm": (0.25, 0.35, 0.5, 0.7, 1, 1.5, 2, 2.5, 3, 4),
    "kpc": (1, 2, 3, 5, 10, 20),
}
PROFILE_MASSES = {"log_mstar": "mstar", "log_mdm": "mdm", "log_mtot": "mtot"}  # in stored profiles
_UNITS = {"rhsm": "R_hsm", "kpc": "kpc"}


def profile_column(stem: str, radius: float, unit: str) -> str:
    """Return the column of a mass inside a radius, such as ``log_mdm_0.5rhsm``."""
    return f"{stem}_{radius:g}{unit}"


def profile_sequences() -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the columns of each mass (of `PROFILE_MASSES`) and unit of radii, from the inside."""
    return {
        (stem, unit): tuple(profile_column(stem, radius, unit) for radius in radii)
        for unit, radii in PROFILE_RADII.items()
        for stem in PROFILE_MASSES
    }


def profile_columns() -> tuple[str, ...]:
    """Return the columns of all masses at all radii."""
    return tuple(key for keys in profile_sequences().values() for key in keys)


def _inside_radius(stem: str, radius: float, unit: str) -> Quantity:
    """Return the quantity of a mass inside a radius."""
    family, text = FAMILIES[stem], f"{radius:g} {_UNITS[unit]}"
    return Quantity(
        key=profile_column(stem, radius, unit),
        symbol=f"{family.symbol}(<{text})",
        name=f"{family.name} inside {text}",
        unit=family.unit,
        kind="target",
        log=True,
        help=family.help.format(r=text),
    )


PROFILE_QUANTITIES = {
    profile_column(stem, radius, unit): _inside_radius(stem, radius, unit)
    for unit, radii in PROFILE_RADII.items()
    for stem in PROFILE_MASSES
    for radius in radii
}
