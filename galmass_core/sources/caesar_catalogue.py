"""Read galaxies, halos and lists of particles from a catalogue of caesar.

caesar (Thompson 2014; Davé et al. 2019, Sec. 3) groups stars and dense gas into galaxies by friends
of friends in six dimensions, without unbinding. Its galaxies have no dark matter: that belongs to
halos. Layout: ``caesar/saver.py`` of github.com/dnarayanan/caesar.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import attributes, hdf5
from galmass_core.sources.ranges import GALAXIES, check_range

_LISTS = {  # of the group that has them: rows of the snapshot's PartType
    "stars": ("galaxy_data", "slist"),
    "gas": ("galaxy_data", "glist"),
    "black_holes": ("galaxy_data", "bhlist"),
    "dark_matter": ("halo_data", "dmlist"),
}
_LENGTHS = {"pc": 1e-3, "kpc": 1.0, "Mpc": 1e3}  # kpc
_MOST = 2**36  # star particles of a snapshot
_NO_MINIMUM = "galaxy_data/minpotpos is missing: the centre is that of mass, of stars and gas."
_HALO_MATTER = "Dark matter is that of the whole halo, as caesar gives galaxies none"
_OF_HOST = ": spheres about this satellite hold that of its host."
_OTHER_HALO = (
    "galaxy_data/parent_halo_index is {}, but halo {} lists the stars: that one is used, and "
    "whether the galaxy is a central is unknown."
)


class CaesarGalaxy(NamedTuple):
    """A galaxy in the catalogue."""

    number: int  # GroupID
    centre: NDArray  # kpc
    is_central: bool | None
    halo: int | None
    notes: tuple[str, ...]


def matches(file: hdf5.File) -> bool:
    """Return whether an open file is a catalogue of caesar with galaxies."""
    return "galaxy_data/GroupID" in file and "halo_data" in file


class CaesarCatalogue:
    """A catalogue file; columns are read once, lists galaxy by galaxy.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    redshift : float
    box_size : float, kpc
        NaN if the catalogue does not have it.

    Raises
    ------
    GalaxyFileError
        If the file is damaged, lacks a column, or a column states no unit.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with hdf5.open_file(path) as file:
            group = "simulation_attributes"
            self.redshift = attributes.redshift(file, "redshift", group)
            self._hubble = attributes.number(file, "hubble_constant", group=group)
            self.box_size = self._read_box(file, group)
            self._galaxies = self._read_galaxies(file)
            self._halos = self._read_halos(file)
            minima = "galaxy_data/minpotpos"
            self._has_minima = minima in file
            name = minima if self._has_minima else "galaxy_data/pos"
            centres = hdf5.column(file, name, len(self._galaxies)).with_width(3).read()
            with np.errstate(over="ignore"):
                self._centres = centres.astype(np.float64) * self._length(name, _unit(file, name))
            check_range(path, name, self._centres, GALAXIES["centre"])

    def subhaloes(self) -> pd.DataFrame:
        """Return the ``sample.CUT_COLUMNS`` of all galaxies; the index is GroupID.

        The whole mass of a central is that of its halo, of a satellite that of its baryons.
        """
        galaxies = self._galaxies
        halos = self._halos["mtot"].reindex(galaxies["halo"]).to_numpy()
        unknown = np.full(len(galaxies), np.nan)
        return pd.DataFrame(
            {
                "mstar": galaxies["mstar"],
                "mtot": np.where(galaxies["central"], halos, galaxies["mtot"]),
                "flag": np.ones(len(galaxies), dtype=bool),
                "half_mass_radius": unknown,  # caesar's is about the centre of mass
                "n_star": galaxies["slist_end"] - galaxies["slist_start"],
                "mdm_1rhsm": unknown,
            },
            index=galaxies.index,
        )

    def look_up(self, number: int) -> CaesarGalaxy:
        """Return a galaxy by its GroupID.

        Raises
        ------
        GalaxyFileError
            If there is none.
        """
        if number not in self._galaxies.index:
            msg = f"{self.path}: galaxy_data/GroupID must have {number}, found no such galaxy"
            raise GalaxyFileError(msg)
        entry = _row(self._galaxies, number)
        halo = int(entry["halo"]) if entry["halo"] >= 0 else None
        is_central = bool(entry["central"]) if halo == entry["parent"] else None
        notes = [] if self._has_minima else [_NO_MINIMUM]
        if halo is not None:
            notes.append(_HALO_MATTER + (_OF_HOST if is_central is False else "."))
            if halo != entry["parent"]:
                notes.append(_OTHER_HALO.format(entry["parent"], halo))
        centre = self._centres[self._galaxies.index.get_loc(number)]
        return CaesarGalaxy(number, centre, is_central, halo, tuple(notes))

    def rows(self, species: str, galaxy: CaesarGalaxy, count: int) -> NDArray | None:
        """Return the rows of a galaxy's particles in the snapshot, sorted; None if not listed.

        Dark matter is that of the galaxy's halo.

        Parameters
        ----------
        species : str
        galaxy : CaesarGalaxy
        count : int
            Number of particles of the species in the snapshot.

        Raises
        ------
        GalaxyFileError
            If the list is shorter than the galaxy's part of it, or names other rows than the
            snapshot has.
        """
        group, name = _LISTS[species]
        if species == "dark_matter":
            entry = {} if galaxy.halo is None else _row(self._halos, galaxy.halo)
        else:
            entry = _row(self._galaxies, galaxy.number)
        if f"{name}_start" not in entry:
            return None
        start, stop = int(entry[f"{name}_start"]), int(entry[f"{name}_end"])
        name = f"{group}/lists/{name}"
        with hdf5.open_file(self.path) as file:
            values = file.field(name).with_width()
            if not 0 <= start <= stop <= len(values):
                msg = f"{self.path}: {name} must have {stop} rows or more, got {len(values)}"
                raise GalaxyFileError(msg)
            rows = np.sort(values.whole(start, stop))
        if len(rows) and not 0 <= rows[0] <= rows[-1] < count:
            msg = (
                f"{self.path}: {name} must have numbers from 0 to {count - 1}, particles of the "
                f"snapshot, got {rows[0]} to {rows[-1]}"
            )
            raise GalaxyFileError(msg)
        return rows

    def _read_galaxies(self, file: hdf5.File) -> pd.DataFrame:
        numbers = file.field("galaxy_data/GroupID").with_width().identifiers()
        count = len(numbers)
        parents = hdf5.column(file, "galaxy_data/parent_halo_index", count).with_width()
        centrals = hdf5.column(file, "galaxy_data/central", count).with_width()
        columns = {
            "central": centrals.read().astype(bool),
            "parent": parents.whole(),
            "mstar": self._masses(file, "galaxy_data/dicts/masses.stellar", count),
            "mtot": self._masses(file, "galaxy_data/dicts/masses.total", count),
        }
        for name in ("slist", "glist", "bhlist"):
            columns |= _ends(file, "galaxy_data", name, count)
        if "slist_start" not in columns:
            msg = f"{file.filename}: galaxy_data/lists/slist must be there, got none"
            raise GalaxyFileError(msg)
        table = pd.DataFrame(columns, index=numbers)
        return table.assign(halo=_halo_of_stars(file, table))

    def _read_halos(self, file: hdf5.File) -> pd.DataFrame:
        """Read the halos; their index is the row, which is what galaxies refer to."""
        count = len(file.field("halo_data/dmlist_start"))
        columns = {"mtot": self._masses(file, "halo_data/dicts/masses.total", count)}
        return pd.DataFrame(columns | _ends(file, "halo_data", "dmlist", count))

    def _masses(self, file: hdf5.File, name: str, count: int) -> NDArray:
        """Return masses in Msun; NaN where the catalogue lacks them."""
        if name not in file:
            return np.full(count, np.nan)
        unit = _unit(file, name)
        if unit not in ("Msun", "Msun/h"):
            msg = f"{self.path}: {name} must be in Msun or Msun/h, got {unit}"
            raise GalaxyFileError(msg)
        found = hdf5.column(file, name, count).with_width()
        masses: NDArray = found.read() / (self._hubble if unit == "Msun/h" else 1.0)
        check_range(self.path, name, masses, GALAXIES["masses"])
        return masses

    def _read_box(self, file: hdf5.File, group: str) -> float:
        """Return the side of the box in kpc; NaN if the catalogue does not have it."""
        name, side = "boxsize", attributes.find_numbers(file, "boxsize", group=group)
        unit = attributes.text(file, name, group=f"{group}/units")
        if side is None or not unit:
            return np.nan
        return float(side[0]) * self._length(f"{group}/{name}", unit)

    def _length(self, name: str, unit: str) -> float:
        """Return a unit of length in kpc: ``kpccm`` is comoving."""
        parts = re.fullmatch(r"([kM]?pc)(cm)?(/h)?", unit)
        if parts is None:
            msg = f"{self.path}: {name} must be in kpc, kpccm, Mpc or Mpccm (/h), got {unit}"
            raise GalaxyFileError(msg)
        comoving = 1 / (1 + self.redshift) if parts[2] else 1.0
        return _LENGTHS[parts[1]] * comoving / (self._hubble if parts[3] else 1.0)


