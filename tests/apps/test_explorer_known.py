"""The explorer's images of which all is known, the difference of two shapes, and the camera led round an object."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from weights_tree import open_boxes

from lmnet_utils.apps import explorer_figures as figures
from lmnet_utils.apps.explorer import Explorer
from lmnet_utils.apps.explorer_known import GROUP, known_images
from lmnet_utils.apps.explorer_numbers import numbers_of, sigma_by_azimuth
from lmnet_utils.apps.explorer_session import Session
from lmnet_utils.apps.explorer_state import State
from lmnet_utils.core import paths
from lmnet_utils.data.layout import network_input
from lmnet_utils.data.programs.ambiguity import read_ambiguous
from lmnet_utils.geometry.frames import y_up_from_file
from lmnet_utils.models.posteriors import load_residuals


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Boxes, and the shipped weights with L1's residuals."""
    return open_boxes(
        tmp_path_factory,
        ("chair", "lamp"),
        {"encoder_l1": load_residuals(paths.project_root() / "trained_models" / "freeshapes" / "encoder_l1")},
    )


@pytest.fixture(autouse=True)
def made_here(kit_folders: Path) -> None:
    """What is made of the ambiguity set goes into a folder of the test's."""


@pytest.fixture
def explorer(session: Session) -> Explorer:
    return Explorer(session)


def one_with(variants: int) -> str:
    return next(name for name, image in known_images().items() if len(image.variants) == variants)


def panels_of(session: Session, state: State) -> dict[str, figures.ViewPanel]:
    return {panel.title: panel for _, group in figures.panels_of(session, state) for panel in group}


def test_they_are_a_few_dozen_of_every_class_that_has_some_and_some_leave_nothing_open() -> None:
    counts = [len(image.variants) for image in known_images().values()]
    assert 20 <= len(counts) <= 40 and counts.count(1) >= 2
    assert len({image.category for image in known_images().values()}) >= 10


def test_what_is_possible_stands_beside_the_samples(session: Session) -> None:
    name = one_with(3)
    image, made = f"{name}/0", read_ambiguous(known_images()[name])
    state = session.default_state(image=image, grouped=False)
    np.testing.assert_array_equal(session.image(state), network_input(made["image"]))
    assert session.knows(state.models[0], image), "it is shown by a network that knows its class"
    panels = panels_of(session, state)
    for title, cloud in zip(("truth", "possible 2", "possible 3"), made["clouds"], strict=True):
        np.testing.assert_allclose(panels[title].content, np.clip(y_up_from_file(cloud), -1, 1), atol=1e-6)
    assert "possible 4" not in panels
    hidden = panels_of(session, state.but(truth=False))
    assert not [title for title in hidden if title.startswith(("possible", "truth"))]
    assert sigma_by_azimuth(session, state, state.models[0]) is None
    assert numbers_of(session, state, session.results(state)[0])["min_of_n"] > 0
    assert State.from_yaml(state.to_yaml()) == state


def test_the_last_of_the_classes_shows_them_from_the_hidden_side(explorer: Explorer, session: Session) -> None:
    explorer.classes.value = GROUP
    assert explorer.alert.value == "" and len(explorer.objects.items) == len(known_images())
    (azimuth,) = session.azimuths(explorer.state.image.rpartition("/")[0])
    assert explorer.state.azimuth == pytest.approx((azimuth + 180) % 360)
    assert "possible 2" in explorer.chosen.options
    explorer.classes.value = "lamp"
    assert explorer.alert.value == "" and "possible 2" not in explorer.chosen.options


def test_a_difference_is_each_points_distance_to_the_other_shape(session: Session) -> None:
    state = session.default_state(chosen="mean", difference="truth", grouped=False)
    found, truth = session.results(state)[0], session.truth(state)
    off = np.linalg.norm(found.mean[:, None] - truth[None], axis=-1).min(axis=1)
    panel = panels_of(session, state)["difference"]
    limit = next(limit for limit in figures.SPREAD_LIMITS if limit >= np.percentile(off, 99))
    assert panel.note == f"mean to truth, 0 to {100 * limit:g}\u00a0%"
    np.testing.assert_array_equal(panel.colours, figures.spread_colours(off, limit))
    np.testing.assert_array_equal(panel.content, panels_of(session, state)["mean"].content)
    for nothing in ("none", "mean", "sample 15", "walk"):
        assert "difference" not in panels_of(session, state.but(difference=nothing))
    assert "difference" not in panels_of(session, state.but(truth=False)), "what is not shown is not compared with"


def test_two_shapes_are_chosen_and_what_is_gone_is_no_longer_compared_with(explorer: Explorer) -> None:
    explorer.chosen.value, explorer.difference.value = "truth", "mean"
    assert explorer.state.difference == "mean" and "difference" in panels_of(explorer.session, explorer.state)
    explorer._picked(None, {"title": "difference"}, None)
    assert explorer.state.chosen == "truth", "the difference itself is no shape"
    explorer.difference.value = "spread"
    explorer.truth.value = False
    assert explorer.alert.value == "" and "truth" not in explorer.difference.options


def test_the_inputs_camera_goes_round_and_the_shapes_stay(explorer: Explorer, session: Session) -> None:
    before = figures.camera_of(session, explorer.state)
    model = explorer.state.image.rpartition("/")[0]
    azimuths = [session.azimuths(model)[view] for _, view in explorer.around.options]
    assert azimuths == sorted(azimuths) and len(azimuths) == session.pack.views
    for label, view in explorer.around.options[:3]:
        explorer.around.value = view
        assert explorer.state.image == f"{model}/{view}" and explorer.alert.value == ""
        assert figures.camera_of(session, explorer.state) == before
        assert explorer.views.items[explorer.views.index]["text"] == label
    explorer.views.index = 5
    assert explorer.around.value == explorer.around.options[5][1]
    assert explorer.state.image == f"{model}/{explorer.around.value}"
