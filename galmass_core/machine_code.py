"""Make the machine code of numerical kernels without numba, and keep it.

A kernel is a function of arrays and numbers that numba translates for LLVM; it allocates nothing
and raises nothing, so that it needs nothing else. Importing numba and translating takes seconds of
CPU. Therefore translations ship with galmass, each good for one version of the source on one
platform; elsewhere numba is asked. The first process makes code for this processor of it, in less
than a tenth of the time, and keeps that in a file; later ones load it with llvmlite and call it by
ctypes.

Files are kept where numba would keep them: in ``$NUMBA_CACHE_DIR``, else in ``__pycache__`` beside
the source, else in the user's cache folder. If none can be written to, every process compiles.
"""

import ctypes
import hashlib
import math
import os
import re
from collections.abc import Iterator
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

import llvmlite
import llvmlite.binding as llvm
import numpy as np
from numpy.typing import NDArray

from galmass_core.assets import asset

_ARGUMENT = re.compile(r"([fiu]\d)(\[[:, 1]*\])?")
_IMPORT = re.compile(r"^from (galmass_core[\w.]*) import", re.MULTILINE)
_NUMBERS = {"f4": ctypes.c_float, "f8": ctypes.c_double, "i8": ctypes.c_int64}
_LINE = 64  # bytes of a cache line
_ONE_AT_A_TIME = Lock()


class Kernel:
    """A function of arrays and numbers that is compiled once; it returns nothing.

    Parameters
    ----------
    module : str
        Where its source is; imported only to compile it.
    name : str
    signature : str
        Types of the arguments in numba's notation, such as ``f8[::1], f4[:, ::1], i8``. Arrays must
        be contiguous.
    """

    def __init__(self, module: str, name: str, signature: str) -> None:
        self.module, self.name, self.signature = module, name, signature
        self._kinds = [
            (np.dtype(number), axes.count(",") + 1 if axes else 0)
            for number, axes in _ARGUMENT.findall(signature)
        ]

    def __call__(self, *arguments: Any) -> None:  # noqa: ANN401
        """Run the kernel.

        Raises
        ------
        TypeError
            If an array has another type or number of axes, or is not contiguous.
        RuntimeError
            If numba reports an error.
        """
        words: list[Any] = [ctypes.byref(ctypes.c_void_p()), ctypes.byref(ctypes.c_void_p())]
        for place, (argument, (dtype, axes)) in enumerate(zip(arguments, self._kinds, strict=True)):
            if not axes:
                words.append(argument)
                continue
            if argument.dtype != dtype or argument.ndim != axes or not argument.flags.c_contiguous:
                got = f"{argument.dtype} of shape {argument.shape}"
                rule = f"must be a contiguous array of {dtype} with {axes} axes"
                msg = f"{self.name}: argument {place} {rule}, got {got}"
                raise TypeError(msg)
            words += (None, None, argument.size, argument.itemsize, argument.ctypes.data)
            words += (*argument.shape, *argument.strides)
        if status := self._function(*words):
            msg = f"{self.module}.{self.name}: must raise nothing, got status {status}"
            raise RuntimeError(msg)

    @cached_property
    def _function(self) -> Any:  # noqa: ANN401
        """Load or compile the kernel; its arguments are those of numba's calling convention."""
        with _ONE_AT_A_TIME:
            code = self._machine_code()
            engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine())
            engine.add_object_file(llvm.ObjectFileRef.from_data(code))
            engine.finalize_object()
        types: list[Any] = [ctypes.c_void_p] * 2  # what it would return, and an exception
        for dtype, axes in self._kinds:
            array = [ctypes.c_void_p] * 2 + [ctypes.c_int64] * 2 + [ctypes.c_void_p]
            number = [_NUMBERS[dtype.str[1:]]] if not axes else []
            types += [*array, *[ctypes.c_int64] * (2 * axes)] if axes else number
        function: Any = ctypes.CFUNCTYPE(ctypes.c_int, *types)(
            engine.get_function_address(self.name)
        )
        function.engine = engine  # the code lives as long as this; two threads may load it
        return function

    def _machine_code(self) -> bytes:
        """Return the kernel's machine code for this processor, from a file if there is one."""
        parts = llvmlite.__version__, *_processor(), *self._sources(), *sources_of(__name__, {})
        name = f"{self.name}-{_hash(*parts)}.o"
        for folder in _folders(self.module):
            if (code := _read(folder / name)) is not None:
                return code
        code = self.compile()
        for folder in _folders(self.module):
            if _write(folder, name, code):
                break
        return code

    def _sources(self) -> list[str]:
        """Return all that the translation depends on."""
        return [self.signature, *sources_of(self.module, {})]

    @property
    def file_name(self) -> str:
        """Name of the translation of this version of the source for this platform."""
        return f"{self.name}-{_hash(llvm.get_process_triple(), *self._sources())}.bc"

    def compile(self) -> bytes:
        """Make machine code for this processor."""
        try:
            module = llvm.parse_bitcode(asset(f"kernels/{self.file_name}").read_bytes())
        except (OSError, RuntimeError):  # none is shipped, or of a later LLVM than ours
            module = llvm.parse_assembly(self.translate())
        machine = _target_machine()
        options = llvm.create_pipeline_tuning_options(speed_level=3)
        options.loop_vectorization = options.slp_vectorization = True
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
        return machine.emit_object(module)

    def translate(self) -> str:
        """Let numba translate the source for LLVM.

        Raises
        ------
        ValueError
            If the kernel calls anything but mathematical functions.
        """
        from galmass_core.translation import translated

        return translated(self.module, self.name, self._kinds)


