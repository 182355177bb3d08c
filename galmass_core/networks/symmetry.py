"""Turn, mirror and reverse the maps of a sample; its masses do not change.

A galaxy seen at another position angle, or in a mirror, has its maps turned or mirrored: the eight
symmetries of the square. One whose stars all move backwards has V of the other sign, and all else
the same; it is as much in equilibrium as before. From behind a galaxy without dust shows the mirror
image with V reversed, which is one of these sixteen.

Shape suffixes: B samples, C channels, H rows, W columns, F features.
"""

import itertools
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from galmass_core.networks.network import MultibranchResNet
from galmass_core.networks.scalars import SCALARS
from galmass_core.quantities import map_spec

_SYMMETRIES = 4  # mirror left-right, mirror up-down, transpose; all velocities reversed


def draw_symmetries(rng: np.random.Generator, number: int) -> NDArray[np.bool_]:
    """Draw the symmetries of each sample, (B, 4): eight of the square, with or without reversal."""
    return rng.integers(2, size=(number, _SYMMETRIES)).astype(bool)


def turn(maps: Mapping[str, Tensor], symmetries_B4: Tensor) -> dict[str, Tensor]:
    """Apply the same symmetries to all maps of a sample; scalars stay as they are.

    Parameters
    ----------
    maps : mapping of (B, 1, H, W) float, 0..1
        Those of odd maps are scaled evenly about 0 km/s, so that ``1 - x`` has the other sign, and
        a pixel without stars, 0 km/s, stays one.
    symmetries_B4 : (B, 4) bool
        From `draw_symmetries`.

    Returns
    -------
    dict of (B, 1, H, W) float
    """
    turned = turn_one_by_one if symmetries_B4.device.type == "cpu" else turn_together
    backwards = symmetries_B4[:, 3, None, None, None]
    found = {}
    for key, x_BCHW in maps.items():
        if key == SCALARS:
            found[key] = x_BCHW
            continue
        x_BCHW = turned(x_BCHW, symmetries_B4)
        found[key] = torch.where(backwards, 1 - x_BCHW, x_BCHW) if _is_odd(key) else x_BCHW
    return found


def turn_together(x_BCHW: Tensor, symmetries_B4: Tensor) -> Tensor:
    """Mirror and transpose all samples, and keep what each needs: in few steps."""
    right, up, across, _ = (each[:, None, None, None] for each in symmetries_B4.unbind(1))
    x_BCHW = torch.where(right, x_BCHW.flip(3), x_BCHW)
    x_BCHW = torch.where(up, x_BCHW.flip(2), x_BCHW)
    return torch.where(across, x_BCHW.transpose(2, 3), x_BCHW)


def turn_one_by_one(x_BCHW: Tensor, symmetries_B4: Tensor) -> Tensor:
    """Do the same for one sample after the other, each copied once."""
    turned_BCHW = torch.empty_like(x_BCHW)
    samples = zip(turned_BCHW.numpy(), x_BCHW.numpy(), symmetries_B4.tolist(), strict=True)
    for turned_CHW, x_CHW, (right, up, across, _) in samples:
        view_CHW = x_CHW[:, :: -1 if up else 1, :: -1 if right else 1]
        turned_CHW[:] = view_CHW.swapaxes(1, 2) if across else view_CHW
    return turned_BCHW


class AveragedBranch(nn.Module):
    """A branch of a network whose features are the mean over all symmetries of its map.

    The last layer is linear, so that this is the mean of the network's predictions over all sixteen
    symmetries. Features are sorted before they are summed: the mean does not depend on which
    symmetry comes first, to the last bit.

    Parameters
    ----------
    branch : nn.Module
    is_odd : bool
        Whether the map is reversed too; the mean of others does not change by it.
    """

    def __init__(self, branch: nn.Module, *, is_odd: bool) -> None:
        super().__init__()
        self.branch, self._is_odd, self.outputs = branch, is_odd, branch.outputs

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the mean features of each map, (B, outputs)."""
        if self._is_odd:
            x_BCHW = 1 - (1 - x_BCHW)  # a multiple of 2⁻²⁴, of which 1 - x is exact
        senses = (x_BCHW, 1 - x_BCHW) if self._is_odd else (x_BCHW,)
        features_ABF = torch.stack(
            [self.branch(each.contiguous()) for sense_BCHW in senses for each in _eight(sense_BCHW)]
        )
        return features_ABF.sort(0).values.mean(0)


def average_symmetries(network: MultibranchResNet) -> MultibranchResNet:
    """Make a network predict the mean over all symmetries of its maps; return it."""
    for key, branch in network.branches.items():
        if key != SCALARS:
            network.branches[key] = AveragedBranch(branch, is_odd=_is_odd(key))
    return network


def _eight(x_BCHW: Tensor) -> list[Tensor]:
    """Return maps under each symmetry of the square."""
    turned = []
    for right, up, across in itertools.product((False, True), repeat=3):
        sides = [side for side, is_flipped in ((3, right), (2, up)) if is_flipped]
        flipped = x_BCHW.flip(sides) if sides else x_BCHW
        turned.append(flipped.transpose(2, 3) if across else flipped)
    return turned


def _is_odd(key: str) -> bool:
    """Return whether a map changes sign when all velocities do."""
    return key != SCALARS and map_spec(key).odd
