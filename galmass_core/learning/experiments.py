"""Define experiments by name: targets, inputs, and usable samples.

A name is ``TARGET[,TARGET]/INPUTS[@PIXELS]``: ``mstar/features`` is row 1 of the paper's Table 5,
``mstar,mtot/r+2V`` the joint network of its Table 4; any target goes with any inputs. ``any``
stands for every set of maps at once: one network that predicts from each. ``profile/INPUTS`` is the
mass profile: all masses at all radii, which trees learn from features and networks from maps.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_string_dtype

from galmass_core.datasets.capabilities import unknown_inputs
from galmass_core.quantities import (
    IMAGE_PIXELS,
    MAPS,
    OBSERVED_TARGETS,
    QUANTITIES,
    TARGETS,
    further_keys,
    has_images,
    is_known_column,
    map_keys,
    profile_columns,
    quantity,
    target_named,
    targets_by_word,
)

FEATURES = (  # Table 1, at the paper's apertures
    "abs_mag_r",
    "g_minus_r",
    "sfr_1gyr",
    "sersic_n",
    "c_over_a",
    "sigma_v",
    "lambda_r",
    "b_over_t",
    "f_cold",
    "f_hot",
)
IMAGE_SIZE = "effective_radius_image"  # R_e as an observer measures it
CATALOGUE_EQUIVALENTS = {
    "b_over_t": "bulge_fraction",
    "sersic_n": "bulge_index",
}  # columns of catalogues
TABLE_5_TARGETS = tuple(
    target.word for target in TARGETS.values() if target.table_5 and target.aperture == 1
)
PAPER_INPUTS = ("r", "g,r", "2V", "r+2V", "g,r+2V")
ANY = "any"  # inputs of a network that predicts from every set of maps
_PAIRS = {"g,r": ("r", "g-r"), "2V": ("V", "sigma")}  # the paper's names for two maps at once
TABLE_4 = (  # its 21 trainings in the order of its rows; 16 to 19 are one
    "mstar/r",
    "mstar2d/r",
    "mstar/g,r",
    "mstar2d/g,r",
    "mstar/2V",
    "mstar2d/2V",
    "mstar/r+2V",
    "mstar2d/r+2V",
    "mstar_2r/r+2V",
    "mstar2d_2r/r+2V",
    "mtot/r",
    "mtot/g,r",
    "mtot/2V",
    "mtot/r+2V",
    "mtot_2r/r+2V",
    "mstar,mtot/r+2V",
    "ml/r",
    "ml/2V",
    "ml/r+2V",
    "ml/g,r",
    "ml/g,r+2V",
    "mstar/r@150",  # T08
    "mstar/r@60",  # T09
    "ml_2r/r+2V",  # T17
)
TABLE_4_TRAININGS = TABLE_4[:21]  # of the table itself; the others are in the paper's text
TABLE_5_MASSES = tuple(word for word in TABLE_5_TARGETS if target_named(word).is_mass)
_USABLE = {  # above the first, up to the second
    "sersic_n": (0.0, 100.0),  # Sec. 2.3
    "b_over_t": (-np.inf, 1.0),  # Sec. 2.3
    "sigma_v": (0.0, np.inf),
    "effective_radius": (0.0, np.inf),
    "half_mass_radius": (0.0, np.inf),
}


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A prediction task: targets, inputs and method.

    Attributes
    ----------
    name : str
    targets : tuple of str
        Columns of true values; only networks and profiles have several.
    method : str
        ``trees``, ``power-law``, ``virial``, ``ridge``, ``network``; of mass profiles ``profile``,
        which is trees for each mass at each radius, or ``profile-network``.
    features : tuple of str
        Columns; none for networks.
    maps : tuple of str
        Inputs of a network, one branch each: of `quantities.MAPS`.
    pixels : int
        Side of the images ``r`` and ``g-r``, one of `IMAGE_PIXELS`.
    subsets : tuple of str
        Sets of maps, by name, that a network predicts from, with outputs for each; empty if it
        predicts from all its maps only.
    """

    name: str
    targets: tuple[str, ...]
    method: str
    features: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()
    pixels: int = IMAGE_PIXELS[0]
    subsets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if twice := [key for key in self.features if self.features.count(key) > 1]:
            msg = f"features must be named once each, got {twice[0]} again"
            raise ValueError(msg)

    @property
    def target(self) -> str:
        """Column of the first target."""
        return self.targets[0]

    @property
    def is_profile(self) -> bool:
        """Whether the targets are the masses at all radii."""
        return self.method in PROFILES

    @property
    def truth_level(self) -> tuple[str, ...]:
        """Features that cannot be observed, such as R_hsm, which also bounds the target."""
        kinds = {key: QUANTITIES[key].kind for key in self.features if is_known_column(key)}
        return tuple(key for key, kind in kinds.items() if kind != "feature")


