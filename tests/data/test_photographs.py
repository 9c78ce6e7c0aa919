"""Training images like photographs: whole, of one object, near where and as large as a photograph's object is placed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lmnet_utils.apps.placing import box_of, place
from lmnet_utils.data.images import OBJECT_SHIFT, OBJECT_SIDE
from lmnet_utils.data.photographs import GAIN, GAMMA, SHIFT, SIZES, TINT, like_photographs


def blocks(boxes, colour=(200, 120, 60)) -> torch.Tensor:
    """Images (B, 3, 128, 128) with one block each: left, top, right, bottom."""
    images = torch.zeros(len(boxes), 3, 128, 128, dtype=torch.uint8)
    for image, (left, top, right, bottom) in zip(images, boxes, strict=True):
        image[:, top:bottom, left:right] = torch.tensor(colour, dtype=torch.uint8)[:, None, None]
    return images


@pytest.mark.parametrize("box", [(10, 20, 50, 100), (60, 70, 120, 90), (0, 0, 128, 128), (52, 50, 80, 66)])
def test_the_object_is_placed_about_as_a_photographs(box):
    images = blocks([box] * 64)
    found = like_photographs(images, np.random.default_rng(0))
    assert found.shape == images.shape and found.dtype == torch.uint8
    picture, mask = images[0].permute(1, 2, 0).numpy(), (images[0].amax(0) > 0).numpy().astype(float)
    placed = box_of(place(picture, mask).max(-1) / 255)
    wide, high = box[2] - box[0], box[3] - box[1]
    sides, middles = [], []
    for image in found:
        left, top, right, bottom = box_of((image.amax(0) > 40).numpy())
        assert (right - left) / (bottom - top) == pytest.approx(wide / high, rel=0.12), "its proportions stay"
        sides.append(max(right - left, bottom - top))
        middles.append([(left + right) / 2, (top + bottom) / 2])
    usual = max(placed[2] - placed[0], placed[3] - placed[1])
    assert OBJECT_SIDE * SIZES[0] - 2 <= min(sides) < usual < max(sides) <= OBJECT_SIDE * SIZES[1] + 2
    offsets = np.array(middles) - [64, 64 + OBJECT_SHIFT]
    assert np.abs(offsets).max() <= SHIFT + OBJECT_SHIFT + 1 and offsets[:, 0].std() > 1


def test_light_differs_from_image_to_image_and_black_stays_black():
    images = blocks([(40, 40, 90, 90)] * 200)
    found = like_photographs(images, np.random.default_rng(1)).float()
    assert not found[:, :, :8, :8].any(), "nothing beside the object"
    middle = found[:, :, 64, 64] / 255
    colour = torch.tensor([200, 120, 60]) / 255
    for channel in range(3):
        low = colour[channel] ** GAMMA[1] * GAIN[0] * TINT[0]
        high = min(1.0, float(colour[channel] ** GAMMA[0] * GAIN[1] * TINT[1]))
        assert low - 0.01 <= middle[:, channel].min() and middle[:, channel].max() <= high + 0.01
    assert (middle.std(0) > 0.05).all()
    assert not like_photographs(torch.zeros(2, 3, 128, 128, dtype=torch.uint8), np.random.default_rng(2)).any()


def test_the_same_generator_gives_the_same_images():
    images = blocks([(10, 30, 70, 60), (30, 30, 100, 120)])
    first, again, other = (like_photographs(images, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert torch.equal(first, again) and not torch.equal(first, other)
