import numpy as np
import pytest
from toy_maps import make_map_dataset

from galmass_core.datasets.dataset import open_dataset
from galmass_core.datasets.dataset_tables import replace_samples
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training.runs import list_runs
from galmass_core.transfers import networks
from galmass_core.transfers.records import networks_folder, run_transfer

CONFIG = TrainingConfig(width=0.03, epochs=2, batch=10, learning_rate=2e-3, augment=True)
NAME = "mstar/r@60"


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two data sets of 40 galaxies with maps, under different names."""
    folder = tmp_path_factory.mktemp("data")
    found = []
    for seed, name in enumerate(("ours", "theirs")):
        data = make_map_dataset(folder / name, 40, seed=seed, log_mstar=10.5)
        samples = data.samples.assign(name=data.samples["name"].str.replace("table", name))
        replace_samples(data, samples)
        found.append(open_dataset(folder / name))
    return tuple(found)


@pytest.fixture(scope="module")
def record(pair, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GALMASS_HOME", str(home))
        yield run_transfer(*pair, NAME, adapt="coral", training=CONFIG, device="cpu")


def networks_of(record):
    return {run.name: run for run in list_runs(networks_folder(record.path, record.config))}


def test_networks_are_runs_of_their_own(record):
    found = networks_of(record)
    assert set(found) == {"source", "adapted-coral", "ceiling"}
    assert all(run.state == "finished" for run in found.values())
    assert found["adapted-coral"].config["alignment"] == "coral"


def test_every_case_is_tested_on_the_same_galaxies(record):
    table = record.predictions().query("part == 'test'")
    names = [
        sorted(set(table["name"][table["case"] == case]))
        for case in ("transfer", "adapted", "ceiling")
    ]
    assert names[0] == names[1] == names[2]
    assert len(names[0]) == 20


def test_alignment_changes_the_predictions(record):
    table = record.predictions().query("part == 'test'")
    plain, adapted = (table["y_pred"][table["case"] == case] for case in ("transfer", "adapted"))
    assert not np.allclose(plain, adapted)


def test_another_adaptation_trains_one_network_more(record, pair, monkeypatch):
    trained = []

    def train_network(*_, unlabelled=None, **__):
        trained.append(unlabelled.alignment if unlabelled else None)
        raise KeyboardInterrupt

    monkeypatch.setattr(networks, "train_network", train_network)
    with pytest.raises(KeyboardInterrupt):
        run_transfer(*pair, NAME, adapt="mmd", training=CONFIG, device="cpu")
    assert trained == ["mmd"]


def test_labels_of_the_other_simulation_do_not_matter_for_adaptation(record, pair, tmp_path):
    """Other truths, the same maps: the adapted network has the same weights."""
    folder = tmp_path / "theirs"
    wrong = make_map_dataset(folder, 40, seed=1, log_mstar=10.5)
    samples = wrong.samples.assign(name=wrong.samples["name"].str.replace("table", "theirs"))
    replace_samples(wrong, samples.assign(log_mstar_1rhsm=samples["log_mstar_1rhsm"][::-1].values))
    other = (pair[0], open_dataset(folder))
    options = {"adapt": "coral", "training": CONFIG, "device": "cpu"}
    run = run_transfer(*other, NAME, **options)
    weights = [
        (networks_of(each)["adapted-coral"].path / "weights.safetensors").read_bytes()
        for each in (record, run)
    ]
    assert run.path != record.path
    assert weights[0] == weights[1]
