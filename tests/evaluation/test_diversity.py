"""Diversity figures against closed forms, brute force and simulation."""

from __future__ import annotations

import itertools
import math
import threading
import weakref

import numpy as np
import pytest
import torch
from scipy.stats import norm

from lmnet_utils.evaluation import diversity, diversity_figures, ensembles, protocol, study
from lmnet_utils.evaluation.diversity import Ensemble
from lmnet_utils.geometry import camera, visibility
from lmnet_utils.geometry.camera import project_to_pixels
from lmnet_utils.geometry.frames import file_from_y_up
from lmnet_utils.geometry.pointclouds import subset_indices

FRONT = (0.0, 27.0, 0.8)  # azimuth°, elevation°, distance ratio
BEHIND = (180.0, 27.0, 0.8)


def dense_chamfer(x: np.ndarray, y: np.ndarray) -> float:
    """×100, Euclidean, both directions, by a dense distance matrix in float64."""
    distances = np.sqrt(((x[:, None].astype(np.float64) - y[None]) ** 2).sum(-1))
    return 100 * (distances.min(1).mean() + distances.min(0).mean())


def unit_cube(points: np.ndarray) -> np.ndarray:
    low, high = points.min(0), points.max(0)
    return (points - (low + high) / 2) / (high - low).max()


