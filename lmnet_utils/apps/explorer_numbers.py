"""The explorer's numbers: what is measured of the set on screen, as a table, σ against azimuth as a curve, and the words below.

No widget in here.
"""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import torch

from lmnet_utils.apps.explorer_controls import RESIDUAL_NOTE, SCORES
from lmnet_utils.apps.explorer_session import Result, Session, drawn_by
from lmnet_utils.apps.explorer_state import State
from lmnet_utils.data.taxonomy import classes_of
from lmnet_utils.evaluation import diversity
from lmnet_utils.geometry.pointclouds import scaled_chamfer
from lmnet_utils.models.inference import Item
from lmnet_utils.models.losses import target_sigma
from lmnet_utils.rendering import pages

LINES = ("#0072b2", "#c85200", "#00825f", "#94447a", "#6b5b00", "#333333")
"""Okabe and Ito's hues as well, dark enough for words on white (4.5:1)."""
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2", "10 4")  # lines differ in more than colour


# ------------------------------------------------------------------------------------------------------- the numbers
def numbers_of(session: Session, state: State, found: Result) -> dict[str, float]:
    """Numbers of the set on screen.

    ``sigma``; of two samples or more ``shapes``, the number of :meth:`Session.groups`, and ``pairwise`` and ``spread`` as the evaluation computes them
    (:func:`lmnet_utils.evaluation.diversity.pairwise_point_distance` and :func:`~lmnet_utils.evaluation.diversity.point_spread`, mean over the
    points), in % of the object's diagonal; with a true shape also ``chamfer_mean``, ``min_of_n`` and ``mean_of_n``: Chamfer ×100 as in
    notebook 06, without ICP.
    """

    def make() -> dict[str, float]:
        numbers = {"sigma": state.temperature * found.sigma}
        if len(found.samples) > 1:
            numbers["shapes"] = len(session.groups(state, found))
            numbers["pairwise"] = 100 * diversity.pairwise_point_distance(found.samples)
            numbers["spread"] = 100 * float(found.spread.mean())
        item = session.item(state.image)
        if item is not None:
            truth = torch.from_numpy(_compared_points(session, state, item))
            clouds = torch.from_numpy(np.concatenate([found.mean[None], found.samples]))
            values = scaled_chamfer(truth.expand(len(clouds), -1, -1), clouds).numpy()
            numbers |= {
                "chamfer_mean": float(values[0]),
                "min_of_n": float(values[1:].min()),
                "mean_of_n": float(values[1:].mean()),
            }
        return numbers

    return session.cached(("scores", *drawn_by(state, found.model)), make)


def _compared_points(session: Session, state: State, item: Item) -> np.ndarray:
    """(1, 1024, 3) of the true shape, as the protocol compares."""
    if item.model in session.known:
        return session.possible(state)[:1, ::2].copy()
    return session.pack.points_1024[session.pack.rows([item.model])].copy()


