"""Tiny data sets in the R2N2 layout, made of boxes, for tests that need one on disk and not FreeShapes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image

from lmnet_utils.data.taxonomy import CLASSES, GROUPS, synsets_of


def write_tree(
    root: Path, models_per_side: dict[str, int], classes: tuple[str, ...] = ("chair",), views: int = 24
) -> None:
    """Boxes of random extents: PNGs of a grey rectangle of matching size, clouds on the surface, split files."""
    rng = np.random.default_rng(0)
    sides: dict[str, list[str]] = {}
    for side, count in models_per_side.items():
        for name in classes:
            for i in range(count):
                model = f"{CLASSES[name]}/{side}{i:03d}"
                sides.setdefault(side, []).append(model)
                extent = rng.uniform(0.2, 0.7, 3)
                folder = root / "ShapeNet_pointclouds" / model
                folder.mkdir(parents=True)
                for n in (1024, 2048):
                    np.save(folder / f"pointcloud_{n}.npy", box_surface(rng, n, extent))
                _write_views(root / "ShapeNetRendering" / model / "rendering", rng, extent, views)
    for split in ("official", "60-20-20"):
        for group in GROUPS:
            folder = root / "splits" / split / group
            folder.mkdir(parents=True)
            for side in ("train", "val", "test"):
                members = [m for m in sides.get(side, []) if m.split("/")[0] in synsets_of(group)]
                (folder / f"{side}.txt").write_text("".join(f"{m}\n" for m in sorted(members)))


def box_surface(rng: np.random.Generator, n: int, extent: np.ndarray) -> np.ndarray:
    """Points (n, 3) on the surface of a box, float32."""
    points = rng.uniform(-0.5, 0.5, (n, 3))
    axis = rng.integers(0, 3, n)
    points[np.arange(n), axis] = rng.choice([-0.5, 0.5], n)
    return (points * extent).astype(np.float32)


def _write_views(folder: Path, rng: np.random.Generator, extent: np.ndarray, views: int) -> None:
    folder.mkdir(parents=True)
    rows = []
    for view in range(views):
        azimuth = rng.uniform(0, 360)
        image = np.zeros((137, 137, 4), np.uint8)
        height, width = (extent[:2] * 100).astype(int)
        image[68 - height // 2 : 68 + height // 2, 68 - width // 2 : 68 + width // 2] = (120, int(azimuth / 2), 90, 255)
        Image.fromarray(image).save(folder / f"{view:02d}.png")
        rows.append(f"{azimuth:.6f} 27.0 0 0.8 25")
    (folder / "rendering_metadata.txt").write_text("\n".join(rows) + "\n")


# --------------------------------------------------------------------------------------------- ShapeNet, in miniature
_SEAT = [((0, 0, 0), (0.5, 0.08, 0.5)), ((-0.24, 0.28, 0), (0.06, 0.5, 0.46)), ((0.2, -0.2, 0.2), (0.06, 0.4, 0.06)),
         ((0.2, -0.2, -0.2), (0.06, 0.4, 0.06)), ((-0.2, -0.2, 0), (0.06, 0.4, 0.3))]  # fmt: skip
_WINGS = [((0, 0, 0), (0.9, 0.12, 0.12)), ((0.06, 0, 0), (0.2, 0.03, 0.8)), ((-0.38, 0.14, 0), (0.14, 0.2, 0.05))]
_STEP = [((0, 0, 0), (0.9, 0.24, 0.36)), ((-0.16, 0.2, 0), (0.44, 0.2, 0.3))]
_SLAB = [((0, 0.2, 0), (0.3, 0.06, 0.7)), ((-0.06, -0.06, 0), (0.06, 0.5, 0.4)), ((0.04, -0.3, 0), (0.3, 0.05, 0.4))]
FORMS = {
    name: form
    for form, names in (
        (_SEAT, ("bench", "chair")),
        (_WINGS, ("airplane", "rifle", "watercraft")),
        (_STEP, ("car", "loudspeaker", "sofa", "telephone")),
        (_SLAB, ("cabinet", "display", "lamp", "table")),
    )
    for name in names
}
"""Boxes (centre, extent) that make an object of a class; y up, front +x, and no form is the same from behind."""


def write_shapenet(root: Path, counts: dict[str, int]) -> dict[str, list[str]]:
    """A tree as ShapeNetRendering.tgz, ShapeNet_pointclouds.zip and the authors' lists leave it below ``data/shapenet``.

    Clouds face +z, as ShapeNet's are believed to, so that the frame check has something to find.

    Args:
        counts: class → how many objects.

    Returns:
        "train" and "test" → the models of the authors' lists.
    """
    lists: dict[str, dict[str, list[str]]] = {"train": {}, "test": {}}
    for name, count in counts.items():
        ids = sorted(hashlib.md5(f"{name} {i}".encode()).hexdigest()[: 32 - i % 3] for i in range(count))
        for i, model in enumerate(ids):
            rng = np.random.default_rng([list(CLASSES).index(name), i])
            boxes = [(np.array(centre), extent * rng.uniform(0.7, 1.3, 3)) for centre, extent in FORMS[name]]
            _write_clouds(root / "ShapeNet_pointclouds" / CLASSES[name] / model, rng, boxes)
            _render(root / "ShapeNetRendering" / CLASSES[name] / model / "rendering", rng, boxes)
        names, first = [f"{CLASSES[name]}/{model}" for model in ids], int(0.8 * count)
        lists["train"][CLASSES[name]], lists["test"][CLASSES[name]] = names[:first], names[first:]
    (root / "splits").mkdir()
    for side, file in (("train", "train_models.json"), ("test", "val_models.json")):
        (root / "splits" / file).write_text(json.dumps(lists[side]))
    return {side: sorted(sum(listed.values(), [])) for side, listed in lists.items()}


def _surface(rng: np.random.Generator, n: int, boxes: list) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) on the boxes, diagonal 1, y up, front +x; and the axis (n,) that each one's face looks along."""
    which = rng.choice(len(boxes), n, p=_shares([np.prod(extent) ** (2 / 3) for _, extent in boxes]))
    centres, extents = np.array([boxes[k][0] for k in which]), np.array([boxes[k][1] for k in which])
    points, axis = rng.uniform(-0.5, 0.5, (n, 3)), rng.integers(0, 3, n)
    points[np.arange(n), axis] = rng.choice([-0.5, 0.5], n)
    low = np.min([centre - np.divide(extent, 2) for centre, extent in boxes], axis=0)
    high = np.max([centre + np.divide(extent, 2) for centre, extent in boxes], axis=0)
    return (centres + points * extents - (low + high) / 2) / np.linalg.norm(high - low), axis


