"""``galmass controls``: what share of what kinematic maps gain is not motion."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from galmass_core.cli.arguments import add_data, add_variant_trainings
from galmass_core.cli.data import one_thread_each
from galmass_core.cli.stopping import stop_on_sigterm

if TYPE_CHECKING:
    from galmass_core.datasets.dataset import DataSet


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass controls``."""
    controls = commands.add_parser(
        "controls",
        help="measure what of V and σ is star counts, and what is motion",
        description="Measure what share of what V and σ gain is left with star occupancy alone, "
        "as many stars in every galaxy, velocities exchanged among all stars or within annuli, "
        "adaptive bins, and half of the stars. Networks that exist are tested: those trained on "
        "the data set, else those that ship with galmass. Most controls need the files of the "
        "simulation; without them those are measured that the stored maps allow. The same command "
        "continues where it was killed.",
        epilog="example: galmass controls mygalaxies --train --repeats 3",
    )
    add_data(controls)
    add_variant_trainings(
        controls,
        "train networks of the laptop preset on the maps of each control instead, up to six for "
        "each training seed, each minutes on a CPU",
    )
    controls.add_argument("--json", action="store_true", help="print as JSON")
    controls.set_defaults(run=_controls, when_stopped="The same command continues.")


def _controls(args: argparse.Namespace) -> None:
    """Run ``galmass controls``."""
    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.paper.tables import envelope
    from galmass_core.training.control_text import control_notes, verdict

    stop_on_sigterm()
    dataset = open_dataset(args.data)
    result = _measure(args, dataset)
    if args.json:
        others = {key: each for key, each in result.items() if key not in ("rows", "split")}
        texts = {"verdict": verdict(result), "notes": control_notes(result)}
        content = envelope(dataset, result["rows"], result["split"]) | others | texts
        print(json.dumps(content, indent=1))
    else:
        print(_format(dataset, result))


def _measure(args: argparse.Namespace, dataset: "DataSet") -> dict[str, Any]:
    """Test controls, or train on them, with a bar."""
    if not args.train:
        one_thread_each()
    from galmass_core.storage.progress import progress_bar
    from galmass_core.training.control_training import learn_controls
    from galmass_core.training.controls import controls_folder, measure_controls

    folder = controls_folder(dataset)
    shared = {"seed": args.seed, "workers": args.workers, "device": args.device}
    if args.train:
        with progress_bar("training", folder, unit="run", lost="failed") as show:
            more = {"repeats": args.repeats, "epochs": args.epochs}
            return learn_controls(dataset, **shared, **more, progress=show)
    with progress_bar("measuring", folder, lost="without stars") as show:
        return measure_controls(dataset, **shared, progress=show)


def _format(dataset: "DataSet", result: dict[str, Any]) -> str:
    """Return a table for each target, notes, and the sentence."""
    from galmass_core.paper.tables import align, describe_cohort
    from galmass_core.quantities import quantity
    from galmass_core.training.control_text import (
        HEADS,
        control_lines,
        control_notes,
        control_targets,
        verdict,
    )

    parts = [describe_cohort(dataset, result["split"])]
    for target in control_targets(result):
        title = f"{quantity(target).name} ({target})"
        parts.append(f"{title}\n{align([HEADS, *control_lines(result, target)])}")
    notes = "\n".join(control_notes(result))
    return "\n\n".join(filter(None, (*parts, notes, verdict(result))))
