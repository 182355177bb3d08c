"""The Train page: what its controls order, what its list and curves say of runs, and its jobs."""

import json
import os
import re
import subprocess
import sys
import time
from types import SimpleNamespace

import holoviews as hv
import pandas as pd
import panel as pn
import pytest
from pages import is_shown, parts, texts, widget
from sample_tables import make_dataset, make_samples
from toy_maps import make_map_dataset

from galmass_app import jobs, processes, services
from galmass_app.jobs import Order
from galmass_app.plots.history import HELD_OUT, TRAIN, Losses, curves_of, history_curves
from galmass_app.state import SessionState
from galmass_app.views import run_summary
from galmass_app.views.standing import lasting
from galmass_app.views.train.page import Train
from galmass_app.views.train.run_in_view import RunInView
from galmass_app.views.train.run_list import ROWS
from galmass_core.benchmarks.invented import make_run
from galmass_core.datasets.dataset import open_dataset
from galmass_core.datasets.dataset_tables import replace_samples
from galmass_core.learning.experiments import PROFILE
from galmass_core.networks.presets import PRESETS
from galmass_core.training.run_writer import write_run
from galmass_core.training.runs import list_runs, open_run

ESTIMATE = {"seconds": 90.0, "device": "cpu", "train": 30, "validation": 9, "test": 21}
CONFIG = {
    "experiment": "mstar/r+2V@60",
    "targets": ["log_mstar_1rhsm"],
    "method": "network",
    "maps": ["r", "V", "sigma"],
    "pixels": 60,
    "training": {"width": 0.25, "epochs": 30, "augment": True, "scaling": "log_global"},
    "split": {"kind": "galaxy", "sizes": {}, "seed": 0},
}
HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "train_mse": [0.3, 0.1, 0.05],
        "validation_mse": [0.4, 0.01, 0.2],
        "seconds": [1.0, 2.0, 3.0],
    }
)
METRICS = {"log_mstar_1rhsm": {"std": {"value": 0.1, "low": 0.09, "high": 0.11}, "n": 9}}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    monkeypatch.delenv("GALMASS_DATA", raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def blobs(tmp_path_factory):
    """20 galaxies with maps, and the truth inside 2 R_hsm too for two targets."""
    data = make_map_dataset(tmp_path_factory.mktemp("data") / "blobs", 20)
    outer = {f"log_{key}_2rhsm": data.samples[f"log_{key}_1rhsm"] for key in ("mstar", "mtot")}
    replace_samples(data, data.samples.assign(**outer))
    return open_dataset(data.path)


@pytest.fixture
def visit(home, blobs, monkeypatch):
    """Make the page of a data set with maps, as a session would; no training is timed."""
    monkeypatch.setenv("GALMASS_DATA", str(blobs.path))
    monkeypatch.setattr(jobs, "estimate", lambda _: ESTIMATE)

    def visit(**chosen):
        session = SessionState(page="train", **chosen)
        session.settle()
        return Train(session)

    return visit


@pytest.fixture
def started(monkeypatch, home):
    """Orders that were started; nothing is trained."""
    started = []

    def start(order):
        started.append(order)
        (home / "runs" / "new").mkdir(parents=True)
        return "new"

    monkeypatch.setattr(jobs, "start", start)
    return started


def write(folder, name="one", history=HISTORY, *, config=CONFIG, error=None, **entries):
    """Write a run's folder as a training does that ends now, or fails."""
    provenance = {
        "device": "cpu",
        "dataset": {"name": "blobs", "path": "/data/blobs", "sha256": ""},
        "split": {"kind": "galaxy", "siblings": 0.0},
        **({} if error else {"metrics": METRICS}),
        **entries,
    }
    try:
        with write_run(folder / "runs" / name, config, provenance) as writer:
            writer.write_history(history)
            if error:
                raise error
    except (KeyboardInterrupt, ValueError):
        pass
    return open_run(folder / "runs" / name)


def look(page):
    """Do what a session does once a second."""
    page.session.poll_count += 1


def html(view):
    whole = view.__panel__() if isinstance(view, pn.viewable.Viewer) else view
    panes = whole.select(lambda part: hasattr(part, "object"))
    return " ".join(part.object for part in panes if isinstance(part.object, str))


def in_view(page):
    """Return the part that shows one run."""
    return widget(page, "gm-run-in-view")


def field(page, label):
    """Return the one widget of a label."""
    (found,) = page.__panel__().select(lambda part: getattr(part, "label", None) == label)
    return found


def order(page):
    return page.controls.order


def tick(page, key, on=True):
    kind = "learn" if key in ("mstar", "mtot", "ml", "profile") else "branch"
    widget(page, f"gm-{kind}-{key}").value = on


# What the controls order


def test_at_first_the_small_network_of_three_branches_is_offered(visit, blobs):
    command = order(visit()).command
    words = f"galmass train {blobs.path} --experiment mstar/r+2V --preset laptop --queue"
    assert command == words


def test_a_data_set_at_home_is_called_by_its_name(home):
    requested = Order(data=home.resolve() / "toys", experiment="mstar/r", preset="paper", seed=2)
    words = "galmass train toys --experiment mstar/r --preset paper --seed 2 --queue"
    assert requested.command == words


def test_ticks_add_up_to_an_experiment(visit):
    page = visit()
    tick(page, "mtot")
    tick(page, "g-r")
    widget(page, "gm-aperture").value = 2
    assert order(page).experiment == "mstar_2r,mtot_2r/g,r+2V"
    for key in ("r", "g-r", "V"):
        tick(page, key, on=False)
    assert order(page).experiment == "mstar_2r,mtot_2r/sigma"


def test_the_control_is_learned_from_alone(visit):
    page = visit()
    tick(page, "occupancy")
    assert order(page).experiment == "mstar/occupancy"
    tick(page, "V")
    assert order(page).experiment == "mstar/V"


def test_without_a_tick_there_is_nothing_to_start(visit, started):
    page = visit()
    tick(page, "mstar", on=False)
    assert "Select a target." in html(page)
    assert widget(page, "gm-start").disabled
    widget(page, "gm-start").clicks += 1
    assert not started


def test_what_differs_from_the_preset_is_on_the_command_line(visit):
    page = visit()
    field(page, "Epochs").value = 7
    widget(page, "gm-augment").value = False
    widget(page, "gm-pixels").value = 150
    widget(page, "gm-seed").value = 3
    page.session.split = "paper"
    words = "--experiment mstar/r+2V@150 --preset laptop --epochs 7 --no-augment"
    assert f"{words} --split paper --seed 3" in order(page).command
    assert "epochs 7, augmentation off" in html(page)


def test_several_trainings_have_seeds_of_their_own(visit):
    page = visit()
    widget(page, "gm-seed").value = 3
    widget(page, "gm-training-seed").value = 5
    widget(page, "gm-repeats").value = 2
    requested = order(page)
    assert "--seed 3 --training-seed 5 --repeats 2" in requested.command
    assert [one.arguments[-4:] for one in requested.trainings()] == [
        ["--seed", "3", "--training-seed", "5"],
        ["--seed", "3", "--training-seed", "6"],
    ]


def test_the_list_says_which_training_of_a_group_a_run_is(visit, blobs, home):
    for seed in (4, 7):
        make_run(home, open_dataset(blobs.path), "mstar/r@60", 0.1, training_seed=seed)
    places = re.findall(r"training \d of \d", html(visit()))
    assert {"training 1 of 2", "training 2 of 2"} <= set(places)


def test_another_preset_brings_all_its_values(visit):
    page = visit()
    field(page, "Epochs").value = 7
    widget(page, "gm-preset").value = "paper"
    assert order(page).arguments[1:] == ["--experiment", "mstar/r+2V", "--preset", "paper"]
    assert widget(page, "gm-pixels").value == PRESETS["paper"][1]


def test_the_address_ticks_its_experiment_and_follows_the_ticks(visit):
    page = visit(experiment="mtot,ml/g,r@150")
    assert order(page).experiment == "mtot,ml/g,r@150"
    tick(page, "ml", on=False)
    assert page.session.experiment == "mtot/g,r@150"
    page.session.experiment = "mstar/2V"
    assert order(page).experiment == "mstar/2V"


def test_an_address_that_is_no_network_is_answered(visit):
    page = visit()
    page.session.experiment = "mstar/luck"
    assert "no experiment 'mstar/luck'" in page.session.error
    page.session.experiment = "mstar/features"
    assert "has no input maps" in page.session.error
    assert order(page).experiment == "mstar/r+2V"


# What the page does


def test_a_step_back_to_this_page_and_another_run_shows_that_run(visit, home):
    write(home, "one")
    write(home, "two")
    page = visit()
    for name in ("one", "two"):
        page.session.param.update(page="explore", run="")
        page.session.param.update(page="train", run=name, theme="dark")
        assert str(home / "runs" / name) in html(in_view(page))


def test_a_double_click_starts_one_training(visit, started, home):
    page = visit()
    start = widget(page, "gm-start")
    start.clicks += 1
    start.clicks += 1
    assert started == [order(page)]
    assert (start.label, start.disabled) == ("Starting…", True)
    write(home, "new")
    look(page)
    assert (start.label, start.disabled) == ("Start training", False)
    assert page.session.run == "new"


def test_a_second_click_on_stop_comes_too_late_and_is_no_error(visit, home):
    write(home)
    page = visit()
    parts(page, "gm-run-stop")[0].clicks += 1
    assert page.session.error == ""


@pytest.mark.parametrize(("is_up", "starts"), [(True, 1), (False, 2)])
def test_a_second_click_on_resume_starts_nothing_while_the_first_comes_up(
    visit, home, monkeypatch, is_up, starts
):
    started = []
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass

    def detach(_, *arguments):
        started.append(arguments)
        return os.getpid() if is_up else ended.pid

    monkeypatch.setattr(processes, "detach", detach)
    path = write(home, error=KeyboardInterrupt()).path
    button = parts(visit(), "gm-run-resume")[0]
    button.clicks += 1
    button.clicks += 1
    assert started == [("resume", str(path), "--queue")] * starts


def test_a_run_that_is_training_is_not_resumed(home, monkeypatch):
    monkeypatch.setattr(processes, "detach", None)
    with write_run(home / "runs" / "one", CONFIG, {"dataset": {}}):
        jobs.resume("one")


def test_a_training_that_never_begins_says_why(visit, started, home):
    page = visit()
    widget(page, "gm-start").clicks += 1
    (home / "runs" / "new" / "log.txt").write_text("x\ngalmass: the disk is full\n")
    look(page)
    assert page.session.error == "the disk is full"
    assert not widget(page, "gm-start").disabled


def test_without_a_training_the_page_says_what_to_do(visit):
    page = visit()
    assert widget(page, "gm-no-runs").visible
    assert not page.slots[RunInView].visible


def test_data_without_maps_cannot_train_but_show_what_was_trained(home):
    make_dataset(home / "numbers", make_samples(30))
    write(home)
    session = SessionState(page="train", dataset="numbers")
    session.settle()
    page = Train(session)
    assert "On numbers none can be trained, for it has numbers, no maps" in texts(page)
    assert not is_shown(page, "gm-learning-controls")
    assert in_view(page).visible


def test_where_nothing_can_be_trained_nobody_is_asked_to_start(home):
    make_dataset(home / "numbers", make_samples(30))
    session = SessionState(page="train", dataset="numbers")
    session.settle()
    assert not is_shown(Train(session), "gm-no-runs")


def look_until_estimated(page):
    deadline = time.monotonic() + 120
    while "Estimating" in widget(page, "gm-estimate").object:
        assert time.monotonic() < deadline
        look(page)


def test_time_is_estimated_once_the_order_is_left_alone(visit, monkeypatch):
    requested, page = [], visit()
    monkeypatch.setattr(jobs, "estimate", lambda order: requested.append(order) or ESTIMATE)
    look(page)
    tick(page, "mtot")
    look(page)
    assert not requested
    look(page)
    look_until_estimated(page)
    assert requested == [order(page)]
    words = widget(page, "gm-estimate").object
    assert "About <b>90 s</b> on this machine (cpu): 30 samples" in words


def test_why_there_is_no_estimate_is_stated(visit, monkeypatch):
    def fail(_):
        msg = "no steps"
        raise ValueError(msg)

    page = visit()
    monkeypatch.setattr(jobs, "estimate", fail)
    look(page)
    look(page)
    look_until_estimated(page)
    assert widget(page, "gm-estimate").object == "<p>No estimate: no steps</p>"


def test_the_newest_run_is_in_view_until_one_is_chosen(visit, home):
    write(home, "old")
    write(home, "young", config=CONFIG | {"maps": ["r"]})
    page = visit()
    assert "from r</h2>" in html(in_view(page))
    parts(page, "gm-run-name")[1].clicks += 1
    assert page.session.run == "old"
    assert "from r, V, σ</h2>" in html(in_view(page))


@pytest.mark.parametrize(("act", "state"), [("stop", "running"), ("resume", "stopped")])
def test_a_row_offers_what_can_be_done(visit, home, monkeypatch, act, state):
    done = []
    monkeypatch.setattr(jobs, act, done.append)
    if state == "stopped":
        write(home, error=KeyboardInterrupt())
        page = visit()
        press(page, act)
    else:
        with write_run(home / "runs" / "one", CONFIG, {"dataset": {}}):
            page = visit()
            press(page, act)
    assert done == ["one"]


def press(page, act):
    acts = {key: parts(page, f"gm-run-{key}")[0] for key in ("stop", "resume", "compare")}
    assert [key for key, button in acts.items() if button.visible] == [act]
    acts[act].clicks += 1


def test_a_finished_run_is_compared(visit, home, blobs):
    run = make_run(home, blobs, "mstar/V", 0.05)
    page = visit()
    press(page, "compare")
    assert page.session.page == "compare"
    assert page.session.panels[0] == run.name


def test_mass_profiles_are_not_compared(visit, home):
    target = "log_mstar_1rhsm"
    metrics = {target: {"std": {"value": 0.1, "low": 0.09, "high": 0.11}, "n": 9}}
    profile = CONFIG | {"experiment": "profile/features", "method": PROFILE}
    write(home, config=profile, metrics=metrics)
    assert not parts(visit(), "gm-run-compare")[0].visible


def test_a_damaged_run_is_named_and_the_others_listed(visit, home):
    write(home, "whole")
    (write(home, "broken").path / "run.json").write_text("<b>{</b>")
    page = visit()
    assert [row.visible for row in parts(page, "gm-run")].count(True) == 1
    assert "broken/run.json: must be JSON" in html(page)
    assert "<b>{" not in html(page)


def test_more_runs_than_rows_are_turned_over(visit, home):
    for number in range(ROWS + 2):
        write(home, f"run-{number}")
    page = visit()
    rows = [row for row in parts(page, "gm-run") if row.visible]
    assert len(rows) == ROWS
    field(page, "Older →").clicks += 1
    assert [row.visible for row in rows] == [True] * 2 + [False] * (ROWS - 2)
    parts(rows[1], "gm-run-name")[0].clicks += 1
    assert page.session.run == "run-0"


# What is said of runs


def test_a_failed_run_states_its_reason(visit, home):
    write(home, error=ValueError("a truth is not a number"))
    page = visit()
    words = html(page)
    assert "✗ failed</span> a truth is not a number" in words
    assert "ValueError: a truth is not a number" in words


def test_a_run_under_way_says_how_far_and_how_fast(visit, home):
    with write_run(home / "runs" / "one", CONFIG, {"dataset": {"name": "blobs"}}) as writer:
        page = visit()
        assert "getting ready" in html(in_view(page))
        writer.write_history(HISTORY)
        writer.report(epoch=3, epochs=30, samples_per_second=123.4, seconds_left=200.0)
        look(page)
        words = "epoch 4 of 30 · 123 samples/s · 3 min left"
        assert words in html(in_view(page))
        assert words in html(widget(page, "gm-run-list"))
        assert services.work().endswith("training mstar/r+2V@60: epoch 4 of 30")
        assert 'max="30" value="3"' in html(in_view(page))
        writer.update(
            progress={"epoch": 30, "epochs": 30, "samples_per_second": 1, "seconds_left": 0}
        )
        look(page)
        assert "predicting the test set" in html(in_view(page))
        assert services.work().endswith("training mstar/r+2V@60: predicting the test set")


def test_the_best_epoch_is_named_in_dex(visit, home):
    write(home, error=KeyboardInterrupt())
    page = visit()
    assert "best epoch: 2, √ of its loss 0.100 dex" in html(in_view(page))
    assert "after 3 of 30 epochs" in html(in_view(page))


def test_facts_hold_all_that_decided_the_result(visit, home, blobs):
    run = make_run(home, blobs, "mstar/r+2V", 0.05)
    facts = run_summary.facts(run)
    for fact in (run.record["split"]["hash"], str(blobs.path), "torch", "by galaxy", str(run.path)):
        assert fact in facts


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (99, "99 s"),
        (100, "2 min"),
        (5900, "98 min"),
        (6000, "1 h 40 min"),
        (200_000, "2.3 days"),
    ],
)
def test_times_are_short(seconds, words):
    assert lasting(seconds) == words


