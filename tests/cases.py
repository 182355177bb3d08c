"""Judge many cases in child processes, so that a crash or a hang is the outcome of one of them."""

import multiprocessing
import os
import resource
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SECONDS = 10  # of CPU time that a case may take


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Attributes
    ----------
    kind : str
        ``hang`` or ``crash`` of its process, else what its judge says.
    what : str
        The case.
    detail : str
    """

    kind: str
    what: str
    detail: str = ""


def limit_time() -> None:
    """Let the kernel end this process if it works on a case for too long."""
    used = int(sum(os.times()[:2]))
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (used + SECONDS + 1, hard))


def outcomes(
    work: Callable[..., object],
    cases: Mapping[int, Any],
    name: Callable[[int], str],
    *,
    method: str,
    at_a_time: int,
) -> Iterator[tuple[int, Outcome]]:
    """Yield the outcome of each case.

    Parameters
    ----------
    work : function
        Of numbers with their cases, and of a connection. In a child process it judges them one
        after another: it sends ``(number, None)`` before and ``(number, outcome)`` after each, and
        ``(None, None)`` in the end. If it returns before, another process goes on.
    cases : mapping of int to any
    name : function
        Of a number, what it is: for one that has ended its process.
    method : str
        ``fork`` or ``spawn``.
    at_a_time : int
        Cases of one process.
    """
    context, waiting = multiprocessing.get_context(method), dict(cases)
    while waiting:
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=work, args=([*waiting.items()][:at_a_time], theirs))
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
                yield number, outcome
        except EOFError:
            child.join()
            if began is None:
                raise
            if began in waiting:
                del waiting[began]
                kind = "hang" if child.exitcode == -24 else "crash"
                yield began, Outcome(kind, name(began), f"exit code {child.exitcode}")
        child.join()


def report(
    found: Iterable[tuple[int, Outcome]], faults: Collection[str], show: int, what: str
) -> int:
    """Print a fault of each sort as it comes, and counts in the end; return 1 if there is one.

    Parameters
    ----------
    found : iterable of (int, Outcome)
    faults : collection of str
        Kinds that are faults.
    show : int
        Faults to print.
    what : str
        What the cases are, after their number.
    """
    counts, shown, start = Counter(), Counter(), time.monotonic()
    for number, outcome in found:
        counts[outcome.kind] += 1
        if outcome.kind in faults:
            group = outcome.kind, outcome.detail[:60]
            shown[group] += 1
            if shown[group] == 1 and len(shown) <= show:
                text = f"case {number}: {outcome.kind}: {outcome.what}: {outcome.detail}"
                print(text[:500], flush=True)
    total = sum(counts[kind] for kind in faults)
    print(f"{counts.total()} {what}, {total} faults; {time_taken(start)}")
    for kind, count in counts.most_common():
        print(f"  {kind}: {count}")
    return min(total, 1)


def time_taken(start: float) -> str:
    """Return the CPU time of all child processes, and the time since a start, as text."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return f"{used.ru_utime + used.ru_stime:.0f} s of CPU time, {time.monotonic() - start:.0f} s"
