"""A folder of meshes becomes a data set like FreeShapes (``lmnet import-meshes``): views, clouds, splits, pack.

Reads OBJ, PLY, STL, OFF and GLB through trimesh, turns every object into the frame of R2N2's renderings (y up, front +x,
bounding box centred with a diagonal of 1), and makes of it what :mod:`lmnet_utils.data.freeshapes` makes of its own. What cannot
be used is listed with its reason; the rest goes on.

``data/<name>/imports/<id>.json`` is written last for every object. Whatever has no such record is half a model: a later
import removes it. A file that has a record, the same content and the same options is not looked at again.
"""

from __future__ import annotations

import collections
import contextlib
import csv
import dataclasses
import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from lmnet_utils.core import cache, checks, files, parallel, paths
from lmnet_utils.core.settings import DatasetName, check_value
from lmnet_utils.data import freeshapes, layout, splits, views
from lmnet_utils.data.mesh import GREY, Mesh, clean_mesh
from lmnet_utils.data.taxonomy import CLASSES, class_named, class_order
from lmnet_utils.geometry import pointclouds

SUFFIXES = (".obj", ".ply", ".stl", ".off", ".glb")
OTHER_MESHES = (
    ".gltf",
    ".fbx",
    ".blend",
    ".dae",
    ".3ds",
    ".3mf",
    ".max",
    ".step",
    ".stp",
    ".usd",
    ".usdz",
    ".wrl",
    ".x3d",
)
"""Formats of meshes that are not read: named in the report, unlike textures and texts, which are passed over."""
MAX_FACES = 1_000_000
MAX_BYTES = 500_000_000
AXES = {"x": (1, 0, 0), "y": (0, 1, 0), "z": (0, 0, 1), "-x": (-1, 0, 0), "-y": (0, -1, 0), "-z": (0, 0, -1)}
RESERVED = (freeshapes.DATASET, "shapenet", "pix3d")
FINEST = 1 / 48
"""Longest edge of a textured triangle, in diagonals of the object: about two pixels of a view."""
SAME_SHAPE = 2e-4
"""Largest difference of :func:`shape_moments` below which two files hold one object: far above the rounding of text formats."""
REPORT = "import_report.csv"


class MeshError(ValueError):
    """A file holds no usable mesh; the message says why."""


# --------------------------------------------------------------------------------------------------------- one mesh
def rotation(up: str = "y", front: str = "z") -> np.ndarray:
    """Rotation (3, 3) from a file's axes to y up, front +x: ``points @ rotation(up, front).T``.

    Raises:
        ValueError: no axes, or two that are not perpendicular.
    """
    checks.choose("up", up, AXES)
    checks.choose("front", front, AXES)
    top, ahead = np.array(AXES[up], dtype=float), np.array(AXES[front], dtype=float)
    if top @ ahead:
        raise ValueError(f"up={up!r} and front={front!r} lie on one axis: expected two that are perpendicular.")
    return np.stack([ahead, top, np.cross(ahead, top)])


def read_mesh(path: Path, up: str = "y", front: str = "z", max_faces: int = MAX_FACES) -> tuple[Mesh, str]:
    """Read a file and turn, centre, scale and clean what is in it. Polygons are cut into triangles, parts put together.

    Args:
        path: OBJ, PLY, STL, OFF or GLB.
        up, front: axes of the file, such as "y" or "-z"; OBJ and GLB usually have y up and +z to the front.
        max_faces: more triangles are refused.

    Returns:
        The mesh, and a note on what was left out, or "".

    Raises:
        MeshError: nothing usable in it; says what.
    """
    turn = rotation(up, front)
    triangles, notes = _with_triangles(_load(path), max_faces)
    vertices, faces, colours, unpainted = _joined(triangles)
    used, position = np.unique(faces, return_inverse=True)  # loose vertices do not count
    points = vertices[used]
    if not np.isfinite(points).all():
        raise MeshError("broken: coordinates that are NaN or infinite")
    with np.errstate(over="ignore"):
        diagonal = np.linalg.norm(np.ptp(points, axis=0))
    if not 0 < diagonal < np.inf:
        raise MeshError("broken: without extent" if diagonal == 0 else "broken: coordinates too large for numbers")
    points = pointclouds.unit_diagonal((points / diagonal) @ turn.T)
    mesh = clean_mesh(points, position.reshape(-1, 3), colours)
    if not len(mesh.faces):
        raise MeshError("broken: no triangle has an area")
    return Mesh(pointclouds.unit_diagonal(mesh.vertices), mesh.faces, mesh.colours), "; ".join([*notes, *unpainted])


