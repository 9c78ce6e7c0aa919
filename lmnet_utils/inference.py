"""From images to point clouds with trained models, and the predictions' files.

Everything runs under ``torch.inference_mode`` and is deterministic: the noise of Variant II belongs to an image and a
seed, whatever the batch size and whichever other images are reconstructed with it. Clouds are in the file frame.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import os
import re
import shutil
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tqdm.auto import tqdm

from lmnet_utils import paths, taxonomy
from lmnet_utils.models import ImageEncoder, PointCloudAutoencoder, load_model
from lmnet_utils.reproducibility import atomic_path, choose, read_json
from lmnet_utils.settings import PAPER_ALPHA, PAPER_ANGLE

if TYPE_CHECKING:
    from lmnet_utils.shapenet import Pack

INDEX_COLUMNS = ("i", "synset", "model", "view", "azimuth")


# ------------------------------------------------------------------------------------------------------------ models
def find_networks(run: str) -> dict[str, Path]:
    """The trained networks of a run: name → folder, in the order of :attr:`NetworkInfo.order`.

    Args:
        run: a folder of ``trained_models/``.

    Raises:
        FileNotFoundError: no such run, or a run without an autoencoder; says what to do.
    """
    root = paths.model_dir(run, "")
    found = {path.parent.name: path.parent for path in root.glob("*/model.safetensors")}
    if "autoencoder" not in found:
        runs = sorted({path.parent.parent.name for path in paths.trained_models_root().glob("*/*/model.safetensors")})
        raise FileNotFoundError(
            f"{paths.display(root)} holds no trained autoencoder (found: {', '.join(sorted(found)) or 'nothing'}). "
            f"Run notebooks 02 to 05 with run={run!r}, or choose a run that has one: {', '.join(runs) or 'none yet'}."
        )

    infos = [read_info(folder) for folder in sorted(found.values())]
    return {info.name: found[info.name] for info in sorted(infos, key=lambda info: info.order)}


_LOSSES = {"l1": "L1", "l2": "L2", "chamfer": "direct regression", "chamfer_frozen": "Chamfer, frozen decoder"}
"""Variant I's training losses, in the order of tables, with their words."""
_SEED = re.compile(r"_seed(\d+)$")
_LAMBDA = re.compile(r"encoder_lambda_([\d.e+-]+)(?:_alpha_([\d.e+-]+))?$")


