"""What the explorer saves: the picture, the large shape, the state of all controls, a film. No widget in here."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lmnet_utils.apps import explorer_controls as controls
from lmnet_utils.apps import explorer_figures as figures
from lmnet_utils.apps import exports
from lmnet_utils.apps.cutouts import Cutout
from lmnet_utils.apps.explorer_session import Session
from lmnet_utils.apps.explorer_state import State
from lmnet_utils.apps.placing import Photo
from lmnet_utils.models.predictions import write_ply
from lmnet_utils.rendering.renders import write_gif


def _png(session: Session, state: State) -> bytes:
    return figures.figure_png(session, state)


def _ply(session: Session, state: State) -> bytes:
    _, cloud = figures.chosen_cloud(session, state)
    return _through_file("cloud.ply", lambda path: write_ply(path, cloud))


def _glb(session: Session, state: State) -> bytes:
    (_, cloud), image = figures.chosen_cloud(session, state), session.image(state)
    photo = Photo(image, Cutout(image.any(axis=-1).astype("float32"), "alpha"), image)
    mesh, _ = exports.mesh_of_cloud(cloud, photo)
    return _through_file("mesh.glb", lambda path: exports.write_mesh(path, mesh))


def _yaml(_: Session, state: State) -> bytes:
    return state.to_yaml().encode()  # notebook 09 takes it as its parameter ``state``


def _gif(session: Session, state: State) -> bytes:
    frames = figures.walk_frames(session, state)
    return _through_file("walk.gif", lambda path: write_gif(path, frames))


def _mp4(session: Session, state: State) -> bytes:
    frames = figures.walk_frames(session, state, frames=48, size=320)
    return _through_file("walk.mp4", lambda path: figures.write_mp4(path, frames))


SAVED: dict[str, tuple[str, Callable[[Session, State], bytes]]] = {
    "PNG": (controls.SAVES["PNG"], _png),
    "PLY": (controls.SAVES["PLY"], _ply),
    "GLB": ("Its surface, in the picture's colours, for other programs", _glb),
    "YAML": ("The state of all controls", _yaml),
    "GIF": ("The walk there and back, or a turn of the large shape", _gif),
    "MP4": ("The same as a film, if ffmpeg is on the kernel's machine", _mp4),
}
"""Name of a button, which is the ending of its file, too → what it saves in words, and the function that makes the bytes."""
MEDIA_TYPES = {
    "PNG": "image/png", "PLY": "model/ply", "GLB": "model/gltf-binary", "YAML": "application/yaml", "GIF": "image/gif",
    "MP4": "video/mp4",
}  # fmt: skip


def _through_file(name: str, write: Callable[[Path], Any]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return path.read_bytes()
