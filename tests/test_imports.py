"""Imports keep to the contracts in pyproject.toml, and every package is installed."""

import tomllib
from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "pyproject.toml"


def test_imports_keep_to_the_contracts():
    assert lint_imports(config_filename=str(PROJECT), no_cache=True) == EXIT_STATUS_SUCCESS


def test_served_script_is_short():
    assert len((ROOT / "app" / "main.py").read_text(encoding="utf-8").splitlines()) <= 10


def test_every_package_but_the_benchmarks_is_installed():
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    names = {"app": "galmass_app", "assets": "galmass_assets", "galmass_core": "galmass_core"}
    packages = {
        ".".join([name, *path.parent.relative_to(ROOT / folder).parts])
        for folder, name in names.items()
        for path in (ROOT / folder).rglob("__init__.py")
    } - {"galmass_core.benchmarks"}
    assert set(project["tool"]["setuptools"]["packages"]) == packages
