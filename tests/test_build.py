import json
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

import h5py
import pandas as pd
import pytest
from demo_folder import COUNT, NAMES, write_demo_galaxies
from pandas.api.types import is_bool_dtype, is_string_dtype

import galmass_core.datasets.build
import galmass_core.datasets.measure
from galmass_core.cli.data import print_dataset
from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.folders import DataSetError
from galmass_core.datasets.measure import built_columns
from galmass_core.galaxy import UnavailableError
from galmass_core.quantities import QUANTITIES
from galmass_core.sample import NOT_COSMOLOGICAL
from galmass_core.sources import ReadOptions


@pytest.fixture(scope="module")
def cutouts(tmp_path_factory):
    return write_demo_galaxies(tmp_path_factory.mktemp("sources") / "cutouts")


@pytest.fixture
def small_shards(monkeypatch):
    """Two galaxies a shard, so that five make three shards."""
    monkeypatch.setattr(galmass_core.datasets.build, "GALAXIES_PER_SHARD", 2)


def shard_bytes(folder):
    return {path.name: path.read_bytes() for path in (Path(folder) / "maps").iterdir()}


# Build with two galaxies a shard; killed without warning as soon as so many galaxies are done.
KILLED_BUILD = """
import os, signal, sys
import galmass_core.datasets.build as build

def kill(done, total, excluded):
    if done == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    build.GALAXIES_PER_SHARD = 2
    build.build_dataset([sys.argv[1]], sys.argv[2], workers=int(sys.argv[4]), progress=kill)
"""


def killed_build(tmp_path, cutouts, out, *, after, workers=1):
    script = tmp_path / "killed.py"
    script.write_text(KILLED_BUILD)
    command = [sys.executable, script, cutouts, out, str(after), str(workers)]
    # the pipes close, and run() returns, only when the workers have ended too
    done = subprocess.run(command, capture_output=True, timeout=300, check=False)
    assert done.returncode == -9, done.stderr.decode()


def interrupted_build(cutouts, out, *, after):
    """Build until somebody presses Ctrl+C."""

    def interrupt(done, *_):
        if done == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_dataset([cutouts], out, progress=interrupt)


@pytest.mark.usefixtures("small_shards")
def test_finished_shards_are_not_made_again(cutouts, tmp_path):
    interrupted_build(cutouts, tmp_path / "out", after=5)
    counts = []
    build_dataset([cutouts], tmp_path / "out", progress=lambda *reported: counts.append(reported))
    assert counts == [(5, 5, 0)]


def test_workers_end_when_the_build_is_killed(cutouts, tmp_path):
    killed_build(tmp_path, cutouts, tmp_path / "out", after=1, workers=2)
    build_dataset([cutouts], tmp_path / "out")


@pytest.mark.usefixtures("small_shards", "forked_workers")
def test_number_of_workers_changes_nothing(cutouts, tmp_path):
    one = build_dataset([cutouts], tmp_path / "one", workers=1)
    two = build_dataset([cutouts], tmp_path / "two", workers=2)
    assert set(shard_bytes(one.path)) == {f"shard-0000{number}.h5" for number in range(3)}
    assert shard_bytes(one.path) == shard_bytes(two.path)
    pd.testing.assert_frame_equal(one.samples, two.samples)


@pytest.fixture
def spoilt(tmp_path):
    """A folder whose third galaxy is cut short and whose fourth is there twice."""
    folder = write_demo_galaxies(tmp_path / "spoilt")
    third = folder / "cutout_3.hdf5"
    third.write_bytes(third.read_bytes()[:5000])
    (folder / "cutout_4_again.hdf5").write_bytes((folder / "cutout_4.hdf5").read_bytes())
    return folder


def test_bad_galaxy_is_recorded_and_the_rest_go_on(spoilt, tmp_path):
    dataset = build_dataset([spoilt], tmp_path / "out")
    assert dataset.galaxy_names == [NAMES[0], NAMES[1], NAMES[3], NAMES[4]]
    broken = dataset.excluded.iloc[0]
    assert broken["source"] == str(spoilt / "cutout_3.hdf5")
    assert "cutout_3.hdf5" in broken["reason"]


def test_second_galaxy_of_a_name_is_excluded(spoilt, tmp_path):
    dataset = build_dataset([spoilt], tmp_path / "out")
    second = dataset.excluded.set_index("name").loc[NAMES[3]]
    assert second["source"] == str(spoilt / "cutout_4_again.hdf5")
    assert second["reason"] == f"its name is taken by {spoilt / 'cutout_4.hdf5'}"