def _load(path: Path) -> list[Any]:
    """What trimesh finds in a file, every part where its scene puts it: meshes, perhaps paths and clouds."""
    import trimesh

    logging.getLogger("trimesh").setLevel(logging.CRITICAL)
    size = path.stat().st_size
    if not size:
        raise MeshError("an empty file")
    if size > MAX_BYTES:
        raise MeshError(f"{size / 1e6:,.0f} MB, more than {MAX_BYTES / 1e6:,.0f}: reduce it, in Blender or MeshLab")
    try:
        return trimesh.load_scene(path, process=False).dump()
    except Exception as error:  # readers raise whatever a broken file makes them stumble over
        if path.suffix.lower() == ".off" and isinstance(error, TypeError):
            # trimesh 5.2 stumbles over pentagons and more among other faces of an OFF file; OBJ and PLY are fine.
            raise MeshError("an OFF file with polygons of more than four corners: cut it into triangles") from error
        raise MeshError(f"unreadable: {type(error).__name__}: {' '.join(str(error).split())[:200]}") from error


def _with_triangles(parts: Sequence[Any], max_faces: int) -> tuple[list[Any], list[str]]:
    """Those of a file's parts that have triangles, and a note if there are others; MeshError for none, or too many."""
    import trimesh

    triangles = [part for part in parts if isinstance(part, trimesh.Trimesh) and len(part.faces)]
    if not triangles:
        points = sum(len(getattr(part, "vertices", ())) for part in parts)
        raise MeshError(
            f"no triangles, only {points:,} points or lines"
            if points
            else "no triangles in it, or not what its name says"
        )
    count = sum(len(part.faces) for part in triangles)
    if count > max_faces:
        raise MeshError(
            f"{count:,} triangles, more than {max_faces:,}: reduce it, in Blender or MeshLab, or raise --max-faces"
        )
    if any(part.faces.min() < 0 or part.faces.max() >= len(part.vertices) for part in triangles):
        raise MeshError("broken: triangles name vertices that are not there")
    left_out = len(parts) - len(triangles)
    return triangles, [f"{left_out} parts without triangles left out"] if left_out else []


