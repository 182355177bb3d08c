"""The latest fetches: how each stands, and what can be done with it."""

from collections.abc import Callable, Sequence
from typing import Any

from galmass_app import fetches, services
from galmass_app.markup import snippet
from galmass_app.views.heading import section
from galmass_app.views.layout import View, button, column, html, row
from galmass_app.views.standing import MARKS, lasting, moment
from galmass_core.fetch.status import Status, fetches_folder, size_text

ROWS = 5
Do = Callable[[str, str], None]  # stop, resume or open; name of a fetch


class FetchList(View):
    """The newest fetches; each row is built once and shows whichever is in its place.

    Parameters
    ----------
    do : function of (str, str)
        Called with what is to be done, and the name of the fetch.
    """

    def __init__(self, do: Do) -> None:
        super().__init__()
        self._rows = [_Row(do) for _ in range(ROWS)]
        self._empty = html("gm-foot", snippet("fetch.html", "empty"), wide=False)
        self._older = html("gm-foot", wide=False)
        self._layout = column(
            "gm-run-list",
            section("Fetches"),
            self._empty,
            column("gm-runs", *self._rows),
            self._older,
        )

    def draw(self, found: Sequence[Status]) -> None:
        """Show fetches as they stand."""
        for place, shown in enumerate(self._rows):
            shown.draw(found[place] if place < len(found) else None)
        self._empty.visible = not found
        older = len(found) - ROWS
        text = snippet("fetch.html", "older", older, fetches_folder()) if older > 0 else ""
        self._older.object = text


class _Row(View):
    """One fetch: its name, how it stands, what failed, and what can be done."""

    def __init__(self, do: Do) -> None:
        super().__init__()
        self._status = None
        self._text, self._failed = html("gm-run-words gm-fetch-words"), html("gm-fetch-failed")
        labels = {"stop": "Stop", "resume": "Resume", "open": "Open →"}
        self._acts = {key: button(f"gm-fetch-{key}", label) for key, label in labels.items()}
        for key, shown in self._acts.items():
            shown.on_click(lambda _, key=key: do(key, self._status.name))
        self._layout = row(
            "",
            column("gm-fetch-texts", self._text, self._failed),
            row("gm-group gm-run-acts", *self._acts.values(), wide=False),
        )

    def draw(self, status: Status | None) -> None:
        """Show a fetch, or nothing."""
        self._status = status
        shown = ["gm-run", "gm-fetched"] if status else []  # its display would show a hidden row
        self._layout.param.update(visible=status is not None, css_classes=shown)
        if status is None:
            return
        content = status.content
        self._text.object = snippet(
            "fetch.html",
            "row",
            status.name,
            status.state,
            MARKS[status.state],
            standing(status),
            _share(content) if status.state == "running" else None,
            origin(status),
            status.last_fault if status.state == "running" else "",
            _next(status),
        )
        self._failed.object = (
            snippet("fetch.html", "failed", content["failed"], content["reasons"])
            if content["failed"]
            else ""
        )
        self._acts["stop"].visible = status.state == "running"
        self._acts["resume"].visible = status.state in fetches.ENDED_EARLY
        self._acts["open"].visible = (
            status.state == "finished" and status.name in services.catalogue()
        )


def standing(status: Status) -> str:
    """Say how far a fetch is, or how it ended."""
    content = status.content
    if status.state == "starting":
        return "a process is coming up"
    if status.state == "failed":
        return content["reason"] or "the process ended; its folder has a log"
    if not content["stage"]:
        return "before anything came"
    counts = _counts(content)
    if status.state != "running":
        return " · ".join(counts)
    if content["bytes_per_second"]:
        counts.append(f"{size_text(content['bytes_per_second'])}/s")
    if content["seconds_left"] is not None:
        counts.append(f"{lasting(content['seconds_left'])} left")
    return " · ".join(counts)


def _counts(content: dict[str, Any]) -> list[str]:
    """Say how many galaxies, or files of the catalogue, and bytes there are."""
    if content["stage"] == "catalogue":
        files = f", {content['done']:,} of {content['total']:,} files" if content["total"] else ""
        return [f"group catalogue{files}", size_text(content["bytes"])]
    galaxies = "getting ready"
    if content["total"]:
        galaxies = f"{content['done']:,} of {content['total']:,} galaxies"
    return [galaxies, f"{size_text(content['bytes'])} of {size_text(content['all_bytes'])}"]


def _share(content: dict[str, Any]) -> float:
    """Return which part of the bytes, or of the files, is there."""
    if content["all_bytes"]:
        return content["bytes"] / content["all_bytes"]
    return content["done"] / content["total"] if content["total"] else 0.0


def origin(status: Status) -> str:
    """Say what was requested, and when it began."""
    request = status.request
    snapshot = "last snapshot" if request["snapshot"] is None else f"snapshot {request['snapshot']}"
    parts = [f"{request['suite']}, {snapshot}", request["where"] or ""]
    parts.append(f"at most {request['limit']:,}" if request["limit"] else "")
    parts.append("maps only" if request["build"] else "particles")
    return " · ".join(filter(None, (*parts, moment(status.content["started"]))))


def _next(status: Status) -> str:
    """Return the command line that goes on from particles."""
    if status.state != "finished" or status.request["build"]:
        return ""
    return f"galmass build {status.folder} --out {status.name}"
