"""The frame around every page: header, page switch, data set, theme, status line, URL."""

import time
from functools import lru_cache
from pathlib import Path

import panel as pn
import param
from bokeh.document import Document
from bokeh.events import ConnectionLost

from galmass_app import admin, services
from galmass_app.address import correct, read
from galmass_app.framework import PageTemplate, batched_update, scripts
from galmass_app.markup import snippet, template
from galmass_app.memory import release
from galmass_app.state import SessionState
from galmass_app.theme import Look, style_sheet
from galmass_app.views.build.panel import BuildPanel
from galmass_app.views.compare.page import Compare
from galmass_app.views.diagnostics.page import Diagnostics
from galmass_app.views.explore.page import Explore
from galmass_app.views.features.page import Features
from galmass_app.views.fetch.panel import FetchPanel
from galmass_app.views.frame.address import Address
from galmass_app.views.frame.guide import Guide
from galmass_app.views.frame.selection_bar import SelectionBar
from galmass_app.views.frame.selection_strip import SelectionStrip
from galmass_app.views.frame.status import Status
from galmass_app.views.frame.theme_switch import ThemeSwitch
from galmass_app.views.gallery.page import Gallery
from galmass_app.views.layout import column
from galmass_app.views.paper.page import Paper
from galmass_app.views.runs.page import Runs
from galmass_app.views.sample.page import SamplePage
from galmass_app.views.train.page import Train
from galmass_app.views.transfer.page import Transfer
from galmass_app.views.why.page import Why
from galmass_core.datasets.folders import home_folder

PAGES = {  # key in the URL: name in the header, its Viewer
    "explore": ("Explore", Explore),
    "sample": ("Sample", SamplePage),
    "gallery": ("Gallery", Gallery),
    "features": ("Features", Features),
    "train": ("Train", Train),
    "runs": ("Runs", Runs),
    "compare": ("Compare", Compare),
    "diagnostics": ("Diagnostics", Diagnostics),
    "why": ("Why", Why),
    "transfer": ("Transfer", Transfer),
    "paper": ("Paper", Paper),
}
SHEETS = {  # over any page: in the list of data sets, parameter of the session, and class
    "Get TNG data…": ("getting", FetchPanel),
    "Build from files…": ("building", BuildPanel),
}
POLL_PERIOD = 1000  # ms between two looks at the home folder
GONE = 30_000  # ms after which a visitor whose connection was lost does not come back


