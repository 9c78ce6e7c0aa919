"""How fast the explorer in the browser is: the first picture, and each one after it, beside PyTorch on the same machine.

    python benchmarks/browser_page.py FOLDER [--write benchmarks/browser_page.json]

FOLDER is what ``lmnet export --explorer FOLDER`` wrote. A local server gives it to Chromium. ``first_s``: from a visitor's first request,
nothing cached, to the first picture's shapes on the screen. ``image_ms``: from choosing an example to the frame that shows its shapes
(encoder, 16 samples, decoder, groups, drawing). In turn with these, ``pytorch_ms``: the same image's latent, 16 samples, clouds and groups by the
kit's functions with as many threads.

Other programs may share the machine: so beside the clock's times stand those of the processor, which are about what the clock shows where nothing
else runs: of all of Chromium's processes (which use both cores) until the first picture, of the page's own thread for a picture, and of this process for
PyTorch. The load is kept, too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from PIL import Image

from lmnet_utils.apps.explorer_groups import cloud_distance_matrix, grouped
from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json, write_json
from lmnet_utils.core.runtime import environment
from lmnet_utils.models import inference
from lmnet_utils.models.posteriors import load_residuals
from lmnet_utils.models.registry import load_networks

VISITS, PORT, SETTLED = 3, 8765, 10
CHOOSE = """(name) => new Promise((done) => {
    const view = document.querySelector('[data-revision]');
    const seen = new MutationObserver(() => { seen.disconnect(); done(Number(view.dataset.latency)); });
    seen.observe(view, { attributeFilter: ['data-answered'] });
    [...document.querySelectorAll('#examples label')].find((label) => label.textContent === name).click();
})"""
"""Chooses and waits within the page: looking for elements and asking for answers from outside is work of the page's thread, too."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]


def summary(values: list[float]) -> dict[str, float]:
    return {"least": min(values), "median": float(np.median(values)), "largest": max(values), "count": len(values)}


def opened(browser: Any) -> tuple[Any, float]:
    """A new visitor's tab, and the seconds until it shows the first picture's shapes."""
    tab = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    tab.goto(f"http://127.0.0.1:{PORT}/")
    tab.locator("html[data-ready]").wait_for(timeout=120_000)
    return tab, float(tab.locator("html").get_attribute("data-ready")) / 1e3


def chosen(tab: Any, name: str) -> float:
    """Milliseconds from choosing an example to the frame that shows it; the page's viewer measures them."""
    return float(tab.evaluate(CHOOSE, name))


def processor_seconds() -> float:
    """Of all processes that this one has started and that still run, Chromium's."""
    times = [one.cpu_times() for one in psutil.Process().children(recursive=True) if "chrom" in one.name()]
    return sum(one.user + one.system for one in times)


def thread_seconds(session: Any) -> float:
    """The processor's time of the page's own thread, by Chromium's account."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(one["value"] for one in metrics if one["name"] == "TaskDuration")


class Reference:
    """The same work by the kit's own functions: L1 and its residuals, one thread."""

    def __init__(self) -> None:
        networks = load_networks("freeshapes", ["encoder_l1"])
        self.autoencoder, self.encoder = networks["autoencoder"], networks["encoder_l1"]
        self.posterior = load_residuals(paths.model_dir("freeshapes", "encoder_l1"))
        torch.set_num_threads(1)

    def milliseconds(self, pixels: np.ndarray) -> tuple[float, float]:
        """By the clock and of the processor."""
        started, before = time.perf_counter(), time.process_time()
        latents, _ = inference.encode_images(self.encoder, torch.from_numpy(pixels).permute(2, 0, 1)[None])
        drawn = self.posterior.sample(latents, 16, indices=[inference.image_number(pixels)])
        grouped(cloud_distance_matrix(inference.decode(self.autoencoder, drawn)[0].numpy()))
        return 1e3 * (time.perf_counter() - started), 1e3 * (time.process_time() - before)


def measure(folder: Path) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    names = [example["name"] for example in read_json(folder / "explorer.json")["examples"]]
    pictures = {name: np.array(Image.open(folder / "examples" / f"{name}.png")) for name in names}
    found: dict[str, list[float]] = {}
    reference = Reference()
    reference.milliseconds(pictures[names[0]])  # warm
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        for _ in range(VISITS):
            browser = driver.chromium.launch(executable_path=program, args=FLAGS)
            before = processor_seconds()
            tab, seconds = opened(browser)
            times = {"first_s": seconds, "first_processor_s": processor_seconds() - before}
            time.sleep(SETTLED)  # the other network is still being loaded
            session = tab.context.new_cdp_session(tab)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            for name in names[1:]:  # each once a visit: what was computed is kept
                before = thread_seconds(session)
                times["image_ms"] = chosen(tab, name)
                times["image_thread_ms"] = 1e3 * (thread_seconds(session) - before)
                times["pytorch_ms"], times["pytorch_processor_ms"] = reference.milliseconds(pictures[name])
                for key, value in times.items():
                    found.setdefault(key, []).append(value)
                times = {}
            browser.close()
    return {key: summary(values) for key, values in found.items()}


def checked(folder: Path) -> dict[str, Any]:
    """Sizes of the folder's networks, and how far they are from PyTorch: what their cards say."""
    cards = [read_json(path) for path in sorted((folder / "networks").glob("*coder*.json"))]
    return {card["file"]: {key: card[key] for key in ("bytes", "opset", "check")} for card in cards}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    command = [
        sys.executable,
        "-m",
        "http.server",
        str(PORT),
        "--bind",
        "127.0.0.1",
        "--directory",
        str(options.folder),
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)
        found = {**measure(options.folder), "load": os.getloadavg()}
    finally:
        server.terminate()
        server.wait(20)
    size = sum(path.stat().st_size for path in options.folder.rglob("*") if path.is_file())
    print(json.dumps(found, indent=1))
    if options.write:
        record = {"command": "python benchmarks/browser_page.py FOLDER", "folder_mb": size / 1e6, "threads": 1}
        record["networks"] = checked(options.folder)
        write_json(options.write, {**record, "results": found, "environment": environment()})


if __name__ == "__main__":
    main()
