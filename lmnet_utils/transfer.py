"""One file over HTTP or from Google Drive, into a ``.part`` file that a later attempt continues.

Beside ``<file>.part`` lies ``<file>.part.json`` with what the server said about the file (address, ETag, date, size), so that an
attempt of another day only ever continues the same file. Every wait is bounded; see :class:`Patience`.

Google Drive has no plain addresses. gdown reads the pages that Drive answers with and names the link behind them, or why there is
none; the bytes then come like everyone else's. (``gdown.download`` itself keeps no ETag between runs, names its partial files at
random, and before gdown 6 waits for ever.)
"""

from __future__ import annotations

import contextlib
import email.utils
import errno
import os
import random
import re
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tqdm.auto import tqdm

from lmnet_utils import paths
from lmnet_utils.reproducibility import read_json, write_json

try:
    import fcntl
except ImportError:  # Windows, where a file that another process has open cannot be renamed anyway
    fcntl = None

DRIVE = "https://drive.google.com/uc?id={id}"
# As gdown asks: Drive answers what it does not take for a browser with other pages.
DRIVE_AGENT = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_10_1) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/39.0.2171.95 Safari/537.36"
)
DRIVE_PAGES = 4  # pages between the address and the file: a redirection, the warning about viruses
PIECE = 1 << 20
NEVER_THERE = 3  # attempts to reach a server that has not answered yet
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Patience:
    """How long to wait for what. The defaults suit a bad line; tests make them small."""

    connect: float = 20.0
    """Seconds until a connection stands."""
    read: float = 60.0
    """Seconds until the next bytes come."""
    slowest: float = 1000.0
    """Bytes a second, over ``read`` seconds, below which a connection counts as broken."""
    tries: int = 6
    """Attempts at one address that bring nothing new."""
    first_wait: float = 1.0
    """Seconds after the first failure; twice as many after each further one."""
    longest_wait: float = 120.0
    """Seconds at most, also where a server asks for more (``Retry-After``)."""
    redirects: int = 10


class TransferError(Exception):
    """A file did not come.

    Attributes:
        fault: what went wrong, in a word or two: "no network", "not found", "refused", "quota", "web page",
            "redirect loop", "server error", "broken off", "too slow", "wrong size", "full disk", "cannot write", "busy".
        again: whether the same address may do better in a moment.
        anew: whether what had come was given up for it.
        wait: seconds that the server asks for.
    """

    def __init__(
        self, fault: str, reason: str, *, again: bool = False, anew: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(reason)
        self.fault, self.again, self.anew, self.wait = fault, again, anew, wait


@dataclass(frozen=True)
class Address:
    """Where a file may be had: a URL, or an id on Google Drive."""

    url: str = ""
    drive_id: str = ""

    def __str__(self) -> str:
        """For a person, hence the page on which Drive offers the file."""
        return self.url or f"https://drive.google.com/file/d/{self.drive_id}/view"


def part_of(target: Path) -> Path:
    """Where the bytes of ``target`` gather until all are there."""
    return target.with_name(target.name + ".part")


def discard(target: Path) -> None:
    """Remove what has gathered of ``target``."""
    for path in (part_of(target), _record_of(target)):
        path.unlink(missing_ok=True)


def _record_of(target: Path) -> Path:
    return target.with_name(target.name + ".part.json")


def read_record(target: Path) -> dict[str, Any]:
    """What is known of the file that gathers in the ``.part``: address, etag, last_modified, bytes; empty without one."""
    try:
        record = read_json(_record_of(target))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) and part_of(target).is_file() else {}


DEFAULT_PATIENCE = Patience()


@dataclass(frozen=True)
class _Job:
    """What every step of a transfer needs to know."""

    target: Path
    part: BinaryIO
    size: int | None
    patience: Patience
    quiet: bool
    check_room: Callable[[int], None] | None

    def say(self, text: str) -> None:
        if not self.quiet:
            tqdm.write(f"{self.target.name}: {text}", file=sys.stderr)

    def have(self) -> int:
        """Bytes that have come."""
        return os.fstat(self.part.fileno()).st_size


