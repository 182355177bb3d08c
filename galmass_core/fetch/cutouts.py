"""Fetch the cutouts of the sample's galaxies: only the fields that galmass reads, checked.

A cutout has a JSON record beside it, made from the catalogue in the names of the API's own.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.fetch.client import Client
from galmass_core.fetch.errors import BadRequestError
from galmass_core.fetch.run import SnapshotInfo
from galmass_core.fetch.status import StatusWriter
from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import attributes, hdf5
from galmass_core.sources.arepo import Units
from galmass_core.sources.coverage import PART_TYPES
from galmass_core.storage.atomic import write_json

Row = Mapping[Any, Any]  # of the catalogue: column to value
API_NAMES = {"stars": "stars", "gas": "gas", "dark_matter": "dm", "black_holes": "bhs"}
WORKERS = 4  # requests at a time: what the API's users have found to be tolerated
COUNTS = {"stars": "n_star", "gas": "n_gas", "dark_matter": "n_dm", "black_holes": "n_bh"}
FIELDS = {  # dataset: bytes of a row
    "stars": {
        "Coordinates": 24,
        "Velocities": 12,
        "Masses": 4,
        "GFM_InitialMass": 4,
        "GFM_Metallicity": 4,
        "GFM_StellarFormationTime": 4,
        "GFM_StellarPhotometrics": 32,
        "Potential": 4,
        "StellarHsml": 4,
    },
    "gas": {  # for dust
        "Coordinates": 24,
        "Velocities": 12,
        "Masses": 4,
        "Density": 4,
        "GFM_Metallicity": 4,
        "GFM_Metals": 40,
        "NeutralHydrogenAbundance": 4,
        "StarFormationRate": 4,
        "SubfindHsml": 4,
    },
    "dark_matter": {"Coordinates": 24},
    "black_holes": {"Coordinates": 24, "Masses": 4},
}
OPTIONAL = (  # the API does not have all of them for mini snapshots, and for Illustris
    ("stars", "GFM_StellarPhotometrics"),
    ("stars", "Potential"),
    ("stars", "StellarHsml"),
    ("gas", "GFM_Metals"),
    ("gas", "NeutralHydrogenAbundance"),
    ("gas", "SubfindHsml"),
)


@dataclass(kw_only=True)
class CutoutFetcher:
    """Fetch cutouts of one snapshot; may be used by several threads.

    Attributes
    ----------
    client : Client
    info : SnapshotInfo
    subhaloes : DataFrame
        From `read_group_catalogue`, of which the counts and places are used.
    left_out : Counter
        Number of subhaloes that a condition excludes, by reason.
    status : StatusWriter, optional
        Of the fetch that the cutouts are for.
    absent : set of (str, str)
        Species and datasets that the API has turned out not to have.
    """

    client: Client
    info: SnapshotInfo
    subhaloes: pd.DataFrame
    left_out: Counter[str] = field(default_factory=Counter)
    status: StatusWriter | None = None
    absent: set[tuple[str, str]] = field(default_factory=set)
    _asking: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def fetch(self, subhalo: int, row: Row, folder: Path) -> Path:
        """Fetch one cutout and write its record, unless both are there.

        Parameters
        ----------
        subhalo : int
        row : mapping
            Of the catalogue, as `row` returns.
        folder : Path

        Returns
        -------
        Path
            ``cutout_ID.hdf5`` in the folder.

        Raises
        ------
        ApiError, UnavailableError
            If it cannot be fetched.
        """
        path = folder / f"cutout_{subhalo}.hdf5"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            fields = self.fields(row)
            try:
                self._download(subhalo, path, fields, row)
            except BadRequestError:
                self._find_absent(subhalo, path.with_suffix(".field"), fields, row)
                if self.fields(row) == fields:
                    raise
                self._download(subhalo, path, self.fields(row), row)
        record = path.with_suffix(".json")
        if not record.exists():
            write_json(record, self._record(subhalo, row))
        return path

    def place(self, subhalo: int) -> str:
        """Return the address of a subhalo, below the base of the API."""
        return f"{self.info.run}/snapshots/{self.info.snapshot}/subhalos/{subhalo}"

    def row(self, subhalo: int) -> Row:
        """Return a subhalo's row of the catalogue."""
        return self.subhaloes.loc[[subhalo]].to_dict(orient="records")[0]

    def fields(self, row: Row) -> dict[str, list[str]]:
        """Return the datasets to request of each species that a subhalo has."""
        return {
            species: [name for name in names if (species, name) not in self.absent]
            for species, names in FIELDS.items()
            if row[COUNTS[species]] > 0
        }

    def _find_absent(
        self, subhalo: int, path: Path, fields: Mapping[str, list[str]], row: Row
    ) -> None:
        """Ask for each optional field alone, as one that is absent is enough for a refusal."""
        with self._asking:
            if self.fields(row) != fields:  # another thread has found out meanwhile
                return
            found = set()
            for species, name in OPTIONAL:
                if name in fields.get(species, ()):
                    try:
                        self._download(subhalo, path, {species: [name]}, row)
                    except BadRequestError:
                        found.add((species, name))
            path.unlink(missing_ok=True)
            self.absent |= found

    def _download(
        self, subhalo: int, path: Path, fields: Mapping[str, list[str]], row: Row
    ) -> None:
        query = "&".join(f"{API_NAMES[name]}={','.join(part)}" for name, part in fields.items())
        self.client.download(
            f"{self.place(subhalo)}/cutout.hdf5?{query}",
            path,
            lambda file: check_cutout(file, fields, row),
        )

    def _record(self, subhalo: int, row: Row) -> dict[str, Any]:
        """Return the subhalo's record with the names and units of the API."""
        length = Units(self.info.header["Time"], self.info.hubble).length
        counts = {f"len_{API_NAMES[name]}": int(row[column]) for name, column in COUNTS.items()}
        return {
            "id": subhalo,
            "snap": self.info.snapshot,
            **{f"pos_{axis}": float(row[axis] / length) for axis in "xyz"},
            "halfmassrad_stars": float(row["half_mass_radius"] / length),
            "primary_flag": int(row["is_central"]),
            "grnr": int(row["host_group"]),
            "subhaloflag": int(row["flag"]),
            **counts,
        }


def check_cutout(file: hdf5.File, fields: Mapping[str, list[str]], row: Row) -> None:
    """Raise GalaxyFileError unless a file is a subhalo's cutout with all rows of all fields.

    Parameters
    ----------
    file : hdf5.File
    fields : mapping of species to list of str
        Datasets that were requested.
    row : mapping
        Of the catalogue, with the number of particles of each species.
    """
    attributes.number(file, "HubbleParam")
    for species, names in fields.items():
        for name in names:
            _check_rows(file, f"{PART_TYPES[species]}/{name}", int(row[COUNTS[species]]))


def _check_rows(file: hdf5.File, key: str, count: int) -> None:
    rows = len(file.field(key))
    if rows != count:
        msg = f"{file.filename}: {key} must have {count} rows, as in the catalogue, got {rows}"
        raise GalaxyFileError(msg)


def cutout_bytes(subhaloes: pd.DataFrame) -> NDArray[np.int64]:
    """Return the size of each cutout [bytes], from its numbers of particles."""
    sizes = {name: sum(FIELDS[name].values()) for name in COUNTS}
    columns = [size * subhaloes[COUNTS[name]].to_numpy(np.int64) for name, size in sizes.items()]
    return np.sum(columns, axis=0, dtype=np.int64)
