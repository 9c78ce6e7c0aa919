"""The protocol, the baselines and the averages, against brute force in float64, closed forms and pytorch3d."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import t as student_t

from lmnet_utils.evaluation import protocol, summaries
from lmnet_utils.geometry import pointclouds
from lmnet_utils.geometry.pointclouds import subset_indices


def brute_force(ground_truth: np.ndarray, prediction: np.ndarray, seed: int) -> tuple[float, float]:
    """Forward and backward of one pair, from the words of the paper: a dense distance matrix in float64."""

    def unit_cube(points):
        points = points.astype(np.float64)
        middle = (points.max(0) + points.min(0)) / 2
        return (points - middle) / (points.max(0) - points.min(0)).max()

    truth, guess = unit_cube(ground_truth), unit_cube(prediction)
    guess = guess[subset_indices(len(guess), 1024, seed)]
    distances = np.sqrt(((truth[:, None] - guess[None]) ** 2).sum(-1))
    return 100 * distances.min(1).mean(), 100 * distances.min(0).mean()


@pytest.fixture(scope="module")
def clouds():
    generator = np.random.default_rng(3)
    truth = generator.normal(size=(3, 1024, 3)).astype(np.float32) * [1, 0.4, 2] + [5, 0, 1]
    return truth.astype(np.float32), generator.normal(size=(3, 2048, 3)).astype(np.float32) * 3


def test_score_against_brute_force(clouds):
    truth, predictions = clouds
    for seed in (0, 4):
        scores = protocol.score(truth, predictions, seed=seed)
        expected = np.array([brute_force(t, p, seed) for t, p in zip(truth, predictions, strict=True)])
        np.testing.assert_allclose(scores["forward"], expected[:, 0], rtol=1e-9)
        np.testing.assert_allclose(scores["backward"], expected[:, 1], rtol=1e-9)
        np.testing.assert_allclose(scores["chamfer"], expected.sum(1), rtol=1e-9)
    assert not np.allclose(protocol.score(truth, predictions, seed=0)["chamfer"], scores["chamfer"])


def test_score_against_pytorch3d(clouds):
    loss = pytest.importorskip("pytorch3d.ops")
    truth, predictions = clouds
    scaled = pointclouds.scale_to_unit_cube(torch.from_numpy(truth))
    kept = torch.from_numpy(protocol.protocol_clouds(predictions)).float()
    forward = loss.knn_points(scaled, kept).dists[..., 0].sqrt().mean(1)
    backward = loss.knn_points(kept, scaled).dists[..., 0].sqrt().mean(1)
    scores = protocol.score(truth, predictions)
    np.testing.assert_allclose(scores["forward"], 100 * forward.numpy(), rtol=1e-4)
    np.testing.assert_allclose(scores["backward"], 100 * backward.numpy(), rtol=1e-4)


def test_score_ignores_place_and_size_but_not_shape(clouds):
    truth, _ = clouds
    moved = truth * 0.01 + np.float32([30, -2, 1])
    assert protocol.score(truth, moved)["chamfer"] == pytest.approx([0, 0, 0], abs=1e-2)
    assert (protocol.score(truth, truth[..., [1, 0, 2]])["chamfer"] > 1).all()
    permuted = truth[:, np.random.default_rng(0).permutation(1024)]
    np.testing.assert_allclose(protocol.score(truth, permuted)["chamfer"], 0, atol=1e-12)


def test_score_of_a_known_shift():
    """Two unit segments' end points, one with a third point in the middle: forward 0, backward 50/3 by hand."""
    truth = np.array([[[0, 0, 0], [1, 0, 0]]], np.float32)
    prediction = np.array([[[0, 0, 0], [0.5, 0, 0], [1, 0, 0]]], np.float32)
    scores = protocol.score(truth, prediction)
    assert scores["forward"] == pytest.approx([0])
    assert scores["backward"] == pytest.approx([100 * 0.5 / 3])


def test_pairwise_is_the_score_of_every_pair(clouds):
    truth, predictions = clouds
    pairs = protocol.chamfer_matrix(truth, predictions[:2], seed=1)
    for column in range(2):
        one = protocol.score(truth, np.repeat(predictions[column : column + 1], 3, axis=0), seed=1)
        for name in ("chamfer", "forward", "backward"):
            np.testing.assert_allclose(pairs[name][:, column], one[name], rtol=1e-9)


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        (np.zeros((1, 4)), np.zeros((1, 4, 3)), "ground_truth.*shape"),
        (np.zeros((1, 4, 3)), np.zeros((1, 0, 3)), "predictions.*N ≥ 1"),
        (np.zeros((1, 4, 3)), np.zeros((2, 4, 3)), "batch sizes"),
        (np.zeros((2, 4, 3)), np.array([[[0.0, 0, 0]], [[np.nan, 0, 0]]]), "predictions.*number 1"),
    ],
)
def test_bad_clouds_are_named(truth, prediction, message):
    with pytest.raises(ValueError, match=message):
        protocol.score(truth, prediction)


