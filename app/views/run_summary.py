"""A run as text: how it stands, what it learns, and how it was made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from galmass_app import services
from galmass_app.markup import snippet
from galmass_app.plots.correlation import short
from galmass_app.views.standing import lasting, moment
from galmass_core.learning.metrics import Estimate
from galmass_core.quantities import MAPS, has_images, symbol_of
from galmass_core.training.profile_runs import is_profile
from galmass_core.training.runs import Run

_HYPERPARAMETERS = {
    "width": "width of the branches",
    "epochs": "epochs",
    "batch": "batch",
    "learning_rate": "learning rate",
    "schedule": "schedule",
    "augment": "augmentation",
    "scaling": "scaling of maps",
    "scalars": "R_e, M_r and σ_v beside maps",
    "mask_sparse": "σ of single stars masked",
    "tta": "mean over symmetries",
}


def standing(run: Run, done: int) -> str:
    """Say how far a run is, or how it ended.

    Parameters
    ----------
    done : int
        Whole epochs so far.

    Returns
    -------
    str
        Empty if nothing is known.
    """
    if run.state == "finished":
        return scatters(run)
    if run.state == "running":
        return _pace(run.progress)
    if run.state == "queued":
        return "waiting for earlier trainings"
    if run.state == "failed":
        return run.record["reason"].partition(": ")[2] or run.record["reason"]
    epochs = run.config.get("training", {}).get("epochs")
    return f"after {done:,} of {epochs:,} epochs" if epochs else ""


def _pace(progress: Mapping[str, float]) -> str:
    """Say how far a training is and how fast it goes."""
    if "epoch" in progress:
        speed = f"{progress['samples_per_second']:,.0f} samples/s"
        left = f"{lasting(progress['seconds_left'])} left"
        words = services.epoch_in_words(progress)
        return f"{words} · {speed} · {left}" if progress["epoch"] < progress["epochs"] else words
    if "read" in progress:
        return f"reading maps: {100 * progress['read']:.0f} %"
    return "getting ready"


def scatters(run: Run) -> str:
    """Say how well a finished run predicts each target."""
    if is_profile(run):
        values = [errors["std"]["value"] for errors in (run.record.get("metrics") or {}).values()]
        return f"σ = {min(values):.3f} to {max(values):.3f} dex at all radii" if values else ""
    return ", ".join(
        f"{short(target)}: σ = {Estimate(**errors['std'])} dex"
        for target, errors in (run.record.get("metrics") or {}).items()
    )


def subject(run: Run) -> str:
    """Say what a run learns from what."""
    config = run.config
    learned = ", ".join(short(target) for target in config["targets"])
    if config.get("maps"):
        inputs = ", ".join(_map_name(key) for key in config["maps"])
        inputs += ", and from every set of these maps" * ("subsets" in config)
    else:
        inputs = ", ".join(short(key) for key in config.get("features", ())) or "nothing"
    if is_profile(run):
        return f"mass profiles from {inputs}"
    return f"{learned} inside {sphere(config['targets'][0])} from {inputs}"


def sphere(target: str) -> str:
    """Name the sphere that a column of the truth is measured in."""
    return f"{target.rpartition('_')[2].removesuffix('rhsm').removeprefix('1')} R_hsm".lstrip()


def _map_name(key: str) -> str:
    """Return the symbol of a map, or what the control is called."""
    return key if key in MAPS and MAPS[key].control else symbol_of(key)


def facts(run: Run) -> str:
    """Write all that a run's folder has on how it was made, as HTML tables."""
    tables = {"Configuration": _configuration(run), "How it was made": _provenance(run)}
    return snippet("train.html", "facts", tables)


def _configuration(run: Run) -> list[tuple[str, object]]:
    """Return what decided the result."""
    config, split = run.config, run.record.get("split") or {}
    rows = [("data set", (run.record.get("dataset") or {}).get("path", "unknown"))]
    if "pixels" in config and has_images(config["maps"]):
        rows.append(("images", f"{config['pixels']} × {config['pixels']} pixels"))
    for key, name in _HYPERPARAMETERS.items():
        if key in config.get("training", {}):
            rows.append((name, _plain(config["training"][key])))
    kind = {"galaxy": "by galaxy", "paper": "at random, as in the paper"}
    rows.append(("split", kind.get(config["split"]["kind"], config["split"]["kind"])))
    if split:
        rows.append(("split hash", split.get("hash", "")))
        rows.append(
            ("siblings in training", f"{100 * split.get('siblings', 0):.0f} % of test samples")
        )
    rows.append(("split seed", config["split"]["seed"]))
    return [*rows, *[("training seed", run.training_seed)] * (run.training_seed is not None)]


def _provenance(run: Run) -> list[tuple[str, object]]:
    """Return where and when it was made, and what came of it."""
    record = run.record
    rows = [("state", run.state)]
    if record["reason"]:
        rows.append(("reason", record["reason"]))
    rows.append(("began", moment(record["started"])))
    if record["ended"]:
        ended, began = (datetime.fromisoformat(record[key]) for key in ("ended", "started"))
        rows.append(("took", lasting((ended - began).total_seconds())))
    rows += [(key, record[key]) for key in ("device", "host") if record.get(key)]
    rows += [("left out", f"{n:,} samples: {why}") for why, n in _left_out(record)]
    tested = list((record.get("metrics") or {}).items())
    for target, errors in tested[:1] if is_profile(run) else tested:
        rows.append((f"tested on, {short(target)}", f"{errors['n']:,} samples"))
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    rows += [("commit", record["git_commit"] or "not a checkout"), ("versions", versions)]
    return [*rows, ("folder", run.path)]


def _left_out(record: Mapping[str, Any]) -> list[tuple[str, int]]:
    return list((record.get("left_out") or {}).items())


def _plain(value: object) -> object:
    """Write a hyper-parameter as a person would."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.replace("_", ", ") if isinstance(value, str) else value
