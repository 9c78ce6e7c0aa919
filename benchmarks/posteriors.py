"""Everything that gives several answers to an image, measured where all possible shapes are known and on real objects.

    python benchmarks/posteriors.py [--write benchmarks/posteriors.json] [--complete benchmarks/posteriors.json]

The samplers are those of ``lmnet_utils/models/samplers.py`` with the shipped weights, 16 answers an image. Images of the ambiguity
set are every n-th of those that leave something open (the same as in ``benchmarks/ambiguity.py``) and all chairs; how far answers
lie apart from behind is measured on all of its images within 20° of that view. Real objects are FreeShapes' validation and test
objects, six views of each. Data are made below ``data/ambiguity``; what is measured is kept below ``runs/posteriors``. It needs
what ``tools/make_residuals.py`` has rendered, or renders it.

``--complete`` measures the controls and those samplers that the given file lacks, and takes the others from it. The controls' figures must
be those of the file to 0.0001: then weights, images and code are the same.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lmnet_utils.core import cache, paths
from lmnet_utils.core.files import read_json, write_json
from lmnet_utils.core.runtime import environment
from lmnet_utils.data.layout import network_input
from lmnet_utils.data.programs.ambiguity import AmbiguousImage, ambiguous_images, make_ambiguity_set, read_ambiguous
from lmnet_utils.data.taxonomy import CLASSES
from lmnet_utils.evaluation.ambiguity import ambiguity_rows, sampler_figures
from lmnet_utils.evaluation.diversity import pairwise_point_distance, sample_scores
from lmnet_utils.evaluation.methods import Task, TrainingLatents, open_task
from lmnet_utils.evaluation.sampler_scores import object_figures, object_rows
from lmnet_utils.evaluation.statistics import finite_interval, mean_interval, paired_difference
from lmnet_utils.evaluation.study import AMBIGUOUS, angle_from_behind, spread_over_angles
from lmnet_utils.models.flows import train_flow
from lmnet_utils.models.imle import train_imle
from lmnet_utils.models.inference import Item, Sampling, decode, encode_clouds, encode_images, items_of
from lmnet_utils.models.mixtures import MixtureSettings, train_mixture
from lmnet_utils.models.posteriors import load_residuals
from lmnet_utils.models.registry import load_networks
from lmnet_utils.models.samplers import LatentSampler, MatchedNoise, NeighbourSampler, Repeated, Sampler
from lmnet_utils.models.weights import fingerprint_of

sys.path.insert(0, str(paths.project_root() / "tools"))
import make_residuals

RUN, SAMPLES, VIEWS = "freeshapes", 16, 6
NETWORKS = {"L1": "encoder_l1", "Variant II": "encoder_lambda_5.5"}
ALONE, NOISE, RESIDUALS, NEIGHBOURS = "L1", "L1 + noise", "L1 + residuals", "neighbours"
LEARNT = {
    "L1 + flow": train_flow,
    "L1 + Gaussian": functools.partial(train_mixture, settings=MixtureSettings(modes=1)),
    "L1 + mixture": train_mixture,
    "L1 + IMLE": train_imle,
}
"""Trained on the same residuals, in the same number of steps and with the same seed. One Gaussian is Variant II's kind of answer, its
σ learnt on images that L1 was not fitted to."""
LAMBDA, WIDER = "λ = 5.5", "λ = 5.5, wider"
PERFECT = "true shapes, decoded"
NAMES = (ALONE, NOISE, RESIDUALS, *LEARNT, NEIGHBOURS, LAMBDA, WIDER, PERFECT)
AUTOENCODER = "autoencoder"
CONTROLS = (ALONE, NOISE)
SAME = 1e-4
"""What figures may differ by that were measured on two machines."""
COMPARED = ("coverage", "precision", "energy", "energy_excess", "region_0.5", "region_0.8", "region_0.95", "rank_1")
AGREEMENT = ("silhouette", "visible_distance")
MIDDLE_HALF = 0.6745
"""Half of a normal distribution lies within so many standard deviations."""


# ---------------------------------------------------------------------------------------------------------- samplers
def samplers_of(task: Task, networks: dict[str, Any], names: Sequence[str], width: float) -> dict[str, Sampler]:
    """The samplers of these names; ``width`` is how much wider λ = 5.5 is made."""
    autoencoder, encoder, variational = networks["autoencoder"], *map(networks.get, NETWORKS.values())
    residuals = load_residuals(paths.model_dir(RUN, NETWORKS["L1"]))
    if residuals is None:
        raise SystemExit("no residuals beside L1's weights: python tools/make_residuals.py --write")
    posteriors = {ALONE: Repeated(), NOISE: MatchedNoise(residuals), RESIDUALS: residuals}
    fresh = make_residuals.bank(
        make_residuals.fresh_latents(autoencoder, encoder, make_residuals.OBJECTS),
        make_residuals.OBJECTS, make_residuals.VIEWS, nearest=1,
    )  # fmt: skip
    for name, train in LEARNT.items():
        if name in names:
            posteriors[name] = train(fresh.predicted, fresh.residuals, progress=name)
    found: dict[str, Sampler] = {
        name: LatentSampler(autoencoder, encoder, posterior) for name, posterior in posteriors.items()
    }
    if NEIGHBOURS in names:
        training = TrainingLatents(task, autoencoder)
        clouds = task.pack.points[task.pack.rows(training.task.train)]
        found[NEIGHBOURS] = NeighbourSampler(encoder, training.values, clouds)
    found |= {LAMBDA: LatentSampler(autoencoder, variational)}
    found |= {WIDER: LatentSampler(autoencoder, variational, width=width)}
    return {name: found[name] for name in names if name != PERFECT}


def width_for_half(task: Task, autoencoder: Any, encoder: Any) -> float:
    """What σ must be multiplied by for the middle half of every latent number's distribution to hold half of the true ones.

    Over all views of the validation objects of the class that Variant II knows.
    """
    items = items_of(task.pack, [model for model in task.validation if model.startswith(CLASSES["chair"])])
    rows, views = task.pack.rows([item.model for item in items]), [item.view for item in items]
    mean, log_variance = encode_images(encoder, task.pack.images(rows, views))
    assert log_variance is not None
    off = (encode_clouds(autoencoder, task.pack.points[rows]) - mean).abs() / torch.exp(0.5 * log_variance)
    return float(off.median()) / MIDDLE_HALF


def knows(name: str, category: str) -> bool:
    return name not in (LAMBDA, WIDER) or category == "chair"


# ------------------------------------------------------------------------------------------------------ ambiguity set
def inputs_of(images: list[AmbiguousImage]) -> torch.Tensor:
    """(B, 3, 128, 128) uint8."""
    return torch.from_numpy(
        np.stack([network_input(read_ambiguous(image)["image"]) for image in images]).copy()
    ).permute(0, 3, 1, 2)


def known_posteriors(
    name: str, answers: Callable[[list[AmbiguousImage]], np.ndarray], images: list[AmbiguousImage], key: str
) -> dict[str, np.ndarray]:
    """Figure → (V,) of the images of the ambiguity set, at 16 answers; ``answers``: B images → (B, 16, P, 3)."""

    def compute(span: slice) -> dict[str, np.ndarray]:
        pairs = zip(images[span], answers(images[span]), strict=True)
        figures = [sampler_figures(image, clouds, [SAMPLES]) for image, clouds in pairs]
        return {figure: np.stack([one[figure] for one in figures]) for figure in figures[0]}

    return cache.kept_arrays(_file(f"known-{name}"), key, len(images), 4, compute, f"ambiguity set, {name}")


def perfect_latents(autoencoder: Any, images: list[AmbiguousImage]) -> np.ndarray:
    """Answers of who draws the possible objects themselves, but as the autoencoder makes clouds of them."""
    found = []
    for image in images:
        clouds = decode(autoencoder, encode_clouds(autoencoder, read_ambiguous(image)["clouds"])).numpy()
        drawn = np.random.default_rng([image.seed, round(image.camera[0])]).integers(len(clouds), size=SAMPLES)
        found.append(clouds[drawn])
    return np.stack(found)


def spreads(sampler: Sampler, images: list[AmbiguousImage]) -> np.ndarray:
    """(V,) mean distance of the same point in two answers, in % of the true object's longest side."""
    clouds = sampler.sample(inputs_of(images), SAMPLES).numpy()
    sides = [np.ptp(read_ambiguous(image)["clouds"][0], axis=0).max() for image in images]
    return np.array([100 * pairwise_point_distance(some) / side for some, side in zip(clouds, sides, strict=True)])


