"""FreeShapes, the embedded data set: 243 real, openly licensed objects in ShapeNet's classes, in the R2N2 layout.

``make_dataset`` is what notebook 01 calls: it makes from the committed ``data/freeshapes/source`` (meshes, attribution,
licences), offline, 24 views, metadata and point clouds of every model, and the split files. The source itself was made
once, by ``tools/build_freeshapes.py`` from Debian's package ``sweethome3d-furniture``.

One frame for everything but the stored clouds: y up, front +x, bounding box centred with a diagonal of 1 (that of
3D-R2N2's renderings and ShapeNet v1). Stored clouds are in the file frame of the original ``ShapeNet_pointclouds``.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
import lzma
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from lmnet_utils import cache, parallel, paths, reproducibility, splits

DATASET = "freeshapes"
SOURCE_FILES = ("meshes.npz.xz", "ATTRIBUTION.csv", "LICENSES.md")
GRID = 8192
"""Vertices of the asset lie on a grid of 1/GRID of the bounding box's diagonal: 0.03 pixels of a rendering."""
GREY = 160


class Mesh(NamedTuple):
    """A triangle mesh with one colour a face."""

    vertices: np.ndarray
    """(V, 3) float64, y up, front +x, bounding box centred, diagonal 1."""
    faces: np.ndarray
    """(F, 3) integers."""
    colours: np.ndarray
    """(F, 3) uint8, RGB."""


