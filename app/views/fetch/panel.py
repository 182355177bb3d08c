"""Panel over any page: choose what to fetch, see what it costs, start it and watch it."""

from typing import Any

import param

from galmass_app import fetches, services
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.fetch.fetch_list import as_job, fetch_list
from galmass_app.views.fetch.form import FetchForm
from galmass_app.views.job_list import ROWS
from galmass_app.views.layout import button
from galmass_app.views.sheet import Sheet
from galmass_app.views.standing import lasting
from galmass_app.workers import WEB, Slot
from galmass_core.fetch.status import size_text

ASKING = "Asking the TNG web API…"
NO_KEY = "Type your API key first."


class FetchPanel(Sheet):
    """The form on the left; on the right what it costs, the buttons, and all fetches."""

    def __init__(self, session: SessionState) -> None:
        self._estimate = button("gm-estimate-fetch", "Estimate", self._ask)
        self._start = button("gm-start gm-start-fetch", "Start", self._begin)
        title, buttons = snippet("fetch.html", "title"), (self._estimate, self._start)
        jobs = fetch_list(self._do)
        super().__init__(session, "getting", title, FetchForm(), jobs, *buttons)
        self._asked = self._planned = None  # orders: under way, and one that can be started
        self._answers = Slot(WEB)
        self.form.param.watch(self._ordered, "order")
        if self.form.key_field:
            self.form.key_field.param.watch(self._keyed, ["is_there", "problem"])
        self._ordered()
        self._follow()

    def _draw_jobs(self) -> None:
        """List all fetches, and take an estimate that has come."""
        found = services.fetches()
        self._list.draw([as_job(status) for status in found[:ROWS]], len(found))
        self._take()

    def _ordered(self, *_: param.parameterized.Event) -> None:
        """Show the order as a command line; what it costs is not known yet."""
        self._answers.cancel()
        self._asked = self._planned = None
        self._command.text = self.form.order.command
        self._show(snippet("fetch.html", "first"))

    def _keyed(self, *_: param.parameterized.Event) -> None:
        """Say what is wrong with a key; forget that there was none."""
        self._show(self._text.object, self.form.key_field.problem)

    def _show(self, text: str = "", alert: str = "") -> None:
        """Show an estimate, and what is wrong; set the buttons."""
        super()._show(text, alert)
        self._estimate.disabled = self._asked is not None
        self._start.disabled = self._planned is None

    def _ask(self, _: object) -> None:
        """Have the order estimated; a second click at once changes nothing."""
        order, key = self.form.order, self.form.key
        if self._asked:
            return
        if self.form.key_field and not key:
            self._show(self._text.object, self.form.key_field.problem or NO_KEY)
            return
        self._asked, self._planned = order, None
        self._answers.submit(lambda _: fetches.estimate(order, key))
        self._show(snippet("shared.html", "at_work", ASKING))

    def _take(self) -> None:
        """Show the estimate that has come, or why there is none."""
        if not self._answers.ready:
            return
        order, self._asked = self._asked, None
        try:
            plan = self._answers.take()
        except (ValueError, OSError) as error:
            self._show("", str(error))
            return
        alert = _disk_alert(plan)
        self._planned = None if alert else order
        self._show(_plan_text(plan, order.where), alert)

    def _begin(self, _: object) -> None:
        """Start what was estimated; a second click at once starts nothing."""
        order, self._planned = self._planned, None
        if order is None:
            return
        try:
            fetches.start(order, self.form.key)
        except (ValueError, OSError) as error:
            self._show(self._text.object, str(error))
            return
        self.form.rename()
        self._show(snippet("fetch.html", "started", order.name))
        self._follow()

    def _do(self, what: str, name: str) -> None:
        """Carry out the action of a button in a fetch's row."""
        try:
            if what == "open":
                self.session.open(name)
                self.session.getting = False
            elif what == "stop":
                fetches.stop(name)
            elif self.form.key_field and not self.form.key:
                self._show(self._text.object, NO_KEY)
            else:
                fetches.resume(name, self.form.key)
        except (ValueError, OSError) as error:
            self._show(self._text.object, str(error))
        self._follow()


def _plan_text(plan: dict[str, Any], where: str) -> str:
    """Write what there is to fetch."""
    names = ("catalogue", "cutout", "disk", "free")
    sizes = {name: size_text(plan[f"{name}_bytes"]) for name in names}
    time = lasting(3600 * plan["hours"])
    later = bool(where and plan["is_estimate"])
    return snippet("fetch.html", "plan", plan["missing"], plan["is_estimate"], time, later, **sizes)


def _disk_alert(plan: dict[str, Any]) -> str:
    """Say if the disk is too small."""
    needed, free = (size_text(plan[f"{key}_bytes"]) for key in ("disk", "free"))
    too_small = plan["disk_bytes"] > plan["free_bytes"]
    return f"The disk is too small: {needed} are needed, {free} are free." if too_small else ""
