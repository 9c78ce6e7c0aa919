"""A picture of one's own becomes a network's input: cut out, and placed as the training's renders are."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import ndimage

from lmnet_utils.apps.cutouts import Cutout, cut_out
from lmnet_utils.data.images import OBJECT_SHIFT, OBJECT_SIDE, PhotoError, as_batch, read_image, read_mask, resized
from lmnet_utils.data.layout import INPUT_SIZE
from lmnet_utils.models import inference
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder

SMALLEST = 16
"""Pixels of a picture's shorter side below which nothing can be told."""
FAR = 95.0
"""Percentile of :class:`lmnet_utils.apps.familiarity.Familiarity` from which on a picture counts as unlike what the model has seen."""


# -------------------------------------------------------------------------------------------------------------- place
def box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    """The object's box in a mask (H, W): left, top, right, bottom; the last two are exclusive."""
    rows, columns = np.flatnonzero((mask > 0.5).any(axis=1)), np.flatnonzero((mask > 0.5).any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def place(image: np.ndarray, mask: np.ndarray, *, side: int = OBJECT_SIDE, shift: int = OBJECT_SHIFT) -> np.ndarray:
    """The object on black, as large and where the training images show theirs: (128, 128, 3) uint8.

    Its box is resized so that the longer side has ``side`` pixels, the aspect kept, and centred, ``shift`` rows below the
    middle. As in the training images, a pixel that the object only partly covers has the object's full colour.

    Args:
        image: (H, W, 3 or 4) uint8.
        mask: (H, W) in 0…1, not empty.
    """
    left, top, right, bottom = box_of(mask)
    colours = image[top:bottom, left:right, :3].astype(np.float32)
    cover = np.ascontiguousarray(mask[top:bottom, left:right], np.float32)
    longest = max(cover.shape)
    width, height = (max(1, extent * side // longest) for extent in (cover.shape[1], cover.shape[0]))
    smaller = resized(cover, (width, height))
    straight = np.stack([resized(colours[..., k] * cover, (width, height)) for k in range(3)], -1)
    straight = np.where((smaller > 0.1)[..., None], straight / np.maximum(smaller, 1e-6)[..., None], 0)
    canvas = np.zeros((INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
    x, y = (INPUT_SIZE - width) // 2, min((INPUT_SIZE - height) // 2 + shift, INPUT_SIZE - height)
    canvas[y : y + height, x : x + width] = np.rint(np.clip(straight, 0, 255))
    return canvas


def without_fringe(image: np.ndarray, mask: np.ndarray, width: int = 2) -> np.ndarray:
    """The object's rim in the colours from ``width`` pixels further in, where the camera has not mixed in the background.

    Args:
        image: (H, W, 3 or 4) uint8.
        mask: (H, W) in 0…1.
        width: of the rim, pixels; parts so thin that they are all rim keep their colours.

    Returns:
        As ``image``.
    """
    inside = mask > 0.5
    core = ndimage.binary_erosion(inside, iterations=width)
    if not core.any():
        return image
    distance, (rows, columns) = ndimage.distance_transform_edt(~core, return_indices=True)
    rim = inside & ~core & (distance <= 2 * width)
    cleaned = image.copy()
    cleaned[rim, :3] = image[rows[rim], columns[rim], :3]
    return cleaned


@dataclasses.dataclass(frozen=True)
class Photo:
    """A picture made ready.

    Attributes:
        image: (H, W, 4) uint8 as read.
        cutout: where the object is.
        input: (128, 128, 3) uint8 for the network.
        notes: what a person should know about it; often nothing.
    """

    image: np.ndarray
    cutout: Cutout
    input: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def noise_index(self) -> int:
        """Identifies the picture to Variant II's noise: by its content, whatever its name and batch."""
        return inference.image_number(self.input)


def prepare_photo(path: str | Path, *, background: str = "auto", mask: str | Path | None = None) -> Photo:
    """Read a picture, cut the object out, place it.

    Args:
        path: the picture.
        background: see :func:`cut_out`.
        mask: file of a mask, white (or opaque) on the object.

    Raises:
        PhotoError: see :func:`read_image` and :func:`cut_out`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # Pillow's about large pictures, where MAX_PIXELS decides, and about odd metadata
        image = read_image(path)
    if min(image.shape[:2]) < SMALLEST:
        raise PhotoError(
            f"only {image.shape[1]} × {image.shape[0]} pixels: expected {SMALLEST} at least, 200 and more are good. "
            "Look for a larger one."
        )
    cutout = cut_out(image, background=background, mask=None if mask is None else read_mask(mask))
    clean = image if cutout.method == "alpha" else without_fringe(image, cutout.mask)
    return Photo(image, cutout, place(clean, cutout.mask), tuple(_remarks(cutout.mask)))


def _remarks(mask: np.ndarray) -> Iterator[str]:
    left, top, right, bottom = box_of(mask)
    edges = {"left": left, "top": top, "right": mask.shape[1] - right, "bottom": mask.shape[0] - bottom}
    if (right - left, bottom - top) != mask.shape[::-1]:  # a box that fills the picture was cut to fit
        if touched := [name for name, gap in edges.items() if gap == 0]:
            yield f"the object touches the picture's edge ({', '.join(touched)}): what is cut off cannot be seen"
    longest = max(right - left, bottom - top)
    if longest < OBJECT_SIDE * 2 // 3:
        yield f"the object is only {longest} pixels large: the network's input has {OBJECT_SIDE}"


def placing_cost(
    autoencoder: PointCloudAutoencoder, encoder: ImageEncoder, *, views: int = 2, precision: str = "fp32"
) -> dict[str, float] | None:
    """What it costs that a photo does not show how far away the object is: test renders as they are, and placed as photos.

    Args:
        autoencoder, encoder, precision: see :func:`reconstruct_photos`; the encoder says what data it was trained on.
        views: of each test object, evenly.

    Returns:
        ``images``, and the mean Chamfer ×100 (:func:`lmnet_utils.evaluation.protocol.score`) ``as_rendered`` and ``placed``; ``None``
        if the data set is not on this machine.
    """
    from lmnet_utils.data.packs import open_pack, read_split  # here: a photo needs neither
    from lmnet_utils.evaluation.protocol import score

    data = encoder.config.get("training", {}).get("data", {})
    if not {"dataset", "split", "classes"} <= set(data):
        return None
    try:
        test = read_split(data["dataset"], data["split"], data["classes"]).test
        pack = open_pack(data["dataset"])
    except (OSError, ValueError):
        return None
    on_disk = set(pack.models)
    rows = np.repeat(pack.rows([model for model in test if model in on_disk]), views)
    chosen = np.linspace(0, pack.views, views, endpoint=False).astype(int)
    images = pack.images(rows, np.tile(chosen, len(rows) // views)).permute(0, 2, 3, 1).numpy()
    seen = images.any(axis=(1, 2, 3))
    placed = [place(image, (image.max(axis=-1) > 0).astype(np.float32)) for image in images[seen]]
    result: dict[str, float] = {"images": int(seen.sum())}
    for name, inputs in {"as_rendered": list(images[seen]), "placed": placed}.items():
        clouds = inference.reconstruct(
            autoencoder, encoder, as_batch(inputs), batching=inference.Batching(precision=precision)
        )
        result[name] = float(score(pack.points_1024[rows[seen]], clouds)["chamfer"].mean())
    return result
