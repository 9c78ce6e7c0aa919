"""The explorer as a folder of files, in Chromium: its numbers are Python's, and what a visitor does with it.

Needs onnxruntime-web, which npm fetches as the lock file says; without npm or its registry these tests are skipped.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import trimesh
from browsers import Visitor, needs_chromium, opened_chromium
from PIL import Image
from r2n2_tree import write_tree
from scipy import ndimage
from servers import free_port, served, wait_for

from lmnet_utils.apps import browser_page, explorer_state
from lmnet_utils.apps.cutouts import cut_out
from lmnet_utils.apps.explorer_groups import cloud_distance_matrix, grouped
from lmnet_utils.apps.explorer_session import Session
from lmnet_utils.apps.placing import place as placed
from lmnet_utils.apps.placing import without_fringe
from lmnet_utils.core import paths
from lmnet_utils.evaluation import diversity
from lmnet_utils.models import inference
from lmnet_utils.models.export import ENCODERS, PACKAGES
from lmnet_utils.models.posteriors import load_residuals
from lmnet_utils.models.registry import load_networks

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e .[dev]")
for package in PACKAGES:
    pytest.importorskip(package, reason=f"{package} is not installed: pip install -e .[export]")
pytestmark = needs_chromium


# ------------------------------------------------------------------------------------------------------------- the page
@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Boxes in place of FreeShapes; the shipped weights."""
    folder = tmp_path_factory.mktemp("page")
    write_tree(folder / "data" / "freeshapes", {"train": 1, "test": 2}, ("chair", "table"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMNET_DATA", str(folder / "data"))
        patch.delenv("LMNET_TRAINED_MODELS", raising=False)
        yield folder


@pytest.fixture(scope="module")
def page(place: Path) -> Path:
    try:
        runtime = browser_page.fetch_runtime(place / "npm")
    except (FileNotFoundError, RuntimeError) as error:
        pytest.skip(f"no onnxruntime-web: {error}")
    return browser_page.write_explorer(place / "explorer", runtime=runtime, webgpu=True)


@pytest.fixture(scope="module")
def address(page: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(page)]
    with served(command, port, page.parent / "server.log", {}) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """With a camera, and a graphics card that the processor plays."""
    false = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with opened_chromium(*false, "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader") as chromium:
        yield chromium


@pytest.fixture(scope="module")
def tab(browser, address: str) -> Iterator[Any]:
    """A tab of the page in which the tests call the page's own functions."""
    with Visitor(browser) as visitor:
        visitor.tab.goto(address)
        visitor.tab.locator("html[data-ready]").wait_for()
        yield visitor.tab


@pytest.fixture(scope="module")
def networks() -> dict[str, torch.nn.Module]:
    return load_networks("freeshapes", ENCODERS)


TO_BASE64 = """(array) => { let text = ''; for (const byte of new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    text += String.fromCharCode(byte); return btoa(text); }"""


def floats(text: str, kind: type = np.float32) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind)


def example_pixels(page: Path, name: str) -> np.ndarray:
    return np.asarray(Image.open(page / "examples" / f"{name}.png"))


# -------------------------------------------------------------------------------------------------------------- numbers
def test_random_numbers_are_numpys(tab) -> None:
    seeds = [[0, 0], [7, 5], [2**31 - 1, 2**32], [3, 12345678901234567890]]
    script = f"""async (seeds) => {{
        const {{ Generator, imageNumber }} = await import('./random.js'), text = {TO_BASE64};
        const pixels = Uint8Array.from({{ length: 49152 }}, (_, i) => (7 * i) & 255);
        return [String(imageNumber(pixels)), seeds.map((one) => {{
            const entropy = one.map(BigInt), generator = new Generator(entropy);
            return [generator.permutation(16), generator.permutation(64), text(new Generator(entropy).standardNormal(50000))];
        }})];
    }}"""
    number, found = tab.evaluate(script, [[str(one) for one in seed] for seed in seeds])
    assert int(number) == inference.image_number((np.arange(49152) * 7 & 255).astype(np.uint8))
    for seed, (first, second, normal) in zip(seeds, found, strict=True):
        generator = np.random.default_rng(seed)
        assert generator.permutation(16).tolist() == first and generator.permutation(64).tolist() == second
        expected = np.random.default_rng(seed).standard_normal(50000, np.float32)
        np.testing.assert_allclose(floats(normal), expected, atol=1e-6)


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize(("samples", "seed", "temperature"), [(16, 0, 1.0), (5, 41, 2.5)])
def test_the_same_picture_and_seed_give_the_same_shapes(
    tab, page: Path, networks, name: str, samples: int, seed: int, temperature: float
) -> None:
    script = f"""async ({{ name, ...state }}) => {{
        const {{ Networks, reconstructed }} = await import('./networks.js'), {{ storedPixels }} = await import('./pictures.js');
        const {{ described }} = await import('./panels.js'), {{ imageNumber }} = await import('./random.js'), text = {TO_BASE64};
        const shared = await (await fetch('explorer.json')).json(), networks = await Networks.open();
        const pixels = await storedPixels(await (await fetch('examples/table.png')).blob());
        const encoder = await networks.encoder(name), encoded = await encoder.encode(pixels);
        const found = described(await reconstructed(networks, encoder, pixels, state), shared);
        const latents = encoder.sample(encoded, state.samples, state.seed, state.temperature, imageNumber(pixels));
        return {{ mean: text(encoded.mean), sigma: text(encoded.sigma), latents: text(latents), own: text(found.mean),
            clouds: found.samples.map(text), groups: found.groups, scores: found.scores, spread: text(found.spread) }};
    }}"""
    found = tab.evaluate(script, {"name": name, "samples": samples, "seed": seed, "temperature": temperature})
    pixels = example_pixels(page, "table")
    latents, log_variance = inference.encode_images(
        networks[name], torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None]
    )
    options = {"seed": seed, "indices": [inference.image_number(pixels)]}
    if log_variance is None:
        drawn = load_residuals(paths.model_dir("freeshapes", name)).sample(latents, samples, **options)
    else:
        drawn = inference.sample_latents(latents, log_variance, samples, **options)
        np.testing.assert_allclose(floats(found["sigma"]), torch.exp(0.5 * log_variance[0]), atol=1e-4)
    drawn = latents + temperature * (drawn[0] - latents)
    clouds = inference.decode(networks["autoencoder"], drawn).numpy()
    np.testing.assert_allclose(floats(found["mean"]), latents[0], atol=1e-4)
    np.testing.assert_allclose(floats(found["latents"]).reshape(samples, 512), drawn, atol=1e-3)
    np.testing.assert_allclose(
        np.stack([floats(one) for one in found["clouds"]]).reshape(clouds.shape), clouds, atol=1e-3
    )
    own = inference.decode(networks["autoencoder"], latents).numpy()
    np.testing.assert_allclose(floats(found["own"]).reshape(2048, 3), own[0], atol=1e-3)
    expected = [{"medoid": g.medoid, "members": list(g.members)} for g in grouped(cloud_distance_matrix(clouds))]
    assert found["groups"] == expected
    np.testing.assert_allclose(floats(found["spread"], np.float64), diversity.point_spread(clouds), atol=1e-4)
    assert found["scores"]["pairwise"] == pytest.approx(100 * diversity.pairwise_point_distance(clouds), abs=1e-2)