@dataclass(frozen=True)
class NetworkInfo:
    """What a network is. The one place that knows: by its ``config.json``, and by its folder's name what that does not say.

    Attributes:
        name: of its folder.
        kind: ``"autoencoder"``, ``"image_encoder"``, or empty where nobody says.
        variational: whether it is Variant II; ``None`` where nobody says.
        own_decoder: whether it carries a decoder, as direct regression does, and matches no autoencoder's latents.
        loss: that it was trained with, such as ``"l1"``; empty where nobody says.
        diversity_weight: λ of Variant II; ``None`` where nobody says, as of a converted checkpoint, and of other networks.
        alpha, penalty_angle: of the diversity loss (degrees); the paper's where nobody says.
        seed: of its training.
        classes: the class group that it was trained on. Where nobody says, the paper's: chairs for Variant II, else all 13.
        dataset, split: that it was trained on; empty where nobody says.
    """

    name: str
    kind: str = ""
    variational: bool | None = None
    own_decoder: bool = False
    loss: str = ""
    diversity_weight: float | None = None
    alpha: float = PAPER_ALPHA
    penalty_angle: float = PAPER_ANGLE
    seed: int = 0
    classes: str = "13"
    dataset: str = ""
    split: str = ""

    @property
    def method(self) -> str:
        """The name without its training seed, the same for all seeds of a method; see :func:`base_name`."""
        return base_name(self.name)

    @property
    def method_label(self) -> str:
        """As figures and tables show the method: ``"L1"``, ``"λ = 5.5"``; ``"mine (L1)"`` under a name of one's own."""
        if self._trained_as == _by_name(self.name)._trained_as and self._words:
            return self._words
        bare = self.method.removeprefix("encoder_")
        return f"{bare} ({self._words})" if self._words else bare

    @property
    def label(self) -> str:
        """The method's label, and the training seed where the name says one: ``"λ = 5.5, seed 1"``."""
        found = _SEED.search(self.name)
        return self.method_label + (f", seed {int(found[1])}" if found and int(found[1]) else "")

    @property
    def order(self) -> tuple[int, float, float, str, int]:
        """Sorts: autoencoder, Variant I as :data:`_LOSSES`, Variant II in ascending order of λ and α, then anything else."""
        if self.kind == "autoencoder":
            place = 0
        elif self.variational is None:
            place = len(_LOSSES) + 3
        elif self.variational:
            place = len(_LOSSES) + 2
        else:
            place = 1 + (list(_LOSSES).index(self.loss) if self.loss in _LOSSES else len(_LOSSES))
        weight = -1.0 if self.diversity_weight is None else self.diversity_weight
        return place, weight, self.alpha, self.method, self.seed

    @property
    def training(self) -> str:
        """What it was trained on, in words, as far as anybody says."""
        where = f"{self.dataset}, split {self.split}, " if self.split else ""
        return f"{where}classes {self.classes}"

    @property
    def _trained_as(self) -> tuple[Any, ...]:
        return self.kind, self.variational, self.loss, self.diversity_weight, self.alpha

    @property
    def _words(self) -> str:
        if self.kind == "autoencoder":
            return "autoencoder"
        if not self.variational:
            return _LOSSES.get(self.loss, "")
        if self.diversity_weight is None:
            return "Variant II"
        return f"λ = {self.diversity_weight:g}" + (f", α = {self.alpha:g}" if self.alpha != PAPER_ALPHA else "")


def _by_name(name: str) -> NetworkInfo:
    """What a folder's name says by itself (see ``EncoderSettings.model_name``)."""
    base, found = base_name(name), _SEED.search(name)
    info = NetworkInfo(name, seed=int(found[1]) if found else 0)
    if base == "autoencoder":
        return replace(info, kind="autoencoder")
    if (loss := base.removeprefix("encoder_")) in _LOSSES and loss != base:
        return replace(info, kind="image_encoder", variational=False, own_decoder=loss == "chamfer", loss=loss)
    if weight := _LAMBDA.match(base):
        info = replace(info, kind="image_encoder", variational=True, loss="probabilistic", classes="chair")
        return replace(info, diversity_weight=float(weight[1]), alpha=float(weight[2] or PAPER_ALPHA))
    return info


def describe(name: str, config: Mapping[str, Any] | None = None) -> NetworkInfo:
    """What a network is, by its ``config`` (as :func:`~lmnet_utils.models.load_model` gives it) and its folder's name."""
    config = config or {}
    training = config.get("training", {})
    settings, data = training.get("settings", {}), training.get("data", {})
    named = _by_name(name)
    kind, variational = config.get("kind", named.kind), config.get("variational", named.variational)
    if (kind, bool(variational)) != (named.kind, bool(named.variational)):
        named = NetworkInfo(name, seed=named.seed)  # the name speaks of something else
    info = replace(
        named,
        kind=kind,
        variational=None if kind == "autoencoder" else variational,
        own_decoder=config.get("decoder", named.own_decoder),
        seed=settings.get("seed", named.seed),
        classes=data.get("classes") or ("chair" if variational else "13"),
        dataset=data.get("dataset", ""),
        split=data.get("split", ""),
    )
    if kind == "autoencoder" or not settings:
        return info
    info = replace(info, loss=settings.get("loss", info.loss))
    if not variational:
        return replace(info, diversity_weight=None, alpha=PAPER_ALPHA)
    names = ("diversity_weight", "alpha", "penalty_angle")
    return replace(info, **{name: float(settings[name]) for name in names if settings.get(name) is not None})


