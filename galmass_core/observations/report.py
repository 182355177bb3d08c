"""What was read of observed galaxies, as rows for JSON and as text for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from galmass_core.learning.intervals import LEVELS, limit_names
from galmass_core.observations.observation import Observation
from galmass_core.paper.tables import align
from galmass_core.quantities import quantity

_DASH = "–"


def row_of(observation: Observation) -> dict[str, Any]:
    """Return what was read of a galaxy, for JSON: None where something is not known.

    Returns
    -------
    dict
        ``galaxy``, ``layout``, ``files``; the numbers of ``elements``, of those ``valid``, with
        ``velocities``, with ``dispersions``, and of ``bins`` among the valid; ``centre``, in the
        file's own coordinates; ``zero_velocity``, ``median_velocity`` (as in the file),
        ``systemic`` with its error, ``median_dispersion`` [km/s]; ``position_angle`` of the
        receding side with its error [degrees from north through east]; ``effective_radius``
        [arcsec]; ``g_minus_r`` inside it [mag]; ``maps``, ``left_out`` and ``notes``. Of `observe`
        also ``prediction``, as `prediction.predict_observation` returns it, or None.
    """
    rotation = observation.rotation
    known = {
        "zero_velocity": observation.zero_velocity,
        "median_velocity": observation.median("velocities"),
        "systemic": np.nan if rotation is None else rotation.systemic,
        "systemic_error": np.nan if rotation is None else rotation.systemic_error,
        "median_dispersion": observation.median("dispersions"),
        "position_angle": np.nan if rotation is None else rotation.position_angle,
        "position_angle_error": np.nan if rotation is None else rotation.position_angle_error,
        "effective_radius": observation.effective_radius,
        "g_minus_r": observation.colour,
    }
    return {
        "galaxy": observation.name,
        "layout": observation.layout,
        "files": [str(path) for path in observation.paths],
        "kind": observation.elements,
        "elements": len(observation.x),
        "valid": int(np.count_nonzero(observation.valid)),
        "velocities": int(np.count_nonzero(np.isfinite(observation.velocities))),
        "dispersions": int(np.count_nonzero(np.isfinite(observation.dispersions))),
        "bins": observation.valid_bins,
        "centre": list(observation.centre),
        **{key: float(value) if np.isfinite(value) else None for key, value in known.items()},
        "maps": list(observation.maps),
        "left_out": {what: dict(why) for what, why in observation.left_out.items()},
        "notes": list(observation.notes),
    }


def format_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows of `row_of` as text: a table, and below what was left out and why."""
    heading = ("galaxy", "layout", "valid", "V", "σ", "bins", "centre", "V_sys [km/s]")
    more = ("median V", "median σ", "PA receding [°]", "R_e [″]", "g−r")
    lines: list[tuple[str, ...]] = [(*heading, *more)]
    lines += [_cells(row) for row in rows]
    below = [f"{row['galaxy']}: {text}" for row in rows for text in _remarks(row)]
    parts = [align(lines), "\n".join(below), _format_predictions(rows)]
    return "\n\n".join(part for part in parts if part)


def flat_rows(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row of `observe` as rows of a table, one for each predicted target.

    Lists are joined by semicolons; a galaxy without a prediction has one row.
    """
    first, second = row["centre"]
    texts = {key: "; ".join(row[key]) for key in ("files", "maps", "notes")}
    left_out = [
        f"{what}: {count} {reason}"
        for what, why in row["left_out"].items()
        for reason, count in why.items()
    ]
    nested = {"centre", "left_out", "prediction"}
    kept = {key: value for key, value in row.items() if key not in nested}
    own = kept | {"centre_1": first, "centre_2": second, "left_out": "; ".join(left_out)} | texts
    if not row.get("prediction"):
        return [own]
    known = row["prediction"]
    same = {
        key: known[key] for key in ("run", "half_mass_radius", "covered", "for_field", "outside")
    }
    return [own | same | target for target in known["predictions"]]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the cells of a galaxy."""
    return (
        row["galaxy"],
        row["layout"],
        f"{row['valid']} {row['kind']} of {row['elements']}",
        str(row["velocities"] or _DASH),
        str(row["dispersions"] or _DASH),
        str(row["bins"]) if row["velocities"] or row["dispersions"] else _DASH,
        f"({row['centre'][0]:.1f}, {row['centre'][1]:.1f})",
        _with_error(row["systemic"], row["systemic_error"], 1),
        _number(row["median_velocity"], 1),
        _number(row["median_dispersion"], 1),
        _with_error(row["position_angle"], row["position_angle_error"], 1),
        _number(row["effective_radius"], 2),
        _number(row["g_minus_r"], 2),
    )


def _format_predictions(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the predictions as text, with what must be said of them; empty if there are none."""
    levels = [f"{100 * level:.0f} %" for level in LEVELS]
    heading = ["galaxy", "run", "frame seen", "target", "predicted", *levels, "network alone"]
    lines = [(*heading, "unusual: features", "unusual: maps")]
    known = [(row["galaxy"], row["prediction"]) for row in rows if row.get("prediction")]
    for galaxy, prediction in known:
        names = (galaxy, prediction["run"], f"{100 * prediction['covered']:.0f} %")
        for number, each in enumerate(prediction["predictions"]):
            limits = [[each[name] for name in limit_names(level)] for level in LEVELS]
            lines.append(
                (
                    *(names if number == 0 else ("", "", "")),
                    quantity(each["target"]).label,
                    _number(each["y_pred"], 2),
                    *(_interval(low, high) for low, high in limits),
                    _number(each["y_alone"], 2),
                    _number(each["ood_percentile"], 1),
                    _number(each["ood_maps_percentile"], 1),
                )
            )
    said = dict.fromkeys(prediction["outside"] for _, prediction in known)
    return "\n".join([align(lines), *said]) if known else ""


def _remarks(row: Mapping[str, Any]) -> list[str]:
    """Return what was left out and what must be known of a galaxy."""
    lines = [
        f"{what} left out: {', '.join(f'{reason} ({count})' for reason, count in why.items())}"
        for what, why in row["left_out"].items()
        if why
    ]
    return [*lines, *row["notes"]]


def _number(value: float | None, digits: int) -> str:
    """Return a number as text, or a dash."""
    return _DASH if value is None else f"{value:.{digits}f}"


def _interval(low: float | None, high: float | None) -> str:
    """Return the limits of an interval as text."""
    if low is None and high is None:
        return "not calibrated"
    return f"{_number(low, 2)} to {_number(high, 2)}"


def _with_error(value: float | None, error: float | None, digits: int) -> str:
    """Return a number with its error as text."""
    if value is None or error is None:
        return _number(value, digits)
    return f"{value:.{digits}f} ± {error:.{digits}f}"
