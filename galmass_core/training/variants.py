"""Measure how well networks predict galaxies that are seen worse, or from another side.

Networks that exist learned from maps as they are, and are tested on each variant; `learn_variants`
has networks of their own learn from each. Trainings and predictions are kept in the folder
``controls`` of the home folder, so that a measurement that was killed continues.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pandas as pd

from galmass_core import __version__
from galmass_core.datasets.again import GONE, missing_sources
from galmass_core.datasets.capabilities import require_maps
from galmass_core.datasets.control_maps import PLAIN, ControlledGalaxy
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.variants import (
    FINEST,
    LIGHT,
    TELESCOPE,
    VIEW,
    Variant,
    VariantDataSet,
    variant_maps,
)
from galmass_core.learning.experiments import input_maps, inputs_of
from galmass_core.quantities import (
    IMAGE_PIXELS,
    MAPS,
    QUANTITIES,
    has_images,
    map_spec,
    register_map,
)
from galmass_core.training.control_batches import Progress, predict_in_batches, runs_of
from galmass_core.training.control_networks import (
    IMAGE,
    KINEMATICS,
    TOGETHER,
    ControlNetworks,
    find_networks,
)
from galmass_core.training.control_scores import constant, score_control
from galmass_core.training.control_training import (
    ControlTraining,
    laptop,
    learnable_words,
    train_all,
)
from galmass_core.training.controls import controls_folder
from galmass_core.training.pairing import run_predictions_on
from galmass_core.training.runs import Run, list_runs, shipped_runs

_INPUTS = (KINEMATICS, IMAGE, TOGETHER)  # of those a network for every set of maps is tested on
_FINE = {f"{key}{FINEST}": key for key in input_maps(KINEMATICS)}
_SIDE = 60  # pixels of images that are learned from, unless there must be more
Learned = Mapping[tuple[str, str], Sequence[Run]]  # trainings by inputs and variant


def networks_for(
    dataset: DataSet, variants: Sequence[Variant], run: Run | None = None
) -> list[ControlNetworks]:
    """Return the networks to test: those of a run, else those that exist.

    Parameters
    ----------
    dataset : DataSet
    variants : sequence of Variant
    run : Run, optional
        By default networks for V and σ, the r image and both are chosen as for controls.

    Raises
    ------
    ValueError
        If there is no network that a variant changes a map of, for galaxies of this data set
        that it has not seen.
    """
    require_maps(dataset, "telescopes and resolutions")
    if run is not None:
        found = _of_run(dataset, run)
    else:
        existing = find_networks(dataset, [*list_runs(), *shipped_runs()])
        found = [each for each in existing if each.inputs in _INPUTS and not each.stars]
    networks = []
    for each in found:
        keys = tuple(one.key for one in variants if _applies(one, each.runs[0].config))
        if keys:
            networks.append(replace(each, controls=(PLAIN, *keys)))
    if not networks:
        which = "V and σ" if run is None else f"run {run.name}"
        msg = (
            f"{dataset.path}: must have a network ({which}) that sees what changes, and galaxies "
            "new to it, found none: see --train"
        )
        raise ValueError(msg)
    return networks


def _of_run(dataset: DataSet, run: Run) -> list[ControlNetworks]:
    """Return the networks of one run; of one for every set of maps, those for some sets."""
    several = "subsets" in run.config and not run.inputs
    found = []
    for each in run_predictions_on([run], dataset, run.config["split"]["kind"]):
        inputs = inputs_of(each.run.config["maps"])
        if inputs in _INPUTS if several else inputs == inputs_of(run.config["maps"]):
            names = frozenset(each.predictions["name"])
            found.append(ControlNetworks(inputs, (each.run,), names, (PLAIN,)))
    return found


def _applies(variant: Variant, config: Mapping[str, Any]) -> bool:
    """Return whether a network sees a variant."""
    if variant.is_stored or (variant.kind == LIGHT and int(variant.value) >= config["pixels"]):
        return False
    specs = [map_spec(key) for key in config["maps"]]
    return any(map(variant.changes, specs)) and all(map(variant.can_show, specs))


def learn_variants(
    dataset: DataSet,
    variants: Sequence[Variant],
    *,
    seed: int = 0,
    repeats: int = 3,
    epochs: int | None = None,
    workers: int = 1,
    device: str = "auto",
    progress: Progress | None = None,
) -> tuple[list[ControlNetworks], dict[tuple[str, str], list[Run]]]:
    """Train networks of the laptop preset on maps as they are, and on each variant.

    They learn from V and σ where a variant changes these, else from the r image of 60 pixels, or
    as many as the variant has.

    Parameters
    ----------
    dataset : DataSet
    variants : sequence of Variant
    seed : int
        Of the split, and of what is drawn.
    repeats : int
        Number of training seeds, from 0 on.
    epochs : int, optional
        Of each training.
    workers : int
        Processes that read galaxies again.
    device : str
    progress : function, optional
        Called with the number of trainings done, in total, and failed.

    Returns
    -------
    networks : list of ControlNetworks
        Those that learned from maps as they are, to be tested on the variants.
    learned : dict
        All trainings, by inputs and variant, maps as they are among them.

    Raises
    ------
    ValueError
        If the data set has no maps or none of the targets, or a galaxy cannot be read again.
    """
    require_maps(dataset, "telescopes and resolutions")
    words, config = learnable_words(dataset), laptop(epochs)
    gone = missing_sources(dataset)
    usable = [each for each in variants if not (each.needs_stars and gone)]
    if not usable:
        msg = f"{dataset.path}: {GONE}, which must be there for {variants[0].key}"
        raise ValueError(msg)
    side = max(map(_side_of, usable))
    wanted: dict[tuple[str, str], tuple[DataSet, str]] = {}
    for each in usable:
        moving = any(each.changes(map_spec(key)) for key in input_maps(KINEMATICS))
        inputs = KINEMATICS if moving else IMAGE
        whole = KINEMATICS if moving else f"{IMAGE}@{side}"
        own = KINEMATICS if moving else f"{IMAGE}@{_side_of(each)}"
        seen = VariantDataSet.of(dataset, each, seed=seed, images=not moving, workers=workers)
        wanted.setdefault((inputs, PLAIN), (dataset, f"{words}/{whole}"))
        if each.is_stored:
            wanted[inputs, each.key] = (dataset, f"{words}/{'+'.join(_FINE)}")
        elif each.kind != LIGHT or int(each.value) < side:
            wanted[inputs, each.key] = (seen, f"{words}/{own}")
    trainings = [
        ControlTraining(f"{inputs} {key}".replace(" ", "-"), data, name, replace(config, seed=one))
        for (inputs, key), (data, name) in wanted.items()
        for one in range(repeats)
    ]
    with _fine_maps():
        runs = train_all(trainings, seed, device, progress)
    learned = {each: runs[" ".join(each).replace(" ", "-")] for each in wanted}
    networks = []
    for (inputs, key), group in learned.items():
        if key == PLAIN:
            names = frozenset(group[0].predictions().query("part == 'test'")["name"])
            keys = tuple(each.key for each in usable if _applies(each, group[0].config))
            networks.append(ControlNetworks(inputs, tuple(group), names, (PLAIN, *keys)))
    return networks, learned


@contextmanager
def _fine_maps() -> Iterator[None]:
    """Have maps of V and σ with all stored pixels, beside those of the paper's."""
    for key, coarse in _FINE.items():
        symbol = f"{map_spec(coarse).symbol} ({FINEST})"
        register_map(replace(map_spec(coarse), key=key, symbol=symbol, pixels=FINEST))
    try:
        yield
    finally:
        for key in _FINE:
            del MAPS[key], QUANTITIES[key]


