"""Galaxies that were observed and kept: their maps, and what is predicted outside the training."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from galmass_app.framework import batched_update
from galmass_app.markup import snippet
from galmass_app.observed import chosen, strips_of, table_of, unusual
from galmass_app.plots.scale import scale_of
from galmass_app.state import SessionState
from galmass_app.views.data_table import DataTable
from galmass_app.views.explore.estimates import Estimates
from galmass_app.views.four_maps import LaterMaps, ShownMaps
from galmass_app.views.layout import column, html
from galmass_app.views.prediction import sentences
from galmass_app.views.worker_poller import WorkerView
from galmass_app.workers import QUICK, Job
from galmass_core.observations.frame import ObservedMaps
from galmass_core.observations.kept import Kept, kept_observations
from galmass_core.quantities import map_keys, symbol_of

_HEADS = (  # text, help, whether it is a number
    ("galaxy", "As its file calls it. A click shows it.", False),
    ("observed by", "The layout of its files.", False),
    ("maps", "Those that its files have.", False),
    ("R_e [arcsec]", "Half-light radius on the sky.", True),
    ("frame seen [%]", "Share of the network's frame that was observed.", True),
    ("unusual: features [%]", "Share of simulated galaxies that are less unusual.", True),
    ("unusual: maps [%]", "The same, in what the network sees in the maps.", True),
)
_NO_SCORE = "How far it is from simulated galaxies is not known: there are none at hand."
_FAILED = "It could not be read; the status line says why."


class _Read(NamedTuple):
    """What the worker has read."""

    found: list[Kept]
    damaged: list[str]
    shown: Kept | None
    maps: ObservedMaps | None


class Observed(WorkerView):
    """A table of what was kept, and the maps and predictions of one galaxy."""

    follows = ("page", "theme", "observed")

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, QUICK, _FAILED)
        self.found: list[Kept] = []
        self._list = DataTable.of(
            "gm-data-table gm-observed-table",
            _HEADS,
            lambda key: session.param.update(observed=key),
            search="Search observed galaxies",
        )
        self._text, self._about = html("gm-observed-notes"), html("gm-observed-text")
        self._maps, self._estimates = LaterMaps(counted=False, unit="arcsec"), Estimates([])
        self._there = column("gm-observed-there", self._about, self._maps, self._estimates)
        self._layout = column("gm-observed", self._text, self._list, self._there)
        self._list.visible = self._there.visible = False
        self.draw()

    @property
    def table(self) -> pd.DataFrame:
        """All that was kept, a row for each target of a galaxy."""
        return table_of(self.found)

    def draw(self) -> None:
        """Have a worker read what was kept."""
        name = self.session.observed

        def work(_: Job) -> _Read:
            found, damaged = kept_observations()
            shown = chosen(found, name)
            return _Read(found, damaged, shown, shown.maps if shown else None)

        self._submit(work, "" if self.found else "reading observed galaxies…")

    def _show(self, read: _Read) -> None:
        """Show the list, and the galaxy in view."""
        self.found, shown = read.found, read.shown
        with batched_update():
            self._list.param.update(
                rows=[_row(each) for each in read.found], chosen=shown.path.stem if shown else ""
            )
            self._list.visible = self._there.visible = shown is not None
            none = snippet("explore.html", "no_observations") if shown is None else ""
            self._text.object = none + snippet("shared.html", "notes", read.damaged)
            if shown is None or read.maps is None:
                return
            self._draw_maps(shown, read.maps)
            self._about.object = _text(shown)
            self._estimates.draw(strips_of(shown))

    def _draw_maps(self, shown: Kept, maps: ObservedMaps) -> None:
        """Draw the maps that a galaxy has, in colours of its own."""
        scales = {key: scale_of(maps, key) for key in map_keys()}
        radius, theme = shown.row["effective_radius"], self.session.theme
        self._maps.draw(ShownMaps(maps, scales, radius, theme, 1, tuple(shown.row["maps"])))


def _row(kept: Kept) -> dict[str, Any]:
    """Return the row of a galaxy in the list."""
    row, scores = kept.row, unusual(kept)
    numbers = [
        row["effective_radius"],
        100 * row["prediction"]["covered"],
        scores["features"],
        scores["maps"],
    ]
    maps = ", ".join(map(symbol_of, row["maps"]))
    words = [row["galaxy"], row["layout"], maps]
    written = ["–" if np.isnan(each) else f"{each:.1f}" for each in numbers]
    return {
        "key": kept.path.stem,
        "cells": [*words, *written],
        "values": [*words, *(None if np.isnan(each) else each for each in numbers)],
        "words": " ".join(row["files"]),
    }


def _text(kept: Kept) -> str:
    """Say what was observed, that it is outside the training domain, and how unusual it is."""
    row, scores = kept.row, unusual(kept)
    spaces = {
        "features": "in σ_v, λ_R or g−r, as far as they are seen",
        "maps": "in what the network sees in the maps",
    }
    known = [
        f"than {each:.0f} % of them {spaces[key]}"
        for key, each in scores.items()
        if np.isfinite(each)
    ]
    score = f"Out of distribution: farther from simulated galaxies {', and '.join(known)}."
    angle = row["position_angle"]
    facts = [
        row["layout"],
        f"R_e {row['effective_radius']:.2f}″",
        f"{100 * row['prediction']['covered']:.0f} % of the frame seen",
        "north up, east to the left",
        *([] if angle is None else [f"receding side at {angle:.0f}°"]),
    ]
    outside, *notes = sentences([row["prediction"]["outside"], *row["notes"]])
    return snippet(
        "explore.html",
        "observed",
        row["galaxy"],
        " · ".join(facts),
        outside,
        score if known else _NO_SCORE,
        notes,
    )
