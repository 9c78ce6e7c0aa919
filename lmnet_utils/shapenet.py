"""The R2N2 layout on disk, the same for FreeShapes and ShapeNet: find, verify, split, pack, serve.

::

    data/<dataset>/ShapeNetRendering/<synset>/<model>/rendering/{00..23}.png, rendering_metadata.txt
    data/<dataset>/ShapeNet_pointclouds/<synset>/<model>/pointcloud_{1024,2048}.npy
    data/<dataset>/splits/<split>/<classes>/{train,val,test}.txt
    data/<dataset>/frame.json                  by how much its clouds are turned, if they are; made by settle_frame
    data/<dataset>/packs/                      made by open_pack

A model is named "synset/model" everywhere.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import itertools
import os
import shutil
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import torch
from PIL import Image
from tqdm.auto import tqdm

from lmnet_utils import assets, cache, downloads, freeshapes, parallel, paths, pointclouds, reproducibility, splits
from lmnet_utils.freeshapes import IMAGE_SIZE, VIEWS, camera_position, cloud_dir, rendering_dir, unit_diagonal
from lmnet_utils.notebook_settings import DataSettings
from lmnet_utils.settings import Yaw
from lmnet_utils.splits import Split
from lmnet_utils.taxonomy import CLASSES, GROUPS, NAME_OF, class_name, class_order, is_own_class

CROP = slice(4, -5)
"""137 → 128 pixels, as both original codes cut their input."""
INPUT_SIZE = 128
RAW_LIMIT = 20 * 10**9
"""Bytes up to which a pack keeps pixels; a larger one keeps the PNG files' bytes and decodes when read."""
SHAPENET = "shapenet"
"""The folder below ``data/`` for the paper's data, and what `lmnet download` calls them."""
YAWS = get_args(Yaw)
FRAME_FILE = "frame.json"


# ------------------------------------------------------------------------------------------------- find and split
def read_split(dataset: str, split: str = "official", classes: str = "13") -> Split:
    """Read a split of a data set; errors as :func:`lmnet_utils.splits.read`.

    Models that :func:`open_pack` left out as incomplete, and said so, are left out here too, and those that are gone: one damaged
    file must not stop a training.
    """
    root = paths.dataset_dir(dataset)
    found = splits.read(root, split, classes)
    packed = sorted((root / "packs").glob("[!.]*/incomplete.txt"), key=lambda path: path.stat().st_mtime_ns)
    lines = packed[-1].read_text(encoding="utf-8").splitlines() if packed else []
    usable = set(objects_below(root / "ShapeNetRendering")) - {line.partition(": ")[0] for line in lines}
    return dataclasses.replace(splits.restrict(found, usable), checksum=found.checksum) if packed else found


def make_splits(dataset: str) -> dict[str, Any]:
    """Write the splits for all models that have renderings; for a genuine ShapeNet tree, which comes without these files.

    ``official`` follows the authors' own lists where they lie below ``splits/``, otherwise their rule; ``port`` is made of the
    port's lists, where those are. What a split lists already keeps its side, so that a tree may grow, class by class.

    Returns:
        ``listed``: how many models the authors' lists name (0: they are not there); ``on_disk``: how many of those are here;
        ``rule_differs`` and ``split_differs``: class → how many models their rule, applied to what is here, and the split as
        written put on the other side than the lists; ``port``: the class groups of the port's lists.

    Raises:
        FileNotFoundError: there are no renderings; says what to fetch.
        ValueError: as :func:`lmnet_utils.splits.read_official_lists` and :func:`~lmnet_utils.splits.read_port_lists`.
    """
    root = paths.dataset_dir(dataset)
    models = objects_below(root / "ShapeNetRendering")
    if not models:
        raise FileNotFoundError(how_to_get_renderings(dataset))
    groups, side_of = dict.fromkeys(models, ""), splits.read_official_lists(root)
    by_rule = splits.official(groups)
    official = splits.restrict(splits.official_from_lists(side_of), models) if side_of else by_rule
    for name, split in (("official", official), ("60-20-20", splits.drawn_60_20_20(groups))):
        try:
            old = splits.read(root, name)
        except FileNotFoundError:
            splits.write(root, name, split)
            continue
        if {*split.train, *split.val, *split.test} - {*old.train, *old.val, *old.test}:
            splits.write(root, name, splits.extended(old, split))
    port = splits.read_port_lists(root)
    for group, split in port.items():
        splits.write_group(root, splits.PORT, group, splits.restrict(split, models))

    def differs(split: Split) -> dict[str, int]:
        pairs = [
            (model, "test" if side == "test" else "train") for side in splits.SIDES for model in getattr(split, side)
        ]
        return classes_in(model for model, side in pairs if side_of.get(model, side) != side)

    return {
        "listed": len(side_of),
        "on_disk": len(side_of.keys() & groups.keys()),
        "rule_differs": differs(by_rule),
        "split_differs": differs(splits.read(root, "official")),
        "port": list(port),
    }


