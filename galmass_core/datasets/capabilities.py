"""What a data set can be used for, and why not: read by all pages and commands."""

from functools import lru_cache
from typing import NamedTuple

from galmass_core.datasets.dataset import DataSet, DataSetError
from galmass_core.galaxy import LINES_OF_SIGHT
from galmass_core.quantities import TARGETS

LEAST_TO_TRAIN = 4  # galaxies, of which a split leaves one at least in each of three parts
LEAST_TO_TEST = 60  # galaxies; fewer leave too few to fit a line to and to test


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