def _joined(parts: Sequence[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Vertices (V, 3), faces (F, 3) and their colours (F, 3) uint8 of all parts together, and a note if some are unreadable."""
    everything = np.concatenate([part.vertices[np.unique(part.faces)] for part in parts])
    with np.errstate(over="ignore", invalid="ignore"):
        finest = FINEST * np.linalg.norm(np.ptp(everything, axis=0))
    vertices, faces, colours, notes, first = [], [], [], [], 0
    for part in parts:
        try:
            points, corners, paint = coloured(part, finest)
        except Exception:  # a texture that is missing or damaged leaves a shape that is as good
            points, corners, paint = part.vertices, part.faces, np.full((len(part.faces), 3), GREY, np.uint8)
            notes = ["colours unreadable, grey instead"]
        vertices.append(np.asarray(points, dtype=np.float64))
        faces.append(np.asarray(corners, dtype=np.int64) + first)
        colours.append(paint)
        first += len(points)
    return np.concatenate(vertices), np.concatenate(faces), np.concatenate(colours), notes


def coloured(part: Any, finest: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices (V, 3), faces (F, 3) and a colour (F, 3) uint8 for each of a ``trimesh.Trimesh``: its texture's, its own, or grey.

    A face has one colour, so textured faces are cut until no edge is longer than ``finest``, and take the colour at their centres.
    """
    visual, vertices, faces = part.visual, part.vertices, part.faces
    if visual.kind == "texture":
        uv, colours = visual.uv, None
        if uv is not None and len(uv) == len(vertices) and visual.material.to_color(uv[:1]) is not None:
            corners = _cut_up(np.concatenate([vertices, uv], axis=1)[faces], finest)
            vertices, faces = corners[..., :3].reshape(-1, 3), np.arange(3 * len(corners)).reshape(-1, 3)
            colours = visual.material.to_color(corners[..., 3:].mean(axis=1))
        if colours is None:
            colours = visual.material.main_color
    elif visual.kind in ("face", "vertex"):
        colours = visual.face_colors
    else:
        colours = [GREY] * 3
    return vertices, faces, np.broadcast_to(np.asarray(colours, dtype=np.uint8)[..., :3], (len(faces), 3)).copy()


def _cut_up(corners: np.ndarray, finest: float, at_most: int = 200_000) -> np.ndarray:
    """Corners (F, 3, 3 and more) of triangles → of those that they are cut into, each long one into four, again and again.

    It ends where no edge is longer than ``finest``, or where there would be more than ``at_most`` triangles.
    """
    while True:
        sides = np.linalg.norm(corners[..., :3] - np.roll(corners[..., :3], -1, axis=1), axis=-1)
        long = sides.max(axis=1) > finest
        if not long.any() or len(corners) + 3 * long.sum() > at_most:
            return corners
        a, b, c = corners[long].transpose(1, 0, 2)
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        quarters = [np.stack(corner, axis=1) for corner in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
        corners = np.concatenate([corners[~long], *quarters])


def shape_moments(mesh: Mesh) -> np.ndarray:
    """Thirteen numbers that tell one shape from another: extents, area, centroid and second moments of the surface.

    They depend on the surface alone, neither on its triangles nor on the order in which a format keeps them.
    """
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    total, middle = a + b + c, area.sum()
    first = (area[:, None] * total).sum(axis=0) / 3 / middle
    outer = sum(np.einsum("f,fi,fj->ij", area, x, x) for x in (a, b, c, total)) / 12 / middle
    return np.concatenate([np.ptp(mesh.vertices, axis=0), [middle], first, outer[np.triu_indices(3)]])


# -------------------------------------------------------------------------------------------------------- the folder
class Row(NamedTuple):
    """A line of the report."""

    file: str
    """Below the imported folder."""
    status: str
    """``imported``, ``kept`` (it was here already), ``skipped`` or ``removed`` (its file is gone)."""
    class_name: str = ""
    id: str = ""
    triangles: int | str = ""
    note: str = ""
    """Why it was skipped, or what was left out."""


@dataclasses.dataclass(frozen=True)
class Report:
    """What :func:`import_meshes` did. ``models`` counts the data set's objects, ``sides`` those of its official split."""

    dataset: str
    rows: list[Row]
    models: dict[str, int]
    """Class → objects."""
    sides: dict[str, int]

    def count(self, status: str) -> int:
        return sum(row.status == status for row in self.rows)

    def text(self) -> str:
        """For people: the counts, everything that was skipped or removed, what the data set holds now."""
        words = {"imported": "imported", "kept": "here already", "skipped": "skipped", "removed": "removed"}
        lines = [", ".join(f"{self.count(status)} {word}" for status, word in words.items() if self.count(status))]
        width = max((len(row.file) for row in self.rows), default=0)
        for row in self.rows:
            if row.note or row.status == "removed":
                lines.append(f"  {row.status:<9} {row.file:<{min(width, 50)}}  {row.note}".rstrip())
        classes = ", ".join(f"{name} {count}" for name, count in self.models.items()) or "nothing"
        lines.append(f"data set {self.dataset!r}: {classes}")
        sides = ", ".join(f"{count} {side}" for side, count in self.sides.items())
        lines.append(f"official split: {sides}")
        if self.models and not self.sides["train"]:
            lines.append("There is nothing to train on: a class needs two objects for one to be a training object.")
        if self.models:
            lines.append(f'Every notebook takes it: dataset="{self.dataset}", classes="13" for all its classes.')
        return "\n".join(lines)


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
    up: str = "y",
    front: str = "z",
    seed: int = 0,
    workers: int | None = None,
    max_faces: int = MAX_FACES,
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
        up, front: axes of the files, see :func:`read_mesh`.
        seed: of views and clouds.
        workers: processes; by default one a core.
        max_faces: more triangles than these are refused.
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
    rotation(up, front)
    labels = read_labels(classes) if classes else {}
    if name is None:
        name = re.sub(r"[^a-z0-9._-]+", "-", folder.name.lower()).strip("-.")
    root = _open(name)
    files = _files(folder)
    records = read_records(name)
    earlier = _earlier(folder, name, records)
    made_by = {"recipe": cache.VERSIONS["freeshapes"], "reader": cache.VERSIONS["meshes"]}
    options = {"up": up, "front": front, "seed": seed, **made_by}
    wanted, skipped = _wanted(folder, files, labels, options, progress)
    kept, rows = _bring_up_to_date(root, records, earlier, wanted)
    rows |= skipped

    tasks = [_Task(folder / r["file"], root, key, r, max_faces) for key, r in wanted.items() if key not in kept]
    bar = tqdm(total=len(tasks), desc="meshes", unit="mesh", disable=not progress or not tasks)
    with bar, contextlib.closing(_in_processes(tasks, workers)) as results:  # Ctrl-C here ends the processes, too
        for task, made in results:
            rows[task.record["file"]] = _keep(task, made, records)
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


def _keep(task: _Task, made: _Made | str, records: dict[str, dict[str, Any]]) -> Row:
    """Complete an object with its clouds and, last of all, its record; or say why there is none."""
    file, class_name = task.record["file"], task.record["class"]
    if isinstance(made, str):
        _remove(task.root, task.id)
        return Row(file, "skipped", class_name, note=made)
    for other in records.values():
        if np.abs(made.moments - np.array(other["moments"])).max() < SAME_SHAPE:
            _remove(task.root, task.id)
            return Row(file, "skipped", class_name, note=f"the same shape as {other['file']}")
    views.write_clouds(task.root, task.synset, task.id, made.clouds)
    record = {**task.record, "triangles": made.triangles, "note": made.note, "moments": made.moments.tolist()}
    files.write_json(task.root / "imports" / f"{task.id}.json", record)
    records[task.id] = record
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
        from lmnet_utils.data import packs

        packs.open_pack(name, progress=progress)
    counts = collections.Counter(record["class"] for record in records.values())
    models = {key: counts[key] for key in sorted(counts, key=class_order)}
    return Report(name, rows, models, {side: len(getattr(official, side)) for side in splits.SIDES})


# ---------------------------------------------------------------------------------------------------------- processes
def _make(task: _Task) -> _Made | str:
    """Read a mesh, draw its views into their place, sample its clouds; or why not."""
    try:
        mesh, note = read_mesh(task.path, task.record["up"], task.record["front"], task.max_faces)
    except MeshError as error:
        return str(error)
    except MemoryError:
        return "too large for this machine's memory: reduce it, in Blender or MeshLab"
    seed = task.record["seed"]
    views.write_views(task.root, task.synset, task.id, seed, mesh, views.process_renderer())
    clouds = views.sample_clouds(mesh, task.id, seed)
    return _Made(clouds, shape_moments(mesh), len(mesh.faces), note)


def _in_processes(tasks: Sequence[_Task], workers: int | None) -> Iterator[tuple[_Task, _Made | str]]:
    """:func:`_make` of all tasks, in their order. A mesh whose process dies costs that mesh, not the import."""
    dead = "its process died while it was read or drawn: too large for the memory, or broken"
    yield from zip(tasks, parallel.each(_make, zip(tasks), jobs=workers, lost=dead), strict=True)
