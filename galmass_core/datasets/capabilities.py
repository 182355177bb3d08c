"""What a data set can be used for, and why not: read by all pages and commands."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.folders import DataSetError
from galmass_core.galaxy import GUESSES, LINES_OF_SIGHT
from galmass_core.quantities import CHANNELS, MAPS, TARGETS, further_keys, symbol_of

LEAST_TO_TRAIN = 4  # galaxies, of which a split leaves one at least in each of three parts
LEAST_TO_TEST = 60  # galaxies; fewer leave too few to fit a line to and to test
_FIELDS = {"age": "ages", "metallicity": "metallicities"}  # of stars, of which maps are made


class Lacks(NamedTuple):
    """What a data set lacks for each use, as half a sentence; empty where it lacks nothing."""

    maps: str
    dark_matter: str
    lines_of_sight: str
    training: str  # of anything: true masses, or galaxies for each part of a split
    network: str  # maps, or what `training` lacks
    testing: str  # what `training` lacks, or galaxies to measure a scatter on


@lru_cache(maxsize=16)
def lacks(data: DataSet) -> Lacks:
    """Return what a data set lacks."""
    samples, galaxies = data.samples, len(data.galaxy_names)
    known = [key for key in TARGETS if key in samples and samples[key].notna().any()]
    words = "galaxy is" if galaxies == 1 else "galaxies are"
    few = f"{galaxies} {words} too few to {{}}: it takes {{}}"
    training, testing = (
        few.format(use, least) * (galaxies < least) if known else "it has no true masses to predict"
        for use, least in (
            ("train on", LEAST_TO_TRAIN),
            ("train on and to measure errors with", LEAST_TO_TEST),
        )
    )
    maps = "it has numbers, no maps" * (not data.has_maps)
    return Lacks(
        maps=maps,
        dark_matter="it has no mass of dark matter" * (not any("dm_" in key for key in known)),
        lines_of_sight="this is a catalogue, its galaxies are not projected"
        * (not samples["los"].isin(LINES_OF_SIGHT).any()),
        training=training,
        network=maps or training,
        testing=testing,
    )


def require_maps(data: DataSet, purpose: str) -> None:
    """Raise a DataSetError if a data set has no maps for a purpose, which the sentence names."""
    if lacks(data).maps:
        msg = f"{data.path}: must have maps for {purpose}, got only tables"
        raise DataSetError(msg)


def further_maps(data: DataSet) -> tuple[str, ...]:
    """Return the keys of the maps beside the paper's that a data set has."""
    return tuple(key for key in further_keys() if data.has_maps and not lacking(data, [key]))


def lacking(data: DataSet, keys: Iterable[str]) -> str:
    """Return which of some maps a data set with maps lacks, as half a sentence; empty if none."""
    wanted = {key: MAPS[key].made_from for key in keys if MAPS[key].made_from in CHANNELS}
    absent = {key: made for key, made in wanted.items() if made not in data.channels}
    if not absent:
        return ""
    names = ", ".join(symbol_of(key) for key in absent)
    channels = " ".join(name for name in CHANNELS if name in absent.values())
    return f"it has no maps of {names}: they come with galmass build --channels {channels}"


def require_inputs(data: DataSet, keys: Iterable[str]) -> None:
    """Raise a DataSetError if a data set has maps, but lacks some of these."""
    if data.has_maps and (why := lacking(data, keys)):
        msg = f"{data.path}: {why}"
        raise DataSetError(msg)


def unknown_inputs(
    samples: pd.DataFrame, keys: Iterable[str]
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield why some maps of a sample are not known, and of which samples.

    Of files without gas, or whose stars have no age or metallicity of their own.
    """
    keys = tuple(keys)
    notes = samples.get("notes", pd.Series("", samples.index)).astype("string").fillna("")
    for key, field in _FIELDS.items():
        if key in keys:
            guessed = notes.str.contains("|".join(GUESSES[field]), regex=True)
            yield f"{field} of stars are not known", guessed.to_numpy(bool)
    if any(MAPS[key].made_from == "gas" for key in keys):
        counted = samples.get("n_gas", pd.Series(np.nan, samples.index))
        yield "gas is not known", counted.isna().to_numpy(bool)
