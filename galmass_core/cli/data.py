"""``galmass build | catalogue | combine | join | info``: data sets."""

import argparse
import json
import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galmass_core.cli.arguments import (
    add_channels,
    add_data,
    add_home,
    add_scheduler,
    add_stars,
    cluster_client,
    positive,
)
from galmass_core.datasets.filter_syntax import LANGUAGE
from galmass_core.storage.progress import progress_bar

if TYPE_CHECKING:
    from galmass_core.datasets.dataset import DataSet

_INFO_COLUMNS = (
    "log_mstar",
    "log_mdm",
    "log_mgas",
    "half_mass_radius",
    "abs_mag_r_intrinsic",
    "g_minus_r_intrinsic",
    "abs_mag_r",
    "g_minus_r",
)


def add_commands(commands: Any) -> None:  # noqa: ANN401
    """Add the parsers of the commands for data sets."""
    _add_build(commands)
    _add_catalogue(commands)
    _add_combine(commands)
    _add_join(commands)
    _add_info(commands)


def _add_build(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass build``."""
    build = commands.add_parser(
        "build",
        help="build a data set of simulated galaxies",
        description="Build a data set: four maps along three lines of sight, and the true masses, "
        "of every\ngalaxy. If interrupted, run it again to resume.",
        epilog=_conditions()
        + "\nexample: galmass build cutouts/ --out mygalaxies --where 'log_mstar > 10'",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    build.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="galaxy file, folder of galaxy files, or snapshot with catalogue, file or folder",
    )
    build.add_argument("--out", required=True, metavar="DIR", help="folder to create")
    build.add_argument(
        "--snapshot", type=int, metavar="N", help="snapshot of a directory (default: the latest)"
    )
    build.add_argument(
        "--groups", type=Path, metavar="PATH", help="catalogue, file or folder, if elsewhere"
    )
    build.add_argument("--suite", default="", metavar="NAME", help="such as EAGLE (default: read)")
    build.add_argument("--simulation", default="", metavar="NAME", help="default: read from files")
    build.add_argument("--limit", type=int, metavar="N", help="read only the first N galaxies")
    build.add_argument("--ids", type=Path, metavar="FILE", help="file of subhalo IDs or names")
    build.add_argument("--where", metavar="EXPR", help="condition on columns, as below")
    build.add_argument(
        "--workers",
        type=positive,
        default=os.cpu_count(),
        metavar="N",
        help="processes (default: all)",
    )
    add_scheduler(build)
    build.add_argument("--device", default="cpu", metavar="D", help="cpu (default) or cuda")
    build.add_argument("--dust", choices=("xu17", "none"), default="xu17", help="default: xu17")
    add_channels(build)
    add_stars(build)
    build.add_argument(
        "--frame",
        default="3rhsm",
        metavar="HALF",
        help="half of the side of maps: in R_hsm (default: 3rhsm, the paper's), in R_e of the r "
        "image, such as 1.5re, or in kpc, such as 10kpc",
    )
    build.add_argument("--json", action="store_true", help="print the result as JSON")
    build.set_defaults(
        run=_build,
        when_stopped="Run the same command again to resume after the last complete shard.",
    )


def _conditions() -> str:
    """Return examples of conditions with explanations, for a terminal."""
    lines = [f"  {example:40}{meaning}" for example, meaning in LANGUAGE]
    return "\n".join(["conditions for --where, such as:", *lines, ""])


def _add_catalogue(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass catalogue``."""
    catalogue = commands.add_parser(
        "catalogue",
        help="build a data set without maps from a group catalogue",
        description="Build a data set of the paper's sample from a group catalogue alone: masses "
        "inside R_hsm and 2 R_hsm, light, sizes, star formation; no particles, no maps.",
        epilog="example: galmass catalogue TNG100-1/output --out tng",
    )
    catalogue.add_argument("directory", metavar="DIR", help="folder of the catalogue's chunks")
    catalogue.add_argument("--out", required=True, metavar="DATA", help="folder to create")
    catalogue.add_argument(
        "--disc-fractions",
        metavar="FILE",
        help="table of kinematic decompositions by SubhaloID: adds bulge fraction and index",
    )
    catalogue.add_argument("--json", action="store_true", help="print the result as JSON")
    catalogue.set_defaults(run=_catalogue, when_stopped="Nothing was written.")


def _add_combine(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass combine``."""
    combine = commands.add_parser(
        "combine",
        help="make one data set of several",
        description="Make one data set of several, such as those of several suites. Maps are "
        "linked, not copied, within a file system. A galaxy that is in two of them is taken from "
        "the first. What their recipes differ in, such as dust, is printed and recorded.",
        epilog="example: galmass combine tng100 tng300 simba --out suites",
    )
    combine.add_argument(
        "data", nargs="+", metavar="DATA", help="data-set folders, or names in the home folder"
    )
    combine.add_argument("--out", required=True, metavar="DIR", help="folder to create")
    add_home(combine)
    combine.add_argument("--json", action="store_true", help="print the result as JSON")
    combine.set_defaults(run=_combine, when_stopped="Nothing was written.")


def _add_join(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass join``."""
    join = commands.add_parser(
        "join",
        help="add the columns of a table to a data set",
        description="Add the columns of a table (text, FITS, Parquet, HDF5) to a data set. Rows "
        "are matched by galaxy name, or by simulation, snapshot and subhalo; what the table does "
        "not state must be the same for the whole data set, or be given here.",
        epilog="example: galmass join tng environment.csv",
    )
    add_data(join)
    join.add_argument("table", metavar="TABLE", help="table with a column of subhalo IDs or names")
    join.add_argument("--key", metavar="COLUMN", help="column of subhalo IDs or galaxy names")
    join.add_argument("--simulation", metavar="NAME", help="of all rows, such as TNG100-1")
    join.add_argument("--snapshot", metavar="N", help="of all rows, such as 99")
    join.add_argument(
        "--prefix", default="", metavar="TEXT", help="put in front of the names of the columns"
    )
    join.set_defaults(run=_join, when_stopped="Nothing was written.")


def _add_info(commands: Any) -> None:  # noqa: ANN401
    """Add the parser of ``galmass info``."""
    info = commands.add_parser(
        "info",
        help="describe a data set",
        description="Describe a data set: its content, its build and its excluded galaxies.",
        epilog="example: galmass info mygalaxies --json",
    )
    add_data(info)
    info.add_argument("--json", action="store_true", help="one row per galaxy, as JSON")
    info.set_defaults(run=_info, when_stopped="")


def one_thread_each() -> None:
    """Limit every process to one thread; ``--workers`` sets the number of processes."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def _build(args: argparse.Namespace) -> None:
    """Run ``galmass build``."""
    one_thread_each()
    from galmass_core.datasets.build import build_dataset
    from galmass_core.imaging.frames import Frame
    from galmass_core.sources import ReadOptions

    frame = Frame.parse(args.frame)

    ids = None if args.ids is None else args.ids.read_text(encoding="utf-8").split()
    with (
        cluster_client(args.scheduler, args.workers) as client,
        progress_bar("building", Path(args.out)) as show,
    ):
        dataset = build_dataset(
            args.sources,
            args.out,
            limit=args.limit,
            ids=ids,
            where=args.where,
            workers=args.workers,
            client=client,
            device=args.device,
            dust=args.dust,
            channels=args.channels,
            stars=args.stars,
            frame=frame,
            progress=show,
            options=ReadOptions(
                snapshot=args.snapshot,
                groups=args.groups,
                suite=args.suite,
                simulation=args.simulation,
            ),
        )
    print_dataset(dataset, as_json=args.json)


def _catalogue(args: argparse.Namespace) -> None:
    """Run ``galmass catalogue``."""
    from galmass_core.datasets.catalogue import build_catalogue
    from galmass_core.datasets.join import join_disc_fractions, read_disc_fractions

    if args.disc_fractions is not None:
        read_disc_fractions(args.disc_fractions)  # check the table before building anything
    dataset = build_catalogue(args.directory, args.out)
    if args.disc_fractions is not None:
        dataset = join_disc_fractions(dataset, args.disc_fractions)
    print_dataset(dataset, as_json=args.json)


def _combine(args: argparse.Namespace) -> None:
    """Run ``galmass combine``."""
    from galmass_core.datasets.combine import combine_datasets
    from galmass_core.datasets.dataset import open_dataset

    dataset = combine_datasets([open_dataset(data) for data in args.data], args.out)
    print_dataset(dataset, as_json=args.json)


def _join(args: argparse.Namespace) -> None:
    """Run ``galmass join``."""
    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.datasets.join import join_table

    dataset = join_table(
        open_dataset(args.data),
        args.table,
        key=args.key,
        simulation=args.simulation,
        snapshot=args.snapshot,
        prefix=args.prefix,
    )
    print(_joined(dataset, Path(args.table).name))


def _joined(dataset: "DataSet", table: str) -> str:
    """Return what the last join of a table added, and what it could not match."""
    record = next(each for each in reversed(dataset.info["joined"]) if each["table"] == table)
    galaxies = len(dataset.galaxy_names)
    matched, rows = record["galaxies"], record["rows"]
    values = record["values"]
    names = {count: [name for name in values if values[name] == count] for count in values.values()}
    lines = [
        f"{', '.join(alike)}: {count} of {len(dataset)} samples have them"
        for count, alike in names.items()
    ]
    lines += [
        f"matched by {', '.join(record['key'])}: {matched} of {galaxies} galaxies have a row, "
        f"{galaxies - matched} have none; {rows - matched} of {rows} rows match no galaxy",
    ]
    lines += [f"left out: {name} ({why})" for name, why in record.get("left_out", {}).items()]
    return "\n".join(lines)


def _info(args: argparse.Namespace) -> None:
    """Run ``galmass info``."""
    from galmass_core.datasets.dataset import open_dataset

    print_dataset(open_dataset(args.data), as_json=args.json)


def print_dataset(dataset: "DataSet", *, as_json: bool) -> None:
    """Print a description of a data set, as text or JSON."""
    print(json.dumps(_envelope(dataset), indent=1) if as_json else _summary(dataset))


def _envelope(dataset: "DataSet") -> dict[str, Any]:
    """Return one row per galaxy with metadata, for JSON."""
    galaxies = dataset.galaxies.reindex(columns=["n_samples", *_INFO_COLUMNS])
    masses = {  # Msun; a logarithm of NaN means zero, unless the species is unknown
        key: (10 ** galaxies[f"log_{key}"]).fillna(0.0).where(dataset.galaxies[count].notna())
        for key, count in {"mstar": "n_stars", "mdm": "n_dm", "mgas": "n_gas"}.items()
    }
    rows = galaxies.assign(**masses).reset_index()
    return {
        "schema": dataset.info["schema"],
        "source": str(dataset.path),
        "split": None,
        "n": len(dataset),
        "galaxies": len(galaxies),
        "suites": dataset.info["suites"],
        "maps": dataset.info.get("maps"),
        "stars": dataset.info.get("stars"),
        "rows": json.loads(rows.to_json(orient="records", double_precision=15)),
        "selection": dataset.info.get("selection", {}),
        "excluded": dataset.excluded.to_dict(orient="records"),
    }


def _summary(dataset: "DataSet") -> str:
    """Return a description of a data set as text."""
    from galmass_core.datasets.capabilities import further_maps, lacks

    suites = ", ".join(dataset.info["suites"])
    lines = [
        str(dataset.path),
        f"{len(dataset.galaxies)} galaxies ({suites}), {len(dataset)} samples",
    ]
    if dataset.has_maps:
        maps = defaultdict(lambda: "?", dataset.info["maps"])  # only the width is required
        lines.append(
            f"light on {maps['light_pixels']}², kinematics on {maps['kinematic_pixels']}² pixels "
            f"over {dataset.frame}; dust {maps['dust']}"
        )
        lines.append(f"further maps: {', '.join(further_maps(dataset))}")
    if stars := dataset.info.get("stars"):
        lines.append(f"thinned to {stars:,} stars a galaxy; true masses are those of all stars")
    for record in dataset.info.get("combined", []):
        lines.append(f"combined from {record['name']}: {record['samples']:,} samples")
    lines += [f"not alike: {text}" for text in dataset.info.get("differences", [])]
    for record in dataset.info.get("joined", []):
        lines.append(f"joined from {record['table']}: {', '.join(record['columns'])}")
    lines += ["", *_ranges(dataset), ""]
    lines += [f"{species}: {text}" for species, text in dataset.missing_matter().items()]
    found = lacks(dataset)._asdict().items()
    lines += [f"not for {use.replace('_', ' ')}: {why}" for use, why in found if why]
    lines += _left_out(dataset)
    return "\n".join(lines)


def _left_out(dataset: "DataSet") -> list[str]:
    """Return a line for each reason of exclusion, and N compared with the paper's."""
    from galmass_core.sample import PAPER_GALAXIES

    selection = dataset.info.get("selection", {})
    lines = [f"{len(dataset.galaxies)} galaxies; the paper's sample has {PAPER_GALAXIES}"]
    lines = lines if selection else []
    chunks = dataset.info.get("catalogue", {})
    if chunks and chunks["chunks"] < chunks["all_chunks"]:
        lines.append(f"from {chunks['chunks']} of {chunks['all_chunks']} files of the catalogue")
    lines += [f"  {count} × {reason}" for reason, count in selection.items()]
    lines.append(f"excluded: {len(dataset.excluded)}")
    for reason, group in dataset.excluded.groupby("reason", sort=False):
        names = ", ".join([name for name in group["name"] if name][:3])
        lines.append(f"  {len(group)} × {reason}" + (f" ({names})" if names else ""))
    return lines


def _ranges(dataset: "DataSet") -> list[str]:
    """Return a line for each main quantity with its minimum, median and maximum."""
    from galmass_core.quantities import quantity

    lines = [f"{'':46}{'lowest':>10}{'median':>10}{'highest':>10}"]
    for key in (key for key in _INFO_COLUMNS if key in dataset.galaxies):
        low, middle, high = dataset.galaxies[key].quantile([0, 0.5, 1])
        label = f"{'log ' if quantity(key).log else ''}{quantity(key).name} [{quantity(key).unit}]"
        lines.append(f"{label:46}{low:10.3f}{middle:10.3f}{high:10.3f}")
    return lines
