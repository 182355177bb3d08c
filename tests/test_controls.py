"""Controls of a data set: made from particles again, predicted, trained on, and put into words."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from demo_folder import write_demo_galaxies

from galmass_core.check import check_folder
from galmass_core.cli import main
from galmass_core.datasets.again import GONE, Source
from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.control_maps import (
    EQUAL,
    PLAIN,
    STARS,
    ControlledDataSet,
    Orders,
    control_maps,
)
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training import control_batches, controls
from galmass_core.training.control_networks import find_networks, predict_controls
from galmass_core.training.control_scores import score_control
from galmass_core.training.control_text import control_notes, verdict
from galmass_core.training.control_training import learn_controls, train_all
from galmass_core.training.controls import last_controls, measure_controls
from galmass_core.training.model_runs import train_run
from galmass_core.training.runs import list_runs, runs_folder

TINY = TrainingConfig(width=0.03, epochs=1, batch=20, learning_rate=2e-3)
COUNT = 8
ORDERS = Orders(controls=(*STARS, "bins"), seed=3, equal=300, with_light=True)

pytestmark = pytest.mark.usefixtures("home_for_stacks", "own_signals")


@pytest.fixture(scope="module")
def cutouts(tmp_path_factory):
    return write_demo_galaxies(tmp_path_factory.mktemp("cutouts"), COUNT)


@pytest.fixture(scope="module")
def dataset(cutouts, tmp_path_factory):
    return build_dataset([cutouts], tmp_path_factory.mktemp("data") / "toys")


@pytest.fixture(scope="module")
def runs(dataset, home_for_stacks):
    """Two trainings of V and σ, and one of star occupancy."""
    for inputs, seed in (("2V", 0), ("2V", 1), ("occupancy", 0), ("r", 0), ("r+2V", 0)):
        name = f"mstar,mtot/{inputs}@60"
        path = runs_folder() / f"{inputs}-{seed}"
        train_run(dataset, name, training=replace(TINY, seed=seed), path=path, device="cpu")
    return list_runs()


@pytest.fixture(scope="module")
def made(dataset):
    names = dataset.galaxy_names[:2]
    return list(control_maps(dataset, names, ORDERS))


def views(galaxy, control, key):
    return [maps.view(key) for maps in galaxy.controls[control].maps]


def test_each_control_of_a_galaxy_has_its_lines_of_sight(made):
    for galaxy in made:
        assert galaxy.reason == ""
        assert set(galaxy.controls) == {*STARS, PLAIN, "bins"}
        assert {len(each.maps) for each in galaxy.controls.values()} == {3}


def test_controls_change_what_they_say_and_nothing_else(made):
    for galaxy in made:
        plain, image = (views(galaxy, PLAIN, key) for key in ("occupancy", "r"))
        for control in ("shuffled", "annuli"):
            np.testing.assert_array_equal(views(galaxy, control, "occupancy"), plain)
            np.testing.assert_array_equal(views(galaxy, control, "r"), image)
        np.testing.assert_array_equal(
            views(galaxy, "holes", "occupancy"), views(galaxy, "halved", "occupancy")
        )
        assert np.sum(views(galaxy, "halved", "occupancy")) < np.sum(plain)
        assert np.sum(views(galaxy, "halved", "r")) == pytest.approx(np.sum(image), rel=0.02)
        assert not np.array_equal(views(galaxy, "halved", "r"), image)
        counts = [maps.moments_CHW[0].sum() for maps in galaxy.controls[EQUAL].maps]
        assert max(counts) <= 300


def test_spin_is_that_of_the_data_set_and_none_without_motion(made, dataset):
    for galaxy in made:
        rows = dataset.rows_of(galaxy.name)
        spins = {key: each.spin for key, each in galaxy.controls.items()}
        np.testing.assert_array_equal(spins[PLAIN], dataset.samples["lambda_r"].to_numpy()[rows])
        assert np.median(spins["shuffled"]) < 0.5 * np.median(spins[PLAIN])
        assert np.isnan(spins["holes"]).all()


@pytest.mark.usefixtures("forked_workers")
def test_workers_and_order_do_not_change_a_bit(made, dataset):
    names = dataset.galaxy_names[1::-1]
    again = list(control_maps(dataset, names, ORDERS, workers=2))
    for one, other in zip(made[::-1], again, strict=True):
        assert one.name == other.name
        for control, each in one.controls.items():
            for first, second in zip(each.maps, other.controls[control].maps, strict=True):
                np.testing.assert_array_equal(first.moments_CHW, second.moments_CHW)
                np.testing.assert_array_equal(first.flux_CHW, second.flux_CHW)


def test_another_seed_draws_others(made, dataset):
    orders = replace(ORDERS, seed=4)
    (other,) = control_maps(dataset, dataset.galaxy_names[:1], orders)
    for control in ("shuffled", "annuli", "halved", EQUAL):
        one, two = (each.controls[control].maps[0].moments_CHW for each in (made[0], other))
        assert not np.array_equal(one, two), control


def test_without_the_files_bins_are_left(dataset):
    moved = replace(dataset, samples=dataset.samples.assign(source="/nowhere/cutout.hdf5"))
    (galaxy,) = control_maps(moved, moved.galaxy_names[:1], ORDERS)
    assert galaxy.reason == GONE
    assert list(galaxy.controls) == [PLAIN, "bins"]


def test_files_of_other_galaxies_are_not_taken(dataset, cutouts, tmp_path):
    other = shutil.copy(cutouts / "cutout_2.hdf5", tmp_path / "cutout_1.hdf5")
    moved = replace(dataset, samples=dataset.samples.assign(source=str(other)))
    first, second = control_maps(moved, moved.galaxy_names[:2], ORDERS)
    assert f"{other}: must hold {first.name}, got {second.name}" in first.reason
    assert list(first.controls) == [PLAIN, "bins"]
    assert not second.reason


def test_of_a_directory_the_snapshot_of_the_data_set_is_read(dataset, tmp_path):
    (name, *_), samples = dataset.galaxy_names, dataset.samples.assign(source=str(tmp_path))
    assert Source.of(replace(dataset, samples=samples), name).ref.options.snapshot == 99
    assert Source.of(dataset, name).ref.options.snapshot is None


def test_stars_that_have_changed_are_noticed(dataset, monkeypatch):
    stored = next(dataset.read_maps([0]))[1]
    changed = replace(stored, moments_CHW=stored.moments_CHW[:, ::-1])
    monkeypatch.setattr(type(dataset), "read_maps", lambda *_: iter([(0, changed)] * 3))
    (galaxy,) = control_maps(dataset, dataset.galaxy_names[:1], ORDERS)
    assert galaxy.reason == "the files hold other stars than when the data set was built"


def test_a_controlled_data_set_reads_the_maps_of_its_control(made, dataset):
    controlled = ControlledDataSet.of(dataset, replace(ORDERS, controls=("annuli",)))
    assert controlled.checksum != dataset.checksum
    read = dict(controlled.read_maps([4, 0]))
    np.testing.assert_array_equal(
        read[0].moments_CHW, made[1].controls["annuli"].maps[1].moments_CHW
    )
    np.testing.assert_array_equal(
        read[1].moments_CHW, made[0].controls["annuli"].maps[0].moments_CHW
    )


def test_too_few_stars_are_an_error_with_their_galaxy(dataset):
    controlled = ControlledDataSet.of(dataset, Orders(controls=(EQUAL,), equal=10**6))
    with pytest.raises(ValueError, match=rf"{dataset.galaxy_names[0]}: must have 1000000 stars"):
        next(controlled.read_maps([0]))


def test_star_occupancy_is_unchanged_where_velocities_are_exchanged(made, runs, dataset):
    """A network that uses nothing else predicts the same."""
    network = next(each for each in find_networks(dataset, runs) if each.inputs == "occupancy")
    network = replace(network, controls=(PLAIN, "shuffled", "halved"))
    network = replace(network, names=frozenset(dataset.galaxy_names))
    table = predict_controls(dataset, [network], made, device="cpu")
    by = {key: rows["y_pred"].to_numpy() for key, rows in table.groupby("control")}
    np.testing.assert_array_equal(by[PLAIN], by["shuffled"])
    assert not np.array_equal(by[PLAIN], by["halved"])


def test_networks_are_tested_on_galaxies_they_have_not_seen(runs, dataset):
    networks = find_networks(dataset, runs)
    assert [each.inputs for each in networks] == ["2V", "r+2V", "r", "occupancy"]
    assert [len(each.runs) for each in networks] == [2, 1, 1, 1]
    table = networks[0].runs[0].predictions()
    assert networks[0].names == set(table.loc[table["part"] == "test", "name"])
    assert find_networks(dataset, []) == []


@pytest.fixture(scope="module")
def tested(runs, dataset):
    return measure_controls(dataset, device="cpu")


def test_maps_as_they_are_are_predicted_as_when_the_network_was_tested(tested, runs):
    row = next(
        row
        for row in tested["rows"]
        if (row["inputs"], row["control"], row["target"]) == ("2V", PLAIN, "log_mtot_1rhsm")
    )
    stds = [run.scatter("log_mtot_1rhsm") for run in runs if run.name in row["runs"]]
    assert row["training_seeds"] == [0, 1]
    assert row["std"]["value"] == pytest.approx(np.mean(stds), rel=1e-4)
    assert row["difference"]["value"] == 0


def test_every_control_has_its_row_and_what_is_missing_its_reason(tested):
    keys = [row["control"] for row in tested["rows"] if row["inputs"] == "2V"]
    expected = ["constant", PLAIN, "occupancy", "shuffled", "annuli", "bins", "halved", "holes"]
    assert keys == 2 * expected  # two targets
    image = [row for row in tested["rows"] if row["inputs"] == "r+2V"]
    assert {row["baseline"] for row in image} == {"r"}
    assert tested["missing"] == {EQUAL: "no network learned from it: add --train"}
    assert tested["left_out"] == {}
    assert not any(row["learned"] for row in tested["rows"] if row["control"] == "shuffled")


@pytest.mark.usefixtures("forked_workers")
def test_a_measurement_that_was_killed_goes_on(tested, dataset, monkeypatch):
    path = next(controls.controls_folder(dataset).glob("tested-*/batch-00000.json"))
    before, result = path.read_bytes(), controls.controls_folder(dataset) / "controls.json"
    written = result.read_bytes()
    path.unlink()
    assert measure_controls(dataset, device="cpu", workers=2) == tested
    assert path.read_bytes() == before
    assert result.read_bytes() == written
    monkeypatch.setattr(control_batches, "predict_controls", None)
    assert measure_controls(dataset, device="cpu") == tested == last_controls(dataset)
    with pytest.raises(ValueError, match=r"device must be one that this machine has.*got 'foo'"):
        measure_controls(dataset, device="foo")  # though nothing is left to predict


def test_without_files_and_networks_it_says_what_to_do(tested, dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    with pytest.raises(ValueError, match="must have a finished network for V and σ, found none"):
        measure_controls(dataset)
    assert last_controls(dataset) is None
    bare = replace(dataset, info=dataset.info | {"shards": {}})
    for measure in (measure_controls, learn_controls):
        with pytest.raises(ValueError, match="must have maps for controls, got only tables"):
            measure(bare)


@pytest.fixture(scope="module")
def learned(dataset, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GALMASS_HOME", str(tmp_path_factory.mktemp("home")))
        result = learn_controls(dataset, repeats=2, epochs=1, device="cpu")
        patch.setattr("galmass_core.training.control_training.train_run", trained_again)
        assert learn_controls(dataset, repeats=2, epochs=1, device="cpu") == result
    return result


def trained_again(*_, path, **__):
    """Open a run that the same call has finished."""
    from galmass_core.training.runs import open_run

    return open_run(path)


def test_networks_learn_from_each_control_with_each_seed(learned, dataset):
    rows = [row for row in learned["rows"] if row["target"] == "log_mtot_1rhsm"]
    keys = ["constant", PLAIN, "occupancy", EQUAL, "shuffled", "annuli", "bins"]
    assert [row["control"] for row in rows] == keys
    assert all(row["training_seeds"] == [0, 1] for row in rows[1:])
    assert all(row["has_training_noise"] for row in rows[2:])
    assert learned["stars"] == min(2000, dataset.samples["n_stars"].min())


def test_trainings_that_are_there_do_not_hide_a_device_that_is_not():
    with pytest.raises(ValueError, match=r"device must be one that this machine has.*got 'foo'"):
        train_all([], 0, "foo", None)


def test_the_command_prints_a_table_json_and_a_sentence(tested, dataset, capsys):
    words = ["controls", str(dataset.path), "--device", "cpu", "--workers", "1"]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "velocities exchanged among all stars" in text
    assert text.rstrip().endswith(verdict(tested))
    assert main([*words, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["verdict"] == verdict(tested)
    assert content["rows"] == tested["rows"]
    assert content["split"] == {"kind": "galaxy", "seed": 0}


def table(errors, names):
    truth = np.linspace(-1, 1, len(names))
    columns = {"name": names, "los": "x", "y_true": truth, "y_pred": truth + errors}
    return pd.DataFrame(columns)


def test_the_share_of_the_gain_is_known_of_known_errors():
    rng = np.random.default_rng(0)
    names, noise = [f"a/b/0/{n}" for n in range(400)], rng.normal(0, 1, 400)
    noise = (noise - noise.mean()) / noise.std()
    without, plain, half = (table(size * noise, names) for size in (0.5, 0.1, 0.3))
    row = score_control([without], [plain], [half])
    assert row["share"]["value"] == pytest.approx(0.5)
    assert row["share"]["low95"] == pytest.approx(0.5)  # errors are proportional in every draw
    assert row["difference"]["value"] == pytest.approx(0.2)
    assert (row["n"], row["n_galaxies"]) == (400, 400)
    worse = score_control([without], [plain], [table(0.6 * noise, names)])
    assert worse["share"]["value"] == pytest.approx(-0.25)
    assert score_control([plain], [without], [half])["share"] is None


def test_noise_of_training_widens_the_share():
    rng = np.random.default_rng(1)
    names = [f"a/b/0/{n}" for n in range(300)]
    without = [table(rng.normal(0, 0.5, 300), names)]

    def group(*sizes):
        return [table(rng.normal(0, size, 300), names) for size in sizes]

    def width(plain, control):
        share = score_control(without, plain, control)["share"]
        return share["high95"] - share["low95"]

    assert width(group(0.1, 0.1), group(0.2, 0.4)) > 1.5 * width(group(0.1, 0.1), group(0.3, 0.3))


def test_the_sentence_names_the_gain_and_what_is_left(tested):
    made = [row | {"share": {"value": 0.62, "low": 0.6, "high": 0.64}} for row in tested["rows"]]
    text = verdict(tested | {"rows": made})
    assert text.startswith("V and σ lower σ of M_tot")
    assert "of this gain is left: without motion, 62 ± 2 % with star occupancy alone" in text
    assert verdict(tested | {"rows": made}, "log_mstar_1rhsm").startswith("V and σ lower σ of M*")
    assert "adaptive bins" not in text  # tested by a network that knows no such maps
    text = verdict(tested | {"rows": [row | {"learned": True} for row in made]})
    assert text.endswith("without a count of stars, 62 ± 2 % in adaptive bins.")
    assert "without rotation, but with the dispersion of all velocities, 62 ± 2 % exch" in text
    none = [row | {"share": None} for row in tested["rows"]]
    assert "do not lower σ of M_tot" in verdict(tested | {"rows": none})
    notes = control_notes(tested | {"left_out": {GONE: 3}})
    assert f"3 galaxies have no controls of their stars: {GONE}" in notes


def test_networks_of_controls_are_checked_with_the_home_folder(dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    moved = replace(dataset, samples=dataset.samples.assign(source="cutout.hdf5"))
    result = learn_controls(moved, repeats=1, epochs=1, device="cpu")
    assert {row["control"] for row in result["rows"]} == {"constant", PLAIN, "occupancy", "bins"}
    assert result["missing"]["shuffled"] == f"{GONE} (of 8 of 8 galaxies)"
    assert "one training each: the errors have no noise of training" in control_notes(result)
    weights = next((tmp_path / "controls" / "networks").glob("occupancy-*/weights.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1])
    assert any(str(weights) in fault for fault in check_folder(tmp_path).faults)
