"""Ask the TNG web API, patiently: retries, redirects without the key, and checked downloads."""

import json
import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from galmass_core import __version__
from galmass_core.fetch.answers import (
    NotTheFile,
    TryAgain,
    WrongContent,
    check_file,
    check_status,
    connection_fault,
    first_byte,
    secure_redirect,
    version_of,
)
from galmass_core.fetch.errors import ApiError, NothingWorksError
from galmass_core.galaxy import UnavailableError
from galmass_core.sources import hdf5
from galmass_core.storage.atomic import write_json

BASE = "https://www.tng-project.org/api/"
BASE_VARIABLE = "TNG_API_URL"  # of a mirror, or of a server for tests
_HOPS = 5  # redirects that are followed
_WRONG_CONTENTS = 3  # attempts from the first answer that is not what was requested
_QUESTIONS = 4  # attempts at JSON, which is for someone who waits at the terminal
_BLOCK = 1 << 20  # bytes written at a time
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


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
                    raise NotTheFile(reason) from error

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
                check_file(part, check)
            except NotTheFile:
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
                reason = connection_fault(error)
            except TryAgain as error:
                reason, requested = str(error), error.wait
                if isinstance(error, NotTheFile):
                    last = min(last, attempt + _WRONG_CONTENTS - 1)
                if isinstance(error, WrongContent) and attempt == last:
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
                raise TryAgain(reason)
            there = start if response.status_code == requests.codes.partial_content else 0
            if there and (first_byte(response), version_of(response)) != (start, known):
                part.unlink()
                reason = "the file has changed since its first part came"
                raise TryAgain(reason)
            if resume and not there:
                part.unlink(missing_ok=True)
                write_json(_version_path(part), version_of(response))
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
                        raise TryAgain(reason)
                stream.flush()
                os.fsync(stream.fileno())
        found = part.stat().st_size
        if expected is not None and found != expected:
            reason = f"{found} of {expected} bytes came"
            raise TryAgain(reason)

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
                    check_status(response, url == urljoin(self.base, path), self.base + path)
                    yield response
                    return
                url = secure_redirect(self.base, url, response.headers["Location"])
        reason = f"more than {_HOPS} redirects"
        raise TryAgain(reason)

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


def base_from_environment() -> str:
    """Return the address of the API: that of $TNG_API_URL if there is one."""
    return os.environ.get(BASE_VARIABLE, BASE).rstrip("/") + "/"