def spread_rows(samplers: dict[str, Sampler], images: list[AmbiguousImage]) -> list[dict[str, Any]]:
    """How far answers lie apart within 20° of the view from behind, where something is open and where nothing is."""
    behind = [image for image in images if angle_from_behind(image.camera[0]) <= AMBIGUOUS]
    rows = []
    for name in set((NOISE, RESIDUALS, *LEARNT)) & set(samplers):
        for what, is_open in (("open", True), ("closed", False)):
            chosen = [image for image in behind if (len(image.variants) > 1) == is_open]
            found = mean_interval(spreads(samplers[name], chosen), [image.model for image in chosen])
            about = {"sampler": name, "images": len(chosen), "leaves": what}
            rows.append(about | {"mean": found["mean"], **finite_interval(found)})
    return rows


def set_rows(
    samplers: dict[str, Sampler], images: list[AmbiguousImage], keys: dict[str, str], autoencoder: Any
) -> list[dict[str, Any]]:
    """All figures on the ambiguity set: of images that leave something open, and of chairs."""

    def answers(name: str, some: list[AmbiguousImage]) -> np.ndarray:
        if name == PERFECT:
            return perfect_latents(autoencoder, some)
        return samplers[name].sample(inputs_of(some), SAMPLES).numpy()

    mine = {name: [image for image in images if knows(name, image.category)] for name in keys}
    figures = {
        name: known_posteriors(name, functools.partial(answers, name), known, keys[name])
        for name, known in mine.items()
    }
    rows = []
    for group in ("open", "chairs"):
        for name, known in mine.items():
            chosen = [k for k, image in enumerate(known) if (image.category == "chair") == (group == "chairs")]
            if not chosen:
                continue
            of_images = [{figure: values[k] for figure, values in figures[name].items()} for k in chosen]
            objects = [known[k].model for k in chosen]
            found = ambiguity_rows(of_images, objects, [SAMPLES])
            kept = [row for row in found if row["figure"] in (*COMPARED, *AGREEMENT)]
            rows += [{"sampler": name, "group": group, "images": len(chosen), **row} for row in kept]
            if group == "open" and name != ALONE:
                for figure in ("silhouette", "visible_distance", "energy"):
                    pair = [figures[one][figure][chosen, 0] for one in (name, ALONE)]
                    difference = paired_difference(*pair, objects)
                    about = {"sampler": name, "group": group, "images": len(chosen), "figure": f"{figure}_over_L1"}
                    rows.append(about | {"mean": difference["difference"], **finite_interval(difference)})
    return rows


