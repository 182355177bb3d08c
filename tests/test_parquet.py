import os
import subprocess
import sys

import pandas as pd
import pyarrow.parquet as pq
import pytest

from galmass_core.storage.parquet import write_table

TABLE = pd.DataFrame({"half_mass_radius": [2.5], "log_mtot_2rhsm": [10.0], "mine": [1]})


def test_schema_states_unit_and_meaning_of_known_columns(tmp_path):
    write_table(tmp_path / "table.parquet", TABLE)
    schema = pq.read_schema(tmp_path / "table.parquet")
    assert schema.field("half_mass_radius").metadata[b"unit"] == b"kpc"
    assert schema.field("log_mtot_2rhsm").metadata[b"unit"] == b"log10(Msun)"
    assert b"sphere of 2 R_hsm" in schema.field("log_mtot_2rhsm").metadata[b"description"]
    assert schema.field("mine").metadata is None


def test_table_survives_the_file(tmp_path):
    write_table(tmp_path / "table.parquet", TABLE)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), TABLE)


THREADS = """
import os, sys
from pathlib import Path
import pyarrow.parquet
from galmass_core.storage.parquet import read_table

before = len(os.listdir("/proc/self/task"))
read_table(Path(sys.argv[1]))
print(len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_a_table_is_read_without_threads_that_convert_columns(tmp_path):
    """A server could not end while they wait for Python; one thread more reads from disk."""
    path = tmp_path / "table.parquet"
    pd.DataFrame({key: [f"{key}{row}" for row in range(1000)] for key in "abcdef"}).to_parquet(path)
    environment = os.environ | {"ARROW_DEFAULT_MEMORY_POOL": "system"}
    command = [sys.executable, "-c", THREADS, str(path)]
    assert int(subprocess.check_output(command, text=True, env=environment)) <= 1
