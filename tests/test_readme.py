"""The README tells the truth: its Python runs, and its tree is the tree."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that holds what the README's examples read."""
    from galmass_core.datasets.build import build_dataset
    from galmass_core.synthetic.model import sample_galaxy, showcase_models
    from galmass_core.synthetic.tng_writer import write_cutout

    subhalo, model = next(iter(showcase_models().items()))
    cutout = tmp_path / "cutout_1.hdf5"
    write_cutout(cutout, sample_galaxy(model, seed=1), subhalo=subhalo)
    build_dataset([cutout], tmp_path / "mygalaxies")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_python_examples_run(folder):
    names = {}
    for block in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL):
        exec(block, names)
    assert names["velocity"].shape == (48, 48)
    assert names["inputs"]["r"].shape == (3, 300, 300)
    assert len(names["picture"]) == 4


def test_every_folder_stands_in_the_tree_and_nothing_else():
    (tree,) = re.findall(r"```text\n(galmass_core/.*?)```", README, flags=re.DOTALL)
    above, named = [], set()
    for indent, name in re.findall(r"^( *)([\w.]+/?) ", tree, flags=re.MULTILINE):
        above[len(indent) // 2 :] = [name.rstrip("/")]
        path = "/".join(above)
        assert (ROOT / path).exists()
        named |= {path} if name.endswith("/") else set()
    folders = {
        str(path.parent.relative_to(ROOT))
        for package in ("app", "assets", "docs", "galmass_core", "tests")
        for path in (ROOT / package).rglob("*.py")
        if "_build" not in path.parts
    }
    assert named == folders | {"findings"}
