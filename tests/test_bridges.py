"""The functions that hand over: all are public, and none needs a package before it is called."""

import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from galmass_core import bridges

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "how_to" / "bridges.md").read_text(encoding="utf-8")
MODULES = {"spectral_cube": "spectral-cube"}


def packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [re.match(r"[\w-]+", line)[0] for line in project["optional-dependencies"]["bridges"]]


@pytest.mark.parametrize("name", bridges.__all__)
def test_function_is_described_and_shown(name):
    assert inspect.getdoc(getattr(bridges, name))
    assert f"{name}(" in PAGE


def test_every_package_of_the_extra_has_a_function():
    handed = {name.partition("_")[2] for name in bridges.__all__ if name.startswith(("to", "from"))}
    assert {MODULES.get(name, name) for name in handed} == {*packages(), "jampy"}


def test_nothing_is_imported_before_a_function_is_called():
    modules = [name.replace("-", "_") for name in packages()] + ["jampy", "matplotlib"]
    code = f"import sys, galmass_core.bridges; print(set({modules!r}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "set()\n"
