"""Figures of samplers against a known posterior: closed forms, brute force, and samplers whose faults are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from test_diversity import BEHIND, chair, dense_chamfer, unit_cube

from lmnet_utils.evaluation import ambiguity
from lmnet_utils.evaluation.ambiguity import PosteriorDistances
from lmnet_utils.geometry.camera import project_to_pixels
from lmnet_utils.geometry.frames import file_from_y_up

TWO = np.array([[0.0, 4.0], [4.0, 0.0]])


def distances(samples: np.ndarray, variants: np.ndarray) -> PosteriorDistances:
    """Of points (N, D) and (K, D) instead of clouds."""
    return PosteriorDistances(cdist(samples, variants), cdist(samples, samples), cdist(variants, variants))


def random_distances(seed: int = 0, n: int = 5, k: int = 4) -> PosteriorDistances:
    generator = np.random.default_rng(seed)
    return distances(generator.normal(size=(n, 2)), generator.normal(size=(k, 2)))


# -------------------------------------------------------------------------------------------------------- closed forms
def test_two_variants_and_two_samples_by_hand() -> None:
    variants = np.array([[0.0], [4.0]])
    one_mode, both = distances(np.zeros((2, 1)), variants), distances(variants, variants)
    assert ambiguity.energy_of_truth(TWO) == pytest.approx(1.0)
    for found, coverage, energy in ((one_mode, [0.5, 0.5], [2.0, 2.0]), (both, [0.5, 1.0], [2.0, 1.0])):
        figures = ambiguity.posterior_figures(found, [1, 2])
        assert figures["coverage"] == pytest.approx(coverage)
        assert figures["precision"] == pytest.approx([1, 1])
        assert figures["energy"] == pytest.approx(energy)
        assert figures["energy_excess"] == pytest.approx(np.array(energy) - 1)


def test_the_radius_is_half_the_way_to_the_nearest_other_variant() -> None:
    variants = np.array([[0.0], [4.0], [10.0]])
    found = distances(np.array([[1.9], [2.1], [6.9], [7.1], [-2.1]]), variants)
    assert ambiguity.variant_radii(found.between_variants) == pytest.approx([2, 2, 3])
    assert ambiguity.posterior_precision(found) == pytest.approx(3 / 5)  # neither 6.9 nor −2.1
    assert ambiguity.posterior_coverage(found)[-1] == 1
    assert ambiguity.variant_radii(np.zeros((1, 1))) == [ambiguity.LONE_RADIUS]


def test_figures_of_n_samples_are_means_over_all_subsets_of_n() -> None:
    found = random_distances(6)
    hits = found.to_variants <= ambiguity.variant_radii(found.between_variants)
    assert 0 < hits.mean() < 1
    coverage, energy = ambiguity.posterior_coverage(found), ambiguity.posterior_energy(found)
    for n in range(1, 6):
        subsets = [list(rows) for rows in itertools.combinations(range(5), n)]
        assert coverage[n - 1] == pytest.approx(np.mean([hits[rows].any(axis=0).mean() for rows in subsets]))
        of_ensembles = [
            found.to_variants[rows].mean() - found.between_samples[np.ix_(rows, rows)].mean() / 2 for rows in subsets
        ]
        assert energy[n - 1] == pytest.approx(np.mean(of_ensembles))


def test_the_posteriors_own_energy_score_is_that_of_very_many_draws_from_it() -> None:
    variants = np.random.default_rng(1).normal(size=(5, 2))
    every_draw = distances(np.repeat(variants, 100, axis=0), variants)  # 500 draws, exactly uniform
    own = ambiguity.energy_of_truth(every_draw.between_variants)
    assert ambiguity.posterior_energy(every_draw)[-1] == pytest.approx(own, rel=1e-9)


def test_ranks_are_those_of_a_pooled_ranking_with_ties_drawn_by_lot() -> None:
    generator = np.random.default_rng(2)
    samples, variants = generator.integers(0, 3, (6, 1)).astype(float), np.array([[0.0], [1.0], [5.0]])
    found, shares = distances(samples, variants), [0.1, 0.35, 0.5, 0.9]
    reached = np.zeros(len(shares))
    for variant in variants:
        pool = np.vstack([samples, variant])
        depth = cdist(pool, pool).sum(axis=1)
        before, beside = (depth[:-1] < depth[-1]).sum(), (depth[:-1] == depth[-1]).sum()
        lots = (before + (np.arange(20_000) + 0.5) / 20_000 * (beside + 1)) / 7
        reached += [(lots <= share).mean() / len(variants) for share in shares]
    assert ambiguity.rank_distribution(found, shares) == pytest.approx(reached, abs=1e-3)


# ------------------------------------------------------------------------------------------------ samplers that are known
IMAGES, DRAWS = 300, 32


def sampler_means(sampler: str, seed: int = 0) -> dict[str, np.ndarray]:
    """Mean figures at 1 and 32 draws over images, each with eight variants in the plane."""
    generator = np.random.default_rng(seed)
    rows = []
    for _ in range(IMAGES):
        variants = 10 * generator.normal(size=(8, 2))
        middle = variants.mean(axis=0)
        drawn = variants[generator.integers(4 if sampler == "half the modes" else 8, size=DRAWS)]
        if sampler == "narrow":
            drawn = middle + 0.3 * (drawn - middle)
        elif sampler == "wide":
            drawn = middle + 2.5 * (drawn - middle)
        elif sampler == "one mode":
            drawn = np.repeat(drawn[:1], DRAWS, axis=0)
        rows.append(ambiguity.posterior_figures(distances(drawn, variants), [1, DRAWS]))
    return {name: np.mean([row[name] for row in rows], axis=0) for name in rows[0]}


def test_a_sampler_that_draws_from_the_truth_scores_perfectly() -> None:
    found = sampler_means("truth")
    assert found["coverage"] == pytest.approx([1 / 8, 1 - (7 / 8) ** 32], abs=0.01)
    assert found["precision"] == pytest.approx([1, 1])
    own = found["energy"] - found["energy_excess"]
    assert found["energy_excess"] == pytest.approx(own / [1, 32], abs=0.03 * own[0])  # E = own·(1 + 1/n)
    for level in (0.5, 0.8, 0.95):
        assert found[f"region_{level}"] == pytest.approx([level, level], abs=0.03)
    assert found["ranks"] == pytest.approx(np.full((2, 10), 0.1), abs=0.03)
    assert found["ranks"].sum(axis=1) == pytest.approx([1, 1])


def test_faults_of_samplers_are_told_apart() -> None:
    truth, narrow, wide, half, single = (
        {name: values[-1] for name, values in sampler_means(sampler).items()}
        for sampler in ("truth", "narrow", "wide", "half the modes", "one mode")
    )
    for fault in (narrow, wide, half, single):
        assert fault["energy_excess"] > truth["energy_excess"] + 0.5
    assert narrow["region_0.8"] < 0.6 and narrow["ranks"][-1] > 0.3
    assert wide["region_0.5"] > 0.7 and wide["ranks"][-1] < 0.02
    assert half["precision"] == 1 and half["coverage"] == pytest.approx(0.5, abs=0.02) and half["region_0.95"] < 0.9
    assert single["precision"] == 1 and single["coverage"] == pytest.approx(1 / 8) and single["ranks"][-1] > 0.5
    assert narrow["precision"] < 0.7 and wide["precision"] < 0.7


def test_a_single_variant_is_a_question_with_one_answer() -> None:
    figures = ambiguity.posterior_figures(distances(np.array([[0.1], [0.2], [2.0]]), np.zeros((1, 1))), [1, 3])
    assert figures["precision"] == pytest.approx(2 / 3) and figures["coverage"] == pytest.approx([2 / 3, 1])
    assert figures["energy_excess"] == pytest.approx(figures["energy"])


@pytest.mark.parametrize("counts", [[0], [6], []])
def test_numbers_of_samples_that_there_are_not_are_refused(counts: list[int]) -> None:
    with pytest.raises(ValueError, match="from 1 to 5"):
        ambiguity.posterior_figures(random_distances(), counts)


def test_matrices_that_are_no_distances_are_refused() -> None:
    with pytest.raises(ValueError, match="between_variants: expected a symmetric"):
        PosteriorDistances(np.ones((3, 2)), np.zeros((3, 3)), np.array([[0.0, 1.0], [2.0, 0.0]]))
    with pytest.raises(ValueError, match="between_samples"):
        PosteriorDistances(np.ones((3, 2)), np.zeros((2, 2)), np.zeros((2, 2)))


# -------------------------------------------------------------------------------------------------------------- clouds
def test_two_samplings_of_a_surface_are_at_no_distance_and_others_at_theirs() -> None:
    plates = [np.random.default_rng(k).uniform(0, 1, (2048, 3)) * [1, 1, 0] for k in range(6)]
    same = ambiguity.chamfer_above_floor(plates)
    assert np.diag(same) == pytest.approx(0, abs=1e-12)
    off = same[~np.eye(6, dtype=bool)]
    assert abs(off.mean()) < 0.05 and np.abs(off).max() < 0.2
    # a fin that stands out by 0.2 on both sides of an edge: its points are 0.1 off on average, and a sixth of all
    fins = [plate.copy() for plate in plates[2:4]]
    for fin, generator in zip(fins, map(np.random.default_rng, (8, 9)), strict=True):
        on_fin = np.arange(2048) % 6 == 0
        fin[on_fin] = np.stack(
            [fin[on_fin, 0], np.zeros(on_fin.sum()), generator.uniform(-0.2, 0.2, on_fin.sum())], axis=-1
        )
    there = ambiguity.chamfer_above_floor(plates[:2], fins)
    assert there == pytest.approx(100 * 0.1 / 6, abs=0.4)


def test_above_the_floor_is_the_chamfer_distance_of_halves_less_those_within() -> None:
    x, y = (np.random.default_rng(k).normal(size=(40, 3)) for k in (3, 4))
    order = np.random.default_rng(7).permutation(40)
    (a, b), (c, d) = ((unit_cube(z)[order[::2]], unit_cube(z)[order[1::2]]) for z in (x, y))
    across, within = dense_chamfer(a, d) + dense_chamfer(b, c), dense_chamfer(a, b) + dense_chamfer(c, d)
    expected = (across - within) / 2
    assert ambiguity.chamfer_above_floor(x[None], y[None], seed=7)[0, 0] == pytest.approx(expected)
    every = ambiguity.cloud_distances([x, y], [y, x], seed=7)
    for matrix in (every.to_variants[:, ::-1], every.between_samples, every.between_variants):
        assert matrix == pytest.approx(np.array([[0, expected], [expected, 0]]), abs=1e-9)
    repeated = ambiguity.cloud_distances([x, y, x], [y, x], seed=7)
    assert repeated.to_variants == pytest.approx(every.to_variants[[0, 1, 0]], abs=1e-9)
    assert repeated.between_samples == pytest.approx(every.between_samples[np.ix_([0, 1, 0], [0, 1, 0])], abs=1e-9)


def test_agreement_with_the_image_looks_at_the_visible_side_alone() -> None:
    """From behind, a chair whose seat is shorter agrees as well as the true one; one with a lower back does not."""
    points, _ = chair(2048)
    low, high = points.min(axis=0), points.max(axis=0)
    points = (points - (low + high) / 2) / np.linalg.norm(high - low)
    seat = points[:, 0] > -0.2
    shorter, lower = points.copy(), points.copy()
    shorter[seat, 0] = -0.2 + 0.6 * (shorter[seat, 0] + 0.2)
    lower[~seat, 1] *= 0.5
    image = np.zeros((137, 137, 4), np.uint8)
    column, row = np.round(project_to_pixels(points, *BEHIND)).astype(int).T
    for dx, dy in itertools.product((-1, 0, 1), repeat=2):
        image[row + dy, column + dx] = 255
    clouds = file_from_y_up(np.stack([points, shorter, lower]))
    found = ambiguity.image_agreement(clouds, clouds[0], image, BEHIND)
    assert found["silhouette"][0] > 0.85 > found["silhouette"][2] + 0.1
    assert found["visible_distance"][0] == 0
    assert found["visible_distance"][1] < 0.5 < 1.5 < found["visible_distance"][2]


# ------------------------------------------------------------------------------------------------------------ intervals
def test_intervals_are_over_objects_and_not_over_images() -> None:
    images = [ambiguity.posterior_figures(random_distances(seed), [1, 5]) for seed in range(4)]
    rows = ambiguity.ambiguity_rows(images, ["a", "a", "b", "c"], [1, 5])
    energies = np.array([image["energy"][1] for image in images])
    of_objects = np.array([energies[:2].mean(), energies[2], energies[3]])
    row = next(row for row in rows if row["figure"] == "energy" and row["samples"] == 5)
    assert row["mean"] == pytest.approx(of_objects.mean()) and row["objects"] == 3
    half = 4.302653 * of_objects.std(ddof=1) / np.sqrt(3)  # Student's t with 2 degrees of freedom
    assert [row["low"], row["high"]] == pytest.approx([of_objects.mean() - half, of_objects.mean() + half])
    bins = [row["mean"] for row in rows if row["figure"].startswith("rank_") and row["samples"] == 5]
    assert len(bins) == 10 and sum(bins) == pytest.approx(1)
    assert ambiguity.ambiguity_rows(images[:1], ["a"], [1, 5])[0]["low"] is None
