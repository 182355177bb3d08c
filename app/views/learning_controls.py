"""What to learn, from what, and who is tested: target, features, split."""

import panel as pn
import param

from galmass_app.markup import snippet
from galmass_app.plots.correlation import short
from galmass_app.state import SessionState
from galmass_app.tree_models import (
    ALL_FEATURES,
    ALL_TARGETS,
    EXTRA_FEATURES,
    FitRequest,
    joined_features,
    why_missing,
)
from galmass_app.views.checkbox import Checkbox
from galmass_app.views.heading import captioned
from galmass_app.views.layout import View, column, html, row, select, switch
from galmass_core.learning.experiments import FEATURES
from galmass_core.quantities import quantity

SPLITS = {"By galaxy": "galaxy", "The paper's": "paper"}
SPLIT_HELP = {
    "galaxy": "All lines of sight of a galaxy are either in the training set or in the test set.",
    "paper": "Samples are drawn one by one, as in the paper: most test galaxies are also in the "
    "training set, along another line of sight.",
}
TRUTH_LEVEL = "True value that no telescope measures. "


class LearningControls(View):
    """The column of controls; any change makes the page train again."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        self._target = select("gm-target", "Learn")
        self._checkboxes = {
            key: Checkbox.of(f"gm-checkbox-{key}", short(key)) for key in ALL_FEATURES
        }
        self._labels = {key: html("gm-checkbox-words", wide=False) for key in ALL_FEATURES}
        self._joined = pn.widgets.CheckBoxGroup(css_classes=["gm-joined"])
        self._joined_part = pn.Column(captioned("from joined tables"), self._joined)
        self._lacking = html("gm-lacking", wide=False)
        self._nothing = html("gm-nothing", wide=False)
        split = switch("gm-split", session.param.split, SPLITS)
        self._split_help = html("gm-split-help", wide=False)
        self._layout = column(
            "gm-learning-controls",
            pn.Column(self._target, self._lacking, sizing_mode="stretch_width"),
            self._group("from the paper's ten numbers", FEATURES),
            self._group("and others, not in the paper", EXTRA_FEATURES),
            self._joined_part,
            pn.Column(captioned("Train/test split"), split, self._split_help),
        )
        self._target.param.watch(self._chosen, "value")
        for checkbox in (*self._checkboxes.values(), self._joined):
            checkbox.param.watch(self._ticked, "value")

    def draw(self, request: FitRequest) -> None:
        """Show a request, and what the data set lacks."""
        with self._update_controls():
            lacking = why_missing(request.data, ALL_TARGETS + ALL_FEATURES)
            self._target.param.update(
                options={quantity(key).name: key for key in ALL_TARGETS},
                disabled_options=[key for key in ALL_TARGETS if key in lacking],
                value=request.target,
            )
            self._lacking.object = _missing_targets(lacking)
            for key, checkbox in self._checkboxes.items():
                checkbox.param.update(value=key in request.features, disabled=key in lacking)
                redefined = request.data.redefined([key]).get(key, "")
                why = lacking.get(key, "")
                self._labels[key].object = _explained_feature(key, why, redefined)
            joined = joined_features(request.data)
            selected = [key for key in joined if key in request.features]
            self._joined.param.update(options=joined, value=selected)
            self._joined_part.visible = bool(joined)
            self._split_help.object = snippet("shared.html", "paragraph", SPLIT_HELP[request.split])
            self._nothing.object = ""

    def _group(self, title: str, keys: tuple[str, ...]) -> pn.Column:
        """List some features, each with its checkbox."""
        rows = [
            row("gm-checkbox-row", self._checkboxes[key], self._labels[key], wide=False)
            for key in keys
        ]
        foot = [self._nothing] if keys == FEATURES else []
        ticks = column("gm-checkboxes", *rows)
        return pn.Column(captioned(title), ticks, *foot, sizing_mode="stretch_width")

    def _chosen(self, event: param.parameterized.Event) -> None:
        if not self._updating and event.new:
            self.session.target = event.new

    def _ticked(self, _: param.parameterized.Event) -> None:
        """Learn from other features, if any is ticked."""
        if self._updating:
            return
        ticked = [
            key
            for key, checkbox in self._checkboxes.items()
            if checkbox.value and not checkbox.disabled
        ]
        ticked += self._joined.value
        alert = snippet("shared.html", "alert", "Select at least one.")
        self._nothing.object = "" if ticked else alert
        if ticked:
            self.session.features = ticked


def explained(name: str, help_: str, why: str = "", *, warning: str = "") -> str:
    """Write a name that explains itself on hover, or why it is not here."""
    text = warning + (f"Not here: {why}." if why else help_)
    return snippet("shared.html", "explained", name, text, absent=bool(why))


def _explained_feature(key: str, why: str, redefined: str) -> str:
    """Write the name of a feature, with a warning if it is truth, or another quantity here."""
    shown = quantity(key)
    warning = "" if shown.kind == "feature" else TRUTH_LEVEL
    name = f"{shown.name} (not the paper's)" if redefined and not why else shown.name
    help_ = f"Here: {redefined}. {shown.help}" if redefined else shown.help
    return explained(name, help_, why, warning=warning)


def _missing_targets(lacking: dict[str, str]) -> str:
    """List the targets that the data set lacks, by reason."""
    reasons = {}
    for key in ALL_TARGETS:
        if key in lacking:
            reasons.setdefault(lacking[key], []).append(quantity(key).symbol)
    return "".join(
        snippet("shared.html", "paragraph", f"Not here: {', '.join(keys)} ({why}).")
        for why, keys in reasons.items()
    )
