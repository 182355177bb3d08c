"""The panel that builds data sets: its files, its form, its process and its list."""

import json
import shlex
import sys
import time

import pytest
from demo_folder import write_demo_galaxies
from pages import answers_of, labelled, parts, send, texts, widget

from galmass_app import builds, processes, services
from galmass_app.builds import Order, builds_folder, named_source
from galmass_app.state import SessionState
from galmass_app.views.build.file_drop import FileDrop
from galmass_app.views.build.form import SERVER
from galmass_app.views.build.panel import ACTIONS, BuildPanel
from galmass_core.cli import build_parser
from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.capabilities import further_maps
from galmass_core.datasets.dataset import open_dataset

PIECE = 1000


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Home folder without anything in it; files may be named that are in the folder around it."""
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GALMASS_FILES", str(tmp_path))
    monkeypatch.delenv("GALMASS_DATA", raising=False)
    return tmp_path / "home"


@pytest.fixture
def panel():
    return BuildPanel(SessionState(building=True))


@pytest.fixture
def started(monkeypatch):
    """Command lines of processes that would be started; none is."""
    started = []

    def detach(log, *arguments):
        log.write_text("")
        started.append(arguments)
        return 2**22 - 1  # no process has it

    monkeypatch.setattr(processes, "detach", detach)
    return started


def drop(field, name, content):
    """Send a file as the script in the browser does; return what the server answered."""
    answers = answers_of(field)
    for start in range(0, len(content), PIECE):
        piece = content[start : start + PIECE]
        send(field, {"name": name, "size": len(content), "start": start, "bytes": piece})
    return answers


def choose(panel, path):
    """Name a file or folder on the server's disk."""
    widget(panel, "gm-keep").value = SERVER
    labelled(panel, "File or folder").value = path


def wait(name):
    """Look until a build has ended."""
    deadline = time.monotonic() + 300
    while (build := builds.find_build(name)).state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return build


# Files


def test_pieces_of_a_file_make_the_file(home):
    field, content = FileDrop(), bytes(range(256)) * 10
    answers = drop(field, "cutout 1.hdf5", content)
    assert [answer["written"] for answer in answers] == [1000, 2000, 2560]
    assert (field.names, field.size) == (["cutout 1.hdf5"], 2560)
    assert (field.folder / "cutout_1.hdf5").read_bytes() == content
    assert field.folder.parent == builds_folder()
    field.clear()
    assert (field.names, list(builds_folder().iterdir())) == ([], [])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": "galaxy.txt"}, "galaxy.txt: must end with .hdf5 or .h5"),
        ({"size": 10**13}, "a.hdf5: must have at most"),
        ({"size": 0}, "a.hdf5: must have at most"),
        ({"start": 5}, "a.hdf5: must be new and come in order, got 4 bytes at 5"),
        ({"size": 3}, "a.hdf5: must be new and come in order, got 4 bytes at 0"),
    ],
)
def test_file_that_cannot_be_taken_is_refused_in_a_sentence(change, problem):
    field = FileDrop()
    answers = answers_of(field)
    send(field, {"name": "a.hdf5", "size": 4, "start": 0, "bytes": b"four"} | change)
    assert field.problem.startswith(problem)
    assert answers[0]["refused"]
    assert field.names == []


def test_names_of_files_lead_nowhere_else():
    field = FileDrop()
    for name in ("../../up.hdf5", "/other/up.hdf5", "..hdf5"):
        drop(field, name, b"four")
    found = sorted(path.name for path in field.folder.iterdir())
    assert found == ["_.._up.hdf5", "_other_up.hdf5", "hdf5"]


def test_a_file_that_comes_twice_is_refused():
    field = FileDrop()
    drop(field, "a.hdf5", b"four")
    drop(field, "a.hdf5", b"more")
    assert field.problem == "a.hdf5: must be new and come in order, got 4 bytes at 0"
    assert (field.folder / "a.hdf5").read_bytes() == b"four"


# The form


def test_paths_outside_the_folder_of_files_are_refused(tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "link").symlink_to("/usr")
    assert named_source("inside") == named_source(str(tmp_path / "inside")) == tmp_path / "inside"
    for path in ("/usr", "..", "link", "inside/../../.."):
        with pytest.raises(ValueError, match="The files must be inside"):
            named_source(path)
    with pytest.raises(ValueError, match="There is no nothing in"):
        named_source("nothing")


def test_what_is_wrong_with_a_path_is_said_and_nothing_starts(panel, started):
    choose(panel, "nothing")
    assert "There is no nothing in" in texts(panel)
    assert widget(panel, "gm-start-build").disabled
    widget(panel, "gm-start-build").clicks += 1
    assert "Choose the files of the galaxies first." in texts(panel)
    assert started == []


def test_order_is_shown_as_a_command_line(panel, home, tmp_path):
    (tmp_path / "files").mkdir()
    choose(panel, "files")
    labelled(panel, "Only galaxies with").value = "log_mstar > 10"
    labelled(panel, "At most").value = 3
    assert widget(panel, "gm-command").text == (
        f"galmass build {tmp_path}/files --out {home}/mygalaxies '--where=log_mstar > 10' --limit 3"
    )


