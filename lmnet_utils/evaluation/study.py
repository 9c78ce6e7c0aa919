"""The diversity study: the answers of Variant II's networks and of their controls to the same images.

A control is another way to give N answers: the one answer repeated, the same with noise or with errors made on held-out
images, the nearest training objects.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lmnet_utils.core import cache
from lmnet_utils.core.checks import Array
from lmnet_utils.data import taxonomy
from lmnet_utils.evaluation import diversity, ensembles
from lmnet_utils.evaluation.diversity import Ensemble
from lmnet_utils.evaluation.methods import Task, TrainingLatents, deterministic, names_hash
from lmnet_utils.models.inference import Item, Sampling, decode, decoder_of, encode_clouds, items_of, sample_latents
from lmnet_utils.models.latents import KeptLatents
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.posteriors import ResidualPosterior
from lmnet_utils.models.registry import NetworkInfo, base_name, info_of
from lmnet_utils.models.samplers import isotropic_control, neighbour_control
from lmnet_utils.models.weights import fingerprint_of

AMBIGUOUS = 20.0
"""Degrees from the view from behind up to which a view counts as ambiguous: the paper's penalty angle δ."""
HELD_OUT = 4096
"""Residuals come of at most so many images of validation objects; ShapeNet's are 84,000."""
Networks = Mapping[str, PointCloudAutoencoder | ImageEncoder]


# -------------------------------------------------------------------------------------------------------- measurement
@dataclass(frozen=True)
class Answers:
    """One way to give N answers to an image, and its figures.

    Attributes:
        label: as figures show it.
        kind: ``"variant II"``, ``"variant I"`` (one answer, repeated), ``"noise"`` (Variant I with isotropic latent noise
            of the same mean σ in every image), ``"residuals"`` (Variant I with errors that it made on held-out images) or
            ``"neighbours"`` (the N nearest training objects).
        of: base name of the Variant II model; for ``"noise"`` the one whose σ it has, for the other controls empty.
        figures: name → (S, V, …) over training seeds and images: those of
            :func:`lmnet_utils.evaluation.diversity.diversity_of_images`, and ``single``, the score of the one answer without
            samples (the decoded mean; NaN for neighbours); for Variant II also ``sigma``, ``latent_error`` and ``latent_width``.
        diversity_weight: λ of that Variant II model; ``None`` where it is unknown, and for other answers.
    """

    label: str
    kind: str
    of: str
    figures: dict[str, np.ndarray]
    diversity_weight: float | None = None


@dataclass(frozen=True)
class Study:
    """The answers of all models and controls to the same images."""

    items: list[Item]
    samples: int
    answers: dict[str, Answers]

    @property
    def objects(self) -> list[str]:
        """(V,) what each image shows."""
        return [item.model for item in self.items]

    @property
    def azimuths(self) -> np.ndarray:
        """(V,) degrees."""
        return np.array([item.azimuth for item in self.items])

    @property
    def ambiguous(self) -> np.ndarray:
        """(V,) bool: the views within the paper's penalty angle of the view from behind."""
        return angle_from_behind(self.azimuths) <= AMBIGUOUS

    def of_kind(self, kind: str) -> list[Answers]:
        """The answers of one kind, in their order."""
        return [answers for answers in self.answers.values() if answers.kind == kind]


def angle_from_behind(azimuths: Array) -> np.ndarray:
    """|azimuth − 180°| on the circle, 0 … 180; azimuths in degrees, of any shape."""
    azimuths = np.asarray(azimuths, np.float64)
    if not np.isfinite(azimuths).all():
        raise ValueError("azimuths: NaN or infinite values.")
    return np.abs(azimuths % 360 - 180)


def study_items(task: Task, networks: Networks, views: int | None = None, objects: int | None = None) -> list[Item]:
    """The images that diversity is measured on: test objects of the classes that every Variant II model knows.

    Args:
        views: of each object (:func:`spread_over_angles`); by default all.
        objects: how many; by default all.
    """
    known = [set(taxonomy.synsets_of(info_of(name, networks[name]).classes)) for name in probabilistic(networks)]
    models = task.objects_of(set.intersection(*known))[:objects] if known else []
    return spread_over_angles(items_of(task.pack, models), views)


