"""Can a data set be trusted? Every file is looked at, and the way that the clouds face is measured."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from lmnet_utils.core import parallel, paths
from lmnet_utils.data import splits
from lmnet_utils.data.layout import NO_CLOUDS, NO_RENDERINGS, VIEWS, decode_png, find_objects, read_model
from lmnet_utils.data.shapenet import SHAPENET, how_to_get_renderings
from lmnet_utils.data.taxonomy import CLASSES, GROUPS, class_name
from lmnet_utils.geometry import frames
from lmnet_utils.geometry.camera import silhouette_overlap, unit_diagonal
from lmnet_utils.geometry.frames import YAWS, turn_clouds


# --------------------------------------------------------------------------------------------------------- verify
def verify_dataset(dataset: str, progress: bool = True) -> dict[str, Any]:
    """Look through a tree in the R2N2 layout, at every file; whatever is wrong with it is listed, never raised.

    Returns:
        dataset, models, complete, classes {name: {models, complete, no_renderings, no_clouds}}, absent (those of the 13 classes that
        have nothing on disk), splits {split: {classes: {side: n, not_on_disk: n}}}, problems {model: text}.
    """
    root = paths.dataset_dir(dataset)
    models = find_objects(dataset)

    def problem(model: str) -> str:
        try:
            read_model(root, model)
        except (ValueError, OSError) as error:
            return str(error)
        return ""

    bar = {"desc": "verify", "unit": "model", "disable": not progress}
    texts = parallel.each(problem, zip(models), threads=True, bar=bar)
    problems = {model: text for model, text in zip(models, texts, strict=True) if text}

    def count(text: str = "") -> Counter[str]:
        return Counter(model.split("/")[0] for model, problem in problems.items() if text in problem)

    everything = Counter(model.split("/")[0] for model in models)
    broken, without_renderings, without_clouds = count(), count(NO_RENDERINGS), count(NO_CLOUDS)
    report: dict[str, Any] = {
        "dataset": dataset,
        "models": len(models),
        "complete": len(models) - len(problems),
        "classes": {
            class_name(synset): {
                "models": everything[synset],
                "complete": everything[synset] - broken[synset],
                "no_renderings": without_renderings[synset],
                "no_clouds": without_clouds[synset],
            }
            for synset in sorted(everything)
        },
        "absent": [name for name, synset in CLASSES.items() if synset not in everything],
        "splits": {},
        "problems": problems,
    }
    present = set(models)
    for name, group in itertools.product(splits.SPLITS, GROUPS):
        try:
            split = splits.read(root, name, group)
        except (FileNotFoundError, ValueError) as error:
            report["splits"].setdefault(name, {})[group] = {"problem": str(error)}
            continue
        listed = {side: getattr(split, side) for side in splits.SIDES}
        counts = {side: len(names) for side, names in listed.items()}
        counts["not_on_disk"] = sum(model not in present for names in listed.values() for model in names)
        report["splits"].setdefault(name, {})[group] = counts
    return report


def what_is_missing(report: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    """Lines that say what a downloaded tree lacks and how its splits came about; none for a data set that was made here.

    Args:
        report: of :func:`verify_dataset`.
        made: of :func:`prepare_data`.
    """
    if report["dataset"] != SHAPENET:
        return []
    lines = []
    for key, words, name in (
        ("no_renderings", "no renderings", "shapenet-renderings"),
        ("no_clouds", "no point clouds", "shapenet-clouds"),
    ):
        gaps = {name: counts for name, counts in report["classes"].items() if counts[key]}
        if gaps:
            listed = ", ".join(f"{name} ({counts[key]} of {counts['models']})" for name, counts in gaps.items())
            lines.append(f"{words}: {listed}. `lmnet download {name} --check` fetches or unpacks what is missing.")
    if report["absent"]:
        lines.append(
            f"nothing of {', '.join(report['absent'])}: the other notebooks work on the classes that are here."
        )
    if "chair" in report["absent"]:
        lines.append("Variant II is trained on chairs; with `--set 05.classes=13`, on what is here.")
    if not made["listed"]:
        lines.append(
            "the authors' lists are not here to compare with (`lmnet download shapenet-split`): split by their rule."
        )
    else:
        lines.append(f"the authors' lists name {made['listed']:,} objects; {made['on_disk']:,} of them are here.")
        differs = ", ".join(f"{name} {count}" for name, count in made["rule_differs"].items())
        lines.append(
            f"their rule, applied to what is here, differs for {differs}: a part of a class is here, and the lists decide."
            if differs
            else "their rule, applied to what is here, gives the same split."
        )
    if made["split_differs"]:
        differs = ", ".join(f"{name} {count}" for name, count in made["split_differs"].items())
        lines.append(
            f"the official split, made before the lists were here, differs from them for {differs}. Delete "
            "data/shapenet/splits/official to follow them, and train again."
        )
    if made["port"]:
        lines.append(f"the port's own lists are here, as split 'port', for the classes {', '.join(made['port'])}.")
    return lines


def frame_check(dataset: str, n: int = 20, views: int = 6, seed: int = 0) -> dict[str, Any]:
    """Which way do the clouds in the files face? Turned rightly, their projections cover the objects in the renderings.

    Returns:
        overlap {yaw°: mean silhouette overlap} for 0, 90, 180 and 270, best (a yaw), models (how many were looked at).
        Unturned counts as best unless another yaw is better by 0.01: with bottles and bowls, every yaw is as good.

    Raises:
        FileNotFoundError: there is no complete model to look at.
    """
    root = paths.dataset_dir(dataset)
    models = find_objects(dataset)
    if not models:
        raise FileNotFoundError(how_to_get_renderings(dataset))
    rng = np.random.default_rng(seed)
    overlaps: dict[int, list[float]] = {yaw: [] for yaw in YAWS}
    looked_at = 0
    for i in rng.permutation(len(models)):
        if looked_at == n:
            break
        try:
            files = read_model(root, models[i])
            chosen = [(view, decode_png(files.pngs[view])) for view in rng.choice(VIEWS, views, replace=False)]
        except ValueError:
            continue
        for yaw, found in overlaps.items():
            cloud = frames.y_up_from_file(turn_clouds(files.clouds[2048], yaw)).astype(np.float64)
            cloud = unit_diagonal(cloud)
            found += [silhouette_overlap(cloud, image, files.metadata[view]) for view, image in chosen]
        looked_at += 1
    if not looked_at:
        raise FileNotFoundError(f"No complete model in {dataset!r}: verify_dataset lists what is missing.")
    means = {yaw: float(np.mean(found)) for yaw, found in overlaps.items()}
    best = max(means, key=means.__getitem__)
    return {"overlap": means, "best": 0 if means[0] > means[best] - 0.01 else best, "models": looked_at}
