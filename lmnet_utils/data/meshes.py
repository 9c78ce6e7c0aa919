"""A folder of meshes becomes a data set like FreeShapes (``lmnet import-meshes``): views, clouds, splits, pack.

Reads OBJ, PLY, STL, OFF and GLB (:mod:`lmnet_utils.data.mesh_files`) and makes of every object what
:mod:`lmnet_utils.data.freeshapes` makes of its own. What cannot be used is listed with its reason; the rest goes on.

``data/<name>/imports/<id>.json`` is written last for every object. Whatever has no such record is half a model: a later
import removes it. A file that has a record, the same content and the same options is not looked at again.
"""

from __future__ import annotations

import bisect
import collections
import contextlib
import csv
import dataclasses
import os
import re
import shutil
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from lmnet_utils.core import cache, files, parallel, paths
from lmnet_utils.core.settings import DatasetName, check_value
from lmnet_utils.data import freeshapes, layout, packs, splits, views
from lmnet_utils.data.import_report import Report, Row
from lmnet_utils.data.mesh_files import (
    MAX_FACES,
    OTHER_MESHES,
    SAME_SHAPE,
    SUFFIXES,
    MeshError,
    read_mesh,
    rotation,
    shape_moments,
)
from lmnet_utils.data.taxonomy import CLASSES, class_named, class_order

RESERVED = (freeshapes.DATASET, "shapenet", "pix3d", "objaverse")
REPORT = "import_report.csv"


# -------------------------------------------------------------------------------------------------------- the folder
@dataclasses.dataclass(frozen=True)
class Reading:
    """How mesh files are read: the axes ``up`` and ``front`` (see :func:`read_mesh`); more than ``max_faces`` triangles are refused."""

    up: str = "y"
    front: str = "z"
    max_faces: int = MAX_FACES


@dataclasses.dataclass(frozen=True)
class _Task:
    """One object to be made: everything that its record keeps, and where it is."""

    path: Path
    root: Path
    id: str
    record: dict[str, Any]
    max_faces: int

    @property
    def synset(self) -> str:
        return _synset(self.record["class"])


class _Made(NamedTuple):
    """What a process has made of a task; the views lie in their place."""

    clouds: dict[int, np.ndarray]
    moments: np.ndarray
    triangles: int
    note: str


def import_meshes(
    folder: str | Path,
    name: str | None = None,
    *,
    classes: str | Path | None = None,
    reading: Reading = Reading(),
    seed: int = 0,
    workers: int | None = None,
    progress: bool = True,
) -> Report:
    """Make the data set ``data/<name>`` of the meshes below a folder, or bring it up to date with them.

    An object's class is the folder that it lies in, the first one below ``folder``: ``chair/``, ``Couches/`` (a sofa),
    ``03001627/``, or any other name, which then is a class of its own. Its id is a hash of its path, so that sorting by id
    shuffles, as in ShapeNet: the official split draws by it. Objects whose files have gone are removed.

    Args:
        folder: is searched through, with all folders below.
        name: of the data set; by default the folder's.
        classes: a CSV file with the columns ``file`` (below ``folder``) and ``class``, and, if you like, ``group``: objects of
            one group (one design in two colours) stay on one side of every split. It goes before the folders' names.
        reading: how the files are read.
        seed: of views and clouds.
        workers: processes; by default one a core.
        progress: show bars.

    Returns:
        The report; it is also written to ``data/<name>/import_report.csv``.

    Raises:
        FileNotFoundError: no such folder or CSV file, or no mesh in it.
        ValueError: an option, the CSV file, or the name, which another data set has.
    """
    folder = Path(os.path.realpath(Path(folder).expanduser()))
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {paths.display(folder)}.")
    rotation(reading.up, reading.front)
    labels = read_labels(classes) if classes else {}
    if name is None:
        name = re.sub(r"[^a-z0-9._-]+", "-", folder.name.lower()).strip("-.")
    root = _open(name)
    files = _files(folder)
    records = read_records(name)
    earlier = _earlier(folder, name, records)
    made_by = {"recipe": cache.VERSIONS["freeshapes"], "reader": cache.VERSIONS["meshes"]}
    options = {"up": reading.up, "front": reading.front, "seed": seed, **made_by}
    wanted, skipped = _wanted(folder, files, labels, options, progress)
    kept, rows = _bring_up_to_date(root, records, earlier, wanted)
    rows |= skipped

    tasks = [_Task(folder / r["file"], root, key, r, reading.max_faces) for key, r in wanted.items() if key not in kept]
    known = _Shapes(records)
    bar = tqdm(total=len(tasks), desc="meshes", unit="mesh", disable=not progress or not tasks)
    with bar, contextlib.closing(_in_processes(tasks, workers)) as results:  # Ctrl-C here ends the processes, too
        for task, made in results:
            rows[task.record["file"]] = _keep(task, made, records, known)
            bar.update()

    return _finish(root, name, records, [rows[file] for file in sorted(rows)], progress)


