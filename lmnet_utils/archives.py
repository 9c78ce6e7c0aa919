"""Archives unpacked with suspicion, in place and from where an earlier attempt stopped.

Nothing that an archive says is believed: no member leaves the folder, no link, device or pipe is made, and no more is written
than was to be expected. Members go to a temporary name first, so that a file with its name is whole. What is damaged is listed, and the
rest goes on. (tarfile's own ``filter="data"`` came with Python 3.12, knows no bounds and cannot go on.)
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import lzma
import os
import posixpath
import re
import stat
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from lmnet_utils.reproducibility import read_json, write_json

TEMPORARY = ".unpacking"
PROGRESS = ".unpacking.json"
"""Beside the members of a tar: how many of them are done. A tar has no checksums by which to know them again."""
PIECE = 1 << 20
LARGEST_HEADER = 1 << 20
SECONDS_BETWEEN_RECORDS = 3.0
ENTRY_BYTES = 2048
"""What a file takes up on a disk beyond its bytes: half a block, on average."""
BAD_NAME = {errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.EINVAL, errno.EILSEQ, errno.ENOTEMPTY}


class UnsafeArchive(ValueError):
    """An archive that wants what no data set needs. Nothing of the member that shows it was written."""


class BrokenArchive(ValueError):
    """Not an archive, or one whose table of contents is gone."""


@dataclass
class Unpacked:
    """What came out of an archive."""

    files: int = 0
    """Files that are in place now, those of an earlier attempt included."""
    bytes: int = 0
    kept: int = 0
    """How many of them were in place before."""
    damaged: list[tuple[str, str]] = field(default_factory=list)
    """Members that could not be unpacked, and why."""
    left_out: list[tuple[str, str]] = field(default_factory=list)
    """Members that are harmless but no plain files, and what they are."""


def kind_of(path: Path) -> str | None:
    """``"zip"``, ``"tar.gz"`` or ``"tar"`` by a file's first bytes, whatever its name; None for anything else."""
    with open(path, "rb") as file:
        start = file.read(265)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if start.startswith(b"\x1f\x8b"):
        return "tar.gz"
    return "tar" if start[257:262] == b"ustar" else None


def unpack(
    archive: Path,
    into: Path,
    *,
    max_bytes: int,
    max_files: int,
    strip: Sequence[str] = (),
    check_room: Callable[[int | None], None] | None = None,
    quiet: bool = False,
) -> Unpacked:
    """Unpack a zip, tar or tar.gz below ``into``; what an earlier attempt left in place is kept.

    Args:
        max_bytes: bytes, and
        max_files: files beyond which the archive is taken for a bomb.
        strip: names of folders; a member's path counts from below the first of them that is in it.
        check_room: called with the bytes that the members still need, None where only reading would tell (tar).
        quiet: no progress bar.

    Raises:
        BrokenArchive: nothing can be read from it.
        UnsafeArchive: a member with an absolute path or one with ``..``, a link out, a device, a pipe, or too much of it all.
        OSError: the disk is full, or cannot be written.
    """
    kind = kind_of(archive)
    if kind is None:
        raise BrokenArchive("it is neither a zip nor a tar archive")
    into.mkdir(parents=True, exist_ok=True)
    bounds = _Bounds(max_bytes, max_files)
    try:
        if kind == "zip":
            return _unpack_zip(archive, into, strip, bounds, check_room, quiet)
        return _unpack_tar(archive, into, strip, bounds, check_room, quiet, kind == "tar.gz")
    finally:
        with contextlib.suppress(OSError):
            into.rmdir()  # goes only if it is empty


@dataclass
class _Bounds:
    bytes: int
    files: int

    def check(self, number_of_bytes: int, number_of_files: int) -> None:
        if number_of_bytes > self.bytes or number_of_files > self.files:
            raise UnsafeArchive(
                f"it holds {number_of_files:,} files or more of {number_of_bytes:,} bytes or more; "
                f"at most {self.files:,} files of {self.bytes:,} bytes were to be expected"
            )