PROFILE = "profile"  # the word of all masses at all radii, and the method of trees for them
PROFILE_NETWORK = "profile-network"  # the method of a network for them
PROFILES = (PROFILE, PROFILE_NETWORK)
_TABULAR = {
    "features": ("trees", FEATURES),
    "features+size": ("trees", (*FEATURES, IMAGE_SIZE)),
    "no-magnitude": ("trees", FEATURES[1:]),
    "light+dispersion": ("trees", ("abs_mag_r", "sigma_v")),
    "ridge": ("ridge", FEATURES),
    "power-law": ("power-law", ("abs_mag_r",)),
    "virial": ("virial", ("sigma_v", "effective_radius")),
    "constant": ("power-law", ()),
}


def experiment(name: str) -> Experiment:
    """Return the experiment of that name.

    Parameters
    ----------
    name : str
        ``TARGET[,TARGET...]/INPUTS[@PIXELS]``: of `targets_by_word` and `OBSERVED_TARGETS`, of
        `input_sets`, `ANY` or the summary features, and of `IMAGE_PIXELS` (300 by default). Pixels
        that no input has are dropped.

    Returns
    -------
    Experiment

    Raises
    ------
    ValueError
        If there is none; the message lists the known targets and inputs.
    """
    targets, _, rest = name.partition("/")
    if targets == PROFILE and rest in _profile_inputs():
        columns, features = profile_columns(), _TABULAR[rest][1]
        return Experiment(name=name, targets=columns, method=PROFILE, features=features)
    inputs, at, pixels = rest.partition("@")
    words, sides = tuple(targets.split(",")), {str(side): side for side in IMAGE_PIXELS}
    learned = targets_by_word() | OBSERVED_TARGETS
    known = set(words) <= set(learned) and len(set(words)) == len(words)
    from_maps = (inputs == ANY or input_maps(inputs)) and (pixels in sides or not at)
    if from_maps and (known or targets == PROFILE):
        return _network(targets, inputs, sides.get(pixels, IMAGE_PIXELS[0]))
    if known and rest in _tabular_inputs(words):
        method, features = _TABULAR[rest]
        return Experiment(
            name=name, targets=(learned[targets].key,), method=method, features=features
        )
    msg = (
        f"no experiment {name!r}; must be TARGET/INPUTS, for networks also "
        f"TARGET,TARGET/INPUTS@PIXELS; targets: {' '.join(learned)}; "
        f"inputs: {' '.join((*_TABULAR, ANY, *input_sets()))}, "
        f"and with +{' +'.join(further_keys())}; pixels: {' '.join(sides)}; "
        f"or {PROFILE}/ with {' '.join(_profile_inputs())} or maps"
    )
    raise ValueError(msg)


def inputs_of(maps: Iterable[str]) -> str:
    """Return the name of a set of maps, such as ``g,r+2V``; empty if there is none of just these.

    Maps are joined by ``+`` in the order of `quantities.MAPS`; controls stand alone.
    """
    wanted = set(maps)
    words = [key for key in MAPS if key in wanted]
    if len(words) < len(wanted) or (len(words) > 1 and any(MAPS[key].control for key in words)):
        return ""
    for word, (first, second) in _PAIRS.items():
        if {first, second} <= wanted:
            words[words.index(first)] = word
            words.remove(second)
    return "+".join(words)


def input_maps(inputs: str) -> tuple[str, ...]:
    """Return the maps of a set of inputs by its name, as `inputs_of` writes it; none if unknown."""
    named = {key for word in inputs.split("+") for key in _PAIRS.get(word, (word,))}
    maps = tuple(key for key in MAPS if key in named)
    return maps if inputs_of(named) == inputs else ()


def input_sets() -> dict[str, tuple[str, ...]]:
    """Return the sets of maps without further ones that networks learn from; the paper's first."""
    keys = map_keys()
    sets = [maps for size in range(1, len(keys) + 1) for maps in combinations(keys, size)]
    sets += [(key,) for key, spec in MAPS.items() if spec.control]
    named = {inputs_of(maps): maps for maps in sets}
    return {name: named[name] for name in PAPER_INPUTS} | named


def pixels_of(maps: Iterable[str], pixels: int) -> int:
    """Return the side of a network's images; the paper's if it has none."""
    return pixels if has_images(maps) else IMAGE_PIXELS[0]


