"""Table 4 of the paper, ours beside it: what networks learn from maps, as far as there are runs."""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from galmass_app.address import train_link
from galmass_app.agreement import compare_network_to_published, other_images
from galmass_app.comparison import rows_of_table
from galmass_app.markup import snippet
from galmass_app.views.heading import section
from galmass_app.views.layout import column, html
from galmass_app.views.paper_table import PaperTable
from galmass_app.views.prediction import LEAKAGE, cells, sentences
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import experiment
from galmass_core.learning.metrics import Estimate
from galmass_core.paper.table_four import CONTROLS
from galmass_core.paper.table_four_text import cohort_marks, cohort_notes, number_trained
from galmass_core.quantities import quantity
from galmass_core.training.leakage import leakage_notes, leakage_value

HEADS = {"row": "", "learned": "", "from": ""} | dict.fromkeys(
    (
        "paper σ [dex]",
        "our σ [dex]",
        "our bias [dex]",
        "N train",
        "N",
        "σ, occupancy",
        "σ, thinned",
        LEAKAGE,
    ),
    "number",
)

DESCRIPTION = "Networks on maps: the paper's scatter, and that of our runs on these galaxies."


class TableFour(PaperTable):
    """The rows of the target in view, and all 24 below."""

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__(4, wake)
        self._drawn, self._page = None, html("gm-table-four")
        self._layout = column(
            "gm-table-part", section("The paper's Table 4", DESCRIPTION), self._page
        )

    def draw(self, data: DataSet, target: str, split: str, runs: object) -> None:
        """Show the table for a data set; measure it again if there are other runs.

        Parameters
        ----------
        target : str
            Column whose rows stand first.
        runs : RunIndex
            What is known of the data set.
        """
        if (runs, split) != self._drawn:
            self._drawn, self._rows = (runs, split), []
            self._compute(lambda _: rows_of_table(runs, split))
        self._data, self._target = data, target
        self._write()

    def _write(self) -> None:
        here = [row for row in self._rows if row["target"] == self._target]
        if not self._rows:
            self._page.object = snippet("shared.html", "at_work", "Reading the runs…")
            return
        first, rest = (
            Markup(table(self._data, rows)) if rows else "" for rows in (here, self._rows)
        )
        symbol = quantity(self._target).symbol
        self._page.object = snippet("tables.html", "table_four", first, rest, symbol)


def table(data: DataSet, rows: list[dict[str, Any]]) -> str:
    """Write rows of Table 4 as HTML.

    Parameters
    ----------
    rows : list of dict
        As `table_four.table_4` gives them.
    """
    marks = cohort_marks(rows)
    lines = [_line(data, row, marks) for row in rows]
    limits = leakage_notes([row["leakage"] for row in rows if row.get("leakage")])
    return snippet("tables.html", "table", HEADS, lines, cohort_notes(rows) + sentences(limits))


def _line(data: DataSet, row: dict[str, Any], marks: dict[str, str]) -> dict[str, Any]:
    shown, wanted = quantity(row["target"]), experiment(row["experiment"])
    subset = ", early types" * (row["subset"] == "early types")
    joint = ", jointly" * (len(wanted.targets) > 1)
    numbers, status = _ours(data, row, marks)
    controls = [_control(row, name) for name in CONTROLS]
    leakage = leakage_value(row["leakage"]) if row.get("leakage") else "–"
    return {
        "row": row["row"],
        "name": shown.symbol,
        "help": shown.help,
        "sample": joint + subset,
        "inputs": " + ".join(quantity(key).symbol for key in wanted.maps),
        "numbers": [f"{row['published']['std']:.2f}", *numbers, *controls, leakage],
        "status": status,
    }


def _ours(
    data: DataSet, row: dict[str, Any], marks: dict[str, str]
) -> tuple[list[str], dict[str, Any]]:
    """Return our numbers of a row, and its status."""
    if row["status"] != "measured":
        status = {"kind": "aside", "words": row["status"]}
        if row["status"] == "not trained":
            status["link"] = train_link(data, row["experiment"])
        return ["–"] * 4, status
    scatter, mean = (Estimate(**row[name]) for name in ("std", "mean"))
    agreement = compare_network_to_published(
        data, row["published"]["std"], scatter, _unlike_paper(row)
    )
    kind, words = agreement.mark
    run = f"Run {row['run']}, learned {row['learned']}"
    text = f"{agreement.why}. {run}" if agreement.why else run
    if row["any"]:
        text += "; one network for every set of maps, the paper's being for these alone"
    if row["spread"] is not None:
        count = len(row["training_seeds"])
        text += f"; mean of {count} trainings, between which σ varies by {row['spread']:.3f} dex"
    sigma, bias, count = cells(scatter, mean, row["n"])
    numbers = [sigma, bias, number_trained(row, marks), count]
    return numbers, {"kind": kind, "words": words, "help": text}


def _control(row: dict[str, Any], name: str) -> str:
    """Write the scatter of a control; a dash where it is missing, nothing where none is needed."""
    if "controls" not in row:
        return ""
    control = row["controls"][name]
    return f"{control['std']['value']:.3f}" if control else "–"


def _unlike_paper(row: dict[str, Any]) -> list[str]:
    """Say how a row was learned in another way than the paper's."""
    wanted = experiment(row["experiment"])
    differences = other_images(wanted.maps, row["pixels"], wanted.pixels)
    if row["joint"]:
        differences.append("learned together with other targets")
    return differences
