"""Pictures from files: reading with bounds and clear errors, resizing, batches for a network."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from lmnet_utils.data.layout import INPUT_SIZE

if TYPE_CHECKING:
    import torch

MAX_PIXELS = 1 << 27
"""Pixels up to which a picture is opened: half a gigabyte decoded."""
LARGEST_SIDE = 2048
"""Pixels to which a picture's longest side is reduced when it is read."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".heic", ".heif", ".avif", ".bmp", ".gif", ".tif", ".tiff")
"""What counts as a picture when a folder is given."""


class PhotoError(ValueError):
    """A picture cannot be used; the message says why and what to do."""


# -------------------------------------------------------------------------------------------------------------- read
def read_image(path: str | Path, *, largest: int | None = LARGEST_SIDE) -> np.ndarray:
    """Read a picture of any mode that Pillow knows, upright, as RGBA.

    EXIF rotation is applied; grey, palette, CMYK, 1, 16 and 32 bit become 8 bit a channel; of an animation the first
    frame counts. HEIC and HEIF need pillow-heif.

    Args:
        path: the file.
        largest: longest side to which a larger picture is reduced, or ``None`` for its own size.

    Returns:
        (H, W, 4) uint8, straight alpha.

    Raises:
        PhotoError: no such file, empty, no picture, damaged, or more than :data:`MAX_PIXELS`.
    """
    path = Path(path)
    if not os.path.isfile(path):  # of a name that is too long False, where Path.is_file fails
        raise PhotoError("this is no file." if os.path.exists(path) else "there is no such file. Check the path.")
    if path.stat().st_size == 0:
        raise PhotoError("the file is empty (0 bytes). Copy or save it again.")
    try:
        _know_heif(path)
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise PhotoError(_too_large(f"{image.width} × {image.height} pixels"))
            if image.format == "JPEG" and largest:
                image.draft(image.mode, (largest, largest))  # decodes at a fraction of the size
            return _as_rgba(_upright(image), largest)
    except PhotoError:
        raise
    except PermissionError as error:
        raise PhotoError("this file may not be read. Check its permissions.") from error
    except Image.DecompressionBombError as error:
        found = re.search(r"\d{6,}", str(error))
        raise PhotoError(_too_large(f"{int(found[0]):,} pixels" if found else "too many pixels")) from error
    except Image.UnidentifiedImageError as error:
        raise PhotoError(
            "this is no picture that can be read. Save it as PNG or JPEG (a PDF, SVG or raw photo needs converting)."
        ) from error
    except Exception as error:  # Pillow's decoders raise a zoo of errors for damaged files
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise PhotoError(f"the picture is damaged or of an unknown kind ({reason}). Save it again.") from error


def _too_large(size: str) -> str:
    return (
        f"{size}, at most {MAX_PIXELS:,} are opened (a small file can unpack to fill the memory). "
        "Save it smaller: 1000 pixels are plenty."
    )


def read_mask(path: str | Path) -> np.ndarray:
    """A mask file as (H, W) float32 in 0…1: its transparency if it has any, else its brightness."""
    try:
        image = read_image(path)
    except PhotoError as error:
        raise PhotoError(f"the mask {Path(path).name}: {error}") from error
    if has_alpha(image):
        return image[..., 3] / np.float32(255)
    return image[..., :3].mean(axis=-1, dtype=np.float32) / 255


def _know_heif(path: Path) -> None:
    """Make Pillow read HEIC, where the file is that: by its name, or by its content, as phones call it JPEG when they send it."""
    with open(path, "rb") as file:
        header = file.read(12)
    named = path.suffix.lower() in (".heic", ".heif")
    if not named and (header[4:8] != b"ftyp" or header[8:12] not in (b"heic", b"heix", b"heif", b"mif1", b"msf1")):
        return
    if importlib.util.find_spec("pillow_heif") is None:
        raise PhotoError("HEIC needs the package pillow-heif (`pip install pillow-heif`). Or save it as JPEG or PNG.")
    import pillow_heif

    pillow_heif.register_heif_opener()


def _upright(image: Image.Image) -> Image.Image:
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF: the picture itself may be fine
        return image


def _as_rgba(image: Image.Image, largest: int | None) -> np.ndarray:
    if image.mode.startswith("I") or image.mode == "F":  # 16 or 32 bit a pixel: Pillow would only clip them
        values = np.nan_to_num(np.asarray(image).astype(np.float64), posinf=0, neginf=0)
        top = values.max()
        scale = 1 if 1 < top <= 255 else 255 if top <= 1 and image.mode == "F" else 255 / 65535
        image = Image.fromarray(np.rint(np.clip(values * scale, 0, 255)).astype(np.uint8))
    if image.mode in ("La", "PA"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if image.mode == "CMYK":
        image = image.convert("RGB")
    image = image.convert("RGBA")
    if largest and max(image.size) > largest:
        size = [max(1, round(side * largest / max(image.size))) for side in image.size]
        image = image.resize(size, Image.Resampling.BOX)  # weighs colours by their alpha
    return np.array(image)


def has_alpha(image: np.ndarray) -> bool:
    """Whether transparency says where the object is: at least a thousandth of the pixels are clearly transparent."""
    return bool((image[..., 3] < 128).mean() > 0.001)


def on_white(image: np.ndarray, shade: int = 255) -> np.ndarray:
    """(H, W, 4) uint8 laid on white (or another grey): (H, W, 3) uint8."""
    alpha = image[..., 3:] / np.float32(255)
    return np.rint(image[..., :3] * alpha + shade * (1 - alpha)).astype(np.uint8)


def resized(channel: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """One channel (H, W) float32 → (height, width) of ``size`` = (width, height): averaged down, interpolated up."""
    down = size[0] <= channel.shape[1] and size[1] <= channel.shape[0]
    filter_ = Image.Resampling.BOX if down else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(np.ascontiguousarray(channel, np.float32)).resize(size, filter_))


OBJECT_SIDE = 93
"""Longest side of the object in the network's input, pixels. Official ``metrics.py`` (128 − 35); in FreeShapes' training
renders it is 92 on average."""
OBJECT_SHIFT = 5
"""Rows by which the object's box lies below the middle: the mean of FreeShapes' training renders, whose camera looks down."""


def as_batch(inputs: Sequence[np.ndarray]) -> torch.Tensor:
    """Network inputs (128, 128, 3) uint8 → (B, 3, 128, 128) uint8."""
    import torch  # two seconds, which processes that make or check files can do without

    if not len(inputs):
        return torch.zeros(0, 3, INPUT_SIZE, INPUT_SIZE, dtype=torch.uint8)
    return torch.from_numpy(np.stack(list(inputs))).permute(0, 3, 1, 2).contiguous()