def test_a_graphics_card_computes_the_same_and_what_it_fails_at_the_processor_does(
    browser, address: str, page: Path, networks
) -> None:
    """The card is slow, so one cloud, and by a page of the folder that does nothing by itself."""
    script = f"""async () => {{
        const adapter = await navigator.gpu?.requestAdapter();
        if (!adapter) return null;
        const {{ Networks }} = await import('./networks.js'), {{ storedPixels }} = await import('./pictures.js'), text = {TO_BASE64};
        const networks = await Networks.open(), encoder = await networks.encoder('encoder_lambda_5.5');
        const encoded = await encoder.encode(await storedPixels(await (await fetch('examples/table.png')).blob()));
        const first = await networks.decode(encoded.mean), name = networks.engine.name;
        networks.decoder.session.run = () => Promise.reject(new Error('device lost'));
        const again = await networks.decode(encoded.mean);
        return {{ mean: text(encoded.mean), sigma: text(encoded.sigma), clouds: [...first, ...again].map(text), names: [name, networks.engine.name] }};
    }}"""
    with Visitor(browser) as visitor:
        visitor.tab.goto(f"{address}/LICENCES.txt?webgpu")
        found = visitor.tab.evaluate(script)
    if found is None:
        pytest.skip("this Chromium has no WebGPU, not even by software")
    pixels = torch.from_numpy(example_pixels(page, "table").copy()).permute(2, 0, 1)[None]
    latents, log_variance = inference.encode_images(networks["encoder_lambda_5.5"], pixels)
    assert found["names"] == ["WebGPU", "WebAssembly"]
    np.testing.assert_allclose(floats(found["mean"]), latents[0], atol=1e-3)
    np.testing.assert_allclose(floats(found["sigma"]), torch.exp(0.5 * log_variance[0]), atol=1e-3)
    expected = inference.decode(networks["autoencoder"], latents).numpy()[0]
    for cloud in found["clouds"]:
        np.testing.assert_allclose(floats(cloud).reshape(2048, 3), expected, atol=1e-3)


