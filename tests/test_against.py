"""``galmass bench --against``: this checkout and an earlier revision, by turns."""

import subprocess

import pytest

from galmass_core.benchmarks import against
from galmass_core.cli import main

MEASURING = """
import json, sys
from galmass_core.speed import FIGURES
for task, cpu_ms in FIGURES.items():
    print(json.dumps({"task": task, "size": 7, "program": "galmass", "cpu_ms": cpu_ms,
                      "memory_mb": 10.0 * cpu_ms, "wait_ms": 3.0 * cpu_ms}), flush=True)
    if sys.argv[1] == "fails":
        sys.exit("broken: it must work, got nothing")
"""


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Make a repository whose second commit takes half of the time."""
    place = tmp_path / "repository"
    for package in ("galmass_core/benchmarks", "app", "assets"):
        (place / package).mkdir(parents=True)
    (place / "galmass_core/__init__.py").touch()
    (place / "galmass_core/benchmarks/__main__.py").write_text(MEASURING)
    (place / "pyproject.toml").write_text('[project]\ndependencies = ["numpy>=2"]')
    git(place, "init", "--quiet")
    (place / "galmass_core/speed.py").write_text("FIGURES = {'draw': 4.0, 'build': 10.0}")
    commit(place, "first")
    (place / "galmass_core/speed.py").write_text("FIGURES = {'draw': 2.0, 'build': 8.0}")
    monkeypatch.setattr(against, "_HERE", place)
    return place


def git(place, *words):
    subprocess.run(["git", "-C", place, *words], check=True)


def commit(place, message):
    git(place, "add", ".")
    person = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
    git(place, *person, "commit", "--quiet", "-m", message)


def bench(capfd, part="tables", revision="HEAD"):
    code = main(["bench", part, "--sizes", "7", "--against", revision])
    return code, capfd.readouterr()


def test_each_figure_is_a_ratio_of_time_waiting_and_memory(repository, capfd):
    code, shown = bench(capfd)
    assert code == 0
    assert "| draw | 7 | 4 | 2 | 0.50 | 0.50 | 0.50 |" in shown.out
    assert "| build | 7 | 10 | 8 | 0.80 | 0.80 | 0.80 |" in shown.out


def test_the_least_of_the_turns_counts(repository, capfd):
    (repository / "galmass_core/speed.py").write_text(
        "from pathlib import Path\n"
        "seen = Path(__file__).with_name('seen')\n"
        "FIGURES = {'draw': 1.0 if seen.exists() else 3.0}\n"
        "seen.touch()"
    )
    assert "| draw | 7 | 4 | 1 | 0.25 | 0.25 | 0.25 |" in bench(capfd)[1].out


def test_the_revision_writes_its_own_formats(repository, capfd):
    writes = repository / "galmass_core/benchmarks/invented.py"
    measuring = repository / "galmass_core/benchmarks/__main__.py"
    measuring.write_text(
        MEASURING.replace("galmass_core.speed", "galmass_core.benchmarks.invented")
    )
    writes.write_text("FIGURES = {'draw': 5.0}")
    commit(repository, "writes")
    writes.write_text("FIGURES = {'draw': 4.0}")
    assert "| draw | 7 | 5 | 4 | 0.80 | 0.80 | 0.80 |" in bench(capfd)[1].out


def test_a_part_that_fails_loses_no_figure_measured_before(repository, capfd, monkeypatch):
    monkeypatch.setitem(main.__globals__["bench"].PARTS, "fails", "to test")
    shown = bench(capfd, "fails")[1].out
    assert "| draw | 7 | 4 | 2 | 0.50 | 0.50 | 0.50 |" in shown
    assert "now: fails ended early: broken: it must work, got nothing" in shown


def test_a_revision_without_a_module_is_one_sentence(repository, capfd):
    (repository / "galmass_core/benchmarks/__main__.py").write_text("import galmass_core.newer")
    (repository / "galmass_core/newer.py").touch()
    shown = bench(capfd)[1].out
    assert "then: tables ended early: ModuleNotFoundError: No module named" in shown


@pytest.mark.parametrize(
    ("revision", "sentence"),
    [("no-such", "must be a revision of"), ("HEAD", "but lacks no-such-package>=1")],
)
def test_a_revision_that_cannot_run_is_refused(repository, capfd, revision, sentence):
    (repository / "pyproject.toml").write_text('[project]\ndependencies = ["no-such-package>=1"]')
    commit(repository, "second")
    code, shown = bench(capfd, revision=revision)
    assert code == 2
    assert sentence in shown.err
    assert len(shown.err.splitlines()) == 1


def test_no_worktree_is_left(repository, capfd):
    bench(capfd)
    listed = subprocess.check_output(["git", "-C", repository, "worktree", "list"], text=True)
    assert len(listed.splitlines()) == 1
