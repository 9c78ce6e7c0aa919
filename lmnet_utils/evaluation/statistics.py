"""The kit's intervals and verdicts: one rule for every table, curve and claim.

Scores are about images, but images of one object hang together, and networks trained from different seeds differ. What
is averaged has three sources of chance: which objects were tested, which seeds were trained, and how the two interact.
The rule, for a mean over O objects and S training seeds:

- *objects*: the scores' means over an object's images and over the seeds; the variance of their mean. The interaction
  that is left in a mean over S seeds is in it already;
- *seeds* (S > 1): the variance of the mean of the S seeds' means, less (S − 2)/(S − 1) of what the interaction alone
  gives it, as that is counted with the objects; never below 0;
- the half-width is the root of the sum of both, times Student's quantile: the average of those of O − 1 and of S − 1
  degrees of freedom, weighted by the two variances (Cochran & Cox, Experimental Designs, 2nd edition 1957, section 4.14).

With one seed this is Student's interval over objects, and about these very networks, not about the method. With one
object there is none: it is infinite, and None in rows (:func:`finite_interval`).

Chosen by simulation (``benchmarks/intervals.py``, all figures in ``intervals.json``): at 13 and 49 objects, normal and skewed,
seed effects from none to as large as the objects', with and without interaction, it holds the truth 93.5 to 97.5 times in
100 with four and five seeds, 93.6 to 98.1 with three. Of two seeds no rule that was tried did so for every scatter: whichever
was narrow where seeds hardly differ held it 86 to 90 times where they do. With two seeds the interval is therefore
wide, up to four times what known variances would give, and holds the truth 93 to 99.6 times. A percentile bootstrap over
objects of the seeds' averages holds it 88 to 94 times with one seed, and down to 23 with several.

In cross-validation every fold has networks of its own, and all that they have in common (their training objects, perhaps
an autoencoder) is a further source of chance. There a *fold* is the observation: Student's interval over the folds' means,
weighted by their objects, with the degrees of freedom of Kish's effective number of folds, less one. Objects, seeds,
interaction and whatever belongs to a fold scatter these means as they scatter the result, so one estimate holds them all,
with one training seed a fold as with five; the second one halves the networks' part. The price are few degrees of freedom:
with five folds Student's quantile is 2.8, the interval 1.3 times as wide as with known variances, and its width varies by a
third from study to study. Simulated for five folds of 64 and of 223 objects with 1, 2, 3 and 5 seeds (``folds`` in ``intervals.json``), it
holds the truth 93.5 to 96.2 times in 100, and in cross-validations of small regressions, whose training sets overlap, 94.5 to 96.0
times. If seeds are the same in all folds, so that the networks begin alike, only 90.3 to 92.2 times: each fold needs its own. The rule above,
applied to seed s of all folds as one network, holds it 30 to 99 times, the bootstrap over objects and seeds 24 to 98.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import stdtrit

from lmnet_utils.core.checks import choose

LEVEL = 0.95
"""Probability content of every interval."""


# ------------------------------------------------------------------------------------------------------------- groups
def group_means(values: Any, groups: Sequence[Hashable]) -> dict[Any, np.ndarray]:
    """Mean of the rows of ``values`` (V, …) within each group, in the order of first appearance.

    Two uses: a score per view becomes one per object; the latents of the training objects become one per class (whose
    decoding is the class's mean shape).
    """
    values = np.asarray(values, np.float64)
    if len(values) != len(groups):
        raise ValueError(f"{len(values)} values and {len(groups)} groups: expected as many of each.")
    return {group: values[rows].mean(axis=0) for group, rows in _members(groups).items()}


def _members(groups: Sequence[Hashable]) -> dict[Any, np.ndarray]:
    """Each group's rows, in the order of first appearance."""
    members: dict[Any, list[int]] = {}
    for i, name in enumerate(groups):
        members.setdefault(name, []).append(i)
    return {name: np.array(rows) for name, rows in members.items()}


# ---------------------------------------------------------------------------------------------------------- intervals
def mean_interval(values: Any, objects: Sequence[Hashable]) -> dict[str, Any]:
    """Mean over objects with its 95 % interval over objects, and over training seeds where there are several.

    Args:
        values: (V,) one figure an image, or (S, V) for S training seeds.
        objects: (V,) what each image shows; an object counts once, however many images it has.

    Returns:
        ``mean`` (over seeds and objects of the objects' means), ``low``, ``high`` (infinite with one object), and how many
        ``objects`` and ``seeds``.

    Raises:
        ValueError: wrong shapes, no images, NaN or infinite values.
    """
    means = _object_means(_by_seed(values, "values"), objects)
    return _interval("mean", [means], np.full(means.shape[1], 1 / means.shape[1]))


def paired_difference(
    a: Any, b: Any, objects: Sequence[Hashable], folds: Sequence[Hashable] | None = None
) -> dict[str, Any]:
    """Mean difference a − b on the same images with its 95 % interval over objects and training seeds, or over folds.

    Args:
        a, b: (V,), or (S, V) for S training seeds. With as many seeds on both sides row s of a and of b are a pair;
            with different numbers each side's seeds count for themselves.
        objects: (V,) what each image shows.
        folds: (V,) the fold whose networks were scored on the image, in cross-validation: row s is then seed s of every
            fold. An object is of one fold.

    Returns:
        ``difference`` (mean over seeds and objects of the objects' means), ``low``, ``high`` (infinite with one object,
        or one fold), ``objects`` and ``seeds`` (how many; of the side with fewer, not counting a side with one); with
        folds also how many ``folds``.

    Raises:
        ValueError: different numbers of images, none, NaN or infinite values, an object in two folds.
    """
    a, b = _by_seed(a, "a"), _by_seed(b, "b")
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"{a.shape[1]} and {b.shape[1]} images: a and b must be about the same ones.")
    sides = [_object_means(side, objects) for side in ([a - b] if len(a) == len(b) else [a, -b])]
    if folds is None:
        return _interval("difference", sides, np.full(sides[0].shape[1], 1 / sides[0].shape[1]))
    per_fold, weights = _fold_means(sum(side.mean(axis=0) for side in sides), objects, folds)
    found = _interval("difference", [per_fold[None]], weights)
    count = {"objects": sides[0].shape[1], "seeds": _seeds_of(sides), "folds": found["objects"]}
    return {**found, **count}


