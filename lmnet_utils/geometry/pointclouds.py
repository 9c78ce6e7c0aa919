"""Point clouds: nearest neighbours, Chamfer and earth mover's distance, F-score, ICP, unit-cube scaling, sampling.

Every function takes NumPy arrays or torch tensors and returns the same kind. Clouds are (…, N, 3).
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from lmnet_utils.core import parallel
from lmnet_utils.geometry.assignment import optimal_assignment
from lmnet_utils.geometry.neighbours import nearest_in_batch

Cloud = TypeVar("Cloud", NDArray[Any], torch.Tensor)

_GPU_CHUNK = 1 << 27  # distances held at once by the dense search on a GPU: half a GiB in fp32


def scale_to_unit_cube(points: Cloud) -> Cloud:
    """Centre each cloud's bounding box on 0 and scale its longest side to 1.

    Source: paper, section 5 (ground truth and prediction are scaled *independently*); official ``metrics_utils.py``.

    Args:
        points: (…, N, 3), N ≥ 1. A cloud without extent is only centred.
    """
    if isinstance(points, torch.Tensor):
        low, high = points.amin(-2, keepdim=True), points.amax(-2, keepdim=True)
        longest = (high - low).amax(-1, keepdim=True)
        longest = torch.where(longest > 0, longest, torch.ones_like(longest))
    else:
        low, high = points.min(-2, keepdims=True), points.max(-2, keepdims=True)
        longest = (high - low).max(-1, keepdims=True)
        longest = np.where(longest > 0, longest, np.ones_like(longest))
    return (points - (low + high) / 2) / longest


# ------------------------------------------------------------------------------------------------ nearest neighbours
def nearest_neighbours(query: Cloud, reference: Cloud) -> tuple[Cloud, Cloud]:
    """For every query point the nearest reference point of the same batch item. Exact.

    On the CPU by :mod:`lmnet_utils.geometry.neighbours`, the clouds spread over the cores; on a GPU a dense search in chunks.

    Args:
        query: (B, N, 3).
        reference: (B, M, 3).

    Returns:
        Squared Euclidean distances (B, N) in the query's dtype and indices (B, N) into the reference, int64.

    Raises:
        ValueError: wrong shapes, an empty cloud, NaN or infinite coordinates.
    """
    if isinstance(query, np.ndarray):
        _check(query, reference)
        indices = nearest_in_batch(query, reference, both=False)[0]
        difference = query - np.take_along_axis(reference, indices[..., None], axis=1)
        return np.einsum("bni,bni->bn", difference, difference), indices
    _check(query, reference)
    indices = _neighbour_indices(query, reference)
    return (query - _gather(reference, indices)).square().sum(-1), indices


def _check(first: Cloud, second: Cloud) -> None:
    if first.ndim != 3 or second.ndim != 3 or first.shape[-1] != 3 or second.shape[-1] != 3:
        raise ValueError(
            f"expected clouds of shape (B, N, 3) and (B, M, 3), found {tuple(first.shape)} and {tuple(second.shape)}."
        )
    if first.shape[0] != second.shape[0]:
        raise ValueError(f"the batch sizes differ: {first.shape[0]} and {second.shape[0]} clouds.")
    if first.shape[1] == 0 or second.shape[1] == 0:
        raise ValueError(f"a cloud without points: {first.shape[1]} and {second.shape[1]} points a cloud.")
    finite = torch.isfinite if isinstance(first, torch.Tensor) else np.isfinite
    for name, cloud in (("first", first), ("second", second)):
        if not bool(finite(cloud).all()):
            raise ValueError(f"the {name} clouds hold NaN or infinite coordinates.")


def _as_numpy(points: torch.Tensor) -> NDArray[np.float64]:
    return points.detach().double().contiguous().numpy()


@torch.no_grad()
def _neighbour_indices(query: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    if query.device.type == "cpu":
        return torch.from_numpy(nearest_in_batch(_as_numpy(query), _as_numpy(reference), both=False)[0])
    return _searched_densely(query, reference)


def _searched_densely(query: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """The search on a GPU, in chunks of the batch."""
    step = max(1, _GPU_CHUNK // (query.shape[1] * reference.shape[1]))
    exact = "donot_use_mm_for_euclid_dist"  # the matrix-product form loses half the digits
    return torch.cat(
        [
            torch.cdist(query[i : i + step].float(), reference[i : i + step].float(), compute_mode=exact).argmin(-1)
            for i in range(0, len(query), step)
        ]
    )


def _gather(points: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    return points.gather(1, indices[..., None].expand(-1, -1, 3))


# ----------------------------------------------------------------------------------------------------------- Chamfer
def chamfer_distance(x: Cloud, y: Cloud, *, squared: bool = True, reduction: str = "none") -> tuple[Cloud, Cloud]:
    """Both directions of the Chamfer distance; exact and, for tensors, differentiable in both arguments.

    forward_b = mean_n min_m ‖x_bn − y_bm‖ᵖ and backward_b = mean_m min_n ‖x_bn − y_bm‖ᵖ with p = 2 (``squared``, as
    ``pytorch3d.loss.chamfer_distance``, whose value is the sum of both) or p = 1 (Euclidean, as the paper's metric and
    the official autoencoder loss). The gradient of a Euclidean distance of 0 is taken as 0.

    Args:
        x: (B, N, 3).
        y: (B, M, 3).
        squared: squared or plain Euclidean distances.
        reduction: ``"none"`` → two (B,) arrays, ``"mean"`` → two scalars.

    Raises:
        ValueError: wrong shapes, empty clouds, NaN or infinite coordinates, unknown reduction.
    """
    if reduction not in ("none", "mean"):
        raise ValueError(f"reduction={reduction!r}: expected 'none' or 'mean'.")
    if isinstance(x, np.ndarray):
        forward, backward = chamfer_distance(
            torch.from_numpy(np.ascontiguousarray(x)),
            torch.from_numpy(np.ascontiguousarray(y)),
            squared=squared,
            reduction=reduction,
        )
        return forward.numpy(), backward.numpy()
    _check(x, y)
    if x.device.type == "cpu":
        to_y, to_x = map(torch.from_numpy, nearest_in_batch(_as_numpy(x), _as_numpy(y), both=True))
    else:
        to_y, to_x = _neighbour_indices(x, y), _neighbour_indices(y, x)
    forward = _distances(x, y, to_y, squared).mean(1)
    backward = _distances(y, x, to_x, squared).mean(1)
    return (forward.mean(), backward.mean()) if reduction == "mean" else (forward, backward)


def _distances(query: torch.Tensor, reference: torch.Tensor, indices: torch.Tensor, squared: bool) -> torch.Tensor:
    distances = (query - _gather(reference, indices)).square().sum(-1)  # (B, N)
    if squared:
        return distances
    positive = distances > 0
    return torch.where(positive, torch.where(positive, distances, 1.0).sqrt(), 0.0)


def scaled_chamfer_parts(
    ground_truth: Cloud, prediction: Cloud, *, points: int = 1024, seed: int = 0
) -> tuple[Cloud, Cloud]:
    """Forward (ground truth → prediction) and backward part of :func:`scaled_chamfer`, each (B,), ×100."""
    ground_truth, prediction = scale_to_unit_cube(ground_truth), scale_to_unit_cube(prediction)
    if prediction.shape[1] > points:
        prediction = prediction[:, subset_indices(prediction.shape[1], points, seed)]
    forward, backward = chamfer_distance(ground_truth, prediction, squared=False)
    return 100 * forward, 100 * backward


def scaled_chamfer(ground_truth: Cloud, prediction: Cloud, *, points: int = 1024, seed: int = 0) -> Cloud:
    """The paper's Chamfer metric without its ICP step: ×100, Euclidean, both clouds scaled to the unit cube.

    Source: paper, section 5; official ``metrics.py``. Both clouds are scaled independently, then the prediction is
    thinned to ``points`` of its points (one seeded draw for the whole batch).

    Args:
        ground_truth: (B, M, 3); the protocol takes the 1024-point clouds.
        prediction: (B, N, 3).
        points: how many points of the prediction are kept.
        seed: of the draw.

    Returns:
        (B,) forward + backward, ×100.
    """
    forward, backward = scaled_chamfer_parts(ground_truth, prediction, points=points, seed=seed)
    return forward + backward


def _float64_pairs(first: Cloud, second: Cloud) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both batches, checked, as float64 arrays on the CPU."""
    _check(first, second)
    x, y = (
        np.ascontiguousarray(c.detach().cpu().numpy() if isinstance(c, torch.Tensor) else c, np.float64)
        for c in (first, second)
    )
    return x, y


