"""What workers have made -> a page: looked for from when they are asked until they are through."""

from collections.abc import Callable

import panel as pn

from galmass_app.framework import batched_update

POLL_PERIOD = 60  # ms


class WorkerPoller:
    """Lets a page take what its workers have made, for workers never touch a page themselves.

    Parameters
    ----------
    pull : callable
        Takes what there is, and returns whether there is more to come.
    """

    def __init__(self, pull: Callable[[], bool]) -> None:
        self._pull = pull
        self._callback = pn.state.add_periodic_callback(self._poll, period=POLL_PERIOD, start=False)

    def wake(self) -> None:
        """Begin to look, unless we do already, once the page has reached its visitor."""
        pn.state.onload(lambda: self._callback.running or self._callback.start())

    def _poll(self) -> None:
        """Look once; rest when there is nothing left."""
        with batched_update():
            more = self._pull()
        if not more:
            self._callback.stop()
