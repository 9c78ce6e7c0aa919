"""The paper's training losses: autoencoder Chamfer, latent matching, diversity.

Every λ, α and δ below is the paper's; angles are radians inside, degrees in settings.
"""

from __future__ import annotations

import math
import zlib
from typing import get_args

import numpy as np
import torch

from lmnet_utils.core.checks import choose
from lmnet_utils.core.settings import PAPER_ALPHA, PAPER_ANGLE, AutoencoderLoss
from lmnet_utils.geometry.pointclouds import chamfer_distance, optimal_matching

AUTOENCODER_LOSSES = get_args(AutoencoderLoss)
LATENT_LOSSES = ("l1", "l2")
EMD_POINTS = 256
"""Of the 2048 points of a cloud: at 32 clouds a step the matching takes 0.1 s on two cores, 512 points 0.15 s."""


def autoencoder_loss(ground_truth: torch.Tensor, prediction: torch.Tensor, kind: str = "paper") -> torch.Tensor:
    """Reconstruction loss of the point-cloud autoencoder.

    ``"paper"``: (forward + backward / 2)·10⁴ on Euclidean distances, forward from the ground truth to the prediction
    (official ``train_ae.py``). ``"port"``: forward + backward on squared distances
    (``pytorch3d.loss.chamfer_distance``). ``"chamfer_emd"``, of the strong variant: the paper's + 10⁴·:func:`emd_loss`.

    Args:
        ground_truth: (B, N, 3).
        prediction: (B, M, 3).
        kind: ``"paper"``, ``"port"`` or ``"chamfer_emd"``.
    """
    choose("loss", kind, AUTOENCODER_LOSSES)
    forward, backward = chamfer_distance(ground_truth, prediction, squared=kind == "port", reduction="mean")
    if kind == "port":
        return forward + backward
    chamfer = (forward + backward / 2) * 1e4
    return chamfer if kind == "paper" else chamfer + 1e4 * emd_loss(ground_truth, prediction)


def emd_loss(ground_truth: torch.Tensor, prediction: torch.Tensor, points: int = EMD_POINTS) -> torch.Tensor:
    """Earth mover's distance of random subsets: mean Euclidean distance of the pairs of their optimal one-to-one matching.

    Chamfer is content where many predicted points crowd near few true ones; one-to-one matching is not. The matching is exact
    and found without gradient. Which points are drawn follows from the ground truth's bits alone: a step that is repeated
    after an interruption draws the same. Subsets of one surface are some distance apart as well, so the loss ends above 0.

    Args:
        ground_truth: (B, N, 3).
        prediction: (B, M, 3).
        points: of each cloud, at most N and M; all points of equal clouds give the whole earth mover's distance.
    """
    points = min(points, ground_truth.shape[1], prediction.shape[1])
    rng = np.random.default_rng(zlib.crc32(ground_truth.detach().cpu().contiguous().numpy().tobytes()))
    truth = ground_truth[:, torch.from_numpy(rng.permutation(ground_truth.shape[1])[:points])]
    guess = prediction[:, torch.from_numpy(rng.permutation(prediction.shape[1])[:points])]
    partners = optimal_matching(truth, guess.detach())
    return torch.linalg.vector_norm(truth - guess.gather(1, partners[..., None].expand(-1, -1, 3)), dim=-1).mean()


def direct_regression_loss(ground_truth: torch.Tensor, prediction: torch.Tensor) -> torch.Tensor:
    """Chamfer distance forward + backward on Euclidean distances, without latents: what latent matching replaces.

    Source: official ``train_lm.py``, ``--loss chamfer``.

    Args:
        ground_truth: (B, N, 3).
        prediction: (B, M, 3).
    """
    forward, backward = chamfer_distance(ground_truth, prediction, squared=False, reduction="mean")
    return forward + backward


def latent_matching_loss(predicted: torch.Tensor, target: torch.Tensor, kind: str) -> torch.Tensor:
    """Distance between predicted and autoencoder latents: Variant I of the paper (section 3.2).

    ``"l1"``: ``mean |ẑ − z|``; ``"l2"``: ``mean (ẑ − z)²``.

    Args:
        predicted: (B, 512).
        target: (B, 512).
        kind: ``"l1"`` or ``"l2"``.
    """
    choose("loss", kind, LATENT_LOSSES)
    difference = predicted - target
    return difference.abs().mean() if kind == "l1" else difference.square().mean()


def target_sigma(azimuth: torch.Tensor, alpha: float = PAPER_ALPHA, penalty_angle: float = PAPER_ANGLE) -> torch.Tensor:
    """The mean σ that the diversity loss asks for: α·exp(−(φ − π)²/δ²), largest for the view from behind.

    Source: paper, equation 5; official ``train_plm.py``.

    Args:
        azimuth: φ in radians, [0, 2π), any shape.
        alpha: α, the σ at φ = π.
        penalty_angle: δ in degrees.
    """
    delta = math.radians(penalty_angle)
    return alpha * torch.exp(-((azimuth - math.pi) ** 2) / delta**2)


def diversity_loss(
    sigma: torch.Tensor, azimuth: torch.Tensor, alpha: float = PAPER_ALPHA, penalty_angle: float = PAPER_ANGLE
) -> torch.Tensor:
    """The view-dependent diversity loss: mean_b (mean_k σ_bk − α·exp(−(φ_b − π)²/δ²))².

    Args:
        sigma: (B, 512) standard deviations of the latent.
        azimuth: (B,) radians in [0, 2π).
        alpha, penalty_angle: as :func:`target_sigma`.
    """
    return (sigma.mean(-1) - target_sigma(azimuth, alpha, penalty_angle)).square().mean()


def sample_latent(mean: torch.Tensor, log_variance: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Reparameterised sample mean + exp(½·log_variance)·noise; all three (B, 512)."""
    return mean + torch.exp(0.5 * log_variance) * noise
