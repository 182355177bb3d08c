"""Find snapshot and catalogue files by chunk in a directory in TNG's layout.

Both file names of each are recognised (``snap_099.0.hdf5`` and ``snapshot_099.0.hdf5``,
``groups_099.0.hdf5`` and ``fof_subhalo_tab_099.0.hdf5``), in their own folder or not, in chunks or
one file (CAMELS). Catalogue chunks may be gzipped, and some may be missing.
"""

import re
from pathlib import Path
from typing import NamedTuple

_KINDS = {  # folder, file
    "snapshot": ("snapdir_", r"(?:snap|snapshot)_(\d+)(?:\.(\d+))?\.hdf5"),
    "groups": ("groups_", r"(?:groups|fof_subhalo_tab)_(\d+)(?:\.(\d+))?\.hdf5(?:\.gz)?"),
}


class Chunks(NamedTuple):
    """Files of one snapshot by chunk number, in order; empty if there is no such snapshot."""

    snapshot: int
    files: dict[int, Path]


def find_chunks(directory: Path, kind: str, snapshot: int | None = None) -> Chunks:
    """Find the files of a snapshot, the latest by default.

    Parameters
    ----------
    directory : Path
        The basePath of illustris_python, the folder that holds it, or the chunks' own folder.
    kind : str
        ``snapshot`` or ``groups``.
    snapshot : int, optional
    """
    prefix, name = _KINDS[kind]
    if snapshot is None:
        snapshot = max(find_snapshots(directory, kind), default=-1)
    files = {}
    folders = (base / sub for base in _bases(directory) for sub in ("", f"{prefix}{snapshot:03d}"))
    for folder in folders:
        for path in sorted(folder.glob("*.hdf5*"), reverse=True):  # plain files before gzipped
            match = re.fullmatch(name, path.name)
            if match and int(match[1]) == snapshot:
                files[int(match[2] or 0)] = path
    return Chunks(snapshot, dict(sorted(files.items())))


def find_snapshots(directory: Path, kind: str) -> list[int]:
    """Return the numbers of the snapshots of which a directory has files, in order."""
    prefix, name = _KINDS[kind]
    entries = (entry.name for base in _bases(directory) for entry in base.iterdir())
    found = (re.fullmatch(rf"{prefix}(\d+)|{name}", entry) for entry in entries)
    return sorted({int(match[1] or match[2]) for match in found if match})


def _bases(directory: Path) -> list[Path]:
    return [base for base in (directory, directory / "output") if base.is_dir()]


def catalogue_folder(directory: Path) -> Path:
    """Return the folder of CAMELS that has the catalogues of a folder of snapshots.

    CAMELS keeps snapshots under ``Sims`` and catalogues under ``FOF_Subfind``, in equal trees.
    Other directories hold their catalogue themselves.
    """
    parts = directory.absolute().parts
    if "Sims" not in parts:
        return directory
    last = len(parts) - 1 - parts[::-1].index("Sims")
    return Path(*parts[:last], "FOF_Subfind", *parts[last + 1 :])


def is_snapshot_name(path: Path) -> bool:
    """Return whether a file has the name of a snapshot or a chunk of one, of TNG or SIMBA."""
    name = re.sub(r"_m\d+n\d+_", "_", path.name)  # snap_m25n512_151.hdf5
    return re.fullmatch(_KINDS["snapshot"][1], name) is not None


def offsets_path(directory: Path, snapshot: int) -> Path | None:
    """Return the offsets file, next to the basePath folder or in it, if there is one."""
    for base in (directory.absolute().parent, directory):
        path = base / "postprocessing" / "offsets" / f"offsets_{snapshot:03d}.hdf5"
        if path.is_file():
            return path
    return None
