"""A gallery of test images, λ and samples as one HTML file: every shape can be turned, and nothing is asked of a network."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lmnet_utils import explorer_figures as figures
from lmnet_utils import inference
from lmnet_utils.explorer_figures import SCRIPT, pack_panels
from lmnet_utils.explorer_state import Session, State, png_bytes
from lmnet_utils.reproducibility import atomic_path
from lmnet_utils.shapenet import class_of
from lmnet_utils.taxonomy import class_name

STYLE = """
:root{color-scheme:light}
body{margin:0 auto;max-width:1180px;padding:12px;font:15px/1.45 system-ui,sans-serif;color:#1b1f24;background:#fff}
h1{font-size:1.4rem;margin:.3rem 0}
.lmnet-thumbs{flex-wrap:wrap}
.lmnet-thumbs legend{width:100%!important}
"""

PAGE_SCRIPT = """
const entries = JSON.parse(document.getElementById("entries").textContent);
const bytes = (id) => Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
const host = document.getElementById("view"), view = new View(host);
function choose(i) {
  const { groups, camera } = entries[i];
  view.show({ groups, camera, home: camera, positions: new Int16Array(bytes(`p${i}`).buffer), colours: bytes(`c${i}`) });
  host.dataset.shown = i;
}
document.querySelectorAll("input[name=image]").forEach((input) => {
  input.addEventListener("change", () => choose(Number(input.value)));
});
choose(0);
"""


def gallery_states(
    session: Session, images: int = 24, samples: int = 4, seed: int = 0, temperature: float = 1.0
) -> list[State]:
    """States of a gallery: objects whose classes take turns, each seen from behind or from ahead in turn, all λ compared.

    Chairs make up the first half where there are enough, as Variant II is trained on them.
    """
    chairs = [model for model in session.objects if class_of(model) == "chair"]
    others = [model for model in inference.spread_over_classes(session.objects) if model not in chairs]
    objects = chairs[: max(images // 2, images - len(others))] + others
    objects = (objects * (images // len(objects) + 1))[:images]  # few objects: each again, from another side
    states, seen = [], {}
    for k, model in enumerate(objects):
        seen[model] = seen.get(model, -1) + 1
        order = np.argsort(np.abs(session.azimuths(model) - 180))
        order = order if k % 2 == 0 else order[::-1]
        view = int(order[seen[model] % len(order)])
        base = session.default_state(samples=samples, seed=seed, temperature=temperature, chosen="mean")
        states.append(base.but(image=f"{model}/{view}", models=session.plain_names))
    return states


def gallery_html(session: Session, states: Sequence[State], title: str = "3D-LMNet: what λ does") -> str:
    """The page itself: states → one HTML text of some 17 kB a shape, scripts and pictures included."""
    if not states:
        raise ValueError("no states: expected at least one image for the gallery.")
    entries, data, thumbs = [], [], []
    for i, state in enumerate(states):
        described, positions, colours = pack_panels(figures.panels_of(session, state))
        entries.append({"groups": described, "camera": figures.camera_of(session, state)})
        for kind, content in (("p", positions), ("c", colours)):
            text = base64.b64encode(content).decode()
            data.append(f'<script type="application/octet-stream" id="{kind}{i}">{text}</script>')
        item = session.item(state.image)
        name = f"{class_name(item.synset)} {item.azimuth:.0f}°" if item else "upload"
        picture = figures.data_uri(png_bytes(session.image(state)[::2, ::2]))
        thumbs.append(
            f'<label><input type="radio" name="image" value="{i}"{" checked" if i == 0 else ""}>'
            f'<img src="{picture}" alt="{html.escape(name)}">{html.escape(name)}</label>'
        )
    temperature = f" σ is multiplied by {states[0].temperature:g}." if states[0].temperature != 1 else ""
    described_json = json.dumps(entries).replace("</", "<\\/")
    policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{html.escape(title)}</h1>\n"
        "<p>One image, several shapes that the network holds possible, for networks trained with different weights λ of the "
        f"diversity loss.{temperature} Drag a shape, or use the arrow keys: all shapes turn together.</p>\n"
        f'<fieldset class="lmnet-thumbs"><legend>Image</legend>{"".join(thumbs)}</fieldset>\n<div id="view"></div>\n</main>\n'
        + "\n".join(data)
        + f'\n<script type="application/json" id="entries">{described_json}</script>\n'
        + f'<script type="module">\n{SCRIPT.read_text(encoding="utf-8")}\n{PAGE_SCRIPT}</script>\n</body>\n</html>\n'
    )


def write_gallery(path: str | Path, session: Session, states: Sequence[State], **options: str) -> Path:
    """Write :func:`gallery_html` to a file; returns the path."""
    with atomic_path(path) as temporary:
        temporary.write_text(gallery_html(session, states, **options), encoding="utf-8")
    return Path(path)
