"""Read the particles of a data set's galaxies again."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from operator import itemgetter
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.thinning import thin_stars
from galmass_core.galaxy import Galaxy, GalaxyName
from galmass_core.imaging.maps import GalaxyMaps, MapConfig, rebin
from galmass_core.parallel import map_in_order
from galmass_core.quantities.maps import KINEMATIC_PIXELS
from galmass_core.sources import GalaxyRef, ReadOptions

Task = TypeVar("Task")
Made = TypeVar("Made")
GONE = "the files of the simulation are gone"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A galaxy to read again as it was when its data set was built."""

    name: str
    ref: GalaxyRef
    lines_of_sight: tuple[str, ...]
    config: MapConfig
    half_widths: tuple[float, ...]  # of the frames of the lines of sight, kpc
    thinned: int | None  # number of stars of a data set of thinned galaxies

    @classmethod
    def of(cls, dataset: DataSet, name: str) -> "Source":
        """Return what is needed to read a galaxy of a data set again."""
        rows = dataset.samples.iloc[dataset.rows_of(name)]
        known = {field.name for field in fields(MapConfig)}
        config = {key: value for key, value in dataset.info["maps"].items() if key in known}
        config["channels"] = dataset.channels
        reading: dict[str, Any] = dict(dataset.info.get("reading", {}))
        path = Path(str(rows["source"].iloc[0])) if "source" in rows else Path()
        snapshot = GalaxyName.parse(name).snapshot
        if path.is_absolute() and path.is_dir() and snapshot.isdecimal():
            reading.setdefault("snapshot", snapshot)  # a later one may have come
        if "snapshot" in reading:
            reading["snapshot"] = int(reading["snapshot"])
        if "groups" in reading:
            reading["groups"] = Path(reading["groups"])
        return cls(
            name=name,
            ref=GalaxyRef(path, name.rpartition("/")[2], ReadOptions(**reading)),
            lines_of_sight=tuple(rows["los"]),
            config=MapConfig(**config),
            half_widths=tuple(dataset.half_widths(rows).tolist()),
            thinned=dataset.info.get("stars"),
        )

    def read(self) -> Galaxy:
        """Read the galaxy.

        Raises
        ------
        OSError, ValueError
            As of `read_whole`.
        """
        galaxy = self.read_whole()
        return galaxy if self.thinned is None else thin_stars(galaxy, self.thinned)

    def read_whole(self) -> Galaxy:
        """Read the galaxy with all of its stars.

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
        return galaxy


@dataclass(frozen=True, kw_only=True)
class ReadGalaxy(Generic[Made]):
    """A galaxy of `read_beside`.

    Attributes
    ----------
    name : str
    rows : (L,) int
        Its samples.
    stored : list of GalaxyMaps
        Of each line of sight.
    made : object or None
        Of its particles; None if nothing was to be made, or for the reason.
    reason : str
        Why its stars could not be read; empty if they were, or none are needed.
    """

    name: str
    rows: NDArray[np.intp]
    stored: list[GalaxyMaps]
    made: Made | None
    reason: str


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


def read_beside(
    dataset: DataSet,
    names: Sequence[str],
    make: Callable[[Task], Made | str],
    tasks: Sequence[Task],
    moments: Callable[[Made], Sequence[NDArray]],
    workers: int,
) -> Generator[ReadGalaxy[Made], None, None]:
    """Read the stored maps of galaxies, and beside them make something of their particles.

    Parameters
    ----------
    dataset : DataSet
    names : sequence of str
        Of galaxies.
    make : function of a task
        Returns what is made of a galaxy, or why it could not be read.
    tasks : sequence
        One for each galaxy; none if no particles are needed.
    moments : function
        Returns the moments of all stars, which are part of what is made, as of `mismatch`.
    workers : int
        Processes that make it.

    Yields
    ------
    ReadGalaxy

    Raises
    ------
    DataSetError
        If the maps' files are missing or damaged.
    """
    with closing(map_in_order(make, tasks, workers)) as results:
        for name in names:
            rows = dataset.rows_of(name)
            stored = [maps for _, maps in sorted(dataset.read_maps(rows), key=itemgetter(0))]
            result = next(results) if tasks else None
            made, reason = (None, result) if isinstance(result, str) else (result, "")
            if made is not None:
                reason = mismatch(stored, moments(made))
            whole = None if reason else made
            yield ReadGalaxy(name=name, rows=rows, stored=stored, made=whole, reason=reason)


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
