"""How familiar a picture is to an image encoder: how far its latent, and the picture itself, lie from the training images'."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from lmnet_utils.apps.placing import FAR, place
from lmnet_utils.core import cache, paths
from lmnet_utils.core.files import atomic_path, sha256_of
from lmnet_utils.data.images import as_batch
from lmnet_utils.data.packs import Pack, open_pack, read_split
from lmnet_utils.models import inference
from lmnet_utils.models.networks import ImageEncoder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEIGHBOURS = 5
FOLDER = "familiarity"
"""Below a data set's folder; keeps what was measured with its training objects."""
_BLOCK = 8
"""Pixels of the blocks in which two pictures are compared."""


@dataclasses.dataclass(frozen=True)
class Familiarity:
    """How far a picture lies from the training images, told against images that were not trained on.

    Two distances, each the mean Euclidean one to the 5 nearest of the training images: of latents, and of :func:`appearance`. The
    latent's says that the encoder's answer is unusual, but a network gives usual answers to many pictures of nothing (noise, faces
    and pages of text all got one), hence the second. Neither can say that an answer is right.

    Attributes:
        latents: (R, 512) of training images.
        appearances: (R, A) of training images that were placed as photos are.
        calibration: (C, 2) both distances of test images that were placed as photos are.
        data: in words what all come from.
    """

    latents: np.ndarray
    appearances: np.ndarray
    calibration: np.ndarray
    data: str = ""

    def distances(self, latents: np.ndarray | torch.Tensor, inputs: torch.Tensor) -> np.ndarray:
        """Latents (B, 512) and the network inputs (B, 3, 128, 128) that they come from → (B, 2)."""
        return np.stack(
            [_to_nearest(latents, self.latents), _to_nearest(appearance(inputs), self.appearances)], axis=-1
        )

    def percentiles(self, distances: np.ndarray) -> np.ndarray:
        """Distances (B, 2) → (B,): the share of test images that are less far, by the worse of their two ranks, in percent."""

        def worse_rank(values: np.ndarray) -> np.ndarray:
            columns = zip(self.calibration.T, values.T, strict=True)
            return np.max([np.searchsorted(np.sort(known), column) for known, column in columns], axis=0)

        others = np.sort(worse_rank(self.calibration))
        return 100 * np.searchsorted(others, worse_rank(distances)) / len(others)


def appearance(inputs: torch.Tensor) -> torch.Tensor:
    """Network inputs (B, 3, 128, 128) uint8 → (B, 1536): mean and twice the deviation of each colour in 16 × 16 blocks, 0…1."""
    pixels = inputs.float() / 255
    mean = torch.nn.functional.avg_pool2d(pixels, _BLOCK)
    variance = torch.nn.functional.avg_pool2d(pixels.square(), _BLOCK) - mean.square()
    return torch.cat([mean, 2 * variance.clamp(min=0).sqrt()], dim=1).flatten(1)


def _to_nearest(points: np.ndarray | torch.Tensor, references: np.ndarray) -> np.ndarray:
    known = torch.from_numpy(references.astype(np.float64))
    distances = torch.cdist(torch.as_tensor(np.asarray(points, np.float64)), known)
    return distances.topk(min(NEIGHBOURS, len(known)), largest=False).values.mean(dim=-1).numpy()


