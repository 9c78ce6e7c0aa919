"""The mixture of Gaussians: its likelihood by torch.distributions, and what it learns of residuals whose distribution is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp
from test_flows import check_samples_of_an_image, sides
from torch import distributions

from lmnet_utils.models.mixtures import MixtureSettings, ResidualMixture, train_mixture

SETTINGS = MixtureSettings(
    components=4, hidden=64, steps=800, learning_rate=3e-3, condition_noise=0.0, modes=4, floor=0.05
)


@pytest.fixture(scope="module")
def mixture() -> ResidualMixture:
    return train_mixture(*sides(4000), SETTINGS)


def reference(mixture: ResidualMixture, condition: torch.Tensor) -> distributions.Distribution:
    """What the network says, as torch.distributions has it."""
    log_shares, means, sigma = mixture(condition)
    each = distributions.Independent(distributions.Normal(means, sigma), 1)
    return distributions.MixtureSameFamily(distributions.Categorical(logits=log_shares), each)


@torch.no_grad()
def test_the_likelihood_and_the_samples_are_those_of_torch_distributions(mixture: ResidualMixture) -> None:
    predicted, residuals = sides(64)
    condition, target = mixture.condition(predicted), mixture.target(residuals)
    expected = reference(mixture, condition)
    torch.testing.assert_close(mixture.log_likelihood(target, condition), expected.log_prob(target))
    torch.manual_seed(0)
    drawn = mixture.target(mixture.sample(predicted[:1], 2000)[0] - predicted[0])
    others = expected.sample((2000,))[:, 0]
    for one, other in zip(drawn.T, others.T, strict=True):
        assert ks_2samp(one.numpy(), other.numpy()).pvalue > 1e-3


def test_both_modes_come_as_often_as_they_should_and_only_where_they_are(mixture: ResidualMixture) -> None:
    latents = torch.tensor([[-1.0, 0, 0, 0], [1.0, 0, 0, 0]])
    open_, closed = mixture.sample(latents, 2000) - latents[:, None]
    up, down = open_[:, 1] > 1, open_[:, 1] < -1
    assert float((up | down).float().mean()) > 0.98
    assert float(up.float().mean()) == pytest.approx(0.25, abs=0.05)
    for mode, middle in ((up, 2.0), (down, -2.0)):
        assert open_[mode].mean(dim=0).tolist() == pytest.approx([0, middle, 0, 0], abs=0.06)
        assert open_[mode].std(dim=0).tolist() == pytest.approx([0.1] * 4, abs=0.05), "neither too narrow nor too wide"
    assert float(closed.abs().amax()) < 1
    assert closed.std(dim=0).tolist() == pytest.approx([0.1] * 4, abs=0.05)


def test_no_deviation_falls_below_the_floor() -> None:
    """Eight pairs are learnt by heart: without a floor their likelihood has no bound."""
    predicted, residuals = sides(8)
    least = {}
    for floor in (0.1, 0.0):
        few = MixtureSettings(3, 64, steps=300, batch=32, learning_rate=1e-2, condition_noise=0.0, modes=2, floor=floor)
        mixture = train_mixture(predicted, residuals, few)
        with torch.no_grad():
            sigma = mixture(mixture.condition(predicted))[2]
            least[floor] = float((sigma / mixture.target(residuals).square().mean(dim=0).sqrt()).min())
    assert 0.1 <= least[0.1] < 0.15, "it is the floor that holds"
    assert least[0.0] < 0.03


def test_samples_belong_to_an_image_and_a_seed(mixture: ResidualMixture) -> None:
    check_samples_of_an_image(mixture)


def test_the_same_seed_trains_the_same_mixture() -> None:
    few = MixtureSettings(components=3, hidden=8, steps=5, batch=16)
    state = torch.random.get_rng_state()
    one, other = (train_mixture(*sides(100), few) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), state), "the caller's random numbers go on"
    assert np.array_equal(one.sample(sides(3)[0], 4), other.sample(sides(3)[0], 4))
