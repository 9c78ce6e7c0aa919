"""The strong variant's image encoder: a network trained on photographs looks, a small head of our own answers.

Beside the paper's encoder, never in its place. The features' network is frozen and not stored with the weights: it comes from
the package of :mod:`lmnet_utils.models.efficientnet`. So what it sees in a data set's images is computed once
(:class:`FeatureMaps`), and the head trains in minutes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from torch import nn
from tqdm.auto import tqdm

from lmnet_utils.core import cache
from lmnet_utils.data.packs import Pack
from lmnet_utils.data.photographs import like_photographs
from lmnet_utils.models.efficientnet import WEIGHTS_FILE, EfficientNetLite0, load_efficientnet
from lmnet_utils.models.networks import LATENT_SIZE, ImageEncoder, PointCloudDecoder

EARLY, LATE = (112, 8, 8), (320, 4, 4)
"""Maps that the head sees, of an input of 128 × 128: at stride 16, where things are, and at stride 32, what they are."""
MAP_SIZE = int(np.prod(EARLY) + np.prod(LATE))
"""Numbers of an image's two maps, one after the other: 12,288."""


def maps_of(network: EfficientNetLite0, images: torch.Tensor, precision: str = "fp32") -> torch.Tensor:
    """Images (B, 3, 128, 128), 0…255 → both maps, flat (B, 12288); in fp32 also where the rest is not, unless ``"bf16"`` is asked for."""
    with torch.no_grad(), torch.autocast(images.device.type, torch.bfloat16, enabled=precision == "bf16"):
        return torch.cat([part.flatten(1) for part in network.maps(images)], 1)


