"""The explorer with an encoder of Variant I that has residuals beside it, on boxes and the shipped weights."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from r2n2_tree import write_tree
from weights_tree import link_weights, open_boxes

from lmnet_utils.apps import explorer_figures as figures
from lmnet_utils.apps import explorer_numbers as charts
from lmnet_utils.apps.explorer import Explorer
from lmnet_utils.apps.explorer_posteriors import NearestResiduals
from lmnet_utils.apps.explorer_session import Session
from lmnet_utils.apps.explorer_state import State
from lmnet_utils.core.settings import MAX_SAMPLES
from lmnet_utils.data.taxonomy import CLASSES
from lmnet_utils.models import inference
from lmnet_utils.models.posteriors import FILE, ResidualPosterior, load_residuals

NAME = "encoder_l1"


def bank(images: int = 200, nearest: int = 24, scale: float = 0.4) -> ResidualPosterior:
    """Random residuals of random images, more of them in some numbers of the latent than in others."""
    noise = torch.Generator().manual_seed(3)
    predicted = 0.5 * torch.randn(images, 512, generator=noise)
    widths = torch.linspace(0.2, 1.8, 512) * scale
    return ResidualPosterior(predicted, 0.1 + widths * torch.randn(images, 512, generator=noise), nearest)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Two chairs and two lamps of the test split, and the shipped weights with random residuals beside L1."""
    return open_boxes(tmp_path_factory, ("chair", "lamp"), {NAME: bank()})


@pytest.fixture
def state(session: Session) -> State:
    """A lamp by L1 with its residuals."""
    return session.default_state(image=f"{session.objects_of('lamp')[0]}/4", models=[NAME])


# ------------------------------------------------------------------------------------------------------------ choices
def test_what_is_offered_and_what_is_taken_by_default(session: Session) -> None:
    assert session.residual_names == [NAME] and NAME not in session.names
    assert session.posteriors == [*session.plain_names, NAME] and session.label(NAME) == "L1 + residuals"
    chair, lamp = (f"{session.objects_of(name)[0]}/0" for name in ("chair", "lamp"))
    assert session.default_state().models == [session.plain_names[-1]], "a chair, as ever"
    assert session.default_state(image=lamp).models == [NAME], "lambda knows no lamps"
    assert session.network_for(chair, NAME) == NAME and session.network_for(lamp, session.plain_names[0]) == NAME
    assert session.knows(NAME, lamp) and not session.knows(session.plain_names[0], lamp)
    with pytest.raises(ValueError, match="no model 'encoder_l2' of Variant II or with residuals"):
        session.encoder("encoder_l2")


def test_a_run_without_variant_ii_shows_its_residuals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(tmp_path / "data" / "boxes", {"train": 1, "test": 1})
    root = link_weights(tmp_path / "weights", {NAME: bank()})
    for folder in (root / "freeshapes").glob("encoder_lambda_*"):
        folder.rename(tmp_path / folder.name)
    monkeypatch.setenv("LMNET_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LMNET_TRAINED_MODELS", str(root))
    explorer = Explorer(Session("freeshapes", "boxes"))
    assert explorer.alert.value == "" and explorer.state.models == [NAME] and explorer.model.description == "posterior"
    (root / "freeshapes" / NAME / FILE).write_bytes(b"nothing")
    assert "is damaged" in Explorer(Session("freeshapes", "boxes")).alert.value
    (root / "freeshapes" / NAME / FILE).unlink()
    with pytest.raises(ValueError, match="no model of Variant II and none with residuals"):
        Session("freeshapes", "boxes")


# ------------------------------------------------------------------------------------------------------------ samples
def test_samples_are_those_of_the_posterior_of_the_package(session: Session, state: State) -> None:
    """As ``lmnet reconstruct --samples`` draws them, decoded."""
    item = session.item(state.image)
    images = session.pack.images(session.pack.rows([item.model]), [item.view])
    latent, _ = inference.encode_images(session.encoder(NAME), images)
    known = load_residuals(session.folders[NAME])
    drawn = known.sample(latent, state.samples, seed=state.seed, indices=[item.noise_index])
    found = session.result(state, NAME)
    expected = inference.decode(session.autoencoder, torch.cat([latent, drawn[0]])).numpy()
    np.testing.assert_allclose(found.mean, expected[0], atol=1e-5)
    np.testing.assert_allclose(found.samples, expected[1:], atol=1e-5)
    assert not np.array_equal(session.sampled(state.but(seed=1), NAME), session.sampled(state, NAME))


