"""Which programs there are, class by class, and the objects that are drawn from them.

An object is its class and a seed: ``draw("chair", 7)`` is the same chair on every machine and in every version of NumPy. In a
data set it is called ``program_chair_0000007``. :func:`listed` says which objects the first N are; whoever takes more of them
has the same ones and others.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import itertools
import re

import numpy as np

from lmnet_utils.core import checks
from lmnet_utils.data.programs.parameters import Program
from lmnet_utils.data.taxonomy import CLASSES

SHARES = {
    "airplane": 4, "bench": 3, "cabinet": 4, "car": 4, "chair": 6, "display": 2, "lamp": 4,
    "loudspeaker": 2, "rifle": 3, "sofa": 4, "table": 5, "telephone": 2, "watercraft": 4,
}  # fmt: skip
"""Class → its share of the objects: classes whose shapes vary more get more of them."""
SEEDS_A_SET = 1_000_000
"""Seed s of a data set draws objects from s times so many on: sets of different seeds share none."""
RESERVED = 1_000
"""The data-set seed whose objects are those of the ambiguity set, for evaluation alone."""
FRESH = 2_000
"""The data-set seed whose objects show how wrong a trained encoder is on new ones (:func:`fresh`)."""


@functools.cache
def programs_of(category: str) -> dict[type[Program], float]:
    """The programs of a class, each with its share.

    Raises:
        ValueError: it is none of the 13 classes.
    """
    checks.choose("class", category, tuple(CLASSES))
    found: dict[type[Program], float] = importlib.import_module(f"lmnet_utils.data.programs.{category}").PROGRAMS
    return found


def draw(category: str, seed: int) -> Program:
    """The object of a class and a seed: one of the class's programs, with all parameters drawn.

    Raises:
        ValueError: it is none of the 13 classes.
    """
    digest = hashlib.sha256(f"{category}/{seed}".encode()).digest()
    random = np.random.RandomState(np.frombuffer(digest, "<u4").astype(np.uint32))
    programs = programs_of(category)
    position = np.searchsorted(np.cumsum(list(programs.values())), random.random_sample() * sum(programs.values()))
    return list(programs)[min(int(position), len(programs) - 1)].draw(random)


def object_id(category: str, seed: int) -> str:
    """The name of an object in a data set: ``program_chair_0000007``."""
    return f"program_{category}_{seed:07d}"


def is_program(model: str) -> bool:
    """Whether a model of a data set ("synset/model", or its id alone) was made by a program."""
    return model.rpartition("/")[2].startswith("program_")


def drawn_as(model: str) -> Program:
    """The object that a data set's model (its id) was made from.

    Raises:
        ValueError: it is no name that :func:`object_id` gives.
    """
    found = re.fullmatch(r"program_([a-z]+)_(\d{7,})", model)
    if not found:
        raise ValueError(f"{model!r} is no object of a program: expected a name such as 'program_chair_0000007'.")
    return draw(found[1], int(found[2]))


def listed_order(model: str) -> tuple[int, float, str]:
    """Sorts objects of programs ("synset/program_<class>_<seed>") of one data set's seed as :func:`listed` has them."""
    name, _, number = model.rpartition("/program_")[2].rpartition("_")
    turn, place = divmod(int(number) % SEEDS_A_SET, SHARES[name])
    return turn, (place + 0.5) / SHARES[name], name


def listed(count: int, seed: int = 0) -> list[str]:
    """The first ``count`` objects ("synset/model") of a data set's seed; the classes take turns by their :data:`SHARES`.

    Raises:
        ValueError: the seed is :data:`RESERVED` or :data:`FRESH`.
    """
    kept_for = {RESERVED: "the ambiguity set", FRESH: "residuals on new objects"}
    if seed in kept_for:
        raise ValueError(
            f"seed={seed}: its objects are kept for {kept_for[seed]}, never to be trained on; take another."
        )
    return _in_turns(count, seed)


def fresh(count: int) -> list[str]:
    """The first ``count`` objects ("synset/model") that no data set can have, in the order of :func:`listed`."""
    return _in_turns(count, FRESH)


def _in_turns(count: int, seed: int) -> list[str]:
    turns = sorted(((i + 0.5) / share, name) for name, share in SHARES.items() for i in range(share))
    made = dict.fromkeys(SHARES, seed * SEEDS_A_SET)
    names = []
    for _, name in itertools.islice(itertools.cycle(turns), count):
        names.append(f"{CLASSES[name]}/{object_id(name, made[name])}")
        made[name] += 1
    return names