def test_unexpected_failure_of_one_galaxy_stops_nothing(cutouts, tmp_path, monkeypatch):
    def fail_on_third(galaxy, config, wanted=galmass_core.datasets.measure.support_radii):
        if galaxy.name.subhalo == "3":
            return 1 / 0
        return wanted(galaxy, config)

    monkeypatch.setattr(galmass_core.datasets.measure, "support_radii", fail_on_third)
    dataset = build_dataset([cutouts], tmp_path / "out")
    assert len(dataset) == 3 * (COUNT - 1)
    assert dataset.excluded.loc[0, "name"] == NAMES[2]
    assert dataset.excluded.loc[0, "reason"] == "ZeroDivisionError: division by zero"


def test_galaxy_without_an_end_is_excluded(cutouts, tmp_path, monkeypatch):
    def hang_on_third(galaxy, config, wanted=galmass_core.datasets.measure.support_radii):
        while galaxy.name.subhalo == "3":
            time.sleep(0.01)
        return wanted(galaxy, config)

    build_dataset([cutouts], tmp_path / "first", ids=["2"])  # compiles what the next one needs
    monkeypatch.setattr(galmass_core.datasets.measure, "support_radii", hang_on_third)
    monkeypatch.setattr(galmass_core.datasets.build, "LONGEST", 2.0)
    dataset = build_dataset([cutouts], tmp_path / "out", ids=["2", "3"])
    assert len(dataset) == 3
    reason = dataset.excluded["reason"].iloc[0]
    assert reason == f"{cutouts / 'cutout_3.hdf5'}: must be measured within 2 s, got no end"


def test_file_in_use_stops_the_build_which_then_resumes(cutouts, tmp_path, monkeypatch):
    def fail_on_third(galaxy, config, wanted=galmass_core.datasets.measure.support_radii):
        if galaxy.name.subhalo == "3":
            raise UnavailableError
        return wanted(galaxy, config)

    with monkeypatch.context() as patch:
        patch.setattr(galmass_core.datasets.measure, "support_radii", fail_on_third)
        with pytest.raises(UnavailableError):
            build_dataset([cutouts], tmp_path / "out")
    assert build_dataset([cutouts], tmp_path / "out").excluded.empty


def test_flagged_subhalo_is_left_out(tmp_path):
    write_demo_galaxies(tmp_path / "cutouts")
    path = tmp_path / "cutouts" / "cutout_2.hdf5"
    centre = {"pos_x": 33870.0, "pos_y": 33870.0, "pos_z": 33870.0, "halfmassrad_stars": 3.0}
    path.with_suffix(".json").write_text(json.dumps(centre | {"id": 2, "subhaloflag": 0}))
    excluded = build_dataset([tmp_path / "cutouts"], tmp_path / "out").excluded
    assert excluded[["name", "reason"]].values.tolist() == [[NAMES[1], NOT_COSMOLOGICAL]]


def test_missing_dark_matter_is_empty_and_reported(cutouts, tmp_path, capsys):
    path = tmp_path / "cutout_1.hdf5"
    shutil.copy(cutouts / "cutout_1.hdf5", path)
    with h5py.File(path, "r+") as file:
        del file["PartType1"]
    dataset = build_dataset([path, *sorted(cutouts.glob("*_[23].hdf5"))], tmp_path / "out")
    masses = dataset.galaxies["log_mtot_1rhsm"]
    assert masses.index[masses.isna()].tolist() == [NAMES[0]]
    assert "not in the files of 1 of 3 galaxies" in dataset.missing_matter()["dark matter"]
    print_dataset(dataset, as_json=False)
    assert "dark matter: not in the files of 1 of 3 galaxies" in capsys.readouterr().out


def test_names_can_be_given(cutouts, tmp_path):
    options = ReadOptions(suite="mine", simulation="run 7")
    dataset = build_dataset([cutouts], tmp_path / "out", limit=1, options=options)
    assert dataset.galaxy_names == ["mine/run-7/99/1"]
    assert dataset.info["reading"] == {"suite": "mine", "simulation": "run 7"}


