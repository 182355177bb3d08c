"""Define the maps: all their properties, and their computation from stored channels.

A data set stores channels: light in `BANDS`, sums over the stars of each pixel (`MOMENTS`) and,
where its build was asked for them, further sums (`CHANNELS`). A map is a function of one kind of
channels. Every module that renders, codes, scales, augments, names or draws maps reads its entry
here, so that a new map is one function and one entry of `MAPS`, or, from a notebook or a script,
one call of `register_map`.

Shape suffixes: C channels, H rows, W columns.
"""

from collections.abc import Iterable

from galmass_core.quantities.map_definition import IMAGE_PIXELS, MapSpec
from galmass_core.quantities.map_views import (
    LEAST_FOR_DISPERSION,
    LEAST_FOR_SHAPE,
    gas_dispersion,
    light_colour,
    mean_age,
    mean_metallicity,
    mean_velocity,
    r_light,
    star_count,
    star_occupancy,
    stellar_mass,
    velocity_dispersion,
    velocity_h3,
    velocity_h4,
)
from galmass_core.quantities.quantity import QUANTITIES

KINEMATIC_PIXELS = 48  # side of maps of moments, Sec. 2.2

MAPS: dict[str, MapSpec] = {
    spec.key: spec
    for spec in (
        MapSpec(
            key="r",
            symbol="r",
            name="r image",
            unit="Lsun/pixel",
            help="Starlight in the SDSS r band, dimmed by dust.",
            made_from="light",
            view=r_light,
            pixels=IMAGE_PIXELS[0],
            codes=(-2.0, 12.0),
            log_codes=True,
            per_pixel=True,
            palette="gray",
            colours="decades",
            colour_range=(1.0, 10**3.5),
            digits="%.2e",
        ),
        MapSpec(
            key="g-r",
            symbol="g−r",
            name="g−r colour map",
            unit="mag",
            help="Colour of the starlight: red where stars are old, metal-rich or behind dust.",
            made_from="light",
            view=light_colour,
            pixels=IMAGE_PIXELS[0],
            codes=(-2.0, 4.0),
            limits=(-0.2, 1.2),
            empty=None,
            palette="starlight",
            colours="fixed",
            digits="%.2f",
        ),
        MapSpec(
            key="V",
            symbol="V",
            name="velocity map",
            unit="km/s",
            help="Mean velocity of the stars along the line of sight; positive moves away from us.",
            made_from="moments",
            view=mean_velocity,
            pixels=KINEMATIC_PIXELS,
            codes=(-3000.0, 3000.0),
            limits=(-500.0, 500.0),
            odd=True,
            palette="velocity",
            colours="symmetric",
            colour_range=(-1.0, 1.0),
            digits="%.0f",
        ),
        MapSpec(
            key="sigma",
            symbol="σ",
            name="dispersion map",
            unit="km/s",
            help="Spread of the stars' velocities along the line of sight.",
            made_from="moments",
            view=velocity_dispersion,
            pixels=KINEMATIC_PIXELS,
            codes=(0.0, 3000.0),
            limits=(0.0, 500.0),
            least_stars=LEAST_FOR_DISPERSION,
            palette="inferno",
            digits="%.0f",
        ),
        MapSpec(
            key="occupancy",
            symbol="stars?",
            name="occupied pixels (a control)",
            help="Which pixels have a star, and nothing else: shows how much of a result comes "
            "from counting them. It is learned from alone.",
            made_from="moments",
            view=star_occupancy,
            pixels=KINEMATIC_PIXELS,
            codes=(0.0, 1.0),
            limits=(0.0, 1.0),
            control=True,
        ),
        MapSpec(
            key="stars",
            symbol="N*",
            name="stars per pixel",
            unit="1/pixel",
            help="Number of star particles: how well a pixel's motion is known.",
            made_from="moments",
            view=star_count,
            pixels=KINEMATIC_PIXELS,
            codes=(-1.0, 7.0),
            limits=(-1.0, 5.0),  # one star is not none
            log_codes=True,
            per_pixel=True,
            further=True,
            palette="viridis",
            colours="decades",
            colour_range=(1.0, 10**3.5),
            digits="%.0f",
        ),
        MapSpec(
            key="mass",
            symbol="m*",
            name="stellar-mass map",
            unit="Msun/pixel",
            help="Mass of the stars, without dust: what an ideal model of their light would find.",
            made_from="populations",
            view=stellar_mass,
            pixels=KINEMATIC_PIXELS,
            codes=(0.0, 13.0),
            log_codes=True,
            per_pixel=True,
            further=True,
            palette="gray",
            colours="decades",
            colour_range=(1e5, 10**8.5),
            digits="%.2e",
        ),
        MapSpec(
            key="age",
            symbol="age",
            name="age map",
            unit="Gyr",
            help="Mean age of the stars, weighted by their light in r.",
            made_from="populations",
            view=mean_age,
            pixels=KINEMATIC_PIXELS,
            codes=(0.0, 14.0),
            limits=(0.0, 14.0),
            empty=None,
            further=True,
            palette="starlight",
            digits="%.1f",
        ),
        MapSpec(
            key="metallicity",
            symbol="Z",
            name="metallicity map",
            unit="",
            help="Mean metal fraction of the stars' mass at birth, weighted by their light in r.",
            made_from="populations",
            view=mean_metallicity,
            pixels=KINEMATIC_PIXELS,
            codes=(0.0, 0.2),
            limits=(0.0, 0.06),
            empty=None,
            further=True,
            palette="viridis",
            digits="%.4f",
        ),
        MapSpec(
            key="h3",
            symbol="h₃",
            name="h₃ map",
            unit="",
            help="Skewness of the stars' velocities: below 0 where their tail reaches towards us. "
            "From moments, in pixels of at least ten stars.",
            made_from="shapes",
            view=velocity_h3,
            pixels=KINEMATIC_PIXELS,
            codes=(-2.0, 2.0),
            limits=(-0.5, 0.5),
            least_stars=LEAST_FOR_SHAPE,
            odd=True,
            further=True,
            palette="velocity",
            colours="symmetric",
            colour_range=(-0.1, 0.1),
            digits="%.2f",
        ),
        MapSpec(
            key="h4",
            symbol="h₄",
            name="h₄ map",
            unit="",
            help="Tails of the stars' velocities: above 0 where they are heavier than a "
            "Gaussian's. From moments, in pixels of at least ten stars.",
            made_from="shapes",
            view=velocity_h4,
            pixels=KINEMATIC_PIXELS,
            codes=(-0.2, 4.0),
            limits=(-0.2, 0.6),
            least_stars=LEAST_FOR_SHAPE,
            further=True,
            palette="viridis",
            digits="%.2f",
        ),
        MapSpec(
            key="V_gas",
            symbol="V_gas",
            name="gas velocity map",
            unit="km/s",
            help="Mean velocity of the neutral gas along the line of sight, weighted by the mass "
            "of its hydrogen; positive moves away from us.",
            made_from="gas",
            view=mean_velocity,
            pixels=KINEMATIC_PIXELS,
            codes=(-3000.0, 3000.0),
            limits=(-500.0, 500.0),
            odd=True,
            further=True,
            palette="velocity",
            colours="symmetric",
            colour_range=(-1.0, 1.0),
            digits="%.0f",
        ),
        MapSpec(
            key="sigma_gas",
            symbol="σ_gas",
            name="gas dispersion map",
            unit="km/s",
            help="Spread of the velocities of the neutral gas along the line of sight, of its "
            "motion alone; in pixels of at least two cells.",
            made_from="gas",
            view=gas_dispersion,
            pixels=KINEMATIC_PIXELS,
            codes=(0.0, 3000.0),
            limits=(0.0, 500.0),
            further=True,
            palette="inferno",
            digits="%.0f",
        ),
    )
}
OCCUPANCY = "occupancy"  # the control of all maps of moments
_BUILT_IN = frozenset(MAPS)


