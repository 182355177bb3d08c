"""Hyper-parameters of a network's training, and their presets."""

import math
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

SCHEDULES = ("cosine", "literal")
SCALINGS = ("log_global", "linear_global", "per_image")  # see `scaling.Scaling`

_LARGEST = {"width": 16, "epochs": 1_000_000, "batch": 100_000, "learning_rate": 10}
SWITCHES = ("tta", "scalars", "mask_sparse")  # off by default


class Hyperparameters(TypedDict, total=False):
    """Entries of `TrainingConfig` that a preset may be changed in."""

    width: float
    epochs: int
    batch: int
    learning_rate: float
    schedule: str
    augment: bool
    scaling: str
    tta: bool
    scalars: bool
    mask_sparse: bool


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Hyper-parameters; the defaults are the paper's (Table 2)."""

    width: float = 1.0  # of the branches, in units of ResNet-18's
    epochs: int = 200
    batch: int = 40
    learning_rate: float = 1e-4
    schedule: str = "cosine"  # to 0 over all epochs; literal: 1e-4 cos(n / 200), as printed
    augment: bool = False  # rotate, mirror and reverse samples; not in the paper
    scaling: str = "log_global"
    tta: bool = False  # predict the mean over all symmetries of the maps
    scalars: bool = False  # R_e, M_r and σ beside the maps, as in `networks.scalars`
    mask_sparse: bool = False  # σ of a single star is no 0, as in `networks.stacks.map_of`
    seed: int = 0

    def __post_init__(self) -> None:
        for name, largest in _LARGEST.items():
            if not 0 < getattr(self, name) <= largest:
                msg = f"{name} must be positive, and {largest} at most, got {getattr(self, name)}"
                raise ValueError(msg)
        for name, known in (("schedule", SCHEDULES), ("scaling", SCALINGS)):
            if getattr(self, name) not in known:
                msg = f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}"
                raise ValueError(msg)

    def settings(self) -> dict[str, Any]:
        """Return all hyper-parameters for a run's configuration; switches only where they are on.

        A training without them has the configuration, and so the names of folders, of versions that
        had no such switch.
        """
        return {key: each for key, each in asdict(self).items() if each or key not in SWITCHES}

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch, counted from 0."""
        if self.schedule == "literal":
            return self.learning_rate * math.cos(epoch / self.epochs)
        return 0.5 * self.learning_rate * (1 + math.cos(math.pi * epoch / self.epochs))


PRESETS = {  # and the side of their images
    "paper": (TrainingConfig(), 300),
    "laptop": (TrainingConfig(width=0.125, epochs=30, learning_rate=2e-3, augment=True), 60),
}