def _shares(values: list[float]) -> np.ndarray:
    return np.array(values) / np.sum(values)


def _write_clouds(folder: Path, rng: np.random.Generator, boxes: list) -> None:
    folder.mkdir(parents=True)
    for n in (1024, 2048):
        x, y, z = _surface(rng, n, boxes)[0].T
        x, z = -z, x  # the front to +z
        np.save(
            folder / f"pointcloud_{n}.npy", np.stack([-y, x, z], axis=1).astype(np.float32)
        )  # up is -x in the files


def _render(folder: Path, rng: np.random.Generator, boxes: list) -> None:
    """24 views of 137×137 pixels by R2N2's camera, far points first, faces shaded by their axis."""
    folder.mkdir(parents=True)
    points, axis = _surface(rng, 5000, boxes)
    colours = np.array([[0.7], [1.0], [0.5]])[axis] * rng.uniform(80, 250, 3)
    rows = []
    for view in range(24):
        azimuth, elevation, ratio = rng.uniform(0, 360), rng.uniform(25, 30), rng.uniform(0.65, 1.0)
        a, e = np.radians([azimuth, elevation])
        towards = np.array([np.cos(a) * np.cos(e), np.sin(e), np.sin(a) * np.cos(e)])
        right = np.array([np.sin(a), 0, -np.cos(a)])
        near = points @ towards
        scale = 137 / 2 * 35 / 16 / (1.75 * ratio - near)
        column, row = 68 + points @ right * scale, 68 - points @ np.cross(towards, right) * scale
        order = np.argsort(near)
        image = np.zeros((137, 137, 4), np.uint8)
        for dx, dy in np.ndindex(3, 3):
            x, y = (np.clip(np.round(at[order]).astype(int) + d - 1, 0, 136) for at, d in ((column, dx), (row, dy)))
            image[y, x, :3], image[y, x, 3] = colours[order], 255
        Image.fromarray(image).save(folder / f"{view:02d}.png", compress_level=1)
        rows.append(f"{azimuth:.6f} {elevation:.6f} 0 {ratio:.6f} 25")
    (folder / "rendering_metadata.txt").write_text("\n".join(rows))  # the genuine ones end without a line break
    (folder / "renderings.txt").write_text("\n".join(f"{view:02d}.png" for view in range(24)))
