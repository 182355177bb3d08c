"""What the files of a data set must hold: fields of its description, columns of its tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype, is_string_dtype

from galmass_core.galaxy import LINES_OF_SIGHT, NO_LINE_OF_SIGHT
from galmass_core.imaging.frames import UNITS
from galmass_core.quantities import CHANNELS, is_known_column
from galmass_core.storage.checksums import CHECKSUM, wrong_size
from galmass_core.storage.schema import (
    ANYTHING,
    LOGICAL,
    TEXT,
    Rule,
    fields,
    integer,
    list_of,
    nullable,
    number,
    object_of,
    one_of,
)

SCHEMA = 1  # version of the folder's layout
DESCRIPTION, INDEX, EXCLUDED = "dataset.json", "index.parquet", "excluded.parquet"
_COUNT = integer(0, 2**53)
_SIDE = integer(1, 10**5)
_TEXT_COLUMNS = ("name", "los", "source", "notes")
_SHARD = fields({}, {"samples": _COUNT} | dict(CHECKSUM.required))
_JOIN = fields(
    {"columns": list_of(TEXT), "table": TEXT},
    {
        "samples": _COUNT,
        "key": list_of(TEXT),
        "galaxies": _COUNT,
        "rows": _COUNT,
        "values": object_of(_COUNT),
        "left_out": object_of(TEXT),
    },
)
_MAPS = fields(
    {"half_width": number(1e-3, 1e3)},
    {
        "light_pixels": _SIDE,
        "kinematic_pixels": _SIDE,
        "neighbours": _SIDE,
        "dust": one_of("xu17", "none"),
        "unit": one_of(*UNITS),
        "channels": list_of(one_of(*CHANNELS)),
    },
)
DATASET_RULE: Rule = fields(
    {
        "schema": one_of(SCHEMA),
        "suites": list_of(TEXT, least=1),
        "shards": object_of(_SHARD),
    },
    {
        "galmass": TEXT,
        "state": one_of("complete"),
        "counts": fields({}, {"galaxies": _COUNT, "samples": _COUNT, "excluded": _COUNT}),
        "maps": _MAPS,
        "stars": nullable(integer(1, 10**12)),
        "selection": object_of(_COUNT),
        "joined": list_of(_JOIN),
        "combined": list_of(
            fields({"name": TEXT, "samples": _COUNT}, {"recipe": object_of(ANYTHING)})
        ),
        "differences": list_of(TEXT),
        "definitions": object_of(TEXT),
        "not_available": object_of(TEXT),
        "sources": fields({}, {"galaxies": _COUNT, "sha256": TEXT, "files": _COUNT}),
        "catalogue": fields({"chunks": _COUNT, "all_chunks": _COUNT}),
        "where": nullable(TEXT),
        "ids": nullable(TEXT),
        "device": TEXT,
        "packed": LOGICAL,
        "reading": object_of(TEXT),
        "tables": object_of(list_of(CHECKSUM, least=1)),
    },
)


def wrong_description(info: Mapping[str, Any]) -> str:
    """Return field and rule that a description of valid fields breaks; empty if none."""
    if info["shards"] and "maps" not in info:
        return "maps must be an object where there are shards, got nothing"
    for name in info["shards"]:
        number_text = name.removeprefix("shard-").removesuffix(".h5")
        if not number_text.isdecimal() or name != f"shard-{int(number_text):05d}.h5":
            return f"shards must have names such as shard-00000.h5, got {name!r}"
    return ""


def wrong_tables(folder: Path, info: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each table that is gone or has another size than was recorded."""
    known = info.get("tables", {})
    return [
        text
        for name in (INDEX, EXCLUDED)
        if (text := wrong_size(folder / name, *known.get(name, ())))
    ]


