"""Conditional IMLE: its loss by a plain loop, and what it learns of residuals whose distribution is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from test_flows import check_samples_of_an_image, sides

from lmnet_utils.models.imle import ImleSettings, ResidualGenerator, train_imle

SETTINGS = ImleSettings(
    components=4, hidden=64, steps=1000, learning_rate=3e-3, condition_noise=0.0, noise=4, candidates=16
)


@pytest.fixture(scope="module")
def generator() -> ResidualGenerator:
    return train_imle(*sides(4000), SETTINGS)


@pytest.mark.parametrize("radius", [0.0, 0.8, 1.4])
def test_of_those_that_are_not_refused_the_nearest_counts(radius: float) -> None:
    few = ImleSettings(components=4, hidden=8, noise=3, candidates=5, radius=radius)
    predicted, residuals = sides(40)
    model = ResidualGenerator(predicted, residuals, few)
    target, condition = model.target(residuals), model.condition(predicted)
    torch.manual_seed(1)
    noise = torch.randn(40, 5, 3)
    errors, refused = [], 0
    for row in range(40):
        with torch.no_grad():
            answers = [model(noise[row, k][None, None], condition[row][None])[0, 0] for k in range(5)]
        off = [float((answer - target[row]).square().mean()) for answer in answers]
        left = [error for error in off if error >= radius**2]
        refused += len(off) - len(left)
        errors.append(min(left, default=0.0))
    assert (refused > 0) == (radius > 0)
    torch.manual_seed(1)
    loss = model.loss(target, condition)
    assert loss.item() == pytest.approx(np.mean(errors), rel=1e-5)
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_no_mode_is_left_out_and_none_is_made_up(generator: ResidualGenerator) -> None:
    """Shares are not IMLE's strength: rare modes come too often, and a network that is continuous leaves a few samples between."""
    latents = torch.tensor([[-1.0, 0, 0, 0], [1.0, 0, 0, 0]])
    open_, closed = generator.sample(latents, 2000) - latents[:, None]
    up, down = (float((sign * open_[:, 1] > 1).float().mean()) for sign in (1, -1))
    assert 0.2 < up < 0.42 and 0.42 < down < 0.8 and up + down > 0.75
    assert float(open_[:, 1].abs().max()) < 2.5
    assert float(open_[:, [0, 2, 3]].abs().max()) < 0.5, "spread lies where it belongs"
    assert closed.std(dim=0).tolist() == pytest.approx([0.1] * 4, abs=0.05), "neither too narrow nor too wide"
    assert closed.mean(dim=0).tolist() == pytest.approx([0.0] * 4, abs=0.05)


def test_with_one_candidate_it_is_a_regression_to_the_mean() -> None:
    alone = train_imle(*sides(4000), dataclasses.replace(SETTINGS, candidates=1, steps=300))
    drawn = alone.sample(torch.tensor([[-1.0, 0, 0, 0]]), 500)[0]
    assert drawn[:, 1].mean() == pytest.approx(-1.0, abs=0.15) and float(drawn[:, 1].std()) < 0.15


def test_samples_belong_to_an_image_and_a_seed(generator: ResidualGenerator) -> None:
    check_samples_of_an_image(generator)


def test_the_same_seed_trains_the_same_generator() -> None:
    few = ImleSettings(components=3, hidden=8, steps=5, batch=16, noise=2, candidates=3)
    state = torch.random.get_rng_state()
    one, other = (train_imle(*sides(100), few) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), state), "the caller's random numbers go on"
    assert np.array_equal(one.sample(sides(3)[0], 4), other.sample(sides(3)[0], 4))
