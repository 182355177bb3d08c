"""Where the predictions of a run fail: a table of slices, each of which can be selected."""

from functools import lru_cache
from typing import Any

import pandas as pd
import param

from galmass_app.diagnostics import Diagnosis
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.training_distance import distance_of
from galmass_app.views.data_table import DataTable
from galmass_app.views.download import flat
from galmass_app.views.heading import section
from galmass_app.views.layout import column, html
from galmass_app.views.prediction import DISTANCE_HELP, signed
from galmass_app.views.worker_poller import WorkerView
from galmass_app.workers import QUICK
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.intervals import LEVELS
from galmass_core.learning.metrics import Estimate
from galmass_core.learning.slices import LEAST_GALAXIES, Slices, measure_slices
from galmass_core.training.training_sets import with_training_distance

TITLE = "Where do the predictions fail?"
DESCRIPTION = (
    "σ, bias and coverage of slices of the test samples, with errors. A click on a heading sorts; "
    "a click on a row selects its galaxies."
)
HEADS = (  # text, help, whether it is a number
    ("slice", "Part of the test samples.", False),
    ("property", "What the test samples are sorted by.", False),
    ("σ [dex]", "Standard deviation of the error, and half of its 68 % interval.", True),
    ("bias [dex]", "Mean error, and half of its 68 % interval.", True),
    *(
        (
            f"inside {100 * level:.0f} %",
            f"Share of true values inside the {100 * level:.0f} % interval. Its error is binomial "
            "and counts galaxies.",
            True,
        )
        for level in LEVELS
    ),
    ("galaxies", "Galaxies that were tested.", True),
    ("N", "Samples that were tested.", True),
)
BY_SCATTER = -3  # place of σ among the headings, from 1; negative: the largest first


class SlicePanel(WorkerView):
    """The slices of one run and target; a worker measures them."""

    def __init__(self, diagnosis: Diagnosis, session: SessionState) -> None:
        super().__init__(session, QUICK)
        self.slices: Slices | None = None
        self._table = DataTable.of(
            "gm-slice-table", HEADS, self._select, order=BY_SCATTER, pinned=True, visible=False
        )
        self._text = html("gm-foot")
        self._layout = column("gm-slices", section(TITLE, DESCRIPTION), self._table, self._text)
        session.param.watch(self._forget, "selection_query")
        self.draw(diagnosis)

    @property
    def table(self) -> pd.DataFrame:
        """The slices as numbers."""
        return flat(self.slices.rows if self.slices else [])

    def draw(self, diagnosis: Diagnosis) -> None:
        """Measure the slices of another run."""
        self.diagnosis, self.slices, data = diagnosis, None, self.session.data
        self._table.visible = False
        self._submit(lambda _: slices_of(data, diagnosis), "measuring the slices…")

    def _show(self, slices: Slices) -> None:
        """Show slices in the table."""
        self.slices = slices
        rows = [_row(row, place) for place, row in enumerate(slices.rows)]
        self._table.param.update(rows=rows, chosen="", visible=True)
        self._text.object = _notes(slices)

    def _select(self, key: str) -> None:
        """Select the galaxies of the slice that was clicked."""
        found = [row for row in self.slices.rows if _key(row) == key] if self.slices else []
        for row in found:
            rows = self.diagnosis.scored
            if row["by"] in self.slices.labels:
                rows = rows[(self.slices.labels[row["by"]] == row["slice"]).to_numpy()]
            label = f"{row['title']}: {row['slice']}" if row["by"] != "all" else "all"
            self.session.select(rows["name"].unique(), f"{label}, tested by {self._run}")
            self._table.chosen = key

    @property
    def _run(self) -> str:
        return self.diagnosis.run.name

    def _forget(self, _: param.parameterized.Event) -> None:
        """No row is chosen any more once other galaxies are selected."""
        self._table.chosen = ""


@lru_cache(maxsize=64)
def slices_of(data: DataSet, diagnosis: Diagnosis) -> Slices:
    """Return the slices of a run's predictions, measured once for all sessions."""
    run = diagnosis.run
    distance = distance_of(data, run.path, run.record["ended"])
    rows = with_training_distance(diagnosis.scored, data.samples, distance)
    return measure_slices(rows, data.samples, reasons=data.info.get("not_available"))


def _key(row: dict[str, Any]) -> str:
    return f"{row['by']}: {row['slice']}"


def _row(row: dict[str, Any], place: int) -> dict[str, Any]:
    """Return a slice as the table shows and sorts it; by words it is sorted as it was measured."""
    scatter, bias = (row[name] and Estimate(**row[name]) for name in ("std", "mean"))
    covered = [(row["coverage"] or {}).get(f"{level:.2f}") for level in LEVELS]
    title = "" if row["by"] == "all" else row["title"]
    return {
        "key": _key(row),
        "cells": [
            row["slice"],
            title,
            str(scatter) if scatter else "–",
            f"{signed(bias.value, 3)} ± {bias.error:.3f}" if bias else "–",
            *(
                f"{100 * each['value']:.1f} ± {100 * each['error']:.1f} %" if each else "–"
                for each in covered
            ),
            f"{row['n_galaxies']:,}",
            f"{row['n']:,}",
        ],
        "values": [
            place,
            place,
            scatter and scatter.value,
            bias and bias.value,
            *(each and each["value"] for each in covered),
            row["n_galaxies"],
            row["n"],
        ],
        "words": "",
    }


def _notes(slices: Slices) -> str:
    """Write what cannot be sliced, and why."""
    few = any(row["mean"] is None for row in slices.rows)
    loose = any(row["std"] and Estimate(**row["std"]).is_loose for row in slices.rows)
    lines = [f"No slices by {title}: {why}." for title, why in slices.left_out.items()]
    lines += [f"Fewer than {LEAST_GALAXIES} galaxies are counted, not measured."] * few
    lines += ["A σ whose error is larger than itself is due to one or two galaxies."] * loose
    return snippet("diagnostics.html", "slice_notes", lines, DISTANCE_HELP)
