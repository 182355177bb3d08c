"""One panel of a figure of the paper: predictions against the truth, in numbers, and what for."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import panel as pn

from galmass_app.comparison import Missing
from galmass_app.paper_answers import Answer
from galmass_app.paper_figures import PaperPanel
from galmass_app.plots.comparison import Axes, drawn_rows, frame_of
from galmass_app.plots.correlation import short
from galmass_app.plots.importance import importance_bars
from galmass_app.plots.prediction import cloud_of
from galmass_app.plots.prediction_figures import PredictionFigures
from galmass_app.plots.sample import nearest
from galmass_app.tree_models import Fit
from galmass_app.views.features.importance import MEASURES
from galmass_app.views.layout import View, column, html, plot
from galmass_app.views.paper import figure_text
from galmass_app.views.prediction import framed
from galmass_core.datasets.dataset import DataSet
from galmass_core.quantities import quantity


class PaperPanelView(View):
    """Title, square with its histogram, words, and importance where trees predict.

    Parameters
    ----------
    axes : Axes or None
        That panels of one target share; None where nothing is to be seen.
    choose : callable
        Called with the name and the line of sight of a sample that was tapped.
    """

    def __init__(
        self,
        data: DataSet,
        panel: PaperPanel,
        answer: Answer,
        axes: Axes | None,
        choose: Callable[[str, str], None],
    ) -> None:
        super().__init__()
        self._data, self._panel, self._answer, self._axes = data, panel, answer, axes
        self._choose, self.rows, self.figures = choose, None, None
        self._layout = column(
            "gm-paper-panel", html("gm-paper-title", figure_text.panel_title(panel, answer))
        )

    @property
    def drawn(self) -> bool:
        """Whether there is more of it than its title."""
        return len(self._layout) > 1

    def draw(self) -> None:
        """Draw what was answered, or write why there is no answer."""
        data, panel, answer = self._data, self._panel, self._answer
        if isinstance(answer, Missing):
            self._layout.append(html("gm-paper-square", figure_text.gap(data, panel, answer)))
            return
        self.rows = drawn_rows(answer.predictions, linear=panel.linear)
        seen = answer if isinstance(answer, Fit) else replace(answer, predictions=self.rows)
        text = figure_text.panel_text(data, panel, seen, self._axes.frame)
        self._layout.extend(
            [
                self._framed(),
                html("gm-result gm-paper-words", text),
                *([_bars(answer)] if isinstance(answer, Fit) else []),
            ]
        )

    def mark(self, galaxy: str, los: str) -> None:
        """Join the lines of sight of the galaxy in view."""
        if self.figures:
            self.figures.mark(self.rows[self.rows["name"] == galaxy], los)

    def _framed(self) -> pn.Column:
        """Draw the square and the histogram in its corner."""
        panel, predictions = self._panel, self._answer.predictions
        self.figures = pictures = PredictionFigures(self._axes)
        pictures.listen(self.tap)
        pictures.show(cloud_of(self.rows))
        if panel.linear:
            ratios = (predictions["y_pred"] - predictions["y_true"]).to_numpy(float)
            pictures.show_ratios(ratios, self._axes.frame)
            pictures.square.xaxis.axis_label = f"true {quantity(panel.target).label}"
            pictures.square.yaxis.axis_label = f"predicted {quantity(panel.target).label}"
        return framed("gm-framed gm-paper-square", pictures)

    def tap(self, x: str, y: str, at: tuple[float, float], spans: tuple[float, float]) -> None:
        """Choose the sample next to the place that was tapped."""
        row = nearest(self.rows, x, y, at, spans)
        if row is not None:
            self._choose(row["name"], row["los"])


def shared_axes(panels: Sequence[PaperPanel], answers: Sequence[Answer]) -> dict[str, Axes]:
    """Return the axes of each target, that suit all its panels."""
    tables = {}
    for panel, one in zip(panels, answers, strict=True):
        if not isinstance(one, Missing):
            tables.setdefault(panel.target, []).append(one.predictions)
    linear = {panel.target: panel.linear for panel in panels}
    axes = {target: Axes() for target in tables}
    for target, each in axes.items():
        each.follow(frame_of(tables[target], target, linear=linear[target]))
    return axes


def _bars(fit: Fit) -> pn.pane.HoloViews:
    gain = fit.importance["gain"].rename(index=short)
    return plot(
        "gm-paper-bars",
        importance_bars(gain.astype(np.float64), MEASURES["gain"].unit),
        linked_axes=False,
    )