# Curves


def test_curves_of_trees_and_of_networks_are_found():
    curves = curves_of(HISTORY)
    assert (curves.step, curves.held_out) == ("epoch", "validation")
    assert curves.best["step"] == 2
    trees = pd.DataFrame({"iteration": [1, 2], "train_l2": [2.0, 1.0], "test_l2": [3.0, 2.0]})
    assert curves_of(trees).held_out == "test"
    assert curves_of(pd.DataFrame({"iteration": []})) is None
    assert curves_of(pd.DataFrame()) is None


def test_the_picture_has_both_losses_all_epochs_to_come_and_the_best():
    picture = history_curves(Losses(HISTORY, 30, "light"))
    train, validation, best = picture
    assert train["y"].tolist() == HISTORY["train_mse"].tolist()
    assert validation["y"].tolist() == HISTORY["validation_mse"].tolist()
    assert (best["x"][0], best["y"][0]) == (2, 0.01)
    figure = hv.render(picture)
    assert (figure.x_range.start, figure.x_range.end) == (0, 30)
    assert figure.y_range.start < 0.01 < 0.4 < figure.y_range.end
    colours = [figure.renderers[place].glyph.line_color for place in (0, 1)]
    assert colours == [TRAIN["light"].colour, HELD_OUT.colour]


