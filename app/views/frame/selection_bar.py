"""The bar under the header: which galaxies are selected, in words; undo, clear, save, export."""

from contextlib import suppress

import param
from panel.custom import JSComponent

from galmass_app import selection, services
from galmass_app.state import Choice, axis_columns
from galmass_core.assets import asset
from galmass_core.datasets.filter_syntax import LANGUAGE
from galmass_core.quantities import quantity

PAGES = {"explore", "sample", "compare", "why"}  # that show a selection or go through it
ELSEWHERE = "This page uses all galaxies."
SAVED = "saved: "


class SelectionBar(JSComponent):
    """Takes a selection in words and says what is selected; in its own markup, for the keyboard."""

    said = param.Dict({}, doc="`said_of` the choice.")
    language = param.List(
        [*map(list, LANGUAGE), ["501761, 12", "by subhalo ID"]],
        doc="What can be typed: an example, and what it shows.",
    )
    columns = param.List([], doc="What can be asked for: a column, and its name in words.")

    _esm = asset("selection_bar.js")

    @classmethod
    def of(cls, choice: Choice) -> "SelectionBar":
        """Make the bar of a choice."""
        bar = cls(css_classes=["gm-selection"], sizing_mode="stretch_width")
        bar._choice = choice
        bar._draw()
        choice.param.watch(
            bar._draw, ["page", "dataset", "only", "how", "past", "future", "not_kept"]
        )
        return bar

    def _draw(self, *_: param.parameterized.Event) -> None:
        """Say what is selected now."""
        data = self._choice.data
        self.visible = data is not None
        with self._choice.reporting():
            self.said = said_of(self._choice)
            self.columns = [[key, quantity(key).name] for key in axis_columns(data)] if data else []

    def _handle_msg(self, data: list[str]) -> None:
        """Do what a person asks for: a verb, and what it is about."""
        choice, (verb, about) = self._choice, data
        with choice.reporting():
            if verb == "keep":
                if choice.not_kept or about.strip() != choice.only:
                    choice.keep(about)
            elif verb == "undo":
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
        The selection as ``text`` if a person can read it, else ``how`` it was made; ``trouble``
        with what was typed last; ``count`` and ``total`` of galaxies, a ``note`` on where they
        count; the ``saved`` subsets, which of them is in view (``name``), and whether there is an
        ``undo`` and a ``redo``.
    """
    data, how, mask = choice.data, choice.how, selection.is_mask(choice.only)
    return {
        "text": "" if mask else choice.only,
        "how": how or "chosen one by one" * mask,
        "trouble": choice.not_kept,
        "count": len(choice.selection),
        "total": len(data.galaxy_names) if data else 0,
        "note": ELSEWHERE * (bool(choice.only) and choice.page not in PAGES),
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
