"""What a run's figures say of the paper's claims: the diversity of Variant II against its controls, and the verdicts.

The figures themselves are :mod:`lmnet_utils.diversity`'s; here they are made for the models of a run, its training seeds
and their controls, kept on disk like the scores, and put into curves, bins and the table *claim → evidence → verdict*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lmnet_utils import cache, diversity, statistics, taxonomy
from lmnet_utils.evaluation import (
    Scored,
    Task,
    TrainingLatents,
    deterministic,
    fingerprint_of,
)
from lmnet_utils.inference import (
    Item,
    NetworkInfo,
    base_name,
    decode,
    decoder_of,
    encode_clouds,
    encode_images,
    info_of,
    items_of,
    label,
    sample_latents,
)
from lmnet_utils.losses import target_sigma
from lmnet_utils.models import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.rendering import PlotPanel
from lmnet_utils.statistics import finite_interval

AMBIGUOUS = 20.0
"""Degrees from the view from behind up to which a view counts as ambiguous: the paper's penalty angle δ."""
MARGIN = 0.2
"""Chamfer ×100 by which accuracy may suffer without counting: about 2 % of an encoder's error on chairs."""
NOT_TESTED = "not tested"
Networks = Mapping[str, PointCloudAutoencoder | ImageEncoder]


# -------------------------------------------------------------------------------------------------------- measurement
@dataclass(frozen=True)
class Answers:
    """One way to give N answers to an image, and its figures.

    Attributes:
        label: as figures show it.
        kind: ``"variant II"``, ``"variant I"`` (one answer, repeated), ``"noise"`` (Variant I with isotropic latent noise
            of the same mean σ in every image) or ``"neighbours"`` (the N nearest training objects).
        of: base name of the Variant II model; for ``"noise"`` the one whose σ it has, for the other controls empty.
        figures: name → (S, V, …) over training seeds and images: those of
            :func:`lmnet_utils.diversity.diversity_of_images`, and ``single``, the score of the one answer without
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
        return diversity.angle_from_behind(self.azimuths) <= AMBIGUOUS

    def of_kind(self, kind: str) -> list[Answers]:
        """The answers of one kind, in their order."""
        return [answers for answers in self.answers.values() if answers.kind == kind]


def study_items(task: Task, networks: Networks, views: int | None = None, objects: int | None = None) -> list[Item]:
    """The images that diversity is measured on: test objects of the classes that every Variant II model knows.

    Args:
        views: of each object: the one most from behind, the one most from the front, and evenly between in the order of
            the angle from behind; by default all.
        objects: how many; by default all.
    """
    known = [set(taxonomy.synsets_of(info_of(name, networks[name]).classes)) for name in probabilistic(networks)]
    models = task.objects_of(set.intersection(*known))[:objects] if known else []
    of_model: dict[str, list[Item]] = {model: [] for model in models}
    for item in items_of(task.pack, models):
        of_model[item.model].append(item)
    chosen = []
    for items in of_model.values():
        items = sorted(items, key=lambda item: diversity.angle_from_behind(item.azimuth))
        count = min(views or len(items), len(items))
        chosen += [items[k] for k in dict.fromkeys(np.linspace(0, len(items) - 1, count).round().astype(int))]
    return chosen


def probabilistic(networks: Networks) -> list[str]:
    """Names of the models of Variant II."""
    return [name for name, network in networks.items() if isinstance(network, ImageEncoder) and network.variational]


def measure_diversity(
    training: TrainingLatents,
    networks: Networks,
    items: Sequence[Item],
    samples: int,
    folder: str | Path | None = None,
    *,
    precision: str = "fp32",
    seed: int = 0,
    batch_size: int = 64,
    progress: bool = True,
) -> Study:
    """All figures of diversity for Variant II's models and their controls, at the same N, on the same images.

    The Variant I beside them is the first latent-matching one (L1); its training seed k goes with Variant II's seed k,
    as far as it has one.

    Args:
        training: the training objects, for the neighbours.
        networks: of :func:`lmnet_utils.inference.load_networks`.
        items: of :func:`study_items`.
        samples: N ≥ 2; of neighbours at most as many as there are training objects.
        folder: keeps the figures, as :func:`lmnet_utils.evaluation.score_method` does.
        precision: of the image encoders.
        seed: of the samples' noise and of the protocol's draw of points.
        batch_size: images at once.
        progress: show bars.
    """
    study = _Measuring(training, networks, list(items), samples, folder, precision, seed, batch_size, progress)
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
    for partner in partners if items else ():
        found.setdefault("neighbours", []).append(study.neighbours(partner))
    answers = {}
    for key, seeds in found.items():
        figures = {name: np.stack([one.figures[name] for one in seeds]) for name in seeds[0].figures}
        answers[key] = replace(seeds[0], figures=figures)
    return Study(list(items), samples, answers)


class _Measuring:
    """One study's inputs, and the figures of one network or control at a time."""

    def __init__(
        self,
        training: TrainingLatents,
        networks: Networks,
        items: list[Item],
        samples: int,
        folder: str | Path | None,
        precision: str,
        seed: int,
        batch_size: int,
        progress: bool,
    ) -> None:
        self.training, self.networks, self.items, self.samples = training, networks, items, samples
        self.folder = None if folder is None else Path(folder)
        self.precision, self.seed, self.batch_size, self.progress = precision, seed, batch_size, progress
        self.pack, self.autoencoder = training.task.pack, networks["autoencoder"]
        self.rows = self.pack.rows([item.model for item in items])
        self.views = np.array([item.view for item in items], np.int64)

    def partners(self) -> list[str]:
        """The training seeds of the Variant I that stands beside."""
        names = deterministic(self.networks)
        return [name for name in names if base_name(name) == base_name(names[0])]

    def encoded(self, name: str, span: slice) -> tuple[torch.Tensor, torch.Tensor | None]:
        images = self.pack.images(self.rows[span], self.views[span])
        options = {"batch_size": self.batch_size, "precision": self.precision}
        return encode_images(self.networks[name], images, **options)

    def noise_indices(self, span: slice) -> list[int]:
        return [item.noise_index for item in self.items[span]]

    def true_latents(self, span: slice) -> torch.Tensor:
        return encode_clouds(self.autoencoder, self.pack.points[self.rows[span]])

    def figures(
        self,
        file: str,
        about: Mapping[str, Any],
        shown: str,
        batch: Callable[[slice], tuple[Callable[[int], Any], dict[str, Any], dict[str, np.ndarray]]],
    ) -> dict[str, np.ndarray]:
        """Figures of all images. ``batch``: span → clouds of its image i, options of the driver, further figures."""
        key = {**about, **self.training.identity, **self.training.task.data, "samples": self.samples, "seed": self.seed}
        key |= {"items": [f"{item.model}/{item.view}" for item in self.items], "precision": self.precision}

        def compute(span: slice) -> dict[str, np.ndarray]:
            rows = self.rows[span]
            at = rows, self.views[span]
            angles = np.degrees(self.pack.azimuths[at]), np.degrees(self.pack.elevations[at])
            cameras = np.stack([*angles, self.pack.distances[at]], axis=1)
            clouds, options, further = batch(span)
            truths = self.pack.points_1024[rows]
            return diversity.diversity_of_images(truths, cameras, clouds, seed=self.seed, **options) | further

        path = None if self.folder is None else self.folder / file
        bar = shown if self.progress else ""
        at_once = min(self.batch_size, 32)
        return cache.kept_arrays(path, cache.fingerprint(key, "diversity"), len(self.items), at_once, compute, bar)

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
            indices, truth = self.noise_indices(span), self.true_latents(span)
            latents = sample_latents(mean, log_variance, self.samples, seed=self.seed, indices=indices)
            calibration = diversity.calibration(mean, torch.exp(0.5 * log_variance), truth)
            further = {"single": self.single(decoder, mean, span), "sigma": diversity.mean_sigma(log_variance)}
            further |= {"latent_error": calibration["error"], "latent_width": calibration["sigma"]}
            options = {"latents": lambda i: latents[i], "true_latents": truth}
            return lambda i: decode(decoder, latents[i]), options, further

        about = {"weights": fingerprint_of(encoder), "decoder": fingerprint_of(decoder)}
        info = info_of(name, encoder)
        figures = self.figures(f"diversity_{name}", about, f"diversity of {info.label}", batch)
        return Answers(info.method_label, "variant II", info.method, figures, info.diversity_weight)

    def variant_i(self, name: str) -> Answers:
        def batch(span: slice):
            latent, _ = self.encoded(name, span)
            clouds = decode(self.autoencoder, latent)
            options = {"copies": self.samples, "latents": lambda i: latent[i : i + 1]}
            options["true_latents"] = self.true_latents(span)
            return lambda i: clouds[i : i + 1], options, {}

        about = {"weights": fingerprint_of(self.networks[name])}
        info = info_of(name, self.networks[name])
        figures = self.figures(f"diversity_{name}", about, f"{info.label}, repeated", batch)
        figures["single"] = figures["scores"][:, 0]
        return Answers(f"{info.method_label}, repeated", "variant I", "", figures)

    def neighbours(self, name: str) -> Answers:
        count = min(self.samples, len(self.training.task.train))

        def batch(span: slice):
            latent, _ = self.encoded(name, span)
            nearest = diversity.neighbour_control(latent, self.training.values, count)
            rows = self.pack.rows(self.training.task.train)
            none = np.full(len(nearest), np.nan)  # they have no one answer of their own
            return lambda i: self.pack.points[rows[nearest[i]]], {"drawn": False}, {"single": none}

        about = {"weights": fingerprint_of(self.networks[name])}
        figures = self.figures(
            f"neighbours_{name}", about, f"neighbours of {info_of(name, self.networks[name]).label}", batch
        )
        return Answers("nearest training objects", "neighbours", "", figures)

    def noise(self, name: str, partner: str) -> Answers:
        def batch(span: slice):
            latent, _ = self.encoded(partner, span)
            sigma = diversity.mean_sigma(self.encoded(name, span)[1])
            indices, truth = self.noise_indices(span), self.true_latents(span)
            latents = diversity.isotropic_control(latent, sigma, self.samples, seed=self.seed, indices=indices)
            single = self.single(self.autoencoder, latent, span)
            options = {"latents": lambda i: latents[i], "true_latents": truth}
            return lambda i: decode(self.autoencoder, latents[i]), options, {"single": single, "sigma": sigma}

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


