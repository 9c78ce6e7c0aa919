"""The explorer without a browser: states, what the models make of them, pictures, controls, uploads, the gallery.

It runs on boxes in the R2N2 layout and on the shipped weights. tests/test_browser.py does the same through a browser.
"""

from __future__ import annotations

import dataclasses
import io
import itertools
import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from PIL import Image
from r2n2_tree import write_tree

from lmnet_utils import app, explorer_state, gallery, inference, shapenet
from lmnet_utils import explorer_figures as figures
from lmnet_utils.explorer import Explorer, uploaded
from lmnet_utils.explorer_state import Session, State
from lmnet_utils.pointclouds import scaled_chamfer, y_up_from_file


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Three chairs and a lamp of the test split, and the shipped weights."""
    folder = tmp_path_factory.mktemp("data")
    write_tree(folder / "boxes", {"train": 1, "test": 2}, ("chair", "lamp"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMNET_DATA", str(folder))
        patch.delenv("LMNET_TRAINED_MODELS", raising=False)
        return Session("freeshapes", "boxes")


@pytest.fixture
def state(session: Session) -> State:
    return session.default_state()


def png(size: tuple[int, int] = (200, 160), mode: str = "RGB", **options) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise(size, 60).convert(mode).save(buffer, "PNG", **options)
    return buffer.getvalue()


# -------------------------------------------------------------------------------------------------------------- state
def test_a_state_survives_yaml_and_only_the_uploads_it_uses_go_with_it(session: Session, state: State) -> None:
    first = explorer_state.with_upload(state, png())
    second = explorer_state.with_upload(first, png((90, 120)))
    second = second.but(redraws=[0, 2], slots={"A": state.image}, azimuth=12.5, walk="direction 2")
    read = State.from_yaml(second.to_yaml())
    assert set(read.uploads) == {second.image.removeprefix("upload/")}
    assert dataclasses.replace(read, uploads={}) == dataclasses.replace(second, uploads={})
    np.testing.assert_array_equal(session.image(read), session.image(second))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "no YAML"),
        ("just words", "no state"),
        ("temprature: 2", "temprature"),
        ("temperature: hot", "expected float"),
        ("samples: 400", "1 to 16"),
        ("walk: home", "walk='home'"),
        ("!!python/object/apply:os.system ['true']", "no YAML"),
    ],
)
def test_a_wrong_state_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        State.from_yaml(text)


# ------------------------------------------------------------------------------------------------------------- models
def test_samples_are_those_of_notebook_06(session: Session, state: State) -> None:
    name = state.models[0]
    autoencoder, encoder = session.autoencoder, session.encoder(name)
    item = session.item(state.image)
    images = session.pack.images(session.pack.rows([item.model]), [item.view])
    options = {"samples": state.samples, "seed": state.seed, "indices": [item.noise_index]}
    expected = inference.reconstruct(autoencoder, encoder, images, **options)[0].numpy()
    found = session.result(state, name)
    np.testing.assert_allclose(found.samples, expected, atol=1e-5)
    np.testing.assert_allclose(found.mean, inference.reconstruct(autoencoder, encoder, images)[0].numpy(), atol=1e-5)


def test_temperature_scales_sigma_and_0_gives_the_mean(session: Session, state: State) -> None:
    name = state.models[0]
    mean, sigma = session.encoded(state, name)
    once, twice = (session.sampled(state.but(temperature=factor), name) - mean for factor in (1.0, 2.0))
    torch.testing.assert_close(2 * once, twice)
    assert torch.allclose(once.std(), sigma.square().mean().sqrt(), rtol=0.1)
    cold = session.result(state.but(temperature=0.0), name)
    np.testing.assert_allclose(cold.samples, np.broadcast_to(cold.mean, cold.samples.shape), atol=1e-6)
    assert cold.spread.max() < 1e-6 and session.scores(state.but(temperature=0.0), cold)["pairwise"] < 1e-4


def test_noise_is_shared_by_all_lambda_and_redrawn_for_one_sample_alone(session: Session, state: State) -> None:
    standard = []
    for name in session.names:
        mean, sigma = session.encoded(state, name)
        standard.append((session.sampled(state, name) - mean) / sigma)
    for other in standard[1:]:
        torch.testing.assert_close(standard[0], other, rtol=1e-2, atol=1e-2)
    before, after = session.noise(state), session.noise(state.but(redraws=[0, 0, 1]))
    changed = [k for k in range(state.samples) if not np.array_equal(before[k], after[k])]
    assert changed == [2]
    more = session.noise(state.but(samples=16))
    np.testing.assert_array_equal(more[: state.samples], before)
    assert not np.array_equal(session.noise(state.but(seed=1)), before)


def test_numbers_against_brute_force(session: Session, state: State) -> None:
    found = session.result(state, state.models[0])
    numbers = session.scores(state, found)
    clouds = found.samples.astype(np.float64)
    pairs = [np.linalg.norm(x - y, axis=1).mean() for x, y in itertools.combinations(clouds, 2)]
    assert numbers["pairwise"] == pytest.approx(100 * np.mean(pairs), rel=1e-4)
    centre = clouds.mean(0)
    spread = [np.sqrt(np.mean([np.sum((cloud[p] - centre[p]) ** 2) for cloud in clouds])) for p in (0, 100, 2047)]
    np.testing.assert_allclose(found.spread[[0, 100, 2047]], spread, rtol=1e-4)
    row = session.pack.rows([session.item(state.image).model])[0]
    truth = torch.from_numpy(session.pack.points_1024[row].copy())[None]
    scores = [scaled_chamfer(truth, torch.from_numpy(cloud)[None]).item() for cloud in found.samples]
    assert numbers["min_of_n"] == pytest.approx(min(scores), rel=1e-5)
    assert numbers["mean_of_n"] == pytest.approx(np.mean(scores), rel=1e-5)
    assert pytest.approx(0) == explorer_state.pairwise_distance(clouds[:1])


def test_main_directions_are_those_of_many_samples(session: Session, state: State) -> None:
    """The axes found by following the decoder agree with the covariance of 800 drawn shapes, at small σ."""
    name = state.models[0]
    mean, sigma = session.encoded(state, name)
    noise = torch.randn(800, 512, generator=torch.Generator().manual_seed(0))
    clouds = session.decode(mean + sigma * noise).reshape(800, -1)
    centred = clouds - clouds.mean(0)
    values, vectors = np.linalg.eigh(centred @ centred.T)  # the small one of the two matrices with these values
    variances = values[::-1] / 799
    axes = (vectors[:, ::-1][:, :4].T @ centred) / np.sqrt(values[::-1][:4, None])
    for k, direction in enumerate(session.directions(state, name, 2)):
        moved = session.decode(torch.stack([mean, mean + direction])).reshape(2, -1)
        along = moved[1] - moved[0]
        assert np.linalg.norm(along) ** 2 == pytest.approx(variances[k], rel=0.3)
        inside = axes @ (along / np.linalg.norm(along))  # near-equal variances may mix neighbouring axes
        assert np.linalg.norm(inside) > 0.85


def test_walks_begin_and_end_where_they_say(session: Session, state: State) -> None:
    name = state.models[0]
    images = [f"{session.objects[0]}/{view}" for view in (0, 5, 9)]
    a, b, c = (session.encoded(state, name, image)[0] for image in images)
    kept = state.but(slots=dict(zip("ABC", images, strict=True)))
    sampled = session.sampled(state, name)
    for walk, start, end in (("images", a, b), ("arithmetic", a, a - b + c), ("samples", sampled[0], sampled[3])):
        found = session.walk(kept.but(walk=walk, ends=[1, 4]), name, [0, 0.5, 1])
        torch.testing.assert_close(found, torch.stack([start, (start + end) / 2, end]))
    middle = session.walk(kept.but(walk="direction 1"), name, [0.5])[0]
    torch.testing.assert_close(middle, session.encoded(state, name)[0])
    with pytest.raises(ValueError, match="into C first"):
        session.walk(kept.but(walk="arithmetic", slots={"A": images[0], "B": images[1]}), name, [0])


def test_results_are_cached_by_what_they_depend_on(session: Session, state: State) -> None:
    found = session.result(state, state.models[0])
    assert session.result(state.but(azimuth=3.0, chosen="mean", truth=False), state.models[0]) is found
    for change in ({"seed": 9}, {"temperature": 1.5}, {"samples": 3}, {"redraws": [1]}):
        assert session.result(state.but(**change), state.models[0]) is not found


# ------------------------------------------------------------------------------------------------------------ uploads
def test_an_uploaded_rendering_is_taken_as_the_data_set_takes_it(session: Session, state: State) -> None:
    item = session.item(state.image)
    buffer = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMNET_DATA", str(Path(session.pack._pixels.filename).parents[3]))
        Image.fromarray(shapenet.read_view("boxes", item.model, item.view)).save(buffer, "PNG")
    again = explorer_state.with_upload(state, buffer.getvalue())
    np.testing.assert_array_equal(session.image(again), session.image(state))
    assert session.truth(again) is None and "min_of_n" not in session.scores(again, session.results(again)[0])


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "LA", "1", "RGBA"])
def test_pictures_of_every_mode_become_network_input(mode: str) -> None:
    pixels = explorer_state.read_upload(png(mode=mode))
    assert pixels.shape == (128, 128, 3) and pixels.dtype == np.uint8
    assert pixels[:10].max() == 0 and pixels[64, 64].max() > 0


def test_the_transparent_part_is_cut_off_and_exif_turned() -> None:
    picture = Image.new("RGBA", (400, 300))
    picture.paste((255, 0, 0, 255), (300, 50, 340, 210))  # 40 wide, 160 high, far from the middle
    buffer = io.BytesIO()
    exif = picture.getexif()
    exif[0x0112] = 6  # to be turned by 90°
    picture.save(buffer, "PNG", exif=exif)
    red = np.argwhere(explorer_state.read_upload(buffer.getvalue())[..., 0] > 128)
    rows, columns = np.ptp(red, axis=0) + 1
    assert columns in (92, 93, 94) and rows in range(22, 26), "lying after the turn, as wide as the official crop"
    np.testing.assert_allclose(red.mean(0), 63.5, atol=1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no picture"),
        (b"<svg/>" * 40, "no picture"),
        (png()[:900], "no picture"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 500, "no picture"),
        (bytes(10**7), "at most 9 MB"),
    ],
    ids=["empty", "other", "cut off", "fake", "large"],
)
def test_files_that_are_no_pictures_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        explorer_state.read_upload(content)


def test_bombs_and_empty_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="40 million"):
        explorer_state.read_upload(png((8000, 6000), "1"))
    buffer = io.BytesIO()
    Image.new("RGBA", (300, 300)).save(buffer, "PNG")
    with pytest.raises(ValueError, match="transparent"):
        explorer_state.read_upload(buffer.getvalue())


# ----------------------------------------------------------------------------------------------------------- pictures
def test_splat_draws_each_ball_where_the_camera_sees_it() -> None:
    """One ball per corner of a frame, by hand: from the front (azimuth 0) +z is to the left, and y is up."""
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]])
    points = np.array([[0, 0.4, 0], [0, 0, 0.4], [0.4, 0, 0]])
    picture = figures.splat(points, colours, {"azimuth": 0, "elevation": 0, "zoom": 1}, 260).astype(int)
    for k, (row, column) in enumerate([(30, 130), (130, 30), (130, 130)]):  # 260 px span 1.04
        here = np.argwhere(picture[..., k] - np.delete(picture, k, -1).max(-1) > 40)
        np.testing.assert_allclose(here.mean(0), [row - 0.5, column - 0.5], atol=0.6)
    behind = figures.splat(points[[2, 2]] * [[1], [-1]], colours[:2], {"azimuth": 0, "elevation": 0, "zoom": 1}, 64)
    middle = behind[32, 32].astype(int)
    assert middle[0] > middle[1] + 100, "the nearer ball covers the farther one"


def test_panels_follow_the_state(session: Session, state: State) -> None:
    [(heading, panels)] = figures.panels_of(session, state)
    assert heading == "" and panels[0].big and panels[0].title == "sample 1"
    assert sorted(p.title for p in panels) == sorted(
        ["input", "truth", "mean", "spread", *(f"sample {k}" for k in range(1, 7))]
    )
    assert "truth" not in {panel.title for panel in figures.panels_of(session, state.but(truth=False))[0][1]}
    compared = figures.panels_of(session, state.but(models=session.names, samples=2))
    assert [name for name, _ in compared] == [inference.label(name) for name in session.names]
    spreads = [next(p for p in panels if p.title == "spread") for _, panels in compared]
    assert len({panel.note for panel in spreads}) == 1, "one scale for all that are compared"


def test_packed_panels_hold_the_clouds(session: Session, state: State) -> None:
    groups = figures.panels_of(session, state)
    [described], positions, colours = figures.pack_panels(groups)
    points = np.frombuffer(positions, "<i2").reshape(-1, 3) / 32767
    for panel, entry in zip(groups[0][1], described["panels"], strict=True):
        if panel.kind == "image":
            assert entry["image"].startswith("data:image/png;base64,")
            continue
        start, count = entry["points"]
        np.testing.assert_allclose(points[start : start + count], panel.content, atol=2e-5)
        if panel.colours is not None:
            part = colours[entry["coloured"] : entry["coloured"] + 3 * count]
            np.testing.assert_array_equal(np.frombuffer(part, np.uint8).reshape(-1, 3), panel.colours)
    json.dumps(described)


def test_static_figure_and_animations_are_drawn(session: Session, state: State) -> None:
    both = state.but(models=session.names, samples=2)
    for shown in (state, both, explorer_state.with_upload(state, png())):
        assert Image.open(io.BytesIO(figures.figure_png(session, shown))).size[0] >= 700
        assert "<svg" in figures.sigma_svg(session, shown) and "<table" in figures.score_html(session, shown)
    turn = figures.walk_frames(session, state, frames=4, size=48)
    walk = figures.walk_frames(session, both.but(walk="direction 1", temperature=20.0), frames=8, size=48)
    assert turn.shape == (4, 48, 48, 3) and walk.shape == (8, 48, 48 * len(session.names), 3)
    assert (walk[0] != walk[4]).any() and (turn[0] != turn[1]).any()
    np.testing.assert_array_equal(walk[1], walk[-1])  # there and back


# ----------------------------------------------------------------------------------------------------------- controls
def test_controls_change_the_picture_as_the_model_says(session: Session) -> None:
    explorer = Explorer(session)
    assert explorer.alert.value == ""

    def shown(title: str) -> np.ndarray:
        entry = next(p for p in explorer.viewer.groups[0]["panels"] if p["title"] == title)
        start, count = entry["points"]
        return np.frombuffer(explorer.viewer.positions, "<i2").reshape(-1, 3)[start : start + count] / 32767

    explorer.temperature.value = 4.0
    expected = session.result(session.default_state(temperature=4.0), session.plain_names[-1])
    np.testing.assert_allclose(shown("sample 2"), y_up_from_file(expected.samples[1]), atol=2e-5)
    explorer.model.value = session.plain_names[0]
    expected = session.result(session.default_state(), session.plain_names[0])
    np.testing.assert_allclose(shown("mean"), y_up_from_file(expected.mean), atol=2e-5)
    explorer.views.index = 0
    azimuths = session.azimuths(session.item(explorer.state.image).model)
    assert session.item(explorer.state.image).azimuth == azimuths.min()
    explorer.classes.value = "lamp"
    assert explorer.state.image.startswith("03636649/") and "chairs only" in explorer.foot.value
    explorer.compare.value = True
    assert [group["label"] for group in explorer.viewer.groups] == [inference.label(n) for n in session.plain_names]


def test_what_goes_wrong_is_said_in_the_explorer(session: Session, kit_folders: Path) -> None:
    explorer = Explorer(session)
    before = explorer.state
    explorer._guarded(lambda: explorer.show(explorer_state.with_upload(before, b"<b>no picture</b>")))
    assert 'role="alert"' in explorer.alert.value and "PNG, JPEG or WebP" in explorer.alert.value
    assert explorer.state == before
    explorer.temperature.value = 2.0
    assert explorer.alert.value == "", "the next change clears it"
    nothing = Explorer(lambda: Session("freeshapes", "nothing_here"))
    assert 'role="alert"' in nothing.alert.value and "autoencoder" in nothing.alert.value
    assert str(kit_folders) not in nothing.alert.value


def test_a_saved_state_brings_every_control_back(session: Session) -> None:
    wanted = session.default_state(
        models=[session.plain_names[1]], samples=3, seed=7, temperature=2.5, truth=False, walk="samples", ends=[2, 3],
        step=0.25, chosen="walk",
    )  # fmt: skip
    explorer = Explorer(session)
    explorer._adopt(State.from_yaml(wanted.to_yaml()))
    assert explorer.alert.value == "" and explorer.state == wanted
    assert (explorer.samples.value, explorer.seed.value, explorer.temperature.value) == (3, 7, 2.5)
    assert (explorer.model.value, explorer.walk.value, explorer.chosen.value) == (wanted.models[0], "samples", "walk")
    assert (explorer.start.value, explorer.end.value) == (2, 3)


def test_uploads_of_both_ipywidgets_are_read() -> None:
    assert uploaded({"a.png": {"metadata": {}, "content": b"7"}}) == b"7"
    assert uploaded(({"name": "a.png", "content": memoryview(b"8")},)) == b"8"
    assert uploaded(()) is None and uploaded({}) is None


def test_saved_files_are_what_is_on_screen(session: Session, tmp_path: Path) -> None:
    explorer = Explorer(session, folder=tmp_path / "saved")
    explorer.temperature.value = 3.0
    for save in (explorer.save_png, explorer.save_ply, explorer.save_state, explorer.save_gif):
        save()
    points, _ = inference.read_ply(tmp_path / "saved" / "explorer.ply")
    np.testing.assert_array_equal(points, session.results(explorer.state)[0].samples[0])
    assert explorer_state.read_state(tmp_path / "saved" / "explorer.yaml") == explorer.state
    assert Image.open(tmp_path / "saved" / "explorer.gif").n_frames == 24


def test_a_page_writes_nothing_to_this_machine(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    explorer = Explorer(session, folder=tmp_path / "saved")
    explorer.save_state()
    assert not (tmp_path / "saved").exists()


# ------------------------------------------------------------------------------------------------- gallery and page
def test_gallery_is_one_file_that_asks_for_nothing(session: Session, tmp_path: Path) -> None:
    states = gallery.gallery_states(session, images=6, samples=2)
    assert len({state.image for state in states}) == 6
    page = gallery.write_gallery(tmp_path / "gallery.html", session, states).read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:)|https?://|@import|url\(""", page)
    per_image = len(page) / 6
    assert 24 * per_image / 2 * 4 < 15e6, "24 images × λ × 4 samples stay below 15 MB"


def test_the_page_is_the_notebooks_own_cells(tmp_path: Path) -> None:
    page = nbformat.read(app.make_page(tmp_path), as_version=4)
    assert page.cells[0].source.startswith("# ") and page.cells[0].source.count("\n") >= 2
    sources = [cell.source for cell in page.cells if cell.cell_type == "code"]
    assert any("Explorer(" in source for source in sources) and not any("write_metrics" in source for source in sources)
    options = app.command("page.ipynb", "lmnet", 1234)
    assert "--Voila.ip=127.0.0.1" in options and any("cull_idle_timeout" in option for option in options)
