"""Which surface a cloud gets: candidates by their distance to the cloud, whether they are closed, and time.

::

    python benchmarks/surfaces.py --write benchmarks/surfaces.json   # with open3d installed, its candidates too

True clouds of test objects, and their reconstructions by the strong variant from the first view. Beside it: from which side a picture is
taken to be seen, by the silhouette, and from which it is.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import trimesh
from PIL import Image
from scipy.spatial import cKDTree

from lmnet_utils.apps.appearance import find_viewpoint
from lmnet_utils.core import paths
from lmnet_utils.core.files import write_json
from lmnet_utils.evaluation.methods import model_methods, open_task
from lmnet_utils.geometry.frames import y_up_from_file
from lmnet_utils.geometry.surfaces import alpha_surface, closed_surface, point_spacing
from lmnet_utils.models.inference import Item, items_of
from lmnet_utils.models.registry import load_networks

SAMPLES = 4096


def hoppe(points: np.ndarray) -> Any:
    """VTK's surface reconstruction after Hoppe et al., 1992."""
    import pyvista

    surface = pyvista.PolyData(points).reconstruct_surface(nbr_sz=16).triangulate()
    return surface.points, surface.faces.reshape(-1, 4)[:, 1:]


def _with_normals(points: np.ndarray) -> Any:
    open3d: Any = importlib.import_module("open3d")  # not declared: measured where it happens to be
    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points))
    cloud.estimate_normals(open3d.geometry.KDTreeSearchParamKNN(16))
    cloud.orient_normals_consistent_tangent_plane(16)
    return open3d, cloud


def poisson(points: np.ndarray) -> Any:
    """Screened Poisson (Kazhdan & Hoppe, 2013), depth 7, normals estimated from 16 neighbours."""
    open3d, cloud = _with_normals(points)
    mesh, _ = open3d.geometry.TriangleMesh.create_from_point_cloud_poisson(cloud, depth=7)
    return np.asarray(mesh.vertices), np.asarray(mesh.triangles)


def ball_pivoting(points: np.ndarray) -> Any:
    """Ball pivoting (Bernardini et al., 1999) with balls of 1.5, 3 and 5 spacings."""
    open3d, cloud = _with_normals(points)
    radii = open3d.utility.DoubleVector([factor * point_spacing(points) for factor in (1.5, 3, 5)])
    mesh = open3d.geometry.TriangleMesh.create_from_point_cloud_ball_pivoting(cloud, radii)
    return np.asarray(mesh.vertices), np.asarray(mesh.triangles)


CANDIDATES: dict[str, Callable[[np.ndarray], Any]] = {
    "alpha shape, 3 spacings (VTK)": alpha_surface,
    "alpha shape, 5 spacings (VTK)": lambda points: alpha_surface(points, 5.0),
    "closed, 1 spacing around it (VTK)": closed_surface,
    "Hoppe (VTK)": hoppe,
    "ball pivoting (open3d)": ball_pivoting,
    "screened Poisson (open3d)": poisson,
}


def measure(points: np.ndarray, candidate: Callable[[np.ndarray], Any]) -> dict[str, float]:
    """Of one cloud (N, 3): distances both ways in % of the bounding box's diagonal, ``closed``, ``faces``, processor seconds."""
    points = points / np.linalg.norm(np.ptp(points, axis=0))
    before = time.process_time()
    mesh = trimesh.Trimesh(*candidate(points), process=True)
    seconds = time.process_time() - before
    surface, _ = trimesh.sample.sample_surface(mesh, SAMPLES, seed=0)
    there, back = cKDTree(surface).query(points)[0].mean(), cKDTree(points).query(surface)[0].mean()
    found = {"cloud_to_mesh": 100 * there, "mesh_to_cloud": 100 * back}
    return {**found, "closed": mesh.is_watertight, "faces": len(mesh.faces), "seconds": seconds}


def viewpoint_error(points: np.ndarray, item: Item) -> float:
    """Degrees between the azimuth that a rendering's silhouette suggests for a cloud and the true one."""
    folder = paths.dataset_dir("freeshapes") / "ShapeNetRendering" / item.model / "rendering"
    mask = np.asarray(Image.open(folder / f"{item.view:02d}.png"))[..., 3] / np.float32(255)
    found = find_viewpoint(np.asarray(y_up_from_file(points), np.float64), mask)
    return abs((found.azimuth - item.azimuth + 180) % 360 - 180)


def surfaces(clouds: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Means of :func:`measure`, a row for each kind of clouds and candidate; the time is the median."""
    rows = []
    for kind, several in clouds.items():
        for name, candidate in CANDIDATES.items():
            with contextlib.suppress(ImportError):
                found = [measure(np.asarray(y_up_from_file(one), np.float64), candidate) for one in several]
                means = {key: round(float(np.mean([one[key] for one in found])), 3) for key in found[0]}
                median = round(float(np.median([one["seconds"] for one in found])), 3)
                rows.append({"clouds": kind, "surface": name, **means, "seconds": median})
                print(rows[-1], flush=True)
    return rows


def run(objects: int, views_of: int) -> dict[str, Any]:
    """Both measurements: surfaces on the first ``objects`` test objects, viewpoints on the first ``views_of``."""
    task = open_task("freeshapes", "official", "13", views_of)
    networks = load_networks("freeshapes", ["encoder_strong"])
    method = next(one for one in model_methods(task, networks) if one.name == "encoder_strong")
    items = items_of(task.pack, task.test, 1)
    truth, guess = np.asarray(task.pack.points[task.pack.rows(task.test)]), np.asarray(method.clouds(items))
    angles = {
        kind: [round(viewpoint_error(points, item), 1) for points, item in zip(clouds, items, strict=True)]
        for kind, clouds in (("truth", truth), ("strong", guess))
    }
    within = {kind: sum(angle <= 20 for angle in found) for kind, found in angles.items()}
    opposite = {kind: sum(angle >= 160 for angle in found) for kind, found in angles.items()}
    views = {"objects": len(items), "within_20_degrees": within, "opposite": opposite, "degrees": angles}
    print(views, flush=True)
    return {
        "objects": objects,
        "rows": surfaces({"truth": truth[:objects], "strong": guess[:objects]}),
        "viewpoints": views,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--objects", type=int, default=8)
    parser.add_argument("--views-of", type=int, default=49)
    parser.add_argument("--write", metavar="JSON")
    options = parser.parse_args()
    result = {
        "command": "python benchmarks/surfaces.py --write benchmarks/surfaces.json",
        **run(options.objects, options.views_of),
    }
    if options.write:
        print(paths.display(write_json(options.write, result)))
