"""From a prepared picture to a point cloud, or several."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from lmnet_utils.apps.familiarity import Familiarity
from lmnet_utils.apps.placing import FAR, Photo
from lmnet_utils.data.images import as_batch
from lmnet_utils.models import inference, registry
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder


# ---------------------------------------------------------------------------------------------------------- reconstruct
@dataclasses.dataclass(frozen=True)
class Reconstruction:
    """What became of a picture.

    Attributes:
        photo: the picture.
        points: (2048, 3) float32, file frame (up = −x).
        samples: (N, 2048, 3) of Variant II; N may be 0.
        percentile: see :class:`Familiarity`; ``None`` where it could not be told.
    """

    photo: Photo
    points: np.ndarray
    samples: np.ndarray
    percentile: float | None

    @property
    def notes(self) -> tuple[str, ...]:
        """The photo's notes, and one if it is unlike what the model has seen."""
        if self.percentile is None or self.percentile < FAR:
            return self.photo.notes
        far = f"unlike what the model has seen: farther from its training images than {self.percentile:.0f} % of test images"
        return (*self.photo.notes, far)


def reconstruct_photos(
    autoencoder: PointCloudAutoencoder,
    encoder: ImageEncoder,
    photos: Sequence[Photo],
    *,
    samples: int = 0,
    seed: int = 0,
    familiarity: Familiarity | None = None,
    precision: str = "fp32",
) -> list[Reconstruction]:
    """Reconstruct pictures that have been made ready, as one batch.

    Args:
        autoencoder, encoder, precision: see :func:`lmnet_utils.models.inference.reconstruct`.
        photos: of :func:`prepare_photo`.
        samples: plausible shapes of each picture beside the likeliest one; Variant II only.
        seed: of the samples' noise, which belongs to a picture and not to its batch.
        familiarity: tells pictures that are unlike the training images.

    Raises:
        ValueError: samples of a deterministic encoder.
    """
    if samples < 0:
        raise ValueError(f"samples={samples}: expected 0 or more.")
    if samples and not encoder.variational:
        raise ValueError(f"samples={samples}: this model gives one shape a picture; only Variant II has samples.")
    inputs = as_batch([photo.input for photo in photos])
    latent, log_variance = inference.encode_images(encoder, inputs, precision=precision)
    decoder = inference.decoder_of(autoencoder, encoder)
    points = inference.decode(decoder, latent).numpy()
    clouds = np.zeros((len(photos), 0, *points.shape[1:]), np.float32)
    if samples and len(photos):
        indices = [photo.noise_index for photo in photos]
        drawn = inference.sample_latents(latent, log_variance, samples, seed=seed, indices=indices)
        clouds = inference.decode(decoder, drawn).numpy()
    far: Sequence[float | None] = [None] * len(photos)
    if familiarity is not None and len(photos):
        far = familiarity.percentiles(familiarity.distances(latent, inputs))
    return [
        Reconstruction(photo, points[k], clouds[k], None if far[k] is None else round(float(far[k]), 1))
        for k, photo in enumerate(photos)
    ]


def choose_model(run: str, model: str | None = None, samples: int = 0) -> str:
    """Name of the image encoder to use: ``model``, else L1 or, where samples are wanted, Variant II with the largest λ.

    Raises:
        FileNotFoundError: no such run.
        ValueError: the run has no such encoder; says what it has.
    """
    infos = [registry.read_info(folder) for folder in registry.find_networks(run).values()]
    encoders = [info.name for info in infos if info.kind != "autoencoder"]
    variational = [info.name for info in infos if info.variational]
    if model is None:
        wanted = variational[-1:] if samples else [name for name in encoders if name not in variational] or variational
        if not wanted:
            kind = "model of Variant II, which samples need" if samples else "image encoder"
            raise ValueError(f"run {run!r} has no {kind}; it has {', '.join(encoders) or 'the autoencoder only'}.")
        return wanted[0]
    if model not in encoders:
        raise ValueError(f"run {run!r} has no image encoder {model!r}; it has {', '.join(encoders) or 'none'}.")
    if samples and model not in variational:
        raise ValueError(
            f"{model} gives one shape a picture; samples need Variant II: {', '.join(variational) or 'none in this run'}."
        )
    return model