def _fold_means(values: np.ndarray, objects: Sequence[Hashable], folds: Sequence[Hashable]) -> tuple[Any, np.ndarray]:
    """Objects' means (O,), in the order of their first appearance → the K folds' means, and their shares of the objects."""
    fold_of: dict[Any, Any] = {}
    for name, fold in zip(objects, folds, strict=True):
        if fold_of.setdefault(name, fold) != fold:
            raise ValueError(
                f"object {name!r}: in fold {fold_of[name]!r} and in fold {fold!r}; expected one fold an object."
            )
    members = _members(list(fold_of.values()))
    means = np.array([values[rows].mean() for rows in members.values()])
    return means, np.array([len(rows) for rows in members.values()]) / len(values)


def image_mean_interval(values: Any, objects: Sequence[Hashable]) -> dict[str, Any]:
    """Mean over *images* with its 95 % interval over objects: for tables that weigh objects by their images, as Pix3D's.

    All images of an object count as one observation of it, with their number as its weight. Where a few objects have most
    of the images the degrees of freedom are those of Kish's effective number of objects, 1/Σw² (Survey Sampling, 1965).

    Args, Returns, Raises: as :func:`mean_interval`.
    """
    values = _by_seed(values, "values")
    means = _object_means(values, objects)
    counts = np.array([len(rows) for rows in _members(objects).values()])
    return _interval("mean", [means], counts / counts.sum())


