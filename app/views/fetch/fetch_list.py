"""The latest fetches: how each stands, and what can be done with it."""

from typing import Any

from galmass_app import fetches, services
from galmass_app.markup import snippet
from galmass_app.views.job_list import Do, Job, JobList
from galmass_app.views.standing import MARKS, lasting, moment
from galmass_core.fetch.status import Status, fetches_folder, size_text

ACTIONS = {"stop": "Stop", "resume": "Resume", "open": "Open →"}


def fetch_list(do: Do) -> JobList:
    """Return the list of the fetches; ``do`` as of `JobList`."""
    empty = "Nothing has been fetched here yet."
    return JobList("Fetches", empty, str(fetches_folder()), ACTIONS, do)


def as_job(status: Status) -> Job:
    """Return what the list shows of a fetch."""
    content, running = status.content, status.state == "running"
    text = snippet(
        "fetch.html",
        "row",
        status.name,
        status.state,
        MARKS[status.state],
        standing(status),
        _share(content) if running else None,
        origin(status),
        status.last_fault if running else "",
        _next(status),
    )
    failed = content["failed"]
    failures = snippet("fetch.html", "failed", failed, content["reasons"]) if failed else ""
    return Job(status.name, text, failures, _actions(status))


def _actions(status: Status) -> list[str]:
    """Return what can be done with a fetch."""
    if status.state in fetches.ENDED_EARLY:
        return ["resume"]
    if status.state == "finished":
        return ["open"] * (status.name in services.catalogue())
    return ["stop"] * (status.state == "running")


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
    """Return the command line that continues from particles."""
    if status.state != "finished" or status.request["build"]:
        return ""
    return f"galmass build {status.folder} --out {status.name}"