def test_temperature_scales_the_residuals_and_0_gives_the_networks_answer(session: Session, state: State) -> None:
    mean, _ = session.encoded(state, NAME)
    once, twice = (session.sampled(state.but(temperature=factor), NAME) - mean for factor in (1.0, 2.0))
    torch.testing.assert_close(2 * once, twice)
    cold = session.result(state.but(temperature=0.0), NAME)
    np.testing.assert_allclose(cold.samples, np.broadcast_to(cold.mean, cold.samples.shape), atol=1e-6)


def test_a_redraw_changes_one_sample_and_brings_a_residual_that_was_not_there(session: Session, state: State) -> None:
    state = state.but(samples=MAX_SAMPLES)
    mean, _ = session.encoded(state, NAME)
    known = load_residuals(session.folders[NAME]).residuals

    def rows(redraws: list[int], seed: int = 0) -> list[int]:
        residuals = session.sampled(state.but(redraws=redraws, seed=seed), NAME) - mean
        return torch.cdist(residuals, known).argmin(dim=1).tolist()

    before = rows([])
    seen = set(before)
    for redraws in ([0, 1], [0, 2], [0, 2, 0, 1], [0, 2, 0, 2]):
        after = rows(redraws)
        changed = [k for k in range(MAX_SAMPLES) if after[k] != before[k]]
        assert len(changed) == 1 and after[changed[0]] not in seen and len(set(after)) == MAX_SAMPLES
        before, seen = after, seen | set(after)
    assert rows([0, 2, 0, 2]) == before, "the same state, the same shapes"
    assert rows([1], seed=5)[0] != rows([1], seed=6)[0]


def test_small_banks_can_be_drawn_from_anew(session: Session) -> None:
    few = NearestResiduals(bank(images=5, nearest=64))
    assert few.pool == 5
    drawn = few.sample(torch.zeros(512), [0, 7, 3], seed=0, index=1)
    assert drawn.shape == (3, 512) and torch.isfinite(drawn).all()


# ------------------------------------------------------------------------------------------------------------- spread
def test_sigma_is_the_deviation_of_the_nearest_residuals(session: Session, state: State) -> None:
    known = load_residuals(session.folders[NAME])
    mean, sigma = session.encoded(state, NAME)
    order = np.argsort(np.linalg.norm(known.predicted.numpy() - mean.numpy(), axis=1))[: known.nearest]
    expected = known.residuals.numpy()[order].std(axis=0)
    np.testing.assert_allclose(sigma.numpy(), expected, rtol=1e-4)
    assert session.result(state, NAME).sigma == pytest.approx(expected.mean(), rel=1e-4)
    azimuths, line = charts.sigma_by_azimuth(session, state, NAME)
    item = session.item(state.image)
    here = int(np.argmin(np.abs(azimuths - item.azimuth)))
    assert len(line) == 24 and line[here] == pytest.approx(expected.mean(), rel=1e-3)


def test_main_directions_are_those_of_the_nearest_residuals(session: Session, state: State) -> None:
    """One σ along the first two moves the shape as far as the shapes of all 24 residuals vary there, at small residuals."""
    known = load_residuals(session.folders[NAME])
    mean, _ = session.encoded(state, NAME)
    nearest = torch.cdist(mean[None], known.predicted)[0].argsort()[: known.nearest]
    residuals = known.residuals[nearest]
    small = 0.02 * (residuals - residuals.mean(dim=0))
    clouds = session.decode(mean + small).reshape(len(small), -1).astype(np.float64) / 0.02
    values = np.linalg.eigvalsh((clouds - clouds.mean(0)) @ (clouds - clouds.mean(0)).T)[::-1] / len(clouds)
    directions = session.directions(state, NAME, 2)
    for k, direction in enumerate(directions):
        moved = session.decode(torch.stack([mean, mean + 0.02 * direction])).reshape(2, -1).astype(np.float64)
        assert np.sum((moved[1] - moved[0]) ** 2) / 0.02**2 == pytest.approx(values[k], rel=0.35)
    middle = session.walk(state.but(walk="direction 1"), NAME, [0.5])[0]
    torch.testing.assert_close(middle, mean)


