"""Archives unpacked with suspicion, in place and from where an earlier attempt stopped.

Nothing that an archive says is believed: no member leaves the folder, no link, device or pipe is made (tarfile's ``data`` filter judges
those, of a zip, too), and no more is written than was to be expected. Members go to a temporary name first, so that a file with its name
is whole; what is in place already stays. What is damaged is listed, and the rest goes on. (``extractall`` makes links, writes everything
again, leaves half a file behind when it is stopped, and ends at the first damage, in the middle of a tar without a word. Its filter
looks up every folder of a path, which takes half as long again as unpacking: plain files are judged by their names alone.)
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import lzma
import os
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from tqdm.auto import tqdm

TEMPORARY = ".unpacking"
PIECE = 1 << 20
COMPARED = 1 << 26
"""Bytes up to which a member is compared with the file in its place; a larger one is written again."""
LARGEST_HEADER = 1 << 20
ENTRY_BYTES = 2048
"""What a file takes up on a disk beyond its bytes: half a block, on average."""
BAD_NAME = {errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.EINVAL, errno.EILSEQ, errno.ENOTEMPTY}
DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError),
    *(EOFError, NotImplementedError, RuntimeError),  # the last two: a zip that is packed in a strange way, or encrypted
)


class UnsafeArchive(ValueError):
    """An archive that wants what no data set needs. Nothing of the member that shows it was written."""


class BrokenArchive(ValueError):
    """Not an archive, or one whose table of contents is gone."""


@dataclass(frozen=True)
class Bounds:
    """Bytes and files, unpacked, beyond which an archive is taken for a bomb."""

    bytes: int
    files: int

    def check(self, number_of_bytes: int, number_of_files: int) -> None:
        if number_of_bytes > self.bytes or number_of_files > self.files:
            raise UnsafeArchive(
                f"it holds {number_of_files:,} files or more of {number_of_bytes:,} bytes or more; "
                f"at most {self.files:,} files of {self.bytes:,} bytes were to be expected"
            )


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


class _Member(NamedTuple):
    info: tarfile.TarInfo
    open: Callable[[], IO[bytes] | None]


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
    bounds: Bounds,
    strip: Sequence[str] = (),
    check_room: Callable[[int | None], None] | None = None,
    quiet: bool = False,
) -> Unpacked:
    """Unpack a zip, tar or tar.gz below ``into``; what an earlier attempt left in place is kept.

    Args:
        strip: names of folders; a member's path counts from below the first of them that is in it.
        check_room: called with the bytes that the members still need; with None for a tar, of which only reading would tell,
            unless something is there already.
        quiet: no progress bar.

    Raises:
        BrokenArchive: nothing can be read from it.
        UnsafeArchive: a member with an absolute path or one with ``..``, a link out, a device, a pipe, or too much of it all.
        OSError: the disk is full, or cannot be written.
    """
    kind, unpacked = kind_of(archive), Unpacked()
    if kind is None:
        raise BrokenArchive("it is neither a zip nor a tar archive")
    into.mkdir(parents=True, exist_ok=True)
    begun = any(into.iterdir())
    with contextlib.ExitStack() as stack:
        stack.callback(_remove_if_empty, into)
        raw = stack.enter_context(open(archive, "rb"))
        if kind == "zip":
            members = _zip_members(stack.enter_context(open_zip(raw)))
            plan: Any = list(_plan(members, into, strip, bounds, unpacked))  # all are looked at before one is written
            missing = [member.info.size for member, place in plan if not _has(place, member.info.size)]
            needed = sum(missing) + ENTRY_BYTES * len(missing)
        else:
            stream = stack.enter_context(gzip.GzipFile(fileobj=raw)) if kind == "tar.gz" else raw
            plan, needed = _plan(_tar_members(_Forward(stream, bounds), unpacked), into, strip, bounds, unpacked), None
        if check_room and (kind == "zip" or not begun):
            check_room(needed)
        _write_all(plan, unpacked, raw, kind == "zip", quiet)
    if kind != "zip" and not (unpacked.files or unpacked.left_out):
        raise BrokenArchive("nothing can be read from it" + "".join(f" ({why})" for _, why in unpacked.damaged[:1]))
    return unpacked


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


# ------------------------------------------------------------------------------------------------------------- members
def _plan(
    members: Iterator[_Member], into: Path, strip: Sequence[str], bounds: Bounds, unpacked: Unpacked
) -> Iterator[tuple[_Member, Path]]:
    """The files to unpack, with their places; refuses what is unsafe, and notes what is left out."""
    total = 0
    for count, member in enumerate(members, 1):
        info = member.info
        total += info.size if info.isreg() else 0
        bounds.check(total, count)
        place = place_of(info.name, strip)
        if info.isreg() and not info.issparse():
            if place:
                yield member, into / place
        elif not info.isdir():
            unpacked.left_out.append((info.name, _what(info, into)))


def place_of(name: str, strip: Sequence[str] = ()) -> Path | None:
    """Where a member goes, relative to the folder; None for what is not worth unpacking.

    Raises:
        UnsafeArchive: an absolute path, or one with ``..``, on whatever system.
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


