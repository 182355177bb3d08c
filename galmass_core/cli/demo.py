"""``galmass demo``: generate a synthetic universe."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galmass_core.cli.arguments import add_channels, add_home, add_stars, positive, seed
from galmass_core.cli.data import one_thread_each, print_dataset
from galmass_core.storage.progress import discard_progress, progress_bar

if TYPE_CHECKING:
    from galmass_core.datasets.dataset import DataSet
    from galmass_core.sources import Found


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass demo``."""
    demo = commands.add_parser(
        "demo",
        help="generate synthetic galaxies distributed as in TNG100",
        description="Draw synthetic galaxies from a distribution fitted to TNG100's catalogue "
        "and build a data set of them. Their scatters come "
        "from our priors: they are not TNG100 numbers.",
        epilog="example: galmass demo --galaxies 300",
    )
    demo.add_argument(
        "--galaxies", type=int, default=300, metavar="N", help="number of galaxies (default: 300)"
    )
    demo.add_argument(
        "--seed",
        type=seed,
        default=1,
        metavar="S",
        help="the same seed gives the same bytes (default: 1)",
    )
    demo.add_argument(
        "--universe",
        default="reference",
        metavar="NAME",
        help="reference: as fitted to TNG100 (default); variant: expanded haloes, more dwarf "
        "stars, less gas, to test how models transfer",
    )
    demo.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder to create (default: universe in the home, with the words -variant and -thin "
        "for --universe and --stars)",
    )
    demo.add_argument(
        "--particles", type=Path, metavar="DIR", help="keep the simulation there, in TNG's layout"
    )
    demo.add_argument(
        "--workers",
        type=positive,
        default=os.cpu_count(),
        metavar="N",
        help="processes (default: all)",
    )
    add_channels(demo)
    add_stars(demo)
    demo.add_argument("--json", action="store_true", help="print the result as JSON")
    add_home(demo)
    demo.set_defaults(run=_demo, when_stopped="Run the same command again to resume.")


def _demo(args: argparse.Namespace) -> None:
    """Run ``galmass demo``."""
    one_thread_each()
    from galmass_core.datasets.build import build_dataset, stored_channels
    from galmass_core.datasets.dataset_files import DESCRIPTION
    from galmass_core.datasets.folders import home_folder
    from galmass_core.datasets.thinning import check_stars
    from galmass_core.datasets.unfinished import remove
    from galmass_core.imaging.maps import MapConfig
    from galmass_core.storage.lock import clear_lock
    from galmass_core.storage.new_folder import remove_aside
    from galmass_core.synthetic.drawn import find_universe
    from galmass_core.synthetic.universe import simulation_name

    if args.stars is not None:
        check_stars(args.stars)  # check before generating galaxies
    recipe = MapConfig(channels=stored_channels(args.channels))
    out = args.out or home_folder() / _name(args)
    simulation = simulation_name(args.galaxies, args.seed, args.universe)
    if (out / DESCRIPTION).is_file():
        dataset = _open_same(out, simulation, args.stars, recipe.channels)
    else:
        galaxies: Found | list[Path] = [args.particles]
        if args.particles is None:
            galaxies = find_universe(args.galaxies, args.seed, args.universe)
        elif not _are_there(args.particles, simulation):
            _write(args, out)
        with progress_bar("building", out) as show:
            dataset = build_dataset(
                galaxies,
                out,
                workers=args.workers,
                channels=recipe.channels,
                stars=args.stars,
                progress=show,
            )
    remove(out)  # what a killed call left
    clear_lock(out)
    discard_progress(out)
    if args.particles is not None:
        remove_aside(args.particles)
    print_dataset(dataset, as_json=args.json)


def _write(args: argparse.Namespace, out: Path) -> None:
    """Write the particles where they are to be kept."""
    from galmass_core.synthetic.universe import write_universe

    with progress_bar("drawing", out) as show:
        write_universe(
            args.particles,
            args.galaxies,
            args.seed,
            show,
            workers=args.workers,
            universe=args.universe,
        )


def _open_same(
    out: Path, simulation: str, stars: int | None, channels: tuple[str, ...]
) -> "DataSet":
    """Open a data set that an earlier call has built; raise ValueError if it holds others."""
    from galmass_core.datasets.dataset import open_dataset

    dataset = open_dataset(out)
    found = sorted(dataset.simulations.categories)
    if found != [simulation] or dataset.info.get("stars") != stars:
        thinned = " thinned otherwise" * (found == [simulation])
        msg = f"{out}: must be a new folder or hold {simulation}, got {', '.join(found)}{thinned}"
        raise ValueError(msg)
    if not set(channels) <= set(dataset.channels):
        wanted, has = (" ".join(each) or "none" for each in (channels, dataset.channels))
        msg = f"{out}: must be a new folder or have the channels {wanted}, has {has}"
        raise ValueError(msg)
    return dataset


def _are_there(particles: Path, simulation: str) -> bool:
    """Return whether an earlier call has written all particles of a simulation.

    Raises
    ------
    ValueError
        If the folder holds those of another one.
    """
    from galmass_core.sources import tng_directory
    from galmass_core.sources.place import Place
    from galmass_core.synthetic.snapshot_writer import read_simulation

    if not tng_directory.matches(Place(particles)):  # its catalogue is written last
        return False
    found = read_simulation(particles)
    if found != simulation:
        msg = f"{particles}: must be a new folder or hold {simulation}, got {found}"
        raise ValueError(msg)
    return True


def _name(args: argparse.Namespace) -> str:
    """Return the name of the data set, if none is given."""
    words = [args.universe] * (args.universe != "reference") + ["thin"] * (args.stars is not None)
    return "-".join(["universe", *words])
