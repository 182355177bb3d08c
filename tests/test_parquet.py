import pandas as pd
import pyarrow.parquet as pq

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
