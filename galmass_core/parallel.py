"""Apply a function to many items in several processes, with results in order."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 4  # most pending items per worker, to limit memory
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # read at import


def map_in_order(
    task: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Generator[Result, None, None]:
    """Apply a function to items, in worker processes if there is more than one.

    Workers are spawned processes of one thread each; they ignore Ctrl-C, and exit at once when the
    results are no longer wanted or this process has ended, even if it is killed.

    Parameters
    ----------
    task : callable
        Picklable.
    items : iterable
        Picklable; consumed as needed.
    workers : int

    Yields
    ------
    Result
        In the order of the items.

    Raises
    ------
    ValueError
        If ``workers`` is not positive.
    ChildProcessError
        If a worker is killed.
    """
    if workers < 1:
        msg = f"workers must be at least 1, got {workers}"
        raise ValueError(msg)
    if workers == 1:
        yield from map(task, items)
        return
    with _environment(dict.fromkeys(_THREADS, "1")), _pool(workers) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(task, item))
                if len(waiting) > _AHEAD * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            msg = f"one of {workers} workers was killed; too little memory for so many?"
            raise ChildProcessError(msg) from error


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Start worker processes; end them with the block, whatever they do then."""
    context = get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(
        workers, mp_context=context, initializer=_settle_in, initargs=(theirs,)
    )
    try:
        yield pool
    finally:
        ours.close()
        pool.shutdown(cancel_futures=True)
        theirs.close()


def _settle_in(parent: Connection) -> None:
    """Initialise a worker: one thread, Ctrl-C ignored, exit with the pool."""
    os.environ["NUMBA_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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
