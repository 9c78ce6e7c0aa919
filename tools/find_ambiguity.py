"""Search for the ambiguity set: images, and all objects of the same program that could be behind each.

::

    python tools/find_ambiguity.py --seconds 1200    # goes on where it stopped; every image found is kept below runs/
    python tools/find_ambiguity.py --write           # chooses among those and writes lmnet_utils/data/ambiguity.json

For an image: every parameter is drawn anew alone, from its own distribution. Those of which a change is not seen are hidden;
these are then drawn together. What looks the same is thinned to variants that differ. The result of an image depends on its
class and seed alone, not on the order of work.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from lmnet_utils.core import files, paths
from lmnet_utils.data.mesh import Mesh
from lmnet_utils.data.programs import ambiguity
from lmnet_utils.data.programs.ambiguity import AmbiguousImage, Variant
from lmnet_utils.data.programs.parameters import Palette
from lmnet_utils.data.taxonomy import CLASSES
from lmnet_utils.evaluation.ambiguity import chamfer_above_floor
from lmnet_utils.geometry.camera import project_to_pixels

ALONE, MORE, TOGETHER = 3, 8, 80
"""Draws of each parameter alone, further ones of each hidden parameter, and draws of hidden parameters together."""
EDGE_PIXELS = 3.0
POOL = 80
"""At most so many candidates that look the same are compared."""
FOUND = "ambiguity_search"
"""Folder below runs/: a file an image."""
SIZE = 300
OPEN_SHARE = 0.75
"""So many of the chosen images leave something open."""


class Search:
    """The search of one image."""

    def __init__(self, category: str, seed: int) -> None:
        self.random = np.random.RandomState([seed % 2**32, *map(ord, category)])
        azimuth, elevation, ratio = self.random.uniform((0, 25, 0.65), (360, 30, 0.95)).tolist()
        self.image = AmbiguousImage(category, seed, (round(azimuth, 1), round(elevation, 1), round(ratio, 3)))
        self.true = self.image.true_object()
        self.whole = self.true.whole()
        self.mesh = self.image.mesh(Variant())
        self.picture = self.image.render(self.mesh)
        self.edges = self._edges(self.mesh)
        self.found: dict[bytes, tuple[Variant, Mesh]] = {self._key(self.mesh): (Variant(), self.mesh)}

    def run(self) -> AmbiguousImage:
        """The image with its variants."""
        shapes = {name: d for name, d in self.true.distributions().items() if not isinstance(d, Palette)}
        hidden: dict[str, list[Any]] = {}
        for name, distribution in shapes.items():
            for _ in range(ALONE):
                value = distribution.draw(self.random)
                if value != getattr(self.true, name) and self.looks_the_same({name: value}):
                    hidden.setdefault(name, []).append(value)
        for name, known in hidden.items():
            for _ in range(MORE):
                value = shapes[name].draw(self.random)
                if value != getattr(self.true, name) and self.looks_the_same({name: value}):
                    known.append(value)
        for _ in range(TOGETHER if len(hidden) > 1 else 0):
            names = [name for name in hidden if self.random.random_sample() < 0.6]
            change = {name: hidden[name][self.random.randint(len(hidden[name]))] for name in names}
            if len(change) > 1:
                self.looks_the_same(change)
        return dataclasses.replace(self.image, variants=tuple(self._thinned()))

    def looks_the_same(self, change: dict[str, Any]) -> bool:
        """Whether an object with other parameters has another shape and the same picture; it is then kept."""
        whole = dataclasses.replace(self.true, **change).whole()
        tried = set()
        for anchor in ("", "x", "z", "xz"):
            mesh = ambiguity.placed_like(self.whole, whole, self.image.camera, anchor)
            key = self._key(mesh)
            if key in self.found:
                return False
            if key in tried or ambiguity.centre_offset(mesh, self.image.camera) > ambiguity.CENTRE_PIXELS:
                continue
            tried.add(key)
            if np.abs(self._edges(mesh) - self.edges).max() > EDGE_PIXELS:
                continue
            if ambiguity.changed_pixels(self.picture, self.image.render(mesh)) <= ambiguity.CHANGED_PIXELS:
                if len(self.found) < POOL:
                    self.found[key] = (Variant(change, anchor), mesh)
                return True
        return False

    def _edges(self, mesh: Mesh) -> np.ndarray:
        """Left, upper, right and lower end of a mesh in the picture: what moves them is seen, no picture need be drawn."""
        seen = project_to_pixels(mesh.vertices, *self.image.camera)
        return np.concatenate([seen.min(axis=0), seen.max(axis=0)])

    def _key(self, mesh: Mesh) -> bytes:
        return np.round(mesh.vertices, 4).tobytes()

    def _thinned(self) -> Iterator[Variant]:
        """The true object, then always the candidate that differs most from those that are taken."""
        candidates = list(self.found.values())
        clouds = np.stack([self.image.cloud(*candidate) for candidate in candidates])
        taken, nearest = 0, np.full(len(candidates), np.inf)
        for _ in range(ambiguity.MOST_VARIANTS):
            yield candidates[taken][0]
            nearest = np.minimum(nearest, chamfer_above_floor(clouds, clouds[taken : taken + 1], workers=1)[:, 0])
            nearest[taken] = -np.inf
            taken = int(nearest.argmax())
            if nearest[taken] < ambiguity.LEAST_DISTANCE:
                return


def search(classes: list[str], seconds: float) -> None:
    """Search image after image, the classes in turn, until the time is over. What is kept already is not searched again."""
    end, folder = time.monotonic() + seconds, paths.run_dir(FOUND)
    todo = (
        (name, seed, file)
        for seed in itertools.count(ambiguity.FIRST_SEED)
        for name in classes
        if not (file := folder / f"{name}-{seed}.json").is_file()
    )
    with tqdm(desc="searched", unit="image") as bar:
        while time.monotonic() < end:
            name, seed, file = next(todo)
            files.write_json(file, _row(Search(name, seed).run()))
            bar.update()


def _row(image: AmbiguousImage) -> dict[str, Any]:
    variants = [{"change": one.change} | ({"anchor": one.anchor} if one.anchor else {}) for one in image.variants[1:]]
    return {"class": image.category, "seed": image.seed, "camera": image.camera, "variants": variants}


def chosen(found: list[dict[str, Any]], size: int = SIZE) -> list[dict[str, Any]]:
    """Of the images found so many, a quarter of them with one variant: from class after class, in the order of their seeds."""
    picked: list[dict[str, Any]] = []
    for leaves_open, count in ((True, round(size * OPEN_SHARE)), (False, size - round(size * OPEN_SHARE))):
        by_class: dict[str, list[dict[str, Any]]] = {}
        for row in sorted(found, key=lambda row: (list(CLASSES).index(row["class"]), row["seed"])):
            if bool(row["variants"]) == leaves_open:
                by_class.setdefault(row["class"], []).append(row)
        turns = itertools.zip_longest(*by_class.values())
        picked += [row for row in itertools.chain.from_iterable(turns) if row is not None][:count]
    return sorted(picked, key=lambda row: (row["class"], row["seed"]))


def main() -> int:
    """Search, or write the list. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=600, help="search so long")
    parser.add_argument("--classes", default=",".join(CLASSES), help="of these classes")
    parser.add_argument("--write", action="store_true", help="choose among what was found, and write the list")
    options = parser.parse_args()
    if options.write:
        found = [files.read_json(path) for path in sorted(paths.run_dir(FOUND).glob("*.json"))]
        open_ones = sum(bool(row["variants"]) for row in found)
        rows = chosen(found, min(SIZE, int(open_ones / OPEN_SHARE)))
        with files.atomic_path(ambiguity.LIST) as temporary:  # an image a line
            temporary.write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n", encoding="utf-8")
        print(f"{len(rows)} of {len(found)} images searched, {open_ones} of which leave something open")
        return 0
    search(options.classes.split(","), options.seconds)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
