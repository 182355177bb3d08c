"""The line at the bottom: ready or at work, what data, and the last error until dismissed."""

import panel as pn
import param

from galmass_app import services
from galmass_app.markup import snippet
from galmass_app.state import SessionState


class Status(pn.viewable.Viewer):
    """What the page stands on, and how it is doing."""

    session = param.ClassSelector(class_=SessionState)

    def __init__(self, session: SessionState) -> None:
        super().__init__(session=session)
        self._work = pn.pane.HTML(css_classes=["gm-work"])
        self._data = pn.pane.HTML(css_classes=["gm-source"])
        self._error = pn.pane.HTML(css_classes=["gm-error"])
        self._dismiss = pn.widgets.Button(
            label="Dismiss", css_classes=["gm-dismiss"], on_click=self._forget
        )
        self._layout = pn.Row(
            self._work, self._data, self._error, self._dismiss, css_classes=["gm-status-line"]
        )
        session.param.watch(self._draw, ["pending", "dataset", "error", "work"])
        self._draw()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def _draw(self, *_: param.parameterized.Event) -> None:
        """Say how things are."""
        session = self.session
        self._work.object = snippet("status.html", "work", session.pending)
        self._data.object = snippet("status.html", "source", session.work, _source(session))
        self._error.object = snippet("status.html", "error", session.error)
        self._dismiss.visible = bool(session.error)

    def _forget(self, _: object) -> None:
        """Dismiss the error."""
        self.session.error = ""


def _source(session: SessionState) -> str:
    """Say how many samples of which suites, and where they lie."""
    data = session.data
    if data is None:
        return "no data set"
    counts = f"{len(data):,} samples of {len(data.galaxy_names):,} galaxies"
    suites = " and ".join(data.info["suites"])
    if services.is_synthetic(data) and "synthetic" not in suites:
        suites += " · synthetic"
    if stars := data.info.get("stars"):
        suites += f" · thinned to {stars:,} stars"
    return " · ".join((counts, suites, data.path.name))
