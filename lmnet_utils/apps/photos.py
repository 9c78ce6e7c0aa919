"""Your own photographs: the object cut out of any picture, placed as the training images show theirs, reconstructed.

What the networks were trained on is strict: one object, black around it, about 93 of 128 pixels large. So most of the work is to get
there from a file that somebody has (:mod:`lmnet_utils.apps.cutouts`), and to say when that failed or when a picture is unlike
everything that the networks have seen (:mod:`lmnet_utils.apps.familiarity`).
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm

from lmnet_utils.apps.cutouts import BACKGROUNDS
from lmnet_utils.apps.photo_pages import overview, save
from lmnet_utils.apps.placing import Photo, prepare_photo
from lmnet_utils.apps.reconstruction import PhotoOptions, reconstruct_photos
from lmnet_utils.core.checks import choose
from lmnet_utils.core.files import write_json
from lmnet_utils.core.memory import memory_for
from lmnet_utils.data.images import SUFFIXES, PhotoError
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder

if TYPE_CHECKING:
    from lmnet_utils.apps.exports import MeshOptions

REPORT = "reconstructions.json"


# ----------------------------------------------------------------------------------------------------------- the batch
@dataclasses.dataclass(frozen=True)
class Source:
    """A picture to reconstruct: its file, its mask's file, and the name of its folder below the output folder.

    ``file`` is what it is called in reports: below the folder that was given, or the file's name.
    """

    path: Path
    name: str
    file: str
    mask: Path | None = None
    problem: str = ""


def find_sources(
    inputs: Iterable[str | Path], *, masks: str | Path | None = None, skip: Iterable[Path] = ()
) -> list[Source]:
    """Pictures from files and folders; a folder gives every picture below it, its sub-folders kept in the names.

    Links to folders are not followed, so that none leads in a circle.

    Args:
        inputs: files and folders. A missing one, or a link that leads nowhere, becomes a source with a problem, so that the
            others go on.
        masks: a mask's file for a single picture, or a folder with a mask of each picture's name.
        skip: folders whose content is left out, such as the output folder.

    Returns:
        In the order given, a folder's pictures sorted; names are unique.
    """
    skipped = [_real(path) for path in (*skip, *([masks] if masks and Path(masks).is_dir() else []))]
    found: list[tuple[Path, Path, str]] = []  # the file, what it is called, and what is wrong
    for given in map(Path, inputs):
        if not os.path.isdir(given):  # of a name that is too long, or a link in a circle, False
            found.append((given, Path(given.name), _dead_link(given)))
            continue
        inside = [path for path in sorted(given.rglob("*")) if _is_picture(path, given, skipped)]
        found += [(path, path.relative_to(given), _dead_link(path)) for path in inside]
        if not inside:
            problem = f"no pictures in this folder (looked for {', '.join(SUFFIXES)})."
            found.append((given, Path(_real(given).name), problem))
    folders = {parent.as_posix() for _, called, _ in found for parent in called.parents}
    taken = {folder.lower() for folder in folders}  # chairs.jpg beside chairs/
    sources = []
    for path, called, problem in found:
        name = called.with_suffix("").as_posix()
        unique, k = name, 1
        while unique.lower() in taken:  # chair.jpg beside chair.png; some file systems ignore case
            k += 1
            unique = f"{name}_{k}"
        taken.add(unique.lower())
        mask = None
        if masks is not None and not problem:
            mask, problem = _mask_of(Path(masks), name, len(found))
        sources.append(Source(path, unique, called.as_posix(), mask, problem))
    return sources


def _is_picture(path: Path, root: Path, skipped: Sequence[Path]) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    if path.suffix.lower() not in SUFFIXES or hidden or not (path.is_file() or _dead_link(path)):
        return False
    return not any(folder in _real(path).parents for folder in skipped)


def _real(path: str | Path) -> Path:
    """The path without links; ``Path.resolve`` fails at links in a circle before Python 3.13."""
    return Path(os.path.realpath(path))


def _dead_link(path: Path) -> str:
    """What is wrong with a link that leads nowhere or in a circle; empty for anything else."""
    dead = os.path.islink(path) and not os.path.exists(path)
    return "a link that leads nowhere or in a circle. Put the picture itself there." if dead else ""


def _mask_of(masks: Path, name: str, pictures: int) -> tuple[Path | None, str]:
    if masks.is_dir():
        for candidate in sorted(masks.glob(f"{name}.*")):
            if candidate.suffix.lower() in SUFFIXES:
                return candidate, ""
        return None, f"no mask called {name}.png (or another picture's ending) in the folder of masks."
    if not masks.exists():
        return None, f"there is no mask {masks.name}. Check the path."
    if pictures > 1:
        return None, "one mask for several pictures: give a folder of masks with the pictures' names."
    return masks, ""


@dataclasses.dataclass(frozen=True)
class Options(PhotoOptions):
    """How :func:`reconstruct_files` goes about it: as :func:`reconstruct_photos`, and

    Attributes:
        background: see :func:`lmnet_utils.apps.cutouts.cut_out`.
        batch_size: pictures in memory at once.
        figures: draw an ``overview.png`` of each.
        meshes: the mesh files that are written of each; by default none.

    Raises:
        ValueError: an unknown background, or a batch of none.
    """

    background: str = "auto"
    batch_size: int = 16
    figures: bool = True
    meshes: MeshOptions | None = None

    def __post_init__(self) -> None:
        choose("background", self.background, BACKGROUNDS)
        if self.batch_size < 1:
            raise ValueError(f"batch_size={self.batch_size}: expected at least 1.")


def reconstruct_files(
    sources: Sequence[Source],
    out: str | Path,
    autoencoder: PointCloudAutoencoder,
    encoder: ImageEncoder,
    options: Options = Options(),
    *,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """Reconstruct pictures into ``out/<name>/``, batch by batch; a bad one is reported and the others go on.

    Args:
        sources: of :func:`find_sources`.
        out: the output folder; ``reconstructions.json`` in it lists what became of every picture.
        autoencoder, encoder: see :func:`reconstruct_photos`.
        options: see :class:`Options`.
        progress: show a bar.

    Returns:
        One row a picture: ``file, name, status ("done" or "failed"), error``, and for those done :func:`record_of`.

    Raises:
        OSError: the report cannot be written, as in a folder of somebody else's or on a full disk.
    """
    import matplotlib.pyplot as plt

    out, batch_size = Path(out), options.batch_size
    rows: list[dict[str, Any]] = []
    write_json(out / REPORT, rows)  # fails before the work where nothing can be written
    with tqdm(total=len(sources), desc="reconstruct", unit="picture", disable=not progress) as bar:
        for start in range(0, len(sources), batch_size):
            ready: list[tuple[dict[str, Any], Photo]] = []
            for source in sources[start : start + batch_size]:
                row = {"file": source.file, "name": source.name, "status": "failed", "error": source.problem}
                rows.append(row)
                try:
                    if not source.problem:
                        ready.append((row, prepare_photo(source.path, background=options.background, mask=source.mask)))
                except (PhotoError, MemoryError) as error:
                    row["error"] = str(error) or "not enough memory for this picture."
            with memory_for(f"{len(ready)} pictures at once", "Close other programs, or take a smaller --batch-size."):
                found = reconstruct_photos(autoencoder, encoder, [photo for _, photo in ready], options)
            for (row, _), one in zip(ready, found, strict=True):
                figure = overview(one) if options.figures else None
                try:
                    record = save(out / row["name"], one, figure, meshes=options.meshes, file=row["file"])
                    row.update(status="done", error="", **record)
                except OSError as error:
                    row["error"] = f"cannot be written: {error.strerror or error}"
                except ValueError as error:  # a cloud of which there is no surface
                    row["error"] = f"no mesh: {error}"
                finally:
                    if figure is not None:
                        plt.close(figure)
            bar.update(min(batch_size, len(sources) - start))
            write_json(out / REPORT, rows)
    return rows


def report_text(rows: Sequence[dict[str, Any]]) -> str:
    """The rows of :func:`reconstruct_files`, a line a picture and one for each note."""
    lines = []
    for row in rows:
        if row["status"] == "failed":
            lines.append(f"{row['file']}: FAILED: {row['error']}")
            continue
        known = "" if row["percentile"] is None else f", less familiar than {row['percentile']:.0f} % of test images"
        lines.append(f"{row['file']}: {row['name']}/ (cut out by {row['foreground']}{known})")
        if best := row.get("best"):
            which = f"sample {best['sample']}" if best["sample"] else "the network's own answer"
            refined = ", refined" if best["refined"] else ""
            lines.append(
                f"    fits best: {which}{refined} (silhouette {best['silhouette']:.2f}, {best['silhouettes'][0]:.2f} of the own answer)"
            )
        lines += [f"    {note}" for note in row["notes"]]
        if mesh := row.get("mesh"):
            closed = "watertight" if mesh["watertight"] else "not watertight"
            far = f"{mesh['cloud_to_mesh']:.1f} % of the longest side from cloud to mesh, {mesh['mesh_to_cloud']:.1f} % back"
            lines.append(f"    {', '.join(mesh['files'])}: {mesh['faces']:,} faces, {closed}, {far}")
    return "\n".join(lines)
