"""Measure controls: what share of what kinematic maps gain is not motion.

By default controls are tested: networks that exist predict maps that they never learned from, for
galaxies outside their training set. What such a network cannot use, another might, so that
`control_training` has networks learn from the maps of each control.

Results are kept in the folder ``controls`` of the home folder: predictions of each twenty galaxies,
so that a measurement that was killed continues, and the last result of each data set.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from galmass_core import __version__
from galmass_core.datasets.again import GONE
from galmass_core.datasets.capabilities import require_maps
from galmass_core.datasets.control_maps import (
    ANNULI,
    BINS,
    EQUAL,
    HALVED,
    HOLES,
    PLAIN,
    SHUFFLED,
    STARS,
    ControlledGalaxy,
    Orders,
    control_maps,
)
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.folders import home_folder
from galmass_core.quantities import OCCUPANCY
from galmass_core.storage.atomic import write_json
from galmass_core.storage.schema import (
    ANYTHING,
    COMPUTED,
    LOGICAL,
    TEXT,
    fields,
    integer,
    list_of,
    nullable,
    object_of,
    one_of,
    read_json,
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
from galmass_core.training.runs import list_runs, shipped_runs

CONSTANT = "constant"  # control of no map at all
TESTED, LEARNED = "tested", "learned"  # how controls are applied
Tables = Mapping[tuple[str, str], Sequence[pd.DataFrame]]  # by inputs and control, of each training
_ORDER = (CONSTANT, IMAGE, PLAIN, OCCUPANCY, EQUAL, SHUFFLED, ANNULI, BINS, HALVED, HOLES)
RESULT = "controls.json"
_VALUE = dict.fromkeys(("value", "low", "high"), COMPUTED)
_ROW = fields(
    {
        **dict.fromkeys(("inputs", "target", "baseline"), TEXT),
        "control": one_of(*_ORDER),
        "std": fields(_VALUE),
        "mean": fields(_VALUE),
        "difference": fields({**_VALUE, "low95": COMPUTED, "high95": COMPUTED}),
        "share": nullable(fields(_VALUE)),
        "spin": nullable(COMPUTED),
        "learned": LOGICAL,
        "n": integer(0),
        "runs": list_of(TEXT),
        "training_seeds": list_of(ANYTHING),
    }
)
_RULE = fields(
    {
        "mode": TEXT,
        "stars": integer(0),
        "rows": list_of(_ROW, least=1),
        "missing": object_of(TEXT),
        "left_out": object_of(integer(0)),
        "split": object_of(ANYTHING),
    }
)
_NO_NETWORK = "no network learned from it: add --train"


def controls_folder(dataset: DataSet) -> Path:
    """Return the folder of what is measured of a data set."""
    return home_folder() / "controls" / f"{dataset.path.name}-{dataset.checksum[:8]}"


def last_controls(dataset: DataSet) -> dict[str, Any] | None:
    """Return the last result of a data set, as of `measure_controls`; None if there is none.

    Raises
    ------
    ValueError
        If its file is damaged.
    """
    path = controls_folder(dataset) / RESULT
    return read_json(path, _RULE) if path.exists() else None


def keep_result(dataset: DataSet, result: dict[str, Any]) -> dict[str, Any]:
    """Write a result as the last one of a data set; return it as it is read again."""
    folder = controls_folder(dataset)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / RESULT, result)
    return read_json(folder / RESULT, _RULE)


def measure_controls(
    dataset: DataSet,
    *,
    seed: int = 0,
    workers: int = 1,
    device: str = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Test networks that exist on the controls of a data set.

    The same call continues where it was killed.

    Parameters
    ----------
    dataset : DataSet
    seed : int
        Of what is drawn: which velocities are exchanged, which stars are kept.
    workers : int
        Processes that read galaxies again; results do not depend on their number.
    device : str
        Of the networks.
    progress : function, optional
        Called with the number of galaxies done, in total, and without their stars so far.

    Returns
    -------
    dict
        For JSON: ``mode`` (`TESTED`), ``seed``, ``split``, ``rows``, ``missing`` (why, by control)
        and ``left_out`` (galaxies without controls of their stars, by reason). A row has
        ``inputs``, ``target``, ``control`` (`CONSTANT`, `control_maps.PLAIN` ...), ``baseline``
        (what the gain is counted from), ``learned`` (whether the networks learned from such maps),
        ``spin`` (median λ_R), ``runs``, ``training_seeds``, and what
        `control_scores.score_control` returns.

    Raises
    ------
    ValueError
        If the data set has no maps, or no network predicts it from V and σ.
    """
    networks = _networks(dataset)
    stars = max(each.stars for each in networks)
    needed = {key for each in networks for key in each.controls}
    orders = Orders(
        controls=tuple(key for key in (*STARS, BINS) if key in needed),
        seed=seed,
        equal=stars,
        with_light=any(each.inputs in (IMAGE, TOGETHER) for each in networks),
    )
    contents = _predictions(dataset, networks, orders, workers, device, progress)
    predictions = pd.concat([pd.DataFrame(each["predictions"]) for each in contents])
    spins = pd.concat([pd.DataFrame(each["spins"]) for each in contents])
    lost = Counter(reason for each in contents for reason in each["lost"].values())
    rows = _rows(by_inputs(predictions, networks), networks, spins)
    found = {row["control"] for row in rows}
    why = _why(lost)
    missing = {key: why for key in orders.controls if key not in found}
    missing |= {key: _NO_NETWORK for key in (OCCUPANCY, EQUAL) if key not in found | set(missing)}
    split = networks[0].runs[0].config["split"]
    result = {
        "mode": TESTED,
        "seed": seed,
        "split": {"kind": split["kind"], "seed": split["seed"]},
        "stars": stars,
        "rows": rows,
        "missing": missing,
        "left_out": dict(lost),
    }
    return keep_result(dataset, result)


