"""``galmass train | runs | predict``: models."""

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any

from galmass_core.cli.arguments import add_data, add_features, add_home, add_split


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Describe the commands about models."""
    _add_train(commands)
    _add_runs(commands)
    _add_predict(commands)


def _add_train(commands: Any) -> None:  # noqa: ANN401
    """Describe ``galmass train``."""
    train = commands.add_parser(
        "train",
        help="train a model and keep it as a run",
        description="Train one experiment, such as mstar/features (boosted trees on the summary "
        "features for M*), and keep configuration, model and predictions in a run's folder.",
        epilog="example: galmass train mygalaxies --experiment mstar/features",
    )
    add_data(train)
    train.add_argument("--experiment", required=True, metavar="NAME", help="TARGET/INPUTS")
    add_split(train, folds=False)
    add_features(train)
    train.add_argument("--out", type=Path, metavar="DIR", help="the run's folder (default: new)")
    train.add_argument("--json", action="store_true", help="tell the result as JSON")
    train.set_defaults(run=_train, when_stopped="The run is marked as stopped.")


def _add_runs(commands: Any) -> None:  # noqa: ANN401
    """Describe ``galmass runs``."""
    runs = commands.add_parser(
        "runs",
        help="list all trainings",
        description="List all runs under the home folder, the newest first.",
        epilog="example: galmass runs --json",
    )
    runs.add_argument("--json", action="store_true", help="as JSON")
    add_home(runs)
    runs.set_defaults(run=_runs, when_stopped="")


def _add_predict(commands: Any) -> None:  # noqa: ANN401
    """Describe ``galmass predict``."""
    predict = commands.add_parser(
        "predict",
        help="predict a data set with a trained model",
        description="Predict every sample of a data set with a run's model, as CSV: decimal "
        "logarithms, beside the truth where the data set has it.",
        epilog="example: galmass predict mstar-features-20260101-120000 mygalaxies --out m.csv",
    )
    predict.add_argument("model", metavar="RUN", help="a run's folder, or its name")
    add_data(predict)
    predict.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    predict.add_argument("--json", action="store_true", help="as JSON")
    predict.set_defaults(run=_predict, when_stopped="")


def _train(args: argparse.Namespace) -> None:
    """Run ``galmass train``."""
    from galmass_core.dataset import open_dataset
    from galmass_core.learning import train_run
    from galmass_core.tables import envelope, format_runs

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to stop: as with Ctrl-C
    dataset = open_dataset(args.data)
    run = train_run(
        dataset,
        args.experiment,
        split=args.split,
        seed=args.seed,
        features=args.features,
        path=args.out,
    )
    if args.json:
        print(json.dumps(envelope(dataset, [run.summary()], run.record["split"]), indent=1))
    else:
        print(f"{run.path}\n{format_runs([run])}")


def _runs(args: argparse.Namespace) -> None:
    """Run ``galmass runs``."""
    from galmass_core.runs import SCHEMA, list_runs, runs_folder
    from galmass_core.tables import format_runs

    runs = list_runs()
    rows = [run.summary() for run in runs]
    source = str(runs_folder())
    content = {"schema": SCHEMA, "source": source, "split": None, "n": len(rows), "rows": rows}
    print(json.dumps(content, indent=1) if args.json else format_runs(runs))


def _predict(args: argparse.Namespace) -> None:
    """Run ``galmass predict``."""
    from galmass_core.dataset import open_dataset
    from galmass_core.learning import predict_run
    from galmass_core.runs import open_run
    from galmass_core.tables import envelope

    run, dataset = open_run(args.model), open_dataset(args.data)
    predictions, left_out = predict_run(run, dataset.samples)
    for reason, count in left_out.items():
        print(f"{count} samples left out: {reason}", file=sys.stderr)
    if args.json:
        rows = json.loads(predictions.to_json(orient="records", double_precision=15))
        print(json.dumps(envelope(dataset, rows), indent=1))
    else:
        predictions.to_csv(sys.stdout if args.out is None else args.out, index=False)
