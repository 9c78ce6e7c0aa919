"""The diversity explorer of notebook 09: controls around :mod:`lmnet_utils.apps.explorer_figures`.

The controls are ipywidgets that exist in 7.7 (Colab) and 8, and those of :mod:`lmnet_utils.apps.explorer_widgets`. A slider sends
its next value when the kernel has answered the last one, so dragging never queues up.
"""

from __future__ import annotations

import contextlib
import functools
import html
import os
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np
from IPython.display import display
from PIL import Image

from lmnet_utils.apps import explorer_controls as controls
from lmnet_utils.apps import explorer_figures as figures
from lmnet_utils.apps import explorer_numbers as numbers
from lmnet_utils.apps.explorer_files import MEDIA_TYPES, SAVED
from lmnet_utils.apps.explorer_known import GROUP
from lmnet_utils.apps.explorer_session import Session
from lmnet_utils.apps.explorer_state import MAX_UPLOAD, WALKS, State, missing_slots, with_upload
from lmnet_utils.apps.explorer_widgets import (
    STYLE,
    WALK_NAMES,
    Thumbnails,
    Upload,
    Viewer,
    checkbox,
    control,
    received,
    text_line,
)
from lmnet_utils.apps.panels import data_uri, png_bytes
from lmnet_utils.core import paths
from lmnet_utils.core.files import atomic_path
from lmnet_utils.core.settings import MAX_SAMPLES
from lmnet_utils.data.layout import class_of
from lmnet_utils.data.taxonomy import class_name
from lmnet_utils.rendering.grids import on_grey

MAX_STATE = 2 * 10**6  # bytes of a saved state, uploads within
ASLEEP = " A page that nobody touches for half an hour falls asleep: then load it again."


