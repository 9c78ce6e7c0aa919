"""Several answers to one image as a distribution: the best of N, energy score, calibration.

Sources stand with each function. Nothing here knows a network or a cloud's frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.spatial.distance import pdist

from lmnet_utils.core.checks import Array, finite_array

LEVELS = (0.5, 0.8, 0.95)


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


def quotient(numerator: float, denominator: float) -> float:
    if denominator == 0:
        return np.inf if numerator > 0 else np.nan
    return numerator / denominator


# ----------------------------------------------------------------------------------------------------- σ and the angle
def mean_sigma(log_variance: Array) -> np.ndarray:
    """σ of each image: exp(½·log-variance), averaged over the latents; (B, 512) → (B,)."""
    return np.exp(0.5 * finite_array(log_variance, "log_variance", (None, None))).mean(axis=1)


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
