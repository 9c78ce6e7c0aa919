"""Scoring of trained models and of the baselines beside them: what notebook 08 shows, and 06 in part.

A :class:`Method` makes a cloud for each image of the test objects: a trained model, or something that shows what a
model's score is worth (a second sampling of the truth, retrieval from the training set, a mean shape). Every method is
scored in the same way, by :func:`lmnet_utils.metrics.score`, and its scores are kept on disk: a killed evaluation goes
on where it stood, a second one takes seconds.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lmnet_utils import cache, metrics, taxonomy
from lmnet_utils.inference import (
    Item,
    base_name,
    decode,
    decoder_of,
    encode_clouds,
    encode_images,
    info_of,
    items_of,
    predict,
    spread_over_classes,
)
from lmnet_utils.metrics import Evaluation, Scores
from lmnet_utils.models import ImageEncoder, PointCloudAutoencoder, fingerprint_of
from lmnet_utils.rendering import PlotPanel
from lmnet_utils.reproducibility import atomic_path, read_json
from lmnet_utils.shapenet import Pack, open_pack, read_split
from lmnet_utils.statistics import finite_interval, group_means, mean_interval
from lmnet_utils.tables import table

_CLOUDS_AT_ONCE = 4096  # training clouds encoded at once: 100 MB


# -------------------------------------------------------------------------------------------------------------- task
@dataclass(frozen=True)
class Task:
    """What models are scored on: the test objects of a data set's split, and the training objects for the baselines.

    ``test`` in an order in which the classes take turns; ``train`` without the training-only copies.
    """

    pack: Pack
    test: list[str]
    train: list[str]
    checksum: str = ""

    @property
    def data(self) -> dict[str, Any]:
        """For ``metrics.json``."""
        return {"dataset": self.pack.dataset, "split_checksum": self.checksum, "pack_hash": self.pack.hash}

    def objects_of(self, synsets: Collection[str]) -> list[str]:
        """The test objects of some classes, in their order."""
        return [model for model in self.test if model.split("/")[0] in synsets]


def open_task(dataset: str, split: str, classes: str, limit_models: int | None = None) -> Task:
    """Open a data set and its split; errors as :func:`lmnet_utils.shapenet.open_pack` and ``read_split``.

    Args:
        limit_models: how many test objects; the classes take turns, so that few objects still cover many classes.
    """
    parts = read_split(dataset, split, classes)
    test = spread_over_classes(parts.test)[:limit_models]
    return Task(open_pack(dataset), test, without_copies(parts.train), parts.checksum)


def without_copies(models: Sequence[str]) -> list[str]:
    """Models without those that are altered copies (``<model>-c<number>``) of another one in the list.

    A copy is no object of its own: it would count its original several times in a mean shape and in retrieval.
    """
    known = set(models)
    copies = {
        model for model in models if (found := model.rpartition("-c"))[0] in known and found[2].isdecimal() and found[1]
    }
    return [model for model in models if model not in copies]


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
    task: Task, networks: Mapping[str, PointCloudAutoencoder | ImageEncoder], *, precision: str = "fp32"
) -> list[Method]:
    """The autoencoder's own reconstruction and every image encoder, each on the classes that it was trained on.

    Variant II is scored by its decoded mean. A model without a test object in its classes is left out.
    """
    autoencoder, methods = networks["autoencoder"], []
    for name, network in networks.items():
        encoder = None if name == "autoencoder" else network
        objects = task.objects_of(taxonomy.synsets_of(info_of(name, network).classes))
        decoder = fingerprint_of(decoder_of(autoencoder, encoder))
        identity = {"weights": fingerprint_of(network), "decoder": decoder, "precision": precision}

        def clouds(items: Sequence[Item], encoder: ImageEncoder | None = encoder) -> torch.Tensor:
            options = {"batch_size": len(items), "precision": precision}
            return next(predict(autoencoder, encoder, task.pack, items, **options)).points

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


class TrainingLatents:
    """The autoencoder's latents of a task's training objects, computed when first asked for.

    ``values``: (R, 512) float64, row k of ``task.train[k]``. ``identity``: what they depend on.
    """

    def __init__(self, task: Task, autoencoder: PointCloudAutoencoder) -> None:
        self.task, self.autoencoder = task, autoencoder
        self.identity = {"autoencoder": fingerprint_of(autoencoder), "training_objects": names_hash(task.train)}

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
        return [self.task.train[k] for k in metrics.nearest_latents(latents, self.values)]


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


def retrieval(training: TrainingLatents, name: str, encoder: ImageEncoder, *, precision: str = "fp32") -> Method:
    """The training object whose latent is nearest to the one that an encoder predicts from the image."""
    task = training.task

    def clouds(items: Sequence[Item]) -> np.ndarray:
        images = task.pack.images(task.pack.rows([item.model for item in items]), [item.view for item in items])
        latent, _ = encode_images(encoder, images, batch_size=len(items), precision=precision)
        return task.pack.points[task.pack.rows(training.nearest(latent.numpy()))]

    identity = {**training.identity, "weights": fingerprint_of(encoder), "precision": precision}
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
        seed: as :func:`lmnet_utils.metrics.score`.
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
        distances = metrics.chamfer_matrix(truth, others, seed=seed, progress=progress)["chamfer"]
        same = np.array([[other.split("/")[0] == model.split("/")[0] for other in taken] for model in task.test])
        same[~same.any(axis=1)] = True
        nearest = {"class": metrics.best_candidates(distances, same), "all": metrics.best_candidates(distances)}
        return {
            among: {model: taken[k] for model, k in zip(task.test, found, strict=True)}
            for among, found in nearest.items()
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
    precision: str = "fp32",
    seed: int = 0,
) -> list[Method]:
    """Everything that stands beside the models: floor, mean shapes, retrieval by the first latent-matching encoder of
    Variant I (with all its training seeds), oracles.

    Args:
        training: of the task.
        networks: of :func:`lmnet_utils.inference.load_networks`.
        candidates, precision, seed: as :func:`retrieval_oracles` and :func:`retrieval`.
    """
    task = training.task
    first = next((base_name(name) for name in deterministic(networks)), None)
    seeds = [name for name in networks if base_name(name) == first]
    by_latent = [retrieval(training, name, networks[name], precision=precision) for name in seeds]
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


# ----------------------------------------------------------------------------------------------------------- scoring
@dataclass(frozen=True)
class Scored:
    """A method's scores: ``scores[kind][key][i]`` of ``items[i]``, for each kind of ICP."""

    method: Method
    items: list[Item]
    scores: dict[str, Scores]

    def evaluation(self, kind: str = "none") -> Evaluation:
        """The scores of one kind of ICP, as tables take them."""
        objects = [item.model for item in self.items]
        return Evaluation(self.method.label, objects, self.scores[kind], self.method.images)


