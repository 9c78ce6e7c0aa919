"""What the explorer shows, as pure functions: a session and a state → panels, figures, files. No widget in here.

The pictures on the screen are drawn by ``viewer.js``; :func:`lmnet_utils.rendering.splats.splat` draws the same in NumPy, for
figures and animations.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from lmnet_utils.apps.explorer_controls import OWN_ANSWERS, SPREAD_LIMITS
from lmnet_utils.apps.explorer_numbers import plot_sigma, score_table
from lmnet_utils.apps.explorer_session import Result, Session
from lmnet_utils.apps.explorer_state import State
from lmnet_utils.apps.panels import ViewPanel
from lmnet_utils.core.files import atomic_path
from lmnet_utils.data.taxonomy import class_name
from lmnet_utils.geometry.frames import y_up_from_file
from lmnet_utils.rendering.grids import on_grey
from lmnet_utils.rendering.splats import splat

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {"mean": (0, 114, 178), "sample": (0, 130, 95), "truth": (200, 82, 0), "walk": (148, 68, 122)}
"""Of the kinds of shapes, as in ``viewer.js``: a palette (after Okabe and Ito) that colour-blind people can tell apart."""


# ------------------------------------------------------------------------------------------------------------- panels
def camera_of(session: Session, state: State) -> dict[str, float]:
    """Azimuth, elevation (degrees) and zoom; the azimuth is the image's own unless the state says otherwise."""
    return {**home_camera(session, state), **_own_camera(state)}


def _own_camera(state: State) -> dict[str, float]:
    if state.azimuth is None:
        return {"zoom": state.zoom}
    return {"azimuth": state.azimuth, "elevation": state.elevation, "zoom": state.zoom}


def home_camera(session: Session, state: State) -> dict[str, float]:
    """The view of the image; for an upload, whose view nobody knows, the one from ahead and aside."""
    item = session.item(state.image)
    return {"azimuth": item.azimuth if item else 30.0, "elevation": 25.0, "zoom": 1.0}


def panels_of(session: Session, state: State) -> list[tuple[str, list[ViewPanel]]]:
    """What is on the screen, in groups with a heading: one group, or the image's and one for each of the compared models."""
    results = session.results(state)
    item, truth = session.item(state.image), session.truth(state)
    where = f"{class_name(item.synset)}, azimuth {item.azimuth:.0f}°" if item else "upload"
    shared = [ViewPanel("input", "image", on_grey(session.image(state)), note=where, alt=f"The input image: {where}")]
    if state.truth and truth is not None:
        shared.append(_cloud("truth", "truth", truth, "the true shape"))
        others = enumerate(session.possible(state)[1:], 2)
        shared += [_cloud(f"possible {k}", "truth", cloud, "as possible as the truth") for k, cloud in others]
    limit = spread_limit(results)
    groups = [("", shared)] if len(results) > 1 else []
    for found in results:
        own = OWN_ANSWERS["residuals" if found.model in session.residual_names else "variational"]
        panels = [_cloud("mean", "mean", found.mean, own)]
        panels.append(
            _cloud("spread", "mean", found.mean, f"0 to {100 * limit:g}\u00a0%", spread_colours(found.spread, limit))
        )
        if found.walk is not None:
            panels.append(_cloud("walk", "walk", found.walk, f"the walk at {state.step:.2f}"))
        panels += _difference_panels(session, state, found)
        panels += _sample_panels(session, state, found)
        if len(results) == 1:
            panels = shared + panels
            chosen = large_panel(session, state, found)
            big = next(panel for panel in panels if panel.title == chosen)
            panels = [dataclasses.replace(big, big=True), *(panel for panel in panels if panel is not big)]
        groups.append((session.label(found.model) if len(results) > 1 else "", panels))
    return groups


def _sample_panels(session: Session, state: State, found: Result) -> list[ViewPanel]:
    """All samples, or one of each group with its share, the most frequent first."""
    count = len(found.samples)
    if not state.grouped or count == 1:
        return [_cloud(f"sample {k + 1}", "sample", cloud, "") for k, cloud in enumerate(found.samples)]
    panels = []
    for group in session.groups(state, found):
        title, share = f"sample {group.medoid + 1}", f"{100 * len(group.members) / count:.0f}\u00a0%"
        panel = _cloud(title, "sample", found.samples[group.medoid], share)
        alt = f"Point cloud: {title}, like {len(group.members)} of {count} samples"
        panels.append(dataclasses.replace(panel, alt=alt))
    return panels


def shapes_of(session: Session, state: State, found: Result) -> dict[str, np.ndarray]:
    """Title → cloud (2048, 3), file frame, of all that may be on screen for a model."""
    shapes = {"mean": found.mean, "spread": found.mean}
    shapes |= {} if found.walk is None else {"walk": found.walk}
    truth = session.truth(state)
    if state.truth and truth is not None:
        shapes |= {"truth": truth}
        shapes |= {f"possible {k}": cloud for k, cloud in enumerate(session.possible(state)[1:], 2)}
    return shapes | {f"sample {k + 1}": cloud for k, cloud in enumerate(found.samples)}


