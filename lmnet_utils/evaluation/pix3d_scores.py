"""Scores on Pix3D's photographs (paper, section 4), and their table."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from lmnet_utils.data import taxonomy
from lmnet_utils.data.packs import open_pack, read_split
from lmnet_utils.data.pix3d import CATEGORIES, Pix3DPhoto, batches, file_from_pix3d, read_cloud
from lmnet_utils.evaluation.protocol import Protocol, score
from lmnet_utils.evaluation.statistics import finite_interval, image_mean_interval
from lmnet_utils.models import inference
from lmnet_utils.models.inference import Batching
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder


# -------------------------------------------------------------------------------------------------------------- scoring
def class_means(autoencoder: PointCloudAutoencoder, classes: Sequence[str] = CATEGORIES) -> dict[str, np.ndarray]:
    """Category → (2048, 3): the decoded mean latent of the training objects; {} where the training data is not here."""
    data = autoencoder.config.get("training", {}).get("data", {})
    if not {"dataset", "split", "classes"} <= set(data):
        return {}
    try:
        pack = open_pack(data["dataset"])
        training = set(read_split(data["dataset"], data["split"], data["classes"]).train) & set(pack.models)
    except (OSError, ValueError):
        return {}
    means = {}
    for name in classes:
        models = sorted(model for model in training if model.split("/")[0] == taxonomy.CLASSES.get(name))
        if models:
            latents = inference.encode_clouds(autoencoder, pack.points[pack.rows(models)])
            means[name] = inference.decode(autoencoder, latents.mean(dim=0, keepdim=True))[0].numpy()
    return means


@dataclasses.dataclass(frozen=True)
class Results:
    """``scores[method][key][i]`` is about ``photos[i]``; ``problems`` says of other images why they are not there."""

    photos: list[Pix3DPhoto]
    scores: dict[str, dict[str, np.ndarray]]
    problems: dict[str, str]


def evaluate(
    networks: Mapping[str, PointCloudAutoencoder | ImageEncoder],
    photos: Sequence[Pix3DPhoto],
    dataset: str = "pix3d",
    *,
    yaw: float = 0.0,
    means: Mapping[str, np.ndarray] | None = None,
    protocol: Protocol = Protocol("exact", emd=True),
    batching: Batching = Batching(batch_size=32),
) -> Results:
    """Reconstruct every photo with every model and score it by the paper's protocol; Variant II by its decoded mean.

    Args:
        networks: name → model; ``"autoencoder"`` must be among them and is scored on the truth that it is given itself.
        photos: of :func:`check`.
        dataset: folder below ``data/``.
        yaw: see :func:`file_from_pix3d`.
        means: category → cloud, scored as "mean shape of the class".
        protocol: alignment, distances and the draw of points.
        batching: photos at once, and the image encoders' arithmetic.
    """
    autoencoder = networks["autoencoder"]
    options = {"icp": protocol.icp, "emd": protocol.emd, "seed": protocol.seed}
    truths: dict[str, np.ndarray] = {}
    scored: list[Pix3DPhoto] = []
    parts: dict[str, list[dict[str, np.ndarray]]] = {}
    problems: dict[str, str] = {}
    for batch, images, wrong in batches(photos, dataset, batch_size=batching.batch_size, progress=True):
        problems |= wrong
        if not batch:
            continue
        scored += batch
        for photo in batch:
            if photo.object not in truths:
                truths[photo.object] = file_from_pix3d(read_cloud(photo, dataset), yaw)
        truth = np.stack([truths[photo.object] for photo in batch])
        clouds = {}
        for name, network in networks.items():
            if name == "autoencoder":
                clouds[name] = inference.decode(autoencoder, inference.encode_clouds(autoencoder, truth))
            else:
                clouds[name] = inference.reconstruct(autoencoder, network, images, batching=batching)
        if means and all(photo.category in means for photo in photos):
            clouds["mean shape of the class"] = np.stack([means[photo.category] for photo in batch])
        for name, guess in clouds.items():
            parts.setdefault(name, []).append(score(truth, guess, **options))
    joined = {
        name: {key: np.concatenate([part[key] for part in found]) for key in found[0]} for name, found in parts.items()
    }
    return Results(scored, joined, problems)


def examples(photos: Sequence[Pix3DPhoto], chamfer: np.ndarray) -> list[tuple[str, int]]:
    """Photos for a figure: the best, the median and the worst of each class, as (title, number)."""
    found = []
    for name in dict.fromkeys(photo.category for photo in photos):
        numbers = np.array([k for k, photo in enumerate(photos) if photo.category == name])
        order = numbers[np.argsort(chamfer[numbers], kind="stable")]
        for what, place in (("best", 0), ("median", len(order) // 2), ("worst", len(order) - 1)):
            found.append((f"{name}, {what}", int(order[place])))
    return found


# --------------------------------------------------------------------------------------------------------------- tables
def table_rows(
    method: str,
    photos: Sequence[Pix3DPhoto],
    scores: dict[str, np.ndarray],
    *,
    only: Collection[str] | None = None,
) -> list[dict[str, Any]]:
    """Rows per class, and in all: means over photos, as the official code averages, with intervals over objects.

    Many photos show the same object, so that the 95 % interval is over objects, each with all its photos:
    :func:`lmnet_utils.evaluation.statistics.image_mean_interval`, None with one object.

    Args:
        method: name of the row.
        photos: what was scored.
        scores: of :func:`lmnet_utils.evaluation.protocol.score`, each (B,).
        only: categories that the model was trained on; the others get no rows. By default all.

    Returns:
        Rows with ``model, classes, photos, objects``, ``chamfer, chamfer_low, chamfer_high`` and the other scores; "all" averages over
        photos, "mean of classes" over the classes' means; a single class has neither.
    """
    categories = np.array([photo.category for photo in photos])
    known = [*CATEGORIES, *sorted(set(categories) - set(CATEGORIES))]
    names = [name for name in known if name in categories and (only is None or name in only)]
    rows = []
    for name in [*names, *(["all"] if len(names) > 1 else [])]:
        inside = np.isin(categories, names if name == "all" else [name])
        objects = [photo.object for photo, kept in zip(photos, inside, strict=True) if kept]
        interval = finite_interval(image_mean_interval(scores["chamfer"][inside], objects))
        means = {key: float(values[inside].mean()) for key, values in scores.items()}
        row = {"model": method, "classes": name, "photos": int(inside.sum()), "objects": len(set(objects))}
        row |= {"chamfer": means.pop("chamfer"), **{f"chamfer_{end}": value for end, value in interval.items()}}
        rows.append({**row, **means})
    if len(names) > 1:
        average = {key: float(np.mean([row[key] for row in rows[:-1]])) for key in scores}
        rows.append({"model": method, "classes": "mean of classes", **average})
    return rows
