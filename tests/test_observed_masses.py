"""Observed maps come into the frame of networks as they are, and predictions say what they are."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from survey_files import (
    ANGLE,
    SYSTEMIC,
    Disc,
    write_atlas3d,
    write_cutout,
    write_manga,
    write_plain,
)
from toy_maps import make_map_dataset

from galmass_core import api
from galmass_core.assets import asset
from galmass_core.cli import main
from galmass_core.datasets.dataset import open_dataset
from galmass_core.imaging.maps import MapConfig, rebin
from galmass_core.networks.presets import TrainingConfig
from galmass_core.observations import Options, prediction, read_observations
from galmass_core.observations.features import HALF_MASS, observed_features
from galmass_core.observations.field import (
    field_of,
    look_through,
    reference_of,
    reference_table,
    write_reference,
)
from galmass_core.observations.frame import frame_maps
from galmass_core.observations.prediction import predict_observation
from galmass_core.observations.unusual import how_unusual, seen_features
from galmass_core.training.model_runs import train_run
from galmass_core.training.run_predictions import load_model, predict_run
from galmass_core.training.runs import open_run, shipped_runs


@pytest.fixture(scope="module")
def showcase():
    return open_dataset(asset("showcase"))


def read_one(path, **options):
    (found,) = read_observations([path], Options(**options))
    return found


def write_simulated(path, maps, *, cut=np.inf):
    """Write the maps of a simulated galaxy as a plain file of 48 x 48 pixels, 6 arcsec a side.

    ``cut`` is the radius of the field, R_hsm.
    """
    offsets = (np.arange(48) + 0.5) / 8 - 3
    inside = np.hypot(*np.meshgrid(offsets, offsets)) < cut
    light = rebin(maps.moments_CHW, 48)[1]
    seen = {key: np.where(inside, maps.view(key), np.nan) for key in ("V", "sigma")}
    single = rebin(maps.moments_CHW, 48)[0] == 1  # has no dispersion
    degrees = 1 / 8 / 3600
    world = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CDELT1": -degrees, "CDELT2": degrees}
    write_plain(
        path,
        Disc(shape=(48, 48)),
        dialect="",
        cards=world | {"RE": 1 / HALF_MASS},
        VELOCITY=seen["V"],
        DISPERSION=np.where(single, np.nan, seen["sigma"]),
        FLUX=np.where(inside, light, 0.0),
    )


def centred(observation):
    """Return an observation about the middle of the array, where the simulated centre is."""
    moved = np.array([23.5, 23.5]) - observation.centre
    x, y = moved[0] * -0.125, moved[1] * 0.125
    shift = observation.rotation.systemic
    velocities = observation.velocities + shift
    return replace(observation, x=observation.x - x, y=observation.y - y, velocities=velocities)


def test_maps_of_a_simulated_galaxy_come_back_as_they_were(tmp_path, showcase):
    _, maps = next(iter(showcase.read_maps([0])))
    write_simulated(tmp_path / "maps.fits", maps)
    observation = centred(read_one(tmp_path / "maps.fits"))
    framed = frame_maps(observation)
    np.testing.assert_allclose(framed.view("V"), maps.view("V"), rtol=1e-4, atol=0.02)
    known = np.isfinite(framed.view("sigma"))
    np.testing.assert_allclose(framed.view("sigma")[known], maps.view("sigma")[known], atol=0.2)
    assert framed.covered == pytest.approx(np.isfinite(maps.view("V")).mean(), abs=0.001)


def test_predictions_of_simulated_galaxies_are_those_of_their_data_set(tmp_path, showcase):
    run = open_run("2V")
    expected, _ = predict_run(run, showcase)
    rows = [0, 3, 6, 9]  # a line of sight of each
    expected = expected[expected["target"] == "log_mstar_1rhsm"]["y_pred"].to_numpy()[rows]
    found, unusual = [], []
    for number, maps in showcase.read_maps(rows):
        path = tmp_path / f"{number}.fits"
        write_simulated(path, maps)
        prediction = predict_observation(read_one(path))
        assert prediction["run"] == run.name
        found.append(prediction["predictions"][0]["y_alone"])
        unusual.append(prediction["predictions"][0]["ood_maps_percentile"])
    assert np.array(found) - expected == pytest.approx(np.zeros(4), abs=0.15)
    assert np.mean(np.array(found) - expected) == pytest.approx(0, abs=0.03)
    assert 5 < np.median(unusual) < 95


def test_a_field_that_ends_early_is_allowed_for(tmp_path, showcase):
    rows, errors = [0, 3, 6, 9], []
    for number, maps in showcase.read_maps(rows):
        write_simulated(tmp_path / f"{number}.fits", maps, cut=1.0)
        prediction = predict_observation(read_one(tmp_path / f"{number}.fits"))
        assert prediction["for_field"]
        assert prediction["covered"] < 0.15
        row = prediction["predictions"][0]
        true = showcase.samples["log_mstar_1rhsm"].iloc[rows[number]]
        errors.append([row["y_alone"] - true, row["y_pred"] - true])
        assert row["low_90"] - 0.2 < true < row["high_90"] + 0.2
        assert row["high_68"] - row["low_68"] > 0.2
    alone, through = np.median(errors, axis=0)
    assert alone < -0.2
    assert abs(through) < 0.6 * abs(alone)


@pytest.mark.parametrize("turned", [0, 60])
def test_north_is_up_and_east_to_the_left_in_the_frame(tmp_path, turned):
    disc = Disc(shape=(60, 61), centre=(29.6, 30.2), turned=turned, columns="east")
    write_plain(tmp_path / "maps.fits", disc, cards={"RE": 1.8})
    maps = frame_maps(read_one(tmp_path / "maps.fits"))
    row, column = np.indices((48, 48)) - 23.5
    north, east = row * 0.3, -column * 0.3  # arcsec: 6 x 4/3 x 1.8 / 48
    along = east * np.sin(np.radians(ANGLE)) + north * np.cos(np.radians(ANGLE))
    expected = 150.0 * along / np.hypot(np.hypot(east, north), 3.0)
    v = maps.view("V")
    known = np.isfinite(v) & (np.hypot(east, north) > 1)
    assert np.median(np.abs(v[known] - expected[known])) < 8
    assert np.isnan(v[(np.abs(east + 2) < 0.5) & (np.abs(north - 2) < 0.4)]).all()  # the hole


def test_light_and_holes_are_kept(tmp_path):
    disc = Disc()
    seen = write_plain(tmp_path / "maps.fits", disc)
    maps = frame_maps(read_one(tmp_path / "maps.fits", effective_radius=3.0))
    assert maps.moments_CHW[1].sum() == pytest.approx(disc.light[seen].sum(), rel=0.03)
    side = 6 * HALF_MASS * 3.0 / 48
    assert maps.covered * 48**2 * side**2 == pytest.approx(seen.sum() * 0.25, rel=0.15)


def test_a_frame_in_r_e_needs_no_guess_of_r_hsm(tmp_path):
    write_plain(tmp_path / "maps.fits", Disc())
    found = read_one(tmp_path / "maps.fits", effective_radius=3.0)
    same = frame_maps(found, MapConfig(half_width=3 * HALF_MASS, unit="R_e"))
    np.testing.assert_array_equal(same.moments_CHW, frame_maps(found).moments_CHW)
    with pytest.raises(ValueError, match=r"frame must be in R_hsm or R_e.*got ±10 kpc"):
        frame_maps(found, MapConfig(half_width=10.0, unit="kpc"))


def test_coarse_pixels_of_the_frame_average_finer_spaxels(tmp_path):
    disc = Disc(shape=(90, 90), side=0.2, centre=(44.5, 44.5))
    rng = np.random.default_rng(5)
    noisy = np.where(disc.seen, disc.velocity + rng.normal(0, 40, disc.shape), np.nan)
    write_plain(tmp_path / "maps.fits", disc, VELOCITY=noisy)
    found = read_one(tmp_path / "maps.fits", effective_radius=12.0)
    v = frame_maps(found).view("V", 24)  # pixels of 4 arcsec
    middle = v[11:13, 11:13] + found.rotation.systemic - SYSTEMIC
    assert middle[1, 0] > 60 > -60 > middle[0, 1]  # it recedes in the north-east
    assert np.abs(middle.mean()) < 5  # of 1,600 spaxels


def test_bins_fill_their_area(tmp_path):
    disc = Disc(side=0.8)
    seen = write_atlas3d(tmp_path / "bins.fits", disc)
    found = read_one(tmp_path / "bins.fits", effective_radius=4.0)
    whole = replace(found, areas=4 * found.areas)
    side = 6 * HALF_MASS * 4.0 / 96
    small, large = (np.count_nonzero(frame_maps(each).moments_CHW[0]) for each in (found, whole))
    assert small * side**2 == pytest.approx(seen.sum() * 0.64, rel=0.1)
    assert large > small


def test_colours_of_a_cutout_come_into_the_frame(tmp_path):
    write_cutout(tmp_path / "cutout.fits", Disc(shape=(90, 91), side=0.3, centre=(45.2, 43.1)))
    found = read_one(tmp_path / "cutout.fits", effective_radius=2.0)
    colour = frame_maps(found).view("g-r", 60)
    assert np.median(colour[25:35, 25:35]) == pytest.approx(0.6, abs=0.02)
    prediction = predict_observation(found)
    assert prediction["run"] == "g-r"
    assert prediction["predictions"][0]["target"] == "log_mstar_1rhsm"


def test_features_are_those_of_simulated_galaxies(tmp_path, showcase):
    rows = [0, 3, 6]
    for number, maps in showcase.read_maps(rows):
        write_simulated(tmp_path / f"{number}.fits", maps)
        found = observed_features(read_one(tmp_path / f"{number}.fits"))
        sample = showcase.samples.iloc[rows[number]]
        assert found["sigma_v_1rhsm"] == pytest.approx(sample["sigma_v_1rhsm"], rel=0.1)
        assert found["lambda_r_1rhsm"] == pytest.approx(sample["lambda_r_1rhsm"], abs=0.15)


def test_features_need_half_of_their_circle(tmp_path):
    write_plain(tmp_path / "maps.fits", Disc())
    found = read_one(tmp_path / "maps.fits", effective_radius=30.0)
    assert all(np.isnan(value) for value in observed_features(found).values())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A data set, and a network on its V and σ that was trained for an epoch."""
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GALMASS_HOME", str(folder))
        data = make_map_dataset(folder / "blobs", 40)
        config = TrainingConfig(width=0.0625, epochs=1, batch=20, seed=1)
        run = train_run(data, "mstar/2V", training=config, path=folder / "runs" / "mine")
        yield folder, data, run


