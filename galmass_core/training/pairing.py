"""Find the runs that can predict a data set, and their predictions.

A run is used for samples that it was not trained on. It may come from another data set: the runs
that ship with galmass apply to any build of the same galaxies.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from galmass_core.learning.experiments import Experiment, missing_columns, true_values

if TYPE_CHECKING:
    from galmass_core.datasets.dataset import DataSet
    from galmass_core.training.runs import Run

UNSEEN = ("test", "new")  # parts not used in training; validation selected the epoch
SAME_TRUTH = 0.01  # dex, median: other galaxies of the same names differ by more


@dataclass(frozen=True)
class RunPredictions:
    """Predictions of a network for samples of a data set that it was not trained on.

    Attributes
    ----------
    run : Run
    predictions : pandas.DataFrame
        As returned by `predictions_on`.
    own : bool
        Whether it was trained on this data set.
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

    @property
    def from_any(self) -> bool:
        """Whether it is one network for every set of maps."""
        return "subsets" in self.run.config


def predictions_on(run: "Run", dataset: "DataSet") -> pd.DataFrame:
    """Return predictions of a run for samples of a data set that it was not trained on.

    Parameters
    ----------
    run : Run
    dataset : DataSet

    Returns
    -------
    pandas.DataFrame
        Rows of `runs.Run.predictions` of the parts `UNSEEN` with a known truth, for samples that
        are in the data set by name and line of sight. A target is omitted if its truth differs from
        the data set by more than `SAME_TRUTH`: then these are other galaxies of the same names.

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
    """Return the finished networks of a split that predict a data set, newest first.

    For thinned galaxies only networks trained on galaxies thinned alike are used. A network for
    every set of maps counts as one for each.

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
            run=each,
            predictions=predictions_on(each, dataset),
            own=run.record["dataset"]["sha256"] == dataset.checksum,
            thinned=_stars(run) != dataset.info.get("stars"),
        )
        for run in sorted(runs, key=lambda run: run.record["started"], reverse=True)
        if run.state == "finished"
        and run.config["method"] == "network"
        and run.config["split"]["kind"] == split
        and dataset.info.get("stars") in (None, _stars(run))
        for each in run.with_each_inputs()
    )
    return [candidate for candidate in candidates if len(candidate.predictions)]


def choose_run(
    candidates: Sequence[RunPredictions],
    wanted: Experiment,
    *,
    thinned: bool = False,
    prefer_any: bool = False,
) -> RunPredictions | None:
    """Return the best network for an experiment.

    Its maps are those of the experiment and its targets include those. A network of the same pixels
    is preferred, then one with finer images, then one of the same targets only, then one trained on
    this data set, then one of these maps only, then the newest.

    Parameters
    ----------
    candidates : sequence of RunPredictions
        The newest first.
    wanted : Experiment
    thinned : bool
        Whether to choose one trained on the same galaxies thinned to fewer stars, instead of one
        that was not.
    prefer_any : bool
        Whether a network for every set of maps is preferred to one of these maps only, so that
        other sets of maps are compared within one training.

    Returns
    -------
    RunPredictions or None
    """
    answers = [
        candidate for candidate in candidates if _answers(candidate, wanted, thinned=thinned)
    ]

    def rank(candidate: RunPredictions) -> tuple[bool, int, bool, bool, bool]:
        joint = set(candidate.run.config["targets"]) != set(wanted.targets)
        unlike = candidate.pixels != wanted.pixels
        other_kind = candidate.from_any != prefer_any
        return unlike, -candidate.pixels, joint, not candidate.own, other_kind

    return min(answers, key=rank, default=None)


def _in_both(predictions: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions of one target for samples of a data set."""
    target = predictions["target"].iloc[0]
    if missing_columns(samples, [target]):
        return predictions.head(0)
    truth = samples[["name", "los"]].assign(truth=true_values(samples, target))
    both = predictions.merge(truth, on=["name", "los"], validate="one_to_one")
    same = (both["truth"] - both["y_true"]).abs().median() <= SAME_TRUTH
    return both.drop(columns="truth") if same else predictions.head(0)


def _answers(candidate: RunPredictions, wanted: Experiment, *, thinned: bool) -> bool:
    """Return whether a network has these maps, thinned or not, and predicts all targets."""
    same_maps = set(candidate.run.config["maps"]) == set(wanted.maps)
    enough = set(wanted.targets) <= set(candidate.predictions["target"].unique())
    return same_maps and enough and candidate.thinned == thinned


def _stars(run: "Run") -> int | None:
    """Return the number of stars of thinned galaxies in training; None if not thinned."""
    return run.record["dataset"].get("stars")
