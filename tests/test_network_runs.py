import runpy
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sample_tables import make_dataset, make_samples
from toy_maps import make_map_dataset

from galmass_core.assets import asset
from galmass_core.cli import main as galmass
from galmass_core.datasets.dataset import open_dataset
from galmass_core.datasets.folders import DataSetError
from galmass_core.networks import training
from galmass_core.networks.checkpoints import CHECKPOINT, WEIGHTS, save_tensors
from galmass_core.networks.presets import TrainingConfig
from galmass_core.networks.scaling import SCALER
from galmass_core.networks.training import Learner, new_network
from galmass_core.storage.atomic import write_json
from galmass_core.training import network_runs
from galmass_core.training.model_runs import train_run
from galmass_core.training.run_predictions import load_model, predict_run
from galmass_core.training.runs import open_run

CONFIG = TrainingConfig(width=0.03, epochs=4, batch=10, learning_rate=2e-3, augment=True)
NAME = "mstar/r+2V@60"
GALAXIES = 24


pytestmark = pytest.mark.usefixtures("home_for_stacks")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_map_dataset(tmp_path_factory.mktemp("data") / "blobs", GALAXIES, seed=1)


@pytest.fixture(scope="module")
def run(dataset, tmp_path_factory):
    """Return a run that nothing interrupted."""
    return train(dataset, tmp_path_factory.mktemp("runs") / "whole")


def train(dataset, path, name=NAME, config=CONFIG, **options):
    return train_run(dataset, name, training=config, path=path, device="cpu", **options)


def assert_same_result(run, other):
    """Compare bit by bit; seconds may differ."""
    for name in (WEIGHTS, SCALER, "predictions.parquet", "config.json"):
        assert (run.path / name).read_bytes() == (other.path / name).read_bytes(), name
    one, two = (each.history.drop(columns="seconds") for each in (run, other))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert run.record["metrics"] == other.record["metrics"]


def stop_after(monkeypatch, number, name, error):
    """Raise an error in place of the so-and-so-manieth writing of a file."""
    written = []

    def write(path, *rest):
        if path.name == name:
            written.append(path)
            if len(written) == number:
                raise error
        save_tensors(path, *rest)

    monkeypatch.setattr(network_runs, "save_tensors", write)


def test_a_run_is_finished_and_scored(run, dataset):
    assert run.state == "finished"
    assert run.config["training"] == CONFIG.settings()
    assert run.config["maps"] == ["r", "V", "sigma"]
    assert run.config["split"]["sizes"] == {"train": 16000, "validation": 4000, "test": 8110}
    assert run.record["progress"]["epoch"] == run.record["progress"]["epochs"] == 4
    assert run.record["device"] == "cpu"
    predictions = run.predictions()
    assert set(predictions["part"]) == {"validation", "test"}
    assert predictions["target"].unique().tolist() == ["log_mstar_1rhsm"]
    test = predictions.query("part == 'test'")
    delta = test["y_pred"] - test["y_true"]
    score = run.record["metrics"]["log_mstar_1rhsm"]
    assert score["n"] == len(test)
    assert score["std"]["value"] == pytest.approx(delta.std(ddof=0), rel=0.02)


def test_the_history_has_a_line_for_each_epoch(run):
    history = run.history
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(history["learning_rate"], [CONFIG.rate(n) for n in range(4)])
    assert (history["seconds"].diff().dropna() >= 0).all()
    assert (history[["train_mse", "validation_mse"]] > 0).all(axis=None)


def test_the_kept_weights_are_those_of_the_best_validation_epoch(run):
    validation = run.predictions().query("part == 'validation'")
    error = ((validation["y_pred"] - validation["y_true"]) ** 2).mean()
    assert error == pytest.approx(run.history["validation_mse"].min(), rel=1e-5)


def test_a_network_learns_what_the_maps_show(tmp_path):
    dataset = make_map_dataset(tmp_path / "more", 40)
    config = replace(CONFIG, width=0.06, epochs=12, learning_rate=4e-3, augment=False)
    run = train(dataset, tmp_path / "run", "mstar/g,r@60", config)
    known = dataset.samples["log_mstar_1rhsm"].std()
    assert run.record["metrics"]["log_mstar_1rhsm"]["std"]["value"] < 0.5 * known


