"""The selected galaxies as small pictures of their maps, in the order that a person wants."""

from functools import partial
from typing import NamedTuple

import pandas as pd
import panel as pn
import param
from panel.custom import JSComponent

from galmass_app.comparison import Missing
from galmass_app.selection import ERROR, largest_errors
from galmass_app.state import SessionState, axis_columns
from galmass_app.thumbnails import thumbnails
from galmass_app.views.compare.controls import reference_answer
from galmass_app.views.prediction import signed
from galmass_core.assets import asset
from galmass_core.datasets.dataset import DataSet
from galmass_core.galaxy import GalaxyName
from galmass_core.quantities import column_quantity, with_minus

PAGES = {"explore", "sample", "compare"}
MOST = 20  # galaxies
AT_ONCE = 2  # galaxies whose maps are read before others are served: 0.1 s


class Card(NamedTuple):
    """A galaxy of the strip: its name, the line of sight it is seen along, and a number."""

    name: str
    los: str
    note: str


class SelectionStrip(JSComponent):
    """Up to 20 galaxies; a tap goes to one."""

    cards = param.List([], doc="Name, line of sight, ID, number, and what its picture is called.")
    here = param.String(doc="The galaxy in view.")
    head = param.String(doc="Number of galaxies, in words.")
    orders = param.List([], doc="What they can be sorted by: key and words.")
    order = param.String(doc="What they are sorted by.")

    _esm = asset("selection_strip.js")

    @classmethod
    def of(cls, session: SessionState) -> "SelectionStrip":
        """Make the strip of a session."""
        strip = cls(css_classes=["gm-strip"], sizing_mode="stretch_width", visible=False)
        strip._session, strip._samples = session, {}
        strip._draw()
        follows = [
            "page",
            "dataset",
            "selection_query",
            "los",
            "sort",
            "target",
            "reference",
            "theme",
        ]
        session.param.watch(strip._draw, follows)
        session.param.watch(strip._follow, "galaxy")
        return strip

    def _draw(self, *_: param.parameterized.Event) -> None:
        """Show the galaxies that are selected now; their pictures follow."""
        session = self._session
        chosen = session.selection if session.page in PAGES else ()
        self.visible = bool(chosen)
        if not chosen:
            return
        with session.reporting():
            cards = sorted_cards(session, chosen)[:MOST]
            self._samples = {self._called(card): card[:2] for card in cards}
            rows = [
                [name, los, GalaxyName.parse(name).subhalo, note, called * session.data.has_maps]
                for (name, los, note), called in zip(cards, self._samples, strict=True)
            ]
            self.param.update(
                cards=rows,
                here=session.galaxy,
                head=_head(len(cards), len(chosen), ordered=bool(session.sort)),
                orders=orders(session.data),
                order=session.sort,
            )

    def _follow(self, event: param.parameterized.Event) -> None:
        """Mark the galaxy in view, if any are shown."""
        if self.visible:
            self.here = event.new

    def _called(self, card: Card) -> str:
        """Return what the picture of a sample is called in the browser, which keeps it."""
        return f"{self._session.dataset} {card.name} {card.los} {self._session.theme}"

    def _make(self, wanted: list[str]) -> None:
        """Make some pictures, then let others be served."""
        session, now, later = self._session, wanted[:AT_ONCE], wanted[AT_ONCE:]
        with session.reporting():
            self._send_msg(
                [
                    (one, thumbnails(session.data, *self._samples[one], session.theme))
                    for one in now
                    if one in self._samples  # else it is wanted no more
                ]
            )
        if later:
            pn.state.execute(partial(self._make, later), schedule=True)

    def _handle_msg(self, data: list[str]) -> None:
        """Go to a galaxy, or sort them otherwise."""
        verb, about, los = data
        if verb == "pictures":
            self._make(about)
        elif verb == "show":
            self._session.look_at(about, los)
        elif about in dict(orders(self._session.data)):
            self._session.sort = about


def sorted_cards(session: SessionState, chosen: tuple[str, ...]) -> list[Card]:
    """Return the selected galaxies, those with the largest number first."""
    data = session.data
    if session.sort == ERROR:
        return _by_error(session, chosen)
    if session.sort not in data.samples:
        return [Card(name, session.los, f"along {session.los}") for name in chosen]
    values = data.galaxies.loc[list(chosen), session.sort].astype(float)
    values = values.sort_values(ascending=False, kind="stable")
    return [Card(name, session.los, _number(session.sort, value)) for name, value in values.items()]


def _by_error(session: SessionState, chosen: tuple[str, ...]) -> list[Card]:
    """Sort galaxies by their largest error in the reference run; those not tested come last."""
    rows = (
        _errors(session).reindex(list(chosen)).sort_values("size", ascending=False, kind="stable")
    )
    return [
        Card(str(row.Index), row.los, f"{signed(row.error, 3)} dex")
        if row.size == row.size  # not NaN
        else Card(str(row.Index), session.los, "not tested")
        for row in rows.itertuples()
    ]


def _errors(session: SessionState) -> pd.DataFrame:
    answer = reference_answer(session)
    if isinstance(answer, Missing):
        return pd.DataFrame(columns=["los", "error", "size"])
    return largest_errors(answer.predictions)


def orders(data: DataSet) -> list[tuple[str, str]]:
    """Return what galaxies can be sorted by: key and words."""
    columns = [(key, column_quantity(key).name) for key in axis_columns(data)]
    return [("", "the data set"), (ERROR, "error of the reference run"), *columns]


def _number(column: str, value: float) -> str:
    """Write a quantity as a card shows it."""
    if pd.isna(value):
        return "no value"
    shown = column_quantity(column)
    return with_minus(f"{'log ' * shown.log}{shown.symbol} {value:.3g}")


def _head(shown: int, selected: int, *, ordered: bool) -> str:
    """Say how many galaxies there are, and which come first."""
    many = f"{shown} of {selected:,} selected" if shown < selected else f"{selected} selected"
    return f"{many}, largest first" if ordered else many
