"""What a network shall learn from which maps, and how: targets, branches, preset, split, seed."""

from collections.abc import Iterator
from contextlib import contextmanager

import panel as pn
import param

from galmass_app.jobs import Order
from galmass_app.markup import snippet
from galmass_app.plots.correlation import short
from galmass_app.state import SessionState
from galmass_app.tree_models import why_missing
from galmass_app.views.checkbox import Checkbox
from galmass_app.views.heading import captioned
from galmass_app.views.learning_controls import SPLIT_HELP, SPLITS, explained
from galmass_app.views.train.hyperparameters import Hyperparameters
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import experiment, inputs_of
from galmass_core.networks.presets import PRESETS
from galmass_core.quantities import (
    IMAGE_PIXELS,
    MAPS,
    TARGETS,
    Target,
    has_images,
    radius_name,
    target_column,
    targets_by_word,
)

PRESET_HELP = {
    "laptop": "Narrow branches, small images, few epochs: minutes for a thousand galaxies.",
    "paper": "ResNet-18 on 300² images for 200 epochs (Table 2): hours on a GPU.",
}


class TrainControls(pn.viewable.Viewer):
    """The column of controls; `order` is what they add up to."""

    session = param.ClassSelector(class_=SessionState)
    order = param.ClassSelector(class_=Order, doc="What would be trained; None if that is nothing.")

    def __init__(self, session: SessionState) -> None:
        super().__init__(session=session)
        self._targets = {word: _tick(f"gm-learn-{word}") for word in _learned()}
        self._maps = {key: _tick(f"gm-branch-{key}") for key in MAPS}
        self._words = {
            key: pn.pane.HTML(css_classes=["gm-checkbox-words"]) for key in self._checkboxes()
        }
        radii = sorted({target.aperture for target in targets_by_word().values()})
        self._aperture = _switch({radius_name(each): each for each in radii}, "gm-aperture")
        self._preset = _switch({name.capitalize(): name for name in PRESET_HELP}, "gm-preset")
        self._pixels = _switch({f"{side}²": side for side in sorted(IMAGE_PIXELS)}, "gm-pixels")
        self._fields = Hyperparameters(self._preset.value)
        split = pn.widgets.RadioButtonGroup.from_param(
            session.param.split, options=SPLITS, css_classes=["gm-split"]
        )
        self._seed = pn.widgets.IntInput(
            label="Seed", value=0, start=0, width=110, css_classes=["gm-inline", "gm-seed"]
        )
        self._helps = {key: pn.pane.HTML(css_classes=["gm-foot"]) for key in ("preset", "split")}
        self._lacking = pn.pane.HTML(css_classes=["gm-nothing"])
        self._layout = pn.Column(
            _part("Targets, inside", self._aperture, self._list(self._targets)),
            _part("Input maps, one branch each", self._list(self._maps), self._lacking),
            _part("Preset", self._preset, self._helps["preset"], self._fields),
            _part(f"Side of the images {_images()}", self._pixels),
            _part("Train/test split", split, self._helps["split"]),
            self._seed,
            css_classes=["gm-learning-controls"],
            sizing_mode="stretch_width",
        )
        self._data, self._setting = None, False
        self._name_maps()
        self._take()
        self._watch()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def draw(self, data: DataSet) -> None:
        """Offer what a data set has; what is ticked stays ticked if it is there."""
        self._data = data
        self._offer()

    def _checkboxes(self) -> dict[str, Checkbox]:
        """Return all ticks by what they stand for."""
        return self._targets | self._maps

    def _list(self, ticks: dict[str, Checkbox]) -> pn.Column:
        """List ticks, each beside its words."""
        rows = [
            pn.Row(checkbox, self._words[key], css_classes=["gm-checkbox-row"])
            for key, checkbox in ticks.items()
        ]
        return pn.Column(*rows, css_classes=["gm-checkboxes"], sizing_mode="stretch_width")

    def _name_maps(self) -> None:
        """Write beside each tick which map it stands for."""
        for key, tick in self._maps.items():
            tick.label = MAPS[key].symbol
            self._words[key].object = explained(MAPS[key].name, MAPS[key].help)

    def _take(self, *_: param.parameterized.Event) -> None:
        """Select what the address asks for, unless we wrote it there ourselves."""
        name = self.session.experiment
        if self.order and self.order.experiment == name:
            return
        with self.session.reporting(), self._together():
            wanted = experiment(name)
            if not wanted.maps:
                msg = f"{name} has no input maps; networks do, such as mstar/r+2V"
                raise ValueError(msg)
            self._aperture.value = TARGETS[wanted.target].aperture
            for word, column in self._columns().items():
                self._targets[word].value = column in wanted.targets
            for key, tick in self._maps.items():
                tick.value = key in wanted.maps
            preset = PRESETS[self._preset.value][1]
            self._pixels.value = wanted.pixels if "@" in name else preset

    @contextmanager
    def _together(self) -> Iterator[None]:
        """Set several controls, and add up once."""
        self._setting = True
        try:
            yield
        finally:
            self._setting = False
            self._add_up()

    def _watch(self) -> None:
        """Follow every control."""
        for key, tick in self._maps.items():
            follow = self._only_the_control if MAPS[key].control else self._no_control
            tick.param.watch(follow, "value")
        self._preset.param.watch(self._take_preset, "value")
        self._aperture.param.watch(self._offer, "value")
        for widget in (*self._checkboxes().values(), self._pixels, self._seed):
            widget.param.watch(self._add_up, "value")
        self._fields.param.watch(self._add_up, "changes")
        self.session.param.watch(self._add_up, "split")
        self.session.param.watch(self._take, "experiment")

    def _offer(self, *_: param.parameterized.Event) -> None:
        """Offer the targets that the data set has inside the chosen radius."""
        columns, first = self._columns(), _learned()
        lacking = why_missing(self._data, tuple(columns.values()))
        for word, column in columns.items():
            shown, why = TARGETS.get(column, first[word]), lacking.get(column, "")
            if column not in TARGETS:
                why = f"not known inside {radius_name(self._aperture.value)}"
            self._targets[word].param.update(label=short(shown.key), disabled=bool(why))
            self._words[word].object = explained(shown.short_name, shown.help, why)
        self._add_up()

    def _only_the_control(self, event: param.parameterized.Event) -> None:
        """Untick the branches: the control is learned from alone."""
        if event.new:
            for tick in self._maps.values():
                tick.value = tick is event.obj

    def _no_control(self, event: param.parameterized.Event) -> None:
        """Untick the control, which a branch replaces."""
        if event.new:
            for key, tick in self._maps.items():
                tick.value &= not MAPS[key].control

    def _take_preset(self, event: param.parameterized.Event) -> None:
        """Take all values of another preset."""
        with self._together():
            self._fields.show(event.new)
            self._pixels.value = PRESETS[event.new][1]

    def _add_up(self, *_: param.parameterized.Event) -> None:
        """Write the order, or what is lacking for one."""
        if self._setting or self._data is None:
            return
        columns = self._columns()
        ticked = [word for word, tick in self._targets.items() if self._is_on(tick)]
        words = [TARGETS[columns[word]].word for word in ticked]
        maps = [key for key, tick in self._maps.items() if tick.value]
        inputs = inputs_of(maps)
        self._pixels.disabled = not has_images(maps)
        missing = [] if words else ["a target"]
        missing += [] if inputs else ["an input map"]
        alert = snippet("shared.html", "alert", f"Select {' and '.join(missing)}.")
        self._lacking.object = alert if missing else ""
        helps = {"preset": PRESET_HELP[self._preset.value], "split": SPLIT_HELP[self.session.split]}
        for key, help_ in helps.items():
            self._helps[key].object = snippet("shared.html", "paragraph", help_)
        self.order = None if missing else self._ordered(words, inputs, has_images(maps))
        if self.order:
            self.session.experiment = self.order.experiment

    def _ordered(self, words: list[str], inputs: str, lit: bool) -> Order:
        """Return what the controls add up to."""
        preset = self._preset.value
        side = f"@{self._pixels.value}" * (lit and self._pixels.value != PRESETS[preset][1])
        return Order(
            data=self._data.path,
            experiment=f"{','.join(words)}/{inputs}{side}",
            preset=preset,
            changes=self._fields.changes,
            split=self.session.split,
            seed=self._seed.value or 0,
        )

    def _columns(self) -> dict[str, str]:
        """Return the columns inside the chosen radius of what can be ticked."""
        aperture = self._aperture.value
        return {word: target_column(each.stem, aperture) for word, each in _learned().items()}

    @staticmethod
    def _is_on(checkbox: Checkbox) -> bool:
        """Whether something is ticked and there."""
        return checkbox.value and not checkbox.disabled


def _learned() -> dict[str, Target]:
    """Return what can be learned, each once inside its first radius, by word."""
    first = {}
    for target in targets_by_word().values():
        first.setdefault(target.stem, target)
    return {target.word: target for target in first.values()}


def _images() -> str:
    return " and ".join(spec.symbol for spec in MAPS.values() if spec.is_image)


def _tick(name: str) -> Checkbox:
    return Checkbox(css_classes=["gm-checkbox", name])


def _switch(options: dict[str, object], name: str) -> pn.widgets.RadioButtonGroup:
    first = next(iter(options.values()))
    return pn.widgets.RadioButtonGroup(options=options, value=first, css_classes=[name])


def _part(title: str, *content: object) -> pn.Column:
    """Put a caption over some controls."""
    return pn.Column(
        captioned(title), *content, css_classes=["gm-part"], sizing_mode="stretch_width"
    )
