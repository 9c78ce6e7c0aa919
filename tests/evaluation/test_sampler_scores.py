"""Figures of samplers on real objects, by hand and against the functions that they are made of."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from lmnet_utils.evaluation import sampler_scores
from lmnet_utils.evaluation.diversity import cloud_energy_score
from lmnet_utils.models.inference import Item, Sampling

ANGLES = (180.0, 0.0, 195.0, 90.0)


class Pack:
    """Two objects with two views; an image holds its number."""

    points_1024 = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 1024, 3)).astype(np.float32)

    def rows(self, models):
        return np.array([int(model) for model in models])

    def images(self, rows, views):
        return torch.from_numpy(10 * rows + views)[:, None, None, None].expand(-1, 3, 128, 128)


class Shifted:
    """Answer k to an image is its object's true cloud, of which some points are moved by k per cent of the side."""

    def sample(self, images: torch.Tensor, n: int, seed: int = 0) -> torch.Tensor:
        truths = Pack.points_1024[images[:, 0, 0, 0].numpy() // 10]
        clouds = np.repeat(truths[:, None], n, axis=1)
        clouds[:, :, 100:300, 0] += 0.01 * (np.arange(n) + seed)[:, None]
        return torch.from_numpy(clouds)


ITEMS = [Item(str(i // 2), i % 2, angle) for i, angle in enumerate(ANGLES)]


def chamfer(x: np.ndarray, y: np.ndarray) -> float:
    x, y = ((z - (z.min(0) + z.max(0)) / 2) / np.ptp(z, axis=0).max() for z in (x, y))
    distances = cdist(x, y)
    return 100 * (distances.min(0).mean() + distances.min(1).mean())


def test_figures_of_an_image_are_those_of_its_answers_against_its_own_object() -> None:
    found = sampler_scores.object_figures(Shifted(), Pack(), ITEMS, Sampling(4, seed=1))
    for i, item in enumerate(ITEMS):
        truth = Pack.points_1024[int(item.model)]
        clouds = Shifted().sample(Pack().images(Pack().rows([item.model]), np.array([item.view])), 4, 1)[0].numpy()
        scores = [chamfer(truth, cloud) for cloud in clouds]
        assert found["mean_of_n"][i] == pytest.approx(np.mean(scores), rel=1e-4)
        assert found["best"][i] == pytest.approx(min(scores), rel=1e-4) and min(scores) == scores[0]
        assert found["energy"][i] == pytest.approx(cloud_energy_score(truth, clouds), rel=1e-6)
        side = np.ptp(truth, axis=0).max()
        apart = np.mean([j - i for i in range(4) for j in range(i + 1, 4)]) * 200 / 1024  # in per cent, as 1 % a step
        assert found["pairwise_points"][i] == pytest.approx(apart / side, rel=1e-4)
    ranking = sampler_scores.object_figures(Shifted(), Pack(), ITEMS[:1], Sampling(4, seed=1), drawn=False)
    assert np.isnan(ranking["pairwise_points"]).all() and ranking["best"] == found["best"][:1]


def test_rows_are_means_over_objects_of_all_images_and_of_those_from_behind() -> None:
    one = {
        "mean_of_n": [4.0, 6, 8, 10],
        "best": [3.0, 5, 7, 9],
        "energy": [1.0, 1, 2, 2],
        "pairwise_points": [np.nan] * 4,
    }
    other = {**one, "best": [2.0, 5, 5, 9], "pairwise_points": [1.0, 1, 1, 3]}
    figures = {name: {k: np.array(v) for k, v in found.items()} for name, found in (("noise", one), ("ours", other))}
    rows = sampler_scores.object_rows(figures, ITEMS, np.array([5.0, 5, 9, 9]), "noise")
    found = {(row["sampler"], row["views"], row["figure"]): row for row in rows}
    assert found["noise", "all", "gain"]["mean"] == pytest.approx(1)
    assert found["ours", "all", "gain"]["mean"] == pytest.approx((1.5 + 2) / 2)
    assert found["ours", "behind", "gain"]["mean"] == pytest.approx((3 + 4) / 2)
    assert found["ours", "behind", "gain"]["images"] == 2 and found["ours", "all", "gain"]["objects"] == 2
    assert found["ours", "all", "gain_over_control"]["mean"] == pytest.approx((0.5 + 1) / 2)
    assert found["ours", "all", "pairwise_points"]["mean"] == pytest.approx(1.5)
    assert ("noise", "all", "pairwise_points") not in found and ("noise", "all", "gain_over_control") not in found
    low, high = (found["ours", "all", "gain"][end] for end in ("low", "high"))
    assert (low + high) / 2 == pytest.approx(1.75) and high - low == pytest.approx(2 * 12.706 * 0.25, rel=1e-3)
