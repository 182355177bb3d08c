"""A data set or a run shows itself in a notebook in one line: a notebook is executed."""

import json
import os

import pytest
from demo_folder import write_demo_galaxies
from sample_tables import make_dataset, make_samples

from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.dataset import open_dataset
from galmass_core.learning.model_runs import train_run

nbformat = pytest.importorskip("nbformat", reason="needs nbformat (extra [test])")
nbclient = pytest.importorskip("nbclient", reason="needs nbclient (extra [test])")

CELLS = [
    "from galmass_app.notebook import show\n"
    "from galmass_core.datasets.dataset import open_dataset\n"
    "from galmass_core.learning.runs import open_run",
    "show(open_dataset('toys'))",
    "show(open_dataset('toys'), galaxy='2', los='x')",
    "show(open_dataset('toys'), 'sample')",
    "show(open_dataset('table'), 'features', theme='dark')",
    "show(open_run('trees'))",
    "import asyncio\n"  # the page goes on while the kernel waits
    "page = show(open_dataset('table'), 'features')\n"
    "for _ in range(600):\n"
    "    await asyncio.sleep(0.1)\n"
    "    if said := page.select(lambda part: 'gm-result' in part.css_classes):\n"
    "        break\n"
    "print(said[0].object)",
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Two data sets, and a run."""
    home = tmp_path_factory.mktemp("home")
    cutouts = write_demo_galaxies(tmp_path_factory.mktemp("sources") / "cutouts", 2)
    build_dataset([cutouts], home / "toys")
    make_dataset(home / "table", make_samples(100))
    data = open_dataset(home / "table")
    train_run(data, "mstar/features", split="galaxy", seed=0, path=home / "runs" / "trees")
    return home


@pytest.fixture(scope="module")
def outputs(home):
    """Execute the notebook; return what each cell shows."""
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    before = dict(os.environ)
    os.environ.update(GALMASS_HOME=str(home))
    os.environ.pop("GALMASS_DATA", None)
    try:
        nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return ["".join(map(json.dumps, cell["outputs"])) for cell in notebook["cells"]]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (1, "Subhalo 1"),
        (1, "velocity map"),
        (2, "Subhalo 2"),
        (2, "seen along x"),
        (3, "Faber"),
        (4, "Mass from a few numbers"),
        (5, "gm-run-facts"),
    ],
)
def test_cell_shows_its_page(outputs, cell, said):
    assert said in outputs[cell]
    assert "gm-notebook" in outputs[cell]
    assert "--gm-bg: #0e1116" in outputs[cell]  # the page's colours come along


def test_page_that_learns_goes_on_in_a_notebook(outputs):
    assert "test samples" in outputs[6]


def test_what_does_not_exist_is_told_in_the_cell(home, monkeypatch):
    from galmass_app.notebook import show

    monkeypatch.setenv("GALMASS_HOME", str(home))
    monkeypatch.setattr("galmass_app.services._offered", {})  # other tests are no notebooks
    data = open_dataset(home / "toys")
    with pytest.raises(ValueError, match="page must be one of explore, sample"):
        show(data, "nonsense")
    with pytest.raises(ValueError, match="no subhalo 77"):
        show(data, galaxy="77")
    with pytest.raises(ValueError, match="names of Choice, got colour"):
        show(data, colour="red")