def test_own_network_is_compared_with_its_own_training_set(trained, tmp_path, monkeypatch):
    folder, data, run = trained
    monkeypatch.setenv("GALMASS_HOME", str(folder))
    write_manga(tmp_path / "maps.fits", Disc())
    prediction = predict_observation(read_one(tmp_path / "maps.fits"), "mine")
    (row,) = prediction["predictions"]
    assert prediction["run"] == "mine"
    assert row["target"] == "log_mstar_1rhsm"
    assert 0 <= row["ood_maps_percentile"] <= 100
    observation = read_one(tmp_path / "maps.fits")
    model = load_model(run)
    seen = run, model, frame_maps(observation), observed_features(observation)
    assert look_through(*seen) is not None
    assert look_through(run, replace(model, mask_sparse=True), *seen[2:]) is None
    own = [how_unusual(run, model, maps, observation).maps for _, maps in data.read_maps([0, 30])]
    assert all(0 <= each <= 100 for each in own)
    (folder / "blobs").rename(folder / "gone")
    try:
        gone = predict_observation(observation, "mine")
    finally:
        (folder / "gone").rename(folder / "blobs")
    assert not gone["for_field"]
    assert gone["predictions"][0]["ood_maps_percentile"] is None
    assert gone["predictions"][0]["y_pred"] == row["y_alone"]


