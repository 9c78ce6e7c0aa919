"""An encoder of Variant I with residuals beside it, as the explorer shows it: samples, their spread, a sample drawn anew.

The samples are those of :class:`lmnet_utils.models.posteriors.ResidualPosterior`; here stands what Variant II has by its σ and
residuals do not: how wide they are at an image, and in which directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lmnet_utils.core.settings import MAX_SAMPLES
from lmnet_utils.models.posteriors import ResidualPosterior


@dataclass(frozen=True)
class NearestResiduals:
    """Residuals of the held-out images whose predicted latents are nearest to an image's.

    Attributes:
        posterior: gives the samples.
    """

    posterior: ResidualPosterior

    @property
    def pool(self) -> int:
        """P, of how many nearest held-out images the residuals are drawn (more only if more samples are asked for)."""
        return min(self.posterior.nearest, len(self.posterior.predicted))

    def steps(self, latents: torch.Tensor) -> torch.Tensor:
        """Predicted latents (B, 512) → (B, P, 512): the P nearest residuals less their mean, over √P.

        Their squares add up to the variances of the samples, and sums of them with standard normal factors have the samples'
        covariance, as have σ times the unit vectors in Variant II.
        """
        found = self.posterior.residuals[self._nearest(latents, self.pool)].to(latents.dtype)
        return (found - found.mean(dim=1, keepdim=True)) / self.pool**0.5

    def sigma(self, latents: torch.Tensor) -> torch.Tensor:
        """(B, 512) → (B, 512): standard deviation of the P nearest residuals in each number of the latent."""
        return self.steps(latents).square().sum(dim=1).sqrt()

    def sample(self, latent: torch.Tensor, redraws: Sequence[int], seed: int, index: int) -> torch.Tensor:
        """Latents (N, 512) of an image.

        Args:
            latent: (512,) predicted.
            redraws: (N,) how often each sample was drawn anew. Each time it takes the residual of a held-out image beyond the
                nearest ones that has not been used for this image, as long as there are such; the other samples stay.
            seed, index: as :meth:`lmnet_utils.models.posteriors.ResidualPosterior.sample`; without redraws the samples are its.
        """
        drawn = self.posterior.sample(latent[None], len(redraws), seed=seed, indices=[index])[0]
        for k, redraw in enumerate(redraws):
            if redraw:
                order = np.random.default_rng([seed, index, redraw]).permutation(MAX_SAMPLES)
                rank = max(self.pool, MAX_SAMPLES) + MAX_SAMPLES * (redraw - 1) + int(order[k])
                row = self._nearest(latent[None], len(self.posterior.predicted))[
                    0, rank % len(self.posterior.predicted)
                ]
                drawn[k] = latent + self.posterior.residuals[row]
        return drawn

    def _nearest(self, latents: torch.Tensor, count: int) -> torch.Tensor:
        """Rows (B, count) of the held-out images, nearest first."""
        return torch.cdist(latents, self.posterior.predicted).topk(count, largest=False).indices
