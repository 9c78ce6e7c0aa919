"""How diverse the samples of Variant II are, whether the diversity is where it should be, and whether it is worth anything.

Diversity alone is cheap: noise has it. So every figure here is made for controls as well, at the same number of samples:
Variant I, Variant I with isotropic noise of the same mean σ (:func:`isotropic_control`), and the nearest training objects
(:func:`neighbour_control`). :mod:`lmnet_utils.statistics` then says what the figures support.

Clouds are in the file frame. Distances and scores are ×100, of objects whose longest side is 1, as in
:mod:`lmnet_utils.metrics`. Samples of one image come as (N, P, 3); N of one decoder share the order of their points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.spatial import ConvexHull, QhullError, cKDTree
from scipy.spatial.distance import pdist
from scipy.stats import norm

from lmnet_utils import losses, metrics, parallel
from lmnet_utils.freeshapes import camera_position
from lmnet_utils.inference import Item, sample_latents
from lmnet_utils.pointclouds import file_from_y_up, scale_to_unit_cube, subset_indices, y_up_from_file
from lmnet_utils.statistics import mean_interval

if TYPE_CHECKING:
    from lmnet_utils.shapenet import Pack

Array = np.ndarray | torch.Tensor

ANGLE_EDGES = (0.0, 10.0, 20.0, 40.0, 90.0, 180.0)
"""Degrees from the view from behind: the penalty angle δ = 20° halved, δ, 2δ, the rest of the back, the front."""
LEVELS = (0.5, 0.8, 0.95)
PAIR_CLOUDS = 8
"""Samples whose pairs are compared by Chamfer distance: 28 pairs instead of the 2016 of 64 samples."""


# ------------------------------------------------------------------------------------------------------------- inputs
def finite_array(values: Any, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """``values`` as finite float64 of a shape, in which ``None`` is any size from 1 on."""
    values = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
    wanted = ", ".join("≥ 1" if size is None else str(size) for size in shape) + ("," if len(shape) == 1 else "")
    fits = len(values.shape) == len(shape) and all(
        found >= 1 if size is None else found == size for found, size in zip(values.shape, shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{name}: expected shape ({wanted}), found {values.shape}.")
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: {(~np.isfinite(values)).sum()} of {values.size} values are NaN or infinite.")
    return values


def _draws(samples: Array, name: str = "samples") -> np.ndarray:
    """Samples (N, P, 3) of one image, of which there must be two."""
    samples = finite_array(samples, name, (None, None, 3))
    if len(samples) < 2:
        raise ValueError(f"{name}: {len(samples)} cloud has no diversity; expected at least 2.")
    return samples


def _unit(truth: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre (3,) and longest side of a cloud: what the truth's own scaling to the unit cube does."""
    low, high = truth.min(axis=0), truth.max(axis=0)
    return (low + high) / 2, float((high - low).max()) or 1.0


# ------------------------------------------------------------------------------------------------ accuracy of samples
def sample_scores(truth: Array, samples: Array, *, seed: int = 0) -> np.ndarray:
    """Chamfer distance of each sample by the paper's protocol without ICP, ×100: :func:`lmnet_utils.metrics.score`.

    Args:
        truth: (M, 3); the protocol takes the 1024-point cloud.
        samples: (N, P, 3).
        seed: of the protocol's draw of points, the same for all samples.

    Returns:
        (N,).
    """
    truth = finite_array(truth, "truth", (None, 3))
    return metrics.chamfer_matrix(truth[None], finite_array(samples, "samples", (None, None, 3)), seed=seed)["chamfer"][
        0
    ]


