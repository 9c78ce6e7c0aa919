"""A tiny data set in the R2N2 layout, made of boxes, for tests that need one on disk and not FreeShapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from lmnet_utils.taxonomy import CLASSES, GROUPS, synsets_of


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