def read_info(folder: Path) -> NetworkInfo:
    """:func:`describe` of a model folder, without loading weights; of an unreadable ``config.json`` the name alone counts."""
    try:
        config = read_json(folder / "config.json")
    except (OSError, ValueError):
        config = None
    return describe(folder.name, config if isinstance(config, dict) else None)


def info_of(name: str, network: torch.nn.Module | None = None) -> NetworkInfo:
    """:func:`describe` of a loaded network; without it the name alone counts."""
    return describe(name, None if network is None else network.config)


def base_name(name: str) -> str:
    """A network's name without its training seed: ``encoder_l1_seed2`` → ``encoder_l1``."""
    return _SEED.sub("", name)


def first_seeds(infos: Iterable[NetworkInfo]) -> list[str]:
    """Names of the networks without those of further training seeds: of each method the lowest seed, in the given order."""
    infos = list(infos)
    first: dict[str, NetworkInfo] = {}
    for info in sorted(infos, key=lambda info: info.seed):
        first.setdefault(info.method, info)
    return [info.name for info in infos if first[info.method] is info]


def label(name: str, network: torch.nn.Module | None = None) -> str:
    """A network as figures and tables show it (:attr:`NetworkInfo.label`): ``encoder_lambda_5.5_seed1`` → ``λ = 5.5, seed 1``."""
    return info_of(name, network).label


def load_networks(
    run: str, models: Sequence[str] | None = None, device: str | torch.device = "cpu"
) -> dict[str, PointCloudAutoencoder | ImageEncoder]:
    """Load networks; the autoencoder is always among them, first, as nothing works without it.

    Args:
        run: a folder of ``trained_models/``.
        models: names of the run's models (None: all), and ``name=path`` for others: a model folder of any run, or a
            published state dict. Such an encoder's latents are decoded by the autoencoder given as ``autoencoder=path``,
            otherwise by the run's.
        device: where they go.

    Raises:
        FileNotFoundError, ValueError: no such model; no autoencoder; a name that occurs twice.
    """
    names = [text for text in models or () if "=" not in text]
    others = dict(text.split("=", 1) for text in models or () if "=" in text)
    folders = {} if "autoencoder" in others and not names and models is not None else find_networks(run)
    unknown = [name for name in names if name not in folders]
    if unknown:
        raise ValueError(f"run {run!r} has no {', '.join(unknown)}; it has {', '.join(folders)}.")
    if twice := [name for name in others if name in names]:
        raise ValueError(f"models: {', '.join(twice)} is named twice; give the other one a name of its own.")
    wanted = [name for name in folders if models is None or name in names or name == "autoencoder"]
    found = {name: folders[name] for name in wanted} | {name: paths.resolve(path) for name, path in others.items()}
    networks = {name: load_model(path, device) for name, path in found.items()}
    for name, network in networks.items():
        if isinstance(network, PointCloudAutoencoder) != (name == "autoencoder"):
            raise ValueError(
                f"{name}={found[name]}: expected an image encoder, and an autoencoder as 'autoencoder' only."
            )
    return {name: networks[name] for name in sorted(networks, key=lambda name: info_of(name, networks[name]).order)}


