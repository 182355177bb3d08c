"""Page: what do the branches say? Predictions of several networks side by side."""

from html import escape
from itertools import zip_longest

import panel as pn
import param

from galmass_app.comparison import (
    LEAST_GALAXIES,
    MOST,
    RUN,
    Missing,
    Result,
    answers,
    compare,
    controls,
    known,
    offered,
    targets_of,
)
from galmass_app.plots.comparison import Axes, common_frame, largest_moves, values_of
from galmass_app.state import Choice, axis_columns
from galmass_app.views.compare import words
from galmass_app.views.compare.controls import (
    CompareControls,
    add_panel,
    panel_keys,
    reference_of,
)
from galmass_app.views.compare.galaxy import ComparedGalaxy
from galmass_app.views.compare.panel import ComparePanel
from galmass_app.views.due import Due
from galmass_app.views.frame.selection_words import beside_rest
from galmass_app.views.heading import NO_DATA, heading
from galmass_app.views.links import train_link
from galmass_app.views.pulse import Pulse
from galmass_app.views.table_four import TableFour
from galmass_app.views.take_along import TakeAlong
from galmass_app.views.update import one_update

TITLE = "What do the branches say?"
SAID = (
    "Each panel is a network that sees some of the maps, tried on galaxies it has not learned from."
    " All have the same axes; lines hold 68 and 95 %."
)
NOTHING = """<h2>There is nothing to compare here</h2>
<p>This data set has no true masses to be predicted. Choose another above.</p>"""
TOO_FEW = """<h2>{here} galaxies are too few to compare networks on</h2>
<p>Choose another data set above, or draw 300 galaxies, of which the networks that ship with galmass
tell at once:</p>
<pre>galmass demo</pre>"""
NO_RUNS = """<h2>No network has predicted these galaxies yet</h2>
<p>Train some and they appear here: <a href="{link}">go to the Train page</a>, or in a terminal:</p>
<pre>galmass train {name} --experiment mstar/r --preset laptop
galmass train {name} --experiment mstar/r+2V --preset laptop</pre>"""

REST = 700  # ms without a click


