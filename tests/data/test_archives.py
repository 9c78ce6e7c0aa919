"""Archives that want out, swell, are damaged or break off in the middle; and sound ones, against what went into them."""

from __future__ import annotations

import errno
import gzip
import io
import os
import random
import stat
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from lmnet_utils.data import archives
from lmnet_utils.data.archives import Bounds, BrokenArchive, Unpacked, UnsafeArchive, unpack

RANDOM = random.Random(0)
FILES = {
    f"ShapeNetRendering/{synset}/{model}/rendering/{view:02d}.png": RANDOM.randbytes(
        RANDOM.choice((0, 512, 3000, 70_000))
    )
    for synset in ("02691156", "03001627")
    for model in ("1a", "2b")
    for view in range(3)
}
takes_data_filter = pytest.mark.skipif(
    not hasattr(tarfile, "data_filter"),
    reason="this Python's tarfile has no data_filter: the kit unpacks with 3.10.12, 3.11.4 or a later one only",
)
KINDS = ("zip", "tar", "tgz")
NAMES = list(FILES)


def make(path: Path, files: dict[str, bytes], kind: str, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """An archive of ``files``, made with the standard library."""
    if kind == "zip":
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name), content, compress_type=compression)
    else:
        with tarfile.open(path, "w:gz" if kind == "tgz" else "w") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


def make_tar(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def extract(archive: Path, into: Path, **options) -> Unpacked:
    bounds = Bounds(options.pop("max_bytes", 10**7), options.pop("max_files", 100))
    return unpack(archive, into, bounds, quiet=True, **options)


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """The folder to unpack into, with a neighbour that nothing may touch."""
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "neighbour").write_text("untouched")
    return tmp_path / "kit" / "into"


def assert_nothing_came(into: Path) -> None:
    assert tree(into.parent) == {"neighbour": b"untouched"}
    assert sorted(path.name for path in into.parent.iterdir()) in (["neighbour"], ["into", "neighbour"])


# -------------------------------------------------------------------------------------------------------- it unpacks
@pytest.mark.parametrize("kind", KINDS)
def test_everything_comes_out_as_it_went_in(tmp_path, into, kind):
    archive = make(tmp_path / "without.extension", FILES, kind)
    unpacked = extract(archive, into)
    assert tree(into) == FILES
    assert (unpacked.files, unpacked.bytes) == (len(FILES), sum(map(len, FILES.values())))
    assert (unpacked.kept, unpacked.damaged, unpacked.left_out) == (0, [], [])
    again = extract(archive, into)
    assert tree(into) == FILES and again.files == len(FILES)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrapper", ["ShapeNet_pointclouds/", "data/shapenet/ShapeNet_pointclouds/", "", "./"])
def test_folders_around_the_data_do_not_matter(tmp_path, into, kind, wrapper):
    files = {f"{wrapper}03001627/a/pointcloud_1024.npy": b"1", f"{wrapper}README": b"2"}
    junk = {"__MACOSX/ShapeNet_pointclouds/._README": b"3", f"{wrapper}03001627/.DS_Store": b"4"}
    unpacked = extract(make(tmp_path / "a", {**files, **junk}, kind), into, strip=["ShapeNet_pointclouds"])
    assert tree(into) == {"03001627/a/pointcloud_1024.npy": b"1", "README": b"2"} and unpacked.files == 2


