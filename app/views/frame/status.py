"""The line at the bottom: ready or at work, what data, and the last error until dismissed."""

import param

from galmass_app import services
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.layout import View, button, html, row


class Status(View):
    """What the page stands on, and how it is doing."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session)
        self._work = html("gm-work", wide=False)
        self._data = html("gm-source", wide=False)
        self._error = html("gm-error", wide=False)
        self._dismiss = button("gm-dismiss", "Dismiss", self._forget)
        self._layout = row(
            "gm-status-line", self._work, self._data, self._error, self._dismiss, wide=False
        )
        session.param.watch(self._draw, ["pending", "computing", "dataset", "error", "work"])
        self._draw()

    def _draw(self, *_: param.parameterized.Event) -> None:
        """Say how things are."""
        session = self.session
        self._work.object = snippet("status.html", "work", session.pending or session.computing > 0)
        self._data.object = snippet("status.html", "source", session.work, _source(session))
        self._error.object = snippet("status.html", "error", session.error)
        self._dismiss.visible = bool(session.error)

    def _forget(self, _: object) -> None:
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
