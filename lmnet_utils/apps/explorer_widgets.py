"""The explorer's parts: the viewer, rows of thumbnails, a button for files, small controls, and its style.

The viewer is drawn by ``viewer.js``, an anywidget: all panels turn together without asking the kernel, and a change sends
12 kB a cloud.

Why a viewer of our own: ``benchmarks/explorer.json``. Without a GPU a browser drew ten clouds of 2048 points in 0.7 s with it, in 3 to
78 s with PyVista's export, k3d and plotly, which also take a WebGL context a panel: browsers have 16, the compare mode 30 panels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets

from lmnet_utils.apps.explorer_state import MAX_UPLOAD
from lmnet_utils.apps.panels import SCRIPT, ViewPanel, pack_panels

WALK_NAMES = {
    "none": "none",
    "samples": "between two samples",
    "images": "from image A to B",
    "direction 1": "main direction 1 of the posterior",
    "direction 2": "main direction 2",
    "direction 3": "main direction 3",
    "arithmetic": "from A to A − B + C",
}
STYLE = """<style>
.lmnet-explorer{max-width:100%;overflow-x:hidden;background:#fff;color:#1b1f24;box-sizing:border-box;padding:4px}
.lmnet-explorer *{box-sizing:border-box}
.lmnet-explorer .lmnet-note .widget-html-content,.lmnet-explorer .lmnet-note{font-size:.8rem;line-height:1.35;color:#3d464f;white-space:normal;height:auto}
.lmnet-explorer .widget-readout{flex:none;width:auto;max-width:none}
.lmnet-explorer h3{margin:.5rem 0 .1rem;font-size:.9rem}
.lmnet-explorer .widget-label,.lmnet-explorer .widget-readout,.lmnet-explorer .widget-label-basic span{color:#1b1f24}
.lmnet-explorer .lmnet-body{display:grid;grid-template:"main right" auto "more right" 1fr / 340px minmax(0,1fr);column-gap:14px;overflow:visible}
.lmnet-explorer .lmnet-main{grid-area:main}.lmnet-explorer .lmnet-more{grid-area:more}.lmnet-explorer .lmnet-right{grid-area:right}
@media (max-width:700px){.lmnet-explorer .lmnet-body{grid-template:"main" auto "right" auto "more" auto / minmax(0,1fr)}}
.lmnet-explorer .lmnet-upload{margin:2px}.lmnet-explorer .lmnet-upload button{margin:0;width:auto}
.lmnet-scores{border-collapse:collapse;font-size:.8rem}
.lmnet-scores th,.lmnet-scores td{text-align:right;padding:1px 8px;border-bottom:1px solid #e3e6e9;font-variant-numeric:tabular-nums}
.lmnet-scores th[scope=row]{text-align:left;font-weight:400}
@media (max-width:700px){.lmnet-scores{font-size:.75rem}.lmnet-scores th,.lmnet-scores td{padding:1px 3px}}
.lmnet-alert{border:2px solid #b3261e;background:#fdecea;color:#5f120d;border-radius:6px;padding:.4rem .6rem;line-height:1.4;white-space:normal}
.lmnet-alert pre{overflow:auto;font-size:.7rem}
</style>"""


class _Script(anywidget.AnyWidget):
    _esm = SCRIPT.read_text(encoding="utf-8")
    kind = traitlets.Unicode().tag(sync=True)


class Viewer(_Script):
    """Clouds and images in panels with one camera; see ``viewer.js``."""

    kind = traitlets.Unicode("clouds").tag(sync=True)
    groups = traitlets.List().tag(sync=True)
    positions = traitlets.Bytes(b"").tag(sync=True)  # int16, coordinate · 32767, y up
    colours = traitlets.Bytes(b"").tag(sync=True)  # uint8 RGB of the panels that have their own
    camera = traitlets.Dict().tag(sync=True)
    home = traitlets.Dict().tag(sync=True)
    revision = traitlets.Int(0).tag(sync=True)

    def show(self, groups: list[tuple[str, list[ViewPanel]]], camera: dict[str, float], home: dict[str, float]) -> None:
        """Show panels, in one message."""
        described, positions, colours = pack_panels(groups)
        with self.hold_sync():
            self.groups, self.positions, self.colours = described, positions, colours
            self.camera, self.home = camera, home
            self.revision += 1

    def offer(self, name: str, content: bytes, kind: str) -> None:
        """Let the visitor's browser save a file."""
        self.send({"kind": "file", "name": name, "type": kind, "start": True}, buffers=[content])


class Thumbnails(_Script):
    """A row of pictures of which one is chosen: radio buttons, so that arrow keys work."""

    kind = traitlets.Unicode("thumbnails").tag(sync=True)
    label = traitlets.Unicode("").tag(sync=True)
    items = traitlets.List().tag(sync=True)  # {image, text, alt}
    index = traitlets.Int(0).tag(sync=True)


class Upload(_Script):
    """A button for one file, which comes as a message. ipywidgets' own loses a file above 10 MiB without a word."""

    kind = traitlets.Unicode("upload").tag(sync=True)
    label = traitlets.Unicode("").tag(sync=True)
    accept = traitlets.Unicode("").tag(sync=True)
    limit = traitlets.Int(MAX_UPLOAD).tag(sync=True)  # bytes


def received(message: Mapping[str, Any], buffers: Sequence[Any], limit: int = MAX_UPLOAD) -> bytes:
    """The file that :class:`Upload` has sent.

    Raises:
        ValueError: the browser did not send it, because it is larger than ``limit`` or could not be read.
    """
    name, size = str(message.get("name", "the file")), int(message.get("size", 0))
    if size > limit:
        raise ValueError(
            f"{name} has {size / 1e6:.1f} MB; at most {limit / 1e6:g} MB are taken, since Jupyter cuts the connection at "
            "larger messages. Make it smaller and try again."
        )
    if not buffers:
        raise ValueError(f"the browser could not read {name}. Choose it again.")
    return bytes(buffers[0])


def control(kind: type[widgets.Widget], description: str, **options: Any) -> Any:
    """A control with its description to the left, as wide as the explorer's left column."""
    wide = widgets.Layout(width="auto", max_width="340px")
    return kind(description=description, style={"description_width": "96px"}, layout=wide, **options)


def checkbox(description: str, value: bool = False) -> widgets.Checkbox:
    """A box to tick, its words to the right."""
    wide = widgets.Layout(width="auto", max_width="340px")
    return widgets.Checkbox(description=description, indent=False, value=value, layout=wide)


def text_line(text: str) -> widgets.HTML:
    """Small grey words."""
    made = widgets.HTML(text)
    made.add_class("lmnet-note")
    return made