def curves(study: Study, part: np.ndarray, name: str = "best") -> dict[str, list[dict[str, Any]]]:
    """Label → the expected best of n answers for n = 1, 2, 4, … N, means over objects with 95 % intervals.

    Args:
        study: whose answers.
        part: (V,) bool, which images, such as :attr:`Study.ambiguous`.
        name: ``"best"``, or ``"gain"``: the score of the one answer without samples minus the best of n.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    objects = [name for name, kept in zip(study.objects, part, strict=True) if kept]
    for answers in study.answers.values() if objects else ():
        best = answers.figures["min_of_n"][:, part]  # (S, V, N)
        count = best.shape[-1]
        for n in sorted({*(1 << k for k in range(count.bit_length())), count}):
            values = best[..., n - 1]
            values = values if name == "best" else answers.figures["single"][:, part] - values
            if not np.isfinite(values).all():
                continue
            figures = statistics.mean_interval(values, objects)
            row = {"n": n, "mean": figures["mean"], **finite_interval(figures)}
            found.setdefault(answers.label, []).append(row)
    return found


BINNED = {
    "sigma": ("mean σ of the latent", (0.0, 0.25)),
    "pairwise_points": ("distance of a point between samples, %", (0.0, 2.0)),
    "pairwise_chamfer": ("Chamfer between samples ×100", (0.0, 10.0)),
    "hidden_share": ("share of the variation on the hidden side", (0.3, 0.8)),
    "visible_fidelity": ("visible surface → sample ×100", (0.0, 10.0)),
    "best": ("Chamfer of the best of N ×100", (0.0, 15.0)),
    "gain": ("gain of the best of N, Chamfer ×100", (-0.1, 0.8)),
    "energy": ("energy score ×100", (0.0, 15.0)),
    "latent_energy": ("energy score of the latents", (0.0, 60.0)),
    "latent_coverage_0.5": ("true latents within the central 50 %", (0.0, 1.0)),
    "latent_coverage_0.8": ("true latents within the central 80 %", (0.0, 1.0)),
}
"""Figures in bins of the angle from behind, with their words and the fixed bounds of their axes."""


def bins(study: Study) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Figure → label → rows of :func:`lmnet_utils.diversity.bin_by_angle`; what a kind of answer lacks is left out."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for name in BINNED:
        for answers in study.answers.values():
            if name not in ("best", "gain") and name not in answers.figures:
                continue
            values = values_of(answers, name)
            known = np.isfinite(values).all(axis=0)  # nothing varies with σ 0; neighbours have no common point order
            if not known.any():
                continue
            objects = [model for model, kept in zip(study.objects, known, strict=True) if kept]
            rows = diversity.bin_by_angle(values[:, known], study.azimuths[known], objects)
            rows = [row for row in rows if row["images"]]
            rows = [{"angle": (row["from"] + row["to"]) / 2, **row, **finite_interval(row)} for row in rows]
            found.setdefault(name, {})[answers.label] = rows
    return found


def curve_panels(study: Study) -> list[PlotPanel]:
    """The best of N at views from behind and at the others, and the gain over one answer; see :func:`curves`."""
    panels = []
    words = {"best": ("Chamfer ×100 of the best of N", (4.0, 14.0)), "gain": ("gain over one answer ×100", (-0.1, 0.8))}
    for name, (text, bounds) in words.items():
        for part, title in (
            (study.ambiguous, f"views within {AMBIGUOUS:g}° of the view from behind"),
            (~study.ambiguous, "all other views"),
        ):
            series = {key: rows for key, rows in curves(study, part, name).items() if key in _drawn(study)}
            if name == "best" and (strongest := strongest_lambda(study)) and strongest.label in series:
                rows = series[strongest.label]
                series[f"{strongest.label}, mean of N"] = [{"n": row["n"], "mean": rows[0]["mean"]} for row in rows]
            ticks = [1 << k for k in range(study.samples.bit_length())]
            limits = (0.9, 1.1 * study.samples)
            panels.append(PlotPanel(title, "N", text, limits, bounds, series, "n", ticks, log2=True))
    return panels


def behind_panels(
    study: Study,
    binned: Mapping[str, Mapping[str, list[dict[str, Any]]]],
    names: Sequence[str],
    target: tuple[float, float],
) -> list[PlotPanel]:
    """Figures against the angle from behind, σ beside what the diversity loss asks for.

    Args:
        study: whose bins.
        binned: of :func:`bins`.
        names: which figures, of :data:`BINNED`.
        target: α and δ in degrees, of :func:`lmnet_utils.losses.target_sigma`.
    """
    panels = []
    for name in names:
        series = {key: rows for key, rows in binned.get(name, {}).items() if key in _drawn(study)}
        text, bounds = BINNED[name]
        if name == "sigma":
            noise = {answers.label for answers in study.of_kind("noise")}
            series = {key: rows for key, rows in series.items() if key not in noise}
            angles = np.linspace(0, 180, 91)
            asked = target_sigma(torch.from_numpy(np.radians(180 + angles)), *target).tolist()
            points = zip(angles.tolist(), asked, strict=True)
            series["asked for by the loss"] = [{"angle": angle, "mean": value} for angle, value in points]
        panels.append(
            PlotPanel(text, "degrees from the view from behind", "", (0, 180), bounds, series, xticks=range(0, 181, 30))
        )
    return panels


def _drawn(study: Study) -> set[str]:
    """Labels of what figures show: every model, and one noise control, that of the strongest λ."""
    strongest = strongest_lambda(study)
    return {
        answers.label
        for answers in study.answers.values()
        if answers.kind != "noise" or (strongest is not None and answers.of == strongest.of)
    }


def strongest_lambda(study: Study) -> Answers | None:
    """The Variant II model that comes last in the order of λ and α."""
    return (study.of_kind("variant II") or [None])[-1]


def target_of(networks: Networks, answers: Answers | None) -> tuple[float, float]:
    """α and δ (degrees) that a Variant II model was trained with; the paper's where its record does not say."""
    info = info_of(answers.of, networks.get(answers.of)) if answers else NetworkInfo("")
    return info.alpha, info.penalty_angle