def _what(info: tarfile.TarInfo, into: Path) -> str:
    """Words for a member that is neither file nor folder, if it does no harm."""
    try:
        tarfile.data_filter(info, str(into))
    except tarfile.SpecialFileError as error:
        raise UnsafeArchive(f"its member {shown(info.name)} is a device or a pipe") from error
    except tarfile.FilterError as error:
        text = f"its member {shown(info.name)} is a link out of the folder, to {shown(info.linkname)}"
        raise UnsafeArchive(text) from error
    return f"a link to {shown(info.linkname)}" if info.issym() or info.islnk() else f"a member of type {info.type!r}"


def shown(name: str) -> str:
    """A member's name as it may be printed: quoted, without control characters, not endless."""
    return repr(name.encode("utf-8", "replace").decode())[:120]


# ------------------------------------------------------------------------------------------------------------- writing
def _write_all(
    plan: Iterable[tuple[_Member, Path]], unpacked: Unpacked, raw: IO[bytes], go_on: bool, quiet: bool
) -> None:
    """Put every member in its place; ``go_on`` beyond a damaged one."""
    size, name = os.fstat(raw.fileno()).st_size, Path(raw.name).name
    with tqdm(total=size, unit="B", unit_scale=True, desc=f"unpack {name}", disable=quiet) as bar:
        for member, place in plan:
            try:
                unpacked.kept += _put(member, place)
            except DAMAGE as error:
                why = re.sub(r" for file .*", "", str(error)) or type(error).__name__
                why = why if go_on else f"the archive cannot be read from here on ({why})"
                unpacked.damaged.append((member.info.name, why))
                if not go_on:
                    return
            except OSError as error:
                if error.errno not in BAD_NAME:
                    raise
                unpacked.damaged.append((member.info.name, f"cannot be written ({error.strerror})"))
            else:
                unpacked.files, unpacked.bytes = unpacked.files + 1, unpacked.bytes + member.info.size
            bar.update(max(0, raw.tell() - bar.n))


def _put(member: _Member, place: Path) -> bool:
    """Write a member under a temporary name, then give it its own; True if it is in its place already."""
    size = member.info.size
    stream = member.open()
    assert stream is not None  # tarfile gives None for what is no file: never in a plan
    with stream as source:
        pieces: Iterable[bytes] = iter(lambda: source.read(PIECE), b"")
        if size <= COMPARED and _has(place, size):
            content = b"".join(pieces)
            if content == place.read_bytes():
                return True
            pieces = [content]
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(TEMPORARY)
        try:
            with open(temporary, "wb") as file:
                file.writelines(pieces)
                if file.tell() != size:
                    raise zipfile.BadZipFile(f"{file.tell():,} of {size:,} bytes")
            os.replace(temporary, place)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    return False


