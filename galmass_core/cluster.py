"""Run independent tasks on the workers of a Dask scheduler.

Workers are processes of this machine, or of others that see the same files under the same paths.
"""

import logging
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from galmass_core import __version__

if TYPE_CHECKING:
    from distributed import Client, Future

Item = TypeVar("Item")
Result = TypeVar("Result")

LOCAL = "local"
_CONNECT = 30.0  # s to wait for a scheduler
_LOGGERS = ("distributed", "distributed.client", "distributed.gc", "tornado.application")
_BEAT = 30.0  # s between two calls of `beat`


@contextmanager
def connect(scheduler: str, workers: int = 1) -> Iterator["Client"]:
    """Connect to a Dask scheduler; end what was started for it with the block.

    Dask's own messages are not shown meanwhile: `map_as_completed` raises what matters.

    Parameters
    ----------
    scheduler : str
        Address, such as ``tcp://host:8786``; or ``local``, which starts worker processes of one
        thread each on this machine.
    workers : int
        Number of processes that ``local`` starts.

    Yields
    ------
    distributed.Client

    Raises
    ------
    ValueError
        If Dask is not installed, or ``workers`` is below 1.
    ConnectionError
        If no scheduler answers at the address, or one of its workers has another galmass or none.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        msg = f"scheduler must go with Dask (pip install 'galmass[cluster]'), got {scheduler}"
        raise ValueError(msg) from error
    if workers < 1:
        msg = f"workers must be at least 1, got {workers}"
        raise ValueError(msg)
    with _silenced():
        if scheduler == LOCAL:
            with (
                LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    memory_limit=0,  # none, as for other worker processes
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",  # any free port
                    silence_logs=logging.CRITICAL,
                    preload=__name__,
                ) as cluster,
                Client(cluster) as client,
            ):
                yield client
            return
        try:
            client = Client(scheduler, timeout=_CONNECT)
        except (OSError, ValueError) as error:
            msg = (
                f"scheduler must be {LOCAL} or the address of a running Dask scheduler, such as "
                f"tcp://host:8786, got {scheduler} ({error})"
            )
            raise ConnectionError(msg) from error
        with client:
            _check_workers(client)
            yield client


def _check_workers(client: "Client") -> None:
    """Check that all workers have this galmass.

    Distributed 2026.8 closes a worker that cannot import a task's module, and its client waits.
    """
    found = client.run(eval, "__import__('galmass_core').__version__", on_error="return")
    for address, version in found.items():
        if version != __version__:
            msg = f"worker {address}: must have galmass {__version__} installed, got {version}"
            raise ConnectionError(msg)


def dask_setup(_: object) -> None:
    """Let a worker ignore Ctrl-C, which ends the client, and that its workers; called by Dask."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def dashboard_link(client: "Client") -> str:
    """Return the address of Dask's dashboard; empty if the scheduler has none."""
    with suppress(KeyError):
        return client.dashboard_link or ""
    return ""


def map_as_completed(
    task: Callable[[Item], Result],
    items: Iterable[Item],
    client: "Client",
    beat: Callable[[], None],
) -> Generator[tuple[int, Result | Exception], None, None]:
    """Apply a function to items on a cluster, with results as they come.

    A task whose worker is lost goes to another one, and may be run twice at once. Tasks that have
    not begun are cancelled when results are no longer wanted.

    Parameters
    ----------
    task : callable
        Picklable, in a module that the scheduler and all workers can import.
    items : iterable
        Small and picklable.
    client : distributed.Client
    beat : function
        Called at least every half minute.

    Yields
    ------
    number : int
        Of the item.
    result : Result or Exception
        Result, or the exception that the task raised; ChildProcessError if worker after worker
        was lost in it.

    Raises
    ------
    ConnectionError
        If the connection to the scheduler is lost.
    """
    from distributed import wait

    address = client.scheduler.address if client.scheduler else ""
    waiting: dict[Future, int] = {}
    try:
        for number, item in enumerate(items):
            waiting[client.submit(task, item, pure=False)] = number
        while waiting:
            beat()
            done: Iterable[Future] = ()
            with suppress(TimeoutError):
                done = wait(list(waiting), timeout=_BEAT, return_when="FIRST_COMPLETED").done
            for future in done:
                yield waiting.pop(future), _outcome(future)
    except CancelledError as error:
        msg = f"the connection to the Dask scheduler at {address} was lost; the same call resumes"
        raise ConnectionError(msg) from error
    finally:
        with suppress(Exception):  # the scheduler may have gone
            client.cancel(list(waiting))


def _outcome(future: "Future") -> Any:  # noqa: ANN401
    """Return the result of a task, or its exception."""
    from distributed import KilledWorker

    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, KilledWorker):
        msg = "worker after worker was lost in the same task; too little memory?"
        return ChildProcessError(msg)
    if isinstance(error, ImportError) or "deserialization" in str(error):
        msg = (
            "scheduler and workers must have the galmass and the packages of this process, "
            f"but cannot read its tasks: {' '.join(str(error).split())}"
        )
        return ValueError(msg)
    return error


@contextmanager
def _silenced() -> Iterator[None]:
    """Hide Dask's messages."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
