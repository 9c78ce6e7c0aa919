"""From images to point clouds with trained models, and the predictions' files.

Everything runs under ``torch.inference_mode`` and is deterministic: the noise of Variant II belongs to an image and a
seed, whatever the batch size and whichever other images are reconstructed with it. Clouds are in the file frame.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tqdm.auto import tqdm

from lmnet_utils.core.checks import choose
from lmnet_utils.data.packs import Pack
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder


def spread_over_classes(models: Sequence[str]) -> list[str]:
    """``"synset/model"`` names reordered so that the classes take turns: any beginning of the list covers many."""
    turn: dict[str, int] = {}
    keys = []
    for model in sorted(models):
        synset = model.split("/")[0]
        turn[synset] = turn.get(synset, -1) + 1
        keys.append((turn[synset], model))
    return [model for _, model in sorted(keys)]


@dataclass(frozen=True)
class Sampling:
    """Samples of Variant II: how many an image (0 for none, only the mean), and the seed of their noise."""

    samples: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Batching:
    """How images go through an encoder: how many at once, in which arithmetic, and with which bar (:func:`encode_images`)."""

    batch_size: int = 64
    precision: str = "fp32"
    progress: str = ""


def image_number(image: np.ndarray) -> int:
    """Identifies an image, (128, 128, 3) uint8, to random numbers: by its content, whatever its name and batch."""
    return int.from_bytes(hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest()[:8], "big")


# ------------------------------------------------------------------------------------------------------ reconstruction
def _device(model: torch.nn.Module) -> torch.device:
    return next(model.parameters()).device


def _check_images(images: torch.Tensor) -> None:
    if images.ndim != 4 or tuple(images.shape[1:]) != (3, 128, 128):
        raise ValueError(f"expected images of shape (B, 3, 128, 128), 0…255, found {tuple(images.shape)}.")


def batch_spans(count: int, batch_size: int, progress: str = "") -> Iterator[slice]:
    """Slices of ``count`` images, one a batch; ``progress`` is the text beside a bar, empty for none."""
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size}: expected at least 1.")
    with tqdm(total=count, desc=progress or None, unit="image", disable=not progress) as bar:
        for start in range(0, count, batch_size):
            yield slice(start, min(start + batch_size, count))
            bar.update(min(batch_size, count - start))


@torch.inference_mode()
def encode_images(
    encoder: ImageEncoder, images: torch.Tensor, *, batch_size: int = 64, precision: str = "fp32", progress: str = ""
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Images (B, 3, 128, 128), uint8 or float 0…255 → latent (B, 512), and log-variance (B, 512) for Variant II.

    Args:
        encoder: of either variant, in evaluation mode, on the device that computes.
        images: on any device.
        batch_size: images at once.
        precision: ``"fp32"``, or ``"bf16"`` for autocast (about twice as fast where it is native, three digits).
        progress: text beside a progress bar; empty for none.

    Returns:
        Latent means, and log-variances or ``None``; fp32 on the CPU.
    """
    choose("precision", precision, ("fp32", "bf16"))
    _check_images(images)
    device = _device(encoder)
    encoder = encoder.to(memory_format=torch.channels_last)  # twice as fast on CPUs, the same weights
    outputs = []
    for span in batch_spans(len(images), batch_size, progress):
        batch = images[span].to(device).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            output = encoder(batch)
        output = output if isinstance(output, tuple) else (output,)
        outputs.append([part.float().cpu() for part in output])
    if not outputs:
        empty = torch.zeros(0, 512)
        return empty, empty.clone() if encoder.variational else None
    parts = [torch.cat(part) for part in zip(*outputs, strict=True)]
    return parts[0], parts[1] if len(parts) == 2 else None


@torch.inference_mode()
def encode_clouds(
    autoencoder: PointCloudAutoencoder, points: np.ndarray | torch.Tensor, *, batch_size: int = 64
) -> torch.Tensor:
    """Clouds (B, N, 3) in the file frame → the autoencoder's latents (B, 512), fp32 on the CPU."""
    device = _device(autoencoder)
    return torch.cat(
        [
            autoencoder.encode(torch.tensor(np.asarray(points[span]), dtype=torch.float32, device=device)).cpu()
            for span in batch_spans(len(points), batch_size)
        ]
        or [torch.zeros(0, 512)]
    )


def decoder_of(
    autoencoder: PointCloudAutoencoder, encoder: ImageEncoder | None
) -> PointCloudAutoencoder | ImageEncoder:
    """The model whose ``decode`` makes clouds of an encoder's latents: the encoder, if it carries a decoder."""
    return autoencoder if encoder is None or encoder.decoder is None else encoder


@torch.inference_mode()
def decode(
    model: PointCloudAutoencoder | ImageEncoder, latents: torch.Tensor, *, batch_size: int = 256
) -> torch.Tensor:
    """Latents (…, 512) → clouds (…, 2048, 3) in the file frame, fp32 on the CPU; ``model`` of :func:`decoder_of`."""
    flat = latents.reshape(-1, latents.shape[-1])
    device = _device(model)
    clouds = [model.decode(flat[span].to(device).float()).cpu() for span in batch_spans(len(flat), batch_size)]
    clouds = torch.cat(clouds) if clouds else torch.zeros(0, 2048, 3)
    return clouds.reshape(*latents.shape[:-1], *clouds.shape[1:])


