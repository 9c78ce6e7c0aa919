"""Which points of a cloud a camera sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from lmnet_utils.core.checks import Array, finite_array


def visible_points(points: Array, eye: Array, *, flip: float = 100.0) -> NDArray[np.bool_]:
    """Which points of a cloud a camera sees: hidden point removal.

    Points are flipped about a large sphere around the camera; those on the convex hull of the flipped points and the
    camera are seen (Katz, Tal & Basri, Direct Visibility of Point Sets, SIGGRAPH 2007). No normals, no mesh and no
    pixel size are needed.

    Against ray casting on 15 FreeShapes meshes, two views each (30 % of the points seen), with uniform samplings of 1024
    and 2048 points: 93 % and 90 % of what is seen is found, balanced accuracy 0.86 and 0.88 (with noise of 1 % of the
    diagonal 0.79 and 0.76). A radius of 30 gave 0.87 and 0.87 (0.74, 0.68), of 300 0.79 and 0.84 (0.77, 0.78); a depth
    buffer with point splats at best 0.81 (0.77). Wrong labels mix both sides and pull figures about them together.

    Args:
        points: (P, 3), P ≥ 4.
        eye: (3,) the camera, in the same frame; see :func:`camera_eye`.
        flip: radius of the sphere, in distances of the farthest point. A larger one sees more, a smaller one less.

    Returns:
        (P,) bool.

    Raises:
        ValueError: wrong shapes, NaN, a point at the camera, or points that lie in one plane with the camera.
    """
    points, eye = finite_array(points, "points", (None, 3)), finite_array(eye, "eye", (3,))
    places, of_point = np.unique(points, axis=0, return_inverse=True)  # of equal points the hull takes one
    ray = places - eye
    distance = np.linalg.norm(ray, axis=1, keepdims=True)
    if not distance.all():
        raise ValueError("a point lies where the camera is: are the cloud and the camera in one frame?")
    flipped = ray * (2 * flip * distance.max() / distance - 1)
    try:
        hull = ConvexHull(np.vstack([flipped, np.zeros(3)])).vertices
    except (QhullError, ValueError) as error:
        raise ValueError(
            f"{len(places)} different points span no volume with the camera: visibility is undefined for a cloud of fewer "
            "than 4 points, or a flat one seen from its edge."
        ) from error
    seen = np.zeros(len(places) + 1, bool)
    seen[hull] = True
    return seen[of_point.reshape(-1)]
