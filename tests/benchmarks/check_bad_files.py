"""Damage small files of every format, a case after another, and count what reading them gives.

    python tests/benchmarks/check_bad_files.py [--cases 100000] [--seed 0] [--show 20]

Each case is a whole galaxy file or directory with one damage: values that are not finite, huge,
tiny or negative; other shapes and types; what is missing, empty, a group for a dataset, a link, or
cut. It must be refused by an error that names file, field and rule, or read as a galaxy that is
possible; a share of those is measured. Faults are all else, more than 10 s of CPU time, and more
than 300 MB of memory beyond that of the whole files. Exits with 1 if there is one. About 10 ms of
CPU time for a case.
"""

import argparse
import resource
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bad_files import FAULTS, MEASURED, judge, make_case, write_good
from cases import Outcome, limit_time, outcomes, report

MEMORY = 300 * 1024  # KiB
AT_A_TIME = 500


def peak() -> int:
    """Return the largest memory that this process has had; KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def work(goods, seed, folder, cases, results) -> None:
    """Judge cases one after another; a child process."""
    for good in goods:
        judge(good, good.folder, "whole", measured=True)
    base = peak()
    for case, _ in cases:
        limit_time()
        results.send((case, None))
        outcome = run_case(goods, case, seed, folder)
        if peak() > base + MEMORY:
            outcome = Outcome("memory", outcome.what, f"{(peak() - base) >> 10} MB")
        results.send((case, outcome))
        if outcome.kind == "memory":
            return
    results.send((None, None))


def run_case(goods, case, seed, folder) -> Outcome:
    """Make a case, judge it, and remove it."""
    good, at, what = make_case(goods, case, seed, folder)
    try:
        return judge(good, at, what, measured=case % round(1 / MEASURED) == 0)
    finally:
        shutil.rmtree(at)


def main() -> int:
    """Run the cases and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=20, help="faults to print")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        goods = write_good(folder / "good")
        for good in goods:
            outcome = judge(good, good.folder, "whole", measured=True)
            assert outcome.kind == "read", (good.name, outcome)

        def describe(case: int) -> str:
            return make_case(goods, case, args.seed, Path(tempfile.mkdtemp(dir=folder)))[2]

        cases = dict.fromkeys(range(args.first, args.first + args.cases))
        judges = partial(work, goods, args.seed, folder)
        found = outcomes(judges, cases, describe, method="fork", at_a_time=AT_A_TIME)
        return report(found, FAULTS, args.show, f"cases of seed {args.seed}")


if __name__ == "__main__":
    sys.exit(main())