def _by_seed(values: Any, name: str) -> np.ndarray:
    """``values`` as finite float64 (S, V)."""
    values = np.asarray(values, np.float64)
    if values.ndim not in (1, 2) or values.size == 0:
        raise ValueError(f"{name}: expected shape (V ≥ 1,) or (S ≥ 1, V ≥ 1), found {values.shape}.")
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: {(~np.isfinite(values)).sum()} of {values.size} values are NaN or infinite.")
    return np.atleast_2d(values)


def _object_means(values: np.ndarray, objects: Sequence[Hashable]) -> np.ndarray:
    """(S, V) → (S, O)."""
    if len(objects) != values.shape[1]:
        raise ValueError(f"{len(objects)} objects for {values.shape[1]} images: expected what each image shows.")
    number: dict[Any, int] = {}
    of_image = np.array([number.setdefault(name, len(number)) for name in objects])
    return np.stack([np.bincount(of_image, row) for row in values]) / np.bincount(of_image)


def _interval(name: str, sides: Sequence[np.ndarray], weights: np.ndarray) -> dict[str, Any]:
    """The rule of this module for the sum of independent sides (S, O), objects weighted by (O,) that sum to 1."""
    per_object = sum(side.mean(axis=0) for side in sides)
    center, count = float(per_object @ weights), len(weights)
    half = np.inf
    if count > 1:
        terms = [(_variance(per_object, weights), _quantile(max(1 / (weights @ weights) - 1, 1.0)))]
        terms += [(_seed_variance(side, weights), _quantile(len(side) - 1)) for side in sides if len(side) > 1]
        variances, quantiles = np.array(terms).T
        half = float(quantiles @ variances / np.sqrt(variances.sum())) if variances.any() else 0.0
    return {name: center, "low": center - half, "high": center + half, "objects": count, "seeds": _seeds_of(sides)}


def _seeds_of(sides: Sequence[np.ndarray]) -> int:
    return min((len(side) for side in sides if len(side) > 1), default=1)


@functools.cache
def _quantile(freedom: float) -> float:
    return float(stdtrit(freedom, (1 + LEVEL) / 2))  # scipy.stats takes most of a second to import, for the same figure


