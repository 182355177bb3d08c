"""Machine code of kernels: compiled once, loaded without numba."""

import os
import runpy
import subprocess
import sys
import weakref

import llvmlite.binding as llvm
import numpy as np
import pytest

from galmass_core import machine_code
from galmass_core.assets import asset
from galmass_core.machine_code import Kernel, sources_of

WORDS = (
    "galmass_core.sources.potential_field",
    "sum_field",
    "f8[:, ::1], f8[::1], f8[::1], f8, f8[::1]",
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def code():
    return Kernel(*WORDS).compile()


def depth(kernel):
    """Return the potential of a mass of 2 at a distance of 3 with a softening length of 4."""
    sums = np.zeros(10)
    kernel(np.array([[0.0, 0.0, 3.0]]), np.array([2.0]), np.zeros(3), 16.0, sums)
    return sums[0]


def test_a_kernel_is_compiled_once_and_then_loaded(folder, code, monkeypatch):
    compiled = []
    monkeypatch.setattr(Kernel, "compile", lambda self: compiled.append(self) or code)
    assert depth(Kernel(*WORDS)) == pytest.approx(-2 / 5)
    assert depth(Kernel(*WORDS)) == pytest.approx(-2 / 5)
    assert len(compiled) == len(list(folder.iterdir())) == 1


def test_code_that_two_threads_load_lives_until_both_have_run(folder, code, monkeypatch):
    engines = weakref.WeakSet()
    make = llvm.create_mcjit_compiler

    def made(*arguments):
        engine = make(*arguments)
        engines.add(engine)
        return engine

    monkeypatch.setattr(llvm, "create_mcjit_compiler", made)
    monkeypatch.setattr(Kernel, "compile", lambda self: code)
    kernel, load = Kernel(*WORDS), vars(Kernel)["_function"].func  # as without a lock
    functions = [load(kernel), load(kernel)]
    assert len(engines) == len(functions)


def test_a_damaged_file_is_compiled_again(folder, code, monkeypatch):
    monkeypatch.setattr(Kernel, "compile", lambda self: code)
    depth(Kernel(*WORDS))
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    assert depth(Kernel(*WORDS)) == pytest.approx(-2 / 5)
    assert path.read_bytes()[32:] == code


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path, code, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    (tmp_path / "file").touch()
    monkeypatch.setattr(Kernel, "compile", lambda self: code)
    assert depth(Kernel(*WORDS)) == pytest.approx(-2 / 5)


def test_the_key_follows_the_sources_that_a_kernel_imports():
    seen = {}
    sources_of("galmass_core.imaging.stamps", seen)
    assert {"galmass_core.imaging.lanes", "galmass_core.imaging.spline"} <= seen.keys()


@pytest.mark.parametrize(
    "masses",
    [np.ones(2, np.float32), np.ones((2, 1)), np.ones(4)[::2]],
    ids=["type", "axes", "gaps"],
)
def test_arrays_of_another_kind_are_refused(masses):
    with pytest.raises(TypeError, match="argument 1 must be a contiguous array of float64"):
        Kernel(*WORDS)(np.zeros((2, 3)), masses, np.zeros(3), 1.0, np.zeros(10))


@pytest.fixture
def shipped():
    if llvm.get_process_triple() != "x86_64-unknown-linux-gnu":
        pytest.skip("translations ship for Linux on x86-64 alone")


def test_every_kernel_ships_translated_from_its_present_source(shipped):
    kernels = runpy.run_path(str(asset("makers/kernels.py")))["kernels"]()
    assert "galmass_core.imaging.stamps" in {kernel.module for kernel in kernels}
    names = {path.name for path in asset("kernels").iterdir()}
    rule = "must be what `python assets/makers/kernels.py` writes for the present sources"
    assert names == {kernel.file_name for kernel in kernels}, rule


def test_without_a_shipped_translation_numba_makes_one(folder, monkeypatch):
    monkeypatch.setattr(machine_code, "asset", lambda name: folder / name)
    translated = []
    translate = Kernel.translate
    monkeypatch.setattr(
        Kernel, "translate", lambda self: translated.append(self.name) or translate(self)
    )
    assert depth(Kernel(*WORDS)) == pytest.approx(-2 / 5)
    assert translated == ["sum_field"]


def test_images_and_lengths_need_no_numba_even_at_first(shipped, tmp_path):
    script = (
        "import sys, numpy as np\n"
        "from galmass_core.imaging.rendering import deposit\n"
        "from galmass_core.imaging.smoothing import smoothing_lengths\n"
        "places = np.random.default_rng(0).normal(size=(99, 3))\n"
        "lengths = smoothing_lengths(places)\n"
        "deposit(*places.T[:2], lengths, np.ones((1, 99)), half_width=3, pixels=300)\n"
        "print('numba' in sys.modules)"
    )
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", script]
    assert subprocess.check_output(command, text=True, env=environment) == "False\n"
