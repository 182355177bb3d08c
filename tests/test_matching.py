"""Rows of a table matched to galaxies by their full identity."""

import pandas as pd
import pytest

from galmass_core.datasets.matching import match_rows

ONE = ["TNG/TNG100-1/99/7", "TNG/TNG100-1/99/17"]  # of one simulation and snapshot
SNAPSHOTS = ["TNG/TNG100-1/99/17", "TNG/TNG100-1/84/17"]
BOXES = [*SNAPSHOTS, "TNG/TNG50-1/84/17"]
EAGLE = ["EAGLE/L0100/28/92-9", "EAGLE/L0100/28/92-0"]


def rows(galaxies, *, options=None, **columns):
    return match_rows(pd.DataFrame(columns), galaxies, **(options or {})).rows.tolist()


def refusal(galaxies, *, options=None, **columns):
    with pytest.raises(ValueError, match=r".") as caught:
        match_rows(pd.DataFrame(columns), galaxies, **(options or {}))
    return str(caught.value)


@pytest.mark.parametrize(
    "column", ["SubfindID", "SubhaloID", "subhalo_id", "SUBHALOIDS", "gal_id", "Id"]
)
def test_a_bare_id_is_enough_in_one_snapshot(column):
    assert rows(ONE, **{column: [17, 5, 7]}) == [2, 0]


def test_a_bare_id_is_refused_in_several_snapshots():
    text = refusal(SNAPSHOTS, SubhaloID=[17])
    assert "state the snapshot of each row" in text
    assert "--snapshot N" in text
    assert "TNG/TNG100-1/99, TNG/TNG100-1/84" in text


def test_a_bare_id_is_refused_in_several_simulations():
    text = refusal(BOXES, SubhaloID=[17], SnapNum=[84])
    assert "state the simulation of each row" in text
    assert "--simulation NAME" in text


@pytest.mark.parametrize("column", ["SnapNum", "snapshot", "Snapshot", "snap_num"])
def test_a_column_of_snapshots_distinguishes_galaxies(column):
    assert rows(SNAPSHOTS, SubhaloID=[17, 17], **{column: [84, 99]}) == [1, 0]


def test_a_table_of_another_snapshot_is_refused():
    text = refusal(ONE, SubfindID=[7, 17], SnapNum=[84, 84])
    assert "its first row is SnapNum 84, SubfindID 7, the first galaxy TNG/TNG100-1/99/7" in text


def test_simulation_and_snapshot_are_columns():
    found = rows(
        BOXES, simulation=["tng50-1", "TNG100-1"], Snapshot=["084", "99"], subhalo=[17, 17]
    )
    assert found == [1, -1, 0]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"simulation": "TNG50-1"}, [-1, -1, 0]),
        ({"simulation": "TNG/TNG100-1", "snapshot": 84}, [-1, 0, -1]),
        ({"snapshot": "99"}, [0, -1, -1]),
    ],
)
def test_what_is_given_for_all_rows_decides(options, expected):
    assert rows(BOXES, options=options, SubhaloID=[17]) == expected


def test_what_is_given_must_be_of_the_galaxies():
    text = refusal(ONE, options={"snapshot": 84}, SubhaloID=[17])
    assert text == "must be of TNG/TNG100-1/99, got 84"


@pytest.mark.parametrize("column", ["name", "GalaxyName", "Name"])
def test_a_full_name_comes_before_a_number(column):
    assert rows(BOXES, SubhaloID=[17, 17], **{column: [BOXES[2], BOXES[0]]}) == [1, -1, 0]


def test_names_that_are_no_galaxies_are_no_key():
    assert rows(ONE, name=["NGC 1", "NGC 2"], SubhaloID=[17, 7]) == [1, 0]


def test_the_trees_ids_are_not_the_catalogues():
    trees = [9_900_000_000_000_017, 17]
    assert rows(ONE, SubhaloID=trees, SubfindID=[17, 7]) == [1, 0]
    found = match_rows(pd.DataFrame({"SubhaloID": trees, "SubfindID": [17, 7]}), ONE)
    assert found.key == ("SubfindID",)


