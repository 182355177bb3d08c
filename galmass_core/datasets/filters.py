"""Evaluate filter expressions such as ``log_mstar > 11`` on tables.

`filter_syntax` describes the language. Missing values are treated alike in numeric, text and
boolean columns: a comparison with one is false, except ``!=`` and ``not in``, which are true, as
for NaN in numpy. A boolean column may be missing as a condition; then ``and``, ``or`` and ``not``
follow Kleene's logic, as in pandas, and rows with a missing result are not selected.
"""

import ast
import operator
from collections.abc import Callable
from difflib import get_close_matches
from functools import reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types
from pandas.arrays import BooleanArray, IntegerArray

from galmass_core.datasets.filter_syntax import EXAMPLE, parse_filter, quoted

# Numbers are arrays (a constant is a scalar; an IntegerArray if some are missing), text is a string
# array or a str, and booleans are a BooleanArray with one element per row of the table.
Value = NDArray | BooleanArray | pd.api.extensions.ExtensionArray | int | float | str

_OPERATIONS: dict[type[ast.AST], Callable] = {
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
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.And: operator.and_,
    ast.BitAnd: operator.and_,
    ast.Or: operator.or_,
    ast.BitOr: operator.or_,
}
_FUNCTIONS = {"abs": np.abs, "sqrt": np.sqrt, "log10": np.log10}


def matching_rows(samples: pd.DataFrame, expression: str) -> NDArray[np.bool_]:
    """Return which rows of a table an expression selects.

    Parameters
    ----------
    samples : pandas.DataFrame
        A table without rows can be used to check the expression against its columns.
    expression : str
        As in `filter_syntax.LANGUAGE`; empty for all rows.

    Returns
    -------
    (n,) bool

    Raises
    ------
    ValueError
        If the expression cannot be read, names no column of the table, compares text with
        numbers, or is not a condition.
    """
    tree = parse_filter(expression)
    if tree is None:
        return np.ones(len(samples), dtype=bool)
    with np.errstate(all="ignore"):
        return _condition(tree, samples).to_numpy(bool, na_value=False)


def _value(node: ast.expr, samples: pd.DataFrame) -> Value:
    """Evaluate a part of an expression."""
    match node:
        case ast.Constant(value=bool() as value):
            return _truths(value, len(samples))
        case ast.Constant(value=int() | float() | str() as value):
            return value
        case ast.Name(id=name):
            return _column(name, samples)
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            return ~_condition(operand, samples)
        case ast.UnaryOp(op=op, operand=operand):
            return _OPERATIONS[type(op)](_number(operand, samples))
        case ast.BoolOp(op=op, values=parts):
            return reduce(_OPERATIONS[type(op)], [_condition(part, samples) for part in parts])
        case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() as op, right=right):
            return _OPERATIONS[type(op)](_condition(left, samples), _condition(right, samples))
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATIONS[type(op)](_number(left, samples), _number(right, samples))
        case ast.Call(func=ast.Name(id="isna"), args=[argument]):
            return _truths(pd.isna(_value(argument, samples)), len(samples))
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return _FUNCTIONS[name](_number(argument, samples))
        case ast.Compare():
            return _comparison(node, samples)
    msg = f"filter must be a condition such as {EXAMPLE}, got {ast.unparse(node)}"
    raise ValueError(msg)


def _condition(node: ast.expr, samples: pd.DataFrame) -> BooleanArray:
    """Evaluate a boolean part."""
    value = _value(node, samples)
    if not isinstance(value, BooleanArray):
        msg = f"filter must be a condition such as {EXAMPLE}; {ast.unparse(node)} is none"
        raise ValueError(msg)
    return value


def _number(node: ast.expr, samples: pd.DataFrame) -> NDArray[np.float64]:
    """Evaluate a numeric part."""
    value = _value(node, samples)
    if _is_text(value):
        msg = f"filter must calculate with numbers, got the text {ast.unparse(node)}"
        raise ValueError(msg)
    return _floats(value)


def _comparison(node: ast.Compare, samples: pd.DataFrame) -> BooleanArray:
    """Compare neighbours of a chain such as ``10 < log_mstar < 11``."""
    left, found = _value(node.left, samples), []
    for op, other in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, ast.In | ast.NotIn):
            equal = [
                _compared(ast.Eq(), left, _value(item, samples), node, len(samples))
                for item in getattr(other, "elts", [])
            ]
            among = reduce(operator.or_, equal, _truths(False, len(samples)))
            found.append(among if isinstance(op, ast.In) else ~among)
        else:
            right = _value(other, samples)
            found.append(_compared(op, left, right, node, len(samples)))
            left = right
    return reduce(operator.and_, found)


def _compared(op: ast.cmpop, left: Value, right: Value, node: ast.expr, rows: int) -> BooleanArray:
    """Compare two values; the result is never missing."""
    if _is_text(left) != _is_text(right):
        msg = (
            f"filter must compare numbers with numbers and text with text, got {ast.unparse(node)}"
        )
        raise ValueError(msg)
    left, right = (
        _floats(value) if isinstance(value, BooleanArray) else value for value in (left, right)
    )
    found = _OPERATIONS[type(op)](left, right)
    if isinstance(found, pd.api.extensions.ExtensionArray):  # missing where a value is
        found = found.to_numpy(bool, na_value=isinstance(op, ast.NotEq))
    return _truths(found, rows)


def _column(name: str, samples: pd.DataFrame) -> Value:
    """Return a column as booleans, numbers or text."""
    if name not in samples:
        columns = [str(column) for column in samples]
        near = [quoted(column) for column in get_close_matches(name, columns, n=2)]
        hint = f"did you mean {' or '.join(near)}?" if near else f"such as {', '.join(columns[:8])}"
        msg = f"filter must name columns of the data set, got {name}; {hint}"
        raise ValueError(msg)
    column = samples[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if types.is_object_dtype(column.dtype):
        column = column.infer_objects()
        if len(column) and column.isin([True, False, None]).all():
            column = column.astype("boolean")
    if types.is_bool_dtype(column.dtype):
        return column.astype("boolean").array
    if types.is_integer_dtype(column.dtype):  # as they are: floats lose digits above 2**53
        return column.array if column.hasnans else column.to_numpy(np.int64)
    if types.is_numeric_dtype(column.dtype):
        return column.to_numpy(float, na_value=np.nan)
    return column.astype("string").array


def _is_text(value: Value) -> bool:
    """Return whether a value is text."""
    is_array = isinstance(value, pd.api.extensions.ExtensionArray)
    is_number = isinstance(value, BooleanArray | IntegerArray)
    return isinstance(value, str) or (is_array and not is_number)


def _floats(value: Value) -> NDArray[np.float64]:
    """Return numbers, with booleans as 1 or 0; NaN where missing."""
    if isinstance(value, BooleanArray | IntegerArray):
        return value.to_numpy(float, na_value=np.nan)
    return np.asarray(value, dtype=float)


def _truths(found: bool | NDArray, rows: int) -> BooleanArray:
    """Return a boolean for each row, without missing values."""
    return BooleanArray(np.broadcast_to(found, rows).astype(bool), np.zeros(rows, dtype=bool))
