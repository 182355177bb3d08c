"""Table 5 of the paper, ours beside it, measured when someone asks."""

from functools import partial
from html import escape
from typing import Any

import pandas as pd
import panel as pn

from galmass_app.agreement import compare_to_published
from galmass_app.plots.correlation import short
from galmass_app.tree_models import table_five
from galmass_app.views.download import flat
from galmass_app.views.prediction import left_out, signed
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
            label="Measure the nine rows", on_click=self._start, css_classes=["gm-table-start"]
        )
        self._text = pn.pane.HTML(css_classes=["gm-foot"])
        self._table = pn.pane.HTML(css_classes=["gm-table-five"], sizing_mode="stretch_width")
        self._layout = pn.Column(
            pn.pane.HTML(
                "<h2>The paper's Table 5</h2>"
                "<p>Every row learns from the paper's numbers, as far as these data have them.</p>",
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
        self._text.object = '<p class="at-work">Training nine models…</p>'
        self._wake()

    def _show(self, rows: list[dict[str, Any]]) -> None:
        """Write the table, with our rows where there are any."""
        self._rows = rows
        self._button.param.update(visible=not rows, disabled=False)
        split = "by galaxy" if self._split == "galaxy" else "at random, as in the paper"
        self._text.object = f"<p>Split {split}.</p>"
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
    lines = "".join(
        _line(data, line, ours.get(int(line.row))) for line in published_table(5).itertuples()
    )
    heads = "".join(f'<th scope="col" class="{kind}">{head}</th>' for head, kind in HEADS.items())
    wide = f'<div class="wide"><table><tr>{heads}<td></td></tr>{lines}</table></div>'
    return wide + "".join(f'<p class="aside">{escape(note)}</p>' for note in _notes(data, rows))


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


def _line(data: DataSet, line: Any, row: dict[str, Any] | None) -> str:  # noqa: ANN401
    """Write one row."""
    shown = quantity(line.target)
    inputs = "all ten" if line.inputs == "default10" else "all but M_r"
    head = (
        f'<th scope="row"><span class="help" tabindex="0" data-help="{escape(shown.help)}">'
        f'{escape(shown.name)}</span> <span class="symbol">{escape(short(line.target))}</span></th>'
        f'<td>{inputs}</td><td class="number">{line.sigma_dex:.2f}</td>'
    )
    return f"<tr>{head}{_ours(data, row)}</tr>"


def _ours(data: DataSet, row: dict[str, Any] | None) -> str:
    """Write our part of a row."""
    if row is None:
        return (
            '<td class="number">–</td><td class="number">–</td><td class="number">–</td><td></td>'
        )
    if row["status"] != "measured":
        return f'<td class="aside" colspan="4">{escape(row["status"])}</td>'
    scatter, mean = (Estimate(**row[name]) for name in ("std", "mean"))
    kind, word = {
        True: ("agrees", "✓ agrees"),
        False: ("differs", "✗ differs"),
        None: ("aside", "not comparable"),
    }[compare_to_published(data, row["target"], row["features"], scatter).agrees]
    return (
        f'<td class="number">{scatter}</td><td class="number">{signed(mean.value, 3)}</td>'
        f'<td class="number">{row["n"]:,}</td><td class="{kind}">{word}</td>'
    )
