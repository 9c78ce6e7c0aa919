"""The paper's whole protocol in the straightforward way: what ``benchmarks/loops.py`` compares with.

ICP as such code commonly has it (scikit-learn's neighbours, fitted anew in every iteration, Kabsch) with the official code's
limits, Chamfer from the dense distance matrix, EMD by SciPy's assignment on it. Pairs are test objects of FreeShapes with
predictions from good to poor: the autoencoder's, the L1 encoder's, the mean shape's.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from lmnet_utils.evaluation.methods import TrainingLatents, mean_shapes, model_methods, open_task
from lmnet_utils.evaluation.protocol import protocol_clouds
from lmnet_utils.geometry.pointclouds import scale_to_unit_cube
from lmnet_utils.models.inference import items_of
from lmnet_utils.models.registry import load_networks


def pairs_of(count: int) -> tuple[np.ndarray, np.ndarray]:
    """True clouds (B, 1024, 3) and predictions (B, 2048, 3) of the shipped weights, three kinds taking turns."""
    task = open_task("freeshapes", "official", "13")
    networks = load_networks("freeshapes", ["encoder_l1"])
    methods = [*model_methods(task, networks), mean_shapes(TrainingLatents(task, networks["autoencoder"]))[0]]
    items = items_of(task.pack, task.test, 1)[: -(-count // len(methods))]
    truth = task.pack.points_1024[task.pack.rows([item.model for item in items])]
    clouds = [np.asarray(method.clouds(items)) for method in methods]
    both = np.repeat(truth, len(methods), axis=0), np.stack(clouds, axis=1).reshape(-1, *clouds[0].shape[1:])
    return both[0][:count], both[1][:count]


def plain_icp(moving: np.ndarray, fixed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotation and shift that fit ``moving`` (N, 3) to ``fixed``; limits as in the official ``utils/icp.py``."""
    points, before = moving, np.inf
    for _ in range(1000):
        distances, nearest = (found[:, 0] for found in NearestNeighbors(n_neighbors=1).fit(fixed).kneighbors(points))
        a, b = points - points.mean(0), fixed[nearest] - fixed[nearest].mean(0)
        u, _, vt = np.linalg.svd(a.T @ b)
        turn = (u * [1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt
        points = (points - points.mean(0)) @ turn + fixed[nearest].mean(0)
        if abs(before - distances.mean()) < 1e-10:
            break
        before = distances.mean()
    a, b = moving - moving.mean(0), points - points.mean(0)
    u, _, vt = np.linalg.svd(a.T @ b)
    turn = (u * [1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt
    return turn, points.mean(0) - moving.mean(0) @ turn


def plain(truth: np.ndarray, prediction: np.ndarray) -> tuple[float, float]:
    """Chamfer and EMD ×100 of one pair, and no trick."""
    truth, guess = scale_to_unit_cube(truth.astype(np.float64)), protocol_clouds(prediction[None])[0]
    turn, shift = plain_icp(truth, guess)
    costs = cdist(truth, (guess - shift) @ turn.T)
    chamfer = costs.min(0).mean() + costs.min(1).mean()
    return 100 * chamfer, 100 * costs[linear_sum_assignment(costs)].mean()
