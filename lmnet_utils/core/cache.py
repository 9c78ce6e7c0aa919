"""What makes a kept result out of date: one rule for scores, trainings, packs, data sets and the steps of a run.

Whatever is kept carries a fingerprint of its inputs (weights, data, options) and of the versions below. A version is raised
by hand when the code of its part gives other results, so a comment changes nothing, and a fix in a loss changes everything
that rests on it. ``tests/core/test_cache.py`` knows which code belongs to which part and fails when it changes unseen.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from lmnet_utils.core.files import atomic_path, read_json

VERSIONS = {
    # part: version, raised when other results come of …
    "axes": 1,  # frames of clouds and the camera
    "freeshapes": 1,  # making views, clouds and copies of the embedded meshes
    "programs": 1,  # which objects the programs make
    "meshes": 2,  # reading and cleaning the user's own meshes
    "splits": 1,  # dividing objects into train, val and test; the classes
    "pack": 1,  # reading views, cameras and clouds, and turning them into network inputs
    "geometry": 1,  # scaling, Chamfer and earth mover's distance, ICP
    "losses": 1,  # the losses, and the sample that Variant II's is computed on
    "networks": 1,  # layers, initialisation, loading of weights
    "features": 1,  # what the strong variant's network of photographs sees, and its head
    "training": 1,  # batches, augmentation, schedule, choice of the epoch
    "predictions": 1,  # files of predictions, their images' numbers, the networks' names
    "inference": 1,  # images to latents to clouds, the samples' noise
    "frames": 1,  # which way round published weights and clouds stand
    "protocol": 1,  # the paper's protocol: scores of pairs of clouds
    "methods": 1,  # what is scored: models on their objects, and the baselines
    "diversity": 2,  # figures of several answers to an image, and the controls
    "statistics": 2,  # means, intervals, tables, verdicts
    "rendering": 2,  # figures
    "photos": 2,  # cutting out and placing pictures, reconstructing them
    "familiarity": 1,  # how far a picture lies from the training images
    "pix3d": 1,  # inputs, truths and tables of Pix3D
    "ambiguity": 1,  # images whose hidden parts are listed, and the figures of samplers on them
    "explorer": 2,  # the explorer's figures, numbers and gallery
}
"""Part → version: the code of a part gives the same results as long as its version is the same."""

RESTS_ON = {
    "freeshapes": ("axes", "programs"),
    "meshes": ("freeshapes",),
    "pack": ("axes",),
    "losses": ("geometry",),
    "features": ("networks",),
    "training": ("pack", "losses", "networks"),
    "inference": ("pack", "networks", "predictions"),
    "protocol": ("geometry",),
    "frames": ("inference", "protocol"),
    "methods": ("inference", "protocol"),
    "diversity": ("inference", "protocol"),
    "photos": ("inference", "protocol"),
    "familiarity": ("photos",),
    "pix3d": ("photos", "statistics"),
    "ambiguity": ("freeshapes", "diversity", "statistics"),
    "explorer": ("ambiguity", "photos", "rendering"),
}
"""Part → parts whose results go into its own. Scores rest on a training by the weights, whose hash is among their inputs."""

SAVE_INTERVAL_S = 20.0
"""A killed computation of :func:`kept_arrays` loses at most about so much work."""


def versions(*parts: str) -> dict[str, int]:
    """Versions of parts and of everything that they rest on, in alphabetical order.

    Raises:
        KeyError: there is no such part.
    """
    found, waiting = set(), list(parts)
    while waiting:
        part = waiting.pop()
        if part not in VERSIONS:
            raise KeyError(f"no part {part!r} in cache.VERSIONS; there are: {', '.join(VERSIONS)}.")
        found.add(part)
        waiting += set(RESTS_ON.get(part, ())) - found
    return {part: VERSIONS[part] for part in sorted(found)}


def fingerprint(inputs: Any, *parts: str) -> str:
    """16 hexadecimal digits (of SHA-256) that stand for inputs and for the versions of the parts that work on them.

    Args:
        inputs: everything else that decides the result, as JSON; files and weights by their hashes.
        parts: of :data:`VERSIONS`; what they rest on counts as well.
    """
    content = {"inputs": inputs, "versions": versions(*parts)}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def changed_versions(then: dict[str, int], now: dict[str, int]) -> str:
    """``"losses 1 → 2, training 1 → 2"``; "–" stands for a part that was not, or is no longer, used."""
    names = [name for name in sorted({*then, *now}) if then.get(name) != now.get(name)]
    return ", ".join(f"{name} {then.get(name, '–')} → {now.get(name, '–')}" for name in names)


def pack_hash(dataset_root: Path) -> str | None:
    """Hash of the content that a data set's pack was made of; None where no pack has been made."""
    records = sorted(dataset_root.glob("packs/*/pack.json"), key=lambda path: path.stat().st_mtime_ns)
    return read_json(records[-1])["hash"] if records else None