def _halo_of_stars(file: hdf5.File, galaxies: pd.DataFrame) -> NDArray:
    """Return the row of the halo that lists each galaxy's first star, -1 for none.

    ``parent_halo_index`` is that of another halo in catalogues of versions before May 2020.
    """
    if "halo_data/lists/slist" not in file:
        return galaxies["parent"].to_numpy()
    of_galaxies, first = file.field("galaxy_data/lists/slist").with_width(), galaxies["slist_start"]
    stars = of_galaxies.whole()
    of_halos = file.field("halo_data/lists/slist").with_width().whole()
    columns = [file.field(f"halo_data/slist_{end}").with_width() for end in ("start", "end")]
    starts, ends = (column.whole() for column in columns)
    if len(starts) != len(ends):
        columns[1].refuse(f"have {len(starts)} rows as {columns[0].name} has", len(ends))
    if not len(stars) or min(stars.min(), np.min(of_halos, initial=0), first.min()) < 0:
        of_galaxies.refuse("have rows of the snapshot from 0 on", "none or negative ones")
    if max(stars.max(), np.max(of_halos, initial=0)) >= _MOST:
        of_galaxies.refuse(f"have rows of the snapshot below {_MOST}", "others")
    if np.any(ends < starts) or np.any(ends[:-1] != starts[1:]) or ends[-1:].sum() != len(of_halos):
        msg = f"{file.filename}: halo_data/slist_end must be where the next list starts, to the end"
        raise GalaxyFileError(msg)
    halos = np.full(max(np.max(of_halos, initial=-1), np.max(stars, initial=-1)) + 1, -1, "i4")
    halos[of_halos] = np.repeat(np.arange(len(starts)), ends - starts)
    return halos[stars[np.minimum(first, len(stars) - 1)]]


def _row(table: pd.DataFrame, number: int) -> dict[str, Any]:
    return dict(table.loc[number])


def _ends(file: hdf5.File, group: str, name: str, count: int) -> dict[str, NDArray]:
    """Return where the list of each object starts and ends; empty if the catalogue has none."""
    names = [f"{name}_start", f"{name}_end"]
    if f"{group}/lists/{name}" not in file:
        return {}
    return {end: hdf5.column(file, f"{group}/{end}", count).with_width().whole() for end in names}


def _unit(file: hdf5.File, name: str) -> str:
    unit = attributes.text(file, "unit", group=name)
    if not unit:
        msg = f"{file.filename}: {name} must state its unit, got no attribute 'unit'"
        raise GalaxyFileError(msg)
    return unit
