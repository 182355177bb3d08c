"""``galmass train | resume``: train models."""

import argparse
import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galmass_core.cli.arguments import (
    add_data,
    add_device,
    add_features,
    add_run,
    add_scheduler,
    add_split,
    cluster_client,
    positive,
    seed,
)
from galmass_core.cli.stopping import stop_on_sigterm
from galmass_core.networks.presets import PRESETS, SCALINGS, SCHEDULES, Hyperparameters
from galmass_core.storage.progress import progress_bar

if TYPE_CHECKING:
    from galmass_core.datasets.dataset import DataSet
    from galmass_core.networks.presets import TrainingConfig
    from galmass_core.training.runs import Run
    from galmass_core.training.several import Training


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parsers of the commands that train."""
    _add_train(commands)
    _add_resume(commands)


def _add_train(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass train``."""
    train = commands.add_parser(
        "train",
        help="train a model in a run's folder",
        description="Train one experiment and save configuration, model and predictions in a "
        "run's folder: a network on maps (mstar/r+2V), or boosted trees on the summary features "
        "(mstar/features). With several experiments, or on a Dask cluster, each has a run's folder "
        "that follows from its configuration: the same command skips what is finished, and resumes "
        "what is not. Started by torchrun, several GPUs train a network together: "
        "torchrun --nproc-per-node 4 -m galmass_core.cli train ...",
        epilog="example: galmass train mygalaxies --experiment mstar/r+2V --preset laptop "
        "--repeats 3",
    )
    add_data(train)
    train.add_argument(
        "--experiment",
        required=True,
        action="append",
        metavar="NAME",
        help="TARGET[,TARGET]/INPUTS[@PIXELS]; an unknown name lists the known ones; can be "
        "repeated; INPUTS any: one network that predicts from every set of maps; "
        "profile/INPUTS: masses at 16 radii; all: the 21 of the paper's Table 4",
    )
    add_split(train, folds=False, both=True)
    _add_training_seeds(train)
    add_features(train)
    add_hyperparameters(train)
    add_device(train)
    _add_queue(train)
    add_scheduler(train)
    train.add_argument(
        "--workers", type=positive, default=1, metavar="N", help="processes of --scheduler local"
    )
    train.add_argument(
        "--estimate", action="store_true", help="time a few steps and estimate the duration"
    )
    train.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="the run's folder (default: new); of several experiments, or on a cluster, the folder "
        "of the runs' folders",
    )
    train.add_argument("--json", action="store_true", help="print the result as JSON")
    train.set_defaults(run=_train, when_stopped="A run that had begun can be resumed.")


def _add_training_seeds(train: argparse.ArgumentParser) -> None:
    """Add ``--training-seed`` and ``--repeats``."""
    train.add_argument(
        "--training-seed",
        type=seed,
        metavar="N",
        help="of initial weights, order of samples and augmentation (default: as --seed)",
    )
    train.add_argument(
        "--repeats",
        type=positive,
        default=1,
        metavar="K",
        help="train K times, with training seeds N to N + K - 1: a run group, whose spread is the "
        "noise of training; a run's folder each",
    )


def add_hyperparameters(train: argparse.ArgumentParser) -> None:
    """Add the options of a network's training; the preset gives the defaults."""
    group = train.add_argument_group("networks", "The preset gives the defaults.")
    group.add_argument(
        "--preset", choices=PRESETS, help="paper: Table 2 (default); laptop: small and quick"
    )
    group.add_argument(
        "--pixels", type=int, metavar="N", help="side of the images r and g-r; the same as @N"
    )
    group.add_argument(
        "--width", type=float, metavar="W", help="of the branches; 1 is ResNet-18, 0.25 a quarter"
    )
    group.add_argument("--epochs", type=int, metavar="N")
    group.add_argument("--batch", type=int, metavar="N", help="samples per step")
    group.add_argument("--learning-rate", type=float, metavar="X", help="of the first epoch")
    group.add_argument(
        "--schedule", choices=SCHEDULES, help="cosine: to 0 at the end; literal: as printed"
    )
    group.add_argument(
        "--augment",
        action=argparse.BooleanOptionalAction,
        help="rotate, mirror and reverse the maps of each step",
    )
    group.add_argument("--scaling", choices=SCALINGS, help="of maps to numbers from 0 to 1")
    group.add_argument(
        "--scalars",
        action=argparse.BooleanOptionalAction,
        help="learn from R_e in kpc, M_r and velocity dispersion beside the maps they go with",
    )
    group.add_argument(
        "--mask-sparse",
        action=argparse.BooleanOptionalAction,
        help="pixels with fewer than two stars have no σ: learn that of the whole frame there, "
        "not 0 as in the paper",
    )
    group.add_argument(
        "--tta",
        action=argparse.BooleanOptionalAction,
        help="predict the mean over the maps turned, mirrored and reversed in all 16 ways",
    )


