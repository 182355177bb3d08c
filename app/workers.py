"""One thread for each kind of slow work, and a session's place with it.

A session submits through its `Slot` and looks there from its own callbacks; no worker changes a
page. When the server stops, queued jobs are cancelled and a running one ends after its next step.
"""

from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from threading import main_thread
from typing import Any

QUICK, SLOW, NETWORKS, ESTIMATES = (ThreadPoolExecutor(1) for _ in range(4))


class Job:
    """A function that an executor calls with the job, to report progress and to be cancelled."""

    def __init__(self, executor: ThreadPoolExecutor, work: Callable[["Job"], Any]) -> None:
        self.progress, self._cancelled = "", False
        self.future = executor.submit(self._run, work)

    def cancel(self) -> None:
        """Ask the function to stop, or never call it."""
        self._cancelled = True
        self.future.cancel()

    def check(self, progress: str = "") -> None:
        """Report progress; raise `CancelledError` if the job was cancelled or the server stops."""
        if self._cancelled or not main_thread().is_alive():
            raise CancelledError
        self.progress = progress

    def _run(self, work: Callable[["Job"], Any]) -> Any:  # noqa: ANN401
        self.check()
        return work(self)


class Slot:
    """A session's place with an executor: a new job cancels the one before."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
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
