"""Large files over HTTP and from Google Drive: a downloader for pooch that goes on where an earlier attempt stopped.

The bytes gather in a folder, together with what the server said about the file (address, version, size), so that an attempt of
another day only ever continues the same file. Every wait is bounded. pooch checks the hash and gives the file its name.

Google Drive has no plain addresses. gdown reads the pages that Drive answers with and names the link behind them, or why there is
none; the bytes then come like everyone else's. (``gdown.download`` itself joins parts of two files if the file has changed
between two runs, gives up at the first 500, never gets on with a server without ranges, and waits for ever on one that drips.)
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import sys
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import filelock
import pooch
import requests
from tqdm.auto import tqdm
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from lmnet_utils.core.files import read_json, write_json

DRIVE = "https://drive.google.com/uc?id={id}"
# As gdown asks: Drive answers what it does not take for a browser with other pages.
DRIVE_AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_10_1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/39.0.2171.95 Safari/537.36"
DRIVE_PAGES = 4  # between the address and the file: a redirection, the warning about viruses
PIECE = 1 << 20
# How long to wait for what; it suits a bad line.
CONNECT_S = 20.0  # until a connection stands
READ_S = 60.0  # until the next bytes come
SLOWEST = 1000.0  # bytes a second, over READ_S, below which a connection counts as broken
TRIES = 6  # attempts at one address that bring nothing new
TRIES_UNHEARD = 3  # the same while the server has not answered at all
FIRST_WAIT_S = 1.0  # after the first failure; twice as long after each further one
LONGEST_WAIT_S = 120.0  # also if a server asks for more (``Retry-After``)
REDIRECTS = 10


class TransferError(Exception):
    """A file did not come.

    Attributes:
        fault: what went wrong: "no network", "not found", "refused", "quota", "web page", "redirect loop", "server error",
            "broken off", "too slow", "wrong size", "busy", "no address" (each of them for another reason).
        again: whether the same address may do better in a moment, after ``wait`` seconds.
    """

    def __init__(self, fault: str, reason: str, *, again: bool = False, wait: float = 0) -> None:
        super().__init__(reason)
        self.fault, self.again, self.wait = fault, again, wait


def fetch(addresses: Sequence[str], downloader: RangeDownloader, name: str, sha256: str | None = None) -> Path:
    """Bring a file into the downloader's folder, as ``name``, from the first address that has it.

    Raises:
        TransferError: no address brought the file; what came is kept.
        ValueError: the file has another SHA-256; it is deleted.
        OSError: the disk is full, or cannot be written.
    """
    pooch.get_logger().setLevel("WARNING")  # else it prints this machine's folders
    failures: dict[str, TransferError] = {}
    for address in addresses:
        cache = pooch.create(downloader.folder, base_url="", registry={name: sha256}, urls={name: address})
        try:
            return Path(cache.fetch(name, downloader=downloader))
        except TransferError as error:
            if error.fault == "busy" or len(addresses) == 1:
                raise
            failures[address] = error
            downloader.say(str(error))
    faults = {error.fault for error in failures.values()}
    text = "None of its addresses brings it." + "".join(f"\n    {a}: {e}" for a, e in failures.items())
    raise TransferError(faults.pop() if len(faults) == 1 else "no address", text)


class RangeDownloader:
    """What pooch calls to download: asks for what is still missing, tries again, and gives up in the end.

    Args:
        folder: where the bytes gather; ``<file>.part`` beside the file is meant.
        size: bytes of the file, if known; another announced size is refused.
        check_room: called with the bytes still to come, once they are known; may raise.
        quiet: no progress bar, and no word about failures that may pass.
    """

    def __init__(
        self,
        folder: Path,
        size: int | None = None,
        check_room: Callable[[int], None] | None = None,
        quiet: bool = False,
    ) -> None:
        self.folder, self.size, self.check_room, self.quiet = folder, size, check_room, quiet
        self.part, self._record, self.resumed = folder / "part", folder / "record.json", False

    @property
    def have(self) -> int:
        """Bytes that have come."""
        return self.part.stat().st_size if self.part.is_file() else 0

    @property
    def record(self) -> dict[str, Any]:
        """What is known of the file: address, version (ETag or date), bytes; empty if nothing is."""
        try:
            return dict(read_json(self._record))
        except (OSError, ValueError, TypeError):
            return {}

    def say(self, text: str) -> None:
        if not self.quiet:
            tqdm.write(f"{self.folder.stem}: {text}", file=sys.stderr)

    def __call__(self, url: str, output_file: str, pooch: Any = None) -> None:
        """Download ``url`` to ``output_file``, which pooch has made in the folder; raises as :func:`fetch`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with filelock.FileLock(self.folder / "lock", timeout=0):
                try:
                    self._gather(url)
                    if self.have > 10**9:
                        self.say("reading it through for its SHA-256.")
                    self.part.replace(output_file)
                finally:
                    if not self.have and not Path(output_file).stat().st_size:  # nothing came
                        shutil.rmtree(self.folder, ignore_errors=True)
        except filelock.Timeout as error:
            text = "Another process is downloading this file. Wait for it, or end it."
            raise TransferError("busy", text) from error

    def _gather(self, url: str) -> None:
        """Attempts at one address, until the file is there or as many in a row as ``TRIES`` brought nothing new."""
        failures, furthest, tries = 0, self.have, min(TRIES, TRIES_UNHEARD)
        while True:
            try:
                return self._attempt(url)
            except TransferError as error:
                if not error.again:
                    raise
                # Only bytes beyond the furthest point count, and not a few of them: this loop must end.
                worth = max(1, min(PIECE, (self.size or self.record.get("bytes") or PIECE) // 100))
                failures = 0 if self.have >= furthest + worth else failures + 1
                furthest = max(furthest, self.have)
                # A line that drops deserves patience, a server that was never there does not.
                tries = tries if error.fault == "no network" else TRIES
                if failures >= tries:
                    raise TransferError(error.fault, f"{error} It was attempt {failures} of {failures}.") from error
                if error.wait > LONGEST_WAIT_S:
                    text = f"{error} That is too long to wait for: try again then."
                    raise TransferError(error.fault, text) from error
                wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** max(0, failures - 1)) * random.uniform(0.5, 1)
                self.say(f"{error} Again in {max(error.wait, wait):.0f} s.")
                time.sleep(max(error.wait, wait))

    def _attempt(self, url: str) -> None:
        """Ask once for what is missing, and take what comes."""
        record, have = self.record, self.have
        if not (record.get("bytes") or record.get("version")):
            have = 0  # bytes of unknown origin
        self.resumed = have > 0
        if have and have == record.get("bytes"):  # all are there, but an earlier process ended before it could say so
            return
        with requests.Session() as session:
            session.max_redirects = REDIRECTS
            # Bytes are counted as they lie on the server's disk, and a connection kept from a page before may be dropping.
            session.headers.update({"Accept-Encoding": "identity", "Connection": "close"})
            headers = {"Range": f"bytes={have}-"} if have else {}
            if have and record.get("address") == url and record.get("version"):  # another server has other versions
                headers["If-Range"] = record["version"]
            with _ask(session, url, headers) as response:
                start, total = self._understand(response, url, have, record)
                if have and not start:
                    self.say(f"the server sends it from the beginning; the {have:,} bytes that had come are given up.")
                self.resumed = start > 0
                if self.check_room and total is not None:
                    self.check_room(total - start)
                record = {"address": url, "version": _version(response.headers)}
                write_json(self._record, {**record, "bytes": total})
                self._receive(response, url, start, total)
        have = self.have
        if total is not None and have != total:
            raise _broken_off(have, total, "the server stopped early")
        if not have or self.size not in (None, have):
            self.part.unlink()
            text = f"Expected {self.size:,} bytes, {have:,} came." if have else "An empty file came."
            raise TransferError("wrong size", text)
        write_json(self._record, {**record, "bytes": have})

    def _understand(
        self, response: requests.Response, url: str, have: int, record: dict[str, Any]
    ) -> tuple[int, int | None]:
        """From which byte on the answer goes, and how many the file has (None if the server does not say)."""
        status, headers, start, total = response.status_code, response.headers, 0, None
        if status == 206 or (status == 416 and have):  # 416: nothing is beyond what is here, which the record denies
            found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", "").strip())
            start, total = have, int(found[2]) if found and found[2] != "*" else record.get("bytes")
            same = found and int(found[1]) == have and total == (record.get("bytes") or total)
            if record.get("address") != url and not same:  # a mirror: what the original began is worth keeping
                raise TransferError("wrong size", "It has another file than the one that was begun.")
            versions = {record.get("version"), _version(headers)} - {None}
            if not same or (record.get("address") == url and len(versions) > 1):
                self.part.unlink()
                raise TransferError("broken off", "The file on the server has changed: starting anew.", again=True)
        elif status == 200:
            length = headers.get("Content-Length", "")
            total = int(length) if length.isdigit() and "Transfer-Encoding" not in headers else None
        else:
            raise _refusal(response, url)
        if _is_page(response):
            raise page_error(_read_page(response), url)
        if self.size is not None and total not in (None, self.size):
            text = f"The server's file has {total:,} bytes, the one on record {self.size:,}: it is another file."
            raise TransferError("wrong size", text)
        return start, total

    def _receive(self, response: requests.Response, url: str, start: int, total: int | None) -> None:
        """Copy the answer's body to the part, from ``start`` on."""
        have, since, in_window = start, time.monotonic(), 0
        bar = tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=self.folder.stem, disable=self.quiet)
        with bar, open(self.part, "ab" if start else "wb", buffering=0) as part:
            while True:
                try:
                    piece = response.raw.read1(PIECE, decode_content=False)  # what has come, be it little
                except Exception as error:  # urllib3's, http.client's, ssl's, the socket's: the connection is gone
                    raise _broken_off(have, total, _reason(error)) from error
                if not piece:
                    return os.fsync(part.fileno())
                if not have and looks_like_page(piece):
                    raise page_error(piece.decode("utf-8", "replace"), url)
                rest = memoryview(piece)
                while rest:
                    rest = rest[part.write(rest) :]
                have, in_window, seconds = have + len(piece), in_window + len(piece), time.monotonic() - since
                bar.update(len(piece))
                if seconds >= READ_S and in_window < SLOWEST * seconds:
                    text = f"Only {in_window:,} bytes came in {seconds:.3g} s, {have:,} in all."
                    raise TransferError("too slow", text, again=True)
                if seconds >= READ_S:
                    since, in_window = time.monotonic(), 0


