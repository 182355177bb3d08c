"""Alter the folders of a small home one place at a time, and count what galmass makes of each.

    python tests/benchmarks/check_bad_folders.py [--cases N] [--seed 0] [--only TEXT] [--show 20]

The home has data sets, runs of trees, a formula, profiles, a network and a network for every set
of maps, a transfer, a learning curve, and a fetch. Every field of every JSON, every column of every
table, and every file is altered (removed, another type, NaN, huge, cut, a link ...), one at a
time; of errors by target, by set of maps and by name, which are alike, two. By default all cases
are judged, else N drawn by the seed; each beside what belongs to it and one run and one data set
more. Commands and pages must refuse an altered
folder in one sentence that names it, or use it; the other folders must stay usable; and
`galmass check` must notice every altered file that has a checksum. Exits with 1 if there is a
fault. About 0.3 s of CPU time for a case.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import warnings
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bad_folders import FAULTS, Judge, list_cases, make_case, write_home
from cases import limit_time, outcomes, report

AT_A_TIME = 500


def work(whole, home, cases, results) -> None:
    """Judge cases one after another, at one path; a child process."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(whole, home, copy_function=os.link)
    judge = Judge(home)
    for number, case in cases:
        limit_time()
        results.send((number, None))
        shutil.rmtree(home)
        make_case(whole, case, home)
        results.send((number, judge.judge(case)))
    results.send((None, None))


def main() -> int:
    """Run the cases and print the counts."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, help="default: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", metavar="TEXT", help="cases with this in their name")
    parser.add_argument("--show", type=int, default=20, help="faults to print")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        whole, home = folder / "whole", folder / "home"
        os.environ |= {"GALMASS_HOME": str(home), "TQDM_DISABLE": "1"}  # no bars among messages
        write_home(home)
        shutil.copytree(home, whole)
        every = [case for case in list_cases(whole) if args.only in str(case)]
        cases = every
        if args.cases is not None and args.cases < len(every):
            cases = random.Random(args.seed).sample(every, args.cases)
        judges, numbered = partial(work, whole, home), dict(enumerate(cases))
        found = outcomes(
            judges,
            numbered,
            lambda number: str(numbered[number]),
            method="spawn",
            at_a_time=AT_A_TIME,
        )
        return report(found, FAULTS, args.show, f"of {len(every)} cases, seed {args.seed}")


if __name__ == "__main__":
    sys.exit(main())
