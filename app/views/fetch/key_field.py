"""A field for the visitor's key of the API."""

import param
from panel.custom import JSComponent

from galmass_core.assets import asset
from galmass_core.fetch.key import checked_key


class KeyField(JSComponent):
    """A password field whose content goes to the server once, and to the browser never again.

    Attributes
    ----------
    key : str
        In the memory of the session only: no parameter, so that no model of the page has it.
    """

    label = param.String("API key")
    is_there = param.Boolean(doc="Whether there is a key.")
    problem = param.String(doc="Why what was typed is no key.")

    _esm = asset("key_field.js")

    def __init__(self, **params: object) -> None:
        super().__init__(**params)
        self.key = ""

    def _handle_msg(self, data: str) -> None:
        """Take what was typed."""
        try:
            self.key, problem = checked_key(str(data)), ""
        except ValueError as error:
            self.key, problem = "", str(error)
        self.param.update(is_there=bool(self.key), problem=problem)