@cache
def _processor() -> tuple[str, str]:
    """Return the name of this processor, and what it can do."""
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def aligned(*shape: int, dtype: type = float) -> NDArray:
    """Return an empty array for kernels that starts at a cache line.

    A vector of numbers that lies across two lines takes twice the time.
    """
    raw = np.empty(math.prod(shape) * np.dtype(dtype).itemsize + _LINE, dtype=np.uint8)
    start = -raw.ctypes.data % _LINE
    return raw[start : len(raw) - _LINE + start].view(dtype).reshape(shape)


def _hash(*parts: str) -> str:
    """Return a short hash of texts."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _target_machine() -> Any:  # noqa: ANN401
    """Return this processor for LLVM to compile for; an engine takes it over."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    processor, features = _processor()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=processor,
        features=features,
        opt=3,
        codemodel="jitdefault",
        jit=True,
    )


def sources_of(module: str, seen: dict[str, str]) -> list[str]:
    """Return the source of a module and of those of galmass that it imports."""
    if module not in seen:
        seen[module], imported = _source(module)
        for each in imported:
            sources_of(each, seen)
    return list(seen.values())


@cache
def _source(module: str) -> tuple[str, list[str]]:
    """Return the source of a module, and the names of those of galmass that it imports."""
    text = _path(module).read_text(encoding="utf-8")
    return text, _IMPORT.findall(text)


def _path(module: str) -> Path:
    """Return the file of a module, without importing it."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)


def _folders(module: str) -> Iterator[Path]:
    """Yield folders where machine code may be kept."""
    if "NUMBA_CACHE_DIR" in os.environ:
        yield Path(os.environ["NUMBA_CACHE_DIR"])
        return
    yield _path(module).parent / "__pycache__"
    from platformdirs import user_cache_path

    yield user_cache_path("galmass")


def _read(path: Path) -> bytes | None:
    """Return a whole file of `_write`; None if there is none."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    checksum, code = content[:32], content[32:]
    return code if hashlib.sha256(code).digest() == checksum else None


def _write(folder: Path, name: str, code: bytes) -> bool:
    """Write a file whole or not at all; return whether it is there."""
    part = folder / f"{name}.{uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_bytes(hashlib.sha256(code).digest() + code)
        part.replace(folder / name)
    except OSError:
        return False
    return True
