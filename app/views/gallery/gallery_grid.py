"""A grid of small pictures, of which the browser holds only those in view; a worker makes them."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import param
from panel.custom import JSComponent

from galmass_app.state import SessionState
from galmass_app.theme import Theme
from galmass_app.thumbnails import thumbnail
from galmass_app.views.worker_poller import WorkerPoller
from galmass_app.workers import THUMBNAILS, Job, Slot
from galmass_core.assets import asset
from galmass_core.datasets.dataset import DataSet
from galmass_core.galaxy import GalaxyName

MOST = 400  # pictures asked for at a time: three screens of a large window


@dataclass(frozen=True, kw_only=True)
class Series:
    """The galaxies of a grid in their order, and how they are drawn."""

    data: DataSet
    names: tuple[str, ...]
    los: str
    key: str  # of the map
    theme: Theme
    notes: Sequence[str] = field(default=(), compare=False)  # a number of each, in words
    colours: Sequence[str] = field(default=(), compare=False)  # of each frame; empty: as others
    head: str = field(default="", compare=False)


class GalleryGrid(JSComponent):
    """Shows a series; a tap goes to the galaxy."""

    shown = param.Dict(
        {"series": 0, "ids": [], "notes": [], "colours": [], "pictures": False, "head": ""},
        doc="Number of the series, IDs, notes and colours of all galaxies, whether there are "
        "pictures, and how many galaxies there are in words.",
    )
    here = param.Integer(-1, doc="Place of the galaxy in view; -1 if it is not among them.")

    _esm = asset("gallery_grid.js")

    @classmethod
    def of(cls, session: SessionState) -> "GalleryGrid":
        """Make the grid of a session."""
        grid = cls(css_classes=["gm-gallery"], sizing_mode="stretch_width")
        grid._session, grid._series, grid._places = session, None, {}
        grid._slot, grid._made = Slot(THUMBNAILS), deque()
        grid._poller = WorkerPoller(grid.pull, session)
        session.param.watch(lambda _: grid.mark(), "galaxy")
        return grid

    @property
    def names(self) -> tuple[str, ...]:
        """The galaxies in their order."""
        return self._series.names if self._series else ()

    def draw(self, series: Series) -> None:
        """Show another series."""
        self._slot.cancel()
        self._made = deque()
        self._series = series
        self._places = {name: place for place, name in enumerate(series.names)}
        self.here = -1
        self.shown = {
            "series": self.shown["series"] + 1,
            "ids": [GalaxyName.parse(name).subhalo for name in series.names],
            "notes": list(series.notes),
            "colours": list(series.colours),
            "pictures": series.data.has_maps,
            "head": series.head,
        }
        self.mark()

    def mark(self) -> None:
        """Mark the galaxy in view."""
        self.here = self._places.get(self._session.galaxy, -1)

    def pull(self) -> bool:
        """Send the pictures that the worker has made; return whether more are to come."""
        ready = self._slot.ready  # before the last ones are taken
        made = [self._made.popleft() for _ in range(len(self._made))]
        if made:
            self._send_msg({"series": self.shown["series"], "made": made})
        if ready:
            with self._session.reporting():
                self._slot.take()
        return self._slot.busy

    def _handle_msg(self, data: list) -> None:
        """Make pictures, or go to a galaxy; what is of an earlier series does not count."""
        verb, series, about = data
        if series != self.shown["series"] or self._series is None:
            return
        if verb == "pictures":
            self._make([at for at in about[:MOST] if 0 <= at < len(self._series.names)])
        elif 0 <= about < len(self._series.names):
            self._session.look_at(self._series.names[about], self._series.los)

    def _make(self, places: list[int]) -> None:
        """Have a worker make pictures, in place of those asked for before."""
        series, made = self._series, self._made

        def make(job: Job) -> None:
            for at in places:
                job.check()
                picture = thumbnail(
                    series.data, series.names[at], series.los, series.key, series.theme
                )
                made.append([at, picture])

        self._slot.submit(make)
        self._poller.wake()
