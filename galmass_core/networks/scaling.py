"""Scale maps to 0..1 and targets to zero mean and unit variance.

Scaling is measured on training samples only and stored with the run. Shape suffixes: B samples, H
rows, W columns, T targets.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.networks.presets import SCALINGS
from galmass_core.networks.scalars import scalar_values
from galmass_core.networks.stacks import STEPS, ZERO, MapStack
from galmass_core.quantities import map_spec
from galmass_core.storage.atomic import write_json
from galmass_core.storage.schema import fields, list_of, number, object_of, one_of, read_json

if TYPE_CHECKING:
    from torch import Tensor

SCALER = "scaler.json"
_SHARES = (0.001, 0.9999)  # of lit training pixels below the first and the last value of log flux
_CHUNK = 64  # maps counted at a time
_PAIRS = object_of(list_of(number(), least=2))
_RULE = fields(
    {
        "kind": one_of(*SCALINGS),
        "limits": _PAIRS,
        "means": list_of(number(), least=1),
        "spreads": list_of(number(1e-9, 1e9), least=1),
    },
    {"scalars": _PAIRS},
)


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """How maps and targets are scaled.

    The paper scales "linearly ... between 0 and 1" without stating whether for each image (then the
    network cannot know how bright a galaxy is), or for all.

    Attributes
    ----------
    kind : str
        ``log_global``: light as log10 flux, between two limits for all images. ``linear_global``:
        light as flux; minimum and maximum of training pixels. ``per_image``: light as flux; minimum
        and maximum of each map. Velocities reach as far above as below 0 km/s in the first two.
    limits : dict of (low, high)
        Values of each map that are scaled to 0 and 1, in the units of `MapSpec.codes`.
    means, spreads : tuple of float, dex
        Of each target's decimal logarithm.
    scalars : dict of (mean, spread)
        Of each column beside the maps, as `scalars.scalar_values` returns it.
    """

    kind: str
    limits: dict[str, tuple[float, float]]
    means: tuple[float, ...]
    spreads: tuple[float, ...]
    scalars: dict[str, tuple[float, float]] = field(default_factory=dict)

    def beside(self, columns: Iterable[str]) -> "Scaling":
        """Return the scaling with some columns beside the maps only, of those that it has."""
        kept = {key: self.scalars[key] for key in columns if key in self.scalars}
        return replace(self, scalars=kept)

    def maps(self, stack: MapStack, codes_BHW: "Tensor") -> "Tensor":
        """Scale codes of one map, int16, to 0..1; (B, 1, H, W) float32 on the same device."""
        spec, values_BHW = map_spec(stack.key), codes_BHW.float().add_(ZERO)
        if self.kind == "log_global" or spec.control:
            low, high = self.limits[stack.key]
            slope = stack.step / (high - low)
            return (
                values_BHW.mul_(slope).add_((stack.low - low) / (high - low)).clamp_(0, 1)[:, None]
            )
        values_BHW = values_BHW.mul_(stack.step).add_(stack.low)
        if spec.log_codes:
            values_BHW = 10**values_BHW
        if self.kind == "per_image":
            low_B11 = values_BHW.amin((1, 2), keepdim=True)
            width_B11 = values_BHW.amax((1, 2), keepdim=True).sub_(low_B11).clamp_(min=1e-30)
            return values_BHW.sub_(low_B11).div_(width_B11)[:, None]
        low, high = self.limits[stack.key]
        if spec.log_codes:
            low, high = 10**low, 10**high
        return values_BHW.sub_(low).div_(high - low).clamp_(0, 1)[:, None]

    def scaled(self, targets_BT: NDArray) -> NDArray[np.float32]:
        """Scale logarithms of targets to network outputs."""
        return ((targets_BT - self.means) / self.spreads).astype(np.float32)

    def unscaled(self, outputs_BT: NDArray) -> NDArray[np.float64]:
        """Convert network outputs to logarithms of targets."""
        return np.asarray(outputs_BT, dtype=float) * self.spreads + self.means

    def scalar_inputs(self, samples: pd.DataFrame) -> NDArray[np.float32] | None:
        """Scale the columns beside the maps to zero mean and unit variance, (N, S).

        NaN where a sample lacks one; None without such columns.
        """
        if not self.scalars:
            return None
        means, spreads = np.transpose(list(self.scalars.values()))
        return ((scalar_values(samples, self.scalars) - means) / spreads).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write the scaling into a run's folder."""
        content = asdict(self)
        if not self.scalars:
            del content["scalars"]
        write_json(folder / SCALER, content)

    @classmethod
    def load(cls, folder: Path) -> "Scaling":
        """Read the scaling from a run's folder.

        Raises
        ------
        ValueError
            If the file is missing or damaged.
        """
        path = folder / SCALER
        try:
            content = read_json(path, _RULE)
        except OSError as error:
            msg = f"{path}: must be the scaling of a run, but: {error}"
            raise ValueError(msg) from error
        pairs = {
            name: {key: tuple(pair) for key, pair in content.get(name, {}).items()}
            for name in ("limits", "scalars")
        }
        means, spreads = (tuple(content[name]) for name in ("means", "spreads"))
        return cls(kind=content["kind"], means=means, spreads=spreads, **pairs)

    def check_fit(self, path: Path, maps: Sequence[str], targets: Sequence[str]) -> None:
        """Raise ValueError unless there are limits for these maps, and numbers for the targets."""
        if lacking := [key for key in maps if key not in self.limits]:
            msg = f"{path}: limits.{lacking[0]} must be a list of 2 numbers, got nothing"
            raise ValueError(msg)
        for name in ("means", "spreads"):
            if (found := len(getattr(self, name))) != len(targets):
                msg = f"{path}: {name} must be a list of {len(targets)} numbers, got {found}"
                raise ValueError(msg)


