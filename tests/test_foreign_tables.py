"""Tables of other programs, read in one form."""

import gzip

import h5py
import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.table import MaskedColumn, Table

from galmass_core.datasets.folders import DataSetError
from galmass_core.datasets.foreign_tables import read_foreign_table

LARGE = 9_007_199_254_740_993  # 2**53 + 1, which no float64 holds


@pytest.fixture
def read_text(tmp_path):
    """Write a text file and read it."""

    def read_text(text, name="table.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return read_foreign_table(tmp_path / name).columns

    return read_text


@pytest.fixture
def table():
    """An astropy table with a column of each kind."""
    return Table(
        {
            "SubhaloID": np.array([7, LARGE]),
            "kind": np.array([b"disc", b"bulge"]),
            "spin": np.arange(6.0).reshape(2, 3),
            "is_red": [True, False],
            "count": MaskedColumn([1, LARGE], mask=[True, False]),
            "size": MaskedColumn([1.0, 2.0], mask=[True, False]),
            "note": MaskedColumn(["a", "b"], mask=[True, False]),
        }
    )


def test_text_in_any_delimiter_is_the_same_table(read_text):
    expected = pd.DataFrame({"SubhaloID": [7, 9], "log M200": [0.5, 1.5]})
    for number, delimiter in enumerate([",", ";", "\t", "|", " "]):
        name = "'log M200'" if delimiter == " " else "log M200"
        text = f"SubhaloID{delimiter}{name}\n7{delimiter}0.5\n9{delimiter}1.5\n".replace("'", '"')
        pd.testing.assert_frame_equal(read_text(text, f"{number}.txt"), expected)


def test_names_and_values_have_no_blanks_around_them(read_text):
    columns = read_text(" SubhaloID , kind\n7 , disc \n9, bulge\n")
    assert list(columns) == ["SubhaloID", "kind"]
    assert columns["SubhaloID"].tolist() == [7, 9]
    assert columns["kind"].tolist() == ["disc", "bulge"]


def test_comment_lines_are_no_rows(read_text):
    columns = read_text("#SQL = select a, b\n#MAXTIME=90\nSubhaloID,spin\n7,0.5\n# end\n9,1.5\n")
    assert columns["spin"].tolist() == [0.5, 1.5]


def test_a_hash_inside_a_row_is_no_comment(read_text):
    assert read_text("SubhaloID,kind\n7,NGC #1\n")["kind"].tolist() == ["NGC #1"]


def test_the_header_of_savetxt_names_the_columns(tmp_path):
    path = tmp_path / "table.txt"
    np.savetxt(path, [[7, 0.5], [9, 1.5]], header="made by numpy\nSubhaloID spin")
    columns = read_foreign_table(path).columns
    assert columns["SubhaloID"].tolist() == [7.0, 9.0]
    assert columns["spin"].tolist() == [0.5, 1.5]


@pytest.mark.parametrize("first", [0, 1])
def test_comments_that_number_the_columns_name_them(read_text, first):
    text = (
        f"# Catalogue\n# Column {first}: ID [1]\n# column {first + 1}: half mass (Msun)\n#\n7 0.5\n"
    )
    columns = read_text(text)
    assert list(columns) == ["ID", "half mass (Msun)"]


def test_a_header_line_goes_before_comments_that_number_the_columns(read_text):
    columns = read_text("# (1) first column\n# (2) second column\nSubhaloID,spin\n7,0.5\n")
    assert list(columns) == ["SubhaloID", "spin"]


def test_names_between_commas_are_of_columns_between_blanks(read_text):
    columns = read_text("# ID, mass of halo, spin\n7 1.5  0.5\n9 2.5  0.6\n")
    assert columns.to_dict("list") == {
        "ID": [7, 9],
        "mass of halo": [1.5, 2.5],
        "spin": [0.5, 0.6],
    }


def test_a_row_that_is_a_comment_is_no_header(read_text):
    assert list(read_text("# ID, spin\n#7 0.5\n9 0.6\n")) == ["ID", "spin"]


def test_quotes_enclose_ends_of_lines(read_text):
    columns = read_text('SubhaloID,velocity,spin\n7,"[1 2\n 3]",0.5\n9,"[4 5\n 6]",0.6\n')
    assert columns["spin"].tolist() == [0.5, 0.6]
    assert columns["velocity"].tolist() == ["[1 2\n 3]", "[4 5\n 6]"]


def test_a_header_of_other_length_is_refused_with_both(read_text):
    with pytest.raises(DataSetError, match=r"as a row has, 4, got ID, position, spin"):
        read_text("# ID, position, spin\n7 1 2 0.5\n")


@pytest.mark.parametrize(
    "text",
    ["7,0.5\n9,1.5\n", "SubhaloID,spin\n7,0.5,\n9,1.5,\n", "SubhaloID,spin\n7,0.5\n9,1.5,3\n", ""],
)
def test_a_text_whose_columns_have_no_names_is_refused(read_text, text):
    with pytest.raises(DataSetError, match=r"table\.csv: must be a table, but: "):
        read_text(text)


def test_large_integers_keep_their_digits_beside_gaps(read_text):
    column = read_text(f"SubhaloID,tree\n7,{LARGE}\n9,\n")["tree"]
    assert column[0] == LARGE
    assert column.isna().tolist() == [False, True]


def test_a_header_without_rows_is_an_empty_table(read_text):
    assert read_text("SubhaloID,spin\n").shape == (0, 2)


def test_columns_of_one_name_are_numbered(read_text):
    assert list(read_text("id,a, a\n7,1,2\n")) == ["id", "a", "a.1"]


def test_the_index_of_a_csv_has_the_name_of_pandas(tmp_path):
    path = tmp_path / "table.csv"
    pd.DataFrame({"SubhaloID": [7]}).to_csv(path)
    assert list(read_foreign_table(path).columns) == ["Unnamed: 0", "SubhaloID"]


def test_compressed_text_is_read(tmp_path):
    path = tmp_path / "table.CSV.gz"
    path.write_bytes(gzip.compress(b"SubhaloID,spin\n7,0.5\n"))
    assert read_foreign_table(path).columns["spin"].tolist() == [0.5]


def test_damaged_compression_is_an_error_with_the_files_name(tmp_path):
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"SubhaloID,spin\n7,0.5\n" * 99)[:40])
    with pytest.raises(DataSetError, match=r"table\.csv\.gz: must be a table"):
        read_foreign_table(path)


