"""The diversity study of a run's models, its controls and the verdicts, on a small fake data set and by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from test_evaluation import CHAIR, SOFA, TEST, TRAIN, FakePack, scored

from lmnet_utils.evaluation import claims, diversity, diversity_figures, study
from lmnet_utils.evaluation.methods import Task, TrainingLatents
from lmnet_utils.evaluation.study import (
    Answers,
    Study,
    measure_diversity,
    strongest_lambda,
    study_items,
    target_of,
    values_of,
)
from lmnet_utils.models import latents as kept_latents
from lmnet_utils.models.inference import Item, Sampling, decode, encode_clouds, encode_images, sample_latents
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder


@pytest.fixture(scope="module")
def task():
    return Task(FakePack(TEST + TRAIN), TEST, TRAIN, "split", TRAIN[:1])


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(0)
    names = ("encoder_l1", "encoder_l1_seed1", "encoder_lambda_0", "encoder_lambda_5.5", "encoder_lambda_5.5_seed1")
    encoders = {name: ImageEncoder(width=0.25, variational="lambda" in name).initialise().eval() for name in names}
    return {"autoencoder": PointCloudAutoencoder().eval(), **encoders}


# -------------------------------------------------------------------------------------------------------- measurement
def test_images_go_from_behind_to_the_front_of_objects_that_all_models_know(task, networks):
    every = study_items(task, networks)
    assert {item.model for item in every} == {TEST[0], TEST[2]} and len(every) == 8  # Variant II knows chairs only
    for item in every:
        angles = [study.angle_from_behind(other.azimuth) for other in every if other.model == item.model]
        assert angles == sorted(angles)
    first = [item for item in every if item.model == TEST[0]]
    assert study_items(task, networks, views=1, objects=1) == first[:1]
    assert study_items(task, networks, views=2, objects=1) == [first[0], first[-1]]
    assert study_items(task, networks, views=9) == every
    assert study_items(task, {"autoencoder": networks["autoencoder"]}) == []


def test_every_kind_of_answer_is_measured_at_equal_n(task, networks, tmp_path):
    items = study_items(task, networks, views=2)
    training = TrainingLatents(task, networks["autoencoder"])
    study = measure_diversity(training, networks, items, Sampling(3, seed=4), tmp_path)
    shapes = {key: (one.kind, one.of, one.figures["scores"].shape) for key, one in study.answers.items()}
    assert shapes == {
        "encoder_lambda_0": ("variant II", "encoder_lambda_0", (1, 4, 3)),
        "encoder_lambda_5.5": ("variant II", "encoder_lambda_5.5", (2, 4, 3)),
        "variant I": ("variant I", "", (2, 4, 3)),
        "residuals": ("residuals", "", (2, 4, 3)),
        "neighbours": ("neighbours", "", (2, 4, 3)),
        "noise encoder_lambda_0": ("noise", "encoder_lambda_0", (1, 4, 3)),
        "noise encoder_lambda_5.5": ("noise", "encoder_lambda_5.5", (2, 4, 3)),
    }

    # Second seed, third image, from the words: encode, sample, decode, score.
    pack, item = task.pack, items[2]
    row = pack.rows([item.model])
    images = pack.images(row, [item.view])
    mean, log_variance = encode_images(networks["encoder_lambda_5.5_seed1"], images)
    latents = sample_latents(mean, log_variance, 3, seed=4, indices=[item.noise_index])[0]
    truth = pack.points_1024[row[0]]
    own = study.answers["encoder_lambda_5.5"].figures
    expected = diversity.sample_scores(truth, decode(networks["autoencoder"], latents), seed=4)
    np.testing.assert_allclose(own["scores"][1, 2], expected, rtol=1e-3)
    expected = diversity.sample_scores(truth, decode(networks["autoencoder"], mean), seed=4)
    np.testing.assert_allclose(own["single"][1, 2], expected[0], rtol=1e-3)
    sigma = torch.exp(0.5 * log_variance).mean().item()
    assert own["sigma"][1, 2] == pytest.approx(sigma, rel=1e-4)

    # The noise has the same mean σ in every image and L1's latent of the same training seed for its middle.
    noise = study.answers["noise encoder_lambda_5.5"].figures
    np.testing.assert_allclose(noise["sigma"], own["sigma"])
    middle, _ = encode_images(networks["encoder_l1_seed1"], images)
    expected = diversity.sample_scores(truth, decode(networks["autoencoder"], middle), seed=4)
    np.testing.assert_allclose(noise["single"][1, 2], expected[0], rtol=1e-3)
    once = study.answers["variant I"].figures
    np.testing.assert_allclose(once["single"], noise["single"], rtol=1e-3)
    assert (values_of(study.answers["variant I"], "gain") == 0).all() and (once["pairwise_chamfer"] == 0).all()
    assert (noise["pairwise_chamfer"] > 0).all()

    # The residuals: what the same L1 gets wrong on three of the four views of the held-out object.
    held = pack.rows([TRAIN[0]] * pack.views)
    predicted, _ = encode_images(networks["encoder_l1_seed1"], pack.images(held, range(pack.views)))
    true = encode_clouds(networks["autoencoder"], pack.points[held])
    moved = (middle + true - predicted).float()
    expected = diversity.sample_scores(truth, decode(networks["autoencoder"], moved), seed=4)
    residuals = study.answers["residuals"].figures
    found = np.abs(residuals["scores"][1, 2][:, None] / expected - 1)
    assert (found.min(axis=1) < 1e-3).all() and len(set(found.argmin(axis=1))) == 3
    np.testing.assert_allclose(residuals["single"], once["single"], rtol=1e-3)

    # All three training objects are each image's neighbours: the best of three is the oracle's.
    pairs = [diversity.sample_scores(truth, pack.points[3:6], seed=4).min()]
    np.testing.assert_allclose(values_of(study.answers["neighbours"], "best")[:, 2], pairs * 2, rtol=1e-6)


def test_kept_figures_serve_again_and_only_for_the_same_thing(task, networks, tmp_path, monkeypatch):
    items = study_items(task, networks, views=1, objects=1)
    training = TrainingLatents(task, networks["autoencoder"])
    calls = []

    def counting(*arguments, **options):
        calls.append(1)
        return encode_images(*arguments, **options)

    monkeypatch.setattr(kept_latents, "encode_images", counting)

    def measured(samples=2, seed=0, networks=networks):
        calls.clear()
        measure_diversity(training, networks, items, Sampling(samples, seed), tmp_path)
        return len(calls)

    everything = measured()
    assert everything > 0 and measured() == 0
    assert measured(samples=3) == measured(seed=1) == everything and measured() == 0
    other = {**networks, "encoder_lambda_0": ImageEncoder(width=0.25, variational=True).initialise().eval()}
    assert 0 < measured(networks=other) < everything  # only what depends on it


# ------------------------------------------------------------------------------------------------------ curves and bins
def study_by_hand(azimuths=(180.0, 170.0, 10.0, 190.0), **gains):
    """Three objects with a view from behind (and one from the front); gain, spread and error by hand."""
    items = [
        Item(f"{CHAIR}/{name}", i, azimuth) for i, (name, azimuth) in enumerate(zip("abca", azimuths, strict=True))
    ]

    def answers(key, kind, shown, base, gain, spread):
        single = np.array([[10.0, 8.0, 9.0, 10.0]])
        best = single - np.array(gain)
        figures = {"single": single, "min_of_n": np.stack([single, (single + best) / 2, best], -1)}
        figures |= {"pairwise_points": np.array([spread], float), "scores": np.zeros((1, 4, 3)), "sigma": single / 100}
        figures |= dict.fromkeys(("mean_of_n", "energy", "pairwise_chamfer", "visible_fidelity"), single)
        figures |= {"hidden_share": np.array([[np.nan, 0.5, 0.6, 0.7]])}
        weight = float(base.removeprefix("encoder_lambda_"))
        return Answers(shown, kind, base, figures, weight)

    found = {
        "encoder_lambda_0": ("variant II", "λ = 0", "encoder_lambda_0", [0, 0, 0, 0], [0, 0, 0, 0]),
        "encoder_lambda_5.5": ("variant II", "λ = 5.5", "encoder_lambda_5.5", [2, 2.2, 9, 2], [1, 1.1, 0, 1]),
        "noise encoder_lambda_5.5": (
            "noise",
            "L1 + noise as λ = 5.5",
            "encoder_lambda_5.5",
            [1, 1, 9, 1],
            [1, 1, 1, 1],
        ),
    }
    found = {key: answers(key, kind, shown, base, gains.get(key, gain), spread)
             for key, (kind, shown, base, gain, spread) in found.items()}  # fmt: skip
    return Study(items, 3, found)


def test_curves_are_means_over_objects_of_a_part():
    study = study_by_hand()
    assert study.ambiguous.tolist() == [True, True, False, True]
    best = diversity_figures.curves(study, study.ambiguous)["λ = 5.5"]
    assert [row["n"] for row in best] == [1, 2, 3]
    assert best[0]["mean"] == pytest.approx((10 + 8) / 2)  # object a has two views from behind and counts once
    assert best[-1]["mean"] == pytest.approx((8 + 5.8) / 2) and best[-1]["low"] < best[-1]["mean"] < best[-1]["high"]
    gain = diversity_figures.curves(study, ~study.ambiguous, "gain")["λ = 5.5"]
    assert gain[-1]["mean"] == 9 and gain[-1]["low"] is None  # one object: no interval
    assert diversity_figures.curves(study, np.zeros(4, bool)) == {}


def test_bins_leave_out_what_is_not_known_and_go_into_json():
    study = study_by_hand()
    found = diversity_figures.bins(study)
    json.dumps([found, diversity_figures.answer_rows(study)], allow_nan=False)
    assert "latent_energy" not in found
    (rows,) = [found["hidden_share"]["λ = 5.5"]]
    assert sum(row["images"] for row in rows) == 3  # the image in which nothing varied is left out
    first = found["gain"]["λ = 5.5"][0]
    assert (first["from"], first["to"], first["images"]) == (0, 10, 1) and first["target_sigma"] == pytest.approx(0.2)
    panels = diversity_figures.behind_panels(study, found, ["sigma", "gain"], (0.4, 20.0))
    asked = panels[0].series["asked for by the loss"]
    assert asked[0] == {"angle": 0, "mean": pytest.approx(0.4)} and asked[-1]["mean"] == pytest.approx(0, abs=1e-9)
    assert "L1 + noise as λ = 5.5" in panels[1].series and "L1 + noise as λ = 5.5" not in panels[0].series


def test_target_is_what_a_model_was_trained_with(networks):
    study = study_by_hand()
    answers = strongest_lambda(study)
    assert answers.of == "encoder_lambda_5.5" and target_of(networks, answers) == (0.2, 20.0)
    network = ImageEncoder(width=0.25, variational=True)
    network.config["training"] = {"settings": {"alpha": 1.0, "penalty_angle": 30.0}}
    assert target_of({answers.of: network}, answers) == (1.0, 30.0)
    assert strongest_lambda(Study([], 3, {})) is None


# -------------------------------------------------------------------------------------------------------------- claims
MODELS = [f"{synset}/{name}" for synset in (CHAIR, SOFA) for name in "abcdef"]


def verdicts(*methods, study=None):
    rows = claims.claims(methods, study or Study([], 3, {}), "none")
    return {row["claim"]: row for row in rows}


def test_verdicts_follow_the_figures():
    rng = np.random.default_rng(0)
    base = rng.uniform(5, 9, 12)
    l1 = scored("encoder_l1", "L1", base, models=MODELS)
    better = scored("encoder_l2", "L2", base + rng.normal(1, 0.2, 12), models=MODELS)
    same = scored("encoder_chamfer", "direct regression", base + rng.normal(0, 0.5, 12), models=MODELS)
    worse = scored(
        "encoder_chamfer_frozen", "Chamfer, frozen decoder", base - 1 + 0.1 * rng.normal(size=12), models=MODELS
    )
    found = list(verdicts(l1, better, same, worse).values())
    assert [row["verdict"] for row in found[:3]] == ["yes", "undecided", "no"]
    assert found[0]["difference"] == pytest.approx(
        np.mean(l1.scores["none"]["chamfer"] - better.scores["none"]["chamfer"])
    )
    assert "12 objects" in found[0]["evidence"] and f"L1 {base.mean():.2f}" in found[0]["evidence"]
    json.dumps(found, allow_nan=False)


def test_claims_without_their_models_are_not_tested():
    found = verdicts(scored("encoder_l1", "L1", [1, 2, 3], models=MODELS[:3]))
    assert {row["verdict"] for row in found.values()} == {"not tested"} and len(found) == 6
    assert found["L1 gives a smaller error than L2"]["evidence"] == "this run has no L2"


def test_only_common_images_compare_and_seeds_are_in_the_interval():
    l1 = scored("encoder_l1", "L1", [1, 2, 3, 90], models=MODELS[:4])
    seed = scored("encoder_l1_seed1", "L1", [3, 4, 5, 90], models=MODELS[:4])
    l2 = scored("encoder_l2", "L2", [8, 6, 7], models=[MODELS[2], *MODELS[:2]])  # other order, one object fewer
    row = verdicts(l1, seed, l2)["L1 gives a smaller error than L2"]
    assert row["objects"] == 3 and row["seeds"] == 2
    assert row["difference"] == pytest.approx(((2 - 6) + (3 - 7) + (4 - 8)) / 3)
    assert row["high"] - row["low"] > verdicts(l1, l2)["L1 gives a smaller error than L2"]["high"] - row["difference"]
    apart = scored("encoder_l2", "L2", [8.0], models=[f"{SOFA}/z"])
    assert verdicts(l1, apart)["L1 gives a smaller error than L2"]["verdict"] == "not tested"


def test_accuracy_may_suffer_within_the_margin_only():
    base = np.linspace(5, 9, 12)
    none = scored("encoder_lambda_0", "λ = 0", base, models=MODELS)
    study = study_by_hand()
    for loss, verdict in ((0.1, "yes"), (0.3, "no")):
        some = scored("encoder_lambda_5.5", "λ = 5.5", base + loss + 0.01 * np.sin(base), models=MODELS)
        (row,) = [row for claim, row in verdicts(none, some, study=study).items() if "does not suffer" in claim]
        assert (row["verdict"], row["difference"]) == (verdict, pytest.approx(loss, abs=0.01))


def test_diversity_is_judged_at_views_from_behind_against_its_control():
    (more, gain) = [
        row for claim, row in verdicts(study=study_by_hand()).items() if "raises" in claim or "gains" in claim
    ]
    assert more["difference"] == pytest.approx(1.05) and more["objects"] == 2
    assert gain["difference"] == pytest.approx((1 + 1.2) / 2)  # the front view, where both gain 9, does not count
    equal = {"encoder_lambda_5.5": [1, 1, 9, 1]}
    (gain,) = [row for claim, row in verdicts(study=study_by_hand(**equal)).items() if "gains" in claim]
    assert (gain["difference"], gain["verdict"]) == (0, "equivalent")
    front = study_by_hand(azimuths=(0.0, 10.0, 20.0, 30.0))
    assert all(row["verdict"] == "not tested" for row in verdicts(study=front).values())