def answer_rows(study: Study) -> list[dict[str, Any]]:
    """A row for each kind of answer and part of the views: means over objects of what the curves and bins show."""
    names = {
        "one answer": "single", "mean of N": "mean_of_n", "best of N": "best", "gain": "gain", "energy": "energy",
        "between samples": "pairwise_chamfer", "moved, %": "pairwise_points", "hidden share": "hidden_share",
        "visible surface": "visible_fidelity",
    }  # fmt: skip
    rows = []
    for part, views in ((study.ambiguous, "from behind"), (~study.ambiguous, "other")):
        objects = [model for model, kept in zip(study.objects, part, strict=True) if kept]
        for answers in study.answers.values() if objects else ():
            row: dict[str, Any] = {"answers": answers.label, "views": views, "N": answers.figures["scores"].shape[-1]}
            for title, name in names.items():
                values = values_of(answers, name)[:, part]
                known = np.isfinite(values).all(axis=0)
                means = statistics.group_means(
                    values.mean(axis=0)[known], [o for o, k in zip(objects, known, strict=True) if k]
                )
                row[title] = float(np.mean(list(means.values()))) if known.any() else None
            rows.append(row)
    return rows


def skill_rows(study: Study) -> list[dict[str, Any]]:
    """Whether Variant II knows where it errs, a row for each model and training seed.

    ``spread_skill``: Spearman's correlation of σ with the error of the decoded mean, over images, the angle from behind
    held fixed (λ teaches σ the azimuth, and the error may depend on it, too), with ``low`` and ``high``; ``calibration``: root mean square error of the latents divided by σ (1 when
    calibrated); ``coverage 50 %`` and ``coverage 80 %``: true latents within the samples' central intervals.
    """
    rows = []
    angle = diversity.angle_from_behind(study.azimuths) if study.items else np.zeros(0)
    for answers in study.of_kind("variant II"):
        figures = answers.figures
        for k in range(len(figures["sigma"])):
            found = statistics.rank_correlation(figures["sigma"][k], figures["single"][k], study.objects, given=angle)
            width, error = (np.sqrt(np.mean(np.square(figures[name][k]))) for name in ("latent_width", "latent_error"))
            row: dict[str, Any] = {"model": answers.label, "seed": k}
            row |= {"spread_skill": _known(found["correlation"])}
            row |= {f"spread_skill_{name}": _known(found[name]) for name in ("low", "high")}
            row |= {
                "mean σ": float(figures["sigma"][k].mean()),
                "calibration": _known(error / width if width else np.inf),
            }
            for level in (0.5, 0.8):
                row[f"coverage {level:.0%}"] = _known(figures[f"latent_coverage_{level:g}"][k].mean())
            rows.append(row)
    return rows


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