def test_a_damaged_description_is_an_error_with_the_files_name(tmp_path):
    path = tmp_path / "table.ecsv"
    path.write_text("# %ECSV 1.0\n# ---\n# datatype:\n# - {label: id, datatype: int64}\nid\n7\n")
    with pytest.raises(DataSetError, match=r"table\.ecsv: must be a table, but: 'name'"):
        read_foreign_table(path)


def test_a_named_index_of_parquet_is_a_column(tmp_path):
    path = tmp_path / "table.parquet"
    levels = {"SnapNum": [99, 84], "SubfindID": [7, LARGE], "spin": [0.5, 1.5]}
    pd.DataFrame(levels).set_index(["SnapNum", "SubfindID"]).to_parquet(path)
    pd.testing.assert_frame_equal(read_foreign_table(path).columns, pd.DataFrame(levels))


def test_parquet_keeps_types_and_says_what_it_leaves_out(tmp_path):
    path = tmp_path / "table.parquet"
    frame = pd.DataFrame(
        {
            "tree": pd.array([LARGE, None], "Int64"),
            "mass": np.array([1.5, np.inf], "f4"),
            "kind": [b"disc", None],
            "class": pd.Categorical(["E", "S"]),
            "is_red": pd.array([True, None], "boolean"),
            "profile": [[1.0, 2.0], [3.0]],
        }
    )
    frame.to_parquet(path)
    columns, left_out = read_foreign_table(path)
    assert columns["tree"].tolist()[0] == LARGE
    assert columns["mass"].dtype == "f4"
    assert columns["mass"].isna().tolist() == [False, True]
    assert columns["kind"][0] == "disc"
    assert columns["class"].tolist() == ["E", "S"]
    assert columns["is_red"].dtype == "boolean"
    assert left_out == {"profile": "of type ndarray"}


@pytest.mark.parametrize("name", ["table.fits", "table.fits.gz", "table.FIT", "table.ecsv"])
def test_astropy_tables_are_read_in_one_form(tmp_path, table, name):
    table.write(tmp_path / name, format="ascii.ecsv" if "ecsv" in name else "fits")
    columns = read_foreign_table(tmp_path / name).columns
    assert columns["SubhaloID"].tolist() == [7, LARGE]
    assert columns["kind"].tolist() == ["disc", "bulge"]
    assert columns["spin_2"].tolist() == [2.0, 5.0]
    assert columns["is_red"].tolist() == [True, False]
    assert columns["count"].isna().tolist() == [True, False]
    assert columns["count"][1] == LARGE
    assert columns["size"].isna().tolist() == [True, False]
    assert columns["note"].isna().tolist() == [True, False]


def test_wide_columns_and_other_tables_of_fits_are_named(tmp_path):
    path = tmp_path / "table.fits"
    first = fits.BinTableHDU(Table({"id": [7, 9], "profile": np.ones((2, 40))}), name="FIRST")
    second = fits.BinTableHDU(Table({"id": [7]}), name="SECOND")
    fits.HDUList([fits.PrimaryHDU(), first, second]).writeto(path)
    columns, left_out = read_foreign_table(path)
    assert list(columns) == ["id"]
    assert left_out == {"SECOND": "another table", "profile": "40 values a row"}


def test_undefined_logical_values_of_fits_are_missing(tmp_path):
    path = tmp_path / "table.fits"
    logical = fits.Column("is_red", "L", array=np.array([True, False, True]))
    hdu = fits.BinTableHDU.from_columns([fits.Column("id", "B", array=[7, 8, 9]), logical])
    hdu.writeto(path)
    path.write_bytes(path.read_bytes().replace(b"\x07T\x08F\x09T", b"\x07T\x08F\x09\0"))
    column = read_foreign_table(path).columns["is_red"]
    assert column.tolist()[:2] == [True, False]
    assert column.isna().tolist() == [False, False, True]


