"""A table whose rows can be searched, sorted, opened and ticked, in the browser."""

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
    search = param.String("Search", doc="What the search box is called.")
    tick = param.String(doc="What a tick does, in one word; empty: rows have none.")
    ticked = param.List([], doc="Keys of the rows that are ticked, in that order.")

    _esm = asset("data_table.js")