# -------------------------------------------------------------------------------------------------------------- claims
def claims(scored: Sequence[Scored], study: Study, kind: str = "none") -> list[dict[str, Any]]:
    """The closing table: ``claim``, ``evidence``, ``verdict``, and the figures of the difference behind them.

    A claim that the run has no models for is ``"not tested"``. Differences are paired by image, averaged over objects;
    intervals are :func:`lmnet_utils.statistics.paired_difference`'s, over objects and training seeds.

    Args:
        scored: of :func:`lmnet_utils.evaluation.score_method`, methods named as the run's models.
        study: of :func:`measure_diversity`.
        kind: of ICP, of the accuracy claims.
    """
    rows = [
        _accuracy("L1 gives a smaller error than L2", scored, "encoder_l1", "encoder_l2", kind),
        _accuracy(
            "matching latents (L1) gives a smaller error than direct regression",
            scored, "encoder_l1", "encoder_chamfer", kind,
        ),
        _accuracy(
            "matching latents (L1) gives a smaller error than Chamfer through the frozen decoder",
            scored, "encoder_l1", "encoder_chamfer_frozen", kind,
        ),
    ]  # fmt: skip
    strongest = strongest_lambda(study)
    none = next((answers for answers in study.of_kind("variant II") if answers.diversity_weight == 0), None)
    name = strongest.label if strongest else "λ > 0"
    comparable = strongest is not None and none is not None and strongest is not none
    views = f"views within {AMBIGUOUS:g}° of the view from behind"
    rows.append(
        _diverse(
            f"{name} raises diversity over λ = 0 at {views}",
            "distance between samples, %", study, (strongest, none) if comparable else None, "pairwise_points",
        )
    )  # fmt: skip
    rows.append(
        _accuracy(
            f"with {name} accuracy does not suffer (decoded mean at most {MARGIN:g} above λ = 0)",
            scored, strongest.of if comparable else "", none.of if none else "encoder_lambda_0", kind, margin=MARGIN,
        )
    )  # fmt: skip
    noise = study.answers.get(f"noise {strongest.of}") if strongest else None
    rows.append(
        _diverse(
            f"{name}: the best of {study.samples} samples gains more than with noise of the same mean σ, at {views}",
            "gain over one answer, Chamfer ×100", study, (strongest, noise) if noise else None, "gain",
        )
    )  # fmt: skip
    return rows