def warn_of_leakage(
    model: torch.nn.Module, name: str, dataset: str, split: str, test: Sequence[str] | None = None
) -> None:
    """Warn if a model has been trained on test objects, or may have been: its scores are too good then.

    Args:
        model: with the ``config`` that says what it was trained on.
        name: of the model, for the message.
        dataset, split: what it is scored on.
        test: the objects; they are looked up in the training list where that is on this machine. Without it, another split of the
            same data set is enough for a warning. The port drew its lists for 13 classes and for chairs independently, so even the
            same split's name does not say that all is well.
    """
    from lmnet_utils.shapenet import read_split

    info = info_of(name, model)
    if info.dataset != dataset:
        return
    classes, trained_on = info.classes, info.split or split
    with contextlib.suppress(FileNotFoundError, ValueError):  # no such list here
        if test is not None:
            scored = [one for one in test if one.split("/")[0] in taxonomy.synsets_of(classes)]
            known = set(read_split(dataset, trained_on, classes).train).intersection(scored)
            if known:
                warnings.warn(
                    f"{name} was trained on {len(known)} of the {len(scored)} test objects (split {trained_on!r}), so its "
                    "scores are too good.",
                    stacklevel=2,
                )
            return
    if trained_on != split:
        warnings.warn(
            f"{name} was trained on split {trained_on!r} of {dataset}: test objects of {split!r} may have been "
            "among its training objects, so its scores are too good.",
            stacklevel=2,
        )


def spread_over_classes(models: Sequence[str]) -> list[str]:
    """``"synset/model"`` names reordered so that the classes take turns: any beginning of the list covers many."""
    turn: dict[str, int] = {}
    keys = []
    for model in sorted(models):
        synset = model.split("/")[0]
        turn[synset] = turn.get(synset, -1) + 1
        keys.append((turn[synset], model))
    return [model for _, model in sorted(keys)]


# ------------------------------------------------------------------------------------------------------ reconstruction
def _device(model: torch.nn.Module) -> torch.device:
    return next(model.parameters()).device


def _check_images(images: torch.Tensor) -> None:
    if images.ndim != 4 or tuple(images.shape[1:]) != (3, 128, 128):
        raise ValueError(f"expected images of shape (B, 3, 128, 128), 0…255, found {tuple(images.shape)}.")


def _spans(count: int, batch_size: int, progress: str = "") -> Iterator[slice]:
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
    for span in _spans(len(images), batch_size, progress):
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
            autoencoder.encode(torch.as_tensor(np.asarray(points[span]), dtype=torch.float32, device=device)).cpu()
            for span in _spans(len(points), batch_size)
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
    clouds = [model.decode(flat[span].to(device).float()).cpu() for span in _spans(len(flat), batch_size)]
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
    *,
    samples: int = 0,
    seed: int = 0,
    indices: Sequence[int] | None = None,
    batch_size: int = 64,
    precision: str = "fp32",
) -> torch.Tensor:
    """Point clouds from images.

    Args:
        autoencoder: whose latent space the encoder was trained on.
        encoder: of either variant.
        images: (B, 3, 128, 128), uint8 or float 0…255, as the data set's crops.
        samples: 0 for one cloud an image (Variant I's, or the decoded mean of Variant II); N for N seeded samples of
            Variant II.
        seed: of the samples' noise.
        indices: what identifies each image to the noise; see :func:`sample_latents`.
        batch_size: images at once.
        precision: of the image encoder, see :func:`encode_images`.

    Returns:
        (B, 2048, 3), or (B, N, 2048, 3) with samples; file frame, fp32 on the CPU.

    Raises:
        ValueError: samples of a deterministic encoder, or images of another shape.
    """
    mean, log_variance = encode_images(encoder, images, batch_size=batch_size, precision=precision)
    decoder = decoder_of(autoencoder, encoder)
    if samples == 0:
        return decode(decoder, mean)
    if log_variance is None:
        raise ValueError(f"samples={samples}: this encoder is deterministic (Variant I); only Variant II has samples.")
    return decode(decoder, sample_latents(mean, log_variance, samples, seed=seed, indices=indices))


def images_per_second(
    autoencoder: PointCloudAutoencoder, encoder: ImageEncoder, images: torch.Tensor, **options: Any
) -> float:
    """Measured speed of :func:`reconstruct` (same options), after a warm-up."""
    reconstruct(autoencoder, encoder, images[:8], **options)
    start = time.perf_counter()
    reconstruct(autoencoder, encoder, images, **options)
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