def fetch(
    addresses: Sequence[Address],
    target: Path,
    *,
    size: int | None = None,
    patience: Patience = DEFAULT_PATIENCE,
    quiet: bool = False,
    check_room: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Bring a file into ``part_of(target)``, continuing what an earlier attempt left; the addresses are tried in turn.

    Args:
        addresses: the original and its mirrors.
        target: what the file is to be called in the end; its folder is made.
        size: bytes, if known; another announced size is refused.
        check_room: called with the bytes still to come, once they are known; may raise.

    Returns:
        address, etag, last_modified, bytes and resumed (whether earlier bytes were continued).

    Raises:
        TransferError: no address brought the file; what came is kept.
    """
    failures: list[tuple[Address, TransferError]] = []
    with _writing():
        target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(part_of(target)) as part:
        job = _Job(target, part, size, patience, quiet, check_room)
        try:
            for address in addresses:
                try:
                    return _fetch_from(job, address)
                except TransferError as error:
                    if error.fault in ("full disk", "cannot write"):
                        raise
                    failures.append((address, error))
                    if address is not addresses[-1]:
                        job.say(f"{error} Trying the next address.")
            raise _summed_up(failures)
        finally:
            if not job.have():
                with contextlib.suppress(OSError):  # Windows does not delete what is open
                    discard(target)


def _summed_up(failures: list[tuple[Address, TransferError]]) -> TransferError:
    if len(failures) == 1:
        return failures[0][1]
    faults = {error.fault for _, error in failures}
    fault = faults.pop() if len(faults) == 1 else "no address"
    return TransferError(fault, "None of its addresses brings it." + "".join(f"\n    {a}: {e}" for a, e in failures))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """The file, open for reading and writing, and nobody else's as long as it is (where the system can)."""
    with _writing():
        file = open(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
    with file:
        try:
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TransferError("busy", "Another process is downloading this file. Wait for it, or end it.") from error
        except OSError:  # a file system without locks
            pass
        yield file


def _fetch_from(job: _Job, address: Address) -> dict[str, Any]:
    """Attempts at one address, until the file is there or as many in a row as ``tries`` brought nothing new."""
    patience, failures, restarts, most, heard = job.patience, 0, 0, job.have(), False
    while True:
        try:
            with _session(address, patience) as session:
                return _attempt(job, session, address)
        except TransferError as error:
            if not error.again:
                raise
            here = job.have()
            # Only bytes beyond the furthest point count, and not a few of them: this loop must end. For the same reason a
            # server whose file changes all the time gets as many attempts as one that brings nothing.
            restarts += error.anew
            most = 0 if error.anew else most
            worth = max(1, min(PIECE, (job.size or read_record(job.target).get("bytes") or PIECE) // 100))
            failures = max(restarts, 0 if here >= most + worth else failures + 1)
            most = max(most, here)
            heard = heard or error.fault != "no network"
            # A line that drops deserves patience, a server that was never there does not.
            if failures >= (patience.tries if heard else min(patience.tries, NEVER_THERE)):
                raise TransferError(error.fault, f"{error} It was attempt {failures} of {failures}.") from error
            if (error.wait or 0) > patience.longest_wait:
                raise TransferError(error.fault, f"{error} That is too long to wait for: try again then.") from error
            wait = min(patience.longest_wait, patience.first_wait * 2 ** max(0, failures - 1)) * random.uniform(0.5, 1)
            wait = max(wait, error.wait or 0)
            job.say(f"{error} Again in {wait:.0f} s.")
            time.sleep(wait)


@contextlib.contextmanager
def _session(address: Address, patience: Patience) -> Iterator[Any]:
    import requests

    with requests.Session() as session:
        session.max_redirects = patience.redirects
        # Bytes are counted as they lie on the server's disk, so nothing may be packed on the way.
        session.headers["Accept-Encoding"] = "identity"
        # A connection kept from the page before may just be dropping, which would look like no network: a new one each time.
        session.headers["Connection"] = "close"
        if address.drive_id:
            session.headers["User-Agent"] = DRIVE_AGENT
        yield session


def _attempt(job: _Job, session: Any, address: Address) -> dict[str, Any]:
    record, have = read_record(job.target), job.have()
    if have and not record.get("bytes") and not record.get("etag"):
        have = 0  # bytes of unknown origin
    if have and have == record.get("bytes"):  # all are there, but an earlier process ended before it could say so
        return {**record, "resumed": True}
    with _asked_for(session, address, have, record, job.patience) as response:
        start, total = _check_answer(job, response, address, have, record)
        if have and not start:
            job.say(f"the server sends it from the beginning; the {have:,} bytes that had come are given up.")
        if job.check_room and total is not None:
            job.check_room(total - start)
        record = {
            "address": str(address),
            "etag": response.headers.get("ETag"),
            "last_modified": response.headers.get("Last-Modified"),
            "bytes": total,
        }
        with _writing():
            job.part.truncate(start)
            job.part.seek(start)
            write_json(_record_of(job.target), record)
        _receive(job, response, address, total)
    have = job.have()
    if total is not None and have != total:
        raise _broken_off(have, total, "the server stopped early")
    if not have:
        raise TransferError("wrong size", "An empty file came.")
    if job.size is not None and have != job.size:
        job.part.truncate(0)
        raise TransferError("wrong size", f"Expected {job.size:,} bytes, {have:,} came.")
    record["bytes"] = have
    with _writing():
        os.fsync(job.part.fileno())
        write_json(_record_of(job.target), record)
    return {**record, "resumed": start > 0}


# ------------------------------------------------------------------------------------------------------------- asking
@contextlib.contextmanager
def _asked_for(session: Any, address: Address, have: int, record: dict[str, Any], patience: Patience) -> Iterator[Any]:
    """The server's answer to "the file from byte ``have`` on, if it still is the one on record"."""
    headers = {}
    if have:
        headers["Range"] = f"bytes={have}-"
        known = record if record.get("address") == str(address) else {}  # another server has other ETags
        etag = known.get("etag") or ""
        if validator := known.get("last_modified") if etag.startswith("W/") or not etag else etag:
            headers["If-Range"] = validator
    if address.drive_id:
        response = _ask_drive(session, address.drive_id, headers, patience)
    else:
        response = _get(session, address.url, headers, patience)
    try:
        yield response
    finally:
        response.close()


def _get(session: Any, url: str, headers: dict[str, str], patience: Patience) -> Any:
    import requests

    server = urllib.parse.urlsplit(url).netloc or url
    try:
        return session.get(url, headers=headers, stream=True, timeout=(patience.connect, patience.read))
    except requests.exceptions.TooManyRedirects as error:
        raise TransferError(
            "redirect loop", f"{server} sends from one address to the next without end ({patience.redirects} times)."
        ) from error
    except requests.exceptions.SSLError as error:
        raise TransferError(
            "no network",
            f"The connection to {server} cannot be trusted ({_line(error)}). Check the clock, and whether a proxy reads along.",
        ) from error
    except requests.exceptions.ProxyError as error:
        raise TransferError(
            "no network", f"No connection through the proxy. Check HTTP_PROXY and HTTPS_PROXY ({_line(error)})."
        ) from error
    except requests.exceptions.ReadTimeout as error:
        raise TransferError("too slow", f"{server} does not answer within {patience.read:g} s.", again=True) from error
    except requests.exceptions.ConnectionError as error:  # a name nobody knows, a refusal, or no answer at all
        raise TransferError(
            "no network",
            f"No connection to {server} ({_line(error)}).",
            again=True,
        ) from error
    except requests.exceptions.RequestException as error:
        raise TransferError("refused", f"{server}: {_line(error)}.") from error


def _line(error: BaseException) -> str:
    """The reason inside what requests and urllib3 wrap around it, on one line."""
    while inner := next((a for a in (getattr(error, "reason", None), *error.args) if isinstance(a, Exception)), None):
        error = inner
    text = " ".join(str(error).split()) or type(error).__name__
    text = re.sub(
        r"^.*(?:object at 0x\w+>|Connection\([^)]*\)): |Failed to establish a new connection: |\[Errno -?\d+\] ",
        "",
        text,
    )
    return "the server stopped early" if "IncompleteRead" in text else text.rstrip(".")[:200]


def _ask_drive(session: Any, drive_id: str, headers: dict[str, str], patience: Patience) -> Any:
    """Follow Drive's pages to the file, as gdown does; only then ask for the wanted bytes."""
    try:
        from gdown.download import get_url_from_gdrive_confirmation
        from gdown.exceptions import FileURLRetrievalError
    except ImportError as error:
        raise TransferError("refused", f"Google Drive's files need gdown 5 or 6 ({error}): make install.") from error

    url = DRIVE.format(id=drive_id)
    for _ in range(DRIVE_PAGES):
        response = _get(session, url, {}, patience)
        is_file = "Content-Disposition" in response.headers or not _is_page(response)
        if response.status_code != 200 or is_file:
            if is_file and headers and response.status_code == 200:
                response.close()
                response = _get(session, response.url, headers, patience)
            return response
        with response:
            page = _read_page(response)
        try:
            url = get_url_from_gdrive_confirmation(page)
        except FileURLRetrievalError as error:
            raise page_error(page, Address(drive_id=drive_id), " ".join(str(error).split())) from error
    raise TransferError("web page", "Google Drive shows one page after the other instead of the file.")


def _is_page(response: Any) -> bool:
    return "html" in response.headers.get("Content-Type", "").lower()


def _read_page(response: Any) -> str:
    """The beginning of a web page, as text, as far as it comes in a bounded number of pieces."""
    page, read = b"", getattr(response.raw, "read1", response.raw.read)
    with contextlib.suppress(Exception):
        for _ in range(64):
            if not (piece := read(1 << 16, decode_content=True)):
                break
            page += piece
    return page.decode("utf-8", "replace")


_QUOTA = re.compile(r"quota|too many users", re.IGNORECASE)


def page_error(page: str, address: Address, reason: str = "") -> TransferError:
    """What to say about a web page that came in place of a file."""
    title = re.search(r"<title[^>]*>(.*?)</title>", page, re.IGNORECASE | re.DOTALL)
    shown = f" ({' '.join(title[1].split())!r})" if title else ""
    if not address.drive_id:
        return TransferError(
            "web page",
            f"A web page came instead of the file{shown}: an error page, or your network's own sign-in page.",
        )
    if _QUOTA.search(page):
        return TransferError(
            "quota",
            f"Google Drive's quota for this file is used up{shown}: too many people have fetched it lately. "
            "Wait a day, or fetch it in a browser, signed in.",
        )
    if re.search(r"sign in|ServiceLogin", page, re.IGNORECASE):
        return TransferError("refused", f"Google Drive asks to sign in{shown}: the file is no longer public.")
    return TransferError("refused", f"Google Drive does not hand the file to a program{shown}. {reason}".rstrip())


# ------------------------------------------------------------------------------------------------------- understanding
def _check_answer(
    job: _Job, response: Any, address: Address, have: int, record: dict[str, Any]
) -> tuple[int, int | None]:
    """From which byte on the answer goes, and how many the file has (None if the server does not say)."""
    status, headers = response.status_code, response.headers
    same_address = record.get("address") == str(address)
    if status == 206:
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", headers.get("Content-Range", "").strip())
        total = int(found[3]) if found and found[3] != "*" else record.get("bytes")
        changed = (
            not found
            or int(found[1]) != have
            or total != (record.get("bytes") or total)
            or (same_address and any(_differ(record.get(key), headers.get(name)) for key, name in _VALIDATORS))
        )
        if changed and same_address:
            raise _started_anew(job)
        if changed:  # a mirror: what the original began is worth keeping
            raise TransferError("wrong size", "It has another file than the one that was begun.")
        start = have
    elif status == 200:
        start, total = 0, _content_length(headers)
    elif status == 416 and have:  # nothing beyond what is here, which is not what the record says: another file
        raise _started_anew(job)
    else:
        raise _refusal(response, address)
    if _is_page(response):
        raise page_error(_read_page(response), address)
    if job.size is not None and total is not None and total != job.size:
        raise TransferError(
            "wrong size", f"The server's file has {total:,} bytes, the one on record {job.size:,}: it is another file."
        )
    return start, total


_VALIDATORS = (("etag", "ETag"), ("last_modified", "Last-Modified"))


def _differ(known: str | None, found: str | None) -> bool:
    return bool(known and found) and known != found


def _started_anew(job: _Job) -> TransferError:
    with _writing():
        job.part.truncate(0)
    return TransferError("broken off", "The file on the server has changed: starting anew.", again=True, anew=True)


def _content_length(headers: Any) -> int | None:
    length = headers.get("Content-Length", "")
    return int(length) if length.isdigit() and "Transfer-Encoding" not in headers else None


def _refusal(response: Any, address: Address) -> TransferError:
    status, server = response.status_code, urllib.parse.urlsplit(response.url).netloc
    if address.drive_id and _is_page(response) and status not in (404, 410):
        page = _read_page(response)
        if _QUOTA.search(page):
            return page_error(page, address)
    if status in (404, 410):
        return TransferError("not found", f"{server} answers {status}: the file is not there (any more).")
    if status in (408, 425, 429) or status >= 500:
        wait = _retry_after(response.headers.get("Retry-After", ""))
        asked = f" and asks to wait {wait:.0f} s" if wait else ""
        return TransferError("server error", f"{server} answers {status}{asked}.", again=True, wait=wait)
    return TransferError("refused", f"{server} answers {status}: it does not hand the file out.")


def _retry_after(value: str) -> float | None:
    """Seconds from a ``Retry-After`` header, which holds seconds or a date."""
    if value.strip().isdigit():
        return float(value)
    with contextlib.suppress(TypeError, ValueError, IndexError):
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    return None


# ----------------------------------------------------------------------------------------------------------- receiving
def _receive(job: _Job, response: Any, address: Address, total: int | None) -> None:
    """Copy the answer's body to the ``.part``, from where that stands on."""
    # read1 returns what has come, read waits for a whole piece: urllib3 before 2.1, which has no read1, is asked for small
    # ones, lest a drip of bytes goes on for ever.
    read, most = (response.raw.read1, PIECE) if hasattr(response.raw, "read1") else (response.raw.read, 4096)
    part, patience = job.part, job.patience
    have = part.tell()
    window, in_window = time.monotonic(), 0
    with tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=job.target.name, disable=job.quiet) as bar:
        while True:
            try:
                piece = read(most, decode_content=False)
            except Exception as error:  # urllib3's, http.client's, ssl's and the socket's own: the connection is gone
                raise _broken_off(have, total, _line(error)) from error
            if not piece:
                return
            if not have and looks_like_page(piece):
                raise page_error(piece.decode("utf-8", "replace"), address)
            with _writing():
                rest = memoryview(piece)
                while rest:
                    rest = rest[part.write(rest) :]
            have += len(piece)
            in_window += len(piece)
            bar.update(len(piece))
            elapsed = time.monotonic() - window
            if elapsed >= patience.read:
                if in_window < patience.slowest * elapsed:
                    raise TransferError(
                        "too slow", f"Only {in_window:,} bytes came in {elapsed:.3g} s, {have:,} in all.", again=True
                    )
                window, in_window = time.monotonic(), 0


def looks_like_page(start: bytes) -> bool:
    """Whether a file's first bytes are those of a web page."""
    return bool(re.match(rb"(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)?<(!doctype html|html|head)", start[:4096], re.I | re.S))


def _broken_off(have: int, total: int | None, reason: str) -> TransferError:
    of = f" of {total:,}" if total is not None else ""
    return TransferError("broken off", f"The transfer broke off after {have:,}{of} bytes ({reason}).", again=True)


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _cannot_write(error) from error


def _cannot_write(error: OSError) -> TransferError:
    if error.errno in NO_ROOM:
        return TransferError("full disk", f"The disk is full ({error.strerror}).")
    where = f" {paths.display(error.filename)}" if isinstance(error.filename, str) else ""
    return TransferError("cannot write", f"The file{where} cannot be written ({error.strerror}).")
