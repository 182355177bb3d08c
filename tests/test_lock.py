import json
import os
import subprocess
import sys
import time

import pytest

from galmass_core.storage.lock import SILENCE, is_locked, locked, show_life


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


def test_a_later_process_of_the_same_number_is_not_the_owner(tmp_path):
    with locked(tmp_path):
        lock = tmp_path / "lock"
        owner = json.loads(lock.read_text())
        lock.write_text(json.dumps(owner | {"process_start": owner["process_start"] - 1}))
        assert not is_locked(tmp_path)


def test_an_owner_elsewhere_lives_as_long_as_it_shows_life(tmp_path):
    with locked(tmp_path):
        lock = tmp_path / "lock"
        owner = json.loads(lock.read_text())
        lock.write_text(json.dumps(owner | {"host": "elsewhere"}))
        long_ago = time.time() - SILENCE - 1
        os.utime(lock, (long_ago, long_ago))
        assert not is_locked(tmp_path)
        show_life(tmp_path)
        assert is_locked(tmp_path)
