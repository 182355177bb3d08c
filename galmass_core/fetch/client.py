"""Ask the TNG web API, patiently: retries, redirects without the key, and checked downloads.

Its answers are not those of an ordinary API: a missing key is a 403, an unknown path may be a 200
with the site's home page, load shows as 504 or 403, and data come from another host.
"""

import email.utils
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from galmass_core import __version__
from galmass_core.fetch.errors import (
    ApiError,
    BadRequestError,
    KeyRefusedError,
    NotFoundError,
    NothingWorksError,
)
from galmass_core.galaxy import GalaxyFileError, UnavailableError
from galmass_core.sources import hdf5
from galmass_core.storage.atomic import write_json

BASE = "https://www.tng-project.org/api/"
KEY_VARIABLE = "TNG_API_KEY"
BASE_VARIABLE = "TNG_API_URL"  # of a mirror, or of a server for tests
_HOPS = 5  # redirects that are followed
_PASSING = {401, 403, 408, 425, 429}  # besides 5xx: statuses that another attempt may cure
_LONGEST_ASKED = 3600.0  # s, of what a server may ask to wait
_WRONG_CONTENTS = 3  # attempts from the first answer that is not what was requested
_QUESTIONS = 4  # attempts at JSON, which is for someone who waits at the terminal
_USABLE = {200, 206, 416}  # 416: there is no more to resume
_BLOCK = 1 << 20  # bytes written at a time
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_CONNECTION = {  # a fault of the connection in words; its own text may hold a token
    requests.Timeout: "no answer in time",
    requests.ConnectionError: "no connection",
}


