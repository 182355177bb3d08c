"""What a folder of fetched galaxies is for, and which cutouts it has."""

import csv
import json
from pathlib import Path

from galmass_core.fetch.run import SnapshotInfo
from galmass_core.sources import CUTOUTS
from galmass_core.storage.atomic import atomic_write, write_json
from galmass_core.storage.checksums import checksum

DESCRIPTION, MANIFEST = "fetch.json", "manifest.csv"


def claim(folder: Path, info: SnapshotInfo) -> None:
    """Write what the folder is for, or check that it is for the same."""
    check_claim(folder, info)
    if not (folder / DESCRIPTION).exists():
        description = {"run": info.run, "snapshot": info.snapshot, "redshift": info.redshift}
        write_json(folder / DESCRIPTION, description)


def check_claim(folder: Path, info: SnapshotInfo) -> None:
    """Raise ValueError if a folder is for another run or snapshot."""
    path = folder / DESCRIPTION
    if not path.exists():
        return
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
        run, snapshot = there["run"], there["snapshot"]
    except (ValueError, LookupError, TypeError) as error:
        msg = f"{path}: must be JSON with run and snapshot, got {error!r}"
        raise ValueError(msg) from error
    if (run, snapshot) != (info.run, info.snapshot):
        found = f"{run}, snapshot {snapshot}"
        msg = f"{folder}: must be for {info.run}, snapshot {info.snapshot}, but holds {found}"
        raise ValueError(msg)


def cutouts_in(folder: Path) -> set[int]:
    """Return the subhaloes of which cutout and record are there."""
    paths = (folder / CUTOUTS).glob("cutout_*.hdf5")
    numbers = (path.stem.split("_")[1] for path in paths if path.with_suffix(".json").exists())
    return {int(number) for number in numbers if number.isdecimal()}


class Manifest:
    """A table of the cutouts of a folder with their size and checksum, in order of arrival.

    A row is added for each cutout when it has come. Before, the rows are made those of the cutouts
    that are there: a kill may cut the last row, or leave out a cutout.

    Attributes
    ----------
    subhaloes : set of int
        The cutouts that are there.
    """

    def __init__(self, folder: Path) -> None:
        self._path, self.subhaloes = folder / MANIFEST, cutouts_in(folder)
        rows = {}
        if self._path.exists():
            with self._path.open(encoding="utf-8", newline="") as stream:
                lines = {line.split(",")[0]: line for line in stream if line.endswith("\n")}
            rows = {int(first): line for first, line in lines.items() if first.isdecimal()}
        there = [rows[subhalo] for subhalo in rows if subhalo in self.subhaloes]
        with atomic_write(self._path) as part:
            part.write_text("subhalo,bytes,sha256\n" + "".join(there), encoding="utf-8")
        for subhalo in sorted(self.subhaloes - set(rows)):
            self.add(folder / CUTOUTS / f"cutout_{subhalo}.hdf5")

    def add(self, path: Path) -> None:
        """Add a cutout."""
        row = (path.stem.split("_")[1], *checksum(path).values())
        with self._path.open("a", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerow(row)
