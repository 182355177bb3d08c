"""Check that two data sets were made alike, so that only their simulations differ."""

from collections.abc import Iterator

from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.folders import DataSetError

_FROM_TABLE = "light comes from the SSP table"  # notes of `sources.assembly`
_FROM_STARS = "R_hsm that of the stars"
_REBUILD = {
    "content": "build both from particles, or both with galmass catalogue",
    "dust": "use the same --dust of galmass build",
    "maps": "build both with the same --frame and version of galmass",
    "stars": "thin both with the same --stars of galmass build",
    "light": "build both from files that have magnitudes, or both from files that have none",
    "R_hsm": "build both with their group catalogues, or both without",
    "definitions": "build both with galmass catalogue of the same version",
}


def check_comparable(train: DataSet, test: DataSet) -> None:
    """Check that two data sets have the same recipe and no galaxy in common.

    Parameters
    ----------
    train, test : DataSet

    Raises
    ------
    DataSetError
        If maps, dust, number of stars, origin of the light, R_hsm or the definitions of columns
        differ, or they share galaxies; the message names what differs, and how to rebuild.
    """
    ours, theirs = recipe(train), recipe(test)
    differences = [key for key in ours if ours[key] != theirs[key]]
    if differences:
        found = ", ".join(f"{key} ({ours[key]} and {theirs[key]})" for key in differences)
        advice = "; ".join(_REBUILD[key] for key in differences)
        msg = (
            f"{train.path.name} and {test.path.name} must be made alike, but differ in {found}: "
            f"{advice}"
        )
        raise DataSetError(msg)
    if shared := set(train.galaxy_names) & set(test.galaxy_names):
        msg = (
            f"{train.path.name} and {test.path.name} must be of different simulations, "
            f"got {len(shared)} galaxies in both, such as {min(shared)}"
        )
        raise DataSetError(msg)


def recipe(dataset: DataSet) -> dict[str, str]:
    """Return in words how a data set was made, as far as that decides what a model learns.

    Parameters
    ----------
    dataset : DataSet

    Returns
    -------
    dict of str to str
        ``content``, ``dust``, ``maps``, ``stars``, ``light``, ``R_hsm`` and ``definitions``.
    """
    maps = dict(dataset.info.get("maps") or {})
    stars = dataset.info.get("stars")
    definitions = dataset.info.get("definitions") or {}
    return {
        "content": "maps" if dataset.has_maps else "a catalogue",
        "dust": str(maps.pop("dust", "none")),
        "maps": ", ".join(f"{key} {value}" for key, value in sorted(maps.items())) or "none",
        "stars": "all" if stars is None else f"{stars:,}",
        "light": _origins(dataset, _FROM_TABLE, "the SSP table", "the files"),
        "R_hsm": _origins(dataset, _FROM_STARS, "the stars", "the catalogue"),
        "definitions": "; ".join(f"{key}: {text}" for key, text in sorted(definitions.items()))
        or "the paper's",
    }


def _origins(dataset: DataSet, note: str, noted: str, otherwise: str) -> str:
    """Return where a quantity of the galaxies comes from, by the notes of their reader."""
    return " and ".join(_found(dataset, note, noted, otherwise))


def _found(dataset: DataSet, note: str, noted: str, otherwise: str) -> Iterator[str]:
    """Yield the origins that occur."""
    notes = dataset.samples.get("notes")
    if notes is None:
        yield otherwise
        return
    has_note = notes.fillna("").str.contains(note, regex=False)
    if has_note.any():
        yield noted
    if not has_note.all():
        yield otherwise
