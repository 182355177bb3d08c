"""The bar under the header: how many galaxies are selected and how; undo, clear, save, export."""

from contextlib import suppress

import param
from panel.custom import JSComponent

from galmass_app import selection, services
from galmass_app.state import Choice
from galmass_app.theme import style_sheet

PAGES = {"explore", "sample", "compare", "why"}  # that show a selection or go through it
SAVED = "saved: "


class SelectionBar(JSComponent):
    """Says what is selected on every page that follows it; in its own markup, for the keyboard."""

    said = param.Dict({}, doc="`said_of` the choice.")

    _esm = style_sheet("selection.js")

    @classmethod
    def of(cls, choice: Choice) -> "SelectionBar":
        """Make the bar of a choice."""
        bar = cls(css_classes=["gm-selection"], sizing_mode="stretch_width")
        bar._choice = choice
        bar._draw()
        choice.param.watch(bar._draw, ["page", "dataset", "only", "how", "past", "future"])
        return bar

    def _draw(self, *_: param.parameterized.Event) -> None:
        """Say what is selected now."""
        with self._choice.reporting():
            self.said = said_of(self._choice)
            self.visible = self._choice.page in PAGES and any(
                self.said[key] for key in ("count", "undo", "saved")
            )

    def _handle_msg(self, data: list[str]) -> None:
        """Do what a person asks for: a verb, and what it is about."""
        choice, (verb, about) = self._choice, data
        with choice.reporting():
            if verb == "undo":
                choice.undo()
            elif verb == "redo":
                choice.redo()
            elif verb == "clear":
                choice.keep("")
            elif verb == "save":
                selection.save_subset(choice.data, about, choice.only)
                choice.how = SAVED + about.strip()
            elif verb == "choose":
                with suppress(KeyError):  # another session has just deleted it
                    choice.keep(selection.saved_subsets(choice.data)[about], SAVED + about)
            elif verb == "delete":
                selection.delete_subset(choice.data, about)
                choice.how = ""
            elif verb == "export":
                self._send_msg({"name": f"{choice.dataset}_selection.csv", "content": csv(choice)})
            self._draw()


def said_of(choice: Choice) -> dict[str, object]:
    """Return what the bar says.

    Returns
    -------
    dict
        ``count`` and ``total`` of galaxies, ``how`` they were selected, the ``saved`` subsets,
        which of them is in view (``name``), and whether there is an ``undo`` and a ``redo``.
    """
    data, how = choice.data, choice.how
    return {
        "count": len(choice.selection),
        "total": len(data.galaxy_names) if data else 0,
        "how": how or ("chosen one by one" if selection.is_mask(choice.only) else choice.only),
        "saved": list(selection.saved_subsets(data)) if data else [],
        "name": how.removeprefix(SAVED) if how.startswith(SAVED) else "",
        "undo": bool(choice.past),
        "redo": bool(choice.future),
    }


def csv(choice: Choice) -> str:
    """Return all columns of the selected samples as CSV."""
    samples = choice.data.samples
    chosen = samples[samples["name"].isin(services.kept(choice.data, choice.only))]
    return chosen.drop(columns=["shard", "row"], errors="ignore").to_csv(index=False)