def test_maps_beyond_memory_are_read_in_windows_and_resumed_in_the_same(
    dataset, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(network_runs, "available_memory", lambda: 600_000)
    config = replace(CONFIG, epochs=2)
    whole = train(dataset, tmp_path / "whole", config=config)
    (note,) = whole.record["notes"]
    assert note == (
        "maps take 0.00118 GB, too much for the memory available: "
        "7 samples are read from disk and shuffled at a time"
    )
    assert f"whole: {note}" in caplog.text
    stop_after(monkeypatch, 2, CHECKPOINT, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, tmp_path / "stopped", config=config)
    monkeypatch.setattr(network_runs, "save_tensors", save_tensors)
    monkeypatch.setattr(network_runs, "available_memory", lambda: 10**9)  # more than before
    assert_same_result(train(dataset, tmp_path / "stopped", config=config), whole)


@pytest.mark.parametrize("name", [WEIGHTS, CHECKPOINT])
def test_a_training_that_broke_while_writing_ends_as_an_unbroken_one(
    run, dataset, tmp_path, monkeypatch, name
):
    stop_after(monkeypatch, 2, name, OSError("the disk is full"))
    with pytest.raises(OSError, match="the disk is full"):
        train(dataset, tmp_path / "broken")
    broken = open_run(tmp_path / "broken")
    assert (broken.state, broken.record["reason"]) == ("failed", "OSError: the disk is full")
    monkeypatch.undo()
    assert_same_result(train(dataset, broken.path), run)


def test_a_training_that_was_stopped_goes_on(run, dataset, tmp_path, monkeypatch):
    stop_after(monkeypatch, 3, CHECKPOINT, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, tmp_path / "stopped")
    stopped = open_run(tmp_path / "stopped")
    assert stopped.state == "stopped"
    with pytest.raises(ValueError, match="must be finished to have predictions, but it is stopped"):
        stopped.predictions()
    with pytest.raises(ValueError, match="must be finished to predict, but it is stopped"):
        predict_run(stopped, dataset)
    monkeypatch.setattr(network_runs, "open_stacks", slow := Slow(network_runs.open_stacks))
    again = train(dataset, stopped.path)
    assert slow.calls
    assert_same_result(again, run)
    seconds = again.history["seconds"]
    assert (seconds.diff().dropna() >= 0).all()  # those of the first part count


SWITCHED = replace(CONFIG, epochs=3, tta=True, scalars=True)


@pytest.fixture(scope="module")
def switched(dataset, tmp_path_factory):
    """Return a run with all switches on."""
    return train(dataset, tmp_path_factory.mktemp("runs") / "switched", "mstar/2V", SWITCHED)


def test_with_all_switches_a_stopped_training_ends_as_an_unbroken_one(
    switched, dataset, tmp_path, monkeypatch
):
    stop_after(monkeypatch, 2, CHECKPOINT, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, tmp_path / "stopped", "mstar/2V", SWITCHED)
    monkeypatch.undo()
    again = train(dataset, tmp_path / "stopped", "mstar/2V", SWITCHED)
    assert_same_result(again, switched)


def test_switches_are_recorded_where_they_are_on(switched, run):
    on = {"tta": True, "scalars": True}
    assert on.items() <= switched.config["training"].items()
    assert not on.keys() & run.config["training"].keys()


def test_a_network_with_switches_predicts_as_it_was_tested(switched, dataset):
    predictions, left_out = predict_run(switched, dataset)
    assert not left_out
    both = predictions.merge(switched.predictions(), on=["name", "los"])
    np.testing.assert_allclose(both["y_pred_x"], both["y_pred_y"], atol=1e-5)


def test_scalars_are_scaled_by_the_training_set(switched, dataset):
    scalars = load_model(switched).scaling.scalars
    known = {(row.name, row.los) for row in switched.predictions().itertuples()}
    samples = dataset.samples
    trained = [(row.name, row.los) not in known for row in samples.itertuples(index=False)]
    sizes = np.log10(samples["effective_radius"][trained])
    assert scalars["effective_radius"] == pytest.approx((sizes.mean(), sizes.std(ddof=0)))
    assert scalars.keys() == {"effective_radius", "sigma_v"}


def test_samples_without_a_scalar_are_left_out_with_the_reason(switched, dataset, tmp_path):
    sizes = dataset.samples["effective_radius"].to_numpy().copy()
    sizes[:2] = np.nan
    lacking = make_map_dataset(tmp_path / "lacking", GALAXIES, effective_radius=sizes)
    predictions, left_out = predict_run(switched, lacking)
    assert left_out == {"effective_radius is not a number": 2}
    assert len(predictions) == len(sizes) - 2
    again = train(lacking, tmp_path / "run", "mstar/2V", replace(SWITCHED, epochs=1))
    assert again.record["left_out"] == left_out


def test_a_sample_without_a_scalar_is_refused(switched, dataset):
    samples = dataset.samples.copy()
    samples.loc[4, "sigma_v"] = -1.0
    dataset = replace(dataset, samples=samples)
    message = f"{samples['name'][4]}: sigma_v must be finite, and positive .* got -1.0"
    with pytest.raises(ValueError, match=message):
        load_model(switched).predict(dataset, np.array([3, 4]))
    maps = [maps for _, maps in dataset.read_maps([4])]
    with pytest.raises(ValueError, match=message):
        load_model(switched).inputs(maps, samples.loc[[4]])
    with pytest.raises(ValueError, match="effective_radius, sigma_v must be given beside maps"):
        load_model(switched).inputs(maps)


class Slow:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *rest, **named):
        self.calls += 1
        return self.function(*rest, **named)


