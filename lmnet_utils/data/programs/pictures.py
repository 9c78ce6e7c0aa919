"""What objects of programs look like, without a data set being made."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lmnet_utils.data.programs.catalogue import draw
from lmnet_utils.data.views import process_renderer

BACKGROUND = 235


def program_pictures(category: str, seeds: Iterable[int], azimuth: float = 40.0) -> list[np.ndarray]:
    """The objects of a class and some seeds, drawn as a data set's views are, but on light grey.

    Args:
        azimuth: of the camera, degrees; 0 looks at the front.

    Returns:
        an image (137, 137, 3) uint8 a seed.
    """
    view = np.array([[azimuth, 27.0, 0.0, 0.72, 25.0]])
    return [on_light_grey(process_renderer().render(draw(category, seed).mesh(), view)[0]) for seed in seeds]


def on_light_grey(image: np.ndarray) -> np.ndarray:
    """A rendering (H, W, 4) uint8 on light grey, (H, W, 3) uint8."""
    alpha = image[..., 3:] / 255
    return np.round(image[..., :3].astype(np.float64) * alpha + BACKGROUND * (1 - alpha)).astype(np.uint8)