def map_spec(key: str) -> MapSpec:
    """Return the entry of a map.

    Raises
    ------
    ValueError
        If there is none; the message lists the known ones.
    """
    if key not in MAPS:
        msg = f"map must be one of {', '.join(MAPS)}, got {key!r}"
        raise ValueError(msg)
    return MAPS[key]


def map_keys() -> tuple[str, ...]:
    """Return the keys of the maps that are always shown: the paper's four and those registered."""
    return tuple(key for key, spec in MAPS.items() if not (spec.control or spec.further))


def further_keys() -> tuple[str, ...]:
    """Return the keys of the maps that are shown and learned only where they are asked for."""
    return tuple(key for key, spec in MAPS.items() if spec.further)


def has_images(keys: Iterable[str]) -> bool:
    """Return whether any map is an image, whose side can be chosen; unknown keys are ignored."""
    return any(MAPS[key].is_image for key in keys if key in MAPS)


def has_kinematics(keys: Iterable[str]) -> bool:
    """Return whether any map is of pixels with stars and no control; ignore unknown keys."""
    specs = (MAPS[key] for key in keys if key in MAPS)
    return any(spec.is_of_stars and not spec.control for spec in specs)


def is_registered(key: str) -> bool:
    """Return whether a map was added by `register_map`."""
    return key not in _BUILT_IN


def register_map(spec: MapSpec) -> None:
    """Add a map for this process, or replace one that was added before.

    From then on every data set provides it (`DataSet.tensors`, `GalaxyMaps.view`), networks can use
    it alone (``mstar/KEY``) or with other maps (``mstar/r+2V+KEY``), and figures and pages of the
    dashboard created later show it. It must be registered again wherever a run trained on it is
    used.

    Parameters
    ----------
    spec : MapSpec

    Raises
    ------
    ValueError
        If a map or a column of galmass itself has that key.

    Examples
    --------
    >>> register_map(
    ...     MapSpec(
    ...         key="faint",
    ...         symbol="N_1",
    ...         name="pixels of one star",
    ...         unit="",
    ...         made_from="moments",
    ...         view=lambda moments_CHW: moments_CHW[0] == 1,
    ...         pixels=48,
    ...         codes=(0.0, 1.0),
    ...     )
    ... )
    """
    if spec.key in QUANTITIES and (spec.key not in MAPS or spec.key in _BUILT_IN):
        msg = f"the key of a new map must not be that of a map or column, got {spec.key!r}"
        raise ValueError(msg)
    MAPS[spec.key] = QUANTITIES[spec.key] = spec
