"""Train, validation and test splits: the rules, nested over the class groups, and the files they are kept in.

A line of ``splits/<split>/<group>/{train,val,test}.txt`` is ``synset/model``. All are made once over the models
of all classes; the 3-class and chair groups are subsets of them, so that nothing leaks from one training to another.

Two lists made by others are read where a user has them, below ``splits/`` of the data set: the authors' (``train_models.json``,
``val_models.json``), which ``official`` then follows, and the PyTorch port's, which become the split ``port``: three independent
draws, hence its leakage, needed to score its published weights on objects that they have not seen.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lmnet_utils.core import checks, files, paths
from lmnet_utils.data.programs.catalogue import is_program, listed_order
from lmnet_utils.data.taxonomy import CLASSES, GROUPS, is_own_class, synsets_of

SPLITS = ("official", "60-20-20")
"""Made for every data set."""
FOLDS = tuple(f"fold-{k}-of-5" for k in range(1, 6))
"""Cross-validation: each object is a test object of one of them. Made where notebook 01 is asked for them (``folds``)."""
UNSEEN = tuple(f"unseen-{name}" for name in CLASSES)
"""One class left out: its objects are tested by networks that never saw one of it, real or made by a program. Made with the folds."""
PORT = "port"
"""The port's own lists; see :func:`read_port_lists`."""
SIDES = ("train", "val", "test")
"""What a split's parts are called."""


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
    first: dict[str, str] = {}
    for model in sorted(groups):
        if groups[model]:
            side_of[model] = side_of[first.setdefault(groups[model], model)]
    return _sides(side_of)


def official_from_lists(side_of: Mapping[str, str]) -> Split:
    """The official split by the authors' own lists (:func:`read_official_lists`), validation carved out as in :func:`official`."""
    carved = dict(side_of)
    for models in _by_class(model for model, side in side_of.items() if side == "train").values():
        carved.update(dict.fromkeys(models[len(models) - int(0.1 * len(models)) :], "val"))
    return _sides(carved)


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


def folds(groups: Mapping[str, str]) -> dict[str, Split]:
    """Five splits by name (:data:`FOLDS`); of each the test objects are one fifth, so that every object is tested once.

    Class by class, ids sorted, each group of near-duplicates goes to the fold that has fewest objects of the class, of several
    such to the one that has fewest in all. Validation is carved out of a fold's other objects as in :func:`official`.

    Args:
        groups: as for :func:`official`.
    """
    members = defaultdict(list)
    for model in sorted(groups):
        members[groups[model] or model].append(model)
    fold_of: dict[str, int] = {}
    sizes = np.zeros(len(FOLDS), int)
    for models in _by_class(group[0] for group in members.values()).values():
        of_class = np.zeros(len(FOLDS), int)
        for model in models:
            group = members[groups[model] or model]
            fold = int(np.lexsort((sizes, of_class))[0])
            fold_of.update(dict.fromkeys(group, fold))
            of_class[fold] += len(group)
            sizes[fold] += len(group)
    found = {}
    for number, name in enumerate(FOLDS):
        side_of = {}
        for models in _by_class(model for model, fold in fold_of.items() if fold != number).values():
            first = len(models) - int(0.1 * len(models))
            side_of.update({model: "val" if i >= first else "train" for i, model in enumerate(models)})
        for group in members.values():
            side_of.update(dict.fromkeys(group, side_of.get(group[0], "test")))
        found[name] = _sides(side_of)
    return found


def unseen(groups: Mapping[str, str]) -> dict[str, Split]:
    """A split by name (:data:`UNSEEN`) for every class: its objects are tested, the others stay where :func:`official` has them.

    A near-duplicate of another class (a chair's twin among the sofas) is left out.

    Args:
        groups: as for :func:`official`.
    """
    found, base = {}, official(groups)
    for name in UNSEEN:
        test = sorted(model for model in groups if _is_of((_left_out(name),), model))
        twins = {groups[model] for model in test} - {""}
        left = {model for model in groups if groups[model] not in twins}.difference(test)
        found[name] = dataclasses.replace(restrict(base, left), test=test)
    return found


def _left_out(name: str) -> str:
    """Synset of the class that a split leaves out, "" for none."""
    return CLASSES[name.removeprefix("unseen-")] if name in UNSEEN else ""


