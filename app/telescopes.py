"""The sample in view through a telescope: its maps, and what networks predict from them."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from galmass_app import services
from galmass_app.estimates import Estimate, Strip, as_table, of_run, strip_of
from galmass_app.explanations import model_of
from galmass_app.predictions import SamplePrediction, limits_of, predictions_of
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.star_controls import generator_of
from galmass_core.datasets.variants import TELESCOPE, Variant
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.learning.intervals import Calibration
from galmass_core.quantities import TARGETS, map_spec
from galmass_core.telescope import Telescope, look
from galmass_core.training.profile_runs import is_profile
from galmass_core.training.run_predictions import run_calibrations
from galmass_core.training.runs import Run, open_run

MOST_RUNS = 2  # of different inputs, for each target
_PLAIN = "as they are"


class Seen(NamedTuple):
    """A sample through a telescope.

    Attributes
    ----------
    maps : GalaxyMaps
    strips : list of Strip
        Of each prediction, from the maps as they are and, after it, from ``maps``.
    table : pandas.DataFrame
        The same, as `as_table`, with ``maps``.
    """

    maps: GalaxyMaps
    strips: list[Strip]
    table: pd.DataFrame


@lru_cache(maxsize=32)
def maps_through(data: DataSet, galaxy: str, los: str, seen_by: Telescope) -> GalaxyMaps:
    """Return the maps of a sample through a telescope; of a preset as ``galmass telescope``."""
    sight = data.row(galaxy, los)["los"]
    generator = generator_of(f"{galaxy} {sight}", Variant(TELESCOPE, seen_by.name).key, 0)
    return look(services.maps(data, galaxy, los), seen_by, generator)


def see(data: DataSet, galaxy: str, los: str, seen_by: Telescope) -> Seen:
    """Look at a sample through a telescope, and predict it with the best networks.

    Raises
    ------
    OSError, ValueError
        If maps cannot be read.
    """
    maps, variant = maps_through(data, galaxy, los, seen_by), Variant(TELESCOPE, seen_by.name)

    def sees_it(run: Run) -> bool:
        specs = [map_spec(key) for key in run.config.get("maps", ())]
        seen = any(map(variant.changes, specs)) and all(map(variant.can_show, specs))
        return seen and not is_profile(run)

    found: dict[str, list[Estimate]] = {}
    networks = Networks(data.row(galaxy, los).to_frame().T, maps)
    for each in predictions_of(data, galaxy, los, MOST_RUNS, sees_it):
        pair = of_run(each), networks.estimate(each)
        found.setdefault(each.target, []).extend(
            estimate._replace(by=f"{estimate.by} · {words}")
            for words, estimate in zip((_PLAIN, seen_by.name), pair, strict=True)
        )
    strips = [
        strip_of(data, galaxy, los, target, found[target]) for target in TARGETS if target in found
    ]
    table = as_table(strips)
    if len(table):
        table.insert(2, "maps", [_PLAIN, seen_by.name] * (len(table) // 2))
    return Seen(maps, strips, table)


class Networks:
    """Networks that predict maps of a sample, each once for all of its targets."""

    def __init__(self, row: pd.DataFrame, maps: GalaxyMaps) -> None:
        self._row, self._maps = row, maps
        self._predicted: dict[str, dict[str, float]] = {}

    def estimate(self, known: SamplePrediction) -> Estimate:
        """Return the estimate from these maps, or why the run has none."""
        try:
            return of_run(self.predict(known))
        except (OSError, ValueError) as error:
            without = of_run(replace(known, predicted=np.nan, limits={}))
            return without._replace(why_not=str(error))

    def predict(self, known: SamplePrediction) -> SamplePrediction:
        """Return what the run of a prediction says of these maps; as it is if that is nothing."""
        run = known.run
        if np.isnan(known.predicted):
            return known
        if run.name not in self._predicted:
            model = model_of(run.path, run.inputs, run.record["ended"])
            values = model.predict_maps([self._maps], self._row)[0].tolist()
            self._predicted[run.name] = dict(zip(model.targets, values, strict=True))
        predicted = self._predicted[run.name][known.target]
        calibration = _calibrations(run.path, run.inputs, run.record["ended"]).get(known.target)
        limits = limits_of(calibration, predicted) if calibration else {}
        return replace(known, predicted=predicted, limits=limits)


@lru_cache(maxsize=16)
def _calibrations(folder: Path, inputs: str, _ended: str) -> dict[str, Calibration]:
    """Return the calibrations of a run, read once."""
    run = open_run(folder)
    return run_calibrations(run.with_inputs(inputs) if inputs else run)