def _version(headers: Mapping[str, str]) -> str | None:
    """What tells one state of a file from the next: its ETag, unless that is a weak one, else its date."""
    etag = headers.get("ETag", "W/")
    return headers.get("Last-Modified") if etag.startswith("W/") else etag


def _broken_off(have: int, total: int | None, reason: str) -> TransferError:
    of = f" of {total:,}" if total is not None else ""
    return TransferError("broken off", f"The transfer broke off after {have:,}{of} bytes ({reason}).", again=True)


# ------------------------------------------------------------------------------------------------------------- asking
_NOT_REACHED = {  # requests' exceptions, the special ones first: fault, what to say; those named below may pass
    "TooManyRedirects": ("redirect loop", "{server} sends from one address to the next without end ({n} times)."),
    "SSLError": (
        "no network",
        "{server} cannot be trusted ({reason}). Check the clock, and whether a proxy reads along.",
    ),
    "ProxyError": ("no network", "No connection through the proxy. Check HTTP_PROXY and HTTPS_PROXY ({reason})."),
    "ReadTimeout": ("too slow", "{server} does not answer within {seconds:g} s."),
    "ConnectionError": ("no network", "No connection to {server} ({reason})."),
    "RequestException": ("refused", "{server}: {reason}."),
}


def _ask(session: requests.Session, url: str, headers: dict[str, str]) -> requests.Response:
    if drive_id := _drive_id(url):
        return _ask_drive(session, drive_id, headers)
    try:
        return session.get(url, headers=headers, stream=True, timeout=(CONNECT_S, READ_S))
    except requests.exceptions.RequestException as error:
        kind = next(kind for kind in _NOT_REACHED if isinstance(error, getattr(requests.exceptions, kind)))
        fault, text = _NOT_REACHED[kind]
        server = urllib.parse.urlsplit(url).netloc or url
        text = text.format(server=server, reason=_reason(error), seconds=READ_S, n=REDIRECTS)
        raise TransferError(fault, text, again=kind in ("ReadTimeout", "ConnectionError")) from error


