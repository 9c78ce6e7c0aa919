"""Several answers to an image through one interface: ``sample(images, n, seed)``, whatever gives the answers.

What is random in them belongs to an image's content and a seed, not to its batch. Beside the posteriors
(:mod:`lmnet_utils.models.posteriors`) stand their controls: the one answer repeated, plain noise, the nearest training objects.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from lmnet_utils.core.checks import Array, finite_array
from lmnet_utils.models.inference import Sampling, decode, decoder_of, encode_images, image_number, sample_latents
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder


class Posterior(Protocol):
    """What gives several latents of an image: :class:`lmnet_utils.models.posteriors.ResidualPosterior`, for one."""

    def sample(
        self, latents: torch.Tensor, samples: int, *, seed: int = 0, indices: Sequence[int] | None = None
    ) -> torch.Tensor:
        """Latents (B, 512) that an encoder of Variant I predicts → (B, N, 512); ``indices`` identify the images."""


# ------------------------------------------------------------------------------------------------------- of an image
class Sampler(Protocol):
    """What gives several clouds of an image."""

    def sample(self, images: torch.Tensor, n: int, seed: int = 0) -> torch.Tensor:
        """Images (B, 3, 128, 128) uint8 → n clouds of each, (B, n, P, 3) in the file frame, fp32 on the CPU."""


@dataclass(frozen=True)
class LatentSampler:
    """Draws latents and decodes them.

    Attributes:
        autoencoder: decodes, unless the encoder carries a decoder.
        encoder: of either variant.
        posterior: draws around the latents of Variant I.
        width: what Variant II's σ are multiplied by.

    Raises:
        ValueError: Variant I without a posterior, or Variant II with one.
    """

    autoencoder: PointCloudAutoencoder
    encoder: ImageEncoder
    posterior: Posterior | None = None
    width: float = 1.0

    def __post_init__(self) -> None:
        if self.encoder.variational == (self.posterior is not None):
            raise ValueError(
                "a posterior belongs to an encoder of Variant I: Variant II has its own, Variant I has none."
            )

    def sample(self, images: torch.Tensor, n: int, seed: int = 0) -> torch.Tensor:
        """See :meth:`Sampler.sample`."""
        latents, log_variance = encode_images(self.encoder, images)
        return self.around(latents, log_variance, Sampling(n, seed), image_numbers(images))

    def around(
        self, latents: torch.Tensor, log_variance: torch.Tensor | None, sampling: Sampling, indices: Sequence[int]
    ) -> torch.Tensor:
        """The same of what the encoder has said of B images, (B, 512) each; ``indices`` identify them."""
        drawn = self.latents_around(latents, log_variance, sampling, indices)
        return decode(decoder_of(self.autoencoder, self.encoder), drawn)

    def latents_around(
        self, latents: torch.Tensor, log_variance: torch.Tensor | None, sampling: Sampling, indices: Sequence[int]
    ) -> torch.Tensor:
        """The latents (B, N, 512) that :meth:`around` decodes."""
        noise: dict[str, Any] = {"seed": sampling.seed, "indices": indices}
        if self.posterior is not None:
            return self.posterior.sample(latents, sampling.samples, **noise)
        assert log_variance is not None
        return sample_latents(latents, log_variance + 2 * math.log(self.width), sampling.samples, **noise)


@dataclass(frozen=True)
class NeighbourSampler:
    """The training objects whose latents are nearest to the predicted one: a ranking, the same for every seed.

    Attributes:
        encoder: of Variant I.
        latents: (R, 512) the autoencoder's, of the training objects.
        clouds: (R, P, 3) of the training objects, file frame.
    """

    encoder: ImageEncoder
    latents: np.ndarray
    clouds: np.ndarray

    def sample(self, images: torch.Tensor, n: int, seed: int = 0) -> torch.Tensor:
        """See :meth:`Sampler.sample`."""
        latents, _ = encode_images(self.encoder, images)
        return torch.from_numpy(self.clouds[neighbour_control(latents, self.latents, n)])


def image_numbers(images: torch.Tensor) -> list[int]:
    """What identifies images (B, 3, 128, 128) uint8 to random numbers: their content, whatever their names and batch."""
    return [image_number(image.permute(1, 2, 0).numpy()) for image in images]


# ---------------------------------------------------------------------------------------------------------- controls
@dataclass(frozen=True)
class Repeated:
    """The one answer, as often as it is asked for."""

    def sample(
        self, latents: torch.Tensor, samples: int, *, seed: int = 0, indices: Sequence[int] | None = None
    ) -> torch.Tensor:
        """See :meth:`Posterior.sample`."""
        return latents[:, None].repeat(1, samples, 1)


@dataclass(frozen=True)
class MatchedNoise:
    """Isotropic noise, image by image as wide as the latents that another posterior draws: what diversity costs nothing to have."""

    posterior: Posterior

    def sample(
        self, latents: torch.Tensor, samples: int, *, seed: int = 0, indices: Sequence[int] | None = None
    ) -> torch.Tensor:
        """See :meth:`Posterior.sample`. σ is the root mean square of the other's samples around the predicted latent."""
        drawn = self.posterior.sample(latents, samples, seed=seed, indices=indices)
        sigma = (drawn - latents[:, None]).square().mean(dim=(1, 2)).sqrt()
        return isotropic_control(latents, sigma, samples, seed=seed, indices=indices)


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
    from scipy.spatial import cKDTree  # here, as the import takes half a second

    latents = finite_array(latents, "latents", (None, None))
    references = finite_array(references, "references", (None, latents.shape[1]))
    if not 1 <= n <= len(references):
        raise ValueError(f"n={n}: expected 1 to {len(references)}, the number of training objects.")
    return cKDTree(references).query(latents, np.arange(1, n + 1))[1].astype(np.int64)
