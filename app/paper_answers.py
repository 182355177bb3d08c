"""What answers the figures of Chu et al. (2024) in a data set: runs, trees, correlations.

What takes time is done by `measured`, which a worker calls.
"""

from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from galmass_app.agreement import other_images
from galmass_app.comparison import Missing, Result, baseline, result_of, rows_of_table, with_errors
from galmass_app.comparison import title as title_of
from galmass_app.paper_figures import FIGURES, PaperPanel
from galmass_app.run_index import RunIndex, run_index
from galmass_app.tree_models import Fit, FitRequest, learn, why_missing
from galmass_core.datasets.capabilities import lacks
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.correlations import LEAST_SAMPLES, correlation_matrix
from galmass_core.learning.experiments import (
    TABLE_5_MASSES,
    TABLE_5_TARGETS,
    default_features,
    missing_columns,
    usable_rows,
)
from galmass_core.learning.galaxy_types import early_types
from galmass_core.learning.splits import SPLITS
from galmass_core.learning.uncertainty import NO_NOISE
from galmass_core.paper.statements import text_results
from galmass_core.paper.table_four import network_leakage, trainings_of
from galmass_core.quantities import TARGETS, quantity, target_named
from galmass_core.training.leakage import measure_leakage
from galmass_core.training.pairing import choose_run

Answer = Result | Fit | Missing


class Matrix(NamedTuple):
    """Pearson's R of features and targets; the features come first."""

    values: pd.DataFrame
    features: int
    samples: int


def measured(data: DataSet, key: str, split: str) -> Any:  # noqa: ANN401
    """Return what a figure or table is drawn from.

    Parameters
    ----------
    key : str
        Of `paper_figures.FIGURES`.

    Returns
    -------
    list of Answer, Matrix, Missing, or list of dict
        Answers to the panels; the matrix of Figure 10; rows of a table.
    """
    if key == "10":
        return correlations(data)
    if key == "table-4":
        return rows_of_table(run_index(data), split)
    if key == "text":
        return _text_rows(run_index(data), split)
    panels = FIGURES[key].panels
    answers = [answer(data, panel, split) for panel in panels]
    for panel, one in zip(panels, answers, strict=True):
        if not isinstance(one, Missing):
            leakage(data, panel)  # for the text, which does not wait for it
    return answers


def leakage(data: DataSet, panel: PaperPanel) -> dict[str, Any] | None:
    """Return what the paper's split lowers a panel's scatter by; None if it cannot be measured.

    Returns
    -------
    dict or None
        As of `leakage.measure_leakage`; of networks only where both splits are trained alike.
    """
    if panel.wanted.method == "network":
        return _leakage_of_network(run_index(data), panel)
    return _leakage_on_table(data, panel)


@lru_cache(maxsize=64)
def _leakage_on_table(data: DataSet, panel: PaperPanel) -> dict[str, Any] | None:
    """Train trees or the power law on both splits."""
    both = [answer(data, panel, split) for split in SPLITS]
    if any(isinstance(one, Missing) for one in both):
        return None
    galaxy, paper = ([one.predictions] for one in both)
    return measure_leakage(galaxy, paper, noise=NO_NOISE)


@lru_cache(maxsize=64)
def _leakage_of_network(index: RunIndex, panel: PaperPanel) -> dict[str, Any] | None:
    """Compare the runs of both splits."""
    networks = index.networks["galaxy"]
    first = choose_run(networks, panel.wanted)
    if first is None:
        return None
    with suppress(ValueError):  # no early type may be in a test set
        return network_leakage(
            trainings_of(first, networks),
            index.networks["paper"],
            panel.target,
            index.data.samples,
            only_early=panel.early,
        )
    return None