def test_folders_and_long_names_in_a_tar(tmp_path, into):
    folder, file = tarfile.TarInfo("a"), tarfile.TarInfo("a/" + "long" * 40 + "/é.txt")
    folder.type, file.size = tarfile.DIRTYPE, 5
    for i, form in enumerate((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)):
        with tarfile.open(tmp_path / f"{i}.tar", "w", format=form) as archive:
            archive.addfile(folder)
            archive.addfile(file, io.BytesIO(b"hello"))
        assert extract(tmp_path / f"{i}.tar", into / str(i)).damaged == []
        assert tree(into / str(i)) == {file.name: b"hello"}


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"<html>" * 1000])
def test_what_is_no_archive_is_refused(tmp_path, into, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(BrokenArchive, match="neither a zip nor a tar"):
        extract(tmp_path / "a.zip", into)
    (tmp_path / "a.tgz").write_bytes(gzip.compress(content))
    with pytest.raises(BrokenArchive, match="nothing can be read"):
        extract(tmp_path / "a.tgz", into)
    assert_nothing_came(into)


# ---------------------------------------------------------------------------------------------------------- it resumes
def stopped_after(monkeypatch, number: int, error: BaseException):
    """Members are written until ``number`` of them are; then ``error`` is raised in the middle of the next one."""
    original, done = archives._put, []

    class Broken(io.BytesIO):
        def read(self, size=-1):
            if self.tell():
                raise error
            return super().read(10)

    def put(member, place):
        if len(done) == number:
            member = member._replace(open=lambda: Broken(b"beginning of a file"))
        done.append(place)
        return original(member, place)

    context = monkeypatch.context()
    context.__enter__().setattr(archives, "_put", put)
    return context


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_unpacking_goes_on_where_it_stopped(tmp_path, into, kind, error, monkeypatch):
    archive = make(tmp_path / "a", FILES, kind)
    stop = stopped_after(monkeypatch, 7, error)
    with pytest.raises(type(error)):
        extract(archive, into)
    stop.__exit__(None, None, None)
    done = {path: path.stat().st_ino for path in into.rglob("*.png")}
    assert len(done) == len(tree(into)) == 7  # and nothing half-written
    unpacked = extract(archive, into)
    assert tree(into) == FILES and (unpacked.kept, unpacked.files) == (7, len(FILES))
    assert all(path.stat().st_ino == inode for path, inode in done.items())  # not written a second time


def test_unpacking_that_is_killed_goes_on(tmp_path, into):
    content = RANDOM.randbytes(3_000_000)
    files = {f"{i:03d}": content for i in range(40)}
    archive = make(tmp_path / "a", files, "tar")
    code = (
        "import sys; from pathlib import Path; from lmnet_utils.data import archives\n"
        "archives.unpack(Path(sys.argv[1]), Path(sys.argv[2]), archives.Bounds(10**9, 100), quiet=True)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(archive), str(into)])
    deadline = time.monotonic() + 60
    while not (into / "004").exists():
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.kill()
    process.wait()
    whole = [path for path in into.iterdir() if not path.name.startswith(".unpacking")]
    assert len(whole) >= 5 and all(path.read_bytes() == content for path in whole)
    unpacked = extract(archive, into, max_bytes=10**9)
    assert tree(into) == files and unpacked.kept == len(whole)


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_missing_or_changed_is_written(tmp_path, into, kind):
    archive = make(tmp_path / "a", FILES, kind)
    extract(archive, into)
    large = [name for name in NAMES if len(FILES[name]) > 3000]
    (into / large[0]).unlink()
    (into / large[1]).write_bytes(FILES[large[1]][:-1] + b"?")  # as long as it was
    (into / large[2]).write_bytes(b"short")
    rooms = []
    unpacked = extract(archive, into, check_room=rooms.append)
    assert tree(into) == FILES and unpacked.kept == len(FILES) - 3
    needed = [sum(len(FILES[name]) + archives.ENTRY_BYTES for name in (large[0], large[2]))]
    assert rooms == (needed if kind == "zip" else [])  # what a tar still needs nobody knows


def test_a_large_member_is_not_held_in_memory_to_be_compared(tmp_path, into, monkeypatch):
    monkeypatch.setattr(archives, "COMPARED", 1000)
    for kind in KINDS:
        archive = make(tmp_path / kind, FILES, kind)
        extract(archive, into)
        small = [name for name in NAMES if len(FILES[name]) <= 1000]
        assert extract(archive, into).kept == len(small) and tree(into) == FILES


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_archive_left_is_not_taken_for_that_of_another(tmp_path, into, kind, monkeypatch):
    stop = stopped_after(monkeypatch, 7, OSError(errno.ENOSPC, "full"))
    with pytest.raises(OSError):
        extract(make(tmp_path / "a", FILES, kind), into)
    stop.__exit__(None, None, None)
    changed = {name: content[::-1] for name, content in FILES.items()}  # of the same sizes
    unpacked = extract(make(tmp_path / "b", {**changed, "one more": b""}, kind), into)
    assert tree(into) == {**changed, "one more": b""}
    assert unpacked.kept == sum(not FILES[name] for name in NAMES[:7])


def test_what_a_tar_needs_is_unknown_and_room_is_checked_first(tmp_path, into):
    def no_room(needed):
        assert needed is None
        raise OSError(errno.ENOSPC, "asked first")

    with pytest.raises(OSError, match="asked first"):
        extract(make(tmp_path / "a", FILES, "tgz"), into, check_room=no_room)
    assert_nothing_came(into)


# ---------------------------------------------------------------------------------------------------------- malicious
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name",
    [
        "/tmp/evil",
        "../evil",
        "a/../../evil",
        "C:/evil",
        "C:\\evil",
        "..\\evil",
        "a\\..\\..\\evil",
        "\\\\host\\evil",
        "a/..",
    ],
)
def test_no_member_leaves_the_folder(tmp_path, into, kind, name):
    archive = make(tmp_path / "a", {name: b"evil"}, kind)
    with pytest.raises(UnsafeArchive, match="absolute path|wants to leave"):
        extract(archive, into, strip=["evil", "a"])
    assert_nothing_came(into)


def test_a_zip_is_looked_through_before_anything_is_written(tmp_path, into):
    with pytest.raises(UnsafeArchive):
        extract(make(tmp_path / "a", {"good": b"good", "../evil": b"evil"}, "zip"), into)
    assert_nothing_came(into)


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    "kind, target",
    [
        (kind, target)
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE)
        for target in ("/etc/passwd", "../../neighbour", "b/../../../x")
    ]
    + [(tarfile.LNKTYPE, "../neighbour")],  # counted from the archive's root, a symbolic one from where it lies
)
@takes_data_filter
def test_a_link_out_of_the_folder_is_refused(tmp_path, into, kind, target):
    evil = tarfile.TarInfo("a/link/evil")
    archive = make_tar(tmp_path / "a", link("a/link", target, kind), evil)
    with pytest.raises(UnsafeArchive, match="'a/link' is a link out of the folder"):
        extract(archive, into)
    assert_nothing_came(into)


