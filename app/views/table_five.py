"""Table 5 of the paper, ours beside it, measured when someone asks."""

from functools import partial
from typing import Any

import pandas as pd
import panel as pn

from galmass_app.agreement import compare_to_published
from galmass_app.markup import snippet
from galmass_app.plots.correlation import short
from galmass_app.tree_models import table_five
from galmass_app.views.download import flat
from galmass_app.views.prediction import cells, left_out
from galmass_app.workers import SLOW, Job, Slot
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.metrics import Estimate
from galmass_core.paper.published import published_table
from galmass_core.quantities import quantity

HEADS = {"learned": "", "from": ""} | dict.fromkeys(
    ("paper σ [dex]", "our σ [dex]", "our bias [dex]", "N"), "number"
)


class TableFive(pn.viewable.Viewer):
    """Nine rows; ours come from a worker when the button is pressed.

    Parameters
    ----------
    data : DataSet
    split : str
        ``galaxy`` or ``paper``.
    wake : callable
        Called without arguments when something was asked of the worker, so that someone looks.
    """

    def __init__(self, data: DataSet, split: str, wake: object) -> None:
        super().__init__()
        self._wake, self._slot = wake, Slot(SLOW)
        self._button = pn.widgets.Button(
            label="Evaluate the nine rows", on_click=self._start, css_classes=["gm-table-start"]
        )
        self._text = pn.pane.HTML(css_classes=["gm-foot"])
        self._table = pn.pane.HTML(css_classes=["gm-table-five"], sizing_mode="stretch_width")
        self._layout = pn.Column(
            pn.pane.HTML(
                snippet(
                    "shared.html",
                    "message",
                    "The paper's Table 5",
                    "Every row uses the paper's features, as far as these data have them.",
                ),
                css_classes=["gm-section"],
            ),
            pn.Row(self._button, self._text, css_classes=["gm-group"]),
            self._table,
            css_classes=["gm-table-part"],
            sizing_mode="stretch_width",
        )
        self.draw(data, split)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    @property
    def busy(self) -> bool:
        """Whether the rows are being measured."""
        return self._slot.busy

    @property
    def table(self) -> pd.DataFrame:
        """The published rows; ours, with the published beside them, once they are measured."""
        return flat(self._rows) if self._rows else published_table(5)

    def draw(self, data: DataSet, split: str) -> None:
        """Show the published rows of another data set or split; arguments as of the class."""
        self._slot.cancel()
        self._data, self._split = data, split
        self._show([])

    def pull(self) -> None:
        """Look whether the rows are measured. Raises what the measuring raised."""
        if self._slot.busy and (rows := self._slot.take()):
            self._show(rows)

    def _start(self, _: object) -> None:
        """Have the rows measured."""
        self._slot.submit(partial(_measured, self._data, self._split))
        self._button.disabled = True
        self._text.object = snippet("shared.html", "at_work", "Training nine models…")
        self._wake()

    def _show(self, rows: list[dict[str, Any]]) -> None:
        """Write the table, with our rows where there are any."""
        self._rows = rows
        self._button.param.update(visible=not rows, disabled=False)
        split = "by galaxy" if self._split == "galaxy" else "at random, as in the paper"
        self._text.object = snippet("shared.html", "paragraph", f"Split {split}.")
        self._table.object = table(self._data, rows)


def table(data: DataSet, rows: list[dict[str, Any]]) -> str:
    """Write Table 5 as HTML.

    Parameters
    ----------
    data : DataSet
    rows : list of dict
        As `tables.table_5` gives them; empty if they have not been measured.

    Returns
    -------
    str
    """
    ours = {row["row"]: row for row in rows}
    lines = [_line(data, line, ours.get(int(line.row))) for line in published_table(5).itertuples()]
    return snippet("tables.html", "table", HEADS, lines, _notes(data, rows))


def _notes(data: DataSet, rows: list[dict[str, Any]]) -> list[str]:
    """Say once what holds for all our rows."""
    measured = [row for row in rows if row["status"] == "measured"]
    if not measured:
        return []
    first = measured[0]
    why = compare_to_published(
        data, first["target"], first["features"], Estimate(**first["std"])
    ).why
    return [f"Not comparable: {why}."] * bool(why) + left_out(first["left_out"])


def _measured(data: DataSet, split: str, _: Job) -> list[dict[str, Any]]:
    """Measure the rows, as a worker calls it."""
    return table_five(data, split)


def _line(
    data: DataSet,
    line: Any,  # noqa: ANN401
    row: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return what one row shows."""
    shown = quantity(line.target)
    numbers, status = _ours(data, row)
    return {
        "name": shown.name,
        "help": shown.help,
        "symbol": short(line.target),
        "inputs": "all ten" if line.inputs == "default10" else "all but M_r",
        "numbers": [f"{line.sigma_dex:.2f}", *numbers],
        "status": status,
    }


def _ours(data: DataSet, row: dict[str, Any] | None) -> tuple[list[str], dict[str, Any]]:
    """Return our numbers of a row, and its status."""
    if row is None:
        return ["–"] * 3, {"kind": "", "words": ""}
    if row["status"] != "measured":
        return [], {"kind": "aside", "words": row["status"], "columns": 4}
    scatter, mean = (Estimate(**row[name]) for name in ("std", "mean"))
    kind, words = compare_to_published(data, row["target"], row["features"], scatter).mark
    return cells(scatter, mean, row["n"]), {"kind": kind, "words": words}