def test_a_picture_of_nothing_yet_can_be_drawn():
    assert hv.render(history_curves(Losses(pd.DataFrame(), 30, "dark"))).x_range.end == 30


# Jobs and services


def test_a_job_is_the_same_command_line_on_its_own(home, monkeypatch):
    called = []

    def popen(command, **options):
        called.append((command, options))
        return SimpleNamespace(wait=lambda: 0, pid=1)

    monkeypatch.setattr(subprocess, "Popen", popen)
    requested = Order(data=home.resolve() / "toys", experiment="mstar/V", preset="laptop")
    name = jobs.start(requested)
    (command, options), path = called[0], home / "runs" / name
    begin = command.index(sys.executable)
    assert command[begin + 1 :] == [
        *("-m", "galmass_core.cli", "train", *requested.arguments, "--queue", "--out", str(path))
    ]
    assert options["start_new_session"]
    assert path.is_dir()


def test_a_job_whose_command_fails_leaves_its_sentence(home):
    name = jobs.start(Order(data=home / "nowhere", experiment="mstar/V", preset="laptop"))
    for _ in range(1800):
        if words := jobs.trouble(name):
            break
        time.sleep(0.1)
    assert "nowhere: must be a data-set folder" in words
    assert services.runs() == []


def test_an_estimate_is_what_the_command_says(home, monkeypatch):
    answers = [
        SimpleNamespace(returncode=0, stdout=json.dumps({"rows": [{"seconds": 3}]}), stderr=""),
        SimpleNamespace(returncode=2, stdout="", stderr="a warning\ngalmass: no maps\n"),
    ]
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answers.pop(0))
    assert jobs.estimate(Order(data=home, experiment="mstar/V", preset="paper")) == {"seconds": 3}
    with pytest.raises(ValueError, match=r"^no maps$"):
        jobs.estimate(Order(data=home, experiment="mstar/r", preset="paper"))


