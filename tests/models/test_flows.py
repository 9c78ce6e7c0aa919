"""The rectified flow, on residuals whose distribution is known."""

from __future__ import annotations

import pytest
import torch

from lmnet_utils.models.flows import FlowSettings, ResidualFlow, train_flow
from lmnet_utils.models.samplers import Posterior

SETTINGS = FlowSettings(components=4, hidden=64, steps=1500, batch=256, learning_rate=3e-3, condition_noise=0.0)


def sides(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Images at −1 were predicted too low or too high by 2, one in four of them too low; those at +1 always right."""
    generator = torch.Generator().manual_seed(0)
    left = torch.arange(count) % 2 == 0
    predicted = 0.02 * torch.randn(count, 4, generator=generator)
    predicted[:, 0] += torch.where(left, -1.0, 1.0)
    residuals = 0.1 * torch.randn(count, 4, generator=generator)
    residuals[:, 1] += torch.where(torch.rand(count, generator=generator) < 0.25, 2.0, -2.0) * left
    return predicted, residuals


@pytest.fixture(scope="module")
def flow() -> ResidualFlow:
    return train_flow(*sides(4000), SETTINGS)


def test_both_modes_come_as_often_as_they_should_and_only_where_they_are(flow: ResidualFlow) -> None:
    latents = torch.tensor([[-1.0, 0, 0, 0], [1.0, 0, 0, 0]])
    open_, closed = flow.sample(latents, 1000) - latents[:, None]
    up, down = open_[:, 1] > 1, open_[:, 1] < -1
    assert float((up | down).float().mean()) > 0.93
    assert float(up.float().mean()) == pytest.approx(0.25, abs=0.06)
    assert float(open_[up, 1].mean()) == pytest.approx(2, abs=0.15)
    assert float(open_[down, 1].mean()) == pytest.approx(-2, abs=0.15)
    assert float(closed.abs().amax()) < 1
    assert closed.std(dim=0).tolist() == pytest.approx([0.1] * 4, abs=0.06)


def check_samples_of_an_image(posterior: Posterior) -> None:
    """Samples depend on an image's number and the seed, not on the batch nor on how many are asked for."""
    latents = sides(6)[0]
    together = posterior.sample(latents, 5, seed=3, indices=[4, 5, 6, 7, 8, 9])
    assert together.shape == (6, 5, 4)
    alone = posterior.sample(latents[2:3], 2, seed=3, indices=[6])
    torch.testing.assert_close(alone[0], together[2, :2], rtol=1e-4, atol=1e-5)
    assert (posterior.sample(latents, 5, seed=4, indices=[4, 5, 6, 7, 8, 9]) - together).abs().max() > 0.05


def test_samples_belong_to_an_image_and_a_seed(flow: ResidualFlow) -> None:
    check_samples_of_an_image(flow)


def test_the_same_seed_trains_the_same_flow() -> None:
    few = FlowSettings(components=3, hidden=8, steps=5, batch=16)
    state = torch.random.get_rng_state()
    one, other = (train_flow(*sides(100), few) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), state), "the caller's random numbers go on"
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert one.basis.shape == (4, 3)
    torch.testing.assert_close(one.basis.T @ one.basis, torch.eye(3), rtol=1e-4, atol=1e-5)
