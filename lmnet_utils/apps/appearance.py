"""Which side of a reconstruction a picture shows, and the colours that it gives to what it shows."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from lmnet_utils.apps.placing import box_of
from lmnet_utils.geometry.camera import camera_position, project_to_pixels
from lmnet_utils.geometry.visibility import visible_points

ELEVATIONS = (15.0, 25.0, 35.0)
AZIMUTH_STEP = 10
RATIO = 0.8
"""How far the camera stands: the middle of 3D-R2N2's distance ratios, as a cut-out does not show it."""
GRID = 48
"""Cells a side on which silhouettes are compared."""
NEAR = 0.05
"""Of the object's box: from a pixel so far outside of the cut-out a colour is still taken from its rim."""


BEFORE, BEHIND = 8, 0.02
"""A point is seen unless it lies farther behind those seen before it than this, in diagonals: behind the median of so many
that are nearest in the picture. The test of single points flickers on a rough surface."""


@dataclass(frozen=True)
class Viewpoint:
    """From where a picture looks: ``azimuth`` and ``elevation`` in degrees; ``overlap``, of both silhouettes, 0…1."""

    azimuth: float
    elevation: float
    overlap: float


def find_viewpoint(points: np.ndarray, mask: np.ndarray) -> Viewpoint:
    """The side of a cloud whose silhouette is most like the cut-out's, both brought to one size and place.

    A guess: an object that is the same from behind has two such sides.

    Args:
        points: (N, 3), y up, front +x.
        mask: (H, W) in 0…1, not empty.
    """
    left, top, right, bottom = box_of(mask)
    rows, columns = np.nonzero(mask[top:bottom, left:right] > 0.5)
    wanted = _silhouette(np.stack([columns, rows], 1) + 0.5, 0)
    points, best = _framed(points), Viewpoint(0.0, 0.0, -1.0)
    for elevation, azimuth in itertools.product(ELEVATIONS, range(0, 360, AZIMUTH_STEP)):
        drawn = _silhouette(project_to_pixels(points, azimuth, elevation, RATIO), 1)
        overlap = float((drawn & wanted).sum() / (drawn | wanted).sum())
        if overlap > best.overlap:
            best = Viewpoint(float(azimuth), elevation, overlap)
    return best


def _framed(points: np.ndarray) -> np.ndarray:
    """Points as the camera expects them: the bounding box centred, of diagonal 1."""
    low, high = points.min(axis=0), points.max(axis=0)
    return (points - (low + high) / 2) / max(float(np.linalg.norm(high - low)), 1e-9)


def _silhouette(pixels: np.ndarray, radius: int) -> np.ndarray:
    """Pixels (P, 2) → which cells of a square grid their box, centred, covers; each a disc of ``radius`` cells."""
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    places = (pixels - (low + high) / 2) / max(float((high - low).max()), 1e-9)  # −½…½
    column, row = np.clip((places + 0.5) * GRID, 0, GRID - 1).astype(int).T + 2
    cells = np.zeros((GRID + 4, GRID + 4), bool)
    cells[row, column] = True
    return ndimage.binary_dilation(cells, _disc(radius)) if radius else cells


@cache
def _disc(radius: int) -> np.ndarray:
    x, y = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return x * x + y * y <= radius * radius + radius


def _in_front(seen: np.ndarray, pixels: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """(V,) bool: which points are no farther than the surface that the ``seen`` ones among them make."""
    around = cKDTree(pixels[seen]).query(pixels, min(BEFORE, int(seen.sum())))[1].reshape(len(pixels), -1)
    return depth <= np.median(depth[seen][around], axis=1) + BEHIND


def vertex_colours(
    vertices: np.ndarray, image: np.ndarray, mask: np.ndarray, view: Viewpoint
) -> tuple[np.ndarray, np.ndarray]:
    """Colours of points that a picture shows, and the object's mean colour for those that it does not.

    Args:
        vertices: (V, 3), y up, front +x: the points that were seen, or a mesh's vertices.
        image: (H, W, 3 or 4) uint8.
        mask: (H, W) in 0…1.
        view: of :func:`find_viewpoint`.

    Returns:
        (V, 3) uint8, and (V,) bool: which colours are guessed, because the vertex is hidden or falls beside the cut-out.
    """
    left, top, right, bottom = box_of(mask)
    inside = mask > 0.5
    mean = image[inside][:, :3].mean(axis=0)
    vertices = _framed(vertices)
    eye = camera_position(view.azimuth, view.elevation, RATIO)
    pixels = project_to_pixels(vertices, view.azimuth, view.elevation, RATIO)
    seen = _in_front(visible_points(vertices, eye), pixels, np.linalg.norm(vertices - eye, axis=1))
    box = pixels.min(axis=0), pixels.max(axis=0)
    longest = max(right - left, bottom - top)
    scale = longest / max(float((box[1] - box[0]).max()), 1e-9)
    places = (pixels - (box[0] + box[1]) / 2) * scale + [(left + right) / 2, (top + bottom) / 2]
    column, row = (np.clip(np.floor(places[:, k]), 0, mask.shape[1 - k] - 1).astype(int) for k in (0, 1))
    gap, nearest = ndimage.distance_transform_edt(~inside, return_indices=True)
    known = seen & (gap[row, column] <= NEAR * longest)
    sampled = image[nearest[0][row, column], nearest[1][row, column], :3]
    return np.where(known[:, None], sampled, np.rint(mean)).astype(np.uint8), ~known
