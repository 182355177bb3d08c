"""One thread for each kind of slow work, and a session's place with it.

A session submits through its `Slot` and looks there from its own callbacks; no worker changes a
page.
"""

import os
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from queue import SimpleQueue
from threading import Thread
from typing import Any


class Executor:
    """One thread that calls one function at a time.

    Unlike that of a `concurrent.futures.ThreadPoolExecutor`, whose threads are joined at exit, it
    never keeps the server from stopping.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue = SimpleQueue()
        Thread(target=self._run, daemon=True).start()

    def submit(self, function: Callable[..., Any], *arguments: object) -> Future:
        """Put a call at the end of the queue."""
        future: Future = Future()
        self._queue.put((future, function, arguments))
        return future

    def _run(self) -> None:
        """Make the calls that have not been cancelled."""
        while True:
            future, function, arguments = self._queue.get()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(function(*arguments))
                except Exception as error:  # for whoever takes the result
                    future.set_exception(error)


def spare_a_core() -> None:
    """Let networks leave a core to those who look at pages."""
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))


# AHEAD: what nobody waits for yet, so that nobody waits behind it
QUICK, SLOW, NETWORKS, ESTIMATES, WEB, THUMBNAILS, AHEAD = (Executor() for _ in range(7))


class Job:
    """A function that an executor calls with the job, to report progress and to be cancelled."""

    def __init__(self, executor: Executor, work: Callable[["Job"], Any]) -> None:
        self.progress, self._cancelled = "", False
        self.future = executor.submit(self._run, work)

    def cancel(self) -> None:
        """Ask the function to stop, or never call it."""
        self._cancelled = True
        self.future.cancel()

    def check(self, progress: str = "") -> None:
        """Report progress; raise `CancelledError` if the job was cancelled."""
        if self._cancelled:
            raise CancelledError
        self.progress = progress

    def _run(self, work: Callable[["Job"], Any]) -> Any:  # noqa: ANN401
        self.check()
        return work(self)


class Slot:
    """A session's place with an executor: a new job cancels the one before."""

    def __init__(self, executor: Executor) -> None:
        self._executor, self._job = executor, None

    @property
    def busy(self) -> bool:
        """Whether there is a job whose result has not been taken."""
        return self._job is not None

    @property
    def ready(self) -> bool:
        """Whether the result can be taken."""
        return self.busy and self._job.future.done()

    @property
    def progress(self) -> str:
        """How far the job is."""
        return self._job.progress if self.busy else ""

    def submit(self, work: Callable[[Job], Any]) -> None:
        """Have a function called with its job by the executor."""
        self.cancel()
        self._job = Job(self._executor, work)

    def cancel(self) -> None:
        """Cancel the job, if there is one."""
        if self._job:
            self._job.cancel()
            self._job = None

    def take(self) -> Any:  # noqa: ANN401
        """Return the result, once; None until it is ready. Raises what the function raised."""
        if not self.ready:
            return None
        job, self._job = self._job, None
        return job.future.result()
