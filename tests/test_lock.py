import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest

from galmass_core.storage.lock import (
    SILENCE,
    clear_lock,
    identity,
    is_locked,
    locked,
    update_heartbeat,
)


def test_a_folder_is_locked_while_the_block_lasts(tmp_path):
    assert not is_locked(tmp_path)
    with locked(tmp_path):
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_lock_goes_when_the_block_fails(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    assert not is_locked(tmp_path)


def hold_in_another_process(folder):
    """Take the lock in another process, which ends at once without giving it back."""
    code = (
        "import os, sys, pathlib, galmass_core.storage.lock\n"
        "holding = galmass_core.storage.lock.locked(pathlib.Path(sys.argv[1]))\n"
        "holding.__enter__()\n"
        "os._exit(0)\n"
    )
    command = [sys.executable, "-c", code, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_another_process_cannot_take_it(tmp_path):
    with locked(tmp_path):
        other = hold_in_another_process(tmp_path)
    assert f"is being written by process {os.getpid()}" in other.stderr


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path):
    hold_in_another_process(tmp_path)
    assert (tmp_path / "lock").exists()
    assert not is_locked(tmp_path)
    with locked(tmp_path):
        assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()


def test_only_the_lock_of_a_dead_process_is_cleared(tmp_path):
    with locked(tmp_path):
        clear_lock(tmp_path)
        assert is_locked(tmp_path)
    (tmp_path / "lock.os").touch()
    clear_lock(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_later_process_of_the_same_number_is_not_the_owner(tmp_path):
    with locked(tmp_path):
        lock = tmp_path / "lock"
        owner = json.loads(lock.read_text())
        lock.write_text(json.dumps(owner | {"process_start": owner["process_start"] - 1000}))
        assert not is_locked(tmp_path)


def test_an_owner_elsewhere_lives_as_long_as_it_shows_life(tmp_path):
    with locked(tmp_path):
        lock = tmp_path / "lock"
        owner = json.loads(lock.read_text())
        lock.write_text(json.dumps(owner | {"host": "elsewhere"}))
        long_ago = time.time() - SILENCE - 1
        os.utime(lock, (long_ago, long_ago))
        assert not is_locked(tmp_path)
        update_heartbeat(tmp_path)
        assert is_locked(tmp_path)


RACER = """
import sys
from contextlib import ExitStack
from pathlib import Path
from galmass_core.storage.lock import locked
for line in sys.stdin:
    with ExitStack() as held:
        try:
            held.enter_context(locked(Path(line.strip())))
            print("holds", flush=True)
        except ValueError:
            print("waits", flush=True)
        sys.stdin.readline()
    print("left", flush=True)
"""

REPEATER = """
import sys
from pathlib import Path
from galmass_core.storage.lock import locked
folder, entered = Path(sys.argv[1]), 0
while entered < 50:
    try:
        with locked(folder):
            (folder / "inside").touch(exist_ok=False)
            (folder / "inside").unlink()
            entered += 1
    except ValueError:
        pass
"""


@pytest.fixture
def dead():
    """The identity of a process of this machine that has ended, as all versions record it."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return {"pid": process.pid, "process_start": 1, "host": platform.node()}


@pytest.fixture
def start():
    """Start processes that run some code; they are killed in the end."""
    processes = []

    def start(code, *words):
        command, pipe = [sys.executable, "-c", code, *words], subprocess.PIPE
        processes.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def send(processes, line):
    """Send a line to all, then return the line with which each of them answers."""
    for process in processes:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
    return [process.stdout.readline().strip() for process in processes]


def test_one_of_several_processes_takes_over_a_stale_lock(tmp_path, start, dead):
    racers = [start(RACER) for _ in range(4)]
    for number in range(100):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "lock").write_text(json.dumps(dead))
        assert sorted(send(racers, folder)) == ["holds", "waits", "waits", "waits"]
        send(racers, "leave")


def test_two_processes_are_never_inside_while_the_lock_changes_hands(tmp_path, start):
    for process in [start(REPEATER, str(tmp_path)) for _ in range(3)]:
        process.wait(timeout=300)
        assert process.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="older versions knew start times on Linux only")
def test_the_start_time_is_the_one_that_older_versions_recorded():
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    assert abs(identity()["process_start"] - ticks) <= 1


def test_a_lock_of_an_older_version_is_respected_while_its_process_lives(tmp_path):
    (tmp_path / "lock").write_text(json.dumps(identity()))  # and no lock of the system
    with pytest.raises(ValueError, match=f"written by process {os.getpid()}"), locked(tmp_path):
        pass
    assert (tmp_path / "lock").exists()


def test_a_dead_owner_without_a_start_time_is_dead_at_once(tmp_path, dead):
    (tmp_path / "lock").write_text(json.dumps(dead | {"process_start": None}))
    assert not is_locked(tmp_path)


def test_a_living_owner_without_a_start_time_lives_as_long_as_it_shows_life(tmp_path):
    lock = tmp_path / "lock"
    lock.write_text(json.dumps(identity() | {"process_start": None}))
    assert is_locked(tmp_path)
    long_ago = time.time() - SILENCE - 1
    os.utime(lock, (long_ago, long_ago))
    assert not is_locked(tmp_path)
