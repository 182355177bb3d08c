"""Apply a function to many items in several processes, with results in order."""

import faulthandler
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from math import inf
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 4  # most pending items per worker, to limit memory
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # read at import


class _OverdueError(BaseException):
    """The time of an item is over; not an Exception, so that no task takes it for its own."""


@dataclass
class _Entry(Generic[Item, Result]):
    """An item whose result is not yielded yet."""

    number: int
    item: Item
    future: "Future[Result] | None" = None


def map_in_order(
    task: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    *,
    seconds: float = inf,
    overdue: Callable[[Item], Result] | None = None,
) -> Generator[Result, None, None]:
    """Apply a function to items, in worker processes if there is more than one.

    Workers are spawned processes of one thread each; they ignore Ctrl-C, and exit at once when the
    results are no longer wanted or this process has ended, even if it is killed.

    A worker that needs longer than ``seconds`` for an item ends, whatever it does, compiled code
    too, and is replaced; what the others did at that time is done again. Without workers, an item
    is interrupted as soon as Python code runs again, in the main thread only.

    Parameters
    ----------
    task : callable
        Picklable.
    items : iterable
        Picklable; consumed as needed.
    workers : int
    seconds : float
        Longest wall-clock time of an item.
    overdue : callable, optional
        Returns the result of an item that needs longer; without it there is no limit.

    Yields
    ------
    Result
        In the order of the items.

    Raises
    ------
    ValueError
        If ``workers`` is not positive.
    ChildProcessError
        If a worker is killed from elsewhere.
    """
    if workers < 1:
        msg = f"workers must be at least 1, got {workers}"
        raise ValueError(msg)
    if workers == 1:
        for item in items:
            yield _in_time(task, item, seconds, overdue)
        return
    entries = map(_Entry[Item, Result], count(), items)
    waiting: deque[_Entry[Item, Result]] = deque()
    clock = _Clock(workers, inf if overdue is None else seconds)
    with _environment(dict.fromkeys(_THREADS, "1")):
        while True:
            with _pool(workers, clock) as pool:
                try:
                    yield from _work(pool, task, entries, waiting, _AHEAD * workers)
                    return
                except BrokenProcessPool as error:
                    late = clock.late()
                    if not late or overdue is None:
                        msg = f"one of {workers} workers was killed; too little memory for so many?"
                        raise ChildProcessError(msg) from error
            _settle(waiting, late, overdue)


def _work(
    pool: ProcessPoolExecutor,
    task: Callable[[Item], Result],
    entries: Iterator[_Entry[Item, Result]],
    waiting: "deque[_Entry[Item, Result]]",
    ahead: int,
) -> Iterator[Result]:
    """Yield results in order, first those of waiting entries; raises BrokenProcessPool."""

    def start(entry: _Entry[Item, Result]) -> None:
        entry.future = entry.future or pool.submit(_do, task, entry.number, entry.item)

    def first() -> Result:
        future = waiting[0].future
        assert future is not None  # all of them are started
        result = future.result()
        waiting.popleft()
        return result

    for entry in waiting:
        start(entry)
    for entry in entries:
        waiting.append(entry)
        start(entry)
        if len(waiting) > ahead:
            yield first()
    while waiting:
        yield first()


def _settle(
    waiting: "deque[_Entry[Item, Result]]", late: set[int], overdue: Callable[[Item], Result]
) -> None:
    """Give late entries their results; all others without one are to be started again."""
    for entry in waiting:
        future = entry.future
        if entry.number in late:
            entry.future = Future()
            entry.future.set_result(overdue(entry.item))
        elif future is not None and (not future.done() or future.cancelled() or future.exception()):
            entry.future = None


def _in_time(
    task: Callable[[Item], Result],
    item: Item,
    seconds: float,
    overdue: Callable[[Item], Result] | None,
) -> Result:
    """Apply a function in this process, interrupted by a signal when the time is over."""
    is_main = threading.current_thread() is threading.main_thread()
    if overdue is None or seconds == inf or not is_main or not hasattr(signal, "setitimer"):
        return task(item)

    def interrupt(*_: object) -> None:
        raise _OverdueError

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        return task(item)
    except _OverdueError:
        return overdue(item)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Clock:
    """What each worker does, and since when; shared with the workers.

    Parameters
    ----------
    workers : int
    seconds : float
        After which a worker ends itself.
    """

    def __init__(self, workers: int, seconds: float) -> None:
        context = get_context("spawn")
        self.seconds = seconds
        self._numbers, self._since = context.RawArray("q", workers), context.RawArray("d", workers)
        self._places = context.Value("i", 0)

    def take_place(self) -> int:
        """Return the place of this worker."""
        with self._places.get_lock():
            self._places.value += 1
            return (self._places.value - 1) % len(self._since)

    def begin(self, place: int, number: int) -> None:
        """Write down that a worker begins an item."""
        self._numbers[place], self._since[place] = number, time.monotonic()

    def end(self, place: int) -> None:
        """Write down that a worker is idle."""
        self._since[place] = 0.0

    def late(self) -> set[int]:
        """Return the items that have taken too long, and forget all."""
        now = time.monotonic()
        pairs = zip(self._numbers, self._since, strict=True)
        late = {number for number, since in pairs if since and now - since >= self.seconds}
        self._since[:] = [0.0] * len(self._since)
        return late


_OWN: dict[str, Any] = {}  # of a worker: its clock, and its place there


def _do(task: Callable[[Item], Result], number: int, item: Item) -> Result:
    """Apply a function in a worker, which ends when the time is over.

    The watchdog of faulthandler needs no lock of Python: it also ends compiled code.
    """
    clock: _Clock = _OWN["clock"]
    if clock.seconds == inf:
        return task(item)
    clock.begin(_OWN["place"], number)
    faulthandler.dump_traceback_later(clock.seconds, exit=True, file=_OWN["nowhere"])
    try:
        return task(item)
    finally:
        faulthandler.cancel_dump_traceback_later()
        clock.end(_OWN["place"])


@contextmanager
def _pool(workers: int, clock: _Clock) -> Iterator[ProcessPoolExecutor]:
    """Start worker processes; end them with the block, whatever they do then."""
    context = get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(
        workers, mp_context=context, initializer=_settle_in, initargs=(theirs, clock)
    )
    try:
        yield pool
    finally:
        ours.close()
        pool.shutdown(cancel_futures=True)
        theirs.close()


def _settle_in(parent: Connection, clock: _Clock) -> None:
    """Initialise a worker: one thread, Ctrl-C ignored, exit with the pool."""
    os.environ["NUMBA_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nowhere = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the worker
    _OWN.update(clock=clock, place=clock.take_place(), nowhere=nowhere)
    threading.Thread(target=_end_with_pool, args=(parent,), daemon=True).start()


def _end_with_pool(parent: Connection) -> None:
    """Exit as soon as the parent has closed its end, or has ended."""
    with suppress(EOFError, OSError):
        parent.recv()
    os._exit(1)


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    """Set environment variables temporarily, for new processes to inherit."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