def test_a_run_that_ended_is_read_once(home, monkeypatch):
    write(home, "old")
    assert [run.name for run in services.runs()] == ["old"]
    monkeypatch.setattr(services, "open_run", lambda _: pytest.fail("it is read again"))
    assert services.runs() == list_runs()


def test_a_history_is_read_again_when_it_has_grown(home):
    run = write(home, history=HISTORY.head(1))
    assert len(services.history(run)) == 1
    HISTORY.to_csv(run.path / "history.csv", index=False)
    assert len(services.history(run)) == 3


def test_a_data_set_opens_by_what_the_command_line_calls_it(home, blobs):
    requested = Order(data=blobs.path, experiment="mstar/V", preset="laptop")
    assert open_dataset(requested.arguments[0]).path == blobs.path


def test_one_network_for_every_set_of_maps_takes_all_of_them(visit):
    page = visit()
    tick(page, "any")
    assert order(page).experiment == "mstar/any"
    tick(page, "V", on=False)
    assert order(page).experiment == "mstar/g,r+sigma"
    page.session.experiment = "mtot/any"
    assert order(page).experiment == "mtot/any"
    tick(page, "occupancy")
    assert order(page).experiment == "mtot/occupancy"


def test_the_mass_profile_and_single_masses_replace_each_other(visit):
    page = visit()
    assert not widget(page, "gm-aperture").disabled
    tick(page, "profile")
    assert order(page).experiment == "profile/r+2V"
    assert widget(page, "gm-aperture").disabled  # a profile has radii of its own
    tick(page, "mtot")
    assert order(page).experiment == "mtot/r+2V"
    page.session.experiment = "profile/any"
    assert order(page).experiment == "profile/any"
    assert not page.session.error
    tick(page, "profile", on=False)
    assert order(page) is None