def on_a_page() -> bool:
    """Whether Voilà serves this kernel to visitors; then nothing is written to this machine's disk."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila")


class Explorer:
    """The explorer: ``display(Explorer())``. Whatever goes wrong is said in it.

    Args:
        session: models and data; by default the shipped weights. A function is called for it, so that a missing data
            set is reported in the explorer, too.
        state: to begin with, or a function of the session that gives it; by default :meth:`Session.default_state`.
        folder: where saved files go besides the browser's downloads; ``None`` for nowhere.
    """

    def __init__(
        self,
        session: Session | Callable[[], Session] | None = None,
        state: State | Callable[[Session], State] | None = None,
        *,
        folder: str | Path | None = None,
    ) -> None:
        self.folder = None if folder is None or on_a_page() else Path(folder)
        self.kernel_ms: list[float] = []
        self._quiet, self._titles = False, set[str]()
        self.alert = widgets.HTML()
        self.widget = widgets.VBox([widgets.HTML(STYLE), self.alert])
        self.widget.add_class("lmnet-explorer")
        try:
            self.session = session if isinstance(session, Session) else (session or Session)()
            self.state = state(self.session) if callable(state) else state or self.session.default_state()
            self._build()
        except Exception as error:
            self._complain(error)
            return
        self._adopt(self.state)

    def _ipython_display_(self) -> None:
        """Published as display data: only there does Colab add the address of the manager that draws an anywidget."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        text = "The explorer needs a running kernel; the figures below show the same."
        display({"application/vnd.jupyter.widget-view+json": view, "text/plain": text}, raw=True)

    # ------------------------------------------------------------------------------------------------------ building
    def _build(self) -> None:
        """Make all controls and put them into place; then let them act."""
        self._make_controls()
        row = widgets.Layout(flex_flow="row wrap", width="100%")
        note = text_line(" ".join(filter(None, [controls.LAMBDA_NOTE, numbers.residual_note(self.session)])))
        main = widgets.VBox(
            [
                self.around,
                self.model,
                note,
                self.compare,
                self.temperature,
                self.samples,
                self.grouped,
                text_line(controls.GROUP_NOTE),
            ]
        )
        below = widgets.HBox([self.chart, self.table], layout=row)
        self.chart.layout.flex, self.table.layout.flex = "1 1 280px", "1 1 280px"
        right = widgets.VBox([self.viewer, below, self.foot])
        more = self._more(row)
        body = widgets.HBox([main, right, more])  # a grid: on a narrow screen the picture is below the first sliders
        for name, part in {"main": main, "more": more, "right": right, "body": body}.items():
            part.layout.min_width = "0"
            part.add_class(f"lmnet-{name}")
        top = widgets.VBox([self.classes, self.objects, self.views], layout=widgets.Layout(width="100%"))
        self.widget.children = [widgets.HTML(STYLE), text_line(controls.HELP), self.alert, top, body]
        self._observe()

    def _make_controls(self) -> None:
        session = self.session
        self.viewer, self.objects, self.views = Viewer(), Thumbnails(label="Object"), Thumbnails(label="View")
        self.classes = control(widgets.Dropdown, "Class", options=[*session.classes, GROUP])
        names = [(session.label(name), name) for name in session.names + session.residual_names]
        kinds = {"variational": session.names, "residuals": session.residual_names}
        words = [controls.MODEL[kind] for kind, names in kinds.items() if names]
        self.model = control(
            widgets.SelectionSlider, " or ".join(words), options=names, value=session.default_state().models[0]
        )
        self.compare = checkbox(controls.COMPARE)
        self.temperature = _ranged(widgets.FloatSlider, controls.TEMPERATURE)
        self.samples = _ranged(widgets.IntSlider, controls.SAMPLES)
        self.seed = _ranged(widgets.BoundedIntText, controls.SEED)
        self.grouped = checkbox(controls.GROUPED, value=True)
        self.truth = checkbox(controls.TRUTH, value=True)
        self.around = control(widgets.SelectionSlider, "Seen from", options=[("0°", 0)])
        self.chosen = control(widgets.Dropdown, "Large view", options=["mean"])
        self.difference = control(widgets.Dropdown, "Difference to", options=["none"])
        self.walk = control(widgets.Dropdown, "Walk", options=[(WALK_NAMES[name], name) for name in WALKS])
        self.step = control(widgets.FloatSlider, "Place", min=0, max=1, step=0.01, value=0.5)
        self.start = control(widgets.BoundedIntText, "From sample", min=1, max=MAX_SAMPLES, value=1)
        self.end = control(widgets.BoundedIntText, "To sample", min=1, max=MAX_SAMPLES, value=2)
        self.upload = Upload(label=controls.UPLOAD, accept="image/png,image/jpeg,image/webp")
        self.opened = Upload(label="Open a state", accept=".yaml,.yml", limit=MAX_STATE)
        self.slots = text_line("")
        self.chart, self.table = widgets.HTML(), widgets.HTML()
        self.foot = text_line("")
        self._set = {
            "temperature": self.temperature, "samples": self.samples, "seed": self.seed, "grouped": self.grouped,
            "truth": self.truth, "chosen": self.chosen, "difference": self.difference, "walk": self.walk, "step": self.step,
        }  # fmt: skip

    def _more(self, row: widgets.Layout) -> widgets.VBox:
        """The column below the first sliders: noise, walks, files."""
        button = self._button
        keep = [button(f"Keep as {slot}", f"Put the image on screen into {slot}", self._keeper(slot)) for slot in "ABC"]
        saves = [button(kind, hint, functools.partial(self.save, kind)) for kind, (hint, _) in SAVED.items()]
        return widgets.VBox(
            [
                self.seed, button("New noise for the large sample", "Draw this one sample anew", self.redraw),
                self.chosen, self.difference, self.truth,
                widgets.HTML("<h3>Walk in latent space</h3>"), self.walk, self.step,
                self.start, self.end, widgets.HBox(keep, layout=row), self.slots,
                widgets.HTML("<h3>Files</h3>"), widgets.HBox([self.upload, self.opened], layout=row),
                text_line(f"PNG, JPEG or WebP, at most {MAX_UPLOAD // 10**6} MB: the object cut out, or before a plain background."),
                widgets.HBox([widgets.Label("Save:"), *saves], layout=row),
            ]
        )  # fmt: skip

    def _button(self, text: str, hint: str, action: Callable[[], None]) -> widgets.Button:
        made = widgets.Button(description=text, tooltip=hint, layout=widgets.Layout(width="auto"))
        made.on_click(lambda _: self._guarded(action))
        return made

    def _observe(self) -> None:
        for name, one in self._set.items():
            one.observe(self._handler(name), "value")
        self.start.observe(lambda change: self._change(ends=[change["new"], self.end.value]), "value")
        self.end.observe(lambda change: self._change(ends=[self.start.value, change["new"]]), "value")
        self.model.observe(lambda _: self._models(), "value")
        self.compare.observe(lambda _: self._models(), "value")
        self.classes.observe(lambda _: self._guarded(self._pick_class), "value")
        self.objects.observe(lambda _: self._guarded(self._pick_object), "index")
        self.around.observe(lambda _: self._guarded(self._go_round), "value")
        self.views.observe(lambda _: self._guarded(self._pick_view), "index")
        self.viewer.observe(self._turned, "camera")
        self.viewer.on_msg(self._picked)
        for one, take in ((self.upload, self._take_upload), (self.opened, self._take_state)):
            one.on_msg(self._receiver(one.limit, take))

    def _handler(self, name: str) -> Callable[[dict[str, Any]], None]:
        return lambda change: self._change(**{name: change["new"]})

    # ------------------------------------------------------------------------------------------------------- changes
    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        """Controls that are set in here bring about no change."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    def _guarded(self, action: Callable[[], None]) -> None:
        """Do what a control asks for; an error is shown in the explorer and leaves the last picture."""
        if self._quiet:
            return
        try:
            self.alert.value = ""
            action()
        except Exception as error:
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        text = html.escape(str(error) or type(error).__name__)
        if not isinstance(error, (ValueError, FileNotFoundError)):  # nobody has thought of this one: show where it was
            last = html.escape("".join(traceback.format_tb(error.__traceback__)[-2:])) if not on_a_page() else ""
            text = f"{type(error).__name__}: {text}" + (
                f"<details><summary>Where</summary><pre>{last}</pre></details>" if last else ""
            )
        self.alert.value = f'<div class="lmnet-alert" role="alert">{text}</div>'

    def _change(self, **changes: Any) -> None:
        if self._quiet:
            return
        if "walk" in changes:  # a walk that begins is what one wants to see large
            changes["chosen"] = "sample" if changes["walk"] == "none" else "walk"
        self._guarded(lambda: self.show(self.state.but(**changes)))

    def _models(self) -> None:
        names = self.session.posteriors if self.compare.value else [self.model.value]
        self._change(models=list(names))

    def show(self, state: State) -> None:
        """Show a state: first the picture, then the numbers, which take longer."""
        started = time.perf_counter()
        groups = figures.panels_of(self.session, state)
        self.viewer.show(groups, figures.camera_of(self.session, state), figures.home_camera(self.session, state))
        self.kernel_ms = [*self.kernel_ms[-199:], 1e3 * (time.perf_counter() - started)]
        self.state = state
        self._titles = {panel.title for _, panels in groups for panel in panels if panel.kind != "image"} - {
            "difference"
        }
        self._follow([panel.title for _, panels in groups[-1:] for panel in panels if panel.kind != "image"])
        self.chart.value = numbers.sigma_svg(self.session, state)
        self.table.value = numbers.score_html(self.session, state)
        self._say()

    def _follow(self, titles: list[str]) -> None:
        """Offer what is on screen as the large view; an upload is none of the views."""
        fixed = [name for name in ("mean", "spread", "truth", "walk") if name in titles]
        numbered = [name for name in titles if name.split()[-1].isdigit()]
        options = fixed + sorted(numbered, key=lambda name: (name.split()[0], int(name.split()[-1])))
        with self._quietly():
            if list(self.chosen.options) != options:
                self.chosen.options = options
            if list(self.difference.options) != ["none", *options]:
                self.difference.options = ["none", *options]
            self.difference.value = self.state.difference if self.state.difference in options else "none"
            large = figures.large_panel(self.session, self.state, self.session.results(self.state)[-1])
            self.chosen.value = large if large in options else "mean"
            if self.session.item(self.state.image) is None:
                self.views.index = -1  # so that any of them can be chosen again

    def _say(self) -> None:
        state = self.state
        filled = [f"<b>{slot}</b> {self._describe(image)}" for slot, image in sorted(state.slots.items())]
        missing = missing_slots(state)
        needs = f" <b>This walk needs an image in {' and '.join(missing)}.</b>" if missing else ""
        self.slots.value = "Kept: " + ("; ".join(filled) or "nothing yet") + "." + needs
        middle = float(np.median(self.kernel_ms))
        self.foot.value = (
            f"Image {html.escape(self._describe(state.image))}. The kernel took {self.kernel_ms[-1]:.0f} ms for the last "
            f"picture, {middle:.0f} ms in the median of {len(self.kernel_ms)}. {numbers.untrained(self.session, state)}"
        ) + (ASLEEP if on_a_page() else "")

    def _describe(self, image: str) -> str:
        item = self.session.item(image)
        if item is None:
            return "upload"
        called = "of a program" if item.model in self.session.known else item.model.split("/")[1][:6]
        return f"{class_name(item.synset)} {called} at {item.azimuth:.0f}°"

    # -------------------------------------------------------------------------------------------------------- images
    def _pick_class(self) -> None:
        self._pick(self.session.objects_of(self.classes.value)[0])

    def _pick_object(self) -> None:
        self._pick(self.session.objects_of(self.classes.value)[self.objects.index])

    def _pick(self, model: str) -> None:
        """Show an object, by another network if the one on screen does not know its class."""
        image, shown = f"{model}/{self._similar_view(model)}", self.state.models
        if not self.compare.value and class_of(model) != self._class_on_screen():
            shown = [self.session.network_for(image, self.model.value)]
        known = self.session.known.get(model)  # of which one wants to see the side that is hidden
        azimuth = None if known is None else (known.camera[0] + 180) % 360
        self._adopt(self.state.but(image=image, models=shown, azimuth=azimuth, truth=self.truth.value))

    def _class_on_screen(self) -> str | None:
        item = self.session.item(self.state.image)
        return None if item is None else class_name(item.synset)

    def _pick_view(self) -> None:
        item = self.session.item(self.state.image)
        model = item.model if item else self.session.objects_of(self.classes.value)[self.objects.index]
        view = int(np.argsort(self.session.azimuths(model))[self.views.index])
        with self._quietly():
            self.around.value = view
        self.show(self.state.but(image=f"{model}/{view}", azimuth=None, truth=self.truth.value))

    def _go_round(self) -> None:
        """The input's camera goes round the object; the shapes stay as they are turned, so that one sees which of them remain."""
        item, camera = self.session.item(self.state.image), figures.camera_of(self.session, self.state)
        if item is not None:
            turned = {"azimuth": camera["azimuth"], "elevation": camera["elevation"]}
            self.show(self.state.but(image=f"{item.model}/{self.around.value}", **turned))
            with self._quietly():
                self.views.index = self.around.index

    def _similar_view(self, model: str) -> int:
        """The view of another object nearest in azimuth to the one on screen."""
        item = self.session.item(self.state.image)
        wanted = item.azimuth if item else 180.0
        return int(np.argmin(np.abs((self.session.azimuths(model) - wanted + 180) % 360 - 180)))

    def _thumbnail(self, model: str, view: int, text: str, alt: str) -> dict[str, str]:
        def make() -> str:
            picture = on_grey(self.session.image(self.state, f"{model}/{view}"))
            small = np.asarray(Image.fromarray(picture).resize((64, 64), Image.Resampling.BOX))
            return data_uri(png_bytes(small))

        return {"image": self.session.cached(("thumbnail", model, view), make), "text": text, "alt": alt}

    def _adopt(self, state: State) -> None:
        """Bring every control in line with a state, and show it."""
        self.alert.value = ""
        try:
            self.session.require(state)
            for image in (state.image, *state.slots.values()):
                self.session.item(image)
            for name in state.models:
                self.session.encoder(name)
            with self._quietly():
                self._fill(state)
        except Exception as error:
            self._complain(error)
            return
        self._guarded(lambda: self.show(state))

    def _fill(self, state: State) -> None:
        item = self.session.item(state.image)
        if item is None and not self.objects.items:  # begun with an upload: offer what to go on with
            item = self.session.item(self.session.default_state().image)
        if item is not None:
            self.classes.value = self.session.group_of(item.model)
            models = self.session.objects_of(self.classes.value)
            self.objects.items = [
                self._thumbnail(model, self._front(model), str(k + 1), f"{self.classes.value} {k + 1}")
                for k, model in enumerate(models)
            ]
            self.objects.index = models.index(item.model) if item.model in models else 0
            azimuths = self.session.azimuths(item.model)
            order = np.argsort(azimuths)
            self.views.items = [
                self._thumbnail(item.model, int(view), f"{azimuths[view]:.0f}°", f"azimuth {azimuths[view]:.0f}°")
                for view in order
            ]
            self.views.index = list(order).index(item.view)
            self.around.options = [(f"{azimuths[view]:.0f}°", int(view)) for view in order]
            self.around.value = item.view
        if state.models:
            self.model.value = state.models[-1]
        self.compare.value = len(state.models) > 1
        self.start.value, self.end.value = state.ends
        for name, one in self._set.items():
            if name not in ("chosen", "difference"):  # offered with what is on screen
                one.value = getattr(state, name)

    def _front(self, model: str) -> int:
        return int(np.argmin(np.abs(self.session.azimuths(model) - 40)))

    def _turned(self, change: dict[str, Any]) -> None:
        camera = change["new"]
        if not self._quiet and camera and camera != figures.camera_of(self.session, self.state):
            self.state = self.state.but(**{name: float(camera[name]) for name in ("azimuth", "elevation", "zoom")})

    def _picked(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if message.get("title") in self._titles:
            self._change(chosen=message["title"])

    def redraw(self) -> None:
        """Draw the noise of the large sample anew."""
        kind, _, number = self.chosen.value.partition(" ")
        if kind != "sample":
            raise ValueError("choose a sample as the large view first: the noise belongs to a sample.")
        redraws = [*self.state.redraws, *[0] * MAX_SAMPLES][:MAX_SAMPLES]
        redraws[int(number) - 1] += 1
        self.show(self.state.but(redraws=redraws))

    def _keeper(self, slot: str) -> Callable[[], None]:
        return lambda: self.show(self.state.but(slots={**self.state.slots, slot: self.state.image}))

    # --------------------------------------------------------------------------------------------------------- files
    def _receiver(self, limit: int, take: Callable[[bytes], None]) -> Callable[..., None]:
        return lambda _, message, buffers: self._guarded(lambda: take(received(message, buffers, limit)))

    def _take_upload(self, content: bytes) -> None:
        self.show(with_upload(self.state.but(azimuth=None), content))

    def _take_state(self, content: bytes) -> None:
        self._adopt(State.from_yaml(content.decode("utf-8", "replace")))

    def save(self, kind: str) -> None:
        """Offer a file of :data:`~lmnet_utils.apps.explorer_files.SAVED` to the visitor's browser, and write it to the folder, too."""
        _, make = SAVED[kind]
        content, name = make(self.session, self.state), f"explorer.{kind.lower()}"
        self.viewer.offer(name, content, MEDIA_TYPES[kind])
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / name
            with atomic_path(path) as temporary:
                temporary.write_bytes(content)
            self.foot.value = f"Written to {html.escape(paths.display(path))}."


def _ranged(kind: type[widgets.Widget], numbers: controls.Range) -> Any:
    """A control of a number."""
    return control(kind, numbers.label, **numbers.options)