# ------------------------------------------------------------------------------------------------------- real objects
def real_rows(task: Task, samplers: dict[str, Sampler], keys: dict[str, str], autoencoder: Any) -> list[dict[str, Any]]:
    """All figures on FreeShapes' objects, of validation, test and test chairs; and the most that answers could gain."""
    rows = []
    for group, models in (("validation", list(task.validation)), ("test", list(task.test))):
        items = spread_over_angles(items_of(task.pack, models), VIEWS)
        figures = {
            name: kept_objects(f"{group}-{name}", one, task, items, keys[name])
            for name, one in samplers.items()
            if knows(name, "")
        }
        figures[AUTOENCODER] = autoencoder_figures(task, items, autoencoder)
        rows += [{"group": group, **row} for row in object_rows(figures, items, figures[ALONE]["mean_of_n"], NOISE)]
    seated = np.array([item.model.startswith(CLASSES["chair"]) for item in items])
    chairs = [item for item, is_one in zip(items, seated, strict=True) if is_one]
    of_chairs = {name: {figure: v[seated] for figure, v in found.items()} for name, found in figures.items()}
    for name in {LAMBDA, WIDER} & set(samplers):
        of_chairs[name] = kept_objects(f"chairs-{name}", samplers[name], task, chairs, keys[name])
    found = object_rows(of_chairs, chairs, of_chairs[ALONE]["mean_of_n"], NOISE)
    return rows + [{"group": "test chairs", **row} for row in found]


def kept_objects(name: str, sampler: Sampler, task: Task, items: list[Item], key: str) -> dict[str, np.ndarray]:
    def compute(span: slice) -> dict[str, np.ndarray]:
        drawn = not isinstance(sampler, NeighbourSampler)
        return object_figures(sampler, task.pack, items[span], Sampling(SAMPLES), drawn=drawn)

    return cache.kept_arrays(_file(f"real-{name}"), key, len(items), 16, compute, name)


def autoencoder_figures(task: Task, items: list[Item], autoencoder: Any) -> dict[str, np.ndarray]:
    """The autoencoder's own error, as if it were the best of all answers: hardly any latent is nearer than the true one."""
    rows = task.pack.rows([item.model for item in items])
    different, which = np.unique(rows, return_inverse=True)
    clouds = decode(autoencoder, encode_clouds(autoencoder, task.pack.points[different])).numpy()
    pairs = zip(task.pack.points_1024[different], clouds, strict=True)
    scores = np.array([sample_scores(truth, cloud[None])[0] for truth, cloud in pairs])[which]
    return {"mean_of_n": scores, "best": scores, "energy": np.full(len(items), np.nan), "pairwise_points": 0 * scores}


