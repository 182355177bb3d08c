"""Whether a run's intervals hold: coverage, PIT, widths, and coverage by predicted mass."""

from collections.abc import Callable

import holoviews as hv
import pandas as pd
from holoviews.streams import Pipe

from galmass_app.diagnostics import Diagnosis
from galmass_app.markup import snippet
from galmass_app.plots.calibration import (
    WIDTHS,
    coverage_by_mass,
    coverage_curve,
    pit_bars,
    width_curves,
)
from galmass_app.state import SessionState
from galmass_app.views.layout import View, column, follower, html
from galmass_core.quantities import quantity, with_minus

_PLOTS: dict[str, tuple[str, Callable[[Diagnosis], hv.Overlay]]] = {  # title: help, drawing
    "Coverage": (
        "Share of true values inside the intervals of each level. Calibrated: on the dashed line. "
        "The grey band holds 95 % of calibrated models.",
        lambda of: coverage_curve(of.measured),
    ),
    "PIT": (
        "Predicted probability of a value below the truth. Calibrated: flat. A U shape: intervals "
        "are too narrow; a hill: too wide; a slope: predictions are biased.",
        lambda of: pit_bars(of.measured),
    ),
    "Width": (
        "Median width of the 68 and the 90 % interval; shades: from 16 to 84 % of the samples.",
        lambda of: width_curves(of.measured, _label(of)),
    ),
    "Coverage by predicted value": (
        "As many samples in each bin. Errors are binomial and count galaxies.",
        lambda of: coverage_by_mass(of.by_mass, _label(of)),
    ),
}
_HEADS = (
    ("N", "Samples that were tested."),
    ("galaxies", "Galaxies that were tested."),
    *(
        (f"inside {level} %", f"Share of true values inside the {level} % interval.")
        for level in WIDTHS
    ),
    *((f"width {level} % [dex]", f"Mean width of the {level} % interval.") for level in WIDTHS),
    (
        "CRPS [dex]",
        "Continuous ranked probability score: smaller is better. For an interval of no "
        "width it is the absolute error.",
    ),
)


class Calibration(View):
    """Four plots, and a table by predicted value."""

    def __init__(self, diagnosis: Diagnosis, session: SessionState) -> None:
        super().__init__(session)
        self.diagnosis = diagnosis
        self._pipe = Pipe(data=diagnosis)
        self._text, self._table = html("gm-result"), html("gm-calibration-table")
        lines = [(f"{level} %", style.dash, style.colour) for level, style in WIDTHS.items()]
        plots = [
            column(
                "gm-slot",
                html("gm-section", snippet("diagnostics.html", "plot", name, explanation)),
                follower("", draw, self._pipe),
            )
            for name, (explanation, draw) in _PLOTS.items()
        ]
        self._layout = column(
            "gm-calibration",
            html("gm-section", snippet("shared.html", "curves", "Do the intervals hold?", lines)),
            self._text,
            column("gm-four", *plots),
            self._table,
        )
        self._write()

    @property
    def table(self) -> pd.DataFrame:
        """The test samples, with their intervals, PIT and CRPS."""
        return self.diagnosis.scored.drop(columns=["part", "target"])

    def draw(self, diagnosis: Diagnosis) -> None:
        """Show another run."""
        self.diagnosis = diagnosis
        self._pipe.send(diagnosis)
        self._write()

    def _write(self) -> None:
        """Write the numbers of all samples, and those of each bin."""
        shown, crps = self.diagnosis, self.diagnosis.measured["crps"]
        self._text.object = snippet(
            "diagnostics.html",
            "summary",
            kind=shown.kind,
            samples=f"{shown.measured['n']:,}",
            galaxies=f"{shown.measured['n_galaxies']:,}",
            calibrated=f"{shown.calibration_galaxies:,}",
            crps=f"{crps['value']:.4f} ± {crps['error']:.4f}",
        )
        lines = [
            ("all" if number == 0 else _ends(row), _cells(row))
            for number, row in enumerate(shown.by_mass)
        ]
        self._table.object = snippet(
            "diagnostics.html", "table", f"predicted {_label(shown)}", _HEADS, lines
        )


def _label(diagnosis: Diagnosis) -> str:
    return quantity(diagnosis.target).label


def _ends(row: dict) -> str:
    """Write the ends of a bin."""
    return with_minus(f"{row['low']:.2f} to {row['high']:.2f}")


def _cells(row: dict) -> list[str]:
    """Return the cells of some samples."""
    levels = [f"{int(level) / 100:.2f}" for level in WIDTHS]
    inside = [row["coverage"][level] for level in levels]
    return [
        f"{row['n']:,}",
        f"{row['n_galaxies']:,}",
        *(f"{100 * each['value']:.1f} ± {100 * each['error']:.1f} %" for each in inside),
        *(f"{row['width'][level]:.3f}" for level in levels),
        f"{row['crps']:.4f}",
    ]