def _reason(error: BaseException) -> str:
    """The reason inside what requests and urllib3 wrap around it, on one line."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    text = " ".join(str(getattr(error, "strerror", None) or error).split()) or type(error).__name__
    return "the server stopped early" if "IncompleteRead" in text else text.rstrip(".")[:200]


def _refusal(response: requests.Response, url: str) -> TransferError:
    status, server = response.status_code, urllib.parse.urlsplit(response.url).netloc
    if status in (404, 410):
        return TransferError("not found", f"{server} answers {status}: the file is not there (any more).")
    if _drive_id(url) and _is_page(response):
        error = page_error(_read_page(response), url)
        if error.fault == "quota":
            return error
    if status not in (408, 425, 429) and status < 500:
        return TransferError("refused", f"{server} answers {status}: it does not hand the file out.")
    try:
        wait = Retry().parse_retry_after(response.headers.get("Retry-After", "0"))  # seconds or a date
    except InvalidHeader:
        wait = 0.0
    asked = f" and asks to wait {wait:.0f} s" if wait else ""
    return TransferError("server error", f"{server} answers {status}{asked}.", again=True, wait=wait)


# -------------------------------------------------------------------------------------------------- pages, Google Drive
def _drive_id(url: str) -> str | None:
    found = re.fullmatch(r"https://drive\.google\.com/file/d/([\w-]+)/view", url)
    return found[1] if found else None


def _ask_drive(session: requests.Session, drive_id: str, headers: dict[str, str]) -> requests.Response:
    """Follow Drive's pages to the file, as gdown does; only then ask for the wanted bytes."""
    try:  # only here: all other addresses do without gdown, whatever its version
        from gdown.download import get_url_from_gdrive_confirmation
        from gdown.exceptions import FileURLRetrievalError
    except ImportError as error:
        raise TransferError("refused", f"Google Drive's files need gdown 5 or 6 ({error}): make install.") from error

    session.headers["User-Agent"] = DRIVE_AGENT
    url = DRIVE.format(id=drive_id)
    for _ in range(DRIVE_PAGES):
        response = _ask(session, url, {})
        is_file = "Content-Disposition" in response.headers or not _is_page(response)
        if response.status_code == 200 and is_file and headers:
            response.close()
            return _ask(session, response.url, headers)
        if response.status_code != 200 or is_file:
            return response
        with response:
            page = _read_page(response)
        try:
            url = get_url_from_gdrive_confirmation(page)
        except FileURLRetrievalError as error:
            raise page_error(page, f"https://drive.google.com/file/d/{drive_id}/view", str(error)) from error
    raise TransferError("web page", "Google Drive shows one page after the other instead of the file.")


