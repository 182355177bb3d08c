"""The bar under the header: which galaxies are selected, in words; undo, clear, save, export."""

from contextlib import suppress

import param
from panel.custom import JSComponent

from galmass_app import selection, services
from galmass_app.state import SessionState, axis_columns
from galmass_core.assets import asset
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.filter_syntax import LANGUAGE, quoted
from galmass_core.quantities import column_quantity

PAGES = {
    "explore",
    "sample",
    "gallery",
    "runs",
    "compare",
    "why",
}  # that show a selection or go through it
ELSEWHERE = "This page uses all galaxies."


class SelectionBar(JSComponent):
    """Takes an expression and shows what is selected; in its own markup, for the keyboard."""

    summary = param.Dict({}, doc="As `summary_of` gives it.")
    language = param.List(
        [*map(list, LANGUAGE), ["501761, 12", "by subhalo ID"]],
        doc="What can be typed: an example, and what it shows.",
    )
    columns = param.List([], doc="Columns that an expression can have, with their full names.")

    _esm = asset("selection_bar.js")

    @classmethod
    def of(cls, session: SessionState) -> "SelectionBar":
        """Make the bar of a session."""
        bar = cls(css_classes=["gm-selection"], sizing_mode="stretch_width")
        bar._session = session
        bar._draw()
        session.param.watch(
            bar._draw,
            [
                "page",
                "dataset",
                "selection_query",
                "selection_label",
                "past",
                "future",
                "not_kept",
                "combining",
            ],
        )
        return bar

    def _draw(self, *_: param.parameterized.Event) -> None:
        """Say what is selected now."""
        data = self._session.data
        self.visible = data is not None
        with self._session.reporting():
            self.summary = summary_of(self._session)
            self.columns = columns_of(data) if data else []

    def _handle_msg(self, data: list[str]) -> None:
        """Carry out a command of the visitor: a verb, and its object."""
        session, (verb, about) = self._session, data
        with session.reporting():
            if verb == "keep":
                if session.not_kept or about.strip() != session.selection_query:
                    session.keep(about)
            elif verb == "undo":
                session.undo()
            elif verb == "redo":
                session.redo()
            elif verb == "clear":
                session.combining = "replace"
                session.keep("")
            elif verb == "save":
                selection.save_subset(session.data, about, session.selection_query)
                session.selection_label = selection.SAVED + about.strip()
            elif verb == "choose":
                with suppress(KeyError):  # another session has just deleted it
                    session.combine(
                        selection.saved_subsets(session.data)[about], selection.SAVED + about
                    )
            elif verb == "combine":
                session.combining = about
            elif verb == "delete":
                selection.delete_subset(session.data, about)
                session.selection_label = ""
            elif verb == "export":
                self._send_msg(
                    {"name": f"{session.dataset}_selection.csv", "content": csv(session)}
                )
            self._draw()


def summary_of(session: SessionState) -> dict[str, object]:
    """Return what the bar shows.

    Returns
    -------
    dict
        The selection as ``text`` if a person can read it, else its ``label``; ``trouble`` with what
        was typed last; ``count`` and ``total`` of galaxies, a ``note`` on where they count; the
        ``saved`` subsets, which of them is in view (``name``), and whether there is an
        ``undo`` and a ``redo``.
    """
    data, label, mask = (
        session.data,
        session.selection_label,
        selection.is_mask(session.selection_query),
    )
    return {
        "text": "" if mask else session.selection_query,
        "label": label or "chosen one by one" * mask,
        "trouble": session.not_kept,
        "count": len(session.selection),
        "total": len(data.galaxy_names) if data else 0,
        "note": ELSEWHERE * (bool(session.selection_query) and session.page not in PAGES),
        "saved": list(selection.saved_subsets(data)) if data else [],
        "name": label.removeprefix(selection.SAVED) if label.startswith(selection.SAVED) else "",
        "combining": session.combining,
        "undo": bool(session.past),
        "redo": bool(session.future),
    }


def columns_of(data: DataSet) -> list[list[str]]:
    """Return the columns that can be asked for, as they are typed, and their names in words.

    Of joined tables, also text and what is true or false.
    """
    keys = dict.fromkeys([*axis_columns(data), *data.joined_columns])
    named = [[quoted(key), column_quantity(key).name] for key in keys]
    several = len(data.simulations.categories) > 1 and selection.SIMULATION not in keys
    return [[selection.SIMULATION, ", ".join(data.simulations.categories)]] * several + named


def csv(session: SessionState) -> str:
    """Return all columns of the selected samples as CSV."""
    data = session.data
    chosen = data.samples[data.are_of(services.kept(data, session.selection_query))]
    return chosen.drop(columns=["shard", "row"], errors="ignore").to_csv(index=False)
