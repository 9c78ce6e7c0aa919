"""The losses against plain NumPy restatements of the paper's formulae."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from lmnet_utils.models import losses


def test_target_sigma_peaks_behind_and_falls_by_e_at_the_penalty_angle():
    azimuths = torch.tensor([math.pi, math.pi + math.radians(20), math.pi - math.radians(20), 0.0])
    values = losses.target_sigma(azimuths, alpha=0.2, penalty_angle=20.0)
    np.testing.assert_allclose(values[:3], [0.2, 0.2 / math.e, 0.2 / math.e], rtol=1e-5)
    assert values[3] < 1e-30


def test_diversity_loss_equals_the_formula():
    rng = np.random.default_rng(0)
    sigma, azimuth = rng.random((6, 512)), rng.random(6) * 2 * np.pi
    delta = 35 * np.pi / 180
    expected = np.mean((sigma.mean(1) - 0.3 * np.exp(-((azimuth - np.pi) ** 2) / delta**2)) ** 2)
    ours = losses.diversity_loss(torch.from_numpy(sigma), torch.from_numpy(azimuth), alpha=0.3, penalty_angle=35)
    assert ours.item() == pytest.approx(expected)


def test_latent_matching():
    a, b = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, 1.0]])
    assert losses.latent_matching_loss(a, b, "l1").item() == 2.0
    assert losses.latent_matching_loss(a, b, "l2").item() == 5.0
    with pytest.raises(ValueError, match="'l1', 'l2'"):
        losses.latent_matching_loss(a, b, "L3")


def test_autoencoder_losses_weigh_the_directions_as_published():
    truth = torch.tensor([[[0.0, 0, 0], [3.0, 0, 0]]])  # truth→prediction: 0 and 2; prediction→truth: 0 and 1
    prediction = torch.tensor([[[0.0, 0, 0], [1.0, 0, 0]]])  # plain distances 0, 2 and 0, 1; squared 0, 4 and 0, 1
    assert losses.autoencoder_loss(truth, prediction, "paper").item() == pytest.approx((1.0 + 0.5 / 2) * 1e4)
    assert losses.autoencoder_loss(truth, prediction, "port").item() == pytest.approx(2.0 + 0.5)
    assert losses.direct_regression_loss(truth, prediction).item() == pytest.approx(1.0 + 0.5)


def test_sampled_latents_have_the_asked_mean_and_spread():
    mean, log_variance = torch.full((20000, 2), 3.0), torch.full((20000, 2), 2 * math.log(0.5))
    samples = losses.sample_latent(
        mean, log_variance, torch.randn(20000, 2, generator=torch.Generator().manual_seed(0))
    )
    assert samples.mean().item() == pytest.approx(3.0, abs=0.02)
    assert samples.std().item() == pytest.approx(0.5, abs=0.01)


def test_emd_loss_is_the_mean_distance_of_the_best_of_all_matchings_and_pulls_along_it():
    rng = np.random.default_rng(1)
    truth, guess = (torch.from_numpy(rng.random((3, 6, 3))) for _ in range(2))
    guess.requires_grad_(True)
    distances = np.linalg.norm(truth.numpy()[:, :, None] - guess.detach().numpy()[:, None], axis=-1)  # (3, 6, 6)
    orders = list(itertools.permutations(range(6)))
    best = [min(orders, key=lambda order: cost[range(6), list(order)].sum()) for cost in distances]
    expected = np.mean([cost[range(6), list(order)].mean() for cost, order in zip(distances, best, strict=True)])
    loss = losses.emd_loss(truth, guess)
    assert loss.item() == pytest.approx(expected)
    loss.backward()
    for cloud, order in enumerate(best):  # each point is pulled towards its partner, all with the same force
        pull = guess.detach()[cloud, list(order)] - truth[cloud]
        np.testing.assert_allclose(
            guess.grad[cloud, list(order)], pull / pull.norm(dim=-1, keepdim=True) / 18, rtol=1e-6
        )


def test_emd_loss_sees_crowding_that_chamfer_does_not_and_repeats_itself():
    """Half of the ground truth's points on one place, the other half on another; a guess of 9 : 1 has Chamfer 0."""
    truth = torch.zeros(2, 200, 3)
    truth[:, 100:, 0] = 1.0
    crowded = torch.zeros(2, 200, 3)
    crowded[:, 180:, 0] = 1.0
    assert losses.autoencoder_loss(truth, crowded, "paper").item() == 0
    assert losses.emd_loss(truth, crowded, 200).item() == pytest.approx(0.4)
    assert losses.autoencoder_loss(truth, crowded, "chamfer_emd").item() == pytest.approx(0.4e4)
    rng = np.random.default_rng(0)
    a, b, c = (torch.from_numpy(rng.random((2, 500, 3), np.float32)) for _ in range(3))
    assert losses.emd_loss(a, b, 50).item() == losses.emd_loss(a, b, 50).item() != losses.emd_loss(c, b, 50).item()
    drawn = np.mean([losses.emd_loss(a + 5, b + shift, 50).item() for shift in (5.0, 5.001, 5.002)])
    assert losses.emd_loss(a, b, 500).item() < drawn < 0.3  # few points lie farther apart; not far from it