def measure_familiarity(
    encoder: ImageEncoder,
    pack: Pack,
    training: Sequence[str],
    test: Sequence[str],
    *,
    views: int = 8,
    precision: str = "fp32",
) -> Familiarity:
    """Collect latents and appearances of training images and calibrate with test images placed as photos are.

    Args:
        encoder: whose latents.
        pack: of the data set that it was trained on.
        training, test: ``"synset/model"``.
        views: how many of each object's views, evenly.
    """

    def images_of(models: Sequence[str]) -> torch.Tensor:
        chosen = np.unique(np.linspace(0, pack.views, min(views, pack.views), endpoint=False).astype(int))
        rows = np.repeat(pack.rows(models), len(chosen))
        return pack.images(rows, np.tile(chosen, len(models)))

    def placed(images: torch.Tensor) -> torch.Tensor:
        seen = [image for image in images.permute(0, 2, 3, 1).numpy() if image.any()]
        return as_batch([place(image, (image.max(axis=-1) > 0).astype(np.float32)) for image in seen])

    options = {"precision": precision, "progress": "familiarity"}
    rendered, unknown = images_of(training), placed(images_of(test))
    latents = inference.encode_images(encoder, rendered, **options)[0].numpy()
    data = f"{len(training)} training and {len(test)} test objects"
    found = Familiarity(latents, appearance(placed(rendered)).numpy(), np.zeros((0, 2)), data)
    distances = found.distances(inference.encode_images(encoder, unknown, **options)[0], unknown)
    return dataclasses.replace(found, calibration=distances)


def familiarity_of(run: str, name: str, encoder: ImageEncoder) -> Familiarity | None:
    """:func:`measure_familiarity` with the data that a model was trained on; kept in the data set's folder.

    Args:
        run, name: where the model lies: ``trained_models/<run>/<name>``.
        encoder: the model.

    Returns:
        ``None`` if that data is not on this machine, or the model does not say which it was.
    """
    data = encoder.config.get("training", {}).get("data", {})
    if not {"dataset", "split", "classes"} <= set(data):
        return None
    root = paths.dataset_dir(data["dataset"])
    weights = sha256_of(paths.model_dir(run, name) / "model.safetensors")

    def file_of(pack_hash: str | None) -> Path:
        key = cache.fingerprint([weights, parts.checksum, pack_hash], "familiarity")
        return root / FOLDER / f"{key}.npz"

    try:
        parts = read_split(data["dataset"], data["split"], data["classes"])
        training = inference.spread_over_classes([model for model in parts.train if "-c" not in model])[:2000]
        test = inference.spread_over_classes(parts.test)[:500]
        if (kept := _kept_familiarity(file_of(cache.pack_hash(root)))) is not None:
            return kept
        pack = open_pack(data["dataset"])
        known = set(pack.models)
        training, test = ([model for model in side if model in known] for side in (training, test))
    except (OSError, ValueError):  # no data set, or not all of it: notebook 01 says what is missing
        return None
    if not training or not test:
        return None
    found = measure_familiarity(encoder, pack, training, test)
    found = dataclasses.replace(found, data=f"{found.data} of {data['dataset']}")
    # not kept where the data may only be read
    with contextlib.suppress(OSError), atomic_path(file_of(pack.hash)) as temporary, open(temporary, "wb") as stream:
        smaller = {name: getattr(found, name).astype(np.float16) for name in ("latents", "appearances")}
        np.savez_compressed(stream, **smaller, calibration=found.calibration, data=found.data)
    return found


def _kept_familiarity(file: Path) -> Familiarity | None:
    kept = cache.read_arrays(file)
    if set(kept) != {"latents", "appearances", "calibration", "data"}:
        return None
    known = (kept[name].astype(np.float32) for name in ("latents", "appearances"))
    return Familiarity(*known, kept["calibration"], str(kept["data"]))


def familiarity_plot(known: Familiarity, distances: Mapping[str, np.ndarray]) -> Figure:
    """Both distances of the calibration's pictures as dots, and of the pictures as marks.

    Args:
        known: of the model.
        distances: name of a picture → its two distances.
    """
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7, 3.6), layout="constrained")
    beyond = known.percentiles(known.calibration) >= FAR
    for chosen, colour, label in ((~beyond, "0.8", f"{FAR:.0f} % of the test renders"), (beyond, "0.5", "the others")):
        axis.plot(*known.calibration[chosen].T, ".", ms=3, color=colour, label=f"{label}, placed as photos are")
    for k, (name, pair) in enumerate(distances.items()):
        axis.plot(*pair, "osD^v"[k // 10 % 5], color=f"C{k % 10}", label=name)
    axis.set(xlabel="latent: distance to training images", ylabel="picture: distance to training images")
    axis.set(xlim=(0, None), ylim=(0, None))
    axis.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