def _network(targets: str, inputs: str, pixels: int) -> Experiment:
    """Return the experiment of a network; without an image it has the paper's pixels."""
    maps = map_keys() if inputs == ANY else input_maps(inputs)
    pixels = pixels_of(maps, pixels)
    side = "" if pixels == IMAGE_PIXELS[0] else f"@{pixels}"
    profile = targets == PROFILE
    words = () if profile else targets.split(",")
    return Experiment(
        name=f"{targets}/{inputs}{side}",
        targets=profile_columns() if profile else tuple(target_named(word).key for word in words),
        method=PROFILE_NETWORK if profile else "network",
        maps=maps,
        pixels=pixels,
        subsets=tuple(_sets_of_branches()) if inputs == ANY else (),
    )


def _sets_of_branches() -> dict[str, tuple[str, ...]]:
    """Return all sets of maps but the controls, by name."""
    return {
        name: maps
        for name, maps in input_sets().items()
        if not any(MAPS[key].control for key in maps)
    }


def _tabular_inputs(words: tuple[str, ...]) -> list[str]:
    """Return the tabular inputs available for these targets."""
    if len(words) > 1:
        return []
    is_mass = target_named(words[0]).is_mass
    return [inputs for inputs in _TABULAR if inputs != "virial" or is_mass]


def _profile_inputs() -> list[str]:
    """Return the inputs that profiles are learned from."""
    return [inputs for inputs, (method, _) in _TABULAR.items() if method == "trees"]


EXPERIMENTS = {  # those that learn from summary features
    f"{word}/{inputs}": experiment(f"{word}/{inputs}")
    for word in TABLE_5_TARGETS
    for inputs in _tabular_inputs((word,))
}


def missing_columns(samples: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    """Return the columns that a table lacks, or has without a single value."""
    return [key for key in keys if key not in samples.columns or samples[key].isna().all()]


def require_columns(wanted: Experiment, samples: pd.DataFrame) -> None:
    """Check that a data set has the columns and maps of an experiment.

    Raises
    ------
    ValueError
        If it lacks a column, or has no maps for a network; the message names all that are missing.
    """
    if missing := missing_columns(samples, (*wanted.features, *wanted.targets)):
        msg = f"{wanted.name} needs columns that the data lack: {', '.join(missing)}"
        raise ValueError(msg)
    if text := [key for key in wanted.features if is_string_dtype(samples[key].dropna())]:
        msg = f"{wanted.name} must learn from numbers, got columns of text: {', '.join(text)}"
        raise ValueError(msg)
    if wanted.maps and missing_columns(samples, ["shard"]):
        msg = (
            f"{wanted.name} needs the maps {', '.join(wanted.maps)}, but the data have only tables"
        )
        raise ValueError(msg)


def default_features(samples: pd.DataFrame) -> list[str]:
    """Return the columns of Table 1 that a table has, or their substitutes in catalogues."""
    choices = [
        [key, CATALOGUE_EQUIVALENTS[key]] if key in CATALOGUE_EQUIVALENTS else [key]
        for key in FEATURES
    ]
    there = [[key for key in keys if not missing_columns(samples, [key])] for keys in choices]
    return [keys[0] for keys in there if keys]


def true_values(samples: pd.DataFrame, target: str) -> NDArray:
    """Return the decimal logarithm of a target, (n,) float; NaN where it is zero or missing."""
    values = samples[target].to_numpy(dtype=float)
    if not quantity(target).log:
        values = np.log10(values, out=np.full(len(values), np.nan), where=values > 0)
    return values


def usable_rows(
    samples: pd.DataFrame,
    features: Sequence[str],
    targets: Sequence[str] = (),
    maps: Sequence[str] = (),
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Return which samples a model can use, and the reasons for the others.

    Parameters
    ----------
    samples : pandas.DataFrame
    features : sequence of str
        Columns.
    targets : sequence of str
        Required columns of true values.
    maps : sequence of str
        Inputs of a network, of which a sample's files may lack some.

    Returns
    -------
    (n,) bool
    dict of str to int
        Number of excluded samples by reason; a sample counts for its first reason.
    """
    usable = np.ones(len(samples), dtype=bool)
    left_out = {}
    for reason, good in _conditions(samples, features, targets, maps):
        if lost := int(np.count_nonzero(usable & ~good)):
            left_out[reason] = lost
        usable &= good
    return usable, left_out


def _conditions(
    samples: pd.DataFrame, features: Sequence[str], targets: Sequence[str], maps: Sequence[str]
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield each condition on samples, with the reason for excluding those that fail."""
    for target in targets:
        yield f"{target} is zero or not a number", np.isfinite(true_values(samples, target))
    for column in features:
        values = samples[column].to_numpy(dtype=float)
        yield f"{column} is not a number", np.isfinite(values)
        for key, (low, high) in _USABLE.items():
            if column.startswith(key) and column in QUANTITIES:  # at any aperture
                yield f"{column} is not above {low:g}", values > low
                yield f"{column} is above {high:g}", values <= high
    for reason, unknown in unknown_inputs(samples, maps):
        yield reason, ~unknown
