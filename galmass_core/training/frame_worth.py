"""Measure what R_hsm is worth: as aperture of the target, as input, and as frame.

R_hsm is truth. The paper's targets lie inside it, its frame is three times as large, and a model
that is given it has learned a mass's radius from the simulation, not from the sky. Beside it stand
R_e of the r image and radii in kpc. All models are boosted trees, compared on the same galaxies.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.observed_columns import (
    FRAMES,
    NUMBERS,
    SIZE,
    cut_short,
    frame_columns,
    with_observed,
)
from galmass_core.imaging.frames import Frame
from galmass_core.learning.experiments import Experiment, default_features, missing_columns
from galmass_core.learning.fitting import evaluate
from galmass_core.learning.metrics import Estimate
from galmass_core.learning.uncertainty import (
    NO_NOISE,
    compare_groups,
    difference_text,
    measure_group,
)
from galmass_core.quantities import OBSERVED_RADII, observed_column, symbol_of, target_column

MASSES = ("log_mtot", "log_mstar")
SIZES = {"R_e of the image": SIZE, "R_hsm": "half_mass_radius"}  # that are added as inputs
_FRAMED = ("1rhsm", "re", "5kpc")  # apertures of the targets that frames are compared on


def measure_frame_worth(
    dataset: DataSet, plan: str = "galaxy", *, seed: int = 0
) -> list[dict[str, Any]]:
    """Measure the table, for JSON.

    Parameters
    ----------
    dataset : DataSet
        R_e, masses inside other radii and numbers of frames are measured on its maps and profiles
        where its table lacks them; without maps, these rows state so.
    plan : str
        As of `fitting.evaluate`.
    seed : int

    Returns
    -------
    list of dict
        ``part`` (``input`` or ``frame``), ``target``, ``inputs``, ``truth_level`` (whether no
        telescope measures an input), ``status``, and where measured ``n_train``, ``n``,
        ``n_galaxies``, of frames ``cut_short`` (the share of samples whose maps end before it),
        ``spread`` (σ without any input), ``std`` and ``difference`` from the first
        row of the part and target (``value``, ``low95``, ``high95``, ``verdict``; None of the
        first itself). σ in dex.

    Raises
    ------
    DataSetError
        If a file of the maps is missing or damaged.
    ValueError
        As in `fitting.evaluate`.
    """
    samples = with_observed(dataset)
    rows = list(_inputs(samples, plan, seed))
    if dataset.has_maps:
        short = cut_short(dataset, samples)
        rows += [
            row | {"cut_short": short.get(row["inputs"], 0.0)}
            for row in _frames(samples, frame_columns(dataset, samples), plan, seed)
        ]
    return rows


def _targets(mass: str) -> list[str]:
    """Return the columns of a mass inside all apertures."""
    return [
        *(target_column(mass, aperture) for aperture in (1, 2)),
        *(observed_column(mass, ending) for ending in OBSERVED_RADII),
    ]


def _inputs(samples: pd.DataFrame, plan: str, seed: int) -> Iterator[dict[str, Any]]:
    """Yield rows of each aperture: from features alone, and with each size."""
    features = tuple(default_features(samples))
    sizes = {name: key for name, key in SIZES.items() if not missing_columns(samples, [key])}
    inputs = {"features": features} | {
        f"features + {name}": (*features, key) for name, key in sizes.items()
    }
    for mass in MASSES:
        for target in _targets(mass):
            yield from _compare("input", target, samples, inputs, plan, seed)


def _frames(
    samples: pd.DataFrame, frames: dict[str, pd.DataFrame], plan: str, seed: int
) -> Iterator[dict[str, Any]]:
    """Yield rows of each frame: from the same numbers of the maps in it."""
    inputs = {frame: tuple(f"{frame} {name}" for name in NUMBERS) for frame in FRAMES}
    columns = [
        table.rename(columns=dict(zip(NUMBERS, inputs[frame], strict=True)))
        for frame, table in frames.items()
    ]
    wide = pd.concat([samples, *columns], axis=1)
    for mass in MASSES:
        for ending in _FRAMED:
            yield from _compare("frame", f"{mass}_{ending}", wide, inputs, plan, seed)


def _compare(
    part: str,
    target: str,
    samples: pd.DataFrame,
    inputs: dict[str, tuple[str, ...]],
    plan: str,
    seed: int,
) -> Iterator[dict[str, Any]]:
    """Yield a row for each set of inputs, on the samples that all of them know."""
    facts = {"part": part, "target": target}
    if missing := missing_columns(samples, [target]):
        yield facts | {"inputs": "", "status": f"not available: the data lack {missing[0]}"}
        return
    every = list(dict.fromkeys(key for keys in inputs.values() for key in keys))
    known = samples[np.isfinite(samples[every].to_numpy(dtype=float)).all(axis=1)]
    first: pd.DataFrame | None = None
    for name, keys in inputs.items():
        wanted = _experiment(target, keys)
        outcome = evaluate(wanted, known, plan, seed=seed)
        table = outcome.predictions
        first = table if first is None else first
        errors = table["y_true"] - table["y_true"].mean()
        yield facts | {
            "inputs": name,
            "truth_level": "R_hsm" in name,
            "status": "measured",
            "n_train": outcome.n_train,
            "n": len(table),
            "n_galaxies": int(table["name"].nunique()),
            "spread": float(errors.std(ddof=0)),
            "std": asdict(measure_group([table]).errors["std"]),
            "difference": None if table is first else _difference(first, table),
        }


def _experiment(target: str, features: Sequence[str]) -> Experiment:
    """Return trees on these columns."""
    return Experiment(
        name=f"{target} from columns", targets=(target,), method="trees", features=tuple(features)
    )


def _difference(first: pd.DataFrame, second: pd.DataFrame) -> dict[str, Any]:
    """Return the difference of σ on the samples of both; trees have no noise of training."""
    found = compare_groups([first], [second], noise=(NO_NOISE, NO_NOISE))
    return {
        "value": found.difference.value,
        "low95": found.low95,
        "high95": found.high95,
        "verdict": found.verdict,
    }


def frame_lines(rows: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return rows as the cells of a table, the heading first."""
    heads = ("target", "from", "spread", "σ [dex]", "Δσ [95 %]", "", "N_train", "N")
    lines: list[tuple[str, ...]] = [heads]
    for row in rows:
        symbol = symbol_of(row["target"])
        if row["status"] != "measured":
            lines.append((symbol, "not available", *[""] * (len(heads) - 2)))
            continue
        change = row["difference"]
        lines.append(
            (
                symbol,
                f"{row['inputs']}{' *' * row['truth_level']}",
                f"{row['spread']:.3f}",
                str(Estimate(**row["std"])),
                difference_text(change) if change else "",
                change["verdict"] if change else "",
                str(row["n_train"]),
                str(row["n"]),
            )
        )
    return lines


def frame_notes(rows: Sequence[dict[str, Any]], reach: Frame) -> list[str]:
    """Return what must be said below the table, of maps that reach as far as their own frame."""
    short = {row["inputs"]: row["cut_short"] for row in rows if row.get("cut_short")}
    cut = [
        f"{frame}: maps of {100 * share:.0f} % of the samples end before it, at {reach}"
        for frame, share in short.items()
    ]
    return [*_NOTES, *cut]


_NOTES = (
    "* no telescope measures R_hsm: what it gains is no gain of a method",
    "spread: σ of the target itself; a narrower target is easier at the same σ",
    "frames: trees on light, g−r and dispersion of the maps in the frame and in its inner half",
    "trees draw nothing in training: intervals are those of the test galaxies",
)
