"""Imports keep to the contracts in pyproject.toml, and every package is installed."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "pyproject.toml"


def test_imports_keep_to_the_contracts():
    command = (
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    )
    done = subprocess.run(  # apart: import-linter disables the loggers that there are
        [sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


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