# ------------------------------------------------------------------------------------------------------ kept arrays
def kept_arrays(
    file: Path | None,
    key: str,
    count: int,
    batch_size: int,
    compute: Callable[[slice], dict[str, NDArray[Any]]],
    progress: str = "",
) -> dict[str, NDArray[Any]]:
    """Arrays over ``count`` items, computed batch by batch and kept on disk as they come.

    Args:
        file: ``<file>-<key>.npz`` keeps the arrays; None keeps nothing. A file of fewer items is continued.
        key: :func:`fingerprint` of everything that decides the arrays.
        count: how many items.
        batch_size: how many are computed at once.
        compute: a slice of the items → their arrays, the items first.
        progress: text beside a progress bar; empty for none.
    """
    file = None if file is None else file.with_name(f"{file.name}-{key}.npz")
    parts: dict[str, list[Any]] = {name: [values] for name, values in read_arrays(file).items()}
    start, saved = len(next(iter(parts.values()), [()])[0]), time.monotonic()
    with tqdm(total=count, initial=min(start, count), desc=progress, unit="cloud", disable=not progress) as bar:
        while start < count:
            for name, values in compute(slice(start, min(start + batch_size, count))).items():
                parts.setdefault(name, []).append(values)
            bar.update(min(batch_size, count - start))
            start = min(start + batch_size, count)
            if file is not None and (start == count or time.monotonic() - saved > SAVE_INTERVAL_S):
                parts = {name: [np.concatenate(listed)] for name, listed in parts.items()}
                with atomic_path(file) as temporary, open(temporary, "wb") as stream:
                    np.savez(stream, **{name: values for name, (values,) in parts.items()})
                saved = time.monotonic()
    return {name: np.concatenate(listed)[:count] for name, listed in parts.items()}


def read_arrays(file: Path | None) -> dict[str, NDArray[Any]]:
    """The arrays of an ``.npz`` file; none of one that is not there or is damaged."""
    if file is None or not file.is_file():
        return {}
    try:
        with np.load(file, allow_pickle=False) as content:
            return {name: content[name] for name in content.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        return {}


def clear_arrays(folder: Path) -> None:
    """Remove what :func:`kept_arrays` keeps anywhere below a folder, and nothing else."""
    for path in folder.rglob("*.npz"):
        if re.search(r"-[0-9a-f]{16}\.npz$", path.name):
            path.unlink(missing_ok=True)


# ------------------------------------------------------------------------------------------------------ meaning of code
def meaning(source: str) -> str:
    """What a piece of Python does, as text: without comments, docstrings and layout, the same in every Python version.

    Raises:
        SyntaxError: it is no Python, such as a cell with a shell command.
    """
    return json.dumps(_plain(ast.parse(source)))


def _plain(node: Any) -> Any:
    if isinstance(node, list):
        return [_plain(part) for part in node if not _is_text(part)]
    if not isinstance(node, ast.AST):
        return repr(node)
    said = ((name, value) for name, value in ast.iter_fields(node) if name not in ("ctx", "kind", "type_comment"))
    fields = [[name, _plain(value)] for name, value in said if value is not None]
    return [type(node).__name__, *(field for field in fields if field[1] != [])]  # not every Python has empty ones


def _is_text(node: Any) -> bool:
    """Whether it is a docstring: a text on a line of its own, which does nothing."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