def predict(
    autoencoder: PointCloudAutoencoder,
    encoder: ImageEncoder | None,
    pack: Pack,
    items: Sequence[Item],
    *,
    samples: int = 0,
    seed: int = 0,
    batch_size: int = 64,
    precision: str = "fp32",
    progress: str = "",
) -> Iterator[Batch]:
    """Reconstruct images of a data set batch by batch, so that a million of them need no more memory than one batch.

    Args:
        autoencoder: decodes; without an encoder it also encodes the ground truth (its own reconstruction).
        encoder: image encoder, or ``None`` for the autoencoder's reconstruction.
        pack: of the data set.
        items: of :func:`items_of`.
        samples, seed, batch_size, precision: as :func:`reconstruct`; ``samples`` counts for Variant II only.
        progress: text beside a progress bar; empty for none.
    """
    decoder = decoder_of(autoencoder, encoder)
    rows = pack.rows([item.model for item in items]) if items else np.zeros(0, np.int64)
    views = np.array([item.view for item in items], np.int64)
    for span in _spans(len(items), batch_size, progress):
        images = pack.images(rows[span], views[span])
        log_variance = sampled = None
        if encoder is None:
            latent = encode_clouds(autoencoder, pack.points[rows[span]])
        else:
            latent, log_variance = encode_images(encoder, images, batch_size=batch_size, precision=precision)
        if samples and log_variance is not None:
            indices = [item.noise_index for item in items[span]]
            sampled = decode(decoder, sample_latents(latent, log_variance, samples, seed=seed, indices=indices))
        points = decode(decoder, latent)
        yield Batch(list(items[span]), rows[span], images, latent, points, log_variance, sampled)


def predict_split(
    folder: str | Path,
    autoencoder: PointCloudAutoencoder,
    encoder: ImageEncoder | None,
    pack: Pack,
    models: Sequence[str],
    *,
    views: int | None = None,
    **options: Any,
) -> Predictions:
    """Reconstruct the views of ``models`` and write them all: :func:`predict` into a :class:`PredictionWriter`.

    Args:
        folder: see :class:`PredictionWriter`.
        autoencoder, encoder, pack, options: see :func:`predict`.
        models: ``"synset/model"``, such as a split's test models.
        views: how many views of each model, by default all.
    """
    with PredictionWriter(folder) as writer:
        for batch in predict(autoencoder, encoder, pack, items_of(pack, models, views), **options):
            writer.write(batch, pack.points[batch.rows])
    return read_predictions(folder)


