"""Samples as few different shapes: the grouping against brute force and made-up clouds, and what the explorer shows of it."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from r2n2_tree import box_surface
from scipy.spatial import cKDTree
from weights_tree import open_boxes

from lmnet_utils.apps import explorer_figures as figures
from lmnet_utils.apps import explorer_numbers as charts
from lmnet_utils.apps.explorer import Explorer
from lmnet_utils.apps.explorer_groups import COMPARED_POINTS, cloud_distance_matrix, grouped, k_medoids
from lmnet_utils.apps.explorer_session import Session
from lmnet_utils.apps.explorer_state import State
from lmnet_utils.apps.gallery import gallery_states


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Two chairs of the test split and the shipped weights."""
    return open_boxes(tmp_path_factory)


@pytest.fixture
def state(session: Session) -> State:
    """16 samples of λ = 5.5, spread so far that they differ."""
    return session.default_state(samples=16, temperature=20.0)


def families(counts: tuple[int, ...], noise: float = 0.002) -> tuple[np.ndarray, np.ndarray]:
    """Boxes of very different forms, so many of each, with a little noise, in a random order: clouds and their forms."""
    rng = np.random.default_rng(1)
    forms = [np.array(extent) for extent in ((0.9, 0.1, 0.1), (0.5, 0.5, 0.5), (0.1, 0.9, 0.5), (0.8, 0.05, 0.8))]
    bases = [box_surface(rng, 2048, form) for form in forms[: len(counts)]]
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    return np.stack([bases[label] + noise * rng.standard_normal((2048, 3)) for label in labels]), labels


