"""Free the memory of pages that visitors have left."""

import ctypes
import gc

from tornado.ioloop import IOLoop

AFTER = 5.0  # s, so that once is enough for all who leave together


class Release:
    """Frees memory a while after it was requested, in the server's event loop."""

    def __init__(self) -> None:
        self._requested = False

    def request(self, *_: object) -> None:
        """Free memory soon, unless that is about to happen (a hook of sessions that end)."""
        if not self._requested:
            self._requested = True
            IOLoop.current().call_later(AFTER, self._free)

    def _free(self) -> None:
        """Collect pages, whose parts hold each other, and return memory that glibc would keep."""
        self._requested = False
        gc.collect()
        if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
            trim(0)


release = Release()
