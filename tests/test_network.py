import numpy as np
import pytest
import torch
from torch.nn import functional

from galmass_core.networks.network import MultibranchResNet, ResNet18
from galmass_core.networks.scalars import scalar_columns


def norm(x, weights, name):
    """Normalise each channel over the batch (Ioffe & Szegedy 2015)."""
    mean = x.mean((0, 2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean((0, 2, 3), keepdim=True)
    scale, shift = (weights[f"{name}.{key}"][None, :, None, None] for key in ("weight", "bias"))
    return (x - mean) / torch.sqrt(variance + 1e-5) * scale + shift


def block(x, weights, name, stride):
    """The block of He et al. (2016), Fig. 2 and 3, with a 1 × 1 projection where sides change."""
    y = functional.conv2d(x, weights[f"{name}.conv1.weight"], stride=stride, padding=1)
    y = functional.relu(norm(y, weights, f"{name}.bn1"))
    y = functional.conv2d(y, weights[f"{name}.conv2.weight"], padding=1)
    y = norm(y, weights, f"{name}.bn2")
    if f"{name}.downsample.0.weight" in weights:
        x = functional.conv2d(x, weights[f"{name}.downsample.0.weight"], stride=stride)
        x = norm(x, weights, f"{name}.downsample.1")
    return functional.relu(x + y)


def restated(x, weights):
    """ResNet-18 without its last layer, said once more (He et al. 2016, Table 1)."""
    x = functional.conv2d(x, weights["conv1.weight"], stride=2, padding=3)
    x = functional.relu(norm(x, weights, "bn1"))
    x = functional.max_pool2d(x, 3, 2, 1)
    for stage in (1, 2, 3, 4):
        x = block(x, weights, f"layer{stage}.0", 1 if stage == 1 else 2)
        x = block(x, weights, f"layer{stage}.1", 1)
    return functional.adaptive_avg_pool2d(x, 1).flatten(1)


def torchvision_shapes():
    """Names and shapes of torchvision's resnet18, without fc and for one channel."""
    shapes = {"conv1.weight": (64, 1, 7, 7)}
    norms = {"bn1": 64}
    before = 64
    for stage, channels in enumerate((64, 128, 256, 512), 1):
        for number, entering in enumerate((before, channels)):
            name = f"layer{stage}.{number}"
            shapes[f"{name}.conv1.weight"] = (channels, entering, 3, 3)
            shapes[f"{name}.conv2.weight"] = (channels, channels, 3, 3)
            norms |= {f"{name}.bn1": channels, f"{name}.bn2": channels}
        if stage > 1:
            shapes[f"layer{stage}.0.downsample.0.weight"] = (channels, before, 1, 1)
            norms[f"layer{stage}.0.downsample.1"] = channels
        before = channels
    for name, channels in norms.items():
        for key in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{key}"] = (channels,)
        shapes[f"{name}.num_batches_tracked"] = ()
    return shapes


def shake(network, seed=0):
    """Give norms other weights than 1 and 0, so that they are seen."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, each in network.named_parameters():
            if each.ndim == 1:
                each.copy_(torch.rand_like(each) + (0.5 if "weight" in name else -0.5))
    return network


@pytest.mark.parametrize(("width", "pixels"), [(0.1, 60), (0.1, 75), (0.05, 300)])
def test_a_branch_is_the_resnet_18_of_he_et_al(width, pixels):
    branch = shake(ResNet18(width)).double().train()
    x_BCHW = torch.rand(3, 1, pixels, pixels, dtype=torch.float64)
    twin_BCHW = x_BCHW.clone().requires_grad_()
    x_BCHW.requires_grad_()
    names = [name for name, _ in branch.named_parameters()]
    ours = branch(x_BCHW)
    theirs = restated(twin_BCHW, dict(branch.named_parameters()))
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
    weight = torch.rand_like(ours)
    parameters = [*branch.parameters()]
    our_slopes = torch.autograd.grad((ours * weight).sum(), [x_BCHW, *parameters])
    their_slopes = torch.autograd.grad((theirs * weight).sum(), [twin_BCHW, *parameters])
    for name, one, other in zip(["input", *names], our_slopes, their_slopes, strict=True):
        assert other.abs().max() > 0, name
        torch.testing.assert_close(one, other, rtol=1e-7, atol=1e-9 * other.abs().max().item())


def test_names_and_shapes_are_torchvisions():
    ours = {name: tuple(each.shape) for name, each in ResNet18().state_dict().items()}
    assert ours == torchvision_shapes()


def test_a_branch_has_the_parameters_that_the_paper_s_has():
    assert sum(each.numel() for each in ResNet18().parameters()) == 11_170_240


def test_a_branch_equals_torchvision_s_on_shared_weights():
    torchvision = pytest.importorskip("torchvision", reason="torchvision is not installed here")
    branch, theirs = shake(ResNet18()), torchvision.models.resnet18()
    theirs.conv1 = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    theirs.fc = torch.nn.Identity()
    theirs.load_state_dict(branch.state_dict())
    x_BCHW = torch.rand(4, 1, 60, 60)
    outputs = [network.train()(x_BCHW) for network in (branch, theirs)]
    torch.testing.assert_close(*outputs)
    for output in outputs:
        output.square().sum().backward()
    for one, other in zip(branch.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(*(network.eval()(x_BCHW) for network in (branch, theirs)))


@pytest.mark.parametrize(("pixels", "side"), [(300, 10), (150, 5), (60, 2), (48, 2)])
def test_a_branch_takes_all_sides_of_maps(pixels, side):
    branch = ResNet18(0.05).eval()
    seen = []
    branch.layer4.register_forward_hook(lambda *call: seen.append(call[-1].shape[2:]))
    assert branch(torch.rand(2, 1, pixels, pixels)).shape == (2, round(0.05 * 512))
    assert seen == [(side, side)]


def test_branches_lie_side_by_side_before_one_linear_layer():
    network = MultibranchResNet(["r", "V"], 2, width=0.05).eval()
    maps = {"r": torch.rand(3, 1, 60, 60), "V": torch.rand(3, 1, 48, 48)}
    features = [network.branches[key](maps[key]).detach().numpy() for key in ("r", "V")]
    weight, bias = (each.detach().numpy() for each in network.fc.parameters())
    np.testing.assert_allclose(
        network(maps).detach().numpy(), np.hstack(features) @ weight.T + bias, rtol=1e-5
    )


def test_each_map_reaches_the_output_by_its_own_branch():
    network = MultibranchResNet(["r", "V"], width=0.05)
    maps = {key: torch.rand(3, 1, 48, 48, requires_grad=True) for key in ("r", "V")}
    network(maps).square().sum().backward()
    assert all(each.grad.abs().sum() > 0 for each in maps.values())
    one, other = network.branches["r"], network.branches["V"]
    assert not set(map(id, one.parameters())) & set(map(id, other.parameters()))


def test_a_quarter_of_the_width_has_a_sixteenth_of_the_weights():
    sizes = [sum(each.numel() for each in ResNet18(width).parameters()) for width in (0.25, 1)]
    assert sizes[1] / sizes[0] == pytest.approx(16, rel=0.02)


def test_the_first_weights_are_those_of_he_et_al_2015():
    torch.manual_seed(0)
    for name, each in MultibranchResNet(["r"], width=0.5).named_parameters():
        if each.ndim == 4:
            fan_out = each.shape[0] * each.shape[2] * each.shape[3]
            assert each.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.1), name


def test_no_map_is_refused():
    with pytest.raises(ValueError, match="at least one map, got none"):
        MultibranchResNet([])


def test_a_network_without_channels_is_refused():
    with pytest.raises(ValueError, match=r"at least one channel, got 0.001"):
        MultibranchResNet(["r"], width=0.001)


SUBSETS = (("r",), ("V", "sigma"), ("r", "V", "sigma"))


def make_network_with_subsets(scalars=()):
    torch.manual_seed(0)
    network = MultibranchResNet(SUBSETS[-1], 2, width=0.03, scalars=scalars, subsets=SUBSETS)
    return shake(network).eval()


def make_inputs(seed):
    generator = torch.Generator().manual_seed(seed)
    return {key: torch.rand(4, 1, 24, 24, generator=generator) for key in SUBSETS[-1]}


def test_outputs_of_a_subset_depend_on_its_maps_only():
    network = make_network_with_subsets()
    maps, others = make_inputs(0), make_inputs(1)
    with torch.no_grad():
        outputs = network(maps).reshape(4, 3, 2)
        for number, subset in enumerate(SUBSETS):
            mixed = {key: (maps if key in subset else others)[key] for key in maps}
            changed = (network(mixed).reshape(4, 3, 2) != outputs).any(2).any(0)
            assert not changed[number]
            assert changed[2] == (number != 2)


def test_weights_of_maps_that_a_subset_lacks_get_no_gradient():
    network = make_network_with_subsets()
    network(make_inputs(0)).sum().backward()
    absent = network.fc.seen == 0
    assert absent.sum() == 2 * (2 + 1) * network.branches["r"].outputs
    assert not network.fc.weight.grad[absent].any()
    assert not network.fc.weight[absent].any()
    assert network.fc.weight.grad[~absent].any()


def test_a_subset_layer_starts_as_a_layer_of_its_own_features():
    network = make_network_with_subsets()
    features = network.branches["r"].outputs
    for number, count in enumerate(map(len, SUBSETS)):
        largest = network.fc.weight[2 * number : 2 * number + 2].abs().max()
        bound = (count * features) ** -0.5
        assert 0.5 * bound < largest <= bound


@pytest.mark.parametrize("subset", SUBSETS)
def test_the_network_of_one_subset_predicts_the_same(subset):
    whole = make_network_with_subsets()
    part = MultibranchResNet(subset, 2, width=0.03)
    part.load_state_dict(whole.only(subset))
    first, maps = 2 * SUBSETS.index(subset), make_inputs(0)
    with torch.no_grad():
        torch.testing.assert_close(part.eval()(maps), whole(maps)[:, first : first + 2])


@pytest.mark.parametrize("subset", SUBSETS)
def test_a_subset_sees_the_scalars_of_its_maps(subset):
    columns, own = scalar_columns(SUBSETS[-1]), scalar_columns(subset)
    whole = make_network_with_subsets(columns)
    part = MultibranchResNet(subset, 2, width=0.03, scalars=own)
    part.load_state_dict(whole.only(subset))
    first, maps = 2 * SUBSETS.index(subset), make_inputs(0)
    numbers = torch.arange(4.0 * len(columns)).reshape(4, -1, 1, 1)
    chosen = numbers[:, [columns.index(key) for key in own]]
    with torch.no_grad():
        found = whole(maps | {"scalars": numbers})[:, first : first + 2]
        torch.testing.assert_close(part.eval()(maps | {"scalars": chosen}), found)