def _why(lost: Mapping[str, int]) -> str:
    """Return why controls of stars are missing."""
    return max(lost, key=lambda reason: lost[reason]) if lost else GONE


def _networks(dataset: DataSet) -> list[ControlNetworks]:
    """Return the networks to test, as `find_networks`; raise ValueError if there is none."""
    require_maps(dataset, "controls")
    networks = find_networks(dataset, [*list_runs(), *shipped_runs()])
    if not networks:
        name = dataset.path.name
        msg = (
            f"{dataset.path}: must have a finished network for V and σ, found none: run galmass "
            f"train {name} --experiment mstar,mtot,ml/any --preset laptop, or galmass controls "
            f"{name} --train"
        )
        raise ValueError(msg)
    return networks


def _predictions(
    dataset: DataSet,
    networks: Sequence[ControlNetworks],
    orders: Orders,
    workers: int,
    device: str,
    progress: Progress | None,
) -> list[dict[str, Any]]:
    """Return predictions of each batch of galaxies, made where they are not there yet."""
    folder = controls_folder(dataset) / f"tested-{_digest(dataset, networks, orders)}"

    def made(names: list[str]) -> Generator[ControlledGalaxy, None, None]:
        return control_maps(dataset, names, orders, workers=workers)

    return predict_in_batches(dataset, networks, folder, made, device=device, progress=progress)


def _digest(dataset: DataSet, networks: Sequence[ControlNetworks], orders: Orders) -> str:
    """Hash all that determines predictions of controls."""
    content = [__version__, dataset.checksum, asdict(orders), runs_of(networks)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:8]


def by_inputs(predictions: pd.DataFrame, networks: Sequence[ControlNetworks]) -> Tables:
    """Return predictions by inputs and control, a table for each training."""
    tables: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for network in networks:
        for control in network.controls:
            rows = predictions[
                (predictions["inputs"] == network.inputs) & (predictions["control"] == control)
            ]
            if len(rows):
                seeds = [run.training_seed for run in network.runs]
                is_count = network.inputs == OCCUPANCY
                key = (KINEMATICS, OCCUPANCY) if is_count else (network.inputs, control)
                tables[key] = [rows[rows["training_seed"] == seed] for seed in seeds]
    return tables


def _rows(
    tables: Tables, networks: Sequence[ControlNetworks], spins: pd.DataFrame
) -> list[dict[str, Any]]:
    """Measure every control, with the networks that predicted it."""
    used = {(each.inputs, control): each for each in networks for control in each.controls}
    used[KINEMATICS, OCCUPANCY] = used.get((OCCUPANCY, PLAIN), networks[0])
    medians = spins.groupby("control")["spin"].median()
    rows = score_rows(tables)
    for row in rows:
        control, network = row["control"], used.get((row["inputs"], row["control"]))
        spin = float(medians.get(control, float("nan")))
        row["spin"] = spin if spin == spin else None
        row["learned"] = control in (PLAIN, OCCUPANCY, EQUAL, IMAGE)
        row["runs"] = [run.name for run in network.runs] if network else []
        row["training_seeds"] = [run.training_seed for run in network.runs] if network else []
    return rows


def score_rows(tables: Tables) -> list[dict[str, Any]]:
    """Measure every control of each set of inputs and target.

    Parameters
    ----------
    tables : mapping of list of pandas.DataFrame
        Predictions by inputs and control, of each training; `control_maps.PLAIN` must be there.

    Returns
    -------
    list of dict
        ``inputs``, ``target``, ``control``, ``baseline``, and what `control_scores.score_control`
        returns; the maps as they are, and what they are compared with, come first.
    """
    rows: list[dict[str, Any]] = []
    for inputs in dict.fromkeys(key[0] for key in tables):
        targets = dict.fromkeys(tables[inputs, PLAIN][0]["target"])
        for target in targets:
            rows += _of_target(tables, inputs, target)
    return rows


def _of_target(tables: Tables, inputs: str, target: str) -> Iterator[dict[str, Any]]:
    """Yield what is without the maps, with them, and under each control."""

    def of(key: tuple[str, str]) -> list[pd.DataFrame]:
        found = [table[table["target"] == target] for table in tables.get(key, ())]
        return [table for table in found if len(table)]

    plain, image = of((inputs, PLAIN)), of((IMAGE, PLAIN))
    from_image = inputs == TOGETHER and bool(image)
    without = image if from_image else [constant(plain[0])]
    baseline = IMAGE if from_image else CONSTANT
    controls = {key[1]: of(key) for key in tables if key[0] == inputs}
    controls[baseline] = without
    for control in sorted(controls, key=_ORDER.index):
        if found := controls[control]:
            names = {"inputs": inputs, "target": target, "control": control, "baseline": baseline}
            yield names | score_control(without, plain, found)
