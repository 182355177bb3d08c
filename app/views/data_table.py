"""A table whose rows can be searched, sorted, opened and ticked, in the browser."""

from collections.abc import Callable, Sequence

import param
from panel.custom import JSComponent

from galmass_core.assets import asset


class DataTable(JSComponent):
    """Sends the key of a row that is clicked; the first cell of a row is a button.

    All cells are shown as text.
    """

    heads = param.List([], doc="Text, help, and whether it is a number, of each column.")
    rows = param.List(
        [],
        doc="Of each row its `key`, `cells`, `values` to sort by (None comes last), and `words` "
        "that are only searched.",
    )
    order = param.Integer(doc="Column to sort by, from 1; negative: descending; 0: as they come.")
    chosen = param.String(doc="Key of the row that is open.")
    search = param.String(doc="What the search box is called; empty: there is none.")
    pinned = param.Boolean(doc="Whether the first row stays there, however others are sorted.")
    tick = param.String(doc="What a tick does, in one word; empty: rows have none.")
    ticked = param.List([], doc="Keys of the rows that are ticked, in that order.")

    _esm = asset("data_table.js")

    @classmethod
    def of(
        cls,
        classes: str,
        heads: Sequence[tuple[str, str, bool]],
        opened: Callable[[str], None],
        **options: object,
    ) -> "DataTable":
        """Make a table as wide as its parent.

        Parameters
        ----------
        classes : str
            As in HTML.
        heads : sequence of tuple
            Text, help, and whether it is a number, of each column.
        opened : callable
            Called with the key of a row that is clicked.
        **options : object
            Other parameters.
        """
        shape = {"css_classes": classes.split(), "sizing_mode": "stretch_width"}
        made = cls(heads=[list(head) for head in heads], **shape, **options)
        made._handle_msg = opened
        return made
