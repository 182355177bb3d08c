"""Predict masses from maps with one ResNet-18 branch for each map (Chu et al. 2024, Sec. 3.1).

Each branch is the ResNet-18 of He et al. (2016) with one input channel; the features of all
branches are concatenated and mapped to the outputs by one linear layer (Fig. 3). Names and shapes
of a branch's parameters are those of torchvision's resnet18, so that weights are interchangeable.

Shape suffixes: B samples, C channels, H rows, W columns.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from galmass_core.networks.scalars import SCALARS, scalar_columns

CHANNELS = (64, 128, 256, 512)  # of the four stages


class BasicBlock(nn.Module):
    """Two 3 × 3 convolutions with a skip connection."""

    norm: type[nn.BatchNorm2d] = nn.BatchNorm2d

    def __init__(self, entering: int, leaving: int, stride: int, groups: int) -> None:
        super().__init__()
        convolve = partial(nn.Conv2d, groups=groups, bias=False)
        self.conv1 = convolve(entering, leaving, 3, stride, padding=1)
        self.bn1 = self.norm(leaving)
        self.conv2 = convolve(leaving, leaving, 3, padding=1)
        self.bn2 = self.norm(leaving)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or entering != leaving:
            self.downsample = nn.Sequential(
                convolve(entering, leaving, 1, stride), self.norm(leaving)
            )

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the output of the block."""
        around = x_BCHW if self.downsample is None else self.downsample(x_BCHW)
        y_BCHW = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x_BCHW)))))
        return self.relu(y_BCHW.add_(around))


class ResNet18(nn.Module):
    """A ResNet-18 for one map, without its last layer.

    Parameters
    ----------
    width : float
        Of all stages, in units of the paper's.
    groups : int
        Number of such networks side by side, which share nothing: each has its own of the input
        channels, of the channels of all layers, and of the outputs.
    """

    block: type[BasicBlock] = BasicBlock
    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(self, width: float = 1.0, groups: int = 1) -> None:
        super().__init__()
        self.width = width
        channels = [groups * round(width * full) for full in CHANNELS]
        self.conv1 = nn.Conv2d(groups, channels[0], 7, 2, padding=3, groups=groups, bias=False)
        self.bn1 = self.block.norm(channels[0])
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        entering = channels[0]
        for number, leaving in enumerate(channels, 1):
            first = self.block(entering, leaving, 1 if number == 1 else 2, groups)
            second = self.block(leaving, leaving, 1, groups)
            setattr(self, f"layer{number}", nn.Sequential(first, second))
            entering = leaving
        self.outputs = entering

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the features of each map, (B, outputs)."""
        x_BCHW = self.stem(x_BCHW)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x_BCHW = stage(x_BCHW)
        return x_BCHW.mean((2, 3))

    def stem(self, x_BCHW: Tensor) -> Tensor:
        """Return the input of the first stage, a quarter of the map in height and width."""
        return self.maxpool(self.relu(self.bn1(self.conv1(x_BCHW))))


class SubsetLayer(nn.Linear):
    """Linear layers side by side, each of which sees the features of some branches only.

    One matrix for all, in which the weights of features that a layer does not see stay 0. Each
    layer starts as `nn.Linear` starts one of as many features as it sees.

    Parameters
    ----------
    seen_SD : (S, D) bool
        Which features each of S layers sees.
    outputs : int
        Of each layer; those of the first layer come first.
    """

    seen: Tensor

    def __init__(self, seen_SD: Tensor, outputs: int) -> None:
        super().__init__(seen_SD.shape[1], len(seen_SD) * outputs)
        seen_OD = seen_SD.float().repeat_interleave(outputs, 0)
        self.register_buffer("seen", seen_OD, persistent=False)
        with torch.no_grad():
            self.weight *= seen_OD / seen_OD.mean(1, keepdim=True).sqrt()

    def forward(self, features_BD: Tensor) -> Tensor:
        """Return the outputs of all layers, (B, S * outputs)."""
        return nn.functional.linear(features_BD, self.weight * self.seen, self.bias)


class ScalarBranch(nn.Module):
    """The numbers beside the maps: features as they are, without a weight."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, x_BS11: Tensor) -> Tensor:
        """Return the numbers, (B, S)."""
        return x_BS11.flatten(1)


class MultibranchResNet(nn.Module):
    """The paper's network: a branch for each map, joined by one linear layer.

    Parameters
    ----------
    maps : sequence of str
        Input maps.
    outputs : int
        Number of outputs.
    width : float
        Of the branches, in units of the paper's; 1/4 has a sixteenth of the weights.
    subsets : sequence of sequences of str
        Sets of maps, each of which has ``outputs`` of its own that depend on its maps only, in
        place of outputs that depend on all.
    scalars : sequence of str
        Columns beside the maps, whose numbers join the features of the branches. A subset sees
        those of `scalars.scalar_columns`.

    Raises
    ------
    ValueError
        If there is no map, or ``width`` leaves a stage without channels.
    """

    def __init__(
        self,
        maps: Sequence[str],
        outputs: int = 1,
        *,
        width: float = 1.0,
        scalars: Sequence[str] = (),
        subsets: Sequence[Sequence[str]] = (),
    ) -> None:
        super().__init__()
        self.subsets = tuple(map(tuple, subsets))
        if not maps:
            msg = "maps must name at least one map, got none"
            raise ValueError(msg)
        if round(width * CHANNELS[0]) < 1:
            msg = f"width must leave at least one channel, got {width}"
            raise ValueError(msg)
        branches: dict[str, ResNet18 | ScalarBranch] = {key: ResNet18(width) for key in maps}
        if scalars:
            branches[SCALARS] = ScalarBranch(len(scalars))
        self.branches = nn.ModuleDict(branches)
        sizes = [branches[key].outputs for key in maps] + [1] * len(scalars)
        if subsets:
            own = [{*subset, *scalar_columns(subset)} for subset in subsets]
            seen_SM = torch.tensor([[key in each for key in (*maps, *scalars)] for each in own])
            seen_SD = seen_SM.repeat_interleave(torch.tensor(sizes), 1)
            self.fc: nn.Linear = SubsetLayer(seen_SD, outputs)
        else:
            self.fc = nn.Linear(sum(sizes), outputs)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, maps: Mapping[str, Tensor]) -> Tensor:
        """Predict from maps.

        Parameters
        ----------
        maps : mapping of (B, 1, H, W) float
            By key, scaled to 0..1; with scalars also ``scalars``, (B, S, 1, 1).

        Returns
        -------
        (B, outputs) float
            With subsets (B, S * outputs), those of the first subset first.
        """
        return self.fc(self.features(maps))

    def features(self, maps: Mapping[str, Tensor]) -> Tensor:
        """Return the features of all branches, from which the last layer predicts; (B, D)."""
        return torch.cat([branch(maps[key]) for key, branch in self.branches.items()], dim=1)

    def only(self, maps: Sequence[str]) -> dict[str, Tensor]:
        """Return the weights of the network of one subset, under the names of that network."""
        outputs = self.fc.out_features // len(self.subsets)
        first = self.subsets.index(tuple(maps)) * outputs
        rows = slice(first, first + outputs)
        seen_D = self.fc.get_buffer("seen")[first] > 0
        kept = {
            f"branches.{key}.{name}": each
            for key in maps
            for name, each in self.branches[key].state_dict().items()
        }
        return kept | {"fc.weight": self.fc.weight[rows, seen_D], "fc.bias": self.fc.bias[rows]}
