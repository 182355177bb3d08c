import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from demo_folder import NAMES, write_demo_galaxies

from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.dataset import open_dataset
from galmass_core.datasets.dataset_files import SCHEMA
from galmass_core.datasets.dataset_tables import replace_samples, write_tables
from galmass_core.datasets.folders import (
    DataSetError,
    home_folder,
    list_datasets,
    shard_path,
    similar_names,
)
from galmass_core.imaging.maps import render_maps
from galmass_core.measurements.targets import mass_profiles, measure_targets
from galmass_core.sources import read_galaxy


@pytest.fixture(scope="module")
def cutouts(tmp_path_factory):
    return write_demo_galaxies(tmp_path_factory.mktemp("sources") / "cutouts")


@pytest.fixture(scope="module")
def dataset(cutouts, tmp_path_factory):
    return build_dataset([cutouts], tmp_path_factory.mktemp("home") / "toys")


@pytest.fixture
def copy(dataset, tmp_path):
    """Return a data set's folder that a test may spoil."""
    return shutil.copytree(dataset.path, tmp_path / "toys")


@pytest.mark.parametrize("line_of_sight", ["x", "y", "z"])
def test_maps_are_those_of_the_particles(cutouts, dataset, line_of_sight):
    truth = render_maps(read_galaxy(cutouts / "cutout_2.hdf5"), line_of_sight)
    maps = dataset.maps(NAMES[1], line_of_sight)
    np.testing.assert_allclose(maps.flux_CHW, truth.flux_CHW, rtol=1e-3)
    np.testing.assert_array_equal(maps.moments_CHW, truth.moments_CHW)
    assert maps.half_width == truth.half_width
    assert maps.half_mass_radius == truth.half_mass_radius


def test_targets_are_those_of_the_particles(cutouts, dataset):
    truth = measure_targets(read_galaxy(cutouts / "cutout_3.hdf5"))
    row = dataset.row(NAMES[2], "y")
    assert {key: row[key] for key in truth} == pytest.approx(truth, rel=1e-14)


def test_profiles_are_those_of_the_particles(cutouts, dataset):
    truth = mass_profiles(read_galaxy(cutouts / "cutout_3.hdf5"))
    profiles = dataset.profiles(NAMES[2])
    assert list(profiles) == list(truth)
    np.testing.assert_allclose(profiles, truth, rtol=1e-6)


def test_there_are_three_lines_of_sight_a_galaxy(dataset):
    assert dataset.galaxy_names == NAMES
    assert list(dataset.samples["los"]) == ["x", "y", "z"] * len(NAMES)
    assert list(dataset.samples["name"]) == list(np.repeat(NAMES, 3))


def test_galaxies_average_over_lines_of_sight(dataset):
    galaxies = dataset.galaxies
    seen = dataset.samples.query("name == @NAMES[1]")
    assert list(galaxies.index) == NAMES
    assert galaxies.loc[NAMES[1], "abs_mag_r"] == pytest.approx(seen["abs_mag_r"].mean())
    assert galaxies.loc[NAMES[1], "log_mstar"] == seen["log_mstar"].iloc[0]
    assert set(galaxies["n_samples"]) == {3}


def test_tensors_are_the_views_in_the_order_asked_for(dataset):
    rows = [7, 0, 14]
    tensors = dataset.tensors(rows=rows, pixels=60)
    for key, side in {"r": 60, "g-r": 60, "V": 48, "sigma": 48}.items():
        for place, row in enumerate(rows):
            name, line_of_sight = dataset.samples.loc[row, ["name", "los"]]
            view = dataset.maps(name, line_of_sight).view(key, side)
            np.testing.assert_array_equal(tensors[key][place].numpy(), view)


def test_tensors_hold_every_sample_by_default(dataset):
    assert dataset.tensors(["V"])["V"].shape == (len(dataset), 48, 48)


def test_occupancy_comes_as_a_tensor_where_it_is_requested(dataset):
    tensors = dataset.tensors(["V", "occupancy"])
    seen = ~np.isnan(tensors["V"].numpy())
    np.testing.assert_array_equal(tensors["occupancy"].numpy(), seen)
    assert "occupancy" not in dataset.tensors(rows=[0])


def test_tensors_of_unknown_maps_are_refused(dataset):
    with pytest.raises(ValueError, match=r"map must be one of r, g-r, .*, got 'h5'"):
        dataset.tensors(["r", "h5"])


def test_threads_read_the_same_maps(dataset):
    def light(row):
        return dataset.maps(row.name_, row.los).flux_CHW.sum()

    rows = list(dataset.samples.rename(columns={"name": "name_"}).itertuples()) * 3
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(light, rows)) == [light(row) for row in rows]


def test_unknown_galaxy_is_named_with_similar_ones(dataset):
    with pytest.raises(KeyError, match=r"no galaxy synthetic/demo-1/99/11 .*synthetic/demo-1/99/1"):
        dataset.maps("synthetic/demo-1/99/11", "x")


def test_unknown_line_of_sight_is_an_error(dataset):
    with pytest.raises(KeyError, match="along w"):
        dataset.row(NAMES[0], "w")


def test_name_under_the_home_folder_opens(dataset, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(dataset.path.parent))
    assert open_dataset("toys").path == dataset.path
    assert list_datasets() == [dataset.path]


def test_home_is_the_users_data_folder_by_default(monkeypatch):
    monkeypatch.delenv("GALMASS_HOME", raising=False)
    assert home_folder().name == "galmass"


def test_missing_data_set_is_an_error_that_lists_those_there_are(dataset, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(dataset.path.parent))
    with pytest.raises(
        DataSetError, match=r"nothing: must be a data-set folder .* there are: toys"
    ):
        open_dataset("nothing")


