"""Reference pages that are made at build time: command line, quantities, and agreement."""

import argparse
import json
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from galmass_core.benchmarks.agreement_rows import Row
from galmass_core.cli import build_parser as command_line_parser
from galmass_core.quantities import QUANTITIES, Quantity

KINDS = {  # of quantities, in the order of the page
    "map": "Maps",
    "target": "Targets",
    "feature": "Features",
    "property": "Properties of the simulated galaxy",
}


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before the sources are read."""
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-skip-member", skip_member)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(app: Sphinx) -> None:
    """Write the pages in ``reference/generated`` that have changed."""
    agreement = read_agreement(Path(app.srcdir))
    folder = Path(app.srcdir, "reference", "generated")
    folder.mkdir(parents=True, exist_ok=True)
    pages = {
        "command_line.md": command_line_page(command_line_parser()),
        "quantities.md": quantities_page(
            QUANTITIES.values(), {each["key"] for each in agreement["figures"]}
        ),
        "agreement.md": agreement_page(agreement),
    }
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def skip_member(
    _app: Sphinx, what: str, _name: str, obj: object, skip: bool, _options: object
) -> bool:
    """Leave out what a module imports, and fields of named tuples, which the class describes."""
    home = getattr(obj, "__module__", None)
    imported = what == "module" and isinstance(home, str) and not home.startswith("galmass")
    return skip or imported or (getattr(obj, "__doc__", "") or "").startswith("Alias for field")


def command_line_page(parser: argparse.ArgumentParser) -> str:
    """Return the page about all commands."""
    (commands,) = (
        action.choices
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    lines = ["# Command line", "", parser.description or "", ""]
    for name, command in commands.items():
        lines += command_section(name, command)
    return "\n".join(lines)


def command_section(name: str, command: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the lines about one command."""
    yield from (f"## galmass {name}", "")
    description = command.description or ""
    if "\n  " in description:  # a table of its own
        yield from ("```text", description, "```", "")
    else:
        yield from (description, "")
    yield from ("```text", " ".join(command.format_usage().split()), "```", "")
    yield from ("| argument | meaning |", "|---|---|")
    for action in command._actions:
        if not isinstance(action, argparse._HelpAction):
            yield f"| {argument_words(action)} | {cell(action.help or '')} |"
    yield ""
    if command.epilog:
        yield from ("```text", command.epilog, "```", "")


def argument_words(action: argparse.Action) -> str:
    """Return how an argument is written."""
    value = action.metavar or (
        "{" + ",".join(map(str, action.choices)) + "}" if action.choices else ""
    )
    if not action.option_strings:
        return f"`{value or action.dest}`"
    takes_value = action.nargs != 0 and not isinstance(action, argparse.BooleanOptionalAction)
    words = [
        f"{flag} {value or action.dest.upper()}" if takes_value else flag
        for flag in action.option_strings
    ]
    return ", ".join(f"`{word}`" for word in words)


def cell(text: str) -> str:
    """Return text that may stand in a cell of a table in Markdown."""
    return text.replace("|", "\\|").replace("*", "\\*").replace("%%", "%")


def quantities_page(quantities: Iterable[Quantity], compared: Collection[str] = ()) -> str:
    """Return the page about all maps, targets, features and properties; some are compared."""
    quantities = list(quantities)
    lines = [
        "# Quantities",
        "",
        "Every column of a data set and every map, as `galmass_core.quantities` describes it.",
        "Where the unit begins with *log*, the column is a decimal logarithm.",
        "*By line of sight* marks what differs between the three lines of sight of a galaxy.",
        "",
    ]
    for kind, title in KINDS.items():
        lines += [f"## {title}", "", "| key | symbol | unit | by line of sight | meaning |"]
        lines += ["|---|---|---|---|---|"]
        lines += [
            quantity_row(each, each.key in compared) for each in quantities if each.kind == kind
        ]
        lines += [""]
    return "\n".join(lines)


def quantity_row(quantity: Quantity, compared: bool) -> str:
    """Return the line about one quantity."""
    unit = f"log {quantity.unit}" if quantity.log else quantity.unit
    sample = "yes" if quantity.per_sample else ""
    words = [f"`{quantity.key}`", quantity.symbol, unit, sample, quantity.help or quantity.name]
    differs = " [How others differ](agreement.md)." if compared else ""
    return f"| {' | '.join(map(cell, words))}{differs} |"


def read_agreement(docs: Path) -> dict[str, Any]:
    """Return what ``galmass bench agreement --json`` printed when it was last kept."""
    content = json.loads((docs / "reference" / "agreement.json").read_text(encoding="utf-8"))
    return content["parts"][0]


def agreement_page(part: dict[str, Any]) -> str:
    """Return the page about how our numbers differ from those of other packages."""
    lines = [
        "# How our numbers differ from others'",
        "",
        "Each package measured the same seeded galaxy, image or particles as galmass, through",
        "`galmass_core.bridges` where it has a function. The last columns say by how much it",
        "differs from galmass, or from the truth where galmass does not measure it, and why.",
        "A dash is what is missing, not known or not measured.",
        "",
        "Made by a command, of the packages that were installed, as is this page of its output:",
        "",
        "```text",
        'pip install -e ".[bridges,test]" speclite astro-sedpy meshoid sarracen lenstronomy \\',
        "    astrophot colossus extinction ppxf plotbin vorbin MAPIE",
        "galmass bench agreement --json > docs/reference/agreement.json",
        "```",
        "",
    ]
    rows = [Row(**figure) for figure in part["figures"]]
    for (package, version, made), group in groupby(rows, lambda r: (r.package, r.version, r.made)):
        cells = [each.cells() for each in group]
        columns = [name for name in cells[0] if name not in ("package", "made")]
        lines += [f"## {package} {version}", "", f"Measured on {made}.", ""]
        lines += [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
        lines += [f"| {' | '.join(cell(each[name]) for name in columns)} |" for each in cells]
        lines += [""]
    lines += [f"{package} was not installed.\n" for package in part["absent"]]
    return "\n".join(lines)
