import pytest

from galmass_core.storage.lock import locked
from galmass_core.storage.new_folder import new_folder, remove_aside


def test_a_folder_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "data"
    with new_folder(path) as content:
        (content / "table").write_text("whole")
        assert not path.exists()
    assert (path / "table").read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_left_of_a_failure(tmp_path):
    with pytest.raises(KeyError), new_folder(tmp_path / "data") as content:
        raise KeyError(content)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_not_in_the_next_folder(tmp_path):
    left = tmp_path / ".data.part" / "content"
    left.mkdir(parents=True)
    (left / "half").touch()
    with new_folder(tmp_path / "data"):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["data"]


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(FileExistsError, match="must be a new or empty folder"):
        new_folder(tmp_path).__enter__()


def test_two_processes_do_not_make_one_folder(tmp_path):
    (tmp_path / ".data.part").mkdir()
    with locked(tmp_path / ".data.part"):
        with pytest.raises(ValueError, match="is being written by process"):
            new_folder(tmp_path / "data").__enter__()
        remove_aside(tmp_path / "data")
        assert (tmp_path / ".data.part" / "lock").exists()
    remove_aside(tmp_path / "data")
    assert list(tmp_path.iterdir()) == []
