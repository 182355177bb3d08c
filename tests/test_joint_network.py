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


def test_a_step_is_as_exact_as_plain_pytorch(network):
    truth = after_a_step(network, torch.float64, joint=False)
    plain, ours = (error(after_a_step(network, joint=joint), truth) for joint in (False, True))
    assert ours < 1.5 * plain + 1e-6


def test_each_step_counts_in_every_branch(network):
    side_by_side = copy.deepcopy(network).to(memory_format=torch.channels_last)
    joint = JointNetwork(side_by_side)
    for _ in range(2):
        joint.features(inputs())
    counts = [each for name, each in side_by_side.named_buffers() if "tracked" in name]
    assert len(counts) == 3 * 20
    assert all(each == 2 for each in counts)


def normalised(norm, kind, x_BCHW, around_BCHW):
    """Return what a layer of joint branches does, and what plain PyTorch does in its place."""
    if not isinstance(norm, norms.ColumnNorm):
        y_BCHW = norm(x_BCHW) + (around_BCHW if kind == "around" else 0)
        y_BCHW = y_BCHW if kind == "alone" else y_BCHW.relu()
        return torch.nn.functional.max_pool2d(y_BCHW, 3, 2, 1) if kind == "pooled" else y_BCHW
    x_BCHW = x_BCHW.contiguous(memory_format=torch.channels_last)
    if kind == "alone":
        return norm(x_BCHW)
    if kind == "pooled":
        sign_C = norm.weight.detach().sign()
        return norm.pooled(x_BCHW * sign_C[:, None, None], sign_C)
    return norm.rectified(x_BCHW, around_BCHW if kind == "around" else None)


@pytest.mark.parametrize(
    "shape", [(40, 8, 15, 15), (7, 24, 31, 28), (4, 16, 5, 5), (30, 1, 12, 13)]
)
@pytest.mark.parametrize("kind", ["alone", "rectified", "around", "pooled"])
def test_norms_and_their_gradients_are_those_of_64_bit_floats(kind, shape):
    torch.manual_seed(3)
    x_BCHW, around_BCHW, weight_C = (
        3 + torch.randn(shape),
        torch.randn(shape),
        torch.randn(shape[1]),
    )
    found = []
    for norm in (norms.ColumnNorm(shape[1]), torch.nn.BatchNorm2d(shape[1]).double()):
        dtype = norm.weight.dtype
        with torch.no_grad():
            norm.weight.copy_(weight_C)
            norm.bias.copy_(weight_C.flip(0))
        given = [each.detach().to(dtype).requires_grad_() for each in (x_BCHW, around_BCHW)]
        y_BCHW = normalised(norm.train(), kind, *given)
        torch.manual_seed(4)
        (torch.randn(y_BCHW.shape) * y_BCHW).sum().backward()
        other = given[1].grad if kind == "around" else torch.zeros(1)
        gradients = (given[0].grad, norm.weight.grad, norm.bias.grad, other)
        found.append([y_BCHW.detach(), norm.running_mean, norm.running_var, *gradients])
    for ours, exact in zip(*found, strict=True):
        torch.testing.assert_close(ours.double(), exact.double(), rtol=3e-6, atol=1e-5)


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
