"""What the panels of the Compare page show of results: kept for all sessions, and made ahead."""

from functools import lru_cache

import pandas as pd

from galmass_app.comparison import Result, answers, compare, experiment_of, with_limits
from galmass_app.plots.comparison import Extent, errors_beside, extent_of, values_of
from galmass_app.plots.prediction import Cloud, cloud_of
from galmass_app.run_index import RunIndex
from galmass_app.training_distance import distance_to
from galmass_app.workers import Job
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import inputs_of


@lru_cache(maxsize=4)
def property_of(data: DataSet, column: str) -> tuple[pd.DataFrame, str]:
    """Return a column of a data set as `values_of`."""
    return values_of(data.samples, column)


@lru_cache(maxsize=256)
def needed_by(result: Result) -> Extent:
    """Return what the predictions of a result need of axes."""
    return extent_of(result.predictions)


@lru_cache(maxsize=32)
def cloud_beside(result: Result, data: DataSet, column: str) -> Cloud:
    """Return the predictions of a result, and what is drawn around them, beside a column."""
    values, _ = property_of(data, column)
    return cloud_of(errors_beside(result.predictions, values))


def evaluate_all(
    job: Job, index: RunIndex, target: str, split: str, reference: Result, column: str
) -> None:
    """Make what panels show for every set of maps that a network was trained on.

    Parameters
    ----------
    job : Job
        Of a worker, which stops between two networks.
    index : RunIndex
        Of the data set in view.
    target, split
        As in `answers`.
    reference : Result
        That the others are compared with.
    column : str
        That errors are shown against.
    """
    data, networks = index.data, index.networks[split]
    inputs = {inputs_of(experiment_of(one.run).maps): None for one in networks}
    for key in filter(None, inputs):
        job.check()
        (answer,) = answers(data, target, [key], split)
        if isinstance(answer, Result):
            compare(reference, answer)
            with_limits(answer, target)
            needed_by(answer)
            cloud_beside(answer, data, column)
            distance_to(answer, data)