def sigma_by_azimuth(session: Session, state: State, name: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Azimuths in degrees, ascending, and mean σ of all views of the image's object; ``None`` where there is one image."""
    item = session.item(state.image)
    if item is None or item.model in session.known:
        return None

    def make() -> tuple[np.ndarray, np.ndarray]:
        row = session.pack.rows([item.model])[0]
        views = np.arange(session.pack.views)
        images = session.pack.images(np.full(len(views), row), views)
        sigma = session.encode(name, images)[1]
        azimuths = session.azimuths(item.model)
        order = np.argsort(azimuths)
        return azimuths[order], sigma.mean(1).numpy()[order]

    return session.cached(("sigma", item.model, name), make)


# ------------------------------------------------------------------------------------------------------ σ and azimuth
def _curves(session: Session, state: State) -> tuple[list[tuple[np.ndarray, np.ndarray] | None], float, bool]:
    """Of each shown model σ against azimuth (``None`` for an upload); where the axis ends; whether any λ asks for a σ."""
    found = session.results(state)
    lines = [sigma_by_azimuth(session, state, one.model) for one in found]
    highest = max(one.sigma if line is None else line[1].max() for one, line in zip(found, lines, strict=True))
    limit = next((limit for limit in (0.25, 0.5, 1.0, 2.0) if limit >= highest), 4.0)
    return lines, limit, any(one.model in session.names for one in found)


def plot_sigma(axis, session: Session, state: State) -> None:
    """σ of every view of the object against its azimuth on matplotlib axes, the view marked, what λ asks for in grey."""
    lines, limit, asked = _curves(session, state)
    circle = np.linspace(0, 360, 181)
    if asked:
        axis.plot(
            circle, target_sigma(torch.from_numpy(np.radians(circle))), color="0.6", label="asked for by the loss"
        )
    item = session.item(state.image)
    for k, (found, line) in enumerate(zip(session.results(state), lines, strict=True)):
        colour, dash = LINES[k % len(LINES)], DASHES[k % len(DASHES)]
        style = {"color": colour, "ls": (0, tuple(map(float, dash.split()))) if dash else "-"}
        if line is None:
            axis.axhline(found.sigma, **style, label=f"{session.label(found.model)}, this image")
            continue
        axis.plot(*line, marker=".", ms=4, lw=1.2, **style, label=session.label(found.model))
        axis.plot(item.azimuth, found.sigma, "o", ms=9, mfc="none", mew=2, color=colour)
    axis.set(xlim=(0, 360), ylim=(0, limit), xlabel="azimuth in degrees", ylabel="mean σ", xticks=range(0, 361, 60))
    axis.legend(frameon=False, fontsize=7)


# ------------------------------------------------------------------------------------------------------------- scores
def score_table(session: Session, state: State) -> pd.DataFrame:
    """:func:`numbers_of` as texts: a row for each score, a column for each model."""
    results = session.results(state)
    found = [numbers_of(session, state, one) for one in results]
    rows = {
        name: [pattern.format(values[key]) for values in found]
        for key, (name, pattern) in SCORES.items()
        if key in found[0]
    }
    columns = pd.Index([session.label(one.model) for one in results], name=f"N = {state.samples}")
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def score_html(session: Session, state: State) -> str:
    """The table of scores as HTML."""
    scores = score_table(session, state)
    return pages.macros("table.html.j2").table(scores.reset_index(names=scores.columns.name), "lmnet-scores")


def sigma_svg(session: Session, state: State, width: int = 420, height: int = 190) -> str:
    """σ against azimuth as a small SVG for the screen, made in a millisecond; the same content as :func:`plot_sigma`."""
    left, right, top, bottom = 38, 18, 8, 34
    lines, limit, asked = _curves(session, state)

    def place(azimuth: float, sigma: float) -> str:
        x = left + (width - left - right) * azimuth / 360
        y = height - bottom - (height - top - bottom) * min(sigma, limit) / limit
        return f"{x:.1f},{y:.1f}"

    parts = []
    for value in (0.0, 0.4 * limit, 0.8 * limit):
        y = place(0, value).split(",")[1]
        parts.append(f'<path d="M{left},{y}H{width - right}" stroke="#e3e6e9"/>')
        parts.append(f'<text x="{left - 5}" y="{float(y) + 4:.1f}" text-anchor="end">{value:.1f}</text>')
    for azimuth in range(0, 361, 90):
        x = place(azimuth, 0).split(",")[0]
        parts.append(f'<text x="{x}" y="{height - bottom + 14}" text-anchor="middle">{azimuth}°</text>')
    if asked:
        circle = np.linspace(0, 360, 91)
        target = target_sigma(torch.from_numpy(np.radians(circle))).tolist()
        points = " ".join(place(a, s) for a, s in zip(circle, target, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="#8a939c" stroke-width="2"/>')
    item, words = session.item(state.image), []
    for k, (found, line) in enumerate(zip(session.results(state), lines, strict=True)):
        colour, dash = LINES[k % len(LINES)], DASHES[k % len(DASHES)]
        line = (np.array([0.0, 360.0]), np.array([found.sigma] * 2)) if line is None else line
        points = " ".join(place(a, s) for a, s in zip(*line, strict=True))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        if item:
            x, y = place(item.azimuth, found.sigma).split(",")
            parts.append(f'<circle cx="{x}" cy="{y}" r="6" fill="none" stroke="{colour}" stroke-width="3"/>')
        parts.append(
            f'<text x="{left + 8}" y="{top + 12 + 14 * k}" fill="{colour}" font-weight="600">{html.escape(session.label(found.model))}</text>'
        )
        words.append(f"{session.label(found.model)}: {found.sigma:.3f} at this view")
    parts.append(
        f'<text x="{(left + width) / 2}" y="{height - 4}" text-anchor="middle">azimuth of the view{" (grey: asked for)" if asked else ""}</text>'
    )
    text = html.escape("Mean sigma against the azimuth of the view. " + "; ".join(words))
    return (
        f'<svg class="lmnet-sigma" viewBox="0 0 {width} {height}" role="img" aria-label="{text}" '
        f'style="width:100%;max-width:{width}px;font:11px system-ui,sans-serif;fill:#3d464f">{"".join(parts)}</svg>'
    )


# -------------------------------------------------------------------------------------------------------------- words
def untrained(session: Session, state: State) -> str:
    """Which of the shown models do not know the class on screen, in a sentence; empty if all do, and of an upload."""
    shown, strange = session.results(state), dict[str, list[str]]()
    for one in shown:
        if not session.knows(one.model, state.image):
            strange.setdefault(session.infos[one.model].classes, []).append(session.label(one.model))
    sentences = []
    for group, labels in strange.items():
        all_of_them = "This network was" if len(shown) == 1 else "These networks were"
        some = f"{_listed(labels)} {'was' if len(labels) == 1 else 'were'}"
        classes = _listed([f"{name}s" for name in classes_of(group)])
        sentences.append(f"{all_of_them if len(labels) == len(shown) else some} trained on {classes} only.")
    return " ".join(sentences)


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def residual_note(session: Session) -> str:
    """What samples and σ of the encoders with residuals are; empty where there are none."""
    if not session.residual_names:
        return ""
    labels = _listed([f"“{session.label(name)}”" for name in session.posteriors[len(session.plain_names) :]])
    return f"{labels}: {RESIDUAL_NOTE}"