def test_frame_and_further_maps_are_ordered_as_on_the_command_line(panel, home, tmp_path):
    (tmp_path / "files").mkdir()
    choose(panel, "files")
    plain = f"galmass build {tmp_path}/files --out {home}/mygalaxies"
    reach, units, further = (
        labelled(panel, "Maps reach from the centre"),
        widget(panel, "gm-frame-unit"),
        widget(panel, "gm-channels"),
    )
    assert list(further.options) == ["m*, age, Z", "h₃, h₄", "V_gas, σ_gas"]
    assert widget(panel, "gm-command").text == plain
    units.value = "re"
    assert widget(panel, "gm-command").text == f"{plain} --frame 3re"
    reach.value = 1.5
    further.value = ["populations", "gas"]
    wanted = f"{plain} --frame 1.5re --channels populations gas"
    assert widget(panel, "gm-command").text == wanted
    given = build_parser().parse_args(shlex.split(wanted)[1:])
    assert (given.frame, given.channels) == ("1.5re", ["populations", "gas"])
    reach.value = None
    assert "--frame" not in widget(panel, "gm-command").text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frame": "9e9kpc"}, "frame must be half of its side"),
        ({"name": "a/b"}, "The name must be of letters"),
        ({"name": "builds"}, "The name must be of letters"),
        ({"where": "nothing > 1"}, "nothing"),
    ],
)
def test_an_order_that_cannot_be_carried_out_starts_nothing(changes, message, tmp_path, started):
    with pytest.raises(ValueError, match=message):
        builds.start(Order(**{"name": "one", "source": tmp_path} | changes))
    assert started == []


def test_files_that_came_are_taken_once(panel, started, home):
    drop(panel.form.drop, "a.hdf5", b"four")
    folder = panel.form.drop.folder
    start = widget(panel, "gm-start-build")
    start.clicks += 1
    start.clicks += 1
    ((_, source, *_),) = started
    assert source == str(builds_folder() / "mygalaxies" / "files")
    assert not folder.exists()
    assert panel.form.order == Order(name="mygalaxies-2", source=None)


# Builds


def test_a_build_is_finished_listed_and_opened(panel, tmp_path):
    write_demo_galaxies(tmp_path / "files", 2)
    (tmp_path / "files" / "other.hdf5").write_bytes(b"no HDF5 file")
    choose(panel, "files")
    widget(panel, "gm-channels").value = ["populations"]
    widget(panel, "gm-frame-unit").value = "re"
    widget(panel, "gm-start-build").clicks += 1
    assert wait("mygalaxies").state == "finished"
    assert "age" in further_maps(services.dataset("mygalaxies"))
    assert str(services.dataset("mygalaxies").frame) == "±3 R_e"
    panel.session.poll_count += 1
    assert "✓ finished" in texts(panel)
    assert "2 galaxies" in texts(panel)
    assert "1 galaxy excluded" in texts(panel)
    assert "other.hdf5" in texts(panel)
    buttons = {key: parts(panel, f"gm-fetch-{key}")[0] for key in ACTIONS}
    assert [key for key, each in buttons.items() if each.visible] == ["open"]
    buttons["open"].clicks += 1
    assert (panel.session.dataset, panel.session.building) == ("mygalaxies", False)


def test_a_build_that_fails_says_why_and_can_be_removed(panel, tmp_path, monkeypatch):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "other.hdf5").write_bytes(b"no HDF5 file")
    builds.start(Order(name="one", source=tmp_path / "files"))
    build = wait("one")
    assert build.state == "failed"
    assert "no galaxy could be used, 1 are excluded" in build.fault
    builds.remove("one")
    assert builds.builds() == []


def test_a_build_is_stopped_and_resumed_with_the_same_result(tmp_path, monkeypatch):
    folder = write_demo_galaxies(tmp_path / "files", 2)

    def sleep(*arguments):
        return [sys.executable, "-c", "import time; time.sleep(1000)"]

    with monkeypatch.context() as patch:
        patch.setattr(processes, "_galmass", sleep)
        builds.start(Order(name="one", source=folder))
        assert builds.find_build("one").state == "running"
        with pytest.raises(ValueError, match="must be stopped or failed to be resumed"):
            builds.resume("one")
        with pytest.raises(ValueError, match="must be stopped before it is removed"):
            builds.remove("one")
        builds.stop("one")
    assert wait("one").state == "stopped"
    builds.resume("one")
    assert wait("one").state == "finished"
    direct = build_dataset([folder], tmp_path / "direct")
    assert services.dataset("one").samples.equals(open_dataset(direct.path).samples)


def test_a_damaged_order_hides_no_other(tmp_path, started):
    builds.start(Order(name="one", source=tmp_path))
    builds.start(Order(name="two", source=tmp_path))
    (builds_folder() / "one" / "order.json").write_text(json.dumps({"arguments": 1}))
    assert [build.name for build in builds.builds()] == ["two"]
