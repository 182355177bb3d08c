"""Combine data sets, such as those of several suites, into one.

Rows are stacked; shards of maps are linked, not copied, where the file system can. What the recipes
of the data sets differ in is recorded as ``differences``.
"""

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.datasets.dataset_tables import claim_folder, holds, write_tables
from galmass_core.datasets.folders import UNFINISHED, DataSetError, shard_path
from galmass_core.datasets.join import nullable
from galmass_core.quantities import CHANNELS
from galmass_core.storage.new_folder import new_folder, remove_aside

_FORM = ("light_pixels", "kinematic_pixels")  # of maps that a network takes together


def combine_datasets(datasets: Sequence[DataSet], out: str | Path) -> DataSet:
    """Make one data set of several.

    A galaxy that is in several of them, by its full name, is taken from the first; the others are
    recorded as excluded. Columns that a data set lacks are missing for its galaxies.

    Parameters
    ----------
    datasets : sequence of DataSet
        Two or more, all of them with maps of one size or all without.
    out : str or Path
        Folder to create.

    Returns
    -------
    DataSet
        Its description lists the data sets (``combined``) and, as sentences, what they differ in
        (``differences``): dust, thinning, columns, and other parts of their recipes.

    Raises
    ------
    ValueError
        If there are fewer than two data sets, or two have one name.
    DataSetError
        If their maps cannot be stacked, a column is text in one and numbers in another, or ``out``
        holds other files.
    """
    names = [data.path.name for data in datasets]
    if len(datasets) < 2 or len(set(names)) < len(names):
        msg = f"combine must get two or more data sets of different names, got {', '.join(names)}"
        raise ValueError(msg)
    _check_maps(datasets)
    out = Path(out).resolve()
    tables, shards, files = _number_shards(datasets)
    tables, excluded = _once_each(datasets, tables)
    samples = stack(dict(zip(names, tables, strict=True)))
    description = _description(datasets, tables, samples) | {"shards": shards}
    if not holds(out, samples, description):
        claim_folder(out)
        with new_folder(out) as part:
            (part / UNFINISHED).mkdir()
            for number, file in enumerate(files):
                target = shard_path(part, number)
                target.parent.mkdir(exist_ok=True)
                _link(file, target)
            write_tables(part, samples, description, excluded)
            (part / UNFINISHED).rmdir()
    remove_aside(out)
    return open_dataset(out)


