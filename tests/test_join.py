"""Tables joined to a data set."""

import h5py
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from galmass_core.cli import main
from galmass_core.datasets.dataset import open_dataset
from galmass_core.datasets.dataset_tables import write_tables
from galmass_core.datasets.folders import DataSetError
from galmass_core.datasets.join import join_disc_fractions, join_table
from galmass_core.storage.lock import locked


@pytest.fixture
def data(tmp_path):
    """Subhaloes 7 and 9, three lines of sight each."""
    samples = pd.DataFrame(
        {
            "name": np.repeat(["TNG/TNG100-1/99/7", "TNG/TNG100-1/99/9"], 3),
            "los": ["x", "y", "z"] * 2,
            "is_central": True,
            "host_group": 1,
            "log_mstar": 10.0,
        }
    )
    return write_tables(tmp_path / "data", samples, {})


def write(tmp_path, **columns):
    path = tmp_path / "table.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def test_every_line_of_sight_gets_its_galaxys_value(data, tmp_path):
    joined = join_table(data, write(tmp_path, SubhaloID=[9, 7, 5], spin=[0.9, 0.7, 0.5]))
    assert joined.samples["spin"].tolist() == [0.7] * 3 + [0.9] * 3


def test_what_was_joined_is_on_disk_and_written_down(data, tmp_path):
    join_table(data, write(tmp_path, gal_id=[7], spin=[0.7]))
    again = open_dataset(data.path)
    assert again.samples["spin"].notna().sum() == 3
    assert again.info["joined"] == [
        {
            "table": "table.csv",
            "columns": ["spin"],
            "samples": 3,
            "key": ["gal_id"],
            "galaxies": 1,
            "rows": 1,
            "values": {"spin": 3},
        }
    ]


def test_the_order_of_the_tables_rows_does_not_matter(data, tmp_path):
    one = join_table(data, write(tmp_path, id=[7, 9], a=[1.0, 2.0])).samples["a"]
    other = join_table(data, write(tmp_path, id=[9, 7], b=[2.0, 1.0])).samples["b"]
    assert one.tolist() == other.tolist()


def test_infinity_becomes_nan(data, tmp_path):
    joined = join_table(data, write(tmp_path, id=[7, 9], error=[np.inf, 1.0]))
    assert joined.samples["error"].isna().sum() == 3


def test_integers_and_booleans_keep_their_type_beside_galaxies_without_a_row(data, tmp_path):
    large = 9_007_199_254_740_993
    table = write(tmp_path, id=[7], tree=[large], is_red=[True], kind=["disc"])
    samples = join_table(data, table).samples
    assert samples["tree"][0] == large
    assert samples["is_red"].dtype == "boolean"
    assert samples[["tree", "is_red", "kind"]].isna().sum().tolist() == [3, 3, 3]


def test_row_labels_of_pandas_are_no_column(data, tmp_path):
    path = tmp_path / "table.csv"
    pd.DataFrame({"id": [7, 9], "spin": [0.7, 0.9]}).to_csv(path)
    assert join_table(data, path).info["joined"][0]["columns"] == ["spin"]


def test_a_key_without_a_name_can_be_named(data, tmp_path):
    path = tmp_path / "table.csv"
    pd.DataFrame({"spin": [0.7]}, index=[9]).to_csv(path)
    joined = join_table(data, path, key="Unnamed: 0")
    assert joined.samples["spin"].notna().sum() == 3
    assert joined.info["joined"][0]["key"] == ["Unnamed: 0"]


def test_a_prefix_makes_room_for_a_column_that_is_there(data, tmp_path):
    table = write(tmp_path, id=[7, 9], log_mstar=[1.0, 2.0])
    samples = join_table(data, table, prefix="cat_").samples
    assert samples["cat_log_mstar"].tolist() == [1.0] * 3 + [2.0] * 3


def test_a_column_named_as_a_map_is_a_joined_column(data, tmp_path):
    joined = join_table(
        data, write(tmp_path, id=[7, 9], V=[-20.0, -21.0], r=["a", "b"], sersic_n=1)
    )
    assert joined.joined_columns == ["V", "r"]
    assert joined.galaxies["V"].tolist() == [-20.0, -21.0]
    assert not pq.read_schema(data.path / "index.parquet").field("V").metadata


def test_a_table_of_two_snapshots_gives_each_galaxy_its_own_row(tmp_path):
    names = ["TNG/TNG100-1/99/17", "TNG/TNG100-1/84/17"]
    rows = pd.DataFrame({"name": names, "los": "none", "is_central": True, "host_group": 1})
    both = write_tables(tmp_path / "both", rows, {})
    with pytest.raises(DataSetError, match=r"table\.csv: must state the snapshot of each row"):
        join_table(both, write(tmp_path, SubhaloID=[17], spin=[0.9]))
    table = write(tmp_path, SubhaloID=[17, 17], SnapNum=[84, 99], spin=[0.84, 0.99])
    assert join_table(both, table).samples["spin"].tolist() == [0.99, 0.84]
    one = join_table(both, write(tmp_path, SubhaloID=[17], size=[5.0]), snapshot=84)
    assert one.samples["size"].isna().tolist() == [True, False]
    assert one.info["joined"][-1]["snapshot"] == 84


