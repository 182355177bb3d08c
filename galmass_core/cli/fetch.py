"""``galmass fetch``: galaxies of the TNG simulations from their web API."""

import argparse
import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galmass_core.cli.stopping import stop_on_sigterm
from galmass_core.storage.progress import progress_bar

if TYPE_CHECKING:
    from galmass_core.fetch.plan import Plan


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass fetch``."""
    fetch = commands.add_parser(
        "fetch",
        help="fetch galaxies of TNG and Illustris from their web API",
        description="Fetch the paper's sample of galaxies of a snapshot from the TNG web API: the "
        "needed fields\nof the group catalogue, then a cutout of each galaxy. If stopped, run it "
        "again to resume.\nThe API key is read from the environment variable TNG_API_KEY.",
        epilog="examples:\n"
        "  galmass fetch --out tng100 --dry-run\n"
        "  galmass fetch --out tng100 --limit 100   then: galmass build tng100 --out few\n"
        "  galmass fetch --out tng100 --where 'log_mstar > 11 and is_central'\n"
        "  galmass fetch --out tng100 --build tng100-maps    keeps maps, not particles",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    fetch.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to create")
    fetch.add_argument(
        "--suite",
        default="TNG100-1",
        metavar="NAME",
        help="such as TNG50-1, TNG300-1, Illustris-1, TNG-Cluster (default: TNG100-1)",
    )
    fetch.add_argument(
        "--snapshot", type=int, metavar="N", help="default: the last, 99 of TNG, 135 of Illustris"
    )
    fetch.add_argument("--limit", type=int, metavar="N", help="fetch only the first N galaxies")
    fetch.add_argument(
        "--where",
        metavar="CONDITION",
        help="fetch only galaxies of which the group catalogue fulfils this, such as "
        "'log_mstar > 11'",
    )
    fetch.add_argument(
        "--dry-run", action="store_true", help="print what would be fetched: count, size, time"
    )
    fetch.add_argument("--json", action="store_true", help="print the dry run as JSON")
    fetch.add_argument(
        "--build",
        type=Path,
        metavar="DATA",
        help="build a data set there on arrival, and keep no particles",
    )
    fetch.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="NAME",
        help="offsets, or a supplementary catalogue, such as stellar_circs.hdf5; may be repeated",
    )
    fetch.set_defaults(run=_fetch, when_stopped="Run the same command again to resume.")


def _fetch(args: argparse.Namespace) -> None:
    """Run ``galmass fetch``."""
    from galmass_core.fetch.client import Client, base_from_environment
    from galmass_core.fetch.key import key_from_environment
    from galmass_core.fetch.plan import plan
    from galmass_core.fetch.sample import fetch_file, open_fetcher

    if args.limit is not None and args.limit < 1:
        msg = f"limit must be at least 1, got {args.limit}"
        raise ValueError(msg)
    if args.json and not args.dry_run:
        msg = "--json must come with --dry-run"
        raise ValueError(msg)
    stop_on_sigterm()
    client = Client(key=key_from_environment(), base=base_from_environment())
    wanted = {"limit": args.limit, "where": args.where, "build": args.build}
    if args.dry_run:
        planned = plan(client, args.suite, args.snapshot, args.out, **wanted)
        entries = asdict(planned) | {"hours": planned.hours}
        print(json.dumps(entries) if args.json else _in_words(planned))
        return
    with ExitStack() as stack:
        with progress_bar("catalogue", args.out, unit="file") as show:
            opened = open_fetcher(
                client,
                args.suite,
                args.snapshot,
                args.out,
                **wanted,
                also=args.also,
                progress=show,
            )
            fetcher = stack.enter_context(opened)
        info = fetcher.info
        for name in args.also:
            print(fetch_file(client, info.run, info.snapshot, name, args.out))
        if args.build is None:
            _fetch_cutouts(fetcher, args)
        else:
            _build(fetcher, args)


def _fetch_cutouts(fetcher: Any, args: argparse.Namespace) -> None:  # noqa: ANN401
    from galmass_core.fetch.sample import fetch_cutouts
    from galmass_core.sources import CUTOUTS

    with progress_bar("fetching", args.out, lost="failed") as show:
        fetched = fetch_cutouts(
            fetcher, args.out, lambda *counts: show(*counts, note=fetcher.status.note)
        )
    print(f"{args.out / CUTOUTS}: {fetched.galaxies} galaxies")
    if fetched.failed:
        subhalo, reason = next(iter(fetched.failed.items()))
        count = len(fetched.failed)
        msg = (
            f"{count} of {count + fetched.galaxies} galaxies could not be fetched, "
            f"the first, {subhalo}: {reason}; "
            "run the same command again to try again"
        )
        raise OSError(msg)


def _build(fetcher: Any, args: argparse.Namespace) -> None:  # noqa: ANN401
    from galmass_core.cli.data import one_thread_each, print_dataset
    from galmass_core.datasets.build import build_dataset
    from galmass_core.fetch.cutouts import WORKERS, cutout_bytes
    from galmass_core.fetch.remote import find_remote

    one_thread_each()
    sizes = cutout_bytes(fetcher.subhaloes).cumsum()
    with progress_bar("building", args.build) as show:

        def progress(done: int, total: int, excluded: int) -> None:
            fetcher.status.report(done, total, size=int(sizes[done - 1]), failed=excluded)
            show(done, total, excluded, fetcher.status.note)

        dataset = build_dataset(
            find_remote(fetcher, args.out), args.build, workers=WORKERS, progress=progress
        )
    names = dataset.excluded["name"]
    reasons = [
        f"{name}: {reason}" if name else reason
        for name, reason in zip(names, dataset.excluded["reason"], strict=True)
    ]
    fetcher.status.report(  # whole, also where a call before had built the last galaxy
        len(sizes), len(sizes), size=int(sizes[-1]), failed=len(reasons), reasons=reasons
    )
    print_dataset(dataset, as_json=False)


def _in_words(plan: "Plan") -> str:
    """Return a plan as text."""
    about = "about " if plan.is_estimate else ""
    lines = [
        f"{about}{plan.galaxies:,} galaxies, {plan.missing:,} of them to be fetched",
        f"group catalogue: {about}{plan.catalogue_bytes / 1e9:.2f} GB",
        f"cutouts: {about}{plan.cutout_bytes / 1e9:.2f} GB",
        f"disk: {about}{plan.disk_bytes / 1e9:.2f} GB needed, {plan.free_bytes / 1e9:.2f} GB free",
        f"time: about {plan.hours:.1f} hours for the cutouts, at 8,000 galaxies an hour; "
        "slow lines and large galaxies take longer",
    ]
    if plan.is_estimate:
        lines.append("sizes are estimates, without --where, until the catalogue is there")
    return "\n".join(lines)
