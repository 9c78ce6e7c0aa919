"""The explorer's numbers: σ against azimuth as a curve, the table of scores, and the words below them. No widget in here."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import torch

from lmnet_utils.apps.explorer_controls import RESIDUAL_NOTE, SCORES
from lmnet_utils.apps.explorer_session import Session
from lmnet_utils.apps.explorer_state import State
from lmnet_utils.data.taxonomy import classes_of
from lmnet_utils.models.losses import target_sigma
from lmnet_utils.rendering import pages

LINES = ("#0072b2", "#c85200", "#00825f", "#94447a", "#6b5b00", "#333333")
"""Okabe and Ito's hues as well, dark enough for words on white (4.5:1)."""
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2", "10 4")  # lines differ in more than colour


# ------------------------------------------------------------------------------------------------------ σ and azimuth
def _curves(session: Session, state: State) -> tuple[list[tuple[np.ndarray, np.ndarray] | None], float, bool]:
    """Of each shown model σ against azimuth (``None`` for an upload); where the axis ends; whether any λ asks for a σ."""
    found = session.results(state)
    lines = [session.sigma_by_azimuth(state, one.model) for one in found]
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
    """:meth:`Session.scores` as texts: a row for each score, a column for each model."""
    results = session.results(state)
    found = [session.scores(state, one) for one in results]
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
