"""The explorer in a real browser: Debian's Chromium on JupyterLab, on the page that ``make app`` serves, on the gallery.

What the browser draws is compared, pixel by pixel, with what the models say headless. Nothing here waits for a time to
pass: every wait is for something that must come. Screenshots and latencies are kept in ``runs/browser/``.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import pyvista
from browsers import Visitor, needs_chromium, opened_chromium
from PIL import Image
from r2n2_tree import write_tree
from servers import free_port, served

from lmnet_utils.apps import explorer_figures as figures
from lmnet_utils.apps import explorer_state, gallery, web_app
from lmnet_utils.apps.explorer_session import Session
from lmnet_utils.apps.explorer_state import State
from lmnet_utils.core import paths
from lmnet_utils.core.files import write_json

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e .[dev]")
pytestmark = needs_chromium


# ------------------------------------------------------------------------------------------------------------ servers
@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Data of three boxes and the shipped weights, for this process and for the servers' kernels."""
    folder = tmp_path_factory.mktemp("browser")
    write_tree(folder / "data" / "freeshapes", {"train": 1, "test": 3}, ("chair",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMNET_DATA", str(folder / "data"))
        patch.delenv("LMNET_TRAINED_MODELS", raising=False)
        yield folder


@pytest.fixture(scope="module")
def session(place: Path) -> Session:
    return Session()


@pytest.fixture(scope="module")
def shots() -> Path:
    folder = paths.runs_root() / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def page_address(place: Path, session: Session) -> Iterator[str]:
    """The page of ``make app``."""
    (place / "page").mkdir()
    page, template, port = web_app.make_page(place / "page"), web_app.make_template(place), free_port()
    environment = {**web_app.server_environment(place), "LMNET_RUNS": str(place / "runs")}
    with served(web_app.command(page, template, port), port, place / "voila.log", environment) as address:
        yield address


@pytest.fixture(scope="module")
def lab_address(place: Path, session: Session) -> Iterator[str]:
    """JupyterLab with the same cells."""
    (place / "lab").mkdir()
    web_app.make_page(place / "lab")
    port = free_port()
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={place / 'lab'}", "--IdentityProvider.token=", "--ServerApp.ip=127.0.0.1",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    settings = place / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}  # else JupyterLab asks, in a box over the page
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    environment = {
        **os.environ, "LMNET_RUNS": str(place / "runs"), "OMP_NUM_THREADS": "1",
        "JUPYTER_CONFIG_DIR": str(place / "config"), "JUPYTER_DATA_DIR": str(place / "jupyter"),
        "JUPYTERLAB_SETTINGS_DIR": str(place / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(place / "workspaces"),
    }  # fmt: skip
    with served(command, port, place / "lab.log", environment) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with opened_chromium() as chromium:
        yield chromium


# ------------------------------------------------------------------------------------------------------------- a visit
def picture_file(path: Path) -> Path:
    """A brown box before a white wall."""
    pixels = np.full((120, 160, 3), 245, np.uint8)
    pixels[30:100, 50:120] = (120, 70, 40)
    Image.fromarray(pixels).save(path)
    return path


def begins_with(session: Session) -> State:
    """What the notebook's own parameters begin with."""
    return session.default_state(samples=16)


def use(visitor: Visitor, session: Session, shots: Path, place: Path, name: str) -> State:
    """Everything that a visitor does, and what must be seen after it; returns the last state."""
    tab = visitor.tab
    state = begins_with(session)
    visitor.shows(session, state)
    visitor.keep(shots / f"{name}_1280.png")

    def step(action: Callable[[], None], **changes) -> None:
        nonlocal state
        action()
        state = state.but(**changes)
        visitor.shows(session, state)

    # the controls, by keyboard
    network = visitor.slider("λ or posterior")
    step(lambda: network.press("ArrowLeft"), models=[session.plain_names[-2]])
    step(lambda: network.press("ArrowRight"), models=[session.plain_names[-1]])
    step(lambda: network.press("ArrowRight"), models=[session.residual_names[0]])
    visitor.keep(shots / f"{name}_residuals.png")
    step(lambda: network.press("ArrowLeft"), models=[session.plain_names[-1]])
    grouping = tab.get_by_label("Group samples that look alike")
    step(lambda: grouping.click(), grouped=False)
    step(lambda: grouping.click(), grouped=True)
    step(lambda: [visitor.slider("Samples").press("ArrowLeft") for _ in range(10)], samples=6)
    step(lambda: grouping.click(), grouped=False)
    step(lambda: visitor.slider("σ ×").press("End"), temperature=20.0)
    step(lambda: tab.get_by_label("Show the true shape").click(), truth=False)
    step(lambda: tab.get_by_label("Show the true shape").click(), truth=True)

    # the input's camera goes round, the shapes stay; two shapes compared point by point
    model, camera = session.item(state.image).model, figures.camera_of(session, state)
    order = np.argsort(session.azimuths(model)).tolist()
    after = order[order.index(session.item(state.image).view) + 1]
    turned = {"azimuth": camera["azimuth"], "elevation": camera["elevation"]}
    step(lambda: visitor.slider("Seen from").press("ArrowRight"), image=f"{model}/{after}", **turned)
    step(lambda: tab.get_by_label("Difference to").select_option("truth"), difference="truth")
    visitor.keep(shots / f"{name}_difference.png")
    step(lambda: tab.get_by_label("Difference to").select_option("none"), difference="none")

    # another image
    model = session.item(state.image).model
    view = int(np.argsort(session.azimuths(model))[3])
    third = tab.get_by_role("group", name="View").locator("label").nth(3)
    step(lambda: third.click(), image=f"{model}/{view}", azimuth=None)

    # turning: by keyboard, by mouse, and back
    canvas = tab.locator("[data-revision] canvas").first
    home = figures.camera_of(session, state)["azimuth"]
    step(lambda: canvas.press("ArrowRight"), azimuth=(home + 10) % 360)
    box = canvas.bounding_box()
    tab.mouse.move(box["x"] + 60, box["y"] + 60)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 110, box["y"] + 80, steps=4)
    tab.mouse.up()
    saved = State.from_yaml(visitor.save("YAML").decode())
    assert saved == state.but(azimuth=saved.azimuth, elevation=saved.elevation)
    assert saved.azimuth == pytest.approx((home + 10 + 50 * 0.6) % 360) and saved.elevation == pytest.approx(37)
    visitor.shows(session, saved)
    step(lambda: tab.get_by_role("button", name="View of the image").click(), azimuth=None)

    # another shape large, and what is saved of it
    step(lambda: tab.locator("figure", has_text="sample 4").locator("canvas").click(), chosen="sample 4")
    cloud = figures.chosen_cloud(session, state)[1]
    (place / "cloud.ply").write_bytes(visitor.save("PLY"))
    np.testing.assert_allclose(pyvista.read(place / "cloud.ply").points, cloud, atol=1e-4)
    assert Image.open(io.BytesIO(visitor.save("PNG"))).width >= 700

    # a walk
    step(
        lambda: tab.get_by_label("Walk").select_option("main direction 1 of the posterior"),
        walk="direction 1",
        chosen="walk",
    )
    step(lambda: visitor.slider("Place").press("Home"), step=0.0)
    assert Image.open(io.BytesIO(visitor.save("GIF"))).n_frames == 24

    # pictures of one's own, good and bad
    upload = picture_file(place / f"{name}.png")
    visitor.choose_file("Upload a picture", upload)
    state = explorer_state.with_upload(state.but(azimuth=None), upload.read_bytes())
    visitor.shows(session, state)
    visitor.keep(shots / f"{name}_upload.png")
    for file, content, words in (
        ("cut_off.png", upload.read_bytes()[:200], "damaged"),
        ("letter.png", b"Dear Sir or Madam", "PNG, JPEG or WebP"),
        ("large.png", bytes(12 * 10**6), "large.png has 12.0 MB; at most 9 MB"),
    ):
        (place / file).write_bytes(content)
        visitor.choose_file("Upload a picture", place / file)
        visitor.alert(words)
        visitor.shows(session, state)
    visitor.keep(shots / f"{name}_error.png")

    # all networks side by side
    tab.get_by_label("Compare all side by side").click()
    state = state.but(models=session.posteriors)
    for group in range(len(session.posteriors) + 1):
        visitor.shows(session, state, group)
    assert tab.locator(".lmnet-alert").count() == 0, "the next change clears the message"
    visitor.keep(shots / f"{name}_compare.png")
    speed = tab.locator(".lmnet-speed").inner_text()
    median = float(re.search(r"median of \d+: ([\d.]+) ms", speed)[1])
    write_json(shots / f"{name}_latency.json", {"median_ms": median, "text": speed})
    return state


# -------------------------------------------------------------------------------------------------------------- tests
def test_the_page_and_its_visitors(browser, page_address: str, session: Session, shots: Path, place: Path) -> None:
    with Visitor(browser) as first, Visitor(browser, 400, 800) as second:
        first.tab.goto(page_address)
        use(first, session, shots, place, "page")
        first.no_overflow()
        assert first.serious("body") == []
        assert first.tab.locator("h1").count() == 1 and first.tab.get_by_text("import ").count() == 0, (
            "a title, no code"
        )

        # Another visitor meanwhile, on a phone: nothing of the first one's settings or pictures.
        second.tab.goto(page_address)
        second.shows(session, begins_with(session))
        assert State.from_yaml(second.save("YAML").decode()) == begins_with(session)
        chosen = second.tab.get_by_role("group", name="View").locator("label", has=second.tab.locator(":checked"))
        assert 0 < chosen.bounding_box()["x"] < 340, "the chosen view is in sight"
        second.no_overflow()
        assert second.serious("body") == []
        second.keep(shots / "page_400.png", 2200)
        assert first.complaints == [] and second.complaints == []


def run_all(tab: playwright.Page) -> None:
    """Run → Run All Cells, as soon as JupyterLab takes it: before the kernel is there it does nothing, without a word."""
    tab.locator(".jp-NotebookPanel .jp-CodeCell").first.wait_for()
    tab.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    tab.locator(".jp-InputPrompt").get_by_text("[1]:").wait_for()


def test_jupyterlab(browser, lab_address: str, session: Session, shots: Path, place: Path) -> None:
    with Visitor(browser) as visitor:
        tab = visitor.tab
        tab.goto(f"{lab_address}/lab/tree/explorer.ipynb")
        run_all(tab)
        use(visitor, session, shots, place, "lab")
        visitor.no_overflow()
        assert visitor.serious(".lmnet-explorer") == []
        tab.set_viewport_size({"width": 400, "height": 900})
        tab.keyboard.press("Control+b")  # closes JupyterLab's file browser
        tab.locator("#jp-left-stack").wait_for(state="hidden")
        tab.locator(".lmnet-view").first.scroll_into_view_if_needed()
        visitor.no_overflow()
        visitor.keep(shots / "lab_400.png", 1600)
        assert visitor.complaints == []


def test_the_gallery_opens_offline(browser, session: Session, shots: Path, place: Path) -> None:
    states = gallery.gallery_states(session, 4, 2, temperature=10.0)
    path = gallery.write_gallery(place / "gallery.html", session, states)
    with Visitor(browser, 400) as visitor:
        requests: list[str] = []
        visitor.context.set_offline(True)
        visitor.tab.on("request", lambda request: requests.append(request.url))
        visitor.tab.goto(path.as_uri())
        visitor.tab.locator("label").nth(2).click()
        for group in range(len(session.posteriors) + 1):
            visitor.shows(session, states[2], group)
        visitor.no_overflow()
        visitor.keep(shots / "gallery_400.png", 2200)
        visitor.tab.locator("canvas").first.press("ArrowLeft")
        turned = states[2].but(azimuth=(figures.camera_of(session, states[2])["azimuth"] - 10) % 360)
        visitor.shows(session, turned)
        visitor.tab.set_viewport_size({"width": 1180, "height": 900})
        visitor.shows(session, turned, 1)
        visitor.no_overflow()
        visitor.keep(shots / "gallery_1180.png")
        assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
        assert visitor.serious("body") == [] and visitor.complaints == []
