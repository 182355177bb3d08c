"""Hold one simulated galaxy as arrays, the only form of particles inside galmass.

Units: kpc (physical), km/s, Msun, Gyr. Positions are measured from the galaxy's centre and
velocities from its bulk motion; ``sources`` is the only place that converts. N counts particles.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from galmass_core.photometry import stellar_luminosities

G = 4.30091e-6  # gravitational constant, kpc (km/s)^2 / Msun
ASSUMED = "stars/{} is missing"  # of a note on a field that is a guess for all stars
GUESSES = {  # what notes say of fields that are guesses, for all stars or some
    "ages": (ASSUMED.format("ages"), "no time of birth"),
    "metallicities": (ASSUMED.format("metallicities"),),
}
LINES_OF_SIGHT = ("x", "y", "z")
NO_LINE_OF_SIGHT = "none"  # of a catalogue's samples, which are not projected


def sky_axes(line_of_sight: str) -> tuple[int, int, int]:
    """Return the box axes that point right, up and away from the observer.

    Raises
    ------
    ValueError
        If ``line_of_sight`` is not x, y or z.
    """
    if line_of_sight not in LINES_OF_SIGHT:
        msg = f"line_of_sight must be one of {', '.join(LINES_OF_SIGHT)}, got {line_of_sight!r}"
        raise ValueError(msg)
    away = LINES_OF_SIGHT.index(line_of_sight)
    return (away + 1) % 3, (away + 2) % 3, away


class GalaxyFileError(ValueError):
    """Error of a file that cannot be read as a galaxy; the message names file, field and rule."""


class UnavailableError(OSError):
    """A file that cannot be read now but may be later: in use by another process, or not served."""


class GalaxyName(NamedTuple):
    """A galaxy's name, ``suite/simulation/snapshot/subhalo``, in its four parts."""

    suite: str
    simulation: str
    snapshot: str
    subhalo: str

    @classmethod
    def parse(cls, name: str) -> "GalaxyName":
        """Split ``TNG/TNG100-1/99/501761``.

        Raises
        ------
        ValueError
            If the name does not have four non-empty parts.
        """
        parts = name.split("/")
        if len(parts) != 4 or not all(parts):
            msg = f"a galaxy's name must be suite/simulation/snapshot/subhalo, got {name!r}"
            raise ValueError(msg)
        return cls(*parts)

    def __str__(self) -> str:
        return "/".join(self)


@dataclass(frozen=True, kw_only=True)
class Cosmology:
    """Flat LambdaCDM cosmology from the file's header.

    Ages and scale factors of NaN, or under a mask, are NaN.
    """

    hubble: float  # H0 / (100 km/s/Mpc)
    omega_matter: float
    omega_lambda: float

    def age(self, scale_factor: NDArray | float) -> NDArray:
        """Return the age of the universe [Gyr]: 2 / (3 H0 sqrt(OL)) asinh(sqrt(OL / Om) a^1.5)."""
        hubble_time = 977.7922216807891 / (100.0 * self.hubble)  # Gyr
        ratio = np.sqrt(self.omega_lambda / self.omega_matter)
        growth = np.arcsinh(ratio * _known(scale_factor) ** 1.5)
        return 2.0 / 3.0 * hubble_time / np.sqrt(self.omega_lambda) * growth

    def scale_factor(self, age: NDArray | float) -> NDArray:
        """Return the scale factor when the universe had an age [Gyr]; the inverse of `age`."""
        growth = _known(age) / self.age(1.0)
        ratio = np.sqrt(self.omega_lambda / self.omega_matter)
        return (np.sinh(growth * np.arcsinh(ratio)) / ratio) ** (2.0 / 3.0)


def _known(values: ArrayLike) -> NDArray:
    """Return numbers, NaN where they are masked."""
    return np.ma.filled(np.ma.asanyarray(values).astype(float), np.nan)


def distances(positions: NDArray) -> NDArray:
    """Return the distance of each particle from the origin; (N,)."""
    return np.sqrt(np.einsum("ij,ij->i", positions, positions))  # a fourth of the time of norm


def ascending(values: NDArray) -> NDArray:
    """Return the order of numbers, (N,) int; equal ones stay in the order of their rows."""
    order = np.argsort(values)  # in a quarter of the time of a stable sort
    ordered = values[order]
    same = ordered[1:] == ordered[:-1]
    if same.any():
        tied = np.append(same, False) | np.append(False, same)
        number = np.cumsum(~np.append(False, same))[tied]  # of the value
        order[tied] = np.sort(number * len(order) + order[tied]) % len(order)
    return order


