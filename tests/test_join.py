"""Tables joined to a data set by subhalo ID."""

import numpy as np
import pandas as pd
import pytest

from galmass_core.datasets.dataset import DataSetError, open_dataset, write_tables
from galmass_core.datasets.join import join_disc_fractions, join_table


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
    assert again.info["joined"] == [{"table": "table.csv", "columns": ["spin"], "samples": 3}]


def test_the_order_of_the_tables_rows_does_not_matter(data, tmp_path):
    one = join_table(data, write(tmp_path, id=[7, 9], a=[1.0, 2.0])).samples["a"]
    other = join_table(data, write(tmp_path, id=[9, 7], b=[2.0, 1.0])).samples["b"]
    assert one.tolist() == other.tolist()


def test_infinity_becomes_nan(data, tmp_path):
    joined = join_table(data, write(tmp_path, id=[7, 9], error=[np.inf, 1.0]))
    assert joined.samples["error"].isna().sum() == 3


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"name": [7]}, "column of subhalo IDs"),
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
    from galmass_core.datasets.join import read_table

    (path,) = (shared_data / "tng100_disc_fractions").glob("*.fits")
    table = read_table(path)
    assert len(table) == 20_144
    assert np.isfinite(table["f_disk_2d"]).any()
