"""What others publish, fetched so that it can be trusted (``lmnet download``): ShapeNet's renderings and clouds, Pix3D, weights.

``assets.json`` lists it all, with sizes, terms and where it goes. The bytes come through :mod:`lmnet_utils.transfer`, archives go through
:mod:`lmnet_utils.archives`, and weights become model folders like every other. A file's SHA-256 is recorded in
``.downloads.json`` beside it once the file has proved sound, that is when it has been unpacked or loaded without a fault; from then on
only that file is accepted.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
import textwrap
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from lmnet_utils import archives, paths, transfer
from lmnet_utils.reproducibility import choose, read_json, write_json
from lmnet_utils.transfer import Address, Patience, TransferError

RECORD = ".downloads.json"
ROOTS = {"data": (paths.data_root, "LMNET_DATA"), "trained_models": (paths.trained_models_root, "LMNET_TRAINED_MODELS")}
BOMB = 4
"""Times its expected size, unpacked, at which an archive is refused."""
SPARE = 50_000_000
"""Bytes that stay free on the disk."""


class DownloadError(RuntimeError):
    """A file could not be had, or is not what it should be; the message says what to do.

    Attributes:
        fault: as :class:`lmnet_utils.transfer.TransferError`, and: "wrong hash", "damaged", "unsafe archive",
            "wrong model", "no file", "occupied".
    """

    def __init__(self, fault: str, message: str) -> None:
        super().__init__(message)
        self.fault = fault


# ------------------------------------------------------------------------------------------------------------ manifest
@dataclass(frozen=True)
class Asset:
    """One entry of ``assets.json``, with its places on this machine."""

    name: str
    title: str
    kind: str
    """``"archive"`` or ``"weights"``."""
    addresses: tuple[Address, ...]
    target: Path
    """The file as it is published, also where a person puts it who has fetched it by hand."""
    place: Path
    """What it becomes: the folder of an archive's members, or a model folder."""
    bytes: int | None
    about_bytes: int | None
    sha256: str | None
    terms: dict[str, str]
    strip: tuple[str, ...]
    unpacked: dict[str, int]
    model: dict[str, Any]

    @property
    def size(self) -> int | None:
        """Bytes to download: exact, else about, else unknown."""
        return self.bytes or self.about_bytes

    @property
    def room(self) -> int:
        """Bytes that the unpacked members take up, about."""
        return self.unpacked.get("bytes", 0) + archives.ENTRY_BYTES * self.unpacked.get("files", 0)


def manifest() -> dict[str, Any]:
    """``assets.json``: everything that can be fetched."""
    return read_json(Path(__file__).with_name("assets.json"))


def asset(name: str, run: str = "published") -> Asset:
    """Look up an asset. ``run`` is the folder in ``trained_models/`` that weights go to.

    Raises:
        ValueError: no such name; lists the names.
    """
    content = manifest()
    choose("name", name, content["assets"])
    entry = content["assets"][name]
    root, *folders = entry["folder"].split("/")
    if entry["kind"] == "weights":
        folders = [run]
    folder = ROOTS[root][0]().joinpath(*folders)
    urls = [Address(url=url) for url in entry.get("urls", ())]
    drive = [Address(drive_id=entry["drive_id"])] if "drive_id" in entry else []
    return Asset(
        name=name,
        title=entry["title"],
        kind=entry["kind"],
        addresses=(*urls, *drive),
        target=folder / entry["file"],
        place=folder / (name if entry["kind"] == "weights" else entry["into"]),
        bytes=entry.get("bytes"),
        about_bytes=entry.get("about_bytes"),
        sha256=entry["sha256"],
        terms=content["terms"][entry["terms"]],
        strip=tuple(entry.get("strip", ())),
        unpacked=entry.get("unpacked", {}),
        model=entry.get("model", {}),
    )


def names() -> list[str]:
    """The names of all assets."""
    return list(manifest()["assets"])


def groups() -> dict[str, list[str]]:
    """Names that stand for several assets."""
    return manifest()["groups"]