def _equal_pairs(first: Cloud, second: Cloud) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = _float64_pairs(first, second)
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"the earth mover's distance matches points one to one and needs as many in both clouds, found "
            f"{x.shape[1]} and {y.shape[1]}: thin the larger ones first (subset_indices)."
        )
    return x, y


# ------------------------------------------------------------------------------------------------------ assignment
def optimal_matching(x: Cloud, y: Cloud) -> Cloud:
    """For every point of ``x`` its partner in the one-to-one matching of least total Euclidean distance. Exact.

    No gradient: of a loss on the matched pairs the matching itself is locally constant. For batches of a training, a few
    hundred points each: the clouds are spread over threads.

    Args:
        x: (B, N, 3).
        y: (B, N, 3), as many points.

    Returns:
        (B, N) int64 indices into ``y``.

    Raises:
        ValueError: different numbers of points, wrong shapes, empty clouds, NaN or infinite coordinates.
    """
    first, second = _equal_pairs(x, y)
    found = parallel.pool().map(lambda pair: optimal_assignment(cdist(*pair)), zip(first, second, strict=True))
    indices = np.stack(list(found)) if len(first) else np.zeros(first.shape[:2], np.int64)
    return torch.from_numpy(indices).to(x.device) if isinstance(x, torch.Tensor) else indices


# ---------------------------------------------------------------------------------------------------------- sampling
def subset_indices(total: int, count: int, seed: int) -> NDArray[np.int64]:
    """``count`` of ``range(total)`` without repetition, sorted, from a NumPy generator seeded with ``seed``."""
    if not 0 < count <= total:
        raise ValueError(f"{count} of {total} points: expected between 1 and {total}.")
    return np.sort(np.random.default_rng(seed).choice(total, count, replace=False))