def test_references_that_ship_are_of_the_networks_that_ship(showcase):
    reference = pd.read_parquet(asset("reference/g-r.parquet"))
    seen = seen_features(load_model(open_run("g-r")), [next(iter(showcase.read_maps([0])))[1]])
    assert set(seen) < set(reference)
    assert reference["name"].is_unique
    low, high = reference[list(seen)].min(), reference[list(seen)].max()
    assert ((seen.iloc[0] >= low - 0.5) & (seen.iloc[0] <= high + 0.5)).mean() > 0.95
    table, maps = reference_of(open_run("2V"))
    assert len(maps["V"]) == len(maps["sigma"]) == len(table) > 250
    assert set(open_run("2V").config["targets"]) < set(table)


def test_a_reference_that_ships_is_written_and_read(tmp_path, showcase):
    truth = showcase.samples[["name", "los", "log_mstar_1rhsm"]]
    table, maps = reference = reference_table(showcase, truth)
    assert table["name"].is_unique
    places = showcase.samples.reset_index().set_index(["name", "los"])["index"]
    rows = [places[key] for key in zip(table["name"], table["los"], strict=True)]
    for number, each in showcase.read_maps(rows):
        np.testing.assert_array_equal(maps["V"][number], each.view("V"))
    write_reference(reference, tmp_path / "maps.npz", tmp_path / "table.parquet")
    with np.load(tmp_path / "maps.npz") as codes:
        close = np.abs(codes["V"] - maps["V"]) <= 0.5
        assert (close | (np.isnan(maps["V"]) & (codes["V"] == -32768))).all()