class Coordinate:
    """A coordinate of particles, with their order along it, which is found once.

    Attributes
    ----------
    values : (N,) float, kpc
    """

    def __init__(self, values: NDArray) -> None:
        self.values = values

    @cached_property
    def order(self) -> NDArray:
        """The particles as of `ascending`; (N,) int."""
        return ascending(self.values)


class Outwards(NamedTuple):
    """Particles from the galaxy's centre outwards: their rows, distances and masses, (N,) each."""

    order: NDArray
    radii: NDArray
    masses: NDArray


@dataclass(frozen=True, kw_only=True)
class _Particles:
    """Check that all arrays have the same N rows, then make them read-only."""

    positions: NDArray  # (N, 3) kpc
    masses: NDArray  # (N,) Msun, now

    def __post_init__(self) -> None:
        count = len(self.masses)
        for field in fields(self):
            array = getattr(self, field.name)
            if array is None:
                continue
            if len(array) != count:
                name = f"{type(self).__name__}.{field.name}"
                msg = f"{name} must have {count} rows as masses has, got {len(array)}"
                raise ValueError(msg)
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.masses)

    @cached_property
    def radii(self) -> NDArray:
        """Distance of each particle from the galaxy's centre; (N,), kpc."""
        return distances(self.positions)

    @cached_property
    def outwards(self) -> Outwards:
        """The particles from the centre outwards, kpc and Msun."""
        order = np.argsort(self.radii)
        return Outwards(order, self.radii[order], self.masses[order])

    def mass_within(self, radius: float) -> float:
        """Return the mass inside a sphere around the centre [Msun]; zero if no particle is there.

        Parameters
        ----------
        radius : float, kpc

        Raises
        ------
        ValueError
            If it is not positive.
        """
        if not radius > 0:
            msg = f"the radius of a sphere must be positive (kpc), got {radius}"
            raise ValueError(msg)
        _, radii, masses = self.outwards
        return float(masses[: radii.searchsorted(radius, side="right")].sum())


@dataclass(frozen=True, kw_only=True)
class Stars(_Particles):
    """Star particles; wind-phase particles are not among them (they are in `Gas`)."""

    velocities: NDArray  # (N, 3) km/s
    initial_masses: NDArray  # (N,) Msun, at birth
    ages: NDArray  # (N,) Gyr
    metallicities: NDArray  # (N,) mass fraction
    magnitudes: NDArray | None = None  # (N, 2) absolute AB magnitude in g, r, no dust
    potentials: NDArray | None = None  # (N,) (km/s)^2, of the whole box
    smoothing_lengths: NDArray | None = None  # (N,) kpc, to the 32nd other star, if in the file

    @cached_property
    def coordinates(self) -> tuple[Coordinate, ...]:
        """x, y and z, which lines of sight share."""
        return tuple(map(Coordinate, np.ascontiguousarray(self.positions.T)))

    @cached_property
    def angular_momenta(self) -> NDArray:
        """Specific angular momentum of each star about the centre; (N, 3), kpc km/s."""
        (x, y, z), (u, v, w) = self.positions.T, self.velocities.T
        return np.stack([y * w - z * v, z * u - x * w, x * v - y * u]).T  # np.cross is slower

    @cached_property
    def luminosities(self) -> NDArray:
        """Light of each star in the bands g and r, without dust; (2, N), Lsun."""
        return stellar_luminosities(
            self.ages, self.metallicities, self.initial_masses, self.magnitudes
        )


@dataclass(frozen=True, kw_only=True)
class Gas(_Particles):
    """Gas cells, and wind-phase particles (temporarily decoupled gas, without neutral hydrogen)."""

    velocities: NDArray  # (N, 3) km/s
    neutral_hydrogen_masses: NDArray  # (N,) Msun
    metallicities: NDArray  # (N,) mass fraction
    star_formation_rates: NDArray  # (N,) Msun/yr
    smoothing_lengths: NDArray  # (N,) kpc, support radius of the kernel that deposits the cell

    @cached_property
    def neutral(self) -> "Gas":
        """The cells with neutral hydrogen, column after column."""
        rows = np.flatnonzero(self.neutral_hydrogen_masses > 0)
        columns = {field.name: getattr(self, field.name).T for field in fields(self)}
        return Gas(**{name: values.take(rows, axis=-1).T for name, values in columns.items()})

    @cached_property
    def metallicity(self) -> float:
        """Mean metallicity by mass; NaN without gas."""
        return float(np.average(self.metallicities, weights=self.masses)) if len(self) else np.nan


@dataclass(frozen=True, kw_only=True)
class DarkMatter(_Particles):
    """Dark-matter particles."""


@dataclass(frozen=True, kw_only=True)
class BlackHoles(_Particles):
    """Black holes with their dynamical masses."""


