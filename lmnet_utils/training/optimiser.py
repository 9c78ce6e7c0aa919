"""What the optimiser of a training is given: groups of parameters, and the learning rate of each step."""

from __future__ import annotations

import math
from typing import Any

import torch

from lmnet_utils.core.notebook_settings import AutoencoderSettings, EncoderSettings


def parameter_groups(model: torch.nn.Module, settings: AutoencoderSettings | EncoderSettings) -> list[dict[str, Any]]:
    """Parameters with their weight decay: one group, or an image encoder's convolutions and fully connected layers."""
    if isinstance(settings, AutoencoderSettings):
        return [{"params": list(model.parameters()), "weight_decay": settings.weight_decay}]
    named = list(model.named_parameters())
    convolutions = [parameter for name, parameter in named if name.startswith("base.")]
    linears = [parameter for name, parameter in named if not name.startswith("base.")]
    return [
        {"params": convolutions, "weight_decay": settings.weight_decay_conv},
        {"params": linears, "weight_decay": settings.weight_decay_fc},
    ]


def learning_rate_at(step: int, total: int, peak: float, schedule: str) -> float:
    """Learning rate of a step: constant, or one cycle (linear from 0 over the first 5 %, then cosine to 0)."""
    if schedule == "constant":
        return peak
    warm_up = max(1, total // 20)
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, total - warm_up)))
