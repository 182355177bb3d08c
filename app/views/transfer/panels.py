"""What a record of a transfer shows: a panel for each case, plots by mass, a table."""

from functools import partial

import holoviews as hv
import pandas as pd
from holoviews.streams import Pipe

from galmass_app.markup import snippet
from galmass_app.plots.comparison import Axes, drawn_rows, frame_of
from galmass_app.plots.prediction import cloud_of
from galmass_app.plots.prediction_figures import PredictionFigures
from galmass_app.plots.transfer import MARKS, STATISTICS, scores_by_mass
from galmass_app.views.layout import View, column, follower, html, row
from galmass_app.views.prediction import framed, signed
from galmass_core.learning.metrics import Estimate
from galmass_core.training.runs import Run
from galmass_core.transfers.scores import CASES, LEVELS

_HEADS = (
    ("N", "Samples that were tested."),
    ("galaxies", "Galaxies that were tested."),
    ("bias [dex]", "Mean of log predicted / true."),
    ("σ [dex]", "Standard deviation of log predicted / true."),
    ("RMS [dex]", "Root of the mean square of log predicted / true: bias and scatter together."),
    *(
        (f"inside {level} %", f"Share of true values inside the interval of nominal {level} %.")
        for level in LEVELS
    ),
)


class TransferPanels(View):
    """The predictions of each case, its scores by stellar mass, and all scores as a table."""

    def __init__(self, run: Run, target: str) -> None:
        super().__init__()
        self._axes = Axes()
        self._panels = {case: _CasePanel(self._axes, case) for case in CASES}
        self._pipe = Pipe(data=[])
        plots = [
            follower("", partial(_drawn, statistic=statistic), self._pipe)
            for statistic in STATISTICS
        ]
        self._legend, self._table = html("gm-section"), html("gm-transfer-table")
        self._layout = column(
            "gm-page gm-transfer-record",
            column("gm-transfer-panels", *self._panels.values()),
            column("gm-transfer-bins", self._legend, row("gm-three", *plots)),
            self._table,
        )
        self.draw(run, target)

    def draw(self, run: Run, target: str) -> None:
        """Show a target of a finished record."""
        rows = [row for row in run.record["scores"] if row["target"] == target]
        names = {side: run.config[side]["name"] for side in ("train", "test")}
        table = run.predictions()
        table = table[(table["target"] == target) & (table["part"] == "test")]
        cases = {row["case"]: table[table["case"] == row["case"]] for row in rows}
        self._axes.follow(frame_of(list(cases.values()), target))
        scores = {row["case"]: row for row in rows}
        for case, panel in self._panels.items():
            panel.draw(cases.get(case), scores.get(case), CASES[case].format(**names))
        self._pipe.send(rows)
        marks = [(MARKS[case].sign, MARKS[case].colour, case) for case in scores]
        self._legend.object = snippet("shared.html", "section", "By stellar mass") + snippet(
            "transfer.html", "legend", marks
        )
        lines = [(row["case"], _cells(row)) for row in rows]
        self._table.object = snippet("transfer.html", "table", _HEADS, lines, _notes(run, names))


class _CasePanel(View):
    """Predicted against true values of one case, and its numbers."""

    def __init__(self, axes: Axes, case: str) -> None:
        super().__init__()
        self._case, self._figures = case, PredictionFigures(axes)
        self._title, self._text = html("gm-section gm-case-title"), html("gm-result")
        self._square = framed("gm-framed", self._figures)
        self._layout = column(f"gm-compared gm-case-{case}", self._title, self._square, self._text)

    def draw(self, predictions: pd.DataFrame | None, row: dict | None, words: str) -> None:
        """Show predictions and scores, or that there are none."""
        mark = MARKS[self._case]
        self._title.object = snippet(
            "transfer.html", "case", mark.sign, mark.colour, self._case, words
        )
        self._layout.visible = predictions is not None
        if predictions is None:
            return
        self._figures.show(cloud_of(drawn_rows(predictions)))
        bias, scatter = Estimate(**row["bias"]), Estimate(**row["scatter"])
        numbers = (str(scatter), _signed(bias), f"{row['n']:,}", f"{row['n_galaxies']:,}")
        self._text.object = snippet("transfer.html", "numbers", *numbers)


def _drawn(data: list, statistic: str) -> hv.Overlay:
    return scores_by_mass(data, statistic)


def _signed(estimate: Estimate) -> str:
    return f"{signed(estimate.value, 3)} ± {estimate.error:.3f}"


def _cells(row: dict) -> list[str]:
    """Return the cells of one case."""
    inside = [Estimate(**row[f"coverage_{level}"]) for level in LEVELS]
    return [
        f"{row['n']:,}",
        f"{row['n_galaxies']:,}",
        _signed(Estimate(**row["bias"])),
        str(Estimate(**row["scatter"])),
        str(Estimate(**row["rms"])),
        *(f"{100 * each.value:.0f} ± {100 * each.error:.0f} %" for each in inside),
    ]


def _notes(run: Run, names: dict[str, str]) -> list[str]:
    """Say how the numbers were made."""
    config = run.config
    inputs = ", ".join(config.get("maps") or config["features"])
    return [
        f"{config['experiment']} from {inputs}; adaptation: {config['adapt']}; both data sets are "
        f"split by galaxy, seed {config['split']['seed']}.",
        f"Intervals are calibrated on galaxies of {names['train']}, those of ceiling on galaxies "
        f"of {names['test']}. Errors are from a bootstrap of galaxies.",
    ]
