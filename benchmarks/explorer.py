"""How fast the explorer answers: one visitor in JupyterLab and on the page, eight at once on the page; 3-D views compared.

    python benchmarks/explorer.py visitors browser viewers [--visitors 8] [--write benchmarks/explorer.json]

``visitors``: the server of ``make app``; every visitor opens the page, and then changes σ × as one drags it, the next value when
the picture for the last one is there. From the request to the whole page (kernel, torch, models, data), and from a change to the
picture's data, over HTTP and websocket, without browsers, which run on the visitors' own machines.

``browser``: one visitor in Chromium, from a key on the slider σ × to the frame that shows the new picture, on the page and in
JupyterLab; browser and kernel share the cores.

``viewers``: kernel time for the same cloud in the kit's viewer, plotly, k3d and PyVista's HTML export, the bytes of a change and of
the exported page, and the time until the page, opened from disk, has drawn ten panels. Needs
``pip install plotly k3d "pyvista[jupyter]"``, in an environment of its own. Chromium draws WebGL in software here.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import websocket

from lmnet_utils.apps import web_app
from lmnet_utils.apps.panels import ViewPanel, clouds_page, pack_panels
from lmnet_utils.core.files import write_json
from lmnet_utils.core.runtime import environment

CHANGES = 60
POINTS = (2048, 20_000)
PANELS = 10


def summary(milliseconds: list[float]) -> dict[str, float]:
    return {
        "median_ms": float(np.median(milliseconds)),
        "p95_ms": float(np.percentile(milliseconds, 95)),
        "largest_ms": float(np.max(milliseconds)),
        "count": len(milliseconds),
    }


@contextlib.contextmanager
def served(command: list[str], port: int, variables: dict[str, str]) -> Iterator[tuple[str, psutil.Process]]:
    """A server, from its first answer on; it ends with its kernels."""
    server = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"127.0.0.1:{port}", psutil.Process(server.pid)
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()  # its kernels end by themselves


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def page() -> Iterator[tuple[str, psutil.Process]]:
    """The page of ``make app``."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "page").mkdir()
        file, template, port = web_app.make_page(Path(folder) / "page"), web_app.make_template(folder), free_port()
        with served(web_app.command(file, template, port), port, web_app.server_environment(folder)) as found:
            yield found


# ------------------------------------------------------------------------------------------------------------ visitors
class Widgets:
    """A visitor's connection to the widgets of their page, as the page's own script speaks to them."""

    def __init__(self, host: str) -> None:
        started = time.perf_counter()
        with urllib.request.urlopen(f"http://{host}/", timeout=300) as answer:
            text = answer.read().decode()
        self.opened_s = time.perf_counter() - started
        kernel = text.split('"kernelId": "')[1].split('"')[0]
        # Without this protocol Voilà takes a message with buffers for one of it, and loops over a count of nonsense.
        place = f"ws://{host}/api/kernels/{kernel}/channels"
        self.channel = websocket.create_connection(place, timeout=120, subprotocols=["v1.kernel.websocket.jupyter.org"])
        control = uuid.uuid4().hex
        self.send("comm_open", {"comm_id": control, "target_name": "jupyter.widget.control", "data": {}})
        self.send("comm_msg", {"comm_id": control, "data": {"method": "request_states"}})
        self.states = self.wait(control, "states")["states"]

    def send(self, kind: str, content: dict[str, Any]) -> None:
        header = {"msg_id": uuid.uuid4().hex, "username": "", "session": "s", "msg_type": kind, "version": "5.4"}
        parts = ["shell", *map(json.dumps, (header, {}, {"version": "1.0.0"}, content))]
        encoded = [part.encode() for part in parts]  # after a count and the offsets of the parts, and of the end
        offsets = np.cumsum([8 * (len(parts) + 2), *map(len, encoded)])
        self.channel.send_binary(struct.pack(f"<{len(offsets) + 1}Q", len(offsets), *offsets) + b"".join(encoded))

    def wait(self, comm: str, key: str) -> dict[str, Any]:
        """The next message of a widget whose data or state has ``key``."""
        while True:
            found = self.channel.recv()
            offsets = struct.unpack_from(f"<{struct.unpack_from('<Q', found)[0]}Q", found, 8)
            content = json.loads(found[offsets[4] : offsets[5]])  # channel, header, parent, metadata, content, buffers
            data = content.get("data", {}) if content.get("comm_id") == comm else {}
            if key in data or key in data.get("state", {}):
                return data

    def named(self, **state: Any) -> str:
        """The widget with these entries in its state."""
        return next(i for i, one in self.states.items() if all(one["state"].get(k) == v for k, v in state.items()))

    def change(self, slider: str, viewer: str, value: float) -> float:
        """Milliseconds from a slider's new value to the new picture."""
        started = time.perf_counter()
        self.send("comm_msg", {"comm_id": slider, "data": {"method": "update", "state": {"value": value}}})
        self.wait(viewer, "revision")
        return 1e3 * (time.perf_counter() - started)