def _difference_panels(session: Session, state: State, found: Result) -> list[ViewPanel]:
    """The large shape, each point coloured by its distance to the shape that the state compares it with, if that is there."""
    shapes, chosen = shapes_of(session, state, found), large_panel(session, state, found)
    if state.difference not in shapes or state.difference == chosen:
        return []
    off, _ = cKDTree(shapes[state.difference]).query(shapes[chosen])  # (2048,)
    limit = _colour_limit(off)
    note = f"{chosen} to {state.difference}, 0 to {100 * limit:g}\u00a0%"
    return [_cloud("difference", "mean", shapes[chosen], note, spread_colours(off, limit))]


def large_panel(session: Session, state: State, found: Result) -> str:
    """Title of what is drawn large: what the state chooses, if it is on screen; of a sample in a group the one that stands for it."""
    kind, _, number = state.chosen.partition(" ")
    if kind == "sample" and not number:
        return f"sample {session.groups(state, found)[0].medoid + 1 if state.grouped else 1}"
    if kind == "sample" and number.isdigit() and 1 <= int(number) <= len(found.samples):
        if not state.grouped:
            return state.chosen
        groups = session.groups(state, found)
        return next(f"sample {group.medoid + 1}" for group in groups if int(number) - 1 in group.members)
    shown = {"mean", "spread"} | ({"walk"} if found.walk is not None else set())
    if state.truth and session.truth(state) is not None:
        shown |= {"truth", *(f"possible {k}" for k in range(2, len(session.possible(state)) + 1))}
    return state.chosen if state.chosen in shown else "mean"


def _cloud(title: str, kind: str, points: np.ndarray, note: str, colours: np.ndarray | None = None) -> ViewPanel:
    seen = np.clip(y_up_from_file(points), -1, 1)  # as the browser gets it; much wider than an object and than the view
    return ViewPanel(title, kind, seen, colours, note, alt=f"Point cloud: {note or title}")


@functools.cache
def spread_ramp() -> np.ndarray:
    """matplotlib's cividis, made for colour-blind readers: (256, 3) uint8."""
    import matplotlib

    return (255 * matplotlib.colormaps["cividis"](np.linspace(0, 1, 256))[:, :3]).round().astype(np.uint8)


def spread_limit(results: Sequence[Result]) -> float:
    """The least of :data:`SPREAD_LIMITS` above (nearly) all points' spreads, one for all models that are compared."""
    return _colour_limit(np.array([np.percentile(found.spread, 99) for found in results]), share=100)


def _colour_limit(values: np.ndarray, share: float = 99) -> float:
    """Where colours end, for that share of the values (%) to stay below, in object diagonals."""
    highest = float(np.percentile(values, share))
    return next((limit for limit in SPREAD_LIMITS if limit >= highest), SPREAD_LIMITS[-1])


def spread_colours(spread: np.ndarray, limit: float) -> np.ndarray:
    """(P,) in object diagonals → (P, 3) uint8 on :func:`spread_ramp`."""
    return spread_ramp()[np.clip(np.round(255 * spread / limit), 0, 255).astype(int)]


# ------------------------------------------------------------------------------------------------------------ drawing
def draw_panel(panel: ViewPanel, camera: dict[str, float], size: int = 256) -> np.ndarray:
    """A panel as (size, size, 3) uint8 for a cloud, or the image as it is."""
    if panel.kind == "image":
        return panel.content
    return splat(panel.content, COLOURS[panel.kind] if panel.colours is None else panel.colours, camera, size)


def figure(session: Session, state: State, *, cell: float = 1.25) -> Figure:
    """Everything on the screen as one static figure: panels, σ against azimuth, numbers; the large panel's title is bold.

    Args:
        session, state: what is shown.
        cell: side of a picture in inches.
    """
    import matplotlib.pyplot as plt

    groups, camera = panels_of(session, state), camera_of(session, state)
    groups = [(name, sorted(panels, key=_reading_order)) for name, panels in groups]
    columns = min(max(len(panels) for _, panels in groups), 8)
    lines = [
        (name if k == 0 else "", panels[k : k + columns])
        for name, panels in groups
        for k in range(0, len(panels), columns)
    ]
    height = 0.25 + (cell + 0.25) * len(lines)
    drawn = plt.figure(figsize=(max(cell * columns, 10), height + 2.3))
    upper, lower = drawn.subfigures(2, 1, height_ratios=(height, 2.3))
    axes = upper.subplots(len(lines), columns, squeeze=False)
    upper.subplots_adjust(left=0.06, right=0.99, top=1 - 0.25 / height, bottom=0.02, wspace=0.05, hspace=0.2)
    for line, (name, panels) in zip(axes, lines, strict=True):
        line[0].set_ylabel(name, fontsize=9)
        for axis in line:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        for axis, panel in zip(line, panels, strict=False):
            axis.imshow(draw_panel(panel, camera))
            weight = "bold" if panel.big else "normal"
            scale = f", {panel.note}" if panel.note and (panel.colours is not None or panel.kind == "sample") else ""
            scale = scale.replace(", ", "\n") if panel.title == "difference" else scale  # it says more than fits a line
            axis.set_title(panel.title + scale, fontsize=8, weight=weight)
    left, right = lower.subplots(1, 2, width_ratios=(1, 1))
    lower.subplots_adjust(left=0.09, right=0.99, top=0.93, bottom=0.22, wspace=0.12)
    plot_sigma(left, session, state)
    right.axis("off")
    scores = score_table(session, state)
    numbers = scores.to_string(col_space=max(map(len, scores)) + 2)
    size = min(7, 490 / max(map(len, numbers.splitlines())))  # points; many models still find room
    right.text(0, 1, numbers, va="top", family="monospace", fontsize=size, transform=right.transAxes)
    return drawn