def expand(wanted: Iterable[str]) -> list[str]:
    """Names of assets and groups → names of assets, each once.

    Raises:
        ValueError: no such name; lists the names.
    """
    content = manifest()
    known, found = {**content["groups"], **{name: [name] for name in content["assets"]}}, []
    for name in wanted:
        if name not in known:
            raise ValueError(f"nothing called {name} to download. There are: {', '.join(known)}")
        found += known[name]
    return list(dict.fromkeys(found))


def browser_address(name: str) -> str:
    """Where a person fetches the file of asset ``name``."""
    return str(asset(name).addresses[0])


# ------------------------------------------------------------------------------------------------------------- records
def recorded(item: Asset) -> dict[str, Any]:
    """What is on record of an asset's file: sha256, confirmed, bytes, modified_ns, source, fetched, unpacked; or nothing."""
    path = item.target.with_name(RECORD)
    record = read_json(path).get(item.name, {}) if path.is_file() else {}
    if item.kind == "weights" and not record:  # fetched by an earlier version, which kept it there alone
        source = recorded_source(item.name, item.place.parent.name)
        record = {"sha256": source["sha256"], "confirmed": True} if source else {}
    return record


def _note(item: Asset, **news: Any) -> None:
    path = item.target.with_name(RECORD)
    content = read_json(path) if path.is_file() else {}
    content[item.name] = {**content.get(item.name, {}), **news}
    write_json(path, content)


def recorded_source(name: str, run: str = "published") -> dict[str, Any] | None:
    """What ``config.json`` says about the file that ``trained_models/<run>/<name>`` was made from; None without one."""
    config = paths.model_dir(run, name) / "config.json"
    return read_json(config).get("source") if config.is_file() else None


def is_here(item: Asset) -> bool:
    """Whether there is nothing left to do: unpacked without damage, or a model that loads."""
    if item.kind == "weights":
        return bool(recorded_source(item.name, item.place.parent.name)) and _loads(item.place)
    unpacked = recorded(item).get("unpacked")
    return bool(unpacked and not unpacked["damaged"] and item.place.is_dir() and any(item.place.iterdir()))


def begun(item: Asset) -> bool:
    """Whether its download or its unpacking has begun on this machine."""
    return bool(recorded(item)) or item.target.is_file() or transfer.part_of(item.target).is_file()


def state(item: Asset) -> str:
    """An asset's state on this machine, in a few words."""
    part = transfer.part_of(item.target)
    if item.kind == "weights" and recorded_source(item.name, item.place.parent.name):
        return "here"
    if item.kind == "archive" and is_here(item):
        return "here"
    if damaged := (recorded(item).get("unpacked") or {}).get("damaged"):
        return f"{len(damaged)} damaged"
    if item.target.is_file():
        return "not unpacked" if item.kind == "archive" else "not converted"
    if part.is_file():
        have, total = part.stat().st_size, transfer.read_record(item.target).get("bytes") or item.size
        return f"{100 * have // total} %" if total else in_words(have)
    return "-"


