"""What the learnt posteriors have in common: they work on the main components of residuals, and are trained in one way.

A residual is what an encoder of Variant I gets wrong on an image that it was not fitted to: true minus predicted latent. The flow
(:mod:`lmnet_utils.models.flows`), the mixture (:mod:`lmnet_utils.models.mixtures`) and the generator of IMLE
(:mod:`lmnet_utils.models.imle`) differ in their network, their loss and how they are sampled. All else stands here.
"""

from __future__ import annotations

import abc
import math
from dataclasses import dataclass

import torch
from torch import nn
from tqdm.auto import tqdm


@dataclass(frozen=True)
class ResidualSettings:
    """How a posterior is trained: main components, hidden units, steps, batch, learning rate, and the condition's added noise."""

    components: int = 128
    hidden: int = 512
    steps: int = 2500
    batch: int = 256
    learning_rate: float = 1e-3
    condition_noise: float = 0.05
    seed: int = 0


class ResidualModel(nn.Module, abc.ABC):
    """Residuals and predicted latents as their main components.

    Args:
        predicted, residuals: (R, D) what the model is to be trained on.
        components: C, how many are kept of both, at most D.
    """

    def __init__(self, predicted: torch.Tensor, residuals: torch.Tensor, components: int) -> None:
        super().__init__()
        kept = min(components, predicted.shape[1])
        self.middle, self.seen, wide = _main_components(predicted, predicted.mean(dim=0), kept)
        _, self.basis, _ = _main_components(residuals, torch.zeros_like(self.middle), kept)
        self.condition_scale = (
            float(wide) / 3
        )  # a few main components hold most of the variance: they keep their weight
        self.scale = float((residuals @ self.basis).std())

    def condition(self, latents: torch.Tensor) -> torch.Tensor:
        """Predicted latents (B, D) → (B, C)."""
        return (latents - self.middle) @ self.seen / self.condition_scale

    def target(self, residuals: torch.Tensor) -> torch.Tensor:
        """Residuals (B, D) → (B, C), their root mean square about 1."""
        return residuals @ self.basis / self.scale

    def around(self, latents: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Residuals (B, N, C), as :meth:`target` gives them, added to predicted latents (B, D) → (B, N, D)."""
        return latents[:, None] + self.scale * x @ self.basis.T

    @abc.abstractmethod
    def loss(self, target: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Of a batch, (B, C) each: a number."""


def _main_components(
    rows: torch.Tensor, middle: torch.Tensor, count: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """``middle``, the first main components of rows (R, D) about it as columns (D, C), and the first one's deviation."""
    covariance = (rows - middle).T @ (rows - middle) / len(rows)
    variances, vectors = torch.linalg.eigh(covariance)
    return middle, vectors.flip(1)[:, :count].contiguous(), variances[-1].sqrt()


def layers(*sizes: int) -> nn.Sequential:
    """Linear layers from size to size, with SiLU between them."""
    found: list[nn.Module] = []
    for fan_in, fan_out in zip(sizes[:-1], sizes[1:], strict=True):
        found += [nn.Linear(fan_in, fan_out), nn.SiLU()]
    return nn.Sequential(*found[:-1])


def fit_to_residuals(
    model: ResidualModel, predicted: torch.Tensor, residuals: torch.Tensor, settings: ResidualSettings, progress: str
) -> None:
    """Train a model on residuals (R, D) of images with these predicted latents, by AdamW with a cosine schedule.

    Noise on what the model sees keeps it from learning single images by heart. ``progress`` is the text beside a bar.
    """
    targets, conditions = model.target(residuals), model.condition(predicted)
    optimizer = torch.optim.AdamW(model.parameters(), settings.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: (1 + math.cos(math.pi * k / settings.steps)) / 2)
    for _ in tqdm(range(settings.steps), desc=progress, unit="step", disable=not progress):
        chosen = torch.randint(len(targets), (settings.batch,))
        condition = conditions[chosen]
        condition = condition + settings.condition_noise * torch.randn_like(condition)
        loss = model.loss(targets[chosen], condition)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    model.eval()
