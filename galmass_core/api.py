"""Train, predict and measure tables: functions for the commands of the same names.

`galmass_core` offers them together with the readers, the renderer and the data sets.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Unpack

import pandas as pd

from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.learning.experiments import experiment as find_experiment
from galmass_core.learning.experiments import missing_columns
from galmass_core.networks.presets import PRESETS, Hyperparameters, TrainingConfig
from galmass_core.paper.statements import text_results
from galmass_core.paper.table_four import table_4
from galmass_core.paper.tables import baseline_table, table_5
from galmass_core.training.ensembles import predict_ensemble
from galmass_core.training.groups import group_of
from galmass_core.training.model_runs import train_run
from galmass_core.training.queue import wait_for_turn
from galmass_core.training.run_predictions import predict_run
from galmass_core.training.runs import Run, list_runs, open_run, shipped_runs
from galmass_core.transfers.records import run_transfer

TABLES = ("4", "5", "baselines", "text")
_TRANSFERRED = ("mstar", "mtot", "ml")


def train(
    data: DataSet | str | Path,
    experiment: str,
    *,
    split: str = "galaxy",
    seed: int = 0,
    training_seed: int | None = None,
    features: Sequence[str] | None = None,
    preset: str | None = None,
    pixels: int | None = None,
    device: str = "auto",
    out: str | Path | None = None,
    queue: bool = False,
    **hyperparameters: Unpack[Hyperparameters],
) -> Run:
    """Train one experiment; save configuration, model and predictions in a run's folder.

    Parameters
    ----------
    data : DataSet, str or Path
        A data set, its folder, or its name in the home folder.
    experiment : str
        ``TARGET[,TARGET]/INPUTS[@PIXELS]``: ``mstar/r+2V`` is a network on maps,
        ``mstar/features`` boosted trees on the summary features. An unknown name lists the known
        ones.
    split : str
        ``galaxy``: lines of sight of a galaxy stay together. ``paper``: samples at random.
    seed : int
        Of the split: which galaxies are in which part.
    training_seed : int, optional
        Of the training: initial weights, order of samples and augmentation; by default ``seed``.
        Runs that differ only in it are trainings of one group (see `training.groups`).
    features : sequence of str, optional
        Input columns instead of the experiment's own; not for networks.
    preset : str, optional
        Of a network: ``paper`` (Table 2 of Chu et al. 2024; default), or ``laptop``, which is
        small and quick.
    pixels : int, optional
        Side of a network's images r and g-r, the same as ``@PIXELS``; by default as in the preset.
    device : str
        Device for training a network: ``cpu``, ``cuda`` ...; ``auto`` uses a GPU if there is one.
    out : str or Path, optional
        The run's folder; by default a new one in the home folder. An unfinished run of the
        same configuration is resumed.
    queue : bool
        Wait until no other run of the home folder is training or has waited longer.
    **hyperparameters
        Of a network, in place of the preset's: ``width`` (of the branches; 1 is ResNet-18),
        ``epochs``, ``batch``, ``learning_rate``, ``schedule`` (``cosine`` or ``literal``),
        ``augment``, ``scaling``, ``scalars``, ``mask_sparse``, ``tta``; see
        `networks.presets.TrainingConfig`.

    Returns
    -------
    Run
        ``run.predictions()`` reads the predictions, decimal logarithms; ``run.record["metrics"]``
        holds the errors on the test set [dex].

    Raises
    ------
    ValueError
        If the experiment, the split, the preset, a hyper-parameter or the device is unknown, the
        data set lacks a column or maps, no usable sample is left, or the folder is in use.
    MemoryError
        If a network does not fit into the device's memory.
    """
    own = seed if training_seed is None else training_seed
    name, training = configure(
        experiment, seed=own, preset=preset, pixels=pixels, **hyperparameters
    )
    return train_run(
        _dataset(data),
        name,
        split=split,
        seed=seed,
        training_seed=own,
        features=features,
        training=training,
        device=device,
        path=None if out is None else Path(out),
        wait=wait_for_turn if queue else None,
    )


def configure(
    experiment: str,
    *,
    seed: int = 0,
    preset: str | None = None,
    pixels: int | None = None,
    **hyperparameters: Unpack[Hyperparameters],
) -> tuple[str, TrainingConfig | None]:
    """Return an experiment's full name, and the hyper-parameters if it is a network's.

    Parameters
    ----------
    experiment, preset, pixels, **hyperparameters
        As in `train`.
    seed : int
        Of the training.

    Returns
    -------
    str
    TrainingConfig or None

    Raises
    ------
    ValueError
        If a name is unknown, a hyper-parameter is not positive or is given without a network, or
        ``pixels`` contradicts the experiment's.
    """
    wanted = find_experiment(experiment)
    if not wanted.maps:
        given = {"preset": preset, "pixels": pixels, **hyperparameters}
        if options := [key for key, value in given.items() if value is not None]:
            msg = f"{options[0]} must go with a network, got {wanted.name}"
            raise ValueError(msg)
        return wanted.name, None
    if preset is not None and preset not in PRESETS:
        msg = f"preset must be one of {', '.join(PRESETS)}, got {preset}"
        raise ValueError(msg)
    training, side = PRESETS[preset or "paper"]
    if "@" in experiment:
        if pixels not in (None, wanted.pixels):
            msg = f"pixels must be as in {experiment}, got {pixels}"
            raise ValueError(msg)
        side = wanted.pixels
    name = f"{wanted.name.partition('@')[0]}@{pixels or side}"
    return find_experiment(name).name, replace(training, **hyperparameters, seed=seed)


def transfer(
    train: DataSet | str | Path,
    test: DataSet | str | Path,
    experiment: str,
    *,
    adapt: str = "none",
    seed: int = 0,
    features: Sequence[str] | None = None,
    preset: str | None = None,
    pixels: int | None = None,
    device: str = "auto",
    out: str | Path | None = None,
    **hyperparameters: Unpack[Hyperparameters],
) -> Run:
    """Train on one data set, test on another; save settings, predictions and scores.

    Parameters
    ----------
    train, test : DataSet, str or Path
        Of two simulations, made alike: same maps, dust, number of stars, and origin of light and
        R_hsm. Data sets, their folders, or their names in the home folder.
    experiment : str
        As in `train`.
    adapt : str
        ``none``, or how features of both are aligned without labels of the second: ``coral`` for
        trees; ``coral`` or ``mmd`` for networks.
    seed : int
        Of splits and training.
    features, preset, pixels, device, **hyperparameters
        As in `train`.
    out : str or Path, optional
        Folder of the record; by default in the home folder. The same call opens or resumes it.

    Returns
    -------
    Run
        ``run.record["scores"]`` holds bias, scatter, RMS [dex] and coverage of each case, overall
        and by stellar mass; ``run.predictions()`` the predictions.

    Raises
    ------
    ValueError
        If the data sets differ in how they were made, a name is unknown, or a column, maps or
        galaxies are missing.
    """
    name, training = configure(
        experiment, seed=seed, preset=preset, pixels=pixels, **hyperparameters
    )
    return run_transfer(
        _dataset(train),
        _dataset(test),
        name,
        adapt=adapt,
        seed=seed,
        features=features,
        training=training,
        device=device,
        path=None if out is None else Path(out),
    )


def transfer_experiments(train: DataSet, test: DataSet) -> list[str]:
    """Return the experiments of `transfer` that both data sets have targets for: trees."""
    columns = {word: find_experiment(f"{word}/features").target for word in _TRANSFERRED}
    return [
        f"{word}/features"
        for word, column in columns.items()
        if not any(missing_columns(each.samples, [column]) for each in (train, test))
    ]


def predict(
    run: Run | str | Path, data: DataSet | str | Path, *, ensemble: bool = False
) -> pd.DataFrame:
    """Predict a data set with a run's model.

    Parameters
    ----------
    run : Run, str or Path
        A finished run, its folder, or its name, in the home folder or among the shipped runs.
    data : DataSet, str or Path
        A data set, its folder, or its name in the home folder.
    ensemble : bool
        Predict the mean of all trainings of the run's group that are beside it, or in the home
        folder: those that differ in the training seed only.

    Returns
    -------
    pandas.DataFrame
        ``name``, ``los``, ``part`` (``new``), ``target``, ``y_true`` and ``y_pred``, one row per
        sample and target. True and predicted values are decimal logarithms; ``y_true`` is NaN
        where the data set lacks it. ``low_68`` to ``high_90`` are the limits of intervals,
        ``ood_percentile`` is how unusual the sample is in the training set (100: farther from it
        than all of its own galaxies; NaN if that is gone). ``attrs["left_out"]`` counts the samples
        that could not be predicted, by reason.

    Raises
    ------
    ValueError
        If the run or the data set does not exist, the run is not finished, or the data set lacks
        columns or maps that the model needs.
    """
    run = run if isinstance(run, Run) else open_run(run)
    dataset = _dataset(data)
    if ensemble:
        group = group_of(run, [*list_runs(run.path.parent), *list_runs()])
        group = tuple(one.with_inputs(run.inputs) if run.inputs else one for one in group)
        predictions, left_out = predict_ensemble(group, dataset)
        predictions.attrs["trainings"] = [one.name for one in group]
    else:
        predictions, left_out = predict_run(run, dataset)
    predictions.attrs["left_out"] = left_out
    return predictions


def table(
    number: Literal[4, 5] | str,
    data: DataSet | str | Path,
    *,
    split: str = "galaxy",
    seed: int = 0,
    features: Sequence[str] | None = None,
    cohort: str | None = None,
) -> list[dict[str, Any]]:
    """Measure a table of Chu et al. 2024 and compare with the published numbers.

    Parameters
    ----------
    number : int or str
        4: networks on maps, from all finished runs of the home folder and those that ship. 5:
        boosted trees on summary features. ``baselines``: one-line formulas for every target.
        ``text``: the statements in the paper's text.
    data : DataSet, str or Path
        A data set, its folder, or its name in the home folder.
    split : str
        ``galaxy``, ``paper``, ``both``: by galaxy, and what the paper's changes (not for ``text``);
        or, for table 5 and the baselines, ``folds``: five-fold cross-validation by galaxy.
    seed : int
        Of the split and the trees.
    features : sequence of str, optional
        Input columns of table 5; by default those of the paper's Table 1.
    cohort : str, optional
        Of table 4: only runs of the training set of that name, or whose name begins so.

    Returns
    -------
    list of dict
        One for each row, as in `paper.table_four.table_4`, `paper.tables.table_5`,
        `paper.tables.baseline_table` or `paper.statements.text_results`;
        ``pandas.json_normalize`` converts them to a table. Errors are in dex.

    Raises
    ------
    ValueError
        If the table, the split, a feature or the cohort is unknown, or ``features``, ``folds`` or
        ``cohort`` does not apply to the table.
    """
    which = str(number)
    if which not in TABLES:
        msg = f"table must be one of {', '.join(TABLES)}, got {number}"
        raise ValueError(msg)
    if features is not None and which != "5":
        msg = f"features must go with table 5, got them with table {which}"
        raise ValueError(msg)
    if cohort is not None and which != "4":
        msg = f"cohort must go with table 4, got it with table {which}"
        raise ValueError(msg)
    if split == "folds" and which == "4":
        msg = "split must be galaxy or paper for table 4, as networks are split, got folds"
        raise ValueError(msg)
    dataset = _dataset(data)
    if which == "5":
        return table_5(dataset, split, features=features, seed=seed)
    if which == "baselines":
        return baseline_table(dataset, split, seed=seed)
    runs = [*list_runs(), *shipped_runs()]
    if which == "4":
        return table_4(dataset, runs, split, cohort=cohort)
    return text_results(dataset, split, seed=seed, runs=runs)


def _dataset(data: DataSet | str | Path) -> DataSet:
    """Return a data set, opened if necessary."""
    return data if isinstance(data, DataSet) else open_dataset(data)