def test_progress_counts_galaxies_and_exclusions(spoilt, tmp_path):
    reported = []
    build_dataset([spoilt], tmp_path / "out", progress=lambda *counts: reported.append(counts))
    assert reported == [(1, 6, 0), (2, 6, 0), (3, 6, 1), (4, 6, 1), (5, 6, 2), (6, 6, 2)]


def test_build_with_nothing_usable_says_why_and_leaves_nothing(tmp_path):
    (tmp_path / "noise.hdf5").write_text("noise")
    with pytest.raises(DataSetError, match=r"no galaxy could be used, 1 .* first: .*noise.hdf5"):
        build_dataset([tmp_path / "noise.hdf5"], tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_missing_source_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        build_dataset([tmp_path / "nowhere"], tmp_path / "out")


def test_where_excludes_before_anything_is_rendered(cutouts, tmp_path, monkeypatch):
    rendered = []
    render = galmass_core.datasets.measure.framed_maps
    monkeypatch.setattr(
        galmass_core.datasets.measure,
        "framed_maps",
        lambda sky, *rest, **more: rendered.append(sky) or render(sky, *rest, **more),
    )
    heavy = "log_mstar > 9.8 and n_gas > 0"  # bulges of 4 and 5e9 Msun beside a disc of 3e9
    dataset = build_dataset([cutouts], tmp_path / "out", where=heavy)
    assert dataset.galaxy_names == NAMES[3:]
    assert len(rendered) == len(dataset)
    assert list(dataset.excluded["reason"]) == [f"where: {heavy}"] * 3
    assert list(dataset.excluded["name"]) == NAMES[:3]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("log_mstra > 10", r"got log_mstra; did you mean log_mstar"),
        ("bulge_fraction < 0.5", "got bulge_fraction; such as"),
        ("log_mstar >", "filter must be a condition such as"),
        ("log_mstar", "log_mstar is none"),
        ("name > 3", "numbers with numbers"),
        ("True", "filter must name a column"),
    ],
)
def test_wrong_condition_is_refused_before_anything_is_read(tmp_path, where, message):
    with pytest.raises(ValueError, match=message):
        build_dataset([tmp_path / "nowhere"], tmp_path / "out", where=where)


def test_condition_is_checked_against_the_columns_of_a_build(cutouts, tmp_path):
    samples = build_dataset([cutouts], tmp_path / "out", limit=1).samples
    made = built_columns()
    assert set(made) == set(samples) - {"shard", "row"}
    for column in made:
        assert is_string_dtype(made[column]) == is_string_dtype(samples[column])
        assert is_bool_dtype(made[column]) == is_bool_dtype(samples[column])


def test_condition_on_the_line_of_sight_needs_one_of_them(cutouts, tmp_path):
    dataset = build_dataset([cutouts], tmp_path / "all", limit=3)
    largest = dataset.samples.groupby("name")["effective_radius"].max()
    limit = largest.nlargest(2).iloc[-1]
    expected = list(largest.index[largest >= limit])
    where = f"effective_radius >= {float(limit)!r}"
    some = build_dataset([cutouts], tmp_path / "some", limit=3, where=where)
    assert some.galaxy_names == expected
    assert len(expected) == 2
    assert some.samples["effective_radius"].min() < limit


def test_exclusion_names_the_column_that_is_missing(cutouts, tmp_path):
    with pytest.raises(DataSetError, match=r"where: not is_central \(is_central is missing\)"):
        build_dataset([cutouts], tmp_path / "out", limit=1, where="not is_central")


def test_ids_choose_by_subhalo_or_name_and_strangers_are_recorded(cutouts, tmp_path):
    dataset = build_dataset([cutouts], tmp_path / "out", ids=["2.0", NAMES[4], "77"])
    assert dataset.galaxy_names == [NAMES[1], NAMES[4]]
    assert list(dataset.excluded["name"]) == ["77"]
    assert list(dataset.excluded["reason"]) == ["no galaxy of the sources has this ID"]


def test_limit_takes_the_first(cutouts, tmp_path):
    assert build_dataset([cutouts], tmp_path / "out", limit=2).galaxy_names == NAMES[:2]


def test_limit_below_one_is_refused(cutouts, tmp_path):
    with pytest.raises(ValueError, match="limit must be at least 1, got 0"):
        build_dataset([cutouts], tmp_path / "out", limit=0)


def test_build_of_what_is_there_already_reads_nothing(cutouts, tmp_path):
    first = build_dataset([cutouts], tmp_path / "out")
    reported = []
    again = build_dataset(
        [cutouts], tmp_path / "out", progress=lambda *counts: reported.append(counts)
    )
    assert not reported
    assert again.info == first.info


