"""Files over HTTP and from Google Drive's pages, from a server on this machine that breaks off, forgets, lies and drips."""

from __future__ import annotations

import email.utils
import errno
import hashlib
import io
import random
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import pytest
from loopback import Loopback

from lmnet_utils.data import transfer
from lmnet_utils.data.transfer import RangeDownloader, TransferError, fetch

CONTENT = random.Random(0).randbytes(400_000)
OTHER = random.Random(1).randbytes(400_000)
PATIENCE = {"CONNECT_S": 5, "READ_S": 20, "TRIES": 4, "LONGEST_WAIT_S": 60, "REDIRECTS": 5}
QUARTERS = [0.25, 0.5, 0.75, 0.999]
VIRUS_PAGE = (  # one line, as Drive sends it; gdown reads pages line by line
    '<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head><body><p class="uc-warning-'
    'subcaption">big.zip (2.8G) is too large for Google to scan for viruses.</p><form id="download-form" '
    'action="{url}/download" method="get"><input type="submit" value="Download anyway"/><input type="hidden" name="id" '
    'value="ID"><input type="hidden" name="confirm" value="t"><input type="hidden" name="uuid" value="12-34"></form></body></html>'
)
QUOTA_PAGE = """<html><head><title>Google Drive - Quota exceeded</title></head><body>
<p class="uc-error-caption">Sorry, you can&#39;t view or download this file at this time.</p>
<p class="uc-error-subcaption">Too many users have viewed or downloaded this file recently. Please try accessing the file
again later.</p></body></html>"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with Loopback() as running:
        yield running


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between attempts, which are not waited."""
    made: list[float] = []
    monkeypatch.setattr(transfer.time, "sleep", made.append)
    for name, value in PATIENCE.items():
        monkeypatch.setattr(transfer, name, value)
    return made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the file is to come."""
    return tmp_path / "data" / "file.bin.part" / "file.bin"


def get(server: Loopback, target: Path, *paths: str, sha256: str | None = None, **options) -> RangeDownloader:
    downloader = RangeDownloader(target.parent, **{"quiet": True, **options})
    addresses = [path if "://" in path else server.url + path for path in paths or ("/file",)]
    assert fetch(addresses, downloader, target.name, sha256) == target
    return downloader


def fails(server: Loopback, target: Path, fault: str, *paths: str, **options) -> TransferError:
    with pytest.raises(TransferError) as caught:
        get(server, target, *paths, **options)
    assert caught.value.fault == fault and not target.exists()
    return caught.value


def interrupted(server: Loopback, target: Path, *paths: str) -> None:
    """The transfer breaks off, and before the next attempt the user gives up."""
    with mock.patch.object(transfer.time, "sleep", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        get(server, target, *paths)


def part(target: Path) -> Path:
    return target.with_name("part")


def anew(target: Path) -> None:
    """Nothing has come yet."""
    shutil.rmtree(target.parent, ignore_errors=True)


# ------------------------------------------------------------------------------------------------------------- resume
def test_a_file_arrives_with_what_the_server_says_of_it(server, target):
    server.put("/file", CONTENT, last_modified="Mon, 01 Jan 2018 00:00:00 GMT")
    rooms = []
    got = get(server, target, size=len(CONTENT), check_room=rooms.append)
    assert target.read_bytes() == CONTENT and rooms == [len(CONTENT)] and not got.resumed
    assert got.record == {"address": f"{server.url}/file", "version": '"v1"', "bytes": len(CONTENT)}
    get(server, target)
    target.rename(part(target))  # complete, but an earlier process ended before it could rename it
    get(server, target)
    assert target.read_bytes() == CONTENT and len(server.requests) == 1  # nothing is asked for


def test_a_file_with_another_hash_does_not_stay(server, target):
    server.put("/file", CONTENT)
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    get(server, target, sha256=sha256)
    target.write_bytes(OTHER)
    get(server, target, sha256=sha256)
    assert target.read_bytes() == CONTENT
    anew(target)
    with pytest.raises(ValueError, match=sha256):
        get(server, target, sha256="0" * 64)
    assert not target.exists() and not part(target).exists()


@pytest.mark.parametrize("share", QUARTERS)
def test_after_a_break_only_the_rest_is_asked_for(server, target, share):
    cut = int(share * len(CONTENT))
    server.put("/file", CONTENT, cuts=[cut])
    interrupted(server, target)
    assert part(target).read_bytes() == CONTENT[:cut]
    rooms = []
    assert get(server, target, check_room=rooms.append).resumed  # as another process, another day
    assert target.read_bytes() == CONTENT and rooms == [len(CONTENT) - cut]
    assert server.requests[1:] == [("/file", f"bytes={cut}-", '"v1"')]


def test_breaks_at_every_quarter_of_one_download(server, target, waits, monkeypatch):
    quarter = len(CONTENT) // 4
    server.put("/file", CONTENT, cuts=[quarter] * 3)
    monkeypatch.setattr(transfer, "TRIES", 2)
    get(server, target)  # each brings a quarter, so none of them counts as a failure
    assert target.read_bytes() == CONTENT and len(waits) == 3
    assert [request.range for request in server.requests] == [None, *(f"bytes={i * quarter}-" for i in (1, 2, 3))]


def test_a_download_that_is_killed_goes_on_where_it_was(server, target):
    server.put("/file", CONTENT, drip=20_000)
    code = (
        "import sys; from pathlib import Path; from lmnet_utils.data import transfer\n"
        "transfer.fetch([sys.argv[1]], transfer.RangeDownloader(Path(sys.argv[2]), quiet=True), 'file.bin')"
    )
    process = subprocess.Popen([sys.executable, "-c", code, f"{server.url}/file", str(target.parent)])
    deadline = time.monotonic() + 60
    while not (part(target).exists() and part(target).stat().st_size >= 60_000):
        assert time.monotonic() < deadline and process.poll() is None
        server.ended.wait(0.01)
    process.kill()
    process.wait()
    have = part(target).stat().st_size
    assert have < len(CONTENT)
    server.files["/file"].drip = 0
    get(server, target)
    assert target.read_bytes() == CONTENT and server.requests[1].range == f"bytes={have}-"


def test_a_server_without_ranges_sends_it_all_again(server, target, capsys):
    server.put("/file", CONTENT, ranges=False, cuts=[150_000])
    get(server, target, quiet=False)
    assert target.read_bytes() == CONTENT and server.requests[1].range == "bytes=150000-"
    assert "the 150,000 bytes that had come are given up" in capsys.readouterr().err


def test_a_server_without_ranges_that_always_breaks_off_is_given_up(server, target):
    server.put("/file", CONTENT, ranges=False, cuts=[150_000] * 100)
    error = str(fails(server, target, "broken off"))
    assert f"after 150,000 of {len(CONTENT):,} bytes" in error and "It was attempt 4 of 4." in error
    assert (
        len(server.requests) == 5 and part(target).read_bytes() == CONTENT[:150_000]
    )  # the first of them brought something new


@pytest.mark.parametrize("heeds_if_range", [True, False])
def test_a_file_that_has_changed_is_not_spliced(server, target, heeds_if_range):
    file = server.put("/file", CONTENT, heeds_if_range=heeds_if_range, cuts=[150_000])
    interrupted(server, target)
    file.content, file.etag = OTHER, '"v2"'
    got = get(server, target)
    assert target.read_bytes() == OTHER and got.record["version"] == '"v2"' and not got.resumed


def test_a_changed_date_or_size_is_noticed_without_an_etag(server, target):
    file = server.put("/file", CONTENT, etag=None, last_modified="Mon, 01 Jan 2018 00:00:00 GMT", cuts=[150_000])
    interrupted(server, target)
    file.content, file.last_modified = OTHER, "Tue, 02 Jan 2018 00:00:00 GMT"
    get(server, target)
    assert target.read_bytes() == OTHER and server.requests[1].if_range == "Mon, 01 Jan 2018 00:00:00 GMT"

    anew(target)
    file = server.put("/file", CONTENT, etag=None, cuts=[150_000])
    interrupted(server, target)
    file.content = OTHER[:300_000]
    get(server, target)
    assert target.read_bytes() == OTHER[:300_000]


def test_a_weak_etag_is_not_relied_on(server, target):
    date = "Mon, 01 Jan 2018 00:00:00 GMT"
    server.put("/file", CONTENT, etag='W/"v1"', last_modified=date, cuts=[150_000])
    get(server, target)
    assert target.read_bytes() == CONTENT and server.requests[1].if_range == date


def test_a_file_that_has_become_shorter_than_what_came_starts_anew(server, target):
    file = server.put("/file", CONTENT, etag=None, cuts=[150_000])
    interrupted(server, target)
    file.content = OTHER[:100_000]
    get(server, target)
    assert target.read_bytes() == OTHER[:100_000]


def test_a_file_that_changes_all_the_time_is_given_up(server, target):
    def change(file):
        file.etag = f'"{len(server.requests)}"'

    server.put("/file", CONTENT, heeds_if_range=False, cuts=[150_000] * 100, before=change)
    fails(server, target, "broken off")
    assert len(server.requests) <= 3 * transfer.TRIES


@pytest.mark.parametrize("record", [None, "{damaged", "[]", "{}"])
def test_bytes_without_a_record_are_not_continued(server, target, record):
    server.put("/file", CONTENT)
    target.parent.mkdir(parents=True)
    part(target).write_bytes(b"from who knows where")
    if record is not None:
        target.with_name("record.json").write_text(record)
    get(server, target)
    assert target.read_bytes() == CONTENT and server.requests[0].range is None


@pytest.mark.parametrize("options", [{"chunked": True}, {"says_length": False}])
def test_a_server_need_not_say_how_long_the_file_is(server, target, options):
    server.put("/file", CONTENT, **options)
    assert get(server, target).record["bytes"] == len(CONTENT)
    assert target.read_bytes() == CONTENT


def test_a_chunked_answer_that_breaks_off_is_noticed(server, target):
    server.put("/file", CONTENT, chunked=True, cuts=[150_000])
    get(server, target)
    assert target.read_bytes() == CONTENT and len(server.requests) == 2


def test_a_server_that_stops_early_and_says_nothing_is_noticed_by_the_known_size(server, target):
    server.put("/file", CONTENT[:-1], says_length=False)
    assert f"Expected {len(CONTENT):,} bytes" in str(fails(server, target, "wrong size", size=len(CONTENT)))
    server.put("/file", CONTENT[:-1])
    assert "it is another file" in str(fails(server, target, "wrong size", size=len(CONTENT)))


# -------------------------------------------------------------------------------------------------- servers in trouble
def test_500_and_then_all_is_well(server, target, waits):
    server.put("/file", CONTENT, first=[(500, {}), (503, {})])
    get(server, target)
    assert target.read_bytes() == CONTENT and len(server.requests) == 3
    assert 0.5 <= waits[0] <= 1 <= waits[1] <= 2  # twice as long each time, with some chance in it


def test_500_for_ever_is_given_up(server, target, waits, monkeypatch):
    server.put("/file", status=500)
    monkeypatch.setattr(transfer, "TRIES", 6)
    monkeypatch.setattr(transfer, "LONGEST_WAIT_S", 3)
    assert "answers 500" in str(fails(server, target, "server error"))
    assert len(server.requests) == 6 and max(waits) <= 3
    assert not part(target).exists()  # nothing came


def test_a_server_that_asks_for_time_gets_it(server, target, waits):
    date = email.utils.formatdate(time.time() + 40, usegmt=True)
    server.put("/file", CONTENT, first=[(429, {"Retry-After": "7"}), (503, {"Retry-After": date})])
    get(server, target)
    assert target.read_bytes() == CONTENT
    assert waits[0] == 7 and 30 < waits[1] <= 40


def test_a_server_that_asks_for_too_much_time_is_left_alone(server, target, waits):
    server.put("/file", CONTENT, first=[(429, {"Retry-After": "3600"})])
    assert "asks to wait 3600 s. That is too long" in str(fails(server, target, "server error"))
    assert not waits and len(server.requests) == 1


@pytest.mark.parametrize("status, fault", [(404, "not found"), (410, "not found"), (403, "refused"), (401, "refused")])
def test_what_is_not_there_or_refused_is_not_asked_for_again(server, target, status, fault):
    server.put("/file", status=status)
    assert f"answers {status}" in str(fails(server, target, fault))
    assert len(server.requests) == 1


def test_a_redirection_is_followed_and_a_loop_is_not(server, target):
    server.put("/old", status=302, headers={"Location": "/file"})
    server.put("/file", CONTENT, cuts=[150_000])
    get(server, target, "/old")
    assert target.read_bytes() == CONTENT
    anew(target)
    server.put("/a", status=302, headers={"Location": "/b"})
    server.put("/b", status=302, headers={"Location": "/a"})
    assert "without end (5 times)" in str(fails(server, target, "redirect loop", "/a"))
    assert len(server.asked("/a") + server.asked("/b")) == 6


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_web_page_is_no_file(server, target, content_type):
    server.put("/file", b"\n<!doctype HTML><html><title>Welcome to\n our WLAN</title>", content_type=content_type)
    assert "'Welcome to our WLAN'" in str(fails(server, target, "web page"))
    assert len(server.requests) == 1 and not part(target).exists()


def test_a_drip_is_given_up(server, target, monkeypatch):
    server.put("/file", CONTENT, drip=10)
    for name, value in {"READ_S": 0.3, "SLOWEST": 100_000, "TRIES": 2}.items():
        monkeypatch.setattr(transfer, name, value)
    assert "bytes came in" in str(fails(server, target, "too slow"))
    assert len(server.requests) == 2 and server.requests[1].range.startswith("bytes=")


def test_a_server_that_says_nothing_is_given_up(server, target, monkeypatch):
    server.put("/file", silent=True)
    monkeypatch.setattr(transfer, "READ_S", 0.2)
    monkeypatch.setattr(transfer, "TRIES", 2)
    assert "does not answer within 0.2 s" in str(fails(server, target, "too slow"))
    assert len(server.requests) == 2


def test_no_network(server, target, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/file"
    error = str(fails(server, target, "no network", address))
    assert re.search(r"No connection to 127.0.0.1:\d+ \(Connection refused\)\. It was attempt 3 of 3", error)
    assert not part(target).exists()

    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = str(fails(server, target, "no network", "http://example.org/file"))
    assert "No connection to example.org (Name or service not known)" in error


# ------------------------------------------------------------------------------------------------------------- mirrors
def test_a_mirror_stands_in_and_continues(server, target):
    server.put("/dead", CONTENT, cuts=[150_000], first=[])
    server.files["/dead"].before = lambda file: setattr(file, "status", 200 if len(server.requests) == 1 else 500)
    server.files["/dead"].ranges = False
    server.put("/mirror", CONTENT, etag='"on another machine"')
    get(server, target, "/dead", "/mirror", size=len(CONTENT))
    assert target.read_bytes() == CONTENT
    assert server.asked("/mirror") == [("/mirror", "bytes=150000-", None)]  # its ETag is its own


def test_a_missing_original_leads_to_the_mirror(server, target):
    server.put("/mirror", CONTENT)
    get(server, target, "/gone", "/mirror")
    assert target.read_bytes() == CONTENT
    anew(target)
    error = fails(server, target, "not found", "/gone", "/gone too")
    assert "None of its addresses" in str(error) and "/gone too" in str(error)
    server.put("/refused", status=403)
    fails(server, target, "no address", "/gone", "/refused")


def test_a_mirror_with_another_file_spoils_nothing(server, target):
    server.put("/file", CONTENT, cuts=[150_000])
    server.put("/mirror", OTHER[:300_000])
    interrupted(server, target)
    server.put("/file", status=404)
    assert "another file than the one that was begun" in str(fails(server, target, "no address", "/file", "/mirror"))
    assert part(target).read_bytes() == CONTENT[:150_000]


# ---------------------------------------------------------------------------------------------------------------- disk
class FullDisk(io.FileIO):
    """A file on a disk that has room for so many bytes."""

    def __init__(self, path, mode: str, room: int) -> None:
        super().__init__(path, mode)
        self.room = room

    def write(self, data) -> int:
        room = self.room - self.tell()
        if room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(bytes(data[:room]))


def test_a_disk_that_runs_full_keeps_what_came(server, target, monkeypatch):
    server.put("/file", CONTENT)
    with monkeypatch.context() as full, pytest.raises(OSError, match="No space left"):
        full.setattr(transfer, "open", lambda file, *_, **__: FullDisk(file, "wb", 200_000), raising=False)
        get(server, target)
    assert part(target).read_bytes() == CONTENT[:200_000] and len(server.requests) == 1  # no use in trying again
    get(server, target)
    assert target.read_bytes() == CONTENT and server.requests[1].range == "bytes=200000-"


# -------------------------------------------------------------------------------------------------------- Google Drive
@pytest.fixture
def drive(server, monkeypatch):
    """The server as Google Drive: /uc?id=ID, its warning page, and the file behind it at /download."""
    monkeypatch.setattr(transfer, "DRIVE", server.url + "/uc?id={id}")
    server.put("/uc", VIRUS_PAGE.format(url=server.url).encode(), content_type="text/html; charset=utf-8", etag=None)
    server.put("/download", CONTENT, headers={"Content-Disposition": 'attachment; filename="big.zip"'})
    return server


VIEW = "https://drive.google.com/file/d/ID/view"


def test_drives_warning_page_leads_to_the_file(drive, target):
    assert get(drive, target, VIEW).record["address"] == VIEW
    assert target.read_bytes() == CONTENT
    assert [request.path for request in drive.requests] == ["/uc?id=ID", "/download?id=ID&confirm=t&uuid=12-34"]


@pytest.mark.parametrize("share", QUARTERS)
def test_a_file_from_drive_is_resumed(drive, target, share):
    cut = int(share * len(CONTENT))
    drive.files["/download"].cuts = [cut]
    assert get(drive, target, VIEW).resumed and target.read_bytes() == CONTENT
    assert drive.asked("/download")[-1][1:] == (f"bytes={cut}-", '"v1"')


def test_a_small_file_from_drive_comes_at_once(drive, target):
    drive.files["/uc"] = drive.files["/download"]
    get(drive, target, VIEW)
    assert target.read_bytes() == CONTENT and len(drive.requests) == 1


@pytest.mark.parametrize(
    "page, status, fault, words",
    [
        (QUOTA_PAGE, 200, "quota", "'Google Drive - Quota exceeded'\\): too many people .* Wait a day"),
        (QUOTA_PAGE, 403, "quota", "Wait a day"),
        ("<html><title>Meet Google Drive</title>Sign in to continue</html>", 200, "refused", "no longer public"),
        ("<html><title>Sorry</title>something new</html>", 200, "refused", "Cannot retrieve the public link"),
        ("<html>gone</html>", 404, "not found", "answers 404"),
        ("<html>forbidden</html>", 403, "refused", "answers 403"),
    ],
)
def test_drive_gives_no_file_and_says_why(drive, target, page, status, fault, words):
    drive.put("/uc", page.encode(), content_type="text/html", status=status)
    assert re.search(words, str(fails(drive, target, fault, VIEW)))
    assert len(drive.requests) == 1 and not part(target).exists()


def test_drive_that_leads_from_page_to_page_is_given_up(drive, target):
    drive.put("/download", drive.files["/uc"].content, content_type="text/html")
    assert "one page after the other" in str(fails(drive, target, "web page", VIEW))
    assert len(drive.requests) == transfer.DRIVE_PAGES


def test_drive_that_hangs_is_given_up(drive, target, monkeypatch):
    monkeypatch.setattr(transfer, "READ_S", 0.2)
    monkeypatch.setattr(transfer, "TRIES", 2)
    drive.files["/uc"].silent = True
    fails(drive, target, "too slow", VIEW)
    drive.files["/uc"].silent, drive.files["/download"].silent = False, True
    fails(drive, target, "too slow", VIEW)


def test_a_gdown_that_reads_no_pages_is_named(drive, target, monkeypatch):
    monkeypatch.setitem(sys.modules, "gdown.download", None)
    assert "need gdown 5 or 6" in str(fails(drive, target, "refused", VIEW))
