"""Which of several reconstructions fits the photograph: its silhouette decides, seen by a camera that has to be found first.

Nobody knows where a photograph was taken from. But networks give every object in one frame, so the camera is the one by which the
network's own answer covers the photograph best. Objects in photographs are placed by their box (:func:`lmnet_utils.apps.placing.place`),
so a cloud's projection is placed in the same way; how far away the camera stood then only matters for perspective.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from lmnet_utils.data.images import OBJECT_SHIFT, OBJECT_SIDE
from lmnet_utils.data.layout import INPUT_SIZE
from lmnet_utils.geometry.frames import y_up_from_file
from lmnet_utils.geometry.silhouettes import on_image_plane, soft_overlap, soft_silhouette
from lmnet_utils.models.inference import decode
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder

SIDE = INPUT_SIZE // 2
"""Pixels of the silhouettes' side: a point of 2048 then stands for about one pixel of the object."""
DISTANCE_RATIO = 0.83
"""The middle of the training renders'."""
AZIMUTHS, ELEVATIONS = range(0, 360, 15), (5, 20, 35)
"""Of the cameras that are tried first, degrees."""
RIM = 2
"""Pixels of 128 by which a soft silhouette reaches beyond its outermost points."""

Camera = tuple[float, float, float]


def photo_mask(image: np.ndarray) -> torch.Tensor:
    """A network's input (128, 128, 3) uint8, the object on black → how far the object covers each of 64 × 64 pixels."""
    seen = torch.from_numpy((image > 0).any(axis=-1).astype(np.float32))
    return torch.nn.functional.avg_pool2d(seen[None, None], INPUT_SIZE // SIDE)[0, 0]


def placed_silhouettes(clouds: torch.Tensor, cameras: list[Camera], side: int = SIDE) -> torch.Tensor:
    """Soft silhouettes of clouds, placed as :func:`lmnet_utils.apps.placing.place` places a photograph's object.

    Args:
        clouds: (…, P, 3), file frame.
        cameras: C of them.
        side: pixels of the silhouettes' sides.

    Returns:
        (…, C, side, side).
    """
    places = on_image_plane(y_up_from_file(clouds), cameras)  # (…, C, P, 2)
    low, high = places.amin(-2, keepdim=True), places.amax(-2, keepdim=True)
    size = (high - low).amax(-1, keepdim=True)
    middle = torch.tensor([0.5, 0.5 + OBJECT_SHIFT / INPUT_SIZE]).to(places)
    scale = (OBJECT_SIDE - 2 * RIM) / INPUT_SIZE
    return soft_silhouette((places - (low + high) / 2) / size * scale + middle, side)


@torch.no_grad()
def find_camera(cloud: torch.Tensor, mask: torch.Tensor, azimuth: float | None = None) -> Camera:
    """The camera by which a cloud covers a mask best: first all round in small pictures, then near what was best.

    Args:
        cloud: (P, 3), file frame.
        mask: (64, 64).
        azimuth: degrees, where somebody knows it: then only what is within 30° of it. An outline is much the same from the
            opposite side, so this is worth much.
    """
    small = torch.nn.functional.avg_pool2d(mask[None], 2)[0]
    azimuths = AZIMUTHS if azimuth is None else [(azimuth + off) % 360 for off in (-22.5, -7.5, 7.5, 22.5)]
    coarse: list[Camera] = [(float(az), float(el), DISTANCE_RATIO) for az in azimuths for el in ELEVATIONS]
    overlaps = soft_overlap(placed_silhouettes(cloud[::4], coarse, SIDE // 2), small)
    side, elevation, _ = coarse[int(overlaps.argmax())]
    near: list[Camera] = [
        ((side + a) % 360, max(elevation + e, 0.0), DISTANCE_RATIO)
        for a in (-7.5, -3.75, 0.0, 3.75, 7.5)
        for e in (-8.0, 0.0, 8.0)
    ]
    return near[int(soft_overlap(placed_silhouettes(cloud, near), mask).argmax())]


@torch.no_grad()
def agreement(clouds: torch.Tensor, mask: torch.Tensor, camera: Camera) -> torch.Tensor:
    """Soft intersection over union (N,) of clouds (N, P, 3), file frame, with a mask (64, 64)."""
    return soft_overlap(placed_silhouettes(clouds, [camera])[:, 0], mask)


@dataclass(frozen=True)
class Refinement:
    """How a latent is bent towards a silhouette.

    Attributes:
        steps, learning_rate: of Adam.
        prior: what a move as large as the samples' own spread costs, in intersection over union.
    """

    steps: int = 30
    learning_rate: float = 0.02
    prior: float = 0.02


def refine(
    decoder: PointCloudAutoencoder | ImageEncoder,
    latents: torch.Tensor,
    mask: torch.Tensor,
    camera: Camera,
    spread: float,
    how: Refinement = Refinement(),
) -> torch.Tensor:
    """Latents whose clouds fit a silhouette better, and that stay near where they were.

    Minimises 1 − IoU + prior · mean((z − z₀)²) / spread².

    Args:
        decoder: of :func:`lmnet_utils.models.inference.decoder_of`; its weights stay.
        latents: (B, 512), z₀.
        mask: (64, 64) of :func:`photo_mask`.
        camera: of :func:`find_camera`.
        spread: root mean square of the samples' distance from the network's own latent, in a number of the latent.

    Returns:
        (B, 512).
    """
    start = latents.clone()  # what comes out of inference mode cannot be differentiated
    moved = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([moved], how.learning_rate * spread)
    for _ in range(how.steps):
        overlap = soft_overlap(placed_silhouettes(decoder.decode(moved), [camera])[:, 0], mask)
        loss = (1 - overlap + how.prior * (moved - start).square().mean(1) / spread**2).sum()
        (moved.grad,) = torch.autograd.grad(loss, moved)
        optimizer.step()
    return moved.detach()


@dataclass(frozen=True)
class BestFit:
    """What fits a photograph's silhouette best.

    Attributes:
        number: 0 for the network's own answer, k for sample k.
        points: (2048, 3) its cloud, file frame, refined if that was asked for.
        overlap: its soft intersection over union with the photograph.
        overlaps: (1 + N,) of the own answer and of every sample, before any refinement.
        camera: azimuth°, elevation°, distance ratio from which they were seen.
        refined: whether the latent was bent towards the silhouette.
    """

    number: int
    points: np.ndarray
    overlap: float
    overlaps: np.ndarray
    camera: Camera
    refined: bool

    def record(self) -> dict[str, Any]:
        """What a picture's record says of it."""
        azimuth, elevation, _ = self.camera
        return {
            "sample": self.number,
            "silhouette": round(self.overlap, 4),
            "silhouettes": [round(float(one), 4) for one in self.overlaps],
            "assumed_azimuth": azimuth,
            "assumed_elevation": elevation,
            "refined": self.refined,
        }


def best_fit(
    decoder: PointCloudAutoencoder | ImageEncoder,
    latents: torch.Tensor,
    image: np.ndarray,
    azimuth: float | None = None,
    refinement: Refinement | None = None,
) -> BestFit:
    """Choose what fits a photograph's silhouette best.

    Args:
        decoder: of :func:`lmnet_utils.models.inference.decoder_of`.
        latents: (1 + N, 512) the network's own, and N ≥ 1 samples.
        image: (128, 128, 3) uint8, the network's input.
        azimuth: degrees, if it is known from which side it was taken.
        refinement: how the chosen one is refined; by default not at all.
    """
    mask, clouds = photo_mask(image), decode(decoder, latents)
    camera = find_camera(clouds[0], mask, azimuth)
    overlaps = agreement(clouds, mask, camera)
    number = int(overlaps.argmax())
    points, overlap = clouds[number], overlaps[number]
    if refinement is not None:
        spread = float((latents[1:] - latents[0]).square().mean().sqrt())
        bent = decode(decoder, refine(decoder, latents[number : number + 1], mask, camera, spread, refinement))
        points, overlap = bent[0], agreement(bent, mask, camera)[0]
    return BestFit(number, points.numpy(), float(overlap), overlaps.numpy(), camera, refinement is not None)
