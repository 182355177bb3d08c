"""Read what the TNG web API answers: whether it is a success, and whether to ask again.

Its answers are not those of an ordinary API: a missing key is a 403, an unknown path may be a 200
with the site's home page, load shows as 504 or 403, and data come from another host.
"""

import email.utils
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests

from galmass_core.fetch.errors import ApiError, BadRequestError, KeyRefusedError, NotFoundError
from galmass_core.fetch.key import KEY_VARIABLE
from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import hdf5

_PASSING = {401, 403, 408, 425, 429}  # besides 5xx: statuses that another attempt may cure
_LONGEST_ASKED = 3600.0  # s, of what a server may ask to wait
_USABLE = {200, 206, 416}  # 416: there is no more to resume
_CONNECTION = {  # a fault of the connection in words; its own text may hold a token
    requests.Timeout: "no answer in time",
    requests.ConnectionError: "no connection",
}


class TryAgain(Exception):
    """A fault that passes; ``wait`` is what the server asks for [s]."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class NotTheFile(TryAgain):
    """An answer that is complete, but no such file at all, such as a web page."""


class WrongContent(NotTheFile):
    """A whole file, but not with what was requested."""


def secure_redirect(base: str, url: str, location: str) -> str:
    """Return where a redirect leads: encrypted if the API is, though its links are http."""
    try:
        target = urlsplit(urljoin(url, location))
    except ValueError:
        reason = "a redirect to no address"
        raise TryAgain(reason) from None
    is_encrypted = urlsplit(base).scheme == "https"
    return target._replace(scheme="https").geturl() if is_encrypted else target.geturl()


def check_status(response: requests.Response, is_api: bool, address: str) -> None:
    """Raise for a status that is not success; ``is_api`` if it was not redirected."""
    status = response.status_code
    if status in _USABLE:
        return
    if status == requests.codes.not_found:
        msg = f"{address.partition('?')[0]}: there is nothing at this address (404)"
        raise NotFoundError(msg)
    if status == requests.codes.bad_request:
        msg = f"{address}: the API does not have what was requested (400)"
        raise BadRequestError(msg)
    if is_api and status in (401, 403) and _is_about_the_key(response):
        msg = f"{address}: the API must accept the key in {KEY_VARIABLE}, but refuses it ({status})"
        raise KeyRefusedError(msg)
    if status in _PASSING or status // 100 == 5:
        reason = f"status {status}"
        raise TryAgain(reason, _retry_after(response))
    msg = f"{address}: the answer must be a success, got status {status}"
    raise ApiError(msg)


def connection_fault(error: requests.RequestException) -> str:
    """Return what is wrong with a connection."""
    words = (text for kind, text in _CONNECTION.items() if isinstance(error, kind))
    return next(words, type(error).__name__)


def version_of(response: requests.Response) -> dict[str, str]:
    """Return what an answer states of the version of a file; empty where it states nothing."""
    headers = response.headers
    whole = headers.get("Content-Range", "").rpartition("/")[2] or headers.get("Content-Length", "")
    return {
        "etag": headers.get("ETag", ""),
        "modified": headers.get("Last-Modified", ""),
        "encoding": headers.get("Content-Encoding", ""),
        "bytes": whole,
    }


def first_byte(response: requests.Response) -> int | None:
    """Return where a part of a file begins in the whole; None if the answer does not state it."""
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    first = rest.partition("-")[0]
    return int(first) if unit == "bytes" and first.isdecimal() else None


def _is_about_the_key(response: requests.Response) -> bool:
    """Return whether a refusal is JSON with ``detail``, as for a missing or wrong key."""
    try:
        return "detail" in response.json()
    except (ValueError, TypeError):
        return response.status_code == requests.codes.unauthorized


def _retry_after(response: requests.Response) -> float:
    """Return the pause that a server asks for [s], as a number or a date; 0 if it does not."""
    value = response.headers.get("Retry-After", "")
    try:
        if value.isdecimal():
            wait = float(value)
        else:
            wait = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(0.0, wait), _LONGEST_ASKED)


def check_file(path: Path, check: Callable[[hdf5.File], None]) -> None:
    """Raise NotTheFile unless a file is whole HDF5, and WrongContent unless the check passes."""
    try:
        with hdf5.open_file(path):
            pass
    except GalaxyFileError as error:
        raise NotTheFile(str(error)) from error
    try:
        with hdf5.open_file(path) as file:
            check(file)
    except GalaxyFileError as error:
        raise WrongContent(str(error)) from error