def wrong_samples(samples: pd.DataFrame, info: Mapping[str, Any]) -> str:
    """Return column and rule that the samples of a data set break; empty if none."""
    if missing := [name for name in ("name", "los") if name not in samples]:
        return f"{missing[0]} must be a column, got {', '.join(map(str, samples)) or 'none'}"
    if wrong := _wrong_kinds(samples):
        return wrong
    galaxies, unique = pd.factorize(samples["name"])
    names = pd.Series(unique)
    if (odd := names[~names.str.fullmatch(r"[^/]+/[^/]+/[^/]+/[^/]+")]).size:
        return f"name must be suite/simulation/snapshot/subhalo, got {odd.iloc[0]!r}"
    known = (*LINES_OF_SIGHT, NO_LINE_OF_SIGHT)
    if unknown := set(samples["los"].unique()) - set(known):
        return f"los must be one of {', '.join(known)}, got {min(unknown)!r}"
    lines = pd.Categorical(samples["los"], categories=known).codes
    twice = pd.Series(galaxies * len(known) + lines, index=samples.index).duplicated()
    if twice.any():
        return f"name must be there once for each los, got {samples['name'][twice].iloc[0]} twice"
    if samples.empty:
        return "must have a row for each sample, got none"
    return _wrong_places(samples, info) if info["shards"] else ""


def _wrong_kinds(samples: pd.DataFrame) -> str:
    """Return which column of a known meaning is text for numbers, or the reverse."""
    for name in map(str, samples.columns):
        dtype = samples[name].dtype
        if name in _TEXT_COLUMNS:
            if not is_string_dtype(dtype) and not samples[name].isna().all():
                return f"{name} must be text, got {dtype}"
            if name in ("name", "los") and samples[name].isna().any():
                return f"{name} must be there in every row, got none in some"
        elif is_known_column(name):
            if not (is_numeric_dtype(dtype) or samples[name].isna().all()):
                return f"{name} must be numbers, got {dtype}"
            if dtype.kind == "f" and np.isinf(samples[name].to_numpy()).any():
                return f"{name} must be finite or missing, got inf"
    return ""


def _wrong_places(samples: pd.DataFrame, info: Mapping[str, Any]) -> str:
    """Return what is wrong with the places of the maps in shards."""
    for name in ("shard", "row"):
        if name not in samples:
            return f"{name} must be a column of a data set with maps, got none"
        values = samples[name].dropna()
        if is_bool_dtype(values.dtype) or not (
            values.ge(0).all() and (values.astype(float) % 1 == 0).all()
        ):
            return f"{name} must be integers from 0, got {values.min()} to {values.max()}"
    if not is_numeric_dtype(samples.get("half_mass_radius", pd.Series(dtype=object)).dtype):
        return "half_mass_radius must be a column of numbers for maps, got none"
    counts = {int(key[6:-3]): each.get("samples") for key, each in info["shards"].items()}
    largest = samples.groupby("shard")["row"].max()
    for shard, most in zip(largest.index.astype(int), largest, strict=True):
        if shard not in counts:
            return f"shard must be one of {len(counts)} in {DESCRIPTION}, got {shard}"
        if (count := counts[shard]) is not None and most >= count:
            return f"row must be below the {count} of shard {shard}, got {int(most)}"
    return ""


def wrong_excluded(table: pd.DataFrame) -> str:
    """Return column and rule that the table of excluded galaxies breaks; empty if none."""
    for name in ("name", "reason", "source"):
        if name not in table:
            return f"{name} must be a column, got {', '.join(map(str, table)) or 'none'}"
        if len(table) and not is_string_dtype(table[name].dtype):
            return f"{name} must be text, got {table[name].dtype}"
    return ""


def wrong_shard(shard: h5py.File, info: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """Return dataset and rule that a shard of maps breaks, judged without its maps."""
    further = dict.fromkeys(info["maps"].get("channels", ()), "f4")
    sums = ("star_count", "moments", *further)
    sides = dict.fromkeys(sums, info["maps"].get("kinematic_pixels"))
    sides["light"] = info["maps"].get("light_pixels")
    kinds = {"light": "u2", "light_scale": "f8", "star_count": "u4", "moments": "f4"} | further
    rows = None
    for name, kind in (kinds | {"profiles": "f4"}).items():
        dataset = shard.get(name)
        if not isinstance(dataset, h5py.Dataset) or dataset.dtype != np.dtype(kind):
            return f"{name} must be an array of {np.dtype(kind)}, got {dataset}"
        if name == "profiles":
            continue
        rows = len(dataset) if rows is None else rows
        if len(dataset) != rows or rows != record.get("samples", rows):
            return f"{name} must have {record.get('samples', rows)} rows, got {len(dataset)}"
        side = sides.get(name)
        if side and dataset.shape[-2:] != (side, side):
            return f"{name} must have {side} x {side} pixels, got {dataset.shape[-2:]}"
    if not np.isfinite(shard["light_scale"][()]).all():
        return "light_scale must be finite, got NaN or infinity"
    return ""
