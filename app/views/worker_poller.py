"""Results of workers -> a page: polled from when a job is submitted until it is done."""

from collections.abc import Callable
from typing import Any

import panel as pn

from galmass_app.framework import batched_update
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.layout import View
from galmass_app.workers import Executor, Job, Slot

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


class WorkerView(View):
    """A part of a page that shows what a worker makes; a new job replaces the one before.

    Subclasses have ``_show``, which takes a result, and, where the page says that a worker is at
    work, ``_text`` or a ``_say`` of their own.

    Parameters
    ----------
    session : SessionState
        Reports what goes wrong in the worker.
    executor : Executor
    failed : str
        What ``_text`` then says.
    """

    _text: pn.pane.HTML | None = None

    def __init__(self, session: SessionState, executor: Executor, failed: str = "") -> None:
        super().__init__(session)
        self._slot, self._failed = Slot(executor), failed
        self._poller = WorkerPoller(self.pull, session)

    def pull(self) -> bool:
        """Show what the worker has made, or how far it is; return whether there is more to come."""
        if self._slot.ready:
            self._end()
            with self.session.reporting():
                self._show(self._slot.take())
        elif self._slot.busy and self._slot.progress:
            self._say(self._slot.progress)
        return self._slot.busy

    def _submit(self, work: Callable[[Job], Any], progress: str = "") -> None:
        """Have a function called by the executor, and say what it does."""
        self._slot.submit(work)
        if progress:
            self._say(progress)
        self._poller.wake()

    def _say(self, progress: str) -> None:
        """Say what the worker does."""
        self._text.object = snippet("shared.html", "at_work", progress)

    def _end(self) -> None:
        """Remove what `_say` said; `_show` follows, unless the worker failed."""
        if self._text is not None:
            self._text.object = self._failed and snippet("shared.html", "notes", [self._failed])