def _has(place: Path, size: int) -> bool:
    return os.path.isfile(place) and os.path.getsize(place) == size


# ----------------------------------------------------------------------------------------------------------------- zip
def open_zip(file: Path | IO[bytes]) -> zipfile.ZipFile:
    """Open a zip; BrokenArchive if its table of contents, which stands at its end, is gone: it is truncated or damaged."""
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise BrokenArchive(f"its table of contents cannot be read ({error})") from error


def _zip_members(archive: zipfile.ZipFile) -> Iterator[_Member]:
    """A zip's members, described as a tar's are."""
    for entry in archive.infolist():
        info, kind = tarfile.TarInfo(entry.filename), stat.S_IFMT(entry.external_attr >> 16)
        info.size = entry.file_size
        if kind == stat.S_IFLNK:
            info.type, info.linkname = tarfile.SYMTYPE, "/"  # refused, where the link cannot be read
            with contextlib.suppress(*DAMAGE):
                info.linkname = archive.read(entry).decode("utf-8", "replace") if entry.file_size < 4096 else "/"
        elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            info.type = tarfile.CHRTYPE
        elif entry.is_dir():
            info.type = tarfile.DIRTYPE
        yield _Member(info, partial(archive.open, entry))


# ----------------------------------------------------------------------------------------------------------------- tar
class _Forward:
    """A stream for tarfile that is only ever read forwards, a bounded number of bytes in all."""

    def __init__(self, stream: Any, bounds: Bounds) -> None:
        # Headers take 512 bytes, ends of files are filled up to 512, long names take 1024 more.
        self._stream, self._limit, self._position = stream, bounds.bytes + 2048 * bounds.files + LARGEST_HEADER, 0

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> int:
        while position > self._position and self.read(min(PIECE, position - self._position)):
            pass
        return self._position

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LARGEST_HEADER:  # tarfile reads a header of any size in one piece
            raise UnsafeArchive(f"it has a header of {size:,} bytes")
        data = self._stream.read(size)
        self._position += len(data)
        if self._position > self._limit:
            raise UnsafeArchive(f"it grows beyond {self._limit:,} bytes when it is unpacked")
        return data


def _tar_members(forward: _Forward, unpacked: Unpacked) -> Iterator[_Member]:
    """The members in turn; where a header is damaged the search goes on, and ``unpacked.damaged`` gets a line."""
    unreadable, last = 0, "the beginning"

    class Member(tarfile.TarInfo):
        @classmethod
        def fromtarfile(cls, archive: tarfile.TarFile) -> Member:
            nonlocal unreadable
            try:
                return super().fromtarfile(archive)
            # typeshed lacks both names; their base would count the ends of an archive, too
            except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError):  # type: ignore[attr-defined]
                unreadable += 1
                raise

    try:
        # ignore_zeros: look beyond what is no header, and read to the end, where gzip's checksum stands.
        archive = tarfile.TarFile(
            fileobj=forward,  # type: ignore[arg-type]  # without write and close, which reading does not use
            mode="r",
            tarinfo=Member,
            ignore_zeros=True,
            encoding="utf-8",
        )
        while True:
            info = archive.next()
            if unreadable:
                unpacked.damaged.append((f"after {last}", f"{unreadable * 512:,} bytes without a readable header"))
                unreadable = 0
            if info is None:
                return
            if info.size < 0:
                raise UnsafeArchive(f"its member {shown(info.name)} has {info.size:,} bytes")
            archive.members.clear()  # type: ignore[attr-defined]  # typeshed lacks it; a million would fill the memory
            last = info.name
            yield _Member(info, partial(archive.extractfile, info))
    except DAMAGE as error:
        unpacked.damaged.append((f"after {last}", f"the archive cannot be read from here on ({error})"))
