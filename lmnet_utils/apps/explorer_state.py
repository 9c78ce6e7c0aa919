"""What the explorer can be set to. No widget, no picture and no model in here.

:class:`State` is everything that can be set; it goes to YAML and back. An uploaded picture becomes a part of it.
"""

from __future__ import annotations

import base64
import hashlib
import io
import tempfile
import warnings
from pathlib import Path
from typing import Annotated, ClassVar, Literal, get_args

import numpy as np
import yaml
from PIL import Image
from pydantic import Field

from lmnet_utils.apps import placing
from lmnet_utils.apps.panels import png_bytes
from lmnet_utils.core import paths
from lmnet_utils.core.settings import MAX_SAMPLES, DatasetName, Fraction, Run, Samples, Settings, Split, Temperature
from lmnet_utils.data import images
from lmnet_utils.data.layout import INPUT_SIZE, network_input

Walk = Literal["none", "samples", "images", "direction 1", "direction 2", "direction 3", "arithmetic"]
WALKS = get_args(Walk)
MAX_UPLOAD = 9 * 10**6  # bytes; Jupyter cuts the connection at a message above 10 MiB
MAX_PIXELS = 40 * 10**6
UPLOAD_FORMATS = ("PNG", "JPEG", "WEBP")


# ------------------------------------------------------------------------------------------------------------- state
class State(Settings):
    """Everything that the explorer's controls set.

    Attributes:
        weights_run: folder of ``trained_models/`` whose models are used.
        dataset, split: where images come from; its test objects.
        image: ``"<synset>/<model>/<view>"``, or ``"upload/<digest>"`` of an entry of ``uploads``.
        models: of Variant II, such as ``"encoder_lambda_5.5"``, or encoders with residuals beside them, such as
            ``"encoder_l1"``; several are compared side by side.
        samples: N, up to 16.
        seed: of the noise. At temperature 1 the samples are those of notebook 06 with the same seed.
        temperature: factor on σ or on the residuals; 0 gives the mean N times, 1 what the model was trained to give.
        redraws: how often the noise of sample 1, 2, … was drawn anew; missing entries count 0.
        grouped: show samples that look alike as one shape with their share (:mod:`lmnet_utils.apps.explorer_groups`). States
            saved before there was this show all samples.
        difference: the panel that the large shape is compared with, point by point; ``"none"`` for none.
        chosen: the panel that is drawn large: ``"mean"``, ``"truth"``, ``"spread"``, ``"walk"``, ``"sample <k>"`` (if that sample
            is not shown by itself, the one that stands for it) or ``"sample"``, the most frequent shape.
        truth: show the ground truth.
        azimuth, elevation, zoom: of the camera, degrees; azimuth ``None`` is the image's own.
        walk: one of :data:`WALKS`.
        step: place on the walk: 0 … 1 between two shapes, and −3 … 3 standard deviations are 0 … 1 along a direction.
        ends: the samples that a walk between samples joins, counted from 1.
        slots: images kept for walks between images (A to B) and for arithmetic (A − B + C): letter → image.
        uploads: digest → PNG of the 128×128 network input, in base64: a saved state is complete in itself.
    """

    advice: ClassVar[str] = ""

    weights_run: Run = "freeshapes"
    dataset: DatasetName = "freeshapes"
    split: Split = "official"
    image: str = ""
    models: list[str] = []
    samples: Samples = 6
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    temperature: Temperature = 1.0
    redraws: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=MAX_SAMPLES)] = []
    grouped: bool = False
    chosen: str = "sample 1"
    difference: str = "none"
    truth: bool = True
    azimuth: Annotated[float, Field(ge=-3600, le=3600)] | None = None
    elevation: Annotated[float, Field(ge=-90, le=90)] = 25.0
    zoom: Annotated[float, Field(ge=0.1, le=10)] = 1.0
    walk: Walk = "none"
    step: Fraction = 0.5
    ends: Annotated[list[Samples], Field(min_length=2, max_length=2)] = [1, 2]
    slots: dict[Literal["A", "B", "C"], str] = {}
    uploads: dict[str, str] = {}

    def to_yaml(self) -> str:
        """The state as YAML; of the uploads only those that it uses."""
        used = {image.removeprefix("upload/") for image in (self.image, *self.slots.values())}
        kept = {digest: data for digest, data in self.uploads.items() if digest in used}
        text = yaml.safe_dump(self.but(uploads=kept).as_dict(), sort_keys=False, allow_unicode=True)
        return "# A state of the 3D-LMNet explorer (notebook 09): its parameter `state` takes this file.\n" + text

    @classmethod
    def from_yaml(cls, text: str) -> State:
        """The state of :meth:`to_yaml`.

        Raises:
            ValueError: no YAML, or names or values that no state has; says which.
        """
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(f"this is no YAML: {str(error)[:200]}") from error
        known = list(cls.model_fields)
        if not isinstance(content, dict) or set(content) - set(known):
            found = (
                ", ".join(map(str, set(content) - set(known))) if isinstance(content, dict) else type(content).__name__
            )
            raise ValueError(
                f"this YAML is no state of the explorer: expected some of {', '.join(known)}; found {found}."
            )
        return cls(**content)


