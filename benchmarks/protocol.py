"""The paper's whole protocol against a straightforward way of doing it, in one run, as a ratio per pair of clouds.

    python benchmarks/protocol.py [--pairs 96] [--write benchmarks/protocol.json]

Straightforward, one pair after another on one core: ICP as such code commonly has it (scikit-learn's neighbours, fitted
anew in every iteration, Kabsch) with the official code's limits, Chamfer from the dense distance matrix, EMD by SciPy's
assignment on it. Ours: ``lmnet_utils.evaluation.protocol.score(icp="exact", emd=True)`` on all cores. Pairs are test objects of
FreeShapes with predictions from good to poor: the autoencoder's, the L1 encoder's, the mean shape's. Both sides take
turns, chunk by chunk; the medians over the chunks are compared.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from lmnet_utils.core.files import write_json
from lmnet_utils.core.runtime import environment
from lmnet_utils.evaluation.methods import TrainingLatents, mean_shapes, model_methods, open_task
from lmnet_utils.evaluation.protocol import protocol_clouds, score
from lmnet_utils.geometry.pointclouds import scale_to_unit_cube
from lmnet_utils.models.inference import items_of
from lmnet_utils.models.registry import load_networks

CHUNK = 24
STEPS = ("icp", "chamfer", "emd")


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


def plain(truth: np.ndarray, prediction: np.ndarray) -> tuple[tuple[float, float], list[float]]:
    """Chamfer and EMD ×100 of one pair, and no trick; the seconds of ICP, Chamfer and EMD."""
    times = [time.perf_counter()]
    truth, guess = scale_to_unit_cube(truth.astype(np.float64)), protocol_clouds(prediction[None])[0]
    turn, shift = plain_icp(truth, guess)
    guess = (guess - shift) @ turn.T
    times.append(time.perf_counter())
    costs = cdist(truth, guess)
    chamfer = costs.min(0).mean() + costs.min(1).mean()
    times.append(time.perf_counter())
    emd = costs[linear_sum_assignment(costs)].mean()
    times.append(time.perf_counter())
    return (100 * chamfer, 100 * emd), np.diff(times).tolist()


def measure(count: int) -> dict[str, float]:
    """Seconds per pair of both sides, medians over chunks; their ratio; the largest difference of their figures."""
    truth, clouds = pairs_of(count)
    score(truth, clouds, icp="exact", emd=True)  # as any evaluation, it soon starts worker processes: not timed
    parts, ours_s, difference = [], [], 0.0
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        theirs, times = zip(*(plain(a, b) for a, b in zip(truth[part], clouds[part], strict=True)), strict=True)
        begin = time.perf_counter()
        ours = score(truth[part], clouds[part], icp="exact", emd=True)
        ours_s.append((time.perf_counter() - begin) / len(theirs))
        parts.append(np.mean(times, axis=0))
        difference = max(difference, np.abs(np.stack([ours["chamfer"], ours["emd"]], 1) - theirs).max())
    plain_s = np.sum(parts, axis=1)
    return {
        "plain_s": float(np.median(plain_s)),
        **{f"plain_{name}_s": float(value) for name, value in zip(STEPS, np.median(parts, axis=0), strict=True)},
        "ours_s": float(np.median(ours_s)),
        "ratio": float(np.median(plain_s) / np.median(ours_s)),
        "lowest_ratio": float((plain_s / ours_s).min()),
        "highest_ratio": float((plain_s / ours_s).max()),
        "largest_difference": float(difference),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=96)
    parser.add_argument("--write", help="also write the results as JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # the plain side is to have one core
    results = measure(arguments.pairs)
    milliseconds = {name: f"{1000 * value:.0f} ms" for name, value in results.items() if name.endswith("_s")}
    steps = ", ".join(f"{name} {milliseconds[f'plain_{name}_s']}" for name in STEPS)
    print(f"plain {milliseconds['plain_s']} a pair ({steps}), ours {milliseconds['ours_s']}: ×{results['ratio']:.1f}")
    print(f"chunks of {CHUNK}: ×{results['lowest_ratio']:.1f} to ×{results['highest_ratio']:.1f}")
    print(f"largest difference of a Chamfer distance or EMD (×100): {results['largest_difference']:.2g}")
    if arguments.write:
        record = {"command": "python benchmarks/protocol.py", "pairs": arguments.pairs, "cores": os.cpu_count()}
        write_json(arguments.write, {**record, "results": {"protocol": results}, "environment": environment()})


if __name__ == "__main__":
    main()
