import pytest

from galmass_core.storage.aside import folder_aside, remove_left
from galmass_core.storage.lock import identity


def test_a_folder_lasts_as_long_as_its_block(tmp_path):
    with folder_aside(tmp_path) as folder:
        remove_left(tmp_path)
        assert folder.is_dir()
    with pytest.raises(KeyError), folder_aside(tmp_path):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_only_folders_of_dead_processes_of_this_machine_are_removed(tmp_path):
    here, pid = identity()["host"], 2**22 + 1  # above the largest number of a process
    dead = tmp_path / f"{pid}-100-0123abcd-{here}.part"
    elsewhere = tmp_path / f"{pid}-100-0123abcd-other-{here}.part"
    for folder in (dead, elsewhere):
        folder.mkdir()
        (folder / "stack.npy").touch()
    remove_left(tmp_path)
    assert list(tmp_path.iterdir()) == [elsewhere]
