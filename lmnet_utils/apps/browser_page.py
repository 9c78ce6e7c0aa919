"""The explorer as a folder of plain files, for any browser: the networks run on the visitor's own machine, and nothing is sent.

The page's scripts lie in ``page/``; the runtime of the networks, onnxruntime-web, comes from npm at the version and checksum of
``page/package-lock.json`` when the folder is made, and nothing is fetched when it is used.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lmnet_utils.apps import explorer_controls as controls
from lmnet_utils.apps.explorer_figures import COLOURS, spread_ramp
from lmnet_utils.apps.panels import SCRIPT
from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json, write_json
from lmnet_utils.data import freeshapes
from lmnet_utils.data.layout import class_of
from lmnet_utils.data.packs import open_pack, read_split
from lmnet_utils.data.taxonomy import class_order
from lmnet_utils.geometry.frames import y_up_from_file
from lmnet_utils.models import registry
from lmnet_utils.models.export import ENCODERS, export_networks, require_packages
from lmnet_utils.rendering import pages

PAGE = Path(__file__).with_name("page")
RUNTIME = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
"""What of onnxruntime-web a page needs that computes on the processor."""
WEBGPU_RUNTIME = ("ort.jspi.min.mjs", "ort-wasm-simd-threaded.jspi.mjs", "ort-wasm-simd-threaded.jspi.wasm")
"""What it needs to compute on the graphics card as well: the smaller of two builds, for browsers that let WebAssembly wait for promises."""
MARK = "explorer.json"
"""A folder with this file is one that :func:`write_explorer` made, and may be replaced."""
TEXTS = {
    "pick": "Pick an example, or bring a picture of one object, cut out (PNG with transparency) or before a plain background. Drop it anywhere on this page.",
    "loading": "Loading the networks …",
    "not_plain": "The background is not plain: only {share} % of the picture's border fit one smooth colour. Draw a line around the object below, "
    "or take it before a plain background, or cut it out to a PNG with transparency.",
    "no_object": "No object found: nothing stands out from the background. Draw a line around it below.",
    "no_background": "No background found around the object. Draw a line around it below.",
    "touches": "The object touches the picture's edge: what is cut off cannot be seen.",
    "small": "The object is only {pixels} pixels large: the network's input has 93.",
    "no_picture": "{name} is no picture that this browser can read, or it is damaged: expected PNG, JPEG or WebP.",
    "too_large": "{name} has {size} MB; at most {limit} MB are taken. Make it smaller and try again.",
    "too_many_pixels": "{name} has more than {limit} million pixels. Make it smaller: 1000 a side are plenty.",
    "too_small": "{name} has only {width} × {height} pixels: expected 16 at least, 200 and more are good.",
    "several": "One picture at a time: the first one was taken.",
    "no_clipboard": "There is no picture on the clipboard. Copy one first, then paste it here.",
    "no_camera": "The camera cannot be used: {reason}",
    "untrained": "{label} was trained on {classes} only.",
    "cut": "Cut out by {method}.",
    "engine": "The networks are computed by {engine}.",
    "lasso_open": "Hold the button or a finger down and draw a line around the object.",
}
"""What the page says beside the notebook's explorer; ``{…}`` is filled in by the page."""
LIMITS = {"megabytes": 50, "megapixels": 40, "smallest": 16}
"""Of a picture. The notebook's are lower, as Jupyter cuts the connection at a large message."""
LICENCES = """\
This folder holds, beside what the 3D-LMNet notebook kit made (MIT):

runtime/: onnxruntime-web {version}, Copyright (c) Microsoft Corporation, MIT licence:

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to
the following conditions: The above copyright notice and this permission notice shall be included in all copies or substantial portions
of the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS
BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.

networks/: trained on, and examples/: pictures of, objects of others: {credits}
"""


# ----------------------------------------------------------------------------------------------------------- the folder
def write_explorer(
    out: str | Path,
    run: str = "freeshapes",
    encoders: Sequence[str] = ENCODERS,
    *,
    runtime: str | Path | None = None,
    webgpu: bool = False,
) -> Path:
    """Write the explorer into one folder, which any web server then serves; returns the folder.

    Args:
        out: the folder. One that this function made before is replaced as a whole; any other must be empty or missing.
        run, encoders: as :func:`lmnet_utils.models.export.export_networks`.
        runtime: folder with the files :data:`RUNTIME` of onnxruntime-web; by default npm fetches them.
        webgpu: with :data:`WEBGPU_RUNTIME`, so that a visitor's graphics card computes the networks where the browser lets it.

    Raises:
        FileExistsError: ``out`` holds something else.
        FileNotFoundError: no npm, or ``runtime`` lacks a file; no weights or data.
        RuntimeError: npm failed; says how.
        ModuleNotFoundError, ValueError: as :func:`lmnet_utils.models.export.export_networks`.
    """
    out = Path(out).absolute()
    if out.exists() and not (out.is_dir() and ((out / MARK).is_file() or not any(out.iterdir()))):
        raise FileExistsError(
            f"{paths.display(out)} holds something else than an explorer: choose a new or empty folder."
        )
    require_packages()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as place:
        folder = Path(place) / "explorer"
        wanted = RUNTIME + (WEBGPU_RUNTIME if webgpu else ())
        with _runtime(runtime, wanted) as found:
            _copy(found, wanted, folder / "runtime")
        cards = export_networks(folder / "networks", run, encoders)
        listed = {"encoders": [card["name"] for card in cards[1:]], "webgpu": webgpu}
        write_json(folder / "networks" / "networks.json", listed)
        _write_page(folder, *_write_examples(folder / "examples", run, encoders))
        if out.exists():
            shutil.rmtree(out)
        folder.rename(out)
    return out