class StrongEncoder(ImageEncoder):
    """Frozen features of EfficientNet-lite0 → a head of 3.7 million parameters → latent; decoded by a decoder of its own.

    Its latents are those of the strong variant's autoencoder, whose decoder it carries, so that it may stand beside any
    autoencoder. Used as any :class:`~lmnet_utils.models.networks.ImageEncoder`: images in, latents out.
    """

    def __init__(self, dropout: float = 0.2) -> None:
        nn.Module.__init__(self)  # not the paper's layers
        self.early = nn.Sequential(nn.BatchNorm2d(EARLY[0], affine=False), nn.Conv2d(EARLY[0], 64, 1), nn.ReLU())
        self.late = nn.Sequential(nn.BatchNorm2d(LATE[0], affine=False), nn.Conv2d(LATE[0], 128, 1), nn.ReLU())
        self.hidden = nn.Sequential(nn.Dropout(dropout), nn.Linear(64 * 64 + 128 * 16, 512), nn.ReLU())
        self.latent = nn.Linear(512, LATENT_SIZE)
        self.decoder = PointCloudDecoder()
        self.config = {
            "kind": "image_encoder",
            "architecture": "strong",
            "width": 1.0,
            "variational": False,
            "decoder": True,
            "features": Path(WEIGHTS_FILE).stem,
        }
        self._features: list[
            EfficientNetLite0
        ] = []  # in a list torch does not see it: neither trained, stored nor counted

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (B, 3, 128, 128), uint8 or float, 0…255, or their maps (B, 12288) of :class:`FeatureMaps` → latents (B, 512).

        Raises:
            MissingFeaturesError: of images, where the features' weights are not installed.
        """
        maps = images if images.ndim == 2 else maps_of(self.features(images.device), images)
        early, late = maps.to(self.latent.weight.dtype).split([int(np.prod(EARLY)), int(np.prod(LATE))], 1)
        x = torch.cat([self.early(early.view(-1, *EARLY)).flatten(1), self.late(late.view(-1, *LATE)).flatten(1)], 1)
        return self.latent(self.hidden(x))

    def features(self, device: torch.device | str) -> EfficientNetLite0:
        """The network that looks, on a device; loaded at the first use."""
        if not self._features or self._features[0]._fc.weight.device != torch.device(device):
            self._features = [features_on(device)]
        return self._features[0]

    @torch.no_grad()
    def initialise(self, scale: float = 1.0, mean: float | torch.Tensor = 0.0, sigma: float = 0.1) -> StrongEncoder:
        """As :meth:`ImageEncoder.initialise`: outputs of standard deviation ``scale`` about ``mean``. ``sigma`` is not used."""
        for layer in (self.early[1], self.late[1], self.hidden[1]):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        nn.init.normal_(self.latent.weight, std=scale * (1 / self.latent.in_features) ** 0.5)
        self.latent.bias.copy_(torch.as_tensor(mean).expand(LATENT_SIZE))
        return self


def features_on(device: torch.device | str) -> EfficientNetLite0:
    """:func:`~lmnet_utils.models.efficientnet.load_efficientnet` on a device, laid out as its convolutions like it."""
    return load_efficientnet().to(device, memory_format=torch.channels_last)


# ---------------------------------------------------------------------------------------------- computed once for a pack
KINDS = 3
"""Kept of an image: as it is, mirrored, and the mirror image like a photograph."""


class FeatureMaps:
    """What the features' network sees in all images of a pack, in their mirror images, and in those like photographs; fp16 in a
    file. Made by :func:`open_features`.

    The mirror images' maps are kept too: mirrored maps are not quite the maps of the mirrored image, for padding is one-sided.
    """

    def __init__(self, file: Path, objects: int, views: int) -> None:
        self.file = file
        self._maps = np.memmap(file, np.float16, "r", shape=(objects, views, KINDS, MAP_SIZE))

    def maps(
        self,
        rows: Sequence[int] | np.ndarray,
        views: Sequence[int] | np.ndarray,
        flip: np.ndarray | None = None,
        photograph: np.ndarray | None = None,
    ) -> torch.Tensor:
        """Maps (B, 12288) fp32 of B rows of the pack and as many view numbers.

        Args:
            rows, views: (B,).
            flip: (B,) bool, where the mirror image is meant; None means nowhere.
            photograph: (B,) bool, where that image like a photograph is meant; it is kept of mirror images only.
        """
        kind = np.zeros(len(rows), int) if flip is None else np.asarray(flip).astype(int)
        kind = kind if photograph is None else kind + (kind & np.asarray(photograph))
        return torch.from_numpy(self._maps[np.asarray(rows), np.asarray(views), kind].astype(np.float32))


def open_features(
    pack: Pack, device: torch.device | str = "cpu", *, precision: str = "fp32", progress: bool = True
) -> FeatureMaps:
    """The maps of all images of a pack; computed at the first use, and taken up where a killed computation stood.

    72 images an object, 1.8 MB. They lie in the pack's folder and go with it. Several processes wait for one.

    Args:
        pack: of the data set.
        device: where the network computes.
        precision: ``"fp32"``, or ``"bf16"`` for training where that is native: twice as fast, 1 to 6 % of rounding.
        progress: show a bar.

    Raises:
        MissingFeaturesError: the features' weights are not installed.
        OSError: the data set's folder cannot be written.
    """
    key = cache.fingerprint({"pack": pack.hash, "weights": WEIGHTS_FILE, "size": MAP_SIZE, "precision": precision}, "pack", "features")
    file = pack.folder / f"features-{key}.bin"
    with FileLock(str(file.with_suffix(".lock"))):
        if not file.is_file():
            for other in pack.folder.glob("features-*.bin*"):  # of other code; gigabytes
                other.unlink() if key not in other.name else None
            network = features_on(device)

            def compute(row: int) -> np.ndarray:
                images = pack.images(np.full(pack.views, row), np.arange(pack.views)).to(device)
                mirrored = images.flip(-1)
                like = like_photographs(mirrored.cpu(), np.random.default_rng(row)).to(device)
                kinds = torch.stack([images, mirrored, like], 1).flatten(0, 1)  # (V·3, 3, 128, 128)
                kinds = kinds.contiguous(memory_format=torch.channels_last)
                return maps_of(network, kinds, precision).half().cpu().numpy()

            _append(file, len(pack.models), pack.views * KINDS * MAP_SIZE * 2, compute, progress)
    return FeatureMaps(file, len(pack.models), pack.views)


def _append(file: Path, count: int, size: int, compute: Callable[[int], np.ndarray], progress: bool) -> None:
    """Write ``count`` pieces of ``size`` bytes one after the other; the file has its name when it is whole."""
    part = file.with_suffix(".bin.part")
    done = part.stat().st_size // size if part.is_file() else 0
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(open(part, "ab"))
        stream.truncate(done * size)  # a piece that a killed process left half
        bar = stack.enter_context(tqdm(total=count, initial=done, desc="features", unit="object", disable=not progress))
        for row in range(done, count):
            stream.write(compute(row).tobytes())
            bar.update()
    os.replace(part, file)
