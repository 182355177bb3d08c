"""What a run predicts of the selected galaxies: errors in words, and a table of all samples."""

import shlex
from typing import Any

import pandas as pd
import param

from galmass_app import how_made
from galmass_app.markup import snippet
from galmass_app.plots.correlation import short
from galmass_app.selection_predictions import LEARNED, MOST, SelectionPredictions, predict_galaxies
from galmass_app.state import SessionState
from galmass_app.views.data_table import DataTable
from galmass_app.views.download import Download
from galmass_app.views.layout import button, column, html, row
from galmass_app.views.prediction import DISTANCE_HELP, signed
from galmass_app.views.worker_poller import WorkerView
from galmass_app.workers import NETWORKS
from galmass_core.galaxy import GalaxyName
from galmass_core.training.profile_runs import is_profile
from galmass_core.training.runs import Run

ROWS = 600  # of the largest errors, or the first where no truth is known; all are in the CSV
BY_ERROR = -6  # place of the error among the headings, from 1
HEADS = (  # text, help, whether it is a number
    ("galaxy", "Its subhalo ID. A click shows its maps on Explore.", False),
    ("along", "Line of sight.", False),
    ("target", "What is predicted, as decimal logarithm.", False),
    ("predicted", "dex", True),
    ("true", "dex", True),
    ("error [dex]", "Predicted less true; sorted by its size.", True),
    ("68 % interval", "That is expected to hold the true value of 68 % of the samples.", False),
    ("unusual", f"Percentile. {DISTANCE_HELP}", True),
    ("part", "Of the run's own split; new: the run never saw these data.", False),
)


class PredictedSelection(WorkerView):
    """A button that has a worker predict the selection, and what came of it."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, NETWORKS)
        self.predictions: SelectionPredictions | None = None
        self._run: Run | None = None
        self._start = button("gm-predict-selection", "", lambda _: self._begin())
        self._text = html("gm-predicted-text")
        self._table = DataTable.of(
            "gm-data-table gm-predicted-table",
            HEADS,
            self._open,
            order=BY_ERROR,
            search="Search predictions",
        )
        self._download = Download.of(
            session,
            "gm-predicted",
            lambda: f"{self.predictions.run.name}_selection",
            how=lambda: how_made.of_selection(session, self.predictions.run),
            table=lambda: self.predictions.table,
        )
        self._result = column("gm-predicted", row("gm-group", self._download), self._table)
        self._result.visible = False
        self._layout = column("gm-predict", self._start, self._text, self._result)
        session.param.watch(self._name, ["selection_query", "dataset"])

    def draw(self, run: Run) -> None:
        """Offer to predict with a run; what another one predicted is removed."""
        if self._run is None or (run.path, run.state) != (self._run.path, self._run.state):
            self._clear()
        self._run = run
        self._name()

    def pull(self) -> bool:
        """Show the predictions once they are there, and offer to predict again."""
        ended, more = self._slot.ready, super().pull()
        if ended:
            self._name()
        return more

    def _show(self, predictions: SelectionPredictions) -> None:
        """Write predictions."""
        self.predictions = predictions
        self._table.rows = prediction_rows(predictions.table)
        self._text.object = _words(predictions, self.session.dataset)
        self._result.visible = True

    def _clear(self) -> None:
        """Drop what was predicted."""
        self._slot.cancel()
        self.predictions, self._result.visible, self._text.object = None, False, ""

    def _name(self, *events: param.parameterized.Event) -> None:
        """Say on the button what it would predict, or why it cannot."""
        data, run = self.session.data, self._run
        if events:
            self._clear()
        if data is None or run is None:
            return
        count = len(self.session.selection)
        chosen = f"the {count:,} selected" if count else f"all {len(data.galaxy_names):,}"
        label = f"Predict {chosen} galaxies with this run"
        if why := self._obstacle(count or len(data.galaxy_names)):
            label = f"{label}: {why}"
        self._start.param.update(label=label, disabled=bool(why) or self._slot.busy)

    def _obstacle(self, count: int) -> str:
        """Say why nothing can be predicted; empty if it can."""
        if self._run.state != "finished":
            return f"it is {self._run.state}"
        if is_profile(self._run):
            return "mass profiles are predicted on Explore"
        return f"select at most {MOST:,}" if count > MOST else ""

    def _begin(self) -> None:
        """Have a worker predict the galaxies that are selected now."""
        run, data = self._run, self.session.data
        names = self.session.selection or tuple(data.galaxy_names)
        self._clear()
        self._submit(lambda _: predict_galaxies(run, data, names), "Predicting…")
        self._name()

    def _open(self, key: str) -> None:
        """Show the maps of a row's galaxy."""
        name, los, _ = key.split(" ")
        self.session.look_at(name, los)
        self.session.page = "explore"


def prediction_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return predictions as rows of `DataTable`, those with the largest errors first."""
    error = table["y_pred"] - table["y_true"]
    order = error.abs().sort_values(ascending=False, kind="stable").index[:ROWS]
    rows = table.assign(error=error).loc[order]
    return [_row(row) for row in rows.to_dict("records")]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """Return a prediction as the table shows and sorts it."""
    galaxy = GalaxyName.parse(row["name"]).subhalo
    limits = [row.get(name) for name in ("low_68", "high_68")]
    interval = "–" if any(pd.isna(each) for each in limits) else "{:.3f} to {:.3f}".format(*limits)
    numbers = [row["y_pred"], row["y_true"], row["error"], row.get("ood_percentile")]
    predicted, true, error, unusual = (None if pd.isna(each) else float(each) for each in numbers)
    cells = [
        galaxy,
        row["los"],
        short(row["target"]),
        f"{predicted:.3f}",
        "–" if true is None else f"{true:.3f}",
        "–" if error is None else signed(error, 3),
        interval,
        "–" if unusual is None else f"{unusual:.0f}",
        row["part"],
    ]
    size = None if error is None else abs(error)
    values = [galaxy, row["los"], row["target"], predicted, true, size, None, unusual, row["part"]]
    key = f"{row['name']} {row['los']} {row['target']}"
    return {"key": key, "cells": cells, "values": values, "words": row["name"]}


def _words(found: SelectionPredictions, dataset: str) -> str:
    """Say how well the galaxies are predicted, which do not count, and which are missing."""
    sentences = []
    for target in found.table["target"].unique():
        if errors := found.errors(str(target)):
            count = (found.judged["target"] == target).sum()
            scatter, bias = errors["std"], errors["mean"]
            sentences.append(
                f"{short(str(target))}: σ = {scatter} dex, bias {signed(bias.value, 3)} ± "
                f"{bias.error:.3f} dex, N = {count:,}."
            )
    learned = found.table.loc[found.table["part"] == LEARNED, "name"].nunique()
    if learned:
        sentences.append(
            f"{learned:,} of the galaxies were in its training set, and do not count in σ and bias."
        )
    sentences += [f"{count:,} samples left out: {why}." for why, count in found.left_out.items()]
    if len(found.table) > ROWS:
        many = f"{ROWS:,} of {len(found.table):,}"
        sentences.append(f"The table has {many} predictions, those with the largest errors.")
    words = ["galmass", "predict", found.run.name, dataset, "--out", "predictions.csv"]
    command = shlex.join(words)
    return snippet("runs.html", "predicted", sentences, command)
