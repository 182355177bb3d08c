"""Several data sets as one: rows, maps, galaxies in two of them, and recipes that differ."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from sample_tables import make_dataset, make_samples

from galmass_core.assets import asset
from galmass_core.cli import main
from galmass_core.datasets.combine import combine_datasets, stack
from galmass_core.datasets.dataset import open_dataset
from galmass_core.datasets.dataset_tables import replace_samples
from galmass_core.datasets.folders import DataSetError, shard_path


@pytest.fixture
def suites(tmp_path):
    """Return two data sets with maps, of the same galaxies under names of two simulations."""
    return [suite(tmp_path / name, name) for name in ("TNG", "SIMBA")]


def suite(folder, name):
    """Copy the showcase, renamed; galaxies are called 0, 1, 2 ... ."""
    shutil.copytree(asset("showcase"), folder)
    data = open_dataset(folder)
    names = {old: f"{name}/{name}100/99/{at}" for at, old in enumerate(data.galaxy_names)}
    replace_samples(data, data.samples.assign(name=data.samples["name"].map(names)))
    return open_dataset(folder)


def tables(tmp_path, *changes):
    """Write a data set of five galaxies for each table of columns to be changed."""
    found = []
    for number, change in enumerate(changes):
        samples = make_samples(5, seed=number)
        samples["name"] = samples["name"].str.replace("table", f"table{number}")
        found.append(make_dataset(tmp_path / f"part{number}", change(samples)))
    return found


def test_maps_are_those_of_the_parts(suites, tmp_path):
    both = combine_datasets(suites, tmp_path / "both")
    name = suites[1].galaxy_names[2]
    np.testing.assert_array_equal(both.maps(name, "y").flux_CHW, suites[1].maps(name, "y").flux_CHW)
    pd.testing.assert_frame_equal(both.profiles(name), suites[1].profiles(name))


def test_maps_are_not_copied(suites, tmp_path):
    both = combine_datasets(suites, tmp_path / "both")
    second = shard_path(suites[1].path, 0)
    assert shard_path(both.path, len(suites[0].info["shards"])).samefile(second)


def test_combined_data_set_outlives_its_parts(suites, tmp_path):
    both = combine_datasets(suites, tmp_path / "both")
    shutil.rmtree(suites[0].path)
    assert both.maps(suites[0].galaxy_names[0], "x").flux_CHW.sum() > 0


def test_rows_and_suites_of_all_parts_are_there(suites, tmp_path):
    both = combine_datasets(suites, tmp_path / "both")
    assert len(both) == len(suites[0]) + len(suites[1])
    assert both.info["suites"] == ["SIMBA", "TNG"]
    assert list(both.simulations.categories) == ["SIMBA100", "TNG100"]


def test_galaxy_of_two_parts_is_taken_from_the_first(tmp_path):
    first, second = tables(tmp_path, lambda table: table, lambda table: table)
    replace_samples(
        second,
        second.samples.replace("synthetic/table1/0/4", first.galaxy_names[2]).assign(sigma_v=1.0),
    )
    both = combine_datasets([first, open_dataset(second.path)], tmp_path / "both")
    assert len(both.galaxy_names) == 9
    assert both.row(first.galaxy_names[2], "x")["sigma_v"] != 1.0
    excluded = both.excluded.to_dict(orient="records")
    assert excluded == [
        {"name": first.galaxy_names[2], "reason": "is in part0 as well", "source": str(second.path)}
    ]


def test_what_one_lacks_is_missing_and_recorded(tmp_path):
    parts = tables(
        tmp_path,
        lambda table: table.assign(barred=True, neighbours=2**53 + 1),
        lambda table: table.drop(columns="sigma_v"),
    )
    both = combine_datasets(parts, tmp_path / "both")
    assert both.samples["sigma_v"].isna().to_list() == [False] * 15 + [True] * 15
    assert both.samples["neighbours"].iloc[0] == 2**53 + 1
    assert both.samples["barred"].isna().sum() == 15
    assert both.info["differences"] == ["part1 lacks sigma_v, barred, neighbours"]


def test_recipes_that_differ_are_recorded_and_printed(suites, tmp_path, capsys):
    info = suites[1].info | {"maps": suites[1].info["maps"] | {"dust": "none"}}
    (suites[1].path / "dataset.json").write_text(json.dumps(info))
    folders = [str(data.path) for data in suites]
    assert main(["combine", *folders, "--out", str(tmp_path / "both")]) == 0
    printed = capsys.readouterr().out
    assert "not alike: dust: xu17 in TNG, none in SIMBA" in printed
    assert "combined from SIMBA: 12 samples" in printed


def test_definitions_say_which_part_they_are_of(tmp_path):
    first, second = tables(tmp_path, lambda table: table, lambda table: table)
    info = second.info | {"definitions": {"sigma_v": "of all matter"}}
    (second.path / "dataset.json").write_text(json.dumps(info))
    both = combine_datasets([first, open_dataset(second.path)], tmp_path / "both")
    assert both.info["definitions"] == {"sigma_v": "in part1, of all matter"}


def test_maps_of_another_size_are_refused(suites, tmp_path):
    info = suites[1].info | {"maps": suites[1].info["maps"] | {"light_pixels": 60}}
    (suites[1].path / "dataset.json").write_text(json.dumps(info))
    parts = [suites[0], open_dataset(suites[1].path)]
    with pytest.raises(DataSetError, match=r"light_pixels of maps must be 300, .* is 60"):
        combine_datasets(parts, tmp_path / "both")


def test_maps_and_tables_alone_are_not_mixed(suites, tmp_path):
    (table,) = tables(tmp_path, lambda table: table)
    with pytest.raises(DataSetError, match="part0: must have maps"):
        combine_datasets([suites[0], table], tmp_path / "both")


def test_the_same_again_shows_what_is_there(tmp_path):
    parts = [make_dataset(tmp_path / name, make_samples(3, seed=1)) for name in ("one", "two")]
    both = combine_datasets(parts, tmp_path / "both")
    assert combine_datasets(parts, both.path).info == both.info
    with pytest.raises(DataSetError, match="holds other files"):
        combine_datasets(parts[::-1], both.path)


def test_column_of_two_kinds_is_refused():
    text, number = pd.DataFrame({"kind": ["disc"]}), pd.DataFrame({"kind": [1]})
    with pytest.raises(DataSetError, match=r"kind: .* is text in a, numbers in b"):
        stack({"a": text, "b": number})


def test_folder_with_other_files_is_left_alone(suites, tmp_path):
    (tmp_path / "both").mkdir()
    (tmp_path / "both" / "notes.txt").write_text("mine")
    with pytest.raises(DataSetError, match="holds other files"):
        combine_datasets(suites, tmp_path / "both")
    assert (tmp_path / "both" / "notes.txt").read_text() == "mine"


def test_one_data_set_alone_is_refused(suites, tmp_path):
    with pytest.raises(ValueError, match="two or more data sets of different names, got TNG"):
        combine_datasets(suites[:1], tmp_path / "both")
