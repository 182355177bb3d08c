"""Measure the results that the paper states in its text on our samples and runs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from galmass_core.learning.boosting import BoostedTrees
from galmass_core.learning.correlations import correlation_matrix, strong_pairs
from galmass_core.learning.experiments import (
    FEATURES,
    TABLE_5_MASSES,
    experiment,
    missing_columns,
    usable_rows,
)
from galmass_core.learning.fitting import Outcome, evaluate
from galmass_core.learning.splits import BOOSTING_SIZES, NETWORK_SIZES, split_samples
from galmass_core.paper.published import published_text
from galmass_core.paper.table_four import measure_target
from galmass_core.paper.tables import align
from galmass_core.quantities import QUANTITIES, feature_key, quantity, target_named
from galmass_core.training.pairing import RunPredictions, choose_run, run_predictions_on

if TYPE_CHECKING:
    from galmass_core.datasets.dataset import DataSet
    from galmass_core.training.runs import Run

_SMOOTH = 5  # epochs of the running median of the loss
_SETTLED = 1.1  # times the lowest loss: the loss has converged at the first epoch below


def text_results(
    dataset: "DataSet",
    kind: str = "galaxy",
    *,
    seed: int = 0,
    runs: Iterable["Run"] = (),
) -> list[dict[str, Any]]:
    """Measure the paper's statements on samples, splits, networks, correlations and importances.

    Importance is gain, as in the paper. The validation loss has converged at the first epoch at
    which its median over five epochs is within 10 % of the lowest such median.

    Parameters
    ----------
    dataset : DataSet
    kind : str
        Of the split: ``galaxy`` or ``paper``.
    seed : int
        Of the split of trees and baselines.
    runs : iterable of Run
        Sources of network results, as in `table_four.table_4`.

    Returns
    -------
    list of dict
        ``id``, ``section``, ``statement``, ``published``, ``unit``, ``ours`` (a number or text;
        None where it cannot be measured), ``status`` (``measured``, or ``not available: `` and the
        reason) and ``contradicted_by``: other parts of the paper that contradict the statement.

    Raises
    ------
    ValueError
        If ``kind`` is unknown.
    """
    ours, published = _Ours(dataset, kind, seed, tuple(runs)), published_text()
    return [
        {
            "id": number,
            "section": published.at[number, "section"],
            "statement": published.at[number, "statement"],
            "published": published.at[number, "value"],
            "unit": published.at[number, "unit"],
            **_attempt(measure, ours),
            "contradicted_by": published.at[number, "contradicted_by"],
        }
        for number, measure in _MEASURES.items()
    ]


@dataclass
class _Ours:
    """Splits, correlations, models and networks of one data set, each computed once."""

    dataset: "DataSet"
    kind: str
    seed: int
    runs: tuple["Run", ...]

    def __post_init__(self) -> None:
        self.samples = self.dataset.samples
        self._outcomes: dict[tuple[str, int], Outcome] = {}
        sizes = {"network": NETWORK_SIZES, "boosting": BOOSTING_SIZES}
        self._parts = {
            model: split_samples(self.samples, self.kind, sizes=parts, seed=self.seed)
            for model, parts in sizes.items()
        }

    def count(self, model: str, part: str) -> int:
        """Count the samples in a part of the networks' or the trees' split."""
        return int(np.count_nonzero(self._parts[model] == part))

    def excluded_share(self) -> float:
        """Return the fraction of samples that the paper's cuts in n and B/T exclude."""
        usable, _ = usable_rows(self.samples, self._known("sersic_n", "b_over_t"))
        return round(float(1 - usable.mean()), 3)

    def outcome(self, name: str, aperture: int = 2) -> Outcome:
        """Train and test an experiment, with features of an aperture in R_hsm."""
        if (name, aperture) not in self._outcomes:
            wanted = experiment(name)
            columns = [_at_aperture(key, aperture) for key in wanted.features]
            wanted = replace(wanted, features=tuple(columns))
            self._outcomes[name, aperture] = evaluate(
                wanted, self.samples, self.kind, seed=self.seed
            )
        return self._outcomes[name, aperture]

    def scatter(self, name: str, aperture: int = 2) -> float:
        """Measure the standard deviation of an experiment's errors [dex]."""
        predictions = self.outcome(name, aperture).predictions
        return float(np.std(predictions["y_pred"] - predictions["y_true"]))

    @cached_property
    def candidates(self) -> list[RunPredictions]:
        """Networks that can predict this data set."""
        return run_predictions_on(self.runs, self.dataset, self.kind)

    def network(self, name: str) -> RunPredictions:
        """Return the network of an experiment, or raise ValueError if there is none."""
        wanted = experiment(name)
        candidate = choose_run(self.candidates, wanted)
        if candidate is None or candidate.pixels != wanted.pixels:
            msg = f"{name} is not trained"
            raise ValueError(msg)
        return candidate

    def network_scatter(self, name: str, target: str | None = None) -> float:
        """Measure the scatter [dex] of a network, in its target or a derived quantity."""
        wanted = target or experiment(name).target
        measured = measure_target(self.network(name), wanted, self.samples)
        return round(measured["std"]["value"], 3)

    def mass_to_light_apertures(self) -> str:
        """Measure the scatter in M*/L inside 1 and 2 R_hsm [dex]."""
        return "; ".join(str(self.network_scatter(f"{name}/r+2V")) for name in ("ml", "ml_2r"))

    def settled_epoch(self) -> int:
        """Find the epoch from which the validation loss of the network for M* has converged."""
        history = self.network("mstar/r+2V").run.history
        loss = history["validation_mse"].rolling(_SMOOTH, center=True, min_periods=1).median()
        return int(history["epoch"][loss <= _SETTLED * loss.min()].iloc[0])

    def mass_to_light_from_mass(self) -> str:
        """Measure the scatter [dex] of predicted M* over true light, and that of the M* itself."""
        name = "mstar2d/r+2V"
        derived = self.network_scatter(name, target_named("ml").key)
        return f"{derived} (M*: {self.network_scatter(name)})"

    def aperture_change(self) -> float:
        """Measure how the masses' scatter changes from features inside 1 to 2 R_hsm [%]."""
        ratios = [
            self.scatter(f"{mass}/features", 2) / self.scatter(f"{mass}/features", 1)
            for mass in TABLE_5_MASSES
        ]
        return round(100 * float(np.mean(ratios) - 1), 1)

    def tree_depth(self) -> int:
        """Find the most common depth of the trees for M*."""
        return int(np.bincount(self._trees("mstar/features").tree_depths()).argmax())

    def gain(self, name: str) -> pd.Series:
        """Return gain importance [%], the largest first."""
        return self._trees(name).gain().sort_values(ascending=False)

    def top(self, name: str, places: slice) -> str:
        """Return the features of largest gain."""
        return "; ".join(quantity(key).symbol for key in self.gain(name).index[places])

    @cached_property
    def matrix(self) -> pd.DataFrame:
        """Return Pearson's R of the features and masses in the table."""
        masses = [target_named(mass).key for mass in TABLE_5_MASSES]
        missing = missing_columns(self.samples, [*FEATURES, *masses])
        features = [key for key in FEATURES if key not in missing]
        masses = [key for key in masses if key not in missing]
        usable, _ = usable_rows(self.samples, features, masses)
        return correlation_matrix(self.samples[usable], [*features, *masses])

    def correlation(self, first: str, second: str) -> float:
        """Return Pearson's R of two columns."""
        self._known(first, second)
        return round(float(self.matrix[second][first]), 2)

    def strong(self, *, with_masses: bool) -> str:
        """Return the strongly correlated pairs of features, or of a feature and a mass."""
        self._known(*FEATURES)
        pairs = strong_pairs(self.matrix)
        chosen = [pair for pair in pairs if pair[0] in FEATURES]
        chosen = [pair for pair in chosen if (pair[1] not in FEATURES) == with_masses]
        return "; ".join(f"{quantity(one).symbol}-{quantity(two).symbol}" for one, two, _ in chosen)

    def _trees(self, name: str) -> BoostedTrees:
        model = self.outcome(name).models[0]
        if not isinstance(model, BoostedTrees):
            msg = f"{name} must be an experiment with boosted trees"
            raise TypeError(msg)
        return model

    def _known(self, *keys: str) -> tuple[str, ...]:
        """Return the columns, or raise ValueError if the table lacks one."""
        if missing := missing_columns(self.samples, keys):
            msg = f"the data lack {', '.join(missing)}"
            raise ValueError(msg)
        return keys


