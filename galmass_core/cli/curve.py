"""``galmass curve``: learning curves."""

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from galmass_core.cli.arguments import (
    add_data,
    add_device,
    add_features,
    add_scheduler,
    cluster_client,
    positive,
    seed,
)
from galmass_core.cli.learning import add_hyperparameters, network_arguments
from galmass_core.cli.stopping import stop_on_sigterm
from galmass_core.storage.progress import progress_bar

if TYPE_CHECKING:
    from galmass_core.datasets.dataset import DataSet
    from galmass_core.training.several import Training


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass curve``."""
    curve = commands.add_parser(
        "curve",
        help="measure a learning curve: scatter against the number of training galaxies",
        description="Train on a few numbers of galaxies, test on the same others, fit a power law "
        "with a floor, and continue it to the 16,000 samples that the paper's networks learned "
        "from: 5,333 galaxies along three axes. Where the curve cannot support that it says why. "
        "The runs are in the folder curves of the home folder; the same command skips what is "
        "finished, and resumes what is not.",
        epilog="example: galmass curve mygalaxies mstar/features ml/features",
    )
    add_data(curve)
    curve.add_argument(
        "experiment",
        nargs="+",
        metavar="EXPERIMENT",
        help="as of galmass train, of trees or networks",
    )
    curve.add_argument(
        "--sizes",
        type=_sizes,
        metavar="A,B",
        help="numbers of training galaxies (default: six in a geometric series, up to all)",
    )
    curve.add_argument(
        "--repeats",
        type=positive,
        default=3,
        metavar="K",
        help="trainings of each size, each on galaxies of its own draw (default: 3)",
    )
    curve.add_argument(
        "--seed", type=seed, default=0, metavar="N", help="of the split by galaxy (default: 0)"
    )
    add_features(curve)
    add_hyperparameters(curve)
    add_device(curve)
    add_scheduler(curve)
    curve.add_argument(
        "--workers", type=positive, default=1, metavar="N", help="processes of --scheduler local"
    )
    curve.add_argument(
        "--dry-run", action="store_true", help="list the trainings, and estimate those of networks"
    )
    curve.add_argument("--json", action="store_true", help="print as JSON")
    curve.set_defaults(run=_curve, when_stopped="Run the same command again to resume.")


def _sizes(text: str) -> list[int]:
    """Read numbers of galaxies."""
    return [positive(word) for word in text.split(",")]


def _curve(args: argparse.Namespace) -> None:
    """Run ``galmass curve``."""
    from galmass_core.datasets.dataset import open_dataset

    stop_on_sigterm()
    dataset = open_dataset(args.data)
    trainings = _trainings(args, dataset)
    if args.dry_run:
        _plan(args, dataset, trainings)
        return
    rows = _measured(args, dataset, trainings)
    if args.json:
        from galmass_core.paper.tables import envelope

        print(json.dumps(envelope(dataset, rows, {"kind": "galaxy", "seed": args.seed}), indent=1))
    else:
        from galmass_core.paper.tables import describe_cohort

        print(describe_cohort(dataset, {"kind": "galaxy", "seed": args.seed}))
        for row in rows:
            print(f"\n{format_curve(row)}")


def _trainings(args: argparse.Namespace, dataset: "DataSet") -> "list[Training]":
    """Return the trainings of all curves."""
    from galmass_core import api
    from galmass_core.training.curves import curve_trainings

    trainings = []
    for name in dict.fromkeys(args.experiment):
        wanted, network = api.configure(name, **network_arguments(args))
        trainings += curve_trainings(
            dataset,
            wanted,
            sizes=args.sizes,
            repeats=args.repeats,
            seed=args.seed,
            features=args.features,
            network=network,
        )
    return trainings


def _measured(
    args: argparse.Namespace, dataset: "DataSet", trainings: "Sequence[Training]"
) -> list[dict[str, Any]]:
    """Train what is not trained, and measure the curves; raise ValueError if a training failed."""
    from galmass_core.training.curves import curves_folder, learning_curves, measure_curve
    from galmass_core.training.runs import open_run
    from galmass_core.training.several import train_several

    folder = curves_folder()
    with (
        cluster_client(args.scheduler, args.workers) as client,
        progress_bar("training", folder / "trainings", unit="run", lost="failed") as show,
    ):
        reasons = train_several(
            dataset, trainings, folder, device=args.device, client=client, progress=show
        )
    if failed := {path.name: reason for path, reason in reasons.items() if reason}:
        why = "; ".join(f"{name}: {reason}" for name, reason in failed.items())
        many = f"{len(failed)} of {len(reasons)} trainings"
        msg = f"{many} failed, which the same command repeats: {why}"
        raise ValueError(msg)
    curves = learning_curves(map(open_run, reasons))
    return [row for curve in curves for row in measure_curve(curve)]


def _plan(args: argparse.Namespace, dataset: "DataSet", trainings: "Sequence[Training]") -> None:
    """Print the trainings, which of them are finished, and how long those of networks take."""
    from galmass_core.paper.tables import align, envelope
    from galmass_core.training.curves import curves_folder
    from galmass_core.training.several import is_finished

    full: dict[str, dict[str, Any]] = {}
    rows = []
    for training in trainings:
        done = is_finished(training.path(curves_folder(), dataset.checksum))
        row: dict[str, Any] = {
            "experiment": training.experiment,
            "galaxies": training.galaxies,
            "training_seed": training.training_seed,
            "finished": done,
            "seconds": _seconds(args, dataset, training, full),
        }
        rows.append(row)
    if args.json:
        print(json.dumps(envelope(dataset, rows, {"kind": "galaxy", "seed": args.seed}), indent=1))
        return
    lines = [("experiment", "galaxies", "training seed", "state", "time [s]")]
    for row in rows:
        time = "" if row["seconds"] is None else f"{row['seconds']:,.0f}"
        state = "finished" if row["finished"] else "to do"
        cells = (f"{row['galaxies']:,}", str(row["training_seed"]), state, time)
        lines.append((row["experiment"], *cells))
    print(align(lines))
    left = [row for row in rows if not row["finished"]]
    seconds = sum(row["seconds"] or 0 for row in left)
    time = f", about {seconds:,.0f} s" * (seconds > 0)
    print(f"{len(left)} of {len(rows)} trainings to do{time}")


def _seconds(
    args: argparse.Namespace,
    dataset: "DataSet",
    training: "Training",
    full: dict[str, dict[str, Any]],
) -> float | None:
    """Estimate how long a network takes, from one estimate for all galaxies; None of trees."""
    from galmass_core.learning.experiments import experiment
    from galmass_core.training.curves import count_galaxies
    from galmass_core.training.estimates import estimate_run

    if training.network is None or training.galaxies is None:
        return None
    name = training.experiment
    if name not in full:
        full[name] = estimate_run(
            dataset, name, training.network, seed=training.seed, device=args.device
        ) | {"galaxies": count_galaxies(dataset, experiment(name), seed=training.seed)}
    return round(full[name]["seconds"] * training.galaxies / full[name]["galaxies"], 1)


def format_curve(row: dict[str, Any]) -> str:
    """Return a learning curve, as `curves.measure_curve` gives it, for a terminal."""
    from galmass_core.learning.metrics import Estimate
    from galmass_core.paper.tables import align
    from galmass_core.training.curves import extrapolation_text, fit_text

    lines = [("galaxies", "N_train", "trainings", "σ [dex]", "spread [dex]", "fit [dex]")]
    for point in row["points"]:
        spread = "" if point["spread"] is None else f"{point['spread']:.3f}"
        lines.append(
            (
                f"{point['galaxies']:,}",
                f"{point['n_train']:,}",
                str(len(point["training_seeds"])),
                str(Estimate(**point["std"])),
                spread,
                f"{point['fitted']['value']:.3f}",
            )
        )
    fit, last = row["fit"], row["points"][-1]
    p_value = "" if fit["p_value"] is None else f", p = {fit['p_value']:.2f}"
    learned = "" if row["features"] is None else f" from {', '.join(row['features'])}"
    return "\n".join(
        [
            f"{row['experiment']}: {row['target']}{learned}",
            align(lines),
            f"tested on the same {last['n']:,} samples of {last['n_galaxies']:,} galaxies",
            f"fit: {fit_text(fit)}{p_value}",
            extrapolation_text(fit),
        ]
    )
