"""Open a data set on disk: its samples as a table, their maps, and tensors for networks.

A data set is a folder: ``dataset.json`` (its description, written last), ``index.parquet`` (one row
per sample), ``excluded.parquet`` (excluded galaxies with reasons) and ``maps/shard-*.h5``. `build`
writes it; `shards` encodes the maps.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from galmass_core.datasets.dataset_files import (
    DESCRIPTION,
    EXCLUDED,
    INDEX,
    wrong_excluded,
    wrong_samples,
    wrong_shard,
    wrong_tables,
)
from galmass_core.datasets.folders import (
    DataSetError,
    locate,
    read_description,
    read_table,
    shard_path,
    similar_names,
)
from galmass_core.datasets.shards import read_maps, read_profile_rows, read_profiles
from galmass_core.galaxy import NO_LINE_OF_SIGHT
from galmass_core.imaging.frames import PAPER, UNITS, Frame
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.quantities import IMAGE_PIXELS, QUANTITIES, is_known_column, map_keys, map_spec
from galmass_core.storage.checksums import wrong_size

if TYPE_CHECKING:
    import torch

_MISSING_MATTER = {  # number of particles, unknown where a file holds none: name, what is empty
    "n_dm": ("dark matter", "its mass, the total mass and fractions"),
    "n_gas": ("gas", "its mass, the total mass, fractions, and light behind its dust"),
}
COLUMN_TYPES = {"is_central": "boolean", "host_group": "Int64"}  # of columns that may be missing


def open_dataset(path_or_name: str | Path) -> "DataSet":
    """Open a data set.

    Parameters
    ----------
    path_or_name : str or Path
        Its folder, or its name in the home folder.

    Returns
    -------
    DataSet

    Raises
    ------
    DataSetError
        If it does not exist, its build is not finished, it is damaged, or has another schema.
    """
    folder = locate(path_or_name)
    info = read_description(folder)
    if wrong_tables(folder, info):
        info = read_description(folder)  # a join may have ended between the two
    for wrong in wrong_tables(folder, info):
        raise DataSetError(wrong)
    samples = read_table(folder / INDEX)
    if wrong := wrong_samples(samples, info):
        msg = f"{folder / INDEX}: {wrong}"
        raise DataSetError(msg)
    excluded = read_table(folder / EXCLUDED)
    if wrong := wrong_excluded(excluded):
        msg = f"{folder / EXCLUDED}: {wrong}"
        raise DataSetError(msg)
    if joined := info.get("joined"):  # see `replace_samples`
        info["joined"] = [record for record in joined if set(record["columns"]) <= set(samples)]
    return DataSet(path=folder, info=info, samples=samples, excluded=excluded)


@dataclass(frozen=True, kw_only=True, eq=False)
class DataSet:
    """Galaxies with their maps and true masses, three lines of sight each.

    Attributes
    ----------
    path : Path
    info : dict
        Content of ``dataset.json``: how the data set was built.
    samples : pandas.DataFrame
        One row per sample: ``name``, ``los``, and columns described in `quantities`.
    excluded : pandas.DataFrame
        ``name``, ``reason`` and ``source`` of each excluded galaxy.
    """

    path: Path
    info: dict[str, Any]
    samples: pd.DataFrame
    excluded: pd.DataFrame

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def has_maps(self) -> bool:
        """Whether the data set has maps, not only tables."""
        return bool(self.info["shards"])

    @property
    def channels(self) -> tuple[str, ...]:
        """What is stored for further maps, of `quantities.CHANNELS`."""
        return tuple(self.info.get("maps", {}).get("channels", ()))

    @property
    def joined_columns(self) -> list[str]:
        """Columns from joined tables that `quantities` does not describe."""
        names = [name for record in self.info.get("joined", []) for name in record["columns"]]
        return [name for name in names if name in self.samples and not is_known_column(name)]

    def redefined(self, columns: Iterable[str]) -> dict[str, str]:
        """Return what some columns hold instead of what they mean, as of a catalogue."""
        texts = self.info.get("definitions", {})
        return {key: texts[key] for key in columns if texts.get(key)}

    @cached_property
    def checksum(self) -> str:
        """Hash of the description, which includes the maps' checksums, and of the table."""
        digest = hashlib.sha256()
        for name in (DESCRIPTION, INDEX):
            digest.update((self.path / name).read_bytes())
        return digest.hexdigest()

    @cached_property
    def galaxy_names(self) -> list[str]:
        """Unique names of the galaxies, in the order of the samples."""
        return list(self._numbered[1])

    @property
    def galaxy_numbers(self) -> NDArray[np.intp]:
        """Place of each sample's galaxy in `galaxy_names`, (n,) int."""
        return self._numbered[0]

    @cached_property
    def galaxy_places(self) -> dict[str, int]:
        """Place of each galaxy in `galaxy_names`, by name."""
        return {name: place for place, name in enumerate(self.galaxy_names)}

    @cached_property
    def _numbered(self) -> tuple[NDArray[np.intp], NDArray[np.object_]]:
        numbers, names = pd.factorize(self.samples["name"])
        return numbers, np.asarray(names, dtype=object)

    @cached_property
    def simulations(self) -> "pd.Categorical[str]":
        """Simulation of each sample, such as ``TNG300-1``, (n,)."""
        names = [name.split("/")[1] for name in self.galaxy_names]
        return pd.Categorical(names).take(self.galaxy_numbers)

    @cached_property
    def _lines_of_sight(self) -> NDArray[np.object_]:
        """Line of sight of each sample, (n,)."""
        return np.asarray(self.samples["los"], dtype=object)

    @cached_property
    def _rows_by_galaxy(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row numbers sorted by galaxy, and where each galaxy's begin; in the end, their number."""
        starts = np.searchsorted(np.sort(self.galaxy_numbers), np.arange(len(self.galaxy_names)))
        return np.argsort(self.galaxy_numbers, kind="stable"), np.append(starts, len(self))

    @property
    def first_rows(self) -> NDArray[np.intp]:
        """Row number of the first sample of each galaxy."""
        rows, starts = self._rows_by_galaxy
        return rows[starts[:-1]]

    def rows_of(self, name: str) -> NDArray[np.intp]:
        """Return the row numbers of a galaxy's samples; none if there is no such galaxy."""
        place = self.galaxy_places.get(name)
        rows, starts = self._rows_by_galaxy
        return rows[:0] if place is None else rows[starts[place] : starts[place + 1]]

    def are_of(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """Return which samples are of these galaxies, (n,) bool."""
        chosen = np.zeros(len(self.galaxy_names) + 1, dtype=bool)
        chosen[np.fromiter((self.galaxy_places.get(name, -1) for name in names), int)] = True
        chosen[-1] = False  # names of no galaxy
        return chosen[self.galaxy_numbers]

    def galaxies_at(self, rows: ArrayLike) -> list[str]:
        """Return the galaxies of some samples, in the order of `galaxy_names`.

        Parameters
        ----------
        rows : (n,) bool or (B,) int
            A mask over the samples, or row numbers.
        """
        found = np.zeros(len(self.galaxy_names), dtype=bool)
        found[self.galaxy_numbers[np.asarray(rows)]] = True
        return list(self._numbered[1][found])

    @cached_property
    def galaxies(self) -> pd.DataFrame:
        """Table of one row per galaxy, indexed by name; columns are means over lines of sight."""
        known = [key for key in map(str, self.samples) if is_known_column(key)]
        per_sample = [key for key in known if QUANTITIES[key].per_sample]
        by_galaxy = self.samples.groupby("name", sort=False)
        galaxies = by_galaxy.first().drop(columns=["los", "shard", "row"], errors="ignore")
        galaxies[per_sample] = by_galaxy[per_sample].mean()
        return galaxies.assign(n_samples=by_galaxy.size())

    def missing_matter(self) -> dict[str, str]:
        """Return the species that the files of some galaxies do not hold, and what is empty."""
        galaxies = self.samples.filter(list(_MISSING_MATTER)).iloc[self.first_rows]
        counts, total = galaxies.isna().sum(), len(galaxies)
        return {
            species: f"not in the files of {counts[key]:,} of {total:,} galaxies: {empty} are empty"
            for key, (species, empty) in _MISSING_MATTER.items()
            if counts.get(key)
        }

    def row(self, name: str, line_of_sight: str) -> pd.Series:
        """Return the row of one sample.

        Parameters
        ----------
        name : str
            ``suite/simulation/snapshot/subhalo``.
        line_of_sight : str
            ``x``, ``y`` or ``z``; for galaxies without a line of sight, as in a catalogue, any of
            them returns the only sample.

        Raises
        ------
        KeyError
            If it is not in the data set; the message lists similar names.
        """
        return self.samples.iloc[self.row_number(name, line_of_sight)]

    def row_number(self, name: str, line_of_sight: str) -> int:
        """Return the place of a sample in the table; parameters and errors as of `row`."""
        rows = self.rows_of(name)
        lines_of_sight = list(self._lines_of_sight[rows])
        for wanted in (line_of_sight, NO_LINE_OF_SIGHT):
            if wanted in lines_of_sight:
                return int(rows[lines_of_sight.index(wanted)])
        near = ", ".join(similar_names(name, self.galaxy_names))
        msg = f"no galaxy {name} along {line_of_sight} in {self.path}; try {near}"
        raise KeyError(msg)

    def maps(self, name: str, line_of_sight: str) -> GalaxyMaps:
        """Read the raw maps of one sample.

        Raises
        ------
        KeyError
            If it is not in the data set.
        DataSetError
            If the data set has no maps, or their file is missing or damaged.
        """
        ((_, maps),) = self.read_maps([self.row_number(name, line_of_sight)])
        return maps

    def profiles(self, name: str) -> pd.DataFrame:
        """Read a galaxy's mass profiles, as returned by `targets.mass_profiles`.

        Raises
        ------
        KeyError
            If it is not in the data set.
        DataSetError
            If the data set has no maps, or their file is missing or damaged.
        """
        row = self.row(name, str(self.samples["los"].iloc[0]))
        with self._open_shard(row.get("shard", np.nan)) as shard:
            return read_profiles(shard, row["row"])

    def read_profiles(self) -> Iterator[tuple[NDArray[np.intp], NDArray]]:
        """Read the mass profiles of all samples shard by shard.

        Yields
        ------
        (B,) int
            Rows of `samples`.
        (B, 6, R) float32
            As `profiles` returns, its columns first.

        Raises
        ------
        DataSetError
            If a file of the maps is missing or damaged.
        """
        places = self.samples.reindex(columns=["shard", "row"]).reset_index(drop=True).dropna()
        for number in places["shard"].unique():
            rows = places.loc[places["shard"] == number, "row"]
            with self._open_shard(number) as shard:
                yield rows.index.to_numpy(), read_profile_rows(shard, rows.to_numpy(int))

    @property
    def frame(self) -> Frame:
        """How far its maps reach; the paper's without maps."""
        return Frame.of(self.info["maps"]) if "maps" in self.info else PAPER

    def half_widths(self, rows: pd.DataFrame, frame: Frame | None = None) -> NDArray[np.float64]:
        """Return half of the side of its frame, or of another, of rows [kpc], NaN if unknown."""
        frame = frame or self.frame
        column = UNITS[frame.unit]
        widths = frame.half_widths({column: rows.get(column, np.nan)})
        return np.broadcast_to(widths, len(rows))

    def tensors(
        self,
        keys: Sequence[str] | None = None,
        rows: ArrayLike | None = None,
        *,
        pixels: int = IMAGE_PIXELS[0],
    ) -> dict[str, "torch.Tensor"]:
        """Read maps as arrays for a network.

        Parameters
        ----------
        keys : sequence of str, optional
            Of `quantities.MAPS`; by default all that are no controls: ``r``, ``g-r``, ``V`` and
            ``sigma``.
        rows : (B,) int, optional
            Rows of `samples`; all by default.
        pixels : int
            Side of images (``r`` and ``g-r``): 300, 150 or 60 in the paper. The others have their
            own, 48 in the paper.

        Returns
        -------
        dict of (B, P, P) float32
            Units as in `maps.GalaxyMaps.view`; NaN where there is nothing to show.

        Raises
        ------
        ValueError
            If a key is unknown or ``pixels`` does not divide the stored side.
        DataSetError
            If the data set has no maps, or their file is missing or damaged.
        """
        import torch

        keys = map_keys() if keys is None else keys
        sides = {key: map_spec(key).side(pixels) for key in keys}
        rows = np.arange(len(self)) if rows is None else np.asarray(rows)
        stacks = {key: np.empty((len(rows), side, side), "f4") for key, side in sides.items()}
        for place, maps in self.read_maps(rows):
            for key, side in sides.items():
                stacks[key][place] = maps.view(key, side)
        return {key: torch.from_numpy(stack) for key, stack in stacks.items()}

    def read_maps(self, rows: ArrayLike) -> Iterator[tuple[int, GalaxyMaps]]:
        """Read samples shard by shard.

        Parameters
        ----------
        rows : (B,) int
            Rows of `samples`.

        Yields
        ------
        int
            Position in ``rows``.
        GalaxyMaps

        Raises
        ------
        DataSetError
            If the data set has no maps, or their file is missing or damaged.
        """
        rows = np.asarray(rows)
        shards, shard_rows, radii = (
            self.samples[name].to_numpy()[rows].astype(float)
            if name in self.samples
            else np.full(len(rows), np.nan)
            for name in ("shard", "row", "half_mass_radius")
        )
        half_widths = self.half_widths(self.samples.iloc[rows])
        order = np.argsort(shards, kind="stable")
        for number, group in groupby(order, key=lambda place: float(shards[place])):
            places = list(group)
            with self._open_shard(number) as shard:
                read = read_maps(shard, shard_rows[places].astype(int), self.channels)
                for place, (flux_CHW, moments_CHW, further) in zip(places, read, strict=True):
                    maps = GalaxyMaps(
                        flux_CHW=flux_CHW,
                        moments_CHW=moments_CHW,
                        further=further,
                        half_mass_radius=radii[place],
                        half_width=half_widths[place],
                    )
                    yield place, maps

    def _open_shard(self, number: float) -> h5py.File:
        """Open a shard for reading; not cached, so that threads and forked processes are safe."""
        if not self.has_maps:
            msg = f"{self.path}: has no maps, only tables"
            raise DataSetError(msg)
        path = shard_path(self.path, int(number))
        record = self.info["shards"].get(path.name, {})
        if wrong := wrong_size(path, record):
            raise DataSetError(wrong)
        written = path.name, path.stat().st_mtime_ns if path.exists() else 0
        try:
            shard = h5py.File(path, "r")
        except OSError as error:
            msg = f"{path}: must be a shard of maps, but is missing or damaged: {error}"
            raise DataSetError(msg) from error
        if written not in self._sound:  # it takes longer than to read a sample
            if wrong := wrong_shard(shard, self.info, record):
                shard.close()
                msg = f"{path}: {wrong}"
                raise DataSetError(msg)
            self._sound.add(written)
        return shard

    @cached_property
    def _sound(self) -> set[tuple[str, int]]:
        """Shards that were found to be as described, and when they were written."""
        return set()