_MEASURES: dict[str, Callable[[_Ours], float | str]] = {
    "T01": lambda ours: len(ours.samples),
    "T02": lambda ours: ours.count("network", "train"),
    "T03": lambda ours: ours.count("network", "validation"),
    "T04": lambda ours: ours.count("network", "test"),
    "T05": lambda ours: ours.count("boosting", "train"),
    "T06": lambda ours: ours.count("boosting", "test"),
    "T07": _Ours.excluded_share,
    "T08": lambda ours: ours.network_scatter("mstar/r@150"),
    "T09": lambda ours: ours.network_scatter("mstar/r@60"),
    "T10": lambda ours: round(ours.scatter("mstar/power-law"), 3),
    "T11": lambda ours: round(ours.scatter("mstar/light+dispersion"), 3),
    "T17": _Ours.mass_to_light_apertures,
    "T19": _Ours.aperture_change,
    "T20": _Ours.settled_epoch,
    "T21": _Ours.tree_depth,
    "T22": lambda ours: ours.strong(with_masses=False),
    "T23": lambda ours: abs(ours.correlation("b_over_t", "f_cold")),
    "T24": lambda ours: ours.strong(with_masses=True),
    "T25": lambda ours: ours.correlation("sigma_v", target_named("mdm").key),
    "T26": lambda ours: _percent(
        min(ours.gain(f"{mass}/features")["abs_mag_r"] for mass in TABLE_5_MASSES)
    ),
    "T27": lambda ours: "; ".join(
        dict.fromkeys(ours.top(f"{mass}/no-magnitude", slice(1)) for mass in TABLE_5_MASSES)
    ),
    "T28": lambda ours: _percent(ours.gain("ml/features")["sigma_v"]),
    "T29": lambda ours: _percent(ours.gain("fdm/features")["sigma_v"]),
    "T30": lambda ours: " | ".join(
        ours.top(f"{target}/features", slice(2)) for target in ("fstar", "ml")
    ),
    "T31": lambda ours: ours.top("fdm/features", slice(1, 2)),
    "T32": _Ours.mass_to_light_from_mass,
}


def _attempt(measure: Callable[[_Ours], float | str], ours: _Ours) -> dict[str, Any]:
    """Return a measurement, or the reason why there is none."""
    try:
        return {"ours": measure(ours), "status": "measured"}
    except ValueError as error:
        return {"ours": None, "status": f"not available: {error}"}


def _at_aperture(key: str, aperture: int) -> str:
    """Return the column of a feature inside an aperture, if it has one."""
    other = feature_key(key, aperture)
    return other if other in QUANTITIES else key


def _percent(value: float) -> float:
    return round(float(value), 1)


def format_text_results(rows: list[dict[str, Any]]) -> str:
    """Return rows of `text_results` for a terminal; ``!`` marks those the paper contradicts."""
    lines = [("", "", "statement", "published", "ours")]
    for row in rows:
        ours = "not available" if row["ours"] is None else str(row["ours"])
        mark = "!" if row["contradicted_by"] else ""
        lines.append((row["id"], mark, row["statement"], f"{row['published']} {row['unit']}", ours))
    notes = [f"! {row['id']}: {row['contradicted_by']}" for row in rows if row["contradicted_by"]]
    notes += [f"{row['id']} {row['status']}" for row in rows if row["ours"] is None]
    return "\n".join([align(lines), "", *notes])
