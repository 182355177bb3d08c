"""Results of workers -> a page: polled from when a job is submitted until it is done."""

from collections.abc import Callable

import panel as pn

from galmass_app.framework import batched_update

POLL_PERIOD = 60  # ms


class WorkerPoller:
    """Lets a page take the results of its workers, which never change a page themselves.

    Parameters
    ----------
    pull : callable
        Takes the results, and returns whether there are more to come.
    """

    def __init__(self, pull: Callable[[], bool]) -> None:
        self._pull = pull
        self._callback = pn.io.PeriodicCallback(
            callback=self._poll,
            period=POLL_PERIOD,
            background=True,  # else each look counts as work of the page
        )

    def wake(self) -> None:
        """Start polling, unless it is running, once the page has reached its visitor."""
        pn.state.onload(lambda: self._callback.running or self._callback.start())

    def _poll(self) -> None:
        """Poll once; stop when nothing is left."""
        with batched_update():
            more = self._pull()
        if not more:
            self._callback.stop()
