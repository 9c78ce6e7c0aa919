"""Panels: pictures and clouds that the browser shows, as ``viewer.js`` takes them, and a page that holds them and all it needs.

Of the explorer's figures, the gallery and a photograph's page; it knows neither sessions nor networks, and imports fast.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL import Image

from lmnet_utils.rendering import pages

SCRIPT = Path(__file__).with_name("viewer.js")
"""Draws panels in the browser: the explorer's view and the gallery's."""


@dataclass(frozen=True)
class ViewPanel:
    """One picture on the screen: an image (H, W, 3) uint8, or a cloud (P, 3) with y up and perhaps colours (P, 3) uint8."""

    title: str
    kind: str
    content: np.ndarray
    colours: np.ndarray | None = None
    note: str = ""
    alt: str = ""
    big: bool = False


def clouds_page(
    title: str,
    paragraphs: Sequence[str],
    shown: Sequence[tuple[Sequence[tuple[str, list[ViewPanel]]], dict[str, float]]],
    thumbnails: Sequence[tuple[str, str]] = (),
) -> str:
    """A page of clouds that can be turned, scripts and pictures included; it asks no network.

    Args:
        title: of the page.
        paragraphs: above the clouds.
        shown: groups of panels and their camera; one at a time is seen.
        thumbnails: picture (an address) and name of each, to choose by; none where there is one to see.
    """
    entries, clouds = [], []
    for groups, camera in shown:
        described, *arrays = pack_panels(groups)
        entries.append({"groups": described, "camera": camera})
        clouds.append([base64.b64encode(array).decode() for array in arrays])
    return pages.render(
        "clouds.html.j2",
        title=title,
        paragraphs=paragraphs,
        thumbnails=thumbnails,
        clouds=clouds,
        entries=entries,
        viewer=Markup(SCRIPT.read_text(encoding="utf-8")),
    )


def pack_panels(groups: list[tuple[str, list[ViewPanel]]]) -> tuple[list[dict[str, Any]], bytes, bytes]:
    """Panels as ``viewer.js`` takes them: a description for JSON, int16 positions, uint8 colours; equal clouds once."""
    described, positions, colours, known, count = [], [], [], {}, 0
    for heading, panels in groups:
        entries = []
        for panel in panels:
            entry: dict[str, Any] = {"title": panel.title, "kind": panel.kind, "alt": panel.alt, "note": panel.note}
            entry |= {"big": True, "chosen": True} if panel.big else {}
            if panel.kind == "image":
                entry["image"] = data_uri(png_bytes(panel.content))
            else:
                content = np.rint(32767 * np.clip(panel.content, -1, 1)).astype("<i2").tobytes()
                if content not in known:
                    known[content] = count
                    positions.append(content)
                    count += len(panel.content)
                entry["points"] = [known[content], len(panel.content)]
                if panel.colours is not None:
                    entry["coloured"] = sum(map(len, colours))
                    colours.append(np.ascontiguousarray(panel.colours, np.uint8).tobytes())
            entries.append(entry)
        described.append({"label": heading, "panels": entries})
    return described, b"".join(positions), b"".join(colours)


def png_bytes(picture: np.ndarray) -> bytes:
    """(H, W, 3) uint8 as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(buffer, "PNG")
    return buffer.getvalue()


def data_uri(content: bytes, kind: str = "image/png") -> str:
    """Bytes as an address that needs no server."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