def stack(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Stack tables by name; a column that one lacks is missing there, and whole numbers stay whole.

    Raises
    ------
    DataSetError
        If a column is of different kinds.
    """
    columns = dict.fromkeys(column for table in tables.values() for column in table)
    for column in columns:
        kinds = {name: _kind(table[column]) for name, table in tables.items() if column in table}
        if len(set(kinds.values())) > 1:
            found = ", ".join(f"{kind} in {name}" for name, kind in kinds.items())
            msg = f"{column}: must be of one kind in all data sets, is {found}"
            raise DataSetError(msg)
    common = [column for column in columns if all(column in table for table in tables.values())]
    parts = [
        pd.concat([table[common], nullable(table.drop(columns=common))], axis=1)
        for table in tables.values()
    ]
    stacked = pd.concat(parts, ignore_index=True)[list(columns)]
    mixed = [column for column in stacked if str(stacked[column].dtype) == "Float64"]
    return stacked.astype(dict.fromkeys(mixed, float))


def _kind(column: pd.Series) -> str:
    if is_bool_dtype(column.dtype):
        return "true or false"
    return "numbers" if is_numeric_dtype(column.dtype) else "text"


def _check_maps(datasets: Sequence[DataSet]) -> None:
    """Raise DataSetError unless all data sets have maps of one size, or none has maps."""
    if len({data.has_maps for data in datasets}) > 1:
        without = next(data.path for data in datasets if not data.has_maps)
        msg = f"{without}: must have maps, as others do, to be combined with them; it has none"
        raise DataSetError(msg)
    first, *others = datasets
    for data in others if first.has_maps else ():
        pairs = {key: (first.info["maps"][key], data.info["maps"][key]) for key in _FORM}
        for key, (ours, theirs) in ({"frame": (first.frame, data.frame)} | pairs).items():
            if ours != theirs:
                msg = f"{data.path}: {key} of maps must be {ours}, as in {first.path}, is {theirs}"
                raise DataSetError(msg)


def _number_shards(
    datasets: Sequence[DataSet],
) -> tuple[list[pd.DataFrame], dict[str, dict[str, Any]], list[Path]]:
    """Give all shards new numbers; return tables with these, the shards' records and files."""
    tables: list[pd.DataFrame] = []
    shards: dict[str, dict[str, Any]] = {}
    files: list[Path] = []
    for data in datasets:
        numbers = {}
        for name, record in data.info["shards"].items():
            old = int(Path(name).stem.split("-")[1])
            numbers[old] = len(files)
            shards[shard_path(data.path, len(files)).name] = record
            files.append(shard_path(data.path, old))
        table = data.samples
        if numbers:
            table = table.assign(shard=table["shard"].map(numbers))
        tables.append(table)
    return tables, shards, files


def _link(source: Path, target: Path) -> None:
    """Give a file, which is never changed, another name; copy it to another file system."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _once_each(
    datasets: Sequence[DataSet], tables: Sequence[pd.DataFrame]
) -> tuple[list[pd.DataFrame], list[dict[str, Any]]]:
    """Take each galaxy from the first data set that has it; return what is left out as well."""
    kept: list[pd.DataFrame] = []
    excluded: list[dict[str, Any]] = []
    taken: dict[str, str] = {}
    for data, table in zip(datasets, tables, strict=True):
        rows = data.excluded.to_dict(orient="records")
        excluded += [{str(key): value for key, value in row.items()} for row in rows]
        double = [name for name in data.galaxy_names if name in taken]
        excluded += [
            {"name": name, "reason": f"is in {taken[name]} as well", "source": str(data.path)}
            for name in double
        ]
        kept.append(table[~data.are_of(double)] if double else table)
        taken |= dict.fromkeys(data.galaxy_names, data.path.name) | {
            name: taken[name] for name in double
        }
    return kept, excluded


def _description(
    datasets: Sequence[DataSet], tables: Sequence[pd.DataFrame], samples: pd.DataFrame
) -> dict[str, Any]:
    """Describe the combined data set."""
    infos = {data.path.name: data.info for data in datasets}
    selection: Counter[str] = Counter()
    for info in infos.values():
        selection.update(info.get("selection", {}))
    stars = {info.get("stars") for info in infos.values()}
    read = [info.get("sources", {}).get("galaxies", 0) for info in infos.values()]
    return {
        "sources": {"galaxies": sum(read)},
        **({"maps": _maps(datasets)} if datasets[0].has_maps else {}),
        "stars": stars.pop() if len(stars) == 1 else None,
        "selection": dict(selection),
        "definitions": _definitions(infos, samples),
        "not_available": _missing_everywhere(infos, samples),
        "joined": [record for info in infos.values() for record in info.get("joined", [])],
        "combined": [
            {"name": data.path.name, "path": str(data.path), "sha256": data.checksum}
            | {"samples": len(table), "recipe": _recipe(data.info)}
            for data, table in zip(datasets, tables, strict=True)
        ],
        "differences": _differences(infos, dict(zip(infos, tables, strict=True)), samples),
    }


def _maps(datasets: Sequence[DataSet]) -> dict[str, Any]:
    """Return the settings of the maps of the first, with the channels that all have."""
    settings = dict(datasets[0].info["maps"])
    channels = settings.pop("channels", [])
    common = [name for name in channels if all(name in data.channels for data in datasets)]
    return settings | ({"channels": common} if common else {})


def _recipe(info: dict[str, Any]) -> dict[str, Any]:
    """Return what decides the numbers of a data set besides its galaxies."""
    maps = info.get("maps", {})
    return {
        "made from": "a catalogue" if "catalogue" in info else "particles",
        "dust": maps.get("dust"),
        "neighbours of smoothing": maps.get("neighbours"),
        "stars of a galaxy": info.get("stars") or "all",
        "condition": info.get("where"),
        "version of galmass": info.get("galmass"),
    }


def _differences(
    infos: dict[str, dict[str, Any]], tables: dict[str, pd.DataFrame], samples: pd.DataFrame
) -> list[str]:
    """Return a sentence for each part of the recipes that differs, and for columns that lack."""
    recipes = {name: _recipe(info) for name, info in infos.items()}
    found = [text for info in infos.values() for text in info.get("differences", [])]
    for key in next(iter(recipes.values())):
        values = {name: str(recipe[key] or "none") for name, recipe in recipes.items()}
        if len(set(values.values())) > 1:
            found.append(f"{key}: {', '.join(f'{value} in {at}' for at, value in values.items())}")
    for name, table in tables.items():
        if lacking := [str(column) for column in samples if column not in table]:
            found.append(f"{name} lacks {', '.join(lacking)}")
    stored = {name: info.get("maps", {}).get("channels", []) for name, info in infos.items()}
    anywhere = [each for each in CHANNELS if any(each in own for own in stored.values())]
    for name, own in stored.items():
        if absent := [each for each in anywhere if each not in own]:
            found.append(f"{name} lacks maps of {', '.join(absent)}")
    return found


def _definitions(infos: dict[str, dict[str, Any]], samples: pd.DataFrame) -> dict[str, str]:
    """Return what columns hold instead of what they mean, and in which data set."""
    texts: dict[str, dict[str, str]] = {}
    for name, info in infos.items():
        for key, text in info.get("definitions", {}).items():
            texts.setdefault(key, {})[name] = text
        for key, text in info.get("not_available", {}).items():
            if key in samples:
                texts.setdefault(key, {})[name] = f"not available: {text}"
    return {
        key: next(iter(each.values()))
        if len(each) == len(infos) and len(set(each.values())) == 1
        else "; ".join(f"in {name}, {text}" for name, text in each.items())
        for key, each in texts.items()
    }


def _missing_everywhere(infos: dict[str, dict[str, Any]], samples: pd.DataFrame) -> dict[str, str]:
    """Return the columns that no data set has, with the reason."""
    reasons = [info.get("not_available", {}) for info in infos.values()]
    return {key: text for each in reasons for key, text in each.items() if key not in samples}
