"""HTML from templates: escaped, complete, and shipped."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from galmass_app import markup

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def greeting():
    """A template that shows one value, made as ours are."""
    return markup.template("page.html").environment.from_string("<b>{{ name }}</b>")


def test_text_is_escaped(greeting):
    assert greeting.render(name="<i>&") == "<b>&lt;i&gt;&amp;</b>"


def test_missing_value_is_an_error(greeting):
    with pytest.raises(UndefinedError, match="name"):
        greeting.render()


def test_every_template_ships():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["galmass_app"]
    files = [path for path in (ROOT / "app" / "templates").rglob("*") if path.is_file()]
    assert ROOT / "app" / "templates" / "page.html" in files
    for path in files:
        name = path.relative_to(ROOT / "app").as_posix()
        assert any(fnmatch(name, pattern) for pattern in patterns), name


NAME = "<b>x</b>"
SHOWN = "&lt;b&gt;x&lt;/b&gt;"


@pytest.mark.parametrize(
    ("macro", "values"),
    [
        ("no_network", [NAME, "it has no maps", "", ""]),
        ("estimate", ["9 s", NAME, "1", "2", "3"]),
        ("row", ["died", "†", "after 1 of 2 epochs", NAME]),
        ("title", [NAME, "died", "†", "", 1, 2]),
        ("facts", [{"How it was made": [("folder", NAME)]}]),
    ],
)
def test_train_page_shows_names_as_text(macro, values):
    html = markup.snippet("train.html", macro, *values)
    assert SHOWN in html
    assert NAME not in html


@pytest.mark.parametrize(
    ("macro", "values"),
    [
        ("no_network", {"name": NAME}),
        (
            "network",
            {
                "seen": NAME,
                "of": {
                    "predicted": "1",
                    "dex": "0.000",
                    "interval": "",
                    "truth": "not known here",
                    "error": "",
                },
                "part": "This galaxy was not in its training set.",
                "distance": "closer",
                "distance_help": "help",
                "no_interval": "",
                "others": "9 galaxies",
                "warning": "",
                "plain": "10.000",
                "added": "+0.100",
            },
        ),
    ],
)
def test_why_page_shows_names_as_text(macro, values):
    html = markup.snippet("why.html", macro, **values)
    assert SHOWN in html
    assert NAME not in html


@pytest.mark.parametrize(
    ("macro", "values"),
    [
        ("pair", [NAME, "y", "0.50", "Pearson", "600"]),
        ("measured", ["Five splits.", NAME]),
    ],
)
def test_features_page_shows_names_as_text(macro, values):
    html = markup.snippet("features.html", macro, *values)
    assert SHOWN in html
    assert NAME not in html


STRIP = {"name": "M", "help": "help", "symbol": "M", "true": "1", "place": 1, "ends": ["0", "2"]}
LINE = {"by": "r", "about": "", "place": 1, "bars": [], "value": "1", "error": "", "interval": ""}
LINE |= {"note": ""}


@pytest.mark.parametrize(
    ("macro", "values"),
    [
        ("headline", [NAME, True, "TNG100-1, snapshot 99"]),
        ("properties", [{"The whole galaxy": [("name", "help", NAME, ["1"], "kpc")]}]),
        ("file_notes", [NAME]),
        ("true_masses", [["1 R_hsm"], [(NAME, "help", "M", ["1"], "")]]),
        ("map_title", [NAME, "help", "km/s"]),
        ("headline", ["1", True, "TNG100-1, snapshot 99", [(NAME, "help")]]),
        ("columns", [[NAME], {"title": []}]),
        ("columns", [["x"], {NAME: [("name", "help", "M", ["1"], "kpc")]}]),
        ("strips", [[STRIP | {"lines": [LINE | {"by": NAME}]}]]),
        ("strips", [[STRIP | {"lines": [LINE | {"value": "", "note": NAME}]}]]),
    ],
)
def test_explore_page_shows_names_as_text(macro, values):
    html = markup.snippet("explore.html", macro, *values)
    assert SHOWN in html
    assert NAME not in html


@pytest.mark.parametrize(("macro", "values"), [("source", ["", NAME]), ("error", [NAME])])
def test_status_line_shows_names_as_text(macro, values):
    html = markup.snippet("status.html", macro, *values)
    assert SHOWN in html
    assert NAME not in html


def test_why_page_explains_the_steps_of_rings():
    html = markup.snippet("why.html", "lines", "0.1", "help", "+0.1", "+0.1")
    assert "<span>Steps: what each ring adds, against that of the mean map.</span>" in html


@pytest.mark.parametrize(
    ("template", "macro", "values"),
    [
        ("compare.html", "no_runs", [NAME, "?page=train", ""]),
        ("compare.html", "panel_heading", [NAME, True]),
        (
            "compare.html",
            "difference",
            ["+0.010", NAME, "−0.010", "+0.030", "aside", "none", ("9", "3"), "why"],
        ),
        ("compare.html", "trainings", [2, "0.010", [(NAME, 1, "0.100")]]),
        ("compare.html", "gap", ["Not trained", "M*", "Train one", "?page=train", NAME]),
        ("compare.html", "galaxy", [NAME, "x"]),
        (
            "compare.html",
            "predictions",
            [
                "M*",
                "10.000",
                [(NAME, "10.100", "10.000 to 10.200", "+0.100")],
                [("closer", NAME), ("farther", NAME)],
                "help",
            ],
        ),
        ("shared.html", "heading", [NAME, "", False]),
        ("shared.html", "notes", [[NAME]]),
        ("shared.html", "how_made", [{"data set": NAME}, {}]),
        ("shared.html", "how_made", [{}, {"In Python": NAME}]),
        ("prediction.html", "title", [NAME, "help"]),
    ],
)
def test_compare_page_shows_names_as_text(template, macro, values):
    html = markup.snippet(template, macro, *values)
    assert SHOWN in html
    assert NAME not in html


STATEMENT = {"section": "2", "published": "1", "unit": "", "ours": "1", "mark": ("aside", "")}


@pytest.mark.parametrize(
    ("macro", "values"),
    [
        ("heading", ["Figure 1", NAME, ""]),
        ("panel_title", [NAME, "ten numbers"]),
        ("gap", [NAME, "?page=features"]),
        ("galaxy", [NAME, "x", False, ""]),
        ("run", [NAME, False]),
        ("matrix", ["9", NAME, "none"]),
        ("statements", [[STATEMENT | {"statement": NAME, "contradicted_by": ""}]]),
    ],
)
def test_paper_page_shows_names_as_text(macro, values):
    html = markup.snippet("paper.html", macro, *values)
    assert SHOWN in html
    assert NAME not in html


@pytest.mark.parametrize(
    ("macro", "values"),
    [
        ("galaxy", [NAME, []]),
        ("galaxy", ["1", [NAME]]),
        ("tally", [[("galaxies", "1", NAME)]]),
        ("exclusions", [[(NAME, "", "1")], ""]),
        ("exclusions", [[("no stars", NAME, "1")], ""]),
        ("definitions", [[(NAME, "", "text")]]),
        ("definitions", [[("name", "help", NAME)]]),
        ("making", [{"folder": NAME}]),
        ("relation_title", ["Size and mass", "help", 0, [("R", NAME)]]),
        ("gap", [[("stellar mass", NAME)]]),
    ],
)
def test_sample_page_shows_names_as_text(macro, values):
    html = markup.snippet("sample.html", macro, *values)
    assert SHOWN in html
    assert NAME not in html


@pytest.mark.parametrize("place", ["name", "help", "symbol", "inputs"])
def test_tables_of_the_paper_show_names_as_text(place):
    row = dict.fromkeys(("name", "help", "symbol", "inputs"), "") | {place: NAME}
    row |= {"numbers": ["0.10"], "status": {"kind": "aside", "words": "not trained"}}
    html = markup.snippet("tables.html", "table", {"learned": ""}, [row])
    assert SHOWN in html
    assert NAME not in html