def test_few_residuals_span_few_directions(session: Session) -> None:
    steps = NearestResiduals(bank(images=2)).steps(torch.zeros(1, 512))
    assert steps.shape == (1, 2, 512)
    torch.testing.assert_close(steps[0, 0], -steps[0, 1])


def test_a_change_costs_the_kernel_less_than_150_ms(session: Session, state: State) -> None:
    """Of the processor's time, so that a busy machine does not matter; with a bank as large as the shipped one."""
    state = state.but(samples=MAX_SAMPLES, grouped=True)
    large = NearestResiduals(bank(2350, 16))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "residuals", lambda _: large)
        changes = [state.but(seed=100 + k) for k in range(5)] + [state.but(temperature=1.1 + k / 10) for k in range(5)]
        spent = []
        for changed in changes:
            before = time.process_time()
            figures.panels_of(session, changed)
            spent.append(time.process_time() - before)
    assert np.median(spent) < 0.15, f"seconds: {np.round(spent, 3)}"


# ----------------------------------------------------------------------------------------------------------- controls
def test_the_class_decides_the_network_and_the_visitor_may_choose_another(session: Session) -> None:
    explorer = Explorer(session)
    assert explorer.model.description == "λ or posterior" and explorer.state.models == [session.plain_names[-1]]
    assert "chairs only" not in explorer.foot.value
    explorer.classes.value = "lamp"
    assert explorer.alert.value == "" and explorer.state.models == [NAME] == [explorer.model.value]
    assert "only." not in explorer.foot.value, "L1 knows all classes"
    explorer.model.value = session.plain_names[0]
    assert "This network was trained on chairs only." in explorer.foot.value
    explorer.objects.index = 1
    assert explorer.state.models == [session.plain_names[0]], "another lamp is no reason to change the network"
    explorer.compare.value = True
    assert explorer.state.models == session.posteriors
    assert "λ = 0, λ = 0.5 and λ = 5.5 were trained on chairs only." in explorer.foot.value
    explorer.classes.value = "chair"
    assert explorer.state.models == session.posteriors and "only." not in explorer.foot.value
    [first, *_] = [p["title"] for p in explorer.viewer.groups[1]["panels"] if p["kind"] == "sample"]
    explorer.viewer._handle_custom_msg({"kind": "picked", "title": first}, [])
    assert explorer.state.chosen == first, "of any row"
    again = Explorer(session, State.from_yaml(explorer.state.to_yaml()))
    assert again.alert.value == "" and again.state == explorer.state


def test_states_saved_before_there_were_residuals_open_as_they_were(session: Session) -> None:
    old = State.from_yaml(
        f"image: {session.objects_of('lamp')[0]}/3\nmodels: [encoder_lambda_0.5]\ndataset: boxes\nsamples: 3\n"
    )
    explorer = Explorer(session, old)
    assert explorer.alert.value == "" and explorer.state == old and explorer.model.value == "encoder_lambda_0.5"


def test_a_new_sample_by_the_button(session: Session, state: State) -> None:
    explorer = Explorer(session, state.but(chosen="sample 2"))
    before = session.result(explorer.state, NAME).samples
    explorer._guarded(explorer.redraw)
    after = session.result(explorer.state, NAME).samples
    assert explorer.alert.value == "" and explorer.state.redraws[1] == 1
    assert [k for k in range(len(before)) if not np.array_equal(before[k], after[k])] == [1]


# ----------------------------------------------------------------------------------------------------------- pictures
def test_curves_ask_for_nothing_where_no_lambda_is_shown(session: Session, state: State) -> None:
    alone, both = charts.sigma_svg(session, state), charts.sigma_svg(session, state.but(models=session.posteriors))
    assert "asked for" not in alone and "asked for" in both
    assert charts.sigma_svg(session, state.but(models=session.plain_names)).count("0.1</text>") == 1, "up to 0.25"
    assert charts.sigma_svg(session, state).count("0.4</text>") == 1, "wider than any λ: the axis ends at 0.5 or more"
    assert figures.figure_png(session, state.but(models=session.posteriors, samples=2))
    panels = {panel.title: panel for panel in figures.panels_of(session, state)[0][1]}
    assert panels["mean"].note == "the network's own answer"
    assert CLASSES["lamp"] in state.image and "L1 + residuals" in charts.residual_note(session)