def test_other_settings_do_not_mix(cutouts, tmp_path):
    build_dataset([cutouts], tmp_path / "out")
    with pytest.raises(DataSetError, match="holds a data set with other maps; take another"):
        build_dataset([cutouts], tmp_path / "out", dust="none")


@pytest.mark.usefixtures("small_shards")
def test_unfinished_build_is_not_continued_with_other_settings(cutouts, tmp_path):
    interrupted_build(cutouts, tmp_path / "out", after=3)
    with pytest.raises(DataSetError, match="holds an unfinished build with other sources, where"):
        build_dataset([cutouts], tmp_path / "out", limit=4, where="log_mstar > 9")


def test_second_build_at_the_same_time_is_refused(cutouts, tmp_path):
    def build_again(*_):
        with pytest.raises(ValueError, match="is being written by process"):
            build_dataset([cutouts], tmp_path / "out")

    build_dataset([cutouts], tmp_path / "out", progress=build_again)


def test_folder_with_other_files_is_left_alone(cutouts, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(DataSetError, match="holds other files"):
        build_dataset([cutouts], tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "precious"


@pytest.fixture(scope="module")
def full_and_thinned(cutouts, tmp_path_factory):
    """Two data sets of the galaxies, whose stars are 400 to 800."""
    out = tmp_path_factory.mktemp("thinned")
    return build_dataset([cutouts], out / "full"), build_dataset([cutouts], out / "500", stars=500)


def test_galaxies_with_fewer_stars_than_asked_for_are_left_out(full_and_thinned):
    full, thinned = full_and_thinned
    assert list(full.galaxies["n_stars"] < 500) == [True, False, False, False, False]
    assert thinned.galaxy_names == NAMES[1:]
    assert list(thinned.excluded["name"]) == NAMES[:1]
    assert list(thinned.excluded["reason"]) == ["fewer than 500 star particles"]


def test_thinned_galaxies_show_an_observer_fewer_stars(full_and_thinned):
    full, thinned = full_and_thinned
    for name in NAMES[1:]:
        fewer, all_of_them = (
            data.maps(name, "x").moments_CHW[0].sum() for data in full_and_thinned[::-1]
        )
        assert 0.8 * 500 < fewer <= 500  # some are outside the frame
        assert fewer <= all_of_them
    seen, before = (data.row(NAMES[4], "x") for data in (thinned, full))
    for key in ("abs_mag_r", "effective_radius", "sigma_v", "lambda_r"):
        assert seen[key] != before[key]
        assert seen[key] == pytest.approx(before[key], rel=0.2)


def test_truth_of_thinned_galaxies_is_that_of_all_their_stars(full_and_thinned):
    full, thinned = full_and_thinned
    kept = full.samples[full.samples["name"].isin(thinned.galaxy_names)]
    same = [
        key
        for key in full.samples.columns.intersection(list(QUANTITIES))
        if (QUANTITIES[key].kind == "target" or not QUANTITIES[key].per_sample)
        and not key.endswith("_re")  # inside R_e, which is measured on the image
    ]
    assert {"n_stars", "half_mass_radius", "log_ml_r_1rhsm", "log_mtot_2rhsm"} <= set(same)
    pd.testing.assert_frame_equal(
        thinned.samples[same], kept[same].reset_index(drop=True), check_exact=True
    )
    pd.testing.assert_frame_equal(thinned.profiles(NAMES[2]), full.profiles(NAMES[2]))


@pytest.mark.usefixtures("small_shards", "forked_workers")
def test_thinning_depends_neither_on_order_nor_on_workers(cutouts, full_and_thinned, tmp_path):
    _, thinned = full_and_thinned
    others = build_dataset(
        [cutouts], tmp_path / "two", stars=500, workers=2, ids=["2", "3", "4", "5"]
    )
    for name in NAMES[1:]:
        one, two = (data.maps(name, "y") for data in (thinned, others))
        assert (one.flux_CHW == two.flux_CHW).all()
        assert (one.moments_CHW == two.moments_CHW).all()


def test_data_set_says_to_how_many_stars_it_is_thinned(full_and_thinned):
    assert [data.info["stars"] for data in full_and_thinned] == [None, 500]


@pytest.mark.usefixtures("small_shards")
def test_other_numbers_of_stars_do_not_mix(cutouts, full_and_thinned, tmp_path):
    _, thinned = full_and_thinned
    with pytest.raises(DataSetError, match="holds a data set with other stars; take another"):
        build_dataset([cutouts], thinned.path, stars=400)
    interrupted_build(cutouts, tmp_path / "out", after=3)
    with pytest.raises(DataSetError, match="holds an unfinished build with other stars; take"):
        build_dataset([cutouts], tmp_path / "out", stars=400)


def test_stars_that_make_no_map_are_refused(cutouts, tmp_path):
    with pytest.raises(ValueError, match="stars must be at least 100, got 99"):
        build_dataset([cutouts], tmp_path / "out", stars=99)


@pytest.mark.usefixtures("small_shards")
def test_shard_without_galaxies_is_not_written(cutouts, tmp_path):
    dataset = build_dataset([cutouts], tmp_path / "out", ids=["1", "5"])
    assert set(shard_bytes(dataset.path)) == {"shard-00000.h5", "shard-00002.h5"}
    assert dataset.maps(NAMES[4], "z").flux_CHW.sum() > 0


def test_packed_data_set_is_smaller_and_names_no_folders(cutouts, tmp_path):
    loose = build_dataset([cutouts], tmp_path / "loose")
    packed = build_dataset([cutouts], tmp_path / "packed", packed=True)
    assert len(shard_bytes(packed.path)["shard-00000.h5"]) < 0.7 * len(
        shard_bytes(loose.path)["shard-00000.h5"]
    )
    assert packed.samples.loc[0, "source"] == "cutout_1.hdf5"
    assert not any(
        str(tmp_path.parent).encode() in path.read_bytes() for path in packed.path.rglob("*.*")
    )


def test_description_says_how_it_was_made(cutouts, tmp_path):
    info = build_dataset([cutouts], tmp_path / "out", limit=2, dust="none").info
    assert info["state"] == "complete"
    assert info["suites"] == ["synthetic"]
    assert info["maps"]["dust"] == "none"
    assert info["counts"] == {"galaxies": 2, "samples": 6, "excluded": 0}


def test_real_galaxies_have_their_published_numbers(shared_data, tmp_path):
    files = [
        shared_data / "particles" / name
        for name in ("eagle_z0_group92_sub9.hdf5", "colibre_z0.hdf5")
    ]
    dataset = build_dataset(files, tmp_path / "real", dust="none")
    colibre, eagle = (row for _, row in dataset.galaxies.iterrows())
    assert dataset.info["suites"] == ["COLIBRE", "EAGLE"]
    assert len(dataset) == 6
    assert 10 ** eagle["log_mstar"] == pytest.approx(1.014e10, rel=1e-3)
    assert 10 ** colibre["log_mstar"] == pytest.approx(1.129e10, rel=1e-3)
    assert 10 ** eagle["log_mdm"] == pytest.approx(2447 * 9.695e6, rel=1e-3)
    assert pd.isna(eagle["log_mgas"])  # the file has none
    with h5py.File(files[1]) as file:  # masses in 1e10 Msun, no h
        for column, group in (("log_mdm", "PartType1"), ("log_mgas", "PartType0")):
            total = 1e10 * file[group]["Masses"][:].sum(dtype=float)
            assert 10 ** colibre[column] == pytest.approx(total, rel=1e-5)
    for row, magnitude, colour in ((eagle, -19.31, 0.77), (colibre, -19.86, 0.52)):
        assert row["abs_mag_r_intrinsic"] == pytest.approx(magnitude, abs=0.05)
        assert row["g_minus_r_intrinsic"] == pytest.approx(colour, abs=0.05)


MANY_TIMES = """
import resource, sys
from pathlib import Path
from galmass_core.benchmarks.build import RECIPE
from galmass_core.datasets.measure import measure_galaxy
from galmass_core.sources import GalaxyRef

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    measure_galaxy(GalaxyRef(Path(sys.argv[1])), RECIPE)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(min(faults() for _ in range(5)))
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other C libraries keep what they want"
)
def test_memory_that_a_galaxy_frees_is_kept_for_the_next(cutouts):
    """Otherwise each takes and gives back more than a thousand pages."""
    command = [sys.executable, "-c", MANY_TIMES, str(next(cutouts.glob("*.hdf5")))]
    assert int(subprocess.check_output(command, text=True)) < 200
