"""Translate the compiled kernels for LLVM: ``python assets/makers/kernels.py``.

Writes ``assets/kernels/*.bc`` for this platform, from which `machine_code` makes code for the
processor it runs on. To be run, and the result committed, whenever the source of a kernel changes.
"""

import os
from importlib import import_module
from pathlib import Path

import llvmlite.binding as llvm

from galmass_core import machine_code
from galmass_core.machine_code import Kernel


def kernels() -> list[Kernel]:
    """Return all kernels of galmass."""
    core = Path(machine_code.__file__).parent
    found = []
    for path in sorted(core.rglob("*.py")):
        if "= Kernel(" in path.read_text(encoding="utf-8"):
            name = ".".join(path.relative_to(core.parent).with_suffix("").parts)
            found += [one for one in vars(import_module(name)).values() if isinstance(one, Kernel)]
    return found


def simplified(text: str, name: str) -> bytes:
    """Return a translation without what its only public function does not need.

    Nothing is done yet that depends on the processor.
    """
    module = llvm.parse_assembly(text)
    for function in module.functions:
        if not function.is_declaration and function.name != name:
            function.linkage = "internal"
    machine = llvm.Target.from_default_triple().create_target_machine()
    options = llvm.create_pipeline_tuning_options(speed_level=1)
    options.loop_unrolling = options.loop_interleaving = False
    builder = llvm.create_pass_builder(machine, options)
    passes = builder.getModulePassManager()
    passes.add_global_dead_code_eliminate_pass()
    passes.add_strip_dead_prototype_pass()
    passes.add_strip_symbols_pass()
    passes.run(module, builder)
    return module.as_bitcode()


def main() -> None:
    """Write the translations that there are not yet, and delete those of earlier sources."""
    os.environ["NUMBA_OPT"] = "0"  # before numba is imported: nothing is made for this processor
    llvm.initialize_native_target()
    folder = Path(__file__).parents[1] / "kernels"
    folder.mkdir(exist_ok=True)
    wanted = {folder / kernel.file_name: kernel for kernel in kernels()}
    for path in folder.glob("*.bc"):
        if path not in wanted:
            path.unlink()
    for path, kernel in wanted.items():
        if not path.exists():
            path.write_bytes(simplified(kernel.translate(), kernel.name))


if __name__ == "__main__":
    main()