def page_report(folder: Path) -> str:
    """Size of an explorer's folder, and how to look at it."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return (
        f"{paths.display(folder)}: {size / 1e6:.1f} MB. To look at it: python3 -m http.server 8000 --bind 127.0.0.1 "
        f"--directory {folder.name}, then http://localhost:8000"
    )


def _write_page(folder: Path, examples: list[dict[str, Any]], credits: str) -> None:
    _copy(PAGE, [path.name for path in PAGE.iterdir() if path.suffix in (".js", ".css")], folder)
    shutil.copyfile(SCRIPT, folder / SCRIPT.name)
    (folder / "index.html").write_text(
        pages.render("explorer.html.j2", controls=controls, texts=TEXTS), encoding="utf-8"
    )
    colours = {"colours": COLOURS, "ramp": spread_ramp()}
    shared = controls.description(colours)
    write_json(folder / MARK, {**shared, "texts": TEXTS, "limits": LIMITS, "examples": examples})
    version = read_json(PAGE / "package.json")["dependencies"]["onnxruntime-web"]
    (folder / "LICENCES.txt").write_text(LICENCES.format(version=version, credits=credits), encoding="utf-8")


def _copy(source: Path, names: Sequence[str], target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(source / name, target / name)


# ---------------------------------------------------------------------------------------------------------- the runtime
@contextmanager
def _runtime(given: str | Path | None, wanted: Sequence[str]) -> Iterator[Path]:
    if given is None:
        with tempfile.TemporaryDirectory(prefix="lmnet-npm-") as place:
            yield fetch_runtime(place)
        return
    if missing := [name for name in wanted if not (Path(given) / name).is_file()]:
        raise FileNotFoundError(f"{given} lacks {', '.join(missing)}: expected the folder `dist` of onnxruntime-web.")
    yield Path(given)


def fetch_runtime(place: str | Path) -> Path:
    """Let npm put onnxruntime-web into a folder, as the lock file says; returns where its files are.

    Raises:
        FileNotFoundError: there is no npm.
        RuntimeError: npm failed, as without a connection; says what it said last.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError(
            "npm, which fetches onnxruntime-web, is not installed (it comes with Node.js). Install it, or give the folder `dist` of "
            "onnxruntime-web that you have from elsewhere (--runtime)."
        )
    _copy(PAGE, ("package.json", "package-lock.json"), Path(place))
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode:
        last = " ".join((done.stderr or done.stdout).split())[-400:]
        raise RuntimeError(f"npm could not fetch onnxruntime-web: {last}")
    return Path(place) / "node_modules" / "onnxruntime-web" / "dist"


# ------------------------------------------------------------------------------------------------------------- examples
def _write_examples(folder: Path, run: str, encoders: Sequence[str]) -> tuple[list[dict[str, Any]], str]:
    """One test object a class as the networks see it, and its true shape; returns what the page needs, and whom to credit.

    A chair comes first, from behind: there the networks must guess.
    """
    data = registry.load_networks(run, encoders[:1])[encoders[0]].config["training"]["data"]
    pack = open_pack(data["dataset"], progress=False)
    on_disk = set(pack.models)
    firsts: dict[str, str] = {}
    for model in read_split(data["dataset"], data["split"], data["classes"]).test:
        if model in on_disk:
            firsts.setdefault(class_of(model), model)
    credits = _credits(data["dataset"])
    folder.mkdir(parents=True)
    examples = []
    for name in sorted(firsts, key=lambda name: (name != "chair", class_order(name))):
        row = pack.rows([firsts[name]])[0]
        azimuths = np.degrees(np.asarray(pack.azimuths[row], np.float64))
        view = int(np.argmin(np.abs((azimuths - (180 if name == "chair" else 40) + 180) % 360 - 180)))
        pixels = pack.images(np.array([row]), [view])[0].permute(1, 2, 0).numpy()
        Image.fromarray(pixels).save(folder / f"{name}.png")
        truth = y_up_from_file(np.array(pack.points[row]))
        (folder / f"{name}.bin").write_bytes(np.rint(32767 * np.clip(truth, -1, 1)).astype("<i2").tobytes())
        credit = credits.get(firsts[name].split("/")[1], "")
        examples.append({"name": name, "azimuth": round(float(azimuths[view]), 1), "credit": credit})
    creators = "; ".join(sorted({example["credit"] for example in examples} - {""}))
    return examples, creators or "see the data set that they are from"


def _credits(dataset: str) -> dict[str, str]:
    """Model id → whose object it is and its licence; of a data set of one's own nobody says."""
    if dataset != "freeshapes":
        return {}
    return {row["id"]: f"“{row['name']}” by {row['creator']}, {row['license']}" for row in freeshapes.attribution()}
