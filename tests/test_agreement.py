"""``galmass bench agreement``: its rows, the page made of them, and the cheap ones again."""

import json
import re
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pytest

from galmass_core.benchmarks import agreement
from galmass_core.benchmarks.agreement_rows import row
from galmass_core.cli import main
from galmass_core.quantities import QUANTITIES

DOCS = Path(__file__).resolve().parents[1] / "docs"
KEPT = json.loads((DOCS / "reference" / "agreement.json").read_text(encoding="utf-8"))["parts"][0]
CHEAP = ("astropy", "crepes", "lightgbm", "photutils", "statmorph")  # of the extra test


@pytest.fixture(scope="module")
def pages():
    pytest.importorskip("sphinx", reason="pip install -e '.[docs]'")
    sys.path.insert(0, str(DOCS / "extensions"))
    try:
        import generated_pages
    finally:
        sys.path.pop(0)
    return generated_pages


def test_page_has_the_rows_of_the_file_and_no_others(pages):
    page = pages.agreement_page(pages.read_agreement(DOCS))
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    shown = [line for line in lines if not line.startswith("| what |")]
    assert len(shown) == len(KEPT["figures"])
    for line, figure in zip(shown, KEPT["figures"], strict=True):
        assert line.startswith(f"| {figure['task']} |")
        assert line.endswith(f"| {pages.cell(figure['why'])} |")
        if figure["theirs"] is not None:
            assert f"| {figure['theirs']:.4g} |" in line


def test_page_says_versions_and_days(pages):
    page = pages.agreement_page(KEPT)
    for figure in KEPT["figures"]:
        assert f"## {figure['package']} {figure['version']}\n\nMeasured on {figure['made']}" in page
        assert re.match(r"\d+\.\d+", figure["version"])
        assert date.fromisoformat(figure["made"])
    assert "no_such was not installed" in pages.agreement_page(KEPT | {"absent": ["no_such"]})


def test_quantities_that_others_measure_too_lead_to_the_page(pages):
    page = pages.quantities_page(QUANTITIES.values(), {"sersic_n"})
    linked = [line for line in page.splitlines() if "agreement.md" in line]
    assert [line.startswith("| `sersic_n` |") for line in linked] == [True]


def test_file_is_whole():
    assert not KEPT["failed"]
    assert not KEPT["absent"]
    assert {figure["package"] for figure in KEPT["figures"]} == set(agreement.COMPARISONS)
    assert {figure["key"] for figure in KEPT["figures"]} - {""} <= set(QUANTITIES)
    assert all(figure["why"] for figure in KEPT["figures"])
    tasks = [(figure["package"], figure["task"]) for figure in KEPT["figures"]]
    assert len(set(tasks)) == len(tasks)


@pytest.mark.parametrize("package", CHEAP)
def test_rows_are_measured_again(package):
    """What the file says of ours holds always; of theirs, in the version that it says."""
    kept = [figure for figure in KEPT["figures"] if figure["package"] == package]
    again = list(agreement.COMPARISONS[package](*agreement.SIZES))
    assert [each.task for each in again] == [figure["task"] for figure in kept]
    for each, figure in zip(again, kept, strict=True):
        sides = ["truth", "ours", *(["theirs"] if each.version == figure["version"] else [])]
        for side in sides:
            if figure[side] is None:
                assert getattr(each, side) is None, each.task
            else:
                near = pytest.approx(figure[side], rel=0.01, abs=1e-3)
                assert getattr(each, side) == near, each.task


def test_known_answers_are_found_in_the_file():
    """Where the truth is known, ours is as near to it as the page says."""
    ours = {figure["task"]: figure for figure in KEPT["figures"] if figure["ours"] is not None}
    assert ours["Sérsic index, exponential disc, q = 1"]["ours"] == pytest.approx(1, abs=0.02)
    assert ours["Sérsic index, de Vaucouleurs, round"]["ours"] == pytest.approx(4, abs=0.1)
    for task, figure in ours.items():
        if task.startswith(("circular velocity at 8", "distance to the", "mass ", "column ")):
            assert figure["ours"] == pytest.approx(figure["truth"], rel=5e-3), task
        if "kinematic" in task:
            assert figure["ours"] == pytest.approx(figure["truth"], abs=0.5)


def test_command_prints_a_table_and_what_is_missing(capsys, monkeypatch):
    monkeypatch.setattr(agreement, "PEERS", {"astropy": "astropy", "no_such": "no_such"})
    assert main(["bench", "agreement"]) == 0
    shown = capsys.readouterr().out
    assert (
        f"| age of the universe at z = 0 | Gyr | – | 13.8 | astropy {version('astropy')}" in shown
    )
    assert "no_such is not installed." in shown
    assert main(["bench", "agreement", "--json"]) == 0
    (part,) = json.loads(capsys.readouterr().out)["parts"]
    assert part["absent"] == ["no_such"]
    assert part["figures"][0]["ratio"] == pytest.approx(1, abs=1e-4)


def test_package_that_fails_loses_no_row_of_another(capsys, monkeypatch):
    def fail(size):
        msg = "another version"
        raise ValueError(msg)

    monkeypatch.setattr(agreement, "PEERS", {"yt": "json", "astropy": "astropy"})
    monkeypatch.setattr(agreement, "COMPARISONS", agreement.COMPARISONS | {"yt": fail})
    assert main(["bench", "agreement"]) == 2
    shown = capsys.readouterr()
    assert "| age of the universe at z = 6, Planck15 |" in shown.out
    assert "yt: ValueError: another version" in shown.err


def test_what_a_package_prints_is_no_part_of_the_output(capsys, monkeypatch):
    def chatter(size):
        print("deprecated")
        yield row("numpy", "size", 1.0, truth=1.0, why="")

    monkeypatch.setattr(agreement, "PEERS", {"astropy": "astropy"})
    monkeypatch.setattr(agreement, "COMPARISONS", {"astropy": chatter})
    assert main(["bench", "agreement", "--json"]) == 0
    shown = capsys.readouterr()
    assert len(json.loads(shown.out)["parts"][0]["figures"]) == 1
    assert "deprecated" in shown.err


def test_numbers_are_not_compared_with_an_earlier_revision(capsys):
    assert main(["bench", "agreement", "--against", "HEAD"]) == 2
    assert "must be without --peers and agreement" in capsys.readouterr().err


def test_differences_are_from_ours_or_else_from_the_truth():
    assert row("numpy", "size", 3.0, ours=2.0, truth=9.0, why="").ratio == 1.5
    assert row("numpy", "size", 3.0, truth=2.0, why="").difference == 1.0
    assert row("numpy", "angle", 179.0, ours=1.0, unit="°", why="").difference == -2.0
    missing = row("numpy", "age", 0.0, ours=float("nan"), why="")
    assert (missing.ours, missing.ratio, missing.difference) == (None, None, None)
    assert missing.cells()["galmass"] == "–"
