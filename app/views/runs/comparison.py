"""Ticked runs side by side: their loss curves in one figure, and what differs between two."""

from collections.abc import Sequence

import panel as pn

from galmass_app import services
from galmass_app.framework import IsolatedLayout
from galmass_app.markup import snippet
from galmass_app.plots.history import curves_of
from galmass_app.plots.overlaid_losses import STROKES, OverlaidLosses
from galmass_app.run_differences import differences
from galmass_app.views.heading import section
from galmass_app.views.layout import View, column, html
from galmass_core.training.runs import Run

MOST = len(STROKES)  # runs
TICK_MORE = (
    f"Tick up to {MOST} runs to see their losses in one figure, and two to see how they differ."
)


class RunComparison(View):
    """Curves of up to six runs, and a table of differences of the first two."""

    def __init__(self, runs: Sequence[Run]) -> None:
        super().__init__()
        self._shown: object = None
        self._losses = OverlaidLosses()
        self._legend, self._table = html("gm-overlaid-legend"), html("gm-run-differences")
        self._differing = column("gm-slot", section("What differs"), self._table)
        figure = IsolatedLayout(pn.pane.Bokeh(self._losses.figure), "gm-overlaid-figure")
        self._layout = column(
            "gm-run-comparison", section("Losses"), self._legend, figure, self._differing
        )
        self.draw(runs)

    def draw(self, runs: Sequence[Run]) -> None:
        """Show runs, unless nothing has changed."""
        histories = [services.history(run) for run in runs]
        shown = [
            (run.path, run.state, len(each)) for run, each in zip(runs, histories, strict=True)
        ]
        if shown == self._shown:
            return
        self._shown = shown
        self._losses.draw(histories)
        lines = [(run.name, *reversed(look)) for run, look in zip(runs, STROKES, strict=False)]
        pairs = zip(runs, histories, strict=True)
        without = [run.name for run, history in pairs if curves_of(history) is None]
        self._legend.object = snippet("runs.html", "legend", lines, without)
        self._differing.visible = len(runs) == 2
        if len(runs) == 2:
            names, rows = [run.name for run in runs], differences(*runs)
            self._table.object = snippet("runs.html", "differences", *names, rows)
