"""Six small plots in which a wrong build shows: mass function and scaling relations."""

from collections.abc import Callable
from functools import partial, reduce
from operator import mul

import holoviews as hv
import numpy as np
import panel as pn
import param
from holoviews.streams import Pipe, RangeXY, Tap

from galmass_app import services
from galmass_app.framework import batched_update
from galmass_app.markup import snippet
from galmass_app.plots import relations as draw
from galmass_app.plots.sample import nearest
from galmass_app.plots.selection import Geometry, inside, shape_name
from galmass_app.plots.trends import FEWEST, MASS, RELATIONS, Related, Relation, missing
from galmass_app.state import SessionState
from galmass_app.theme import GROUPS
from galmass_app.views.layout import View, column, html, plot, row, switch
from galmass_core.datasets.dataset import DataSet
from galmass_core.galaxy import LINES_OF_SIGHT
from galmass_core.quantities import quantity

COUNTS_HELP = (
    "How many galaxies there are of each stellar mass, with Poisson errors: it falls towards high "
    "masses, steeply above 10¹¹ M☉. A data set does not know the volume it comes from."
)


class Relations(View):
    """The plots, and whether centrals and satellites stand apart; a tap chooses a galaxy."""

    apart = param.Boolean(
        default=False, doc="Whether centrals and satellites are shown separately."
    )

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        self._apart, self._chosen, self._picked = (Pipe(data=data) for data in (False, None, ()))
        self._switch = switch(
            "gm-isolated",
            self.param.apart,
            {"All galaxies": False, "Centrals, satellites": True},
            description=None,
        )
        self._legend = html("gm-legend", align="center", wide=False)
        self._titles = [html("gm-relation-title", wide=False) for _ in range(6)]
        self._panes = [plot("gm-relation") for _ in self._titles]
        self._gaps = [html("gm-gap") for _ in self._titles]
        panels = [
            column("gm-relation-panel", *parts)
            for parts in zip(self._titles, self._panes, self._gaps, strict=True)
        ]
        self._layout = column(
            "gm-page",
            row("gm-controls", self._switch, self._legend, wide=False),
            column("gm-relations", *panels),
        )
        self.param.watch(self._part, "apart")

    def draw(self) -> None:
        """Show the data set that is chosen now."""
        data = self.session.data
        known = data.samples.get("is_central")
        self._switch.disabled = known is None or bool(known.isna().all())
        self.apart = self.apart and not self._switch.disabled
        self._explain()
        self._chosen.update(data=(self.session.galaxy, self.session.los))
        self._picked.update(data=self.session.selection)
        for place in range(len(self._panes)):
            self._put(place, "", None, snippet("sample.html", "drawing"))
            fill = partial(pn.state.execute, partial(self._fill, place), schedule=True)
            pn.state.onload(fill)  # each when there is time

    def mark(self) -> None:
        """Mark the galaxy that is chosen now."""
        self._chosen.send((self.session.galaxy, self.session.los))

    def select(self) -> None:
        """Show which galaxies are selected now."""
        self._picked.send(self.session.selection)

    def _part(self, *_: param.parameterized.Event) -> None:
        """Draw centrals and satellites apart, or all together."""
        self._explain()
        with batched_update():
            self._apart.send(self.apart)

    def _explain(self) -> None:
        """Say what the marks are."""
        known = not self._switch.disabled
        self._legend.object = _legend(self.session.data, apart=self.apart, grouped=known)

    def _fill(self, place: int) -> None:
        """Draw one of the six plots; report if it fails."""
        with batched_update(), self.session.reporting():
            data = self.session.data
            if place == 0:
                title = snippet("sample.html", "relation_title", "Mass function", COUNTS_HELP)
                self._put(place, title, *self._counts(data))
            else:
                self._put(place, *self._relation(data, RELATIONS[place - 1]))

    def _put(self, place: int, title: str, plot: hv.DynamicMap | None, gap: str = "") -> None:
        """Fill one of the six places with a plot, or with the reason why there is none."""
        self._titles[place].object = title
        self._panes[place].param.update(object=plot, visible=plot is not None)
        self._gaps[place].param.update(object=gap, visible=bool(gap))

    def _counts(self, data: DataSet) -> tuple[hv.DynamicMap | None, str]:
        if absent := missing(data.samples, MASS):
            return None, _gap(absent)
        tables = services.mass_functions(data)
        masses = data.samples[MASS]
        marks = self._marks(
            lambda name, _: draw.mass_mark(tables, masses.iloc[data.rows_of(name)[0]])
        )
        counts = self._layers(partial(draw.mass_function, tables))
        return draw.framed_counts(reduce(mul, [marks, *counts])), ""

    def _relation(self, data: DataSet, relation: Relation) -> tuple[str, hv.DynamicMap | None, str]:
        """Draw a relation: points, running medians, and the galaxy in view."""
        if absent := missing(data.samples, relation.x, relation.y):
            title = snippet("sample.html", "relation_title", relation.title, relation.help)
            return title, None, _gap(absent)
        related = services.related(data, relation)
        points = [
            draw.shown_points(layer, related, number)
            for number, layer in enumerate(
                self._layers(lambda group, _: draw.dots(related, relation, group))
            )
        ]
        view = RangeXY(source=points[0])
        Tap(source=points[0]).add_subscriber(partial(self.tap, related, relation, view))
        parts = points
        if related.zeros is not None:
            parts.append(draw.zero_line(related.zeros, related, relation))
        if len(related.trends["all"]):
            parts += self._layers(partial(draw.trend, related, relation))
        parts.append(self._selected(related, relation))
        parts.append(self._marks(partial(draw.joined, related, relation)))
        return _title(data, related, relation), draw.framed(reduce(mul, parts), relation), ""

    def _layers(self, make: Callable[[str, int], hv.Element]) -> list[hv.DynamicMap]:
        """Make layers of points or curves that follow the switch; one where groups are unknown."""
        return [
            hv.DynamicMap(
                lambda data, number=number: make(draw.layers(data)[number], number),
                streams=[self._apart],
            )
            for number in range(1 if self._switch.disabled else 2)
        ]

    def _marks(self, make: Callable[[str, str], hv.Element]) -> hv.DynamicMap:
        """Make the mark of the galaxy in view; it follows the session."""
        return hv.DynamicMap(lambda data: make(*data), streams=[self._chosen])

    def _selected(self, related: Related, relation: Relation) -> hv.DynamicMap:
        """Make the layer of selected galaxies; it follows the session, and a box or a lasso it."""

        def chosen(geometry: Geometry) -> None:
            rows = related.points[inside(geometry, related.points["x"], related.points["y"])]
            label = f"{shape_name(geometry)} on {relation.title.lower()}"
            self.session.select(rows["name"].unique(), label)

        return hv.DynamicMap(
            lambda data: draw.selected(related, relation, data, chosen), streams=[self._picked]
        )

    def tap(
        self,
        related: Related,
        relation: Relation,
        view: RangeXY,
        x: float | None,
        y: float | None,
    ) -> None:
        """Choose the galaxy next to the place that was tapped."""
        if x is None or y is None:
            return
        spans = (
            _length(view.x_range, related.limits("x")),
            _length(view.y_range, related.limits("y")),
        )
        row = nearest(related.points, "x", "y", (x, y), spans)
        seen = relation.per_sample and row["los"] in LINES_OF_SIGHT
        los = row["los"] if seen else self.session.los
        self.session.look_at(row["name"], los)


