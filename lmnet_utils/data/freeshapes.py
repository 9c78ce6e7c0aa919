"""FreeShapes, the embedded data set: 243 real, openly licensed objects in ShapeNet's classes, in the R2N2 layout.

``make_dataset`` is what notebook 01 calls: it makes from the committed ``data/freeshapes/source`` (meshes, attribution,
licences), offline, 24 views, metadata and point clouds of every model, and the split files. The source itself was made
once, by ``tools/build_freeshapes.py`` from Debian's package ``sweethome3d-furniture``. For training alone, altered copies of
its objects and objects of programs (:mod:`lmnet_utils.data.programs`) can be added.

One frame for everything but the stored clouds: y up, front +x, bounding box centred with a diagonal of 1 (that of
3D-R2N2's renderings and ShapeNet v1). Stored clouds are in the file frame of the original ``ShapeNet_pointclouds``.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
import hashlib
import io
import lzma
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from lmnet_utils.core import cache, files, parallel, paths
from lmnet_utils.data import splits
from lmnet_utils.data.layout import cloud_dir, rendering_dir
from lmnet_utils.data.mesh import GRID, Mesh
from lmnet_utils.data.programs.catalogue import drawn_as, is_program, listed
from lmnet_utils.data.views import COPY, process_renderer, random_stream, sample_clouds, write_clouds, write_views
from lmnet_utils.geometry.camera import unit_diagonal

DATASET = "freeshapes"
PARAMETERS_FILE = "program.json"
"""Beside the clouds of a program's object: which program made it, and its parameters."""


def model_id(archive: str, path: str) -> str:
    """Id of an object: 12 hexadecimal digits of a hash, so that sorting by id shuffles, as it does in ShapeNet."""
    return hashlib.sha256(f"{archive}/{path}".encode()).hexdigest()[:12]


def source_dir() -> Path:
    """The committed source: below the checkout even where LMNET_DATA moves what is made from it."""
    return paths.project_root() / "data" / DATASET / "source"


