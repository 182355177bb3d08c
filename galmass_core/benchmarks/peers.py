"""Programs that do the same, where they are installed."""

import importlib
from collections.abc import Mapping
from types import ModuleType


def installed(modules: Mapping[str, str]) -> dict[str, ModuleType]:
    """Import the peers that are there.

    Parameters
    ----------
    modules : mapping of str to str
        Module by program.

    Returns
    -------
    dict of module
        By program, without those that are absent.
    """
    found = {}
    for program, module in modules.items():
        try:
            found[program] = importlib.import_module(module)
        except ImportError:
            continue
    return found
