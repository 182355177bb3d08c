import shutil
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from demo_folder import write_demo_galaxies
from sample_tables import make_dataset, make_samples

from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.datasets.dataset_tables import replace_samples
from galmass_core.datasets.folders import DataSetError
from galmass_core.imaging.maps import GalaxyMaps, rebin
from galmass_core.networks import stacks
from galmass_core.networks.stacks import MapStack, encode_map, map_of, open_stacks
from galmass_core.quantities import CHANNELS, MAPS, map_spec

KEYS = tuple(key for key, spec in MAPS.items() if spec.made_from not in CHANNELS)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    cutouts = write_demo_galaxies(tmp_path_factory.mktemp("sources") / "cutouts", count=2)
    return build_dataset([cutouts], tmp_path_factory.mktemp("home") / "toys")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def counted(monkeypatch):
    """Return a list that grows whenever samples are read."""
    calls, read_maps = [], DataSet.read_maps

    def read(self, rows):
        calls.append(rows)
        return read_maps(self, rows)

    monkeypatch.setattr(DataSet, "read_maps", read)
    return calls


def dark_maps(**changes):
    """Return maps of a galaxy that has a pixel of light and a star in a corner."""
    flux_CHW, moments_CHW = np.zeros((2, 4, 4), "f4"), np.zeros((4, 96, 96), "f4")
    flux_CHW[:, 0, 0] = 100.0, 200.0
    moments_CHW[:, 0, 0] = 1, 5, 5 * 70, 5 * 70**2
    fields = {"flux_CHW": flux_CHW, "moments_CHW": moments_CHW} | changes
    return GalaxyMaps(half_mass_radius=1.0, half_width=3.0, **fields)


@pytest.mark.parametrize("key", KEYS)
def test_codes_give_values_back_to_half_a_step(key):
    low, high = MAPS[key].codes
    map_HW = np.random.default_rng(0).uniform(low, high, (40, 40))
    map_HW[0, :2] = low, high
    stack = MapStack(key, encode_map(key, map_HW)[None])
    error = np.abs(stack.values(np.array([0]))[0] - map_HW)
    assert error.max() <= 0.5 * stack.step + 1e-6 * (high - low)
    assert error.max() > 0.4 * stack.step or key == "occupancy"
    assert (stack.codes_NHW.min(), stack.codes_NHW.max()) == (-32768, 32767)


def test_what_lies_outside_the_range_is_cut():
    codes = encode_map("V", np.array([[-1e5, -3000.0, 3000.0, 1e5]]))
    assert codes.tolist() == [[-32768, -32768, 32767, 32767]]


@pytest.mark.parametrize("pixels", [300, 60])
def test_stacks_hold_the_data_set_s_maps(dataset, pixels):
    found = open_stacks(dataset, KEYS, pixels)
    rows = np.array([4, 1])
    for key, view in dataset.tensors(KEYS, rows, pixels=pixels).items():
        truth = view.numpy()
        logs = map_spec(key).log_codes
        seen = np.isfinite(truth) & ((truth > 0.01) | (not logs))
        truth = np.log10(truth, where=seen, out=truth.copy()) if logs else truth
        values = found[key].values(rows)
        assert values.shape == truth.shape == (2, *2 * (map_spec(key).side(pixels),))
        np.testing.assert_allclose(values[seen], truth[seen], atol=0.51 * found[key].step)


def test_light_of_coarse_stacks_is_the_sum_of_finer_pixels(dataset):
    fine, coarse = (
        10 ** open_stacks(dataset, ["r"], pixels)["r"].values(np.arange(3)) for pixels in (300, 60)
    )
    lit = coarse > 100
    assert lit.sum() > 1000
    np.testing.assert_allclose(coarse[lit], rebin(fine, 60)[lit], rtol=1e-2)


def test_dark_pixels_of_r_have_the_lowest_code():
    assert map_of(dark_maps(), "r", 4)[1, 1] == -2
    assert encode_map("r", map_of(dark_maps(), "r", 4))[1, 1] == -32768
    assert map_of(dark_maps(), "r", 4)[0, 0] == pytest.approx(np.log10(200), rel=1e-6)


def test_colour_is_that_of_all_light_where_there_is_none():
    colours = map_of(dark_maps(), "g-r", 4)
    assert colours[3, 3] == pytest.approx(2.5 * np.log10(2) + 0.46, abs=1e-4)
    assert np.ptp(colours) < 1e-6


