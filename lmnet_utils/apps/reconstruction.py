"""From a prepared picture to a point cloud, or several."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import torch

from lmnet_utils.apps.choosing import BestFit, Refinement, best_fit
from lmnet_utils.apps.familiarity import Familiarity
from lmnet_utils.apps.placing import FAR, Photo
from lmnet_utils.data.images import as_batch
from lmnet_utils.models import inference, posteriors, registry
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.samplers import LatentSampler, Posterior

STRONGEST = "encoder_strong"
"""What is offered first for a photograph; the paper's networks are ``--model`` away (docs/own_data.md says why)."""


# ---------------------------------------------------------------------------------------------------------- reconstruct
@dataclasses.dataclass(frozen=True)
class Reconstruction:
    """What became of a picture.

    Attributes:
        photo: the picture.
        points: (2048, 3) float32, file frame (up = −x).
        samples: (N, 2048, 3) plausible shapes; N may be 0.
        percentile: see :class:`Familiarity`; ``None`` where it could not be told.
        best: what of ``points`` and ``samples`` fits the picture's silhouette best, if that was asked for.
    """

    photo: Photo
    points: np.ndarray
    samples: np.ndarray
    percentile: float | None
    best: BestFit | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """The photo's notes, and one if it is unlike what the model has seen."""
        if self.percentile is None or self.percentile < FAR:
            return self.photo.notes
        far = f"unlike what the model has seen: farther from its training images than {self.percentile:.0f} % of test images"
        return (*self.photo.notes, far)


@dataclasses.dataclass(frozen=True)
class PhotoOptions:
    """How :func:`reconstruct_photos` goes about it.

    Attributes:
        samples, seed: how many plausible shapes of each picture beside the likeliest one; the seed of what is random in them,
            which belongs to a picture and not to its batch.
        posterior: gives the samples of an encoder of Variant I; Variant II has its own.
        familiarity: tells pictures that are unlike the training images.
        precision: see :func:`lmnet_utils.models.inference.encode_images`.
        best: also say what fits the picture's silhouette best (:mod:`lmnet_utils.apps.choosing`); needs samples.
        refine: bend that to fit better; only with ``best``.
        azimuth: from which side the pictures were taken, degrees, for ``best``: 0 is the front, 90 the object's right, 180 from
            behind; ``None`` where nobody knows.
    """

    samples: int = 0
    seed: int = 0
    posterior: Posterior | None = None
    familiarity: Familiarity | None = None
    precision: str = "fp32"
    best: bool = False
    refine: bool = False
    azimuth: float | None = None


def reconstruct_photos(
    autoencoder: PointCloudAutoencoder,
    encoder: ImageEncoder,
    photos: Sequence[Photo],
    options: PhotoOptions = PhotoOptions(),
) -> list[Reconstruction]:
    """Reconstruct pictures that have been made ready, as one batch.

    Args:
        autoencoder, encoder: see :func:`lmnet_utils.models.inference.reconstruct`.
        photos: of :func:`prepare_photo`.
        options: by default one cloud a picture, in fp32, and nothing about how familiar it is.

    Raises:
        ValueError: samples of a deterministic encoder without a posterior; the best of none.
    """
    samples, posterior = options.samples, options.posterior
    check_choice(samples, options.best, options.refine, options.azimuth)
    if samples and not encoder.variational and posterior is None:
        raise ValueError(
            f"samples={samples}: this model gives one shape a picture; samples need Variant II, or {posteriors.FILE}."
        )
    inputs = as_batch([photo.input for photo in photos])
    latent, log_variance = inference.encode_images(encoder, inputs, precision=options.precision)
    decoder = inference.decoder_of(autoencoder, encoder)
    points = inference.decode(decoder, latent).numpy()
    clouds = np.zeros((len(photos), 0, *points.shape[1:]), np.float32)
    best: list[BestFit | None] = [None] * len(photos)
    if samples and len(photos):
        sampler = LatentSampler(autoencoder, encoder, None if encoder.variational else posterior)
        sampling = inference.Sampling(samples, options.seed)
        drawn = sampler.latents_around(latent, log_variance, sampling, [photo.noise_index for photo in photos])
        clouds = inference.decode(decoder, drawn).numpy()
        if options.best:
            how = Refinement() if options.refine else None
            latents = torch.cat([latent[:, None], drawn], dim=1)
            inputs_of = zip(latents, (one.input for one in photos), strict=True)
            best = [best_fit(decoder, *pair, options.azimuth, how) for pair in inputs_of]
    far: Sequence[float | None] = [None] * len(photos)
    if options.familiarity is not None and len(photos):
        far = options.familiarity.percentiles(options.familiarity.distances(latent, inputs))
    return [
        Reconstruction(photo, points[k], clouds[k], None if far[k] is None else round(float(far[k]), 1), best[k])
        for k, photo in enumerate(photos)
    ]


def check_choice(samples: int, best: bool, refine: bool, azimuth: float | None = None) -> None:
    """Raise ValueError unless there is something to choose from, and something chosen where a refinement or a side is given."""
    if samples < 0:
        raise ValueError(f"samples={samples}: expected 0 or more.")
    if best and not samples:
        raise ValueError("best: there is nothing to choose from without samples; ask for some, such as 16.")
    if refine and not best:
        raise ValueError("refine: it is the best answer that is refined; ask for the best, too.")
    if azimuth is not None and not (best and math.isfinite(azimuth)):
        raise ValueError(f"azimuth={azimuth}: expected degrees, to choose the best answer by; ask for the best, too.")


def choose_model(run: str, model: str | None = None, samples: int = 0) -> str:
    """Name of the image encoder to use: ``model``, else the strong variant if it is there, else L1.

    Where samples are wanted it is the first encoder that can give them: L1 if its residuals are beside its weights (:mod:`lmnet_utils.models.posteriors`), else Variant II with the
    largest λ.

    Raises:
        FileNotFoundError: no such run.
        ValueError: the run has no such encoder; says what it has.
    """
    folders = registry.find_networks(run)
    infos = [registry.read_info(folder) for folder in folders.values()]
    encoders = [info.name for info in infos if info.kind != "autoencoder"]
    variational = [info.name for info in infos if info.variational]
    singles = [name for name in encoders if name not in variational]
    singles.sort(key=lambda name: name != STRONGEST)  # stable: the others keep their order
    sampled = [name for name in singles if (folders[name] / posteriors.FILE).is_file()] + variational[::-1]
    if model is None:
        wanted = sampled if samples else singles or variational
        if not wanted:
            kind = "image encoder that gives samples" if samples else "image encoder"
            raise ValueError(f"run {run!r} has no {kind}; it has {', '.join(encoders) or 'the autoencoder only'}.")
        return wanted[0]
    if model not in encoders:
        raise ValueError(f"run {run!r} has no image encoder {model!r}; it has {', '.join(encoders) or 'none'}.")
    if samples and model not in sampled:
        raise ValueError(
            f"{model} gives one shape a picture; samples need one of: {', '.join(sampled) or '(none in this run)'}."
        )
    return model
