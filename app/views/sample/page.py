"""Page: the whole sample, so that a person sees whether its build is right."""

import pandas as pd

from galmass_app import how_made
from galmass_app.markup import snippet
from galmass_app.numerals import number
from galmass_app.plots.trends import MASS, RELATIONS
from galmass_app.state import SessionState
from galmass_app.views.deferred_updater import DeferredUpdater
from galmass_app.views.download import Download
from galmass_app.views.galaxy_properties import seen_along
from galmass_app.views.heading import NO_DATA
from galmass_app.views.layout import View, button, column, html, row
from galmass_app.views.sample import build_report as report
from galmass_app.views.sample.relations import Relations
from galmass_core.galaxy import GalaxyName
from galmass_core.quantities import quantity

SHOWN = {"log_mstar": 2, "half_mass_radius": 1, "abs_mag_r": 2, "f_dm_1rhsm": 2}  # digits


class SamplePage(View):
    """Counts, six plots with the galaxy in view marked, and how the data set was made."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        self._layout = column("gm-page")
        get = button("gm-get", "Get TNG data…")
        get.on_click(lambda _: session.param.update(getting=True))
        build = button("gm-build", "Build from files…")
        build.on_click(lambda _: session.param.update(building=True))
        if session.data is None:
            self._layout[:] = [html("gm-message", NO_DATA, wide=False), get, build]
            return
        self._head = html("gm-tally")
        self._galaxy = html("gm-in-view", align="center", wide=False)
        look = button("gm-look", "Explore it →")
        look.on_click(lambda _: session.param.update(page="explore"))
        self.relations = Relations(session)
        self._tables = [html(f"gm-{name}") for name in ("exclusions", "definitions", "making")]
        take = Download.of(
            session,
            "gm-scaling",
            lambda: "relations",
            how=lambda: how_made.of_columns(session, self._related()),
            table=self._related,
        )
        self._layout[:] = [
            self._head,
            row("gm-controls gm-chosen", self._galaxy, look, get, build),
            column("gm-scaling", self.relations, take),
            row("gm-report", *self._tables),
        ]
        self._updater = DeferredUpdater(
            session, "sample", self._draw, ("dataset", "galaxy", "los", "selection_query")
        )

    def _draw(self, changed: set[str]) -> None:
        """Show another data set, or mark another galaxy in this one."""
        if "dataset" in changed:
            self.relations.draw()
            self._describe()
            return
        if "selection_query" in changed:
            self.relations.select()
        if changed & {"galaxy", "los"}:
            self.relations.mark()
            self._galaxy.object = in_view(self.session)

    def _describe(self) -> None:
        """Say what is in the data set, and how it was made."""
        data = self.session.data
        self._head.object = report.headline(data) + report.tally(data)
        texts = (report.exclusions, report.definitions, report.making)
        for pane, write in zip(self._tables, texts, strict=True):
            pane.object = write(data)
        self._galaxy.object = in_view(self.session)

    def _related(self) -> pd.DataFrame:
        samples = self.session.data.samples
        columns = ["name", "los", "is_central", MASS]
        columns += [key for relation in RELATIONS for key in (relation.x, relation.y)]
        return samples[[key for key in dict.fromkeys(columns) if key in samples]]


def in_view(session: SessionState) -> str:
    """Write which galaxy the plots mark, and its main numbers."""
    galaxy = session.data.row(session.galaxy, session.los)
    central = galaxy.get("is_central")
    facts = [] if pd.isna(central) else ["central" if central else "satellite"]
    for key, digits in SHOWN.items():
        if key in galaxy and not pd.isna(galaxy[key]):
            shown = quantity(key)
            value = number(galaxy[key], digits)
            facts.append(f"{'log ' * shown.log}{shown.symbol} {value} {shown.shown_unit}".strip())
    facts += [seen_along(galaxy, "")] * bool(seen_along(galaxy))
    return snippet("sample.html", "galaxy", GalaxyName.parse(session.galaxy).subhalo, facts)
