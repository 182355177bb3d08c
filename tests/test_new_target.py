"""A target that someone adds: measured, learned, predicted, and offered like those of galmass."""

from dataclasses import replace

import numpy as np
import pytest
from demo_folder import write_demo_galaxies
from pages import parts, widget
from toy_maps import make_map_dataset

from galmass_app.state import SessionState
from galmass_app.views.train.controls import TrainControls
from galmass_core.datasets.build import build_dataset
from galmass_core.learning.experiments import experiment
from galmass_core.networks.presets import TrainingConfig
from galmass_core.quantities import QUANTITIES, TARGETS, Target, inside, quantity, register_target
from galmass_core.training.model_runs import train_run
from galmass_core.training.run_predictions import load_model

TINY = TrainingConfig(width=0.03, epochs=1, batch=10, learning_rate=2e-3)
TOTAL_3 = inside("log_mtot", 3)
BARYONS = Target(
    key="f_bar_1rhsm",
    stem="f_bar",
    aperture=1,
    symbol="f_bar(<R_hsm)",
    name="baryon fraction inside R_hsm",
    help="Share of all but dark matter in the total mass inside R_hsm.",
    measure=lambda enclosed: 1 - enclosed["dark_matter"] / enclosed["total"],
    word="fbar",
)


@pytest.fixture(autouse=True)
def registered(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path_factory.mktemp("home")))
    added = (TOTAL_3, BARYONS)
    for target in added:
        register_target(target)
    yield
    for target in added:
        del TARGETS[target.key], QUANTITIES[target.key]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    added = {"log_mtot_3rhsm": np.linspace(10, 12, 36), "f_bar_1rhsm": 0.3}
    return make_map_dataset(tmp_path_factory.mktemp("data") / "blobs", 12, redshift=0.0, **added)


def test_they_are_measured(tmp_path):
    cutouts = write_demo_galaxies(tmp_path / "cutouts", count=2)
    built = build_dataset([cutouts], tmp_path / "built", workers=1).samples
    assert (built["log_mtot_3rhsm"] > built["log_mtot_2rhsm"]).all()
    np.testing.assert_allclose(built["f_bar_1rhsm"], 1 - built["f_dm_1rhsm"])


def test_experiments_name_them():
    assert experiment("mtot_3r/r").targets == ("log_mtot_3rhsm",)
    assert experiment("fbar,mstar/r+2V").targets == ("f_bar_1rhsm", "log_mstar_1rhsm")
    assert experiment("mtot_3r/virial").method == "virial"  # of masses only
    with pytest.raises(ValueError, match="no experiment"):
        experiment("fbar/virial")


def test_they_are_learned_and_predicted(data, tmp_path):
    run = train_run(data, "mtot_3r,fbar/r@60", training=TINY, device="cpu", path=tmp_path / "run")
    assert set(run.predictions()["target"]) == {"log_mtot_3rhsm", "f_bar_1rhsm"}
    predicted = load_model(run).predict(data, np.arange(3), device="cpu")
    assert predicted.shape == (3, 2)
    assert np.isfinite(predicted).all()


def test_train_page_offers_them(data, monkeypatch):
    monkeypatch.setenv("GALMASS_DATA", str(data.path))
    controls = TrainControls(SessionState(page="train"))
    controls.draw(data)
    assert list(widget(controls, "gm-aperture").options) == ["R_hsm", "2 R_hsm", "3 R_hsm"]
    assert widget(controls, "gm-learn-fbar").label == "f_bar"
    assert not widget(controls, "gm-learn-fbar").disabled
    widget(controls, "gm-aperture").value = 3
    ticks = parts(controls, "gm-checkbox")
    offered = [name for tick in ticks if not tick.disabled for name in tick.css_classes]
    learned = [name for name in offered if name.startswith("gm-learn-")]
    assert learned == ["gm-learn-mtot", "gm-learn-profile"]  # of targets inside radii one
    widget(controls, "gm-learn-mtot").value = True
    assert controls.order.experiment.startswith("mtot_3r/")


def test_their_words_are_those_of_their_entries():
    assert quantity("log_mtot_3rhsm").label == "log M_tot(<3 R_hsm) [M☉]"
    assert quantity("f_bar_1rhsm").name == "baryon fraction inside R_hsm"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"key": "log_mtot_1rhsm", "stem": "log_mtot"}, "must not be that of a map or column"),
        ({"key": "sigma", "stem": ""}, "must not be that of a map or column"),
        ({"key": "baryons"}, "must be f_bar_1rhsm, of stem and aperture"),
        ({"key": "f_all_1rhsm", "stem": "f_all", "word": "mstar"}, "must not be that of another"),
    ],
)
def test_what_galmass_has_already_is_refused(changes, reason):
    with pytest.raises(ValueError, match=reason):
        register_target(replace(BARYONS, **changes))
