import json

import numpy as np
import pytest

from galmass_core.storage.atomic import atomic_write, write_json


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
