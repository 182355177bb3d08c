"""Train the networks that ship with galmass: one for every set of maps, and the two controls.

Run ``python assets/makers/runs.py FOLDER`` after a change to the universe, the maps or the laptop
preset; an hour on two cores. It goes on where it was stopped. The networks learn from one
universe (seed 2) and are tried on galaxies that they have not seen: those of it that were left out,
and those of ``galmass demo``, whose predictions ship with them. Those of the validation set ship
too: they calibrate intervals. Of three trainings for every set of maps the one with the smallest
loss ships. From g−r alone it predicts masses 1.2 times as badly as a network of its own, which
ships, too, and predicts in its place.
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
from galmass_core.training.model_runs import train_run
from galmass_core.training.run_predictions import predict_run
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
TRAININGS = 3  # of which the best ships
ALONE = "g-r"  # has a network of its own
WIDTH, EPOCHS = 1 / 16, 40  # all weights together stay within a few MB
DEMO_GALAXIES, DEMO_SEED = 300, 1  # what galmass demo makes
_LEFT_OUT = ("pid", "process_start", "host", "heartbeat", "progress", "files")  # files change here


def main(folder: Path) -> None:
    """Make the universes, train what is not there yet, and put it into the assets."""
    training = universe(folder, "training", GALAXIES, SEED)
    demo = universe(folder, "universe", DEMO_GALAXIES, DEMO_SEED)
    runs = [train(ANY, f"{ANY}-{seed}", folder, training, seed=seed) for seed in range(TRAININGS)]
    best = min(runs, key=lambda run: run.history["validation_mse"].min())
    copy_run(best, demo, RUNS / f"{ANY}-0")
    for inputs in (ALONE, OCCUPANCY):
        copy_run(train(inputs, inputs, folder, training), demo, RUNS / inputs)
    training = universe(folder, "training-thin", GALAXIES, SEED, stars=STARS)
    demo = universe(folder, "universe-thin", DEMO_GALAXIES, DEMO_SEED, stars=STARS)
    copy_run(train("2V", "2V-thinned", folder, training), demo, RUNS / "2V-thinned")


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


def train(inputs: str, name: str, folder: Path, data: DataSet, *, seed: int = 0) -> Run:
    """Train a network, unless it is there."""
    config, pixels = PRESETS["laptop"]
    config = replace(config, width=WIDTH, epochs=EPOCHS, seed=seed)
    path = folder / "runs" / name
    experiment = f"{TARGETS}/{inputs}@{pixels}"
    if not (path.exists() and open_run(path).state == "finished"):
        train_run(data, experiment, training=config, path=path)
    return open_run(path)


def copy_run(run: Run, demo: DataSet, out: Path) -> None:
    """Put a run into the assets without what belongs to this machine; weights at half length."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for name in (CONFIG, HISTORY, SCALER):
        shutil.copyfile(run.path / name, out / name)
    record = {key: entry for key, entry in run.record.items() if key not in _LEFT_OUT}
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