def test_epochs_that_are_done_are_not_trained_again(run, dataset, tmp_path, monkeypatch):
    path = shutil.copytree(run.path, tmp_path / "run")
    record = (path / "run.json").read_text().replace('"finished"', '"stopped"')
    (path / "run.json").write_text(record)

    def step(*rest):
        pytest.fail("a step was taken")

    monkeypatch.setattr(Learner, "step", step)
    assert_same_result(train(dataset, path), run)


def test_another_configuration_does_not_take_a_run_up(run, dataset, tmp_path, monkeypatch):
    stop_after(monkeypatch, 1, CHECKPOINT, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, tmp_path / "run")
    with pytest.raises(ValueError, match=r"must have the same config.json to be resumed"):
        train(dataset, tmp_path / "run", config=replace(CONFIG, epochs=5))


def test_predictions_reproduce_from_the_folder_alone(run, dataset, tmp_path):
    moved = open_run(shutil.copytree(run.path, tmp_path / "moved"))
    for name in (CHECKPOINT, "predictions.parquet", "history.csv"):
        (moved.path / name).unlink()
    predictions, left_out = predict_run(moved, dataset)
    assert left_out == {}
    assert len(predictions) == len(dataset)
    both = predictions.merge(run.predictions(), on=["name", "los", "target"])
    assert len(both) == len(run.predictions())
    np.testing.assert_allclose(both["y_pred_x"], both["y_pred_y"], rtol=0, atol=1e-5)
    np.testing.assert_array_equal(both["y_true_x"], both["y_true_y"])


def test_a_loaded_model_says_the_same_of_a_sample_seen_alone(run, dataset):
    model = load_model(run)
    kept = run.predictions().iloc[0]
    row = dataset.samples.index[
        (dataset.samples[["name", "los"]] == kept[["name", "los"]]).all(axis=1)
    ]
    assert model.predict(dataset, row.to_numpy())[0, 0] == pytest.approx(kept["y_pred"], abs=1e-5)


def test_a_model_takes_maps_that_are_in_no_data_set(run, dataset):
    model = load_model(run)
    maps = model.inputs(
        [dataset.maps(*dataset.samples.loc[row, ["name", "los"]]) for row in (3, 8)]
    )
    with torch.no_grad():
        outputs = model.scaling.unscaled(model.network(maps).numpy())
    np.testing.assert_allclose(outputs, model.predict(dataset, np.array([3, 8])), atol=1e-5)


def test_weights_of_another_network_are_refused(run, tmp_path):
    other = open_run(shutil.copytree(run.path, tmp_path / "other"))
    wide = new_network(("r", "V", "sigma"), 1, replace(CONFIG, width=0.05))
    save_tensors(other.path / WEIGHTS, wide.state_dict())
    with pytest.raises(ValueError, match=r"weights.safetensors: must (fit this network|have)"):
        load_model(other)


def test_a_checkpoint_of_another_network_is_refused(dataset, tmp_path, monkeypatch):
    stop_after(monkeypatch, 2, CHECKPOINT, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, tmp_path / "run")
    save_tensors(tmp_path / "run" / CHECKPOINT, {"a": torch.ones(1)}, {"epoch": 1})
    with pytest.raises(ValueError, match=r"checkpoint.safetensors: must fit this network"):
        train(dataset, tmp_path / "run")
    assert open_run(tmp_path / "run").state == "failed"


@pytest.mark.parametrize("name", [WEIGHTS, SCALER])
def test_a_folder_that_lacks_a_file_of_the_model_is_refused(run, tmp_path, name):
    lacking = open_run(shutil.copytree(run.path, tmp_path / "lacking"))
    (lacking.path / name).unlink()
    with pytest.raises(ValueError, match=f"{name}: must be "):
        load_model(lacking)