def _length(seen: tuple[float, float] | None, ends: tuple[float, float]) -> float:
    """Measure an axis as far as it is in view; all of it before anyone has zoomed."""
    low, high = seen if seen and np.isfinite(seen).all() else ends
    return abs(high - low)


def _title(data: DataSet, related: Related, relation: Relation) -> str:
    """Write the title of a plot, what is left out, and columns that the paper defines otherwise."""
    definitions = data.info.get("definitions", {})
    differing = [
        (quantity(key).symbol, f"Here: {definitions[key]}. {quantity(key).help}")
        for key in (relation.x, relation.y)
        if definitions.get(key)
    ]
    return snippet(
        "sample.html", "relation_title", relation.title, relation.help, related.without, differing
    )


def _gap(absent: list[str]) -> str:
    return snippet("sample.html", "gap", [(quantity(key).name, key) for key in absent])


def _legend(data: DataSet, *, apart: bool, grouped: bool) -> str:
    signs = {"circle": "●", "triangle": "▲"}
    names = ("centrals", "satellites") if apart else ("galaxies",)
    groups = [
        (signs[group.marker], group.colour, name)
        for group, name in zip(GROUPS, names, strict=False)
    ]
    return snippet(
        "sample.html",
        "legend",
        groups,
        medians=len(data.galaxy_names) >= FEWEST,
        joined=len(data) > len(data.galaxy_names),
        grouped=grouped,
    )
