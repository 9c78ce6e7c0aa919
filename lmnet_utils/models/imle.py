"""A posterior that is learnt: a generator of what an encoder of Variant I gets wrong, trained by conditional IMLE.

A network makes a residual of noise and the predicted latent. In training it makes several for every pair, and only the one nearest
to the true residual is drawn nearer: every true residual has an answer, so none is left out, and nothing else is asked for (Li
and Malik, Implicit Maximum Likelihood Estimation, arXiv 1809.09087). The nearest of several are not what noise gives on its own, so
answers that already lie within ε of the truth are refused first (Vashist et al., RS-IMLE, arXiv 2409.17439). It works on the main
components of residuals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lmnet_utils.models.inference import sample_latents
from lmnet_utils.models.residual_models import ResidualModel, ResidualSettings, fit_to_residuals, layers


@dataclass(frozen=True)
class ImleSettings(ResidualSettings):
    """How a generator is trained.

    Attributes:
        noise: numbers of noise an answer is made of.
        candidates: answers a pair and step, of which the nearest is trained.
        radius: ε, below which answers are refused, in root mean squares of the residuals; 0 refuses none (IMLE without RS).
    """

    noise: int = 32
    candidates: int = 32
    radius: float = 0.0
    hidden: int = 256
    condition_noise: float = 0.3


class ResidualGenerator(ResidualModel):
    """Residuals made of noise, given the predicted latent. :func:`train_imle` makes it.

    Args:
        predicted, residuals: (R, D) what it is to be trained on; they give the main components and scales.
        settings: its size.
    """

    def __init__(
        self, predicted: torch.Tensor, residuals: torch.Tensor, settings: ImleSettings = ImleSettings()
    ) -> None:
        super().__init__(predicted, residuals, settings.components)
        kept, self.settings = self.basis.shape[1], settings
        self.generator = layers(settings.noise + kept, settings.hidden, settings.hidden, kept)

    def forward(self, noise: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Noise (B, N, Z) and condition (B, C) → answers (B, N, C)."""
        condition = condition[:, None].expand(-1, noise.shape[1], -1)
        return self.generator(torch.cat([noise, condition], dim=2))

    def loss(self, target: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Mean square error of the nearest answer that is not refused; pairs of which all are refused do not count."""
        noise = torch.randn(len(target), self.settings.candidates, self.settings.noise)
        with torch.no_grad():
            off = (self(noise, condition) - target[:, None]).square().mean(dim=2)  # (B, N)
            off = off.masked_fill(off < self.settings.radius**2, torch.inf)
            least, nearest = off.min(dim=1)
        chosen = noise.take_along_dim(nearest[:, None, None], dim=1)
        error = (self(chosen, condition)[:, 0] - target).square().mean(dim=1)
        return (error * least.isfinite()).mean()

    @torch.inference_mode()
    def sample(
        self, latents: torch.Tensor, samples: int, *, seed: int = 0, indices: Sequence[int] | None = None
    ) -> torch.Tensor:
        """As :meth:`lmnet_utils.models.samplers.Posterior.sample`: one pass of the network a sample."""
        empty = torch.zeros(len(latents), self.settings.noise)
        noise = sample_latents(empty, empty, samples, seed=seed, indices=indices)
        return self.around(latents, self(noise, self.condition(latents)))


def train_imle(
    predicted: torch.Tensor, residuals: torch.Tensor, settings: ImleSettings = ImleSettings(), *, progress: str = ""
) -> ResidualGenerator:
    """Fit a generator to residuals; the same seed gives the same one. Arguments are :func:`lmnet_utils.models.flows.train_flow`'s."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        generator = ResidualGenerator(predicted, residuals, settings)
        fit_to_residuals(generator, predicted, residuals, settings, progress)
    return generator