def test_several_targets_are_learned_at_once(dataset, tmp_path):
    config = replace(CONFIG, epochs=2)
    run = train(dataset, tmp_path / "run", "mstar,mtot,fdm/2V", config)
    columns = ["log_mstar_1rhsm", "log_mtot_1rhsm", "f_dm_1rhsm"]
    predictions = run.predictions()
    assert predictions["target"].unique().tolist() == list(run.record["metrics"]) == columns
    samples = dataset.samples.set_index(["name", "los"])
    for column, rows in predictions.groupby("target"):
        truth = samples.loc[list(zip(rows["name"], rows["los"], strict=True)), column]
        truth = np.log10(truth) if column == "f_dm_1rhsm" else truth
        np.testing.assert_allclose(rows["y_true"], truth)
        assert abs((rows["y_pred"] - rows["y_true"]).mean()) < 1
    validation = predictions.query("part == 'validation'")
    squares = (validation["y_pred"] - validation["y_true"]) ** 2
    assert squares.mean() == pytest.approx(run.history["validation_mse"].min(), rel=1e-5)
    found, _ = predict_run(run, dataset)
    assert found["target"].unique().tolist() == columns


def test_samples_without_a_true_mass_are_left_out_and_counted(tmp_path):
    truth = make_samples(GALAXIES)["log_mstar_1rhsm"].to_numpy(copy=True)
    truth[:9] = np.nan
    holed = make_map_dataset(tmp_path / "holed", GALAXIES, log_mstar_1rhsm=truth)
    run = train(holed, tmp_path / "run", "mstar/V", replace(CONFIG, epochs=1))
    assert run.record["left_out"] == {"log_mstar_1rhsm is zero or not a number": 9}
    lost = set(holed.samples["name"][:9])
    assert not lost & set(run.predictions()["name"])
    assert np.isfinite(run.predictions()["y_pred"]).all()
    everyone, _ = predict_run(run, holed)
    assert everyone["y_true"].isna().sum() == 9
    assert everyone["y_pred"].notna().all()


def test_a_target_that_nobody_has_is_refused(tmp_path):
    empty = make_map_dataset(tmp_path / "empty", 10, log_mstar_1rhsm=np.nan)
    with pytest.raises(ValueError, match="needs columns that the data lack: log_mstar_1rhsm"):
        train(empty, tmp_path / "run", "mstar/V")
    assert not (tmp_path / "run").exists()


def test_a_run_whose_training_part_has_no_target_fails_with_its_reason(dataset, tmp_path):
    wanted = set(open_run_parts(dataset, "train"))
    truth = dataset.samples["log_mstar_1rhsm"].where(~dataset.samples["name"].isin(wanted))
    holed = make_map_dataset(tmp_path / "holed", GALAXIES, log_mstar_1rhsm=truth.to_numpy())
    with pytest.raises(ValueError, match="needs usable samples to train and to test, got 0 and"):
        train(holed, tmp_path / "run")
    run = open_run(tmp_path / "run")
    assert run.state == "failed"
    assert "needs usable samples to train and to test" in run.record["reason"]
    with pytest.raises(ValueError, match="must be finished"):
        run.predictions()


def test_a_data_set_too_small_for_three_parts_is_refused(tmp_path):
    tiny = make_map_dataset(tmp_path / "tiny", 3)
    message = "mstar/V needs usable samples in every part, got none for validation"
    with pytest.raises(ValueError, match=message):
        train(tiny, tmp_path / "run", "mstar/V")
    assert message in open_run(tmp_path / "run").record["reason"]


def open_run_parts(dataset, part):
    """Return the galaxies of a part of the networks' split by galaxy."""
    from galmass_core.learning.splits import NETWORK_SIZES, split_samples

    parts = split_samples(dataset.samples, sizes=NETWORK_SIZES)
    return dataset.samples["name"][parts == part].unique()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nmore"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory"
        ),
        MemoryError("Unable to allocate 20 GiB for an array"),
    ],
)
def test_too_little_memory_says_what_to_lower(dataset, tmp_path, monkeypatch, error):
    def step(*rest):
        raise error

    monkeypatch.setattr(Learner, "step", step)
    with pytest.raises(MemoryError, match=r"lower batch, pixels or width .*llocate"):
        train(dataset, tmp_path / "run")
    run = open_run(tmp_path / "run")
    assert run.state == "failed"
    assert run.record["reason"].startswith("MemoryError: the device's memory is too small: lower")
    assert "more" not in run.record["reason"]


