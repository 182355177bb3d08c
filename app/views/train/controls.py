"""What a network is trained for, and how: targets, maps, preset, split, seed."""

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
from galmass_app.views.layout import View, column, html, labelled, row, switch
from galmass_app.views.learning_controls import SPLIT_HELP, SPLITS, explained
from galmass_app.views.train.hyperparameters import Hyperparameters
from galmass_core.datasets.capabilities import further_maps
from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import ANY, PROFILE, experiment, inputs_of
from galmass_core.networks.presets import PRESETS
from galmass_core.quantities import (
    IMAGE_PIXELS,
    MAPS,
    TARGETS,
    Target,
    further_keys,
    has_images,
    map_keys,
    radius_name,
    target_column,
    targets_by_word,
)

PRESET_HELP = {
    "laptop": "Narrow branches, small images, few epochs: minutes for a thousand galaxies.",
    "paper": "ResNet-18 on 300² images for 200 epochs (Table 2): hours on a GPU.",
}
ANY_HELP = (
    "One network that predicts from each of the 15 sets of maps, such as r alone or V and σ, "
    "and is trained in the time of one with all four."
)
PROFILE_HELP = (
    "All masses inside each of 16 radii from 1 kpc to 4 R_hsm: M*, M_DM and M_tot. Explore and Why "
    "draw them with intervals."
)
REPEATS_HELP = "Several trainings differ in the training seed: their spread is noise."
MOST_TRAININGS = 10  # processes that wait at once


