"""Find out how much memory this process may still take."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil


class _Names(NamedTuple):
    """What a version of control groups calls its files, and the file cache in ``memory.stat``."""

    mount: str
    limit: str
    use: str
    cache: tuple[str, ...]


_VERSION_1 = _Names(
    mount="memory",
    limit="memory.limit_in_bytes",
    use="memory.usage_in_bytes",
    cache=("total_active_file", "total_inactive_file"),
)
_VERSION_2 = _Names("", "memory.max", "memory.current", ("active_file", "inactive_file"))


def available_memory(root: Path = Path("/")) -> int:
    """Return the memory that this process may still take.

    In a container or a batch job its control groups (cgroup v1 and v2) limit it to less than the
    machine has. File cache counts as available, since the system gives it back.

    Parameters
    ----------
    root : Path
        Of the file system.

    Returns
    -------
    int, bytes
    """
    return max(0, min([psutil.virtual_memory().available, *_left_by_groups(root)]))


def _left_by_groups(root: Path) -> Iterator[int]:
    """Yield what each control group of this process, and each group around it, leaves."""
    listing = root / "proc/self/cgroup"
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.exists() else []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        names = _VERSION_1 if controllers else _VERSION_2
        top = root / "sys/fs/cgroup" / names.mount
        group = top / path.lstrip("/")
        for folder in (group, *group.parents):  # a container may see its own group as the top
            if folder.is_relative_to(top) and (folder / names.limit).exists():
                yield from _left(folder, names)


def _left(folder: Path, names: _Names) -> Iterator[int]:
    """Yield what a control group leaves; nothing if it has no limit."""
    limit = (folder / names.limit).read_text(encoding="utf-8").strip()
    if limit == "max":
        return
    statistics = (folder / "memory.stat").read_text(encoding="utf-8").splitlines()
    sizes = {key: int(size) for key, size in map(str.split, statistics)}
    used = int((folder / names.use).read_text(encoding="utf-8"))
    yield int(limit) - used + sum(sizes.get(key, 0) for key in names.cache)
