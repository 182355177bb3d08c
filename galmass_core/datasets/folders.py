"""The folders of data sets: where they are, and their descriptions and tables, checked."""

import os
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from galmass_core.datasets.dataset_files import DATASET_RULE, DESCRIPTION, SCHEMA, wrong_description
from galmass_core.storage import parquet
from galmass_core.storage.schema import read_json, wrong_fields

_COMPARED = 5000  # names whose spelling is compared with a wrong one: 0.3 s
UNFINISHED = "unfinished"  # folder that exists during a build


class DataSetError(ValueError):
    """A data set that cannot be used; the message names folder, file and rule."""


def home_folder() -> Path:
    """Return the folder of the user's data sets: $GALMASS_HOME, else the platform's default."""
    if "GALMASS_HOME" in os.environ:
        return Path(os.environ["GALMASS_HOME"])
    from platformdirs import user_data_path

    return user_data_path("galmass", appauthor=False)


def list_datasets() -> list[Path]:
    """Return the folders of all complete data sets in the home folder, sorted by name."""
    folders = [path.parent for path in home_folder().glob(f"*/{DESCRIPTION}")]
    return sorted(folder for folder in folders if not folder.name.startswith("."))


def similar_names(wanted: str, known: Sequence[str], count: int = 3) -> list[str]:
    """Return the names that are spelled most like one; the first if none is similar.

    Of more than 5,000, those that end alike are compared: all would take a minute for 300,000.
    """
    compared: Sequence[str] = known
    if len(known) > _COMPARED:
        end = wanted.rpartition("/")[2]
        compared = list(islice((name for name in known if name.endswith(end)), _COMPARED))
    return get_close_matches(wanted, compared, count, cutoff=0.3) or list(known[:count])


def shard_path(folder: Path, number: int) -> Path:
    """Return the path of a shard in a data set's folder."""
    return folder / "maps" / f"shard-{number:05d}.h5"


def read_description(folder: Path) -> dict[str, Any]:
    """Read the description of a data set.

    Raises
    ------
    DataSetError
        If it is no JSON, has another schema, or a field is wrong.
    """
    return check_description(folder, read_json(folder / DESCRIPTION, error=DataSetError))


def check_description(folder: Path, info: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the content of a description as `read_description` does, if it is one."""
    description = folder / DESCRIPTION
    found = info.get("schema") if isinstance(info, dict) else None
    if found is not None and found != SCHEMA:
        msg = f"{description}: schema must be {SCHEMA}, which this galmass reads, got {found}"
        raise DataSetError(msg)
    for wrong in wrong_fields(description, info, DATASET_RULE):
        raise DataSetError(wrong)
    if wrong := wrong_description(info):
        msg = f"{description}: {wrong}"
        raise DataSetError(msg)
    return info


def locate(path_or_name: str | Path) -> Path:
    """Return the folder of a complete data set."""
    for folder in (Path(path_or_name), home_folder() / path_or_name):
        if (folder / DESCRIPTION).is_file():
            return folder.resolve()
        if (folder / UNFINISHED).is_dir():
            msg = f"{folder}: build unfinished: run the same galmass build again"
            raise DataSetError(msg)
    known = ", ".join(path.name for path in list_datasets()) or "none"
    rule = f"must be a data-set folder or the name of one under {home_folder()}"
    msg = f"{path_or_name}: {rule}, where there are: {known}"
    raise DataSetError(msg)


def read_table(path: Path) -> pd.DataFrame:
    """Read one of the two tables."""
    try:
        return parquet.read_table(path)
    except (OSError, ValueError, TypeError, NotImplementedError) as error:
        msg = f"{path}: must be a table of the data set, but: {error}"
        raise DataSetError(" ".join(msg.split())) from error
