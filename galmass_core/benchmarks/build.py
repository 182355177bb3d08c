"""Part ``build``: build a data set of one galaxy, step by step.

Three lines of sight, g and r, kinematics. A step starts from the results of earlier steps, so that
the steps add up to slightly less than the total.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py

from galmass_core.benchmarks.galaxies import write_median_galaxy
from galmass_core.benchmarks.timing import OURS, Call, Figure, compare
from galmass_core.datasets.measure import Measured, Recipe, measure_galaxy
from galmass_core.datasets.shards import append_galaxy
from galmass_core.galaxy import LINES_OF_SIGHT
from galmass_core.imaging.maps import MapConfig, render_sky, support_radii
from galmass_core.imaging.projection import project
from galmass_core.measurements.features import measure_galaxy_features, measure_sky_features
from galmass_core.measurements.targets import measure_projected, measure_targets
from galmass_core.sources import GalaxyRef

SIZES = (1_000, 10_000, 100_000)
PEERS: dict[str, str] = {}
RECIPE = Recipe(maps=MapConfig(), device="cpu", where=None, ids=None, packed=False, stars=None)
_WHOLE, _READING = "file to data set", "reading"


def measure(size: int, *, peers: bool) -> Iterator[Figure]:
    """Time the build of one galaxy.

    Parameters
    ----------
    size : int
        Number of stars.
    peers : bool
        Ignored: there are no peers.

    Yields
    ------
    Figure
    """
    with tempfile.TemporaryDirectory() as folder:
        ref = GalaxyRef(Path(folder) / "cutout_1.hdf5")
        write_median_galaxy(ref.path, stars=size)
        with h5py.File(Path(folder) / "shard.h5", "w") as shard:
            found = {}
            for task, call in _steps(ref, shard).items():
                (found[task],) = compare(task, size, {OURS: call})
                yield found[task]
    beyond = found[_WHOLE].cpu_ms - found[_READING].cpu_ms
    yield replace(found[_WHOLE], task="beyond reading", cpu_ms=beyond)


def measured(ref: GalaxyRef) -> Measured:
    """Measure a galaxy that a build does not exclude."""
    result = measure_galaxy(ref, RECIPE)
    if not isinstance(result, Measured):
        msg = f"{ref.path}: must be a galaxy that can be used, got {result}"
        raise TypeError(msg)
    return result


def _steps(ref: GalaxyRef, shard: h5py.File) -> dict[str, Call]:
    """Prepare the input of each step."""
    galaxy, entry = ref.read(), measured(ref).entry
    support = support_radii(galaxy, RECIPE.maps)
    skies = [project(galaxy, line_of_sight) for line_of_sight in LINES_OF_SIGHT]

    def write() -> None:
        append_galaxy(shard, entry)
        shard.flush()

    def whole() -> None:
        append_galaxy(shard, measured(ref).entry)
        shard.flush()

    return {
        _WHOLE: whole,
        _READING: ref.read,
        "smoothing lengths": lambda: support_radii(galaxy, RECIPE.maps),
        "projection and dust": lambda: [project(galaxy, los) for los in LINES_OF_SIGHT],
        "targets": lambda: [measure_targets(galaxy), *map(measure_projected, skies)],
        "features": lambda: [
            measure_galaxy_features(galaxy),
            *(measure_sky_features(sky, galaxy) for sky in skies),
        ],
        "maps": lambda: [render_sky(sky, support, RECIPE.maps) for sky in skies],
        "writing": write,
    }