# ----------------------------------------------------------------------------------------------------------- grouping
def test_distances_are_chamfer_distances_of_the_compared_points() -> None:
    clouds, _ = families((3, 2))
    found = cloud_distance_matrix(clouds)
    points = clouds[:, :: 2048 // COMPARED_POINTS]
    side = np.ptp(clouds[0], axis=0).max()
    for i, j in itertools.product(range(5), repeat=2):
        one, other = cKDTree(points[j]).query(points[i])[0].mean(), cKDTree(points[i]).query(points[j])[0].mean()
        assert found[i, j] == pytest.approx(100 * (one + other) / side, rel=1e-3, abs=1e-3)
    assert (np.diag(found) == 0).all() and (found == found.T).all()
    np.testing.assert_allclose(cloud_distance_matrix(7 * clouds + 100), found, rtol=1e-2)


@pytest.mark.parametrize("counts", [(16,), (11, 5), (7, 6, 3), (6, 5, 4, 1)])
def test_families_are_found_with_their_shares(counts: tuple[int, ...]) -> None:
    clouds, labels = families(counts)
    groups = grouped(cloud_distance_matrix(clouds))
    assert [len(group.members) for group in groups] == list(counts), "the largest first"
    for group in groups:
        assert group.medoid in group.members and len(set(labels[list(group.members)])) == 1
    assert sorted(k for group in groups for k in group.members) == list(range(16))


def test_medoids_against_all_choices_one_by_one() -> None:
    points = np.random.default_rng(0).standard_normal((9, 2))
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    for count in (1, 2, 3):
        costs = {
            choice: sum(min(distances[medoid, k] for medoid in choice) for k in range(9))
            for choice in itertools.combinations(range(9), count)
        }
        assert k_medoids(distances, count) == min(costs, key=lambda choice: (round(costs[choice], 9), choice))


def test_the_number_of_groups_is_the_least_that_is_near_enough() -> None:
    line = np.array([0.0, 1, 10, 11, 20, 21, 30, 31, 40, 41])
    distances = np.abs(line[:, None] - line)
    assert [len(grouped(distances, alike)) for alike in (20.0, 7.0, 0.5)] == [1, 2, 4], "never more than four"
    assert len(grouped(distances, 0.5, most=5)) == 5


def test_equal_samples_are_one_group_and_one_sample_is_another() -> None:
    same = cloud_distance_matrix(np.repeat(families((1,))[0], 5, axis=0))
    assert [group.members for group in grouped(same)] == [(0, 1, 2, 3, 4)]
    split = grouped(same, alike=-1.0)  # forced apart: still every sample in one group, no group empty
    assert sorted(k for group in split for k in group.members) == [0, 1, 2, 3, 4] and len(split) == 4
    assert [group.members for group in grouped(np.zeros((1, 1)))] == [(0,)]


# ------------------------------------------------------------------------------------------------------ on the screen
def test_few_shapes_with_their_shares_and_all_samples_one_click_away(session: Session, state: State) -> None:
    explorer = Explorer(session, state)
    [found] = session.results(state)
    groups = session.groups(state, found)
    assert 2 <= len(groups) <= 4, "σ × 20 spreads the samples"

    def shown() -> dict[str, str]:
        panels = explorer.viewer.groups[0]["panels"]
        return {panel["title"]: panel["note"] for panel in panels if panel["kind"] == "sample"}

    expected = {f"sample {group.medoid + 1}": f"{100 * len(group.members) / 16:.0f}\u00a0%" for group in groups}
    assert shown() == expected and charts.score_table(session, state).loc["different shapes (at most 4)"].iloc[
        0
    ] == str(len(groups))
    explorer.grouped.value = False
    assert list(shown()) == [f"sample {k}" for k in range(1, 17)] and set(shown().values()) == {""}
    explorer.grouped.value = True
    assert shown() == expected and explorer.alert.value == ""
    assert State.from_yaml(explorer.state.to_yaml()) == explorer.state


def test_samples_of_the_paper_look_alike(session: Session) -> None:
    """σ of λ = 5.5 as it was trained: one shape, with all samples behind it."""
    state = session.default_state(samples=16)
    assert state.grouped
    [(_, panels)] = figures.panels_of(session, state)
    assert [panel.note for panel in panels if panel.kind == "sample"] == ["100\u00a0%"]


def test_what_is_large_stands_for_the_chosen_sample(session: Session, state: State) -> None:
    [found] = session.results(state)
    for group in session.groups(state, found):
        for k in group.members:
            chosen = state.but(chosen=f"sample {k + 1}")
            [(_, panels)] = figures.panels_of(session, chosen)
            assert panels[0].big and panels[0].title == f"sample {group.medoid + 1}"
            name, cloud = figures.chosen_cloud(session, chosen)
            assert name == panels[0].title and np.array_equal(cloud, found.samples[group.medoid])
            assert figures.chosen_cloud(session, chosen.but(grouped=False))[0] == f"sample {k + 1}"
    most = figures.chosen_cloud(session, state.but(chosen="sample"))[0]
    assert most == f"sample {session.groups(state, found)[0].medoid + 1}" and state.chosen == "sample"
    assert figures.chosen_cloud(session, state.but(chosen="sample", grouped=False))[0] == "sample 1"
    assert figures.chosen_cloud(session, state.but(chosen="sample 99"))[0] == "mean"
    assert figures.chosen_cloud(session, state.but(chosen="walk"))[0] == "mean"


def test_the_large_shape_is_the_one_that_is_drawn_anew(session: Session, state: State) -> None:
    explorer = Explorer(session, state)
    number = int(explorer.chosen.value.split()[1])
    explorer._guarded(explorer.redraw)
    assert explorer.alert.value == "" and explorer.state.redraws[number - 1] == 1 and sum(explorer.state.redraws) == 1


def test_states_of_before_show_all_samples(session: Session, state: State) -> None:
    text = "\n".join(line for line in state.to_yaml().splitlines() if not line.startswith("grouped"))
    old = State.from_yaml(text)
    assert not old.grouped
    [(_, panels)] = figures.panels_of(session, old)
    assert sum(panel.kind == "sample" for panel in panels) == 16


def test_the_figure_and_the_gallery_are_grouped_too(session: Session, state: State, tmp_path: Path) -> None:
    axes = figures.figure(session, state).axes
    titles = [axis.get_title() for axis in axes if axis.get_title().startswith("sample")]
    [found] = session.results(state)
    assert len(titles) == len(session.groups(state, found)) and all("%" in title for title in titles)
    assert all(one.grouped for one in gallery_states(session, images=2))
