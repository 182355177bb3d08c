"""Make the maps of a data set's galaxies as something less sees them, or from another side.

A variant is a telescope, another line of sight, fewer pixels or fewer stars. Other lines of sight
and fewer stars need the files of the simulation.
"""

import hashlib
import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from galmass_core.datasets.again import Source, read_beside, reason_of
from galmass_core.datasets.control_maps import (
    PLAIN,
    ControlledGalaxy,
    ControlMaps,
    rows_under,
)
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.star_controls import generator_of
from galmass_core.datasets.thinning import check_stars, thin_stars
from galmass_core.galaxy import Galaxy
from galmass_core.imaging.frames import R_E
from galmass_core.imaging.maps import GalaxyMaps, MapConfig, rebin, render_sky, support_radii
from galmass_core.imaging.projection import SkyStars, project
from galmass_core.imaging.sums import further_sums, kinematic_moments
from galmass_core.measurements.framed import framed_maps
from galmass_core.quantities import IMAGE_PIXELS, MapSpec
from galmass_core.quantities.maps import KINEMATIC_PIXELS
from galmass_core.telescope import look, telescope, turned
from galmass_core.telescope.views import axes_of_view, inclination_of

FINEST = MapConfig().kinematic_pixels
TELESCOPE, VIEW, MOTION, LIGHT, STARS = "telescope", "view", "motion", "image", "stars"


@dataclass(frozen=True)
class Variant:
    """How galaxies are seen.

    Attributes
    ----------
    kind : str
        `TELESCOPE`, `VIEW`, `MOTION`, `LIGHT` or `STARS`.
    value : str or int
        A preset, maybe with changes, as of `settings.telescope`; a line of sight, as of
        `views.inclination_of`; pixels along a side of maps of motion, at most 48 or all `FINEST`
        that are stored, or of images, which divide those stored; or the number of stars that are
        kept of galaxies with more.

    Raises
    ------
    ValueError
        If the value is none of these.
    """

    kind: str
    value: str | int

    def __post_init__(self) -> None:
        if self.kind == TELESCOPE:
            telescope(str(self.value))
        elif self.kind == VIEW:
            inclination_of(str(self.value))
        elif self.kind == STARS:
            check_stars(int(self.value))
        elif self.kind == MOTION and not (
            1 <= int(self.value) <= KINEMATIC_PIXELS or self.value == FINEST
        ):
            msg = f"pixels of motion must be 1 to {KINEMATIC_PIXELS} or {FINEST}, got {self.value}"
            raise ValueError(msg)
        elif self.kind == LIGHT and not (self.value and IMAGE_PIXELS[0] % int(self.value) == 0):
            msg = f"pixels of images must divide {IMAGE_PIXELS[0]}, got {self.value}"
            raise ValueError(msg)

    @property
    def key(self) -> str:
        """Name of the variant in results."""
        return f"{self.kind} {self.value}"

    @property
    def needs_stars(self) -> bool:
        """Whether it is made from the files of the simulation."""
        return self.kind in (VIEW, STARS)

    @property
    def is_stored(self) -> bool:
        """Whether it is the stored maps of motion, finer than networks have them."""
        return self.kind == MOTION and self.value == FINEST

    def changes(self, spec: MapSpec) -> bool:
        """Return whether it changes a map."""
        if self.kind == TELESCOPE and not spec.is_image:
            return telescope(str(self.value)).spectrograph is not None
        return self.kind not in (MOTION, LIGHT) or spec.is_image == (self.kind == LIGHT)

    def can_show(self, spec: MapSpec) -> bool:
        """Return whether it can make a map: no telescope's measurement of further ones is known."""
        return self.kind != TELESCOPE or not spec.further


@dataclass(frozen=True, kw_only=True)
class _Task:
    """A galaxy to read, and what to make of it."""

    source: Source
    variants: tuple[Variant, ...]
    seed: int
    images: bool


_Sums = dict[str, NDArray]  # moments, and those of `quantities.CHANNELS` that are stored
_Made = dict[str, list[tuple[_Sums, NDArray | None]]]  # sums and light, of each line of sight


