"""Alter the folders of a small home one place at a time, and count what galmass makes of each.

    python tests/benchmarks/check_bad_folders.py [--cases N] [--seed 0] [--only TEXT] [--show 20]

The home has data sets, runs of trees, a formula, profiles, a network and a network for every set
of maps, a transfer, a learning curve, and a fetch. Every field of every JSON, every column of every
table, and every file is altered (removed, another type, NaN, huge, cut, a link ...), one at a
time; by default all of them, else N drawn by the seed. Commands and pages must refuse an altered
folder in one sentence that names it, or use it; the other folders must stay usable; and
`galmass check` must notice every altered file that has a checksum. Exits with 1 if there is a
fault. About 0.3 s of CPU time for a case.
"""

import argparse
import multiprocessing
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bad_folders import FAULTS, Judge, Outcome, list_cases, make_case, write_home

SECONDS = 10  # of CPU time
AT_A_TIME = 200


def limit_time() -> None:
    """Let the kernel end this process if it works on a case for too long."""
    used = int(sum(os.times()[:2]))
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (used + SECONDS + 1, hard))


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


def run(whole, home, cases):
    """Yield the outcome of each case, judged in child processes."""
    context = multiprocessing.get_context("spawn")
    waiting = dict(enumerate(cases))
    while waiting:
        ours, theirs = context.Pipe(duplex=False)
        batch = list(waiting.items())[:AT_A_TIME]
        child = context.Process(target=work, args=(whole, home, batch, theirs))
        child.start()
        theirs.close()
        began = None
        try:
            while True:
                number, outcome = ours.recv()
                if number is None:
                    break
                if outcome is None:
                    began = number
                    continue
                del waiting[number]
                yield outcome
        except EOFError:
            child.join()
            if began is None:
                raise
            if began in waiting:
                kind = "hang" if child.exitcode == -24 else "crash"
                yield Outcome(kind, str(waiting.pop(began)), f"exit code {child.exitcode}")
        child.join()


def main() -> int:
    """Run the cases and print the counts."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, help="default: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", metavar="TEXT", help="cases with this in their name")
    parser.add_argument("--show", type=int, default=20, help="faults to print")
    args = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        whole, home = folder / "whole", folder / "home"
        os.environ["GALMASS_HOME"] = str(home)
        write_home(home)
        shutil.copytree(home, whole)
        every = [case for case in list_cases(whole) if args.only in str(case)]
        cases = every
        if args.cases is not None and args.cases < len(every):
            cases = random.Random(args.seed).sample(every, args.cases)
        counts, shown = Counter(), Counter()
        for outcome in run(whole, home, cases):
            counts[outcome.kind] += 1
            if outcome.kind in FAULTS:
                group = outcome.kind, outcome.detail[:60]
                shown[group] += 1
                if shown[group] == 1 and len(shown) <= args.show:
                    print(f"{outcome.kind}: {outcome.what}: {outcome.detail}"[:500], flush=True)
    faults = sum(counts[kind] for kind in FAULTS)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{len(cases)} of {len(every)} cases, seed {args.seed}, {faults} faults; ", end="")
    print(f"{used.ru_utime + used.ru_stime:.0f} s of CPU time, {time.monotonic() - start:.0f} s")
    for kind, count in counts.most_common():
        print(f"  {kind}: {count}")
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main())