def score_method(
    task: Task,
    method: Method,
    folder: str | Path | None = None,
    *,
    views: int | None = None,
    icp: Sequence[str] = ("none",),
    emd: bool = False,
    seed: int = 0,
    batch_size: int = 64,
    progress: bool = True,
) -> Scored:
    """Score a method on its objects, batch by batch, by the paper's protocol.

    Args:
        task: what it is scored on.
        method: what is scored.
        folder: where its scores are kept; None keeps nothing. A file there serves again only if everything that decides
            the scores is the same (weights, decoder, data, split, objects, options, :data:`cache.VERSIONS`); one that is
            not complete, of a killed evaluation or of fewer views, is continued.
        views: of each object, by default all; a method that looks at no image has one cloud an object.
        icp: some of ``"none"``, ``"exact"``, ``"official"`` (:data:`lmnet_utils.settings.Icp`).
        emd: also the earth mover's distance.
        seed: of the draw of the points that are compared.
        batch_size: clouds at once.
        progress: show a bar.

    Raises:
        ValueError: as :func:`lmnet_utils.metrics.score`, with the method's name in front.
    """
    items = items_of(task.pack, method.objects, views if method.images else 1)
    key = {"method": dict(method.identity), "objects": names_hash(method.objects), **task.data}
    key |= {"icp": list(icp), "emd": emd, "seed": seed}

    def compute(span: slice) -> dict[str, np.ndarray]:
        part = items[span]
        truth, clouds = task.pack.points_1024[task.pack.rows([item.model for item in part])], method.clouds(part)
        found = {}
        for kind in icp:
            try:
                scores = metrics.score(truth, clouds, seed=seed, icp=None if kind == "none" else kind, emd=emd)
            except ValueError as error:
                raise ValueError(f"{method.label}, from item {span.start} on: {error}") from error
            found.update({f"{kind}.{name}": values for name, values in scores.items()})
        return found

    file = None if folder is None else Path(folder) / method.name
    shown = method.label if progress else ""
    arrays = cache.kept_arrays(file, cache.fingerprint(key, "methods"), len(items), batch_size, compute, shown)
    scores: dict[str, Scores] = {kind: {} for kind in icp}
    for name, values in arrays.items():
        kind, _, score = name.partition(".")
        scores[kind][score] = values
    return Scored(method, items, scores)