def _row(
    claim: str, quantity: str, names: Sequence[str], means: Sequence[float], found: Mapping[str, Any], **options: Any
) -> dict[str, Any]:
    """A tested claim. ``found``: of ``paired_difference``; ``options``: of :func:`lmnet_utils.statistics.verdict`."""
    each = ", ".join(f"{name} {mean:.2f}" for name, mean in zip(names, means, strict=True))
    seeds = f", {found['seeds']} training seeds" if found["seeds"] > 1 else ""
    figures = {"difference": found["difference"], **finite_interval(found)}
    return {
        "claim": claim,
        "evidence": f"{quantity}: {each}, {_difference(found)}, {found['objects']} objects{seeds}",
        "verdict": statistics.verdict((found["low"], found["high"]), **options),
        **figures,
        "objects": found["objects"],
        "seeds": found["seeds"],
    }


def _difference(found: Mapping[str, Any]) -> str:
    low, high = found["low"], found["high"]
    interval = f"[{low:+.2f}, {high:+.2f}]" if np.isfinite([low, high]).all() else "(no interval)"
    return f"difference {found['difference']:+.2f} {interval}"


def _not_tested(claim: str, why: str) -> dict[str, Any]:
    return {"claim": claim, "evidence": why, "verdict": NOT_TESTED}


