"""A posterior that is learnt: a rectified flow from noise to what an encoder of Variant I gets wrong.

At time 0 stands noise x₀, at time 1 a residual x₁ (true minus predicted latent) of a held-out image. A network learns the velocity
x₁ − x₀ on the straight line between both, given the predicted latent; to sample, noise follows it (Liu et al., Flow Straight and
Fast, arXiv 2209.03003; ``ConditionalFlowMatcher`` with σ = 0 in torchcfm). It works on the main components of both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from tqdm.auto import tqdm

from lmnet_utils.models.inference import sample_latents


@dataclass(frozen=True)
class FlowSettings:
    """How a flow is trained: main components, hidden units, steps, batch, learning rate, and the condition's added noise."""

    components: int = 128
    hidden: int = 512
    steps: int = 2500
    batch: int = 256
    learning_rate: float = 1e-3
    condition_noise: float = 0.05
    seed: int = 0


class ResidualFlow(nn.Module):
    """A rectified flow over residuals, given the predicted latent. :func:`train_flow` makes it.

    Args:
        predicted, residuals: (R, D) what it is to be trained on; they give the main components and scales.
        settings: its size.
    """

    def __init__(
        self, predicted: torch.Tensor, residuals: torch.Tensor, settings: FlowSettings = FlowSettings()
    ) -> None:
        super().__init__()
        kept = min(settings.components, predicted.shape[1])
        self.middle, self.seen, wide = _main_components(predicted, predicted.mean(dim=0), kept)
        _, self.basis, _ = _main_components(residuals, torch.zeros_like(self.middle), kept)
        self.condition_scale = (
            float(wide) / 3
        )  # a few main components hold most of the variance: they keep their weight
        self.scale = float((residuals @ self.basis).std())
        layers: list[nn.Module] = []
        for fan_in in (2 * kept + 1, settings.hidden):
            layers += [nn.Linear(fan_in, settings.hidden), nn.SiLU()]
        self.velocity = nn.Sequential(*layers, nn.Linear(settings.hidden, kept))

    def condition(self, latents: torch.Tensor) -> torch.Tensor:
        """(B, D) → (B, C)."""
        return (latents - self.middle) @ self.seen / self.condition_scale

    def forward(self, x: torch.Tensor, time: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Velocity (B, C) at x (B, C) and time (B, 1)."""
        return self.velocity(torch.cat([x, time, condition], dim=1))

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
        return latents[:, None] + (self.scale * x @ self.basis.T).reshape(*noise.shape[:2], -1)


def _main_components(
    rows: torch.Tensor, middle: torch.Tensor, count: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """``middle``, the first main components of rows (R, D) about it as columns (D, C), and the first one's deviation."""
    covariance = (rows - middle).T @ (rows - middle) / len(rows)
    variances, vectors = torch.linalg.eigh(covariance)
    return middle, vectors.flip(1)[:, :count].contiguous(), variances[-1].sqrt()


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
        targets, conditions = residuals @ flow.basis / flow.scale, flow.condition(predicted)
        optimizer = torch.optim.AdamW(flow.parameters(), settings.learning_rate)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda k: (1 + math.cos(math.pi * k / settings.steps)) / 2
        )
        for _ in tqdm(range(settings.steps), desc=progress, unit="step", disable=not progress):
            chosen = torch.randint(len(targets), (settings.batch,))
            residual, condition = targets[chosen], conditions[chosen]
            condition = condition + settings.condition_noise * torch.randn_like(condition)
            noise, time = torch.randn_like(residual), torch.rand(len(residual), 1)
            found = flow((1 - time) * noise + time * residual, time, condition)
            loss = (found - (residual - noise)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return flow.eval()