def test_a_galaxy_without_light_has_colour_0():
    dark = dark_maps(flux_CHW=np.zeros((2, 4, 4), "f4"))
    assert not map_of(dark, "g-r", 4).any()
    assert (map_of(dark, "r", 4) == -2).all()


def test_nothing_moves_where_there_is_no_star():
    velocity, dispersion = (map_of(dark_maps(), key, 48) for key in ("V", "sigma"))
    assert velocity[0, 0] == 70
    velocity[0, 0] = 0
    assert not velocity.any()
    assert not dispersion.any()


def test_occupancy_says_which_pixels_have_stars(dataset):
    stack = open_stacks(dataset, ["occupancy"])["occupancy"]
    maps = dataset.maps(*dataset.samples.loc[0, ["name", "los"]])
    truth = rebin(maps.moments_CHW, 48)[0] > 0
    assert 0 < truth.mean() < 1
    np.testing.assert_array_equal(stack.values(np.array([0]))[0], truth)


def test_stacks_are_made_once(dataset, home, counted):
    open_stacks(dataset, ["r", "V"], 60)
    before = {path.name: path.stat().st_mtime_ns for path in home.rglob("*.npy")}
    assert set(before) == {"r-60-v1.npy", "V-48-v1.npy"}
    open_stacks(open_dataset(dataset.path), ["V", "r"], 60)
    assert {path.name: path.stat().st_mtime_ns for path in home.rglob("*.npy")} == before
    assert len(counted) == 1


def test_maps_of_motion_are_shared_by_all_resolutions(dataset, home):
    for pixels in (150, 60):
        open_stacks(dataset, ["r", "V"], pixels)
    made = {path.name for path in home.rglob("*.npy")}
    assert made == {"r-150-v1.npy", "r-60-v1.npy", "V-48-v1.npy"}


def test_another_table_has_stacks_of_its_own(dataset, tmp_path, home):
    other = open_dataset(shutil.copytree(dataset.path, tmp_path / "other"))
    replace_samples(other, other.samples.iloc[::-1].reset_index(drop=True))
    ours = open_stacks(dataset, ["V"])["V"].codes_NHW
    theirs = open_stacks(open_dataset(other.path), ["V"])["V"].codes_NHW
    np.testing.assert_array_equal(ours, theirs[::-1])
    assert len(list((home / "cache").iterdir())) == 2


def test_a_stack_whose_making_was_interrupted_is_not_taken(dataset, home, monkeypatch):
    truth = np.array(open_stacks(dataset, ["V"])["V"].codes_NHW)
    shutil.rmtree(home)

    def break_off(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_stacks(dataset, ["V"], progress=break_off)
    assert not [path for path in home.rglob("*") if path.is_file()]
    np.testing.assert_array_equal(open_stacks(dataset, ["V"])["V"].codes_NHW, truth)


def test_two_may_make_the_same_stack_at_once(dataset, home):
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda _: open_stacks(dataset, ["V"])["V"].codes_NHW, range(2)))
    np.testing.assert_array_equal(*found)
    assert [path.name for path in home.rglob("*") if path.is_file()] == ["V-48-v1.npy"]


def test_progress_ends_with_all_samples(dataset):
    seen = []
    open_stacks(dataset, ["V"], progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 6), (6, 6)]


def test_a_full_disk_is_stated_before_anything_is_written(dataset, home, monkeypatch):
    usage = namedtuple("usage", "free")(1e5)
    monkeypatch.setattr(stacks.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(OSError, match=r"needs 0.0 GB of disk for maps, but 0.0 are free"):
        open_stacks(dataset, ["r"])
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_a_data_set_without_maps_is_refused(tmp_path, home):
    table = make_dataset(tmp_path / "table", make_samples(3).assign(half_mass_radius=1.0))
    with pytest.raises(DataSetError, match="has no maps, only tables"):
        open_stacks(table, ["r"])
    assert not list(home.rglob("*.npy"))


def test_a_missing_shard_is_named(dataset, tmp_path):
    copy = open_dataset(shutil.copytree(dataset.path, tmp_path / "copy"))
    (copy.path / "maps" / "shard-00000.h5").unlink()
    with pytest.raises(DataSetError, match=r"shard-00000.h5: must (have|be) "):
        open_stacks(copy, ["r"])


def test_a_side_that_does_not_divide_is_refused(dataset, home):
    with pytest.raises(ValueError, match="pixels must divide the stored side of 300, got 70"):
        open_stacks(dataset, ["r"], 70)
    assert not list(home.rglob("*.npy"))
