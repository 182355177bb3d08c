"""Disturb commands at one moment each, a case after another, and count what goes wrong.

    python tests/benchmarks/kills.py [--cases 500] [--seed 0] [--show 20] [--only WORD]

Each case is a command on a few small galaxies, and a fault: SIGKILL, SIGTERM, Ctrl-C, a full disk,
a read-only folder, a clock that jumps by a day; before one of its changes of files, or at a random
moment. Afterwards all that was there before must be there, nothing half under a final name, and the
same words must succeed, leave what an undisturbed command leaves, and no other file. Exits with 1
if anything is wrong. About 1.5 s of CPU time for a case.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before imports; a process with threads is not to be forked
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["NUMBA_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kills import COMMANDS, FAULTS, Expected, judge, make_case, preload, workplace


def main() -> int:
    """Run the cases and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=20, help="faults to print")
    parser.add_argument("--only", default="", help="commands of which the name contains this")
    args = parser.parse_args()
    preload()
    counts: Counter[tuple[str, str]] = Counter()
    wrong: Counter[tuple[str, str]] = Counter()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, workplace(Path(folder)) as place:
        commands = [each for each in COMMANDS if args.only in each.name]
        expected = {command.name: Expected(place, command) for command in commands}
        for number in range(args.first, args.first + args.cases):
            case = make_case(number, args.seed, expected)
            notes = judge(place, case, expected[case.command.name])
            counts[case.command.name, case.fault] += 1
            if notes:
                wrong[case.command.name, case.fault] += 1
                if wrong.total() <= args.show:
                    print(f"case {number}: {case}: {'; '.join(notes)}"[:600], flush=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{args.cases} cases of seed {args.seed}, {wrong.total()} faults; ", end="")
    print(f"{used.ru_utime + used.ru_stime:.0f} s of CPU time, {time.monotonic() - start:.0f} s")
    print(f"{'':20}" + "".join(f"{fault:>12}" for fault in FAULTS))
    for command in commands:
        pairs = [(command.name, fault) for fault in FAULTS]
        cells = (f"{wrong[pair]} of {counts[pair]}" for pair in pairs)
        print(f"{command.name:20}" + "".join(f"{cell:>12}" for cell in cells))
    return min(wrong.total(), 1)


if __name__ == "__main__":
    sys.exit(main())
