"""The wheel holds what a user needs and nothing else, and works where there is no checkout."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"app": "galmass_app", "assets": "galmass_assets", "galmass_core": "galmass_core"}
LEFT_OUT = ("galmass_core/benchmarks", "galmass_assets/makers")
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
PAGES = (
    "explore",
    "sample",
    "gallery",
    "features",
    "train",
    "runs",
    "compare",
    "diagnostics",
    "why",
    "transfer",
    "paper",
)
FORGET_CHECKOUT = """
import sys
sys.path[:] = [path for path in sys.path if path != {root!r}]
sys.meta_path[:] = [finder for finder in sys.meta_path
                    if not getattr(finder, "__module__", "").startswith("__editable__")]
"""
OPEN_PAGES = """
import json, os, sys
import panel as pn
from bokeh.document import Document
from panel.io.state import set_curdoc
from galmass_app.page import PAGES, Page

slow = sorted({"lightgbm", "scipy.stats", "torch"} & set(sys.modules))

opened = {}
for page in PAGES:
    with set_curdoc(Document()):
        pn.state.location.search = f"?page={page}"
        models = Page().template.server_doc().roots
        opened[page] = len(list(models))
homes = {name: module.__file__ for name, module in list(sys.modules.items())
         if name.startswith("galmass") and module.__file__}
print(json.dumps({"opened": opened, "files": sorted(homes.values()), "slow": slow}), flush=True)
os._exit(0)  # workers of the pages may still compute
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An empty folder into which the wheel has been unpacked."""
    source, out, folder = (tmp_path_factory.mktemp(name) for name in ("source", "out", "installed"))
    for name in (*PACKAGES, "README.md", "LICENSE", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    build = [sys.executable, "-c", BUILD, str(out)]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    (wheel,) = out.glob("galmass-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def run(installed, tmp_path):
    """Run Python in an empty folder, with the unpacked wheel and its dependencies."""
    (tmp_path / "sitecustomize.py").write_text(FORGET_CHECKOUT.format(root=str(ROOT)))
    path = os.pathsep.join([str(installed), str(tmp_path)])
    environment = os.environ | {"PYTHONPATH": path, "GALMASS_HOME": str(tmp_path)}
    environment.pop("GALMASS_DATA", None)

    def run(*words):
        return subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    return run


def test_every_module_is_there_but_benchmarks_and_makers(installed):
    expected = {
        f"{package}/{path.relative_to(ROOT / folder)}"
        for folder, package in PACKAGES.items()
        for path in (ROOT / folder).rglob("*.py")
    }
    expected = {name for name in expected if not name.startswith(LEFT_OUT)}
    assert {str(path.relative_to(installed)) for path in installed.rglob("*.py")} == expected


@pytest.mark.parametrize(
    "name",
    [
        "galmass_core/py.typed",
        "galmass_assets/universe.json",
        "galmass_assets/paper/table5.csv",
        "galmass_assets/showcase/maps/shard-00000.h5",
        "galmass_assets/runs/any-0/weights.safetensors",
    ],
)
def test_data_files_are_there(installed, name):
    assert (installed / name).is_file()


def test_version_is_that_of_the_package(installed):
    from galmass_core import __version__

    assert (installed / f"galmass-{__version__}.dist-info").is_dir()


def test_bench_says_that_it_needs_a_checkout(run):
    done = run("-m", "galmass_core.cli", "bench", "render")
    assert done.returncode == 2
    assert done.stderr == (
        "galmass: bench must run in a checkout of galmass: its benchmarks are not installed\n"
    )


def test_all_pages_are_built_without_the_checkout(run, installed):
    done = run("-c", OPEN_PAGES)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert tuple(found["opened"]) == PAGES
    assert all(found["opened"].values())
    assert not found["slow"]  # what only networks and trees need comes with the first of them
    assert all(file.startswith(str(installed)) for file in found["files"])
