"""Make the maps of a data set's galaxies as controls, from their star particles read again.

Some controls need only what a data set stores; they are there without the files of the simulation.
Shape suffixes: S samples of one galaxy (one per line of sight), C channels, H rows, W columns.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from galmass_core.datasets.again import Source, read_beside, reason_of
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.folders import DataSetError
from galmass_core.datasets.star_controls import bin_adaptively, keep_pixels, shuffle_velocities
from galmass_core.datasets.thinning import thin_stars
from galmass_core.galaxy import Galaxy
from galmass_core.imaging.maps import GalaxyMaps, rebin, render_sky, support_radii
from galmass_core.imaging.projection import SkyStars, project
from galmass_core.imaging.sums import kinematic_moments
from galmass_core.measurements.rotation import spin_parameter
from galmass_core.quantities import feature_key
from galmass_core.quantities.maps import KINEMATIC_PIXELS

PLAIN = "plain"  # the maps as they are
BINS = "bins"
SHUFFLED, ANNULI, HALVED, HOLES, EQUAL = "shuffled", "annuli", "halved", "holes", "equal"
STARS = (SHUFFLED, ANNULI, HALVED, HOLES, EQUAL)  # controls that need star particles
SPIN_APERTURE = 2  # R_hsm, the paper's


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

    source: Source
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
    wanted = replace(orders, controls=from_stars)
    read = names if from_stars else ()
    tasks = [_Task(source=Source.of(dataset, name), orders=wanted) for name in read]
    with closing(read_beside(dataset, names, _make, tasks, _whole, workers)) as galaxies:
        for each in galaxies:
            found = _laid_out(each.stored, each.made or {})
            spin = _stored_spin(dataset, each.rows)
            found[PLAIN] = ControlMaps(maps=each.stored, spin=spin)
            if BINS in orders.controls:
                binned, unknown = map(_binned, each.stored), np.full(len(spin), np.nan)
                found[BINS] = ControlMaps(maps=list(binned), spin=unknown)
            yield ControlledGalaxy(name=each.name, controls=found, reason=each.reason)


def _whole(made: Mapping[str, _Made]) -> list[NDArray]:
    """Return the moments of all stars."""
    return list(made[PLAIN].moments)


def _stored_spin(dataset: DataSet, rows: NDArray) -> NDArray[np.float64]:
    """Return λ_R of some samples as it was measured for the data set."""
    if (key := feature_key("lambda_r", SPIN_APERTURE)) not in dataset.samples:
        return np.full(len(rows), np.nan)
    return dataset.samples[key].to_numpy(float)[rows]


def _make(task: _Task) -> dict[str, _Made] | str:
    """Read a galaxy and make its controls, or say why that cannot be done."""
    try:
        return _controls(task.source.read(), task)
    except (OSError, ValueError) as error:  # one galaxy must not stop the others
        return reason_of(error)


def _controls(galaxy: Galaxy, task: _Task) -> dict[str, _Made]:
    """Return the controls of a galaxy, and its maps as they are."""
    orders = task.orders
    parts = {PLAIN: galaxy}
    if {HALVED, HOLES} & set(orders.controls):
        parts[HALVED] = thin_stars(galaxy, len(galaxy.stars) // 2, seed=orders.seed)
    if EQUAL in orders.controls and len(galaxy.stars) >= orders.equal:
        parts[EQUAL] = thin_stars(galaxy, orders.equal, seed=orders.seed)
    config = task.source.config
    skies = {
        key: [project(part, los, dust=config.dust) for los in task.source.lines_of_sight]
        for key, part in parts.items()
    }
    for key in {SHUFFLED, ANNULI} & set(orders.controls):
        shuffle = partial(
            shuffle_velocities, name=task.source.name, annuli=key == ANNULI, seed=orders.seed
        )
        skies[key] = [shuffle(sky) for sky in skies[PLAIN]]
    made = {key: _control(skies[key], task.source) for key in skies}
    if orders.with_light and HALVED in orders.controls:
        flux = _render(parts[HALVED], skies[HALVED], task.source)
        made[HALVED] = replace(made[HALVED], flux=flux)
    if HOLES in orders.controls:
        pairs = zip(made[PLAIN].moments, made[HALVED].moments, strict=True)
        moments = np.stack([keep_pixels(*pair) for pair in pairs])
        spin = np.full(len(moments), np.nan)
        made[HOLES] = _Made(moments=moments, flux=None, spin=spin)
    return {key: made[key] for key in (PLAIN, *orders.controls) if key in made}


def _control(skies: Sequence[SkyStars], source: Source) -> _Made:
    """Return the moments and λ_R of stars along all lines of sight."""
    moments = [
        kinematic_moments(sky, half_width, source.config.kinematic_pixels)
        for sky, half_width in zip(skies, source.half_widths, strict=True)
    ]
    spin = [spin_parameter(sky, SPIN_APERTURE * sky.half_mass_radius) for sky in skies]
    small = np.stack([rebin(each, KINEMATIC_PIXELS) for each in moments])
    return _Made(moments=small, flux=None, spin=np.array(spin))


def _render(galaxy: Galaxy, skies: Sequence[SkyStars], source: Source) -> NDArray[np.float32]:
    """Render the images of the stars that are left."""
    support = support_radii(galaxy, source.config)
    images = [
        render_sky(sky, support, source.config, half_width=half_width).flux_CHW
        for sky, half_width in zip(skies, source.half_widths, strict=True)
    ]
    return np.stack(images)


def _laid_out(stored: Sequence[GalaxyMaps], made: Mapping[str, _Made]) -> dict[str, ControlMaps]:
    """Return the maps of controls; images are those of the data set unless they have their own."""
    found = {}
    for key, each in made.items():
        images = [maps.flux_CHW for maps in stored] if each.flux is None else each.flux
        triples = zip(stored, each.moments, images, strict=True)
        maps = [
            replace(one, moments_CHW=sums, flux_CHW=flux, further={}) for one, sums, flux in triples
        ]
        found[key] = ControlMaps(maps=maps, spin=each.spin)
    return found


def _binned(maps: GalaxyMaps) -> GalaxyMaps:
    moments_CHW = bin_adaptively(rebin(maps.moments_CHW, KINEMATIC_PIXELS))
    return replace(maps, moments_CHW=moments_CHW, further={})


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
        (control,) = self.orders.controls
        few = f"must have {self.orders.equal} stars"

        def made(names: list[str]) -> Generator[ControlledGalaxy, None, None]:
            return control_maps(self.whole, names, self.orders, workers=self.workers)

        yield from rows_under(self, rows, control, made, few)


def rows_under(
    dataset: DataSet,
    rows: ArrayLike,
    control: str,
    make: Callable[[list[str]], Generator[ControlledGalaxy, None, None]],
    otherwise: str = "",
) -> Iterator[tuple[int, GalaxyMaps]]:
    """Yield samples under a control, made galaxy by galaxy, as `DataSet.read_maps`.

    Parameters
    ----------
    dataset : DataSet
    rows : (n,) int
    control : str
    make : callable
        Makes galaxies by their names, in order.
    otherwise : str
        Why a galaxy whose stars could be read is not there.

    Raises
    ------
    DataSetError
        If a galaxy could not be made.
    """
    rows = np.asarray(rows)
    numbers = dataset.galaxy_numbers[rows]
    names = [dataset.galaxy_names[number] for number in dict.fromkeys(numbers)]
    with closing(make(names)) as made:
        for each in made:
            if control not in each.controls:
                msg = f"{dataset.path}: {each.name}: {each.reason or otherwise}"
                raise DataSetError(msg)
            maps = dict(zip(dataset.rows_of(each.name), each.controls[control].maps, strict=True))
            for place in np.flatnonzero(numbers == dataset.galaxy_places[each.name]):
                yield int(place), maps[rows[place]]
