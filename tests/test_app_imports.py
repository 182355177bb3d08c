"""The science knows no dashboard, pictures know no widgets, and nothing imports in circles."""

import ast
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "app"
GUI = {"panel", "holoviews", "bokeh", "param", "datashader", "galmass_app"}


def imported(path: Path) -> set[str]:
    """Return what a module imports when it is imported (its functions may import more later)."""
    nodes = ast.parse(path.read_text(encoding="utf-8")).body
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("path", sorted((ROOT / "galmass_core").rglob("*.py")), ids=str)
def test_science_imports_no_gui(path):
    assert not {name.partition(".")[0] for name in imported(path)} & GUI


@pytest.mark.parametrize(
    "path", [*sorted((APP / "plots").glob("*.py")), APP / "state.py", APP / "services.py"], ids=str
)
def test_plots_state_and_services_know_no_widgets(path):
    assert not any(name.startswith(("panel", "galmass_app.views")) for name in imported(path))


def test_dashboard_does_not_import_in_circles():
    modules = {
        "galmass_app." + ".".join(path.relative_to(APP).with_suffix("").parts): imported(path)
        for path in APP.rglob("*.py")
        if path.name != "__init__.py"
    }
    order = TopologicalSorter({name: names & set(modules) for name, names in modules.items()})
    assert set(order.static_order()) == set(modules)


def test_served_script_is_short():
    assert len((APP / "main.py").read_text(encoding="utf-8").splitlines()) <= 10


def test_every_package_but_the_benchmarks_is_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = {"app": "galmass_app", "assets": "galmass_assets", "galmass_core": "galmass_core"}
    packages = {
        ".".join([name, *path.parent.relative_to(ROOT / folder).parts])
        for folder, name in names.items()
        for path in (ROOT / folder).rglob("__init__.py")
    } - {"galmass_core.benchmarks"}
    assert set(project["tool"]["setuptools"]["packages"]) == packages