def _file(name: str) -> Path:
    return paths.runs_root() / "posteriors" / name.replace(" ", "_")


# --------------------------------------------------------------------------------------------------------------- main
def keys_of(names: Sequence[str], samplers: dict[str, Sampler], inputs: dict[str, Any]) -> dict[str, str]:
    """What decides the figures of each sampler, as a fingerprint."""
    keys = {}
    for name in names:
        posterior = getattr(samplers.get(name), "posterior", None)
        learnt = posterior.state_dict() if isinstance(posterior, torch.nn.Module) else {}
        weights = {part: cache.fingerprint(values.numpy().tobytes().hex()) for part, values in learnt.items()}
        keys[name] = cache.fingerprint({**inputs, "sampler": name, "learnt": weights}, "ambiguity", "diversity")
    return keys


def _about(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("mean", "low", "high")}


def completed(kept: dict[str, Any], rows: dict[str, list]) -> dict[str, list]:
    """Rows measured now, and the kept ones of all other samplers.

    Raises:
        SystemExit: a control's figures are not the kept ones.
    """
    order, groups = (
        (*NAMES[: NAMES.index(LAMBDA)], AUTOENCODER, LAMBDA, WIDER, PERFECT),
        ("open", "chairs", "validation", "test", "test chairs", None),
    )
    found = {}
    for part, measured in rows.items():
        now = {row["sampler"] for row in measured}
        then, again = ([row for row in some if row["sampler"] in CONTROLS] for some in (kept[part], measured))
        if [_about(row) for row in then] != [_about(row) for row in again] or not np.allclose(
            [row["mean"] for row in then], [row["mean"] for row in again], rtol=0, atol=SAME
        ):
            raise SystemExit(f"--complete: other figures of {', '.join(CONTROLS)} ({part}): measure all samplers.")
        listed = [*(row for row in kept[part] if row["sampler"] not in now), *measured]
        found[part] = sorted(listed, key=lambda row: (groups.index(row.get("group")), order.index(row["sampler"])))
    return found


def main() -> None:
    """Measure all samplers, print and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=75)
    parser.add_argument("--write", metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--complete", metavar="FILE", help="measure what FILE lacks, and take the rest from it")
    options = parser.parse_args()
    kept = read_json(options.complete) if options.complete else {}
    there = {row["sampler"] for row in kept.get("set", [])} - set(CONTROLS)
    names = [name for name in NAMES if name not in there]
    networks = load_networks(RUN, list(NETWORKS.values()))
    task = open_task("freeshapes", "official", "13")
    width = width_for_half(task, networks["autoencoder"], networks[NETWORKS["Variant II"]])
    samplers = samplers_of(task, networks, names, width)
    residuals_file = paths.model_dir(RUN, NETWORKS["L1"]) / "residuals.safetensors"
    inputs = {name: fingerprint_of(network) for name, network in networks.items()}
    inputs |= {"residuals": cache.fingerprint(residuals_file.read_bytes().hex()), "width": width}
    keys = keys_of(names, samplers, inputs)

    every = [image for image in ambiguous_images() if len(image.variants) > 1]
    images = every[:: max(1, len(every) // options.images)][: options.images]
    behind = [image for image in ambiguous_images() if angle_from_behind(image.camera[0]) <= AMBIGUOUS]
    images += [image for image in ambiguous_images() if image.category == "chair"]
    make_ambiguity_set(list({image.name: image for image in images + behind}.values()))
    rows = {
        "spread": spread_rows(samplers, behind),
        "set": set_rows(samplers, images, keys, networks["autoencoder"]),
        "objects": real_rows(task, samplers, keys, networks["autoencoder"]),
    }
    rows = completed(kept or rows, rows)
    for row in [row for found in rows.values() for row in found]:
        where = " ".join(str(row[name]) for name in ("group", "views", "leaves") if name in row)
        print(
            f"{row['sampler']:16} {where:20} {row.get('figure', 'apart'):22} {row['mean']:7.3f} [{row['low']:.3f}, {row['high']:.3f}]"
        )
    if options.write:
        made = {"environment": environment()} | ({"kept_from": kept["environment"]} if kept else {})
        write_json(options.write, {"width": width, "samples": SAMPLES, **rows, **made})


if __name__ == "__main__":
    main()
