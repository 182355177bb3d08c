"""What workers have made -> a page: looked for from when they are asked until they are through."""

from collections.abc import Callable

import panel as pn

from galmass_app.views.update import one_update

LOOK_EVERY = 60  # ms


class Pulse:
    """Lets a page take what its workers have made, for workers never touch a page themselves.

    Parameters
    ----------
    pull : callable
        Takes what there is, and returns whether there is more to come.
    """

    def __init__(self, pull: Callable[[], bool]) -> None:
        self._pull = pull
        self._callback = pn.state.add_periodic_callback(self._beat, period=LOOK_EVERY, start=False)

    def wake(self) -> None:
        """Begin to look, unless we do already, once the page has reached its visitor."""
        pn.state.onload(lambda: self._callback.running or self._callback.start())

    def _beat(self) -> None:
        """Look once; rest when there is nothing left."""
        with one_update():
            more = self._pull()
        if not more:
            self._callback.stop()