def sample_latents(
    mean: torch.Tensor,
    log_variance: torch.Tensor,
    samples: int,
    *,
    seed: int = 0,
    indices: Sequence[int] | None = None,
) -> torch.Tensor:
    """Variant II's samples: mean + exp(½·log-variance)·noise (paper, section 3.2.2).

    The noise of an image is drawn from a generator seeded with ``seed`` and the image's index alone, so that it does
    not depend on the batch; the first samples are the same however many are asked for.

    Args:
        mean: (B, 512).
        log_variance: (B, 512).
        samples: N ≥ 1.
        seed: of the noise.
        indices: (B,) non-negative numbers that identify the images; by default 0 … B − 1.

    Returns:
        (B, N, 512).
    """
    if samples < 1:
        raise ValueError(f"samples={samples}: expected at least 1.")
    indices = range(len(mean)) if indices is None else indices
    if len(indices) != len(mean):
        raise ValueError(f"{len(indices)} indices for {len(mean)} images: expected one each.")
    shape = (samples, mean.shape[-1])
    noise = [np.random.default_rng([seed, int(index)]).standard_normal(shape, np.float32) for index in indices]
    noise = torch.from_numpy(np.stack(noise)) if noise else torch.zeros(0, *shape)
    return mean[:, None] + torch.exp(0.5 * log_variance)[:, None] * noise


def reconstruct(
    autoencoder: PointCloudAutoencoder,
    encoder: ImageEncoder,
    images: torch.Tensor,
    sampling: Sampling = Sampling(),
    *,
    indices: Sequence[int] | None = None,
    batching: Batching = Batching(),
) -> torch.Tensor:
    """Point clouds from images.

    Args:
        autoencoder: whose latent space the encoder was trained on.
        encoder: of either variant.
        images: (B, 3, 128, 128), uint8 or float 0…255, as the data set's crops.
        sampling: by default one cloud an image (Variant I's, or the decoded mean of Variant II); otherwise N seeded
            samples of Variant II.
        indices: what identifies each image to the noise; see :func:`sample_latents`.
        batching: of the image encoder.

    Returns:
        (B, 2048, 3), or (B, N, 2048, 3) with samples; file frame, fp32 on the CPU.

    Raises:
        ValueError: samples of a deterministic encoder, or images of another shape.
    """
    mean, log_variance = encode_images(encoder, images, batch_size=batching.batch_size, precision=batching.precision)
    decoder = decoder_of(autoencoder, encoder)
    if sampling.samples == 0:
        return decode(decoder, mean)
    if log_variance is None:
        raise ValueError(
            f"samples={sampling.samples}: this encoder is deterministic (Variant I); only Variant II has samples."
        )
    latents = sample_latents(mean, log_variance, sampling.samples, seed=sampling.seed, indices=indices)
    return decode(decoder, latents)


def images_per_second(
    autoencoder: PointCloudAutoencoder, encoder: ImageEncoder, images: torch.Tensor, batching: Batching = Batching()
) -> float:
    """Measured speed of :func:`reconstruct`, after a warm-up."""
    reconstruct(autoencoder, encoder, images[:8], batching=batching)
    start = time.perf_counter()
    reconstruct(autoencoder, encoder, images, batching=batching)
    return len(images) / (time.perf_counter() - start)


# -------------------------------------------------------------------------------------------------- over a data set
@dataclass(frozen=True)
class Item:
    """One image of a data set: ``model`` is ``"synset/model"``, ``azimuth`` in degrees (0 is the front)."""

    model: str
    view: int
    azimuth: float

    @property
    def synset(self) -> str:
        return self.model.split("/")[0]

    @property
    def noise_index(self) -> int:
        """Identifies the image to Variant II's noise: the same in every subset, split and order."""
        return int.from_bytes(hashlib.sha256(f"{self.model}/{self.view}".encode()).digest()[:8], "big")


@dataclass(frozen=True)
class Batch:
    """Some reconstructed images: B items with their inputs and outputs, on the CPU.

    ``images`` (B, 3, 128, 128) uint8; ``latent`` (B, 512); ``points`` (B, 2048, 3): Variant I's cloud, Variant II's
    decoded mean, or the autoencoder's reconstruction; ``samples`` (B, N, 2048, 3) and ``log_variance`` (B, 512) only
    of Variant II.
    """

    items: list[Item]
    rows: np.ndarray
    images: torch.Tensor
    latent: torch.Tensor
    points: torch.Tensor
    log_variance: torch.Tensor | None = None
    samples: torch.Tensor | None = None


def items_of(pack: Pack, models: Sequence[str], views: int | None = None) -> list[Item]:
    """The first ``views`` views of each model; first view 0 of all models, then view 1, …

    In this order, any beginning of the list holds as many different objects as it can.

    Args:
        pack: of the data set.
        models: ``"synset/model"``, in the order wanted.
        views: how many views of each, by default all 24.

    Raises:
        ValueError: ``views`` is not between 1 and the data set's number of views.
    """
    count = pack.views if views is None else views
    if not 1 <= count <= pack.views:
        raise ValueError(f"views={views}: expected 1 to {pack.views}, or null for all of them.")
    rows = pack.rows(models)
    azimuths = np.degrees(np.asarray(pack.azimuths[rows], np.float64))  # (M, V)
    return [Item(model, view, float(azimuths[m, view])) for view in range(count) for m, model in enumerate(models)]
