"""Objaverse's labelled meshes (``lmnet download objaverse``): chosen by class and licence, fetched one by one, with their authors' names.

Objaverse (Deitke et al., CVPR 2023, arXiv 2212.08051) is 800,000 meshes of Sketchfab's users; 47,000 of them have one of LVIS's
labels, which stand for the 13 classes here. Every mesh has a licence of its own. The files and their layout are those that
the package ``objaverse`` reads; the bytes come through :mod:`lmnet_utils.data.transfer`, which goes on where it stopped.
What is fetched is a folder of meshes, as ``lmnet import-meshes`` takes it::

    data/objaverse/<class>/<uid>.glb
    data/objaverse/attribution.csv     file, class, label, title, author, licence, address
    data/objaverse/index/              Objaverse's own lists
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import shutil
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from lmnet_utils.core import paths
from lmnet_utils.core.checks import choose
from lmnet_utils.core.files import atomic_path
from lmnet_utils.data import transfer
from lmnet_utils.data.taxonomy import CLASSES

ADDRESS = "https://huggingface.co/datasets/allenai/objaverse/resolve/main"
TERMS = (
    "Objaverse's lists are under ODC-By 1.0 (https://opendatacommons.org/licenses/by/1-0/). Every mesh is its author's, under the "
    "Creative Commons licence that attribution.csv names: name the authors where you show or pass on what is made of their "
    "meshes. Meshes whose licence forbids commercial use or changes are left out unless you ask for them (--all-licences)."
)
FREE = {"by": "CC BY 4.0", "by-sa": "CC BY-SA 4.0", "cc0": "CC0 1.0"}
OTHERS = {
    "by-nc": "CC BY-NC 4.0",
    "by-nd": "CC BY-ND 4.0",
    "by-nc-sa": "CC BY-NC-SA 4.0",
    "by-nc-nd": "CC BY-NC-ND 4.0",
}
LABELS = {
    "airplane": ("airplane", "fighter_jet", "jet_plane", "seaplane"),
    "bench": ("bench", "pew_(church_bench)"),
    "cabinet": ("cabinet", "cupboard", "dresser", "file_cabinet", "locker", "wardrobe"),
    "car": (
        "cab_(taxi)", "car_(automobile)", "convertible_(automobile)", "jeep", "limousine", "minivan", "pickup_truck",
        "police_cruiser", "race_car",
    ),
    "chair": ("armchair", "chair", "deck_chair", "folding_chair", "highchair", "recliner", "rocking_chair"),
    "display": ("monitor_(computer_equipment) computer_monitor", "television_set"),
    "lamp": ("chandelier", "lamp", "lamppost", "table_lamp"),
    "loudspeaker": ("speaker_(stero_equipment)", "subwoofer"),
    "rifle": ("machine_gun", "rifle"),
    "sofa": ("chaise_longue", "loveseat", "sofa", "sofa_bed"),
    "table": ("coffee_table", "desk", "dining_table", "kitchen_table", "table"),
    "telephone": ("cellular_telephone", "telephone"),
    "watercraft": (
        "barge", "boat", "canoe", "cargo_ship", "cruise_ship", "dinghy", "ferry", "gondola_(boat)", "houseboat", "kayak",
        "passenger_ship", "river_boat",
    ),
}  # fmt: skip
"""Class → labels of LVIS v1 (as LVIS spells them) whose meshes are taken for it."""
PATIENCE = 5
"""Meshes in a row that do not come before a download gives up: then it is not the meshes."""
COLUMNS = ("file", "class", "label", "title", "author", "licence", "address")


@dataclass
class Fetched:
    """What came: class → meshes that are here, and why others are not (reason → how many)."""

    folder: Path
    counts: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        shown = ", ".join(f"{name} {self.counts[name]}" for name in CLASSES if self.counts[name]) or "none"
        lines = [f"{self.counts.total()} meshes in {paths.display(self.folder)}: {shown}"]
        lines += [f"left out: {count} ({reason})" for reason, count in self.left_out.most_common()]
        return "\n".join(lines)


class ObjaverseError(RuntimeError):
    """Objaverse could not be reached, or its lists could not be read; the message says what to do."""


def fetch_objaverse(
    classes: Sequence[str], limit: int, *, all_licences: bool = False, folder: Path | None = None, quiet: bool = False
) -> Fetched:
    """Fetch meshes of some classes; what is here already is kept and counts.

    Which meshes of a class come first does not depend on ``limit``: 20 are among 50. A mesh that does not come, or is no
    GLB, is left out and the next one taken.

    Args:
        classes: of the 13; all of them where there are none.
        limit: meshes of each class.
        all_licences: also meshes whose licence forbids commercial use or changes.
        folder: where they go, by default ``data/objaverse``.
        quiet: no progress bar.

    Raises:
        ValueError: an unknown class, or a limit below 1.
        ObjaverseError: the lists do not come or are damaged, or :data:`PATIENCE` meshes in a row do not come.
    """
    check_classes(classes, limit)
    folder = folder or paths.dataset_dir("objaverse")
    index = _Index(folder, quiet)
    found, rows = Fetched(folder), []
    try:
        for name in classes or CLASSES:
            failures = 0
            bar = tqdm(index.objects(name), desc=name, unit="mesh", disable=quiet, total=limit)
            for uid, label in bar:
                if found.counts[name] >= limit:
                    break
                licence, row = index.describe(uid)
                if licence not in FREE and not (all_licences and licence in OTHERS):
                    found.left_out[f"licence {OTHERS.get(licence, licence or 'unknown')}"] += 1
                    continue
                file = f"{name}/{uid}.glb"
                trouble = _mesh(index, uid, folder / file)
                if trouble:
                    found.left_out[trouble] += 1
                    failures += 1
                    if failures >= PATIENCE:
                        raise ObjaverseError(f"{failures} meshes in a row did not come ({trouble}). Try again later.")
                    continue
                failures = 0
                found.counts[name] += 1
                rows.append((file, name, label, *row))
    finally:
        if rows:
            _write_attribution(folder, rows)
    return found


def check_classes(classes: Sequence[str], limit: int) -> None:
    """ValueError for an unknown class, or a limit below 1."""
    for name in classes:
        choose("classes", name, CLASSES)
    if limit < 1:
        raise ValueError(f"limit={limit}: expected at least 1 mesh a class.")


class _Index:
    """Objaverse's lists, each fetched when it is first asked for: labels, where the meshes lie, and what is known of them."""

    def __init__(self, folder: Path, quiet: bool) -> None:
        self.folder, self.quiet = folder, quiet
        self._labels: dict[str, list[str]] = self._list("lvis-annotations.json.gz")
        self._places: dict[str, str] = self._list("object-paths.json.gz")
        self._known: dict[str, dict[str, Any]] = {}

    def objects(self, name: str) -> Iterator[tuple[str, str]]:
        """(uid, label) of a class's meshes, those whose descriptions lie in one file together, otherwise in no order."""
        listed: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for label in LABELS[name]:
            for uid in self._labels.get(label, []):
                if uid in self._places:
                    listed[self._shard(uid)].append((uid, label))
        for shard in sorted(listed, key=_order):
            yield from sorted(listed[shard], key=lambda pair: _order(pair[0]))

    def describe(self, uid: str) -> tuple[str, tuple[str, str, str, str]]:
        """Its licence as Objaverse writes it, and title, author, licence, address for the attribution."""
        shard = self._shard(uid)
        if shard not in self._known:
            self._known[shard] = self._list(f"metadata/{shard}.json.gz")
        entry = self._known[shard].get(uid) or {}
        licence = str(entry.get("license") or "").lower()
        user = entry.get("user") or {}
        author = str(user.get("displayName") or user.get("username") or "")
        address = str(entry.get("viewerUrl") or entry.get("uri") or "")
        return licence, (str(entry.get("name") or ""), author, {**FREE, **OTHERS}.get(licence, licence), address)

    def place(self, uid: str) -> str:
        return self._places[uid]

    def _shard(self, uid: str) -> str:
        return self._places[uid].split("/")[1]

    def _list(self, name: str) -> Any:
        file = self.folder / "index" / name
        try:
            if not file.is_file():
                _fetch_file(f"{ADDRESS}/{name}", file, self.quiet)
            with gzip.open(file, "rt", encoding="utf-8") as stream:
                content = json.load(stream)
            if not isinstance(content, dict):
                raise ValueError(f"expected a mapping, found {type(content).__name__}")
            return content
        except transfer.TransferError as error:
            raise ObjaverseError(
                f"{name} of Objaverse did not come: {error} By hand: open {ADDRESS}/{name} in a browser and put the file "
                f"at {paths.display(file)}."
            ) from error
        except (OSError, EOFError, ValueError, zlib.error) as error:
            file.unlink(missing_ok=True)
            raise ObjaverseError(
                f"{paths.display(file)} is damaged ({error}) and was removed: the same command fetches it again."
            ) from error


