"""No file that galmass reads can run code: nothing in the tree unpickles or evaluates text."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = [*(ROOT / "galmass_core").rglob("*.py"), *(ROOT / "app").rglob("*.py")]
NEVER = {"eval", "exec", "compile", "__import__", "torch.load", "pd.read_pickle"}
UNSAFE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml"}


def unsafe_parts(tree):
    """Yield the lines that import a module of `UNSAFE`, or call what runs or unpickles a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            if {name.partition(".")[0] for name in names} & UNSAFE:
                yield node.lineno
        elif isinstance(node, ast.Call):
            text = ast.unparse(node.func)
            pickled = any(keyword.arg == "allow_pickle" for keyword in node.keywords)
            if text in NEVER or (text == "np.load" and pickled):
                yield node.lineno


def test_nothing_unpickles_or_evaluates():
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in MODULES
        for line in unsafe_parts(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set()


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "eval(text)",
        "torch.load(path)",
        "np.load(path, allow_pickle=True)",
    ],
)
def test_such_a_line_would_be_found(line):
    assert list(unsafe_parts(ast.parse(line))) == [1]