def test_retrieval_takes_the_nearest_latent():
    references = np.random.default_rng(0).normal(size=(20, 512))
    chosen = np.array([3, 19, 3])
    assert protocol.nearest_latents(references[chosen] + 0.01, references).tolist() == chosen.tolist()


# ---------------------------------------------------------------------------------------------------------- averages
def scores_of(*values):
    return {name: np.array(values, float) for name in ("chamfer", "forward", "backward")}


def test_summary_averages_over_objects_not_views():
    row = summaries.summary(summaries.Evaluation("L1", ["a", "a", "a", "b"], scores_of(0, 0, 0, 8)), "13")
    assert row["chamfer"] == 4 and row["n_models"] == 2 and row["n_views"] == 4
    half = 4 * student_t.ppf(0.975, 1)  # of the objects' means 0 and 8
    assert (row["chamfer_low"], row["chamfer_high"]) == pytest.approx((4 - half, 4 + half))
    floor = summaries.summary(summaries.Evaluation("floor", ["a"], scores_of(1), images=False), "13")
    assert floor["n_views"] == 0 and (floor["chamfer_low"], floor["chamfer_high"]) == (None, None)  # one object


def test_seeds_become_one_row_with_their_deviation():
    """Two seeds, by hand: object a has views 0 2 and 4 6, object b one view 8 and 10; seed means 4.5 and 7.5."""
    first, second = (summaries.Evaluation("L1", ["a", "a", "b"], scores_of(*s)) for s in ((0, 2, 8), (4, 6, 10)))
    merged = summaries.merge_seeds([first, second])
    assert merged.scores["chamfer"].tolist() == [2, 4, 9]
    row = summaries.summary(merged, "13")
    assert (row["chamfer"], row["n_seeds"], row["n_models"], row["n_views"]) == (6, 2, 2, 3)
    assert row["chamfer_seed_std"] == pytest.approx(np.sqrt(2 * 1.5**2))  # n − 1 in the denominator
    average = summaries.summary(summaries.Evaluation("L1", merged.objects, merged.scores), "13")
    assert row["chamfer_low"] < average["chamfer_low"] - 1, "the seeds' scatter is in the interval"
    assert summaries.merge_seeds([first]) is first and "n_seeds" not in summaries.summary(first, "13")
    part = merged.restricted_to({"b"})
    assert [scores["chamfer"].tolist() for scores in part.seeds] == [[8], [10]]
    with pytest.raises(ValueError, match="L1: its training seeds were scored on different items"):
        summaries.merge_seeds([first, summaries.Evaluation("L1", ["a"], scores_of(1))])


def test_summary_has_what_was_scored():
    scores = scores_of(1, 3) | {"emd": np.array([2.0, 4.0]), "f_score_1": np.array([10.0, 30.0])}
    row = summaries.summary(summaries.Evaluation("L1", ["a", "b"], scores), "13")
    assert (row["emd"], row["f_score_1"]) == (3, 20) and (row["emd_low"] + row["emd_high"]) / 2 == pytest.approx(3)
    assert "f_score_2" not in row


def test_comparison_only_has_methods_that_cover_all_objects():
    every = summaries.Evaluation("L1", ["1/a", "2/b", "2/c", "2/c"], scores_of(1, 2, 3, 5))
    chairs = summaries.Evaluation("λ", ["2/b", "2/c"], scores_of(7, 9))
    assert [row["model"] for row in summaries.comparison([every, chairs], "13", {"1", "2"})] == ["L1"]
    rows = summaries.comparison([every, chairs], "chair", {"2"})
    assert [(row["model"], row["chamfer"], row["n_models"]) for row in rows] == [("L1", 3, 2), ("λ", 8, 2)]
    assert summaries.comparison([every], "none", {"3"}) == []


def test_the_nearest_candidates_are_those_of_the_whole_matrix():
    rng = np.random.default_rng(3)
    truth, others = rng.random((6, 40, 3)), rng.random((9, 60, 3)) * rng.random((9, 1, 3))
    others[7] = others[2]  # of two equal ones the first
    matrix = protocol.chamfer_matrix(truth, others, seed=1)["chamfer"]
    mask = rng.random((6, 9)) < 0.4
    mask[:, 5] = True
    allowed, all_of_them = protocol.nearest_by_chamfer(truth, others, (mask, None), seed=1)
    np.testing.assert_array_equal(all_of_them, matrix.argmin(axis=1))
    np.testing.assert_array_equal(allowed, np.where(mask, matrix, np.inf).argmin(axis=1))
    mask[4] = False
    with pytest.raises(ValueError, match="no candidate is allowed for ground truth 4"):
        protocol.nearest_by_chamfer(truth, others, (mask,))
