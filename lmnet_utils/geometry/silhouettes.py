"""Silhouettes that can be differentiated: where a cloud covers a picture, and how well that fits a mask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from lmnet_utils.geometry.camera import camera_axes, camera_position

FOCAL = 35 / 16
"""Of R2N2's camera: half a picture's width stands so many half widths before the eye."""


def on_image_plane(points: torch.Tensor, cameras: Sequence[Sequence[float]]) -> torch.Tensor:
    """Where cameras see points: as :func:`lmnet_utils.geometry.camera.project_to_pixels`, in half picture widths from the middle.

    Args:
        points: (…, P, 3), y up, an object of diagonal 1 about the origin.
        cameras: C times azimuth°, elevation°, distance ratio.

    Returns:
        (…, C, P, 2), to the right and downwards; what can be seen lies within ±1.
    """
    axes = torch.from_numpy(np.stack([camera_axes(*camera[:2]) for camera in cameras])).to(points)  # (C, 3, 3)
    distance = torch.tensor([np.linalg.norm(camera_position(*camera)) for camera in cameras]).to(points)
    right, up, towards = (points[..., None, :, :] @ axes.transpose(-1, -2)).unbind(-1)  # (…, C, P) each
    return torch.stack([right, -up], -1) * FOCAL / (distance[:, None] - towards)[..., None]


def soft_silhouette(places: torch.Tensor, side: int, width: float = 0.8) -> torch.Tensor:
    """How far points cover each pixel, 0…1, with a gradient at every point.

    Every point spreads exp(−d²/2w²) about it; a pixel on which these add up to s is covered by 1 − exp(−s). Such a bump is a
    product of one for its column and one for its row, so the sum over all points is a product of two matrices.

    Args:
        places: (…, P, 2), column and row in 0…1 of the picture.
        side: pixels of the picture's side.
        width: w, in pixels.

    Returns:
        (…, side, side): rows, columns.
    """
    centres = (torch.arange(side, dtype=places.dtype, device=places.device) + 0.5) / side
    bumps = torch.exp(-(((places[..., None] - centres) * (side / width)) ** 2) / 2)  # (…, P, 2, side)
    return 1 - torch.exp(-(bumps[..., 1, :].transpose(-1, -2) @ bumps[..., 0, :]))


def soft_overlap(covered: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Intersection over union of coverages in 0…1, (…, H, W) and (H, W) → (…): Σab / Σ(a + b − ab), that of sets where all are 0 or 1."""
    both = covered * mask
    return both.sum((-1, -2)) / (covered + mask - both).sum((-1, -2)).clamp_min(1e-9)