def spread_over_angles(items: Sequence[Item], views: int | None = None) -> list[Item]:
    """So many images of each object: the one most from behind, the one most from the front, and evenly between in the order
    of the angle from behind; by default all."""
    of_model: dict[str, list[Item]] = {}
    for item in items:
        of_model.setdefault(item.model, []).append(item)
    chosen = []
    for found in of_model.values():
        found = sorted(found, key=lambda item: angle_from_behind(item.azimuth))
        count = min(views or len(found), len(found))
        chosen += [found[k] for k in dict.fromkeys(np.linspace(0, len(found) - 1, count).round().astype(int))]
    return chosen


def probabilistic(networks: Networks) -> list[str]:
    """Names of the models of Variant II."""
    return [name for name, network in networks.items() if isinstance(network, ImageEncoder) and network.variational]


def measure_diversity(
    training: TrainingLatents,
    networks: Networks,
    items: Sequence[Item],
    sampling: Sampling,
    folder: str | Path | None = None,
    *,
    latents: KeptLatents | None = None,
) -> Study:
    """All figures of diversity for Variant II's models and their controls, at the same N, on the same images.

    The Variant I beside them is the first latent-matching one (L1); its training seed k goes with Variant II's seed k,
    as far as it has one.

    Args:
        training: the training objects, for the neighbours.
        networks: of :func:`lmnet_utils.models.registry.load_networks`.
        items: of :func:`study_items`.
        sampling: N ≥ 2 samples (of neighbours at most as many as there are training objects, of residuals as there are
            images of validation objects); the seed is that of their noise and of the protocol's draw of points.
        folder: keeps the figures, as :func:`lmnet_utils.evaluation.scoring.score_method` does.
        latents: what is predicted already, and the encoders' arithmetic; by default nothing, in fp32.
    """
    latents = latents or KeptLatents(training.task.pack)
    study = _Measuring(training, networks, list(items), sampling, folder, latents)
    found: dict[str, list[Answers]] = {}
    partners = study.partners()
    for name in probabilistic(networks) if items else ():
        found.setdefault(base_name(name), []).append(study.variant_ii(name))
    for partner in partners if items else ():
        found.setdefault("variant I", []).append(study.variant_i(partner))
    for name in probabilistic(networks) if items and partners else ():
        seed_of = {one: info_of(one, networks[one]).seed for one in (name, *partners)}
        partner = next((one for one in partners if seed_of[one] == seed_of[name]), partners[0])
        found.setdefault(f"noise {base_name(name)}", []).append(study.noise(name, partner))
    for partner in partners if items and training.task.validation else ():
        found.setdefault("residuals", []).append(study.residuals(partner))
    for partner in partners if items else ():
        found.setdefault("neighbours", []).append(study.neighbours(partner))
    answers = {}
    for key, seeds in found.items():
        figures = {name: np.stack([one.figures[name] for one in seeds]) for name in seeds[0].figures}
        answers[key] = replace(seeds[0], figures=figures)
    return Study(list(items), sampling.samples, answers)


def _decoded(decoder: PointCloudAutoencoder | ImageEncoder, latents: torch.Tensor, truth: torch.Tensor) -> Ensemble:
    """Answers decoded from latents (B, N, 512), one image at a time; ``truth`` (B, 512) are the true latents."""
    return Ensemble(lambda i: decode(decoder, latents[i]), latents=lambda i: latents[i], true_latents=truth)


