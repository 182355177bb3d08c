"""Results of workers -> a page: polled from when a job is submitted until it is done."""

from collections.abc import Callable

import panel as pn

from galmass_app.framework import batched_update
from galmass_app.state import SessionState

POLL_PERIOD = 60  # ms


class WorkerPoller:
    """Lets a page take the results of its workers, which never change a page themselves.

    Parameters
    ----------
    pull : callable
        Takes the results, and returns whether there are more to come.
    session : SessionState
        Its ``computing`` counts those that wait.
    """

    def __init__(self, pull: Callable[[], bool], session: SessionState) -> None:
        self._pull, self._session, self._waits = pull, session, False
        self._callback = pn.io.PeriodicCallback(
            callback=self.poll,
            period=POLL_PERIOD,
            background=True,  # else each look counts as work of the page
        )

    def wake(self) -> None:
        """Start polling, unless it is running, once the page has reached its visitor."""
        self._wait(True)
        pn.state.onload(lambda: self._callback.running or self._callback.start())

    def poll(self) -> None:
        """Poll once; stop when nothing is left."""
        with batched_update():
            more = self._pull()
        self._wait(more)
        if not more:
            self._callback.stop()

    def _wait(self, waits: bool) -> None:
        """Count among those that wait, or no longer."""
        self._session.computing += waits - self._waits
        self._waits = waits
