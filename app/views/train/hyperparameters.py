"""How a network is trained, where a person wants it otherwise than in the preset."""

from dataclasses import asdict
from typing import Any

import panel as pn
import param

from galmass_app.markup import snippet
from galmass_app.views.checkbox import Checkbox
from galmass_app.views.layout import View, button, column, html, labelled, select
from galmass_core.networks.presets import PRESETS, SCALINGS

_NAMES = {
    "augment": "augmentation",
    "tta": "mean over symmetries",
    "mask_sparse": "σ of single stars masked",
}
SCHEDULES = {"cosine, to 0 at the end": "cosine", "literally as printed": "literal"}
WIDTHS = {"1 (ResNet-18)": 1.0, "1/2": 0.5, "1/4": 0.25, "1/8": 0.125}


class Hyperparameters(View):
    """A field for each hyper-parameter, folded away at first."""

    changes = param.ClassSelector(
        default=(), class_=tuple, doc="Names and values that the preset has not."
    )

    def __init__(self, preset: str) -> None:
        super().__init__()
        whole, decimal = pn.widgets.IntInput, pn.widgets.FloatInput
        rates = {"start": 1e-7, "step": 1e-4, "format": "0.[0000000]"}
        scalings = {name.replace("_", ", "): name for name in SCALINGS}
        self._fields = {
            "epochs": labelled(whole, "", "Epochs", start=1, step=10),
            "batch": labelled(whole, "", "Batch", start=1, step=10),
            "learning_rate": labelled(decimal, "", "Learning rate", **rates),
            "width": select("", "Width of the branches", options=WIDTHS),
            "schedule": select("", "Learning rate over time", options=SCHEDULES),
            "scaling": select("", "Scaling of maps", options=scalings),
            "augment": Checkbox.of("gm-augment", "turn, mirror and reverse maps"),
            "scalars": Checkbox.of("gm-scalars", "learn from R_e, M_r and σ_v beside the maps"),
            "mask_sparse": Checkbox.of(
                "gm-mask-sparse", "mask σ where a pixel has fewer than two stars"
            ),
            "tta": Checkbox.of("gm-tta", "predict the mean of all 16 symmetries"),
        }
        self._switch = button("gm-unfold", on_click=self._unfold)
        self._own = html("gm-foot", wide=False)
        self._folded = column("gm-hyperparameters", *self._fields.values(), visible=False)
        self._layout = column("gm-fields", self._switch, self._own, self._folded)
        for field in self._fields.values():
            field.param.watch(self._changed, "value")
        self._unfold()
        self._unfold()
        self.show(preset)

    def show(self, preset: str) -> None:
        """Take the values of a preset."""
        self._preset = asdict(PRESETS[preset][0])
        with self._update_controls():
            for name, field in self._fields.items():
                field.value = self._preset[name]
        self._changed()

    def _changed(self, *_: param.parameterized.Event) -> None:
        """Say what differs from the preset; an empty field is as in the preset."""
        if self._updating:
            return
        self.changes = tuple(
            (name, field.value)
            for name, field in self._fields.items()
            if field.value is not None and field.value != self._preset[name]
        )
        own = ", ".join(f"{_spelled(name)} {_text(value)}" for name, value in self.changes)
        text = f"Changed from the preset: {own}."
        self._own.object = snippet("shared.html", "paragraph", text) if own else ""

    def _unfold(self, *_: object) -> None:
        self._folded.visible = not self._folded.visible
        self._switch.label = f"{'Hide' if self._folded.visible else 'Show'} hyper-parameters"


def _spelled(name: str) -> str:
    """Write the name of a hyper-parameter as a person would."""
    return _NAMES.get(name, name.replace("_", " "))


def _text(value: Any) -> str:  # noqa: ANN401
    """Write the value of a hyper-parameter as a person would."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else f"{value}"