class _TryAgain(Exception):
    """A fault that passes; ``wait`` is what the server asks for [s]."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class _NotTheFile(_TryAgain):
    """An answer that is complete, but no such file at all, such as a web page."""


class _WrongContent(_NotTheFile):
    """A whole file, but not with what was requested."""


@dataclass(kw_only=True)
class Client:
    """A client of the web API; may be used by several threads.

    Attributes
    ----------
    key : str
        Sent as the header ``api-key`` to the host of ``base`` only.
    base : str
        Address of the API, which ends with a slash.
    attempts : int
        At a file.
    first_wait, longest_wait : float, s
        Pause before the second attempt; it doubles for each further one.
    timeout : tuple of float, s
        Longest time to connect, and between two parts of an answer.
    on_bytes : function of int, optional
        Called with the number of bytes of a file that have come; by several threads.
    on_fault : function of str, optional
        Called with each fault that another attempt may cure; by several threads.
    """

    key: str = field(repr=False)
    base: str = BASE
    attempts: int = 8
    first_wait: float = 5.0
    longest_wait: float = 300.0
    timeout: tuple[float, float] = (20.0, 300.0)
    on_bytes: Callable[[int], None] | None = field(default=None, repr=False)
    on_fault: Callable[[str], None] | None = field(default=None, repr=False)
    stopping: threading.Event = field(default_factory=threading.Event, repr=False)
    _sessions: threading.local = field(default_factory=threading.local, repr=False)

    def json(self, path: str) -> Any:  # noqa: ANN401
        """Return the JSON at a path below the base.

        Raises
        ------
        ApiError
            If there is none.
        UnavailableError
            If all attempts failed, or the key is not accepted.
        """

        def read() -> Any:  # noqa: ANN401
            with self._response(path) as response:
                try:
                    return response.json()
                except ValueError as error:
                    reason = "the answer is not JSON"
                    raise _NotTheFile(reason) from error

        return self._patiently(path, read, min(_QUESTIONS, self.attempts))

    def download(
        self,
        path: str,
        out: Path,
        check: Callable[[hdf5.File], None],
        *,
        attempts: int | None = None,
        resume: bool = False,
    ) -> int:
        """Download an HDF5 file; it appears under its name when it is complete and correct.

        Parameters
        ----------
        path : str
            Below the base.
        out : Path
        check : function of the open file
            Raises GalaxyFileError if the content is not what was requested.
        attempts : int, optional
        resume : bool
            Whether the file is always the same, so that an interrupted download continues where it
            stopped, unless the server has another version by now. Files that the API makes on
            request are not.

        Returns
        -------
        int
            Bytes of the file.

        Raises
        ------
        ApiError, UnavailableError
            As `json`, or if the file has other content than requested, or cannot be written.
        """
        part = out.with_name(out.name + ".part")

        def fetch() -> int:
            self._stream(path, part, resume=resume)
            try:
                _check(part, check)
            except _NotTheFile:
                part.unlink()
                raise
            _version_path(part).unlink(missing_ok=True)  # first: nobody looks for it afterwards
            part.replace(out)
            return out.stat().st_size

        try:
            size: int = self._patiently(path, fetch, attempts or self.attempts)
        except (UnavailableError, requests.RequestException):
            raise
        except OSError as error:
            msg = f"{out}: must be written, but: {error.strerror or error}"
            raise NothingWorksError(msg) from error
        finally:
            if not resume:
                part.unlink(missing_ok=True)
        return size

    def stop(self) -> None:
        """End all waits; requests of other threads fail."""
        self.stopping.set()

    def _patiently(self, path: str, request: Callable[[], Any], last: int) -> Any:  # noqa: ANN401
        """Repeat a request until it succeeds, until the last attempt."""
        wait = self.first_wait
        for attempt in range(1, last + 1):
            if self.stopping.is_set():
                break
            requested = 0.0
            try:
                return request()
            except requests.RequestException as error:
                reason = _connection_fault(error)
            except _TryAgain as error:
                reason, requested = str(error), error.wait
                if isinstance(error, _NotTheFile):
                    last = min(last, attempt + _WRONG_CONTENTS - 1)
                if isinstance(error, _WrongContent) and attempt == last:
                    msg = f"{self.base}{path}: {reason}"
                    raise ApiError(msg) from None
            if attempt == last:
                address = f"{self.base}{path.partition('?')[0]}"
                msg = f"{address}: no good answer in {last} attempts; the last: {reason}"
                raise UnavailableError(msg)
            pause = max(random.uniform(0.5, 1.0) * wait, requested)
            if self.on_fault:
                self.on_fault(f"{path.partition('?')[0]}: {reason}; trying again in {pause:.0f} s")
            self.stopping.wait(pause)
            wait = min(2 * wait, self.longest_wait)
        msg = f"{self.base}{path}: stopped"
        raise UnavailableError(msg)

    def _stream(self, path: str, part: Path, *, resume: bool) -> None:
        """Write the answer to a file, from where it ends if it may be resumed."""
        known = _read_version(part) if resume else None
        start = part.stat().st_size if known else 0
        with self._response(path, start) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                part.unlink(missing_ok=True)
                reason = "the file has another length now"
                raise _TryAgain(reason)
            there = start if response.status_code == requests.codes.partial_content else 0
            if there and (_first_byte(response), _version(response)) != (start, known):
                part.unlink()
                reason = "the file has changed since its first part came"
                raise _TryAgain(reason)
            if resume and not there:
                part.unlink(missing_ok=True)
                write_json(_version_path(part), _version(response))
            is_packed = "Content-Encoding" in response.headers  # by a proxy; then unpacked here
            length = "" if is_packed else response.headers.get("Content-Length", "")
            expected = there + int(length) if length.isdecimal() else None
            with part.open("ab" if there else "wb") as stream:
                for block in response.iter_content(_BLOCK):
                    stream.write(block)
                    if self.on_bytes:
                        self.on_bytes(len(block))
                    if self.stopping.is_set():
                        reason = "stopped"
                        raise _TryAgain(reason)
                stream.flush()
                os.fsync(stream.fileno())
        found = part.stat().st_size
        if expected is not None and found != expected:
            reason = f"{found} of {expected} bytes came"
            raise _TryAgain(reason)

    @contextmanager
    def _response(self, path: str, start: int = 0) -> Iterator[requests.Response]:
        """Yield a successful answer; redirects are followed, the key stays on the API's host."""
        url = urljoin(self.base, path)
        for _ in range(_HOPS + 1):
            response = self._session.get(
                url,
                headers=self._headers(url, start),
                allow_redirects=False,
                stream=True,
                timeout=self.timeout,
            )
            with response:
                if not response.is_redirect:
                    _check_status(response, url == urljoin(self.base, path), self.base + path)
                    yield response
                    return
                url = secure_redirect(self.base, url, response.headers["Location"])
        reason = f"more than {_HOPS} redirects"
        raise _TryAgain(reason)

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._sessions, "session"):
            self._sessions.session = requests.Session()
        session: requests.Session = self._sessions.session
        return session

    def _headers(self, url: str, start: int) -> dict[str, str]:
        headers = {"User-Agent": f"galmass/{__version__}", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        if self._may_have_key(url):
            headers["api-key"] = self.key
        return headers

    def _may_have_key(self, url: str) -> bool:
        """Return whether an address is the API's own, and encrypted or on this machine."""
        address, own = urlsplit(url), urlsplit(self.base)
        is_private = address.scheme == "https" or address.hostname in _LOOPBACK
        return is_private and (address.scheme, address.netloc) == (own.scheme, own.netloc)


def secure_redirect(base: str, url: str, location: str) -> str:
    """Return where a redirect leads: encrypted if the API is, though its links are http."""
    try:
        target = urlsplit(urljoin(url, location))
    except ValueError:
        reason = "a redirect to no address"
        raise _TryAgain(reason) from None
    is_encrypted = urlsplit(base).scheme == "https"
    return target._replace(scheme="https").geturl() if is_encrypted else target.geturl()


def _check_status(response: requests.Response, is_api: bool, address: str) -> None:
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
        raise _TryAgain(reason, _retry_after(response))
    msg = f"{address}: the answer must be a success, got status {status}"
    raise ApiError(msg)


def _connection_fault(error: requests.RequestException) -> str:
    """Return what is wrong with a connection."""
    words = (text for kind, text in _CONNECTION.items() if isinstance(error, kind))
    return next(words, type(error).__name__)


def _version(response: requests.Response) -> dict[str, str]:
    """Return what an answer states of the version of a file; empty where it states nothing."""
    headers = response.headers
    whole = headers.get("Content-Range", "").rpartition("/")[2] or headers.get("Content-Length", "")
    return {
        "etag": headers.get("ETag", ""),
        "modified": headers.get("Last-Modified", ""),
        "encoding": headers.get("Content-Encoding", ""),
        "bytes": whole,
    }


def _first_byte(response: requests.Response) -> int | None:
    """Return where a part of a file begins in the whole; None if the answer does not state it."""
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    first = rest.partition("-")[0]
    return int(first) if unit == "bytes" and first.isdecimal() else None


def _version_path(part: Path) -> Path:
    """Return the path of the version that the beginning of a file is of."""
    return part.with_name(part.name + ".json")


def _read_version(part: Path) -> dict[str, str] | None:
    """Return the version that the beginning of a file is of; None if it cannot be resumed."""
    try:
        known = json.loads(_version_path(part).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    can_go_on = part.exists() and isinstance(known, dict) and not known.get("encoding")
    return known if can_go_on else None


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


def _check(path: Path, check: Callable[[hdf5.File], None]) -> None:
    """Raise _NotTheFile unless a file is whole HDF5, and _WrongContent unless the check passes."""
    try:
        with hdf5.open_file(path):
            pass
    except GalaxyFileError as error:
        raise _NotTheFile(str(error)) from error
    try:
        with hdf5.open_file(path) as file:
            check(file)
    except GalaxyFileError as error:
        raise _WrongContent(str(error)) from error


def key_from_environment() -> str:
    """Return the API key of the user; blanks and quotes around it are removed.

    Raises
    ------
    ValueError
        If there is none, or it cannot be a key.
    """
    return checked_key(os.environ.get(KEY_VARIABLE, ""))


def base_from_environment() -> str:
    """Return the address of the API: that of $TNG_API_URL if there is one."""
    return os.environ.get(BASE_VARIABLE, BASE).rstrip("/") + "/"


def checked_key(text: str) -> str:
    """Return an API key without blanks and quotes around it; raises as `key_from_environment`."""
    key = text.strip(" \t\r\n'\"")
    if not (key.isascii() and key.isalnum()):
        got = "other characters" if key else "none"
        msg = (
            f"{KEY_VARIABLE} must be your key of the TNG web API, letters and digits "
            f"(free: https://www.tng-project.org/users/register), got {got}"
        )
        raise ValueError(msg)
    return key
