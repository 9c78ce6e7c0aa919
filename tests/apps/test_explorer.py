"""The explorer without a browser: states, what the models make of them, pictures, controls, uploads, the gallery.

It runs on boxes in the R2N2 layout and on the shipped weights. tests/apps/test_browser.py does the same through a browser.
"""

from __future__ import annotations

import io
import itertools
import json
import re
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import pyvista
import torch
import trimesh
from anywidget import AnyWidget
from PIL import Image, ImageFile
from scipy.spatial import cKDTree
from weights_tree import open_boxes

from lmnet_utils.apps import explorer_figures as figures
from lmnet_utils.apps import explorer_numbers as charts
from lmnet_utils.apps import explorer_state, gallery, placing, web_app
from lmnet_utils.apps.explorer import Explorer
from lmnet_utils.apps.explorer_numbers import numbers_of
from lmnet_utils.apps.explorer_session import Session
from lmnet_utils.apps.explorer_state import State
from lmnet_utils.apps.explorer_widgets import received
from lmnet_utils.apps.panels import pack_panels
from lmnet_utils.core import paths
from lmnet_utils.data import layout
from lmnet_utils.evaluation import diversity
from lmnet_utils.geometry.frames import y_up_from_file
from lmnet_utils.geometry.pointclouds import scaled_chamfer
from lmnet_utils.models import inference, registry
from lmnet_utils.rendering.grids import keep_figure


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Two chairs and two lamps of the test split, and the shipped weights without residuals: Variant II alone."""
    return open_boxes(tmp_path_factory, ("chair", "lamp"))


@pytest.fixture
def state(session: Session) -> State:
    """All samples, one by one."""
    return session.default_state(grouped=False)


def picture(size: tuple[int, int] = (200, 160)) -> Image.Image:
    """A dark box before a white wall."""
    pixels = np.full((size[1], size[0], 3), 245, np.uint8)
    pixels[size[1] // 5 : -size[1] // 4, size[0] // 4 : -size[0] // 3] = (90, 60, 30)
    return Image.fromarray(pixels)


def png(size: tuple[int, int] = (200, 160), mode: str = "RGB", form: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture(size).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


# -------------------------------------------------------------------------------------------------------------- state
def test_a_state_survives_yaml_and_only_the_uploads_it_uses_go_with_it(session: Session, state: State) -> None:
    first = explorer_state.with_upload(state, png())
    second = explorer_state.with_upload(first, png((90, 120)))
    second = second.but(redraws=[0, 2], slots={"A": state.image}, azimuth=12.5, walk="direction 2")
    read = State.from_yaml(second.to_yaml())
    assert set(read.uploads) == {second.image.removeprefix("upload/")}
    assert read.but(uploads={}) == second.but(uploads={})
    np.testing.assert_array_equal(session.image(read), session.image(second))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "no YAML"),
        ("just words", "no state"),
        ("temprature: 2", "temprature"),
        ("temperature: hot", "temperature: expected a number, found 'hot'"),
        ("samples: 400", "samples: expected at most 16, found 400"),
        ("walk: home", "walk: expected 'none'"),
        ("azimuth: .nan", "azimuth: expected a finite number, or None, found nan"),
        ("slots: {<b>: a}", "slots: expected 'A', 'B' or 'C', found '<b>'"),
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
    sampling = inference.Sampling(state.samples, state.seed)
    expected = inference.reconstruct(autoencoder, encoder, images, sampling, indices=[item.noise_index])[0].numpy()
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
    assert cold.spread.max() < 1e-6 and numbers_of(session, state.but(temperature=0.0), cold)["pairwise"] < 1e-4


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
    numbers = numbers_of(session, state, found)
    clouds = found.samples.astype(np.float64)
    pairs = [np.linalg.norm(x - y, axis=1).mean() for x, y in itertools.combinations(clouds, 2)]
    assert numbers["pairwise"] == pytest.approx(100 * np.mean(pairs), rel=1e-4)
    centre = clouds.mean(0)
    squares = [np.sum([np.sum((cloud[p] - centre[p]) ** 2) for cloud in clouds]) for p in (0, 100, 2047)]
    spread = np.sqrt(np.array(squares) / (len(clouds) - 1))
    np.testing.assert_allclose(found.spread[[0, 100, 2047]], spread, rtol=1e-4)
    row = session.pack.rows([session.item(state.image).model])[0]
    truth = torch.from_numpy(session.pack.points_1024[row].copy())[None]
    scores = [scaled_chamfer(truth, torch.from_numpy(cloud)[None]).item() for cloud in found.samples]
    assert numbers["min_of_n"] == pytest.approx(min(scores), rel=1e-5)
    assert numbers["mean_of_n"] == pytest.approx(np.mean(scores), rel=1e-5)


def test_diversity_is_what_the_evaluation_computes_for_the_same_samples(session: Session, state: State) -> None:
    found = session.result(state, state.models[0])
    rows, view = session.pack.rows([session.item(state.image).model]), session.item(state.image).view
    truth, angles = (
        session.pack.points_1024[rows],
        (session.pack.azimuths[rows, view], session.pack.elevations[rows, view]),
    )
    cameras = np.stack([*np.degrees(angles), session.pack.distances[rows, view]], axis=1)
    evaluated = diversity.diversity_of_images(truth, cameras, diversity.Ensemble(lambda _: found.samples))
    side = np.ptp(truth[0], axis=0).max()  # the evaluation's unit; the explorer's is the object's diagonal, which is 1
    shown = numbers_of(session, state, found)
    assert shown["spread"] == pytest.approx(evaluated["spread"][0] * side, rel=1e-6)
    assert shown["pairwise"] == pytest.approx(evaluated["pairwise_points"][0] * side, rel=1e-6)


def test_one_sample_has_no_diversity_to_show(session: Session, state: State) -> None:
    one = state.but(samples=1)
    numbers = numbers_of(session, one, session.result(one, one.models[0]))
    assert not {"pairwise", "spread"} & set(numbers) and {"sigma", "min_of_n"} <= set(numbers)
    shown = list(charts.score_table(session, one).index)
    assert len(shown) == len(numbers) and not [name for name in shown if "pairwise" in name or "spread" in name]


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
        Image.fromarray(layout.read_view("boxes", item.model, item.view)).save(buffer, "PNG")
    again = explorer_state.with_upload(state, buffer.getvalue())
    np.testing.assert_array_equal(session.image(again), session.image(state))
    assert session.truth(again) is None and "min_of_n" not in numbers_of(session, again, session.results(again)[0])


@pytest.mark.parametrize(
    ("mode", "form"),
    [("RGB", "PNG"), ("L", "PNG"), ("P", "PNG"), ("LA", "PNG"), ("1", "PNG"), ("RGBA", "PNG"), ("I;16", "PNG"),
     ("CMYK", "JPEG"), ("L", "JPEG"), ("RGB", "WEBP")],
)  # fmt: skip
def test_pictures_of_every_mode_become_network_input(mode: str, form: str) -> None:
    if mode == "I;16":
        buffer = io.BytesIO()
        Image.fromarray(np.asarray(picture().convert("L")).astype(np.uint16) * 257).save(buffer, "PNG")
        content = buffer.getvalue()
    else:
        content = png(mode=mode, form=form)
    pixels = explorer_state.read_upload(content)
    assert pixels.shape == (128, 128, 3) and pixels.dtype == np.uint8
    assert pixels[:10].max() == 0, "the wall is cut away"
    assert pixels[64, 64].max() < 150 and (pixels.max(-1) > 0).mean() > 0.1 or mode == "1"


def test_an_upload_gives_what_notebook_11_gives(session: Session, state: State, tmp_path: Path) -> None:
    (tmp_path / "own.png").write_bytes(png())
    photo = placing.prepare_photo(tmp_path / "own.png")
    uploaded = explorer_state.with_upload(state, png())
    np.testing.assert_array_equal(session.image(uploaded), photo.input)
    assert session.noise_index(uploaded.image) == photo.noise_index, "the same noise, so the same samples"


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
    np.testing.assert_allclose(red.mean(0), [63.5 + placing.OBJECT_SHIFT, 63.5], atol=1)


def moving(form: str) -> bytes:
    buffer = io.BytesIO()
    picture().save(buffer, form, save_all=True, append_images=[picture().rotate(90)] * 3)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no picture"),
        (b"Dear Sir or Madam, " * 40, "no picture"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "no picture"),
        (moving("GIF"), "no picture"),
        (png(form="TIFF"), "no picture"),
        (png()[:300], "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 500, "no picture"),
        (bytes(10**7), "at most 9 MB"),
    ],
    ids=["empty", "text", "svg", "gif", "tiff", "cut off", "fake", "large"],
)
def test_files_that_are_no_pictures_are_refused(content: bytes, message: str) -> None:
    """Whatever the file is called: only its bytes are asked."""
    with pytest.raises(ValueError, match=message):
        explorer_state.read_upload(content)


def test_of_a_moving_picture_the_first_frame_counts() -> None:
    still = io.BytesIO()
    picture().save(still, "PNG")
    np.testing.assert_array_equal(
        explorer_state.read_upload(moving("PNG")), explorer_state.read_upload(still.getvalue())
    )


@pytest.mark.parametrize("size", [(8000, 6000), (12000, 10000), (20000, 20000)])
def test_bombs_are_refused_before_they_are_unpacked(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files that would unpack to 0.2, 0.5 and 1.6 GB. Pillow itself would warn of the second and refuse the third."""
    rows = zlib.compress(bytes(size[0] // 8 + 1) * size[1], 1)
    header = struct.pack(">2I5B", *size, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    parts = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(parts)
    assert len(bomb) < 500_000

    def unpack(*_: object) -> None:
        raise AssertionError("the bomb is being unpacked")

    monkeypatch.setattr(ImageFile.ImageFile, "load", unpack)
    with pytest.raises(ValueError, match="40 million"):
        explorer_state.read_upload(bomb)


def test_pictures_without_an_object_are_refused() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (300, 300)).save(buffer, "PNG")
    with pytest.raises(ValueError, match="no object found"):
        explorer_state.read_upload(buffer.getvalue())


def test_one_visitors_upload_is_not_known_to_another(session: Session, state: State) -> None:
    """Uploads live in the state alone: a session that has shown one keeps nothing that would show it to another state."""
    mine = explorer_state.with_upload(state, png())
    session.result(mine, mine.models[0])
    with pytest.raises(ValueError, match="does not hold this upload"):
        session.image(state.but(image=mine.image))


# ----------------------------------------------------------------------------------------------------------- pictures
def test_panels_follow_the_state(session: Session, state: State) -> None:
    [(heading, panels)] = figures.panels_of(session, state)
    assert heading == "" and panels[0].big and panels[0].title == "sample 1"
    assert sorted(p.title for p in panels) == sorted(
        ["input", "truth", "mean", "spread", *(f"sample {k}" for k in range(1, 7))]
    )
    assert "truth" not in {panel.title for panel in figures.panels_of(session, state.but(truth=False))[0][1]}
    compared = figures.panels_of(session, state.but(models=session.names, samples=2))
    assert [name for name, _ in compared] == ["", *(registry.label(name) for name in session.names)]
    assert [panel.title for panel in compared[0][1]] == ["input", "truth"]
    columns = {tuple(panel.title for panel in panels) for _, panels in compared[1:]}
    assert columns == {("mean", "spread", "sample 1", "sample 2")}, "one below the other"
    spreads = [next(p for p in panels if p.title == "spread") for _, panels in compared[1:]]
    assert len({panel.note for panel in spreads}) == 1, "one scale for all that are compared"


def test_packed_panels_hold_the_clouds(session: Session, state: State) -> None:
    groups = figures.panels_of(session, state)
    [described], positions, colours = pack_panels(groups)
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
        assert "<svg" in charts.sigma_svg(session, shown) and "<table" in charts.score_html(session, shown)
    turn = figures.walk_frames(session, state, frames=4, size=48)
    walk = figures.walk_frames(session, both.but(walk="direction 1", temperature=20.0), frames=8, size=48)
    assert turn.shape == (4, 48, 48, 3) and walk.shape == (8, 48, 48 * len(session.names), 3)
    assert (walk[0] != walk[4]).any() and (turn[0] != turn[1]).any()
    np.testing.assert_array_equal(walk[1], walk[-1])  # there and back


# ----------------------------------------------------------------------------------------------------------- controls
def test_controls_change_the_picture_as_the_model_says(session: Session, state: State) -> None:
    explorer = Explorer(session, state)
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
    labels = [group["label"] for group in explorer.viewer.groups]
    assert labels == ["", *(registry.label(name) for name in session.plain_names)]


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


DESCRIBED = "description layout style value"
IPYWIDGETS_7_7 = {
    "VBox": "box_style children layout",
    "HBox": "box_style children layout",
    "HTML": f"{DESCRIBED} placeholder",
    "Label": f"{DESCRIBED} placeholder",
    "Button": "button_style description disabled icon layout style tooltip",
    "Checkbox": f"{DESCRIBED} disabled indent",
    "BoundedIntText": f"{DESCRIBED} continuous_update disabled max min step",
    "IntSlider": f"{DESCRIBED} continuous_update disabled max min orientation readout readout_format step",
    "FloatSlider": f"{DESCRIBED} continuous_update disabled max min orientation readout readout_format step",
    "Dropdown": f"{DESCRIBED} disabled index label options",
    "SelectionSlider": f"{DESCRIBED} continuous_update disabled index label options orientation readout",
    "Layout": "align_content align_items align_self border bottom display flex flex_flow grid_area grid_auto_columns "
    "grid_auto_flow grid_auto_rows grid_column grid_gap grid_row grid_template_areas grid_template_columns "
    "grid_template_rows height justify_content justify_items left margin max_height max_width min_height min_width "
    "object_fit object_position order overflow overflow_x overflow_y padding right top visibility width",
}
"""What the controls of ipywidgets 7.7.5 can be told, read off their traits."""


def test_controls_use_nothing_that_colabs_ipywidgets_lacks(session: Session) -> None:
    seen, waiting = set(), [Explorer(session).widget]
    while waiting:
        widget = waiting.pop()
        waiting += [*getattr(widget, "children", ()), *([widget.layout] if hasattr(widget, "layout") else [])]
        if isinstance(widget, AnyWidget):  # ours: it brings its own front end
            continue
        name = type(widget).__name__
        seen.add(name)
        assert name in IPYWIDGETS_7_7, f"ipywidgets 7.7 has no {name}, or the table above lacks it"
        for trait in set(widget.keys) - set(IPYWIDGETS_7_7[name].split()):
            default = widget.traits()[trait].default_value
            assert trait.startswith("_") or getattr(widget, trait) in (default, None, ()), f"{name}.{trait}"
    assert {"SelectionSlider", "FloatSlider", "Dropdown", "Checkbox", "Button", "Layout"} <= seen


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


def test_files_of_the_browser_are_taken_or_refused_with_the_reason(session: Session) -> None:
    explorer = Explorer(session)

    def send(button, **message) -> None:
        content = message.pop("content", None)
        buffers = [] if content is None else [memoryview(content)]
        button._handle_custom_msg({"kind": "file", **message}, buffers)

    send(explorer.upload, name="a.png", size=len(png()), content=png())
    assert explorer.alert.value == "" and explorer.state.image.startswith("upload/")
    shown = explorer.state
    send(explorer.upload, name="<b>holiday.png", size=12_345_678)  # the browser keeps back what is too large
    assert "&lt;b&gt;holiday.png has 12.3 MB; at most 9 MB" in explorer.alert.value
    assert "Jupyter cuts the connection" in explorer.alert.value and explorer.state == shown
    send(explorer.upload, name="gone.png", size=10)
    assert "could not read gone.png" in explorer.alert.value
    send(explorer.opened, name="a.yaml", size=3_000_000)
    assert "at most 2 MB" in explorer.alert.value
    send(explorer.opened, name="a.yaml", size=10, content=session.default_state(seed=5).to_yaml().encode())
    assert explorer.alert.value == "" and explorer.state.seed == 5
    assert received({}, [b"7"]) == b"7"


def test_after_an_upload_every_view_can_be_chosen_again(session: Session) -> None:
    explorer = Explorer(session)
    view = explorer.views.index
    explorer._take_upload(png())
    assert explorer.views.index == -1, "an upload is none of the views"
    explorer.views.index = view
    assert explorer.state.image == session.default_state().image
    begun = Explorer(session, explorer_state.with_upload(session.default_state(), png()))
    assert begun.alert.value == "" and begun.objects.items and len(begun.views.items) == 24


def test_a_shape_that_is_picked_twice_is_chosen_twice(session: Session, state: State) -> None:
    explorer = Explorer(session, state)
    for _ in range(2):
        explorer.viewer._handle_custom_msg({"kind": "picked", "title": "sample 3"}, [])
        assert explorer.state.chosen == "sample 3" and explorer.chosen.value == "sample 3"
        explorer.chosen.value = "mean"
        assert explorer.state.chosen == "mean"
    explorer.viewer._handle_custom_msg({"kind": "picked", "title": "nothing of that name"}, [])
    assert explorer.state.chosen == "mean"


def test_a_state_of_other_models_is_refused(session: Session) -> None:
    explorer = Explorer(session)
    before = explorer.state
    for change in ({"weights_run": "quickstart"}, {"dataset": "shapenet"}, {"split": "60-20-20"}):
        explorer._take_state(before.but(seed=3, **change).to_yaml().encode())
        assert "Give its file to notebook 09" in explorer.alert.value and explorer.state == before


def test_it_is_published_as_display_data(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colab adds the address of the manager that draws an anywidget to display data only, not to a cell's result."""
    published: list[dict] = []
    monkeypatch.setattr("lmnet_utils.apps.explorer.display", lambda data, raw: published.append(data))
    explorer = Explorer(session)
    assert not hasattr(explorer, "_repr_mimebundle_")
    explorer._ipython_display_()
    assert published[0]["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.widget.model_id
    assert "needs a running kernel" in published[0]["text/plain"]


def test_saved_files_are_what_is_on_screen(session: Session, state: State, tmp_path: Path) -> None:
    explorer = Explorer(session, state, folder=tmp_path / "saved")
    explorer.temperature.value = 3.0
    for kind in ("PNG", "PLY", "GLB", "YAML", "GIF"):
        explorer.save(kind)
    mesh = trimesh.load(tmp_path / "saved" / "explorer.glb", force="mesh", process=False)
    x, y, z = y_up_from_file(session.results(explorer.state)[0].samples[0]).T
    gaps = cKDTree(np.stack([-z, y, x], 1)).query(mesh.vertices)[0]
    assert len(mesh.faces) and gaps.max() < 1e-5, "the corners are points of the cloud, the front to +z"
    points = pyvista.read(tmp_path / "saved" / "explorer.ply").points
    np.testing.assert_array_equal(points, session.results(explorer.state)[0].samples[0])
    assert explorer_state.read_state(tmp_path / "saved" / "explorer.yaml") == explorer.state
    assert Image.open(tmp_path / "saved" / "explorer.gif").n_frames == 24


def test_a_walk_is_saved_as_gif_frame_by_frame(session: Session, tmp_path: Path) -> None:
    explorer = Explorer(session, folder=tmp_path)
    explorer.compare.value = True
    explorer.walk.value = "direction 1"
    explorer.temperature.value = 20.0
    explorer.save("GIF")
    gif = Image.open(tmp_path / "explorer.gif")
    assert gif.n_frames == 24 and gif.width == gif.height * len(session.plain_names), "all λ side by side"
    expected = figures.walk_frames(session, explorer.state)
    for number in (0, 6, 12):
        gif.seek(number)
        shown = np.asarray(gif.convert("RGB")).astype(int)
        assert np.abs(shown - expected[number]).mean() < 4, "but for the 32 colours of its palette"
    assert np.abs(expected[0].astype(int) - expected[12]).mean() > 1


def test_a_film_needs_ffmpeg_and_says_so(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    explorer = Explorer(session, folder=tmp_path / "saved")
    explorer._guarded(lambda: explorer.save("MP4"))
    assert "MP4 needs the program ffmpeg" in explorer.alert.value and "GIF" in explorer.alert.value
    assert not (tmp_path / "saved").exists()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg on this machine (Debian: apt install ffmpeg)")
def test_a_film_holds_the_walk(session: Session, tmp_path: Path) -> None:
    explorer = Explorer(session, folder=tmp_path)
    explorer.walk.value = "direction 1"
    explorer.save("MP4")
    film = (tmp_path / "explorer.mp4").read_bytes()
    assert film[4:8] == b"ftyp" and b"avc1" in film
    command = ["ffmpeg", "-loglevel", "error", "-i", "explorer.mp4", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    decoded = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout
    frames = np.frombuffer(decoded, np.uint8).reshape(48, 320, 320, 3).astype(int)
    expected = figures.walk_frames(session, explorer.state, frames=48, size=320)
    assert np.abs(frames - expected).mean() < 6


def test_ffmpeg_is_told_the_size_of_what_it_gets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for the program, so that this is tested where there is none; odd sides become even."""
    program = tmp_path / "ffmpeg"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nwidth, height = map(int, sys.argv[sys.argv.index('-s') + 1].split('x'))\n"
        "data = sys.stdin.buffer.read()\nopen(sys.argv[-1], 'w').write(f'{width} {height} {len(data) / width / height / 3}')\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    figures.write_mp4(tmp_path / "walk.mp4", np.zeros((5, 33, 47, 3), np.uint8))
    assert (tmp_path / "walk.mp4").read_text() == "46 32 5.0"


@pytest.mark.usefixtures("warm_kernels")
def test_a_saved_state_shows_the_same_through_papermill(session: Session, tmp_path: Path) -> None:
    """YAML out of the explorer, with an upload, a walk and a turned camera → notebook 09 → the same clouds and pictures."""
    import papermill

    explorer = Explorer(session, folder=tmp_path / "saved")
    explorer._take_upload(png())
    explorer._keeper("A")()
    explorer.views.index = 3
    explorer._keeper("B")()
    explorer.walk.value, explorer.step.value = "images", 0.3
    explorer.temperature.value, explorer.samples.value, explorer.seed.value = 6.0, 3, 11
    explorer.viewer.camera = {"azimuth": 77.0, "elevation": 10.0, "zoom": 1.3}
    explorer.save("YAML")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMNET_DATA", str(Path(session.pack._pixels.filename).parents[3]))
        patch.setenv("LMNET_RUNS", str(tmp_path / "runs"))
        patch.delenv("LMNET_TRAINED_MODELS", raising=False)
        papermill.execute_notebook(
            str(paths.notebooks_root() / "09_explorer.ipynb"),
            str(tmp_path / "09.ipynb"),
            {
                "run": "again",
                "state": str(tmp_path / "saved" / "explorer.yaml"),
                "gallery_images": 1,
                "gallery_samples": 1,
            },
            progress_bar=False,
        )
    again = tmp_path / "runs" / "again" / "09_explorer"
    assert explorer_state.read_state(again / "state.yaml") == explorer.state
    keep_figure(figures.figure(session, explorer.state), tmp_path / "expected.png", "on screen")
    wanted, found = (
        np.asarray(Image.open(folder / name).convert("RGB")).astype(int)
        for folder, name in ((tmp_path, "expected.png"), (again, "explorer.png"))
    )
    assert wanted.shape == found.shape and (np.abs(wanted - found).max(-1) > 40).mean() < 0.005


def test_a_page_writes_nothing_to_this_machine(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    explorer = Explorer(session, folder=tmp_path / "saved")
    explorer.save("YAML")
    assert not (tmp_path / "saved").exists()
    assert "half an hour" in explorer.foot.value and web_app.IDLE_SECONDS == 1800


# ------------------------------------------------------------------------------------------------- gallery and page
def test_gallery_is_one_file_that_asks_for_nothing(session: Session, tmp_path: Path) -> None:
    states = gallery.gallery_states(session, images=6, samples=2)
    assert len({state.image for state in states}) == 6
    page = gallery.write_gallery(tmp_path / "gallery.html", session, states).read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:)|https?://|@import|url\(""", page)
    per_image = len(page) / 6
    assert 24 * per_image / 2 * 4 < 15e6, "24 images × λ × 4 samples stay below 15 MB"