def evaluations(scored: Sequence[Scored], kind: str = "none") -> list[Evaluation]:
    """Methods as a table takes them; the training seeds of one method become one.

    Raises:
        ValueError: seeds of one method were scored on different items.
    """
    groups: dict[str, list[Evaluation]] = {}
    for one in scored:
        groups.setdefault(base_name(one.method.name), []).append(one.evaluation(kind))
    return [metrics.merge_seeds(group) for group in groups.values()]


# ------------------------------------------------------------------------------------------------------------ tables
ICP_WORDS = {"none": "without ICP", "exact": "with ICP", "official": "with the official code's ICP"}
COLUMN_TITLES = {
    "n_models": "objects",
    "n_views": "images",
    "n_seeds": "seeds",
    "chamfer": "Chamfer",
    "chamfer_seed_std": "± seeds",
    "emd": "EMD",
    "emd_seed_std": "EMD ± seeds",
    "f_score_1": "F 1 %",
    "f_score_2": "F 2 %",
}
"""Headings of the columns in Markdown and LaTeX."""
BEST = {"chamfer": "low", "forward": "low", "backward": "low", "emd": "low", "f_score_1": "high", "f_score_2": "high"}


def result_rows(scored: Sequence[Scored], groups: Mapping[str, Collection[str]]) -> list[dict[str, Any]]:
    """Rows of the results tables, for every kind of ICP and group of classes: :func:`metrics.comparison`.

    Args:
        scored: in the order of the tables.
        groups: name → synsets, such as one class or all.

    Returns:
        Rows with ``contender`` besides: whether the method competes for a table's best value (:class:`Method`).
    """
    contender = {one.method.label: one.method.contender for one in scored}
    rows = []
    for kind in scored[0].scores if scored else ():
        methods = evaluations(scored, kind)
        for name, synsets in groups.items():
            found = metrics.comparison(methods, name, synsets)
            rows += [{"icp": kind, **row, "contender": contender[row["model"]]} for row in found]
    return rows


def class_groups(classes: str) -> dict[str, Collection[str]]:
    """The groups that a table is made for: all classes of a group, and chairs, on which Variant II is trained."""
    groups: dict[str, Collection[str]] = {classes: taxonomy.synsets_of(classes)}
    return groups | {"chair": taxonomy.synsets_of("chair")}


def results_table(rows: Sequence[Mapping[str, Any]] | pd.DataFrame, format: str = "markdown") -> str:
    """Rows of one kind of ICP and one group as Markdown or LaTeX, the best value of the contenders bold.

    Args:
        rows: of :func:`result_rows`.
        format: as :func:`lmnet_utils.tables.table`.
    """
    rows = pd.DataFrame(rows, dtype=object).dropna(axis="columns", how="all")
    columns = ["model", *(name for name in rows if name not in ("model", "icp", "classes", "contender"))]
    found = contenders(rows.to_dict("records"))
    return table(rows, format, columns, titles=COLUMN_TITLES, best=BEST, contenders=found, intervals=True)


