"""Compute the branches of a network side by side, as one network of grouped convolutions.

Narrow branches leave a processor waiting: for memory, and for calls that do little each. Branches
whose maps have one size run as one network, with their weights side by side and its arrays in
PyTorch's format ``channels_last``: the same sums, but for their order, in less time.

Shape suffixes: B samples, C channels, H rows, W columns, D features.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate, groupby

import torch
from torch import Tensor, nn

from galmass_core.networks.network import BasicBlock, MultibranchResNet, ResNet18
from galmass_core.networks.norms import ColumnNorm


class _JointBlock(BasicBlock):
    """A block of branches side by side."""

    norm = ColumnNorm
    bn1: ColumnNorm
    bn2: ColumnNorm

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the same as of each branch."""
        around = x_BCHW if self.downsample is None else self.downsample(x_BCHW)
        return self.bn2.rectified(self.conv2(self.bn1.rectified(self.conv1(x_BCHW))), around)


class _JointBranches(ResNet18):
    """Branches side by side."""

    block = _JointBlock
    bn1: ColumnNorm

    def stem(self, x_BCHW: Tensor) -> Tensor:
        """Return the same, from a pooled array: largest values stay largest if no slope falls."""
        sign_C = torch.ones_like(self.bn1.bias).copysign(self.bn1.weight.detach())
        kernels = self.conv1.weight * sign_C[:, None, None, None]
        x_BCHW = nn.functional.conv2d(x_BCHW, kernels, None, 2, 3, groups=x_BCHW.shape[1])
        return self.bn1.pooled(x_BCHW, sign_C)


class JointNetwork:
    """A network in training whose branches are computed side by side.

    Weights of the same layer of all branches lie beside each other in one array, of which those of
    the network become views: an optimiser changes all at once.

    Parameters
    ----------
    network : MultibranchResNet
        In the format ``channels_last``.

    Attributes
    ----------
    weights : nn.Parameter, (n,)
        All weights of the network, with a gradient to which backward passes add.
    """

    def __init__(self, network: MultibranchResNet) -> None:
        self.network = network
        self._keys = [key for key, each in network.branches.items() if isinstance(each, ResNet18)]
        self._width = float(network.branches[self._keys[0]].width)  # type: ignore[arg-type]  # a module's attribute
        running = {name: each for name, each in network.named_buffers() if "running" in name}
        counts = {name: each for name, each in network.named_buffers() if "tracked" in name}
        self._weights = _Packed(dict(network.named_parameters()), self._keys)
        self._running = _Packed(running, self._keys)
        self._counts = _Packed(counts, self._keys)
        self.weights = nn.Parameter(self._weights.array)
        self._gradient = torch.zeros_like(self.weights)
        self.weights.grad = self._gradient
        gradients = self.views(self._gradient)
        for name, each in network.fc.named_parameters(prefix="fc"):
            each.grad = gradients[name]
        self._joint: dict[tuple[str, ...], _JointBranches] = {}

    def views(self, array: Tensor) -> dict[str, Tensor]:
        """Return the parts of an array like that of all weights, by the name of the weight."""
        return self._weights.views(array)

    def features(self, maps: Mapping[str, Tensor]) -> Tensor:
        """Return what `MultibranchResNet.features` does in training mode, (B, D)."""
        found = []
        for _, alike in groupby(self._keys, key=lambda key: maps[key].shape):
            keys = tuple(alike)
            x_BCHW = torch.cat([maps[key] for key in keys], dim=1)
            x_BCHW = x_BCHW.contiguous(memory_format=torch.channels_last)
            found.append(self._together(keys)(x_BCHW))
        others = [key for key in self.network.branches if key not in self._keys]
        found += [self.network.branches[key](maps[key]) for key in others]
        self._counts.array += 1
        return torch.cat(found, dim=1)

    def _together(self, keys: tuple[str, ...]) -> _JointBranches:
        """Return the network of some branches, whose tensors are views of all."""
        if keys not in self._joint:
            with torch.device("meta"):
                joint = _JointBranches(self._width, len(keys))
            weights, gradients, running = (
                packed.joined(array, keys)
                for packed, array in (
                    (self._weights, self.weights.data),
                    (self._weights, self._gradient),
                    (self._running, self._running.array),
                )
            )
            joint.load_state_dict(weights | running, strict=False, assign=True)  # no counts
            for name, each in joint.named_parameters():
                each.grad = gradients[name]
            self._joint[keys] = joint
        return self._joint[keys]


class _Packed:
    """Tensors of a network in one array, of which they become views.

    Those of the same name in each branch follow one another.
    """

    def __init__(self, tensors: Mapping[str, Tensor], keys: Sequence[str]) -> None:
        prefix = f"branches.{keys[0]}."
        own = [name.removeprefix(prefix) for name in tensors if name.startswith(prefix)]
        order = [f"branches.{key}.{name}" for name in own for key in keys]
        order += [name for name in tensors if name not in set(order)]
        ends = list(accumulate(tensors[name].numel() for name in order))
        self._offsets = dict(zip(order, [0, *ends], strict=False))
        self._tensors, self._own = tensors, own
        self.array = next(iter(tensors.values())).new_zeros(ends[-1])
        for name, view in self.views(self.array).items():
            view.copy_(tensors[name].data)
            tensors[name].data = view

    def views(self, array: Tensor) -> dict[str, Tensor]:
        """Return the parts of an array like this one, by name."""
        return {
            name: array.as_strided(each.shape, each.stride(), self._offsets[name])
            for name, each in self._tensors.items()
        }

    def joined(self, array: Tensor, keys: Sequence[str]) -> dict[str, Tensor]:
        """Return the parts of neighbouring branches, by name within a branch."""
        parts = {}
        for name in self._own:
            first = f"branches.{keys[0]}.{name}"
            each = self._tensors[first]
            shape = (len(keys) * len(each), *each.shape[1:])
            part = array.as_strided(shape, each.stride(), self._offsets[first])
            parts[name] = part.data  # changes of other parts are no changes of this one
        return parts
