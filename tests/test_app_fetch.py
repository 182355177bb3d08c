"""The panel that fetches TNG data: its form, what it costs, its list, and where the key goes."""

import json
import os
import shutil
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from pages import labelled, parts, send, texts, widget
from tng_api import KEY, TngApi

from galmass_app import fetches, processes, services
from galmass_app.fetches import Order, new_name
from galmass_app.state import SessionState
from galmass_app.views.fetch.fetch_list import standing
from galmass_app.views.fetch.form import PARTICLES
from galmass_app.views.fetch.key_field import KeyField
from galmass_app.views.fetch.panel import NO_KEY, FetchPanel
from galmass_core.fetch.status import (
    STATUS,
    announce,
    fetches_folder,
    read_status,
    write_status,
)
from galmass_core.storage.atomic import write_json

PLAN = {
    "galaxies": 9370,
    "missing": 9370,
    "catalogue_bytes": 8e8,
    "cutout_bytes": 7.5e10,
    "disk_bytes": 1.6e10,
    "free_bytes": 9e10,
    "is_estimate": True,
    "hours": 1.17,
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Home folder without anything in it; the server has no key."""
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    for name in ("GALMASS_DATA", "TNG_API_KEY", "TNG_API_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def panel():
    return FetchPanel(SessionState(getting=True))


@pytest.fixture
def started(monkeypatch):
    """Command lines and environments of processes that were started; none is."""
    started = []

    def detach(log, *arguments, environment, ended):
        log.write_text("")
        started.append((arguments, environment))

    monkeypatch.setattr(processes, "detach", detach)
    return started


@pytest.fixture
def planned(monkeypatch):
    """Let estimates come at once, from ``PLAN``."""
    answers = []

    def answer(*arguments, patience, environment):
        answers.append((arguments, environment))
        return json.dumps(PLAN)

    monkeypatch.setattr(processes, "answer", answer)
    return answers


def press(panel, name):
    if not widget(panel, name).disabled:
        click(panel, name)


def click(panel, name):
    """Send a click on the first such button, even if it cannot be clicked any more."""
    parts(panel, name)[0].clicks += 1


def look(panel):
    """Do what a session does once a second, until no estimate is under way."""
    deadline = time.monotonic() + 300
    panel.session.poll_count += 1
    while widget(panel, "gm-estimate-fetch").disabled:
        assert time.monotonic() < deadline
        time.sleep(0.01)
        panel.session.poll_count += 1


def type_key(panel, text=KEY):
    send(panel.form.key_field, text)


def write(name="one", *, request=None, **content):
    """Write how a fetch stands."""
    folder = fetches_folder() / name
    folder.mkdir(parents=True)
    announce(folder, Order(name=name).request | (request or {}))
    path = folder / "status.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | content))
    return read_status(folder)


# What the form adds up to


def test_at_first_the_papers_sample_of_tng100_is_offered(panel, home):
    assert panel.form.order == Order(name="tng100-1")
    assert widget(panel, "gm-command").text == (
        f"galmass fetch --out {home}/fetches/tng100-1 --suite TNG100-1 --build {home}/tng100-1"
    )


def test_every_control_is_in_the_command_line(panel, home):
    widget(panel, "gm-suite").value = "Illustris-1"
    labelled(panel, "Snapshot").value = 135
    labelled(panel, "Only galaxies with").value = "-log_mstar < -11"
    labelled(panel, "At most").value = 100
    widget(panel, "gm-keep").value = PARTICLES
    assert widget(panel, "gm-command").text == (
        f"galmass fetch --out {home}/fetches/illustris-1-135 --suite Illustris-1 --snapshot 135 "
        "'--where=-log_mstar < -11' --limit 100"
    )


def test_name_follows_the_simulation_until_one_is_given(panel):
    widget(panel, "gm-suite").value = "TNG50-1"
    assert panel.form.order.name == "tng50-1"
    labelled(panel, "Name of the data set").value = "mine"
    labelled(panel, "Snapshot").value = 50
    assert panel.form.order.name == "mine"


def test_new_name_is_not_taken(home):
    (home / "tng50-1").mkdir()
    (home / "fetches" / "tng50-1-2").mkdir(parents=True)
    assert new_name("TNG50-1", None) == "tng50-1-3"


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (Order(name="taken"), "The name taken is taken; choose another."),
        (Order(name="../up"), "The name must be of letters, digits, .* got ../up"),
        (Order(name="-x"), "The name must be of letters"),
        (Order(name=""), "got none"),
        (Order(name="runs"), "The name must be .* got runs"),
        (Order(name="new", where="mass >"), "filter must be a condition such as"),
        (Order(name="new", where="mass > 3"), "mass"),
    ],
)
def test_wrong_order_is_refused_with_a_sentence(home, order, message):
    (home / "taken").mkdir()
    for attempt in (fetches.start, fetches.estimate):
        with pytest.raises(ValueError, match=message):
            attempt(order, KEY)
    assert not fetches_folder().exists()


# What it costs, and its start


def test_nothing_starts_without_an_estimate(panel, started):
    type_key(panel)
    assert widget(panel, "gm-start").disabled
    click(panel, "gm-start")
    assert not started


def test_estimate_needs_a_key(panel, planned):
    press(panel, "gm-estimate-fetch")
    assert NO_KEY in texts(panel)
    assert not planned


def test_estimate_says_count_sizes_and_time(panel, planned):
    type_key(panel)
    press(panel, "gm-estimate-fetch")
    look(panel)
    shown = " ".join(texts(panel).split())
    assert "About <b>9,370 galaxies</b> to fetch: 800 MB of group catalogue, 75.0 GB" in shown
    assert "<b>70 min</b> or more. The disk needs 16.0 GB, and has 90.0 GB free." in shown
    (arguments, _) = planned[0]
    assert arguments[-2:] == ("--dry-run", "--json")
    assert not widget(panel, "gm-start").disabled


def test_disk_that_is_too_small_is_an_alert_and_nothing_starts(panel, planned, monkeypatch):
    monkeypatch.setitem(PLAN, "free_bytes", 1e9)
    type_key(panel)
    press(panel, "gm-estimate-fetch")
    look(panel)
    assert "The disk is too small: 16.0 GB are needed, 1.0 GB are free." in texts(panel)
    assert widget(panel, "gm-start").disabled


def test_another_order_needs_another_estimate(panel, planned):
    type_key(panel)
    press(panel, "gm-estimate-fetch")
    look(panel)
    labelled(panel, "At most").value = 5
    assert widget(panel, "gm-start").disabled


def test_double_click_starts_one(panel, planned, started):
    type_key(panel)
    press(panel, "gm-estimate-fetch")
    look(panel)
    click(panel, "gm-start")
    click(panel, "gm-start")
    assert len(started) == 1
    assert read_status(fetches_folder() / "tng100-1").state == "starting"
    assert panel.form.order.name == "tng100-1-2"


def test_name_that_another_visitor_took_meanwhile_is_reported(panel, planned, started):
    type_key(panel)
    press(panel, "gm-estimate-fetch")
    look(panel)
    fetches.start(Order(name="tng100-1"), KEY)
    press(panel, "gm-start")
    assert "The name tng100-1 is taken; choose another." in texts(panel)
    assert len(started) == 1


# The key


def test_key_is_in_the_environment_of_the_process_only(panel, planned, started, home):
    type_key(panel)
    press(panel, "gm-estimate-fetch")
    look(panel)
    press(panel, "gm-start")
    for arguments, environment in (*planned, *started):
        assert environment["TNG_API_KEY"] == KEY
        assert KEY not in "".join(arguments)
    assert KEY not in os.environ.values()
    for path in home.rglob("*"):
        assert path.is_dir() or KEY not in path.read_text()


def test_key_is_in_no_model_of_the_page(panel):
    type_key(panel)
    contents = [
        repr(model.properties_with_values()) for model in panel.__panel__().get_root().references()
    ]
    assert any("API key" in content for content in contents)
    assert not any(KEY in content for content in contents)
    assert KEY not in repr(panel.form.key_field)


def test_key_is_not_in_the_address(panel):
    type_key(panel)
    from galmass_app.address import query

    assert KEY not in query(panel.session)


def test_what_cannot_be_a_key_is_refused_and_not_shown(panel):
    type_key(panel, "<not a key>")
    assert panel.form.key == ""
    assert "letters and digits" in texts(panel)
    assert "not a key" not in texts(panel)


def test_key_of_the_server_goes_before_any_other(monkeypatch, planned):
    monkeypatch.setenv("TNG_API_KEY", "server1")
    panel = FetchPanel(SessionState(getting=True))
    assert not panel.__panel__().select(KeyField)
    press(panel, "gm-estimate-fetch")
    look(panel)
    assert planned[0][1]["TNG_API_KEY"] == "server1"


def test_a_resume_needs_the_key_again(panel, started):
    write(state="stopped")
    look(panel)
    click(panel, "gm-fetch-resume")
    assert NO_KEY in texts(panel)
    type_key(panel)
    click(panel, "gm-fetch-resume")
    assert started[0][0][:3] == ("fetch", "--out", str(fetches_folder() / "one"))
    assert read_status(fetches_folder() / "one").state == "starting"


# Faults of the API, by the real command


@pytest.fixture
def server(monkeypatch):
    with TngApi() as running:
        monkeypatch.setenv("TNG_API_URL", running.base)
        yield running


def test_refused_key_is_one_sentence(server):
    with pytest.raises(ValueError, match=r"the API must accept the key .* but refuses it \(403\)"):
        fetches.estimate(Order(name="new"), "wrong")


def test_key_is_in_no_file_of_a_fetch_by_a_process_of_its_own(server, home):
    fetches.start(Order(name="new", limit=1, keeps_particles=True), KEY)
    status = wait_for_end("new")
    assert (status.state, status.content["reason"]) == ("finished", "")
    assert (status.folder / "cutouts" / "cutout_0.hdf5").exists()
    for path in home.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()


def wait_for_end(name):
    deadline = time.monotonic() + 300
    while (status := read_status(fetches_folder() / name)).state in ("starting", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return status


def test_process_that_ends_before_it_takes_over_says_why(monkeypatch):
    monkeypatch.setattr(
        processes,
        "_galmass",
        lambda *_: [sys.executable, "-c", "raise SystemExit(print('galmass: no luck'))"],
    )
    fetches.start(Order(name="new"), KEY)
    status = wait_for_end("new")
    assert (status.state, status.content["reason"]) == ("failed", "no luck")


# The list


@pytest.fixture
def every_report(monkeypatch):
    """Let every report be written."""
    monkeypatch.setattr("galmass_core.fetch.status.EVERY", -1.0)


@pytest.mark.usefixtures("every_report")
def test_running_fetch_shows_its_progress(panel):
    folder = fetches_folder() / "one"
    with write_status(folder, Order(name="one").request) as writer:
        writer.begin_stage("maps", 4_000_000)
        writer.report(2, 4, size=1_000_000)
        content = read_status(folder).content
        write_json(folder / STATUS, content | {"bytes_per_second": 5e5, "seconds_left": 6.0})
        look(panel)
        shown = " ".join(texts(panel).split())
        assert "▸ running" in shown
        assert "2 of 4 galaxies · 1.0 MB of 4.0 MB · 500 kB/s · 6 s left" in shown
        assert 'value="0.250"' in shown
        assert [b.visible for b in parts(panel, "gm-fetch-stop")][:2] == [True, True]
        assert services.work() == ""  # the build says it


@pytest.mark.usefixtures("every_report")
def test_work_names_a_running_fetch():
    with write_status(fetches_folder() / "one", Order(name="one").request) as writer:
        writer.begin_stage("cutouts", 100)
        writer.report(2, 4, size=50)
        assert services.work() == "fetching one: 2 of 4 galaxies"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"state": "starting"}, "a process is coming up"),
        ({"state": "failed", "reason": "no luck"}, "no luck"),
        ({"state": "stopped"}, "before anything came"),
        (
            {"state": "stopped", "stage": "catalogue", "done": 3, "total": 16, "bytes": 2e6},
            "group catalogue, 3 of 16 files · 2.0 MB",
        ),
        (
            {"state": "finished", "stage": "maps", "done": 4, "total": 4, "all_bytes": 8},
            "4 of 4 galaxies · 0 B of 8 B",
        ),
    ],
)
def test_standing_in_words(content, words):
    assert standing(write(**content)) == words


def test_failed_galaxies_are_listed_with_their_reasons(panel):
    write(state="failed", reason="2 could not", failed=2, reasons=["subhalo 7: <gone>"])
    look(panel)
    shown = texts(panel)
    assert "2 galaxies failed or excluded" in shown
    assert "<li>subhalo 7: &lt;gone&gt;</li>" in shown
    assert "and 1 more" in shown


def test_particles_say_how_to_go_on(panel):
    write(state="finished", stage="cutouts", all_bytes=0, request={"build": None})
    look(panel)
    assert f"galmass build {fetches_folder() / 'one'} --out one" in texts(panel)


def test_a_fetch_whose_folder_is_deleted_leaves_the_list(panel):
    write(state="stopped")
    look(panel)
    shutil.rmtree(fetches_folder() / "one")
    click(panel, "gm-fetch-stop")
    assert "fetch one must be there, but its folder was deleted" in texts(panel)
    assert "Nothing has been fetched here yet." in texts(panel)


@pytest.mark.parametrize("text", ["", "[]", '{"state": "running"}'])
def test_damaged_status_hides_no_other(text):
    write("good", state="stopped")
    path = write("bad").folder / "status.json"
    path.write_text(text)
    assert [status.name for status in services.fetches()] == ["good"]
    assert services.work() == ""


def test_only_what_runs_can_be_stopped():
    write(state="starting")
    with pytest.raises(ValueError, match="is starting and can be stopped in a moment"):
        fetches.stop("one")


def test_newest_are_listed_first_and_older_ones_counted(panel):
    now = datetime.now(UTC)
    for number in range(7):
        began = (now + timedelta(seconds=number)).isoformat()
        write(f"f{number}", state="stopped", started=began)
    look(panel)
    shown = texts(panel)
    assert [f"f{n}" in shown for n in range(7)] == [False, False, True, True, True, True, True]
    assert "2 older in" in shown