def test_command_predicts_with_what_must_be_said(tmp_path, capsys):
    write_manga(tmp_path / "maps.fits", Disc())
    words = ["observe", str(tmp_path / "maps.fits")]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "outside the training domain" in text
    assert "log M*(<R_hsm) [M☉]" in text
    assert main([*words, "--json", "--out", str(tmp_path / "out.csv")]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["prediction"]["outside"].startswith("outside the training domain")
    (mass,) = (
        each for each in row["prediction"]["predictions"] if each["target"] == "log_mstar_1rhsm"
    )
    assert mass["low_90"] < mass["low_68"] < mass["y_pred"] < mass["high_68"] < mass["high_90"]
    table = pd.read_csv(tmp_path / "out.csv")
    assert len(table) == 3
    assert table["y_pred"][0] == pytest.approx(mass["y_pred"])


@pytest.mark.parametrize(("total", "notes"), [(10.1, 1), (10.4, 0), (None, 0)])
def test_stars_heavier_than_all_matter_are_said_to_be_impossible(
    tmp_path, monkeypatch, total, notes
):
    write_manga(tmp_path / "maps.fits", Disc())
    found = {"log_mstar_1rhsm": 10.25} | ({} if total is None else {"log_mtot_1rhsm": total})
    rows = [{"target": key, "y_pred": value} for key, value in found.items()]
    monkeypatch.setattr(prediction, "predict_observation", lambda *_: {"predictions": rows})
    (row,) = prediction.observe([tmp_path / "maps.fits"])
    said = [note for note in row["notes"] if "M_tot is predicted 0.15 dex below M*" in note]
    assert len(said) == notes


def test_without_a_radius_nothing_is_predicted_and_the_note_says_why(tmp_path, capsys):
    write_plain(tmp_path / "maps.fits", Disc())
    assert main(["observe", str(tmp_path / "maps.fits"), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["prediction"] is None
    assert row["notes"][-1].endswith("give it with --re")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--run", "2V"], "must be given with --re"),
        (["--re", "3", "--run", "any-0:r+2V"], "r needs a distance"),
        (["--re", "3", "--run", "g-r"], "lacks g-r"),
        (["--re", "3", "--run", "nothing"], "run must be a folder"),
        (["--re", "0.001"], "must have valid elements within"),
        (["other.fits", "--re", "3"], "--re must go with the files of one galaxy"),
    ],
)
def test_what_cannot_be_predicted_is_refused(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    seen = Disc().radii > 0.5
    velocity = np.where(seen & Disc().seen, Disc().velocity, np.nan)
    dispersion = np.where(np.isfinite(velocity), 80.0, np.nan)
    write_plain(tmp_path / "maps.fits", Disc(), VELOCITY=velocity, DISPERSION=dispersion)
    write_plain(tmp_path / "other.fits", Disc())
    assert main(["observe", "maps.fits", *words]) == 2
    assert message in capsys.readouterr().err


def test_every_kinematic_set_of_maps_has_a_network_that_ships():
    (whole,) = (run for run in shipped_runs() if run.path.name == "any-0")
    assert {"V", "sigma", "2V", "g-r"} <= set(whole.config["subsets"])


def test_field_is_the_hull_of_what_was_observed():
    row, column = np.indices((48, 48))
    disc = np.hypot(row - 20, column - 25) < 12
    sparse = disc & (np.random.default_rng(2).uniform(size=disc.shape) < 0.5)
    found = field_of(sparse)
    assert (found & ~disc).sum() == 0
    assert (disc & ~found).sum() < 0.1 * disc.sum()
    line = (row == 5) & (column < 9)
    assert np.array_equal(field_of(line), line)
    assert not field_of(line & False).any()


def test_a_run_of_mass_profiles_predicts_no_observation(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    dataset = make_map_dataset(tmp_path / "blobs", 30)
    api.train(dataset, "profile/features", out=tmp_path / "runs" / "profiles")
    write_manga(tmp_path / "maps.fits.gz", Disc(shape=(31, 34)))
    assert main(["observe", str(tmp_path / "maps.fits.gz"), "--run", "profiles"]) == 2
    rule = "run profiles must predict masses inside R_hsm, got mass profiles"
    assert capsys.readouterr().err.strip() == f"galmass: {rule}"