def _is_page(response: requests.Response) -> bool:
    return "html" in response.headers.get("Content-Type", "").lower()


def looks_like_page(start: bytes) -> bool:
    """Whether a file's first bytes are those of a web page."""
    return bool(re.match(rb"(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)?<(!doctype html|html|head)", start[:4096], re.I | re.S))


def _read_page(response: requests.Response) -> str:
    """The beginning of a web page, as text, as far as it comes in a bounded number of pieces."""
    page = b""
    with contextlib.suppress(Exception):  # as in _receive; what has come will do
        for _ in range(64):
            page += response.raw.read1(1 << 16, decode_content=True)
    return page.decode("utf-8", "replace")


def page_error(page: str, url: str, reason: str = "") -> TransferError:
    """What to say about a web page that came in place of a file."""
    title = re.search(r"<title[^>]*>(.*?)</title>", page, re.IGNORECASE | re.DOTALL)
    shown = f" ({' '.join(title[1].split())!r})" if title else ""
    if not _drive_id(url):
        text = f"A web page came instead of the file{shown}: an error page, or your network's own sign-in page."
        return TransferError("web page", text)
    if re.search(r"quota|too many users", page, re.IGNORECASE):
        text = f"Google Drive's quota for this file is used up{shown}: too many people have fetched it lately. "
        return TransferError("quota", f"{text}Wait a day, or fetch it in a browser, signed in.")
    if re.search(r"sign in|ServiceLogin", page, re.IGNORECASE):
        return TransferError("refused", f"Google Drive asks to sign in{shown}: the file is no longer public.")
    reason = " ".join(reason.split())
    return TransferError("refused", f"Google Drive does not hand the file to a program{shown}. {reason}".rstrip())
