"""One row of ``galmass bench agreement``: a number of ours beside another package's."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

_DISTRIBUTIONS = {"sedpy": "astro-sedpy"}  # where the name is another


@dataclass(frozen=True, kw_only=True)
class Row:
    """What galmass and a package say about the same data.

    Attributes
    ----------
    task : str
        What is measured, and on what.
    key : str
        Of `quantities`; empty if it is none of them.
    unit : str
        Of the three numbers.
    truth, ours, theirs : float or None
        None where it is not known, missing, or not measured.
    ratio : float or None
        Theirs over ours, or over the truth where galmass does not measure it.
    difference : float or None
        Theirs less ours, likewise.
    package, version : str
    made : str
        Day of the measurement, in UTC.
    why : str
        Why they differ, a sentence.
    """

    task: str
    key: str
    unit: str
    truth: float | None
    ours: float | None
    theirs: float | None
    ratio: float | None
    difference: float | None
    package: str
    version: str
    made: str
    why: str

    def cells(self) -> dict[str, str]:
        """Return the row as text, by column."""
        by_difference = self.unit in ("°", "Å", "") or not self.ratio
        return {
            "what": self.task,
            "unit": self.unit,
            "truth": _four_digits(self.truth),
            "galmass": _four_digits(self.ours),
            "package": f"{self.package} {self.version}",
            "theirs": _four_digits(self.theirs),
            "by how much": (
                ""
                if self.difference is None
                else f"{self.difference:+.2g} {self.unit}".strip()
                if by_difference
                else f"× {self.ratio:.3f}"
            ),
            "why": self.why,
            "made": self.made,
        }


def row(
    package: str,
    task: str,
    theirs: Any,  # noqa: ANN401
    *,
    why: str,
    ours: Any = None,  # noqa: ANN401
    truth: Any = None,  # noqa: ANN401
    unit: str = "",
    key: str = "",
) -> Row:
    """Return a row of numbers, NaN of which are missing, with version and day.

    Parameters
    ----------
    package : str
    task : str
    theirs, ours, truth : float or None
    why, unit, key : str
        As in `Row`.

    Returns
    -------
    Row
    """
    true, mine, other = _number(truth), _number(ours), _number(theirs)
    beside = true if mine is None else mine
    known = beside is not None and other is not None
    difference = other - beside if beside is not None and other is not None else None
    if difference is not None and unit == "°":
        difference = (difference + 90) % 180 - 90
    return Row(
        task=task,
        key=key,
        unit=unit,
        truth=true,
        ours=mine,
        theirs=other,
        ratio=other / beside if known and beside and other is not None else None,
        difference=difference,
        package=package,
        version=version(_DISTRIBUTIONS.get(package, package)),
        made=datetime.now(UTC).date().isoformat(),
        why=why,
    )


def _number(value: Any) -> float | None:  # noqa: ANN401
    """Return a number, None if it is missing."""
    return None if value is None or float(value) != float(value) else float(value)


def _four_digits(value: float | None) -> str:
    """Return a number as text; a dash if it is missing."""
    return "–" if value is None else f"{value:.4g}"