def _variance(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Variance of the weighted mean of (…, O) values, unbiased if they scatter alike; s²/O for equal weights."""
    shares = weights**2 / (1 - 2 * weights + weights @ weights)
    return (values - (values @ weights)[..., None]) ** 2 @ shares


def _seed_variance(side: np.ndarray, weights: np.ndarray) -> float:
    """What training seeds add to the variance of the mean of (S, O), beyond what is in its objects' term already."""
    count = len(side)
    scatter = (side @ weights).var(ddof=1) / count
    interaction = _variance(side - side.mean(axis=0), weights).sum() / (count * (count - 1))
    return max(0.0, float(scatter - (count - 2) / (count - 1) * interaction))


def finite_interval(figures: Mapping[str, Any]) -> dict[str, float | None]:
    """``low`` and ``high`` of figures, None where they are infinite: JSON has no infinity, and a band no end."""
    return {name: figures[name] if np.isfinite(figures[name]) else None for name in ("low", "high")}


# -------------------------------------------------------------------------------------------------- rank correlations
def rank_correlation(a: Any, b: Any, objects: Sequence[Hashable], *, given: Any | None = None) -> dict[str, Any]:
    """Spearman's rank correlation over images with its 95 % interval over objects.

    The interval is the jackknife's (each object left out once, with all its images) on Fisher's scale, with Student's
    quantile of O − 1 degrees of freedom.

    Args:
        a, b: (V,) what is correlated, such as σ and the Chamfer distance of the mean.
        objects: (V,) what each image shows.
        given: (V,) what is held fixed, such as the angle from behind: the partial correlation.

    Returns:
        ``correlation``, ``low``, ``high``, ``images``, ``objects``. NaN if a or b is the same in all images (low and
        high also if it is so without one of the objects); with one object the interval is −1 to 1.

    Raises:
        ValueError: wrong or different shapes, NaN or infinite values.
    """
    a = _column(a, "a")
    columns = [a, _column(b, "b", len(a))] + ([] if given is None else [_column(given, "given", len(a))])
    if len(objects) != len(columns[0]):
        raise ValueError(f"{len(objects)} objects for {len(columns[0])} images: expected what each image shows.")
    columns, members = np.stack(columns), _members(objects)
    count, correlation = len(members), _spearman(columns)
    low, high = (-1.0, 1.0) if np.isfinite(correlation) else (np.nan, np.nan)
    if count > 1:
        without = np.arctanh([_spearman(np.delete(columns, rows, axis=1)) for rows in members.values()])
        half = _quantile(count - 1) * np.sqrt((count - 1) * without.var())
        low, high = np.tanh(np.arctanh(correlation) + [-half, half])
    return {
        "correlation": correlation,
        "low": float(low),
        "high": float(high),
        "images": columns.shape[1],
        "objects": count,
    }


def _column(values: Any, name: str, count: int | None = None) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim != 1 or (count is not None and len(values) != count):
        wanted = "V ≥ 1" if count is None else count
        raise ValueError(f"{name}: expected shape ({wanted},), found {values.shape}.")
    return _by_seed(values, name)[0]


def _spearman(columns: np.ndarray) -> float:
    """Spearman's correlation of the first two rows of (2 or 3, V), partial if there is a third; NaN if one is constant."""
    from scipy.stats import rankdata

    ranks = rankdata(columns, axis=1)
    ranks = ranks - ranks.mean(axis=1, keepdims=True)
    if len(ranks) == 3 and ranks[2].any():
        ranks = ranks[:2] - np.outer(ranks[:2] @ ranks[2] / (ranks[2] @ ranks[2]), ranks[2])
    size = np.linalg.norm(ranks[:2], axis=1)
    if (size <= 1e-9 * columns.shape[1]).any():
        return float("nan")
    return float(np.clip(ranks[0] @ ranks[1] / size.prod(), -1 + 1e-12, 1 - 1e-12))


# ----------------------------------------------------------------------------------------------------------- verdicts
VERDICTS = ("yes", "no", "equivalent", "undecided", "not tested")
"""What can be said of a claim; the last where there is nothing to compare."""


def verdict(interval: tuple[float, float], better: str = "lower", margin: float = 0.0, equivalence: float = 0.0) -> str:
    """What the interval of a difference A − B says of the claim "A is better than B".

    - ``"equivalent"``: the whole interval lies within ± ``equivalence``: whatever its sign, the difference is too small
      to count;
    - ``"yes"``: the whole interval is on the better side, below 0 for ``better="lower"``, above for ``"higher"``;
    - ``"no"``: none of it is (A is worse, or exactly equal);
    - ``"undecided"``: it has parts on both sides, or is infinite.

    With a margin the claim is "A is not worse than B by more than the margin" (non-inferiority): the line is drawn
    there instead of at 0, and equivalence is a yes. Margins must be chosen before looking.

    Args:
        interval: low and high end of A − B, such as those of :func:`paired_difference`.
        better: ``"lower"`` for errors, ``"higher"`` for F-scores and gains.
        margin: ≥ 0, in the figure's units.
        equivalence: ≥ 0, in the figure's units; with 0 nothing is equivalent.
    """
    choose("better", better, ("lower", "higher"))
    low, high = interval
    if np.isnan([low, high]).any() or low > high or not all(0 <= one < np.inf for one in (margin, equivalence)):
        raise ValueError(
            f"interval {interval}, margin {margin}, equivalence {equivalence}: expected low ≤ high, margins ≥ 0, and no NaN."
        )
    if margin and equivalence:
        raise ValueError("margin and equivalence: a claim of non-inferiority has no verdict of equivalence beside it.")
    if -equivalence < low and high < equivalence:
        return "equivalent"
    if better == "higher":
        low, high = -high, -low
    return "yes" if high < margin else "no" if low >= margin else "undecided"
