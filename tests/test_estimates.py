import pytest
from sample_tables import make_dataset, make_samples
from toy_maps import make_map_dataset

from galmass_core.networks import training
from galmass_core.networks.presets import PRESETS, TrainingConfig
from galmass_core.training.estimates import estimate_run


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """300 samples, of which 171 are learned from and 42 or 45 validate."""
    return make_map_dataset(tmp_path_factory.mktemp("data") / "blobs", 100)


def test_time_is_that_of_all_steps_and_of_looking_at_the_validation_part(dataset, monkeypatch):
    monkeypatch.setattr(training, "_time", lambda *_: 2.0)
    config = TrainingConfig(width=0.03, epochs=10, batch=20)
    row = estimate_run(dataset, "mstar/2V", config)
    assert (row["experiment"], row["device"]) == ("mstar/2V", "cpu")
    assert row["train"] + row["validation"] + row["test"] == len(dataset)
    steps, looks = row["train"] // 20, row["validation"] / 20
    assert row["seconds"] == pytest.approx(10 * 2.0 * (steps + looks))


def test_a_step_that_is_timed_is_small_where_images_are_large(dataset, monkeypatch):
    seen = []
    step = training.Learner.step
    monkeypatch.setattr(
        training.Learner,
        "step",
        lambda self, maps, targets: seen.append(len(targets)) or step(self, maps, targets),
    )
    config = TrainingConfig(width=0.03, epochs=1)
    estimate_run(dataset, "mstar/r@60", config)
    estimate_run(dataset, "mstar/r@300", config)
    assert seen[0] == 40
    assert seen[-1] == 11


def test_samples_without_truth_do_not_count(dataset):
    samples = dataset.samples.copy()
    samples.loc[: len(samples) // 2, "log_mstar_1rhsm"] = float("nan")
    data = type(dataset)(**{**vars(dataset), "samples": samples})
    row = estimate_run(data, "mstar/V", PRESETS["laptop"][0])
    assert row["train"] + row["validation"] + row["test"] == samples["log_mstar_1rhsm"].count()


@pytest.mark.parametrize(
    ("name", "message"), [("mstar/features", "for networks only"), ("mstar/r", "needs the maps r")]
)
def test_what_cannot_be_trained_cannot_be_timed(tmp_path, name, message):
    data = make_dataset(tmp_path / "table", make_samples(30))
    with pytest.raises(ValueError, match=message):
        estimate_run(data, name, TrainingConfig())
