"""Where errors happen: by azimuth and elevation, and the best, median and worst views of a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lmnet_utils.data import taxonomy
from lmnet_utils.evaluation.methods import Task
from lmnet_utils.evaluation.scoring import Scored
from lmnet_utils.evaluation.statistics import finite_interval, mean_interval
from lmnet_utils.rendering.curves import PlotPanel

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
        :func:`lmnet_utils.evaluation.statistics.mean_interval`; None where a single object gives no interval), ``objects`` (how many).
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
        limit: how many classes, those with the most test objects; by default all. In the order of :func:`~lmnet_utils.data.taxonomy.class_order`.
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