def test_other_errors_are_not_taken_for_lack_of_memory(dataset, tmp_path, monkeypatch):
    def step(*rest):
        msg = "mat1 and mat2 shapes cannot be multiplied"
        raise RuntimeError(msg)

    monkeypatch.setattr(Learner, "step", step)
    with pytest.raises(RuntimeError, match=r"^mat1 and mat2"):
        train(dataset, tmp_path / "run")


def test_a_training_that_runs_away_fails_and_says_what_to_lower(dataset, tmp_path, monkeypatch):
    made = training.train_epochs

    def spoilt(*rest, **named):
        for number, seen in enumerate(each for each in made(*rest, **named)):
            if isinstance(seen, int):
                yield seen
            else:
                yield seen._replace(validation=seen.validation * (np.nan if number > 7 else 1))

    monkeypatch.setattr(network_runs, "train_epochs", spoilt)
    with pytest.raises(ValueError, match=r"loss must be finite, got nan in epoch \d: lower learn"):
        train(dataset, tmp_path / "run")
    run = open_run(tmp_path / "run")
    assert run.state == "failed"
    assert np.isfinite(run.history["validation_mse"]).all()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_fails_the_run(dataset, tmp_path):
    with pytest.raises(ValueError, match=r"device must be .* got 'cuda'"):
        train_run(dataset, NAME, training=CONFIG, path=tmp_path / "run", device="cuda")
    assert "got 'cuda'" in open_run(tmp_path / "run").record["reason"]


def test_an_unknown_experiment_lists_the_known_ones(dataset, tmp_path):
    with pytest.raises(ValueError, match=r"inputs: .*g,r\+2V.* pixels: 300 150 60"):
        train(dataset, tmp_path / "run", "mstar/3V")


