"""Networks that learn the mass profile from maps."""

import numpy as np
import pytest
import torch
from sample_tables import make_samples
from toy_maps import make_map_dataset

from galmass_core.learning.experiments import experiment
from galmass_core.networks.presets import TrainingConfig
from galmass_core.networks.training import Learner, new_network
from galmass_core.training.coverage import coverage_of_run
from galmass_core.training.curves import count_galaxies
from galmass_core.training.estimates import estimate_run
from galmass_core.training.model_runs import train_run
from galmass_core.training.profile_runs import ProfileModel
from galmass_core.training.run_predictions import calibrated_predictions, predict_run
from galmass_core.training.slices import slices_of_run
from galmass_core.training.switches import measure_switches
from galmass_core.transfers.records import run_transfer

pytestmark = pytest.mark.usefixtures("home_for_stacks")

CONFIG = TrainingConfig(width=0.03, epochs=3, batch=10, learning_rate=2e-3)
INNER, WITHIN, OUTER = "log_mstar_0.5rhsm", "log_mstar_1rhsm", "log_mtot_1.5rhsm"
GAPS = 9  # samples that do not know the outermost mass


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Galaxies with maps whose table holds some masses of the profile."""
    known = make_samples(30, seed=7)
    outer = (known["log_mtot_1rhsm"] + 0.2).where(np.arange(len(known)) >= GAPS)
    changes = {INNER: known[WITHIN] - 0.1 - 0.2 * known["g_minus_r"], OUTER: outer}
    return make_map_dataset(tmp_path_factory.mktemp("data") / "blobs", 30, **changes)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """Return a run on one set of maps."""
    path = tmp_path_factory.mktemp("runs") / "r"
    return train_run(data, "profile/r@60", training=CONFIG, path=path, device="cpu")


@pytest.fixture(scope="module")
def any_run(data, tmp_path_factory):
    """Return a run on every set of maps."""
    path = tmp_path_factory.mktemp("runs") / "any"
    return train_run(data, "profile/any@60", training=CONFIG, path=path, device="cpu")


def test_any_maps_can_be_learned_from():
    wanted = experiment("profile/g,r+2V")
    assert wanted.is_profile
    assert wanted.maps == ("r", "g-r", "V", "sigma")
    assert len(experiment("profile/any").subsets) == 15


def test_a_sample_with_a_gap_counts_at_the_other_radii(run, data):
    predictions = run.predictions()
    counts = predictions["target"].value_counts()
    assert predictions["y_true"].notna().all()
    unknown = data.samples[data.samples[OUTER].isna()]
    lost = set(zip(unknown["name"], unknown["los"], strict=True))
    tested = predictions.loc[predictions["target"] == WITHIN, ["name", "los"]]
    missing = sum(sample in lost for sample in tested.itertuples(index=False, name=None))
    assert missing > 0
    assert counts[WITHIN] - counts[OUTER] == missing
    assert run.record["metrics"][OUTER]["std"]["value"] > 0


def test_a_target_that_is_not_known_teaches_nothing():
    network = new_network(("V",), 2, CONFIG)
    learner = Learner(network, CONFIG, torch.device("cpu"))
    before = network.fc.weight.detach().clone()
    learner.set_rate(0.01)
    maps = {"V": torch.rand(4, 1, 48, 48)}
    errors = learner.step(maps, torch.tensor([[1.0, torch.nan]] * 4))
    changed = (network.fc.weight != before).any(1)
    assert changed.tolist() == [True, False]
    assert errors[0] > 0
    assert errors[1] == 0


def test_neither_predictions_nor_limits_fall_outwards(run, data):
    table, left_out = predict_run(run, data)
    assert left_out == {}
    wide = {
        name: table.pivot(index=["name", "los"], columns="target", values=name)
        for name in ("y_pred", "low_68", "high_90")
    }
    for values in wide.values():
        assert (values[INNER] <= values[WITHIN]).all()
    assert not calibrated_predictions(run)["part"].eq("train").any()


def test_a_sample_is_predicted_as_in_the_run(run, data):
    model, recorded = ProfileModel.load(run), run.predictions()
    first = recorded.iloc[0]
    sample = data.row(first["name"], first["los"])
    table = model.predict_sample(sample, lambda: data.maps(first["name"], first["los"]))
    both = recorded.merge(table, on=["name", "los", "target"], suffixes=("", "_again"))
    assert len(both) >= 3
    assert both["y_pred_again"].to_numpy() == pytest.approx(both["y_pred"].to_numpy(), abs=1e-4)


def test_a_network_for_every_set_of_maps_has_profiles_of_each(any_run, data):
    assert len(any_run.record["subsets"]) == 15
    assert set(any_run.record["subsets"]["2V"]) == set(any_run.config["targets"])
    table, _ = predict_run(any_run.with_inputs("V"), data)
    assert len(table) == len(data) * len(any_run.config["targets"])


def test_coverage_and_slices_are_measured_at_each_radius(run, data):
    targets = run.config["targets"]
    assert [entry["target"] for entry in coverage_of_run(data, run)] == targets
    assert {entry["target"] for entry in slices_of_run(run, data)} <= set(targets)


def test_a_time_is_estimated(data):
    counts = estimate_run(data, "profile/r@60", CONFIG, device="cpu")
    assert counts["train"] + counts["validation"] + counts["test"] == len(data)


def test_training_galaxies_are_counted_for_a_learning_curve(data):
    assert count_galaxies(data, experiment("profile/r@60")) == 17  # of 30


def test_profiles_are_neither_transferred_nor_compared_by_switches(data, tmp_path):
    with pytest.raises(ValueError, match=r"must have targets of their own.*profile/r"):
        measure_switches(data, {"profile/r@60": CONFIG}, tmp_path)
    with pytest.raises(ValueError, match=r"must have targets of their own.*profile/r"):
        run_transfer(data, data, "profile/r@60", path=tmp_path / "record")