def contenders(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Names of the rows' methods that compete for the best value."""
    return {row["model"] for row in rows if row["contender"]}


def write_tables(folder: str | Path, rows: Sequence[Mapping[str, Any]]) -> list[Path]:
    """Write rows as ``tables/results.{csv,json,md}`` and a LaTeX file for each group of classes and kind of ICP."""
    folder = Path(folder) / "tables"
    texts = {"results.csv": table(rows, "csv"), "results.json": json.dumps(list(rows), indent=1) + "\n"}
    markdown = []
    for (group, kind), some in pd.DataFrame(rows, dtype=object).groupby(["classes", "icp"], sort=False):
        count = some["n_models"].iloc[0]
        title = f"{group if not group.isdigit() else f'{group} classes'}, {ICP_WORDS[kind]}, {count} test objects"
        markdown.append(f"## {title}\n\n{results_table(some)}\n")
        latex = results_table(some, "latex")
        texts[f"{group}-{kind}.tex"] = f"% {title}; Chamfer and EMD x100, F-scores in percent\n{latex}"
    texts["results.md"] = "\n".join(markdown)
    for name, text in texts.items():
        with atomic_path(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


# ------------------------------------------------------------------------------------------------ the paper's figures
def reference_values() -> dict[str, Any]:
    """The paper's figures for PSGN and 3D-LMNet on ShapeNet, with their provenance: an *unverified transcription*."""
    return read_json(Path(__file__).with_name("reference_values.json"))


def paper_rows(rows: Sequence[Mapping[str, Any]], dataset: str, score: str = "chamfer") -> list[dict[str, Any]]:
    """Measured means beside the paper's, class by class, the mean over the 13 classes at the end.

    Args:
        rows: of :func:`result_rows`, with one group a class.
        dataset: what they were measured on.
        score: ``"chamfer"`` or ``"emd"``.

    Returns:
        ``class``, ``PSGN`` and ``3D-LMNet`` (the paper's), then a column a method, measured with ICP where that was
        scored. The mean of a method stands there only if it has all 13 classes.

    Raises:
        ValueError: the figures are of another data set than the paper's.
    """
    if dataset != "shapenet":
        raise ValueError(f"dataset={dataset!r}: the paper's figures are of ShapeNet and compare with nothing else.")
    values, reference = pd.DataFrame(rows, columns=["icp", "model", "classes", score]), reference_values()
    kind = next(kind for kind in ("official", "exact", "none") if kind in set(values["icp"]))
    values = values[values["icp"] == kind].dropna(subset=[score])
    measured = values.pivot(index="classes", columns="model", values=score).reindex(
        index=list(reference["classes"]), columns=values["model"].unique()
    )
    measured.loc["mean of the classes"] = measured.mean(skipna=False)
    paper = pd.DataFrame(reference["classes"]).T
    paper.loc["mean of the classes"] = reference["mean"]
    paper = paper[[f"psgn_{score}", f"lmnet_{score}"]].set_axis(["PSGN", "3D-LMNet"], axis="columns")
    records = paper.join(measured).rename_axis("class").reset_index().to_dict("records")
    return [{name: None if pd.isna(value) else value for name, value in row.items()} for row in records]


def paper_page(rows: Sequence[Mapping[str, Any]], dataset: str) -> str:
    """The page that holds measured figures against the paper's, as Markdown; one sentence where there is nothing to hold.

    Args:
        rows, dataset: as :func:`paper_rows`.
    """
    if dataset != "shapenet":
        return f"The paper's figures are of ShapeNet, these are of {dataset}: other objects, so nothing is compared."
    reference = reference_values()
    parts = [f"**{reference['status'].capitalize()}** of the columns PSGN and 3D-LMNet. {reference['provenance']}"]
    for score, title in (("chamfer", "Chamfer ×100"), ("emd", "EMD ×100")):
        if any(row.get(score) is not None for row in rows):
            parts.append(f"### {title}\n\n{table(paper_rows(rows, dataset, score))}")
    return "\n\n".join(parts)


# ------------------------------------------------------------------------------------------------- where errors happen
AZIMUTH_EDGES = tuple(range(0, 361, 45))
ELEVATION_EDGES = (25, 26, 27, 28, 29, 30)


def binned_rows(
    values: np.ndarray, objects: Sequence[str], angles: np.ndarray, edges: Sequence[float]
) -> list[dict[str, Any]]:
    """Means of a value in bins of an angle, over objects: an object's images in a bin are averaged first.

    Args:
        values: (V,) one an image, or (S, V) for S training seeds.
        objects: (V,) what each image shows.
        angles: (V,) in the edges' unit.
        edges: (K + 1,) ascending; a bin holds its lower edge, the last one also its upper edge.

    Returns:
        For each bin with an image: ``angle`` (its middle), ``from``, ``to``, ``mean``, ``low``, ``high`` (of
        :func:`lmnet_utils.statistics.mean_interval`; None where a single object gives no interval), ``objects`` (how many).
    """
    values, angles, rows = np.atleast_2d(values), np.asarray(angles), []
    for start, end in zip(edges, edges[1:], strict=False):
        inside = np.flatnonzero((angles >= start) & ((angles < end) | ((end == edges[-1]) & (angles == end))))
        if len(inside):
            found = mean_interval(values[:, inside], [objects[i] for i in inside])
            row = {"angle": (start + end) / 2, "from": start, "to": end, "mean": found["mean"]}
            rows.append(row | finite_interval(found) | {"objects": found["objects"]})
    return rows


def angle_panels(task: Task, scored: Sequence[Scored], *, kind: str = "none") -> list[PlotPanel]:
    """Chamfer distance against azimuth and against elevation; training seeds are one line.

    Args:
        task: the methods' task.
        scored: methods that look at images.
        kind: of ICP.
    """
    groups: dict[str, list[Scored]] = {}
    for one in scored:
        groups.setdefault(one.method.label, []).append(one)
    lines: dict[str, dict[str, Any]] = {"azimuth": {}, "elevation": {}}
    for shown, seeds in groups.items():
        items = seeds[0].items
        rows, views = task.pack.rows([item.model for item in items]), [item.view for item in items]
        angles = {"azimuth": np.array([item.azimuth for item in items])}
        angles["elevation"] = np.degrees(task.pack.elevations[rows, views])
        values = np.stack([one.scores[kind]["chamfer"] for one in seeds])
        for name, edges in (("azimuth", AZIMUTH_EDGES), ("elevation", ELEVATION_EDGES)):
            lines[name][shown] = binned_rows(values, [item.model for item in items], angles[name], edges)
    bounds = {"azimuth": ((0, 360), AZIMUTH_EDGES[::2]), "elevation": ((25, 30), ELEVATION_EDGES)}
    return [
        PlotPanel("", f"{name} in degrees", "Chamfer ×100", limits, (0, 20), lines[name], xticks=ticks)
        for name, (limits, ticks) in bounds.items()
    ]


def gallery(scored: Scored, kind: str = "none", limit: int | None = None) -> dict[str, dict[str, int]]:
    """Class name → numbers of the items with the smallest, the median and the largest Chamfer distance of the class.

    Args:
        scored: a method that looks at images.
        kind: of ICP.
        limit: how many classes, those with the most test objects; by default all. In the order of :func:`~lmnet_utils.taxonomy.class_order`.
    """
    members: dict[str, list[int]] = {}
    for i, item in enumerate(scored.items):
        members.setdefault(taxonomy.class_name(item.synset), []).append(i)
    objects = {name: len({scored.items[i].model for i in numbers}) for name, numbers in members.items()}
    chosen = sorted(members, key=lambda name: (-objects[name], taxonomy.class_order(name)))[:limit]
    found = {}
    for name in sorted(chosen, key=taxonomy.class_order):
        order = sorted(members[name], key=lambda i: scored.scores[kind]["chamfer"][i])
        picks = {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}
        found[name] = {word: i for word, i in picks.items() if word == "best" or i != picks["best"]}
        if found[name].get("median") == found[name].get("worst"):
            found[name].pop("median", None)
    return found


def gallery_rows(
    task: Task, scored: Scored, *, kind: str = "none", limit: int | None = None
) -> tuple[list[str], list[tuple[str, list[float], list[np.ndarray | None]]]]:
    """Column titles and rows of :func:`gallery` for :func:`lmnet_utils.rendering.cloud_grid`.

    A row is a class: input, truth and reconstruction of the best, the median and the worst view, drawn from the azimuth
    of the image. Arguments as :func:`gallery`.
    """
    titles = [f"{word}: {part}" for word in ("best", "median", "worst") for part in ("input", "truth", "answer")]
    rows = []
    for name, found in gallery(scored, kind, limit).items():
        items = [scored.items[i] for i in found.values()]
        row_numbers = task.pack.rows([item.model for item in items])
        images = task.pack.images(row_numbers, [item.view for item in items]).permute(0, 2, 3, 1).numpy()
        clouds = np.asarray(scored.method.clouds(items))
        cells: dict[str, list[np.ndarray]] = {
            word: [images[k], task.pack.points[row_numbers[k]], clouds[k]] for k, word in enumerate(found)
        }
        azimuths = {word: item.azimuth for word, item in zip(found, items, strict=True)}
        words = ("best", "median", "worst")
        numbers = " · ".join(f"{scored.scores[kind]['chamfer'][found[word]]:.1f}" for word in words if word in found)
        rows.append(
            (
                f"{name}\n{numbers}",
                [azimuths.get(word, 0.0) for word in words for _ in range(3)],
                [cell for word in words for cell in cells.get(word, [None] * 3)],
            )
        )
    return titles, rows