def variant_maps(
    dataset: DataSet,
    names: Sequence[str],
    variants: Sequence[Variant],
    *,
    seed: int = 0,
    images: bool = True,
    workers: int = 1,
) -> Generator[ControlledGalaxy, None, None]:
    """Make galaxies as they are, and under each variant, in order.

    Parameters
    ----------
    dataset : DataSet
        With maps.
    names : sequence of str
    variants : sequence of Variant
    seed : int
        Of noise, and of what a line of sight or a smaller number of stars leaves open. Each sample
        has its own draw, whatever else is made.
    images : bool
        Whether light is needed; else that of the data set stays.
    workers : int
        Processes that read galaxies; results do not depend on their number.

    Yields
    ------
    ControlledGalaxy
        With `control_maps.PLAIN` and the keys of the variants that could be made.

    Raises
    ------
    DataSetError
        If the maps' files are missing or damaged.
    """
    from_stars = tuple(each for each in variants if each.needs_stars)
    tasks = [
        _Task(source=Source.of(dataset, name), variants=from_stars, seed=seed, images=images)
        for name in (names if from_stars else ())
    ]
    with closing(read_beside(dataset, names, _make, tasks, _whole, workers)) as galaxies:
        for galaxy in galaxies:
            stored, made = galaxy.stored, galaxy.made or {}
            found = {key: _laid_out(stored, each) for key, each in made.items()} | {PLAIN: stored}
            labels = [f"{galaxy.name} {los}" for los in dataset.samples["los"].iloc[galaxy.rows]]
            for variant in variants:
                if not (variant.needs_stars or variant.is_stored):
                    pairs = zip(stored, labels, strict=True)
                    found[variant.key] = [_seen(*pair, variant, seed, images) for pair in pairs]
            unknown = np.full(len(stored), np.nan)
            controls = {key: ControlMaps(maps=maps, spin=unknown) for key, maps in found.items()}
            yield ControlledGalaxy(name=galaxy.name, controls=controls, reason=galaxy.reason)


def _whole(made: _Made) -> list[NDArray]:
    """Return the moments of all stars."""
    return [sums["moments"] for sums, _ in made[PLAIN]]


def _seen(maps: GalaxyMaps, label: str, variant: Variant, seed: int, images: bool) -> GalaxyMaps:
    """Return stored maps under a variant that needs nothing else."""
    if variant.kind == TELESCOPE:
        seen_by = telescope(str(variant.value))  # with the noise of the preset
        generator = generator_of(label, f"{TELESCOPE} {seen_by.name}", seed)
        return look(maps, seen_by, generator, images=images)
    if variant.kind == MOTION:
        pixels = int(variant.value)
        further = {name: coarse_motion(sums, pixels) for name, sums in maps.further.items()}
        moments_CHW = coarse_motion(maps.moments_CHW, pixels)
        return replace(maps, moments_CHW=moments_CHW, further=further)
    return replace(maps, flux_CHW=coarse_light(maps.flux_CHW, int(variant.value)))


def coarse_motion(moments_CHW: NDArray, pixels: int) -> NDArray:
    """Return moments of ``pixels`` along the side, each repeated over its part of 48 pixels.

    Coarser pixels are sums of stored ones, each of which is in that where its centre is; a pixel
    of the 48 has the moments of the coarser one where its own centre is.
    """
    side = moments_CHW.shape[-1]
    into = (2 * np.arange(side) + 1) * pixels // (2 * side)
    share = (into == np.arange(pixels)[:, None]).astype(float)
    sums = share @ moments_CHW.astype(float) @ share.T
    of = (2 * np.arange(KINEMATIC_PIXELS) + 1) * pixels // (2 * KINEMATIC_PIXELS)
    return sums[:, of[:, None], of].astype(moments_CHW.dtype)


def coarse_light(flux_CHW: NDArray, pixels: int) -> NDArray:
    """Return light of ``pixels`` along the side, spread evenly over the stored ones."""
    times = flux_CHW.shape[-1] // pixels
    return np.repeat(np.repeat(rebin(flux_CHW, pixels), times, 1), times, 2) / times**2


def _make(task: _Task) -> _Made | str:
    """Read a galaxy and make its variants, or say why that cannot be done."""
    try:
        galaxy = task.source.read()
        sights, dust = task.source.lines_of_sight, task.source.config.dust
        plain = [project(galaxy, los, dust=dust) for los in sights]
        pairs = zip(plain, task.source.half_widths, strict=True)
        made: _Made = {PLAIN: [(_sums(galaxy, *pair, task), None) for pair in pairs]}
        for variant in task.variants:
            made[variant.key] = list(_made_under(galaxy, variant, task))
    except (OSError, ValueError) as error:  # one galaxy must not stop the others
        return reason_of(error)
    return made


