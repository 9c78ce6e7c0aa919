"""Train, validation and test splits: the two rules, nested over the class groups, and the files they are kept in.

A line of ``splits/<split>/<group>/{train,val,test}.txt`` is ``synset/model``. Both splits are made once over the models
of all classes; the 3-class and chair groups are subsets of them, so that nothing leaks from one training to another.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

import numpy as np

from lmnet_utils import paths, reproducibility
from lmnet_utils.taxonomy import GROUPS, is_own_class, synsets_of

SPLITS = ("official", "60-20-20")
SIDES = ("train", "val", "test")


@dataclasses.dataclass(frozen=True)
class Split:
    """Models ("synset/model", sorted) of the three sides, and the SHA-256 over the three files' text."""

    train: list[str]
    val: list[str]
    test: list[str]
    checksum: str = ""


def official(groups: Mapping[str, str]) -> Split:
    """The official 80/20 split, with a validation set: per class, ids sorted, the first int(0.8·n) train, the rest test.

    The authors select checkpoints on test; here the last int(0.1·n) of a class's sorted train ids validate instead.
    A group of near-duplicates goes where its first member in sorted order goes.

    Args:
        groups: model ("synset/model") → name of its group of near-duplicates, "" for none.
    """
    side_of = {}
    for models in _by_class(groups).values():
        n_train = int(0.8 * len(models))
        n_val = int(0.1 * n_train)
        for i, model in enumerate(models):
            side_of[model] = "test" if i >= n_train else "val" if i >= n_train - n_val else "train"
    first = {}
    for model in sorted(groups):
        if groups[model]:
            side_of[model] = side_of[first.setdefault(groups[model], model)]
    return _sides(side_of)


def drawn_60_20_20(groups: Mapping[str, str], seed: int = 0) -> Split:
    """The port's 60/20/20 proportions, drawn once over models, class by class; near-duplicates are drawn together.

    Args:
        groups: as for :func:`official`.
    """
    rng = np.random.default_rng(seed)
    members = defaultdict(list)
    for model in sorted(groups):
        members[groups[model] or model].append(model)
    side_of = {}
    for models in _by_class({m[0]: "" for m in members.values()}).values():
        blocks = [members[groups[model] or model] for model in models]
        total, placed = sum(map(len, blocks)), 0
        for i in rng.permutation(len(blocks)):
            side = "train" if placed < 0.6 * total else "val" if placed < 0.8 * total else "test"
            side_of.update(dict.fromkeys(blocks[i], side))
            placed += len(blocks[i])
    return _sides(side_of)


def _by_class(models: Iterable[str]) -> dict[str, list[str]]:
    classes = defaultdict(list)
    for model in sorted(models):
        classes[model.split("/")[0]].append(model)
    return classes


def _sides(side_of: Mapping[str, str]) -> Split:
    return Split(*(sorted(model for model, side in side_of.items() if side == wanted) for wanted in SIDES))


def _filtered(split: Split, keep: Callable[[str], bool]) -> Split:
    return Split(*([model for model in getattr(split, side) if keep(model)] for side in SIDES))


def restrict(split: Split, models: Collection[str]) -> Split:
    """The split of a part of the models: each stays on its side."""
    models = set(models)
    return _filtered(split, models.__contains__)


def first_of_each(split: Split, limit: int | None) -> set[str]:
    """The first ``limit`` models of each class on each side (all of them for None)."""
    if limit is not None and limit < 1:
        raise ValueError(f"limit={limit}: expected at least 1 model a class and side, or None for all.")
    chosen = set()
    for side in SIDES:
        for models in _by_class(getattr(split, side)).values():
            chosen.update(models[:limit])
    return chosen


def write(root: Path, name: str, split: Split, copies: int = 0) -> None:
    """Write a split's files for all class groups; each training model is followed by its ``copies`` copies."""
    for group in GROUPS:
        synsets = synsets_of(group)
        part = _filtered(split, lambda model, synsets=synsets: model.split("/")[0] in synsets)
        for side in SIDES:
            models = list(getattr(part, side))
            if side == "train":
                models += [f"{model}-c{k}" for model in models for k in range(1, copies + 1)]
            path = root / "splits" / name / group / f"{side}.txt"
            text = "".join(f"{model}\n" for model in sorted(models))
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                with reproducibility.atomic_path(path) as temporary:
                    temporary.write_text(text, encoding="utf-8", newline="\n")


def read(root: Path, name: str = "official", group: str = "13") -> Split:
    """Read a split.

    Raises:
        ValueError: unknown split or class group, or a line that is no "synset/model".
        FileNotFoundError: the files are not there; says how they are made.
    """
    reproducibility.choose("split", name, SPLITS)
    reproducibility.choose("classes", group, GROUPS)
    sides, digest = [], hashlib.sha256()
    for side in SIDES:
        path = root / "splits" / name / group / f"{side}.txt"
        if not path.is_file():
            raise FileNotFoundError(
                f"No split at {paths.display(path)}. Notebook 01 makes the splits of a data set: run it with "
                f"dataset={root.name!r} (`lmnet run quickstart --only 01_data_preparation` for FreeShapes)."
            )
        text = path.read_text(encoding="utf-8")
        digest.update(f"{side}\n{text}".encode())
        lines = text.split()
        for line in lines:
            synset, _, model = line.partition("/")
            if not (re.fullmatch(r"\d{8}", synset) or is_own_class(synset)) or not re.fullmatch(r"[^/]+", model):
                raise ValueError(f"{paths.display(path)}: expected lines 'synset/model', found {line!r}.")
        sides.append(lines)
    return Split(*sides, checksum=digest.hexdigest())