# --------------------------------------------------------------------------------------------------------------- names
def place_of(name: str, strip: Sequence[str] = ()) -> Path | None:
    """Where a member goes, relative to the folder; None for what is not worth unpacking.

    Raises:
        UnsafeArchive: an absolute path, or one with ``..``.
    """
    text = name.replace("\\", "/")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or re.match(r"[A-Za-z]:", text) or "\0" in text:
        raise UnsafeArchive(f"its member {shown(name)} has an absolute path")
    if ".." in parts or (os.name == "nt" and ":" in text):
        raise UnsafeArchive(f"its member {shown(name)} wants to leave the folder")
    if not parts or "__MACOSX" in parts or parts[-1] == ".DS_Store" or parts[-1].startswith((TEMPORARY, "._")):
        return None
    wrapper = next((i for i, part in enumerate(parts) if part in strip), -1)
    return Path(*parts[wrapper + 1 :]) if parts[wrapper + 1 :] else None


def shown(name: str) -> str:
    """A member's name as it may be printed: quoted, without control characters, not endless."""
    return repr(name.encode("utf-8", "replace").decode())[:120]


def _check_link(name: str, target: str, relative: bool) -> str:
    """Refuse a link that leads out; returns the words for one that does not, which is left out all the same."""
    base = posixpath.dirname(name.replace("\\", "/")) if relative else ""
    with contextlib.suppress(UnsafeArchive):
        place_of(posixpath.normpath(posixpath.join(base, target.replace("\\", "/"))))
        return f"a link to {shown(target)}"
    raise UnsafeArchive(f"its member {shown(name)} is a link out of the folder, to {shown(target)}")


# ------------------------------------------------------------------------------------------------------------- writing
class _Writer:
    """Puts members in their places."""

    def __init__(self, into: Path) -> None:
        self.into = into
        self._made: set[Path] = set()

    def folder(self, folder: Path) -> None:
        if folder not in self._made:
            folder.mkdir(parents=True, exist_ok=True)
            self._made.add(folder)

    def write(self, place: Path, pieces: Iterable[bytes]) -> None:
        """Write a member under a temporary name, then give it its own. Errors of ``pieces`` leave nothing."""
        final = self.into / place
        self.folder(final.parent)
        temporary = final.with_name(TEMPORARY)
        try:
            with open(temporary, "wb") as file:
                for piece in pieces:
                    file.write(piece)
            os.replace(temporary, final)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise


def _size_of(path: Path) -> int:
    """Bytes of a file; -1 if there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return -1
    return status.st_size if stat.S_ISREG(status.st_mode) else -1


# ----------------------------------------------------------------------------------------------------------------- zip
def _unpack_zip(
    archive: Path,
    into: Path,
    strip: Sequence[str],
    bounds: _Bounds,
    check_room: Callable[[int | None], None] | None,
    quiet: bool,
) -> Unpacked:
    unpacked, writer = Unpacked(), _Writer(into)
    with _open_zip(archive) as file:
        members = list(_zip_members(file, strip, bounds, unpacked))
        if check_room:
            missing = [member for member, place in members if _size_of(into / place) != member.file_size]
            check_room(sum(member.file_size + ENTRY_BYTES for member in missing))
        total = sum(member.file_size for member, _ in members)
        with tqdm(total=total, unit="B", unit_scale=True, desc=f"unpack {archive.name}", disable=quiet) as bar:
            for member, place in members:
                try:
                    kept = _is_member(into / place, member)
                    if not kept:
                        writer.write(place, _zip_pieces(file, member))
                except (
                    zipfile.BadZipFile,
                    zlib.error,
                    lzma.LZMAError,
                    EOFError,
                    NotImplementedError,
                    RuntimeError,
                ) as e:
                    unpacked.damaged.append((member.filename, re.sub(r" for file .*", "", str(e)) or type(e).__name__))
                except OSError as error:
                    if error.errno not in BAD_NAME:
                        raise
                    unpacked.damaged.append((member.filename, f"cannot be written ({error.strerror})"))
                else:
                    unpacked.files, unpacked.bytes = unpacked.files + 1, unpacked.bytes + member.file_size
                    unpacked.kept += kept
                bar.update(member.file_size)
    return unpacked


@contextlib.contextmanager
def _open_zip(archive: Path) -> Iterator[zipfile.ZipFile]:
    try:
        file = zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise BrokenArchive(f"its table of contents cannot be read ({error})") from error
    with file:
        yield file


def check_zip(archive: Path) -> None:
    """Raise BrokenArchive if a zip has no table of contents, which stands at its end: it is truncated or damaged."""
    with _open_zip(archive):
        pass


def _zip_members(
    file: zipfile.ZipFile, strip: Sequence[str], bounds: _Bounds, unpacked: Unpacked
) -> Iterator[tuple[zipfile.ZipInfo, Path]]:
    """The files to unpack, with their places. All names are looked at before anything is written."""
    total = 0
    for count, member in enumerate(file.infolist(), 1):
        total += member.file_size
        bounds.check(total, count)
        place, mode = place_of(member.filename, strip), member.external_attr >> 16
        if stat.S_ISLNK(mode):
            target = "/"
            with contextlib.suppress(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
                target = file.read(member).decode("utf-8", "replace") if member.file_size < 4096 else "/"
            unpacked.left_out.append((member.filename, _check_link(member.filename, target, relative=True)))
        elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UnsafeArchive(f"its member {shown(member.filename)} is a device or a pipe")
        elif place and not member.is_dir():
            yield member, place


def _zip_pieces(file: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """A member's bytes; zipfile raises at the end if their CRC is not the one on record."""
    size = 0
    with file.open(member) as stream:
        while piece := stream.read(PIECE):
            size += len(piece)
            yield piece
    if size != member.file_size:
        raise zipfile.BadZipFile(f"{size:,} of {member.file_size:,} bytes")