@takes_data_filter
def test_a_link_within_the_folder_is_left_out_and_never_followed(tmp_path, into):
    file = tarfile.TarInfo("a/link/file")
    file.size = 3
    archive = make_tar(tmp_path / "a", link("a/link", "../b"), link("hard", "a/b", tarfile.LNKTYPE), file)
    unpacked = extract(archive, into)
    assert unpacked.left_out == [("a/link", "a link to '../b'"), ("hard", "a link to 'a/b'")]
    assert tree(into) == {"a/link/file": b"xxx"} and not any(path.is_symlink() for path in into.rglob("*"))


def zip_of_type(path: Path, kind: int, content: bytes) -> Path:
    member = zipfile.ZipInfo("a/member")
    member.create_system, member.external_attr = 3, (kind | 0o644) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, content)
    return path


@takes_data_filter
def test_links_and_devices_in_a_zip(tmp_path, into):
    for target in (b"/etc/passwd", b"../../neighbour"):
        with pytest.raises(UnsafeArchive, match="link out"):
            extract(zip_of_type(tmp_path / "a", stat.S_IFLNK, target), into)
    for kind in (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK):
        with pytest.raises(UnsafeArchive, match="device or a pipe"):
            extract(zip_of_type(tmp_path / "a", kind, b""), into)
    assert_nothing_came(into)
    assert extract(zip_of_type(tmp_path / "a", stat.S_IFLNK, b"b"), into).left_out == [("a/member", "a link to 'b'")]


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
@takes_data_filter
def test_devices_and_pipes_are_refused(tmp_path, into, kind):
    with pytest.raises(UnsafeArchive, match="device or a pipe"):
        extract(make_tar(tmp_path / "a", link("null", "", kind)), into)
    assert_nothing_came(into)


@pytest.mark.parametrize("kind", KINDS)
def test_bombs(tmp_path, into, kind):
    swelling = make(tmp_path / "a", {"zeros": bytes(1_000_001)}, kind)
    with pytest.raises(UnsafeArchive, match="at most 100 files of 1,000,000 bytes were to be expected"):
        extract(swelling, into, max_bytes=1_000_000)
    many = make(tmp_path / "b", {str(i): b"" for i in range(102)}, kind)
    with pytest.raises(UnsafeArchive, match="101 files or more"):
        extract(many, into)
    assert sum(map(len, tree(into).values()) if into.exists() else ()) < 10_000


def test_a_tar_that_swells_between_its_members_is_refused(tmp_path, into):
    (tmp_path / "a.tgz").write_bytes(gzip.compress(bytes(5_000_000)))  # empty blocks, which tar looks beyond
    with pytest.raises(UnsafeArchive, match="grows beyond"):
        extract(tmp_path / "a.tgz", into, max_bytes=1_000_000)
    header = tarfile.TarInfo("huge header")
    header.type, header.size = tarfile.XHDTYPE, 2**40
    (tmp_path / "b.tgz").write_bytes(gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(10_000)))
    with pytest.raises(UnsafeArchive, match="a header of 1,099,511,627,776 bytes"):
        extract(tmp_path / "b.tgz", into)
    assert_nothing_came(into)


def test_a_zip_that_lies_about_its_sizes_stays_within_bounds(tmp_path, into):
    archive = make(tmp_path / "a", {"zeros": bytes(1_000_000)}, "zip")
    data = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):  # uncompressed size in both headers
        at = data.index(signature) + offset
        data[at : at + 4] = struct.pack("<I", 1000)
    archive.write_bytes(data)
    unpacked = extract(archive, into, max_bytes=2000)
    assert unpacked.damaged and not tree(into)