def test_a_data_set_without_maps_is_refused(tmp_path):
    table = make_dataset(tmp_path / "table", make_samples(10))
    with pytest.raises(ValueError, match=r"needs the maps r, V, sigma, but the data have only"):
        train(table, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_model_does_not_predict_a_data_set_without_maps(run, tmp_path):
    table = make_dataset(tmp_path / "table", make_samples(3).assign(half_mass_radius=1.0))
    with pytest.raises(DataSetError, match="has no maps, only tables"):
        predict_run(run, table)


def test_a_split_by_galaxy_has_no_galaxy_on_two_sides(run):
    sides = run.predictions().groupby("name")["part"].nunique()
    assert (sides == 1).all()
    assert run.record["split"]["siblings"] == 0


def test_the_paper_s_split_has_siblings_in_training(dataset, tmp_path):
    run = train(dataset, tmp_path / "run", "mstar/V", replace(CONFIG, epochs=1), split="paper")
    assert run.record["split"]["siblings"] == pytest.approx(0.81, abs=0.1)
    sides = run.predictions().groupby("name")["part"].nunique()
    assert sides.max() == 2


def test_no_file_is_left_half_written(run):
    names = {path.name for path in run.path.iterdir()}
    model = {WEIGHTS, CHECKPOINT, SCALER}
    assert names == model | {"config.json", "run.json", "history.csv", "predictions.parquet"}


def test_the_data_set_opened_again_gives_the_same_run(run, dataset, tmp_path):
    assert_same_result(train(open_dataset(dataset.path), tmp_path / "again"), run)


ANY = replace(CONFIG, epochs=3, scalars=True)


@pytest.fixture(scope="module")
def any_run(dataset, tmp_path_factory):
    """Return a run that predicts from every set of maps."""
    return train(dataset, tmp_path_factory.mktemp("runs") / "any", "mstar,ml/any@60", ANY)


def test_one_training_predicts_from_every_set_of_maps(any_run, dataset):
    subsets = any_run.config["subsets"]
    assert len(subsets) == 15
    stored = pd.read_parquet(any_run.path / "predictions.parquet")
    assert stored["inputs"].unique().tolist() == list(any_run.record["subsets"]) == subsets
    for inputs in ("g,r+2V", "r", "2V"):
        run = any_run.with_inputs(inputs)
        kept = run.predictions()
        rows = stored[stored["inputs"] == inputs].drop(columns="inputs")
        pd.testing.assert_frame_equal(kept, rows.reset_index(drop=True))
        found, _ = predict_run(run, dataset)
        both = kept.merge(found, on=["name", "los", "target"])
        assert len(both) == len(kept) == 2 * (kept["target"] == "log_ml_r_1rhsm").sum()
        np.testing.assert_allclose(both["y_pred_x"], both["y_pred_y"], rtol=0, atol=1e-5)
        test = kept.query("part == 'test' and target == 'log_ml_r_1rhsm'")
        score = run.record["metrics"]["log_ml_r_1rhsm"]["std"]["value"]
        assert score == pytest.approx((test["y_pred"] - test["y_true"]).std(ddof=0), rel=0.02)


def test_without_a_choice_it_predicts_from_all_maps(any_run):
    everything = any_run.with_inputs("g,r+2V")
    assert everything.name == any_run.name
    assert any_run.record["metrics"] == any_run.record["subsets"]["g,r+2V"]
    pd.testing.assert_frame_equal(any_run.predictions(), everything.predictions())


def test_refitting_predicts_the_validation_set_no_worse_than_the_best_epoch(any_run):
    stored = pd.read_parquet(any_run.path / "predictions.parquet").query("part == 'validation'")
    squares = (stored["y_pred"] - stored["y_true"]) ** 2
    errors = squares.groupby([stored["inputs"], stored["target"]]).mean()
    best = any_run.history["validation_mse"].min()  # a geometric mean
    assert np.exp(np.log(errors).mean()) < best


def test_a_training_for_every_set_of_maps_is_resumed_bit_by_bit(
    any_run, dataset, tmp_path, monkeypatch
):
    stop_after(monkeypatch, 2, CHECKPOINT, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, tmp_path / "any", "mstar,ml/any@60", ANY)
    monkeypatch.undo()
    again = train(dataset, tmp_path / "any", "mstar,ml/any@60", ANY)
    assert_same_result(again, any_run)
    assert again.record["subsets"] == any_run.record["subsets"]


def test_a_training_killed_after_refitting_is_resumed_bit_by_bit(any_run, dataset, tmp_path):
    path = shutil.copytree(any_run.path, tmp_path / "any")
    write_json(path / "run.json", any_run.record | {"state": "stopped"})
    again = train(dataset, path, "mstar,ml/any@60", ANY)
    assert_same_result(again, any_run)


def test_it_is_opened_for_a_set_of_maps_by_name(any_run, monkeypatch):
    run = open_run(f"{any_run.path}:r+2V")
    assert (run.name, run.inputs, run.config["maps"]) == ("any:r+2V", "r+2V", ["r", "V", "sigma"])
    assert open_run(f"{any_run.path}:2V").config["pixels"] == 300  # it has no image
    assert [one.name for one in any_run.with_each_inputs()][:5] == [
        "any:r",
        "any:g,r",
        "any:2V",
        "any:r+2V",
        "any",
    ]


def test_a_run_of_other_maps_does_not_predict_from_these(run):
    with pytest.raises(ValueError, match=r"run whole must predict from r\+2V; got r$"):
        run.with_inputs("r")
    assert run.with_inputs("r+2V") is run
    assert run.with_each_inputs() == [run]


def test_the_command_predicts_from_the_branches_it_names(any_run, dataset, tmp_path, capsys):
    command = ["predict", str(any_run.path), str(dataset.path), "--branches"]
    assert galmass([*command, "g-r+V", "--out", str(tmp_path / "p.csv")]) == 0
    expected = predict_run(any_run.with_inputs("g-r+V"), dataset)[0]["y_pred"]
    np.testing.assert_allclose(pd.read_csv(tmp_path / "p.csv")["y_pred"], expected, atol=1e-6)
    assert galmass([*command, "h5"]) != 0
    assert "run any must predict from r, g,r, 2V" in capsys.readouterr().err


def test_a_network_is_shipped_with_its_predictions_and_errors(run, dataset, tmp_path):
    copy_run = runpy.run_path(str(asset("makers/runs.py")))["copy_run"]
    copy_run(run, dataset, tmp_path / "shipped")
    shipped = open_run(tmp_path / "shipped")
    predicted = predict_run(run, dataset)[0]["y_pred"]
    np.testing.assert_allclose(predict_run(shipped, dataset)[0]["y_pred"], predicted, atol=0.01)
    np.testing.assert_allclose(shipped.predictions()["y_pred"], predicted, atol=0.01)
    kept, known = shipped.calibration(), run.calibration()
    np.testing.assert_allclose(kept["y_pred"], known["y_pred"], atol=1e-5)
    assert kept["part"].unique() == ["validation"]