@dataclass(frozen=True, kw_only=True)
class Galaxy:
    """All bound particles of one subhalo, centred and at rest.

    Gas and dark matter are None where the source does not hold them: their mass is then unknown,
    and so is the total. A galaxy without gas has a `Gas` of no cells.

    Attributes
    ----------
    name : GalaxyName
        ``suite/simulation/snapshot/subhalo``.
    source : str
        The file it was read from.
    half_mass_radius : float, kpc
        R_hsm: radius of the sphere that holds half of the bound stellar mass.
    redshift : float
    cosmology : Cosmology
    is_central : bool or None
        Whether it is the central galaxy of its halo; None without a catalogue.
    host_group : int or None
        Number of the host halo in the catalogue.
    is_cosmological : bool or None
        TNG's SubhaloFlag: False for a clump that may not be a galaxy; None without a flag.
    notes : tuple of str
        Fields that the file lacks and what replaces them, one sentence each.
    """

    name: GalaxyName
    source: str
    half_mass_radius: float
    redshift: float
    cosmology: Cosmology
    stars: Stars
    gas: Gas | None
    dark_matter: DarkMatter | None
    black_holes: BlackHoles
    is_central: bool | None = None
    host_group: int | None = None
    is_cosmological: bool | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def from_arrays(
        cls,
        *,
        stars: Mapping[str, Any],
        gas: Mapping[str, Any] | None = None,
        dark_matter: Mapping[str, Any] | None = None,
        black_holes: Mapping[str, Any] | None = None,
        centre: ArrayLike | None = None,
        box_size: float | None = None,
        redshift: float = 0.0,
        cosmology: Cosmology | None = None,
        name: str = "user/arrays/0/1",
    ) -> "Galaxy":
        """Make a galaxy of arrays, checked, centred and brought to rest like one from a file.

        Arrays are plain numbers in the units below, or have units (astropy, unyt, yt, pynbody,
        swiftsimio) and are converted. A single number is that of all particles.

        Parameters
        ----------
        stars : mapping
            ``positions`` (N, 3) in kpc, not comoving; ``velocities`` (N, 3) in km/s; ``masses``
            (N,) in Msun. Optional: ``ages`` in Gyr or ``formation_scale_factors`` (if both are
            missing, 10 Gyr), ``metallicities`` as mass fractions (0.02), ``initial_masses`` in
            Msun, ``potentials`` in (km/s)^2.
        gas : mapping, optional
            ``positions``, ``velocities``, ``masses``, ``metallicities``. Optional:
            ``star_formation_rates`` in Msun/yr, ``neutral_fractions`` (of hydrogen),
            ``hydrogen_fractions`` (of the mass), ``temperatures`` in K, ``densities`` in
            Msun/kpc^3, ``smoothing_lengths`` (support radius of the kernel) in kpc. None: unknown;
            an empty mapping or arrays without rows: there is none.
        dark_matter, black_holes : mapping, optional
            ``positions`` and ``masses``; None and empty as for gas.
        centre : (3,) float, optional, kpc
            By default the particle of lowest potential if ``potentials`` are given, else as for a
            file without a catalogue.
        box_size : float, optional, kpc
            Side of the periodic box; without it positions are not wrapped.
        redshift : float
        cosmology : Cosmology, optional
            TNG's by default.
        name : str
            ``suite/simulation/snapshot/subhalo``; different for each galaxy of a data set.

        Returns
        -------
        Galaxy
            Its ``notes`` state what was missing and what is assumed.

        Raises
        ------
        TypeError
            If a species is not a mapping.
        ValueError
            If an array is missing or unknown, has the wrong shape, is not finite or is impossible,
            or if size or mass are not those of a galaxy.
        """
        from galmass_core.sources.arrays import galaxy_from_arrays

        return galaxy_from_arrays(
            stars=stars,
            gas=gas,
            dark_matter=dark_matter,
            black_holes=black_holes,
            centre=centre,
            box_size=box_size,
            redshift=redshift,
            cosmology=cosmology,
            name=name,
        )

    @property
    def is_synthetic(self) -> bool:
        """Whether it was generated by galmass, not by a simulation."""
        return self.name.suite == "synthetic"

    @property
    def components(self) -> dict[str, _Particles]:
        """The particle species by name, stars first, without those that the source lacks."""
        species = {
            "stars": self.stars,
            "gas": self.gas,
            "dark_matter": self.dark_matter,
            "black_holes": self.black_holes,
        }
        return {name: particles for name, particles in species.items() if particles is not None}

    def assumes(self, field: str) -> bool:
        """Return whether a field of `GUESSES` is one, for all stars or some."""
        return any(words in note for note in self.notes for words in GUESSES[field])

    @property
    def has_all_matter(self) -> bool:
        """Whether the total mass is known: the source holds gas and dark matter."""
        return self.gas is not None and self.dark_matter is not None
