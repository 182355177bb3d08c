"""Find the runs that can predict a data set, and their predictions.

A run is used for samples that it was not trained on. It may come from another data set: the runs
that ship with galmass apply to any build of the same galaxies.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from galmass_core.learning.experiments import (
    Experiment,
    inputs_of,
    missing_columns,
    true_values,
)

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
    return _in_both(run.predictions(), dataset.samples)


def run_predictions_on(
    runs: Iterable["Run"], dataset: "DataSet", split: str = "galaxy"
) -> list[RunPredictions]:
    """Return the finished networks of a split that predict a data set, newest first.

    For thinned galaxies only networks trained on galaxies thinned alike are used, and for maps of
    another frame those of the same. A network for every set of maps counts as one for each.

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
            predictions=predictions,
            own=run.is_of(dataset),
            thinned=_stars(run) != dataset.info.get("stars"),
        )
        for run in sorted(runs, key=lambda run: run.record["started"], reverse=True)
        if run.state == "finished"
        and run.config["method"] == "network"
        and run.config["split"]["kind"] == split
        and run.sees_as(dataset)
        and dataset.info.get("stars") in (None, _stars(run))
        for each, predictions in _by_inputs(run, dataset)
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


def _by_inputs(run: "Run", dataset: "DataSet") -> Iterator[tuple["Run", pd.DataFrame]]:
    """Yield a run for each set of maps that it predicts from, with the predictions."""
    tables = run.by_inputs(_in_both(run.whole_predictions(), dataset.samples))
    for each in run.with_each_inputs():
        inputs = inputs_of(each.config["maps"])
        if inputs in tables:
            yield each, tables[inputs].reset_index(drop=True)


def _in_both(predictions: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Return unseen predictions for samples of a data set whose truth is the same there."""
    unseen = predictions[predictions["part"].isin(UNSEEN) & predictions["y_true"].notna()]
    keys = ["name", "los"]
    rows = pd.MultiIndex.from_frame(samples[keys]).get_indexer(
        pd.MultiIndex.from_frame(unseen[keys])
    )
    unseen, rows = unseen[rows >= 0], rows[rows >= 0]
    parts = [unseen.head(0)]
    for key, places in unseen.groupby("target", sort=False).indices.items():
        target = str(key)
        if missing_columns(samples, [target]):
            continue
        part, truth = unseen.iloc[places], true_values(samples, target)[rows[places]]
        if (part["y_true"] - truth).abs().median() <= SAME_TRUTH:
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _answers(candidate: RunPredictions, wanted: Experiment, *, thinned: bool) -> bool:
    """Return whether a network has these maps, thinned or not, and predicts all targets."""
    same_maps = set(candidate.run.config["maps"]) == set(wanted.maps)
    enough = set(wanted.targets) <= set(candidate.predictions["target"].unique())
    return same_maps and enough and candidate.thinned == thinned


def _stars(run: "Run") -> int | None:
    """Return the number of stars of thinned galaxies in training; None if not thinned."""
    return run.record["dataset"].get("stars")
