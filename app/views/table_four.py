"""Table 4 of the paper, ours beside it: what networks learn from maps, as far as there are runs."""

from functools import partial
from html import escape
from typing import Any

import pandas as pd
import panel as pn

from galmass_app.agreement import compare_network_to_published
from galmass_app.comparison import rows_of_table
from galmass_app.views.download import flat
from galmass_app.views.links import train_link
from galmass_app.views.prediction import signed
from galmass_app.workers import SLOW, Job, Slot
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import experiment
from galmass_core.learning.metrics import Estimate
from galmass_core.paper.published import published_table
from galmass_core.paper.table_four import CONTROLS
from galmass_core.quantities import has_images, quantity

HEADS = {"row": "", "learned": "", "from": ""} | dict.fromkeys(
    ("paper σ [dex]", "our σ [dex]", "our bias [dex]", "N", "σ, only where stars", "σ, thinned"),
    "number",
)


class TableFour(pn.viewable.Viewer):
    """The rows of the target in view, and all 24 below; ours come from a worker.

    Parameters
    ----------
    wake : callable
        Called without arguments when something was asked of the worker, so that someone looks.
    """

    def __init__(self, wake: object) -> None:
        super().__init__()
        self._wake, self._slot, self._drawn, self._rows = wake, Slot(SLOW), None, []
        self._page = pn.pane.HTML(css_classes=["gm-table-four"], sizing_mode="stretch_width")
        self._layout = pn.Column(
            pn.pane.HTML(
                "<h2>The paper's Table 4</h2><p>Networks on maps: the paper's scatter, and that of "
                "our runs on these galaxies.</p>",
                css_classes=["gm-section"],
            ),
            self._page,
            css_classes=["gm-table-part"],
            sizing_mode="stretch_width",
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    @property
    def busy(self) -> bool:
        """Whether the runs are being measured."""
        return self._slot.busy

    @property
    def table(self) -> pd.DataFrame:
        """The published rows; ours, with the published beside them, once they are measured."""
        return flat(self._rows) if self._rows else published_table(4)

    def draw(self, data: DataSet, target: str, split: str, runs: object) -> None:
        """Show the table for a data set; measure it anew where there are other runs.

        Parameters
        ----------
        data : DataSet
        target : str
            Column whose rows stand first.
        split : str
            ``galaxy`` or ``paper``.
        runs : RunIndex
            What is known of the data set.
        """
        if (runs, split) != self._drawn:
            self._drawn, self._rows = (runs, split), []
            self._slot.submit(partial(_measured, runs, split))
            self._wake()
        self._data, self._target = data, target
        self._write()

    def pull(self) -> None:
        """Look whether the rows are measured. Raises what the measuring raised."""
        if self._slot.busy and (rows := self._slot.take()):
            self._rows = rows
            self._write()

    def _write(self) -> None:
        """Write the table."""
        here = [row for row in self._rows if row["target"] == self._target]
        if not self._rows:
            self._page.object = '<p class="at-work">Reading the runs…</p>'
            return
        symbol = escape(quantity(self._target).symbol)
        first = table(self._data, here) if here else f"<p>The paper has no row for {symbol}.</p>"
        rest = table(self._data, self._rows)
        self._page.object = f"{first}<details><summary>All 24 rows</summary>{rest}</details>"


def table(data: DataSet, rows: list[dict[str, Any]]) -> str:
    """Write rows of Table 4 as HTML.

    Parameters
    ----------
    data : DataSet
    rows : list of dict
        As `table_four.table_4` gives them.

    Returns
    -------
    str
    """
    heads = "".join(f'<th scope="col" class="{kind}">{head}</th>' for head, kind in HEADS.items())
    lines = "".join(f"<tr>{_line(data, row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{heads}<td></td></tr>{lines}</table></div>'


def _measured(runs: object, split: str, _: Job) -> list[dict[str, Any]]:
    """Measure the rows, as a worker calls it."""
    return rows_of_table(runs, split)


def _line(data: DataSet, row: dict[str, Any]) -> str:
    """Write one row."""
    shown, wanted = quantity(row["target"]), experiment(row["experiment"])
    subset = ", early types" * (row["subset"] == "early types")
    joint = ", jointly" * (len(wanted.targets) > 1)
    inputs = " + ".join(quantity(key).symbol for key in wanted.maps)
    return (
        f'<td class="aside">{row["row"]}</td>'
        f'<th scope="row"><span class="help" tabindex="0" data-help="{escape(shown.help)}">'
        f"{escape(shown.symbol)}</span>{joint}{subset}</th><td>{escape(inputs)}</td>"
        f'<td class="number">{row["published"]["std"]:.2f}</td>{_ours(data, row)}'
    )


def _ours(data: DataSet, row: dict[str, Any]) -> str:
    """Write our part of a row."""
    controls = "".join(_control(row, name) for name in CONTROLS)
    dash = '<td class="number">–</td>'
    if row["status"] == "not trained":
        link = f'<a href="{train_link(data, row["experiment"])}">train it</a>'
        return f'{3 * dash}{controls}<td class="aside">not trained, {link}</td>'
    if row["status"] != "measured":
        return f'{3 * dash}{controls}<td class="aside">{escape(row["status"])}</td>'
    scatter, mean = (Estimate(**row[name]) for name in ("std", "mean"))
    return (
        f'<td class="number">{scatter}</td><td class="number">{signed(mean.value, 3)}</td>'
        f'<td class="number">{row["n"]:,}</td>{controls}<td>{_agreement(data, row, scatter)}</td>'
    )


def _control(row: dict[str, Any], name: str) -> str:
    """Write the scatter of a control; a dash where it is missing, nothing where none is needed."""
    if "controls" not in row:
        return "<td></td>"
    control = row["controls"][name]
    text = f"{control['std']['value']:.3f}" if control else "–"
    return f'<td class="number">{text}</td>'


def _agreement(data: DataSet, row: dict[str, Any], scatter: Estimate) -> str:
    """Say whether ours agrees with the paper's, and which run it is."""
    agreement = compare_network_to_published(
        data, row["published"]["std"], scatter, _unlike_paper(row)
    )
    kind, word = {
        True: ("agrees", "✓ agrees"),
        False: ("differs", "✗ differs"),
        None: ("aside", "not comparable"),
    }[agreement.agrees]
    text = ". ".join(filter(None, [agreement.why, f"Run {row['run']}, learned {row['learned']}"]))
    return f'<span class="{kind} help" tabindex="0" data-help="{escape(text)}">{word}</span>'


def _unlike_paper(row: dict[str, Any]) -> list[str]:
    """Say how a row was learned in another way than the paper's."""
    wanted = experiment(row["experiment"])
    text = []
    if has_images(wanted.maps) and row["pixels"] != wanted.pixels:
        text.append(f"learned from images of {row['pixels']}², the paper's of {wanted.pixels}²")
    if row["joint"]:
        text.append("learned together with other targets")
    return text
