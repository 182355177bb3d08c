"""Import installed programs of the same purpose."""

import importlib
from collections.abc import Mapping
from types import ModuleType


def installed(modules: Mapping[str, str]) -> dict[str, ModuleType]:
    """Import the installed peers.

    Parameters
    ----------
    modules : mapping of str to str
        Module by program.

    Returns
    -------
    dict of module
        By program, without missing ones.
    """
    found = {}
    for program, module in modules.items():
        try:
            found[program] = importlib.import_module(module)
        except ImportError:
            continue
    return found
