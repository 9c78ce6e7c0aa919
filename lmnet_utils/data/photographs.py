"""Training images made like photographs: the object moved, resized and lit anew, black around it as before.

A photograph is cut out and placed (:mod:`lmnet_utils.apps.placing`): its object is always as large, in the middle. A rendering
shows it as far away as its camera stands. An encoder that has seen both is not surprised by either.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from lmnet_utils.data.images import OBJECT_SHIFT, OBJECT_SIDE

SIZES = (0.85, 1.12)
"""Longest side of the object's box, in parts of :data:`~lmnet_utils.data.images.OBJECT_SIDE`."""
SHIFT = 6.0
"""Pixels by which the box lies beside its usual place, at most, each way."""
GAIN, GAMMA, TINT = (0.7, 1.25), (0.7, 1.4), (0.92, 1.08)
"""Ranges of brightness, of its curve, and of each colour's own factor."""


def like_photographs(images: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Every image's object cut out, placed about as a photograph's is, in another light.

    Args:
        images: (B, 3, H, W) uint8, black around the object. One that is all black stays so.
        rng: of sizes, places and light.

    Returns:
        As ``images``.
    """
    count, side = len(images), images.shape[-1]
    covered = images.amax(1) > 0
    low_x, high_x = _ends(covered.any(1))
    low_y, high_y = _ends(covered.any(2))
    boxes = torch.stack([high_x - low_x, high_y - low_y], 1).clamp(min=1)  # (B, 2), pixels
    old = torch.stack([low_x + high_x, low_y + high_y], 1) / 2
    longest = torch.from_numpy(OBJECT_SIDE * rng.uniform(*SIZES, count)).float()
    factor = (longest / boxes.amax(1))[:, None]
    wanted = side / 2 + torch.from_numpy(rng.uniform(-SHIFT, SHIFT, (count, 2))).float()
    wanted[:, 1] += OBJECT_SHIFT
    half = boxes * factor / 2  # the whole box stays in the picture
    new = torch.minimum(torch.maximum(wanted, half), side - half)
    # grid_sample asks where each pixel comes from, in −1…1: source = (target − new) / factor + old
    shift = (2 * old - side) / side - (2 * new - side) / side / factor
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = 1 / factor[:, 0]
    theta[:, :, 2] = shift
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    moved = F.grid_sample(images.float(), grid, align_corners=False)
    gamma, gain = (torch.from_numpy(rng.uniform(*span, (count, 1, 1, 1))).float() for span in (GAMMA, GAIN))
    tint = torch.from_numpy(rng.uniform(*TINT, (count, 3, 1, 1))).float()
    lit = 255 * (moved / 255) ** gamma * gain * tint
    return lit.round().clamp(0, 255).to(torch.uint8)


def _ends(covered: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """First and one past the last True of each row (B, W); 0 and W where there is none."""
    size = covered.shape[1]
    first = covered.int().argmax(1)
    last = size - covered.flip(1).int().argmax(1)
    return first.float(), last.float()