# ------------------------------------------------------------------------------------------------------------ damaged
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_damaged_members_of_a_zip_are_listed_and_the_rest_comes(tmp_path, into, compression):
    archive = make(tmp_path / "a", FILES, "zip", compression)
    hit = [name for name in NAMES if len(FILES[name]) > 3000][:2]
    data = bytearray(archive.read_bytes())
    for name in hit:
        at = data.index(name.encode()) + len(name) + 1500
        data[at : at + 8] = bytes(b ^ 0xFF for b in data[at : at + 8])
    archive.write_bytes(data)
    unpacked = extract(archive, into)
    assert [name for name, _ in unpacked.damaged] == hit
    assert tree(into) == {name: content for name, content in FILES.items() if name not in hit}


def test_an_encrypted_member_is_listed(tmp_path, into):
    archive = make(tmp_path / "a", {"secret": b"1", "open": b"2"}, "zip")
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    ((name, why),) = extract(archive, into).damaged
    assert name == "secret" and "encrypted" in why and tree(into) == {"open": b"2"}


@pytest.mark.parametrize("cut", [0.3, 0.9, 0.999])
def test_a_truncated_zip_is_refused_at_once(tmp_path, into, cut):
    archive = make(tmp_path / "a", FILES, "zip")
    archive.write_bytes(archive.read_bytes()[: int(cut * archive.stat().st_size)])
    with pytest.raises(BrokenArchive, match="table of contents"):
        extract(archive, into)
    assert_nothing_came(into)


def test_a_damaged_header_in_a_tar_costs_one_member(tmp_path, into):
    archive = make(tmp_path / "a", FILES, "tar")
    data = bytearray(archive.read_bytes())
    for name in (NAMES[4], NAMES[-1]):
        data[data.index(name.encode()) + 10] ^= 0xFF
    archive.write_bytes(data)
    unpacked = extract(archive, into)
    assert [name for name, _ in unpacked.damaged] == [f"after {NAMES[3]}", f"after {NAMES[-2]}"]
    assert tree(into) == {name: content for name, content in FILES.items() if name not in (NAMES[4], NAMES[-1])}


@pytest.mark.parametrize("cut", [0.25, 0.5, 0.75, 0.99])
@pytest.mark.parametrize("kind", ["tar", "tgz"])
def test_of_a_truncated_tar_what_comes_before_the_break_comes_out(tmp_path, into, cut, kind):
    files = {name: content for name, content in FILES.items() if content} | {"last": RANDOM.randbytes(200_000)}
    archive = make(tmp_path / "a", files, kind)
    archive.write_bytes(archive.read_bytes()[: int(cut * archive.stat().st_size)])
    unpacked = extract(archive, into)
    ((name, why),) = unpacked.damaged
    came = tree(into)
    assert list(files)[: len(came)] == list(came) or set(came) == set(list(files)[: len(came)])
    assert all(files[name] == content for name, content in came.items()) and len(came) < len(files)
    assert list(files)[len(came)] == name or name == f"after {list(files)[len(came) - 1]}"
    assert "from here on" in why


def test_a_tgz_that_is_damaged_in_the_middle_or_in_its_checksum_says_so(tmp_path, into):
    archive = make(tmp_path / "a", FILES, "tgz")
    sound = archive.read_bytes()
    data = bytearray(sound)
    data[-8] ^= 0xFF  # gzip's CRC
    archive.write_bytes(data)
    unpacked = extract(archive, into)
    assert unpacked.files == len(FILES) and "CRC check failed" in unpacked.damaged[0][1]
    data = bytearray(sound)
    data[len(data) // 2 : len(data) // 2 + 4000] = bytes(4000)
    archive.write_bytes(data)
    assert extract(archive, into).damaged


def test_a_name_that_the_disk_does_not_take_is_listed(tmp_path, into):
    files = {"a": b"1", "a/b": b"2", "x" * 300: b"3", "good": b"4"}
    for kind in KINDS:
        unpacked = extract(make(tmp_path / "a", files, kind), into)
        assert [name for name, _ in unpacked.damaged] == ["a/b", "x" * 300] and tree(into) == {"a": b"1", "good": b"4"}


def test_a_million_members_do_not_stay_in_memory(tmp_path, into):
    archive = make(tmp_path / "a", {str(i): b"" for i in range(50)}, "tgz")
    kept = []

    class Counting(tarfile.TarFile):
        def next(self):
            kept.append(len(self.members))
            return super().next()

    original, tarfile.TarFile = tarfile.TarFile, Counting
    try:
        extract(archive, into)
    finally:
        tarfile.TarFile = original
    assert max(kept) <= 1


def test_what_is_printed_of_a_name_is_harmless():
    assert archives.shown("\x1b[31mred\n") == r"'\x1b[31mred\n'"
    assert archives.shown(os.fsdecode(b"\xff")) == "'?'" and len(archives.shown("x" * 1000)) <= 120