def _earlier(folder: Path, name: str, records: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Ids of the objects that came from this folder; ValueError if that was another folder of the same name."""
    earlier = {key for key, record in records.items() if record["folder"] == folder.name}
    if earlier and not any((folder / records[key]["file"]).is_file() for key in earlier):
        raise ValueError(
            f"data set {name!r} holds {len(earlier)} objects of another folder called {folder.name!r}. Give this one another "
            "name (--name), rename the folder, or delete the data set."
        )
    return earlier


def _wanted(
    folder: Path,
    files: Sequence[str],
    labels: Mapping[str, Mapping[str, str]],
    options: dict[str, Any],
    progress: bool,
) -> tuple[dict[str, dict[str, Any]], dict[str, Row]]:
    """The objects that a folder's files are to become, id → record, and file → line of the report for the skipped ones."""
    wanted: dict[str, dict[str, Any]] = {}
    rows: dict[str, Row] = {}
    contents: dict[str, str] = {}
    for file in tqdm(files, desc="files", disable=not progress or len(files) < 100):
        try:
            record = _record(folder, file, labels, options)
        except (ValueError, OSError) as error:
            rows[file] = Row(file, "skipped", note=str(error))
            continue
        twin = contents.setdefault(record["sha256"], file)
        if twin != file:
            rows[file] = Row(file, "skipped", record["class"], note=f"the same file as {twin}")
        else:
            wanted[freeshapes.model_id(folder.name, file)] = record
    for file in labels.keys() - set(files):
        rows[file] = Row(file, "skipped", note="named in the CSV file, but not there")
    return wanted, rows


def _bring_up_to_date(
    root: Path, records: dict[str, dict[str, Any]], earlier: set[str], wanted: Mapping[str, dict[str, Any]]
) -> tuple[set[str], dict[str, Row]]:
    """Remove, here and in ``records``, the ``earlier`` objects of this folder that are not as ``wanted``, and all half ones.

    Returns:
        the ids of the wanted objects that are here already, and file → line of the report for these and the removed.
    """
    rows: dict[str, Row] = {}
    kept = {key for key, record in wanted.items() if _is_made(root, records.get(key), record)}
    for key in sorted(earlier - kept):
        _remove(root, key)
        found = records.pop(key)
        if key not in wanted:
            rows[found["file"]] = Row(found["file"], "removed", found["class"], key, note="its file is gone")
    for key in kept:
        record, found = wanted[key], records[key]
        rows[record["file"]] = Row(record["file"], "kept", record["class"], key, found["triangles"], found["note"])
        if found["group"] != record["group"]:
            records[key] = {**found, "group": record["group"]}
            files.write_json(root / "imports" / f"{key}.json", records[key])
    _sweep(root, records)
    return kept, rows


def read_records(name: str) -> dict[str, dict[str, Any]]:
    """What is known of every imported object of a data set: id → folder, file, class, group, triangles and options."""
    folder = paths.dataset_dir(name) / "imports"
    return {path.stem: files.read_json(path) for path in sorted(folder.glob("*.json"))}


def read_labels(path: str | Path) -> dict[str, dict[str, str]]:
    """A CSV file with the columns file, class and perhaps group → file → {class, group}.

    Raises:
        FileNotFoundError, ValueError: it is not there; it has other columns, or names a file twice.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"no CSV file {paths.display(path)}.")
    with open(path, newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = [column.strip() for column in reader.fieldnames or ()]
        reader.fieldnames = columns
        if not {"file", "class"} <= set(columns):
            raise ValueError(
                f"{paths.display(path)}: expected the columns file and class (and group, if you like), "
                f"found {', '.join(columns) or 'none'}."
            )
        labels: dict[str, dict[str, str]] = {}
        for row in reader:
            name = Path((row["file"] or "").strip().replace("\\", "/")).as_posix()
            if name in labels:
                raise ValueError(f"{paths.display(path)} names {name} twice.")
            labels[name] = {"class": (row["class"] or "").strip(), "group": (row.get("group") or "").strip()}
    return labels


def _open(name: str) -> Path:
    """The data set's folder, made if need be; refused if it is something else."""
    check_value("name", DatasetName, name)
    if name in RESERVED:
        raise ValueError(
            f"name={name!r}: the kit's own data sets have the names {', '.join(RESERVED)}; choose another."
        )
    root = paths.dataset_dir(name)
    if root.is_dir() and any(root.iterdir()) and not (root / "imports").is_dir():
        raise ValueError(
            f"{paths.display(root)} holds a data set that import-meshes did not make: give another --name."
        )
    (root / "imports").mkdir(parents=True, exist_ok=True)
    return root


def _files(folder: Path) -> list[str]:
    """Meshes below the folder, sorted, as they are named in the report; hidden ones left out. FileNotFoundError for none."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES + OTHER_MESHES)
    names = [path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts)]
    names = sorted(name for name in names if (folder / name).is_file() or _is_dead_link(folder / name))
    if not names:
        raise FileNotFoundError(f"{paths.display(folder)} holds no mesh ({', '.join(SUFFIXES)}).")
    return names


def _is_dead_link(path: Path) -> bool:
    """Whether this is a link that leads nowhere or in a circle."""
    return path.is_symlink() and not path.exists()


def _record(
    folder: Path, file: str, labels: Mapping[str, Mapping[str, str]], options: dict[str, Any]
) -> dict[str, Any]:
    """What a file is to become; ValueError where that cannot be said."""
    if _is_dead_link(folder / file):
        raise ValueError("a link that leads nowhere or in a circle: put the mesh itself there")
    suffix = Path(file).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{suffix} is not read: convert it to GLB, OBJ, PLY, STL or OFF, in Blender for example")
    label = labels.get(file, {"class": "", "group": ""})
    if label["class"]:
        class_name = class_named(label["class"])
    elif "/" in file:
        class_name = class_named(file.split("/")[0])
    else:
        class_name = class_named(folder.name)
        if class_name not in CLASSES:
            raise ValueError(
                "no class: put it into a folder named after its class, or name it in a CSV file (--classes)"
            )
    group = f"{_synset(class_name)}/{label['group']}" if label["group"] else ""
    sha256 = files.sha256_of(folder / file)
    return {"folder": folder.name, "file": file, "class": class_name, "group": group, "sha256": sha256, **options}


def _synset(class_name: str) -> str:
    """The folder of a class: its synset, or of a class beyond the 13 its name."""
    return CLASSES.get(class_name, class_name)


def _is_made(root: Path, found: Mapping[str, Any] | None, record: Mapping[str, Any]) -> bool:
    """Whether an object is here as its file and the options would make it again."""
    if found is None or any(found.get(key) != value for key, value in record.items() if key != "group"):
        return False
    synset, key = _synset(record["class"]), freeshapes.model_id(record["folder"], record["file"])
    clouds = (layout.cloud_dir(root, synset, key) / f"pointcloud_{n}.npy" for n in (1024, 2048))
    return layout.rendering_dir(root, synset, key).is_dir() and all(path.is_file() for path in clouds)


def _remove(root: Path, key: str) -> None:
    """Remove an object: its record first, so that a half-removed one is not taken for whole."""
    (root / "imports" / f"{key}.json").unlink(missing_ok=True)
    for top in ("ShapeNetRendering", "ShapeNet_pointclouds"):
        for path in root.glob(f"{top}/*/{key}"):
            shutil.rmtree(path, ignore_errors=True)
            if not any(path.parent.iterdir()):
                path.parent.rmdir()


def _sweep(root: Path, records: Mapping[str, Any]) -> None:
    """Remove what a killed import has left: objects without a record, temporary files."""
    for path in (root / "imports").glob(".*.tmp"):
        path.unlink(missing_ok=True)
    for top in ("ShapeNetRendering", "ShapeNet_pointclouds"):
        for path in root.glob(f"{top}/*/*"):
            if path.name not in records:
                _remove(root, path.name)


class _Shapes:
    """Finds the object whose shape another one has, among many: by the first of the moments, in sorted order."""

    def __init__(self, records: Mapping[str, Mapping[str, Any]]) -> None:
        self._sorted = sorted((*record["moments"], record["file"]) for record in records.values())

    def twin(self, moments: np.ndarray) -> str | None:
        """The file of an object with these moments, up to :data:`SAME_SHAPE`."""
        start, end = (bisect.bisect_left(self._sorted, (moments[0] + d,)) for d in (-SAME_SHAPE, SAME_SHAPE))
        for *other, file in self._sorted[start:end]:
            if np.abs(moments - np.array(other)).max() < SAME_SHAPE:
                return file
        return None

    def add(self, moments: np.ndarray, file: str) -> None:
        bisect.insort(self._sorted, (*moments.tolist(), file))


def _keep(task: _Task, made: _Made | str, records: dict[str, dict[str, Any]], known: _Shapes) -> Row:
    """Complete an object with its clouds and, last of all, its record; or say why there is none."""
    file, class_name = task.record["file"], task.record["class"]
    if isinstance(made, str):
        _remove(task.root, task.id)
        return Row(file, "skipped", class_name, note=made)
    if twin := known.twin(made.moments):
        _remove(task.root, task.id)
        return Row(file, "skipped", class_name, note=f"the same shape as {twin}")
    views.write_clouds(task.root, task.synset, task.id, made.clouds)
    record = {**task.record, "triangles": made.triangles, "note": made.note, "moments": made.moments.tolist()}
    files.write_json(task.root / "imports" / f"{task.id}.json", record)
    records[task.id] = record
    known.add(made.moments, file)
    return Row(file, "imported", class_name, task.id, made.triangles, made.note)


def _finish(root: Path, name: str, records: Mapping[str, Mapping[str, Any]], rows: list[Row], progress: bool) -> Report:
    """Splits, the report's file, and the pack."""
    groups = {f"{_synset(record['class'])}/{key}": record["group"] for key, record in records.items()}
    official = splits.official(groups)
    splits.write(root, "official", official)
    splits.write(root, "60-20-20", splits.drawn_60_20_20(groups))
    with files.atomic_path(root / REPORT) as temporary:
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([("file", "status", "class", "id", "triangles", "note"), *rows])
    if records:
        packs.open_pack(name, progress=progress)
    counts = collections.Counter(record["class"] for record in records.values())
    models = {key: counts[key] for key in sorted(counts, key=class_order)}
    return Report(name, rows, models, {side: len(getattr(official, side)) for side in splits.SIDES})


# ---------------------------------------------------------------------------------------------------------- processes
def _make(task: _Task) -> _Made | str:
    """Read a mesh, draw its views into their place, sample its clouds; or why not."""
    try:
        mesh, note = read_mesh(task.path, task.record["up"], task.record["front"], task.max_faces)
        seed = task.record["seed"]
        views.write_views(task.root, task.synset, task.id, seed, mesh, views.process_renderer())
        clouds = views.sample_clouds(mesh, task.id, seed)
        return _Made(clouds, shape_moments(mesh), len(mesh.faces), note)
    except MeshError as error:
        return str(error)
    except MemoryError:
        return "too large for this machine's memory: reduce it, in Blender or MeshLab"


def _in_processes(tasks: Sequence[_Task], workers: int | None) -> Generator[tuple[_Task, _Made | str], None, None]:
    """:func:`_make` of all tasks, in their order. A mesh whose process dies costs that mesh, not the import."""
    dead = "its process died while it was read or drawn: too large for the memory, or broken"
    yield from zip(tasks, parallel.each(_make, zip(tasks), jobs=workers, lost=dead), strict=True)
