"""The built documentation loads nothing from another host; ``sphinx-build`` makes it."""

import re
from pathlib import Path

import pytest

SITE = Path(__file__).resolve().parents[1] / "docs" / "_build"
ELEMENT = re.compile(r"<(script|img|iframe|source|video|audio|embed|object|link)\b[^>]*>")
ADDRESS = re.compile(r"""\b(?:src|data|href)="([^"]+)\"""")
FOREIGN = re.compile(r"(https?:)?//")


@pytest.fixture(scope="module")
def site():
    if not (SITE / "index.html").exists():
        pytest.skip("no documentation: sphinx-build -W -b html docs docs/_build")
    return SITE


def test_pages_load_nothing_from_another_host(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        for element in ELEMENT.finditer(page.read_text(encoding="utf-8")):
            for address in ADDRESS.findall(element[0]):
                assert not FOREIGN.match(address), f"{page}: {element[0]}"


def test_style_sheets_load_nothing_from_another_host(site):
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"""(@import|url\()\s*["']?(https?:)?//""", text), sheet


def test_formulas_are_mathml(site):
    page = (site / "concepts" / "maps.html").read_text(encoding="utf-8")
    assert "<math" in page
    assert "MathJax" not in page