def test_ascii_tables_and_empty_tables_of_fits_are_read(tmp_path):
    columns = [fits.Column("id", "I10", array=[7, 8]), fits.Column("kind", "A5", array=["a", "b"])]
    fits.TableHDU.from_columns(columns).writeto(tmp_path / "ascii.fits")
    found = read_foreign_table(tmp_path / "ascii.fits").columns
    assert found.to_dict("list") == {"id": [7, 8], "kind": ["a", "b"]}
    fits.BinTableHDU.from_columns([fits.Column("b", "L", array=[])]).writeto(tmp_path / "no.fits")
    assert read_foreign_table(tmp_path / "no.fits").columns.shape == (0, 1)


def test_fits_without_a_table_is_refused(tmp_path):
    path = tmp_path / "image.fits"
    fits.PrimaryHDU(np.ones((4, 4))).writeto(path)
    with pytest.raises(DataSetError, match=r"image\.fits: .* only images"):
        read_foreign_table(path)


def test_snapshots_of_a_supplementary_catalogue_become_a_column(tmp_path):
    path = tmp_path / "stellar_circs.hdf5"
    with h5py.File(path, "w") as file:
        for number in (84, 99):
            group = file.create_group(f"Snapshot_{number}")
            group["SubfindID"] = np.array([17, 18])
            group["CircAbove07Frac"] = np.array([0.1, 0.2]) * number
            group["kind"] = np.array([b"disc", b"bulge"])
            group["axes"] = np.arange(6.0).reshape(2, 3)
            group["limits"] = np.array([0.7])
            group.create_dataset("cosmology", data=0.3)
    columns, left_out = read_foreign_table(path)
    assert columns["SnapNum"].tolist() == [84, 84, 99, 99]
    assert columns["SubfindID"].tolist() == [17, 18, 17, 18]
    assert columns["CircAbove07Frac"].tolist() == [0.1 * 84, 0.2 * 84, 0.1 * 99, 0.2 * 99]
    assert columns["kind"].tolist() == ["disc", "bulge"] * 2
    assert columns["axes_1"].tolist() == [1.0, 4.0] * 2
    assert left_out == {"limits": "1 rows", "cosmology": "a single value"}


def test_columns_at_the_root_of_hdf5_are_a_table(tmp_path):
    path = tmp_path / "table.h5"
    with h5py.File(path, "w") as file:
        file["SubhaloID"], file["kind"] = [7, LARGE], ["disc", "bulge"]
        file["tree"] = np.array([1, 2], ">i8")
    columns = read_foreign_table(path).columns
    assert columns["SubhaloID"].tolist() == [7, LARGE]
    assert columns["kind"].tolist() == ["disc", "bulge"]
    assert columns["tree"].tolist() == [1, 2]


def test_a_compound_dataset_is_a_table(tmp_path):
    path = tmp_path / "table.hdf5"
    with h5py.File(path, "w") as file:
        kinds = [("SubhaloID", "i8"), ("spin", "f8", 2), ("inner", [("a", "f8")])]
        file["table"] = np.array([(7, (0.5, 1.5), (2.5,))], kinds)
        file["gone"] = h5py.SoftLink("/nothing")
    columns, left_out = read_foreign_table(path)
    assert columns.to_dict("list") == {"SubhaloID": [7], "spin_0": [0.5], "spin_1": [1.5]}
    assert left_out == {"inner": "a table in a table"}


def test_links_of_hdf5_stay_in_the_folder_and_come_to_an_end(tmp_path):
    (tmp_path / "here").mkdir()
    path = tmp_path / "here" / "table.hdf5"
    with h5py.File(path, "w") as file:
        file["a"] = np.arange(3.0)
        file["again"] = h5py.SoftLink("/")
    assert list(read_foreign_table(path).columns) == ["a"]
    with h5py.File(path, "a") as file:
        file["b"] = h5py.ExternalLink("../table.hdf5", "a")
    with pytest.raises(DataSetError, match=r"b must be in a file of .*got a link to \.\./table"):
        read_foreign_table(path)


def test_columns_of_hdf5_are_whole(tmp_path):
    path = tmp_path / "table.hdf5"
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource("other.hdf5", "x", (3,))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("x", layout)  # HDF5 fills in zeros
    with pytest.raises(DataSetError, match=r"x must be in other\.hdf5, found no such file"):
        read_foreign_table(path)


def test_hdf5_with_several_tables_is_refused(tmp_path):
    path = tmp_path / "fof_subhalo_tab.hdf5"
    with h5py.File(path, "w") as file:
        file["Group/GroupMass"], file["Subhalo/SubhaloMass"] = [1.0], [1.0]
    with pytest.raises(DataSetError, match="one group or in groups Snapshot_N, got Group, Subhalo"):
        read_foreign_table(path)


@pytest.mark.parametrize("name", ["table.xlsx", "table", "table.hdf5.gz"])
def test_an_unknown_format_is_refused_with_those_that_are_read(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(DataSetError, match=r"name ends in \.csv, .*\.hdf5"):
        read_foreign_table(tmp_path / name)
