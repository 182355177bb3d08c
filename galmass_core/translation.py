"""Translate kernels for LLVM with numba; see `machine_code`."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import llvmlite.binding as llvm
import numpy as np

OPTIONS = {  # of numba.njit, for kernels and the functions they call
    "error_model": "numpy",
    "_nrt": False,  # no memory is allocated
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
_C_LIBRARY = ("memcpy", "memset", "floor", "ceil", "sqrt")


def translated(module: str, name: str, kinds: Sequence[tuple[np.dtype, int]]) -> str:
    """Return a kernel in LLVM's language, as `machine_code.Kernel.translate`.

    Parameters
    ----------
    module, name : str
        Where its source is.
    kinds : sequence of (dtype, int)
        Of its arguments; the number of axes is 0 of a number.
    """
    from numba import types

    function = getattr(import_module(module), name)
    arguments = [
        types.Array(getattr(types, dtype.name), axes, "C") if axes else getattr(types, dtype.name)
        for dtype, axes in kinds
    ]
    function.compile(tuple(arguments))
    (compiled,) = function.overloads.values()
    text = llvm.parse_assembly(compiled.library.get_llvm_str())
    text.get_function(compiled.fndesc.llvm_func_name).name = name
    if foreign := [one.name for one in text.functions if one.is_declaration and _is_foreign(one)]:
        msg = f"{module}.{name}: must call nothing else, got {', '.join(foreign)}"
        raise ValueError(msg)
    return str(text)


def _is_foreign(function: Any) -> bool:  # noqa: ANN401
    """Return whether a function is neither LLVM's own nor of the C library."""
    return not function.name.startswith("llvm.") and function.name not in _C_LIBRARY
