"""The 13 ShapeNet classes of 3D-R2N2 and the class groups that the paper and its port train on.

Source: Choy et al., 3D-R2N2 (ECCV 2016), section 5; WordNet synsets as in ShapeNetCore v1.
"""

from __future__ import annotations

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
}
"""Class name → synset, in the order of the synsets."""

NAME_OF: dict[str, str] = {synset: name for name, synset in CLASSES.items()}
"""Synset → class name."""

GROUPS: dict[str, tuple[str, ...]] = {
    "13": tuple(CLASSES),
    "3": ("airplane", "car", "chair"),
    "chair": ("chair",),
}
"""Class groups: all 13, the port's three (airplane, car, chair), and chair, on which Variant II is trained."""


def classes_of(group: str) -> tuple[str, ...]:
    """Names of the classes in ``group`` ("13", "3" or "chair").

    Raises:
        ValueError: for an unknown group; the message lists the groups.
    """
    if group not in GROUPS:
        raise ValueError(f"classes={group!r}: expected one of {', '.join(map(repr, GROUPS))}.")
    return GROUPS[group]


def synsets_of(group: str) -> tuple[str, ...]:
    """Synsets of the classes in ``group``; errors as :func:`classes_of`."""
    return tuple(CLASSES[name] for name in classes_of(group))