def fit_scaling(
    kind: str,
    stacks: Mapping[str, MapStack],
    rows: NDArray,
    targets_BT: NDArray,
    scalars: pd.DataFrame | None = None,
) -> Scaling:
    """Measure the scaling on training samples.

    Parameters
    ----------
    kind : str
        One of `presets.SCALINGS`.
    stacks : mapping of MapStack
    rows : (B,) int
        The training samples.
    targets_BT : (B, T) float, dex
        Their targets' decimal logarithms; NaN where one is not known.
    scalars : pandas.DataFrame, optional
        Their columns beside the maps.

    Returns
    -------
    Scaling

    Raises
    ------
    ValueError
        If ``kind`` is unknown, or no training pixel has light.
    """
    if kind not in SCALINGS:
        msg = f"scaling must be one of {', '.join(SCALINGS)}, got {kind!r}"
        raise ValueError(msg)
    return Scaling(
        kind=kind,
        limits={key: _limits(kind, stack, rows) for key, stack in stacks.items()},
        means=tuple(np.nanmean(targets_BT, axis=0).tolist()),
        spreads=tuple(np.maximum(np.nanstd(targets_BT, axis=0), 1e-6).tolist()),
        scalars={} if scalars is None else _fit_scalars(scalars),
    )


def _fit_scalars(samples: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation of each column beside the maps."""
    values_BS = scalar_values(samples, samples.columns)
    spreads = np.maximum(values_BS.std(axis=0), 1e-6).tolist()
    pairs = zip(values_BS.mean(axis=0).tolist(), spreads, strict=True)
    return dict(zip(samples.columns, pairs, strict=True))


def _limits(kind: str, stack: MapStack, rows: NDArray) -> tuple[float, float]:
    """Return the values of a map that are scaled to 0 and 1."""
    spec = map_spec(stack.key)
    if spec.limits and (kind == "log_global" or spec.control):
        return spec.limits
    counts = _count_codes(stack, rows)
    if spec.log_codes:
        counts[0] = 0  # dark
        if not counts.any():
            msg = f"{stack.key} must have light in a training image, but all are dark"
            raise ValueError(msg)
    shares = _SHARES if kind == "log_global" else (0.0, 1.0)
    reached = counts.cumsum() / counts.sum()
    first = int(np.searchsorted(reached, shares[0], side="right"))
    last = int(np.searchsorted(reached, shares[1]))
    low, high = (stack.low + code * stack.step for code in (first, max(last, first + 1)))
    if spec.odd:  # evenly about 0, so that reversed velocities are 1 minus these
        high = max(-low, high)
        low = -high
    return float(low), float(high)


def _count_codes(stack: MapStack, rows: NDArray) -> NDArray[np.int64]:
    """Count how often each code occurs in some samples, (65536,)."""
    counts = np.zeros(STEPS + 1, dtype=np.int64)
    rows = np.sort(rows)
    for start in range(0, len(rows), _CHUNK):
        codes = stack.codes_NHW[rows[start : start + _CHUNK]].astype(np.int32) + ZERO
        counts += np.bincount(codes.ravel(), minlength=STEPS + 1)
    return counts
