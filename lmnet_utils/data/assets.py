"""What others publish and ``lmnet download`` fetches: ``assets.json``, where each file goes, and what of it is on this machine.

A file's SHA-256 is recorded in ``.downloads.json`` beside it once the file has proved sound, that is when it has been unpacked or
loaded without a fault; from then on only that file is accepted.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from lmnet_utils.core import paths
from lmnet_utils.core.checks import choose
from lmnet_utils.core.files import read_json, write_json
from lmnet_utils.data import archives, transfer

RECORD = ".downloads.json"
ROOTS = {"data": (paths.data_root, "LMNET_DATA"), "trained_models": (paths.trained_models_root, "LMNET_TRAINED_MODELS")}


@dataclass(frozen=True)
class Asset:
    """One entry of ``assets.json``, with its places on this machine."""

    name: str
    title: str
    kind: str
    """``"archive"`` or ``"weights"``."""
    addresses: tuple[str, ...]
    """The original and its mirrors; a file on Google Drive by the page that offers it."""
    target: Path
    """The file as it is published, also where a person puts it who has fetched it by hand."""
    place: Path
    """What it becomes: the folder of an archive's members, or a model folder."""
    terms: dict[str, str]
    bytes: int | None = None
    about_bytes: int | None = None
    sha256: str | None = None
    strip: Sequence[str] = ()
    unpacked: dict[str, int] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)

    @property
    def incoming(self) -> Path:
        """The folder in which its bytes gather until all are there."""
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def have(self) -> int:
        """Bytes that have gathered."""
        return transfer.RangeDownloader(self.incoming).have

    @property
    def size(self) -> int | None:
        """Bytes to download: exact, else about, else unknown."""
        return self.bytes or self.about_bytes

    @property
    def room(self) -> int:
        """Bytes that the unpacked members take up, about."""
        return self.unpacked.get("bytes", 0) + archives.ENTRY_BYTES * self.unpacked.get("files", 0)

    @property
    def free(self) -> int:
        """Bytes free on the disk that it goes to."""
        folder = self.target.parent
        return shutil.disk_usage(next(f for f in (folder, *folder.parents) if f.exists())).free

    @property
    def variable(self) -> str:
        """The environment variable that sends it to another disk."""
        return next(variable for root, variable in ROOTS.values() if self.target.is_relative_to(root()))


def manifest() -> dict[str, Any]:
    """``assets.json``: everything that can be fetched."""
    return read_json(Path(__file__).with_name("assets.json"))


def asset(name: str) -> Asset:
    """Look up an asset.

    Raises:
        ValueError: no such name; lists the names.
    """
    content = manifest()
    choose("name", name, content["assets"])
    entry = content["assets"][name]
    root, *folders = entry["folder"].split("/")
    folder = ROOTS[root][0]().joinpath(*folders)
    drive = [f"https://drive.google.com/file/d/{entry['drive_id']}/view"] if "drive_id" in entry else []
    own = {
        "addresses": (*entry.get("urls", ()), *drive),
        "target": folder / entry["file"],
        "place": folder / (name if entry["kind"] == "weights" else entry["into"]),
        "terms": content["terms"][entry["terms"]],
    }
    known = {field.name for field in fields(Asset)}
    return Asset(name=name, **{key: value for key, value in {**entry, **own}.items() if key in known})


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
    known, found = {**groups(), **{name: [name] for name in names()}}, []
    for name in wanted:
        if name not in known:
            raise ValueError(f"nothing called {name} to download. There are: {', '.join(known)}")
        found += known[name]
    return list(dict.fromkeys(found))


# ----------------------------------------------------------------------------------------------------- what is here
def recorded(item: Asset) -> dict[str, Any]:
    """What is on record of an asset's file: sha256, confirmed, bytes, modified_ns, source, fetched, unpacked; or nothing."""
    path = item.target.with_name(RECORD)
    record = read_json(path).get(item.name, {}) if path.is_file() else {}
    if item.kind == "weights" and not record:  # fetched by an earlier version, which kept it there alone
        source = recorded_source(item)
        record = {"sha256": source["sha256"], "confirmed": True} if source else {}
    return record


def note(item: Asset, **news: Any) -> None:
    """Put more on record."""
    path = item.target.with_name(RECORD)
    content = read_json(path) if path.is_file() else {}
    content[item.name] = {**content.get(item.name, {}), **news}
    write_json(path, content)


def recorded_source(item: Asset) -> dict[str, Any] | None:
    """What the ``config.json`` of downloaded weights says about the file that they were made from; None without one."""
    config = item.place / "config.json"
    return read_json(config).get("source") if config.is_file() else None


def is_here(item: Asset) -> bool:
    """Whether there is nothing left to do: unpacked without damage, or a model that loads."""
    if item.kind == "weights":
        return bool(recorded_source(item)) and _loads(item.place)
    unpacked = recorded(item).get("unpacked")
    return bool(unpacked and not unpacked["damaged"] and item.place.is_dir() and any(item.place.iterdir()))


def _loads(folder: Path) -> bool:
    """Whether a model folder's weights are whole; that they are the promised network was checked when they were made."""
    try:
        with safe_open(folder / "model.safetensors", "np") as weights:
            return bool(weights.keys())
    except (OSError, SafetensorError):
        return False


def begun(item: Asset) -> bool:
    """Whether its download or its unpacking has begun on this machine."""
    return bool(recorded(item)) or item.target.is_file() or item.incoming.is_dir()


def state(item: Asset) -> str:
    """An asset's state on this machine, in a few words."""
    if bool(recorded_source(item)) if item.kind == "weights" else is_here(item):
        return "here"
    if damaged := (recorded(item).get("unpacked") or {}).get("damaged"):
        return f"{len(damaged)} damaged"
    if item.target.is_file():
        return "not unpacked" if item.kind == "archive" else "not converted"
    if have := item.have:
        total = transfer.RangeDownloader(item.incoming).record.get("bytes") or item.size
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


def offer(wanted: Sequence[str]) -> str:
    """What the assets are, how large, where they come from and go to, and on what terms: to be read before a download."""
    lines, terms = [], {}
    for item in map(asset, wanted):
        size = ("" if item.bytes else "about ") + in_words(item.size) if item.size else "unknown"
        size += f", {in_words(item.have)} of it here already" if item.have else ""
        size += ", here already, to be checked" if item.target.is_file() else ""
        size += f"; unpacked about {in_words(item.room)} more" if item.room else ""
        lines += [
            f"{item.name}: {item.title}",
            "  from   " + "\n         or ".join(item.addresses),
            f"  size   {size}; {in_words(item.free)} free",
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
    first, *mirrors = item.addresses
    mirror = f" (or {', '.join(mirrors)})" if mirrors else ""
    return (
        f"By hand: open {first}{mirror} in a browser, put the file at {where(item.target)} and run "
        f"`lmnet download {item.name}` again, which checks it and goes on; or name its place: --file PATH."
    )
