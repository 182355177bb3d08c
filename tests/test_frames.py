"""Frames of maps: as they are written, and data sets that are built in them."""

import json

import numpy as np
import pytest
from demo_folder import write_demo_galaxies

from galmass_core.cli import main
from galmass_core.datasets.again import Source
from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.combine import combine_datasets
from galmass_core.datasets.control_maps import Orders, control_maps
from galmass_core.datasets.dataset import open_dataset
from galmass_core.datasets.folders import DataSetError
from galmass_core.datasets.variants import VIEW, Variant, variant_maps
from galmass_core.imaging.frames import PAPER, Frame
from galmass_core.imaging.maps import MapConfig, render_maps
from galmass_core.measurements.image_size import image_radius
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training.model_runs import train_run
from galmass_core.training.pairing import run_predictions_on
from galmass_core.training.run_predictions import predict_run
from galmass_core.transfers.comparable import check_comparable

COUNT = 6
SIZE = "effective_radius_image"


@pytest.fixture(scope="module")
def cutouts(tmp_path_factory):
    return write_demo_galaxies(tmp_path_factory.mktemp("cutouts"), COUNT)


@pytest.fixture(scope="module")
def built(cutouts, tmp_path_factory):
    """The same galaxies in the paper's frame, in one of R_e, and in one of kpc."""
    folder = tmp_path_factory.mktemp("data")
    frames = {"paper": PAPER, "re": Frame(1.5, "R_e"), "kpc": Frame(8.0, "kpc")}
    return {key: build_dataset([cutouts], folder / key, frame=each) for key, each in frames.items()}


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ("3rhsm", PAPER),
        ("1.5re", Frame(1.5, "R_e")),
        (" 10 kpc", Frame(10.0, "kpc")),
        ("±2.5 R_e", Frame(2.5, "R_e")),
        ("1.2345678re", Frame(1.2345678, "R_e")),
        ("0.00001kpc", Frame(0.00001, "kpc")),
    ],
)
def test_frames_are_read_as_they_are_written(text, frame):
    assert Frame.parse(text) == frame == Frame.parse(str(frame))


@pytest.mark.parametrize("text", ["", "3", "re", "0kpc", "-1re", "1e9re", "nan kpc", "3 rvir"])
def test_what_is_no_frame_is_refused_with_how_they_are_written(text):
    with pytest.raises(ValueError, match="frame must be half of its side, as in"):
        Frame.parse(text)


def test_maps_reach_as_far_as_their_frame(built):
    for key, data in built.items():
        samples = data.samples
        expected = {
            "paper": 3 * samples["half_mass_radius"],
            "re": 1.5 * samples[SIZE],
            "kpc": np.full(len(samples), 8.0),
        }[key]
        read = dict(data.read_maps(np.arange(len(data))))
        widths = [read[place].half_width for place in range(len(data))]
        np.testing.assert_allclose(widths, expected, rtol=1e-6)


def test_light_and_stars_of_a_frame_are_those_of_the_wider_one_inside(built):
    for name in built["paper"].galaxy_names[:2]:
        wide, close = (built[key].maps(name, "y") for key in ("paper", "re"))
        assert close.half_width < wide.half_width
        places = (np.arange(300) + 0.5) / 150 - 1
        inside = np.abs(places * wide.half_width) < close.half_width
        light = wide.flux_CHW[:, inside][:, :, inside].sum(axis=(1, 2))
        np.testing.assert_allclose(close.flux_CHW.sum(axis=(1, 2)), light, rtol=0.03)
        places = (np.arange(96) + 0.5) / 48 - 1
        inside = np.abs(places * wide.half_width) < close.half_width
        stars = wide.moments_CHW[0][inside][:, inside].sum()
        assert close.moments_CHW[0].sum() == pytest.approx(stars, rel=0.1)


def test_everything_but_the_maps_is_the_same_in_all_frames(built):
    for key in ("re", "kpc"):
        same = built[key].samples.drop(columns=["shard", "row"])
        assert same.equals(built["paper"].samples[list(same)])


def test_the_frame_is_recorded_and_shown_and_the_papers_needs_no_word(built, capsys):
    for key, words in (("paper", "±3 R_hsm"), ("re", "±1.5 R_e"), ("kpc", "±8 kpc")):
        assert main(["info", str(built[key].path)]) == 0
        assert f"pixels over {words}; dust" in capsys.readouterr().out
        assert str(open_dataset(built[key].path).frame) == words
    assert "unit" not in built["paper"].info["maps"]
    assert built["re"].info["maps"]["unit"] == "R_e"


def test_the_command_builds_a_frame_and_refuses_another(cutouts, tmp_path, capsys):
    command = ["build", str(cutouts), "--limit", "1", "--out", str(tmp_path / "d"), "--json"]
    assert main([*command, "--frame", "2.5re"]) == 0
    assert json.loads(capsys.readouterr().out)["maps"]["half_width"] == 2.5
    assert main([*command, "--frame", "wide"]) == 2
    assert "frame must be half of its side" in capsys.readouterr().err
    assert main(command) == 2  # of another frame than what is there
    capsys.readouterr()


def test_frame_of_unknown_size_needs_the_measurement(cutouts, built):
    galaxy = Source.of(built["re"], built["re"].galaxy_names[0]).read()
    with pytest.raises(ValueError, match="half of the frame must be known"):
        render_maps(galaxy, "x", MapConfig(half_width=1.5, unit="R_e"))
    row = built["re"].row(str(galaxy.name), "x")
    assert image_radius(render_maps(galaxy, "x")) == pytest.approx(row[SIZE])


@pytest.mark.parametrize("key", ["re", "kpc"])
def test_controls_and_other_sides_keep_the_frame(built, key):
    data = built[key]
    name = data.galaxy_names[0]
    (made,) = control_maps(data, [name], Orders(controls=("shuffled",), seed=0, equal=300))
    assert made.reason == ""  # its stars are those of the stored maps, in the same pixels
    edge = Variant(VIEW, "edge-on")
    (turned,) = variant_maps(data, [name], [edge], images=True)
    assert turned.reason == ""
    seen = turned.controls[edge.key].maps[0]
    assert seen.flux_CHW.sum() > 0
    assert seen.moments_CHW[0].sum() > 0


def test_a_network_of_one_frame_is_for_maps_of_that_frame(built, tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    tiny = TrainingConfig(width=0.03, epochs=1, batch=10)
    run = train_run(built["re"], "mtot/2V", training=tiny, path=tmp_path / "run", device="cpu")
    assert str(run.frame) == "±1.5 R_e"
    assert run_predictions_on([run], built["re"])
    assert not run_predictions_on([run], built["paper"])
    with pytest.raises(ValueError, match=r"run run must get maps of ±1\.5 R_e, as it learned"):
        predict_run(run, built["paper"])
    predictions, _ = predict_run(run, built["re"])
    assert len(predictions) == len(built["re"])


def test_data_sets_of_two_frames_are_not_put_together(built, tmp_path):
    with pytest.raises(DataSetError, match=r"frame of maps must be ±3 R_hsm, .* is ±1\.5 R_e"):
        combine_datasets([built["paper"], built["re"]], tmp_path / "both")
    with pytest.raises(DataSetError, match="build both with the same --frame"):
        check_comparable(built["paper"], built["kpc"])
