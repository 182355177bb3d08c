"""Make the maps of a data set's galaxies as controls, from their star particles read again.

Some controls need only what a data set stores; they are there without the files of the simulation.
Shape suffixes: S samples of one galaxy (one per line of sight), C channels, H rows, W columns.
"""

import hashlib
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from galmass_core.datasets.dataset import DataSet, DataSetError
from galmass_core.datasets.star_controls import bin_adaptively, keep_pixels, shuffle_velocities
from galmass_core.datasets.thinning import thin_stars
from galmass_core.galaxy import Galaxy
from galmass_core.imaging.maps import (
    GalaxyMaps,
    MapConfig,
    kinematic_moments,
    rebin,
    render_sky,
    support_radii,
)
from galmass_core.imaging.projection import SkyStars, project
from galmass_core.measurements.rotation import spin_parameter
from galmass_core.parallel import map_in_order
from galmass_core.quantities import feature_key
from galmass_core.quantities.maps import KINEMATIC_PIXELS
from galmass_core.sources import GalaxyRef, ReadOptions

PLAIN = "plain"  # the maps as they are
BINS = "bins"
SHUFFLED, ANNULI, HALVED, HOLES, EQUAL = "shuffled", "annuli", "halved", "holes", "equal"
STARS = (SHUFFLED, ANNULI, HALVED, HOLES, EQUAL)  # controls that need star particles
SPIN_APERTURE = 2  # R_hsm, the paper's
GONE = "the files of the simulation are gone"


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What to make of each galaxy.

    Attributes
    ----------
    controls : tuple of str
        `PLAIN`, `BINS` or of `STARS`.
    seed : int
        Of what is drawn.
    equal : int
        Number of stars of `EQUAL`.
    with_light : bool
        Whether images are rendered of the stars that are left; else they are those of all stars.
    """

    controls: tuple[str, ...]
    seed: int = 0
    equal: int = 0
    with_light: bool = False


@dataclass(frozen=True, kw_only=True)
class _Made:
    """What a worker makes of one galaxy for a control.

    Attributes
    ----------
    moments : (S, 4, 48, 48) float32
    flux : (S, 2, H, W) float32 or None
        None where the images are those of the data set.
    spin : (S,) float
        λ_R inside 2 R_hsm; NaN where the control is of pixels, not stars.
    """

    moments: NDArray
    flux: NDArray | None
    spin: NDArray


@dataclass(frozen=True, kw_only=True)
class ControlMaps:
    """The samples of a galaxy under a control, in the order of the data set.

    Attributes
    ----------
    maps : list of GalaxyMaps
    spin : (S,) float
        λ_R inside 2 R_hsm; NaN where the control is of pixels, not stars.
    """

    maps: list[GalaxyMaps]
    spin: NDArray


@dataclass(frozen=True, kw_only=True)
class ControlledGalaxy:
    """A galaxy under each control, and why some could not be made.

    Attributes
    ----------
    name : str
    controls : dict of ControlMaps
        `PLAIN`, and those of the orders that could be made.
    reason : str
        Why its stars could not be read; empty if they were, or none are needed.
    """

    name: str
    controls: dict[str, ControlMaps]
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class _Task:
    """A galaxy to read, and what to make of it."""

    name: str
    ref: GalaxyRef
    lines_of_sight: tuple[str, ...]
    config: MapConfig
    thinned: int | None  # number of stars of a data set of thinned galaxies
    orders: Orders


def control_maps(
    dataset: DataSet, names: Sequence[str], orders: Orders, *, workers: int = 1
) -> Generator[ControlledGalaxy, None, None]:
    """Make the controls of galaxies, in order.

    Parameters
    ----------
    dataset : DataSet
        With maps.
    names : sequence of str
        Of galaxies.
    orders : Orders
    workers : int
        Processes that read galaxies; results do not depend on their number.

    Yields
    ------
    ControlledGalaxy

    Raises
    ------
    DataSetError
        If the maps' files are missing or damaged.
    """
    from_stars = tuple(key for key in orders.controls if key in STARS)
    tasks = [_task(dataset, name, replace(orders, controls=from_stars)) for name in names]
    with closing(map_in_order(_make, tasks if from_stars else (), workers)) as made:
        for name in names:
            rows = dataset.rows_of(name)
            stored = [maps for _, maps in sorted(dataset.read_maps(rows), key=itemgetter(0))]
            read = next(made) if from_stars else {}
            reason = read if isinstance(read, str) else _mismatch(stored, read)
            found = {} if isinstance(read, str) or reason else _laid_out(stored, read)
            found[PLAIN] = ControlMaps(maps=stored, spin=_stored_spin(dataset, rows))
            if BINS in orders.controls:
                unknown = np.full(len(stored), np.nan)
                found[BINS] = ControlMaps(maps=[_binned(maps) for maps in stored], spin=unknown)
            yield ControlledGalaxy(name=name, controls=found, reason=reason)


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


def _stored_spin(dataset: DataSet, rows: NDArray) -> NDArray[np.float64]:
    """Return λ_R of some samples as it was measured for the data set."""
    if (key := feature_key("lambda_r", SPIN_APERTURE)) not in dataset.samples:
        return np.full(len(rows), np.nan)
    return dataset.samples[key].to_numpy(float)[rows]


def _task(dataset: DataSet, name: str, orders: Orders) -> _Task:
    """Return what a worker needs to read a galaxy again."""
    rows = dataset.samples.iloc[dataset.rows_of(name)]
    known = {field.name for field in fields(MapConfig)}
    config = {key: value for key, value in dataset.info["maps"].items() if key in known}
    reading: dict[str, Any] = dict(dataset.info.get("reading", {}))
    if "snapshot" in reading:
        reading["snapshot"] = int(reading["snapshot"])
    if "groups" in reading:
        reading["groups"] = Path(reading["groups"])
    path = Path(str(rows["source"].iloc[0])) if "source" in rows else Path()
    return _Task(
        name=name,
        ref=GalaxyRef(path, name.rpartition("/")[2], ReadOptions(**reading)),
        lines_of_sight=tuple(rows["los"]),
        config=MapConfig(**config),
        thinned=dataset.info.get("stars"),
        orders=orders,
    )


def _make(task: _Task) -> dict[str, _Made] | str:
    """Read a galaxy and make its controls, or say why that cannot be done."""
    if not _is_there(task.ref.path):
        return GONE
    try:
        galaxy = task.ref.read()
        if str(galaxy.name) != task.name:
            return f"{task.ref.path}: must hold {task.name}, got {galaxy.name}"
        if task.thinned is not None:
            galaxy = thin_stars(galaxy, task.thinned)
        return _controls(galaxy, task)
    except (OSError, ValueError) as error:  # one galaxy must not stop the others
        return " ".join(str(error).split())


def _controls(galaxy: Galaxy, task: _Task) -> dict[str, _Made]:
    """Return the controls of a galaxy, and its maps as they are."""
    orders = task.orders
    parts = {PLAIN: galaxy}
    if {HALVED, HOLES} & set(orders.controls):
        parts[HALVED] = thin_stars(galaxy, len(galaxy.stars) // 2, seed=orders.seed)
    if EQUAL in orders.controls and len(galaxy.stars) >= orders.equal:
        parts[EQUAL] = thin_stars(galaxy, orders.equal, seed=orders.seed)
    dust = task.config.dust
    skies = {
        key: [project(part, los, dust=dust) for los in task.lines_of_sight]
        for key, part in parts.items()
    }
    for key in {SHUFFLED, ANNULI} & set(orders.controls):
        shuffle = partial(
            shuffle_velocities, name=task.name, annuli=key == ANNULI, seed=orders.seed
        )
        skies[key] = [shuffle(sky) for sky in skies[PLAIN]]
    made = {key: _control(skies[key], task.config) for key in skies}
    if orders.with_light and HALVED in orders.controls:
        made[HALVED] = replace(made[HALVED], flux=_render(parts[HALVED], skies[HALVED], task))
    if HOLES in orders.controls:
        pairs = zip(made[PLAIN].moments, made[HALVED].moments, strict=True)
        moments = np.stack([keep_pixels(*pair) for pair in pairs])
        spin = np.full(len(moments), np.nan)
        made[HOLES] = _Made(moments=moments, flux=None, spin=spin)
    return {key: made[key] for key in (PLAIN, *orders.controls) if key in made}


def _control(skies: Sequence[SkyStars], config: MapConfig) -> _Made:
    """Return the moments and λ_R of stars along all lines of sight."""
    moments = [
        kinematic_moments(sky, config.half_width * sky.half_mass_radius, config.kinematic_pixels)
        for sky in skies
    ]
    spin = [spin_parameter(sky, SPIN_APERTURE * sky.half_mass_radius) for sky in skies]
    small = np.stack([rebin(each, KINEMATIC_PIXELS) for each in moments])
    return _Made(moments=small, flux=None, spin=np.array(spin))


def _render(galaxy: Galaxy, skies: Sequence[SkyStars], task: _Task) -> NDArray[np.float32]:
    """Render the images of the stars that are left."""
    support = support_radii(galaxy, task.config)
    return np.stack([render_sky(sky, support, task.config).flux_CHW for sky in skies])


def _mismatch(stored: Sequence[GalaxyMaps], made: Mapping[str, _Made]) -> str:
    """Return why stars that were read are not those of a data set; empty if they are."""
    if PLAIN not in made:
        return ""
    pairs = zip(stored, made[PLAIN].moments, strict=True)
    same = all(
        np.array_equal(rebin(maps.moments_CHW, KINEMATIC_PIXELS)[0], moments_CHW[0])
        for maps, moments_CHW in pairs
    )
    return "" if same else "the files hold other stars than when the data set was built"


def _laid_out(stored: Sequence[GalaxyMaps], made: Mapping[str, _Made]) -> dict[str, ControlMaps]:
    """Return the maps of controls; images are those of the data set unless they have their own."""
    found = {}
    for key, each in made.items():
        images = [maps.flux_CHW for maps in stored] if each.flux is None else each.flux
        triples = zip(stored, each.moments, images, strict=True)
        maps = [replace(one, moments_CHW=sums, flux_CHW=flux) for one, sums, flux in triples]
        found[key] = ControlMaps(maps=maps, spin=each.spin)
    return found


def _binned(maps: GalaxyMaps) -> GalaxyMaps:
    moments_CHW = bin_adaptively(rebin(maps.moments_CHW, KINEMATIC_PIXELS))
    return replace(maps, moments_CHW=moments_CHW)


@dataclass(frozen=True, kw_only=True, eq=False)
class ControlledDataSet(DataSet):
    """A data set whose maps are those of a control, made when they are read.

    Attributes
    ----------
    whole : DataSet
        As it was built.
    orders : Orders
        With one control.
    workers : int
        Processes that read galaxies.
    """

    whole: DataSet
    orders: Orders
    workers: int = 1

    @classmethod
    def of(cls, whole: DataSet, orders: Orders, *, workers: int = 1) -> "ControlledDataSet":
        """Return a data set as one of its controls."""
        stars = {"stars": orders.equal} if EQUAL in orders.controls else {}
        return cls(
            path=whole.path,
            info=whole.info | stars,
            samples=whole.samples,
            excluded=whole.excluded,
            whole=whole,
            orders=orders,
            workers=workers,
        )

    @cached_property
    def checksum(self) -> str:
        """Hash of the data set and the control."""
        (control,) = self.orders.controls
        drawn = [control, self.orders.seed, self.orders.equal if control == EQUAL else 0]
        words = json.dumps([self.whole.checksum, *drawn])
        return hashlib.sha256(words.encode()).hexdigest()

    def read_maps(self, rows: ArrayLike) -> Iterator[tuple[int, GalaxyMaps]]:
        """Make samples galaxy by galaxy; as `DataSet.read_maps`.

        Raises
        ------
        DataSetError
            If the stars of a galaxy cannot be read again, or are too few.
        """
        rows, (control,) = np.asarray(rows), self.orders.controls
        numbers = self.galaxy_numbers[rows]
        names = [self.galaxy_names[number] for number in dict.fromkeys(numbers)]
        with closing(control_maps(self.whole, names, self.orders, workers=self.workers)) as made:
            for each in made:
                if control not in each.controls:
                    reason = each.reason or f"must have {self.orders.equal} stars"
                    msg = f"{self.path}: {each.name}: {reason}"
                    raise DataSetError(msg)
                maps = dict(zip(self.rows_of(each.name), each.controls[control].maps, strict=True))
                for place in np.flatnonzero(numbers == self.galaxy_places[each.name]):
                    yield int(place), maps[rows[place]]
