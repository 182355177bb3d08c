"""Read JSON files whose fields are described, and say which field is wrong.

A rule says what a value must be, in words and as a test; rules of objects and lists hold those of
what they contain.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LONGEST = 60  # characters of a wrong value that are shown
Fault = tuple[str, str, object]  # field, rule, what came


@dataclass(frozen=True)
class Rule:
    """What a value of a JSON file must be.

    Attributes
    ----------
    words : str
        After "must be".
    holds : function of object
        Whether a value is of this kind, apart from what it contains.
    required, optional : mapping of str to Rule
        Of an object's fields; others may be there.
    each : Rule or None
        Of all elements of a list, or values of an object.
    """

    words: str
    holds: Callable[[Any], bool]
    required: Mapping[str, "Rule"] = field(default_factory=dict)
    optional: Mapping[str, "Rule"] = field(default_factory=dict)
    each: "Rule | None" = None

    def faults(self, value: object, place: str = "") -> Iterator[Fault]:
        """Yield each field that breaks a rule."""
        if not self.holds(value):
            yield place, self.words, value
            return
        if value is None:
            return
        inner = f"{place}." if place else ""
        if isinstance(value, dict):
            for name, rule in self.required.items():
                if name in value:
                    yield from rule.faults(value[name], inner + name)
                else:
                    yield inner + name, rule.words, "nothing"
            for name in self.optional.keys() & value.keys():
                yield from self.optional[name].faults(value[name], inner + name)
        if self.each is not None and isinstance(value, dict | list):
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            for key, item in pairs:
                yield from self.each.faults(item, f"{inner}{key}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


TEXT = Rule("text", lambda value: isinstance(value, str))
LOGICAL = Rule("true or false", lambda value: isinstance(value, bool))
COMPUTED = Rule("a number", _is_number)  # NaN if it cannot be computed
MEASURED = Rule("a number", lambda value: value is None or _is_number(value))  # NaN if unknown
ANYTHING = Rule("anything", lambda _: True)


def number(low: float = -math.inf, high: float = math.inf) -> Rule:
    """Return the rule for a finite number in a range."""
    return Rule(
        f"a finite number{_range(low, high)}",
        lambda value: _is_number(value) and math.isfinite(value) and low <= value <= high,
    )


def integer(low: float = -math.inf, high: float = math.inf) -> Rule:
    """Return the rule for an integer in a range."""
    return Rule(
        f"an integer{_range(low, high)}",
        lambda value: _is_integer(value) and low <= value <= high,
    )


def one_of(*values: object) -> Rule:
    """Return the rule for one of some values."""
    return Rule(f"one of {', '.join(map(str, values))}", lambda value: value in values)


def text_like(pattern: str, words: str) -> Rule:
    """Return the rule for text of a pattern."""
    return Rule(
        words, lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None
    )


def nullable(rule: Rule) -> Rule:
    """Return the rule for a value that may be null."""
    return Rule(
        f"{rule.words} or null",
        lambda value: value is None or rule.holds(value),
        rule.required,
        rule.optional,
        rule.each,
    )


def list_of(rule: Rule, least: int = 0) -> Rule:
    """Return the rule for a list."""
    words = "a list" if not least else f"a list of at least {least}"
    return Rule(words, lambda value: isinstance(value, list) and len(value) >= least, each=rule)


def object_of(rule: Rule) -> Rule:
    """Return the rule for an object whose fields have any names."""
    return Rule("a JSON object", lambda value: isinstance(value, dict), each=rule)


def fields(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """Return the rule for an object with these fields, among others."""
    return Rule("a JSON object", lambda value: isinstance(value, dict), required, optional or {})


HASH = text_like("[0-9a-f]{64}", "a SHA-256 checksum")
TIME = text_like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+\d\d:\d\d|Z)?", "a time (ISO 8601)")
NAME = text_like(r"[^/\\\0]+", "the name of a folder")  # no path


def _range(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return ""
    return f" from {low:g}" if math.isinf(high) else f" from {low:g} to {high:g}"


def wrong_fields(path: Path, content: object, rule: Rule) -> Iterator[str]:
    """Yield a sentence for each field that breaks a rule."""
    for place, words, found in rule.faults(content):
        shown = found if found == "nothing" else repr(found)
        text = f"{shown[:_LONGEST]}…" if len(shown) > _LONGEST else shown
        yield f"{path}: {place and f'{place} '}must be {words}, got {text}"


def read_json(path: Path, rule: Rule = ANYTHING, error: type[ValueError] = ValueError) -> Any:  # noqa: ANN401
    """Read a JSON file and check its fields.

    Raises
    ------
    ValueError
        Or the given kind of it, if the file is missing or no JSON, or a field breaks its rule; the
        message names the first.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as cause:
        msg = f"{path}: must be JSON, but it is not: {cause}"
        raise error(msg) from cause
    for sentence in wrong_fields(path, content, rule):
        raise error(sentence)
    return content
