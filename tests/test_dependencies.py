"""The documentation's table of dependencies is that of pyproject.toml, with licences that hold."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "reference" / "dependencies.md").read_text(encoding="utf-8")


def package(requirement):
    return re.match(r"[\w.-]+", requirement)[0]


def required():
    """Packages by extra of pyproject.toml; "" for those that are always installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return {
        extra: [package(line) for line in lines if package(line) != "galmass"]
        for extra, lines in groups.items()
    }


def tables():
    """Rows of the page by extra."""
    found = {}
    for section in PAGE.split("\n## ")[1:]:
        extra = re.search(r"\(`(\w+)`\)", section.partition("\n")[0])
        lines = re.findall(r"^\| (.+) \|$", section, flags=re.MULTILINE)[1:]
        found[extra[1] if extra else ""] = [line.split(" | ") for line in lines]
    return found


def test_page_lists_what_is_required_and_nothing_else():
    listed = {extra: [row[0] for row in rows] for extra, rows in tables().items()}
    assert {extra: sorted(names) for extra, names in listed.items()} == {
        extra: sorted(names) for extra, names in required().items()
    }
    assert all(names == sorted(names) for names in listed.values())


@pytest.mark.parametrize(
    "row", [row for rows in tables().values() for row in rows], ids=lambda r: r[0]
)
def test_row_is_complete_and_its_licence_is_what_the_package_states(row):
    assert len(row) == 5
    assert all(row)
    assert row[1] != "–"
    assert row[3] != "–"
    try:
        stated = metadata.metadata(row[0]).get("License-Expression")
    except metadata.PackageNotFoundError:
        pytest.skip(f"{row[0]} is not installed")
    if stated:
        assert package(stated) in row[3]
