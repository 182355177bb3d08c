"""Imports keep to the contracts in pyproject.toml, and every package is installed."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "pyproject.toml"
DOCUMENTED = {"_exit", "_handle_msg", "_replace", "_send_msg"}
UPSTREAM = {  # parts of other packages without another way: xdist, psutil, param, Panel, Bokeh
    "_split_scope",
    "_pslinux",
    "_param__private",
    "_stylesheets",
    "_freeze_count",
    "_get_properties",
}


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


def test_tests_read_no_private_parts_of_ours():
    found = {
        f"{path.name}:{node.lineno} {ast.unparse(node)}"
        for path in (ROOT / "tests").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and node.attr not in DOCUMENTED | UPSTREAM
        and ast.unparse(node.value) not in ("self", "cls")
    }
    assert not found
