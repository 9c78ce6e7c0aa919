"""How familiar a picture is to an image encoder: how far its latent lies from those of the training images."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from lmnet_utils import inference, paths
from lmnet_utils.models import ImageEncoder
from lmnet_utils.photos import FAR, as_batch, place
from lmnet_utils.reproducibility import atomic_path, sha256_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lmnet_utils.shapenet import Pack

NEIGHBOURS = 5
_FAMILIARITY_FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Familiarity:
    """How far a latent lies from those of the training images, told against images that were not trained on.

    The distance is the mean Euclidean distance to the 5 nearest latents of training images. It says that the encoder's
    answer is unusual; it cannot say that a usual answer is right.

    Attributes:
        references: (R, 512) latents of training images.
        calibration: (C,) ascending: the distances of test images that were placed as photos are.
        data: in words what both come from.
    """

    references: np.ndarray
    calibration: np.ndarray
    data: str = ""

    def distances(self, latents: np.ndarray | torch.Tensor) -> np.ndarray:
        """(B, 512) → (B,)."""
        reference = torch.from_numpy(self.references.astype(np.float64))
        distances = torch.cdist(torch.as_tensor(np.asarray(latents, np.float64)), reference)
        return distances.topk(min(NEIGHBOURS, len(reference)), largest=False).values.mean(dim=-1).numpy()

    def percentiles(self, latents: np.ndarray | torch.Tensor) -> np.ndarray:
        """(B, 512) → (B,): the share of test images that lie nearer to the training than each, in percent."""
        return 100 * np.searchsorted(self.calibration, self.distances(latents)) / len(self.calibration)


def measure_familiarity(
    encoder: ImageEncoder,
    pack: Pack,
    training: Sequence[str],
    test: Sequence[str],
    *,
    views: int = 8,
    precision: str = "fp32",
) -> Familiarity:
    """Collect the latents of training images and calibrate with test images placed as photos are.

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

    options = {"precision": precision, "progress": "familiarity"}
    references = inference.encode_images(encoder, images_of(training), **options)[0].numpy()
    placed = [image for image in images_of(test).permute(0, 2, 3, 1).numpy() if image.any()]
    placed = [place(image, (image.max(axis=-1) > 0).astype(np.float32)) for image in placed]
    found = Familiarity(references, np.zeros(0), f"{len(training)} training and {len(test)} test objects")
    latents = inference.encode_images(encoder, as_batch(placed), **options)[0]
    return dataclasses.replace(found, calibration=np.sort(found.distances(latents)))


def familiarity_of(run: str, name: str, encoder: ImageEncoder) -> Familiarity | None:
    """:func:`measure_familiarity` with the data that a model was trained on; kept in the data set's folder.

    Args:
        run, name: where the model lies: ``trained_models/<run>/<name>``.
        encoder: the model.

    Returns:
        ``None`` if that data is not on this machine, or the model does not say which it was.
    """
    from lmnet_utils.shapenet import open_pack, read_split

    data = encoder.config.get("training", {}).get("data", {})
    if not {"dataset", "split", "classes"} <= set(data):
        return None
    root = paths.dataset_dir(data["dataset"])
    weights = sha256_of(paths.model_dir(run, name) / "model.safetensors")
    try:
        parts = read_split(data["dataset"], data["split"], data["classes"])
        training = inference.spread_over_classes([model for model in parts.train if "-c" not in model])[:2000]
        test = inference.spread_over_classes(parts.test)[:500]
        key = f"{_FAMILIARITY_FORMAT} {weights} {parts.checksum}"
        file = root / "familiarity" / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
        if (kept := _kept_familiarity(file)) is not None:
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
    with contextlib.suppress(OSError), atomic_path(file) as temporary, open(temporary, "wb") as stream:
        references = found.references.astype(np.float16)  # not kept where the data may only be read
        np.savez_compressed(stream, references=references, calibration=found.calibration, data=found.data)
    return found


def _kept_familiarity(file: Path) -> Familiarity | None:
    try:
        with np.load(file, allow_pickle=False) as kept:
            return Familiarity(kept["references"].astype(np.float32), kept["calibration"], str(kept["data"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):  # none there, or a damaged one
        return None


def familiarity_plot(known: Familiarity, distances: Mapping[str, float]) -> Figure:
    """Histogram of the calibration's distances, with the pictures' as lines.

    Args:
        known: of the model.
        distances: name of a picture → its distance.
    """
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(8, 2.6), layout="constrained")
    axis.hist(known.calibration, bins=40, color="0.8", label="test renders, placed as photos are")
    axis.axvline(np.percentile(known.calibration, FAR), color="0.4", ls=":", label=f"{FAR:.0f} % of them")
    for k, (name, distance) in enumerate(distances.items()):
        axis.axvline(distance, color=f"C{k % 10}", ls=("-", "--", "-.")[k // 10 % 3], label=name)
    axis.set(xlabel="distance to the training latents", ylabel="test renders", xlim=(0, None))
    axis.legend(fontsize=7, frameon=False)
    return figure