def _by_class(models: Iterable[str]) -> dict[str, list[str]]:
    classes = defaultdict(list)
    for model in sorted(models):
        classes[model.split("/")[0]].append(model)
    return classes


def _sides(side_of: Mapping[str, str]) -> Split:
    train, val, test = (sorted(model for model, side in side_of.items() if side == wanted) for wanted in SIDES)
    return Split(train, val, test)


def _filtered(split: Split, keep: Callable[[str], bool]) -> Split:
    train, val, test = ([model for model in getattr(split, side) if keep(model)] for side in SIDES)
    return Split(train, val, test)


def _is_of(synsets: Collection[str], model: str) -> bool:
    return model.split("/")[0] in synsets


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


def extended(old: Split, new: Split) -> Split:
    """``old`` with the models that only ``new`` has: whatever is listed keeps its side, or trained models would know test objects."""
    known = {*old.train, *old.val, *old.test}
    train, val, test = (sorted({*getattr(old, s), *(m for m in getattr(new, s) if m not in known)}) for s in SIDES)
    return Split(train, val, test)


def originals_of(models: Sequence[str]) -> dict[str, str]:
    """Model → what it is an altered copy of (``<model>-c<number>`` of another one in the list), of others the model itself."""
    known, found = set(models), {}
    for model in models:
        original, _, number = model.rpartition("-c")
        found[model] = original if original in known and number.isdecimal() else model
    return found


def without_copies(models: Sequence[str]) -> list[str]:
    """Models without those that are altered copies of another one in the list.

    A copy is no object of its own: it would count its original several times in a mean shape and in retrieval.
    """
    return [model for model, original in originals_of(models).items() if original == model]


def counts_of(train: Sequence[str]) -> tuple[int, int]:
    """How many real objects (copies not counted) and how many of programs there are among training objects."""
    programs = sum(map(is_program, train))
    return len(without_copies(train)) - programs, programs


def subset(train: Sequence[str], real_objects: int | None, programs: int | None) -> list[str]:
    """The first of the training objects in an order that does not depend on how many are asked for: 20 are among 45.

    Real objects are ordered so that each class has the same share of the first n as of all (those of a class by a hash of their
    names); altered copies go with their originals. Objects of programs come in the order in which they are made
    (:func:`lmnet_utils.data.programs.catalogue.listed`).

    Args:
        train: of the 13-class group, so that a smaller group's objects are among them.
        real_objects, programs: how many, copies not counted; None takes all.

    Raises:
        ValueError: there are fewer.
    """
    originals = originals_of(train)
    made = sorted((model for model in train if is_program(model)), key=listed_order)
    real = _by_class(model for model in train if originals[model] == model and not is_program(model))
    places: dict[str, tuple[float, str]] = {}
    for models in real.values():
        models = sorted(models, key=lambda model: hashlib.sha256(model.encode()).hexdigest())
        places |= {model: ((i + 0.5) / len(models), model) for i, model in enumerate(models)}
    sides = {"real_objects": (real_objects, sorted(places, key=places.__getitem__)), "programs": (programs, made)}
    for name, (count, models) in sides.items():
        if count is not None and count > len(models):
            raise ValueError(
                f"{name}={count}: the training objects hold {len(models)}. Ask for fewer, or make more in notebook 01."
            )
    chosen = {model for count, models in sides.values() for model in models[:count]}
    return [model for model in train if originals[model] in chosen]


def write(root: Path, name: str, split: Split, copies: int = 0, made: Sequence[str] = ()) -> None:
    """Write a split's files for all class groups.

    Args:
        copies: so many altered copies of each training model are listed beside it.
        made: models that are for training alone, such as those of programs; not those of a class that the split leaves out.
    """
    for group in GROUPS:
        synsets = synsets_of(group)
        part = _filtered(split, functools.partial(_is_of, synsets))
        part.train.extend([f"{model}-c{k}" for model in part.train for k in range(1, copies + 1)])
        part.train.extend([model for model in made if _is_of({*synsets} - {_left_out(name)}, model)])
        write_group(root, name, group, part)


