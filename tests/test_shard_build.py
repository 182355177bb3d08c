from dataclasses import replace
from pathlib import Path

import pytest

from galmass_core import __version__
from galmass_core.datasets.measure import Measured, Recipe
from galmass_core.datasets.shard_build import (
    ShardTask,
    check_worker,
    exclude_repeated,
    write_shard,
)
from galmass_core.imaging.maps import MapConfig
from galmass_core.sources import GalaxyRef

RECIPE = Recipe(maps=MapConfig(), device="cpu", where=None, ids=None, packed=False, stars=None)


@pytest.fixture
def task(tmp_path):
    """A task that this process can do."""
    (tmp_path / "out/unfinished").mkdir(parents=True)
    (tmp_path / "out/unfinished/settings.json").write_text("{}")
    (tmp_path / "cutout_1.hdf5").write_text("stars")
    ref = GalaxyRef(tmp_path / "cutout_1.hdf5")
    return ShardTask(
        number=0,
        refs=[ref],
        identities=[ref.identity(Path.stat)],
        taken={},
        recipe=RECIPE,
        out=tmp_path / "out",
        settings="{}",
    )


def measured(name, source):
    return Measured(name=name, rows=[{"source": source}], entry=None)


def test_worker_that_sees_the_same_files_may_work(task):
    check_worker(task)


def test_worker_with_another_galmass_is_refused(task):
    rule = rf"the Dask worker on \S+ must have galmass 9.9, as the client, got {__version__}"
    with pytest.raises(ValueError, match=rule):
        check_worker(replace(task, version="9.9"))


def test_worker_that_does_not_see_the_folder_is_refused(task, tmp_path):
    with pytest.raises(ValueError, match=r"/nowhere: must be a folder that .* shares"):
        check_worker(replace(task, out=tmp_path / "nowhere"))


def test_worker_with_another_folder_at_the_same_path_is_refused(task):
    with pytest.raises(ValueError, match=r"/out: must be a folder that .* shares"):
        check_worker(replace(task, settings='{"stars": 500}'))


def test_worker_that_does_not_see_a_source_is_refused(task):
    task.refs[0].path.unlink()
    with pytest.raises(ValueError, match=r"cutout_1.hdf5: must be a file that .* shares"):
        check_worker(task)


def test_worker_with_another_file_at_the_same_path_is_refused(task):
    task.refs[0].path.write_text("other stars")
    with pytest.raises(ValueError, match=r"cutout_1.hdf5: must be a file that .* shares"):
        check_worker(task)


def test_first_galaxy_of_a_name_is_kept_and_names_of_earlier_shards_are_taken():
    results = [measured("a", "1"), None, measured("b", "2"), measured("a", "3")]
    first, none, second, third = exclude_repeated(results, {"b": "0"})
    assert (first.name, none) == ("a", None)
    assert (second.name, second.reason) == ("b", "its name is taken by 0")
    assert (third.source, third.reason) == ("3", "its name is taken by 1")


def test_shard_that_fails_leaves_no_file(task):
    def fail():
        yield None
        raise MemoryError

    with pytest.raises(MemoryError):
        write_shard(task.out, 0, fail(), packed=False)
    assert [path.name for path in (task.out / "unfinished").iterdir()] == ["settings.json"]
