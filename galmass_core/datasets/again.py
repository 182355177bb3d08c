"""Read the particles of a data set's galaxies again."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.thinning import thin_stars
from galmass_core.galaxy import Galaxy
from galmass_core.imaging.maps import GalaxyMaps, MapConfig, rebin
from galmass_core.quantities.maps import KINEMATIC_PIXELS
from galmass_core.sources import GalaxyRef, ReadOptions

GONE = "the files of the simulation are gone"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A galaxy to read again as it was when its data set was built."""

    name: str
    ref: GalaxyRef
    lines_of_sight: tuple[str, ...]
    config: MapConfig
    thinned: int | None  # number of stars of a data set of thinned galaxies

    @classmethod
    def of(cls, dataset: DataSet, name: str) -> "Source":
        """Return what is needed to read a galaxy of a data set again."""
        rows = dataset.samples.iloc[dataset.rows_of(name)]
        known = {field.name for field in fields(MapConfig)}
        config = {key: value for key, value in dataset.info["maps"].items() if key in known}
        reading: dict[str, Any] = dict(dataset.info.get("reading", {}))
        if "snapshot" in reading:
            reading["snapshot"] = int(reading["snapshot"])
        if "groups" in reading:
            reading["groups"] = Path(reading["groups"])
        path = Path(str(rows["source"].iloc[0])) if "source" in rows else Path()
        return cls(
            name=name,
            ref=GalaxyRef(path, name.rpartition("/")[2], ReadOptions(**reading)),
            lines_of_sight=tuple(rows["los"]),
            config=MapConfig(**config),
            thinned=dataset.info.get("stars"),
        )

    def read(self) -> Galaxy:
        """Read the galaxy.

        Raises
        ------
        OSError, ValueError
            If its file is gone, cannot be read, or holds another galaxy.
        """
        if not _is_there(self.ref.path):
            raise FileNotFoundError(GONE)
        galaxy = self.ref.read()
        if str(galaxy.name) != self.name:
            msg = f"{self.ref.path}: must hold {self.name}, got {galaxy.name}"
            raise ValueError(msg)
        return galaxy if self.thinned is None else thin_stars(galaxy, self.thinned)


def missing_sources(dataset: DataSet) -> int:
    """Return the number of galaxies whose files are gone."""
    sources = dataset.samples.iloc[dataset.first_rows].get("source")
    if sources is None:
        return len(dataset.galaxy_names)
    there = {path: _is_there(Path(path)) for path in map(str, sources.unique())}
    return sum(not there[str(path)] for path in sources)


def _is_there(path: Path) -> bool:
    """Return whether a file or directory exists; of packed data sets only its name is known."""
    return path.is_absolute() and path.exists()


def mismatch(stored: Sequence[GalaxyMaps], moments: Sequence[NDArray]) -> str:
    """Return why stars that were read are not those of a data set; empty if they are.

    Parameters
    ----------
    stored : sequence of GalaxyMaps
        Of each line of sight.
    moments : sequence of (4, 48, 48) float
        Of the stars that were read.
    """
    same = all(
        np.array_equal(rebin(maps.moments_CHW, KINEMATIC_PIXELS)[0], moments_CHW[0])
        for maps, moments_CHW in zip(stored, moments, strict=True)
    )
    return "" if same else "the files hold other stars than when the data set was built"


def reason_of(error: Exception) -> str:
    """Return why a galaxy could not be read, in one line."""
    return " ".join(str(error).split())
