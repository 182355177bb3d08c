"""Words such as ``log_mstar > 11`` -> which samples are meant."""

import ast
import operator
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_OPERATIONS = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
}
EXAMPLE = "log_mstar > 11 and f_dm_1rhsm < 0.5"


def matching_rows(samples: pd.DataFrame, expression: str) -> NDArray:
    """Return which samples an expression holds for.

    Columns, numbers and quoted text may be compared (also as ``10 < log_mstar < 11``), added,
    subtracted, multiplied and divided, and joined by ``and``, ``or``, ``not`` and parentheses.
    Nothing is ever called or looked up elsewhere. Where a value is missing only ``!=`` holds.

    Parameters
    ----------
    samples : pandas.DataFrame
    expression : str
        Such as ``log_mstar > 11``; empty for all samples.

    Returns
    -------
    (n,) bool

    Raises
    ------
    ValueError
        If it cannot be read, names no column, compares text with numbers, or says neither true
        nor false.
    """
    if not expression.strip():
        return np.ones(len(samples), dtype=bool)
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise _nonsense(expression) from error
    try:
        with np.errstate(all="ignore"):
            found = _value(tree, samples)
    except (TypeError, ZeroDivisionError, OverflowError) as error:
        msg = f"filter must compare numbers with numbers and text with text, got {expression}"
        raise ValueError(msg) from error
    if not (isinstance(found, pd.Series) and found.dtype == bool):
        msg = f"filter must say what is true of a sample, such as {EXAMPLE}; got {expression}"
        raise ValueError(msg)
    return found.to_numpy()


def _value(node: ast.expr, samples: pd.DataFrame) -> Any:  # noqa: ANN401
    """Work out a part of an expression: a column, a number, a text, or what is made of them."""
    match node:
        case ast.Constant(value=int() | float() | str() as value):
            return value
        case ast.Name(id=name):
            return _column(name, samples)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ~_truth(operand, samples)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_value(operand, samples))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_value(left, samples), _value(right, samples))
        case ast.BoolOp(op=op, values=parts):
            join = operator.and_ if isinstance(op, ast.And) else operator.or_
            return _joined(join, [_truth(part, samples) for part in parts])
        case ast.Compare(left=left, ops=ops, comparators=others) if {*map(type, ops)} <= {
            *_OPERATIONS
        }:
            values = [_value(part, samples) for part in (left, *others)]
            pairs = zip(ops, values[:-1], values[1:], strict=True)
            return _joined(operator.and_, [_OPERATIONS[type(op)](a, b) for op, a, b in pairs])
    raise _nonsense(ast.unparse(node))


def _truth(node: ast.expr, samples: pd.DataFrame) -> pd.Series:
    """Work out a part that is to be true or false."""
    value = _value(node, samples)
    if isinstance(value, pd.Series) and value.dtype == bool:
        return value
    raise _nonsense(ast.unparse(node))


def _joined(join: Callable[[Any, Any], Any], parts: list[Any]) -> Any:  # noqa: ANN401
    """Join truths from left to right."""
    first, *rest = parts
    for part in rest:
        first = join(first, part)
    return first


def _column(name: str, samples: pd.DataFrame) -> pd.Series:
    """Return a column; what may be missing in it is false, or no number."""
    if name not in samples:
        near = get_close_matches(name, list(samples), cutoff=0.4) or list(samples)[:3]
        msg = f"filter must name columns of the data set, got {name}; near: {', '.join(near)}"
        raise ValueError(msg)
    column = samples[name]
    if column.dtype == bool or pd.api.types.is_numeric_dtype(column):
        return column
    return column.eq(True) if column.isin([True, False, None]).all() else column.astype(object)


def _nonsense(what: str) -> ValueError:
    """Say what a filter may be."""
    msg = f"filter must be comparisons of columns such as {EXAMPLE}, got {what}"
    return ValueError(msg)
