"""Which galaxy is in view: ID box, previous, random, next, line of sight."""

from html import escape

import panel as pn
import param

from galmass_app import services
from galmass_app.state import Choice
from galmass_core.galaxy import LINES_OF_SIGHT


class Picker(pn.viewable.Viewer):
    """The row of controls above the maps."""

    choice = param.ClassSelector(class_=Choice)

    def __init__(self, choice: Choice) -> None:
        super().__init__(choice=choice)
        self._box = pn.widgets.AutocompleteInput(
            label="Subhalo ID",
            placeholder="type an ID",
            restrict=False,
            case_sensitive=False,
            search_strategy="includes",
            min_characters=1,
            width=260,
            css_classes=["gm-inline", "gm-id"],
        )
        self._not_found = pn.pane.HTML(css_classes=["gm-not-found"])
        steps = {
            "previous": lambda _: choice.step(-1),
            "random": lambda _: choice.jump(),
            "next": lambda _: choice.step(+1),
        }
        captions = {"previous": "← Previous", "random": "Random", "next": "Next →"}
        buttons = [
            pn.widgets.Button(label=captions[key], on_click=go, css_classes=[f"gm-{key}"])
            for key, go in steps.items()
        ]
        los = pn.widgets.RadioButtonGroup.from_param(
            choice.param.los, options=list(LINES_OF_SIGHT), css_classes=["gm-los"]
        )
        self._box.param.watch(self._asked, "value")
        choice.param.watch(self._offer, ["dataset", "only"])
        choice.param.watch(self._moved, ["dataset", "galaxy", "not_found"])
        self._offer()
        self._moved()
        self._layout = pn.Row(
            pn.Column(self._box, self._not_found, css_classes=["gm-asking"]),
            pn.Row(*buttons, css_classes=["gm-group"]),
            pn.Row(caption("Seen along"), los, css_classes=["gm-group"]),
            css_classes=["gm-controls"],
            sizing_mode="stretch_width",
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def _asked(self, event: param.parameterized.Event) -> None:
        """Go where the box says, unless the box only says where we are."""
        if event.new and event.new != self._here():
            self.choice.show(event.new)

    def _offer(self, *_: param.parameterized.Event) -> None:
        """Offer the galaxies that are selected."""
        choice = self.choice
        with choice.reporting():
            kept = set(services.kept(choice.data, choice.only))
            names = services.subhalo_ids(choice.data)
            self._box.options = [call for call, name in names.items() if name in kept]

    def _moved(self, *_: param.parameterized.Event) -> None:
        """Say in the box where we are; leave what a person typed if it leads nowhere."""
        choice = self.choice
        self._not_found.object = choice.not_found and _alert(choice.not_found)
        if not choice.not_found:
            self._box.value = self._here()

    def _here(self) -> str:
        """Return what the galaxy in view is called in the box."""
        ids = services.subhalo_ids(self.choice.data)
        return next(call for call, name in ids.items() if name == self.choice.galaxy)


def caption(text: str) -> pn.pane.HTML:
    """Name a group of buttons."""
    return pn.pane.HTML(text, css_classes=["gm-caption"], align="center")


def _alert(text: str) -> str:
    """Write a message that screen readers tell at once."""
    return f'<p role="alert">{escape(text)}</p>'