def _mesh(index: _Index, uid: str, file: Path) -> str:
    """Bring a mesh; what is wrong, or nothing."""
    if file.is_file() and not _glb_trouble(file):
        return ""
    try:
        _fetch_file(f"{ADDRESS}/{index.place(uid)}", file, index.quiet)
    except transfer.TransferError as error:
        return error.fault
    if trouble := _glb_trouble(file):
        file.unlink()
        return trouble
    return ""


def _fetch_file(address: str, file: Path, quiet: bool) -> None:
    """Fetch one file whole; what came of it before is continued."""
    incoming = file.with_name(f".{file.name}.part")
    incoming.mkdir(parents=True, exist_ok=True)
    transfer.fetch([address], transfer.RangeDownloader(incoming, quiet=True), file.name).replace(file)
    shutil.rmtree(incoming, ignore_errors=True)
    if not quiet and file.suffix == ".gz":
        tqdm.write(f"fetched {file.name}", file=sys.stderr)


def _glb_trouble(file: Path) -> str:
    """What is wrong with a GLB by its head: its magic word, and its length (glTF 2.0, section 4.4.2)."""
    with open(file, "rb") as stream:
        head = stream.read(12)
    if head[:4] != b"glTF":
        return "no GLB"
    return "" if int.from_bytes(head[8:12], "little") == file.stat().st_size else "GLB cut off"


def _order(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _write_attribution(folder: Path, rows: Sequence[tuple[str, ...]]) -> None:
    """Add rows to ``attribution.csv``; those of meshes that are still here stay."""
    file = folder / "attribution.csv"
    known = {row[0]: row for row in rows}
    if file.is_file():
        with open(file, newline="", encoding="utf-8") as stream:
            for row in list(csv.reader(stream))[1:]:
                if row and (folder / row[0]).is_file():
                    known.setdefault(row[0], tuple(row))
    with atomic_path(file) as temporary, open(temporary, "w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *(known[name] for name in sorted(known))])