def sample_surface(mesh: Mesh, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw points uniformly by area on a mesh.

    Returns:
        points (n, 3) float64 and the index (n,) of the face each lies on.
    """
    corners = mesh.vertices[mesh.faces]  # (F, 3 corners, 3)
    edge_1, edge_2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = np.linalg.norm(np.cross(edge_1, edge_2), axis=1)
    cumulative = np.cumsum(area)
    face = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
    face = np.minimum(face, len(area) - 1)
    u, v = rng.random(n), rng.random(n)
    outside = u + v > 1  # the other half of the parallelogram, folded back
    u[outside], v[outside] = 1 - u[outside], 1 - v[outside]
    points = corners[face, 0] + u[:, None] * edge_1[face] + v[:, None] * edge_2[face]
    return points, face


def model_id(archive: str, path: str) -> str:
    """Id of an object: 12 hexadecimal digits of a hash, so that sorting by id shuffles, as it does in ShapeNet."""
    return hashlib.sha256(f"{archive}/{path}".encode()).hexdigest()[:12]


def source_dir() -> Path:
    """The committed source: below the checkout even where LMNET_DATA moves what is made from it."""
    return paths.project_root() / "data" / DATASET / "source"


def unit_diagonal(vertices: np.ndarray) -> np.ndarray:
    """Centre the bounding box and scale its diagonal to 1, as ShapeNet v1 does."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    return (vertices - (low + high) / 2) / np.linalg.norm(high - low)


def clean_mesh(vertices: np.ndarray, faces: np.ndarray, colours: np.ndarray) -> Mesh:
    """Quantise to a grid of 1/GRID, merge equal vertices, drop degenerate and doubled faces."""
    grid = np.round((vertices + 0.5) * GRID).astype(np.int64)
    unique, inverse = np.unique(grid, axis=0, return_inverse=True)
    faces = inverse.reshape(-1)[faces]
    a, b, c = (unique[faces[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross((b - a).astype(float), (c - a).astype(float)), axis=1)
    keep = np.flatnonzero(area > 0)
    _, first = np.unique(np.sort(faces[keep], axis=1), axis=0, return_index=True)
    keep = keep[np.sort(first)]
    faces, colours = faces[keep], colours[keep]
    used, position = np.unique(faces, return_inverse=True)
    return Mesh(unique[used] / GRID - 0.5, position.reshape(-1, 3), colours)


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


# --------------------------------------------------------------------------------------------------------------------
# Making the data set from the committed source
# --------------------------------------------------------------------------------------------------------------------

IMAGE_SIZE = 137
SUPERSAMPLE = 3
VIEWS = 24
FIELD_OF_VIEW = float(np.degrees(2 * np.arctan(16 / 35)))
"""Vertical, degrees: Blender's default camera, 35 mm lens on a 32 mm sensor."""
LIFT = 0.18
"""Black objects are drawn this grey, for their shape to show and their outline to stand off the black background."""


def attribution() -> list[dict[str, str]]:
    """Rows of ATTRIBUTION.csv: id, synset, class, name, creator, license, archive, path, faces, duplicate_group."""
    with open(source_dir() / "ATTRIBUTION.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


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


def random_stream(seed: int, model: str, purpose: int) -> np.random.Generator:
    """A random generator of its own for each model (a copy counts as one) and purpose, whatever the order of work."""
    digest = hashlib.sha256(f"{seed}/{model}/{purpose}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))


COPY, VIEW, CLOUD_2048, CLOUD_1024 = range(4)


def mesh_of(model: str, seed: int = 0) -> Mesh:
    """The mesh of a model id, or of a copy (``<id>-c1`` …): mirrored half the time, stretched per axis, recoloured."""
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


def draw_views(model: str, seed: int = 0) -> np.ndarray:
    """Camera rows (24, 5) as in ``rendering_metadata.txt``: azimuth°, elevation°, in-plane 0, distance ratio, 25."""
    rng = random_stream(seed, model, VIEW)
    views = np.zeros((VIEWS, 5))
    views[:, 0] = rng.uniform(0, 360, VIEWS)
    views[:, 1] = rng.uniform(25, 30, VIEWS)
    views[:, 3] = rng.uniform(0.65, 0.95, VIEWS)
    views[:, 4] = 25
    return views.round(6)


def camera_position(azimuth: float, elevation: float, distance_ratio: float) -> np.ndarray:
    """Position (3,) of R2N2's camera, which looks at the origin with y up; angles in degrees."""
    az, el = np.radians([azimuth, elevation])
    return 1.75 * distance_ratio * np.array([np.cos(az) * np.cos(el), np.sin(el), np.sin(az) * np.cos(el)])


class Renderer:
    """Draws meshes with R2N2's camera, off screen: one PyVista window, used for every mesh of a process."""

    def __init__(self) -> None:
        import pyvista
        from vtkmodules.vtkCommonCore import vtkObject

        vtkObject.GlobalWarningDisplayOff()  # on a machine without a screen VTK first complains, then draws
        self.size = IMAGE_SIZE * SUPERSAMPLE
        self.plotter = pyvista.Plotter(off_screen=True, window_size=(self.size, self.size), lighting="none")
        self.plotter.ren_win.SetAlphaBitPlanes(1)
        self.plotter.ren_win.SetMultiSamples(0)
        self.plotter.set_background((0, 0, 0))
        self.plotter.renderer.SetBackgroundAlpha(0.0)
        for position, kind, intensity in (
            ((-0.5, 0.9, 0.6), "camera light", 0.55),  # key: from the upper left of the camera
            ((0.0, 0.0, 1.0), "camera light", 0.35),
            ((0.2, 1.0, 0.1), "scene light", 0.25),
        ):
            light = pyvista.Light(position=position, focal_point=(0, 0, 0), light_type=kind, intensity=intensity)
            light.positional = False
            self.plotter.add_light(light)

    def render(self, mesh: Mesh, views: np.ndarray) -> np.ndarray:
        """Views (V, 5) of a mesh → images (V, 137, 137, 4) uint8, straight alpha, black where nothing is."""
        import pyvista

        cells = np.hstack([np.full((len(mesh.faces), 1), 3), mesh.faces]).ravel()
        surface = pyvista.PolyData(mesh.vertices.astype(np.float32), cells)
        surface.cell_data["rgb"] = np.round(255 * LIFT + (1 - LIFT) * mesh.colours).astype(np.uint8)
        actor = self.plotter.add_mesh(
            surface, scalars="rgb", rgb=True, ambient=0.25, diffuse=1.0, specular=0.08, specular_power=20,
            interpolation="flat", render=False, reset_camera=False,
        )  # fmt: skip
        images = np.stack([self._shoot(*view[[0, 1, 3]]) for view in views])
        self.plotter.remove_actor(actor, render=False)
        return images

    def _shoot(self, azimuth: float, elevation: float, distance_ratio: float) -> np.ndarray:
        from vtkmodules.util.numpy_support import vtk_to_numpy
        from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

        camera = self.plotter.camera
        camera.position = tuple(camera_position(azimuth, elevation, distance_ratio))
        camera.focal_point, camera.up, camera.view_angle = (0, 0, 0), (0, 1, 0), FIELD_OF_VIEW
        distance = 1.75 * distance_ratio
        camera.clipping_range = (distance - 0.55, distance + 0.55)
        self.plotter.ren_win.Render()
        pixels = vtkUnsignedCharArray()
        self.plotter.ren_win.GetRGBACharPixelData(0, 0, self.size - 1, self.size - 1, 0, pixels)
        fine = vtk_to_numpy(pixels).reshape(self.size, self.size, 4)[::-1]
        # Sums over blocks of SUPERSAMPLE² samples; a sample is covered (alpha 255) or black with alpha 0.
        offsets = range(SUPERSAMPLE)
        sums = sum(fine[i::SUPERSAMPLE, j::SUPERSAMPLE].astype(np.uint16) for i in offsets for j in offsets)
        hits = sums[..., 3:] // 255
        colour = (sums[..., :3] + hits // 2) // np.maximum(hits, 1)
        alpha = (hits * 255 + SUPERSAMPLE**2 // 2) // SUPERSAMPLE**2
        return np.concatenate([colour, alpha], axis=-1).astype(np.uint8)

    def close(self) -> None:
        self.plotter.close()


def rendering_dir(root: Path, synset: str, model: str) -> Path:
    """Folder of a model's views in the R2N2 layout."""
    return root / "ShapeNetRendering" / synset / model / "rendering"


def cloud_dir(root: Path, synset: str, model: str) -> Path:
    """Folder of a model's point clouds in the R2N2 layout."""
    return root / "ShapeNet_pointclouds" / synset / model


def sample_clouds(mesh: Mesh, model: str, seed: int) -> dict[int, np.ndarray]:
    """Both clouds of a mesh, y up: n → (n, 3) float64. Samplings of the surface independent of each other."""
    purposes = {2048: CLOUD_2048, 1024: CLOUD_1024}
    return {n: sample_surface(mesh, n, random_stream(seed, model, purpose))[0] for n, purpose in purposes.items()}


def write_clouds(root: Path, synset: str, model: str, clouds: dict[int, np.ndarray]) -> None:
    """Write the clouds (:func:`sample_clouds`) of a model, float32, in the file frame."""
    from lmnet_utils import pointclouds  # imports torch, which the rendering processes can do without

    for n, points in clouds.items():
        path = cloud_dir(root, synset, model) / f"pointcloud_{n}.npy"
        with reproducibility.atomic_path(path) as temporary, open(temporary, "wb") as file:
            np.save(file, pointclouds.file_from_y_up(points).astype(np.float32))


def write_views(root: Path, synset: str, model: str, seed: int, mesh: Mesh, renderer: Renderer) -> None:
    """Write the 24 views of a mesh and their metadata; the folder appears only when it is complete."""
    folder = rendering_dir(root, synset, model)
    temporary = folder.with_name(f".rendering.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    views = draw_views(model, seed)
    for i, image in enumerate(renderer.render(mesh, views)):
        Image.fromarray(image).save(temporary / f"{i:02d}.png", compress_level=4)
    rows = [f"{azimuth!r} {elevation!r} 0 {ratio!r} 25" for azimuth, elevation, _, ratio, _ in views.tolist()]
    (temporary / "rendering_metadata.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(temporary, folder)


@functools.cache
def process_renderer() -> Renderer:
    """The renderer of this process, which draws in one thread."""
    os.environ["LP_NUM_THREADS"] = "1"  # Mesa's software rasteriser: a process a core is faster than threads within
    return Renderer()


def _render_task(root: Path, synset: str, model: str, seed: int) -> None:
    write_views(root, synset, model, seed, mesh_of(model, seed), process_renderer())


def make_dataset(
    dataset_root: Path | None = None,
    copies: int = 0,
    seed: int = 0,
    workers: int | None = None,
    limit: int | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Make FreeShapes in the R2N2 layout: renderings, metadata, clouds, splits. What is there and complete is kept.

    Views depend on the seed and the model alone: neither the number of processes nor an interruption changes a byte.

    Args:
        dataset_root: where to; by default ``data/freeshapes``.
        copies: altered copies (mirrored, stretched, recoloured) of each training model; they are listed in the train
            files only, and only where their source is.
        seed: of views, clouds and copies. What another seed made in the same place is removed first.
        workers: rendering processes; by default one a core.
        limit: at most so many models of each class on each side of the official split, for a quick look.
        progress: show a bar.

    Returns:
        counts: models, copies, rendered (how many were not there yet), and clouds.
    """
    root = dataset_root or paths.dataset_dir(DATASET)
    rows = attribution()
    groups = {f"{row['synset']}/{row['id']}": row["duplicate_group"] for row in rows}
    official, drawn = splits.official(groups), splits.drawn_60_20_20(groups)
    chosen = splits.first_of_each(official, limit)
    official, drawn = splits.restrict(official, chosen), splits.restrict(drawn, chosen)
    training = sorted(set(official.train) | set(drawn.train)) if copies else []
    names = sorted(chosen) + [f"{model}-c{k}" for k in range(1, copies + 1) for model in training]
    _keep_or_clear(root, seed)

    clouds, renderings = [], []
    for name in names:
        synset, model = name.split("/")
        if not all((cloud_dir(root, synset, model) / f"pointcloud_{n}.npy").is_file() for n in (1024, 2048)):
            clouds.append((root, synset, model, seed))
        if not rendering_dir(root, synset, model).is_dir():
            renderings.append((root, synset, model, seed))
    for _, synset, model, _ in tqdm(clouds, desc="point clouds", disable=not progress or not clouds):
        write_clouds(root, synset, model, sample_clouds(mesh_of(model, seed), model, seed))
    splits.write(root, "official", official, copies)
    splits.write(root, "60-20-20", drawn, copies)
    _render_all(renderings, workers, progress)
    return {
        "models": len(chosen),
        "copies": len(names) - len(chosen),
        "rendered": len(renderings),
        "clouds": len(clouds),
    }


def _render_all(tasks: list[tuple[Path, str, str, int]], workers: int | None, progress: bool) -> None:
    # Large meshes first: the processes then end together.
    tasks.sort(key=lambda task: (-len(load_meshes()[task[2].partition("-c")[0]].faces), task[2]))
    bar = {"desc": "renderings", "unit": "model", "disable": not progress or not tasks}
    for _ in parallel.each(_render_task, tasks, jobs=workers, bar=bar):
        pass


def _keep_or_clear(root: Path, seed: int) -> None:
    """Remove what another version of this code, source or seed made below ``root``; renderings and clouds only."""
    made_by = {
        "recipe": cache.VERSIONS["freeshapes"],
        "seed": seed,
        "source": reproducibility.sha256_of(source_dir() / "meshes.npz.xz"),
    }
    record = root / "made_by.json"
    if not record.is_file() or reproducibility.read_json(record) != made_by:
        record.unlink(missing_ok=True)  # first, so that half-removed files are never taken for new ones
        for name in ("ShapeNetRendering", "ShapeNet_pointclouds"):
            shutil.rmtree(root / name, ignore_errors=True)
    reproducibility.write_json(record, made_by)
