"""A posterior without training: what an encoder got wrong on similar images, it may get wrong here as well.

An encoder of Variant I gives one latent. Beside it stand the errors ("residuals", true minus predicted latent) that it made on
images that it was not fitted to. A sample is its latent plus the residual of one of the held-out images whose predicted
latents are nearest. Residuals on training images may be much smaller. Those shipped beside L1 are of fresh objects from programs
(``tools/make_residuals.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from lmnet_utils.core import paths
from lmnet_utils.core.files import atomic_path, sha256_of

FILE = "residuals.safetensors"
NEAREST = 64
"""Unless a bank of residuals says otherwise; see :class:`ResidualPosterior`."""


@dataclass(frozen=True)
class ResidualPosterior:
    """Errors of an encoder on held-out images.

    Attributes:
        predicted: (R, 512) its latents of the held-out images.
        residuals: (R, 512) their true latents minus ``predicted``.
        nearest: samples are drawn from so many nearest held-out images, or from as many as are asked for, if that is more.
    """

    predicted: torch.Tensor
    residuals: torch.Tensor
    nearest: int = NEAREST

    def __post_init__(self) -> None:
        if self.predicted.ndim != 2 or self.predicted.shape != self.residuals.shape or not len(self.predicted):
            raise ValueError(
                f"expected predicted latents and residuals of one shape (R ≥ 1, 512), found "
                f"{tuple(self.predicted.shape)} and {tuple(self.residuals.shape)}."
            )
        if self.nearest < 1:
            raise ValueError(f"nearest={self.nearest}: expected at least 1 held-out image to draw from.")

    def sample(
        self, latents: torch.Tensor, samples: int, *, seed: int = 0, indices: Sequence[int] | None = None
    ) -> torch.Tensor:
        """Latents of N samples an image, all equally probable, no residual twice.

        Which residuals an image gets is drawn from a generator seeded with ``seed`` and the image's index alone, so that it
        does not depend on the batch; up to ``nearest``, the first samples are the same however many are asked for.

        Args:
            latents: (B, 512) the encoder's predictions.
            samples: N, from 1 to R.
            seed, indices: as :func:`lmnet_utils.models.inference.sample_latents`.

        Returns:
            (B, N, 512), of the type of ``latents``.

        Raises:
            ValueError: more samples than held-out images, or another number of indices than of images.
        """
        from scipy.spatial import cKDTree  # here, as the import takes half a second

        count = len(self.predicted)
        if not 1 <= samples <= count:
            raise ValueError(f"samples={samples}: expected 1 to {count}, the number of held-out images.")
        indices = range(len(latents)) if indices is None else indices
        if len(indices) != len(latents):
            raise ValueError(f"{len(indices)} indices for {len(latents)} images: expected one each.")
        pool = np.arange(1, min(max(samples, self.nearest), count) + 1)
        tree = cKDTree(self.predicted.double().numpy())
        nearest = tree.query(latents.double().numpy(), pool)[1].reshape(len(latents), len(pool))  # (B, pool)
        orders = [np.random.default_rng([seed, int(index)]).permutation(len(pool))[:samples] for index in indices]
        chosen = np.take_along_axis(nearest, np.reshape(orders, (len(latents), samples)), axis=1)
        return latents[:, None] + self.residuals[torch.from_numpy(chosen)].to(latents.dtype)

    def save(self, folder: str | Path) -> Path:
        """Write ``residuals.safetensors`` beside the encoder's weights, in half precision, with these weights' hash."""
        path = Path(folder) / FILE
        with atomic_path(path) as temporary:
            tensors = {"predicted": self.predicted.half(), "residuals": self.residuals.half()}
            save_file(tensors, temporary, {"nearest": str(self.nearest), "weights": _hash_of_weights(path.parent)})
        return path


def _hash_of_weights(folder: Path) -> str:
    weights = folder / "model.safetensors"
    return sha256_of(weights) if weights.is_file() else ""


def load_residuals(folder: str | Path) -> ResidualPosterior | None:
    """The residuals beside an encoder's weights, in fp32; ``None`` where there are none.

    Raises:
        ValueError: the file is damaged, holds something else, or was made with other weights than those beside it.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            predicted, residuals = (file.get_tensor(name).float() for name in ("predicted", "residuals"))
            made = file.metadata() or {}
        posterior = ResidualPosterior(predicted, residuals, int(made.get("nearest", NEAREST)))
    except (SafetensorError, KeyError) as error:
        raise ValueError(f"{paths.display(path)} is damaged ({error}): restore it, or delete it.") from error
    if made.get("weights", "") not in ("", _hash_of_weights(path.parent)):
        raise ValueError(
            f"{paths.display(path)} holds the errors of other weights than those beside it: make it again "
            "(tools/make_residuals.py --write), or delete it."
        )
    return posterior