def find_objects(dataset: str) -> list[str]:
    """All objects, sorted, that have a rendering or a point-cloud folder, complete or not."""
    root = paths.dataset_dir(dataset)
    return sorted({*objects_below(root / "ShapeNetRendering"), *objects_below(root / "ShapeNet_pointclouds")})


def objects_below(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    folders = [entry.name for entry in os.scandir(folder) if _is_folder(entry)]
    synsets = [name for name in folders if name in NAME_OF or is_own_class(name)]
    return [
        f"{synset}/{entry.name}"
        for synset in sorted(synsets)
        for entry in os.scandir(folder / synset)
        if _is_folder(entry) and not entry.name.startswith(".")
    ]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def how_to_get_renderings(dataset: str) -> str:
    """What to do where a data set has no renderings: what to fetch, from where, how large, under which terms."""
    root = paths.dataset_dir(dataset)
    expected = f"No renderings below {paths.display(root)}: expected ShapeNetRendering/<synset>/<model>/rendering."
    if dataset == freeshapes.DATASET:
        return f"{expected} Notebook 01 makes FreeShapes (`lmnet run quickstart --only 01_data_preparation`)."
    if dataset != SHAPENET:
        return f"{expected} `lmnet import-meshes FOLDER --name {dataset}` makes a data set of your own meshes."
    wanted = assets.groups()[SHAPENET]
    return "\n".join(
        [
            f"{expected} ShapeNet does not come with the kit. Its terms are below; if you accept them, fetch it:",
            "    lmnet download shapenet",
            "or with this notebook: download=True (`lmnet run paper --set 01.download=true`), which accepts them. By hand:",
            *(f"    {assets.asset(n).addresses[0]}\n      -> {assets.where(assets.asset(n).target)}" for n in wanted),
            "and then the same command, which checks and unpacks them. One class is enough to begin with.",
            "",
            assets.offer(wanted),
        ]
    )


def fetch_shapenet(dataset: str = SHAPENET) -> None:
    """Download and unpack what is missing of ShapeNet; shows what, and the terms that this accepts. Resumes.

    What was unpacked by hand is taken as it is. The authors' split, only there to compare with, may fail.

    Raises:
        lmnet_utils.downloads.DownloadError: says what to do by hand.
    """
    items = [assets.asset(name) for name in assets.groups()[dataset]]
    items = [item for item in items if assets.begun(item) or not _unpacked_by_hand(item.place)]
    wanted = [item.name for item in items if not assets.is_here(item)]
    if wanted:
        print(assets.offer(wanted), flush=True)
    for name in wanted:
        try:
            print(assets.where(downloads.download(name)), "is here", flush=True)
        except downloads.DownloadError as error:
            if name != "shapenet-split":
                raise
            print(f"{error}\nGoing on without it: the split is made by the authors' rule.", flush=True)


def _unpacked_by_hand(folder: Path) -> bool:
    if folder.name == "splits":  # ours lie there, too
        return any(folder.rglob("train_models.json"))
    return bool(objects_below(folder))


# --------------------------------------------------------------------------------------------------- read a model
NO_RENDERINGS, NO_CLOUDS = "no renderings", "no point clouds"


class ModelFiles(NamedTuple):
    """What one model's folders hold."""

    pngs: list[bytes]
    metadata: np.ndarray  # (24, 5) float64: azimuth°, elevation°, in-plane°, distance ratio, 25
    clouds: dict[int, np.ndarray]  # n → (n, 3) float32, file frame


def read_model(root: Path, model: str) -> ModelFiles:
    """Read one model's files, undecoded.

    Raises:
        ValueError: a file is missing or broken; the message names every one that is.
    """
    synset, name = model.split("/")
    folder, clouds_folder, problems = rendering_dir(root, synset, name), cloud_dir(root, synset, name), []
    pngs: list[bytes] = []
    metadata = np.zeros((0, 5))
    if not folder.is_dir():
        problems.append(NO_RENDERINGS)
    for i in range(VIEWS if folder.is_dir() else 0):
        try:
            data = (folder / f"{i:02d}.png").read_bytes()
        except OSError:
            problems.append(f"{i:02d}.png missing")
            continue
        if trouble := png_trouble(data):
            problems.append(f"{i:02d}.png {trouble}")
        pngs.append(data)
    try:
        metadata = read_metadata(folder / "rendering_metadata.txt")
    except OSError:
        problems += ["rendering_metadata.txt missing"] if folder.is_dir() else []
    except ValueError as error:
        problems.append(f"rendering_metadata.txt: {error}")
    clouds = {}
    if not clouds_folder.is_dir():
        problems.append(NO_CLOUDS)
    for n in (1024, 2048) if clouds_folder.is_dir() else ():
        try:
            cloud = np.load(clouds_folder / f"pointcloud_{n}.npy", allow_pickle=False)
            if cloud.shape != (n, 3) or not np.isfinite(cloud).all():
                problems.append(f"pointcloud_{n}.npy: expected finite ({n}, 3), found shape {cloud.shape}")
            clouds[n] = np.asarray(cloud, dtype=np.float32)
        except FileNotFoundError:
            problems.append(f"pointcloud_{n}.npy missing")
        except (OSError, ValueError, EOFError, TypeError):
            problems.append(f"pointcloud_{n}.npy broken")
    if problems:
        raise ValueError("; ".join(_shortened(problems)))
    return ModelFiles(pngs, metadata, clouds)


def _shortened(problems: list[str]) -> list[str]:
    return problems if len(problems) <= 6 else [*problems[:5], f"and {len(problems) - 5} more"]


def png_trouble(data: bytes) -> str:
    """What is wrong with a rendering's file, by its size, structure and checksums; empty for nothing.

    Nothing is decoded: that would take a million images minutes, and a file with right checksums is what was written.
    """
    position = 8 if data[:8] == b"\x89PNG\r\n\x1a\n" else len(data)
    while position + 12 <= len(data):
        kind, end = (
            data[position + 4 : position + 8],
            position + 12 + int.from_bytes(data[position : position + 4], "big"),
        )
        if end > len(data):
            break
        if zlib.crc32(memoryview(data)[position + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            return f"damaged (the checksum of its part {kind.decode('ascii', 'replace')} is wrong)"
        if kind == b"IHDR":
            width, height = (int.from_bytes(data[at : at + 4], "big") for at in (position + 8, position + 12))
            if (width, height) != (IMAGE_SIZE, IMAGE_SIZE):
                return f"has {width}×{height} pixels, expected {IMAGE_SIZE}×{IMAGE_SIZE}"
        if kind == b"IEND":
            return ""
        position = end
    return "broken or cut off"


def read_metadata(path: Path) -> np.ndarray:
    """``rendering_metadata.txt`` → (24, 5) float64: azimuth°, elevation°, in-plane rotation°, distance ratio, 25."""
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    rows = [line.split() for line in lines if line.strip()]
    if len(rows) != VIEWS or any(len(row) != 5 for row in rows):
        raise ValueError(f"expected {VIEWS} rows of 5 numbers, found {len(rows)} rows")
    values = np.array(rows, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("expected finite numbers")
    return values


def decode_png(data: bytes) -> np.ndarray:
    """PNG bytes → (137, 137, 4) uint8.

    Raises:
        ValueError: not a readable PNG of that size.
    """
    try:
        image = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"unreadable PNG ({error})") from error
    if image.shape != (IMAGE_SIZE, IMAGE_SIZE, 4):
        raise ValueError(f"expected {IMAGE_SIZE}×{IMAGE_SIZE} pixels, found {image.shape[1]}×{image.shape[0]}")
    return image


def network_input(image: np.ndarray) -> np.ndarray:
    """Rendering (137, 137, 4) → network input (128, 128, 3): cropped, alpha dropped and not composited."""
    return image[CROP, CROP, :3]


def read_view(dataset: str, model: str, view: int) -> np.ndarray:
    """One rendering, (137, 137, 4) uint8 RGBA."""
    path = rendering_dir(paths.dataset_dir(dataset), *model.split("/")) / f"{view:02d}.png"
    try:
        return decode_png(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{paths.display(path)}: {error}. Delete the model's folder and make it again.") from error


def read_cameras(dataset: str, model: str) -> np.ndarray:
    """Camera rows (24, 5) of one model; see :func:`read_metadata`."""
    return read_metadata(rendering_dir(paths.dataset_dir(dataset), *model.split("/")) / "rendering_metadata.txt")


# --------------------------------------------------------------------------------------------------------- verify
def verify_dataset(dataset: str, progress: bool = True) -> dict[str, Any]:
    """Look through a tree in the R2N2 layout, at every file; whatever is wrong with it is listed, never raised.

    Returns:
        dataset, models, complete, classes {name: {models, complete, no_renderings, no_clouds}}, absent (those of the 13 classes that
        have nothing on disk), splits {split: {classes: {side: n, not_on_disk: n}}}, problems {model: text}.
    """
    root = paths.dataset_dir(dataset)
    models = find_objects(dataset)

    def problem(model: str) -> str:
        try:
            read_model(root, model)
        except (ValueError, OSError) as error:
            return str(error)
        return ""

    bar = {"desc": "verify", "unit": "model", "disable": not progress}
    texts = parallel.each(problem, zip(models), threads=True, bar=bar)
    problems = {model: text for model, text in zip(models, texts, strict=True) if text}

    def count(text: str = "") -> Counter[str]:
        return Counter(model.split("/")[0] for model, problem in problems.items() if text in problem)

    everything = Counter(model.split("/")[0] for model in models)
    broken, without_renderings, without_clouds = count(), count(NO_RENDERINGS), count(NO_CLOUDS)
    report: dict[str, Any] = {
        "dataset": dataset,
        "models": len(models),
        "complete": len(models) - len(problems),
        "classes": {
            class_name(synset): {
                "models": everything[synset],
                "complete": everything[synset] - broken[synset],
                "no_renderings": without_renderings[synset],
                "no_clouds": without_clouds[synset],
            }
            for synset in sorted(everything)
        },
        "absent": [name for name, synset in CLASSES.items() if synset not in everything],
        "splits": {},
        "problems": problems,
    }
    present = set(models)
    for name, group in itertools.product(splits.SPLITS, GROUPS):
        try:
            split = splits.read(root, name, group)
        except (FileNotFoundError, ValueError) as error:
            report["splits"].setdefault(name, {})[group] = {"problem": str(error)}
            continue
        listed = {side: getattr(split, side) for side in splits.SIDES}
        counts = {side: len(names) for side, names in listed.items()}
        counts["not_on_disk"] = sum(model not in present for names in listed.values() for model in names)
        report["splits"].setdefault(name, {})[group] = counts
    return report


def what_is_missing(report: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    """Lines that say what a downloaded tree lacks and how its splits came about; none for a data set that was made here.

    Args:
        report: of :func:`verify_dataset`.
        made: of :func:`prepare_data`.
    """
    if report["dataset"] != SHAPENET:
        return []
    lines = []
    for key, words, name in (
        ("no_renderings", "no renderings", "shapenet-renderings"),
        ("no_clouds", "no point clouds", "shapenet-clouds"),
    ):
        gaps = {name: counts for name, counts in report["classes"].items() if counts[key]}
        if gaps:
            listed = ", ".join(f"{name} ({counts[key]} of {counts['models']})" for name, counts in gaps.items())
            lines.append(f"{words}: {listed}. `lmnet download {name} --check` fetches or unpacks what is missing.")
    if report["absent"]:
        lines.append(
            f"nothing of {', '.join(report['absent'])}: the other notebooks work on the classes that are here."
        )
    if "chair" in report["absent"]:
        lines.append("Variant II is trained on chairs; with `--set 05.classes=13`, on what is here.")
    if not made["listed"]:
        lines.append(
            "the authors' lists are not here to compare with (`lmnet download shapenet-split`): split by their rule."
        )
    else:
        lines.append(f"the authors' lists name {made['listed']:,} objects; {made['on_disk']:,} of them are here.")
        differs = ", ".join(f"{name} {count}" for name, count in made["rule_differs"].items())
        lines.append(
            f"their rule, applied to what is here, differs for {differs}: a part of a class is here, and the lists decide."
            if differs
            else "their rule, applied to what is here, gives the same split."
        )
    if made["split_differs"]:
        differs = ", ".join(f"{name} {count}" for name, count in made["split_differs"].items())
        lines.append(
            f"the official split, made before the lists were here, differs from them for {differs}. Delete "
            "data/shapenet/splits/official to follow them, and train again."
        )
    if made["port"]:
        lines.append(f"the port's own lists are here, as split 'port', for the classes {', '.join(made['port'])}.")
    return lines


def _blocks(items: Iterable[str], size: int) -> Iterable[list[str]]:
    iterator = iter(items)
    while block := list(itertools.islice(iterator, size)):
        yield block


# ----------------------------------------------------------------------------------------------------------- pack
class Pack:
    """A data set's arrays, memory-mapped. Made by :func:`open_pack`; row i belongs to ``models[i]``."""

    def __init__(self, folder: Path, dataset: str) -> None:
        record = reproducibility.read_json(folder / "pack.json")
        self.dataset = dataset
        self.models: list[str] = record["models"]
        self.views = VIEWS
        self.hash: str = record["hash"]
        """SHA-256 over the names and the content of all files that went in."""
        self.encoded: bool = record["encoded"]
        n = len(self.models)
        self.points = np.memmap(folder / "points_2048.bin", np.float32, "r", shape=(n, 2048, 3))
        self.points_1024 = np.memmap(folder / "points_1024.bin", np.float32, "r", shape=(n, 1024, 3))
        metadata = np.load(folder / "metadata.npy")  # (M, V, 5)
        azimuths = np.radians(metadata[..., 0] % 360).astype(np.float32)
        self.azimuths = np.where(azimuths < np.float32(2 * np.pi), azimuths, np.float32(0))
        """(M, V) float32, radians in [0, 2π)."""
        self.elevations = np.radians(metadata[..., 1]).astype(np.float32)
        """(M, V) float32, radians."""
        self.distances = metadata[..., 3].astype(np.float32)
        """(M, V) float32: the distance ratio; the camera is 1.75 times as far away."""
        if self.encoded:
            self._offsets = np.load(folder / "offsets.npy")  # (M·V + 1,)
            self._bytes = np.memmap(folder / "images.bin", np.uint8, "r")
        else:
            shape = (n, VIEWS, INPUT_SIZE, INPUT_SIZE, 3)
            self._pixels = np.memmap(folder / "images.bin", np.uint8, "r", shape=shape)
        self._row_of = {model: i for i, model in enumerate(self.models)}

    def rows(self, models: Sequence[str]) -> np.ndarray:
        """Rows (B,) int64 of models.

        Raises:
            KeyError: a model is not in the pack; says which and what to do.
        """
        try:
            return np.array([self._row_of[model] for model in models], dtype=np.int64)
        except KeyError as error:
            raise KeyError(
                f"Model {error.args[0]!r} is not in the pack of {self.dataset!r} ({len(self.models)} models): its files "
                "are missing or incomplete. Run notebook 01, which makes or verifies the data set."
            ) from None

    def images(self, rows: Sequence[int] | np.ndarray, views: Sequence[int] | np.ndarray) -> torch.Tensor:
        """Network inputs (B, 3, 128, 128) uint8, channels last in memory, for B rows and as many view numbers."""
        rows, views = np.asarray(rows, dtype=np.int64), np.asarray(views, dtype=np.int64)
        if not self.encoded:
            batch = self._pixels[rows, views]  # (B, 128, 128, 3), copied
        elif len(rows):
            images = parallel.pool().map(self._decode, rows * VIEWS + views)
            batch = np.stack(list(images))
        else:
            batch = np.zeros((0, INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
        return torch.from_numpy(np.ascontiguousarray(batch)).permute(0, 3, 1, 2)

    def _decode(self, index: int) -> np.ndarray:
        return network_input(decode_png(self._bytes[self._offsets[index] : self._offsets[index + 1]].tobytes()))


def tree_signature(dataset: str, progress: bool = False) -> tuple[str, list[str]]:
    """Signature of all files that a pack is made of (names, sizes, times of change), and the models found."""
    root = paths.dataset_dir(dataset)
    models = find_objects(dataset)
    yaw = yaw_of(dataset)
    digest = hashlib.sha256(f"format {cache.VERSIONS['pack']}\n{f'yaw {yaw}' if yaw else ''}".encode())
    for model in tqdm(models, desc="look for changes", unit="model", disable=not progress or len(models) < 5000):
        synset, name = model.split("/")
        digest.update(f"{model}\n".encode())
        for folder in (rendering_dir(root, synset, name), cloud_dir(root, synset, name)):
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    info = entry.stat()
                    digest.update(f"{entry.name} {info.st_size} {info.st_mtime_ns}\n".encode())
    return digest.hexdigest(), models


def open_pack(dataset: str, progress: bool = True, raw_limit: int = RAW_LIMIT) -> Pack:
    """Open a data set's pack; build it in one pass over the tree when there is none or the tree has changed.

    Models with missing or broken files are left out with a warning that says where they are listed. A build that is
    killed leaves nothing that would be taken for a pack.

    Args:
        raw_limit: bytes of pixels up to which pixels are kept; beyond, PNG bytes, decoded by threads when read.

    Raises:
        FileNotFoundError: there is nothing to pack; says how the data set is made.
    """
    root = paths.dataset_dir(dataset)
    signature, models = tree_signature(dataset, progress)
    if not models:
        raise FileNotFoundError(how_to_get_renderings(dataset))
    encoded = len(models) * VIEWS * INPUT_SIZE**2 * 3 > raw_limit
    folder = root / "packs" / f"{signature[:16]}-{'png' if encoded else 'raw'}"
    if not (folder / "pack.json").is_file():
        _build_pack(root, models, folder, encoded, yaw_of(dataset), progress)
    incomplete = (folder / "incomplete.txt").read_text(encoding="utf-8").splitlines()
    if incomplete:
        warnings.warn(
            f"{len(incomplete)} of {len(models)} models of {dataset!r} are incomplete and left out; they are listed in "
            f"{paths.display(folder / 'incomplete.txt')}.",
            stacklevel=2,
        )
    pack = Pack(folder, dataset)
    if not pack.models:
        raise FileNotFoundError(f"No model of {dataset!r} is complete: see {paths.display(folder / 'incomplete.txt')}.")
    return pack


def _build_pack(root: Path, models: list[str], folder: Path, encoded: bool, yaw: int, progress: bool) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    for leftover in folder.parent.glob(".building-*"):
        if not _alive(int(leftover.name.rpartition("-")[2])):
            shutil.rmtree(leftover, ignore_errors=True)
    building = folder.parent / f".building-{os.getpid()}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()

    def load(model: str) -> tuple[ModelFiles, list[np.ndarray]] | str:
        try:
            files = read_model(root, model)
            files = files._replace(clouds={n: turn_clouds(cloud, yaw) for n, cloud in files.clouds.items()})
            return files, [] if encoded else [network_input(decode_png(png)) for png in files.pngs]
        except (ValueError, OSError) as error:
            return str(error)

    complete, incomplete, metadata, offsets, digest = [], [], [], [0], hashlib.sha256()
    try:
        with contextlib.ExitStack() as stack:
            names = ("images.bin", "points_2048.bin", "points_1024.bin")
            images, points_2048, points_1024 = (stack.enter_context(open(building / name, "wb")) for name in names)
            bar = stack.enter_context(tqdm(total=len(models), desc="pack", unit="model", disable=not progress))
            for block in _blocks(models, 64):
                for model, loaded in zip(block, parallel.each(load, zip(block), threads=True), strict=True):
                    bar.update()
                    if isinstance(loaded, str):
                        incomplete.append(f"{model}: {loaded}")
                        continue
                    files, pixels = loaded
                    for png, image in itertools.zip_longest(files.pngs, pixels):
                        images.write(png if encoded else image.tobytes())
                        offsets.append(offsets[-1] + len(png))
                    points_2048.write(files.clouds[2048].tobytes())
                    points_1024.write(files.clouds[1024].tobytes())
                    metadata.append(files.metadata)
                    complete.append(model)
                    parts = (*files.pngs, files.metadata, files.clouds[1024], files.clouds[2048])
                    digest.update(model.encode())
                    for part in parts:
                        digest.update(np.ascontiguousarray(part).data if isinstance(part, np.ndarray) else part)
        np.save(building / "metadata.npy", np.array(metadata).reshape(-1, VIEWS, 5))
        if encoded:
            np.save(building / "offsets.npy", np.array(offsets, dtype=np.int64))
        (building / "incomplete.txt").write_text("".join(f"{line}\n" for line in incomplete), encoding="utf-8")
        record = {"models": complete, "hash": digest.hexdigest(), "encoded": encoded}
        reproducibility.write_json(building / "pack.json", record)
        older = [path for path in folder.parent.iterdir() if not path.name.startswith(".") and path != folder]
        with contextlib.suppress(OSError):  # another process was first: its pack is the same
            os.replace(building, folder)
        for path in older:
            shutil.rmtree(path, ignore_errors=True)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def loader_speed(pack: Pack, batch_size: int = 64, seconds: float = 2.0, seed: int = 0) -> float:
    """Images per second that ``pack.images`` serves for random batches, in this thread."""
    rng = np.random.default_rng(seed)
    started, served = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - started) < seconds:
        rows = rng.integers(len(pack.models), size=batch_size)
        pack.images(rows, rng.integers(pack.views, size=batch_size))
        served += batch_size
    return served / elapsed


class ViewDataset(torch.utils.data.Dataset):
    """Single views of some models, for a ``DataLoader``: {"image", "azimuth", "row", "view"}.

    Item i is view ``i % 24`` of model ``i // 24``: image (3, 128, 128) uint8, azimuth in radians, row in the pack.
    """

    def __init__(self, pack: Pack, models: Sequence[str]) -> None:
        self.pack = pack
        self.rows = pack.rows(models)

    def __len__(self) -> int:
        return len(self.rows) * self.pack.views

    def __getitem__(self, index: int) -> dict[str, Any]:
        if not 0 <= index < len(self):
            raise IndexError(f"View {index} of {len(self)}.")
        row, view = int(self.rows[index // self.pack.views]), index % self.pack.views
        image = self.pack.images([row], [view])[0]
        return {"image": image, "azimuth": float(self.pack.azimuths[row, view]), "row": row, "view": view}


# --------------------------------------------------------------------------------------------------------- camera
def project_to_pixels(points: np.ndarray, azimuth: float, elevation: float, distance_ratio: float) -> np.ndarray:
    """Pixels (N, 2), column and row in a 137×137 rendering, of points (N, 3) in the y-up frame; angles in degrees."""
    position = camera_position(azimuth, elevation, distance_ratio)
    forward = -position / np.linalg.norm(position)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    from_camera = points - position
    depth = from_camera @ forward
    plane = np.stack([from_camera @ right, -(from_camera @ up)], axis=1) / (depth * 16 / 35)[:, None]
    return (plane + 1) * IMAGE_SIZE / 2 - 0.5  # a pixel's centre has whole numbers


def silhouette_overlap(points: np.ndarray, image: np.ndarray, view: np.ndarray, radius: int = 2) -> float:
    """Intersection over union of the projected points, drawn as discs, with a rendering's alpha mask.

    Args:
        points: (N, 3), y up.
        image: (137, 137, 4) uint8.
        view: the view's row (5,) of ``rendering_metadata.txt``.
        radius: of the discs, pixels.
    """
    column, row = np.round(project_to_pixels(points, view[0], view[1], view[3])).astype(int).T
    drawn = np.zeros((IMAGE_SIZE, IMAGE_SIZE), dtype=bool)
    for dx, dy in itertools.product(range(-radius, radius + 1), repeat=2):
        if dx * dx + dy * dy <= radius * radius:
            x, y = column + dx, row + dy
            inside = (x >= 0) & (x < IMAGE_SIZE) & (y >= 0) & (y < IMAGE_SIZE)
            drawn[y[inside], x[inside]] = True
    mask = image[..., 3] > 127
    return float((drawn & mask).sum() / max((drawn | mask).sum(), 1))


def quarter_turn(yaw: int) -> np.ndarray:
    """Rotation (3, 3), integers, of clouds in the file frame by ``yaw`` degrees about the vertical: ``points @ rotation.T``.

    90 makes a front that faces +z (of the upright frame) face +x.

    Raises:
        ValueError: not a quarter turn.
    """
    reproducibility.choose("yaw", yaw, YAWS)
    cos, sin = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[yaw]
    return np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]])  # the file frame's x points down


def turn_clouds(points: np.ndarray, yaw: int) -> np.ndarray:
    """Clouds (…, 3) in the file frame, turned by quarter turns about the vertical: the same numbers, exchanged."""
    return points if yaw == 0 else np.ascontiguousarray(points @ quarter_turn(yaw).T.astype(points.dtype))


def frame_check(dataset: str, n: int = 20, views: int = 6, seed: int = 0) -> dict[str, Any]:
    """Which way do the clouds in the files face? Turned rightly, their projections cover the objects in the renderings.

    Returns:
        overlap {yaw°: mean silhouette overlap} for 0, 90, 180 and 270, best (a yaw), models (how many were looked at).
        Unturned counts as best unless another yaw is better by 0.01: with bottles and bowls, every yaw is as good.

    Raises:
        FileNotFoundError: there is no complete model to look at.
    """
    root = paths.dataset_dir(dataset)
    models = find_objects(dataset)
    if not models:
        raise FileNotFoundError(how_to_get_renderings(dataset))
    rng = np.random.default_rng(seed)
    overlaps: dict[int, list[float]] = {yaw: [] for yaw in YAWS}
    looked_at = 0
    for i in rng.permutation(len(models)):
        if looked_at == n:
            break
        try:
            files = read_model(root, models[i])
            chosen = [(view, decode_png(files.pngs[view])) for view in rng.choice(VIEWS, views, replace=False)]
        except ValueError:
            continue
        for yaw, found in overlaps.items():
            cloud = pointclouds.y_up_from_file(turn_clouds(files.clouds[2048], yaw)).astype(np.float64)
            cloud = unit_diagonal(cloud)
            found += [silhouette_overlap(cloud, image, files.metadata[view]) for view, image in chosen]
        looked_at += 1
    if not looked_at:
        raise FileNotFoundError(f"No complete model in {dataset!r}: verify_dataset lists what is missing.")
    means = {yaw: float(np.mean(found)) for yaw, found in overlaps.items()}
    best = max(means, key=means.__getitem__)
    return {"overlap": means, "best": 0 if means[0] > means[best] - 0.01 else best, "models": looked_at}


def settle_frame(dataset: str, yaw: int) -> None:
    """Have a data set's clouds turned by ``yaw`` whenever they are packed, so that everything after is in the renderings' frame."""
    file = paths.dataset_dir(dataset) / FRAME_FILE
    if yaw == 0:
        file.unlink(missing_ok=True)
    elif yaw != yaw_of(dataset):
        reproducibility.write_json(file, {"yaw": yaw})


def yaw_of(dataset: str) -> int:
    """By how many degrees a data set's clouds are turned when they are packed; 0 unless :func:`settle_frame` said otherwise."""
    file = paths.dataset_dir(dataset) / FRAME_FILE
    return reproducibility.read_json(file)["yaw"] if file.is_file() else 0


def class_of(model: str) -> str:
    """Class name of "synset/model"."""
    return class_name(model.split("/")[0])


def classes_in(models: Iterable[str]) -> dict[str, int]:
    """How many of the models each class has: the 13 in the order of the synsets, then classes of one's own."""
    counts = Counter(map(class_of, models))
    return {name: counts[name] for name in sorted(counts, key=class_order)}


def synsets_in(models: Iterable[str]) -> dict[str, str]:
    """Class name → synset of the models' classes, in the order of :func:`classes_in`."""
    found = {class_of(model): model.split("/")[0] for model in models}
    return {name: found[name] for name in sorted(found, key=class_order)}


def prepare_data(settings: DataSettings) -> dict[str, Any]:
    """Make FreeShapes; of another data set fetch what is missing (ShapeNet, with ``download``) and write its splits.

    Returns:
        what was made, as :func:`lmnet_utils.freeshapes.make_dataset` counts it, or what :func:`make_splits` found.
    """
    if settings.dataset == freeshapes.DATASET:
        return freeshapes.make_dataset(
            copies=settings.copies, seed=settings.seed, workers=settings.workers, limit=settings.limit_per_class
        )
    if settings.download:
        fetch_shapenet(settings.dataset)
    return make_splits(settings.dataset)
