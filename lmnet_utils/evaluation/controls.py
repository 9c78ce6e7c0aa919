"""Other ways to give N answers to an image, of which Variant II has to be the better one: latents, or training objects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.spatial import cKDTree

from lmnet_utils.core.checks import Array, finite_array
from lmnet_utils.models.inference import sample_latents


def isotropic_control(
    mean: torch.Tensor,
    sigma_mean: Array,
    n: int,
    *,
    seed: int = 0,
    indices: Sequence[int] | None = None,
) -> torch.Tensor:
    """Latents with the same amount of noise in every direction: what diversity costs nothing to have.

    The noise is that of :func:`lmnet_utils.models.inference.sample_latents` for the same seed and indices, times one σ an
    image. Equal mean σ leaves Variant II, whose σ differ, somewhat more variance; for equal variance give the root mean
    square of its σ instead.

    Args:
        mean: (B, 512), such as Variant I's latents (or Variant II's means, to test the shape of its noise alone).
        sigma_mean: (B,) the compared model's :func:`lmnet_utils.evaluation.ensembles.mean_sigma` for the same images.
        n: samples an image.
        seed, indices: as :func:`lmnet_utils.models.inference.sample_latents`.

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
    ``drawn=False`` in :class:`lmnet_utils.evaluation.diversity.Ensemble`.

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
