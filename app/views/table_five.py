"""Table 5 of the paper with our results beside it, computed on request."""

from collections.abc import Callable
from typing import Any

from galmass_app.agreement import compare_to_published
from galmass_app.markup import snippet
from galmass_app.plots.correlation import short
from galmass_app.tree_models import table_five
from galmass_app.views.heading import section
from galmass_app.views.layout import button, column, html, row
from galmass_app.views.paper_table import PaperTable
from galmass_app.views.prediction import LEAKAGE, cells, left_out, sentences
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import FEATURES
from galmass_core.learning.metrics import Estimate
from galmass_core.paper.published import published_table
from galmass_core.quantities import quantity
from galmass_core.training.leakage import leakage_notes, leakage_value

HEADS = {"learned": "", "from": ""} | dict.fromkeys(
    ("paper σ [dex]", "our σ [dex]", "our bias [dex]", "N train", "N", LEAKAGE), "number"
)

DESCRIPTION = "Every row uses the paper's features, as far as these data have them."


class TableFive(PaperTable):
    """Nine rows; ours are computed when the button is pressed."""

    def __init__(self, data: DataSet, split: str, wake: Callable[[], None]) -> None:
        super().__init__(5, wake)
        self._button = button("gm-table-start", "Evaluate the nine rows", self._start)
        self._text, self._page = html("gm-foot", wide=False), html("gm-table-five")
        self._layout = column(
            "gm-table-part",
            section("The paper's Table 5", DESCRIPTION),
            row("gm-group", self._button, self._text, wide=False),
            self._page,
        )
        self.draw(data, split)

    def draw(self, data: DataSet, split: str) -> None:
        """Show the published rows of another data set or split; arguments as of the class."""
        self._slot.cancel()
        self._data, self._split, self._rows = data, split, []
        self._write()

    def _start(self, _: object) -> None:
        self._button.disabled = True
        self._text.object = snippet("shared.html", "at_work", "Training nine models on each split…")
        data, split = self._data, self._split
        self._compute(lambda _: table_five(data, split))

    def _write(self) -> None:
        """Write the table, with our rows where there are any."""
        self._button.param.update(visible=not self._rows, disabled=False)
        split = "by galaxy" if self._split == "galaxy" else "at random, as in the paper"
        self._text.object = snippet("shared.html", "paragraph", f"Split {split}.")
        self._page.object = table(self._data, self._rows)


def table(data: DataSet, rows: list[dict[str, Any]]) -> str:
    """Write Table 5 as HTML.

    Parameters
    ----------
    rows : list of dict
        As `tables.table_5` gives them; empty if they have not been measured.
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
    limits = leakage_notes([row["leakage"] for row in measured])
    return [f"Not comparable: {why}."] * bool(why) + left_out(first["left_out"]) + sentences(limits)


def _line(
    data: DataSet,
    line: Any,  # noqa: ANN401
    row: dict[str, Any] | None,
) -> dict[str, Any]:
    shown = quantity(line.target)
    numbers, status = _ours(data, row)
    return {
        "name": shown.name,
        "help": shown.help,
        "symbol": short(line.target),
        "inputs": _inputs(row, line.inputs),
        "numbers": [f"{line.sigma_dex:.2f}", *numbers],
        "status": status,
    }


def _inputs(row: dict[str, Any] | None, published: str) -> str:
    """Say what the paper's row is from, and how many of these numbers ours had."""
    whole = published == "default10"
    words, wanted = "all ten" if whole else "all but M_r", len(FEATURES) - (not whole)
    here = row["features"] if row and row["status"] == "measured" else ()
    symbols = ", ".join(map(short, here))
    return words if len(here) in (0, wanted) else f"{words}; ours from {len(here)}: {symbols}"


def _ours(data: DataSet, row: dict[str, Any] | None) -> tuple[list[str], dict[str, Any]]:
    """Return our numbers of a row, and its status."""
    if row is None:
        return ["–"] * 5, {"kind": "", "words": ""}
    if row["status"] != "measured":
        return [], {"kind": "aside", "words": row["status"], "columns": 6}
    scatter, mean = (Estimate(**row[name]) for name in ("std", "mean"))
    kind, words = compare_to_published(data, row["target"], row["features"], scatter).mark
    sigma, bias, count = cells(scatter, mean, row["n"])
    numbers = [sigma, bias, f"{row['n_train']:,}", count, leakage_value(row["leakage"])]
    return numbers, {"kind": kind, "words": words}
