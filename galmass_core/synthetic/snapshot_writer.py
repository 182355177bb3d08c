"""Write many synthetic galaxies as a directory in TNG's layout, a few in memory at a time.

``output/snapdir_099``, ``output/groups_099`` and ``postprocessing/offsets``: as read by
illustris_python. Chunks end in the middle of a galaxy.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from galmass_core.storage.hdf5_output import hdf5_output
from galmass_core.storage.new_folder import new_folder
from galmass_core.synthetic.subfind import Placed, Row, measure_groups, measure_subhalo
from galmass_core.synthetic.tng_writer import SNAPSHOT, Groups, code_units, header

_GALAXIES_PER_CHUNK = 16
_CATALOGUE_CHUNKS = 2


def write_directory(
    directory: str | Path, galaxies: Iterable[Placed], simulation: str = "demo-1"
) -> None:
    """Write snapshot, group catalogue and offsets; the folder appears when it is whole.

    Parameters
    ----------
    directory : str or Path
        Folder to create; new, or empty.
    galaxies : iterable of Placed
        Their subhalo IDs count from 0.
    simulation : str
        Part of the galaxies' names; begins with ``demo``.

    Raises
    ------
    FileExistsError
        If the directory holds files.
    ValueError
        If another process is writing it.
    """
    with new_folder(Path(directory).resolve()) as content:
        _write_content(content, galaxies, simulation)


def _write_content(directory: Path, galaxies: Iterable[Placed], simulation: str) -> None:
    """Write all files of `write_directory`."""
    folder = directory / "output" / f"snapdir_{SNAPSHOT:03d}"
    folder.mkdir(parents=True)
    rows: list[Row] = []
    chunks = [
        _write_chunk(folder / f"snap_{SNAPSHOT:03d}.{number}.hdf5", chunk, simulation)
        for number, chunk in enumerate(_chunks(galaxies, rows))
    ]
    for number in range(len(chunks)):
        with hdf5_output(folder / f"snap_{SNAPSHOT:03d}.{number}.hdf5", "r+") as file:
            file["Header"].attrs["NumPart_Total"] = np.sum(chunks, axis=0)
            file["Header"].attrs["NumFilesPerSnapshot"] = len(chunks)
    subhaloes = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    groups = measure_groups(subhaloes)
    _write_offsets(directory, np.array(chunks), subhaloes, groups)
    _write_catalogue(directory, subhaloes, groups, simulation)


def read_simulation(directory: str | Path) -> str:
    """Return the simulation that the files of `write_directory` name."""
    name = f"snapdir_{SNAPSHOT:03d}/snap_{SNAPSHOT:03d}.0.hdf5"
    with h5py.File(Path(directory) / "output" / name) as file:
        return str(file["Header"].attrs["SimulationName"])


def _chunks(galaxies: Iterable[Placed], rows: list[Row]) -> Iterator[list[Groups]]:
    """Collect galaxies in chunks that end in the middle of one, and their catalogue rows."""
    chunk: list[Groups] = []
    first_id = 1
    for placed in galaxies:
        groups = code_units(
            placed.particles,
            position=placed.position,
            velocity=placed.velocity,
            first_id=first_id,
        )
        first_id += sum(len(fields["ParticleIDs"]) for fields in groups.values())
        rows.append(measure_subhalo(groups, placed))
        if len(chunk) < _GALAXIES_PER_CHUNK:
            chunk.append(groups)
        else:
            yield [*chunk, _half(groups, 0)]
            chunk = [_half(groups, 1)]
    yield chunk


def _half(groups: Groups, which: int) -> Groups:
    """Return the first or second half of the particles of each type."""
    half = {}
    for name, fields in groups.items():
        middle = len(fields["ParticleIDs"]) // 2
        rows = slice(middle, None) if which else slice(middle)
        half[name] = {field: values[rows] for field, values in fields.items()}
    return half


def _write_chunk(path: Path, chunk: list[Groups], simulation: str) -> NDArray:
    """Write one snapshot file; return its numbers of particles, (6,)."""
    joined = {}
    for name in sorted({name for groups in chunk for name in groups}):
        parts = [groups[name] for groups in chunk if name in groups]
        joined[name] = {
            field: np.concatenate([part[field] for part in parts]) for field in parts[0]
        }
    counts = {name: len(fields["ParticleIDs"]) for name, fields in joined.items()}
    attributes = header(counts, 0.0, simulation)  # dark-matter particles have own masses
    _write(path, attributes, joined)
    return np.asarray(attributes["NumPart_ThisFile"])


def _write_offsets(directory: Path, chunks: NDArray, subhaloes: Row, groups: Row) -> None:
    """Write the offsets of files, groups and subhaloes in the snapshot."""
    folder = directory / "postprocessing" / "offsets"
    folder.mkdir(parents=True)
    borders = _catalogue_borders(groups)
    firsts = groups["GroupFirstSub"][borders[:-1]]
    starts = {
        "FileOffsets": {
            "Group": borders[:-1],
            "SnapByType": _before(chunks),
            "Subhalo": firsts.astype(np.int64),
        },
        "Group": {"SnapByType": _before(groups["GroupLenType"])},
        "Subhalo": {"SnapByType": _before(subhaloes["SubhaloLenType"])},
    }
    _write(folder / f"offsets_{SNAPSHOT:03d}.hdf5", {"Synthetic": 1}, starts)


def _write_catalogue(directory: Path, subhaloes: Row, groups: Row, simulation: str) -> None:
    """Write the group catalogue; a chunk holds all subhaloes of its groups."""
    folder = directory / "output" / f"groups_{SNAPSHOT:03d}"
    folder.mkdir(parents=True)
    borders = _catalogue_borders(groups)
    ends = [*groups["GroupFirstSub"], len(subhaloes["SubhaloGrNr"])]
    for number, (first, last) in enumerate(pairwise(borders)):
        members = slice(ends[first], ends[last])
        content = {
            "Group": {name: values[first:last] for name, values in groups.items()},
            "Subhalo": {name: values[members] for name, values in subhaloes.items()},
        }
        attributes = header({}, 0.0, simulation) | {
            "Ngroups_ThisFile": last - first,
            "Ngroups_Total": len(groups["GroupNsubs"]),
            "Nsubgroups_ThisFile": ends[last] - ends[first],
            "Nsubgroups_Total": ends[-1],
            "NumFiles": len(borders) - 1,
        }
        _write(folder / f"fof_subhalo_tab_{SNAPSHOT:03d}.{number}.hdf5", attributes, content)


def _catalogue_borders(groups: Row) -> NDArray:
    """Return the first group of each catalogue chunk, and the end; (chunks + 1,)."""
    count = len(groups["GroupNsubs"])
    return np.arange(min(_CATALOGUE_CHUNKS, count) + 1) * count // min(_CATALOGUE_CHUNKS, count)


def _before(counts: NDArray) -> NDArray:
    """Return the exclusive cumulative sum."""
    return np.cumsum(counts, axis=0, dtype=np.int64) - counts


def _write(path: Path, attributes: dict[str, object], content: dict[str, Row]) -> None:
    """Write one file; the same content gives the same bytes."""
    with hdf5_output(path) as file:
        file.create_group("Header").attrs.update(attributes)
        for name, fields in content.items():
            group = file.create_group(name)
            for field, values in fields.items():
                group.create_dataset(field, data=values, track_times=False)