# ------------------------------------------------------------------------------------------------------------- files
class PredictionWriter:
    """Writes predictions under the port's file names, and PLY beside the ``.npy`` clouds.

    ``gt/image/image_<i>.npy`` (1, 3, 128, 128) float32 0…255, ``gt/pointcloud/pointcloud_<i>.npy`` (1, 2048, 3),
    ``pred/inference_<i>.npy`` (1, 2048, 3), Variant II's samples ``pred/inference_<i>_<k>.npy``, and ``index.csv``
    (i, synset, model, view, azimuth in degrees). One layout everywhere, points last-but-one, unlike the port.

    A context manager: the files gather in a temporary folder, which takes the place of ``folder`` at the end, so that
    nobody reads half a set; after an error, ``folder`` is as it was.

    Raises:
        FileExistsError: ``folder`` holds something that is no set of predictions.
    """

    def __init__(self, folder: str | Path, *, ply: bool = True) -> None:
        self.folder, self.ply, self.count = Path(folder), ply, 0
        if self.folder.exists() and any(self.folder.iterdir()) and not (self.folder / "index.csv").is_file():
            raise FileExistsError(
                f"{paths.display(self.folder)} holds files but no index.csv, so it is no folder of predictions "
                "that could be replaced. Empty it or choose another one."
            )
        self._temporary = self.folder.with_name(f".{self.folder.name}.{os.getpid()}.tmp")

    def __enter__(self) -> PredictionWriter:
        shutil.rmtree(self._temporary, ignore_errors=True)
        for name in ("gt/image", "gt/pointcloud", "pred"):
            (self._temporary / name).mkdir(parents=True)
        self._index: list[tuple] = []
        return self

    def write(self, batch: Batch, ground_truth: np.ndarray, limit: int | None = None) -> None:
        """Add the items of a batch with their true clouds (B, 2048, 3), up to ``limit`` items in all."""
        for b, item in enumerate(batch.items):
            if limit is not None and self.count >= limit:
                return
            i = self.count
            image = batch.images[b].numpy().astype(np.float32)
            np.save(self._temporary / f"gt/image/image_{i}.npy", np.ascontiguousarray(image)[None])
            self._cloud(f"gt/pointcloud/pointcloud_{i}", ground_truth[b])
            self._cloud(f"pred/inference_{i}", batch.points[b].numpy())
            for k, sample in enumerate([] if batch.samples is None else batch.samples[b].numpy()):
                self._cloud(f"pred/inference_{i}_{k}", sample)
            synset, model = item.model.split("/")
            self._index.append((i, synset, model, item.view, round(item.azimuth, 6)))
            self.count += 1

    def _cloud(self, name: str, points: np.ndarray) -> None:
        points = np.ascontiguousarray(points, np.float32)
        np.save(self._temporary / f"{name}.npy", points[None])
        if self.ply:
            write_ply(self._temporary / f"{name}.ply", points)

    def __exit__(self, kind, error, traceback) -> None:
        try:
            if kind is None:
                with open(self._temporary / "index.csv", "w", newline="", encoding="utf-8") as file:
                    csv.writer(file, lineterminator="\n").writerows([INDEX_COLUMNS, *self._index])
                replaced = self._temporary.with_suffix(".old")
                shutil.rmtree(replaced, ignore_errors=True)
                if self.folder.exists():
                    self.folder.rename(replaced)
                self._temporary.rename(self.folder)
                shutil.rmtree(replaced, ignore_errors=True)
        finally:
            shutil.rmtree(self._temporary, ignore_errors=True)