def answer(data: DataSet, panel: PaperPanel, split: str) -> Answer:
    """Return what is predicted in a data set where the paper predicts something, or why nothing."""
    title = title_of(panel.wanted)
    if why := why_missing(data, (panel.target,)):
        symbol = quantity(panel.target).symbol
        return Missing(title=title, why=f"there is no true {symbol} here: {why[panel.target]}")
    ways = {"trees": _trees, "power-law": _power_law, "network": _network}
    try:
        return ways[panel.wanted.method](data, panel, split)
    except ValueError as error:
        return Missing(title=title, why=str(error))


def features_of(data: DataSet, panel: PaperPanel) -> tuple[str, ...]:
    """Return the columns that trees learn from, as far as a data set has them."""
    without = () if "abs_mag_r" in panel.wanted.features else ("abs_mag_r",)
    return tuple(key for key in default_features(data.samples) if key not in without)


@lru_cache(maxsize=16)
def correlations(data: DataSet) -> Matrix | Missing:
    """Correlate the ten features and the six targets, as far as a data set has them."""
    features = default_features(data.samples)
    targets = [target_named(word).key for word in TABLE_5_TARGETS]
    targets = [key for key in targets if key not in missing_columns(data.samples, targets)]
    masses = [key for key in targets if TARGETS[key].word in TABLE_5_MASSES]
    usable, _ = usable_rows(data.samples, features, masses)
    table = data.samples.loc[usable, [*features, *targets]].astype(float)
    table = table[np.isfinite(table).all(axis=1)]
    if len(table) < LEAST_SAMPLES or not (features and targets):
        return Missing(title="Pearson's R", why="too few samples have features and true masses")
    return Matrix(correlation_matrix(table, list(table)), len(features), len(table))


def differences(panel: PaperPanel, result: Result) -> list[str]:
    """Say how a result was learned in another way than the paper's."""
    wanted, learned = panel.wanted, result.experiment
    if result.run is None:
        return []
    lines = other_images(learned.maps, learned.pixels, wanted.pixels)
    if others := [key for key in learned.targets if key not in wanted.targets]:
        symbols = ", ".join(quantity(key).symbol for key in others)
        lines.append(f"learned together with {symbols}")
    if (width := result.run.config["training"]["width"]) != 1:
        lines.append(f"by a network {width:.2g} times as wide as the paper's")
    return lines


def _trees(data: DataSet, panel: PaperPanel, split: str) -> Answer:
    """Train boosted trees, or take them as they were trained before."""
    features, title = features_of(data, panel), title_of(panel.wanted)
    if why := lacks(data).testing:
        return Missing(title=title, why=why)
    if not features:
        return Missing(title=title, why="there is nothing to learn it from here")
    return learn(FitRequest(data=data, target=panel.target, features=features, split=split))


def _network(data: DataSet, panel: PaperPanel, split: str) -> Answer:
    """Take the run that answers, as in Table 4."""
    index, wanted = run_index(data), panel.wanted
    candidate = choose_run(index.networks[split], wanted)
    if candidate is None:
        named = {"title": title_of(wanted)}
        if why := lacks(data).network:
            return Missing(**named, why=f"not trained, and cannot be on this data set: {why}")
        return Missing(**named, why="not trained", experiment=wanted.name)
    result = result_of(index, candidate.run.name, panel.target)
    return _only_early(data, result) if panel.early else result


def _only_early(data: DataSet, result: Result) -> Result:
    names = data.samples["name"][early_types(data.samples)]
    tables = [table[table["name"].isin(names)] for table in result.tables]
    if tables[0].empty:
        msg = "no galaxy that the run predicts is of early type"
        raise ValueError(msg)
    return replace(result, **with_errors(tables))


def _power_law(data: DataSet, panel: PaperPanel, split: str) -> Answer:
    """Take the baseline of the Compare page, so that it has one σ everywhere."""
    return baseline(data, panel.target, split)


@lru_cache(maxsize=8)
def _text_rows(index: RunIndex, split: str) -> list[dict[str, Any]]:
    """Return what the text states, measured on ours."""
    return text_results(index.data, split, runs=index.runs.values())