def test_half_written_data_set_is_refused(copy):
    (copy / "dataset.json").unlink()
    (copy / "unfinished").mkdir()
    with pytest.raises(DataSetError, match="build unfinished: run the same galmass build again"):
        open_dataset(copy)


def test_other_schema_is_refused_with_both_versions(copy):
    info = json.loads((copy / "dataset.json").read_text())
    (copy / "dataset.json").write_text(json.dumps(info | {"schema": 99}))
    with pytest.raises(DataSetError, match=f"schema must be {SCHEMA}, .* got 99"):
        open_dataset(copy)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_damaged_description_is_refused(copy, content):
    (copy / "dataset.json").write_text(content)
    with pytest.raises(DataSetError, match=r"dataset.json: .*must be"):
        open_dataset(copy)


@pytest.mark.parametrize("name", ["index.parquet", "excluded.parquet"])
def test_missing_or_damaged_table_is_refused(copy, name):
    (copy / name).write_text("nonsense")
    with pytest.raises(DataSetError, match=f"{name}: must (have .* bytes|be a file)"):
        open_dataset(copy)
    (copy / name).unlink()
    with pytest.raises(DataSetError, match=f"{name}: must (have .* bytes|be a file)"):
        open_dataset(copy)


def test_truncated_or_missing_shard_is_named(copy):
    shard = shard_path(copy, 0)
    shard.write_bytes(shard.read_bytes()[:100_000])
    with pytest.raises(DataSetError, match=r"shard-00000.h5: must (have .* bytes|be a file)"):
        open_dataset(copy).maps(NAMES[0], "x")
    shard.unlink()
    with pytest.raises(DataSetError, match=r"shard-00000.h5: must (have .* bytes|be a file)"):
        open_dataset(copy).tensors(["r"])


def test_columns_can_be_added(copy):
    data = open_dataset(copy)
    records = [{"table": "bars.csv", "columns": ["bar"]}]
    replace_samples(data, data.samples.assign(bar=range(len(data))), joined=records)
    again = open_dataset(copy)
    assert list(again.samples["bar"]) == list(range(len(data)))
    assert again.info == data.info | {"joined": records, "tables": again.info["tables"]}


def catalogue():
    """Return samples as a group catalogue without particles gives them."""
    return pd.DataFrame(
        {
            "name": ["TNG/TNG100-1/99/17", "TNG/TNG100-1/99/18"],
            "los": "none",
            "is_central": [True, None],
            "host_group": [3, None],
            "log_mstar": [10.0, 11.0],
        }
    )


def test_tables_alone_are_a_data_set(tmp_path):
    table = write_tables(tmp_path / "catalogue", catalogue(), {"chunks": 2})
    assert (table.has_maps, len(table), table.info["chunks"]) == (False, 2, 2)
    assert table.info["suites"] == ["TNG"]
    assert table.row("TNG/TNG100-1/99/18", "none")["log_mstar"] == 11.0
    assert table.samples["is_central"].isna().tolist() == [False, True]
    assert list(table.galaxies["n_samples"]) == [1, 1]
    for read in (
        lambda: table.maps("TNG/TNG100-1/99/18", "none"),
        lambda: table.profiles("TNG/TNG100-1/99/18"),
        lambda: table.tensors(["r"]),
    ):
        with pytest.raises(DataSetError, match="has no maps, only tables"):
            read()


def test_empty_table_is_refused(tmp_path):
    with pytest.raises(DataSetError, match="at least one galaxy"):
        write_tables(tmp_path / "catalogue", catalogue()[:0], {})


def test_tables_do_not_go_over_other_files(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(DataSetError, match="holds other files"):
        write_tables(tmp_path, catalogue(), {})


def test_tables_go_over_the_same_but_no_others(tmp_path):
    written = write_tables(tmp_path / "out", catalogue(), {"where": None})
    replace_samples(written, written.samples.assign(joined=1.0))
    again = write_tables(tmp_path / "out", catalogue(), {"where": None})
    assert (again.samples["joined"] == 1.0).all()
    for samples, description in ((catalogue()[::2], {}), (catalogue(), {"where": "log_mstar > 9"})):
        with pytest.raises(DataSetError, match="holds other files"):
            write_tables(tmp_path / "out", samples, description)


@pytest.fixture
def scattered(tmp_path):
    """Return a data set whose galaxies' rows do not lie together."""
    names = [f"a/b/0/{subhalo}" for subhalo in (7, 3, 7, 5, 3)]
    samples = pd.DataFrame({"name": names, "los": list("xxyxz"), "is_central": True})
    return write_tables(tmp_path / "scattered", samples.assign(host_group=0), {})


def test_rows_of_a_galaxy_are_found_wherever_they_lie(scattered):
    assert list(scattered.rows_of("a/b/0/7")) == [0, 2]
    assert list(scattered.rows_of("a/b/0/3")) == [1, 4]
    assert list(scattered.rows_of("a/b/0/4")) == []
    assert list(scattered.first_rows) == [0, 1, 3]
    assert scattered.row("a/b/0/3", "z").name == 4


def test_samples_and_galaxies_lead_to_each_other(scattered):
    assert list(scattered.are_of(["a/b/0/3", "a/b/0/4"])) == [False, True, False, False, True]
    assert not scattered.are_of([]).any()
    assert scattered.galaxies_at([4, 0, 2]) == ["a/b/0/7", "a/b/0/3"]
    assert scattered.galaxies_at(np.zeros(5, dtype=bool)) == []


def test_similar_names_of_many_end_alike():
    known = [f"a/b/{snapshot}/{subhalo}" for snapshot in range(2) for subhalo in range(4000)]
    assert similar_names("a/c/1/3999", known)[:2] == ["a/b/1/3999", "a/b/0/3999"]
    assert similar_names("nothing", known) == known[:3]
