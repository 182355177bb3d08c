"""Ranges of colours that are set by hand, map by map."""

from collections.abc import Mapping

import panel as pn

from galmass_app.markup import snippet
from galmass_app.plots.scale import Scale, scales_by_hand
from galmass_app.state import SessionState
from galmass_app.views.layout import View, column, html, labelled
from galmass_core.quantities import MAPS, map_keys

WRONG = "The first number must be below the second, and light above 0."


class Limits(View):
    """Two fields for each map, below the maps."""

    def __init__(self, scales: Mapping[str, Scale], *, session: SessionState) -> None:
        super().__init__(session)
        self._wrong = html("gm-nothing", wide=False)
        self._fields = {key: [_field(key, end) for end in ("from", "to")] for key in map_keys()}
        rows = [pn.Row(*fields, css_classes=["gm-limit"]) for fields in self._fields.values()]
        self._layout = column("gm-slot gm-limits", column("gm-maps", *rows), self._wrong)
        for fields in self._fields.values():
            for field in fields:
                field.param.watch(self._set, "value")
        self.draw(scales)

    def draw(self, scales: Mapping[str, Scale]) -> None:
        """Write the ranges that are drawn into the fields."""
        self._scales, self._wrong.object = scales, ""
        with self._update_controls():
            for key, fields in self._fields.items():
                for field, end in zip(fields, (scales[key].low, scales[key].high), strict=True):
                    field.value = float(f"{end:.4g}")

    def _set(self, event: object) -> None:
        """Take the range of the map whose field has changed."""
        if self._updating:
            return
        key = next(key for key, fields in self._fields.items() if event.obj in fields)
        low, high = (field.value for field in self._fields[key])
        text = f"{key}:{low}:{high}"
        if scales_by_hand([text], self._scales) == self._scales:
            self._wrong.object = snippet("shared.html", "alert", WRONG)
            return
        others = [each for each in self.session.limits if not each.startswith(f"{key}:")]
        self.session.limits = [*others, text]


def _field(key: str, end: str) -> pn.widgets.FloatInput:
    classes = f"gm-limit-field gm-limit-{key}"
    return labelled(pn.widgets.FloatInput, classes, f"{MAPS[key].symbol} {end}")