def min_of_n(scores: Array, *, ordered: bool = False) -> np.ndarray:
    """The expected best of n samples, for n = 1 … N, from N drawn samples.

    The mean of the minimum over *all* subsets of n of the N samples, which is unbiased; the minimum of the first n is so
    too, but noisier. Of sorted scores, s₍ᵢ₎ is the minimum of C(N − i, n − 1) of the C(N, n) subsets. Entry 0 is the
    mean of all samples, which is the unbiased estimate of mean-of-n for every n.
    For the best of scores where more is better: ``-min_of_n(-scores)``.

    Args:
        scores: (…, N) of samples drawn from one distribution.
        ordered: the samples are no draws but a ranking (neighbours, nearest first): the minimum of the first n.

    Returns:
        (…, N), not increasing along the last axis.
    """
    scores = np.asarray(scores, np.float64)
    if scores.ndim == 0 or scores.size == 0 or not np.isfinite(scores).all():
        raise ValueError(
            f"scores: expected finite values of shape (…, N ≥ 1), found shape {scores.shape}, or NaN in it."
        )
    if ordered:
        return np.minimum.accumulate(scores, axis=-1)
    count = scores.shape[-1]
    n = np.arange(1, count + 1)  # columns; rows are the ranks i
    i = np.arange(1, count)[:, None]
    steps = np.clip(count - i - n + 1, 0, None) / (count - i)  # weight of rank i + 1 divided by that of rank i
    weights = np.cumprod(np.vstack([n / count, steps]), axis=0)  # (N ranks, N)
    return np.sort(scores, axis=-1) @ weights


# -------------------------------------------------------------------------------------------------------------- spread
def point_spread(samples: Array) -> np.ndarray:
    """How far each point moves from sample to sample: root mean square distance from its mean place.

    Args:
        samples: (N, P, 3), N ≥ 2, of one decoder, whose point k is the same point in every cloud.

    Returns:
        (P,) in the clouds' units; squared, the unbiased variance of the position, summed over the three axes.
    """
    samples = _draws(samples)
    moved = samples - samples[0]  # of equal samples exactly 0
    return np.sqrt(moved.var(axis=0, ddof=1).sum(axis=-1))


def pairwise_point_distance(samples: Array) -> float:
    """Mean distance between the same point in two samples, over all points and all pairs of samples, in their units.

    Args:
        samples: as :func:`point_spread`.
    """
    samples = _draws(samples)
    sums = [
        np.sqrt(np.square(samples[i + 1 :] - samples[i]).sum(axis=-1)).mean(axis=1).sum()
        for i in range(len(samples) - 1)
    ]
    return float(sum(sums) / (len(samples) * (len(samples) - 1) / 2))


def mean_pairwise_chamfer(truth: Array, samples: Array, *, clouds: int = PAIR_CLOUDS, seed: int = 0) -> float:
    """Mean Chamfer distance between two samples, ×100, both in the truth's scaling and thinned alike to 1024 points.

    N times this is the total mutual difference (TMD) of N samples (Wu et al., Multimodal Shape Completion via
    Conditional Generative Adversarial Networks, ECCV 2020). Of clouds without a common point order, such as training
    clouds, it holds the sampling floor of the metric as well.

    Args:
        truth: (M, 3), gives the scale.
        samples: (N, P, 3), N ≥ 2.
        clouds: the pairs of the first so many samples are averaged, 28 for 8: a pair takes milliseconds.
        seed: of the draw of points.
    """
    samples = _draws(samples)[: _at_least_two(clouds)]
    side = _unit(finite_array(truth, "truth", (None, 3)))[1]
    kept = _thinned(samples, seed)[0] / side
    trees = [cKDTree(cloud) for cloud in kept]
    return float(np.mean([_chamfer(kept[i], trees[i], kept[j], trees[j]) for i, j in _pairs(len(kept))]))


def _at_least_two(clouds: int) -> int:
    if clouds < 2:
        raise ValueError(f"clouds={clouds}: expected at least 2, to have a pair.")
    return clouds


def _pairs(count: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(count) for j in range(i + 1, count)]


