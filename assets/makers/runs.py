"""Train the networks that ship with galmass: one for every set of maps, and the two controls.

Run ``python assets/makers/runs.py FOLDER`` after a change to the universe, the maps or the laptop
preset; half an hour on two cores. It goes on where it was stopped. The networks learn from one
universe (seed 2) and are tried on galaxies that they have not seen: those of it that were left out,
and those of ``galmass demo``, whose predictions ship with them. Those of the validation set ship
too: they calibrate intervals. From g−r alone one network for every set of maps predicts masses 1.5
times as badly as a network of its own, which ships, too, and predicts in its place.
"""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
from safetensors.torch import load_file

from galmass_core.cli import main as galmass
from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.learning.experiments import ANY, inputs_of
from galmass_core.networks.checkpoints import WEIGHTS, save_tensors
from galmass_core.networks.presets import PRESETS
from galmass_core.networks.scaling import SCALER
from galmass_core.quantities import OCCUPANCY
from galmass_core.storage.atomic import write_json
from galmass_core.training.model_runs import predict_run, train_run
from galmass_core.training.runs import (
    CALIBRATION,
    CONFIG,
    HISTORY,
    PREDICTIONS,
    RECORD,
    Run,
    open_run,
)

RUNS = Path(__file__).resolve().parents[1] / "runs"
TARGETS = "mstar,mtot,ml"
GALAXIES, SEED, STARS = 1600, 2, 2000
TRAININGS = 1  # several would be one group: their spread is the noise of training
ALONE = "g-r"  # has a network of its own
WIDTH, EPOCHS = 1 / 16, 40  # all weights together stay within a few MB
DEMO_GALAXIES, DEMO_SEED = 300, 1  # what galmass demo makes
_MACHINE = ("pid", "process_start", "host", "heartbeat", "progress")  # nobody else's concern


def main(folder: Path) -> None:
    """Make the universes, train what is not there yet, and ship it."""
    whole = [
        universe(folder, "training", GALAXIES, SEED),
        universe(folder, "universe", DEMO_GALAXIES, DEMO_SEED),
    ]
    for seed in range(TRAININGS):
        ship(ANY, f"{ANY}-{seed}", folder, *whole, seed=seed)
    for inputs in (ALONE, OCCUPANCY):
        ship(inputs, inputs, folder, *whole)
    thin = [
        universe(folder, "training-thin", GALAXIES, SEED, stars=STARS),
        universe(folder, "universe-thin", DEMO_GALAXIES, DEMO_SEED, stars=STARS),
    ]
    ship("2V", "2V-thinned", folder, *thin)


def universe(
    folder: Path, name: str, galaxies: int, seed: int, stars: int | None = None
) -> DataSet:
    """Make a data set of synthetic galaxies, unless it is there."""
    out, particles = folder / name, folder / f"particles-{seed}"
    thinned = [] if stars is None else ["--stars", str(stars)]
    words = ["--galaxies", galaxies, "--seed", seed, "--out", out, "--particles", particles]
    if not (out / "dataset.json").exists() and galmass(["demo", *map(str, words), *thinned]):
        sys.exit(f"{out} could not be made")
    return open_dataset(out)


def ship(
    inputs: str, name: str, folder: Path, training: DataSet, demo: DataSet, *, seed: int = 0
) -> None:
    """Train a network and put what others need of it into the assets."""
    config, pixels = PRESETS["laptop"]
    config = replace(config, width=WIDTH, epochs=EPOCHS, seed=seed)
    path = folder / "runs" / name
    experiment = f"{TARGETS}/{inputs}@{pixels}"
    if not (path.exists() and open_run(path).state == "finished"):
        train_run(training, experiment, training=config, path=path)
    _copy(open_run(path), demo, RUNS / path.name)


def _copy(run: Run, demo: DataSet, out: Path) -> None:
    """Copy a run without what belongs to this machine; weights at half length."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for name in (CONFIG, HISTORY, SCALER):
        shutil.copyfile(run.path / name, out / name)
    record = {key: entry for key, entry in run.record.items() if key not in _MACHINE}
    record["dataset"] = {**record["dataset"], "path": ""}
    write_json(out / RECORD, record)
    weights = load_file(run.path / WEIGHTS)
    half = {key: each.half() if each.is_floating_point() else each for key, each in weights.items()}
    save_tensors(out / WEIGHTS, half)
    shipped = Run(out, json.loads((out / RECORD).read_text(encoding="utf-8")))
    each = [one for one in shipped.with_each_inputs() if one.inputs != ALONE]
    _write(out / PREDICTIONS, [predict_run(one, demo)[0] for one in each], each)
    kept = [one.calibration() for one in run.with_each_inputs() if one.inputs != ALONE]
    _write(out / CALIBRATION, kept, each)


def _write(path: Path, tables: list[pd.DataFrame], runs: list[Run]) -> None:
    """Write predictions of a run, from each set of maps, with numbers of half the length."""
    columns = ["name", "los", "part", "target", "y_true", "y_pred"]
    short = [table[columns].astype({"y_true": "f4", "y_pred": "f4"}) for table in tables]
    if len(runs) > 1:
        names = [inputs_of(one.config["maps"]) for one in runs]
        short = [table.assign(inputs=name) for table, name in zip(short, names, strict=True)]
    pd.concat(short).to_parquet(path, index=False, compression="zstd")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
