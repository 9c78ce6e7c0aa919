"""The whole protocol (scaling, thinning, ICP, Chamfer, F-score, EMD) against a plain float64 version of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from lmnet_utils.core import parallel
from lmnet_utils.evaluation import protocol


def unit_cube(points):
    points = points.astype(np.float64)
    low, high = points.min(0), points.max(0)
    return (points - (low + high) / 2) / (high - low).max()


def distances(x, y):
    return np.sqrt(((x[:, None] - y[None]) ** 2).sum(-1))


def motion_onto(a, b):
    """Rotation and shift of least squares from points a to points b."""
    u, _, vt = np.linalg.svd((a - a.mean(0)).T @ (b - b.mean(0)))
    rotation = vt.T @ np.diag([1, 1, np.linalg.det(vt.T @ u.T)]) @ u.T
    return rotation, b.mean(0) - rotation @ a.mean(0)


def align(guess, truth, kind):
    moved, last = truth, 0.0
    for _ in range(1000):
        d = distances(moved, guess)
        rotation, shift = motion_onto(moved, guess[d.argmin(1)])
        moved = moved @ rotation.T + shift
        if abs(last - d.min(1).mean()) < 1e-10:
            break
        last = d.min(1).mean()
    rotation, shift = motion_onto(truth, moved)
    return guess @ rotation - shift if kind == "official" else (guess - shift) @ rotation


def plain_protocol(truth, prediction, seed, kind):
    truth, guess = unit_cube(truth), unit_cube(prediction)
    if len(guess) > 1024:
        guess = guess[np.sort(np.random.default_rng(seed).choice(len(guess), 1024, replace=False))]
    if kind is not None:
        guess = align(guess, truth, kind)
    d = distances(truth, guess)
    forward, backward = d.min(1), d.min(0)
    scores = {"forward": forward.mean(), "backward": backward.mean(), "chamfer": forward.mean() + backward.mean()}
    for percent in (1, 2):
        recall, precision = (forward < percent / 100).mean(), (backward < percent / 100).mean()
        scores[f"f_score_{percent}"] = 2 * recall * precision / max(recall + precision, 1e-300)
    if len(truth) == len(guess):
        scores["emd"] = d[linear_sum_assignment(d)].mean()
    return {name: 100 * value for name, value in scores.items()}


def shapes(count, points, predicted, seed=0):
    """Half shells and what a model makes of them: turned a little, stretched, in part missing, in another unit."""
    rng = np.random.default_rng(seed)
    clouds = rng.normal(size=(count, points + predicted, 3))
    clouds /= np.linalg.norm(clouds, axis=-1, keepdims=True)
    clouds *= rng.uniform(0.2, 1, (count, 1, 3))
    clouds[..., 1] += np.abs(clouds[..., 0])
    angle = 0.2
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    predictions = 3 * (clouds[:, points:] * [1, 1.1, 0.9]) @ turn + rng.normal(scale=0.01, size=(count, predicted, 3))
    return clouds[:, :points].astype(np.float32), predictions.astype(np.float32)


@pytest.mark.parametrize("icp", [None, "exact", "official"])
def test_score_is_the_protocol_step_by_step(icp):
    truth, predictions = shapes(3, 1024, 1500)
    scores = protocol.score(truth, predictions, seed=4, icp=icp, emd=True)
    expected = [plain_protocol(t, p, 4, icp) for t, p in zip(truth, predictions, strict=True)]
    assert set(scores) == set(expected[0])
    for name, values in scores.items():
        assert values.dtype == np.float64
        np.testing.assert_allclose(values, [row[name] for row in expected], rtol=1e-7, err_msg=name)
    assert (scores["f_score_2"] > 3).all() and (scores["f_score_2"] > scores["f_score_1"]).all()  # they say something


def test_icp_takes_away_a_turn_and_the_official_one_does_not():
    truth, predictions = shapes(4, 600, 600)
    none, exact, official = (
        protocol.score(truth, predictions, icp=kind)["forward"] for kind in (None, "exact", "official")
    )
    assert (exact < none).all() and (exact < official).all()


def test_worker_processes_give_the_same_scores(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    truth, predictions = shapes(7, 64, 64)
    here = [protocol.score(truth[i : i + 1], predictions[i : i + 1], icp="exact", emd=True) for i in range(7)]
    monkeypatch.setattr(parallel, "_work", 1e6)
    sent = []
    in_processes = parallel._in_processes
    monkeypatch.setattr(
        parallel, "_in_processes", lambda f, items, *rest: sent.extend(items) or in_processes(f, items, *rest)
    )
    scores = protocol.score(torch.from_numpy(truth), torch.from_numpy(predictions), icp="exact", emd=True)
    assert len(sent) == 7
    for name, values in scores.items():
        np.testing.assert_allclose(values, [row[name][0] for row in here], rtol=1e-12)


def test_emd_is_there_only_if_asked_for_and_needs_as_many_points():
    truth, predictions = shapes(2, 100, 90)
    assert set(protocol.score(truth, predictions)) == {"chamfer", "forward", "backward", "f_score_1", "f_score_2"}
    with pytest.raises(ValueError, match="one to one.*100 and 90.*1024"):
        protocol.score(truth, predictions, emd=True)
    with pytest.raises(ValueError, match="1100 and 1024"):
        protocol.score(*shapes(1, 1100, 1200), emd=True)


def test_f_scores_are_percent():
    truth, _ = shapes(2, 200, 10)
    scores = protocol.score(truth, truth, icp="exact", emd=True)
    for name, expected in (("f_score_1", 100), ("f_score_2", 100), ("chamfer", 0), ("emd", 0)):
        np.testing.assert_allclose(scores[name], expected, atol=1e-9)


@pytest.mark.parametrize("progress", [True, False])
def test_the_bar_counts_pairs(capsys, progress):
    protocol.score(*shapes(3, 20, 20), progress=progress)
    assert ("3/3" in capsys.readouterr().err) == progress
    protocol.chamfer_matrix(*shapes(4, 20, 20), progress=progress)
    assert ("4/4" in capsys.readouterr().err) == progress
    protocol.nearest_by_chamfer(*shapes(5, 20, 20), progress=progress)
    assert ("5/5" in capsys.readouterr().err) == progress


def test_no_pairs_no_scores():
    truth, predictions = shapes(1, 20, 20)
    assert {name: values.shape for name, values in protocol.score(truth[:0], predictions[:0], emd=True).items()} == {
        name: (0,) for name in ("chamfer", "forward", "backward", "f_score_1", "f_score_2", "emd")
    }


def test_an_unknown_icp_and_unequal_batches_are_refused():
    truth, predictions = shapes(2, 20, 20)
    with pytest.raises(ValueError, match="icp='right'.*'exact', 'official'"):
        protocol.score(truth, predictions, icp="right")
    with pytest.raises(ValueError, match="batch sizes differ: 2.*1"):
        protocol.score(truth, predictions[:1])
