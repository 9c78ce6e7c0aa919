"""Methods from elsewhere: clouds that somebody else's code predicted, read from files and scored as the kit's own are.

Two layouts are read (``docs/own_data.md``). The plain one: ``<synset>/<model>/<view>.npy``, a cloud an image (``03001627/ab12/00.npy``), or
``<synset>/<model>.npy``, one an object. And that of notebook 06 and of the PyTorch port with an index
(:class:`lmnet_utils.models.predictions.PredictionWriter`): ``index.csv`` and ``pred/inference_<i>.npy``. A cloud is (N, 3), or (1, N, 3) as the port
writes it, in the file frame (``docs/frames.md``).
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from lmnet_utils.core import paths
from lmnet_utils.evaluation import protocol
from lmnet_utils.evaluation.methods import Method, Task
from lmnet_utils.evaluation.statistics import paired_difference
from lmnet_utils.geometry.pointclouds import scale_to_unit_cube
from lmnet_utils.models.inference import Item, items_of
from lmnet_utils.models.predictions import INDEX_COLUMNS
from lmnet_utils.models.registry import base_name

RECIPE = "See docs/own_data.md, 'Compare my method'."
NAME = re.compile(r"\w[\w .+-]{0,63}")
FRAME_OBJECTS = 24
"""Objects of which all frames are tried: enough that no single symmetric one decides."""
FRAME_POINTS = 256
"""Points of a cloud that this rests on: enough to tell axes, in a quarter of the time."""
FRAME_FACTOR = 0.85
"""A frame is said to be mixed up if another one has at most this share of the error; see docs/own_data.md for what it was chosen by."""


# --------------------------------------------------------------------------------------------------------------- methods
def methods_of_others(
    task: Task, given: Sequence[str], views: int | None = None, beside: Sequence[Method] = ()
) -> list[Method]:
    """Methods of folders with predictions, to be scored beside the kit's own.

    A method is scored on the classes that its folder has clouds of, and there on every test object. Names that differ in
    ``_seed<k>`` are one method, trained several times.

    Args:
        task: what is scored.
        given: ``"name=folder"``, or a folder alone, whose name is then the method's; relative to the project's root.
        views: of each object, as :class:`lmnet_utils.evaluation.scoring.Scoring` has it.
        beside: the kit's methods, whose labels are taken.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: a name that cannot be, or is taken; no clouds of test objects; objects or views are missing; an
            array of another shape or kind, NaN. Names the file and says what was expected.
    """
    methods: dict[str, Method] = {}
    for text in given:
        named, equals, place = text.partition("=")
        folder = paths.resolve(Path(place if equals else named).expanduser())
        name = (named if equals else folder.name).strip()
        if not NAME.fullmatch(name):
            raise ValueError(
                f"other_predictions: {name!r} is no name: expected 1 to 64 letters, digits, spaces and .+-_."
            )
        file = "other_" + re.sub(r"[^\w.+-]", "_", name)
        if file in methods or base_name(name) in {method.label for method in beside}:
            raise ValueError(f"other_predictions: the name {name!r} is taken; give this one a name of its own.")
        clouds = _Clouds(task, folder, views)
        identity = {"predictions": clouds.checked_hash()}
        _warn_of_frame(task, name, clouds)
        methods[file] = Method(file, base_name(name), clouds.objects, clouds, identity, clouds.by_image)
    return list(methods.values())


class _Clouds:
    """The clouds of a folder for a task's items. ``objects``: those that it is scored on; ``by_image``: whether it has one an image."""

    def __init__(self, task: Task, folder: Path, views: int | None) -> None:
        known, self.folder = find_clouds(folder), folder
        self.by_image = next(iter(known))[1] is not None
        self.objects = task.objects_of({model.split("/")[0] for model, _ in known})
        if not set(self.objects) & {model for model, _ in known}:
            raise ValueError(
                f"{paths.display(folder)}: none of its {len(known)} clouds is of a test object. It has {next(iter(known))[0]}; "
                f"expected such as {task.test[0] if task.test else '(there is none)'} ({task.pack.dataset}). {RECIPE}"
            )
        self.files: dict[tuple[str, int], Path] = {}
        items = items_of(task.pack, self.objects, views if self.by_image else 1)
        for item in items:
            if path := known.get((item.model, item.view if self.by_image else None)):
                self.files[item.model, item.view] = path
        if missing := [item for item in items if (item.model, item.view) not in self.files]:
            view = f", view {missing[0].view}" if self.by_image else ""
            every = f", views 0 to {items[-1].view} (`views` says how many)" if self.by_image else ""
            raise ValueError(
                f"{paths.display(folder)}: {len(missing)} of {len(items)} clouds are missing, the first is {missing[0].model}{view}. "
                f"Expected every test object of a class that the folder has clouds of{every}. {RECIPE}"
            )

    def __call__(self, items: Sequence[Item]) -> np.ndarray:
        """(B, N, 3) float32."""
        return np.stack([_read_cloud(self.files[item.model, item.view]) for item in items])

    def checked_hash(self) -> str:
        """Read every cloud that will be scored; returns a hash of what they say."""
        digest, first = hashlib.sha256(), None
        for (model, view), path in self.files.items():
            cloud = _read_cloud(path)
            first = first or (len(cloud), path)
            if len(cloud) != first[0]:
                raise ValueError(
                    f"{paths.display(self.folder)}: {first[0]} points in {first[1].relative_to(self.folder)} and {len(cloud)} in "
                    f"{path.relative_to(self.folder)}: expected as many in every cloud."
                )
            digest.update(f"{model}/{view}".encode())
            digest.update(cloud.tobytes())
        return digest.hexdigest()


