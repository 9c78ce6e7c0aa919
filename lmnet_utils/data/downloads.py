"""What others publish, fetched so that it can be trusted: ShapeNet's renderings and clouds, Pix3D, weights.

:mod:`lmnet_utils.data.assets` says what there is and where it goes. The bytes come through pooch and :mod:`lmnet_utils.data.transfer`, archives
go through :mod:`lmnet_utils.data.archives`, and weights become model folders like every other.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import sys
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pooch
from tqdm.auto import tqdm

from lmnet_utils.core import paths
from lmnet_utils.core.runtime import utc_now
from lmnet_utils.data import archives, assets, transfer
from lmnet_utils.data.assets import RECORD, Asset, by_hand, in_words, note, recorded, where

BOMB = 4
"""Times its expected size, unpacked, at which an archive is refused."""
SPARE = 50_000_000
"""Bytes that stay free on the disk."""
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class DownloadError(RuntimeError):
    """A file could not be had, or is not what it should be; the message says what to do.

    Attributes:
        fault: as :class:`lmnet_utils.data.transfer.TransferError`, and: "full disk", "cannot write", "wrong hash", "damaged",
            "unsafe archive", "wrong model", "no file", "occupied", "old python".
    """

    def __init__(self, fault: str, message: str) -> None:
        super().__init__(message)
        self.fault = fault


def failure(item: Asset, fault: str, reason: str, advice: str | None = None) -> DownloadError:
    reason = reason if reason.endswith(".") or "\n" in reason else f"{reason}."
    return DownloadError(fault, f"{item.name}: {reason}\n  {by_hand(item) if advice is None else advice}".rstrip())


# ------------------------------------------------------------------------------------------------------------ download
def fetch_archive(
    name: str,
    *,
    file: str | Path | None = None,
    force: bool = False,
    check: bool = False,
    remove_archive: bool = False,
    quiet: bool = False,
) -> Path:
    """Fetch an archive, check it, and unpack it. What is here already is not fetched again.

    Weights are :func:`lmnet_utils.models.published.download`'s, which makes model folders of them.

    The terms in ``assets.asset(name).terms`` hold; ``lmnet download`` shows them and asks.

    Args:
        name: a name of ``assets.json``, such as ``"shapenet-renderings"``.
        file: take this file, fetched by hand, instead of downloading. It stays where it is.
        force: fetch again from the beginning, and accept a file with another SHA-256 than the one on record.
        check: go through an archive that is unpacked once more, and put back what is missing or differs.
        remove_archive: delete a downloaded archive once everything in it is in place.
        quiet: no progress bar.

    Returns:
        The folder.

    Raises:
        ValueError: no such name, which lists the names; or the name of weights.
        DownloadError: see its faults. What was there before stays as it was, and what has come of a file is kept.
    """
    item = assets.asset(name)
    if item.kind != "archive":
        raise ValueError(f"{name} is no archive but {item.kind}: lmnet_utils.models.published.download fetches it.")
    if not hasattr(tarfile, "data_filter"):
        version = ".".join(map(str, sys.version_info[:3]))
        reason = f"unpacking safely takes Python 3.10.12, 3.11.4 or a later one, this is {version}"
        raise failure(item, "old python", reason, "Make the environment anew with one of those.")
    if not (file or force or check) and assets.is_here(item):
        if remove_archive:
            item.target.unlink(missing_ok=True)
        return item.place
    path, source = obtain(item, file, force, quiet)
    if path.parent == item.incoming:
        path = path.replace(item.target)
        discard(item)
    return _unpack(item, path, source, remove_archive and path == item.target, quiet)


def obtain(item: Asset, file: str | Path | None, force: bool, quiet: bool) -> tuple[Path, dict[str, Any]]:
    """A checked file of the asset: the given one, one put in place by hand, or a download; and what is known of it."""
    record = recorded(item)
    known = item.sha256 or (record.get("sha256") if record.get("confirmed") else None)
    known = None if force else known
    if not file and (force or not item.target.is_file()):
        if force:
            discard(item)
        if item.size:
            _check_room(item, max(0, item.size - item.have))
        return _fetch(item, known, quiet)
    path = Path(file).expanduser() if file else item.target
    what = paths.display(path) if file else where(path)
    if not path.is_file():
        raise failure(item, "no file", f"there is no file at {what}")
    if wrong := _fault_of(item, path, what):
        raise wrong
    status, sha256 = path.stat(), record.get("sha256")
    if (record.get("bytes"), record.get("modified_ns")) != (status.st_size, status.st_mtime_ns):
        if not quiet and status.st_size > 10**9:
            tqdm.write(f"{path.name}: reading it through for its SHA-256.", sys.stderr)
        sha256 = pooch.file_hash(str(path))  # else this very file was read before
    if known and sha256 != known:
        raise _wrong_hash(item, what, f"Expected SHA-256 {known}, found {sha256}")
    origin = "by hand" if file else record.get("source", "by hand")
    return path, {"source": origin, "sha256": sha256, "bytes": status.st_size, "modified_ns": status.st_mtime_ns}


def _fetch(item: Asset, known: str | None, quiet: bool) -> tuple[Path, dict[str, Any]]:
    """Download the file and check it; once more where it came in parts that do not fit together."""
    downloader = transfer.RangeDownloader(item.incoming, item.bytes, partial(_check_room, item), quiet)
    for once_more in (True, False):
        try:
            with _disk(item, "the download"):
                item.incoming.mkdir(parents=True, exist_ok=True)
                path = transfer.fetch(item.addresses, downloader, item.target.name, known)
        except transfer.TransferError as error:
            raise _not_fetched(item, error) from error
        except ValueError as error:  # pooch's
            wrong: DownloadError | None = _wrong_hash(item, "the downloaded file", str(error))
        else:
            wrong = _fault_of(item, path, "the downloaded file")
        if not wrong:
            status, record = path.stat(), downloader.record
            source = {"source": record.get("address"), "version": record.get("version"), "bytes": status.st_size}
            return path, {**source, "modified_ns": status.st_mtime_ns, "sha256": known or pooch.file_hash(str(path))}
        discard(item)
        if not (downloader.resumed and once_more):
            raise wrong
        downloader.say(f"{str(wrong).splitlines()[0]} It came in parts: fetching it once more, whole.")
    raise AssertionError("not reached")


def discard(item: Asset) -> None:
    """Remove what has come of a download."""
    shutil.rmtree(item.incoming, ignore_errors=True)


def _not_fetched(item: Asset, error: transfer.TransferError) -> DownloadError:
    if error.fault == "busy":
        return failure(item, "busy", str(error), "")
    have, advice = item.have, []
    if error.fault == "no network":
        advice.append("Check the network, and HTTP_PROXY and HTTPS_PROXY if you need a proxy.")
    if have:
        text = "that have come are kept: the same command goes on from there, with --force it starts anew."
        advice.append(f"The {in_words(have)} {text}")
    return failure(item, error.fault, str(error), " ".join([*advice, by_hand(item)]))


@contextlib.contextmanager
def _disk(item: Asset, what: str) -> Iterator[None]:
    """Say what to do where a file cannot be written."""
    try:
        yield
    except OSError as error:
        full = error.errno in NO_ROOM
        why = getattr(error.__cause__, "strerror", None) or error.strerror or type(error).__name__
        advice = "Make room" if full else f"See to the folder {where(item.target.parent)}"
        advice += f", or set {item.variable} to a folder on another disk. What has come is kept: the same command goes on from there."
        raise failure(item, "full disk" if full else "cannot write", f"{what} stopped ({why})", advice) from error


def _check_room(item: Asset, missing: int, fetched: bool = False) -> None:
    """Refuse to start what the disk cannot hold.

    Args:
        missing: bytes still to come, or to be unpacked where the file is here.
        fetched: whether the file is here.
    """
    room, free = 0 if fetched else item.room, item.free
    if missing + room + SPARE > free:
        needs = f"about {in_words(missing)} to unpack it" if fetched else f"{in_words(missing)} to come"
        needs += f" and about {in_words(room)} unpacked" if room else ""
        advice = f"Make room, or set {item.variable} to a folder on another disk."
        if item.kind == "archive" and not fetched:
            advice += " An archive that lies elsewhere is unpacked from there: --file PATH."
        reason = f"there is not enough room on the disk: it needs {needs}, {in_words(free)} are free"
        raise failure(item, "full disk", reason, advice)


# --------------------------------------------------------------------------------------------------------------- check
def _fault_of(item: Asset, path: Path, what: str) -> DownloadError | None:
    """What is wrong with a file, as far as can be told without unpacking it: a web page, truncated, damaged, another one."""
    size = path.stat().st_size
    damage: str | Exception | None = None
    with open(path, "rb") as stream:
        start = stream.read(1 << 16)
    if transfer.looks_like_page(start):
        page = transfer.page_error(start.decode("utf-8", "replace"), item.addresses[-1])
        return failure(item, page.fault, f"{what} is a web page, not data. {page}")
    if item.bytes and size != item.bytes:
        fault, text = ("broken off", "is truncated") if size < item.bytes else ("wrong size", "is another file")
        return failure(item, fault, f"{what} {text}: expected {item.bytes:,} bytes, found {size:,}")
    if item.kind == "archive" and archives.kind_of(path) is None:
        return failure(item, "damaged", f"{what} is no archive ({size:,} bytes, beginning with {start[:16]!r})")
    if start.startswith(b"PK"):  # a zip, as .pth files are, except old ones
        try:
            with archives.open_zip(path) as archive:
                damage = archive.testzip() if item.kind == "weights" else None
        except (archives.BrokenArchive, *archives.DAMAGE) as error:
            damage = error
    if damage:
        reason = f"{what} is truncated or damaged ({size:,} bytes): {damage}"
        return failure(item, "damaged", reason, _again(item))
    return None


def _wrong_hash(item: Asset, what: str, reason: str) -> DownloadError:
    advice = f"If the authors have changed it and you trust the new one, add --force. {by_hand(item)}"
    return failure(item, "wrong hash", f"{what} is not the file that is on record. {reason}", advice)


def _again(item: Asset) -> str:
    return f"Fetch it again: `lmnet download {item.name} --force`. {by_hand(item)}"


# -------------------------------------------------------------------------------------------------------------- unpack
def _unpack(item: Asset, archive: Path, source: dict[str, Any], remove: bool, quiet: bool) -> Path:
    """Unpack a checked archive, and record what it was if it was sound."""
    previous = recorded(item)
    confirmed = bool(previous.get("confirmed")) and previous.get("sha256") == source["sha256"]
    fetched = {**source, "modified_ns": archive.stat().st_mtime_ns, "fetched": utc_now()}
    if archive == item.target:
        note(item, **fetched, confirmed=confirmed)
    note(item, unpacked=None)
    bounds = archives.Bounds(BOMB * item.unpacked["bytes"], BOMB * item.unpacked["files"])

    def check_room(missing: int | None) -> None:
        _check_room(item, item.room if missing is None else missing, fetched=True)

    try:
        with _disk(item, "unpacking"):
            unpacked = archives.unpack(archive, item.place, bounds, item.strip, check_room, quiet)
    except archives.BrokenArchive as error:
        raise failure(item, "damaged", f"{where(archive)} is damaged: {error}", _again(item)) from error
    except archives.UnsafeArchive as error:
        reason = f"{where(archive)} is not to be trusted: {error}. It is not the file that was published"
        advice = f"Delete it, and what it left in {where(item.place)}. {by_hand(item)}"
        raise failure(item, "unsafe archive", reason, advice) from error
    damaged = [[archives.shown(name), why] for name, why in unpacked.damaged]
    left_out = [[archives.shown(name), what] for name, what in unpacked.left_out]
    result = {"into": where(item.place), "files": unpacked.files, "bytes": unpacked.bytes}
    note(
        item,
        **fetched,
        confirmed=confirmed or not damaged,
        unpacked={**result, "damaged": damaged, "left_out": left_out},
    )
    if damaged:
        text = (
            f"{len(damaged)} of its members are damaged; the other {unpacked.files:,} files are in {where(item.place)}:"
        )
        text += "".join(f"\n    {name}: {why}" for name, why in damaged[:10])
        if len(damaged) > 10:
            text += f"\n    and {len(damaged) - 10} more, see {where(item.target.with_name(RECORD))}"
        raise failure(item, "damaged", text, _again(item))
    if remove:
        archive.unlink()
    return item.place
