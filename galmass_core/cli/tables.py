"""``galmass table | importance``: repeat the paper's measurements."""

import argparse
import json
from typing import Any

from galmass_core.cli.arguments import add_data, add_features, add_split


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parsers of the commands for tables."""
    _add_table(commands)
    _add_importance(commands)


def _add_table(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass table``."""
    table = commands.add_parser(
        "table",
        help="measure a table of the paper and compare with the published one",
        description="4: networks on maps, from all finished runs. 5: boosted trees on summary "
        "features. baselines: one-line formulas for every target. text: statements "
        "in the paper's text.",
        epilog="example: galmass table 5 mygalaxies --split both",
    )
    table.add_argument("table", choices=("4", "5", "baselines", "text"), help="which one")
    add_data(table)
    add_split(table, folds=True, both=True)
    add_features(table)
    table.add_argument(
        "--cohort",
        metavar="NAME",
        help="table 4: only runs of one training set, named as in the table's notes, or by its "
        "beginning, such as the name of a data set",
    )
    table.add_argument("--json", action="store_true", help="print as JSON")
    table.set_defaults(run=_table, when_stopped="")


def _add_importance(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass importance``."""
    importance = commands.add_parser(
        "importance",
        help="measure feature importance",
        description="Gain (the paper's), SHAP, and permutation and removal of features and of "
        "clusters of correlated ones, and of two noise columns; five seeds, about a minute.",
        epilog="example: galmass importance mygalaxies --experiment mstar/features",
    )
    add_data(importance)
    importance.add_argument("--experiment", required=True, metavar="NAME", help="TARGET/INPUTS")
    add_features(importance)
    importance.add_argument("--json", action="store_true", help="print as JSON")
    importance.set_defaults(run=_importance, when_stopped="")


def _table(args: argparse.Namespace) -> None:
    """Run ``galmass table``."""
    from galmass_core import api
    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.learning.splits import describe_split
    from galmass_core.paper.statements import format_text_results
    from galmass_core.paper.table_four_text import format_table_4
    from galmass_core.paper.tables import describe_cohort, envelope, format_rows

    dataset = open_dataset(args.data)
    rows = api.table(
        args.table,
        dataset,
        split=args.split,
        seed=args.seed,
        features=args.features,
        cohort=args.cohort,
    )
    kind = {"kind": args.split}  # each row of table 4 has its run's split
    parts = (
        kind if args.table == "4" else describe_split(dataset.samples, args.split, seed=args.seed)
    )
    if args.json:
        print(json.dumps(envelope(dataset, rows, parts), indent=1))
    else:
        print(f"{describe_cohort(dataset, parts)}\n")
        formats = {"4": format_table_4, "text": format_text_results}
        print(formats.get(args.table, format_rows)(rows))


def _importance(args: argparse.Namespace) -> None:
    """Run ``galmass importance``."""
    from dataclasses import replace

    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.learning.experiments import experiment
    from galmass_core.learning.importance import SEEDS, measure_importance
    from galmass_core.paper.tables import envelope

    dataset, wanted = open_dataset(args.data), experiment(args.experiment)
    if args.features is not None:
        wanted = replace(wanted, features=args.features)
    table = measure_importance(dataset.samples, wanted, seeds=SEEDS)
    rows = json.loads(table.reset_index().to_json(orient="records", double_precision=15))
    content = envelope(dataset, rows, {"kind": "galaxy", "seeds": list(SEEDS)})
    if args.json:
        print(json.dumps(content, indent=1))
        return
    print(table.round(4).to_string())
    for key, text in dataset.redefined(wanted.features).items():
        print(f"{key} is another quantity here: {text}")
