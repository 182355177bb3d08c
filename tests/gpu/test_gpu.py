"""The checks of run.py and networks.py, for pytest: they need a CUDA device."""

import networks
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


def test_steps_on_the_gpu_are_those_of_the_cpu_to_16_bit_floats():
    networks.check_steps("cuda")


def test_a_captured_step_is_the_step():
    networks.check_graph("cuda")


def test_maps_on_the_gpu_and_maps_read_ahead_teach_the_same():
    networks.check_feeds("cuda")


def test_a_few_steps_are_timed(capsys):
    networks.time_networks("cuda", steps=5, samples=200, pixels=60)
    assert "samples/s, ratio" in capsys.readouterr().out