def box(n: int, sides: tuple[float, float, float], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) on a centred box, y up, and the outward normal (n, 3) of the face each lies on."""
    generator = np.random.default_rng(seed)
    sides = np.array(sides)
    area = np.array([sides[1] * sides[2], sides[0] * sides[2], sides[0] * sides[1]])
    axis = generator.choice(3, n, p=area / area.sum())
    points = generator.uniform(-0.5, 0.5, (n, 3))
    normals = np.zeros((n, 3))
    normals[np.arange(n), axis] = generator.choice([-1.0, 1.0], n)
    points[np.arange(n), axis] = normals[np.arange(n), axis] / 2
    return points * sides, normals


def chair(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A seat and a back, y up, front +x: points (n, 3), and which belong to the back's rear face."""
    seat, seat_normals = box(n // 2, (0.5, 0.06, 0.5), seed)
    back, back_normals = box(n - n // 2, (0.06, 0.6, 0.5), seed + 1)
    points = np.concatenate([seat, back + [-0.28, 0.25, 0]])
    return points, np.concatenate([np.zeros(len(seat), bool), back_normals[:, 0] < 0])


# ------------------------------------------------------------------------------------------------ accuracy of samples
def test_sample_scores_are_the_protocols():
    generator = np.random.default_rng(0)
    truth, samples = generator.normal(size=(1024, 3)), generator.normal(size=(3, 1500, 3)) * [1, 2, 1]
    expected = protocol.score(np.repeat(truth[None], 3, 0), samples, seed=4)["chamfer"]
    np.testing.assert_allclose(diversity.sample_scores(truth, samples, seed=4), expected, rtol=1e-12)
    kept = unit_cube(samples[0])[subset_indices(1500, 1024, 4)]
    assert expected[0] == pytest.approx(dense_chamfer(unit_cube(truth), kept))


def test_min_of_n_is_the_mean_over_all_subsets():
    scores = np.random.default_rng(0).random((2, 7))
    found = ensembles.min_of_n(scores)
    for row, n in itertools.product(range(2), range(1, 8)):
        subsets = [min(subset) for subset in itertools.combinations(scores[row], n)]
        assert found[row, n - 1] == pytest.approx(np.mean(subsets), rel=1e-12)


def test_min_of_n_is_unbiased():
    """The expected minimum of n uniform numbers is 1 / (n + 1)."""
    found = ensembles.min_of_n(np.random.default_rng(1).random((4000, 64))).mean(0)
    np.testing.assert_allclose(found, 1 / (np.arange(1, 65) + 1), atol=0.002)


def test_min_of_ranked_clouds_takes_them_in_their_order():
    assert ensembles.min_of_n([3.0, 5.0, 1.0, 2.0], ordered=True).tolist() == [3, 3, 1, 1]


# -------------------------------------------------------------------------------------------------------------- spread
def test_spread_of_gaussian_movement():
    """σ along each axis: root mean square distance from the mean σ·√3, mean distance of two draws 4σ/√π."""
    samples = np.random.default_rng(0).normal(0, 0.1, (40, 2000, 3)) + np.random.default_rng(1).normal(size=(2000, 3))
    assert np.square(diversity.point_spread(samples)).mean() == pytest.approx(3 * 0.01, rel=0.01)
    assert diversity.pairwise_point_distance(samples) == pytest.approx(0.4 / math.sqrt(math.pi), rel=0.01)


def test_pairwise_distances_against_brute_force():
    generator = np.random.default_rng(0)
    truth, samples = generator.random((50, 3)) * [4, 1, 1], generator.random((4, 90, 3))
    pairs = list(itertools.combinations(range(4), 2))
    by_points = np.mean([np.linalg.norm(samples[i] - samples[j], axis=1).mean() for i, j in pairs])
    assert diversity.pairwise_point_distance(samples) == pytest.approx(by_points, rel=1e-12)
    side, kept = np.ptp(truth, axis=0).max(), subset_indices(90, 45, 3)
    by_chamfer = [dense_chamfer(samples[i][kept], samples[j][kept]) / side for i, j in pairs]
    found = diversity.mean_pairwise_chamfer(truth, torch.from_numpy(samples), seed=3)
    assert found == pytest.approx(np.mean(by_chamfer), rel=1e-9)
    assert diversity.mean_pairwise_chamfer(truth, samples, clouds=2, seed=3) == pytest.approx(by_chamfer[0], rel=1e-9)


# -------------------------------------------------------------------------------------------------- visible and hidden
def test_the_camera_stands_where_the_rendering_was_made_from():
    """A point moved towards the camera stays on its pixel; the cloud's place and size do not matter."""
    points, _ = box(200, (0.8, 0.36, 0.48))
    points = points / np.linalg.norm(np.ptp(points, axis=0))  # the renderings' frame: centred, diagonal 1
    eye = camera.camera_eye(file_from_y_up(points), 140.0, 25.0, 0.7)
    towards = file_from_y_up(points) + 0.3 * (eye - file_from_y_up(points))
    back = np.stack([towards[:, 1], -towards[:, 0], towards[:, 2]], axis=1)  # y up again
    centred = points - (points.max(0) + points.min(0)) / 2
    moved = back - (points.max(0) + points.min(0)) / 2
    np.testing.assert_allclose(
        project_to_pixels(moved, 140.0, 25.0, 0.7), project_to_pixels(centred, 140.0, 25.0, 0.7), atol=1e-9
    )
    elsewhere = camera.camera_eye(3 * file_from_y_up(points) + [1, 2, 3], 140.0, 25.0, 0.7)
    np.testing.assert_allclose(elsewhere, 3 * eye + [1, 2, 3])


@pytest.mark.parametrize("points", [1024, 2048])
def test_visible_side_of_a_sphere(points):
    """From distance d, the cap with cos θ > 1/d of a unit sphere is seen."""
    k = np.arange(points) + 0.5
    height, turn = 1 - 2 * k / points, math.pi * (1 + 5**0.5) * k
    sphere = np.stack([np.sqrt(1 - height**2) * np.cos(turn), height, np.sqrt(1 - height**2) * np.sin(turn)], axis=1)
    eye = np.array([2.0, 1.5, -1.0])
    cosine, horizon = sphere @ eye / np.linalg.norm(eye), 1 / np.linalg.norm(eye)
    seen, clear = visibility.visible_points(sphere, eye), np.abs(cosine - horizon) > 0.1
    assert (seen == (cosine > horizon))[clear].mean() > 0.99


@pytest.mark.parametrize("azimuth", [0.0, 35.0, 180.0, 260.0])
def test_visible_faces_of_a_box(azimuth):
    points, normals = box(2000, (0.6, 0.5, 0.4))
    eye = camera.camera_eye(file_from_y_up(points), azimuth, 27.0, 0.8)
    towards = (normals * (np.array([eye[1], -eye[0], eye[2]]) - points)).sum(1)  # > 0: the face is turned to the camera
    inner = np.abs(towards) > 0.05
    inner &= (np.sort(0.5 - np.abs(points / [0.6, 0.5, 0.4]), axis=1)[:, 1]) > 0.08  # away from the edges
    seen = visibility.visible_points(file_from_y_up(points), eye)
    assert (seen == (towards > 0))[inner].mean() > 0.97


def test_a_chair_from_behind_shows_its_back_and_hides_its_seat():
    points, rear = chair(2048)
    cloud, under_the_back = file_from_y_up(points), (points[:, 0] > -0.2) & (np.abs(points[:, 2]) < 0.15)
    seat_top = (points[:, 1] > 0.02) & (points[:, 1] < 0.04) & under_the_back
    behind = visibility.visible_points(cloud, camera.camera_eye(cloud, *BEHIND))
    front = visibility.visible_points(cloud, camera.camera_eye(cloud, *FRONT))
    assert behind[rear].mean() > 0.95 and front[rear].mean() < 0.1
    assert front[seat_top].mean() > 0.95 and behind[seat_top].mean() < 0.3


def test_equal_points_are_seen_alike():
    points, _ = box(500, (0.6, 0.5, 0.4))
    eye = [0.0, 0.0, 3.0]
    doubled = visibility.visible_points(np.concatenate([points, points[::-1]]), eye)
    np.testing.assert_array_equal(doubled, np.tile(visibility.visible_points(points, eye), 2)[_mirrored(500)])


def _mirrored(count: int) -> np.ndarray:
    return np.concatenate([np.arange(count), np.arange(count)[::-1]])


def test_hidden_share_of_equal_movement_is_one_half():
    points, _ = chair(2000)
    visible = visibility.visible_points(points, [3.0, 1.5, 0.0])
    samples = points + np.random.default_rng(0).normal(0, 0.02, (64, 2000, 3))
    parts = diversity.hidden_share(samples, visible)
    assert parts["ratio"] == pytest.approx(1, abs=0.03) and parts["share"] == pytest.approx(0.5, abs=0.01)
    assert parts["hidden_variance"] == pytest.approx(3 * 0.02**2, rel=0.03)


def test_hidden_share_of_samples_that_vary_behind_only():
    points, _ = chair(2000)
    cloud = file_from_y_up(points)
    visible = visibility.visible_points(cloud, camera.camera_eye(cloud, *BEHIND))
    size = np.where(visible, 0.005, 0.05)[:, None]
    samples = cloud + np.random.default_rng(0).normal(size=(32, 2000, 3)) * size
    parts = diversity.hidden_share(samples, visible)
    assert parts["ratio"] == pytest.approx(100, rel=0.05) and parts["share"] > 0.98
    nothing = diversity.hidden_share(np.repeat(cloud[None], 3, 0), visible)
    assert np.isnan(nothing["ratio"]) and np.isnan(nothing["share"]) and nothing["hidden_variance"] == 0
    assert np.isnan(diversity.hidden_share(samples, np.ones(2000, bool))["share"])


def test_fidelity_tells_the_visible_part_from_the_hidden_one():
    """A flat grid, of which the right half is hidden and lifted: the visible half is met exactly."""
    grid = np.stack([*np.meshgrid(np.linspace(0, 2, 21), np.linspace(0, 1, 11)), np.zeros((11, 21))], -1).reshape(-1, 3)
    visible = grid[:, 0] < 1
    lifted = grid + np.outer(~visible, [0, 0, 0.04])
    seen, hidden = diversity.visible_fidelity(grid, np.stack([grid, lifted]), visible)
    assert seen.tolist() == [0, 0] and hidden[0] == 0
    assert hidden[1] == pytest.approx(100 * 0.04 / 2)  # in units of the longest side
    seen, hidden = diversity.visible_fidelity(grid, grid[None], np.zeros(len(grid), bool))
    assert np.isnan(seen[0]) and hidden[0] == 0


# ----------------------------------------------------------------------------------------------------- σ and the angle
def test_angle_from_behind_is_on_the_circle():
    angles = study.angle_from_behind(np.array([180.0, 170, 195, 0, 359, -180, 540, -10]))
    assert angles.tolist() == [0, 10, 15, 180, 179, 0, 0, 170]


def test_mean_sigma():
    assert ensembles.mean_sigma(torch.log(torch.tensor([[0.01, 0.09]]))) == pytest.approx([0.2])


def test_bins_count_objects_once_and_carry_the_target():
    azimuths = np.array([180.0, 175, 185, 160, 200, 0, 355])
    values, objects = np.array([1.0, 3, 10, 5, 7, 2, 4]), ["a", "a", "b", "a", "b", "a", "b"]
    rows = diversity_figures.bin_by_angle(values, azimuths, objects)
    assert [(row["from"], row["to"]) for row in rows] == [(0, 10), (10, 20), (20, 40), (40, 90), (90, 180)]
    assert [row["images"] for row in rows] == [3, 0, 2, 0, 2] and [row["objects"] for row in rows] == [2, 0, 2, 0, 2]
    assert rows[0]["mean"] == pytest.approx((2 + 10) / 2)  # not (1 + 3 + 10) / 3
    assert rows[1]["mean"] is rows[1]["target_sigma"] is rows[1]["low"] is None
    at_five = 0.2 * math.exp(-(5**2) / 20**2)
    assert rows[0]["target_sigma"] == pytest.approx((0.2 + 2 * at_five) / 3, rel=1e-6)
    assert rows[2]["target_sigma"] == pytest.approx(0.2 / math.e, rel=1e-6)
    assert rows[4]["images"] == 2 and rows[4]["low"] < 3 < rows[4]["high"]
    seeds = diversity_figures.bin_by_angle(np.stack([values, values + 2]), azimuths, objects)
    assert seeds[0]["mean"] == pytest.approx(7)
    with pytest.raises(ValueError, match="ascending"):
        diversity_figures.bin_by_angle(values, azimuths, objects, edges=(0, 20, 20))


# ----------------------------------------------------------------------------------- is the spread the error's measure?
def test_calibration_is_error_over_sigma():
    generator = np.random.default_rng(0)
    mean, sigma = generator.normal(size=(50, 512)), generator.uniform(0.1, 0.3, (50, 1)) * np.ones(512)
    truth = mean + sigma * generator.normal(size=(50, 512))
    found = ensembles.calibration(mean, sigma, truth)
    np.testing.assert_allclose(found["ratio"], 1, atol=0.12)
    assert found["pooled"] == pytest.approx(1, abs=0.02)
    assert ensembles.calibration(mean, sigma / 2, truth)["pooled"] == pytest.approx(2, abs=0.04)
    assert ensembles.calibration(mean, 0 * sigma, truth)["pooled"] == np.inf


def test_energy_score_of_gaussian_ensembles_is_the_closed_form():
    """In one dimension the expected score of draws from N(0, 1) is y·(2Φ(y) − 1) + 2φ(y) − 1/√π (Gneiting & Raftery)."""
    generator = np.random.default_rng(0)
    for y in (0.0, 1.3):
        found = [ensembles.latent_energy_score(draws, [y]) for draws in generator.normal(size=(4000, 5, 1))]
        expected = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / math.sqrt(math.pi)
        assert np.mean(found) == pytest.approx(expected, abs=0.03)


def test_energy_score_prefers_the_right_spread():
    generator = np.random.default_rng(0)
    truths, noise = generator.normal(size=(600, 8)), generator.normal(size=(600, 10, 8))
    scores = {
        sigma: np.mean([ensembles.latent_energy_score(sigma * z, y) for z, y in zip(noise, truths, strict=True)])
        for sigma in (0.5, 1.0, 2.0)
    }
    assert scores[1.0] < min(scores[0.5], scores[2.0])
    assert ensembles.latent_energy_score(np.zeros((3, 2)), [3.0, 4.0]) == 5  # a single guess has its error


def test_energy_score_of_clouds_against_brute_force():
    generator = np.random.default_rng(0)
    truth, samples = generator.random((60, 3)), generator.random((3, 80, 3)) * [1, 2, 1]
    one = subset_indices(80, 40, 5)
    other = np.setdiff1d(np.arange(80), one)
    clouds = [unit_cube(sample) for sample in samples]
    between = np.mean([dense_chamfer(clouds[i][one], clouds[j][other]) for i, j in ((0, 1), (0, 2), (1, 2))])
    expected = np.mean([dense_chamfer(unit_cube(truth), cloud) for cloud in clouds]) - between / 2
    assert diversity.cloud_energy_score(truth, samples, seed=5) == pytest.approx(expected, rel=1e-9)


def test_invisible_tremor_earns_no_energy_score():
    """Noise below the sampling distance improves no score: samples are compared by different points."""
    points, _ = box(2048, (0.6, 0.5, 0.4))
    truth, _ = box(1024, (0.6, 0.5, 0.4), seed=1)
    same = np.repeat(points[None], 4, 0)
    trembling = same + np.random.default_rng(0).normal(0, 1e-3, same.shape)
    tremor = diversity.mean_pairwise_chamfer(truth, trembling)
    gain = diversity.cloud_energy_score(truth, same) - diversity.cloud_energy_score(truth, trembling)
    loss = diversity.sample_scores(truth, trembling).mean() - diversity.sample_scores(truth, same).mean()
    assert gain < 0 < tremor / 2 - loss  # which equal points would have earned


def test_clouds_energy_score_rewards_knowing_both_possibilities():
    """The truth is a long or a flat box. An ensemble of both is better than either one alone, or than noise about one."""
    long, flat = box(2048, (1.0, 0.4, 0.4))[0], box(2048, (1.0, 0.1, 1.0))[0]
    truths = [box(1024, (1.0, 0.4, 0.4), 1)[0], box(1024, (1.0, 0.1, 1.0), 1)[0]]
    noisy = long + np.random.default_rng(0).normal(0, 0.05, (4, 2048, 3))
    ensembles = {"both": [long, flat, long, flat], "one": [long] * 4, "noisy": noisy}
    scores = {
        name: np.mean([diversity.cloud_energy_score(truth, np.stack(samples)) for truth in truths])
        for name, samples in ensembles.items()
    }
    assert scores["both"] < min(scores["one"], scores["noisy"]) - 1


@pytest.mark.parametrize("count", [39, 64])
def test_coverage_by_ranks_of_a_calibrated_ensemble(count):
    """Whatever the distribution: here a skewed one."""
    generator = np.random.default_rng(0)
    samples, truth = generator.exponential(size=(count, 30_000)), generator.exponential(size=30_000)
    for level, share in ensembles.rank_coverage(samples, truth).items():
        assert share == pytest.approx(level, abs=0.01)
    narrow = ensembles.rank_coverage(1 + (samples - 1) / 4, truth)
    assert narrow[0.95] < 0.6


def test_coverage_by_ranks_says_what_it_cannot_know():
    samples = np.random.default_rng(0).normal(size=(16, 1000))
    found = ensembles.rank_coverage(samples, samples.mean(0))
    assert np.isnan(found[0.95]) and found[0.8] == pytest.approx(1)
    assert ensembles.rank_coverage(np.zeros((16, 1000)), np.ones(1000))[0.8] == 0
    clouds = np.random.default_rng(0).normal(size=(40, 500, 3))
    assert ensembles.rank_coverage(clouds[1:], clouds[0], [0.5])[0.5] == pytest.approx(0.5, abs=0.05)


# -------------------------------------------------------------------------------------------------------------- driver
@pytest.fixture(scope="module")
def images():
    """Three images' truths, cameras, sample clouds and latents."""
    truths = np.stack([file_from_y_up(chair(300, seed)[0]) for seed in (0, 10, 20)])
    base = np.stack([file_from_y_up(chair(400, seed)[0]) for seed in (1, 11, 21)])
    samples = base[:, None] + np.random.default_rng(0).normal(0, 0.03, (3, 6, 400, 3))
    latents = np.random.default_rng(1).normal(size=(3, 6, 512))
    return truths, np.array([FRONT, BEHIND, (90, 27, 0.9)]), samples, latents


def test_driver_gives_each_function_figure_for_figure(images):
    truths, cameras, samples, latents = images
    found = diversity.diversity_of_images(
        truths,
        cameras,
        Ensemble(samples.__getitem__, latents=latents.__getitem__, true_latents=np.zeros((3, 512))),
        workers=1,
    )
    coverage = [ensembles.rank_coverage(one, np.zeros(512)) for one in latents]
    for i in range(3):
        side = np.ptp(truths[i], axis=0).max()
        eye = camera.camera_eye(truths[i], *cameras[i])
        seen = visibility.visible_points(samples[i].mean(0), eye)
        parts = diversity.hidden_share(samples[i], seen)
        fidelity = diversity.visible_fidelity(truths[i], samples[i], visibility.visible_points(truths[i], eye))
        chamfer = diversity.mean_pairwise_chamfer(truths[i], samples[i])
        expected = {
            "scores": diversity.sample_scores(truths[i], samples[i]),
            "min_of_n": ensembles.min_of_n(diversity.sample_scores(truths[i], samples[i])),
            "mean_of_n": diversity.sample_scores(truths[i], samples[i]).mean(),
            "pairwise_chamfer": chamfer,
            "total_mutual_difference": 6 * chamfer,
            "pairwise_points": 100 * diversity.pairwise_point_distance(samples[i]) / side,
            "spread": 100 * diversity.point_spread(samples[i]).mean() / side,
            "visible_points": seen.mean(),
            "visible_spread": 100 * math.sqrt(parts["visible_variance"]) / side,
            "hidden_spread": 100 * math.sqrt(parts["hidden_variance"]) / side,
            "hidden_ratio": parts["ratio"],
            "hidden_share": parts["share"],
            "visible_fidelity": fidelity[0].mean(),
            "hidden_fidelity": fidelity[1].mean(),
            "visible_fidelity_of_samples": fidelity[0],
            "energy": diversity.cloud_energy_score(truths[i], samples[i]),
            "latent_energy": ensembles.latent_energy_score(latents[i], np.zeros(512)),
            **{f"latent_coverage_{level}": coverage[i][level] for level in (0.5, 0.8, 0.95)},
        }
        assert set(found) == set(expected)
        for key, value in expected.items():
            np.testing.assert_allclose(found[key][i], value, rtol=1e-9, err_msg=key)
    again = diversity.diversity_of_images(truths, cameras, Ensemble(samples.__getitem__), workers=3)
    assert all(np.array_equal(values, found[key], equal_nan=True) for key, values in again.items())


def test_driver_takes_one_cloud_for_n_equal_ones(images):
    truths, cameras, samples, latents = images
    found = diversity.diversity_of_images(
        truths,
        cameras,
        Ensemble(lambda i: samples[i, :1], copies=5, latents=lambda i: latents[i, :1], true_latents=np.zeros((3, 512))),
    )
    score = [diversity.sample_scores(truths[i], samples[i, :1])[0] for i in range(3)]
    np.testing.assert_allclose(found["min_of_n"], np.repeat(np.array(score)[:, None], 5, 1))
    for key in ("pairwise_chamfer", "pairwise_points", "total_mutual_difference", "spread", "hidden_spread"):
        assert (found[key] == 0).all(), key
    assert np.isnan(found["hidden_share"]).all()
    np.testing.assert_allclose(found["latent_energy"], np.linalg.norm(latents[:, 0], axis=1))
    assert (found["energy"] < score).all()  # half the floor between two halves of one cloud


def test_driver_leaves_out_figures_by_points_for_neighbours(images):
    truths, cameras, samples, _ = images
    found = diversity.diversity_of_images(truths, cameras, Ensemble(samples.__getitem__, drawn=False))
    np.testing.assert_allclose(found["min_of_n"], np.minimum.accumulate(found["scores"], axis=1))
    for key in ("pairwise_points", "spread", "visible_points", "hidden_ratio", "hidden_share"):
        assert np.isnan(found[key]).all(), key
    assert np.isfinite(found["pairwise_chamfer"]).all() and np.isfinite(found["visible_fidelity"]).all()


def test_driver_holds_the_clouds_of_the_images_at_work_only(images):
    truths, cameras, samples, _ = images
    alive, most, lock = set(), [], threading.Lock()

    def clouds(i):
        made = samples[i % 3].copy()
        with lock:
            alive.add(i)
            most.append(len(alive))
        weakref.finalize(made, alive.discard, i)
        return made

    figures = diversity.diversity_of_images(truths[[0, 1, 2] * 4], cameras[[0, 1, 2] * 4], Ensemble(clouds), workers=2)
    assert len(most) == 12 and max(most) <= 2
    assert len(figures["energy"]) == 12


def test_driver_names_the_image_that_fails(images):
    truths, cameras, samples, latents = images
    broken = samples.copy()
    broken[1, 2, 3] = np.nan
    with pytest.raises(ValueError, match="image 1: clouds: 3 of 7200 values are NaN"):
        diversity.diversity_of_images(truths, cameras, Ensemble(broken.__getitem__))
    with pytest.raises(ValueError, match="with 4 and with 6 samples"):
        diversity.diversity_of_images(truths, cameras, Ensemble(lambda i: samples[i, : 4 if i else 6]))
    with pytest.raises(ValueError, match=r"cameras: expected shape \(3, 3\), found \(2, 3\)"):
        diversity.diversity_of_images(truths, cameras[:2], Ensemble(samples.__getitem__))
    with pytest.raises(ValueError, match="no images"):
        diversity.diversity_of_images(truths[:0], cameras[:0], Ensemble(samples.__getitem__))
    with pytest.raises(ValueError, match="true_latents"):
        Ensemble(samples.__getitem__, latents=latents.__getitem__)


# -------------------------------------------------------------------------------------------------------------- errors
CLOUD = np.random.default_rng(0).random((30, 3))
SAMPLES = np.random.default_rng(1).random((4, 30, 3))
BROKEN = np.where(np.arange(30)[:, None] == 7, np.nan, CLOUD)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: diversity.sample_scores(CLOUD[:0], SAMPLES), r"truth: expected shape \(≥ 1, 3\), found \(0, 3\)"),
        (lambda: diversity.sample_scores(BROKEN, SAMPLES), "truth: 3 of 90 values are NaN"),
        (lambda: diversity.sample_scores(CLOUD, CLOUD), r"samples: expected shape \(≥ 1, ≥ 1, 3\), found \(30, 3\)"),
        (lambda: ensembles.min_of_n([1.0, np.nan]), "NaN"),
        (lambda: ensembles.min_of_n([]), "N ≥ 1"),
        (lambda: diversity.point_spread(SAMPLES[:1]), "at least 2"),
        (lambda: diversity.pairwise_point_distance(SAMPLES[..., :2]), r"found \(4, 30, 2\)"),
        (lambda: diversity.mean_pairwise_chamfer(CLOUD, SAMPLES, clouds=1), "clouds=1"),
        (lambda: diversity.cloud_energy_score(CLOUD, SAMPLES[:1]), "at least 2"),
        (lambda: camera.camera_eye(CLOUD, np.nan, 0, 1), "camera: 1 of 3 values"),
        (lambda: visibility.visible_points(BROKEN, [0, 0, 3]), "points: 3 of 90"),
        (lambda: visibility.visible_points(CLOUD, CLOUD[4]), "where the camera is"),
        (lambda: visibility.visible_points(CLOUD[:2], [0, 0, 3]), "fewer"),
        (lambda: visibility.visible_points(CLOUD * [1, 1, 0], [3, 0, 0]), "flat one"),
        (lambda: diversity.hidden_share(SAMPLES, np.ones(29, bool)), r"expected booleans \(30,\)"),
        (lambda: diversity.hidden_share(SAMPLES, np.arange(30)), r"found int64"),
        (lambda: diversity.visible_fidelity(CLOUD, SAMPLES, np.ones(3, bool)), r"expected booleans \(30,\)"),
        (lambda: study.angle_from_behind([np.inf]), "infinite"),
        (lambda: diversity_figures.bin_by_angle([1.0, 2.0], [0.0], ["a", "b"]), r"azimuths: expected shape \(2,\)"),
        (lambda: ensembles.calibration(np.ones((2, 3)), np.ones((2, 4)), np.ones((2, 3))), r"sigma: .*\(2, 3\)"),
        (lambda: ensembles.latent_energy_score(np.ones((1, 3)), np.ones(3)), "at least 2"),
        (lambda: ensembles.rank_coverage(np.ones((4, 3)), np.ones(2)), r"truth: expected shape \(3,\)"),
        (lambda: ensembles.rank_coverage(np.ones((4, 3)), np.ones(3), [95]), "level 95"),
    ],
)
def test_errors_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
