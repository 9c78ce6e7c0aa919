"""How diverse the samples of Variant II are, whether the diversity is where it should be, and whether it is worth anything.

Diversity alone is cheap: noise has it. So every figure here is made for controls as well, at the same number of samples:
Variant I, Variant I with isotropic noise of the same mean σ, and the nearest training objects
(:mod:`lmnet_utils.evaluation.study`). :mod:`lmnet_utils.evaluation.statistics` then says what the figures support.

Clouds are in the file frame. Distances and scores are ×100, of objects whose longest side is 1, as in
:mod:`lmnet_utils.evaluation.protocol`. Samples of one image come as (N, P, 3); N of one decoder share the order of their points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lmnet_utils.core import parallel
from lmnet_utils.core.checks import Array, finite_array
from lmnet_utils.evaluation import protocol
from lmnet_utils.evaluation.ensembles import (
    LEVELS,
    energy_score,
    latent_energy_score,
    min_of_n,
    quotient,
    rank_coverage,
)
from lmnet_utils.geometry.camera import camera_eye
from lmnet_utils.geometry.neighbours import nearest, prepared
from lmnet_utils.geometry.pointclouds import scale_to_unit_cube, subset_indices
from lmnet_utils.geometry.visibility import visible_points

PAIR_CLOUDS = 8
"""Samples whose pairs are compared by Chamfer distance: 28 pairs instead of the 2016 of 64 samples."""


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
    """Chamfer distance of each sample by the paper's protocol without ICP, ×100: :func:`lmnet_utils.evaluation.protocol.score`.

    Args:
        truth: (M, 3); the protocol takes the 1024-point cloud.
        samples: (N, P, 3).
        seed: of the protocol's draw of points, the same for all samples.

    Returns:
        (N,).
    """
    truth = finite_array(truth, "truth", (None, 3))
    return protocol.chamfer_matrix(truth[None], finite_array(samples, "samples", (None, None, 3)), seed=seed)[
        "chamfer"
    ][0]


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
    clouds_kept = [prepared(cloud) for cloud in kept]
    return float(np.mean([_chamfer(clouds_kept[i], clouds_kept[j]) for i, j in _pairs(len(kept))]))


def _at_least_two(clouds: int) -> int:
    if clouds < 2:
        raise ValueError(f"clouds={clouds}: expected at least 2, to have a pair.")
    return clouds


def _pairs(count: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(count) for j in range(i + 1, count)]


def _thinned(clouds: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The protocol's 1024 points of each cloud (N, P, 3), and other ones; clouds of fewer than 2048 are cut in halves."""
    count = clouds.shape[1]
    size = min(protocol.EVALUATION_POINTS, max(count // 2, 1))
    first = subset_indices(count, size, seed)
    rest = np.setdiff1d(np.arange(count), first)
    return clouds[:, first], clouds[:, rest[:size] if len(rest) else first]


def _chamfer(x: Any, y: Any) -> float:
    """Of two prepared clouds, ×100."""
    return 100 * float(nearest(x, y)[0].mean() + nearest(y, x)[0].mean())


def hidden_share(samples: Array, visible: Array) -> dict[str, float]:
    """How the samples' variation divides between the side that the camera sees and the one it does not.

    Both sides count per point, so that variation of equal size everywhere gives ratio 1 and share ½ however many points
    are hidden. A decoder moves some parts more than others whatever the image, so compare with
    :func:`lmnet_utils.models.samplers.isotropic_control`.
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
    points = prepared(truth)
    distances = np.stack([nearest(points, prepared(sample))[0] for sample in samples]) * 100 / _unit(truth)[1]  # (N, M)
    empty = np.full(len(samples), np.nan)
    return (
        distances[:, visible].mean(axis=1) if visible.any() else empty,
        distances[:, ~visible].mean(axis=1) if not visible.all() else empty,
    )


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
    ones, others = [prepared(cloud) for cloud in one], [prepared(cloud) for cloud in other]
    between = [_chamfer(ones[i], others[j]) for i, j in _pairs(len(ones))]
    return energy_score(scores, between)


# -------------------------------------------------------------------------------------------------------------- driver
@dataclass(frozen=True)
class Ensemble:
    """The N answers of one method to each of V images, made when they are asked for, by several threads.

    ::

        def draw(i):
            return sample_latents(mean[i : i + 1], log_variance[i : i + 1], 64, indices=[items[i].noise_index])[0]

        answers = Ensemble(lambda i: decode(decoder, draw(i)), latents=draw, true_latents=targets)

    Attributes:
        clouds: i → the samples (N, P, 3) of image i. A single cloud (1, P, 3), such as Variant I's, stands for ``copies``
            equal ones.
        copies: N for a method with a single cloud.
        drawn: the clouds are draws of one decoder. False for ranked clouds without a common point order
            (:func:`lmnet_utils.models.samplers.neighbour_control`): ``min_of_n`` is then the best of the first n,
            figures by points are NaN.
        latents: i → the samples' latents (N, D), for the figures of the latents.
        true_latents: (V, D), needed with ``latents``.
    """

    clouds: Callable[[int], Array]
    copies: int = 1
    drawn: bool = True
    latents: Callable[[int], Array] | None = None
    true_latents: Array | None = None

    def __post_init__(self) -> None:
        if self.copies < 1:
            raise ValueError(f"copies={self.copies}: expected at least 1.")
        if self.latents is not None and self.true_latents is None:
            raise ValueError("latents without true_latents: give both, or neither.")


def diversity_of_images(
    truths: Sequence[np.ndarray] | np.ndarray,
    cameras: Array,
    answers: Ensemble,
    *,
    seed: int = 0,
    workers: int | None = None,
) -> dict[str, np.ndarray]:
    """All figures of one method's samples, image after image: only the clouds of the images at work are held.

    Args:
        truths: V clouds (M, 3), file frame; the protocol takes the 1024-point ones.
        cameras: (V, 3) azimuth°, elevation°, distance ratio.
        answers: of the method.
        seed: of the protocol's draw of points.
        workers: threads; by default one a core. The figures do not depend on it.

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
    if answers.latents is not None:
        true_latents = finite_array(answers.true_latents, "true_latents", (count, None))

    def one(i: int) -> dict[str, Any]:
        try:
            figures = _figures(truths[i], cameras[i], answers.clouds(i), answers, seed)
            if answers.latents is not None:
                figures |= _latent_figures(answers.latents(i), true_latents[i])
        except ValueError as error:
            raise ValueError(f"image {i}: {error}") from error
        return figures

    # threads: SciPy's trees release the interpreter lock
    rows = list(parallel.each(one, zip(range(count)), threads=True, jobs=workers))
    numbers = {len(row["scores"]) for row in rows}
    if len(numbers) > 1:
        raise ValueError(f"images with {min(numbers)} and with {max(numbers)} samples: expected as many for each.")
    return {key: np.stack([row[key] for row in rows]) for key in rows[0]}


def _figures(truth: Array, camera: np.ndarray, samples: Array, answers: Ensemble, seed: int) -> dict[str, Any]:
    """Figures of one image's clouds; see :func:`diversity_of_images`."""
    truth, samples = finite_array(truth, "truth", (None, 3)), finite_array(samples, "clouds", (None, None, 3))
    single = len(samples) == 1
    scores = sample_scores(truth, samples, seed=seed)
    eye, side = camera_eye(truth, *camera), _unit(truth)[1]
    visible, hidden = visible_fidelity(truth, samples, visible_points(truth, eye))
    if single:
        scores, visible, hidden = (np.repeat(values, answers.copies) for values in (scores, visible, hidden))
        samples = np.repeat(samples, 2, axis=0)
    figures = {
        "scores": scores,
        "mean_of_n": scores.mean(),
        "min_of_n": min_of_n(scores, ordered=not answers.drawn),
        "pairwise_chamfer": 0.0 if single else mean_pairwise_chamfer(truth, samples, seed=seed),
        "energy": cloud_energy_score(truth, samples, scores=scores, seed=seed),
        "visible_fidelity": visible.mean(),
        "hidden_fidelity": hidden.mean(),
        "visible_fidelity_of_samples": visible,
    }
    figures["total_mutual_difference"] = len(scores) * figures["pairwise_chamfer"]
    names = ("pairwise_points", "spread", "visible_points", "visible_spread", "hidden_spread")
    figures |= dict.fromkeys((*names, "hidden_ratio", "hidden_share"), np.nan)
    if answers.drawn:
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


def _latent_figures(samples: Array, truth: np.ndarray) -> dict[str, Any]:
    samples = finite_array(samples, "latents", (None, len(truth)))
    single = len(samples) == 1
    figures = {"latent_energy": np.linalg.norm(samples[0] - truth) if single else latent_energy_score(samples, truth)}
    covered = dict.fromkeys(LEVELS, np.nan) if single else rank_coverage(samples, truth)
    return figures | {f"latent_coverage_{level:g}": share for level, share in covered.items()}