def _made_under(
    galaxy: Galaxy, variant: Variant, task: _Task
) -> Iterator[tuple[_Sums, NDArray | None]]:
    """Make the sums and the light of a galaxy under a variant, of each line of sight."""
    config = task.source.config
    if variant.kind == STARS:
        galaxy = thin_stars(galaxy, min(int(variant.value), len(galaxy.stars)), seed=task.seed)
    sees_another_r_e = variant.kind == VIEW and config.unit == R_E
    support = support_radii(galaxy, config) if task.images or sees_another_r_e else None
    for los, half_width in zip(task.source.lines_of_sight, task.source.half_widths, strict=True):
        seen, sky = _sky(galaxy, los, variant, task)
        if support is None:
            yield _sums(seen, sky, half_width, task), None
            continue
        if sees_another_r_e:
            maps, _ = framed_maps(sky, support, config)
        else:
            maps = render_sky(sky, support, config, half_width=half_width)
        yield _sums(seen, sky, maps.half_width, task), maps.flux_CHW if task.images else None


def _sky(galaxy: Galaxy, los: str, variant: Variant, task: _Task) -> tuple[Galaxy, SkyStars]:
    """Return a galaxy, turned if need be, and its stars on the sky."""
    if variant.kind == VIEW:
        generator = generator_of(f"{task.source.name} {los}", variant.key, task.seed)
        galaxy, los = turned(galaxy, axes_of_view(galaxy, str(variant.value), generator)), "z"
    return galaxy, project(galaxy, los, dust=task.source.config.dust)


def _sums(galaxy: Galaxy, sky: SkyStars, half_width: float, task: _Task) -> _Sums:
    """Return what a data set stores of motion on 48 pixels."""
    config = task.source.config
    frame = half_width, config.kinematic_pixels
    sums = {"moments": kinematic_moments(sky, *frame)}
    sums |= further_sums(galaxy, sky, config.channels, *frame)
    return {name: rebin(each, KINEMATIC_PIXELS) for name, each in sums.items()}


def _laid_out(
    stored: Sequence[GalaxyMaps], made: Sequence[tuple[_Sums, NDArray | None]]
) -> list[GalaxyMaps]:
    """Return maps of what was made; images are those of the data set unless there are others."""
    return [
        replace(
            maps,
            moments_CHW=sums["moments"],
            further={name: each for name, each in sums.items() if name != "moments"},
            flux_CHW=maps.flux_CHW if light is None else light,
        )
        for maps, (sums, light) in zip(stored, made, strict=True)
    ]


@dataclass(frozen=True, kw_only=True, eq=False)
class VariantDataSet(DataSet):
    """A data set whose maps are those of a variant, made when they are read.

    Attributes
    ----------
    whole : DataSet
        As it was built.
    variant : Variant
    seed : int
    images : bool
        As of `variant_maps`.
    workers : int
        Processes that read galaxies.
    """

    whole: DataSet
    variant: Variant
    seed: int = 0
    images: bool = True
    workers: int = 1

    @classmethod
    def of(cls, whole: DataSet, variant: Variant, **options: Any) -> "VariantDataSet":  # noqa: ANN401
        """Return a data set as one of its variants."""
        return cls(
            path=whole.path,
            info=whole.info,
            samples=whole.samples,
            excluded=whole.excluded,
            whole=whole,
            variant=variant,
            **options,
        )

    @cached_property
    def checksum(self) -> str:
        """Hash of the data set and the variant."""
        words = json.dumps([self.whole.checksum, self.variant.key, self.seed])
        return hashlib.sha256(words.encode()).hexdigest()

    def read_maps(self, rows: ArrayLike) -> Iterator[tuple[int, GalaxyMaps]]:
        """Make samples galaxy by galaxy; as `DataSet.read_maps`.

        Raises
        ------
        DataSetError
            If the stars of a galaxy cannot be read again.
        """

        def made(names: list[str]) -> Generator[ControlledGalaxy, None, None]:
            options: dict[str, Any] = {"seed": self.seed, "images": self.images}
            return variant_maps(self.whole, names, [self.variant], workers=self.workers, **options)

        yield from rows_under(self, rows, self.variant.key, made)