def test_the_index_of_soap_is_a_galaxys_number():
    assert rows(ONE, HaloCatalogueIndex=[17, 7], ID=[1, 2]) == [1, 0]


def test_keys_that_differ_are_refused_until_one_is_named():
    keys = {"SubhaloID": [7, 17], "gal_id": [17, 7]}
    assert "SubhaloID, gal_id differ; --key COLUMN" in refusal(ONE, **keys)
    assert rows(ONE, options={"key": "gal_ID"}, **keys) == [1, 0]


def test_keys_that_agree_are_one():
    assert rows(ONE, SubhaloID=[7, 17], gal_id=[7, 17]) == [0, 1]


def test_a_column_of_any_name_can_be_the_key():
    assert rows(ONE, options={"key": "number"}, number=[17]) == [-1, 0]
    assert "must have the key numbers, got number" in refusal(
        ONE, options={"key": "numbers"}, number=[17]
    )


def test_a_table_without_a_key_is_refused_with_its_columns():
    assert "(SubfindID, HaloCatalogueIndex, SubhaloID," in (
        text := refusal(ONE, ngc=[1], mass=[2.0])
    )
    assert text.endswith("got ngc, mass")


def test_negative_ids_match_nothing():
    assert rows(ONE, SubhaloID=[-1, -1, 17]) == [-1, 2]
    assert "shares none" in refusal(EAGLE, subhalo=["-1", "-1"])


def test_eagle_is_matched_by_group_and_subgroup():
    groups = {"GroupNumber": [92, 92], "SubGroupNumber": [0, 9]}
    assert rows(EAGLE, GalaxyID=[1, 2], **groups) == [1, 0]


def test_eagles_number_does_not_name_a_galaxy_called_by_its_group():
    text = refusal(EAGLE, GalaxyID=[92])
    assert "GroupNumber and SubGroupNumber" in text
    assert "(92-9), got GalaxyID" in text


def test_eagle_galaxies_called_by_their_number_are_matched_by_it():
    assert rows(["EAGLE/L0100/28/16381"], GalaxyID=[5, 16381], GroupNumber=[1, 2]) == [1]


def test_galaxies_without_numbers_are_matched_by_text():
    assert rows(["COLIBRE/L025/z0/main-galaxy"], subhalo=["other", "Main-Galaxy"]) == [1]


@pytest.mark.parametrize(
    ("ids", "got"),
    [
        ([7, 17.6], "got 17.6 in row 2"),
        ([7.0, None], "got nothing in row 2"),
        (["7", "seven"], "got seven in row 2"),
        ([7.0, 2.0**53 + 2], "got 9007199254740994.0 in row 2"),
    ],
)
def test_ids_are_whole_numbers_or_an_error(ids, got):
    if got:
        assert refusal(ONE, SubhaloID=ids).startswith(
            "SubhaloID must be a whole number in each row"
        )
    assert got in refusal(ONE, SubhaloID=ids)


def test_whole_numbers_of_any_type_are_ids():
    assert rows(ONE, SubhaloID=[17.0, 7.0]) == [1, 0]
    assert rows(ONE, SubhaloID=["17", " 007 "]) == [1, 0]
    assert rows(ONE, SubhaloID=pd.array([17, 7], "UInt64")) == [1, 0]


def test_large_ids_keep_their_digits():
    galaxies = ["TNG/TNG100-1/99/9007199254740993", "TNG/TNG100-1/99/9007199254740992"]
    assert rows(galaxies, SubhaloID=[9_007_199_254_740_993]) == [0, -1]


def test_a_galaxy_twice_is_refused_with_its_key():
    text = refusal(SNAPSHOTS, SubhaloID=[17, 5, 17], SnapNum=[84, 99, 84])
    assert text == "must have each galaxy once, got SnapNum 84, SubhaloID 17 twice"
