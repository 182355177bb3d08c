"""``galmass telescope`` and ``galmass resolution``: accuracy of what is seen worse."""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galmass_core.cli.arguments import add_data, add_variant_trainings, positive
from galmass_core.cli.csv_output import check_out, write_csv
from galmass_core.cli.data import one_thread_each
from galmass_core.cli.stopping import stop_on_sigterm

if TYPE_CHECKING:
    from galmass_core.datasets.dataset import DataSet
    from galmass_core.datasets.variants import Variant

PRESETS = ("MaNGA", "SAMI", "CALIFA", "SDSS", "HSC")
MOTION, IMAGES = (8, 12, 16, 24, 32, 96), (30, 60, 150)
STARS = (1_000, 3_000, 10_000, 30_000, 100_000)
_SHARED = (
    "Networks that exist are tested: those trained on the data set, else those that ship with "
    "galmass, on galaxies that they have not seen; all rows are of the same galaxies. The same "
    "command continues where it was killed."
)


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parsers of both commands."""
    telescope = commands.add_parser(
        "telescope",
        help="measure what networks lose on maps as surveys see them",
        description="Measure the accuracy of networks on maps as they are, and as telescopes see "
        "them: with point-spread function, pixels, noise, field, adaptive bins, errors and the "
        "instrument's dispersion; and along other lines of sight, which needs the files of the "
        f"simulation. {_SHARED}",
        epilog="example: galmass telescope mygalaxies --preset MaNGA --set seeing=1,4",
    )
    add_data(telescope)
    telescope.add_argument(
        "--preset",
        action="append",
        metavar="NAME",
        help=f"can be repeated (default: {', '.join(PRESETS)}, unless there is --view)",
    )
    telescope.add_argument(
        "--view",
        action="append",
        metavar="VIEW",
        help="edge-on, face-on, random, or an inclination in degrees; can be repeated",
    )
    telescope.add_argument(
        "--set",
        action="append",
        type=_changes,
        default=[],
        metavar="KEY=A,B",
        dest="changes",
        help="also see by each preset with one number changed to each of these: psf (seeing of "
        "images, arcsec), depth (of images, mag), seeing (of spectra, arcsec), signal (S/N per "
        "Å of 1 arcsec² of 23 mag), least (S/N of a spaxel), bins (S/N of a bin), instrument (its "
        "dispersion, km/s); can be repeated",
    )
    _add_shared(telescope, _telescopes)
    resolution = commands.add_parser(
        "resolution",
        help="measure accuracy against pixels and stars",
        description="Measure the accuracy of networks on V and σ of fewer pixels, images of fewer "
        "pixels, and galaxies of fewer stars, which needs the files of the simulation. "
        f"{_SHARED}",
        epilog="example: galmass resolution mygalaxies --motion 8,16 --out resolution.csv",
    )
    add_data(resolution)
    for name, default, what in (
        ("motion", MOTION, "pixels along the side of V and σ: at most 48, or 96 with --train"),
        ("images", IMAGES, "pixels along the side of images; they divide 300"),
        ("stars", STARS, "star particles that are kept of galaxies with more"),
    ):
        resolution.add_argument(
            f"--{name}",
            type=_numbers,
            metavar="A,B",
            help=f"{what} (default, if none of the three is given: {','.join(map(str, default))})",
        )
    _add_shared(resolution, _resolutions)


def _add_shared(
    command: argparse.ArgumentParser,
    variants: "Callable[[argparse.Namespace], list[Variant]]",
) -> None:
    """Add what both commands have."""
    command.add_argument(
        "--run", dest="model", metavar="RUN", help="test this run; NAME:MAPS is one for these maps"
    )
    add_variant_trainings(
        command,
        "train networks of the laptop preset on maps as they are and on each of these, and test "
        "the first on them too; each takes minutes on a CPU",
    )
    command.add_argument(
        "--out", type=Path, metavar="FILE", help="write a table, a row for each line, as CSV"
    )
    command.add_argument("--json", action="store_true", help="print as JSON")
    command.set_defaults(run=_run, variants=variants, when_stopped="The same command continues.")


def _changes(text: str) -> list[str]:
    """Read the changes of one number of a telescope, such as ``seeing:1`` and ``seeing:4``."""
    key, _, values = text.partition("=")
    return [f"{key.strip()}:{value.strip()}" for value in values.split(",")]


def _numbers(text: str) -> list[int]:
    """Read numbers, the smallest first."""
    return sorted({positive(word) for word in text.split(",")})


def _telescopes(args: argparse.Namespace) -> "list[Variant]":
    """Return the telescopes and lines of sight."""
    from galmass_core.datasets.variants import TELESCOPE, VIEW, Variant
    from galmass_core.telescope import telescope

    presets = args.preset or ([] if args.view else PRESETS)
    names = dict.fromkeys(telescope(each).name for each in presets)
    changes = [change for each in args.changes for change in each]
    seen = [f"{name} {change}".strip() for name in names for change in ("", *changes)]
    views = dict.fromkeys(args.view or ())
    return [Variant(TELESCOPE, each) for each in seen] + [Variant(VIEW, each) for each in views]


def _resolutions(args: argparse.Namespace) -> "list[Variant]":
    """Return the numbers of pixels and stars."""
    from galmass_core.datasets import variants

    kinds = {variants.MOTION: MOTION, variants.LIGHT: IMAGES, variants.STARS: STARS}
    given = (args.motion, args.images, args.stars)
    return [
        variants.Variant(kind, number)
        for (kind, default), numbers in zip(kinds.items(), given, strict=True)
        for number in (numbers or (() if any(given) else default))
    ]


def _run(args: argparse.Namespace) -> None:
    """Run either command."""
    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.paper.tables import envelope
    from galmass_core.training.variant_text import variant_notes, variant_table

    if args.train and args.model:
        msg = f"--run must go without --train, got it with {args.model}"
        raise ValueError(msg)
    stop_on_sigterm()
    dataset, variants = open_dataset(args.data), args.variants(args)
    check_out(args.out, [dataset.path])
    result = _measure(args, dataset, variants)
    if args.out is not None:
        write_csv(variant_table(result["rows"]), args.out)
    if args.json:
        others = {key: each for key, each in result.items() if key not in ("rows", "split")}
        content = envelope(dataset, result["rows"], result["split"]) | others
        print(json.dumps(content | {"notes": variant_notes(result)}, indent=1))
    else:
        print(_format(dataset, result))


def _measure(
    args: argparse.Namespace, dataset: "DataSet", variants: "Sequence[Variant]"
) -> dict[str, Any]:
    """Train where that is wanted, and test, each with a bar."""
    if not args.train:
        one_thread_each()
    from galmass_core.storage.progress import progress_bar
    from galmass_core.training.controls import controls_folder
    from galmass_core.training.runs import open_run
    from galmass_core.training.variants import learn_variants, measure_variants, networks_for

    folder = controls_folder(dataset)
    shared = {"seed": args.seed, "workers": args.workers, "device": args.device}
    learned = None
    if args.train:
        with progress_bar("training", folder, unit="run", lost="failed") as show:
            more = {"repeats": args.repeats, "epochs": args.epochs}
            networks, learned = learn_variants(dataset, variants, **shared, **more, progress=show)
    else:
        networks = networks_for(dataset, variants, open_run(args.model) if args.model else None)
    with progress_bar("measuring", folder, lost="without stars") as show:
        return measure_variants(dataset, variants, networks, learned, **shared, progress=show)


def _format(dataset: "DataSet", result: dict[str, Any]) -> str:
    """Return a table for each target, and notes."""
    from galmass_core.paper.tables import align, describe_cohort
    from galmass_core.quantities import quantity
    from galmass_core.training.variant_text import variant_lines, variant_notes

    parts = [describe_cohort(dataset, result["split"])]
    for target in dict.fromkeys(row["target"] for row in result["rows"]):
        title = f"{quantity(target).name} ({target})"
        parts.append(f"{title}\n{align(variant_lines(result['rows'], target))}")
    return "\n\n".join(filter(None, (*parts, "\n".join(variant_notes(result)))))