class Compare(pn.viewable.Viewer):
    """Choose branches or runs, and see what each says of the same galaxies."""

    choice = param.ClassSelector(class_=Choice)

    def __init__(self, choice: Choice) -> None:
        super().__init__(choice=choice)
        stretch = {"sizing_mode": "stretch_width"}
        self._axes = Axes()
        self._panels = [ComparePanel(choice, self._axes, place) for place in range(MOST)]
        self._answers, self._target, self._known, self._resting = {}, "", None, None
        self._headline = pn.pane.HTML(css_classes=["gm-headline"], **stretch)
        self._message = pn.pane.HTML(css_classes=["gm-message"], visible=False, **stretch)
        self._controls, self._galaxy = CompareControls(choice), ComparedGalaxy(choice)
        self._more = pn.widgets.Select(label="Add a run", css_classes=["gm-more-runs"], **stretch)
        tile = pn.Column(
            pn.pane.HTML(
                "<h2>One more?</h2><p>Switch a branch, and its panel comes here. Or take any run:"
                "</p>"
            ),
            self._more,
            css_classes=["gm-tile"],
            **stretch,
        )
        self._tile = pn.Column(tile, css_classes=["gm-compared"], **stretch)
        grid = pn.Column(*self._panels, self._tile, css_classes=["gm-compare-grid"], **stretch)
        comparing = pn.Column(
            self._controls, grid, self._galaxy, css_classes=["gm-compare"], **stretch
        )
        self._comparing = pn.Column(comparing, css_classes=["gm-slot"], **stretch)
        self._pulse = Pulse(self._pull)
        self._table = TableFour(self._pulse.wake)
        self._table_part = pn.Column(
            self._table,
            TakeAlong.of(
                choice,
                "gm-table-part",
                lambda: f"table-4_split-by-{choice.split}",
                table=lambda: self._table.table,
            ),
            css_classes=["gm-slot"],
            **stretch,
        )
        self._layout = pn.Column(
            self._headline,
            self._message,
            self._comparing,
            self._table_part,
            css_classes=["gm-page"],
            **stretch,
        )
        self._more.param.watch(self._added, "value")
        follows = ("dataset", "target", "split", "branches", "panels", "reference", "against")
        follows += ("arrows", "only", "galaxy", "los", "theme")
        self._due = Due(choice, "compare", self._draw, follows)
        choice.param.watch(self._look_for_runs, "beat")

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def _draw(self, due: set[str]) -> None:
        """Bring everything whose choice has changed up to date."""
        data = self.choice.data
        targets = targets_of(data) if data else []
        self._say(data, targets)
        if not self._comparing.visible:
            return
        if due - {"galaxy", "los", "theme"}:
            self._draw_panels(targets)
            self._table.draw(data, self._target, self.choice.split, self._known)
        for panel in self._panels:
            panel.mark(self.choice.galaxy, self.choice.los)
            panel.select(self.choice.selection)
        self._galaxy.draw(list(self._answers.values()), self._target)

    def _look_for_runs(self, _: param.parameterized.Event) -> None:
        """Draw anew when a run has ended."""
        data = self.choice.data
        if self._due.in_view and data and known(data) is not self._known:
            self._due.add("runs")

    def _say(self, data: object, targets: list[str]) -> None:
        """Write what the page shows, or why there is nothing to show."""
        said, shown = "", bool(targets)
        if data is None:
            said = NO_DATA
        elif not targets:
            said = NOTHING
        elif not known(data).runs:
            here, name = len(data.galaxy_names), escape(data.path.name)
            shown = here >= LEAST_GALAXIES
            link = train_link(data, "mstar/r+2V")
            said = NO_RUNS.format(name=name, link=link) if shown else TOO_FEW.format(here=here)
        self._message.param.update(object=said, visible=bool(said))
        self._comparing.visible = self._table_part.visible = shown
        if data:
            self._headline.object = heading(TITLE, SAID, data)

    def _draw_panels(self, targets: list[str]) -> None:
        """Answer the keys of all panels, and show the answers."""
        choice, data = self.choice, self.choice.data
        self._known = known(data)
        self._target = choice.target if choice.target in targets else targets[0]
        keys = panel_keys(choice)
        self._answers = dict(
            zip(keys, answers(data, self._target, keys, choice.split), strict=True)
        )
        columns = axis_columns(data)
        against = choice.against if choice.against in columns else columns[0]
        values, label = values_of(data.samples, against)
        tables = [each.predictions for each in self._results().values()]
        if tables:
            self._axes.follow(common_frame(tables, self._target, values, label))
        titles = {key: _called(key, each) for key, each in self._answers.items()}
        self._controls.draw(targets, self._target, titles, against)
        self._offer()
        for panel, key in zip_longest(self._panels, keys):
            if key:
                panel.draw(self._answers[key], values, against)
                self._write(panel, key, self._answers[key])
            panel.show(key is not None, active=key == choice.branches)
        pn.state.onload(self._rest)

    def _rest(self) -> None:
        """Leave the browser alone for a moment; then make another panel's figures."""
        document = pn.state.curdoc
        if document and document.session_context:
            if self._resting:
                document.remove_timeout_callback(self._resting)
            self._resting = document.add_timeout_callback(self._prepare, REST)

    def _prepare(self) -> None:
        """Make the figures of one panel more, for they take longer than what is in them."""
        self._resting = None
        panel = next((panel for panel in self._panels if not panel.ready), None)
        if panel:
            with one_update():
                panel.prepare()
            self._rest()

    def _pull(self) -> bool:
        """Take what the worker has made; return whether there is more to come."""
        with self.choice.reporting():
            self._table.pull()
        return self._table.busy

    def _results(self) -> dict[str, Result]:
        """Return the answers that have something to show."""
        return {key: one for key, one in self._answers.items() if isinstance(one, Result)}

    def _write(self, panel: ComparePanel, key: str, answer: Result | Missing) -> None:
        """Write the words of a panel, and draw its arrows."""
        choice, data = self.choice, self.choice.data
        reference = self._results().get(reference_of(choice))
        said, gap, moves = "", "", None
        if isinstance(answer, Missing):
            gap = words.gap(answer, data, self._target)
        else:
            said = words.numbers(answer) + beside_rest(answer, choice.selection)
            if reference and reference is not answer:
                said += words.difference(compare(reference, answer), reference.title)
                if choice.arrows == "on":
                    moves = largest_moves(reference.predictions, answer.predictions)
            said += words.beside_paper(data, self._target, answer)
            said += words.control_lines(controls(data, self._target, answer), data)
            said += words.learning(answer, self._axes.frame)
        panel.write(
            words.heading(answer, reference=key == reference_of(choice)),
            said,
            gap,
            alone=len(self._answers) == 1,
        )
        panel.move(moves)

    def _offer(self) -> None:
        """Offer the runs that are not in view."""
        keys = panel_keys(self.choice)
        others = {
            said: key
            for said, key in offered(self.choice.data, self._target).items()
            if key not in keys
        }
        self._more.param.update(options={"choose …": "", **others}, value="")
        self._tile.visible = len(keys) < MOST

    def _added(self, event: param.parameterized.Event) -> None:
        """Add the run that was chosen."""
        if event.new:
            add_panel(self.choice, event.new)


def _called(key: str, answer: Result | Missing) -> str:
    """Name a panel in a list, where a run is known by its name."""
    return f"{answer.title} · {key.removeprefix(RUN)}" if key.startswith(RUN) else answer.title