def read_state(path: str | Path) -> State:
    """A saved state from its file; a path that is not absolute counts from the project's root."""
    path = paths.resolve(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no state at {paths.display(path)}; the explorer's “Save state” makes one.")
    return State.from_yaml(path.read_text(encoding="utf-8"))


# ------------------------------------------------------------------------------------------------------------ uploads
def read_upload(content: bytes) -> np.ndarray:
    """An uploaded picture → network input (128, 128, 3) uint8. The bytes are decoded; names and types are not believed.

    A rendering of the data set's size (137×137) is cut as the data set is. In anything else the object is found and placed
    as notebook 11 does (:func:`lmnet_utils.apps.placing.prepare_photo`), so both give the same shapes for the same picture.

    Raises:
        ValueError: too large, no PNG, JPEG or WebP, broken, empty, or without an object that can be told from its
            background; says which.
    """
    if len(content) > MAX_UPLOAD:
        raise ValueError(f"the file has {len(content) / 1e6:.0f} MB; at most {MAX_UPLOAD / 1e6:.0f} MB are taken.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MAX_PIXELS decides
            with Image.open(io.BytesIO(content), formats=UPLOAD_FORMATS) as picture:
                width, height = picture.size
    except Image.DecompressionBombError:
        width = height = MAX_PIXELS
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError("the file is no picture that is taken here: expected PNG, JPEG or WebP.") from error
    if width * height > MAX_PIXELS:
        raise ValueError("the picture has more than 40 million pixels. Make it smaller: 1000 a side are plenty.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        if (width, height) == (137, 137):
            return network_input(images.read_image(path))
        return placing.prepare_photo(path).input


def with_upload(state: State, content: bytes) -> State:
    """The state with an uploaded picture as its image; errors as :func:`read_upload`."""
    pixels = read_upload(content)
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()[:16]
    uploads = {**dict(list(state.uploads.items())[-7:]), digest: base64.b64encode(png_bytes(pixels)).decode()}
    return state.but(image=f"upload/{digest}", uploads=uploads, truth=False)


def read_stored(data: str) -> np.ndarray:
    """A network input out of a saved state, checked: (128, 128, 3) uint8."""
    try:
        content = base64.b64decode(data, validate=True)
        with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:
            if picture.size != (INPUT_SIZE, INPUT_SIZE):
                raise ValueError(
                    f"expected {INPUT_SIZE}×{INPUT_SIZE} pixels, found {picture.size[0]}×{picture.size[1]}"
                )
            return np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"an upload in the saved state cannot be read ({error}).") from error


SLOTS = {"images": "AB", "arithmetic": "ABC"}


def missing_slots(state: State) -> list[str]:
    """The slots that the state's walk needs and that hold no image."""
    return [slot for slot in SLOTS.get(state.walk, "") if not state.slots.get(slot)]
