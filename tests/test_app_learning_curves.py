"""Learning curves on the pages Train and Features."""

import pytest
from pages import parts, settle, texts, widget
from sample_tables import make_dataset, make_samples

from galmass_app import jobs, processes
from galmass_app.comparison import BASELINE
from galmass_app.jobs import Order
from galmass_app.learning_curves import curves_of, measured
from galmass_app.plots.learning_curve import learning_curve
from galmass_app.state import SessionState
from galmass_app.views.compare.page import Compare
from galmass_app.views.learning_curves import LearningCurves
from galmass_core.benchmarks.invented import make_run
from galmass_core.datasets.dataset import open_dataset
from galmass_core.training.curves import curve_trainings, curves_folder
from galmass_core.training.several import train_several


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home folder with a curve of a formula, and a data set without any."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("GALMASS_HOME", str(home))
        patch.delenv("GALMASS_DATA", raising=False)
        data = make_dataset(home / "toys", make_samples(60))
        make_dataset(home / "other", make_samples(60, seed=8))
        trainings = curve_trainings(data, "mstar/power-law", sizes=[10, 20, 40])
        train_several(data, trainings, curves_folder())
        yield home


@pytest.fixture
def view(home):
    session = SessionState(page="features", dataset="toys")
    session.settle()
    return LearningCurves(session, networks=False)


@pytest.fixture
def started(monkeypatch):
    """What was started, instead of starting it."""
    found = []
    monkeypatch.setattr(processes, "detach", lambda log, *words: found.append(words))
    return found


def shown(view):
    """Wait for the worker."""
    settle(view.measured)
    return view


def every(run, target):
    """Leave no curve out."""
    return True


def test_a_curve_is_shown_with_its_numbers(view):
    view.draw(("toys", "mstar/features"))
    text = texts(shown(view))
    assert "Tested on 60 samples of 20 galaxies" in text
    assert "Cannot be continued to 5,333 galaxies (16,000 samples along three axes)" in text


def test_only_curves_of_the_data_in_view_are_listed(home):
    assert list(curves_of(open_dataset("toys"), every)) == ["mstar/power-law · toys"]
    assert curves_of(open_dataset("toys"), lambda *_: False) == {}
    assert curves_of(open_dataset("other"), every) == {}


def test_compare_shows_the_curve_of_an_experiment_in_view(home):
    data = open_dataset("toys")
    make_run(home, data, "mstar/power-law", 0.05)
    session = SessionState(page="compare", dataset="toys", panels=["run:mstar-power-law-0"])
    session.settle()
    page = Compare(session)
    assert "Tested on 60 samples of 20 galaxies" in texts(shown(page))
    session.panels = [BASELINE]
    assert not widget(page, "gm-learning-curves").visible


def test_a_click_starts_the_command_and_a_second_does_nothing(view, started):
    view.draw(("toys", "mstar/features"))
    button = widget(view, "gm-curve-start")
    button.clicks += 1
    button.clicks += 1
    assert started == [("curve", "toys", "mstar/features")]
    assert button.disabled


def test_why_a_command_failed_is_reported(view, started):
    view.draw(("toys", "mstar/luck"))
    widget(view, "gm-curve-start").clicks += 1
    (curves_folder() / "log.txt").write_text("galmass: no experiment 'luck'\n")
    view.follow()
    assert view.session.error == "no experiment 'luck'"
    assert not widget(view, "gm-curve-start").disabled


def test_nothing_to_measure_cannot_be_started(view):
    view.draw(())
    assert widget(view, "gm-curve-start").disabled


def test_the_numbers_can_be_downloaded(view):
    view.draw(("toys", "mstar/features"))
    (menu,) = parts(shown(view), "gm-download")
    assert b"galaxies,n_train" in menu.files["CSV"]()
    assert menu.file_name() == "toys_learning-curve_mstar-power-law"


def test_the_curve_of_a_network_has_the_hyper_parameters_of_its_order(home):
    order = Order(
        data=home / "toys",
        experiment="mstar/r",
        preset="laptop",
        changes=(("epochs", 3), ("augment", False)),
        split="paper",
        seed=2,
        repeats=4,
    )
    assert jobs.curve_command(order.curve) == (
        "galmass curve toys mstar/r --preset laptop --epochs 3 --no-augment --seed 2"
    )


def test_a_curve_of_chosen_features_names_them(home):
    words = jobs.curve_of_trees(home / "toys", "ml/features", ["abs_mag_r", "B/T"])
    assert words == ("toys", "ml/features", "--features", "abs_mag_r,`B/T`")


def test_a_curve_that_is_continued_ends_in_a_mark(home):
    key, target = next(iter(curves_of(open_dataset("toys"), every).values()))
    row = measured(key, target)
    assert len(learning_curve(row).values()[-1]) == 0
    there = {"value": 0.05, "low": 0.04, "high": 0.06}
    continued = row | {"fit": row["fit"] | {"extrapolated": there}}
    marked = learning_curve(continued).values()[-1]
    assert marked.array().tolist() == [[5333, 0.05]]
