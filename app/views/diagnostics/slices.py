"""Where the predictions of a run fail: a table of slices, each of which can be selected."""

from functools import lru_cache
from typing import Any

import pandas as pd
import param
from panel.custom import JSComponent

from galmass_app.comparison import distance_of
from galmass_app.diagnostics import Diagnosis
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.download import flat
from galmass_app.views.heading import section
from galmass_app.views.layout import View, column, html
from galmass_app.views.prediction import DISTANCE_HELP, signed
from galmass_app.views.worker_poller import WorkerPoller
from galmass_app.workers import QUICK, Slot
from galmass_core.assets import asset
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


class SliceTable(JSComponent):
    """A table that is sorted in the browser; it sends the key of a row that is clicked."""

    heads = param.List([], doc="Text, help, and whether it is a number, of each column.")
    rows = param.List([], doc="Of each row its key, cells, and the values to sort by; first: all.")
    order = param.Integer(BY_SCATTER, doc="Column to sort by, from 1; negative: descending.")
    chosen = param.String(doc="Key of the row whose galaxies are selected.")

    _esm = asset("slices.js")


class SlicePanel(View):
    """The slices of one run and target; a worker measures them."""

    def __init__(self, diagnosis: Diagnosis, session: SessionState) -> None:
        super().__init__(session)
        self._slot, self.slices = Slot(QUICK), None
        self._poller = WorkerPoller(self.pull, session)
        self._table = SliceTable(
            heads=[list(head) for head in HEADS],
            css_classes=["gm-slice-table"],
            sizing_mode="stretch_width",
            visible=False,
        )
        self._table._handle_msg = self._select
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
        self._text.object = snippet("shared.html", "at_work", "measuring the slices…")
        self._slot.submit(lambda _: slices_of(data, diagnosis))
        self._poller.wake()

    def pull(self) -> bool:
        """Show the slices when they are measured; return whether there is more to come."""
        if self._slot.ready:
            self._text.object = ""
            with self.session.reporting():
                self.slices = self._slot.take()
                self._table.param.update(
                    rows=[_row(row, place) for place, row in enumerate(self.slices.rows)],
                    chosen="",
                    visible=True,
                )
                self._text.object = _notes(self.slices)
        return self._slot.busy

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
    }


def _notes(slices: Slices) -> str:
    """Write what cannot be sliced, and why."""
    few = any(row["mean"] is None for row in slices.rows)
    loose = any(row["std"] and Estimate(**row["std"]).is_loose for row in slices.rows)
    lines = [f"No slices by {title}: {why}." for title, why in slices.left_out.items()]
    lines += [f"Fewer than {LEAST_GALAXIES} galaxies are counted, not measured."] * few
    lines += ["A σ whose error is larger than itself is due to one or two galaxies."] * loose
    return snippet("diagnostics.html", "slice_notes", lines, DISTANCE_HELP)
