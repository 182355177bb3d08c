"""``galmass stop | runs | predict``: what is done with trainings."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from galmass_core.cli.arguments import add_data, add_home, add_run
from galmass_core.cli.csv_output import check_out, write_csv


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parsers of the commands for trainings that there are."""
    _add_stop(commands)
    _add_runs(commands)
    _add_predict(commands)


def _add_stop(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass stop``."""
    stop = commands.add_parser(
        "stop",
        help="stop a training; it can be resumed later",
        description="Request a queued or running run to stop. It keeps "
        "its last complete epoch, from which galmass resume continues.",
        epilog="example: galmass stop mstar-r+2V-20260101-120000",
    )
    add_run(stop)
    stop.set_defaults(run=_stop, when_stopped="")


def _add_runs(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass runs``."""
    runs = commands.add_parser(
        "runs",
        help="list all trainings",
        description="List all runs in the home folder, the newest first, with the tags and notes "
        "that the page Runs of the dashboard gives them.",
        epilog="example: galmass runs --json",
    )
    runs.add_argument("--json", action="store_true", help="print as JSON")
    add_home(runs)
    runs.set_defaults(run=_runs, when_stopped="")


def _add_predict(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass predict``."""
    predict = commands.add_parser(
        "predict",
        help="predict a data set with a trained model",
        description="Predict every sample of a data set with a run's model, as CSV: decimal "
        "logarithms, with the true values if the data set has them, the limits of the 68 and 90 % "
        "intervals, and ood_percentile: how unusual the sample is in the training set, in the "
        "space of the summary features. 83: farther from it than 83 % of its own galaxies are from "
        "each other; near 100, mistrust the prediction and its interval. Empty if the training set "
        "is gone.",
        epilog="example: galmass predict mstar-features-20260101-120000 mygalaxies --out m.csv",
    )
    predict.add_argument("model", metavar="RUN", help="a run's folder, or its name")
    add_data(predict)
    predict.add_argument(
        "--branches",
        metavar="MAPS",
        help="of a network for any maps (mstar/any), those to predict from, such as r+2V (default: "
        "all)",
    )
    predict.add_argument(
        "--ensemble",
        action="store_true",
        help="predict the mean of all trainings of the run's group (see train --repeats)",
    )
    predict.add_argument(
        "--out", type=Path, metavar="FILE", help="write CSV there (default: standard output)"
    )
    predict.add_argument("--json", action="store_true", help="print as JSON")
    predict.set_defaults(run=_predict, when_stopped="")


def _stop(args: argparse.Namespace) -> None:
    """Run ``galmass stop``."""
    from galmass_core.training.queue import stop_run
    from galmass_core.training.runs import open_run

    run = open_run(args.model)
    stop_run(run)
    print(f"stop requested for {run.name}")


def _runs(args: argparse.Namespace) -> None:
    """Run ``galmass runs``."""
    from galmass_core.paper.tables import format_runs
    from galmass_core.training.labels import labels_of
    from galmass_core.training.runs import SCHEMA, read_runs, runs_folder

    runs, damaged = read_runs(runs_folder())
    labels, wrong = labels_of(runs)
    rows = [run.summary() | asdict(label) for run, label in zip(runs, labels, strict=True)]
    source = str(runs_folder())
    content = {"schema": SCHEMA, "source": source, "split": None, "n": len(rows), "rows": rows}
    print(json.dumps(content, indent=1) if args.json else format_runs(runs, labels))
    for reason in (*damaged.values(), *wrong):
        print(f"damaged: {reason}; repair the file, or delete the folder", file=sys.stderr)


def _predict(args: argparse.Namespace) -> None:
    """Run ``galmass predict``."""
    from galmass_core import api
    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.paper.tables import envelope
    from galmass_core.training.runs import open_run

    run, dataset = open_run(args.model), open_dataset(args.data)
    check_out(args.out, [dataset.path, run.path])
    if args.branches is not None:
        run = run.with_inputs(args.branches)
    predictions = api.predict(run, dataset, ensemble=args.ensemble)
    if args.ensemble:
        print(f"mean of {', '.join(predictions.attrs['trainings'])}", file=sys.stderr)
    for reason, count in predictions.attrs["left_out"].items():
        print(f"{count} samples left out: {reason}", file=sys.stderr)
    if args.out is not None or not args.json:
        write_csv(predictions, args.out)
    if args.json:
        rows = json.loads(predictions.to_json(orient="records", double_precision=15))
        print(json.dumps(envelope(dataset, rows), indent=1))