def _is_member(path: Path, member: zipfile.ZipInfo) -> bool:
    """Whether a file is what the member would become: its size and its CRC-32."""
    if _size_of(path) != member.file_size:
        return False
    crc = 0
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            crc = zlib.crc32(piece, crc)
    return crc == member.CRC


# ----------------------------------------------------------------------------------------------------------------- tar
class _StreamEnds(Exception):
    """The compressed stream cannot be read any further."""


class _Forward:
    """A stream for tarfile that is only ever read forwards, a bounded number of bytes in all."""

    def __init__(self, stream: Any, limit: int) -> None:
        self._stream, self._limit, self._position = stream, limit, 0
        self.last = b""

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> int:
        while position > self._position and self.read(min(PIECE, position - self._position)):
            pass
        return self._position

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LARGEST_HEADER:  # tarfile reads a header of any size in one piece
            raise UnsafeArchive(f"it has a header of {size:,} bytes")
        try:
            data = self._stream.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise _StreamEnds(str(error)) from error
        self._position, self.last = self._position + len(data), data
        if self._position > self._limit:
            raise UnsafeArchive(f"it grows beyond {self._limit:,} bytes when it is unpacked")
        return data


def _unpack_tar(
    archive: Path,
    into: Path,
    strip: Sequence[str],
    bounds: _Bounds,
    check_room: Callable[[int | None], None] | None,
    quiet: bool,
    compressed: bool,
) -> Unpacked:
    progress = into / PROGRESS
    identity = [archive.stat().st_size, archive.stat().st_mtime_ns]
    done = _members_done(progress, identity)
    if check_room and not done:
        check_room(None)
    unpacked, writer, total, count = Unpacked(), _Writer(into), 0, 0
    recorded = time.monotonic()
    with open(archive, "rb") as raw, contextlib.ExitStack() as stack:
        stream = stack.enter_context(gzip.GzipFile(fileobj=raw)) if compressed else raw
        bar = tqdm(total=identity[0], unit="B", unit_scale=True, desc=f"unpack {archive.name}", disable=quiet)
        stack.enter_context(bar)
        # Headers take 512 bytes, ends of files are filled up to 512, long names take 1024 more.
        forward = _Forward(stream, bounds.bytes + 2048 * bounds.files + LARGEST_HEADER)
        for member in _tar_members(forward, unpacked):
            bar.update(raw.tell() - bar.n)
            count, total = count + 1, total + (member.size if member.isreg() else 0)
            bounds.check(total, count)
            place = place_of(member.name, strip)
            if not _is_plain(member, unpacked) or place is None:
                continue
            try:
                kept = count <= done and _size_of(into / place) == member.size
                if not kept:
                    writer.write(place, _tar_pieces(forward, member))
            except _StreamEnds as error:
                unpacked.damaged.append((member.name, f"the archive cannot be read from here on ({error})"))
                break
            except OSError as error:
                if error.errno not in BAD_NAME:
                    _record(progress, identity, count - 1)
                    raise
                unpacked.damaged.append((member.name, f"cannot be written ({error.strerror})"))
            except KeyboardInterrupt:
                _record(progress, identity, count - 1)
                raise
            else:
                unpacked.files, unpacked.bytes = unpacked.files + 1, unpacked.bytes + member.size
                unpacked.kept += kept
            if time.monotonic() - recorded > SECONDS_BETWEEN_RECORDS:
                recorded = time.monotonic()
                _record(progress, identity, count)
    progress.unlink(missing_ok=True)
    if not count:
        raise BrokenArchive("nothing can be read from it" + "".join(f" ({why})" for _, why in unpacked.damaged[:1]))
    return unpacked