def _from_byte_planes(planes: np.ndarray) -> np.ndarray:
    zigzag = sum(plane.astype(np.int64) << (8 * i) for i, plane in enumerate(planes))
    return np.where(zigzag & 1, -(zigzag + 1) // 2, zigzag // 2)


def unpack_meshes(data: bytes) -> dict[str, Mesh]:
    """Meshes by id, from the asset's bytes (``pack_meshes`` of ``tools/build_freeshapes.py`` makes them)."""
    with np.load(io.BytesIO(lzma.decompress(data)), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    vertex_steps = _from_byte_planes(arrays["vertex_steps"]).T
    face_steps = _from_byte_planes(arrays["face_steps"]).T
    colour_index = _from_byte_planes(arrays["colour_index"])
    v = np.concatenate([[0], np.cumsum(arrays["vertex_counts"])])
    f = np.concatenate([[0], np.cumsum(arrays["face_counts"])])
    p = np.concatenate([[0], np.cumsum(arrays["palette_counts"])])
    return {
        str(name): Mesh(
            np.cumsum(vertex_steps[v[i] : v[i + 1]], axis=0) / GRID - 0.5,
            np.cumsum(face_steps[f[i] : f[i + 1]], axis=0),
            arrays["palettes"][p[i] : p[i + 1]][colour_index[f[i] : f[i + 1]]],
        )
        for i, name in enumerate(arrays["ids"])
    }


def attribution() -> list[dict[str, str]]:
    """Rows of ATTRIBUTION.csv: id, synset, class, name, creator, license, archive, path, faces, duplicate_group."""
    with open(source_dir() / "ATTRIBUTION.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def duplicate_groups() -> dict[str, str]:
    """Object ("synset/model") → name of its group of near-duplicates, "" for none."""
    return {f"{row['synset']}/{row['id']}": row["duplicate_group"] for row in attribution()}


@functools.cache
def load_meshes() -> dict[str, Mesh]:
    """All meshes of the committed source, by id (about a second)."""
    path = source_dir() / "meshes.npz.xz"
    if not path.is_file():
        raise FileNotFoundError(
            f"The FreeShapes meshes should be at {paths.display(path)}, which is not there. They are part of the "
            "repository: restore the file with `git checkout data/freeshapes/source`."
        )
    return unpack_meshes(path.read_bytes())


def mesh_of(model: str, seed: int = 0) -> Mesh:
    """The mesh of a model id, of a copy (``<id>-c1`` …: mirrored half the time, stretched, recoloured), or of a program."""
    if is_program(model):
        return drawn_as(model).mesh()
    source, _, copy = model.partition("-c")
    mesh = load_meshes()[source]
    if not copy:
        return mesh
    rng = random_stream(seed, model, COPY)
    stretch = np.exp(rng.uniform(-0.25, 0.25, 3))
    stretch[2] *= rng.choice([-1.0, 1.0])  # z is left and right: front is +x
    mixed = mesh.colours[:, rng.permutation(3)] / 255.0
    mixed = np.clip(mixed * rng.uniform(0.6, 1.3, 3) + rng.uniform(-0.1, 0.2), 0, 1)
    return Mesh(unit_diagonal(mesh.vertices * stretch), mesh.faces, np.round(mixed * 255).astype(np.uint8))


def _render_task(root: Path, synset: str, model: str, seed: int) -> None:
    write_views(root, synset, model, seed, mesh_of(model, seed), process_renderer())


def _write_parameters(root: Path, synset: str, model: str) -> None:
    made = drawn_as(model)
    record = {"program": type(made).__name__, "parameters": dataclasses.asdict(made)}
    files.write_json(cloud_dir(root, synset, model) / PARAMETERS_FILE, record)


@dataclasses.dataclass(frozen=True)
class Contents:
    """Which objects :func:`make_dataset` makes.

    Attributes:
        copies: altered copies (mirrored, stretched, recoloured) of each training model; they are listed in the train
            files only, and only where their source is.
        programs: how many objects of programs, of all 13 classes; in the train files only, as the copies.
        limit: at most so many models of each class on each side of the official split, for a quick look.
        folds: also the five splits of cross-validation (:data:`lmnet_utils.data.splits.FOLDS`), those that leave a class out
            (:data:`~lmnet_utils.data.splits.UNSEEN`), and copies of every object then.
        seed: of views, clouds, copies and programs' objects. What another seed made in the same place is removed first.
    """

    copies: int = 0
    programs: int = 0
    limit: int | None = None
    folds: bool = False
    seed: int = 0


def make_dataset(
    dataset_root: Path | None = None,
    contents: Contents = Contents(),
    *,
    workers: int | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Make FreeShapes in the R2N2 layout: renderings, metadata, clouds, splits. What is there and complete is kept.

    Views depend on the seed and the model alone: neither the number of processes nor an interruption changes a byte.

    Args:
        dataset_root: where to; by default ``data/freeshapes``.
        contents: of which objects; by default all models of the collection.
        workers: rendering processes; by default one a core.
        progress: show a bar.

    Returns:
        counts: models, copies, programs, rendered (how many were not there yet), and clouds.
    """
    root, seed = dataset_root or paths.dataset_dir(DATASET), contents.seed
    chosen, found = _chosen(contents)
    training = sorted({model for split in found.values() for model in split.train}) if contents.copies else []
    copied = [f"{model}-c{k}" for k in range(1, contents.copies + 1) for model in training]
    made = listed(contents.programs, seed)
    made_by = {"recipe": cache.VERSIONS["freeshapes"], "seed": seed}
    _keep_or_clear(root / "made_by.json", {**made_by, "source": files.sha256_of(source_dir() / "meshes.npz.xz")}, "*")
    _keep_or_clear(root / "programs_made_by.json", {"programs": cache.VERSIONS["programs"], "seed": seed}, "program_*")

    clouds, renderings = [], []
    for name in [*sorted(chosen), *copied, *made]:
        synset, model = name.split("/")
        if not all((cloud_dir(root, synset, model) / f"pointcloud_{n}.npy").is_file() for n in (1024, 2048)):
            clouds.append((root, synset, model, seed))
        if not rendering_dir(root, synset, model).is_dir():
            renderings.append((root, synset, model, seed))
    for _, synset, model, _ in tqdm(clouds, desc="point clouds", disable=not progress or not clouds):
        if is_program(model):
            _write_parameters(root, synset, model)
        write_clouds(root, synset, model, sample_clouds(mesh_of(model, seed), model, seed))
    for split_name, split in found.items():
        splits.write(root, split_name, split, contents.copies, made)
    _render_all(renderings, workers, progress)
    return {
        "models": len(chosen),
        "copies": len(copied),
        "programs": len(made),
        "rendered": len(renderings),
        "clouds": len(clouds),
    }


def _chosen(contents: Contents) -> tuple[set[str], dict[str, splits.Split]]:
    """The models of the collection that are made, and the splits of them by name."""
    groups = duplicate_groups()
    found = {"official": splits.official(groups), "60-20-20": splits.drawn_60_20_20(groups)}
    found |= splits.folds(groups) | splits.unseen(groups) if contents.folds else {}
    chosen = splits.first_of_each(found["official"], contents.limit)
    return chosen, {name: splits.restrict(split, chosen) for name, split in found.items()}


def _render_all(tasks: list[tuple[Path, str, str, int]], workers: int | None, progress: bool) -> None:
    # Large meshes first: the processes then end together.
    sizes = {model: len(mesh.faces) for model, mesh in load_meshes().items()}
    tasks.sort(key=lambda task: (-sizes.get(task[2].partition("-c")[0], 0), task[2]))
    bar = {"desc": "renderings", "unit": "model", "disable": not progress or not tasks}
    for _ in parallel.each(_render_task, tasks, jobs=workers, bar=bar):
        pass


def _keep_or_clear(record: Path, made_by: dict[str, Any], models: str) -> None:
    """Remove the renderings and clouds of ``models`` (a pattern) that another version of this code, source or seed made."""
    if not record.is_file() or files.read_json(record) != made_by:
        record.unlink(missing_ok=True)  # first, so that half-removed files are never taken for new ones
        for name in ("ShapeNetRendering", "ShapeNet_pointclouds"):
            for folder in (record.parent / name).glob(f"*/{models}"):
                shutil.rmtree(folder, ignore_errors=True)
    files.write_json(record, made_by)