def _thinned(clouds: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The protocol's 1024 points of each cloud (N, P, 3), and other ones; clouds of fewer than 2048 are cut in halves."""
    count = clouds.shape[1]
    size = min(metrics.EVALUATION_POINTS, max(count // 2, 1))
    first = subset_indices(count, size, seed)
    rest = np.setdiff1d(np.arange(count), first)
    return clouds[:, first], clouds[:, rest[:size] if len(rest) else first]


def _chamfer(x: np.ndarray, x_tree: cKDTree, y: np.ndarray, y_tree: cKDTree) -> float:
    return 100 * float(y_tree.query(x)[0].mean() + x_tree.query(y)[0].mean())


# -------------------------------------------------------------------------------------------------- visible and hidden
def camera_eye(truth: Array, azimuth: float, elevation: float, distance_ratio: float) -> np.ndarray:
    """Where R2N2's camera stands, in the frame and the units of a cloud.

    The rendered object had its bounding box centred and of diagonal 1
    (see :func:`lmnet_utils.freeshapes.camera_position`); the true cloud says where that is.

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


def cameras_of(pack: Pack, items: Sequence[Item]) -> np.ndarray:
    """Azimuth°, elevation°, distance ratio (V, 3) of images of a data set."""
    rows, views = pack.rows([item.model for item in items]), [item.view for item in items]
    angles = np.degrees([pack.azimuths[rows, views], pack.elevations[rows, views]])
    return np.column_stack([*angles, pack.distances[rows, views]]).astype(np.float64)


def visible_points(points: Array, eye: Array, *, flip: float = 100.0) -> np.ndarray:
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


def hidden_share(samples: Array, visible: Array) -> dict[str, float]:
    """How the samples' variation divides between the side that the camera sees and the one it does not.

    Both sides count per point, so that variation of equal size everywhere gives ratio 1 and share ½ however many points
    are hidden. A decoder moves some parts more than others whatever the image, so compare with :func:`isotropic_control`.
    Average the share over images; the ratio's mean is ruled by a few images with little visible variation.

    Args:
        samples: (N, P, 3), N ≥ 2, with a common point order.
        visible: (P,) bool, such as :func:`visible_points` of the samples' mean.

    Returns:
        ``visible_variance`` and ``hidden_variance``: mean over the points of the position's variance, in the clouds'
        units squared; ``ratio`` hidden / visible; ``share`` hidden / (hidden + visible). NaN where a side has no points,
        or nothing varies.
    """
    variance = np.square(point_spread(samples))
    visible = np.asarray(visible)
    if visible.shape != variance.shape or visible.dtype != bool:
        raise ValueError(f"visible: expected booleans ({len(variance)},), found {visible.dtype} {visible.shape}.")
    seen = float(variance[visible].mean()) if visible.any() else np.nan
    hidden = float(variance[~visible].mean()) if not visible.all() else np.nan
    return {
        "visible_variance": seen,
        "hidden_variance": hidden,
        "ratio": quotient(hidden, seen),
        "share": quotient(hidden, hidden + seen),
    }


def quotient(numerator: float, denominator: float) -> float:
    if denominator == 0:
        return np.inf if numerator > 0 else np.nan
    return numerator / denominator


def visible_fidelity(truth: Array, samples: Array, visible: Array) -> tuple[np.ndarray, np.ndarray]:
    """Distance from the visible and from the hidden part of the truth to each sample, ×100.

    Both are in the truth's scaling, so that a shift or another size counts. A plausible sample keeps to what the image
    shows and departs from the truth only where that is hidden.

    Args:
        truth: (M, 3).
        samples: (N, P, 3).
        visible: (M,) bool, :func:`visible_points` of the truth.

    Returns:
        Two (N,): mean distance of the visible and of the hidden true points to the sample's nearest point; NaN where
        that part is empty.
    """
    truth, samples = finite_array(truth, "truth", (None, 3)), finite_array(samples, "samples", (None, None, 3))
    visible = np.asarray(visible)
    if visible.shape != truth.shape[:1] or visible.dtype != bool:
        raise ValueError(f"visible: expected booleans ({len(truth)},), found {visible.dtype} {visible.shape}.")
    distances = np.stack([cKDTree(sample).query(truth)[0] for sample in samples]) * 100 / _unit(truth)[1]  # (N, M)
    empty = np.full(len(samples), np.nan)
    return (
        distances[:, visible].mean(axis=1) if visible.any() else empty,
        distances[:, ~visible].mean(axis=1) if not visible.all() else empty,
    )


# ----------------------------------------------------------------------------------------------------- σ and the angle
def mean_sigma(log_variance: Array) -> np.ndarray:
    """σ of each image: exp(½·log-variance), averaged over the latents; (B, 512) → (B,)."""
    return np.exp(0.5 * finite_array(log_variance, "log_variance", (None, None))).mean(axis=1)


def angle_from_behind(azimuths: Array) -> np.ndarray:
    """|azimuth − 180°| on the circle, 0 … 180; azimuths in degrees, of any shape."""
    azimuths = np.asarray(azimuths, np.float64)
    if not np.isfinite(azimuths).all():
        raise ValueError("azimuths: NaN or infinite values.")
    return np.abs(azimuths % 360 - 180)


def bin_by_angle(
    values: Array,
    azimuths: Array,
    objects: Sequence[Any],
    *,
    edges: Sequence[float] = ANGLE_EDGES,
    alpha: float = 0.2,
    penalty_angle: float = 20.0,
) -> list[dict[str, Any]]:
    """Any figure of images in bins of the angle from behind, beside the σ that the diversity loss asks for there.

    Args:
        values: (V,) one figure an image, or (S, V) for S training seeds.
        azimuths: (V,) degrees.
        objects: (V,) what each image shows.
        edges: of the bins, degrees, ascending; a bin holds its lower edge, the last one its upper edge as well.
        alpha, penalty_angle: as :func:`lmnet_utils.losses.target_sigma`.

    Returns:
        One row a bin: ``from``, ``to`` (degrees), ``images``, ``objects`` (how many), ``mean``, ``low``, ``high`` (of
        :func:`lmnet_utils.statistics.mean_interval`) and ``target_sigma``, averaged over the bin's images; None where a
        bin is empty.
    """
    values = np.atleast_2d(np.asarray(values, np.float64))
    angles = angle_from_behind(finite_array(azimuths, "azimuths", (values.shape[1],)))
    if len(objects) != values.shape[1]:
        raise ValueError(f"{len(objects)} objects for {values.shape[1]} images: expected what each image shows.")
    edges = finite_array(edges, "edges", (None,))
    if len(edges) < 2 or (np.diff(edges) <= 0).any():
        raise ValueError(f"edges={edges.tolist()}: expected at least two ascending angles in degrees.")
    target = losses.target_sigma(torch.from_numpy(np.radians(180 + angles)), alpha, penalty_angle).numpy()
    rows = []
    for low, high in zip(edges, edges[1:], strict=False):
        inside = np.flatnonzero((angles >= low) & ((angles < high) | (angles == high) & (high == edges[-1])))
        row = {"from": float(low), "to": float(high), "images": len(inside), "objects": 0}
        row |= dict.fromkeys(("mean", "low", "high", "target_sigma"))
        if len(inside):
            figures = mean_interval(values[:, inside], [objects[i] for i in inside])
            row |= {key: figures[key] for key in ("objects", "mean", "low", "high")}
            row["target_sigma"] = float(target[inside].mean())
        rows.append(row)
    return rows


# ----------------------------------------------------------------------------------- is the spread the error's measure?
def calibration(mean: Array, sigma: Array, truth: Array) -> dict[str, Any]:
    """Whether the predicted σ is as large as the error of the predicted mean.

    Args:
        mean: (B, D) predicted latents.
        sigma: (B, D) predicted standard deviations.
        truth: (B, D) true latents.

    Returns:
        Root mean squares over the latents ``error`` and ``sigma``, each (B,), their ``ratio`` (B,), and ``pooled``, the
        ratio over all images: 1 when calibrated, above 1 where the model is too sure; infinite if σ is 0.
    """
    mean, sigma, truth = _posterior(mean, sigma, truth)
    error, width = np.sqrt(np.square(mean - truth).mean(axis=1)), np.sqrt(np.square(sigma).mean(axis=1))
    ratio = np.array([quotient(*pair) for pair in zip(error, width, strict=True)])
    pooled = quotient(float(np.sqrt(np.square(error).mean())), float(np.sqrt(np.square(width).mean())))
    return {"error": error, "sigma": width, "ratio": ratio, "pooled": pooled}


def _posterior(mean: Array, sigma: Array, truth: Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    mean = finite_array(mean, "mean", (None, None))
    sigma, truth = finite_array(sigma, "sigma", mean.shape), finite_array(truth, "truth", mean.shape)
    if (sigma < 0).any():
        raise ValueError("sigma: negative values. Is this a log-variance? σ = exp(½·log-variance).")
    return mean, sigma, truth


def energy_score(to_truth: Array, between: Array) -> float:
    """The energy score of an ensemble, E‖X − y‖ − ½·E‖X − X′‖, from its distances; lower is better.

    Proper for Euclidean distances (Gneiting & Raftery, Strictly Proper Scoring Rules, Prediction, and Estimation, JASA
    2007, section 4.3): no ensemble does better on average than draws from what is known. Unbiased, because the pairs are
    of different samples. A single guess has its error for a score.

    Args:
        to_truth: (N,) distances of samples to the truth.
        between: (K,) distances between different samples.
    """
    return float(
        finite_array(to_truth, "to_truth", (None,)).mean() - finite_array(between, "between", (None,)).mean() / 2
    )


def latent_energy_score(samples: Array, truth: Array) -> float:
    """:func:`energy_score` of samples (N, D), N ≥ 2, of one image's latent against the true latent (D,), Euclidean."""
    samples = finite_array(samples, "samples", (None, None))
    truth = finite_array(truth, "truth", samples.shape[1:])
    if len(samples) < 2:
        raise ValueError("samples: an energy score needs at least 2; a single guess has its distance to the truth.")
    return energy_score(np.linalg.norm(samples - truth, axis=1), pdist(samples))


def cloud_energy_score(
    truth: Array, samples: Array, *, scores: Array | None = None, clouds: int = PAIR_CLOUDS, seed: int = 0
) -> float:
    """:func:`energy_score` of sample clouds with the protocol's Chamfer distance, ×100.

    Two samples are compared by *different* points of the decoder. By the same points, their distance would grow with
    any tremor, while the distance to the truth, which holds the sampling floor, would not: noise too small to be seen
    would win. With different points both hold the floor, and a deterministic model is scored on the same terms
    (as two equal samples: Chamfer minus half its own floor). The Chamfer distance is no metric, so this one score is
    not proper in the strict sense; :func:`latent_energy_score` is.

    Args:
        truth: (M, 3).
        samples: (N, P, 3), N ≥ 2.
        scores: (N,) :func:`sample_scores`, if they are at hand.
        clouds: the pairs of the first so many samples are averaged, 28 for 8.
        seed: of the draws of points.
    """
    samples = _draws(samples)
    scores = sample_scores(truth, samples, seed=seed) if scores is None else scores
    one, other = _thinned(scale_to_unit_cube(samples[: _at_least_two(clouds)]), seed)
    one_trees, other_trees = [cKDTree(cloud) for cloud in one], [cKDTree(cloud) for cloud in other]
    between = [_chamfer(one[i], one_trees[i], other[j], other_trees[j]) for i, j in _pairs(len(one))]
    return energy_score(scores, between)


def gaussian_coverage(
    mean: Array, sigma: Array, truth: Array, levels: Sequence[float] = LEVELS
) -> dict[float, np.ndarray]:
    """Share of the true latents within the central intervals of the predicted Gaussians.

    Args:
        mean, sigma, truth: (B, D) each.
        levels: nominal contents; a calibrated model's shares equal them.

    Returns:
        level → (B,) share of an image's latents.
    """
    mean, sigma, truth = _posterior(mean, sigma, truth)
    return {level: (np.abs(truth - mean) <= norm.ppf((1 + _level(level)) / 2) * sigma).mean(axis=1) for level in levels}


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level {level}: expected between 0 and 1, such as 0.95.")
    return level


def rank_coverage(samples: Array, truth: Array, levels: Sequence[float] = LEVELS) -> dict[float, float]:
    """Share of true values within the central intervals of an ensemble, by ranks: no distribution is assumed.

    Between the a-th smallest and the a-th largest of N samples a further draw lies with probability
    (N + 1 − 2a)/(N + 1); between two such levels the share is interpolated, so that the expected share of a calibrated
    ensemble is the level itself.

    Args:
        samples: (N, …) such as latents (N, 512) or clouds (N, 2048, 3) with a common point order.
        truth: (…) such as the true latent, or the autoencoder's reconstruction of the truth, which has that order too.
        levels: nominal contents.

    Returns:
        level → share; NaN for a level above (N − 1)/(N + 1), which N samples cannot tell (39 for 95 %).
    """
    samples = np.asarray(samples, np.float64)
    if samples.ndim < 2 or samples.size == 0:
        raise ValueError(f"samples: expected shape (N, …) with values, found {samples.shape}.")
    samples = finite_array(samples, "samples", samples.shape)
    truth = finite_array(truth, "truth", samples.shape[1:])
    count = len(samples)
    below, above = (samples <= truth).sum(axis=0), (samples >= truth).sum(axis=0)
    depth = np.minimum(below, above).ravel()  # the truth lies between the a-th smallest and a-th largest, a ≤ depth
    a = np.arange(count // 2, 0, -1)  # nominal content ascending
    nominal = np.append(0.0, (count + 1 - 2 * a) / (count + 1))
    found = np.append(0.0, [(depth >= k).mean() for k in a])
    known = nominal[-1] + 1e-12
    return {level: float(np.interp(level, nominal, found)) if _level(level) <= known else np.nan for level in levels}


# ------------------------------------------------------------------------------------------------------------ controls
def isotropic_control(
    mean: torch.Tensor,
    sigma_mean: Array,
    n: int,
    *,
    seed: int = 0,
    indices: Sequence[int] | None = None,
) -> torch.Tensor:
    """Latents with the same amount of noise in every direction: what diversity costs nothing to have.

    The noise is that of :func:`lmnet_utils.inference.sample_latents` for the same seed and indices, times one σ an
    image. Equal mean σ leaves Variant II, whose σ differ, somewhat more variance; for equal variance give the root mean
    square of its σ instead.

    Args:
        mean: (B, 512), such as Variant I's latents (or Variant II's means, to test the shape of its noise alone).
        sigma_mean: (B,) the compared model's :func:`mean_sigma` for the same images.
        n: samples an image.
        seed, indices: as :func:`lmnet_utils.inference.sample_latents`.

    Returns:
        (B, n, 512), as fp32 as ``mean``.
    """
    mean = torch.as_tensor(mean)
    sigma = finite_array(sigma_mean, "sigma_mean", (len(mean),)) if len(mean) else np.zeros(0)
    if (sigma < 0).any():
        raise ValueError("sigma_mean: negative values. Is this a log-variance? σ = exp(½·log-variance).")
    log_variance = 2 * torch.from_numpy(sigma).to(mean.dtype).log()[:, None].expand_as(mean)  # σ = 0 gives no noise
    return sample_latents(mean, log_variance, n, seed=seed, indices=indices)


def neighbour_control(latents: Array, references: Array, n: int) -> np.ndarray:
    """The n nearest training latents of each predicted latent: retrieval as a source of diversity.

    The clouds are those of the training set, with no common point order, and a ranking rather than draws:
    ``drawn=False`` in :func:`diversity_of_images`.

    Args:
        latents: (B, D) such as an encoder's predictions.
        references: (R, D) the autoencoder's latents of the training clouds, R ≥ n.
        n: how many.

    Returns:
        (B, n) int64 rows of ``references``, nearest first.
    """
    latents = finite_array(latents, "latents", (None, None))
    references = finite_array(references, "references", (None, latents.shape[1]))
    if not 1 <= n <= len(references):
        raise ValueError(f"n={n}: expected 1 to {len(references)}, the number of training objects.")
    return cKDTree(references).query(latents, np.arange(1, n + 1))[1].astype(np.int64)


# -------------------------------------------------------------------------------------------------------------- driver
def diversity_of_images(
    truths: Sequence[np.ndarray] | np.ndarray,
    cameras: Array,
    clouds: Callable[[int], Array],
    *,
    latents: Callable[[int], Array] | None = None,
    true_latents: Array | None = None,
    drawn: bool = True,
    copies: int = 1,
    pair_clouds: int = PAIR_CLOUDS,
    levels: Sequence[float] = LEVELS,
    seed: int = 0,
    workers: int | None = None,
    progress: str = "",
) -> dict[str, np.ndarray]:
    """All figures of one method's samples, image after image: only the clouds of the images at work are held.

    ::

        def draw(i):
            return sample_latents(mean[i : i + 1], log_variance[i : i + 1], 64, indices=[items[i].noise_index])[0]

        figures = diversity_of_images(
            pack.points_1024[rows], cameras, lambda i: decode(decoder, draw(i)), latents=draw, true_latents=targets
        )

    Args:
        truths: V clouds (M, 3), file frame; the protocol takes the 1024-point ones.
        cameras: (V, 3) azimuth°, elevation°, distance ratio.
        clouds: i → the samples (N, P, 3) of image i. It is called by several threads. A single cloud (1, P, 3), such as
            Variant I's, stands for ``copies`` equal ones.
        latents: i → the samples' latents (N, D), for the figures of the latents.
        true_latents: (V, D), needed with ``latents``.
        drawn: the clouds are draws of one decoder. False for ranked clouds without a common point order
            (:func:`neighbour_control`): ``min_of_n`` is then the best of the first n, figures by points are NaN.
        copies: N for a method with a single cloud.
        pair_clouds: as ``clouds`` of :func:`mean_pairwise_chamfer`.
        levels: of :func:`rank_coverage`.
        seed: of the protocol's draw of points.
        workers: threads; by default one a core. The figures do not depend on it.
        progress: text beside a progress bar; empty for none.

    Returns:
        Arrays (V,) unless said otherwise, distances ×100 in units of the truth's longest side:

        - ``scores`` (V, N), ``min_of_n`` (V, N), ``mean_of_n``: :func:`sample_scores`, :func:`min_of_n`, and their mean;
        - ``pairwise_chamfer``, ``pairwise_points``, ``total_mutual_difference`` (N × pairwise Chamfer), ``spread``
          (:func:`point_spread`, mean over the points);
        - ``visible_points`` (share of the mean cloud's points that the camera sees), ``visible_spread``,
          ``hidden_spread`` (root mean squares), ``hidden_ratio``, ``hidden_share``: :func:`hidden_share`;
        - ``visible_fidelity``, ``hidden_fidelity``: means over the samples of :func:`visible_fidelity`; with
          ``visible_fidelity_of_samples`` (V, N);
        - ``energy``: :func:`cloud_energy_score`;
        - with latents ``latent_energy`` and ``latent_coverage_<level>`` (``latent_coverage_0.95``).

    Raises:
        ValueError: of the functions above, with the image's number; different numbers of samples.
    """
    count = len(truths)
    if count == 0:
        raise ValueError("truths: no images.")
    cameras = finite_array(cameras, "cameras", (count, 3))
    if latents is not None:
        if true_latents is None:
            raise ValueError("latents without true_latents: give both, or neither.")
        true_latents = finite_array(true_latents, "true_latents", (count, None))
    if copies < 1:
        raise ValueError(f"copies={copies}: expected at least 1.")

    def one(i: int) -> dict[str, Any]:
        try:
            figures = _figures(truths[i], cameras[i], clouds(i), drawn, copies, pair_clouds, seed)
            if latents is not None:
                figures |= _latent_figures(latents(i), true_latents[i], levels)
        except ValueError as error:
            raise ValueError(f"image {i}: {error}") from error
        return figures

    bar = {"desc": progress or None, "unit": "image", "disable": not progress}
    # threads: SciPy's trees release the interpreter lock
    rows = list(parallel.each(one, zip(range(count)), threads=True, jobs=workers, bar=bar))
    numbers = {len(row["scores"]) for row in rows}
    if len(numbers) > 1:
        raise ValueError(f"images with {min(numbers)} and with {max(numbers)} samples: expected as many for each.")
    return {key: np.stack([row[key] for row in rows]) for key in rows[0]}


def _figures(
    truth: Array, camera: np.ndarray, samples: Array, drawn: bool, copies: int, pair_clouds: int, seed: int
) -> dict[str, Any]:
    """Figures of one image's clouds; see :func:`diversity_of_images`."""
    truth, samples = finite_array(truth, "truth", (None, 3)), finite_array(samples, "clouds", (None, None, 3))
    single = len(samples) == 1
    scores = sample_scores(truth, samples, seed=seed)
    eye, side = camera_eye(truth, *camera), _unit(truth)[1]
    visible, hidden = visible_fidelity(truth, samples, visible_points(truth, eye))
    if single:
        scores, visible, hidden = (np.repeat(values, copies) for values in (scores, visible, hidden))
        samples = np.repeat(samples, 2, axis=0)
    figures = {
        "scores": scores,
        "mean_of_n": scores.mean(),
        "min_of_n": min_of_n(scores, ordered=not drawn),
        "pairwise_chamfer": 0.0 if single else mean_pairwise_chamfer(truth, samples, clouds=pair_clouds, seed=seed),
        "energy": cloud_energy_score(truth, samples, scores=scores, clouds=pair_clouds, seed=seed),
        "visible_fidelity": visible.mean(),
        "hidden_fidelity": hidden.mean(),
        "visible_fidelity_of_samples": visible,
    }
    figures["total_mutual_difference"] = len(scores) * figures["pairwise_chamfer"]
    names = ("pairwise_points", "spread", "visible_points", "visible_spread", "hidden_spread")
    figures |= dict.fromkeys((*names, "hidden_ratio", "hidden_share"), np.nan)
    if drawn:
        seen = visible_points(samples.mean(axis=0), eye)
        parts = hidden_share(samples, seen)
        figures |= {
            "pairwise_points": 100 * pairwise_point_distance(samples) / side,
            "spread": 100 * point_spread(samples).mean() / side,
            "visible_points": seen.mean(),
            "visible_spread": 100 * np.sqrt(parts["visible_variance"]) / side,
            "hidden_spread": 100 * np.sqrt(parts["hidden_variance"]) / side,
            "hidden_ratio": parts["ratio"],
            "hidden_share": parts["share"],
        }
    return figures


def _latent_figures(samples: Array, truth: np.ndarray, levels: Sequence[float]) -> dict[str, Any]:
    samples = finite_array(samples, "latents", (None, len(truth)))
    single = len(samples) == 1
    figures = {"latent_energy": np.linalg.norm(samples[0] - truth) if single else latent_energy_score(samples, truth)}
    covered = dict.fromkeys(levels, np.nan) if single else rank_coverage(samples, truth, levels)
    return figures | {f"latent_coverage_{level:g}": share for level, share in covered.items()}
