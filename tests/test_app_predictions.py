"""What runs predict for the sample in view: by which run, with which interval, or why not."""

import numpy as np
import pytest
from pages import parts, settle, texts
from sample_tables import make_dataset, make_samples

from galmass_app.predictions import LIMITS, UNTESTED, limits_of, predictions_of
from galmass_app.state import SessionState
from galmass_app.views.download import Download
from galmass_app.views.explore.estimates import Estimates
from galmass_app.views.explore.page import Explore
from galmass_core.benchmarks.invented import make_run
from galmass_core.datasets.dataset import open_dataset
from galmass_core.learning.intervals import calibrate
from galmass_core.learning.splits import NETWORK_SIZES, split_samples
from galmass_core.training.run_predictions import calibrated_predictions
from galmass_core.training.runs import open_run

MSTAR, MTOT = "log_mstar_1rhsm", "log_mtot_1rhsm"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Two networks for the stellar mass, the newer the worse, and one for the total mass."""
    home = tmp_path_factory.mktemp("home")
    data = make_dataset(home / "learnable", make_samples(200).assign(synthetic=True, redshift=0.0))
    for name, scatter in (("mstar/r", 0.03), ("mtot/2V", 0.05), ("mstar/V", 0.2)):
        make_run(home, data, name, scatter)
    return home


@pytest.fixture
def data(home, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(home))
    monkeypatch.delenv("GALMASS_DATA", raising=False)
    return open_dataset(home / "learnable")


def sample_of(data, part):
    """Return the name and line of sight of a sample of a part of the networks' split."""
    row = np.flatnonzero(split_samples(data.samples, sizes=NETWORK_SIZES) == part)[0]
    return tuple(data.samples.loc[row, ["name", "los"]])


@pytest.fixture
def visit(data):
    """Explore a sample of a part, as a session would."""

    def visit(part):
        galaxy, los = sample_of(data, part)
        session = SessionState(dataset="learnable", galaxy=galaxy, los=los)
        session.settle()
        return settle(Explore(session))

    return visit


def test_the_run_of_least_scatter_predicts_each_target(data):
    found = predictions_of(data, *sample_of(data, "test"))
    assert [(each.target, each.run.name) for each in found] == [
        (MSTAR, "mstar-r-0"),
        (MTOT, "mtot-2V-0"),
    ]


def test_the_interval_is_that_of_the_run(data, home):
    galaxy, los = sample_of(data, "test")
    (found, _) = predictions_of(data, galaxy, los)
    table = calibrated_predictions(open_run(home / "runs" / "mstar-r-0"))
    row = table[(table["name"] == galaxy) & (table["los"] == los)].iloc[0]
    assert found.predicted == row["y_pred"]
    assert found.limits == {name: row[name] for name in LIMITS}


@pytest.mark.parametrize("part", UNTESTED)
def test_a_galaxy_that_was_not_tested_has_no_prediction_but_a_reason(visit, part):
    text = texts(visit(part))
    assert text.count(UNTESTED[part]) >= 2
    assert "not tested on this galaxy" in text


def test_explore_writes_prediction_and_interval(visit):
    page = visit("test")
    (found, _) = predictions_of(page.session.data, page.session.galaxy, page.session.los)
    low, high = (f"{found.limits[name]:.2f}" for name in ("low_68", "high_68"))
    assert f"{low} to {high}" in texts(page.views[Estimates])


def test_predictions_can_be_downloaded_with_their_intervals(visit):
    page = visit("test")
    (menu,) = (
        menu for menu in page.__panel__().select(Download) if menu.figure == "gm-predictions"
    )
    head, *lines = menu.files["CSV"]().decode().splitlines()
    assert head.split(",") == ["target", "by", "part", "y_true", "y_pred", *LIMITS]
    assert {line.split(",")[0] for line in lines} == {MSTAR, MTOT}


def test_without_runs_there_is_no_table(tmp_path, monkeypatch):
    make_dataset(tmp_path / "bare", make_samples(5))
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    session = SessionState(dataset="bare")
    session.settle()
    (slot,) = parts(settle(Explore(session)), "gm-slot-estimates")
    assert not slot.visible


def test_an_interval_without_end_is_none(data, home):
    errors = open_run(home / "runs" / "mstar-r-0").calibration()
    assert limits_of(calibrate(errors.head(3)), 10.0) == {}
