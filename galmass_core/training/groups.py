"""Find runs that are trainings of one group: they differ only in the training seed.

A group is derived from the runs' folders: the same configuration but for the seed of the training,
the same data set, and the same parts of its split.
"""

import json
from collections.abc import Iterable
from typing import Any

from galmass_core.networks.presets import PRESETS
from galmass_core.training.runs import Run

_SIMILAR = 1.25  # ratio of the numbers of training samples up to which spreads are comparable


def group_of(run: Run, runs: Iterable[Run]) -> tuple[Run, ...]:
    """Return the trainings of a run's group, in the order of their seeds.

    Parameters
    ----------
    run : Run
    runs : iterable of Run
        Among which to look, the newest first. Of several with one seed the newest counts, except
        that ``run`` always does.

    Returns
    -------
    tuple of Run
        At least ``run`` itself.
    """
    key, found = _group_key(run), {run.training_seed: run}
    for other in runs:
        if other.state == "finished" and _group_key(other) == key:
            found.setdefault(other.training_seed, other)
    return tuple(sorted(found.values(), key=lambda one: one.training_seed or 0))


def place_in_group(run: Run, runs: Iterable[Run]) -> str:
    """Return which training of its group a run is, as text; empty if it is the only one.

    Unlike `group_of` it counts runs in any state.
    """
    name, key = run.config["experiment"], _group_key(run)
    alike = (one for one in runs if one.config["experiment"] == name)
    seeds = sorted({one.training_seed or 0 for one in alike if _group_key(one) == key})
    if len(seeds) < 2:
        return ""
    return f"training {seeds.index(run.training_seed or 0) + 1} of {len(seeds)}"


def seed_groups(runs: Iterable[Run]) -> list[tuple[Run, ...]]:
    """Return all runs by group, in any state; groups and their runs in the order that they came."""
    found: dict[tuple[object, ...], list[Run]] = {}
    for run in runs:
        found.setdefault(_group_key(run), []).append(run)
    return [tuple(group) for group in found.values()]


def is_alike(run: Run, other: Run) -> bool:
    """Return whether two runs are of the same experiment and size.

    They have the same targets, inputs and hyper-parameters, and numbers of training samples that
    differ by 25 % at most; data sets and splits may differ.
    """
    sizes = sorted((count_training(run)[0], count_training(other)[0]))
    return experiment_key(run) == experiment_key(other) and sizes[1] <= _SIMILAR * sizes[0]


def draws_nothing(run: Run) -> bool:
    """Return whether any seed gives the same model: trees at the paper's settings, and formulas."""
    return "training" not in run.config


def count_training(run: Run) -> tuple[int, bool]:
    """Return the number of training samples of a run, and whether it is exact.

    Runs that did not record it have it estimated from the number of test samples and the sizes of
    the split; 0 if there are no test samples either.
    """
    if counts := run.record.get("counts"):
        return counts.get("train", 0), True
    sizes = run.config["split"]["sizes"]
    tested = [errors["n"] for errors in (run.record.get("metrics") or {}).values()]
    if not tested or not sizes.get("test"):
        return 0, False
    return round(max(tested) * sizes["train"] / sizes["test"]), False


def cohort_of(run: Run) -> str:
    """Return the name of the training set of a run: its data set and the hash of its split.

    Only runs of one cohort can be compared without the number of training galaxies in mind.
    """
    data, split = run.record.get("dataset") or {}, run.record.get("split") or {}
    return f"{data.get('name', '')}@{split.get('hash', '')[:6]}"


def preset_of(run: Run) -> str:
    """Return the preset whose hyper-parameters a network was trained with, or how it differs.

    ``paper``, also of trees and formulas, ``laptop``, or the first hyper-parameter that differs
    from the paper's.
    """
    usual = {name: vars(training) for name, (training, _) in PRESETS.items()}
    own = {key: each for key, each in run.config.get("training", {}).items() if key != "seed"}
    for name, preset in usual.items():
        if all(preset.get(key) == each for key, each in own.items()):
            return name
    changed = next(key for key, each in own.items() if usual["paper"].get(key) != each)
    return f"{changed} {own[changed]:g}" if isinstance(own[changed], float) else changed


def experiment_key(run: Run) -> str:
    """Return what decides a result but for data, split and seed, as text."""
    config: dict[str, Any] = {key: each for key, each in run.config.items() if key != "split"}
    for part in ("training", "parameters"):
        if part in config:
            config[part] = {key: each for key, each in config[part].items() if key != "seed"}
    return json.dumps(config, sort_keys=True)


def _group_key(run: Run) -> tuple[object, ...]:
    """Return what the runs of a group have in common."""
    data, split = run.record.get("dataset") or {}, run.record.get("split") or {}
    kind = (run.config["split"]["kind"], run.config["split"]["seed"], split.get("hash"))
    return (experiment_key(run), data.get("sha256"), data.get("stars"), *kind)