def _side_of(variant: Variant) -> int:
    """Return the pixels of images that a network for a variant has."""
    if variant.kind != LIGHT:
        return _SIDE
    return min(side for side in IMAGE_PIXELS if side >= int(variant.value))


def measure_variants(
    dataset: DataSet,
    variants: Sequence[Variant],
    networks: Sequence[ControlNetworks],
    learned: Learned | None = None,
    *,
    seed: int = 0,
    workers: int = 1,
    device: str = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure networks on each variant, paired with the maps as they are.

    Parameters
    ----------
    dataset : DataSet
    variants : sequence of Variant
    networks : sequence of ControlNetworks
        Of `networks_for` or `learn_variants`.
    learned : dict, optional
        Of `learn_variants`.
    seed : int
        Of what is drawn.
    workers : int
        Processes that read galaxies again; results do not depend on their number.
    device : str
    progress : function, optional
        Called with the number of galaxies done, in total, and without their stars so far.

    Returns
    -------
    dict
        For JSON: ``seed``, ``split``, ``rows``, ``missing`` (why, by variant) and ``left_out``
        (galaxies without stars, by reason). A row has ``inputs``, ``target``, ``variant`` (or
        `PLAIN`), ``kind``, ``value``, ``learned`` (whether the networks learned from such maps),
        ``runs``, ``training_seeds``, and what `control_scores.score_control` returns.
    """
    used = {key for each in networks for key in each.controls}
    chosen = [one for one in variants if one.key in used]
    images = any(has_images(each.runs[0].config["maps"]) for each in networks)
    content = [__version__, dataset.checksum, [one.key for one in chosen], seed, images]
    words = json.dumps([*content, runs_of(networks), [each.controls for each in networks]])
    digest = hashlib.sha256(words.encode()).hexdigest()[:8]

    def made(names: list[str]) -> Generator[ControlledGalaxy, None, None]:
        options: dict[str, Any] = {"seed": seed, "images": images, "workers": workers}
        return variant_maps(dataset, names, chosen, **options)

    contents = predict_in_batches(
        dataset,
        networks,
        controls_folder(dataset) / f"variants-{digest}",
        made,
        device=device,
        progress=progress,
    )
    predictions = pd.concat([pd.DataFrame(each["predictions"]) for each in contents])
    lost = Counter(reason for each in contents for reason in each["lost"].values())
    rows = [
        row for network in networks for row in _rows(variants, network, predictions, learned or {})
    ]
    found = {row["variant"] for row in rows}
    split = networks[0].runs[0].config["split"]
    return {
        "seed": seed,
        "split": {"kind": split["kind"], "seed": split["seed"]},
        "rows": rows,
        "missing": {each.key: _why(each, lost) for each in variants if each.key not in found},
        "left_out": dict(lost),
    }


def _why(variant: Variant, lost: Counter[str]) -> str:
    """Return why a variant has no row."""
    if variant.needs_stars:
        return lost.most_common(1)[0][0] if lost else GONE
    if variant.kind == LIGHT:
        return "no network that learned from maps as they are has images of more pixels"
    if variant.is_stored:
        return "networks that exist have fewer: add --train"
    maps = "V and σ" if variant.kind != TELESCOPE else "the maps that it changes"
    return f"no network learned from {maps}"


def _rows(
    variants: Sequence[Variant],
    network: ControlNetworks,
    predictions: pd.DataFrame,
    learned: Learned,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a network: of each target as it is, and under each variant."""
    own = predictions[predictions["inputs"] == network.inputs]
    for target in dict.fromkeys(own["target"]):
        tables = own[own["target"] == target]
        plain = _trainings(tables[tables["control"] == PLAIN], network.runs)
        yield _row(network, target, None, plain, plain, network.runs, learned=True)
        for variant in variants:
            if variant.kind == VIEW and plain[0].groupby("name")["y_true"].nunique().max() > 1:
                continue  # depends on the line of sight, and is not known of this one
            seen = _trainings(tables[tables["control"] == variant.key], network.runs)
            if seen:
                yield _row(network, target, variant, plain, seen, network.runs, learned=False)
            if runs := learned.get((network.inputs, variant.key)):
                parts = [run.predictions().query("part == 'test'") for run in runs]
                others = [each[each["target"] == target] for each in parts]
                yield _row(network, target, variant, plain, others, runs, learned=True)


def _trainings(table: pd.DataFrame, runs: Sequence[Run]) -> list[pd.DataFrame]:
    """Return predictions of each training; none where there is none."""
    if not len(table):
        return []
    return [table[table["training_seed"] == run.training_seed] for run in runs]


def _row(
    network: ControlNetworks,
    target: str,
    variant: Variant | None,
    plain: Sequence[pd.DataFrame],
    seen: Sequence[pd.DataFrame],
    runs: Sequence[Run],
    *,
    learned: bool,
) -> dict[str, Any]:
    """Return a row of a result."""
    return {
        "inputs": network.inputs,
        "target": target,
        "variant": PLAIN if variant is None else variant.key,
        "kind": PLAIN if variant is None else variant.kind,
        "value": None if variant is None else variant.value,
        "learned": learned,
        **score_control([constant(plain[0])], plain, seen),
        "runs": [run.name for run in runs],
        "training_seeds": [run.training_seed for run in runs],
    }
