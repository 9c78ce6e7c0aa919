"""Training of the image encoder that matches the autoencoder's latents (paper, sections 3.2 and 3.3)."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lmnet_utils.core import cache, paths
from lmnet_utils.core.notebook_settings import EncoderSettings
from lmnet_utils.core.runtime import pick_precision, seed_everything
from lmnet_utils.data.packs import Pack
from lmnet_utils.data.photographs import like_photographs
from lmnet_utils.geometry.pointclouds import scaled_chamfer
from lmnet_utils.models.losses import (
    autoencoder_loss,
    direct_regression_loss,
    diversity_loss,
    latent_matching_loss,
    sample_latent,
)
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.orientation import match_frame
from lmnet_utils.models.strong import StrongEncoder, open_features
from lmnet_utils.models.weights import fingerprint_of, load_model
from lmnet_utils.training import processes
from lmnet_utils.training.loop import Training, TrainingData, TrainingResult, generator, initialised, open_data, passes

VALIDATION_VIEWS = 2048
"""At most so many (object, view) pairs are scored after an epoch."""


def mirror_clouds(clouds: torch.Tensor) -> torch.Tensor:
    """Left-right mirror image of clouds (…, N, 3) in the file frame, whose z axis points sideways."""
    return clouds * clouds.new_tensor([1.0, 1.0, -1.0])


# ------------------------------------------------------------------------------------------------------ image encoder
def train_image_encoder(settings: EncoderSettings, *, progress: bool = True) -> TrainingResult:
    """Train an image encoder to predict the frozen autoencoder's latents (paper, sections 3.2 and 3.3).

    The latents of all training models are computed once and kept beside the pack. With a Chamfer loss the targets are the
    clouds instead: the direct regression that the paper compares latent matching with. The strong variant sees its network's
    maps, computed once, instead of images (:func:`~lmnet_utils.models.strong.open_features`). Leaves
    ``trained_models/<run>/<settings.model_name>/``; resumes and raises as :func:`train_autoencoder`.

    Variant I keeps the epoch with the best validation Chamfer. Variant II keeps the last one: that score looks at the
    decoded mean alone and on FreeShapes chose an epoch before σ had been learnt (0.04 where 0.17 is the optimum).
    """
    data, device = open_data(settings), processes.start(settings.device, settings.precision).device
    targets = compute_targets(settings, data, device)
    seed_everything(settings.seed)
    probabilistic = settings.loss == "probabilistic"
    model = initialised(new_encoder(settings, targets), settings.initial_weights, data)
    model = model.to(device, memory_format=torch.channels_last)
    decoder = targets.autoencoder if model.decoder is None else model
    options = {"name": settings.model_name, "keep_last": probabilistic, "progress": progress}
    with Training(model, settings, data, **options) as training:
        batches = ImageBatches(data, settings, targets, device)
        for _ in training.epochs():
            for images, target, azimuth, noise in training.batches(batches):
                with training.autocast():
                    output = model(images)
                    clouds = None if settings.matches_latents else decoder.decode(output).float()
                if settings.loss == "end_to_end":
                    training.check(clouds)
                    training.step(autoencoder_loss(target, clouds, targets.loss))
                elif clouds is not None:
                    training.check(clouds)
                    training.step(direct_regression_loss(target, clouds))
                elif not probabilistic:
                    training.step(latent_matching_loss(output.float(), target, settings.loss))
                else:
                    mean, log_variance = output[0].float(), output[1].float()
                    matching = latent_matching_loss(sample_latent(mean, log_variance, noise), target, "l2")
                    sigma = torch.exp(0.5 * log_variance)
                    diversity = diversity_loss(sigma, azimuth, settings.alpha, settings.penalty_angle)
                    loss = matching + settings.diversity_weight * diversity
                    training.step(loss, matching=matching, diversity=diversity, sigma=sigma.mean())
            training.validate(score_encoder(training, decoder))
    return training.result()


def new_encoder(settings: EncoderSettings, targets: Targets) -> ImageEncoder:
    """An untrained encoder of the settings' architecture; its own decoder, if it has one, starts as the autoencoder's where that is known.

    While the strong variant matches latents its decoder is frozen: it is there to be stored with it.
    """
    strong, own_decoder = settings.architecture == "strong", settings.loss in ("chamfer", "end_to_end")
    variational = settings.loss == "probabilistic"
    if strong:
        model: ImageEncoder = StrongEncoder()
    else:
        model = ImageEncoder(settings.architecture, settings.width, variational, decoder=own_decoder)
    model.initialise(scale=targets.scale, mean=targets.mean, sigma=settings.alpha)
    if model.decoder is not None and targets.autoencoder is not None:
        model.decoder.load_state_dict(targets.autoencoder.decoder.state_dict())
        model.decoder.requires_grad_(own_decoder)
        model.decoder.keeps_statistics = True
    return model


@dataclass(frozen=True)
class Targets:
    """What an image encoder is to predict: latents (R, 512) of the training objects, or their clouds (no ``latents``).

    ``mirrored``: latents of the mirrored clouds, for flipped images. ``scale`` and ``mean`` of the latents: where the
    encoder's outputs start. ``autoencoder``: the frozen one; None in direct regression. ``loss``: that it was trained with.
    """

    autoencoder: PointCloudAutoencoder | None = None
    latents: torch.Tensor | None = None
    mirrored: torch.Tensor | None = None
    scale: float = 1.0
    mean: float | torch.Tensor = 0.0
    loss: str = "paper"


def compute_targets(settings: EncoderSettings, data: TrainingData, device: torch.device) -> Targets:
    """Load the frozen autoencoder and compute its latents; its fingerprint joins the data's record.

    Raises:
        FileNotFoundError: as :func:`autoencoder_folder`.
    """
    if settings.loss == "chamfer" and settings.architecture != "strong":
        return Targets()
    autoencoder = load_model(autoencoder_folder(settings), device, kind="autoencoder").requires_grad_(False)
    match_frame({"autoencoder": autoencoder}, data.pack, data.split.train)
    data.record["autoencoder"] = fingerprint_of(autoencoder)
    latents, mirrored = compute_latents(autoencoder, data.pack, data.rows, mirrored=settings.augment, keep=True)
    scale = float(latents.std(0).mean()) if len(latents) > 1 else 1.0
    loss = autoencoder.config.get("training", {}).get("settings", {}).get("loss", "paper")
    return Targets(autoencoder, latents, mirrored, scale, latents.mean(0), loss)


class ImageBatches:
    """Batches of an image encoder: images (B, 3, 128, 128), targets, azimuths (B,) and Variant II's noise (B, 512).

    With losses on clouds the targets are clouds (B, 2048, 3), else latents (B, 512). The strong variant gets its features' maps
    (B, 12288) instead of images. Where a decoder learns the last, smaller batch of an epoch is left out: its batch norm dislikes it.
    """

    def __init__(self, data: TrainingData, settings: EncoderSettings, targets: Targets, device: torch.device) -> None:
        self.pack, self.rows, self.settings, self.targets, self.device = (
            data.pack, data.rows, settings, targets, device,
        )  # fmt: skip
        strong = settings.architecture == "strong"
        precision = pick_precision(settings.precision, device)
        self.features = open_features(self.pack, self.rows, device, precision=precision) if strong else None
        self.azimuths = torch.from_numpy(np.array(self.pack.azimuths[self.rows]))
        self.drawn = min(settings.views_per_model or self.pack.views, self.pack.views)
        items = len(self.rows) * self.drawn
        whole = settings.loss in ("chamfer", "end_to_end")
        once = max(1, items // settings.batch_size if whole else math.ceil(items / settings.batch_size))
        self.steps = settings.steps_per_epoch or once

    def order(self, epoch: int) -> np.ndarray:
        rng, views, wanted = generator(self.settings.seed, epoch), self.pack.views, self.settings.steps_per_epoch

        def one_pass() -> np.ndarray:
            chosen = np.argsort(rng.random((len(self.rows), views)), axis=1)[:, : self.drawn]
            items = (np.arange(len(self.rows))[:, None] * views + chosen).ravel()
            return items[self.pack.shuffled(self.rows[items // views], rng)]

        return passes(one_pass, wanted and wanted * self.settings.batch_size)

    def load(self, order: np.ndarray, epoch: int, step: int) -> tuple[np.ndarray, list[Any]]:
        size = self.settings.batch_size
        chosen = order[step * size : (step + 1) * size]
        number, view = np.divmod(chosen, self.pack.views)
        rng = generator(self.settings.seed, epoch, step)
        flip = torch.from_numpy(rng.random(len(chosen)) < 0.5) if self.settings.augment else None
        images = self._inputs(self.rows[number], view, flip, rng)
        target, noise = self._target(number, flip), None
        if self.settings.loss == "probabilistic":
            noise = torch.from_numpy(rng.standard_normal(target.shape, np.float32))
        items = (images, target, self.azimuths[number, view], noise)
        return number, [None if item is None else item.to(self.device, non_blocking=True) for item in items]

    def part(self, batch: list[Any], share: slice) -> list[Any]:
        return [None if item is None else item[share] for item in batch]

    def _inputs(
        self, rows: np.ndarray, views: np.ndarray, flip: torch.Tensor | None, rng: np.random.Generator
    ) -> torch.Tensor:
        photograph = None
        if self.settings.photographs and flip is not None:
            photograph = flip.numpy() & (rng.random(len(rows)) < 0.5)
        if self.features is not None:
            return self.features.maps(rows, views, None if flip is None else flip.numpy(), photograph)
        images = self.pack.images(rows, views)
        if flip is not None:
            images = torch.where(flip[:, None, None, None], images.flip(-1), images)
        if photograph is not None and photograph.any():
            images[photograph] = like_photographs(images[photograph], rng)
        return images.contiguous(memory_format=torch.channels_last)

    def _target(self, number: np.ndarray, flip: torch.Tensor | None) -> torch.Tensor:
        if self.settings.matches_latents:
            straight = self.targets.latents[number]
            mirrored = None if flip is None else self.targets.mirrored[number]
        else:
            straight = torch.from_numpy(self.pack.points[self.rows[number]])
            mirrored = mirror_clouds(straight)
        if flip is None:
            return straight
        return torch.where(flip.view(-1, *[1] * (straight.ndim - 1)), mirrored, straight)


def autoencoder_folder(settings: EncoderSettings) -> Path:
    """Folder of the frozen autoencoder: ``settings.autoencoder``, or the run's own.

    Raises:
        FileNotFoundError: it is not there; the message says which notebook makes it.
    """
    folder = (
        paths.resolve(settings.autoencoder) if settings.autoencoder else paths.model_dir(settings.run, "autoencoder")
    )
    if not folder.exists():
        raise FileNotFoundError(
            f"no autoencoder at {paths.display(folder)}: run 02_autoencoder_training with run={settings.run!r} first, "
            "or set autoencoder= to a model folder or a published state dict."
        )
    return folder


@torch.no_grad()
def compute_latents(
    autoencoder: PointCloudAutoencoder,
    pack: Pack,
    rows: np.ndarray,
    *,
    mirrored: bool = False,
    batch: int = 64,
    keep: bool = False,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Latents of the packed clouds ``rows`` (R, 512) in fp32 on the CPU, and those of their mirror images if asked.

    ``keep``: beside the pack, where the folder can be written. The autoencoder is frozen: what one encoder's training has
    computed serves all others.
    """
    device = next(autoencoder.parameters()).device

    def compute(span: slice) -> dict[str, np.ndarray]:
        clouds = torch.from_numpy(pack.points[rows[span]]).to(device)
        found = {"straight": autoencoder.encode(clouds)}
        if mirrored:
            found["mirrored"] = autoencoder.encode(mirror_clouds(clouds))
        return {name: latents.cpu().numpy() for name, latents in found.items()}

    what = {"autoencoder": fingerprint_of(autoencoder), "pack": pack.hash, "rows": rows.tolist(), "device": device.type}
    key = cache.fingerprint({**what, "mirrored": mirrored}, "training", "frames")
    file = pack.folder / "latents" if keep and os.access(pack.folder, os.W_OK) else None
    found = cache.kept_arrays(file, key, len(rows), batch, compute)
    return torch.from_numpy(found["straight"]), torch.from_numpy(found["mirrored"]) if mirrored else None


@torch.no_grad()
def score_encoder(
    training: Training, decoder: PointCloudAutoencoder | ImageEncoder, batch: int = 64
) -> np.ndarray | None:
    """Chamfer ×100 of the validation objects' decoded images, so many views as the settings say; None without such objects."""
    pack, rows = training.data.pack, training.data.pack.rows(training.data.split.val)
    wanted = training.settings.validation_views or pack.views
    views = min(pack.views, wanted, max(1, VALIDATION_VIEWS // max(1, len(rows))))
    pairs = [(row, view) for row in rows for view in np.linspace(0, pack.views - 1, views).astype(int)]
    training.model.eval()
    scores = []
    for i in range(0, len(pairs), batch):
        part = np.array(pairs[i : i + batch])
        with training.autocast():
            output = training.model(pack.images(part[:, 0], part[:, 1]).to(training.device))
        mean = output[0] if isinstance(output, tuple) else output
        prediction = decoder.decode(mean.float()).cpu()
        training.check(prediction)
        scores.append(scaled_chamfer(torch.from_numpy(pack.points_1024[part[:, 0]]), prediction).numpy())
    training.model.train()
    return np.concatenate(scores) if scores else None
