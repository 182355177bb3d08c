"""The checks of run.py, for pytest: they need a CUDA device."""

import pytest
import run
import torch


@pytest.fixture(autouse=True)
def cuda():
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device here")


def test_images_on_the_gpu_equal_those_of_the_compiled_kernel():
    run.check_images("cuda")


def test_images_on_the_gpu_are_accurate():
    run.check_accuracy("cuda")


def test_ten_galaxies_are_timed(capsys):
    run.time_images("cuda", galaxies=10, stars=5000)
    assert "speed: 10 galaxies" in capsys.readouterr().out
