"""A table of the paper with our results beside it, which a worker computes."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from galmass_app.views.download import flat
from galmass_app.views.layout import View
from galmass_app.workers import SLOW, Job, Slot
from galmass_core.paper.published import published_table


class PaperTable(View):
    """The published rows, and ours once they are computed.

    Parameters
    ----------
    number : int
        Of the table in the paper.
    """

    def __init__(self, number: int, wake: Callable[[], None]) -> None:
        super().__init__()
        self._number, self._wake, self._slot = number, wake, Slot(SLOW)
        self._rows: list[dict[str, Any]] = []

    @property
    def busy(self) -> bool:
        """Whether the rows are being computed."""
        return self._slot.busy

    @property
    def table(self) -> pd.DataFrame:
        """The published rows; ours, with the published beside them, once they are computed."""
        return flat(self._rows) if self._rows else published_table(self._number)

    def pull(self) -> None:
        """Write the table if its rows are computed. Raises what computing them raised."""
        if self._slot.busy and (rows := self._slot.take()):
            self._rows = rows
            self._write()

    def _compute(self, rows: Callable[[Job], list[dict[str, Any]]]) -> None:
        self._slot.submit(rows)
        self._wake()
