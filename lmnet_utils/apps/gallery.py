"""A gallery of test images, λ and samples as one HTML file: every shape can be turned, and nothing is asked of a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lmnet_utils.apps import explorer_figures as figures
from lmnet_utils.apps.explorer_session import Session
from lmnet_utils.apps.explorer_state import State
from lmnet_utils.apps.panels import clouds_page, data_uri, png_bytes
from lmnet_utils.core.files import atomic_path
from lmnet_utils.data.layout import class_of
from lmnet_utils.data.taxonomy import class_name
from lmnet_utils.models import inference
from lmnet_utils.rendering.grids import on_grey


def gallery_states(
    session: Session, images: int = 24, samples: int = 4, seed: int = 0, temperature: float = 1.0
) -> list[State]:
    """States of a gallery: objects whose classes take turns, each seen from behind or from ahead in turn, all networks compared.

    Chairs make up the first half where there are enough, as Variant II is trained on them. Alike samples are shown as one shape.
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
        states.append(base.but(image=f"{model}/{view}", models=session.posteriors))
    return states


def gallery_html(session: Session, states: Sequence[State], title: str = "3D-LMNet: what λ does") -> str:
    """The page itself: states → one HTML text of some 17 kB a shape, scripts and pictures included."""
    if not states:
        raise ValueError("no states: expected at least one image for the gallery.")
    shown = [(figures.panels_of(session, state), figures.camera_of(session, state)) for state in states]
    thumbnails = []
    for state in states:
        item = session.item(state.image)
        name = f"{class_name(item.synset)} {item.azimuth:.0f}°" if item else "upload"
        thumbnails.append((data_uri(png_bytes(on_grey(session.image(state)[::2, ::2]))), name))
    sources = "networks trained with different weights λ of the diversity loss"
    if session.residual_names:
        sources += ", and one to whose answer its errors on similar images are added"
    grouped = " Samples that look alike are one shape, with their share below it." if states[0].grouped else ""
    temperature = f" σ is multiplied by {states[0].temperature:g}." if states[0].temperature != 1 else ""
    about = f"One image, several shapes that a network holds possible: {sources}.{temperature}{grouped} Drag a shape, or use the arrow keys: all shapes turn together."
    return clouds_page(title, [about], shown, thumbnails)


def write_gallery(path: str | Path, session: Session, states: Sequence[State], **options: str) -> Path:
    """Write :func:`gallery_html` to a file; returns the path."""
    with atomic_path(path) as temporary:
        temporary.write_text(gallery_html(session, states, **options), encoding="utf-8")
    return Path(path)
