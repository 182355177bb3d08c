"""The sample in view as a survey sees it, beside its maps as they are, and what is predicted."""

import numpy as np
import pandas as pd
import panel as pn
import param

from galmass_app.framework import batched_update
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.telescopes import Seen, see
from galmass_app.views.explore.estimates import Estimates
from galmass_app.views.four_maps import COLOURED, LaterMaps, ShownMaps, chosen_scales, shown_maps
from galmass_app.views.layout import button, column, html, row
from galmass_app.views.worker_poller import WorkerView
from galmass_app.workers import NETWORKS, Job
from galmass_core.telescope import TELESCOPES, Telescope
from galmass_core.telescope.distances import kpc_per_arcsec
from galmass_core.telescope.settings import SETTINGS, adjusted, settings_of

_FAILED = "It could not be seen; the status line says why."
_INTERVALS = (
    "The networks learned from maps as they are, and their intervals hold for those: nothing "
    "guarantees them through a telescope."
)
_NO_NETWORK = "No network that sees these maps predicts this galaxy."


class ThroughTelescope(WorkerView):
    """Presets and sliders, the maps through a telescope and as they are, and predictions."""

    follows = ("dataset", "galaxy", "los", "theme", "least_stars", "telescope", "tuned", *COLOURED)

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, NETWORKS, _FAILED)
        self.seen: Seen | None = None
        self._settings: dict[str, float] = {}
        self._presets = pn.widgets.RadioButtonGroup(
            options=list(TELESCOPES), value=session.telescope, css_classes=["gm-telescopes"]
        )
        self._presets.param.watch(self._chosen, "value")
        self.sliders = {key: self._slider(key) for key in SETTINGS}
        self._back = button("gm-as-preset", "As the preset", lambda _: self._put({}))
        self._text, self._late = html("gm-telescope-text"), html("gm-late", wide=False)
        self._maps, self._plain = LaterMaps(counted=False), LaterMaps()
        self._drawn: ShownMaps | None = None  # what it shows
        self._titles = [html("gm-section", wide=False) for _ in range(2)]
        self._estimates = Estimates([])
        self._layout = column(
            "gm-telescope",
            row("gm-group", self._presets, self._back),
            column("gm-sliders", *self.sliders.values()),
            self._late,
            self._titles[0],
            self._maps,
            self._titles[1],
            self._plain,
            self._text,
            self._estimates,
        )
        self.draw()

    @property
    def table(self) -> pd.DataFrame:
        """The predictions from both."""
        return self.seen.table if self.seen else pd.DataFrame()

    def draw(self) -> None:
        """Have a worker look through the telescope of the session."""
        session = self.session
        self._settings = settings_of(session.tuned)
        seen_by = adjusted(session.telescope, self._settings)
        with self._update_controls():
            self._presets.value = session.telescope
            for key, slider in self.sliders.items():
                value = SETTINGS[key].get(seen_by)
                slider.visible = value is not None
                if value is not None:
                    slider.value = value
        self._look(seen_by)

    def _say(self, progress: str) -> None:
        self._late.object = snippet("shared.html", "at_work", progress)

    def _end(self) -> None:
        super()._end()
        self._late.object = ""

    def _slider(self, key: str) -> pn.widgets.FloatSlider:
        """Make the slider of a setting; it is followed while it moves, and kept once let go."""
        setting = SETTINGS[key]
        ends = {"start": setting.low, "end": setting.high, "step": setting.step}
        slider = pn.widgets.FloatSlider(
            label=setting.label,
            **ends,
            value=setting.low,
            css_classes=["gm-slider", f"gm-set-{key}"],
            sizing_mode="stretch_width",
        )

        def moved(event: param.parameterized.Event) -> None:
            if not self._updating:
                self._settings = self._settings | {key: event.new}
                self._look(adjusted(self.session.telescope, self._settings))

        def let_go(event: param.parameterized.Event) -> None:
            if not self._updating:
                self._put(self._settings | {key: event.new})

        slider.param.watch(moved, "value")
        slider.param.watch(let_go, "value_throttled")
        return slider

    def _chosen(self, event: param.parameterized.Event) -> None:
        """Take another telescope, as its preset is."""
        if not self._updating:
            self.session.param.update(telescope=event.new, tuned=[])

    def _put(self, settings: dict[str, float]) -> None:
        """Keep settings in the session."""
        self.session.tuned = [f"{key}:{value:g}" for key, value in settings.items()]

    def _look(self, seen_by: Telescope) -> None:
        """Have a worker look through a telescope."""
        session = self.session
        data, galaxy, los = session.data, session.galaxy, session.los

        def work(_: Job) -> tuple[Telescope, Seen]:
            return seen_by, see(data, galaxy, los, seen_by)

        self._submit(work, f"looking through {seen_by.name}…")

    def _show(self, made: tuple[Telescope, Seen]) -> None:
        """Show maps, and predictions."""
        (seen_by, self.seen), session = made, self.session
        seen = self.seen
        sample = session.galaxy, session.los
        scales = chosen_scales(session, session.data, *sample)
        plain = shown_maps(session, *sample, scales)
        with batched_update():
            self._maps.draw(plain._replace(maps=seen.maps))
            before = self._drawn
            if not before or plain.maps is not before.maps or plain[1:] != before[1:]:
                self._plain.draw(plain)
            self._drawn = plain
            titles = f"Through {seen_by.name}", "As they are"
            for title, words in zip(self._titles, titles, strict=True):
                title.object = snippet("shared.html", "section", words)
            notes = [_facts(seen_by, seen), _INTERVALS if seen.strips else _NO_NETWORK]
            self._text.object = snippet("shared.html", "notes", notes)
            self._estimates.draw(seen.strips)


def _facts(seen_by: Telescope, seen: Seen) -> str:
    """Say how large a galaxy is in the telescope, and how much of its motion is measured."""
    scale = kpc_per_arcsec(seen_by.redshift)
    size = f"R_hsm {seen.maps.half_mass_radius / scale:.1f}″"
    facts = f"At redshift {seen_by.redshift:g}, where 1″ is {scale:.2f} kpc and {size}"
    if seen_by.spectrograph is None:
        return f"{facts}. V and σ are as they are: it takes images only."
    share = np.mean(np.isfinite(seen.maps.view("V")))
    return f"{facts}; V and σ are measured in {100 * share:.0f} % of the frame."
