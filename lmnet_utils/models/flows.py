"""A posterior that is learnt: a rectified flow from noise to what an encoder of Variant I gets wrong.

At time 0 stands noise x₀, at time 1 a residual x₁ (true minus predicted latent) of a held-out image. A network learns the velocity
x₁ − x₀ on the straight line between both, given the predicted latent; to sample, noise follows it (Liu et al., Flow Straight and
Fast, arXiv 2209.03003; ``ConditionalFlowMatcher`` with σ = 0 in torchcfm). It works on the main components of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lmnet_utils.models.inference import sample_latents
from lmnet_utils.models.residual_models import ResidualModel, ResidualSettings, fit_to_residuals, layers


@dataclass(frozen=True)
class FlowSettings(ResidualSettings):
    """How a flow is trained."""


class ResidualFlow(ResidualModel):
    """A rectified flow over residuals, given the predicted latent. :func:`train_flow` makes it.

    Args:
        predicted, residuals: (R, D) what it is to be trained on; they give the main components and scales.
        settings: its size.
    """

    def __init__(
        self, predicted: torch.Tensor, residuals: torch.Tensor, settings: FlowSettings = FlowSettings()
    ) -> None:
        super().__init__(predicted, residuals, settings.components)
        kept = self.basis.shape[1]
        self.velocity = layers(2 * kept + 1, settings.hidden, settings.hidden, kept)

    def forward(self, x: torch.Tensor, time: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Velocity (B, C) at x (B, C) and time (B, 1)."""
        return self.velocity(torch.cat([x, time, condition], dim=1))

    def loss(self, target: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Mean square error of the velocity at one time a residual, drawn anew in every step."""
        noise, time = torch.randn_like(target), torch.rand(len(target), 1)
        found = self((1 - time) * noise + time * target, time, condition)
        return (found - (target - noise)).square().mean()

    @torch.inference_mode()
    def sample(
        self,
        latents: torch.Tensor,
        samples: int,
        *,
        seed: int = 0,
        indices: Sequence[int] | None = None,
        steps: int = 20,
    ) -> torch.Tensor:
        """As :meth:`lmnet_utils.models.samplers.Posterior.sample`; ``steps`` of Euler's method with the midpoints' times."""
        empty = torch.zeros(len(latents), self.basis.shape[1])
        noise = sample_latents(empty, empty, samples, seed=seed, indices=indices)
        x = noise.flatten(0, 1)  # (B·N, C)
        condition = self.condition(latents).repeat_interleave(samples, dim=0)
        for k in range(steps):
            x = x + self(x, torch.full((len(x), 1), (k + 0.5) / steps), condition) / steps
        return self.around(latents, x.reshape(noise.shape))


def train_flow(
    predicted: torch.Tensor, residuals: torch.Tensor, settings: FlowSettings = FlowSettings(), *, progress: str = ""
) -> ResidualFlow:
    """Fit a flow to residuals; the same seed gives the same flow.

    Args:
        predicted: (R, D) an encoder's latents of images that it was not trained on.
        residuals: (R, D) the true latents minus ``predicted``.
        settings: size and training.
        progress: text beside a bar; empty for none.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        flow = ResidualFlow(predicted, residuals, settings)
        fit_to_residuals(flow, predicted, residuals, settings, progress)
    return flow
