"""A posterior that is learnt: a mixture of Gaussians over what an encoder of Variant I gets wrong.

Given the predicted latent, a network says how probable each of K Gaussians is, where its middle lies and how wide it is in every
direction; training lowers the negative log-likelihood of the true residuals (Bishop, Mixture Density Networks, 1994). It works on
the main components of residuals. A Gaussian on a single residual would have a likelihood without bound, so no σ falls below a
floor: a share of what the residuals themselves spread in that direction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lmnet_utils.models.inference import sample_latents
from lmnet_utils.models.residual_models import ResidualModel, ResidualSettings, fit_to_residuals, layers


@dataclass(frozen=True)
class MixtureSettings(ResidualSettings):
    """How a mixture is trained.

    Attributes:
        modes: K Gaussians.
        floor: no σ is less than this share of the residuals' root mean square in its direction.
    """

    modes: int = 8
    floor: float = 0.1
    condition_noise: float = 0.3


class ResidualMixture(ResidualModel):
    """Gaussians over residuals, given the predicted latent. :func:`train_mixture` makes it.

    Args:
        predicted, residuals: (R, D) what it is to be trained on; they give the main components and scales.
        settings: its size.
    """

    def __init__(
        self, predicted: torch.Tensor, residuals: torch.Tensor, settings: MixtureSettings = MixtureSettings()
    ) -> None:
        super().__init__(predicted, residuals, settings.components)
        kept, self.modes, self.floor = self.basis.shape[1], settings.modes, settings.floor
        self.spread = self.target(residuals).square().mean(dim=0).sqrt()  # (C,)
        self.head = layers(kept, settings.hidden, settings.hidden, self.modes * (2 * kept + 1))

    def forward(self, condition: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Condition (B, C) → logarithms of the shares (B, K), means and σ (B, K, C)."""
        shares, means, widths = self.head(condition).split([self.modes, *[self.modes * len(self.spread)] * 2], dim=1)
        sigma = self.floor + torch.nn.functional.softplus(widths)
        means, sigma = (self.spread * values.unflatten(1, (self.modes, -1)) for values in (means, sigma))
        return shares.log_softmax(dim=1), means, sigma

    def log_likelihood(self, target: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """(B,) natural logarithm of the density at targets (B, C)."""
        log_shares, means, sigma = self(condition)
        off = (target[:, None] - means) / sigma
        of_modes = -0.5 * off.square() - sigma.log() - 0.5 * math.log(2 * math.pi)  # (B, K, C)
        return torch.logsumexp(log_shares + of_modes.sum(dim=2), dim=1)

    def loss(self, target: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Mean negative log-likelihood a main component, so that learning rates fit any number of them."""
        return -self.log_likelihood(target, condition).mean() / target.shape[1]

    @torch.inference_mode()
    def sample(
        self, latents: torch.Tensor, samples: int, *, seed: int = 0, indices: Sequence[int] | None = None
    ) -> torch.Tensor:
        """As :meth:`lmnet_utils.models.samplers.Posterior.sample`: a Gaussian by its share, then a draw from it."""
        log_shares, means, sigma = self(self.condition(latents))
        empty = torch.zeros(len(latents), len(self.spread) + 1)
        noise = sample_latents(empty, empty, samples, seed=seed, indices=indices)
        uniform = torch.special.ndtr(noise[..., -1]).contiguous()  # (B, N) in 0 … 1: which Gaussian
        edges = log_shares.exp().cumsum(dim=1)[:, :-1].contiguous()
        mode = torch.searchsorted(edges, uniform, right=True)[..., None].expand(-1, -1, len(self.spread))
        return self.around(latents, means.gather(1, mode) + sigma.gather(1, mode) * noise[..., :-1])


def train_mixture(
    predicted: torch.Tensor,
    residuals: torch.Tensor,
    settings: MixtureSettings = MixtureSettings(),
    *,
    progress: str = "",
) -> ResidualMixture:
    """Fit a mixture to residuals; the same seed gives the same mixture. Arguments are :func:`lmnet_utils.models.flows.train_flow`'s."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        mixture = ResidualMixture(predicted, residuals, settings)
        fit_to_residuals(mixture, predicted, residuals, settings, progress)
    return mixture
