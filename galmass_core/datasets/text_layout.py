"""Find out how a text file holds a table: what is between its values, and how columns are named."""

import csv
import gzip
import re
from pathlib import Path
from typing import NamedTuple

# between the values of a row, and between names
_DELIMITERS = ((",", ","), ("\t", "\t"), (";", ";"), ("|", "|"), (" ", ","), (" ", " "))
# a comment that names a column, without a unit of 1
_NUMBERED = re.compile(
    r"(?:col(?:umn)?\s*)?\(?(\d+)[:.)]\s*(.+?)(?:\s*[(\[]1[)\]])?", re.IGNORECASE
)


class TextLayout(NamedTuple):
    """Delimiter of the rows, names of the columns, and rows of a text file."""

    delimiter: str
    names: list[str]
    rows: list[str]


def read_layout(path: Path) -> TextLayout:
    """Read a text file, possibly compressed; lines that begin with # are comments.

    The header is the first line without a number in it, else comments that number the columns,
    else the last comment that is no row; it names as many columns as a row has.

    Raises
    ------
    ValueError
        If no line names as many columns as a row has.
    """
    lines = _text(path).splitlines(keepends=True)
    comments = [line.strip().lstrip("#").strip() for line in lines if line.startswith("#")]
    return _layout(comments, [line for line in lines if line.strip() and not line.startswith("#")])


def _text(path: Path) -> str:
    """Return the content of a text file, possibly compressed."""
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if path.suffix.lower() == ".gz" else raw
    return raw.decode("utf-8-sig")


def _layout(comments: list[str], lines: list[str]) -> TextLayout:
    """Return the layout of lines that are no comments."""
    choices = [(lines[0], lines[1:])] if lines else []
    choices += [(text, lines) for text in filter(None, comments) if not _is_row(text)][-1:]
    listed = _listed(comments)
    for header, rows in choices:
        for delimiter, between_names in _DELIMITERS:
            names = _parts([header], between_names)
            width = len(_parts(rows, delimiter)) if rows else len(names)
            if rows is lines and len(listed) == width:
                return TextLayout(delimiter, listed, rows)
            split = len(names) > 1 or not any(mark in header.strip() for mark, _ in _DELIMITERS)
            if len(names) == width and split and not any(map(_is_number, names)):
                return TextLayout(delimiter, names, rows)
    width = max(len(_parts(lines, delimiter)) for delimiter, _ in _DELIMITERS)
    got = choices[-1][0].strip()[:80] if choices else "nothing"
    msg = f"must have a line with the names of as many columns as a row has, {width}, got {got}"
    raise ValueError(msg)


def _is_row(comment: str) -> bool:
    """Return whether a comment begins with a number, as a row that was made a comment."""
    return _is_number(re.split(r"[\s,;|]", comment)[0])


def _listed(comments: list[str]) -> list[str]:
    """Return names from comments such as ``column 1: mass (Msun)``, as of SKIRT; else none."""
    found = [match for match in map(_NUMBERED.fullmatch, comments) if match]
    numbers = [int(match[1]) for match in found]
    first = min(numbers, default=0)
    in_order = first < 2 and numbers == list(range(first, first + len(found)))
    return [match[2] for match in found] if in_order else []


def _parts(lines: list[str], delimiter: str) -> list[str]:
    """Split the first row of some lines; quotes enclose delimiters and ends of lines."""
    stripped = (line.strip(" \r\n") for line in lines)
    return next(csv.reader(stripped, delimiter=delimiter, skipinitialspace=True), [])


def _is_number(text: str) -> bool:
    """Return whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return text.strip().lower() != "nan"
