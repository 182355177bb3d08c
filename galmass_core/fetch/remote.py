"""Galaxies that are fetched when they are read, and not kept: the disk holds a few at a time."""

import shutil
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from galmass_core.fetch.catalogue import catalogue_path
from galmass_core.fetch.client import Client, key_from_environment
from galmass_core.fetch.cutouts import CutoutFetcher
from galmass_core.fetch.sample import CUTOUTS, open_fetcher
from galmass_core.galaxy import Galaxy
from galmass_core.sources import Found, GalaxyRef, read_galaxy


@dataclass(frozen=True)
class RemoteGalaxy(GalaxyRef):
    """A galaxy of the web API; ``path`` is the catalogue that lists it.

    The key is taken from the environment of the process that reads it.
    """

    run: str = ""
    snapshot: int = 0
    base: str = ""

    def read(self) -> Galaxy:
        """Fetch the cutout, read it, and delete it; one that is there already is kept."""
        folder, subhalo = self.path.parents[1], int(self.subhalo or 0)
        kept = folder / CUTOUTS / f"cutout_{subhalo}.hdf5"
        if kept.exists() and kept.with_suffix(".json").exists():
            return read_galaxy(kept)
        fetcher = _fetcher(self.run, self.snapshot, folder, self.base)
        with TemporaryDirectory(prefix="arriving-", dir=folder) as arriving:
            return read_galaxy(fetcher.fetch(subhalo, Path(arriving)))


@lru_cache(maxsize=1)
def _fetcher(run: str, snapshot: int, folder: Path, base: str) -> CutoutFetcher:
    return open_fetcher(Client(key=key_from_environment(), base=base), run, snapshot, folder)


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
        RemoteGalaxy(
            path, str(subhalo), run=info.run, snapshot=info.snapshot, base=fetcher.client.base
        )
        for subhalo in fetcher.subhaloes.index
    ]
    return Found(galaxies, Counter())