# ------------------------------------------------------------------------------------------------------ what is shown
def in_words(size: float) -> str:
    """Bytes as a person reads them, in powers of ten, as disks are sold: 12.3 GB."""
    for unit in ("bytes", "kB", "MB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def offer(wanted: Sequence[str], run: str = "published") -> str:
    """What the assets are, how large, where they come from and go to, and on what terms: to be read before a download."""
    lines, terms = [], {}
    for name in wanted:
        item = asset(name, run)
        have = transfer.part_of(item.target).stat().st_size if transfer.part_of(item.target).is_file() else 0
        size = ("" if item.bytes else "about ") + in_words(item.size) if item.size else "unknown"
        size += f", {in_words(have)} of it here already" if have else ""
        size += ", here already, to be checked" if item.target.is_file() else ""
        size += f"; unpacked about {in_words(item.room)} more" if item.room else ""
        lines += [
            f"{name}: {item.title}",
            f"  from   {item.addresses[0]}" + "".join(f"\n         or {a}" for a in item.addresses[1:]),
            f"  size   {size}; {in_words(_free(item))} free",
            f"  to     {where(item.place)}",
        ]
        terms[item.terms["title"]] = item.terms
    for entry in terms.values():
        lines += ["", f"{entry['title']} ({entry['url']})"]
        lines += textwrap.wrap(entry["text"], 110, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines)


def where(path: Path) -> str:
    """A path as a person finds it and no machine is named: below the checkout, or below a variable's folder."""
    for root, variable in ROOTS.values():
        if path.is_relative_to(root()) and not root().absolute().is_relative_to(paths.project_root().absolute()):
            return f"${variable}/{path.relative_to(root()).as_posix()}"
    return paths.display(path)


def by_hand(item: Asset) -> str:
    """What to do where no program gets the file."""
    first, *mirrors = map(str, item.addresses)
    mirror = f" (or {', '.join(mirrors)})" if mirrors else ""
    return (
        f"By hand: open {first}{mirror} in a browser, put the file at {where(item.target)} and run "
        f"`lmnet download {item.name}` again, which checks it and goes on; or name its place: --file PATH."
    )


def _failure(item: Asset, fault: str, reason: str, advice: str | None = None) -> DownloadError:
    reason = reason if reason.endswith(".") or "\n" in reason else f"{reason}."
    return DownloadError(fault, f"{item.name}: {reason}\n  {by_hand(item) if advice is None else advice}".rstrip())


# ------------------------------------------------------------------------------------------------------------ download
def download(
    name: str,
    *,
    run: str = "published",
    file: str | Path | None = None,
    force: bool = False,
    check: bool = False,
    remove_archive: bool = False,
    quiet: bool = False,
    patience: Patience | None = None,
) -> Path:
    """Fetch an asset, check it, and unpack it or make it a model folder. What is here already is not fetched again.

    The terms in ``asset(name).terms`` hold; ``lmnet download`` shows them and asks.

    Args:
        name: a name of ``assets.json``, such as ``"shapenet-renderings"`` or ``"encoder_l1"``.
        run: for weights, the folder in ``trained_models/``, which notebook 06 takes as ``weights_run``.
        file: take this file, fetched by hand, instead of downloading. It stays where it is.
        force: fetch again from the beginning, and accept a file with another SHA-256 than the one on record.
        check: go through an archive that is unpacked once more, and put back what is missing or has another size.
        remove_archive: delete a downloaded archive once everything in it is in place.
        quiet: no progress bar.
        patience: how long to wait for what; by default as :class:`lmnet_utils.transfer.Patience` says.

    Returns:
        The folder.

    Raises:
        ValueError: no such name; lists the names.
        DownloadError: see its faults. What was there before stays as it was, and what has come of a file is kept.
    """
    item = asset(name, run)
    if item.kind == "weights":
        _refuse_foreign(item)
    if not (file or force or check) and is_here(item):
        if remove_archive and item.kind == "archive":
            item.target.unlink(missing_ok=True)
        return item.place
    path, source = _obtain(item, file, force, quiet, patience or transfer.DEFAULT_PATIENCE)
    if item.kind == "weights":
        return _convert(item, path, source, force)
    if path == transfer.part_of(item.target):
        path = path.replace(item.target)
        transfer.discard(item.target)
    return _unpack(item, path, source, remove_archive and path == item.target, quiet)


def download_weights(name: str, run: str = "published", **options: Any) -> Path:
    """:func:`download` for weights: the model folder ``trained_models/<run>/<name>/``."""
    weights = [key for key, entry in manifest()["assets"].items() if entry["kind"] == "weights"]
    choose("name", name, weights)
    return download(name, run=run, **options)


def _obtain(
    item: Asset, file: str | Path | None, force: bool, quiet: bool, patience: Patience
) -> tuple[Path, dict[str, Any]]:
    """A checked file of the asset: the given one, one put in place by hand, or a download; and what is known of it."""
    part = transfer.part_of(item.target)
    if file:
        path = Path(file).expanduser()
        if not path.is_file():
            raise _failure(item, "no file", f"there is no file at {paths.display(path)}")
        return path, {"source": "by hand", **_check(item, path, paths.display(path), force, quiet)}
    if item.target.is_file() and not force:
        source = recorded(item).get("source", "by hand")
        return item.target, {"source": source, **_check(item, item.target, where(item.target), force, quiet)}
    if force:
        transfer.discard(item.target)
    if item.size:
        _check_room(item, max(0, item.size - (part.stat().st_size if part.is_file() else 0)))
    for once_more in (True, False):
        got = _fetch(item, quiet, patience)
        try:
            source = {key: got[key] for key in ("etag", "last_modified") if got[key]}
            return part, {"source": got["address"], **source, **_check(item, part, "the downloaded file", force, quiet)}
        except DownloadError as error:
            transfer.discard(item.target)
            if not (got["resumed"] and once_more):
                raise
            # The first part may be of another day's file: once more, all of it.
            if not quiet:
                tqdm.write(f"{str(error).splitlines()[0]} It came in parts: fetching it once more, whole.", sys.stderr)
    raise AssertionError("not reached")


def _fetch(item: Asset, quiet: bool, patience: Patience) -> dict[str, Any]:
    try:
        return transfer.fetch(
            item.addresses,
            item.target,
            size=item.bytes,
            patience=patience,
            quiet=quiet,
            check_room=lambda missing: _check_room(item, missing),
        )
    except TransferError as error:
        part, advice = transfer.part_of(item.target), None
        have = part.stat().st_size if part.is_file() else 0
        kept = (
            f" The {in_words(have)} that have come are kept: the same command goes on from there, with --force it starts anew."
            if have
            else ""
        )
        if error.fault == "full disk":
            advice = f"Make room, or set {_variable(item)} to a folder on another disk.{kept}"
        elif error.fault == "cannot write":
            advice = f"See to the folder {where(item.target.parent)}, or set {_variable(item)} to another one."
        elif error.fault == "busy":
            advice = ""
        else:
            network = (
                "Check the network, and HTTP_PROXY and HTTPS_PROXY if you need a proxy."
                if error.fault == "no network"
                else ""
            )
            advice = " ".join(filter(None, (network, kept.strip(), by_hand(item))))
        raise _failure(item, error.fault, str(error), advice) from error


def _variable(item: Asset) -> str:
    return next(variable for root, variable in ROOTS.values() if item.target.is_relative_to(root()))


def _free(item: Asset) -> int:
    """Bytes free where the asset goes."""
    folder = item.target.parent
    return shutil.disk_usage(next(f for f in (folder, *folder.parents) if f.exists())).free


def _check_room(item: Asset, missing: int, fetched: bool = False) -> None:
    """Refuse to start what the disk cannot hold.

    Args:
        missing: bytes still to come, or to be unpacked where the file is here.
        fetched: whether the file is here.
    """
    room, free = 0 if fetched else item.room, _free(item)
    if missing + room + SPARE <= free:
        return
    needs = f"about {in_words(missing)} to unpack it" if fetched else f"{in_words(missing)} to come"
    needs += f" and about {in_words(room)} unpacked" if room else ""
    advice = f"Make room, or set {_variable(item)} to a folder on another disk."
    if item.kind == "archive" and not fetched:
        advice += " An archive that lies elsewhere is unpacked from there: --file PATH."
    raise _failure(
        item, "full disk", f"there is not enough room on the disk: it needs {needs}, {in_words(free)} are free", advice
    )


# --------------------------------------------------------------------------------------------------------------- check
def _check(item: Asset, path: Path, what: str, force: bool, quiet: bool) -> dict[str, Any]:
    """Refuse a file that is a web page, truncated, damaged, or another one than the one on record.

    Returns:
        sha256, bytes and modified_ns of the file.
    """
    status, record = path.stat(), recorded(item)
    with open(path, "rb") as stream:
        start = stream.read(1 << 16)
    if transfer.looks_like_page(start):
        reason = transfer.page_error(start.decode("utf-8", "replace"), item.addresses[-1])
        raise _failure(item, reason.fault, f"{what} is a web page, not data. {reason}")
    if item.bytes and status.st_size != item.bytes:
        short = status.st_size < item.bytes
        raise _failure(
            item,
            "broken off" if short else "wrong size",
            f"{what} {'is truncated' if short else 'is another file'}: expected {item.bytes:,} bytes, found {status.st_size:,}",
        )
    _check_form(item, path, what, start)
    if record.get("bytes") == status.st_size and record.get("modified_ns") == status.st_mtime_ns:
        sha256 = record["sha256"]  # this very file was read before
    else:
        sha256 = _sha256_of(path, quiet)
    expected = item.sha256 or (record.get("sha256") if record.get("confirmed") else None)
    if expected and sha256 != expected and not force:
        raise _failure(
            item,
            "wrong hash",
            f"{what} is not the file that is on record. Expected SHA-256 {expected}, found {sha256}",
            f"If the authors have changed it and you trust the new one, add --force. {by_hand(item)}",
        )
    return {"sha256": sha256, "bytes": status.st_size, "modified_ns": status.st_mtime_ns}


def _check_form(item: Asset, path: Path, what: str, start: bytes) -> None:
    """What can be told of a file's soundness without unpacking it."""
    size = path.stat().st_size
    if item.kind == "archive":
        try:
            kind = archives.kind_of(path)
            if kind == "zip":
                archives.check_zip(path)
        except archives.BrokenArchive as error:
            raise _failure(
                item, "damaged", f"{what} is truncated or damaged ({size:,} bytes): {error}", _again(item)
            ) from error
        if kind is None:
            raise _failure(item, "damaged", f"{what} is no archive ({size:,} bytes, beginning with {start[:16]!r})")
    elif start.startswith(b"PK"):  # a .pth file is a zip, except an old one
        try:
            with zipfile.ZipFile(path) as archive:
                damaged = archive.testzip()
        except zipfile.BadZipFile:
            damaged = "its end is missing"
        if damaged:
            raise _failure(item, "damaged", f"{what} is truncated or damaged ({size:,} bytes; {damaged})")


def _again(item: Asset) -> str:
    return f"Fetch it again: `lmnet download {item.name} --force`. {by_hand(item)}"


def _sha256_of(path: Path, quiet: bool) -> str:
    digest, size = hashlib.sha256(), path.stat().st_size
    bar = tqdm(total=size, unit="B", unit_scale=True, desc=f"check {path.name}", disable=quiet or size < 10**8)
    with open(path, "rb") as file, bar:
        while block := file.read(1 << 20):
            digest.update(block)
            bar.update(len(block))
    return digest.hexdigest()


# -------------------------------------------------------------------------------------------------------------- unpack
def _unpack(item: Asset, archive: Path, source: dict[str, Any], remove: bool, quiet: bool) -> Path:
    """Unpack a checked archive, and record what it was if it was sound."""
    previous = recorded(item)
    fetched = {**source, "modified_ns": archive.stat().st_mtime_ns, "fetched": _now()}
    confirmed = bool(previous.get("confirmed")) and previous.get("sha256") == source["sha256"]
    if archive == item.target:
        _note(item, **fetched, confirmed=confirmed)
    _note(item, unpacked=None)
    try:
        unpacked = archives.unpack(
            archive,
            item.place,
            max_bytes=BOMB * item.unpacked["bytes"],
            max_files=BOMB * item.unpacked["files"],
            strip=item.strip,
            check_room=lambda missing: _check_room(item, item.room if missing is None else missing, fetched=True),
            quiet=quiet,
        )
    except archives.BrokenArchive as error:
        raise _failure(item, "damaged", f"{where(archive)} is damaged: {error}", _again(item)) from error
    except archives.UnsafeArchive as error:
        raise _failure(
            item,
            "unsafe archive",
            f"{where(archive)} is not to be trusted: {error}. It is not the file that was published",
            f"Delete it, and what it left in {where(item.place)}. {by_hand(item)}",
        ) from error
    except OSError as error:
        full = error.errno in transfer.NO_ROOM
        advice = "Make room." if full else f"See to the folder {where(item.place)}."
        raise _failure(
            item,
            "full disk" if full else "cannot write",
            f"unpacking stopped ({error.strerror})",
            f"{advice} What is unpacked stays: the same command goes on from there.",
        ) from error
    damaged = [[archives.shown(name), why] for name, why in unpacked.damaged]
    _note(
        item,
        **fetched,
        confirmed=confirmed or not damaged,
        unpacked={
            "into": where(item.place),
            "files": unpacked.files,
            "bytes": unpacked.bytes,
            "damaged": damaged,
            "left_out": [[archives.shown(name), what] for name, what in unpacked.left_out],
        },
    )
    if damaged:
        shown = "".join(f"\n    {name}: {why}" for name, why in damaged[:10])
        more = (
            f"\n    and {len(damaged) - 10} more, see {where(item.target.with_name(RECORD))}"
            if len(damaged) > 10
            else ""
        )
        raise _failure(
            item,
            "damaged",
            f"{len(damaged)} of its members are damaged; the other {unpacked.files:,} files are in {where(item.place)}:"
            f"{shown}{more}",
            _again(item),
        )
    if remove:
        archive.unlink()
    return item.place


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


# ------------------------------------------------------------------------------------------------------------- weights
def _loads(folder: Path) -> bool:
    from lmnet_utils.models import load_model

    try:
        load_model(folder)
    except (OSError, ValueError):
        return False
    return True


def _refuse_foreign(item: Asset) -> None:
    """Refuse to replace a model that was trained here."""
    made_here = recorded_source(item.name, item.place.parent.name) is None
    if made_here and item.place.is_dir() and any(item.place.iterdir()):
        raise DownloadError(
            "occupied",
            f"{item.name}: {where(item.place)} holds something that `lmnet download` did not make. Move it away, then try again.",
        )


def _convert(item: Asset, path: Path, source: dict[str, Any], force: bool) -> Path:
    """Make the model folder from a checked file that loads as the model that its name promises."""
    from lmnet_utils.models import load_model, save_model

    what, run = "the downloaded file" if path == transfer.part_of(item.target) else where(path), item.place.parent
    others = [name for name in names() if name != item.name]
    same = [name for name in others if source["sha256"] == (recorded_source(name, run.name) or {}).get("sha256")]
    try:
        if same and not force:
            raise ValueError(f"{what} is the file of {same[0]}")
        model = load_model(path)
        found = {key: model.config.get(key) for key in item.model}
        if found != item.model:
            raise ValueError(f"{what} is another model. Expected {_words(item.model)}, found {_words(found)}")
    except ValueError as error:
        transfer.discard(item.target)
        raise _failure(item, "wrong model", str(error).replace(paths.display(path), what)) from error
    run.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=run, prefix=f".{item.name}.") as folder:
        converted = save_model(
            Path(folder) / "converted" / item.name,
            model,
            source={
                "name": item.name,
                "address": str(item.addresses[0]),
                "sha256": source["sha256"],
                "bytes": source["bytes"],
            },
            training={"data": manifest()["trained_on"]},  # so that notebook 06 can warn of seen test objects
        )
        if item.place.exists():
            item.place.rename(Path(folder) / "replaced")
        converted.rename(item.place)
    _note(item, **source, fetched=_now(), confirmed=True)
    transfer.discard(item.target)
    return item.place


def _words(config: dict[str, Any]) -> str:
    kind = config["kind"].replace("_", " ")
    variant = {True: " of Variant II (mean and log-variance)", False: " of Variant I (one latent)"}
    return kind + variant.get(config.get("variational"), "")
