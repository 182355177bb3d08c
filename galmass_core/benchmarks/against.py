"""Measure this checkout and an earlier revision by turns, with the same measuring code.

The revision is checked out into a temporary worktree, where this checkout's ``benchmarks`` replace
its own, but for what writes data sets and runs in its formats and drives its trainings. It runs in
this Python environment: its requirements must be met here.
"""

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import copytree, rmtree

from packaging.requirements import Requirement

from galmass_core.benchmarks.timing import OURS, Figure

_TURNS = 2  # of each: A B A B
_PACKAGES = {"galmass_core": "galmass_core", "galmass_app": "app", "galmass_assets": "assets"}
_COMPARED = ("cpu_ms", "wait_ms", "memory_mb")
_ITS_OWN = ("invented.py", "networks.py")  # of the revision's benchmarks, where it has them
_HERE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A figure of this checkout, and that of the revision.

    Attributes
    ----------
    task : str
    size : int
    now, then : Figure
        Minimum CPU time, waiting time and memory of the turns.
    """

    task: str
    size: int
    now: Figure
    then: Figure


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A part, measured by turns.

    Attributes
    ----------
    part : str
    ratios : sequence of Ratio
    faults : sequence of str
        Why figures are missing, a sentence each.
    """

    part: str
    ratios: Sequence[Ratio]
    faults: Sequence[str]


@contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """Check a revision out, and link its packages in a folder for ``PYTHONPATH``.

    Parameters
    ----------
    revision : str
        Anything that git takes for a commit.

    Yields
    ------
    Path
        Of the folder.

    Raises
    ------
    ValueError
        If there is no such revision, or this environment does not meet its requirements.
    """
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        added = _git("worktree", "add", "--detach", str(tree), revision)
        if added.returncode:
            msg = f"--against must be a revision of {_HERE}, got {revision}: {_last(added.stderr)}"
            raise ValueError(msg)
        try:
            if unmet := _unmet_requirements(tree / "pyproject.toml"):
                msg = f"{revision}: its requirements must be met here, but lacks {unmet[0]}"
                raise ValueError(msg)
            _replace_measuring(tree / "galmass_core" / "benchmarks")
            yield _linked(tree, Path(folder) / "then")
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _replace_measuring(folder: Path) -> None:
    """Replace a revision's benchmarks with this checkout's."""
    own = {
        folder / name: (folder / name).read_bytes() for name in _ITS_OWN if (folder / name).exists()
    }
    rmtree(folder, ignore_errors=True)
    copytree(_HERE / "galmass_core" / "benchmarks", folder)
    for path, content in own.items():
        path.write_bytes(content)


def compare_part(part: str, sizes: Sequence[int], then: Path) -> Comparison:
    """Measure a part here and in another checkout, by turns.

    Parameters
    ----------
    part : str
    sizes : sequence of int
        Those of the part if empty.
    then : Path
        From `checkout`.

    Returns
    -------
    Comparison
    """
    with tempfile.TemporaryDirectory() as folder:
        places = {"now": _linked(_HERE, Path(folder) / "now"), "then": then}
        least: dict[str, dict[tuple[str, int], Figure]] = {"now": {}, "then": {}}
        faults: dict[str, str] = {}
        for _ in range(_TURNS):
            for when, place in places.items():
                fault = _measure(part, sizes, place, least[when])
                if fault:
                    faults[when] = f"{when}: {part} ended early: {fault}"
    ratios = [
        Ratio(task=task, size=size, now=figure, then=least["then"][task, size])
        for (task, size), figure in least["now"].items()
        if (task, size) in least["then"]
    ]
    return Comparison(part=part, ratios=ratios, faults=list(faults.values()))


def _measure(
    part: str, sizes: Sequence[int], place: Path, least: dict[tuple[str, int], Figure]
) -> str:
    """Measure once, keeping the least of each figure; return why it ended early, if it did."""
    command = [sys.executable, "-m", "galmass_core.benchmarks", part, *map(str, sizes)]
    environment = os.environ | {"PYTHONPATH": str(place)}
    ran = subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    for line in ran.stdout.splitlines():
        figure = Figure(**json.loads(line))
        key = figure.task, figure.size
        if figure.program == OURS:
            least[key] = _least(figure, least.get(key, figure))
    return _last(ran.stderr) if ran.returncode else ""


def _least(one: Figure, other: Figure) -> Figure:
    """Return a figure with the lesser CPU time, waiting time and memory of two."""
    pairs = {name: (getattr(one, name), getattr(other, name)) for name in _COMPARED}
    return replace(one, **{name: min(pair) for name, pair in pairs.items() if None not in pair})


def _git(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run git in this checkout."""
    command = ["git", "-C", str(_HERE), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _last(text: str) -> str:
    """Return the last line of what a program printed."""
    return (text.strip().splitlines() or ["no reason is given"])[-1]


def _linked(tree: Path, folder: Path) -> Path:
    """Link the packages of a checkout under their names."""
    folder.mkdir()
    for package, source in _PACKAGES.items():
        (folder / package).symlink_to(tree / source)
    return folder


def _unmet_requirements(project: Path) -> list[str]:
    """Return the requirements of a project that this environment does not meet."""
    wanted = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    return [text for text in wanted if not _is_met(Requirement(text))]


def _is_met(requirement: Requirement) -> bool:
    """Return whether a package is installed in a version that a requirement allows."""
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        return False
