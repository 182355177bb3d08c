"""Make a galaxy of arrays: N-body models, and particles that another package has read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import ASSUMED, Cosmology, Galaxy, GalaxyName
from galmass_core.imaging.dust import SOLAR_METALLICITY
from galmass_core.sources.assembly import CatalogueEntry, assemble_galaxy
from galmass_core.sources.coverage import PART_TYPES
from galmass_core.sources.particle_file import WIDTHS, Column, Header, ParticleFile, Rows
from galmass_core.sources.ranges import PARTICLES
from galmass_core.sources.species import assumed_age

_PLANCK = Cosmology(hubble=0.6774, omega_matter=0.3089, omega_lambda=0.6911)  # TNG's
_ROUNDED = 1e-4  # of a scale factor, of stars that form now
_REQUIRED = {
    "stars": ("positions", "velocities", "masses"),
    "gas": ("positions", "velocities", "masses", "metallicities"),
    "dark_matter": ("positions", "masses"),
    "black_holes": ("positions", "masses"),
}
_OPTIONAL = {
    "stars": (
        "ages",
        "formation_scale_factors",
        "metallicities",
        "initial_masses",
        "potentials",
    ),
    "gas": (
        "star_formation_rates",
        "neutral_fractions",
        "hydrogen_fractions",
        "temperatures",
        "densities",
        "smoothing_lengths",
        "potentials",
    ),
    "dark_matter": ("potentials",),
    "black_holes": ("potentials",),
}
_UNITS = {  # astropy, unyt and yt; pynbody where its words differ
    "positions": ("kpc", "kpc"),
    "velocities": ("km/s", "km s^-1"),
    "masses": ("Msun", "Msol"),
    "initial_masses": ("Msun", "Msol"),
    "ages": ("Gyr", "Gyr"),
    "potentials": ("km**2/s**2", "km^2 s^-2"),
    "star_formation_rates": ("Msun/yr", "Msol yr^-1"),
    "temperatures": ("K", "K"),
    "densities": ("Msun/kpc**3", "Msol kpc^-3"),
    "smoothing_lengths": ("kpc", "kpc"),
    "centre": ("kpc", "kpc"),
    "box_size": ("kpc", "kpc"),
}
_DIMENSIONLESS = ("", "")
_ADVECTED = ("metallicities", "neutral_fractions", "hydrogen_fractions")  # and not exactly 0 to 1
_MAY_BE_NEGATIVE = ("positions", "velocities", "potentials")
_DATASETS = {name: (Column(name),) for names in _OPTIONAL.values() for name in names} | {
    "positions": (Column("positions"),),
    "velocities": (Column("velocities"),),
    "masses": (Column("masses"),),
    "support_radii": (Column("smoothing_lengths"),),
}
del _DATASETS["smoothing_lengths"], _DATASETS["ages"]

Columns = dict[str, NDArray]


def galaxy_from_arrays(
    *,
    stars: Mapping[str, Any],
    gas: Mapping[str, Any] | None,
    dark_matter: Mapping[str, Any] | None,
    black_holes: Mapping[str, Any] | None,
    centre: Any | None,  # noqa: ANN401
    box_size: Any | None,  # noqa: ANN401
    redshift: float,
    cosmology: Cosmology | None,
    name: str,
) -> Galaxy:
    """Make a galaxy of arrays; see `Galaxy.from_arrays`."""
    given = {"stars": stars, "gas": gas, "dark_matter": dark_matter, "black_holes": black_holes}
    columns = {key: _columns(key, found) for key, found in given.items() if found is not None}
    header = Header(
        name=GalaxyName.parse(name),
        box_size=np.inf if box_size is None else _box_size(box_size, columns),
        scale_factor=1 / (1 + _number("redshift", redshift)),
        cosmology=cosmology or _PLANCK,
        dark_matter_mass=0.0,
    )
    notes = _complete(columns["stars"], header)
    middle = None if centre is None else _array("centre", "centre", centre, (3,))

    def rows(species: str, dataset: str) -> Rows | None:
        values = columns.get(species, {}).get(dataset)
        return None if values is None else Rows(values, {})

    particles = ParticleFile(
        path=Path("arrays"),
        header=header,
        datasets=_DATASETS,
        scale=lambda _quantity, _attributes: 1.0,
        rows=rows,
        species=frozenset(key for key, found in columns.items() if found),
        origin=columns["stars"]["positions"][0] if middle is None else middle,
        unknown=frozenset(key for key, found in given.items() if found is None),
        groups={species: species for species in PART_TYPES},
        notes=notes,
    )
    return assemble_galaxy(particles, None if middle is None else CatalogueEntry(centre=middle))


def _columns(species: str, arrays: Mapping[str, Any]) -> Columns:
    """Check the arrays of a species; no columns if it has no particles."""
    if not isinstance(arrays, Mapping):
        msg = f"{species} must be a dictionary of arrays, got {type(arrays).__name__}"
        raise TypeError(msg)
    required, known = _REQUIRED[species], _REQUIRED[species] + _OPTIONAL[species]
    if unknown := [key for key in arrays if key not in known]:
        msg = f"{species} must have arrays of {', '.join(known)}, got {unknown[0]}"
        raise ValueError(msg)
    if missing := [key for key in required if key not in arrays]:
        if not arrays and species != "stars":
            return {}
        msg = f"{species} must have {', '.join(required)}, got no {missing[0]}"
        raise ValueError(msg)
    count = len(np.atleast_1d(_plain("positions", arrays["positions"])))
    if not count:
        if species != "stars":
            return {}
        msg = "stars must hold particles, got none"
        raise ValueError(msg)
    return {
        key: _array(f"{species}[{key!r}]", key, values, (count, *WIDTHS.get(key, ())))
        for key, values in arrays.items()
    }


def _array(label: str, quantity: str, values: Any, shape: tuple[int, ...]) -> NDArray:  # noqa: ANN401
    """Return values in internal units, a single number for all particles; float64.

    Raises
    ------
    ValueError
        If they have another shape, are not finite, or are impossible.
    """
    array = _plain(quantity, values)
    if not array.ndim and len(shape) == 1 and quantity != "centre":
        array = np.full(shape, array)
    if array.shape != shape:
        msg = f"{label} must have shape {shape}, got {array.shape}"
        raise ValueError(msg)
    if not np.isfinite(array).all():
        msg = f"{label} must be finite, got NaN or infinity"
        raise ValueError(msg)
    lowest, highest = 0.0, np.inf
    if quantity in (*_MAY_BE_NEGATIVE, "centre"):
        lowest = -np.inf
    elif quantity == "formation_scale_factors":
        highest = 1.0
    elif quantity in _ADVECTED:  # as in files
        lowest, highest, _ = PARTICLES[quantity]
    if array.min() < lowest or array.max() > highest:
        msg = f"{label} must be {lowest:g} to {highest:g}, got {array.min():g} to {array.max():g}"
        raise ValueError(msg)
    return array


def _plain(quantity: str, values: Any) -> NDArray:  # noqa: ANN401
    """Return numbers, converted if they have a unit; masked ones become NaN.

    Values with units have a method ``to_value`` (astropy, unyt), ``in_units`` (pynbody) or ``to``
    (pint); those of swiftsimio, which may be comoving, also ``to_physical``.
    """
    unit, pynbody_unit = _UNITS.get(quantity, _DIMENSIONLESS)
    if hasattr(values, "to_physical"):
        values = values.to_physical()
    if hasattr(values, "to_value"):
        values = values.to_value(unit)
    elif hasattr(values, "in_units"):
        values = values.in_units(pynbody_unit) if unit else values
    elif hasattr(values, "to") and (hasattr(values, "unit") or hasattr(values, "units")):
        values = values.to(unit)
        values = values.magnitude if hasattr(values, "magnitude") else values.value
    try:
        return np.ma.filled(np.ma.asanyarray(values).astype(np.float64), np.nan)
    except (TypeError, ValueError) as error:
        msg = f"{quantity} must be numbers, got {error}"
        raise ValueError(msg) from error


def _number(label: str, value: Any) -> float:  # noqa: ANN401
    return float(_array(label, label, value, (1,))[0])


def _box_size(value: Any, columns: Mapping[str, Columns]) -> float:  # noqa: ANN401
    """Return the side of the periodic box; it must hold the particles."""
    side = _number("box_size", value)
    extent = max(np.ptp(found["positions"], axis=0).max() for found in columns.values() if found)
    if not side >= extent:
        msg = f"box_size must be at least the extent of the particles, {extent:g} kpc, got {side:g}"
        raise ValueError(msg)
    return side


def _complete(stars: Columns, header: Header) -> list[str]:
    """Add metallicities and times of formation; return a note for each assumption."""
    notes, count = [], len(stars["masses"])
    if "metallicities" not in stars:
        stars["metallicities"] = np.full(count, SOLAR_METALLICITY)
        notes.append(f"{ASSUMED.format('metallicities')}: all are {SOLAR_METALLICITY}.")
    if "formation_scale_factors" in stars:
        _check_formation(stars, header.scale_factor)
        return notes
    now = float(header.cosmology.age(header.scale_factor))
    if "ages" not in stars:
        age = assumed_age(now)
        stars["ages"] = np.full(count, age)
        notes.append(f"{ASSUMED.format('ages')}: all stars are {age:.3g} Gyr old.")
    ages = stars.pop("ages")
    if not ages.max() < now:
        rule = f"must be below the age of the universe, {now:.4g} Gyr"
        msg = f"stars['ages'] {rule}, got {ages.max():.4g}"
        raise ValueError(msg)
    stars["formation_scale_factors"] = header.cosmology.scale_factor(now - ages)
    return notes


def _check_formation(stars: Columns, now: float) -> None:
    """Raise ValueError unless stars formed after the Big Bang and by now."""
    if "ages" in stars:
        msg = "stars must have ages or formation_scale_factors, got both"
        raise ValueError(msg)
    formed = stars["formation_scale_factors"]
    if not 0 < formed.min() <= formed.max() < now * (1 + _ROUNDED):
        rule = f"above 0 and up to 1 / (1 + redshift) = {now:.6g}"
        msg = f"stars['formation_scale_factors'] must be {rule}, got {formed.min():.6g} to "
        msg += f"{formed.max():.6g}"
        raise ValueError(msg)
