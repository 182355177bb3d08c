"""Tests of `networks.joint`: branches computed side by side, and of `networks.norms`."""

import copy
from itertools import pairwise

import pytest
import torch

from galmass_core.networks import norms
from galmass_core.networks.joint import JointNetwork
from galmass_core.networks.network import MultibranchResNet

MAPS = ("r", "V", "sigma")
SIDES = {"r": 64, "V": 40, "sigma": 40}  # two branches of one size beside one of another


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(1)
    network = MultibranchResNet(MAPS, 2, width=0.125, scalars=("effective_radius",)).train()
    with torch.no_grad():
        for branch in network.branches.values():
            if hasattr(branch, "bn1"):
                branch.bn1.weight[::2] *= -1  # a slope that falls
    return network


def inputs(dtype=torch.float32):
    torch.manual_seed(2)
    maps = {key: 0.5 + 0.1 * torch.rand(8, 1, side, side) for key, side in SIDES.items()}
    maps["scalars"] = torch.randn(8, 1, 1, 1)
    return {key: each.to(dtype) for key, each in maps.items()}


def running(network):
    return {name: each for name, each in network.named_buffers() if "running" in name}


def after_a_step(network, dtype=torch.float32, *, joint):
    """Return outputs, gradients and running means of a copy of a network, by name."""
    network, maps = copy.deepcopy(network).to(dtype), inputs(dtype)
    if joint:
        network = network.to(memory_format=torch.channels_last)
        side_by_side = JointNetwork(network)
        outputs = network.fc(side_by_side.features(maps))
        outputs.square().sum().backward()
        gradients = side_by_side.views(side_by_side.weights.grad)
    else:
        outputs = network(maps)
        outputs.square().sum().backward()
        gradients = {name: each.grad for name, each in network.named_parameters()}
    return {"outputs": outputs.detach(), **gradients, **running(network)}


def error(found, truth):
    """Return the largest error of an array's values, relative to their root mean square."""
    return max(
        float((found[name] - each).square().mean().sqrt() / each.double().square().mean().sqrt())
        for name, each in truth.items()
    )


def test_a_step_is_that_of_plain_pytorch_in_64_bit_floats(network):
    truth = after_a_step(network, torch.float64, joint=False)
    assert error(after_a_step(network, torch.float64, joint=True), truth) < 1e-11


def test_a_step_in_32_bit_floats_is_as_exact_as_plain_pytorch(network, monkeypatch):
    truth = after_a_step(network, torch.float64, joint=False)
    plain, ours = (error(after_a_step(network, joint=joint), truth) for joint in (False, True))
    assert ours < 1.5 * plain + 1e-6
    monkeypatch.setattr(norms, "_FEW", 0)
    assert error(after_a_step(network, joint=True), truth) < 1.5 * plain + 1e-6


def test_sums_are_exact_where_many_pixels_have_a_large_mean():
    torch.manual_seed(0)
    x_BCHW = (30 + torch.randn(40, 8, 64, 64)).contiguous(memory_format=torch.channels_last)
    norm, truth = norms.ColumnNorm(8).train(), torch.nn.BatchNorm2d(8).double().train()
    found, exact = norm(x_BCHW), truth(x_BCHW.double())
    torch.testing.assert_close(found.double(), exact, rtol=0, atol=1e-5)
    torch.testing.assert_close(norm.running_var.double(), truth.running_var, rtol=1e-6, atol=0)
    torch.testing.assert_close(norm.running_mean.double(), truth.running_mean, rtol=1e-6, atol=0)


def test_weights_of_a_layer_are_neighbours_and_those_of_the_network_change_with_them(network):
    network = copy.deepcopy(network).to(memory_format=torch.channels_last)
    before = {name: each.clone() for name, each in network.state_dict().items()}
    joint = JointNetwork(network)
    after = network.state_dict()
    assert all(torch.equal(after[name], each) for name, each in before.items())
    places = [network.branches[key].conv1.weight.data_ptr() for key in MAPS]
    assert {second - first for first, second in pairwise(places)} == {4 * 8 * 49}
    with torch.no_grad():
        joint.weights += 1
    assert all(torch.equal(each, before[name] + 1) for name, each in network.named_parameters())
