"""The 13 ShapeNet classes of 3D-R2N2 and the class groups that the paper and its port train on.

Source: Choy et al., 3D-R2N2 (ECCV 2016), section 5; WordNet synsets as in ShapeNetCore v1.

A data set of one's own (``lmnet import-meshes``) may have classes beyond these. Such a class has its name for a synset,
``mug/3f…`` beside ``03001627/5a…``: :func:`class_name` reads both off a data set's folders, and the group "13", which means
every class that a data set has, contains it. The tables know the 13 alone, so that a misspelt name is found in none.
"""

from __future__ import annotations

import re
import unicodedata

CLASSES: dict[str, str] = {
    "airplane": "02691156",
    "bench": "02828884",
    "cabinet": "02933112",
    "car": "02958343",
    "chair": "03001627",
    "display": "03211117",
    "lamp": "03636649",
    "loudspeaker": "03691459",
    "rifle": "04090263",
    "sofa": "04256520",
    "table": "04379243",
    "telephone": "04401088",
    "watercraft": "04530566",
}  # fmt: skip
"""Class name → synset of the 13, in the order of the synsets."""

NAME_OF: dict[str, str] = {synset: name for name, synset in CLASSES.items()}
"""Synset → class name of the 13; see :func:`class_name`."""

GROUPS: dict[str, tuple[str, ...]] = {
    "13": tuple(CLASSES),
    "3": ("airplane", "car", "chair"),
    "chair": ("chair",),
}
"""Class groups: all 13, the port's three (airplane, car, chair), and chair, on which Variant II is trained."""

SYNONYMS: dict[str, str] = {
    "plane": "airplane", "aeroplane": "airplane", "aircraft": "airplane", "jet": "airplane",
    "cupboard": "cabinet", "wardrobe": "cabinet", "dresser": "cabinet", "closet": "cabinet",
    "automobile": "car", "auto": "car", "armchair": "chair",
    "monitor": "display", "screen": "display", "tv": "display", "television": "display",
    "speaker": "loudspeaker", "gun": "rifle", "couch": "sofa", "desk": "table",
    "phone": "telephone", "mobile": "telephone", "cellphone": "telephone", "smartphone": "telephone",
    "vessel": "watercraft", "boat": "watercraft", "ship": "watercraft",
}  # fmt: skip
"""Other words for the 13 classes: those of the paper's tables, and what people call their folders."""


class _EveryClass(tuple[str, ...]):
    """The 13 synsets; a class beyond them is contained as well."""

    def __contains__(self, synset: object) -> bool:
        return super().__contains__(synset) or (isinstance(synset, str) and is_own_class(synset))


def is_own_class(name: str) -> bool:
    """Whether this may be a class beyond the 13: small letters, digits and hyphens, one letter at least."""
    return re.fullmatch(r"(?=.*[a-z])[a-z0-9][a-z0-9-]*", name) is not None and name not in CLASSES


def class_name(synset: str) -> str:
    """Name of the class whose objects lie in a data set's folder: ``"03001627"`` → ``"chair"``, ``"mug"`` → ``"mug"``.

    Raises:
        ValueError: a data set has no such folder.
    """
    if synset in NAME_OF:
        return NAME_OF[synset]
    if is_own_class(synset):
        return synset
    raise ValueError(
        f"{synset!r} is no class's folder: expected one of the 13 synsets ({', '.join(NAME_OF)}), or the name of a class of "
        "one's own in small letters, digits and hyphens."
    )


def class_named(text: str) -> str:
    """The class that a person means: ``"Couches"`` → ``"sofa"``, ``"03001627"`` → ``"chair"``, ``"Coffee mug"`` → ``"coffee-mug"``.

    Raises:
        ValueError: there is no letter of the Latin alphabet in it.
    """
    if text.strip() in NAME_OF:
        return NAME_OF[text.strip()]
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not re.search("[a-z]", name):
        raise ValueError(f"{text!r} is no name for a class: expected letters, such as 'chair' or 'coffee mug'.")
    for singular in (name, name.removesuffix("s"), name.removesuffix("es")):
        known = SYNONYMS.get(singular, singular)
        if known in CLASSES:
            return known
    return name


def class_order(name: str) -> tuple[int, str]:
    """Sorts class names: the 13 in the order of their synsets, then any other by name."""
    known = list(CLASSES)
    return (known.index(name) if name in CLASSES else len(known)), name


def classes_of(group: str) -> tuple[str, ...]:
    """Names of the classes in ``group`` ("13", "3" or "chair").

    Raises:
        ValueError: for an unknown group; the message lists the groups.
    """
    if group not in GROUPS:
        raise ValueError(f"classes={group!r}: expected one of {', '.join(map(repr, GROUPS))}.")
    return GROUPS[group]


def synsets_of(group: str) -> tuple[str, ...]:
    """Synsets of the classes in ``group``; errors as :func:`classes_of`. In "13", any class of one's own is contained too."""
    synsets = tuple(CLASSES[name] for name in classes_of(group))
    return _EveryClass(synsets) if group == "13" else synsets