def _members_done(progress: Path, identity: list[int]) -> int:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        record = read_json(progress)
        return int(record["members"]) if record.get("archive") == identity else 0
    return 0


def _record(progress: Path, identity: list[int], members: int) -> None:
    with contextlib.suppress(OSError):  # a full disk has been noticed already
        write_json(progress, {"archive": identity, "members": members})


def _tar_members(forward: _Forward, unpacked: Unpacked) -> Iterator[tarfile.TarInfo]:
    """The members in turn; where a header is damaged the search goes on, and ``unpacked.damaged`` gets a line."""
    unreadable, last = [0], "the beginning"

    class Member(tarfile.TarInfo):
        @classmethod
        def fromtarfile(cls, archive: tarfile.TarFile) -> tarfile.TarInfo:
            try:
                return super().fromtarfile(archive)
            except tarfile.HeaderError:
                unreadable[0] += bool(forward.last.strip(b"\0"))
                raise

    try:
        # ignore_zeros: look beyond what is no header, and read to the end, where gzip's checksum stands.
        archive = tarfile.TarFile(fileobj=forward, mode="r", tarinfo=Member, ignore_zeros=True, encoding="utf-8")
        while True:
            member = archive.next()
            if unreadable[0]:
                unpacked.damaged.append((f"after {last}", f"{unreadable[0] * 512:,} bytes without a readable header"))
                unreadable[0] = 0
            if member is None:
                return
            if member.size < 0:
                raise UnsafeArchive(f"its member {shown(member.name)} has {member.size:,} bytes")
            archive.members.clear()  # a million of them would fill the memory
            last = member.name
            yield member
    except _StreamEnds as error:
        unpacked.damaged.append((f"after {last}", f"the archive cannot be read from here on ({error})"))
    except tarfile.TarError as error:
        unpacked.damaged.append((f"after {last}", f"the archive cannot be read from here on ({error})"))


def _is_plain(member: tarfile.TarInfo, unpacked: Unpacked) -> bool:
    """Whether a member is a plain file; refuses devices and links out, and notes what is left out."""
    if member.issym() or member.islnk():
        words = _check_link(member.name, member.linkname, relative=member.issym())
        unpacked.left_out.append((member.name, words))
    elif member.isdev():  # pipes too
        raise UnsafeArchive(f"its member {shown(member.name)} is a device or a pipe")
    elif member.issparse():
        unpacked.left_out.append((member.name, "a sparse file"))
    elif not member.isreg() and not member.isdir():
        unpacked.left_out.append((member.name, f"a member of type {member.type!r}"))
    return member.isreg() and not member.issparse()


def _tar_pieces(forward: _Forward, member: tarfile.TarInfo) -> Iterator[bytes]:
    forward.seek(member.offset_data)
    rest = member.size
    while rest:
        piece = forward.read(min(PIECE, rest))
        if not piece:
            raise _StreamEnds(f"it ends after {member.size - rest:,} of this file's {member.size:,} bytes")
        rest -= len(piece)
        yield piece
