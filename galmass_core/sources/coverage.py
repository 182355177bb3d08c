"""Decide what a particle file covers: one bound galaxy, and which species of it.

A species that a file does not hold is unknown, not zero.
"""

import re
from pathlib import Path

import numpy as np

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import attributes, hdf5
from galmass_core.sources.tng_files import is_snapshot_name

PART_TYPES = {  # stars first: one of them may be the origin
    "stars": "PartType4",
    "gas": "PartType0",
    "dark_matter": "PartType1",
    "black_holes": "PartType5",
}
_API_NAMES = {"stars": "stars", "gas": "gas", "dark_matter": "dm", "black_holes": "bhs"}
_OBJECT_NUMBERS = ("GroupNumber", "SubGroupNumber", "HaloID")  # of each particle
FROM_ARRAYS = "galmass_core.Galaxy.from_arrays takes particles without formation times (N-body)"
_ADVICE_ON_CATALOGUE = "galmass catalogue FOLDER reads its masses, without particles"
_ADVICE = "build it with its catalogue, files or folders: galmass build SNAPSHOT --groups CATALOGUE"


def unknown_species(file: hdf5.File) -> frozenset[str]:
    """Return the species that a file of one galaxy does not hold, though the galaxy may have them.

    A cutout of the web API states what was requested (``CutoutRequest``). Without that, missing
    dark matter is unknown: examples of SimSpin hold none, though ``TypesExtracted``, which an
    extract of EAGLE or SWIFT has, lists it. Missing gas or black holes are unknown unless
    ``TypesExtracted`` lists them or the header counts none.
    """
    return frozenset(
        species
        for species, group in PART_TYPES.items()
        if group not in file and not _is_covered(file, species)
    )


def _is_covered(file: hdf5.File, species: str) -> bool:
    """Return whether a file without a species says that the galaxy has none of it."""
    number = int(PART_TYPES[species][-1])
    if request := attributes.text(file, "CutoutRequest"):
        wanted = {name for name in PART_TYPES if _is_requested(request, name)}
        return species in wanted or not wanted  # without any name it is for everything
    if species == "dark_matter":
        return False
    extracted = attributes.find_numbers(file, "TypesExtracted")
    if extracted is not None and len(extracted) > number:
        return bool(extracted[number])
    counts = attributes.find_counts(file, "NumPart_ThisFile", "NumPart_Total")
    if counts is None or len(counts) <= number:
        return False
    return bool(counts[number] == 0)


def _is_requested(request: str, species: str) -> bool:
    return bool(re.search(rf"\b({PART_TYPES[species]}|{_API_NAMES[species]})\b", request))


def check_one_galaxy(file: hdf5.File) -> None:
    """Raise GalaxyFileError if a file holds a part of a snapshot, or more than one object."""
    path = Path(file.filename)
    if cutout := attributes.text(file, "CutoutType"):
        if cutout != "subhalo":
            msg = f"{path}: Header/CutoutType must be subhalo, one galaxy, got {cutout}"
            raise GalaxyFileError(msg)
        return
    files = attributes.find_counts(file, "NumFilesPerSnapshot")
    if files is not None and files[0] > 1:
        msg = (
            f"{path}: must hold one galaxy, got one of {files[0]} files of a snapshot "
            f"(Header/NumFilesPerSnapshot): {_ADVICE}"
        )
        raise GalaxyFileError(msg)
    total, here = _counts(file, "NumPart_Total"), _counts(file, "NumPart_ThisFile")
    if total > here > 0:
        msg = (
            f"{path}: must hold one galaxy, got {here} of the {total} particles of a snapshot "
            f"(Header/NumPart_Total): {_ADVICE}"
        )
        raise GalaxyFileError(msg)
    if "Cells" in file or attributes.text(file, "OutputType") == "FullVolume":
        msg = f"{path}: must hold one galaxy, got a whole volume of SWIFT: {_ADVICE}"
        raise GalaxyFileError(msg)
    if is_snapshot_name(path) and not attributes.text(file, "CutoutID"):
        msg = f"{path}: must hold one galaxy, but has the name of a whole snapshot: {_ADVICE}"
        raise GalaxyFileError(msg)
    if "Subhalo" in file and not any(group in file for group in PART_TYPES.values()):
        msg = f"{path}: must hold one galaxy, got a group catalogue: {_ADVICE_ON_CATALOGUE}"
        raise GalaxyFileError(msg)
    if "PartType4" not in file:
        msg = f"{path}: PartType4 must hold stars, got none: {FROM_ARRAYS}"
        raise GalaxyFileError(msg)
    _check_object_numbers(file, path)


def _counts(file: hdf5.File, name: str) -> int:
    """Return the sum of particle counts in the header, 0 if it has none."""
    counts = attributes.find_counts(file, name)
    high = attributes.find_counts(file, f"{name}_HighWord")
    if counts is None:
        return 0
    return int(counts.sum()) + (0 if high is None else int(high.sum()) << 32)


def count_notes(file: hdf5.File) -> list[str]:
    """Return a note for each species of which the header counts other particles than there are."""
    counts = attributes.find_counts(file, "NumPart_ThisFile")
    notes = []
    for group in PART_TYPES.values():
        number, positions = int(group[-1]), file.find(f"{group}/Coordinates")
        rows = 0 if positions is None else len(positions)
        if counts is not None and number < len(counts) and rows and rows != counts[number]:
            header = f"Header/NumPart_ThisFile counts {counts[number]} of {group}"
            notes.append(f"{header}, but there are {rows}.")
    return notes


def _check_object_numbers(file: hdf5.File, path: Path) -> None:
    """Raise GalaxyFileError if the particles have the numbers of several objects."""
    for name in _OBJECT_NUMBERS:
        fields = [file.find(f"{group}/{name}") for group in PART_TYPES.values()]
        columns = [field.with_width().whole() for field in fields if field is not None]
        numbers = np.unique(np.concatenate(columns)) if columns else ()
        if len(numbers) > 1:
            some = ", ".join(map(str, numbers[:3]))
            msg = (
                f"{path}: {name} must be the same for all particles of a galaxy, got "
                f"{len(numbers)} values ({some}{', ...' if len(numbers) > 3 else ''}): {_ADVICE}"
            )
            raise GalaxyFileError(msg)
