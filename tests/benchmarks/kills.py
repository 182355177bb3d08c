"""Disturb commands at one moment each, a case after another, and count what goes wrong.

    python tests/benchmarks/kills.py [--cases 500] [--seed 0] [--show 20] [--only WORD] [--jobs 2]

Each case is a command on a few small galaxies, and a fault: SIGKILL, SIGTERM, Ctrl-C, a full disk,
a read-only folder, a clock that jumps by a day; before one of its changes of files, or at a random
moment. Afterwards all that was there before must be there, nothing half under a final name, and the
same words must succeed, leave what an undisturbed command leaves, and no other file. Exits with 1
if anything is wrong. About 1.5 s of CPU time for a case.
"""

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before imports; a process with threads is not to be forked
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["NUMBA_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cases import time_taken
from kills import COMMANDS, FAULTS, Expected, judge, make_case, preload, workplace


def work(place, expected, numbers, seed, name, results) -> None:
    """Judge cases one after another; a child process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    place.move(name)
    for number in numbers:
        case = make_case(number, seed, expected)
        results.send((number, case, judge(place, case, expected[case.command.name])))
    results.close()


def run(place, expected, numbers, seed, jobs):
    """Yield the number of each case, the case, and what is wrong."""
    context, pipes = multiprocessing.get_context("fork"), []
    for job in range(jobs):
        ours, theirs = context.Pipe(duplex=False)
        own = numbers[job::jobs]
        arguments = (place, expected, own, seed, f"output-{job}", theirs)
        context.Process(target=work, args=arguments).start()
        theirs.close()
        pipes.append(ours)
    while pipes:
        for pipe in wait(pipes):
            try:
                yield pipe.recv()
            except EOFError:
                pipes.remove(pipe)


def main() -> int:
    """Run the cases and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=20, help="faults to print")
    parser.add_argument("--only", default="", help="commands of which the name contains this")
    parser.add_argument("--jobs", type=int, default=2, help="cases at a time")
    args = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also in the background of a shell
    preload()
    counts: Counter[tuple[str, str]] = Counter()
    wrong: Counter[tuple[str, str]] = Counter()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, workplace(Path(folder)) as place:
        commands = [each for each in COMMANDS if args.only in each.name]
        expected = {command.name: Expected(place, command) for command in commands}
        numbers = range(args.first, args.first + args.cases)
        with suppress(KeyboardInterrupt):  # the counts so far are printed
            for number, case, notes in run(place, expected, numbers, args.seed, args.jobs):
                counts[case.command.name, case.fault] += 1
                if notes:
                    wrong[case.command.name, case.fault] += 1
                    if wrong.total() <= args.show:
                        print(f"case {number}: {case}: {'; '.join(notes)}"[:600], flush=True)
        for child in multiprocessing.active_children():
            child.terminate()
            child.join()
    total = counts.total()
    print(f"{total} cases of seed {args.seed}, {wrong.total()} faults; {time_taken(start)}")
    print(f"{'':20}" + "".join(f"{fault:>12}" for fault in FAULTS))
    for command in commands:
        pairs = [(command.name, fault) for fault in FAULTS]
        cells = (f"{wrong[pair]} of {counts[pair]}" for pair in pairs)
        print(f"{command.name:20}" + "".join(f"{cell:>12}" for cell in cells))
    return int(wrong.total() > 0 or total < args.cases)


if __name__ == "__main__":
    sys.exit(main())