def _add_queue(command: argparse.ArgumentParser) -> None:
    """Add the option ``--queue``."""
    command.add_argument(
        "--queue",
        action="store_true",
        help="wait until no other run is training or has waited longer",
    )


def _add_resume(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass resume``."""
    resume = commands.add_parser(
        "resume",
        help="resume a training",
        description="Resume a run that was stopped, failed or died, with the same "
        "configuration on the same data set; networks from their last complete epoch.",
        epilog="example: galmass resume mstar-r+2V-20260101-120000",
    )
    add_run(resume)
    add_device(resume)
    _add_queue(resume)
    resume.add_argument("--json", action="store_true", help="print the result as JSON")
    resume.set_defaults(run=_resume, when_stopped="The same command resumes it.")


def _train(args: argparse.Namespace) -> None:
    """Run ``galmass train``."""
    from galmass_core import api
    from galmass_core.datasets.dataset import open_dataset

    stop_on_sigterm()
    dataset, wanted = open_dataset(args.data), network_arguments(args)
    if args.scheduler or args.experiment == ["all"] or len(args.experiment) > 1:
        _train_several(args, dataset, wanted)
        return
    (name,) = args.experiment
    if args.estimate:
        _estimate(args, dataset, *api.configure(name, seed=args.seed, **wanted))
        return
    runs = [
        api.train(
            dataset,
            name,
            split=split,
            seed=args.seed,
            training_seed=training_seed,
            features=args.features,
            device=args.device,
            out=_folder_of(args, split, training_seed),
            queue=args.queue,
            **wanted,
        )
        for split in _splits(args)
        for training_seed in _training_seeds(args)
    ]
    _print_runs(runs, dataset, as_json=args.json)


def _splits(args: argparse.Namespace) -> tuple[str, ...]:
    """Return the splits of the trainings of an experiment."""
    return ("galaxy", "paper") if args.split == "both" else (args.split,)


def _training_seeds(args: argparse.Namespace) -> range:
    """Return the seeds of the trainings of an experiment."""
    first = args.seed if args.training_seed is None else args.training_seed
    return range(first, first + args.repeats)


def _train_several(args: argparse.Namespace, dataset: "DataSet", wanted: dict[str, Any]) -> None:
    """Train several experiments, or on a cluster; print a table of all, and why some failed."""
    from galmass_core.networks.ranks import ranks_of_process
    from galmass_core.training.run_files import RECORD
    from galmass_core.training.runs import open_run, runs_folder
    from galmass_core.training.several import train_several

    if not ranks_of_process().alone:
        msg = (
            "processes that torchrun started must train one experiment, got several or --scheduler"
        )
        raise ValueError(msg)
    if alone := [name for name in ("estimate", "queue") if getattr(args, name)]:
        msg = f"--{alone[0]} must go with one experiment and no --scheduler"
        raise ValueError(msg)
    trainings, folder = _trainings(args, wanted), args.out or runs_folder()
    with (
        cluster_client(args.scheduler, args.workers) as client,
        progress_bar("training", folder / "trainings", unit="run", lost="failed") as show,
    ):
        reasons = train_several(
            dataset, trainings, folder, device=args.device, client=client, progress=show
        )
    runs = [open_run(path) for path in reasons if (path / RECORD).exists()]
    if runs:
        _print_runs(runs, dataset, as_json=args.json)
    if failed := {path.name: reason for path, reason in reasons.items() if reason}:
        why = "; ".join(f"{name}: {reason}" for name, reason in failed.items())
        many = f"{len(failed)} of {len(reasons)} trainings"
        msg = f"{many} failed, which the same command repeats: {why}"
        raise ValueError(msg)


def _trainings(args: argparse.Namespace, wanted: dict[str, Any]) -> "list[Training]":
    """Return the trainings of a command: of each experiment, with each training seed."""
    from galmass_core import api
    from galmass_core.learning.experiments import TABLE_4_TRAININGS
    from galmass_core.training.several import Training

    names = [
        name
        for word in args.experiment
        for name in (TABLE_4_TRAININGS if word == "all" else (word,))
    ]
    trainings = []
    for name in dict.fromkeys(names):
        for split, training_seed in product(_splits(args), _training_seeds(args)):
            experiment, network = api.configure(name, seed=training_seed, **wanted)
            training = Training(
                experiment=experiment,
                split=split,
                seed=args.seed,
                training_seed=training_seed,
                features=args.features,
                network=network,
            )
            trainings.append(training)
    return trainings


def _folder_of(args: argparse.Namespace, split: str, training_seed: int) -> Path | None:
    """Return the folder of a run; those of several trainings end in their splits and seeds."""
    if args.out is None:
        return None
    ending = f"-{split}" * (args.split == "both") + f"-seed{training_seed}" * (args.repeats > 1)
    return args.out.with_name(args.out.name + ending)


def _resume(args: argparse.Namespace) -> None:
    """Run ``galmass resume``."""
    from galmass_core.training.queue import resume_run, wait_for_turn
    from galmass_core.training.runs import open_run

    stop_on_sigterm()
    wait = wait_for_turn if args.queue else None
    run, dataset = resume_run(open_run(args.model), device=args.device, wait=wait)
    _print_runs([run], dataset, as_json=args.json)


def network_arguments(args: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments about networks that were given."""
    names = ("preset", "pixels", *Hyperparameters.__annotations__)
    return {key: getattr(args, key) for key in names if getattr(args, key) is not None}


def _estimate(
    args: argparse.Namespace, dataset: "DataSet", name: str, training: "TrainingConfig | None"
) -> None:
    """Print how long a training would take."""
    from galmass_core.paper.tables import envelope
    from galmass_core.training.estimates import estimate_run

    if training is None:
        msg = f"--estimate must go with a network, got {name}"
        raise ValueError(msg)
    row = estimate_run(
        dataset, name, split=_splits(args)[0], seed=args.seed, training=training, device=args.device
    )
    row["seconds"] = round(args.repeats * len(_splits(args)) * row["seconds"], 1)
    if args.json:
        print(json.dumps(envelope(dataset, [row]), indent=1))
    else:
        print(f"{name}: about {row['seconds']:,.0f} s for {row['train']:,} training samples")


def _print_runs(runs: "list[Run]", dataset: "DataSet", *, as_json: bool) -> None:
    """Print the results of trainings, which have one split; of several processes the first does."""
    from galmass_core.networks.ranks import ranks_of_process
    from galmass_core.paper.tables import envelope, format_runs
    from galmass_core.training.leakage import leakage_notes, leakage_text

    if not ranks_of_process().first:
        return
    leakage = _leakages(runs)
    if as_json:
        rows = [run.summary() for run in runs]
        content = envelope(dataset, rows, runs[0].record["split"])
        print(json.dumps(content | ({"leakage": leakage} if leakage else {}), indent=1))
        return
    print("\n".join([*(str(run.path) for run in runs), format_runs(runs)]))
    for each in leakage:
        print(f"{each['experiment']}, {each['target']}: {leakage_text(each)}")
    print(*leakage_notes(leakage), sep="\n", end="\n" if leakage_notes(leakage) else "")


def _leakages(runs: "Sequence[Run]") -> list[dict[str, Any]]:
    """Measure what leaks in each experiment that was trained on both splits."""
    from galmass_core.training.leakage import leakage_of_runs

    found = []
    for name in dict.fromkeys(run.config["experiment"] for run in runs):
        own = [run for run in runs if run.config["experiment"] == name]
        sides = [
            [run for run in own if run.state == "finished" and run.config["split"]["kind"] == kind]
            for kind in ("galaxy", "paper")
        ]
        if all(sides):
            found += leakage_of_runs(*sides)
    return found