def _reading_order(panel: ViewPanel) -> int:
    """What is given, what comes of it, the samples: on screen the large one leads, on paper the input does."""
    order = ("input", "truth", "possible", "mean", "spread", "walk", "difference")
    kind = panel.title.split()[0]
    return order.index(kind) if kind in order else len(order)


# -------------------------------------------------------------------------------------------------------------- files
def chosen_cloud(session: Session, state: State) -> tuple[str, np.ndarray]:
    """Name and cloud (2048, 3), file frame, of the chosen panel of the first model."""
    found = session.results(state)[0]
    chosen = large_panel(session, state, found)
    return chosen, shapes_of(session, state, found)[chosen]


def figure_png(session: Session, state: State) -> bytes:
    """:func:`figure` as PNG."""
    import matplotlib.pyplot as plt

    drawn, buffer = figure(session, state), io.BytesIO()
    drawn.savefig(buffer, format="png", dpi=110)
    plt.close(drawn)
    return buffer.getvalue()


def walk_frames(session: Session, state: State, *, frames: int = 24, size: int = 224) -> np.ndarray:
    """(F, size, size·M, 3) uint8: the walk there and back, the M models side by side; without a walk, a full turn of the
    chosen shape."""
    camera = camera_of(session, state)
    if state.walk == "none":
        chosen, cloud = chosen_cloud(session, state)
        points = y_up_from_file(cloud)
        kind = {"possible": "truth"}.get(name := chosen.split()[0], name if name in COLOURS else "mean")
        turns = [{**camera, "azimuth": camera["azimuth"] + 360 * k / frames} for k in range(frames)]
        return np.stack([splat(points, COLOURS[kind], turn, size) for turn in turns])
    there = 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, frames // 2 + 1))
    steps = [*there, *there[-2:0:-1]]
    lanes = []
    for name in (found.model for found in session.results(state)):
        clouds = y_up_from_file(session.decode(session.walk(state, name, steps), name))
        lanes.append(np.stack([splat(cloud, COLOURS["walk"], camera, size) for cloud in clouds]))
    return np.concatenate(lanes, axis=2)


def write_mp4(path: str | Path, frames: np.ndarray, *, frames_per_second: int = 12) -> Path:
    """Write (F, H, W, 3) uint8 frames as H.264 through the program ``ffmpeg``.

    Raises:
        FileNotFoundError: this machine has no ffmpeg; a GIF needs none.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise FileNotFoundError("MP4 needs the program ffmpeg, which is not on this machine. Save a GIF instead.")
    height, width = frames.shape[1] // 2 * 2, frames.shape[2] // 2 * 2  # H.264 wants even sides
    with atomic_path(path) as temporary:
        subprocess.run(
            [program, "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}",
             "-r", str(frames_per_second), "-i", "-", "-pix_fmt", "yuv420p", "-f", "mp4", str(temporary)],
            input=np.ascontiguousarray(frames[:, :height, :width]).tobytes(),
            check=True,
            capture_output=True,
        )  # fmt: skip
    return Path(path)


def measure(session: Session, state: State, repeats: int = 15) -> dict[str, float]:
    """Milliseconds (medians) from a change of a control to the panels that are sent to the browser.

    ``temperature`` decodes everything anew, ``image`` encodes another view as well, ``cached`` goes back to a known state.
    """
    item = session.item(state.image)
    views = [f"{item.model}/{view}" for view in range(session.pack.views)] if item else [state.image]
    changes = {
        "temperature or seed": [state.but(temperature=2.0 + k / 100) for k in range(repeats)],
        "another λ or image": [state.but(image=views[k % len(views)], seed=1000 + k) for k in range(repeats)],
        "back to a known state": [state] * repeats,
    }
    medians = {}
    for name, states in changes.items():
        times = []
        for changed in states:
            started = time.perf_counter()
            panels_of(session, changed)
            times.append(1e3 * (time.perf_counter() - started))
        medians[name] = float(np.median(times))
    return medians
