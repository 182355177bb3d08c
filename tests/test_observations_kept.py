"""Observed galaxies are kept whole, come back as they were, and are refused where damaged."""

import json
import shutil

import h5py
import numpy as np
import pytest
from survey_files import Disc, write_cutout, write_manga, write_plain

from galmass_core.check import check_folder
from galmass_core.cli import main
from galmass_core.observations import Options, kept, read_observations
from galmass_core.observations.frame import frame_maps
from galmass_core.observations.kept import kept_observations, observations_folder


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def one_kept(tmp_path_factory):
    """A home folder with a galaxy of MaNGA that was kept."""
    folder = tmp_path_factory.mktemp("observed")
    write_manga(folder / "maps.fits", Disc())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GALMASS_HOME", str(folder / "home"))
        assert main(["observe", str(folder / "maps.fits"), "--keep"]) == 0
    return folder


def test_a_galaxy_comes_back_as_it_was_observed(one_kept, monkeypatch, capsys):
    monkeypatch.setenv("GALMASS_HOME", str(one_kept / "home"))
    ((found,), damaged) = kept_observations()
    assert not damaged
    (observation,) = read_observations([one_kept / "maps.fits"])
    expected, maps = frame_maps(observation), found.maps
    for name in ("flux_CHW", "moments_CHW", "dispersion_moments_CHW"):
        np.testing.assert_array_equal(getattr(maps, name), getattr(expected, name))
    assert maps.covered == expected.covered
    assert maps.half_mass_radius == pytest.approx(4 / 3 * 4.0)  # arcsec
    assert maps.half_width == pytest.approx(3 * 4 / 3 * 4.0)
    assert main(["observe", str(one_kept / "maps.fits"), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert {key: value for key, value in found.row.items() if key != "schema"} == row


def test_masked_elements_are_not_drawn_and_all_others_are(one_kept, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(one_kept / "home"))
    maps = kept_observations()[0][0].maps
    for key in ("V", "sigma"):
        shown = np.isfinite(maps.meaningful(key, least_stars=1000))
        np.testing.assert_array_equal(shown, np.isfinite(maps.view(key)))
        assert 0 < shown.mean() < 1


def test_a_galaxy_that_is_observed_again_takes_its_own_place(home, tmp_path):
    for name, radius in (("a/b", "3"), ("a/b", "4"), ("a_b", "3")):
        path = tmp_path / "maps.fits"
        path.unlink(missing_ok=True)
        write_plain(path, Disc(), cards={"OBJECT": name})
        assert main(["observe", str(path), "--re", radius, "--keep"]) == 0
    found, _ = kept_observations()
    known = [(each.row["galaxy"], each.row["effective_radius"]) for each in found]
    assert known == [("a/b", 4.0), ("a_b", 3.0)]
    assert len(list(observations_folder().iterdir())) == 2


def test_nothing_is_kept_unless_all_can_be(home, tmp_path, capsys):
    write_manga(tmp_path / "a.fits", Disc())
    write_plain(tmp_path / "b.fits", Disc())
    files = [str(tmp_path / name) for name in ("a.fits", "b.fits")]
    assert main(["observe", *files, "--keep"]) == 2
    assert "must be given with --re" in capsys.readouterr().err
    assert not observations_folder().exists()


def test_a_write_that_fails_leaves_what_was_kept(one_kept, home, monkeypatch):
    shutil.copytree(one_kept / "home", home)
    (path,) = observations_folder().iterdir()
    before = path.read_bytes()
    monkeypatch.setattr(kept, "_SHAPES", {"nothing": ()})
    with pytest.raises(AttributeError):
        main(["observe", str(one_kept / "maps.fits"), "--keep"])
    assert path.read_bytes() == before
    assert list(observations_folder().iterdir()) == [path]


def test_an_image_keeps_its_colours(home, tmp_path):
    write_cutout(tmp_path / "cutout.fits", Disc())
    assert main(["observe", str(tmp_path / "cutout.fits"), "--re", "3", "--keep"]) == 0
    ((found,), _) = kept_observations()
    assert found.row["maps"] == ["g-r"]
    (observation,) = read_observations([tmp_path / "cutout.fits"], Options(effective_radius=3.0))
    np.testing.assert_array_equal(found.maps.flux_CHW, frame_maps(observation).flux_CHW)


def change_row(**changes):
    def change(file):
        row = json.loads(file["observation"].asstr()[()]) | changes
        del file["observation"]
        file["observation"] = json.dumps(row)

    return change


def drop(name):
    def change(file):
        del file[name]

    return change


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (change_row(schema=2), "schema must be an integer from 1 to 1, got 2"),
        (change_row(galaxy=7), "galaxy must be text, got 7"),
        (change_row(effective_radius=None), "effective_radius must be a finite number from 0"),
        (change_row(prediction=None), "prediction must be a JSON object, got None"),
        (drop("observation"), "must be a file that galmass observe --keep wrote"),
    ],
)
def test_a_damaged_file_is_named_and_takes_no_other_down(one_kept, home, tmp_path, change, rule):
    shutil.copytree(one_kept / "home", home)
    (path,) = observations_folder().iterdir()
    other = path.with_name("other.h5")
    shutil.copy(path, other)
    with h5py.File(other, "r+") as file:
        change(file)
    found, (sentence,) = kept_observations()
    assert [each.path for each in found] == [path]
    assert str(other) in sentence
    assert rule in sentence
    assert check_folder(home).faults == [sentence]


def test_damaged_maps_are_refused_where_they_are_read(one_kept, home):
    shutil.copytree(one_kept / "home", home)
    (path,) = observations_folder().iterdir()
    with h5py.File(path, "r+") as file:
        del file["flux_CHW"]
        file["flux_CHW"] = np.zeros((2, 3, 3), dtype=np.float32)
    ((found,), _) = kept_observations()
    with pytest.raises(ValueError, match="must hold maps as they were kept"):
        _ = found.maps
    (fault,) = check_folder(home).faults
    assert str(path) in fault
