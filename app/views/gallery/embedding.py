"""Galaxies by similarity: a scatter of an embedding, linked to the grid by selection and tap."""

from functools import partial

import numpy as np
import pandas as pd
import panel as pn

from galmass_app.embeddings import AXES, MOST, Embedding, embed
from galmass_app.explanations import networks
from galmass_app.gallery import ranked
from galmass_app.markup import snippet
from galmass_app.plots.points import Points
from galmass_app.plots.sample import SampleFigure, nearest
from galmass_app.plots.selection import Geometry, inside, shape_name
from galmass_app.state import SessionState
from galmass_app.views.heading import section
from galmass_app.views.layout import button, column, html, select
from galmass_app.views.worker_poller import WorkerView
from galmass_app.workers import NETWORKS
from galmass_core.quantities import symbol_of
from galmass_core.training.runs import Run

TITLE = "Galaxies by similarity"
HELP = (
    "Principal components of what a network's last layer sees, or of the pixels of the map above. "
    f"Galaxies that look alike lie near each other. Of more than {MOST:,}, as many are drawn."
)
PIXELS = ""  # key of the map in view, among the networks
COLOUR = "in colour"


class EmbeddingPanel(WorkerView):
    """A button that has a worker embed the galaxies of the grid, and their scatter."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, NETWORKS)
        self.embedding: Embedding | None = None
        self._runs: dict[str, Run] = {}
        self._drawn: SampleFigure | None = None
        self._table = pd.DataFrame()
        self._source = select("gm-embedding-source", "Components of")
        self._start = button("gm-embed", "Show similarity", lambda _: self._begin())
        self._text = html("gm-foot")
        self._pane = pn.pane.Bokeh(sizing_mode="stretch_width", visible=False)
        self._layout = column(
            "gm-embedding",
            section(TITLE, HELP),
            self._source,
            self._start,
            self._text,
            self._pane,
        )
        session.param.watch(lambda _: self._mark(), ["galaxy", "los"])

    def draw(self) -> None:
        """Offer to embed the galaxies of the data set in view."""
        self._runs = {run.name: run for run in networks(self.session.data)}
        options = {f"last layer of {name}": name for name in self._runs}
        options[f"pixels of {symbol_of(self.session.gallery_map)}"] = PIXELS
        known = self._source.value if self._source.value in options.values() else None
        value = next(iter(options.values())) if known is None else known
        self._source.param.update(options=options, value=value)

    def recolour(self) -> None:
        """Colour the galaxies as the grid is; the zoom stays."""
        if self.embedding is None:
            return
        table, key = self.embedding.table, self.session.gallery_colour
        if key:
            values = ranked(self.session.data, tuple(table["name"]), key).values
            table = table.assign(**{COLOUR: values.to_numpy()})
        self._table = table
        colour = COLOUR if COLOUR in table and np.isfinite(table[COLOUR]).any() else ""
        points = Points(table, *AXES, colour)
        same = self._drawn is not None and self._drawn.shows(points.keys[:2], points.ends)
        seen = self._drawn.seen if same else None
        self._drawn = SampleFigure(points, "gm-likeness", seen=seen, trend=False)
        self._drawn.follow(self._boxed)
        self._drawn.on_tap(self.tap)
        self._mark()
        self.select()
        self._pane.param.update(object=self._drawn.figure, visible=True)

    def select(self) -> None:
        """Show which galaxies are selected now."""
        if self._drawn is not None:
            chosen = self._table[self._table["name"].isin(self.session.selection)]
            self._drawn.select(*(chosen[axis].to_numpy(float) for axis in AXES))

    def forget(self) -> None:
        """Drop the embedding, which is of other data."""
        self._slot.cancel()
        self.embedding = self._drawn = None
        self._pane.visible, self._text.object = False, ""

    def tap(self, x: float, y: float) -> None:
        """Go to the galaxy next to the place that was tapped."""
        spans = tuple(high - low for low, high in self._drawn.seen)
        found = nearest(self._table, *AXES, (x, y), spans)
        if found is not None:
            self.session.look_at(found["name"], found["los"])

    def _end(self) -> None:
        super()._end()
        self._start.disabled = False

    def _show(self, embedding: Embedding) -> None:
        """Draw an embedding."""
        self.embedding, self._drawn = embedding, None
        self.recolour()
        self._text.object = snippet("shared.html", "notes", [_words(embedding)])

    def _begin(self) -> None:
        """Have a worker embed the galaxies."""
        source: Run | str = self._runs.get(self._source.value, self.session.gallery_map)
        data = self.session.data
        request = partial(embed, data, data.galaxy_names, self.session.los, source)
        self._start.disabled = True
        self._submit(lambda job: request(job.check), "Begins…")

    def _boxed(self, geometry: Geometry) -> None:
        """Select what a box or a lasso encloses."""
        enclosed = inside(geometry, *(self._table[axis] for axis in AXES))
        self.session.select(
            list(self._table["name"][enclosed]), f"{shape_name(geometry)} by similarity"
        )

    def _mark(self) -> None:
        """Ring the galaxy in view."""
        if self._drawn is not None:
            rows = self._table[self._table["name"] == self.session.galaxy]
            self._drawn.mark(rows, self.session.los)


def _words(embedding: Embedding) -> str:
    """Say how much of the variance the axes show, and of how many galaxies."""
    first, second = embedding.explained
    count = len(embedding.table)
    some = f"{count:,} drawn of {embedding.total:,}" if count < embedding.total else f"{count:,}"
    shares = f"{100 * first:.0f} and {100 * second:.0f} %"
    return f"{some} galaxies; the axes hold {shares} of the variance."
