"""Controls as the lines of a table, notes, and one sentence: what share of the gain is left."""

from collections.abc import Mapping, Sequence
from typing import Any

from galmass_core.datasets.control_maps import (
    ANNULI,
    BINS,
    EQUAL,
    HALVED,
    HOLES,
    PLAIN,
    SHUFFLED,
)
from galmass_core.datasets.star_controls import STARS_PER_BIN
from galmass_core.learning.metrics import Estimate
from galmass_core.learning.uncertainty import difference_text
from galmass_core.quantities import OCCUPANCY, quantity, with_minus
from galmass_core.training.control_networks import IMAGE, KINEMATICS
from galmass_core.training.controls import CONSTANT, TESTED

HEADS = ("inputs", "maps", "network", "σ [dex]", "bias [dex]", "Δσ [95 %]", "gain left", "λ_R", "N")
_SENTENCE = {  # what is taken away: what is left of the gain, by control
    "without motion": {OCCUPANCY: "with star occupancy alone"},
    "without rotation, but with the dispersion of all velocities": {
        SHUFFLED: "exchanged among all stars",
        ANNULI: "within annuli",
    },
    "without a count of stars": {
        EQUAL: "with as many stars in every galaxy",
        BINS: "in adaptive bins",
    },
}
_TARGETS = ("log_mtot_1rhsm", "log_mstar_1rhsm")  # of the sentence; else the first


def words_of(control: str, stars: int) -> str:
    """Say what the maps of a control are; ``stars`` are those of `EQUAL`, 0 if not known."""
    return {
        CONSTANT: "none: the mean of all samples",
        IMAGE: "r image alone",
        PLAIN: "as they are",
        OCCUPANCY: "which pixels hold a star, alone",
        EQUAL: f"{stars:,} stars in every galaxy" if stars else "as many stars in every galaxy",
        SHUFFLED: "velocities exchanged among all stars",
        ANNULI: "velocities exchanged within annuli",
        BINS: f"adaptive bins of {STARS_PER_BIN} stars or more",
        HALVED: "half of the stars",
        HOLES: "the pixels of half of the stars, V and σ of all",
    }[control]


def control_targets(result: Mapping[str, Any]) -> list[str]:
    """Return the targets of a result, in the order of its rows."""
    return list(dict.fromkeys(row["target"] for row in result["rows"]))


def control_lines(result: Mapping[str, Any], target: str) -> list[tuple[str, ...]]:
    """Return the rows of a target as the cells of a table, without the heading `HEADS`."""
    rows = [row for row in result["rows"] if row["target"] == target]
    return [_cells(row, result["stars"]) for row in rows]


def _cells(row: Mapping[str, Any], stars: int) -> tuple[str, ...]:
    """Return the cells of a row."""
    std, mean = (Estimate(**row[name]) for name in ("std", "mean"))
    is_reference = row["control"] in (PLAIN, row["baseline"])
    network = "learned" if row["learned"] else "tested"
    return (
        row["inputs"],
        words_of(row["control"], stars),
        "–" if row["control"] == CONSTANT else network,
        str(std),
        mean.signed,
        "–" if row["control"] == PLAIN else difference_text(row["difference"]),
        "–" if is_reference else share_text(row["share"]),
        "–" if row["spin"] is None else f"{row['spin']:.2f}",
        f"{row['n']}",
    )


def share_text(share: Mapping[str, float] | None) -> str:
    """Write a share of the gain with its 68 % error."""
    if share is None:
        return "no gain"
    error = (share["high"] - share["low"]) / 2
    return with_minus(f"{100 * share['value']:.0f} ± {100 * error:.0f} %")


def verdict(result: Mapping[str, Any], target: str = "") -> str:
    """Say in one sentence what share of the gain of V and σ each control leaves.

    Parameters
    ----------
    result : dict
        As of `controls.measure_controls`.
    target : str
        By default M_tot, or M*, inside R_hsm, if they are there.
    """
    targets = control_targets(result)
    target = next((key for key in (target, *_TARGETS) if key in targets), targets[0])
    rows = {
        row["control"]: row
        for row in result["rows"]
        if row["target"] == target and row["inputs"] == KINEMATICS
    }
    symbol = quantity(target).symbol
    if not {CONSTANT, PLAIN} <= rows.keys():
        return f"No network predicts {symbol} from V and σ alone."
    before, after = (rows[key]["std"]["value"] for key in (CONSTANT, PLAIN))
    if rows[PLAIN]["share"] is None:
        return (
            f"V and σ do not lower σ of {symbol}: {before:.3f} dex without them, {after:.3f} with."
        )
    parts = []
    for title, words in _SENTENCE.items():
        left = [
            f"{share_text(rows[key]['share'])} {how}"
            for key, how in words.items()
            if key in rows and (key != BINS or rows[key]["learned"])  # else far from what it knows
        ]
        if left:
            parts.append(f"{title}, {_listed(left)}")
    gain = f"V and σ lower σ of {symbol} from {before:.3f} to {after:.3f} dex"
    if not parts:
        return f"{gain}; what is left of this gain without motion is not measured."
    return f"{gain}; of this gain is left: {'; '.join(parts)}."


def _listed(words: Sequence[str]) -> str:
    """Join words to a list."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def control_notes(result: Mapping[str, Any]) -> list[str]:
    """Return what must be said below the table."""
    notes = []
    if result["mode"] == TESTED:
        notes.append(
            "tested: by a network that never learned from such maps, so that more may be in them "
            "than it finds; galmass controls --train has networks learn from each"
        )
    trainings = sorted({len(row["training_seeds"]) for row in result["rows"] if row["runs"]})
    if trainings == [1]:
        notes.append("one training each: the errors have no noise of training")
    notes += [
        f"not available: {words_of(control, result['stars'])} ({why})"
        for control, why in result["missing"].items()
    ]
    notes += [
        f"{count:,} galaxies have no controls of their stars: {reason}"
        for reason, count in result["left_out"].items()
    ]
    return notes
