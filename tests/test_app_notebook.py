"""A data set or a run shows itself in a notebook in one line: a notebook is executed."""

import os
import sys

import panel as pn
import pytest
from demo_folder import write_demo_galaxies
from sample_tables import make_dataset, make_samples
from served import PATIENCE

from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.dataset import open_dataset
from galmass_core.training.model_runs import train_run

CELLS = [
    "from galmass_app.notebook import show\n"
    "from galmass_core.datasets.dataset import open_dataset\n"
    "from galmass_core.training.runs import open_run",
    "show(open_dataset('toys'))",
    "show(open_dataset('toys'), galaxy='2', los='x')",
    "show(open_dataset('toys'), 'sample')",
    "show(open_run('trees'))",
    "import asyncio\n"  # the page goes on while the kernel waits
    "from bokeh.models import ImportedStyleSheet\n"
    "page = show(open_dataset('table'), 'features', theme='dark')\n"
    "display(page)\n"
    "for _ in range(600):\n"
    "    await asyncio.sleep(0.1)\n"
    "    results = page.select(lambda part: 'gm-result' in part.css_classes)\n"
    "    words = ' '.join(part.object or '' for part in results)\n"
    "    if 'test samples' in words:\n"
    "        break\n"
    "print(words)\n"
    "((root, _),) = page._models.values()\n"
    "print('sheets:', {str(one.url)[:9] for one in root.select({'type': ImportedStyleSheet})})",
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
    with pytest.MonkeyPatch.context() as patch:  # most of its time is grammars of addresses
        patch.setitem(sys.modules, "rfc3987_syntax", None)
        nbformat = pytest.importorskip("nbformat", reason="needs nbformat (extra [test])")
        nbclient = pytest.importorskip("nbclient", reason="needs nbclient (extra [test])")
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
    return [cell["outputs"] for cell in notebook["cells"]]


def text(output):
    """Return all that a cell says, as a page or as text."""
    return "".join(part.get("text", "") + str(part.get("data", "")) for part in output)


@pytest.fixture
def written(outputs, tmp_path):
    """The executed notebook as one page, as a notebook reader makes it of the outputs."""
    parts = []
    for data in (part.get("data", {}) for output in outputs for part in output):
        if "application/javascript" in data:
            script = data["application/javascript"].replace("</script>", "<\\/script>")
            parts.append(f"<script>{script}</script>")
        else:
            parts.append(data.get("text/html", ""))
    page = tmp_path / "notebook.html"
    page.write_text("<!doctype html><meta charset='utf-8'>" + "\n".join(parts), encoding="utf-8")
    return page


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (1, "Subhalo 1"),
        (1, "velocity map"),
        (2, "Subhalo 2"),
        (2, "seen along x"),
        (3, "Faber"),
        (4, "gm-run-facts"),
        (5, "Masses from summary features"),
    ],
)
def test_cell_shows_its_page(outputs, cell, words):
    shown = text(outputs[cell])
    assert words in shown
    assert "gm-notebook" in shown
    assert "--gm-bg: #0e1116" in shown  # the page's colours come along


def test_page_that_learns_goes_on_in_a_notebook(outputs):
    assert "test samples" in text(outputs[5])
    assert "sheets: {'data:text'}" in text(outputs[5])  # also of what came late


@pytest.mark.browser
def test_read_without_a_kernel_it_shows_and_asks_no_host(chromium, written):
    from playwright.sync_api import expect

    page, requested, troubles = chromium.new_page(), [], []
    page.set_default_timeout(PATIENCE)

    def answer(route):
        if route.request.url == written.as_uri():
            route.continue_()
        else:
            requested.append(route.request.url)
            route.abort()

    page.route("**/*", answer)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(written.as_uri())
    page.locator(".gm-run-facts").wait_for()  # cells do not wait for each other
    titles = ["Subhalo 1", "Subhalo 2", "Masses from summary features"]
    expect(page.locator(".gm-headline h1")).to_have_text(titles)
    expect(page.locator(".typing input")).to_have_count(4)
    page.locator(".gm-map canvas").nth(7).wait_for()
    assert page.locator(".gm-map canvas").count() >= 8
    fonts = page.locator(".gm-headline").evaluate_all(
        "parts => parts.map(part => getComputedStyle(part).fontFamily)"
    )
    assert all(font.startswith("system-ui") for font in fonts)
    page.wait_for_timeout(2000)  # what comes late
    page.close()
    assert not [url for url in requested if not url.startswith(("data:", "blob:"))]
    assert not troubles


def test_what_does_not_exist_is_reported_in_the_cell(home, monkeypatch):
    from galmass_app.notebook import show

    monkeypatch.setenv("GALMASS_HOME", str(home))
    monkeypatch.setattr("galmass_app.services._registered", {})  # other tests are no notebooks
    for name in ("design", "inline"):
        monkeypatch.setattr(pn.config, name, getattr(pn.config, name))
    data = open_dataset(home / "toys")
    with pytest.raises(ValueError, match="page must be one of explore, sample"):
        show(data, "nonsense")
    with pytest.raises(ValueError, match="no subhalo 77"):
        show(data, galaxy="77")
    with pytest.raises(ValueError, match="names of SessionState, got hue"):
        show(data, hue="red")
