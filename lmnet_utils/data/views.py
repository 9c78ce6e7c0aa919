"""Meshes become what a data set holds of an object: 24 views with their cameras, and two clouds."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from lmnet_utils.core import files, paths
from lmnet_utils.core.memory import memory_for
from lmnet_utils.data.layout import VIEWS, cloud_dir, rendering_dir
from lmnet_utils.data.mesh import Mesh, sample_surface
from lmnet_utils.geometry.camera import FIELD_OF_VIEW, IMAGE_SIZE, camera_position
from lmnet_utils.geometry.frames import file_from_y_up

SUPERSAMPLE = 3
LIFT = 0.18
"""Black objects are drawn this grey, for their shape to show and their outline to stand off the black background."""


def random_stream(seed: int, model: str, purpose: int) -> np.random.Generator:
    """A random generator of its own for each model (a copy counts as one) and purpose, whatever the order of work."""
    digest = hashlib.sha256(f"{seed}/{model}/{purpose}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))


COPY, VIEW, CLOUD_2048, CLOUD_1024 = range(4)


def draw_views(model: str, seed: int = 0) -> np.ndarray:
    """Camera rows (24, 5) as in ``rendering_metadata.txt``: azimuth°, elevation°, in-plane 0, distance ratio, 25."""
    rng = random_stream(seed, model, VIEW)
    views = np.zeros((VIEWS, 5))
    views[:, 0] = rng.uniform(0, 360, VIEWS)
    views[:, 1] = rng.uniform(25, 30, VIEWS)
    views[:, 3] = rng.uniform(0.65, 0.95, VIEWS)
    views[:, 4] = 25
    return views.round(6)


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
        # VTK's own setters: PyVista's also look for new clipping planes, which are given here.
        camera.SetPosition(*camera_position(azimuth, elevation, distance_ratio))
        camera.SetFocalPoint(0, 0, 0)
        camera.SetViewUp(0, 1, 0)
        camera.SetViewAngle(FIELD_OF_VIEW)
        distance = 1.75 * distance_ratio
        camera.SetClippingRange(distance - 0.55, distance + 0.55)
        self.plotter.ren_win.Render()
        pixels = vtkUnsignedCharArray()
        self.plotter.ren_win.GetRGBACharPixelData(0, 0, self.size - 1, self.size - 1, 0, pixels)
        fine = vtk_to_numpy(pixels).reshape(self.size, self.size, 4)[::-1]
        return average_samples(fine)

    def close(self) -> None:
        self.plotter.close()


def average_samples(fine: np.ndarray) -> np.ndarray:
    """Blocks of ``SUPERSAMPLE``² samples → pixels.

    Args:
        fine: (S·H, S·H, 4) uint8; a sample is covered (alpha 255) or black with alpha 0.

    Returns:
        (H, H, 4) uint8: the mean colour of the covered samples, and how much of the pixel they cover.
    """
    words = fine.view("<u4")[..., 0]
    sums = np.empty((len(words) // SUPERSAMPLE, len(words) // SUPERSAMPLE, 2), "<u4")
    # Two channels lie in each word with room for their sums above them: half as many additions, none of them converts.
    for place, pair in enumerate((words & np.uint32(0x00FF00FF), (words >> np.uint32(8)) & np.uint32(0x00FF00FF))):
        rows = functools.reduce(np.add, [pair[i::SUPERSAMPLE] for i in range(SUPERSAMPLE)])
        sums[..., place] = functools.reduce(np.add, [rows[:, j::SUPERSAMPLE] for j in range(SUPERSAMPLE)])
    red, blue, green, alpha = np.moveaxis(sums.view("<u2"), -1, 0)
    hits = alpha // 255
    count, half = np.maximum(hits, 1), hits // 2
    coverage = (hits * 255 + SUPERSAMPLE**2 // 2) // SUPERSAMPLE**2
    return np.stack([*((colour + half) // count for colour in (red, green, blue)), coverage], axis=-1).astype(np.uint8)


def sample_clouds(mesh: Mesh, model: str, seed: int) -> dict[int, np.ndarray]:
    """Both clouds of a mesh, y up: n → (n, 3) float64. Samplings of the surface independent of each other."""
    purposes = {2048: CLOUD_2048, 1024: CLOUD_1024}
    return {n: sample_surface(mesh, n, random_stream(seed, model, purpose))[0] for n, purpose in purposes.items()}


def write_clouds(root: Path, synset: str, model: str, clouds: dict[int, np.ndarray]) -> None:
    """Write the clouds (:func:`sample_clouds`) of a model, float32, in the file frame."""
    for n, points in clouds.items():
        path = cloud_dir(root, synset, model) / f"pointcloud_{n}.npy"
        with files.atomic_path(path) as temporary, open(temporary, "wb") as file:
            np.save(file, file_from_y_up(points).astype(np.float32))


def write_views(root: Path, synset: str, model: str, seed: int, mesh: Mesh, renderer: Renderer) -> None:
    """Write the 24 views of a mesh and their metadata; the folder appears only when it is complete."""
    folder = rendering_dir(root, synset, model)
    temporary = folder.with_name(f".rendering.{os.getpid()}.tmp")
    for leftover in folder.parent.glob(".rendering.*.tmp"):
        if (number := int(leftover.name.split(".")[2])) == os.getpid() or not files.is_alive(number):
            shutil.rmtree(leftover, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        with memory_for(f"the pictures in {paths.display(folder)}"), files.errors_of(folder):
            _write_pictures(temporary, draw_views(model, seed), mesh, renderer)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_pictures(folder: Path, views: np.ndarray, mesh: Mesh, renderer: Renderer) -> None:
    for i, image in enumerate(renderer.render(mesh, views)):
        Image.fromarray(image).save(folder / f"{i:02d}.png", compress_level=4)
    rows = [f"{azimuth!r} {elevation!r} 0 {ratio!r} 25" for azimuth, elevation, _, ratio, _ in views.tolist()]
    (folder / "rendering_metadata.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")


@functools.cache
def process_renderer() -> Renderer:
    """The renderer of this process, which draws in one thread."""
    os.environ["LP_NUM_THREADS"] = "1"  # Mesa's software rasteriser: a process a core is faster than threads within
    return Renderer()