# ------------------------------------------------------------------------------------------------------------- pictures
def box(background: np.ndarray, colour: tuple[int, int, int], noise: float = 2.0) -> np.ndarray:
    """A box with a window in it before a background (H, W, 3) float; some noise."""
    picture = background.astype(np.float64)
    height, width = picture.shape[:2]
    picture[height // 5 : -height // 5, width // 4 : -width // 3] = colour
    picture[height // 3 : height // 2, width // 3 : width // 2] = background[
        height // 3 : height // 2, width // 3 : width // 2
    ]
    picture = ndimage.gaussian_filter(picture, (0.6, 0.6, 0)) + np.random.default_rng(0).normal(0, noise, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def shaded(height: int, width: int) -> np.ndarray:
    fall = 1 - 0.25 * np.linspace(0, 1, width)[None, :, None] * np.ones((height, 1, 1))
    return np.array([205, 200, 190]) * fall


def with_shadow(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width]
    dark = np.exp(-(((x - 0.6 * width) / (0.2 * width)) ** 2 + ((y - 0.85 * height) / (0.07 * height)) ** 2))
    return picture * (1 - 0.4 * dark[..., None])


def cut_out_png() -> np.ndarray:
    alpha = np.zeros((200, 260))
    alpha[40:160, 60:200] = 255
    colours = np.random.default_rng(0).integers(0, 255, (200, 260, 3))
    return np.dstack([ndimage.uniform_filter(colours, (9, 9, 0)), ndimage.gaussian_filter(alpha, 1.2)]).astype(np.uint8)


PICTURES = {
    "white": box(np.full((240, 320, 3), 240.0), (150, 60, 50)),
    "shaded": box(shaded(300, 400), (60, 90, 150)),
    "shadow": box(with_shadow(shaded(300, 400)), (70, 70, 75)),
    "large": box(shaded(900, 1200), (60, 140, 90)),
    "alpha": cut_out_png(),
}


def png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("name", PICTURES)
def test_the_object_is_found_and_placed_as_in_python(tab, name: str) -> None:
    script = f"""async (data) => {{
        const {{ readPicture, prepared }} = await import('./pictures.js'), {{ cutOut }} = await import('./cutout.js');
        const shared = await (await fetch('explorer.json')).json(), text = {TO_BASE64};
        const picture = await readPicture(new Blob([Uint8Array.from(atob(data), (one) => one.charCodeAt(0))]), 'a.png', shared);
        const {{ mask, method }} = cutOut(picture, shared.texts);
        return [text(mask), method, text(prepared(picture, shared).pixels)];
    }}"""
    picture = PICTURES[name]
    mask, method, pixels = tab.evaluate(script, base64.b64encode(png(picture)).decode())
    if picture.shape[2] == 3:
        picture = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    expected = cut_out(picture)
    assert method == expected.method
    ours, theirs = expected.mask > 0.5, floats(mask).reshape(expected.mask.shape) > 0.5
    assert (ours & theirs).sum() / (ours | theirs).sum() > 0.995
    clean = picture if method == "alpha" else without_fringe(picture, expected.mask)
    difference = np.abs(placed(clean, expected.mask).astype(int) - floats(pixels, np.uint8).reshape(128, 128, 3))
    assert difference.mean() < 0.1 and (difference > 4).mean() < 0.002


def rendering(place: Path) -> bytes:
    """A picture of the data set's size, which is cut as the data set is."""
    return next((place / "data").rglob("*/test000/rendering/05.png")).read_bytes()


# --------------------------------------------------------------------------------------------------------------- a visit
def ready(visitor: Visitor, address: str) -> None:
    visitor.tab.goto(address)
    visitor.tab.locator("html[data-ready]").wait_for()


def titles(visitor: Visitor, group: int = 0) -> set[str]:
    return set(visitor.pictures(group))


def expect_titles(visitor: Visitor, condition, group: int = 0) -> None:
    wait_for(lambda: condition(titles(visitor, group)), f"other shapes than {titles(visitor, group)}")


def test_a_visit(browser, address: str, page: Path, place: Path) -> None:
    session, elsewhere = Session(), []
    with Visitor(browser) as visitor:
        tab = visitor.tab
        visitor.context.on("request", lambda request: elsewhere.append(request.url))
        ready(visitor, address)
        assert {"mean", "spread", "truth"} < titles(visitor)
        visitor.no_overflow()
        assert visitor.serious("body") == []
        assert tab.locator("#engine").inner_text() == "The networks are computed by WebAssembly.", "no real card"

        # a picture of one's own: what Python makes of it, pixel by pixel
        (place / "view.png").write_bytes(rendering(place))
        visitor.choose_file("Upload a picture", place / "view.png")
        state = session.default_state(models=["encoder_l1"], samples=16, truth=False)
        state = explorer_state.with_upload(state, rendering(place))
        visitor.shows(session, state)

        # controls, by keyboard
        tab.get_by_label("Group samples that look alike").press("Space")
        visitor.shows(session, state := state.but(grouped=False))
        for _ in range(10):
            tab.get_by_role("slider", name="Samples").press("ArrowLeft")
        visitor.shows(session, state := state.but(samples=6))
        tab.get_by_role("slider", name="σ ×").press("ArrowRight")
        visitor.shows(session, state := state.but(temperature=1.1))
        tab.get_by_role("spinbutton", name="Seed").fill("7")
        tab.get_by_role("spinbutton", name="Seed").press("Enter")
        visitor.shows(session, state := state.but(seed=7))
        tab.get_by_role("radio", name="L1 + residuals").press("ArrowLeft")
        visitor.shows(session, state := state.but(models=["encoder_lambda_5.5"]))
        tab.locator("[data-revision] canvas").first.press("ArrowRight")
        visitor.shows(session, state := state.but(azimuth=40.0))
        tab.locator("figure", has_text="sample 4").locator("canvas").press("Enter")
        visitor.shows(session, state := state.but(chosen="sample 4"))

        # what is saved
        cloud = session.results(state)[0].samples[3]
        (place / "cloud.ply").write_bytes(visitor.save("PLY"))
        np.testing.assert_allclose(trimesh.load(place / "cloud.ply").vertices, cloud, atol=1e-3)
        (place / "cloud.glb").write_bytes(visitor.save("GLB"))
        (points,) = trimesh.load(place / "cloud.glb").geometry.values()
        np.testing.assert_allclose(points.vertices, np.stack([cloud[:, 1], -cloud[:, 0], cloud[:, 2]], -1), atol=1e-3)
        assert Image.open(io.BytesIO(visitor.save("PNG"))).size == (6 * 224, 2 * 250)

        # both networks side by side
        tab.get_by_label("Compare all side by side").press("Space")
        state = state.but(models=["encoder_lambda_5.5", "encoder_l1"])
        for group in (1, 2):
            visitor.shows(session, state, group)
        visitor.no_overflow()
        tab.get_by_label("Compare all side by side").press("Space")

        # an example again, by keyboard; a network that does not know its class says so
        tab.get_by_role("radio", name="chair").focus()
        tab.keyboard.press("ArrowRight")
        expect_titles(visitor, lambda shown: "truth" in shown)
        tab.get_by_role("radio", name="λ = 5.5").press("Space")
        tab.locator("#about").get_by_text("λ = 5.5 was trained on chairs only.").wait_for()
        assert visitor.complaints == []
        assert elsewhere and [url for url in elsewhere if not url.startswith((address, "data:", "blob:"))] == []


def test_pictures_that_come_otherwise_and_those_that_do_not_do(browser, address: str, place: Path) -> None:
    with Visitor(browser) as visitor:
        tab = visitor.tab
        ready(visitor, address)
        good = png(PICTURES["white"])
        for file, content, words in (
            ("cut_off.png", good[:200], "cut_off.png is no picture that this browser can read, or it is damaged"),
            ("letter.png", b"Dear Sir or Madam", "letter.png is no picture"),
            ("empty.png", b"", "empty.png is no picture"),
            ("large.png", bytes(51 * 10**6), "large.png has 51.0 MB; at most 50 MB are taken"),
            ("tiny.png", png(np.zeros((9, 9, 3), np.uint8)), "tiny.png has only 9 × 9 pixels"),
            ("nothing.png", png(np.full((90, 90, 3), 200, np.uint8)), "No object found"),
            (
                "busy.png",
                png(np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8)),
                "background is not plain",
            ),
        ):
            (place / file).write_bytes(content)
            visitor.choose_file("Upload a picture", place / file)
            visitor.alert(words)
            assert "truth" in titles(visitor), "the last picture stays"

        # the busy one by hand: a line around its left half
        canvas = tab.locator("#lasso-canvas")
        area = canvas.bounding_box()
        corners = [(0.1, 0.1), (0.5, 0.1), (0.5, 0.9), (0.1, 0.9)]
        for k, (x, y) in enumerate(corners):
            tab.mouse.move(area["x"] + x * area["width"], area["y"] + y * area["height"], steps=3)
            if k == 0:
                tab.mouse.down()
        tab.mouse.up()
        tab.locator("#about").get_by_text("Cut out by hand.").wait_for()
        assert tab.locator(".lmnet-alert[role=alert]").count() == 0
        visitor.no_overflow()

        data = f"Uint8Array.from(atob('{base64.b64encode(good).decode()}'), (one) => one.charCodeAt(0))"
        transfer = (
            f"const files = new DataTransfer(); files.items.add(new File([{data}], 'a.png', {{ type: 'image/png' }}));"
        )
        for event in (
            "new ClipboardEvent('paste', { clipboardData: files, bubbles: true })",
            "new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true })",
        ):
            tab.get_by_role("radio", name="chair").dispatch_event("change")
            expect_titles(visitor, lambda shown: "truth" in shown)
            tab.evaluate(f"() => {{ {transfer} document.body.dispatchEvent({event}); }}")
            tab.locator("#about").get_by_text("Cut out by plain background.").wait_for()
            expect_titles(visitor, lambda shown: "truth" not in shown)
        tab.evaluate(
            "() => document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: new DataTransfer(), bubbles: true }))"
        )
        visitor.alert("There is no picture on the clipboard")

        # the camera: Chromium's false one shows a pattern that fills the picture, so it ends in the lasso
        tab.get_by_role("button", name="Take a picture").click()
        tab.get_by_role("button", name="Take it").wait_for()
        wait_for(lambda: tab.evaluate("document.getElementById('video').videoWidth") > 0, "the camera's picture")
        tab.get_by_role("button", name="Take it").click()
        wait_for(lambda: tab.locator("#video").is_hidden(), "the camera's end")
        wait_for(
            lambda: tab.locator("#about").inner_text().startswith("Cut out") or tab.locator("[role=alert]").count(),
            "the photograph",
        )
        assert visitor.complaints == []


def test_a_phone(browser, address: str) -> None:
    with Visitor(browser, 400, 800) as visitor:
        ready(visitor, address)
        visitor.no_overflow()
        assert visitor.serious("body") == []
        visitor.tab.get_by_text("What the controls mean").press("Enter")
        visitor.tab.get_by_label("Compare all side by side").check()
        expect_titles(visitor, lambda shown: "mean" in shown, 2)
        visitor.no_overflow()
        assert visitor.serious("body") == [] and visitor.complaints == []


def test_opened_as_a_file_it_says_what_to_do(browser, page: Path) -> None:
    with Visitor(browser) as visitor:
        visitor.tab.goto((page / "index.html").as_uri())
        visitor.tab.get_by_text("This page needs a web server").wait_for()
        visitor.tab.get_by_text("python3 -m http.server 8000").wait_for()


# -------------------------------------------------------------------------------------------------------------- the folder
def test_the_folder_is_complete_and_names_no_other_address(page: Path) -> None:
    names = {path.relative_to(page).as_posix() for path in page.rglob("*") if path.is_file()}
    assert {
        "index.html",
        "explorer.json",
        "viewer.js",
        "networks/decoder.onnx",
        "runtime/ort-wasm-simd-threaded.wasm",
        "runtime/ort-wasm-simd-threaded.jspi.wasm",
    } < names
    assert json.loads((page / "explorer.json").read_text())["examples"][0]["name"] == "chair", "a chair first"
    for name in names:
        if name.endswith((".html", ".css", ".js", ".json")) and not name.startswith("runtime/"):
            assert (
                "http://" not in (page / name).read_text().replace("http://localhost:8000", "")
                and "https://" not in (page / name).read_text()
            )


def test_a_folder_with_something_else_is_left_alone_and_an_old_page_replaced(
    place: Path, page: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="holds something else"):
        browser_page.write_explorer(tmp_path / "mine", runtime=page / "runtime")
    assert [path.name for path in tmp_path.rglob("*.*")] == ["letter.txt"]
    with pytest.raises(FileNotFoundError, match="lacks ort.wasm.min.mjs"):
        browser_page.write_explorer(tmp_path / "new", runtime=tmp_path)
    assert not (tmp_path / "new").exists() and len(list(tmp_path.iterdir())) == 1


def test_what_npm_says_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "npm").write_text("#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n")
    (tmp_path / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(RuntimeError, match="could not fetch onnxruntime-web: npm error code ENOTFOUND"):
        browser_page.fetch_runtime(tmp_path / "there")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(FileNotFoundError, match=r"npm.* is not installed"):
        browser_page.fetch_runtime(tmp_path / "there")


def test_the_lock_file_pins_what_is_asked_for_and_names_no_registry() -> None:
    lock = json.loads((browser_page.PAGE / "package-lock.json").read_text())["packages"]
    wanted = json.loads((browser_page.PAGE / "package.json").read_text())["dependencies"]
    assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    for name, package in lock.items():
        assert not name or package["integrity"].startswith("sha512-")
        assert "resolved" not in package
