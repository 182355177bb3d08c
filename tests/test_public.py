"""The public names of galmass_core: lazy, complete, and without packages that are not needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import galmass_core

PROMISED = {"read_galaxy", "render_maps", "open_dataset", "build_dataset", "train", "predict"}
IMPORT_LIMIT = 0.1  # s


def output(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    ).stdout


@pytest.mark.parametrize("name", galmass_core.__all__)
def test_public_name_is_documented_and_is_what_its_module_calls_so(name):
    value = getattr(galmass_core, name)
    assert value.__name__ == name
    assert value.__module__ == f"galmass_core.{typed_homes()[name]}"
    assert value.__doc__


def typed_homes():
    """Return the module of each public name, as type checkers find it."""
    tree = ast.parse(Path(galmass_core.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.name: line.module.removeprefix("galmass_core.")
        for line in block.body
        for alias in line.names
    }


def test_public_names_are_listed_alike_for_python_and_for_type_checkers():
    assert sorted(typed_homes()) == galmass_core.__all__
    assert {*PROMISED, "table"} <= set(galmass_core.__all__) <= set(dir(galmass_core))


def test_unknown_name_is_no_attribute():
    with pytest.raises(AttributeError, match="'galmass_core' has no attribute 'weigh'"):
        galmass_core.weigh  # noqa: B018


def test_package_imports_at_once_and_nothing_heavy_with_it():
    code = (
        "import sys, time; start = time.process_time(); import galmass_core\n"
        "print(time.process_time() - start)\n"
        "assert set(galmass_core.__all__) <= set(dir(galmass_core))\n"
        "heavy = {'numpy', 'pandas', 'torch', 'numba', 'panel', 'h5py', 'lightgbm'}\n"
        "assert not heavy & set(sys.modules)"
    )
    assert min(float(output(code)) for _ in range(3)) < IMPORT_LIMIT


def test_every_name_works_without_dashboard_and_trees():
    code = (
        "import sys\n"
        "for name in ('panel', 'bokeh', 'holoviews', 'param', 'lightgbm', 'astropy'):\n"
        "    sys.modules[name] = None\n"
        "import galmass_core\n"
        "print(all(callable(getattr(galmass_core, name)) for name in galmass_core.__all__))"
    )
    assert output(code) == "True\n"