def visitors(count: int) -> dict[str, Any]:
    """``count`` visitors come at once; when all have their page, all drag at once."""
    opened: list[float] = []
    times: list[float] = []
    failures: list[str] = []
    together = threading.Barrier(count)

    def visit(number: int, host: str) -> None:
        try:
            visitor = Widgets(host)
            opened.append(visitor.opened_s)
            slider, viewer = visitor.named(description="σ ×"), visitor.named(kind="clouds")
            together.wait(300)
            for k in range(CHANGES):
                times.append(visitor.change(slider, viewer, 0.1 + (number + k) % 100 / 10))
            together.wait(300)
            visitor.channel.close()
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}")
            together.abort()

    with page() as (host, server):
        threads = [threading.Thread(target=visit, args=(number, host)) for number in range(count)]
        for thread in threads:
            thread.start()
        most = 0
        while any(thread.is_alive() for thread in threads):
            with contextlib.suppress(psutil.Error):
                most = max(most, sum(one.memory_info().rss for one in server.children(recursive=True)))
            time.sleep(0.5)
        crashed = server.status() == psutil.STATUS_ZOMBIE
    return {
        "visitors": count,
        "failures": failures,
        "server_crashed": crashed,
        "page_s": {"first": min(opened), "median": float(np.median(opened)), "last": max(opened)},
        "change": summary(times),
        "kernels_memory_gb": most / 1e9,
    }


# ------------------------------------------------------------------------------------------------------------- browser
@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


def drag(tab: Any) -> dict[str, float]:
    """Press a key on σ × again and again; the viewer itself measures from the key to the frame."""
    slider = tab.get_by_role("slider", name="σ ×", exact=True)
    slider.wait_for(timeout=120_000)
    tab.wait_for_selector("[data-revision] canvas", timeout=120_000)
    times = []
    for k in range(CHANGES):
        revision = tab.locator("[data-revision]").get_attribute("data-revision")
        slider.press("ArrowRight" if k < CHANGES - 5 else "PageUp")
        tab.wait_for_function(
            f"(() => {{ const d = document.querySelector('[data-revision]').dataset; return d.revision > {revision} && d.answered === d.revision; }})()"
        )
        times.append(float(tab.locator("[data-revision]").get_attribute("data-latency")))
    return summary(times)


def in_browser() -> dict[str, Any]:
    found = {}
    with chromium() as browser, page() as (host, _):
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(f"http://{host}/", timeout=120_000)
        found["page"] = drag(tab)
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        web_app.make_page(folder)
        port = free_port()
        command = [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token=",
            f"--ServerApp.root_dir={folder}", "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.extension_manager=readonly",
        ]  # fmt: skip
        variables = {**os.environ, "JUPYTER_CONFIG_DIR": f"{folder}/config", "JUPYTER_DATA_DIR": f"{folder}/data"}
        with served(command, port, variables) as (host, _):
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            tab.goto(f"http://{host}/lab/tree/explorer.ipynb", timeout=120_000)
            run_all(tab)
            found["jupyterlab"] = drag(tab)
    return found


def run_all(tab: Any) -> None:
    """Run the notebook that JupyterLab shows."""
    tab.locator(".jp-NotebookPanel .jp-CodeCell").first.wait_for(timeout=120_000)
    tab.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=120_000)
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()


