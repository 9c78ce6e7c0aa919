"""What holds of the mathematics whatever the input: laws, tried on inputs that hypothesis makes up, the odd ones first."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from lmnet_utils.data import splits
from lmnet_utils.evaluation import statistics
from lmnet_utils.geometry import frames, pairs
from lmnet_utils.geometry.assignment import optimal_assignment
from lmnet_utils.geometry.pointclouds import chamfer_distance, nearest_neighbours, scale_to_unit_cube, subset_indices
from lmnet_utils.models.losses import diversity_loss, latent_matching_loss, sample_latent

often = settings(max_examples=60, deadline=None, derandomize=True)

# Coordinates on a coarse grid and in a wide range: points that coincide, lie on a line or far away are common.
COORDINATES = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e3, 1e3, width=32))


def clouds(fewest: int = 1, most: int = 24) -> st.SearchStrategy[np.ndarray]:
    """(1, N, 3) float64."""
    shapes = st.integers(fewest, most).map(lambda n: (1, n, 3))
    return npst.arrays(np.float64, shapes, elements=COORDINATES)


# ----------------------------------------------------------------------------------------------------------- distances
@often
@given(clouds(), clouds())
def test_nearest_neighbours_are_those_of_brute_force(query: np.ndarray, reference: np.ndarray) -> None:
    squared, indices = nearest_neighbours(query, reference)
    every = ((query[0][:, None] - reference[0][None]) ** 2).sum(-1)
    np.testing.assert_allclose(squared[0], every.min(1), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(every[np.arange(len(every)), indices[0]], every.min(1), rtol=1e-9, atol=1e-12)


@often
@given(clouds(), clouds(), st.randoms(use_true_random=False), st.booleans())
def test_chamfer_distance_knows_sets_only(x: np.ndarray, y: np.ndarray, random, squared: bool) -> None:
    forward, backward = chamfer_distance(x, y, squared=squared)
    power = 2 if squared else 1
    every = cdist(x[0], y[0])
    np.testing.assert_allclose(forward[0], (every.min(1) ** power).mean(), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(backward[0], (every.min(0) ** power).mean(), rtol=1e-6, atol=1e-6)
    turned_round = chamfer_distance(y, x, squared=squared)
    np.testing.assert_allclose([*turned_round], [backward, forward])
    order = list(range(x.shape[1]))
    random.shuffle(order)
    shuffled = chamfer_distance(x[:, order], y, squared=squared)
    np.testing.assert_allclose([*shuffled], [forward, backward], rtol=1e-9, atol=1e-12)
    assert [float(part[0]) for part in chamfer_distance(x, x[:, order], squared=squared)] == [0.0, 0.0]


@often
@given(clouds(), clouds())
def test_gradients_of_chamfer_are_finite_and_balanced(x: np.ndarray, y: np.ndarray) -> None:
    first, second = torch.tensor(x, requires_grad=True), torch.tensor(y, requires_grad=True)
    sum(part.sum() for part in chamfer_distance(first, second, squared=False)).backward()
    for gradient in (first.grad, second.grad):
        assert torch.isfinite(gradient).all()
    # moving both clouds together changes nothing
    torch.testing.assert_close(first.grad.sum(1), -second.grad.sum(1), rtol=1e-7, atol=1e-7)


@often
@given(st.integers(1, 16).flatmap(lambda n: st.tuples(clouds(n, n), clouds(n, n))))
def test_the_earth_movers_distance_is_the_least_of_all_matchings(both: tuple[np.ndarray, np.ndarray]) -> None:
    (x,), (y,) = both
    cost = cdist(x, y)
    found = optimal_assignment(cost)
    assert sorted(found.tolist()) == list(range(len(x)))
    rows, columns = linear_sum_assignment(cost)
    best = cost[rows, columns].sum()
    assert cost[np.arange(len(x)), found].sum() == pytest.approx(best, rel=1e-9, abs=1e-9)
    emd = pairs.matched_distance(x, y)
    assert emd == pytest.approx(pairs.matched_distance(y, x), rel=1e-9, abs=1e-9)
    assert emd >= max(cost.min(0).mean(), cost.min(1).mean()) - 1e-9  # no point can do better than its nearest
    assert emd >= np.linalg.norm(x.mean(0) - y.mean(0)) - 1e-6  # nor the cloud than its centre


@often
@given(clouds(), st.floats(0.01, 100), npst.arrays(np.float64, 3, elements=st.integers(-50, 50).map(float)))
def test_the_unit_cube_forgets_place_and_size(cloud: np.ndarray, factor: float, shift: np.ndarray) -> None:
    scaled = scale_to_unit_cube(cloud)
    low, high = scaled.min(-2), scaled.max(-2)
    np.testing.assert_allclose(low + high, 0, atol=1e-9)
    extent = (cloud.max(-2) - cloud.min(-2)).max()
    assume(extent == 0 or extent > 1e-3)
    assert (high - low).max() == pytest.approx(1.0 if extent else 0.0)
    np.testing.assert_allclose(scale_to_unit_cube(cloud * factor + shift), scaled, atol=1e-6)
    np.testing.assert_allclose(scale_to_unit_cube(torch.from_numpy(cloud)).numpy(), scaled, atol=1e-12)


@often
@given(clouds(4), st.integers(0, 2**32 - 1))
def test_icp_moves_rigidly_and_never_away(cloud: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = cloud[0] + rng.normal(0, 0.1, cloud[0].shape)
    goal = points @ Rotation.random(random_state=seed).as_matrix().T + rng.normal(0, 0.3, 3)
    rotation, shift = pairs.fit(goal, points, 50, 1e-10)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1)
    moved = goal @ rotation.T + shift
    before, after = ((cdist(at, points).min(1) ** 2).mean() for at in (goal, moved))
    assert after <= before * (1 + 1e-9) + 1e-9
    distances = cdist(points, points)
    aligned = pairs.aligned(points, goal, official=False)
    np.testing.assert_allclose(cdist(aligned, aligned), distances, atol=1e-6)


# -------------------------------------------------------------------------------------------------------------- frames
@often
@given(clouds(), st.sampled_from(frames.YAWS), st.sampled_from(frames.YAWS))
def test_frames_are_rotations_and_turns_add_up(cloud: np.ndarray, first: int, second: int) -> None:
    np.testing.assert_array_equal(frames.file_from_y_up(frames.y_up_from_file(cloud)), cloud)
    np.testing.assert_array_equal(frames.y_up_from_file(frames.file_from_y_up(cloud)), cloud)
    front = frames.file_from_y_up(np.array([[0.0, 0.0, 1.0]]))  # faces +z of the upright frame; turned it faces +x
    np.testing.assert_array_equal(frames.y_up_from_file(frames.turn_clouds(front, 90)), [[1.0, 0.0, 0.0]])
    twice = frames.turn_clouds(frames.turn_clouds(cloud, first), second)
    np.testing.assert_array_equal(twice, frames.turn_clouds(cloud, (first + second) % 360))
    assert round(np.linalg.det(frames.quarter_turn(first))) == 1
    heights = (frames.y_up_from_file(frames.turn_clouds(cloud, first))[..., 1], frames.y_up_from_file(cloud)[..., 1])
    np.testing.assert_array_equal(*heights)  # about the vertical


# -------------------------------------------------------------------------------------------------------------- losses
@often
@given(npst.arrays(np.float32, (3, 8), elements=st.floats(-5, 5, width=32)), st.floats(0, 6.28), st.floats(-4, 4))
def test_losses_vanish_where_there_is_nothing_to_lose(latents: np.ndarray, azimuth: float, log_variance: float) -> None:
    target = torch.from_numpy(latents)
    for kind in ("l1", "l2"):
        assert latent_matching_loss(target, target, kind) == 0
        assert latent_matching_loss(target + 0.5, target, kind) > 0
    angles = torch.full((3,), azimuth)
    wanted = 0.2 * np.exp(-((azimuth - np.pi) ** 2) / np.radians(20) ** 2)
    assert diversity_loss(torch.full((3, 8), wanted), angles) == pytest.approx(0, abs=1e-12)
    assert diversity_loss(torch.full((3, 8), wanted + 0.1), angles) == pytest.approx(0.01, rel=1e-4)
    variances = torch.full_like(target, log_variance)
    torch.testing.assert_close(sample_latent(target, variances, torch.zeros_like(target)), target)
    drawn = sample_latent(target, variances, torch.ones_like(target))
    torch.testing.assert_close(drawn - target, torch.full_like(target, np.exp(log_variance / 2)), atol=1e-4, rtol=1e-4)


# -------------------------------------------------------------------------------------------- splits and statistics
MODELS = st.dictionaries(
    st.tuples(st.sampled_from(["02691156", "03001627", "04379243"]), st.integers(0, 10**6)).map(
        lambda pair: f"{pair[0]}/{pair[1]:07d}"
    ),
    st.sampled_from(["", "", "", "twin", "pair"]),
    min_size=1,
    max_size=60,
).map(lambda groups: {model: name and f"{model.split('/')[0]}-{name}" for model, name in groups.items()})


def sides(split: splits.Split) -> dict[str, str]:
    return {model: side for side in splits.SIDES for model in getattr(split, side)}


@often
@given(MODELS, st.randoms(use_true_random=False))
def test_splits_share_out_every_object_once_and_keep_twins_together(groups: dict[str, str], random) -> None:
    order = list(groups)
    random.shuffle(order)
    shuffled = {model: groups[model] for model in order}
    made = {"official": splits.official(groups), "60-20-20": splits.drawn_60_20_20(groups), **splits.folds(groups)}
    again = {
        "official": splits.official(shuffled),
        "60-20-20": splits.drawn_60_20_20(shuffled),
        **splits.folds(shuffled),
    }
    for name, split in made.items():
        assert split == again[name]  # the order of the files on disk decides nothing
        assert sum(len(getattr(split, side)) for side in splits.SIDES) == len(groups)
        found = sides(split)
        assert found.keys() == groups.keys()
        for group in set(groups.values()) - {""}:
            assert len({found[model] for model in groups if groups[model] == group}) == 1
    tested = [model for name in splits.FOLDS for model in made[name].test]
    assert sorted(tested) == sorted(groups)


@often
@given(MODELS, MODELS)
def test_a_growing_split_moves_nobody(old: dict[str, str], new: dict[str, str]) -> None:
    before, after = splits.official(old), splits.official({**old, **new})
    grown = sides(splits.extended(before, after))
    assert grown.items() >= sides(before).items()
    assert grown.keys() == {*old, *new}


FIGURES = npst.arrays(
    np.float64, st.tuples(st.integers(1, 3), st.integers(2, 12)), elements=st.integers(-20, 20).map(float)
)


@often
@given(FIGURES, st.floats(0.1, 10), st.floats(-5, 5))
def test_intervals_follow_a_change_of_unit(values: np.ndarray, factor: float, shift: float) -> None:
    objects = [f"object {i // 2}" for i in range(values.shape[1])]
    found, other = (statistics.mean_interval(v, objects) for v in (values, values * factor + shift))
    assert found["low"] <= found["mean"] <= found["high"]
    if np.isfinite(found["low"]):
        for name in ("mean", "low", "high"):
            assert other[name] == pytest.approx(found[name] * factor + shift, rel=1e-6, abs=1e-6)
    difference = statistics.paired_difference(values, values + 1, objects)
    assert difference["difference"] == pytest.approx(-1)
    if difference["objects"] > 1:
        assert difference["low"] == pytest.approx(-1) and difference["high"] == pytest.approx(-1)


@often
@given(st.integers(1, 300), st.integers(0, 2**31), st.data())
def test_subsets_repeat_nothing_and_depend_on_their_seed_alone(total: int, seed: int, data) -> None:
    count = data.draw(st.integers(1, total))
    drawn = subset_indices(total, count, seed)
    assert len(set(drawn.tolist())) == count and drawn.min() >= 0 and drawn.max() < total
    assert (np.diff(drawn) > 0).all()
    np.testing.assert_array_equal(drawn, subset_indices(total, count, seed))