def test_join_says_what_has_no_match(data, tmp_path, capsys):
    table = tmp_path / "table.h5"
    with h5py.File(table, "w") as file:
        file["Snapshot_99/SubfindID"], file["Snapshot_99/spin"] = [7, 8, -1], [0.7, 0.8, 0.1]
        file["Snapshot_99/image"] = np.ones((3, 4, 4))
    assert main(["join", str(data.path), str(table), "--prefix", "x_"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "x_spin: 3 of 6 samples have them",
        "matched by SnapNum, SubfindID: 1 of 2 galaxies have a row, 1 have none; "
        "2 of 3 rows match no galaxy",
        "left out: image (4 × 4 values a row)",
    ]
    assert main(["info", str(data.path)]) == 0
    assert "joined from table.h5: x_spin" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"name": [7]}, "column of subhalo IDs"),
        ({"id": [7]}, "must have a column besides the key"),
        ({"id": [7], "row": [1]}, "has the column row already; --prefix TEXT"),
        ({"id": [7], "sersic_n": ["high"]}, "sersic_n must be numbers"),
        ({"id": [7.5], "a": [1]}, r"table\.csv: id must be a whole number .* 7\.5 in row 1"),
        ({"id": [7, 7], "a": [1, 2]}, "id 7 twice"),
        ({"id": [1], "a": [1]}, "shares none"),
        ({"id": [7], "log_mstar": [1.0]}, "has the column log_mstar already"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_and_nothing_changes(data, tmp_path, columns, message):
    before = data.samples.copy()
    with pytest.raises(DataSetError, match=message):
        join_table(data, write(tmp_path, **columns))
    pd.testing.assert_frame_equal(open_dataset(data.path).samples, before)


def test_a_missing_table_is_named(data, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.csv"):
        join_table(data, tmp_path / "nothing.csv")


def test_failed_disc_fits_are_left_out(data, tmp_path):
    table = write(tmp_path, gal_id=[7, 9], f_disk_2d=[0.6, 1.7], bulge_index=[1e5, 2.0])
    joined = join_disc_fractions(data, table).samples
    assert joined["bulge_fraction"][0] == pytest.approx(0.4)
    assert np.isnan(joined["bulge_index"][0])
    assert np.isnan(joined["bulge_fraction"][3])
    assert joined["bulge_index"][3] == 2.0


def test_the_real_disc_table_is_read(shared_data):
    from galmass_core.datasets.join import read_disc_fractions

    (path,) = (shared_data / "tng100_disc_fractions").glob("*.fits")
    table = read_disc_fractions(path).columns
    assert len(table) == 20_144
    assert np.isfinite(table["f_disk_2d"]).any()


def test_infinite_values_are_not_counted_as_joined(data, tmp_path):
    table = write(tmp_path, id=[7, 9], error=[np.inf, 1.0], spin=[0.1, 0.2])
    record = join_table(data, table).info["joined"][-1]
    assert record["samples"] == 6
    assert record["values"] == {"error": 3, "spin": 6}


def test_two_joins_at_once_lose_nothing(data, tmp_path):
    stale = open_dataset(data.path)  # read before the first join
    for name in ("first", "second"):
        table = tmp_path / f"{name}.csv"
        pd.DataFrame({"name": data.galaxy_names, name: 1.0}).to_csv(table, index=False)
        joined = join_table(stale, table)
    assert {"first", "second"} <= set(joined.samples)
    assert [record["table"] for record in joined.info["joined"]] == ["first.csv", "second.csv"]


def test_a_data_set_that_is_being_joined_is_not_joined(data, tmp_path):
    table = tmp_path / "t.csv"
    pd.DataFrame({"name": data.galaxy_names, "spin": 1.0}).to_csv(table, index=False)
    with locked(data.path), pytest.raises(ValueError, match=f"{data.path}.*process"):
        join_table(data, table)


def test_a_table_is_joined_once(data, tmp_path):
    table = tmp_path / "t.csv"
    pd.DataFrame({"name": data.galaxy_names, "spin": 1.0}).to_csv(table, index=False)
    joined = join_table(data, table)
    assert join_table(joined, table).info == joined.info
    pd.DataFrame({"name": data.galaxy_names, "spin": 2.0}).to_csv(table, index=False)
    with pytest.raises(DataSetError, match="has the column spin already"):
        join_table(joined, table)
