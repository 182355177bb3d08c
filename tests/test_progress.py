import json

from galmass_core.storage.progress import progress_bar, work_in_progress


def test_progress_is_next_to_the_folder_and_gone_at_the_end(tmp_path):
    with progress_bar("building", tmp_path / "maps") as show:
        show(1, 3)
        assert work_in_progress(tmp_path)["maps"]["total"] == 3
    assert not list(tmp_path.iterdir())


def test_working_folder_has_progress_too(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with progress_bar("fetching", type(tmp_path)(".")) as show:
        show(2, 3)
        content = json.loads((tmp_path / "here.progress.json").read_text())
    assert (content["task"], content["done"]) == ("fetching", 2)


def test_what_a_killed_process_left_goes_with_the_next_progress(tmp_path):
    for name in ("data.progress.json", "data.progress.json.part"):
        (tmp_path / name).touch()
    with progress_bar("building", tmp_path / "data"):
        pass
    assert list(tmp_path.iterdir()) == []
