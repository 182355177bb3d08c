"""Page: all galaxies of the selection as small pictures of one map."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from galmass_app import how_made
from galmass_app.gallery import colours_of, orders, ranked
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.deferred_updater import DeferredUpdater
from galmass_app.views.download import Download
from galmass_app.views.gallery.embedding import EmbeddingPanel
from galmass_app.views.gallery.gallery_grid import GalleryGrid, Series
from galmass_app.views.heading import NO_DATA, heading
from galmass_app.views.layout import button, column, row, select, switch
from galmass_app.views.page_view import PageView
from galmass_core.datasets.capabilities import further_maps
from galmass_core.galaxy import LINES_OF_SIGHT
from galmass_core.quantities import map_keys, symbol_of

DESCRIPTION = (
    "Every selected galaxy, or all, in one map. A tap chooses a galaxy for all pages; a frame in "
    "colour shows the quantity of your choice."
)
AS_THEY_COME = {"Order": {"as the data set has them": ""}}
PLAIN = {"Frames": {"all alike": ""}}


class Gallery(PageView):
    """Controls, the grid, and galaxies by similarity."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, EmbeddingPanel)
        self._order = select("gm-inline gm-gallery-order", "Sorted by, largest first")
        self._colour = select("gm-inline gm-gallery-colour", "Frames coloured by")
        shown = session.param.gallery_map
        self._map = switch("gm-gallery-map", shown, _offered(shown.objects))
        look = button("gm-look", "Explore it →", lambda _: session.param.update(page="explore"))
        self._controls = row(
            "gm-controls gm-with-download",
            self._map,
            switch("gm-los", session.param.los, list(LINES_OF_SIGHT)),
            look,
            Download.of(
                session,
                "gm-gallery",
                self._called,
                how=lambda: how_made.of_gallery(session),
                table=self._table,
            ),
        )
        chosen = column("gm-axes", self._order, self._colour)
        self.grid = GalleryGrid.of(session)
        self._parts = column(
            "gm-gallery-page", self._controls, chosen, self.grid, *self.slots.values()
        )
        self._layout = column("gm-page", self._headline, self._message, self._parts)
        for chooser, name in ((self._order, "gallery_order"), (self._colour, "gallery_colour")):
            chooser.param.watch(lambda event, name=name: self._chosen(name, event.new), "value")
        follows = ("dataset", "selection_query", "los", "theme", "gallery_map")
        follows += ("gallery_order", "gallery_colour")
        self._updater = DeferredUpdater(session, "gallery", self._draw, follows)

    def _chosen(self, name: str, key: str) -> None:
        """Sort or colour otherwise."""
        if not self._updating:
            self.session.param.update({name: key})

    def _draw(self, changed: set[str]) -> None:
        """Show the galaxies that are selected now."""
        data = self.session.data
        self._headline.object = heading("Gallery", DESCRIPTION, data)
        text = NO_DATA if data is None else ""
        if data and not data.has_maps:
            text = snippet("explore.html", "no_maps")
        self._show_message(text)
        self._parts.visible = not text
        if text:
            return
        if "dataset" in changed:
            self._offer()
        names = self.session.selection or tuple(data.galaxy_names)
        self.grid.draw(self._series(names))
        self._draw_embedding(changed)

    def _offer(self) -> None:
        """List the maps of this data set, and what it can be sorted and coloured by."""
        keys = (*map_keys(), *further_maps(self.session.data))
        if self.session.gallery_map not in keys:
            self.session.gallery_map = keys[0]
        self._map.options = _offered(keys)
        groups = orders(self.session.data)
        known = {key for choices in groups.values() for key in choices.values()} | {""}
        with self._update_controls():
            for name, chooser, first in (
                ("gallery_order", self._order, AS_THEY_COME),
                ("gallery_colour", self._colour, PLAIN),
            ):
                key = getattr(self.session, name)
                chooser.param.update(groups=first | groups, value=key if key in known else "")
                self.session.param.update({name: chooser.value})

    def _called(self) -> str:
        return f"gallery_{self.session.gallery_map}_{self.session.los}"

    def _table(self) -> pd.DataFrame:
        """Return the galaxies in their order, with the numbers that they show."""
        names, data = self.grid.names, self.session.data
        keys = filter(None, (self.session.gallery_order, self.session.gallery_colour))
        numbers = {key: ranked(data, names, key).values.to_numpy(float) for key in keys}
        return pd.DataFrame({"name": list(names), "los": self.session.los} | numbers)

    def _series(self, names: tuple[str, ...]) -> Series:
        """Return the galaxies in their order, with notes and frames."""
        session, notes, colours = self.session, {}, {}
        if session.gallery_order:
            order = ranked(session.data, names, session.gallery_order)
            notes = dict(zip(names, order.notes, strict=True))
            places = np.argsort(-order.values.to_numpy(float), kind="stable")  # NaN comes last
            names = tuple(names[place] for place in places)
        if session.gallery_colour:
            shown = ranked(session.data, names, session.gallery_colour)
            colours = colours_of(shown.values.to_numpy(float))
            if session.gallery_colour != session.gallery_order:
                pairs = zip(names, shown.notes, strict=True)
                notes = {
                    name: "\n".join(filter(None, (notes.get(name), own))) for name, own in pairs
                }
        many = f"{len(names):,} of {len(session.data.galaxy_names):,} galaxies"
        return Series(
            data=session.data,
            names=names,
            los=session.los,
            key=session.gallery_map,
            theme=session.theme,
            notes=[notes[name] for name in names] if notes else (),
            colours=colours or (),
            head=f"{many}, {symbol_of(session.gallery_map)} along {session.los}",
        )

    def _draw_embedding(self, changed: set[str]) -> None:
        """Keep the embedding up with the page; it is of the whole data set."""
        if EmbeddingPanel not in self.views:
            self._put(EmbeddingPanel, self.session)
        panel = self.views[EmbeddingPanel]
        if "dataset" in changed:
            panel.forget()
        panel.draw()
        if "gallery_colour" in changed:
            panel.recolour()
        if "selection_query" in changed:
            panel.select()


def _offered(keys: Iterable[str]) -> dict[str, str]:
    """Return maps by what their button says."""
    return {symbol_of(key): key for key in keys}
