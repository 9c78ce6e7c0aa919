"""Samplers measured against a known posterior: images of which all objects that could be behind them are listed.

Of an image of the ambiguity set (:mod:`lmnet_utils.data.programs.ambiguity`) K *variants* are listed, each as likely as the
others. A sampler answers it with N clouds. Everything here but :func:`cloud_distances` and :func:`image_agreement` works
on matrices of distances: d(xᵢ, yₖ) of samples and variants, d(xᵢ, xⱼ), d(yₖ, yₗ), whatever the distance is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from lmnet_utils.core import parallel
from lmnet_utils.core.checks import Array, finite_array
from lmnet_utils.data.programs.ambiguity import AmbiguousImage, read_ambiguous
from lmnet_utils.evaluation.diversity import visible_fidelity
from lmnet_utils.evaluation.ensembles import LEVELS, min_of_n
from lmnet_utils.evaluation.statistics import finite_interval, mean_interval
from lmnet_utils.geometry.camera import camera_eye, silhouette_overlap
from lmnet_utils.geometry.frames import y_up_from_file
from lmnet_utils.geometry.neighbours import nearest, prepared
from lmnet_utils.geometry.pointclouds import scale_to_unit_cube
from lmnet_utils.geometry.visibility import visible_points

LONE_RADIUS = 0.25
"""Radius of a variant that has no other beside it: half of what variants of the set differ by at least."""
RANK_BINS = 10
COMPARED_POINTS = 1024
"""Of either half of a cloud, at most; as many as the protocol compares."""


@dataclasses.dataclass(frozen=True)
class PosteriorDistances:
    """All distances between N samples and K variants of one image.

    Attributes:
        to_variants: (N, K).
        between_samples: (N, N), symmetric; its diagonal is not looked at.
        between_variants: (K, K), symmetric; its diagonal is not looked at.
    """

    to_variants: np.ndarray
    between_samples: np.ndarray
    between_variants: np.ndarray

    def __post_init__(self) -> None:
        n, k = finite_array(self.to_variants, "to_variants", (None, None)).shape
        for name, size in (("between_samples", n), ("between_variants", k)):
            matrix = finite_array(getattr(self, name), name, (size, size))
            if not np.allclose(matrix, matrix.T, atol=1e-9):
                raise ValueError(f"{name}: expected a symmetric matrix of distances.")

    def first(self, count: int) -> PosteriorDistances:
        """The distances of the first ``count`` samples."""
        return PosteriorDistances(self.to_variants[:count], self.between_samples[:count, :count], self.between_variants)


# -------------------------------------------------------------------------------------------- distances between clouds
class _Cloud(NamedTuple):
    halves: tuple[Any, Any]
    """Ready to be searched."""
    floor: float


def chamfer_above_floor(x: Array, y: Array | None = None, *, seed: int = 0, workers: int | None = None) -> np.ndarray:
    """Chamfer distances ×100 of clouds, each scaled to the unit cube, above the floor of sampling.

    Two samplings of one surface have a Chamfer distance C of 1.5 to 7, more than many variants differ by. So every cloud
    x is cut into two halves x₁, x₂ at random, and the floors are subtracted (as a Sinkhorn divergence does with its own
    kind of bias; Feydy et al., AISTATS 2019):

        d(x, y) = ½·(C(x₁, y₂) + C(x₂, y₁)) − ½·(C(x₁, x₂) + C(y₁, y₂))

    It is 0 of a cloud with itself, and on average nearly 0 (0.0 to 0.03: each cloud is scaled by its own extent) of two
    samplings of one surface, so at times slightly negative.

    Args:
        x: (N, P, 3), P ≥ 2, any frame and unit.
        y: (K, Q, 3), Q ≥ 2. By default x: the distances between its clouds.
        seed: of the cuts.
        workers: threads; by default one a core.

    Returns:
        (N, K), or (N, N), symmetric.

    Raises:
        ValueError: wrong shapes, NaN or infinite values.
    """
    ones, of_x = _cuts(x, "x", seed)
    others, of_y = (None, of_x) if y is None else _cuts(y, "y", seed)
    return _between(ones, others, workers)[np.ix_(of_x, of_y)]


def cloud_distances(
    samples: Array, variants: Array, *, seed: int = 0, workers: int | None = None
) -> PosteriorDistances:
    """:func:`chamfer_above_floor` of samples (N, P, 3) and variants (K, Q, 3) of one image, of all pairs."""
    (ones, of_x), (others, of_y) = _cuts(samples, "samples", seed), _cuts(variants, "variants", seed)
    return PosteriorDistances(
        _between(ones, others, workers)[np.ix_(of_x, of_y)],
        _between(ones, None, workers)[np.ix_(of_x, of_x)],
        _between(others, None, workers)[np.ix_(of_y, of_y)],
    )


def _cuts(clouds: Array, name: str, seed: int) -> tuple[list[_Cloud], np.ndarray]:
    """Clouds (N, P, 3) → those that differ, cut, and (N,) which of them each is: an answer given twice is compared once."""
    clouds = finite_array(clouds, name, (None, None, 3)) + 0.0  # no -0.0, whose bytes are others
    places: dict[bytes, int] = {}
    which = np.array([places.setdefault(cloud.tobytes(), len(places)) for cloud in clouds], int)
    first = np.unique(which, return_index=True)[1]
    return [_cut(clouds[i], seed) for i in first], which


def _between(ones: Sequence[_Cloud], others: Sequence[_Cloud] | None, workers: int | None) -> np.ndarray:
    """Distances of cut clouds, (N, K); without ``others`` those between the ones, (N, N), each pair once."""

    def row(i: int) -> list[float]:
        start = i + 1 if others is None else 0
        return [0.0] * start + [_above_floor(ones[i], other) for other in (others or ones)[start:]]

    # threads: the searches release the interpreter lock
    matrix = np.array(list(parallel.each(row, zip(range(len(ones))), threads=True, jobs=workers)))
    return matrix + matrix.T if others is None else matrix


def _cut(cloud: np.ndarray, seed: int) -> _Cloud:
    count = len(cloud)
    if count < 2:
        raise ValueError(f"a cloud of {count} point cannot be cut into halves; expected at least 2.")
    order = np.random.default_rng(seed).permutation(count)[: 2 * min(COMPARED_POINTS, count // 2)]
    scaled = scale_to_unit_cube(cloud)
    halves = prepared(scaled[order[::2]]), prepared(scaled[order[1::2]])
    return _Cloud(halves, _chamfer(*halves))


def _above_floor(one: _Cloud, other: _Cloud) -> float:
    (a, b), (c, d) = one.halves, other.halves
    return (_chamfer(a, d) + _chamfer(b, c) - one.floor - other.floor) / 2


def _chamfer(x: Any, y: Any) -> float:
    """Of two prepared clouds, ×100."""
    return 100 * float(nearest(x, y)[0].mean() + nearest(y, x)[0].mean())


# ------------------------------------------------------------------------------------------------------------- figures
def variant_radii(between_variants: Array) -> np.ndarray:
    """How near a sample must come to count as a variant: half the distance to the nearest other one.

    Args:
        between_variants: (K, K).

    Returns:
        (K,); :data:`LONE_RADIUS` if there is one variant.
    """
    between = np.array(between_variants, np.float64)
    np.fill_diagonal(between, np.inf)
    return np.full(1, LONE_RADIUS) if len(between) == 1 else between.min(axis=1) / 2


def posterior_coverage(distances: PosteriorDistances) -> np.ndarray:
    """Expected share of the variants that n samples hit, for n = 1 … N; (N,), not decreasing.

    Variant k with radius r_k is hit by xᵢ if d(xᵢ, yₖ) ≤ r_k. With hₖ of the N samples hitting it, n of them do with
    probability 1 − C(N − hₖ, n)/C(N, n); the mean over the variants.
    """
    return 1 - min_of_n(~_hits(distances).T).mean(axis=0)


def posterior_precision(distances: PosteriorDistances) -> float:
    """Share of the samples that hit any variant: mean over i of [d(xᵢ, yₖ) ≤ r_k for some k]."""
    return float(_hits(distances).any(axis=1).mean())


def _hits(distances: PosteriorDistances) -> np.ndarray:
    return distances.to_variants <= variant_radii(distances.between_variants)


def posterior_energy(distances: PosteriorDistances) -> np.ndarray:
    """Energy score of n samples for n = 1 … N, in expectation over the true shape, which is any of the variants; (N,).

    ES(n) = mean_ik d(xᵢ, yₖ) − ½·(1 − 1/n)·mean_{i≠j} d(xᵢ, xⱼ)

    A single guess has its mean distance for a score. For large n it is E d(X, y) − ½ E d(X, X′) of the sampler itself
    (Gneiting & Raftery, JASA 2007, section 4.3).
    """
    count = len(distances.between_samples)
    off_diagonal = distances.between_samples[~np.eye(count, dtype=bool)]
    between = off_diagonal.mean() if count > 1 else 0.0
    return distances.to_variants.mean() - (1 - 1 / np.arange(1, count + 1)) / 2 * between


def energy_of_truth(between_variants: Array) -> float:
    """Energy score of the posterior itself, uniform over the variants: ½·Σ_kl d(yₖ, yₗ)/K²; the least there is."""
    between = np.array(between_variants, np.float64)
    np.fill_diagonal(between, 0.0)
    return float(between.mean() / 2)


def rank_distribution(distances: PosteriorDistances, shares: Array) -> np.ndarray:
    """Probability that the true shape's rank among the samples is in the lowest share p, for every p of ``shares`` (S,).

    A variant y is ranked by its mean distance to all others, among the N samples and itself: first is the most central.
    Drawn from the same distribution, all N + 1 ranks are as likely (Gneiting et al., Assessing probabilistic forecasts of
    multivariate quantities, TEST 2008, section 2.3, with this pre-rank). With b samples before y and t beside it,

        P(p) = clip((p·(N + 1) − b) / (t + 1), 0, 1), averaged over the variants,

    which is p for a calibrated sampler. So P(p) is the share of true shapes within the sampler's own most central region of
    content p; its increments over bins are the rank histogram. Below p: too narrow, or off. Above: too wide.

    Returns:
        (S,).
    """
    count = len(distances.to_variants)
    between = np.array(distances.between_samples, np.float64)
    np.fill_diagonal(between, 0.0)
    own = distances.to_variants.sum(axis=0)  # (K,)
    others = between.sum(axis=1)[:, None] + distances.to_variants  # (N, K): with y in the place of the sample itself
    slack = 1e-9 * max(float(np.abs(own).max()), 1.0)
    before = (others < own - slack).sum(axis=0)
    beside = (np.abs(others - own) <= slack).sum(axis=0)
    reached = (np.multiply.outer(np.asarray(shares), np.full(len(own), count + 1)) - before) / (beside + 1)
    return np.clip(reached, 0, 1).mean(axis=1)


def posterior_figures(distances: PosteriorDistances, counts: Sequence[int]) -> dict[str, np.ndarray]:
    """All figures of one image, for several numbers n of samples.

    Args:
        distances: of N samples and K variants.
        counts: C numbers n ≤ N.

    Returns:
        Arrays (C,): ``coverage`` (:func:`posterior_coverage`), ``precision`` (:func:`posterior_precision`, whose expectation
        does not depend on n), ``energy`` (:func:`posterior_energy`), ``energy_excess`` over :func:`energy_of_truth`, and of the
        first n samples ``region_0.5``, ``region_0.8``, ``region_0.95`` (:func:`rank_distribution`); and ``ranks`` (C, 10), the
        rank histogram in tenths.

    Raises:
        ValueError: a number of samples that there are not.
    """
    count = len(distances.to_variants)
    if not counts or not all(1 <= n <= count for n in counts):
        raise ValueError(f"counts={list(counts)}: expected numbers from 1 to {count}, the samples that there are.")
    chosen = np.array(counts) - 1
    energy = posterior_energy(distances)[chosen]
    edges = np.linspace(0, 1, RANK_BINS + 1)
    ranked = np.stack([rank_distribution(distances.first(n), [*LEVELS, *edges]) for n in counts])
    return {
        "coverage": posterior_coverage(distances)[chosen],
        "precision": np.full(len(counts), posterior_precision(distances)),
        "energy": energy,
        "energy_excess": energy - energy_of_truth(distances.between_variants),
        **{f"region_{level:g}": ranked[:, k] for k, level in enumerate(LEVELS)},
        "ranks": np.diff(ranked[:, len(LEVELS) :], axis=1),
    }


# ---------------------------------------------------------------------------------------------- clouds against an image
def image_agreement(samples: Array, truth: Array, image: np.ndarray, camera: Sequence[float]) -> dict[str, np.ndarray]:
    """How well each sample keeps to what the image shows.

    Args:
        samples: (N, P, 3), file frame, placed as the data set's objects are: bounding box centred, diagonal 1.
        truth: (M, 3) the true object, in the same frame.
        image: (137, 137, 4) uint8.
        camera: azimuth°, elevation°, distance ratio.

    Returns:
        Two (N,): ``silhouette``, intersection over union of the projected points, as discs of 2 pixels, with the image's
        mask (:func:`lmnet_utils.geometry.camera.silhouette_overlap`; of true clouds it is about 0.9, for the discs stand
        out); ``visible_distance``, mean distance of the visible true points to the sample, ×100 of the truth's longest side
        (:func:`lmnet_utils.evaluation.diversity.visible_fidelity`).
    """
    samples, truth = finite_array(samples, "samples", (None, None, 3)), finite_array(truth, "truth", (None, 3))
    azimuth, elevation, ratio = camera
    view = np.array([azimuth, elevation, 0.0, ratio, 25.0])
    visible = visible_points(truth, camera_eye(truth, azimuth, elevation, ratio))
    return {
        "silhouette": np.array([silhouette_overlap(y_up_from_file(cloud), image, view) for cloud in samples]),
        "visible_distance": visible_fidelity(truth, samples, visible)[0],
    }


def sampler_figures(image: AmbiguousImage, samples: Array, counts: Sequence[int]) -> dict[str, np.ndarray]:
    """All figures of a sampler's clouds of one image of the set.

    Args:
        image: of :func:`lmnet_utils.data.programs.ambiguity.ambiguous_images`; it is made if it is not there.
        samples: (N, P, 3), file frame, independent draws.
        counts: C numbers n ≤ N.

    Returns:
        Those of :func:`posterior_figures`, and (C,) ``silhouette`` and ``visible_distance``, the means over the samples of
        :func:`image_agreement`.
    """
    made = read_ambiguous(image)
    agreement = image_agreement(samples, made["clouds"][0], made["image"], image.camera)
    means = {name: np.full(len(counts), values.mean()) for name, values in agreement.items()}
    return posterior_figures(cloud_distances(samples, made["clouds"]), counts) | means


def ambiguity_rows(
    figures: Sequence[Mapping[str, np.ndarray]], objects: Sequence[Hashable], counts: Sequence[int]
) -> list[dict[str, Any]]:
    """Means over images with their intervals, for a table or a curve.

    Args:
        figures: V images' :func:`sampler_figures` or :func:`posterior_figures`.
        objects: (V,) what each image shows: ``image.model``.
        counts: the C numbers of samples.

    Returns:
        a row a figure and number: ``figure``, ``samples``, ``mean``, ``low``, ``high`` (95 % over objects; None with one
        object), ``objects``; of the rank histogram one a bin, ``rank_0.1`` … ``rank_1``, each 0.1 when calibrated.
    """
    rows = []
    for name in figures[0]:
        values = np.stack([one[name] for one in figures])  # (V, C) or (V, C, bins)
        columns = {name: values}
        if values.ndim == 3:
            columns = {f"rank_{(k + 1) / RANK_BINS:g}": values[..., k] for k in range(RANK_BINS)}
        for title, column in columns.items():
            for n, of_images in zip(counts, column.T, strict=True):
                found = mean_interval(of_images, objects)
                interval = {"mean": found["mean"], **finite_interval(found), "objects": found["objects"]}
                rows.append({"figure": title, "samples": n, **interval})
    return rows