class Page:
    """The dashboard of one visitor, in the state of its address."""

    def __init__(self) -> None:
        pn.extension(respect_explicit_sizing=True)
        self.session = SessionState()
        read(self.session, pn.state.location.search)
        self.session.settle()
        correct(self.session, pn.state.location.search)
        admin.register(self.session)
        self._views = {}
        self._main = column("gm-main")
        self._sheets = {name: column("gm-sheet", wide=False) for name, _ in SHEETS.values()}
        self._theme = ThemeSwitch.of(self.session)
        self._await_visitor()
        self._data_sets = self._chooser()
        self.template = PageTemplate(template("page.html"), design=Look, location=False)
        self.template.add_variable("style", style_sheet("tokens.css") + style_sheet("style.css"))
        self.template.add_variable("overrides", scripts() + style_sheet("theme.js"))
        for name, part in {
            "pages": self._switch(),
            "chooser": self._data_sets,
            "guide": Guide.of(self.session),
            "address": Address.of(self.session),
            "theme": self._theme,
            "selection": SelectionBar.of(self.session),
            "strip": SelectionStrip.of(self.session),
            "fetch": column("gm-fetch-place", *self._sheets.values(), wide=False),
            "main": self._main,
            "status": Status(self.session),
        }.items():
            self.template.add_panel(name, part)

    def servable(self) -> None:
        """Serve it to the visitor of this session."""
        document = pn.state.curdoc
        document.add_periodic_callback(self.look, POLL_PERIOD)
        pn.state.on_session_destroyed(release.request)
        document.on_event(ConnectionLost, lambda _: end_if_gone(document))
        with pn.state.curdoc.models.freeze():  # one scan of all models instead of fifteen
            self.template.servable(title="galmass")

    def _switch(self) -> pn.widgets.RadioButtonGroup:
        return pn.widgets.RadioButtonGroup.from_param(
            self.session.param.page,
            options={name: key for key, (name, _) in PAGES.items()},
            description=None,
            css_classes=["gm-pages"],
        )

    def _chooser(self) -> pn.widgets.Select:
        """Make the data-set chooser; it stays where it is if a data set cannot be opened."""
        session = self.session
        select = pn.widgets.Select(
            label="Data set",
            options=_choices(),
            value=session.dataset or None,
            css_classes=["gm-inline", "gm-dataset"],
            sizing_mode="stretch_width",
        )

        def chosen(event: param.parameterized.Event) -> None:
            if event.new in SHEETS:
                session.param.update({SHEETS[event.new][0]: True})
            elif event.new and event.new != session.dataset:
                session.open(event.new)
            select.value = session.dataset or None

        select.param.watch(chosen, "value")
        session.param.watch(lambda event: select.param.update(value=event.new), "dataset")
        return select

    def look(self) -> None:
        """Update the progress of work in the home folder, and list new data sets."""
        work, known = _home(time.monotonic_ns() // (10**6 * POLL_PERIOD), home_folder())
        self.session.param.update(work=work, poll_count=self.session.poll_count + 1)
        self.session.follow_data()
        if self.session.dataset not in ("", *known):
            known = [self.session.dataset, *known]  # it was deleted
        if known != self._data_sets.options:
            self._data_sets.options = known

    def _await_visitor(self) -> None:
        """Send the frame ahead: a page takes a second to be made, the frame a tenth."""
        document = pn.state.curdoc
        if document is None or document.session_context is None:
            self._begin()  # in a test, or a server that warms up: nobody comes
        else:
            services.freeze_gc()
            self.session.pending = True
            self._main.append(pn.pane.HTML(snippet("shared.html", "at_work", "Opening the page…")))
            self._theme.param.watch(lambda _: pn.state.onload(self._begin), "reported")

    def _begin(self) -> None:
        with batched_update():
            self.session.pending = False
            self._main.clear()
            self._turn()
        self.session.param.watch(self._turn, "page")
        self._open_sheets()
        self.session.param.watch(self._open_sheets, [name for name, _ in SHEETS.values()])

    def _open_sheets(self, *events: param.parameterized.Event) -> None:
        """Show the panel that is open over the page, one at most; it is built the first time."""
        opened = next((event.name for event in events if event.new), "")
        with batched_update():
            for name, make in SHEETS.values():
                if opened and name != opened:
                    self.session.param.update({name: False})
                place, is_open = self._sheets[name], getattr(self.session, name)
                if is_open and not len(place):
                    place.append(make(self.session))
                place.visible = is_open

    def _turn(self, *_: param.parameterized.Event) -> None:
        """Show the page that is chosen; it is built the first time."""
        key = self.session.page
        if key not in self._views:
            self._views[key] = pn.Column(PAGES[key][1](self.session), sizing_mode="stretch_width")
            self._main.append(self._views[key])
        for other, view in self._views.items():
            view.visible = other == key


@lru_cache(maxsize=1)
def _home(_second: int, _home: Path) -> tuple[str, list[str]]:
    """Look at the home folder once a second for all visitors: what is made, and the choices."""
    return services.work(), _choices()


def _choices() -> list[str]:
    """Return what the list of data sets offers."""
    return [*services.catalogue(), *SHEETS]


def end_if_gone(document: Document) -> None:
    """Let a session end if its visitor has gone; a connection that broke is opened again."""

    def end() -> None:
        session = document.session_context.session
        if session.connection_count == 0:
            session.request_expiration()

    document.add_timeout_callback(end, GONE)
