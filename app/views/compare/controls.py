"""What is compared: target, maps, property, reference and split."""

import panel as pn
import param

from galmass_app.comparison import BASELINE, MOST, Missing, Result, answers
from galmass_app.framework import Toggles
from galmass_app.markup import snippet
from galmass_app.run_index import run_index, targets_of
from galmass_app.selection import ERROR, EXTREMES, extremes
from galmass_app.state import SessionState, axis_columns
from galmass_app.views.checkbox import Checkbox
from galmass_app.views.heading import captioned
from galmass_app.views.layout import View, button, column, html, row, select, switch
from galmass_app.views.learning_controls import SPLITS
from galmass_app.views.scatter import grouped
from galmass_core.datasets.capabilities import further_maps, lacks
from galmass_core.learning.experiments import input_maps, inputs_of
from galmass_core.quantities import OCCUPANCY, map_keys, quantity


class CompareControls(View):
    """The column of controls; a branch that is switched brings its own panel."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        stretch = {"sizing_mode": "stretch_width"}
        self._target = select("gm-compare-target", "Predict")
        self._branches, self._further = (
            Toggles(label=label, css_classes=[name], **stretch)
            for label, name in (("Branches", "gm-branches"), ("Further branches", "gm-further"))
        )
        self._branches.options = {quantity(key).symbol: key for key in map_keys()}
        self._more = column("gm-switches", captioned("Further maps of these data"), self._further)
        self._control = button(
            "gm-occupancy", "Control: star occupancy", lambda _: add_panel(session, OCCUPANCY)
        )
        self._none = html("gm-nothing", wide=False)
        self._reference = select("gm-reference", "Compare with")
        self._arrows = Checkbox(
            label="Arrows from the reference: the 30 largest moves", css_classes=["gm-arrows"]
        )
        self._against = select("gm-against", "Errors against")
        split = switch("gm-split", session.param.split, SPLITS)
        self._layout = column(
            "gm-learning-controls gm-compare-controls",
            self._target,
            column(
                "gm-switches",
                captioned("Input maps: each combination has its panel"),
                self._branches,
                self._more,
                self._control,
                self._none,
            ),
            column(
                "gm-switches",
                self._reference,
                self._arrows,
                row("gm-group", *_extremes(session), wide=False),
            ),
            self._against,
            pn.Column(captioned("Train/test split"), split),
        )
        for group in (self._branches, self._further):
            group.param.watch(self._switched, "value")
        for widget, name in (
            (self._target, "target"),
            (self._reference, "reference"),
            (self._against, "against"),
        ):
            widget.param.watch(lambda event, name=name: self._chosen(name, event.new), "value")
        self._arrows.param.watch(lambda event: self._chosen("arrows", event.new), "value")

    def draw(self, targets: list[str], target: str, titles: dict[str, str], against: str) -> None:
        """Show what is chosen.

        Parameters
        ----------
        targets : list of str
            Columns that can be predicted.
        target : str
            The one in view.
        titles : dict of str
            Of the panels by key.
        against : str
            Column that errors are shown against.
        """
        session = self.session
        with self._update_controls():
            self._target.param.update(
                options={quantity(key).name: key for key in targets}, value=target
            )
            none = not run_index(session.data).networks[session.split]
            why = lacks(session.data).network * none
            there, shown = further_maps(session.data), input_maps(session.branches)
            self._further.options = {quantity(key).symbol: key for key in there}
            self._more.visible = bool(there)
            for part in (self._branches, self._further, self._control):
                part.disabled = bool(why)
            self._branches.value = [key for key in shown if key in map_keys()]
            self._further.value = [key for key in shown if key in there]
            self._reference.param.update(
                options={title: key for key, title in titles.items()}, value=reference_of(session)
            )
            self._arrows.value = session.arrows
            self._against.param.update(groups=grouped(axis_columns(session.data)), value=against)
            self._none.object = ""
            words = f"No network can be trained on this data set: {why}." * bool(why)
            self.say(words)

    def say(self, words: str) -> None:
        """Write below the switches what happened; empty leaves what is there."""
        if words:
            self._none.object = snippet("shared.html", "paragraph", words)

    def _chosen(self, name: str, value: object) -> None:
        if not self._updating and value is not None:
            self.session.param.update({name: value})

    def _switched(self, _: param.parameterized.Event) -> None:
        """Show the panel of the branches that are on."""
        if self._updating:
            return
        inputs = inputs_of([*self._branches.value, *self._further.value])
        self._none.object = (
            "" if inputs else snippet("shared.html", "alert", "Select at least one map.")
        )
        if inputs:
            add_panel(self.session, inputs)


def panel_keys(session: SessionState) -> list[str]:
    """Return the keys of the panels, each once; there is one at least."""
    return list(dict.fromkeys(session.panels))[:MOST] or [BASELINE]


def reference_of(session: SessionState) -> str:
    """Return the key of the panel that the others are compared with."""
    keys = panel_keys(session)
    return session.reference if session.reference in keys else keys[0]


def add_panel(session: SessionState, key: str) -> None:
    """Add a panel; if there are as many as there can be, it takes the place of the active one."""
    keys = panel_keys(session)
    if key not in keys:
        place = len(keys)
        if place == MOST:
            place = keys.index(session.branches) if session.branches in keys else MOST - 1
        keys[place:] = [key, *keys[place + 1 :]]
    branches = key if input_maps(key) else session.branches
    session.param.update(panels=keys, branches=branches)


def remove_panel(session: SessionState, key: str) -> None:
    """Take a panel away; the last one stays."""
    keys = [one for one in panel_keys(session) if one != key]
    if keys:
        session.panels = keys


def reference_answer(session: SessionState) -> Result | Missing:
    """Return the result of the reference for the target in view."""
    targets = targets_of(session.data)
    target = session.target if session.target in targets else targets[0]
    key, pinned = reference_of(session), session.pinned
    return answers(session.data, target, [key], session.split, pinned)[0]


def select_extremes(session: SessionState, *, worst: bool) -> None:
    """Select the galaxies that the reference predicts worst, or best, and sort them by error."""
    with session.reporting():
        answer = reference_answer(session)
        if isinstance(answer, Result):
            session.sort = ERROR
            names = extremes(answer.predictions, worst=worst)
            how = f"{'worst' if worst else 'best'} {len(names)} of {answer.title}"
            session.select(names, how)


def _extremes(session: SessionState) -> list[pn.widgets.Button]:
    """Make the buttons that select them."""
    return [
        button(
            f"gm-{word}",
            f"Select {word} {EXTREMES}",
            lambda _, worst=word == "worst": select_extremes(session, worst=worst),
        )
        for word in ("worst", "best")
    ]
