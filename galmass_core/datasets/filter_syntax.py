"""Parse and check filter expressions such as ``log_mstar > 11``.

It is a small part of Python's, and the same for ``galmass build --where``, the dashboard's
selection, saved subsets and addresses; `filters` evaluates it. Anything not listed here is
rejected, and so is text so long or so deeply nested that it could overload a server.
"""

import ast
import keyword
import re
import unicodedata

EXAMPLE = "log_mstar > 11 and f_dm_1rhsm < 0.5"
FUNCTIONS = ("abs", "sqrt", "log10", "isna")
LANGUAGE = (  # an example, and its explanation
    ("log_mstar > 11", "compare a column with < <= > >= == !="),
    ("10 < log_mstar < 10.5", "a range"),
    ("sigma_v > 200 and not is_central", "and, or, not, parentheses"),
    ('los in ("x", "y")', "one of a list, or not in; text in quotes"),
    ("log_mdm_1rhsm - log_mstar_1rhsm > 0.5", "arithmetic with + - * / **"),
    ("log10(n_stars) > 4", "functions: abs, sqrt, log10"),
    ("isna(log_mgas)", "no value: fulfils no comparison but != and not in"),
    ("not is_central", "a column that is true or false; not where it is missing"),
    ("`M[200c]` > 12", "a column whose name is not a plain word, in backticks"),
)
LONGEST = 2000  # characters
DEEPEST = 40  # levels of the syntax tree
MOST = 1000  # nodes of the syntax tree
LARGEST = 2**63 - 1  # of whole numbers
_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`((?:[^`]|``)+)`""")
_INNER = "column_in_backticks_{}"  # name that a quoted column has for Python's parser
_ARITHMETIC = ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Pow
_COMPARISONS = ast.Lt | ast.LtE | ast.Gt | ast.GtE | ast.Eq | ast.NotEq


def parse_filter(expression: str) -> ast.expr | None:
    """Read an expression without evaluating it.

    Parameters
    ----------
    expression : str
        As in `LANGUAGE`.

    Returns
    -------
    ast.expr or None
        None if the expression is empty.

    Raises
    ------
    ValueError
        If it cannot be read, contains what the language does not have, names no column, or is
        longer than `LONGEST`, deeper than `DEEPEST` or larger than `MOST`.
    """
    text = expression.strip()
    if not text:
        return None
    if len(text) > LONGEST:
        msg = f"filter must have at most {LONGEST} characters, got {len(text)}"
        raise ValueError(msg)
    plain, quoted_names = _without_backticks(text)
    try:
        tree = ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        msg = f"filter must be a condition such as {EXAMPLE}, got {text}; {_hint(text, error)}"
        raise ValueError(msg) from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = quoted_names.get(node.id, node.id)
    _check_size(tree, text)
    _check(tree)
    if not _names(tree):
        msg = f"filter must name a column, as {EXAMPLE} does, got {text}"
        raise ValueError(msg)
    return tree


def columns_of(expression: str) -> set[str]:
    """Return the columns that an expression names; raises as `parse_filter`."""
    tree = parse_filter(expression)
    return set() if tree is None else _names(tree)


def quoted(column: str) -> str:
    """Return a column's name as an expression takes it: in backticks unless it is a plain word."""
    plain = column.isidentifier() and not keyword.iskeyword(column)
    if plain and unicodedata.normalize("NFKC", column) == column:  # as Python's parser reads it
        return column
    return f"`{column.replace('`', '``')}`"


def split_columns(text: str) -> list[str]:
    """Return the columns of a list, separated by commas outside backticks."""
    plain, quoted_names = _without_backticks(text)
    names = [name.strip() for name in plain.split(",")]
    return [quoted_names.get(name, name) for name in names if name]


def _without_backticks(text: str) -> tuple[str, dict[str, str]]:
    """Replace names in backticks by words; return what each stands for. Text stays as it is."""
    names: dict[str, str] = {}

    def word(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        inner = _INNER.format(len(names))
        names[inner] = found[1].replace("``", "`")
        return inner

    return _QUOTED.sub(word, text), names


def _hint(text: str, error: Exception) -> str:
    """Return why text cannot be read."""
    if re.search(r"(?<![=<>!])=(?!=)", text):
        return "== compares"
    return error.msg if isinstance(error, SyntaxError) else "it cannot be read"


def _names(tree: ast.expr) -> set[str]:
    """Return all names but those of functions."""
    nodes = list(ast.walk(tree))
    functions = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    return {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in functions}


def _check_size(tree: ast.expr, text: str) -> None:
    """Reject a tree that is too deep or too large, without recursion."""
    level: list[ast.AST] = [tree]
    depth = nodes = 0
    while level:
        depth, nodes = depth + 1, nodes + len(level)
        if depth > DEEPEST or nodes > MOST:
            msg = f"filter must be shorter or less deeply nested, got {text[:40]}…"
            raise ValueError(msg)
        level = [child for node in level for child in ast.iter_child_nodes(node)]


def _check(node: ast.expr) -> None:
    """Reject syntax that is not in the language."""
    parts: list[ast.expr] = []
    match node:
        case ast.Name():
            pass
        case ast.Constant():
            _check_constant(node)
        case ast.BoolOp(values=parts):
            pass
        case ast.UnaryOp(op=ast.Not() | ast.Invert() | ast.USub() | ast.UAdd(), operand=operand):
            parts = [operand]
        case ast.BinOp(left=left, op=op, right=right) if isinstance(
            op, _ARITHMETIC | ast.BitAnd | ast.BitOr
        ):
            parts = [left, right]
        case ast.Compare(left=left, ops=ops, comparators=others):
            parts = [left]
            for comparison, other in zip(ops, others, strict=True):
                if isinstance(comparison, ast.In | ast.NotIn):
                    _check_list(other, node)
                elif isinstance(comparison, _COMPARISONS):
                    parts.append(other)
                else:
                    raise _refused(node)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            parts = [argument]
        case _:
            raise _refused(node)
    for part in parts:
        _check(part)


def _check_constant(node: ast.Constant) -> None:
    """Reject constants other than numbers and text, and very large integers."""
    if not isinstance(node.value, int | float | str):
        raise _refused(node)
    if isinstance(node.value, int) and node.value > LARGEST:
        msg = f"filter must have whole numbers of at most {LARGEST}, got {str(node.value)[:40]}…"
        raise ValueError(msg)


def _check_list(node: ast.expr, whole: ast.expr) -> None:
    """Reject the operand of ``in`` unless it is a list of numbers or of texts."""
    if not isinstance(node, ast.Tuple | ast.List | ast.Set):
        msg = f'filter must have a list after in, such as ("x", "y"), got {ast.unparse(whole)}'
        raise ValueError(msg)
    for item in node.elts:
        literal = item.operand if isinstance(item, ast.UnaryOp) else item
        if not isinstance(literal, ast.Constant):
            raise _refused(item)
        _check(item)


def _refused(node: ast.expr) -> ValueError:
    """Return the error for syntax that is not in the language."""
    msg = (
        "filter must be made of columns, numbers, text, comparisons, and, or, not, + - * / ** "
        f"and {', '.join(FUNCTIONS)}, got {ast.unparse(node)}"
    )
    return ValueError(msg)
