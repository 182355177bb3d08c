"""Panel over any page: choose files, build a data set from them and watch it."""

from pathlib import Path

import param

from galmass_app import builds, services
from galmass_app.builds import Build
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.build.form import BuildForm
from galmass_app.views.job_list import ROWS, Job, JobList
from galmass_app.views.layout import button
from galmass_app.views.sample.build_report import REASONS, left_out
from galmass_app.views.sheet import Sheet
from galmass_app.views.standing import MARKS, moment

ACTIONS = {"stop": "Stop", "resume": "Resume", "remove": "Remove", "open": "Open →"}
_NEXT = {  # what can be done with a build in a state
    "running": ["stop"],
    "finished": ["open"],
    "stopped": ["resume", "remove"],
    "failed": ["resume", "remove"],
}


class BuildPanel(Sheet):
    """The form on the left; on the right its button, the command line, and all builds."""

    def __init__(self, session: SessionState) -> None:
        self._start = button("gm-start gm-start-build", "Build", self._begin)
        empty = "Nothing has been built here yet."
        jobs = JobList("Builds", empty, str(builds.builds_folder()), ACTIONS, self._do)
        title = snippet("build.html", "title")
        super().__init__(session, "building", title, BuildForm(), jobs, self._start)
        self.form.param.watch(self._ordered, ["order", "problem"])
        self._ordered()
        self._follow()

    def _draw_jobs(self) -> None:
        """List all builds."""
        found = builds.builds()
        self._list.draw([as_job(build) for build in found[:ROWS]], len(found))

    def _ordered(self, *_: param.parameterized.Event) -> None:
        """Show the order as a command line, and what is wrong with its files."""
        self._command.text = self.form.order.command
        self._start.disabled = self.form.order.source is None
        self._show(alert=self.form.problem)

    def _begin(self, _: object) -> None:
        """Start what was ordered; a second click at once has no files any more."""
        order = self.form.order
        try:
            builds.start(order, take=self.form.takes)
        except (ValueError, OSError) as error:
            self._show(alert=str(error))
            return
        self.form.drop.clear()
        self.form.rename()
        self._show(snippet("build.html", "started", order.name))
        self._follow()

    def _do(self, what: str, name: str) -> None:
        """Carry out the action of a button in a build's row."""
        try:
            if what == "open":
                self.session.open(name)
                self.session.param.update(building=False, page="explore")
            else:
                {"stop": builds.stop, "resume": builds.resume, "remove": builds.remove}[what](name)
        except (ValueError, OSError) as error:
            self._show(alert=str(error))
        self._follow()


def as_job(build: Build) -> Job:
    """Return what the list shows of a build."""
    running = build.state == "running"
    text = snippet(
        "build.html",
        "row",
        build.name,
        build.state,
        MARKS[build.state],
        standing(build),
        build.done / build.total if running and build.total else None,
        f"{Path(build.source).name} · {moment(build.content['started'])}",
    )
    return Job(build.name, text, _excluded(build), _NEXT[build.state])


def standing(build: Build) -> str:
    """Say how far a build is, or how it ended."""
    if build.state == "failed":
        return build.fault
    if build.state == "finished":
        return f"{len(services.dataset(build.name).galaxy_names):,} galaxies"
    if build.state == "stopped":
        return "complete shards are kept"
    return f"{build.done:,} of {build.total:,} galaxies" if build.total else "looking for galaxies"


def _excluded(build: Build) -> str:
    """List the galaxies that a finished build excluded, by reason."""
    table = left_out(services.dataset(build.name)) if build.state == "finished" else []
    if not len(table):
        return ""
    rows = list(zip(table["reason"][:REASONS], table["galaxies"][:REASONS], strict=True))
    return snippet("build.html", "excluded", int(table["galaxies"].sum()), rows)
