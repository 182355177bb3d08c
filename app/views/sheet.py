"""A sheet over any page that starts jobs: a form on the left; buttons, progress and jobs right."""

import panel as pn
import param

from galmass_app.framework import batched_update
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.command_line import command_line
from galmass_app.views.job_list import JobList
from galmass_app.views.layout import View, button, column, html, row


class Sheet(View):
    """Subclasses have ``_draw_jobs``, which lists all jobs as they stand.

    Parameters
    ----------
    session : SessionState
    is_open : str
        Its parameter that says whether the sheet is shown.
    title : str
        HTML.
    form : View
        What it adds up to is its ``order``.
    jobs : JobList
    *buttons : panel.widgets.Button
    """

    def __init__(
        self,
        session: SessionState,
        is_open: str,
        title: str,
        form: View,
        jobs: JobList,
        *buttons: pn.widgets.Button,
    ) -> None:
        super().__init__(session)
        self.form, self._list, self._is_open = form, jobs, is_open
        self._text, self._alert = html("gm-estimate"), html("gm-nothing")
        self._command = command_line()
        close = button("gm-close", "Close", lambda _: session.param.update({is_open: False}))
        go = row("gm-fetch-go", *buttons, wide=False)
        right = column("gm-trainings", go, self._text, self._alert, self._command, jobs)
        self._layout = column(
            "gm-fetch",
            row("gm-fetch-head", html("gm-fetch-title", title), close),
            row("gm-fetch-parts", form, right),
        )
        session.param.watch(self._follow, ["poll_count", is_open])

    def _follow(self, *_: param.parameterized.Event) -> None:
        """Keep up with the folders of all jobs while the sheet is open."""
        if getattr(self.session, self._is_open):
            with batched_update(), self.session.reporting():
                self._draw_jobs()

    def _show(self, text: str = "", alert: str = "") -> None:
        """Show HTML on the order, and in an alert what is wrong."""
        self._text.object = text
        text = alert and snippet("shared.html", "alert", alert)
        self._alert.param.update(object=text, visible=bool(alert))
