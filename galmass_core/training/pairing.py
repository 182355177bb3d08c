"""Runs and a data set -> which run answers a question there, and what it predicts.

A run answers for samples that it did not learn from. It need not come from this very data set:
the runs that ship with galmass answer for any build of the same galaxies.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from galmass_core.learning.experiments import Experiment, missing_columns, true_values

if TYPE_CHECKING:
    from galmass_core.datasets.dataset import DataSet
    from galmass_core.training.runs import Run

UNSEEN = ("test", "new")  # parts that a run did not learn from; it chose its epoch by validation
SAME_TRUTH = 0.01  # dex, median: other galaxies of the same names differ by more


@dataclass(frozen=True)
class RunPredictions:
    """A network tried on samples of a data set that it did not learn from.

    Attributes
    ----------
    run : Run
    predictions : pandas.DataFrame
        As `predictions_on` gives them.
    own : bool
        Whether it was trained on this very data set.
    thinned : bool
        Whether every galaxy had fewer stars when it was trained than it has in the data set.
    """

    run: "Run"
    predictions: pd.DataFrame
    own: bool
    thinned: bool

    @property
    def pixels(self) -> int:
        """Side of its images."""
        return self.run.config["pixels"]


def predictions_on(run: "Run", dataset: "DataSet") -> pd.DataFrame:
    """Return what a run predicts of a data set's samples that it did not learn from.

    Parameters
    ----------
    run : Run
    dataset : DataSet

    Returns
    -------
    pandas.DataFrame
        Rows of `runs.Run.predictions` of the parts `UNSEEN` with a known truth, of samples that
        are in the data set by name and line of sight. A target has none at all where its truth
        differs there by more than `SAME_TRUTH`: then other galaxies bear these names.

    Raises
    ------
    ValueError
        If the run is not finished.
    """
    predictions = run.predictions()
    unseen = predictions[predictions["part"].isin(UNSEEN) & predictions["y_true"].notna()]
    parts = [_in_both(rows, dataset.samples) for _, rows in unseen.groupby("target", sort=False)]
    return pd.concat([unseen.head(0), *parts], ignore_index=True)


def run_predictions_on(
    runs: Iterable["Run"], dataset: "DataSet", split: str = "galaxy"
) -> list[RunPredictions]:
    """Return the finished networks of a split that say something of a data set, newest first.

    On galaxies that are thinned to some stars only those count that learned from such.

    Parameters
    ----------
    runs : iterable of Run
    dataset : DataSet
    split : str
        ``galaxy`` or ``paper``.

    Returns
    -------
    list of RunPredictions
    """
    candidates = (
        RunPredictions(
            run=run,
            predictions=predictions_on(run, dataset),
            own=run.record["dataset"]["sha256"] == dataset.checksum,
            thinned=_stars(run) != dataset.info.get("stars"),
        )
        for run in sorted(runs, key=lambda run: run.record["started"], reverse=True)
        if run.state == "finished"
        and run.config["method"] == "network"
        and run.config["split"]["kind"] == split
        and dataset.info.get("stars") in (None, _stars(run))
    )
    return [candidate for candidate in candidates if len(candidate.predictions)]


def choose_run(
    candidates: Sequence[RunPredictions], wanted: Experiment, *, thinned: bool = False
) -> RunPredictions | None:
    """Return the network that answers for an experiment.

    Its maps are those wanted and its targets at least those. A network of just the wanted pixels
    is preferred, then one with finer images, then one of just the targets, then one trained on
    this very data set, then the newest.

    Parameters
    ----------
    candidates : sequence of RunPredictions
        The newest first.
    wanted : Experiment
    thinned : bool
        Whether to take one that was trained on the same galaxies thinned to fewer stars, instead
        of one that was not.

    Returns
    -------
    RunPredictions or None
    """
    answers = [
        candidate for candidate in candidates if _answers(candidate, wanted, thinned=thinned)
    ]

    def rank(candidate: RunPredictions) -> tuple[bool, int, bool, bool]:
        joint = set(candidate.run.config["targets"]) != set(wanted.targets)
        return candidate.pixels != wanted.pixels, -candidate.pixels, joint, not candidate.own

    return min(answers, key=rank, default=None)


def _in_both(predictions: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions of one target that are about samples of a data set."""
    target = predictions["target"].iloc[0]
    if missing_columns(samples, [target]):
        return predictions.head(0)
    truth = samples[["name", "los"]].assign(truth=true_values(samples, target))
    both = predictions.merge(truth, on=["name", "los"], validate="one_to_one")
    same = (both["truth"] - both["y_true"]).abs().median() <= SAME_TRUTH
    return both.drop(columns="truth") if same else predictions.head(0)


def _answers(candidate: RunPredictions, wanted: Experiment, *, thinned: bool) -> bool:
    """Whether a network sees just these maps, of thinned galaxies or not, and predicts all that."""
    same_maps = set(candidate.run.config["maps"]) == set(wanted.maps)
    enough = set(wanted.targets) <= set(candidate.predictions["target"].unique())
    return same_maps and enough and candidate.thinned == thinned


def _stars(run: "Run") -> int | None:
    """Return to how many stars every galaxy was thinned before training; None if to none."""
    return run.record["dataset"].get("stars")
