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
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bad_files import FAULTS, MEASURED, Outcome, judge, make_case, write_good

SECONDS = 10  # of CPU time
MEMORY = 300 * 1024  # KiB
AT_A_TIME = 500


def peak() -> int:
    """Return the largest memory that this process has had; KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def limit_time() -> None:
    """Let the kernel end this process if it works on a case for too long."""
    used = int(sum(os.times()[:2]))
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (used + SECONDS + 1, hard))


def work(goods, cases, seed, folder, results) -> None:
    """Judge cases one after another; a child process."""
    for good in goods:
        judge(good, good.folder, "whole", measured=True)
    base = peak()
    for case in cases:
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


def run(goods, cases, seed, folder):
    """Yield the outcome of each case, judged in child processes."""
    context = multiprocessing.get_context("fork")
    waiting = list(cases)
    while waiting:
        ours, theirs = context.Pipe(duplex=False)
        batch = waiting[:AT_A_TIME]
        child = context.Process(target=work, args=(goods, batch, seed, folder, theirs))
        child.start()
        theirs.close()
        began, done = None, set()
        try:
            while True:
                case, outcome = ours.recv()
                if case is None:
                    break
                if outcome is None:
                    began = case
                    continue
                done.add(case)
                yield case, outcome
        except EOFError:
            child.join()
            if began is not None and began not in done:
                what = make_case(goods, began, seed, Path(tempfile.mkdtemp(dir=folder)))[2]
                kind = "hang" if child.exitcode == -24 else "crash"
                done.add(began)
                yield began, Outcome(kind, what, f"exit code {child.exitcode}")
        child.join()
        waiting = [case for case in waiting if case not in done]


def main() -> int:
    """Run the cases and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=20, help="faults to print")
    args = parser.parse_args()
    counts: Counter[str] = Counter()
    shown: Counter[tuple[str, str]] = Counter()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        goods = write_good(Path(folder) / "good")
        for good in goods:
            outcome = judge(good, good.folder, "whole", measured=True)
            assert outcome.kind == "read", (good.name, outcome)
        cases = range(args.first, args.first + args.cases)
        for case, outcome in run(goods, cases, args.seed, Path(folder)):
            counts[outcome.kind] += 1
            if outcome.kind in FAULTS:
                group = outcome.kind, outcome.detail[:40]
                shown[group] += 1
                if shown[group] == 1 and len(shown) <= args.show:
                    print(f"case {case}: {outcome.kind}: {outcome.what}: {outcome.detail}"[:400])
    faults = sum(counts[kind] for kind in FAULTS)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{args.cases} cases of seed {args.seed}, {faults} faults; ", end="")
    print(f"{used.ru_utime + used.ru_stime:.0f} s of CPU time, {time.monotonic() - start:.0f} s")
    for kind, count in counts.most_common():
        print(f"  {kind}: {count}")
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main())
