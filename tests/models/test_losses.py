"""The losses against plain NumPy restatements of the paper's formulae."""

from __future__ import annotations

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
    prediction = torch.tensor([[[0.0, 0, 0], [1.0, 0, 0]]])
    assert losses.autoencoder_loss(truth, prediction, "paper").item() == pytest.approx((1.0 + 0.5 / 2) * 1e4)
    assert losses.autoencoder_loss(truth, prediction, "port").item() == pytest.approx(2.0 + 0.5)


def test_sampled_latents_have_the_asked_mean_and_spread():
    mean, log_variance = torch.full((20000, 2), 3.0), torch.full((20000, 2), 2 * math.log(0.5))
    samples = losses.sample_latent(
        mean, log_variance, torch.randn(20000, 2, generator=torch.Generator().manual_seed(0))
    )
    assert samples.mean().item() == pytest.approx(3.0, abs=0.02)
    assert samples.std().item() == pytest.approx(0.5, abs=0.01)