class _Measuring:
    """One study's inputs, and the figures of one network or control at a time."""

    def __init__(
        self,
        training: TrainingLatents,
        networks: Networks,
        items: list[Item],
        sampling: Sampling,
        folder: str | Path | None,
        latents: KeptLatents,
    ) -> None:
        self.training, self.networks, self.items, self.latents = training, networks, items, latents
        self.samples, self.seed, self.batching = sampling.samples, sampling.seed, latents.batching
        self.folder = None if folder is None else Path(folder)
        self.pack, self.autoencoder = training.task.pack, networks["autoencoder"]
        self.rows = self.pack.rows([item.model for item in items])
        self.views = np.array([item.view for item in items], np.int64)

    def partners(self) -> list[str]:
        """The training seeds of the Variant I that stands beside."""
        names = deterministic(self.networks)
        return [name for name in names if base_name(name) == base_name(names[0])]

    def encoded(self, name: str, span: slice) -> tuple[torch.Tensor, torch.Tensor | None]:
        return self.latents.of(self.networks[name], self.items[span])

    def noise_indices(self, span: slice) -> list[int]:
        return [item.noise_index for item in self.items[span]]

    @functools.cached_property
    def true_latents(self) -> torch.Tensor:
        """Of every image, (B, 512): an object is encoded once, however many of its views and answers are measured."""
        rows, of_item = np.unique(self.rows, return_inverse=True)
        spans = (rows[start : start + 32] for start in range(0, len(rows), 32))
        return torch.cat([encode_clouds(self.autoencoder, self.pack.points[span]) for span in spans])[of_item]

    def figures(
        self,
        file: str,
        about: Mapping[str, Any],
        shown: str,
        batch: Callable[[slice], tuple[Ensemble, dict[str, np.ndarray]]],
    ) -> dict[str, np.ndarray]:
        """Figures of all images. ``batch``: span → the answers to its images, further figures."""
        key = {**about, **self.training.identity, **self.training.task.data, "samples": self.samples, "seed": self.seed}
        key |= {"items": [f"{item.model}/{item.view}" for item in self.items], "precision": self.batching.precision}

        def compute(span: slice) -> dict[str, np.ndarray]:
            rows = self.rows[span]
            at = rows, self.views[span]
            angles = np.degrees(self.pack.azimuths[at]), np.degrees(self.pack.elevations[at])
            cameras = np.stack([*angles, self.pack.distances[at]], axis=1)
            answers, further = batch(span)
            truths = self.pack.points_1024[rows]
            return diversity.diversity_of_images(truths, cameras, answers, seed=self.seed) | further

        path = None if self.folder is None else self.folder / file
        at_once = min(self.batching.batch_size, 32)
        return cache.kept_arrays(path, cache.fingerprint(key, "diversity"), len(self.items), at_once, compute, shown)

    def single(self, decoder: PointCloudAutoencoder | ImageEncoder, latents: torch.Tensor, span: slice) -> np.ndarray:
        """Scores of the one answer without samples."""
        truths = self.pack.points_1024[self.rows[span]]
        clouds = decode(decoder, latents)
        pairs = zip(truths, clouds, strict=True)
        return np.array([diversity.sample_scores(truth, cloud[None], seed=self.seed)[0] for truth, cloud in pairs])

    def variant_ii(self, name: str) -> Answers:
        encoder = self.networks[name]
        decoder = decoder_of(self.autoencoder, encoder)

        def batch(span: slice):
            mean, log_variance = self.encoded(name, span)
            indices, truth = self.noise_indices(span), self.true_latents[span]
            latents = sample_latents(mean, log_variance, self.samples, seed=self.seed, indices=indices)
            calibration = ensembles.calibration(mean, torch.exp(0.5 * log_variance), truth)
            further = {"single": self.single(decoder, mean, span), "sigma": ensembles.mean_sigma(log_variance)}
            further |= {"latent_error": calibration["error"], "latent_width": calibration["sigma"]}
            return _decoded(decoder, latents, truth), further

        about = {"weights": fingerprint_of(encoder), "decoder": fingerprint_of(decoder)}
        info = info_of(name, encoder)
        figures = self.figures(f"diversity_{name}", about, f"diversity of {info.label}", batch)
        return Answers(info.method_label, "variant II", info.method, figures, info.diversity_weight)

    def variant_i(self, name: str) -> Answers:
        def batch(span: slice):
            latent, _ = self.encoded(name, span)
            clouds = decode(self.autoencoder, latent)
            answers = Ensemble(
                lambda i: clouds[i : i + 1],
                copies=self.samples,
                latents=lambda i: latent[i : i + 1],
                true_latents=self.true_latents[span],
            )
            return answers, {}

        about = {"weights": fingerprint_of(self.networks[name])}
        info = info_of(name, self.networks[name])
        figures = self.figures(f"diversity_{name}", about, f"{info.label}, repeated", batch)
        figures["single"] = figures["scores"][:, 0]
        return Answers(f"{info.method_label}, repeated", "variant I", "", figures)

    def neighbours(self, name: str) -> Answers:
        count = min(self.samples, len(self.training.task.train))

        def batch(span: slice):
            latent, _ = self.encoded(name, span)
            nearest = neighbour_control(latent, self.training.values, count)
            rows = self.pack.rows(self.training.task.train)
            none = np.full(len(nearest), np.nan)  # they have no one answer of their own
            return Ensemble(lambda i: self.pack.points[rows[nearest[i]]], drawn=False), {"single": none}

        about = {"weights": fingerprint_of(self.networks[name])}
        figures = self.figures(
            f"neighbours_{name}", about, f"neighbours of {info_of(name, self.networks[name]).label}", batch
        )
        return Answers("nearest training objects", "neighbours", "", figures)

    def residuals(self, name: str) -> Answers:
        """Variant I plus the errors that it made on images of the validation objects, which it was not fitted to."""
        held = items_of(self.pack, self.training.task.validation)[:HELD_OUT]
        rows = self.pack.rows([item.model for item in held])
        count = min(self.samples, len(held))

        @functools.cache
        def known() -> ResidualPosterior:
            predicted, _ = self.latents.of(self.networks[name], held)
            different, which = np.unique(rows, return_inverse=True)  # an object's latent is the same in all its views
            true = encode_clouds(self.autoencoder, self.pack.points[different])[which]
            return ResidualPosterior(predicted, true - predicted)

        def batch(span: slice):
            latent, _ = self.encoded(name, span)
            latents = known().sample(latent, count, seed=self.seed, indices=self.noise_indices(span))
            further = {"single": self.single(self.autoencoder, latent, span)}
            return _decoded(self.autoencoder, latents, self.true_latents[span]), further

        info = info_of(name, self.networks[name])
        about = {"weights": fingerprint_of(self.networks[name]), "held out": names_hash(self.training.task.validation)}
        figures = self.figures(f"residuals_{name}", about, f"{info.label} + residuals", batch)
        return Answers(f"{info.method_label} + residuals of held-out images", "residuals", "", figures)

    def noise(self, name: str, partner: str) -> Answers:
        def batch(span: slice):
            latent, _ = self.encoded(partner, span)
            sigma = ensembles.mean_sigma(self.encoded(name, span)[1])
            indices, truth = self.noise_indices(span), self.true_latents[span]
            latents = isotropic_control(latent, sigma, self.samples, seed=self.seed, indices=indices)
            further = {"single": self.single(self.autoencoder, latent, span), "sigma": sigma}
            return _decoded(self.autoencoder, latents, truth), further

        about = {"weights": fingerprint_of(self.networks[name]), "partner": fingerprint_of(self.networks[partner])}
        own, other = (info_of(one, self.networks[one]) for one in (name, partner))
        figures = self.figures(f"noise_{name}", about, f"{other.label} + noise as {own.label}", batch)
        shown = f"{other.method_label} + noise as {own.method_label}"
        return Answers(shown, "noise", own.method, figures, own.diversity_weight)


# ------------------------------------------------------------------------------------------------------ curves and bins
def values_of(answers: Answers, name: str) -> np.ndarray:
    """One figure of answers, (S, V); besides those of :class:`Answers` ``best``, the expected best of N answers, and
    ``gain``, how much better that is than the one answer without samples.
    """
    figures = answers.figures
    if name == "best":
        return figures["min_of_n"][..., -1]
    if name == "gain":
        return figures["single"] - figures["min_of_n"][..., -1]
    return figures[name]


def strongest_lambda(study: Study) -> Answers | None:
    """The Variant II model that comes last in the order of λ and α."""
    return (study.of_kind("variant II") or [None])[-1]


def target_of(networks: Networks, answers: Answers | None) -> tuple[float, float]:
    """α and δ (degrees) that a Variant II model was trained with; the paper's where its record does not say."""
    info = info_of(answers.of, networks.get(answers.of)) if answers else NetworkInfo("")
    return info.alpha, info.penalty_angle
