"""The answer that fits a photograph: a camera found again, the right one of several shapes, and what refining may do."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lmnet_utils.apps.choosing import (
    DISTANCE_RATIO,
    SIDE,
    Refinement,
    best_fit,
    find_camera,
    photo_mask,
    placed_silhouettes,
    refine,
)
from lmnet_utils.apps.placing import place
from lmnet_utils.apps.reconstruction import check_choice
from lmnet_utils.geometry.frames import file_from_y_up


def chair(width: float = 1.0) -> torch.Tensor:
    """A seat, a back at one end, and a flag at one side: no two azimuths show the same outline. (2048, 3), file frame."""
    random = np.random.default_rng(0)
    parts = []
    for low, high in (((-0.3, -0.3, -0.2), (0.3, 0.0, 0.2)), ((-0.3, 0, -0.2), (-0.2, 0.4, 0.2)), ((0, -0.3, 0.2), (0.1, -0.2, 0.4))):  # fmt: skip
        parts.append(random.uniform(low, high, (683, 3)))
    points = np.concatenate(parts)[:2048] * (1, 1, width)
    return torch.from_numpy(file_from_y_up(points).astype(np.float32))


class Widths:
    """A decoder whose latent (512) holds a chair's width in its first number."""

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        scale = torch.ones(len(latents), 1, 3)
        scale = torch.cat([scale[..., :2], latents[:, None, :1]], dim=-1)  # z is the width in both frames
        return chair() * scale

    def parameters(self):
        return iter([torch.zeros(1)])


def seen_as(cloud: torch.Tensor, camera: tuple[float, float, float]) -> np.ndarray:
    """A photograph (128, 128, 3) of a cloud: white where it covers more than half."""
    covered = torch.nn.functional.interpolate(placed_silhouettes(cloud, [camera])[None], scale_factor=2)[0, 0]
    return np.repeat(np.uint8(255 * (covered > 0.5))[..., None], 3, axis=2)


def latents_of(*widths: float) -> torch.Tensor:
    latents = torch.zeros(len(widths), 512)
    latents[:, 0] = torch.tensor(widths)
    return latents


@pytest.mark.parametrize("azimuth", [3.0, 95.0, 172.0, 288.0])
def test_the_camera_is_found_again(azimuth: float) -> None:
    mask = photo_mask(seen_as(chair(), (azimuth, 20.0, DISTANCE_RATIO)))
    found = find_camera(chair(), mask)
    assert abs((found[0] - azimuth + 180) % 360 - 180) <= 5 and abs(found[1] - 20) <= 8


def test_the_side_that_is_told_is_kept_to() -> None:
    mask = photo_mask(seen_as(chair(), (95.0, 20.0, DISTANCE_RATIO)))
    for told in (90.0, 270.0, -10.0):
        assert abs((find_camera(chair(), mask, told)[0] - told + 180) % 360 - 180) <= 30
    assert abs(find_camera(chair(), mask, 90.0)[0] - 95) <= 5


def test_silhouettes_are_placed_as_photographs_are() -> None:
    image = seen_as(chair(), (40.0, 20.0, DISTANCE_RATIO))
    again = place(image, image[..., 0] / 255)
    assert (photo_mask(image) - photo_mask(again)).abs().mean() < 0.02
    assert photo_mask(image).shape == (SIDE, SIDE)


def test_the_sample_that_fits_is_chosen_with_the_reason() -> None:
    image = seen_as(chair(1.8), (0.0, 20.0, DISTANCE_RATIO))
    found = best_fit(Widths(), latents_of(1.6, 0.7, 1.8, 1.0), image)
    assert found.number == 2 and not found.refined
    assert found.overlap == pytest.approx(found.overlaps.max()) and found.overlaps.argmax() == 2
    torch.testing.assert_close(torch.from_numpy(found.points), Widths().decode(latents_of(1.8))[0])
    assert found.record()["sample"] == 2 and len(found.record()["silhouettes"]) == 4


def test_refining_fits_better_and_the_prior_holds_it_back() -> None:
    image = seen_as(chair(1.8), (0.0, 20.0, DISTANCE_RATIO))
    plain = best_fit(Widths(), latents_of(1.5, 1.4), image)
    bent = best_fit(Widths(), latents_of(1.5, 1.4), image, None, Refinement(steps=60, learning_rate=5.0, prior=0.0))
    assert bent.refined and bent.overlap > plain.overlap + 0.005
    start, mask, camera = latents_of(1.5), photo_mask(image), (0.0, 20.0, DISTANCE_RATIO)
    moved = [
        refine(Widths(), start, mask, camera, 0.1, Refinement(steps=60, learning_rate=0.2, prior=prior))[0, 0]
        for prior in (0.0, 10.0, 1e4)
    ]
    assert moved[0] == pytest.approx(1.8, abs=0.1), "the width of the picture"
    assert moved[2] == pytest.approx(1.5, abs=0.02) and moved[2] < moved[1] < moved[0]


def test_no_choice_without_samples_and_no_refinement_without_a_choice() -> None:
    check_choice(4, True, True)
    check_choice(0, False, False)
    for wrong, words in (((-1, False, False), "samples=-1"), ((0, True, False), "without samples"), ((4, False, True), "refine"), ((4, False, False, 90.0), "azimuth=90"), ((4, True, False, float("nan")), "azimuth=nan")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            check_choice(*wrong)