# ------------------------------------------------------------------------------------------------------------- viewers
def ours(points: np.ndarray) -> tuple[int, str]:
    described, positions, _ = pack_panels([("", [ViewPanel("mean", "mean", points)])])
    return len(json.dumps(described)) + len(positions), ""


def plotly(points: np.ndarray) -> tuple[int, str]:
    graph = importlib.import_module("plotly.graph_objects")
    marks = {"size": 2, "color": points[:, 2], "colorscale": "Cividis"}
    figure = graph.Figure(graph.Scatter3d(x=points[:, 0], y=points[:, 1], z=points[:, 2], mode="markers", marker=marks))
    return len(figure.to_json()), figure.to_html(include_plotlyjs=True)


def k3d(points: np.ndarray) -> tuple[int, str]:
    library = importlib.import_module("k3d")
    plot = library.plot()
    plot += library.points(points, point_size=0.01, shader="3d")
    return points.nbytes, plot.get_snapshot()


def pyvista(points: np.ndarray) -> tuple[int, str]:
    library = importlib.import_module("pyvista")
    plotter = library.Plotter(off_screen=True)
    plotter.add_points(points, render_points_as_spheres=True)
    with tempfile.TemporaryDirectory() as folder:
        plotter.export_html(f"{folder}/view.html")
        text = Path(folder, "view.html").read_text(encoding="utf-8")
    return len(text), text


def our_page(points: np.ndarray, panels: int) -> str:
    """As :mod:`lmnet_utils.apps.gallery` makes it."""
    shown = [ViewPanel(f"sample {k}", "sample", points + 1e-4 * k) for k in range(panels)]
    return clouds_page("clouds", [], [([("", shown)], {"azimuth": 30, "elevation": 20, "zoom": 1})])


def viewers() -> dict[str, Any]:
    found: dict[str, Any] = {}
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        for name, make in (("ours", ours), ("plotly", plotly), ("k3d", k3d), ("pyvista", pyvista)):
            found[name] = {}
            for count in POINTS:
                points = (np.random.default_rng(0).normal(size=(count, 3)) / 8).astype(np.float32)
                make(points)  # imports
                started = time.process_time()
                size, text = make(points)
                kernel_ms = 1e3 * (time.process_time() - started)
                pages = [text] * PANELS if text else []
                for k, one in enumerate(pages):
                    Path(folder, f"{k}.html").write_text(one, encoding="utf-8")
                frames = "".join(f'<iframe src="{k}.html" width=220 height=220></iframe>' for k in range(PANELS))
                whole = f"<!DOCTYPE html>{frames}" if pages else our_page(points, PANELS)
                Path(folder, "all.html").write_text(whole, encoding="utf-8")
                tab, complaints = browser.new_page(viewport={"width": 1280, "height": 900}), []
                tab.on("console", lambda entry, complaints=complaints: complaints.append(entry.text))
                started = time.perf_counter()
                tab.goto(Path(folder, "all.html").as_uri(), timeout=300_000)
                tab.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
                found[name][str(count)] = {
                    "kernel_ms": kernel_ms,
                    "change_kb": size / 1e3,
                    "page_mb": (len(text) or len(our_page(points, 1))) / 1e6,
                    "ten_panels_drawn_s": time.perf_counter() - started,
                    "webgl_contexts_lost": sum("WebGL" in text and "lost" in text for text in complaints),
                }
                tab.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("parts", nargs="+", choices=("visitors", "browser", "viewers"))
    parser.add_argument("--visitors", type=int, default=8)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    results: dict[str, Any] = {}
    for part in options.parts:
        if part == "visitors":
            results["one_visitor"], results["visitors"] = visitors(1), visitors(options.visitors)
        else:
            results[part] = in_browser() if part == "browser" else viewers()
        print(json.dumps(results, indent=1), flush=True)
    if options.write:
        kept = json.loads(options.write.read_text())["results"] if options.write.is_file() else {}
        record = {
            "command": "python benchmarks/explorer.py visitors browser viewers",
            "changes": CHANGES,
            "panels": PANELS,
        }
        write_json(options.write, {**record, "results": {**kept, **results}, "environment": environment()})


if __name__ == "__main__":
    main()
