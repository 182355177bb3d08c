"""Records of transfers as text for a terminal, and as rows for JSON."""

from collections.abc import Sequence
from typing import Any

from galmass_core.learning.metrics import Estimate
from galmass_core.paper.tables import align
from galmass_core.quantities import quantity
from galmass_core.training.runs import Run
from galmass_core.transfers.scores import CASES, LEVELS

SCHEMA = 1  # version of the JSON envelope
_HEADS = ("target", "case", "N", "galaxies", "bias [dex]", "σ [dex]", "RMS [dex]")


def format_transfers(runs: Sequence[Run]) -> str:
    """Return the scores of records of one pair as aligned text.

    Parameters
    ----------
    runs : sequence of Run
        Of `records.run_transfer`, at least one.

    Returns
    -------
    str
        Bias, scatter, RMS and coverage with their 68 % errors, and what the cases are.
    """
    lines = [(*_HEADS, *(f"inside {level} %" for level in LEVELS))]
    lines += [_line(row) for run in runs for row in run.record["scores"]]
    config = runs[0].config
    names = {side: config[side]["name"] for side in ("train", "test")}
    shown = {row["case"] for run in runs for row in run.record["scores"]}
    remarks = [f"{case}: {text.format(**names)}" for case, text in CASES.items() if case in shown]
    remarks.append(
        "errors by bootstrap of galaxies; intervals are calibrated on galaxies of "
        f"{names['train']}, for ceiling of {names['test']}"
    )
    if any(run.record["synthetic"] for run in runs):
        remarks.append("synthetic galaxies: no measurement of any simulation")
    return "\n".join([align(lines), "", *remarks])


def transfer_rows(runs: Sequence[Run]) -> dict[str, Any]:
    """Return records of one pair for JSON: one row for each target, case and record."""
    config = runs[0].config
    rows = [
        {"record": str(run.path), "experiment": run.config["experiment"]}
        | {"adapt": run.config["adapt"]}
        | row
        for run in runs
        for row in run.record["scores"]
    ]
    return {
        "schema": SCHEMA,
        "source": config["train"]["name"],
        "test": config["test"]["name"],
        "split": config["split"],
        "synthetic": any(run.record["synthetic"] for run in runs),
        "n": len(rows),
        "rows": rows,
    }


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of one case."""
    bias, scatter, rms = (Estimate(**row[name]) for name in ("bias", "scatter", "rms"))
    inside = [Estimate(**row[f"coverage_{level}"]) for level in LEVELS]
    return (
        quantity(row["target"]).symbol,
        row["case"],
        f"{row['n']:,}",
        f"{row['n_galaxies']:,}",
        f"{bias.value:+.3f} ± {bias.error:.3f}",
        str(scatter),
        str(rms),
        *(f"{100 * each.value:.0f} ± {100 * each.error:.0f} %" for each in inside),
    )