class TrainControls(View):
    """The column of controls; `order` is what they add up to."""

    order = param.ClassSelector(class_=Order, doc="What would be trained; None if that is nothing.")

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        self._targets = {word: Checkbox.of(f"gm-learn-{word}") for word in _learned()}
        self._profile = Checkbox.of("gm-learn-profile")
        self._maps = {key: Checkbox.of(f"gm-branch-{key}") for key in MAPS}
        self._any = Checkbox.of("gm-branch-any")
        self._rows: dict[str, pn.Row] = {}
        self._labels = {key: html("gm-checkbox-words", wide=False) for key in self._checkboxes()}
        radii = sorted({target.aperture for target in targets_by_word().values()})
        self._aperture = _switch({radius_name(each): each for each in radii}, "gm-aperture")
        self._preset = _switch({name.capitalize(): name for name in PRESET_HELP}, "gm-preset")
        self._pixels = _switch({f"{side}²": side for side in sorted(IMAGE_PIXELS)}, "gm-pixels")
        self._fields = Hyperparameters(self._preset.value)
        split = switch("gm-split", session.param.split, SPLITS)
        self._seed = _number("gm-seed", "Split seed", value=0, start=0)
        self._training_seed = _number(
            "gm-training-seed", "Training seed", value=None, start=0, placeholder="as split"
        )
        self._repeats = _number("gm-repeats", "Trainings", value=1, start=1, end=MOST_TRAININGS)
        self._helps = {key: html("gm-foot", wide=False) for key in ("preset", "split", "seeds")}
        self._lacking = html("gm-nothing", wide=False)
        self._layout = column(
            "gm-learning-controls",
            _part(
                "Targets, inside",
                self._aperture,
                self._list(self._targets),
                self._list({PROFILE: self._profile}),
            ),
            _part(
                "Input maps, one branch each", self._list(self._maps | self._whole), self._lacking
            ),
            _part("Preset", self._preset, self._helps["preset"], self._fields),
            _part(f"Side of the images {_images()}", self._pixels),
            _part("Train/test split", split, self._helps["split"]),
            _part("Seeds and trainings", *self._numbers(), self._helps["seeds"]),
        )
        self._data, self._setting = None, False
        self._name_checkboxes()
        self._read_experiment()
        self._watch()

    def draw(self, data: DataSet) -> None:
        """List what a data set has; what is selected stays so if it is there."""
        self._data, there = data, further_maps(data)
        for key in further_keys():
            self._rows[key].visible = key in there
        self._list_targets()

    def _checkboxes(self) -> dict[str, Checkbox]:
        """Return all checkboxes by what they stand for."""
        return self._targets | {PROFILE: self._profile} | self._maps | self._whole

    @property
    def _whole(self) -> dict[str, Checkbox]:
        """Return the checkbox of every set of maps at once."""
        return {ANY: self._any}

    def _list(self, checkboxes: dict[str, Checkbox]) -> pn.Column:
        """List checkboxes, each beside what it stands for."""
        rows = {
            key: row("gm-checkbox-row", checkbox, self._labels[key], wide=False)
            for key, checkbox in checkboxes.items()
        }
        self._rows |= rows
        return column("gm-checkboxes", *rows.values())

    def _name_checkboxes(self) -> None:
        """Write beside each checkbox what it stands for; targets have names of each radius."""
        for key, checkbox in self._maps.items():
            checkbox.label = MAPS[key].symbol
            self._labels[key].object = explained(MAPS[key].name, MAPS[key].help)
        self._any.label = "Any"
        self._labels[ANY].object = explained("each set of maps", ANY_HELP)
        self._profile.label = "M(<r)"
        self._labels[PROFILE].object = explained("mass profile", PROFILE_HELP)

    def _read_experiment(self, *_: param.parameterized.Event) -> None:
        """Select the experiment of the address, unless we wrote it there ourselves."""
        name = self.session.experiment
        if self.order and self.order.experiment == name:
            return
        with self.session.reporting(), self._change_together():
            wanted = experiment(name)
            if not wanted.maps:
                msg = f"{name} has no input maps; networks do, such as mstar/r+2V"
                raise ValueError(msg)
            self._profile.value = wanted.is_profile
            if not wanted.is_profile:
                self._aperture.value = TARGETS[wanted.target].aperture
            for word, key in self._columns().items():
                self._targets[word].value = key in wanted.targets and not wanted.is_profile
            for key, checkbox in self._maps.items():
                checkbox.value = key in wanted.maps
            self._any.value = bool(wanted.subsets)
            preset = PRESETS[self._preset.value][1]
            self._pixels.value = wanted.pixels if "@" in name else preset

    @contextmanager
    def _change_together(self) -> Iterator[None]:
        """Set several controls, then update the order once."""
        self._setting = True
        try:
            yield
        finally:
            self._setting = False
            self._update_order()

    def _watch(self) -> None:
        """Follow every control."""
        for key, checkbox in self._maps.items():
            follow = self._select_control_alone if MAPS[key].control else self._deselect_control
            checkbox.param.watch(follow, "value")
            checkbox.param.watch(self._leave_any, "value")
        self._any.param.watch(self._take_all_maps, "value")
        for checkbox in self._targets.values():
            checkbox.param.watch(self._leave_profile, "value")
        self._profile.param.watch(self._take_profile, "value")
        self._preset.param.watch(self._take_preset, "value")
        self._aperture.param.watch(self._list_targets, "value")
        for widget in (*self._checkboxes().values(), self._pixels, *self._numbers()):
            widget.param.watch(self._update_order, "value")
        self._fields.param.watch(self._update_order, "changes")
        self.session.param.watch(self._update_order, "split")
        self.session.param.watch(self._read_experiment, "experiment")

    def _list_targets(self, *_: param.parameterized.Event) -> None:
        """List the targets that the data set has inside the chosen radius."""
        columns, first = self._columns(), _learned()
        lacking = why_missing(self._data, tuple(columns.values()))
        for word, key in columns.items():
            shown, why = TARGETS.get(key, first[word]), lacking.get(key, "")
            if key not in TARGETS:
                why = f"not known inside {radius_name(self._aperture.value)}"
            self._targets[word].param.update(label=short(shown.key), disabled=bool(why))
            self._labels[word].object = explained(shown.short_name, shown.help, why)
        self._update_order()

    def _select_control_alone(self, event: param.parameterized.Event) -> None:
        """Deselect the branches: the control is trained on alone."""
        if event.new:
            for checkbox in self._maps.values():
                checkbox.value = checkbox is event.obj

    def _deselect_control(self, event: param.parameterized.Event) -> None:
        """Deselect the control, which a branch replaces."""
        if event.new:
            for key, checkbox in self._maps.items():
                checkbox.value &= not MAPS[key].control

    def _take_all_maps(self, event: param.parameterized.Event) -> None:
        """Select all branches for a network that predicts from each set of them."""
        if event.new:
            with self._change_together():
                for key, checkbox in self._maps.items():
                    checkbox.value = key in map_keys()

    def _leave_any(self, event: param.parameterized.Event) -> None:
        """Without a branch, or with another map, a network cannot predict from every set."""
        if event.new != (self._key_of(event.obj) in map_keys()):
            self._any.value = False

    def _take_profile(self, event: param.parameterized.Event) -> None:
        """Deselect single masses, which the profile replaces."""
        if event.new:
            with self._change_together():
                for checkbox in self._targets.values():
                    checkbox.value = False

    def _leave_profile(self, event: param.parameterized.Event) -> None:
        """Deselect the profile, which a single mass replaces."""
        if event.new:
            self._profile.value = False

    def _key_of(self, checkbox: Checkbox) -> str:
        """Return the map that a checkbox stands for."""
        return next(key for key, each in self._maps.items() if each is checkbox)

    def _take_preset(self, event: param.parameterized.Event) -> None:
        """Take all values of another preset."""
        with self._change_together():
            self._fields.show(event.new)
            self._pixels.value = PRESETS[event.new][1]

    def _update_order(self, *_: param.parameterized.Event) -> None:
        """Write the order, or what it lacks."""
        if self._setting or self._data is None:
            return
        columns = self._columns()
        selected = [word for word, checkbox in self._targets.items() if self._is_on(checkbox)]
        names = [TARGETS[columns[word]].word for word in selected]
        names = [PROFILE] if self._profile.value else names
        maps = [key for key, each in self._maps.items() if each.value and self._rows[key].visible]
        inputs = ANY if self._any.value else inputs_of(maps)
        self._pixels.disabled = not has_images(maps)
        self._aperture.disabled = self._profile.value  # it has radii of its own
        missing = [] if names else ["a target"]
        missing += [] if inputs else ["an input map"]
        alert = snippet("shared.html", "alert", f"Select {' and '.join(missing)}.")
        self._lacking.object = alert if missing else ""
        helps = {
            "preset": PRESET_HELP[self._preset.value],
            "split": SPLIT_HELP[self.session.split],
            "seeds": REPEATS_HELP,
        }
        for key, help_ in helps.items():
            self._helps[key].object = snippet("shared.html", "paragraph", help_)
        self.order = None if missing else self._ordered(names, inputs, has_images(maps))
        if self.order:
            self.session.experiment = self.order.experiment

    def _ordered(self, names: list[str], inputs: str, lit: bool) -> Order:
        """Return what the controls add up to."""
        preset = self._preset.value
        side = f"@{self._pixels.value}" * (lit and self._pixels.value != PRESETS[preset][1])
        return Order(
            data=self._data.path,
            experiment=f"{','.join(names)}/{inputs}{side}",
            preset=preset,
            changes=self._fields.changes,
            split=self.session.split,
            seed=self._seed.value or 0,
            training_seed=self._training_seed.value,
            repeats=self._repeats.value or 1,
        )

    def _numbers(self) -> tuple[pn.widgets.IntInput, ...]:
        """Return the fields of seeds and of the number of trainings."""
        return self._seed, self._training_seed, self._repeats

    def _columns(self) -> dict[str, str]:
        """Return the columns inside the chosen radius of all targets."""
        aperture = self._aperture.value
        return {word: target_column(each.stem, aperture) for word, each in _learned().items()}

    @staticmethod
    def _is_on(checkbox: Checkbox) -> bool:
        """Whether something is selected and there."""
        return checkbox.value and not checkbox.disabled


def _learned() -> dict[str, Target]:
    """Return what can be learned, each once inside its first radius, by word."""
    first = {}
    for target in targets_by_word().values():
        first.setdefault(target.stem, target)
    return {target.word: target for target in first.values()}


def _images() -> str:
    return " and ".join(spec.symbol for spec in MAPS.values() if spec.is_image)


def _switch(options: dict[str, object], name: str) -> pn.widgets.RadioButtonGroup:
    first = next(iter(options.values()))
    return pn.widgets.RadioButtonGroup(options=options, value=first, css_classes=[name])


def _number(name: str, label: str, **options: object) -> pn.widgets.IntInput:
    classes = f"gm-inline {name}"
    return labelled(pn.widgets.IntInput, classes, label, wide=False, width=180, **options)


def _part(title: str, *content: object) -> pn.Column:
    return column("gm-part", captioned(title), *content)
