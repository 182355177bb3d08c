"""Every block of code in the README and the documentation runs, or at least can be parsed.

Blocks of a page run in order, in a home folder of small made data. A comment
``<!-- parsed only: reason -->`` above a block says that it takes too long or needs what is not
here; ``<!-- needs package, package -->`` that it runs only where these packages are.
"""

import importlib.util
import re
import shlex
import shutil
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from demo_folder import write_demo_galaxies
from galaxy_files import tng_particles, write_directory
from sample_tables import make_dataset, make_samples

from galmass_core.cli import build_parser, main
from galmass_core.datasets.build import build_dataset
from galmass_core.quantities import MAPS, QUANTITIES, TARGETS

ROOT = Path(__file__).resolve().parents[1]
MADE = ("_build", "generated", "jupyter_execute")  # folders of what is built
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"] + [
    path for path in sorted((ROOT / "docs").rglob("*.md")) if not set(path.parts) & set(MADE)
]
FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)
LANGUAGES = {"python", "console", "text", "{toctree}", "{eval-rst}", "{include}", "{code-cell}"}
PARSED_ONLY = re.compile(r"<!-- parsed only: .+ -->\n$")
NEEDS = re.compile(r"<!-- needs (\w+(?:, \w+)*) -->\n$")


class Block(NamedTuple):
    """A block of code on a page."""

    language: str
    text: str
    runs: bool
    needs: tuple[str, ...] = ()


def blocks_of(path: Path) -> list[Block]:
    page = path.read_text(encoding="utf-8")
    blocks = []
    for found in FENCE.finditer(page):
        needs = NEEDS.search(page, 0, found.start())
        runs = not PARSED_ONLY.search(page, 0, found.start())
        blocks.append(Block(found[1], found[2], runs, tuple(needs[1].split(", ")) if needs else ()))
    return blocks


def commands(block: Block) -> list[list[str]]:
    """Return the words of each galmass command in a block, without ``galmass``."""
    lines = [part for line in block.text.splitlines() for part in line.split("; ")]
    words = [shlex.split(line, comments=True) for line in lines]
    return [line[1:] for line in words if line and line[0] == "galmass"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with everything that the pages read."""
    folder = tmp_path_factory.mktemp("made")
    write_demo_galaxies(folder / "cutouts", 3)
    shutil.copy(folder / "cutouts" / "cutout_1.hdf5", folder)
    build_dataset([folder / "cutouts"], folder / "mygalaxies")
    shutil.copytree(folder / "mygalaxies", folder / "universe")  # as of `galmass demo`
    make_dataset(folder / "tng", make_samples(60))
    numbers = pd.DataFrame({"SubhaloID": range(60), "environment": 1.0})
    numbers.to_csv(folder / "table.csv", index=False)
    write_directory(folder / "TNG100-1" / "output", [tng_particles(seed=1), tng_particles(seed=2)])
    (folder / "ids.txt").write_text("1\n2\n")
    return folder


@pytest.fixture
def home(made, tmp_path, monkeypatch):
    """A copy of it that one page may change, as working folder and home folder."""
    folder = shutil.copytree(made, tmp_path / "home")
    monkeypatch.setenv("GALMASS_HOME", str(folder))
    monkeypatch.delenv("GALMASS_DATA", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # builds start no other process
    monkeypatch.chdir(folder)
    before = [(registry, dict(registry)) for registry in (MAPS, QUANTITIES, TARGETS)]
    yield folder
    for registry, content in before:  # without what a page registered
        registry.clear()
        registry.update(content)


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(block.runs for block in blocks_of(page))],
    ids=lambda page: str(page.relative_to(ROOT)),
)
@pytest.mark.usefixtures("home")
@pytest.mark.filterwarnings("ignore:COPY_IF_NEEDED")  # of spectral-cube 0.7 with astropy 8
def test_blocks_of_a_page_run_in_order(page):
    names, lacking = {}, set()
    for block in blocks_of(page):
        missing = {package for package in block.needs if not importlib.util.find_spec(package)}
        lacking |= missing
        if not block.runs or missing:
            continue
        if block.language == "python":
            exec(compile(block.text, page.name, "exec"), names)
        elif block.language == "console":
            for words in commands(block):
                assert main(words) == 0, words
    if lacking:
        pytest.skip(f"the other blocks run; some need {', '.join(sorted(lacking))}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_of_a_page_can_be_parsed(page):
    for block in blocks_of(page):
        if block.language == "python":
            compile(block.text, page.name, "exec")
        for words in commands(block) if block.language == "console" else ():
            build_parser().parse_args(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_says_its_language(page):
    assert {block.language for block in blocks_of(page)} <= LANGUAGES


def test_every_test_that_holds_a_promise_exists():
    page = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+)::(test_\w+)`", page)
    assert len(named) > 10
    for module, test in named:
        text = (ROOT / "tests" / f"{module}.py").read_text(encoding="utf-8")
        assert f"def {test}(" in text, f"{module}::{test}"
    for command in re.findall(r"`(tests/\S+\.py)`", page):
        assert (ROOT / command).exists(), command
