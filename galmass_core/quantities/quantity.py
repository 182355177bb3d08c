"""Meaning of a key: symbol, name, unit and help of a map or a column."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["map", "property", "feature", "target", "joined"]


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """Meaning of a column or a map.

    Attributes
    ----------
    key : str
        Column name.
    symbol : str
        Short form, as on an axis.
    name : str
        Full name.
    unit : str
        Empty where there is none; the unit inside the logarithm where ``log``.
    kind : str
        ``map``, ``property`` (of the simulated galaxy), ``feature`` (input), ``target`` (truth) or
        ``joined`` (from a table whose meaning is not known).
    per_sample : bool
        Whether it depends on the line of sight.
    log : bool
        Whether the column is a decimal logarithm.
    help : str
        One sentence of explanation.
    """

    key: str
    symbol: str
    name: str
    unit: str = ""
    kind: Kind = "property"
    per_sample: bool = False
    log: bool = False
    help: str = ""

    @property
    def label(self) -> str:
        """Axis label: symbol and unit."""
        symbol = f"log {self.symbol}" if self.log else self.symbol
        return f"{symbol} [{self.shown_unit}]" if self.unit else symbol

    @property
    def shown_unit(self) -> str:
        """Unit with the signs of Sun and star."""
        return self.unit.replace("Msun", "M☉").replace("Lsun", "L☉")


QUANTITIES: dict[str, Quantity] = {}  # by key; filled by the package from its tables
BESIDE_TABLES: dict[str, Quantity] = {}  # by key; columns that no data set's table need have


def quantity(key: str) -> Quantity:
    """Return the quantity of a key.

    Raises
    ------
    KeyError
        If no quantity has the key; the message lists the known ones.
    """
    if key not in QUANTITIES and key not in BESIDE_TABLES:
        msg = f"no quantity {key!r}; known: {', '.join(QUANTITIES)}"
        raise KeyError(msg)
    return QUANTITIES.get(key) or BESIDE_TABLES[key]


def is_known_column(key: str) -> bool:
    """Return whether a column of a data set is a quantity; ``r`` and ``V`` are maps, no columns."""
    return key in QUANTITIES and QUANTITIES[key].kind != "map"


def column_quantity(key: str) -> Quantity:
    """Return the quantity of a column; one that has only its key if it was joined from a table."""
    if is_known_column(key):
        return QUANTITIES[key]
    known = any(key == shown.symbol for shown in QUANTITIES.values())
    symbol = f"{key} (joined)" if known else key
    return Quantity(key=key, symbol=symbol, name=key, kind="joined", help="From a joined table.")


def symbol_of(key: str) -> str:
    """Return a symbol; the key itself if it is unknown, as in runs on maps of another session."""
    known = QUANTITIES.get(key) or BESIDE_TABLES.get(key) or column_quantity(key)
    return known.symbol


def with_minus(text: str) -> str:
    """Return text in which a number has a minus sign, as in figures, and no hyphen."""
    return text.replace("-", "−")
