"""HTML from templates: escaped, complete, and shipped."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from jinja2 import DictLoader, UndefinedError

from galmass_app import markup

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def greeting(monkeypatch):
    """A template that shows one value."""
    templates = markup._TEMPLATES.overlay(loader=DictLoader({"g": "<b>{{ name }}</b>"}))
    monkeypatch.setattr(markup, "_TEMPLATES", templates)
    return "g"


def test_text_is_escaped(greeting):
    assert markup.render(greeting, name="<i>&") == "<b>&lt;i&gt;&amp;</b>"


def test_missing_value_is_an_error(greeting):
    with pytest.raises(UndefinedError, match="name"):
        markup.render(greeting)


def test_every_template_ships():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["galmass_app"]
    files = [path for path in (ROOT / "app" / "templates").rglob("*") if path.is_file()]
    assert ROOT / "app" / "templates" / "page.html" in files
    for path in files:
        name = path.relative_to(ROOT / "app").as_posix()
        assert any(fnmatch(name, pattern) for pattern in patterns), name
