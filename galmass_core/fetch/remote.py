"""Galaxies that are fetched when they are read, and not kept: the disk holds a few at a time."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from galmass_core.fetch.catalogue import catalogue_path
from galmass_core.fetch.client import Client
from galmass_core.fetch.cutouts import CutoutFetcher, Row
from galmass_core.fetch.key import key_from_environment
from galmass_core.fetch.run import SnapshotInfo
from galmass_core.fetch.status import note_fault
from galmass_core.galaxy import Galaxy, UnavailableError
from galmass_core.sources import CUTOUTS, Found, GalaxyRef, read_galaxy


@dataclass(frozen=True, kw_only=True)
class RemoteGalaxy(GalaxyRef):
    """A galaxy of the web API; ``path`` is the catalogue that lists it, with ``row``.

    The key is taken from the environment of the process that reads it.
    """

    info: SnapshotInfo
    row: Row = field(compare=False)
    base: str

    def read(self) -> Galaxy:
        """Fetch the cutout, read it, and delete it; one that is there already is kept.

        The source of one that is not kept is its address in the API.
        """
        folder, subhalo = self.path.parents[1], int(self.subhalo or 0)
        kept = folder / CUTOUTS / f"cutout_{subhalo}.hdf5"
        if kept.exists() and kept.with_suffix(".json").exists():
            return read_galaxy(kept)
        fetcher = fetcher_of(self.info, self.base, folder)
        with _arriving(folder) as arriving:
            galaxy = read_galaxy(fetcher.fetch(subhalo, self.row, arriving))
        return replace(galaxy, source=f"{self.base}{fetcher.place(subhalo)}/")


@contextmanager
def _arriving(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder; if the disk does not take it, the galaxy is not to blame."""
    try:
        with TemporaryDirectory(prefix="arriving-", dir=folder) as arriving:
            yield Path(arriving)
    except UnavailableError:
        raise
    except OSError as error:
        msg = f"{folder}: must be writable, but: {error}"
        raise UnavailableError(msg) from error


@lru_cache(maxsize=1)
def fetcher_of(info: SnapshotInfo, base: str, folder: Path) -> CutoutFetcher:
    """Return a fetcher, which remembers what the API does not have."""
    client = Client(key=key_from_environment(), base=base, on_fault=partial(note_fault, folder))
    return CutoutFetcher(client=client, info=info, subhaloes=pd.DataFrame())


def find_remote(fetcher: CutoutFetcher, folder: Path) -> Found:
    """Return the sample of a fetched catalogue as galaxies for `build_dataset`.

    Parameters
    ----------
    fetcher : CutoutFetcher
    folder : Path

    Returns
    -------
    Found
    """
    info, folder = fetcher.info, folder.resolve()
    for rest in folder.glob("arriving-*"):  # of a process that was killed
        shutil.rmtree(rest, ignore_errors=True)
    path = catalogue_path(folder, info.snapshot)
    galaxies: list[GalaxyRef] = [
        RemoteGalaxy(path, str(subhalo), info=info, row=row, base=fetcher.client.base)
        for subhalo, row in fetcher.subhaloes.to_dict(orient="index").items()
    ]
    return Found(galaxies, fetcher.left_out)
