import pytest

from galmass_core.datasets.unfinished import FinishedShards, begin, remove
from galmass_core.storage.lock import locked


@pytest.fixture
def out(tmp_path):
    begin(tmp_path / "data", {"schema": 1})
    with locked(tmp_path / "data/unfinished"):
        yield tmp_path / "data"


def publish(finished, out, number, *names):
    part = out / "unfinished" / f"{number}.part"
    part.write_text(" ".join(names))
    samples = [{"name": name, "source": f"file {number}"} for name in names]
    finished.publish(number, part, {"samples": samples, "excluded": [], "sha256": ""})


def test_names_are_taken_by_the_first_shard_that_has_them_in_any_order_of_building(out):
    finished = FinishedShards(out)
    publish(finished, out, 2, "a", "b", "c")
    publish(finished, out, 1, "b", "a")
    publish(finished, out, 0, "a")
    assert finished.taken_before(1) == {"a": "file 0"}
    assert finished.repeated() == {
        1: {"a": "file 0"},
        2: {"a": "file 0", "b": "file 1"},
    }


def test_shard_that_is_built_again_replaces_the_first(out):
    finished = FinishedShards(out)
    publish(finished, out, 0, "a")
    publish(finished, out, 0, "b")
    assert (out / "maps/shard-00000.h5").read_text() == "b"
    assert FinishedShards(out).names == finished.names == {0: {"b": "file 0"}}


def test_shard_without_galaxies_leaves_no_file(out):
    finished = FinishedShards(out)
    publish(finished, out, 0, "a")
    publish(finished, out, 0)
    assert not list((out / "maps").iterdir())
    assert finished.names == {0: {}}


def test_files_that_an_earlier_process_left_are_removed(out):
    left = out / "unfinished/shard-00000-0a.part"
    left.touch()
    FinishedShards(out)
    assert not left.exists()


def test_lost_worker_finds_no_folder_to_write_to_though_its_file_is_open(out):
    with (out / "unfinished/shard-00000-0a.part").open("w") as late:
        remove(out)
        late.write("maps")
    assert [path.name for path in out.iterdir()] == ["maps"]


def test_folder_that_was_half_removed_is_removed(out):
    (out / "unfinished.old").mkdir()
    remove(out)
    assert [path.name for path in out.iterdir()] == ["maps"]
