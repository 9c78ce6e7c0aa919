"""Scoring of trained models and of the baselines beside them: what notebook 08 shows.

A :class:`Method` makes a cloud for each image of the test objects: a trained model, or something that shows what a
model's score is worth (a second sampling of the truth, retrieval from the training set, a mean shape). Every method is
scored in the same way, by :func:`lmnet_utils.evaluation.protocol.score`, and its scores are kept on disk: a killed evaluation goes
on where it stood, a second one takes seconds.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from lmnet_utils.data import taxonomy
from lmnet_utils.data.packs import Pack, open_pack, read_split
from lmnet_utils.data.splits import without_copies
from lmnet_utils.evaluation import protocol
from lmnet_utils.evaluation.statistics import group_means
from lmnet_utils.models.inference import Item, decode, decoder_of, encode_clouds, spread_over_classes
from lmnet_utils.models.latents import KeptLatents, Network
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.registry import base_name, info_of
from lmnet_utils.models.weights import fingerprint_of

_CLOUDS_AT_ONCE = 4096  # training clouds encoded at once: 100 MB


# -------------------------------------------------------------------------------------------------------------- task
@dataclass(frozen=True)
class Task:
    """What models are scored on: the test objects of a data set's split, and the training objects for the baselines.

    ``test`` in an order in which the classes take turns; ``train`` without the training-only copies; ``validation``, which
    no network was fitted to.
    """

    pack: Pack
    test: list[str]
    train: list[str]
    checksum: str = ""
    validation: Sequence[str] = ()

    @property
    def data(self) -> dict[str, Any]:
        """For ``metrics.json``."""
        return {"dataset": self.pack.dataset, "split_checksum": self.checksum, "pack_hash": self.pack.hash}

    def objects_of(self, synsets: Collection[str]) -> list[str]:
        """The test objects of some classes, in their order."""
        return [model for model in self.test if model.split("/")[0] in synsets]


def open_task(dataset: str, split: str, classes: str, limit_models: int | None = None) -> Task:
    """Open a data set and its split; errors as :func:`lmnet_utils.data.packs.open_pack` and ``read_split``.

    Args:
        limit_models: how many test objects; the classes take turns, so that few objects still cover many classes.
    """
    parts = read_split(dataset, split, classes)
    test = spread_over_classes(parts.test)[:limit_models]
    return Task(open_pack(dataset), test, without_copies(parts.train), parts.checksum, parts.val)


# ----------------------------------------------------------------------------------------------------------- methods
@dataclass(frozen=True)
class Method:
    """Something that makes a cloud for every item, to be scored.

    Attributes:
        name: unique; names its file of scores. Training seeds of one method differ in their ``_seed<k>`` only.
        label: as tables show it.
        objects: which test objects it is scored on.
        clouds: items → (B, N, 3) in the file frame.
        identity: everything that decides the clouds, as JSON: fingerprints of weights, the training objects, …
        images: whether it looks at images; otherwise one item an object is scored.
        contender: whether it competes for a table's best value; the truth's own sampling and oracles do not.
    """

    name: str
    label: str
    objects: list[str]
    clouds: Callable[[Sequence[Item]], np.ndarray | torch.Tensor]
    identity: Mapping[str, Any]
    images: bool = True
    contender: bool = True


def model_methods(
    task: Task, networks: Mapping[str, PointCloudAutoencoder | ImageEncoder], latents: KeptLatents | None = None
) -> list[Method]:
    """The autoencoder's own reconstruction and every image encoder, each on the classes that it was trained on.

    Variant II is scored by its decoded mean. A model without a test object in its classes is left out.

    Args:
        latents: what is predicted already, and the encoders' arithmetic; by default nothing, in fp32.
    """
    latents = latents or KeptLatents(task.pack)
    precision = latents.batching.precision
    autoencoder, methods = networks["autoencoder"], []
    for name, network in networks.items():
        encoder = None if name == "autoencoder" else network
        objects = task.objects_of(taxonomy.synsets_of(info_of(name, network).classes))
        decoder = decoder_of(autoencoder, encoder)
        identity = {"weights": fingerprint_of(network), "decoder": fingerprint_of(decoder), "precision": precision}

        def clouds(items: Sequence[Item], network: Network = network, decoder: Network = decoder) -> torch.Tensor:
            return decode(decoder, latents.of(network, items)[0])

        if objects:
            shown = info_of(name, network).method_label
            methods.append(Method(name, shown, objects, clouds, identity, encoder is not None, encoder is not None))
    shown = {}
    for method in methods:
        other = shown.setdefault(method.label, base_name(method.name))
        if other != base_name(method.name):
            raise ValueError(f"models: {method.name} and {other} would both be called {method.label!r}; rename one.")
    return methods


# --------------------------------------------------------------------------------------------------------- baselines
def sampling_floor(task: Task) -> Method:
    """The truth against a second, independent sampling of its surface: nothing can be expected below its score."""

    def clouds(items: Sequence[Item]) -> np.ndarray:
        return task.pack.points[task.pack.rows([item.model for item in items])]

    return Method("floor", "sampling floor", task.test, clouds, {}, images=False, contender=False)


def _as_trained(task: Task, autoencoder: PointCloudAutoencoder) -> Task:
    """The task with those of its training objects that the autoencoder has seen: its record may name a part of them."""
    settings = autoencoder.config.get("training", {}).get("settings", {})
    limits = {name: settings.get(name) for name in ("real_objects", "programs")}
    info = info_of("autoencoder", autoencoder)
    if info.dataset != task.pack.dataset or not any(limit is not None for limit in limits.values()):
        return task
    seen = set(read_split(info.dataset, info.split, info.classes, **limits).train)
    return replace(task, train=[model for model in task.train if model in seen])


class TrainingLatents:
    """The autoencoder's latents of a task's training objects, computed when first asked for.

    ``task``: that of all, with the training objects that the autoencoder has seen, if it was trained on a part of them. ``values``: (R, 512) float64, row k of ``task.train[k]``. ``identity``: what they depend on.
    """

    def __init__(self, task: Task, autoencoder: PointCloudAutoencoder) -> None:
        self.task, self.autoencoder = _as_trained(task, autoencoder), autoencoder
        self.identity = {"autoencoder": fingerprint_of(autoencoder), "training_objects": names_hash(self.task.train)}

    @functools.cached_property
    def values(self) -> np.ndarray:
        rows = self.task.pack.rows(self.task.train)
        parts = [
            encode_clouds(self.autoencoder, self.task.pack.points[rows[start : start + _CLOUDS_AT_ONCE]])
            for start in range(0, len(rows), _CLOUDS_AT_ONCE)
        ]
        return torch.cat(parts).numpy().astype(np.float64)

    @functools.cached_property
    def class_means(self) -> dict[str, np.ndarray]:
        """Synset → mean latent of its training objects."""
        return group_means(self.values, [model.split("/")[0] for model in self.task.train])

    def nearest(self, latents: np.ndarray) -> list[str]:
        """For each of (B, 512) latents the training object whose latent is nearest."""
        return [self.task.train[k] for k in protocol.nearest_latents(latents, self.values)]


def mean_shapes(training: TrainingLatents) -> list[Method]:
    """The decoded mean latent of the training objects of the class, and of all.

    A point-wise mean of unordered clouds would mean nothing. Where a class has no training object, the mean of all
    stands in for its own.
    """

    def of_class(items: Sequence[Item]) -> torch.Tensor:
        overall = training.values.mean(axis=0)
        return decoded([training.class_means.get(item.synset, overall) for item in items])

    def of_all(items: Sequence[Item]) -> torch.Tensor:
        return decoded([training.values.mean(axis=0)] * len(items))

    def decoded(latents: list[np.ndarray]) -> torch.Tensor:
        return decode(training.autoencoder, torch.tensor(np.array(latents), dtype=torch.float32))

    named = {"mean shape of the class": of_class, "mean shape of all": of_all}
    return [
        Method(name.replace(" ", "_"), name, training.task.test, clouds, training.identity, images=False)
        for name, clouds in named.items()
    ]


def retrieval(
    training: TrainingLatents, name: str, encoder: ImageEncoder, latents: KeptLatents | None = None
) -> Method:
    """The training object whose latent is nearest to the one that an encoder predicts; ``latents``: see :func:`model_methods`."""
    task = training.task
    latents = latents or KeptLatents(task.pack)

    def clouds(items: Sequence[Item]) -> np.ndarray:
        latent, _ = latents.of(encoder, items)
        return task.pack.points[task.pack.rows(training.nearest(latent.numpy()))]

    identity = {**training.identity, "weights": fingerprint_of(encoder), "precision": latents.batching.precision}
    objects = task.objects_of(taxonomy.synsets_of(info_of(name, encoder).classes))
    shown = f"retrieval by {info_of(name, encoder).method_label}'s latent"
    return Method(f"retrieval_{name}", shown, objects, clouds, identity)


def retrieval_oracles(
    task: Task, candidates: int | None = None, *, seed: int = 0, progress: bool = True
) -> list[Method]:
    """The training object with the smallest Chamfer distance to the truth, within the class and among all.

    No method, as the truth is not known, but the bound of all retrieval. Where a class has no training object, any will
    do.

    Args:
        candidates: training objects per class that are compared with; by default all.
        seed: as :func:`lmnet_utils.evaluation.protocol.score`.
        progress: show a bar.
    """
    rank: dict[str, int] = {}
    taken = []
    for model in task.train:
        synset = model.split("/")[0]
        rank[synset] = rank.get(synset, 0) + 1
        if candidates is None or rank[synset] <= candidates:
            taken.append(model)

    @functools.cache
    def chosen() -> dict[str, dict[str, str]]:  # both oracles come of one comparison of all pairs
        truth, others = task.pack.points_1024[task.pack.rows(task.test)], task.pack.points[task.pack.rows(taken)]
        of_test, of_taken = (np.array([model.split("/")[0] for model in models]) for models in (task.test, taken))
        same = of_test[:, None] == of_taken
        same[~same.any(axis=1)] = True
        nearest = protocol.nearest_by_chamfer(truth, others, (same, None), seed=seed, progress=progress)
        return {
            among: {model: taken[k] for model, k in zip(task.test, found, strict=True)}
            for among, found in zip(("class", "all"), nearest, strict=True)
        }

    identity = {"training_objects": names_hash(taken), "seed": seed}
    methods = []
    for among, shown in (("class", "retrieval, oracle in the class"), ("all", "retrieval, oracle")):

        def clouds(items: Sequence[Item], among: str = among) -> np.ndarray:
            return task.pack.points[task.pack.rows([chosen()[among][item.model] for item in items])]

        methods.append(Method(f"oracle_{among}", shown, task.test, clouds, identity, images=False, contender=False))
    return methods


def baseline_methods(
    training: TrainingLatents,
    networks: Mapping[str, PointCloudAutoencoder | ImageEncoder],
    *,
    candidates: int | None = None,
    latents: KeptLatents | None = None,
    seed: int = 0,
) -> list[Method]:
    """Everything that stands beside the models: floor, mean shapes, retrieval by the first latent-matching encoder of
    Variant I (with all its training seeds), oracles.

    Args:
        training: of the task.
        networks: of :func:`lmnet_utils.models.registry.load_networks`.
        candidates, latents, seed: as :func:`retrieval_oracles` and :func:`retrieval`.
    """
    task = training.task
    first = next((base_name(name) for name in deterministic(networks)), None)
    seeds = [name for name in networks if base_name(name) == first]
    by_latent = [retrieval(training, name, networks[name], latents) for name in seeds]
    oracles = retrieval_oracles(task, candidates, seed=seed)
    return [sampling_floor(task), *mean_shapes(training), *by_latent, *oracles]


def deterministic(networks: Mapping[str, PointCloudAutoencoder | ImageEncoder]) -> list[str]:
    """Names of the image encoders of Variant I whose latents are the autoencoder's."""
    return [
        name
        for name, network in networks.items()
        if isinstance(network, ImageEncoder) and not network.variational and network.decoder is None
    ]


def names_hash(names: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
