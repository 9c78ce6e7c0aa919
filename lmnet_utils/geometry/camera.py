"""3D-R2N2's camera: where it stands, where points fall in its pictures, how well a cloud covers a silhouette."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmnet_utils.core.checks import Array, finite_array
from lmnet_utils.geometry.frames import file_from_y_up, y_up_from_file


# --------------------------------------------------------------------------------------------------------- camera
def project_to_pixels(
    points: NDArray[Any], azimuth: float, elevation: float, distance_ratio: float
) -> NDArray[np.float64]:
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


def silhouette_overlap(points: NDArray[Any], image: NDArray[np.uint8], view: NDArray[Any], radius: int = 2) -> float:
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
    return float((drawn & mask).sum() / max(int((drawn | mask).sum()), 1))


# --------------------------------------------------------------------------------------------------------------------
# Making the data set from the committed source
# --------------------------------------------------------------------------------------------------------------------

IMAGE_SIZE = 137
FIELD_OF_VIEW = float(np.degrees(2 * np.arctan(16 / 35)))
"""Vertical, degrees: Blender's default camera, 35 mm lens on a 32 mm sensor."""


def camera_position(azimuth: float, elevation: float, distance_ratio: float) -> NDArray[np.float64]:
    """Position (3,) of R2N2's camera, which looks at the origin with y up; angles in degrees."""
    az, el = np.radians([azimuth, elevation])
    return 1.75 * distance_ratio * np.array([np.cos(az) * np.cos(el), np.sin(el), np.sin(az) * np.cos(el)])


def camera_axes(azimuth: float, elevation: float) -> NDArray[np.float64]:
    """(3, 3): to the right, upwards and towards the camera, in rows, in the y-up frame; azimuth 0° looks at the front."""
    az, el = np.radians([azimuth, elevation])
    towards = np.array([np.cos(az) * np.cos(el), np.sin(el), np.sin(az) * np.cos(el)])
    right = np.array([np.sin(az), 0.0, -np.cos(az)])
    return np.stack([right, np.cross(towards, right), towards])


# -------------------------------------------------------------------------------------------------- visible and hidden
def camera_eye(truth: Array, azimuth: float, elevation: float, distance_ratio: float) -> NDArray[np.float64]:
    """Where R2N2's camera stands, in the frame and the units of a cloud.

    The rendered object had its bounding box centred and of diagonal 1
    (see :func:`lmnet_utils.geometry.camera.camera_position`); the true cloud says where that is.

    Args:
        truth: (M, 3), file frame.
        azimuth, elevation: degrees.
        distance_ratio: the camera is 1.75 times as far from the centre, in diagonals.

    Returns:
        (3,) file frame.
    """
    points = y_up_from_file(finite_array(truth, "truth", (None, 3)))
    camera = finite_array([azimuth, elevation, distance_ratio], "camera", (3,))
    low, high = points.min(axis=0), points.max(axis=0)
    return file_from_y_up((low + high) / 2 + np.linalg.norm(high - low) * camera_position(*camera))


def unit_diagonal(vertices: NDArray[Any]) -> NDArray[Any]:
    """Centre the bounding box and scale its diagonal to 1, as ShapeNet v1 does."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    return (vertices - (low + high) / 2) / np.linalg.norm(high - low)