@dataclass(frozen=True)
class Predictions:
    """A folder of predictions, read as it is needed. ``items[i]`` says what number i is."""

    folder: Path
    items: list[Item]

    def __len__(self) -> int:
        return len(self.items)

    def find(self, item: Item) -> int | None:
        """Number of the prediction for the same model and view, or ``None``."""
        for i, other in enumerate(self.items):
            if (other.model, other.view) == (item.model, item.view):
                return i
        return None

    def of_model(self, model: str) -> int | None:
        """Number of the first prediction for an object, whatever its view, or ``None``."""
        return next((i for i, item in enumerate(self.items) if item.model == model), None)

    def first(self, count: int, synset: str | None = None) -> list[int]:
        """Numbers of the first predictions, of one class or of all."""
        return [i for i, item in enumerate(self.items) if synset in (None, item.synset)][:count]

    def back_and_front(self, count: int) -> list[int]:
        """Numbers of predictions whose images look most from behind (azimuth 180°), then as many most from the front."""
        order = sorted(range(len(self)), key=lambda i: abs(self.items[i].azimuth - 180))
        back = order[: (count + 1) // 2]
        return back + order[len(back) :][::-1][: count // 2]

    def image(self, i: int) -> np.ndarray:
        """The input as (128, 128, 3) uint8."""
        return self._load(f"gt/image/image_{i}.npy", (1, 3, 128, 128))[0].transpose(1, 2, 0).astype(np.uint8)

    def ground_truth(self, i: int) -> np.ndarray:
        """(2048, 3) float32, file frame."""
        return self._load(f"gt/pointcloud/pointcloud_{i}.npy", (1, 2048, 3))[0]

    def prediction(self, i: int) -> np.ndarray:
        """(2048, 3) float32, file frame; Variant II's is the decoded mean."""
        return self._load(f"pred/inference_{i}.npy", (1, 2048, 3))[0]

    def samples(self, i: int) -> np.ndarray:
        """(N, 2048, 3) float32, file frame; N is 0 for Variant I and the autoencoder."""
        clouds = []
        while (self.folder / f"pred/inference_{i}_{len(clouds)}.npy").is_file():
            clouds.append(self._load(f"pred/inference_{i}_{len(clouds)}.npy", (1, 2048, 3))[0])
        return np.stack(clouds) if clouds else np.zeros((0, 2048, 3), np.float32)

    def _load(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        path = self.folder / name
        if not 0 <= int(name.split("_")[1].split(".")[0]) < len(self.items):
            raise IndexError(f"{paths.display(self.folder)} holds predictions 0 to {len(self) - 1}, asked for {name}.")
        try:
            array = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{paths.display(path)} cannot be read ({error}). Write the predictions again (notebook 06)."
            ) from error
        if array.shape != shape or array.dtype != np.float32:
            raise ValueError(
                f"{paths.display(path)}: expected float32 {shape}, found {array.dtype} {array.shape}. "
                "Write the predictions again (notebook 06)."
            )
        return array


def read_predictions(folder: str | Path) -> Predictions:
    """Open a folder written by :class:`PredictionWriter`.

    Raises:
        FileNotFoundError: there is none; says how to make it.
        ValueError: the index is foreign, or a listed prediction has no file.
    """
    folder = Path(folder)
    index = folder / "index.csv"
    if not index.is_file():
        state = "is no folder of predictions (it has no index.csv)" if folder.is_dir() else "does not exist"
        raise FileNotFoundError(f"{paths.display(folder)} {state}. Run notebook 06 with the same run first.")
    with open(index, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != INDEX_COLUMNS:
            raise ValueError(
                f"{paths.display(index)}: expected the columns {', '.join(INDEX_COLUMNS)}, "
                f"found {', '.join(reader.fieldnames or ()) or 'none'}."
            )
        try:
            items = [Item(f"{row['synset']}/{row['model']}", int(row["view"]), float(row["azimuth"])) for row in reader]
        except (TypeError, ValueError) as error:
            raise ValueError(f"{paths.display(index)} is damaged ({error}). Run notebook 06 again.") from error
    for i in range(len(items)):
        for name in (f"gt/image/image_{i}.npy", f"gt/pointcloud/pointcloud_{i}.npy", f"pred/inference_{i}.npy"):
            if not (folder / name).is_file():
                raise ValueError(f"{paths.display(folder)}: {name} is listed and missing. Run notebook 06 again.")
    return Predictions(folder, items)


def read_all_predictions(folder: str | Path) -> dict[str, Predictions]:
    """Every model's predictions below a folder: name → predictions, in the order of :func:`find_networks`.

    Raises:
        FileNotFoundError: there are none.
        ValueError: as :func:`read_predictions`.
    """
    found = {path.parent.name: path.parent for path in Path(folder).glob("*/index.csv")}
    if not found:
        raise FileNotFoundError(
            f"{paths.display(folder)} holds no predictions. Run notebook 06 with the same run first."
        )
    return {name: read_predictions(found[name]) for name in sorted(found, key=lambda name: describe(name).order)}


# --------------------------------------------------------------------------------------------------------------- PLY
def write_ply(path: str | Path, points: np.ndarray) -> Path:
    """Write a cloud (N, 3) as binary little-endian PLY (Turk's Stanford format), float32, atomically; returns the path.

    Raises:
        ValueError: another shape.
    """
    import trimesh  # here, because the import takes a second

    if np.ndim(points) != 2 or np.shape(points)[1] != 3:
        raise ValueError(f"expected points of shape (N, 3), found {np.shape(points)}.")
    with atomic_path(path) as temporary:
        trimesh.PointCloud(points).export(temporary, file_type="ply")
    return Path(path)