# ----------------------------------------------------------------------------------------------------------------- files
def find_clouds(folder: Path) -> dict[tuple[str, int | None], Path]:
    """The clouds of a folder, in either layout: (``"synset/model"``, view, None where there is one an object) → file.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: no clouds, both kinds of the plain layout, a view twice, or an index that is damaged.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"other_predictions: there is no folder {paths.display(folder)}. {RECIPE}")
    if (folder / "index.csv").is_file():
        return _indexed(folder)
    files: dict[tuple[str, int | None], Path] = {}
    for path in sorted(folder.glob("*/*.npy")):
        files[f"{path.parent.name}/{path.stem}", None] = path
    by_object = len(files)
    for path in sorted(folder.glob("*/*/*.npy")):
        if not path.stem.isdecimal():
            raise ValueError(f"{paths.display(path)}: expected a view's number, such as 00.npy, as its name. {RECIPE}")
        key = f"{path.parent.parent.name}/{path.parent.name}", int(path.stem)
        if key in files:
            raise ValueError(f"{paths.display(path)} and {files[key].name} are of the same view; remove one.")
        files[key] = path
    if not files:
        raise ValueError(
            f"{paths.display(folder)} holds no predictions: expected <synset>/<model>/<view>.npy, <synset>/<model>.npy, or an "
            f"index.csv as notebook 06 writes it. {RECIPE}"
        )
    if 0 < by_object < len(files):
        raise ValueError(
            f"{paths.display(folder)} has {by_object} clouds an object and {len(files) - by_object} an image: expected either "
            f"<synset>/<model>.npy or <synset>/<model>/<view>.npy. {RECIPE}"
        )
    return files


def _indexed(folder: Path) -> dict[tuple[str, int | None], Path]:
    """As notebook 06 writes them; of Variant II's clouds the decoded means. Of the index only i, synset, model, view count."""
    index, files = folder / "index.csv", {}
    with open(index, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if missing := [name for name in INDEX_COLUMNS[:4] if name not in (reader.fieldnames or ())]:
            raise ValueError(f"{paths.display(index)}: the column {missing[0]} is missing; it has {reader.fieldnames}.")
        for number, row in enumerate(reader, 2):
            try:
                key = f"{row['synset']}/{row['model']}", int(row["view"])
                files[key] = folder / f"pred/inference_{int(row['i'])}.npy"
            except (TypeError, ValueError) as error:
                raise ValueError(f"{paths.display(index)}, line {number}: {error}.") from error
    if not files:
        raise ValueError(f"{paths.display(index)} lists no predictions.")
    return files


def _read_cloud(path: Path) -> np.ndarray:
    """A cloud (N, 3) float32 of a file that holds (N, 3) or (1, N, 3) floats, N ≥ 1024, without NaN.

    Raises:
        ValueError: anything else; names the file.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"{paths.display(path)} cannot be read ({reason}): expected a .npy file of numbers."
        ) from error
    shape, wanted = array.shape, f"floats of shape (N, 3) or (1, N, 3) with N ≥ {protocol.EVALUATION_POINTS}"
    if array.ndim == 3 and len(array) == 1:
        array = array[0]
    fits = array.ndim == 2 and array.shape[1] == 3 and len(array) >= protocol.EVALUATION_POINTS
    if not fits or array.dtype.kind != "f":
        turned = " The axes seem exchanged: save cloud.T." if array.ndim == 2 and array.shape[0] == 3 else ""
        raise ValueError(f"{paths.display(path)}: expected {wanted}, found {array.dtype} {shape}.{turned}")
    if not np.isfinite(array).all():
        broken = (~np.isfinite(array).all(axis=1)).sum()
        raise ValueError(f"{paths.display(path)}: {broken} of {len(array)} points are NaN or infinite.")
    if np.ptp(array, axis=0).max() == 0:
        raise ValueError(f"{paths.display(path)}: all {len(array)} points are the same one.")
    return array.astype(np.float32)


# ----------------------------------------------------------------------------------------------------------------- frame
@dataclass(frozen=True)
class FrameFinding:
    """How clouds fit the truth as they are, and in the frame that fits best.

    ``columns``, ``signs``: ``cloud[:, columns] * signs`` makes that frame of the files'. ``error``, ``best``: Chamfer ×100 without ICP.
    ``mixed_up``: whether the other one is so much better that the files are hardly in the file frame.
    """

    columns: tuple[int, ...]
    signs: tuple[int, ...]
    error: float
    best: float
    mixed_up: bool


def find_frame(truth: np.ndarray, clouds: np.ndarray, objects: Sequence[str]) -> FrameFinding:
    """Try all 48 ways to exchange and mirror the axes of clouds (B, N, 3), by Chamfer distance to (B, M, 3); ``objects``: (B,) what each shows.

    Another frame counts if its error is lower for sure (the paired interval over objects is below 0) and by far
    (:data:`FRAME_FACTOR`): quarter turns of a nearly symmetric object are neither.
    """
    truth, clouds = (
        scale_to_unit_cube(points[:, :: max(1, points.shape[1] // FRAME_POINTS)]) for points in (truth, clouds)
    )
    trees = [cKDTree(points) for points in truth]

    def error(
        columns: Sequence[int], signs: Sequence[int]
    ) -> np.ndarray:  # the unit cube looks the same from all sides
        turned = clouds[..., columns] * np.array(signs)
        pairs = zip(trees, truth, turned, strict=True)
        return np.array([100 * (tree.query(b)[0].mean() + cKDTree(b).query(a)[0].mean()) for tree, a, b in pairs])

    ways = list(itertools.product(itertools.permutations(range(3)), itertools.product((1, -1), repeat=3)))
    errors = [error(*way) for way in ways]
    best = int(np.argmin([found.mean() for found in errors]))  # the first way is: as they are
    found = paired_difference(errors[best], errors[0], objects)
    before, after = float(errors[0].mean()), float(errors[best].mean())
    return FrameFinding(*ways[best], before, after, bool(found["high"] < 0 and after <= FRAME_FACTOR * before))


def _warn_of_frame(task: Task, name: str, clouds: _Clouds) -> None:
    keys = list(clouds.files)[:FRAME_OBJECTS]  # first views of different objects
    models = [model for model, _ in keys]
    guess = clouds([Item(model, view, 0.0) for model, view in keys])
    found = find_frame(task.pack.points_1024[task.pack.rows(models)], guess, models)
    if found.mixed_up:
        warnings.warn(
            f"{name}: are these clouds in the file frame (up is −x, docs/frames.md)? With their axes exchanged, "
            f"cloud[:, {list(found.columns)}] * {list(found.signs)}, their Chamfer distance (×100, {len(keys)} clouds, without ICP) is "
            f"{found.best:.1f} instead of {found.error:.1f}. They are scored as they are.",
            stacklevel=3,
        )