def write_group(root: Path, name: str, group: str, split: Split) -> None:
    """Write a split's files for one class group."""
    for side in SIDES:
        path = root / "splits" / name / group / f"{side}.txt"
        text = "".join(f"{model}\n" for model in sorted(getattr(split, side)))
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            with files.atomic_path(path) as temporary:
                temporary.write_text(text, encoding="utf-8", newline="\n")


def read(root: Path, name: str = "official", group: str = "13") -> Split:
    """Read a split.

    Raises:
        ValueError: unknown split or class group, or a line that is no "synset/model".
        FileNotFoundError: the files are not there; says how they are made.
    """
    checks.choose("split", name, (*SPLITS, *FOLDS, *UNSEEN, PORT))
    checks.choose("classes", group, GROUPS)
    sides, digest = [], hashlib.sha256()
    for side in SIDES:
        path = root / "splits" / name / group / f"{side}.txt"
        if not path.is_file():
            first = f"Copy the folder data/splits of the PyTorch port to {paths.display(root / 'splits')} first. "
            first = first if name == PORT else "It needs folds=True there. " if name in (*FOLDS, *UNSEEN) else ""
            raise FileNotFoundError(
                f"No split at {paths.display(path)}. {first}Notebook 01 makes the splits of a data "
                f"set: run it with dataset={root.name!r} (`lmnet run quickstart --only 01_data_preparation` for FreeShapes)."
            )
        text = path.read_text(encoding="utf-8")
        digest.update(f"{side}\n{text}".encode())
        sides.append(_checked(text.split(), path))
    train, val, test = sides
    return Split(train, val, test, digest.hexdigest())


def _checked(names: Any, path: Path) -> list[str]:
    """The names, if they are a list of "synset/model"."""
    for name in names if isinstance(names, list) else [names]:
        synset, _, model = name.partition("/") if isinstance(name, str) else ("", "", "")
        known = re.fullmatch(r"\d{8}", synset) or is_own_class(synset)
        if not isinstance(names, list) or not known or not re.fullmatch(r"[^/]+", model):
            raise ValueError(f"{paths.display(path)}: expected lines 'synset/model', found {str(name)[:80]!r}.")
    return names


# --------------------------------------------------------------------------------------------------- lists of others
def read_official_lists(root: Path) -> dict[str, str]:
    """The authors' own lists, where they lie below ``splits/``: model → "train" or "test"; nothing without them.

    ``train_models.json`` and ``val_models.json`` hold synset → ["synset/model", …]; what is called val there is the test set.

    Raises:
        ValueError: they are something else, or a model is on both sides.
    """
    side_of: dict[str, str] = {}
    for first in sorted((root / "splits").rglob("train_models.json"))[:1]:
        for path, side in ((first, "train"), (first.with_name("val_models.json"), "test")):
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                models = [model for listed in content.values() for model in _checked(listed, path)]
            except (OSError, json.JSONDecodeError, AttributeError) as error:
                raise ValueError(
                    f"{paths.display(path)} is not the authors' list ({error}). Fetch it again "
                    "(`lmnet download shapenet-split --force`), or delete it: the rule gives the same split."
                ) from error
            if both := sorted(model for model in models if side_of.get(model, side) != side):
                raise ValueError(f"{paths.display(path)}: {both[0]} is in the training list, too.")
            side_of.update(dict.fromkeys(models, side))
    return side_of


_PORT_FILES = {
    "13": "shapenet_point/{}.txt",
    "3": "shapenet_point_cat3/{}_cat3.txt",
    "chair": "shapenet_point_chair/{}_chair.txt",
}


def read_port_lists(root: Path) -> dict[str, Split]:
    """The port's lists, where its folder ``data/splits`` was copied below ``splits/``: class group → split, independent draws.

    Raises:
        ValueError: a list is missing beside others of its group, or holds something else.
    """
    found = {}
    for group, pattern in _PORT_FILES.items():
        for first in sorted((root / "splits").rglob(pattern.format("train")))[:1]:
            sides = []
            for side in ("train", "valid", "test"):
                path = first.with_name(first.name.replace("train", side))
                if not path.is_file():
                    raise ValueError(
                        f"{paths.display(path)} is missing beside {first.name}: copy the port's whole folder."
                    )
                sides.append(_checked(path.read_text(encoding="utf-8").split(), path))
            train, val, test = sides
            found[group] = Split(train, val, test)
    return found
