import json

import numpy as np
import pytest

from galmass_core.storage.atomic import atomic_write, discard, reserve, write_json


def test_file_is_in_place_only_after_the_block(tmp_path):
    path = tmp_path / "index.json"
    with atomic_write(path) as part:
        part.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "index.json"
    path.write_text("old")

    def fail():
        with atomic_write(path) as part:
            part.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_json_takes_numbers_of_numpy(tmp_path):
    write_json(tmp_path / "row.json", {"count": np.int64(3), "share": np.float32(0.5)})
    assert json.loads((tmp_path / "row.json").read_text()) == {"count": 3, "share": 0.5}


def test_what_a_killed_process_left_of_a_file_goes_with_it(tmp_path):
    for name in ("index.json", "index.json.part", "other.json"):
        (tmp_path / name).touch()
    discard(tmp_path / "index.json")
    assert [path.name for path in tmp_path.iterdir()] == ["other.json"]


def test_a_file_with_holes_takes_its_disk(tmp_path):
    path = tmp_path / "map"
    with path.open("wb") as stream:
        stream.truncate(1 << 20)
    reserve(path)
    assert path.stat().st_blocks * 512 >= 1 << 20