def _accuracy(
    claim: str, scored: Sequence[Scored], a: str, b: str, kind: str, *, margin: float = 0.0
) -> dict[str, Any]:
    """A against B by Chamfer distance, on the images that both were scored on; EMD beside it, where it was scored."""
    sides = [[one for one in scored if base_name(one.method.name) == name] for name in (a, b)]
    shown = [side[0].method.label if side else label(name) for name, side in zip((a, b), sides, strict=True)]
    missing = [text for text, side in zip(shown, sides, strict=True) if not side]
    if missing:
        return _not_tested(claim, f"this run has no {' and no '.join(filter(None, missing)) or 'such model'}")
    images = [{(item.model, item.view): None for item in one.items} for side in sides for one in side]
    common = [image for image in images[0] if all(image in other for other in images)]
    if not common:
        return _not_tested(claim, "the models were scored on no common image")
    objects = [model for model, _ in common]

    def compare(score: str) -> tuple[list[float], dict[str, Any]]:
        values = []  # a side: (S, V)
        for side in sides:
            place = [{(item.model, item.view): i for i, item in enumerate(one.items)} for one in side]
            rows = [[where[image] for image in common] for where in place]
            values.append(np.stack([one.scores[kind][score][where] for one, where in zip(side, rows, strict=True)]))
        means = [statistics.mean_interval(side, objects)["mean"] for side in values]
        return means, statistics.paired_difference(*values, objects)

    means, found = compare("chamfer")
    row = _row(claim, "Chamfer ×100", shown, means, found, margin=margin)
    if all("emd" in one.scores[kind] for side in sides for one in side):
        means, found = compare("emd")
        row["evidence"] += f"; EMD {means[0]:.2f}, {means[1]:.2f}, {_difference(found)}"
    return row


def _diverse(
    claim: str, quantity: str, study: Study, pair: tuple[Answers, Answers] | None, name: str
) -> dict[str, Any]:
    """A against B by a figure of diversity at the ambiguous views; more is better."""
    if pair is None:
        return _not_tested(claim, "this run has no models of Variant II, or none to compare with")
    part = study.ambiguous
    a, b = (values_of(answers, name)[:, part] for answers in pair)
    known = np.isfinite(a).all(axis=0) & np.isfinite(b).all(axis=0)
    if not known.any():
        return _not_tested(claim, "no image of the study is such a view")
    objects = [model for model, kept in zip(np.array(study.objects)[part], known, strict=True) if kept]
    a, b = a[:, known], b[:, known]
    found = statistics.paired_difference(a, b, objects)
    means = [statistics.mean_interval(side, objects)["mean"] for side in (a, b)]
    return _row(claim, quantity, [answers.label for answers in pair], means, found, better="higher")
