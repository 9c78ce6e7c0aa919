"""The sheets of objects from programs, and the table of how near they come to real objects: docs/programs.md and its pictures.

::

    lmnet run freeshapes --only 01                  # makes the data set and measures
    python tools/draw_programs.py --run freeshapes-scratch  # keeps the run's metrics.json as benchmarks/programs.json, draws the sheets
    python tools/draw_programs.py --before RUN      # the picture of what they buy, against networks of a run without programs
    python tools/ship_weights.py --tables           # writes the tables
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image

from lmnet_utils.core import paths
from lmnet_utils.core.files import atomic_path, read_json
from lmnet_utils.data.layout import class_of, classes_in
from lmnet_utils.data.packs import open_pack, read_split
from lmnet_utils.data.programs.catalogue import programs_of
from lmnet_utils.data.programs.pictures import program_pictures
from lmnet_utils.data.taxonomy import CLASSES
from lmnet_utils.evaluation.records import remade, scored_of
from lmnet_utils.evaluation.statistics import mean_interval, paired_difference
from lmnet_utils.evaluation.tables import table
from lmnet_utils.geometry.pointclouds import scaled_chamfer
from lmnet_utils.models.inference import decode, encode_images
from lmnet_utils.models.weights import load_model
from lmnet_utils.rendering.grids import cloud_grid

SHEET = (8, 3)
"""Columns and rows of a sheet."""
DOCS = paths.project_root() / "docs"
SHIPPED = paths.project_root() / "trained_models" / "freeshapes"
KEPT = paths.project_root() / "benchmarks" / "programs.json"
WITHOUT = paths.project_root() / "benchmarks" / "without_programs.json"
"""Notebook 08's record of the networks that were shipped before, trained on real objects alone."""
BASELINES = ("floor", "mean_shape_of_the_class", "mean_shape_of_all", "oracle_class", "oracle_all")
ON_CHAIRS_TOO = ("autoencoder", "encoder_l1", "retrieval_encoder_l1")


def draw_sheet(category: str) -> None:
    """Write the sheet of a class: seeds 0, 1, 2, … from the front-left, as they come."""
    columns, lines = SHEET
    tiles = np.array(program_pictures(category, range(columns * lines)))  # (T, 137, 137, 3)
    size = tiles.shape[1]
    sheet = tiles.reshape(lines, columns, size, size, 3).swapaxes(1, 2).reshape(lines * size, columns * size, 3)
    _save(sheet, DOCS / "programs" / f"{category}.png")


def kinds() -> str:
    """The table of programs: class, program, share, numbers of parameters."""
    rows = []
    for category in CLASSES:
        programs = programs_of(category)
        for program, share in programs.items():
            says = (program.__doc__ or "").strip().split("\n")[0].rstrip(".")
            parameters = len(program.distributions())
            part = f"{share / sum(programs.values()):.0%}"
            rows.append({"class": category, "program": says, "share": part, "parameters": parameters})
    return table(rows)


def coverage() -> str:
    """The table of the nearest objects of programs, class by class, from the kept metrics of notebook 01."""
    found = read_json(KEPT)["results"]["program_coverage"]
    rows = []
    for name in [*classes_in(row["object"] for row in found), "all"]:
        mine = [row for row in found if name in (class_of(row["object"]), "all")]
        program, real = (np.array([row[kind] for row in mine]) for kind in ("program", "real"))
        distances = {"nearest program": program, "nearest real": real, "nearest of both": np.fmin(program, real)}
        rows.append({"class": name, "objects": len(mine)} | {kind: f"{d.mean():.1f}" for kind, d in distances.items()})
    return table(rows)


def draw_gain(before: Path) -> None:
    """Write docs/programs/gain.png: of every class the first test object, from the view nearest to the front-left.

    Reconstructed by the L1 encoder without programs (of the run's folder ``before``) and by the shipped one. Nothing is
    picked by hand. Below a reconstruction stands its Chamfer distance ×100, without ICP, of this view.
    """
    pack, split = open_pack("freeshapes"), read_split("freeshapes", "official", "13")
    first = {class_of(name): name for name in reversed(split.test)}
    names = {kind: first[kind] for kind in classes_in(split.test)}
    rows = pack.rows(list(names.values()))
    azimuths = np.degrees(pack.azimuths[rows])  # (C, V)
    views = np.abs(azimuths - 40).argmin(axis=1)
    images, seen = pack.images(rows, views), azimuths[np.arange(len(rows)), views]
    lines = [("image", seen, list(images.permute(0, 2, 3, 1).numpy()))]
    scores = []
    for folder, words in ((before, "without programs"), (SHIPPED, "with programs")):
        encoder, autoencoder = (load_model(folder / name) for name in ("encoder_l1", "autoencoder"))
        clouds = decode(autoencoder, encode_images(encoder, images)[0])
        scores += [scaled_chamfer(torch.from_numpy(pack.points_1024[rows]), clouds)]
        lines.append((words, seen, list(clouds.numpy())))
    figure = cloud_grid([*lines, ("truth", seen, list(pack.points[rows]))], list(names))
    for axis, score in zip(figure.axes[len(names) :], torch.cat(scores), strict=False):
        axis.set_xlabel(f"{score:.1f}", fontsize=8, labelpad=1)
    figure.canvas.draw()
    _save(np.asarray(figure.canvas.buffer_rgba())[..., :3], DOCS / "programs" / "gain.png")
    plt.close(figure)


def _save(picture: np.ndarray, path: Path) -> None:
    with atomic_path(path) as temporary:
        Image.fromarray(picture).quantize(96, dither=Image.Dither.NONE).save(temporary, format="PNG", optimize=True)


def gain() -> str:
    """The table of what programs buy: networks without and with them on the same test objects, with paired differences.

    Of the autoencoder, of L1 and of retrieval there is a second row, of the chairs alone.
    """
    without, with_them = (
        {one.method.name: one for one in scored_of(found["results"]["objects"])} for found in _evaluations()
    )
    rows = []
    for name in (name for name in without if name in with_them and name not in BASELINES):
        sides = (without[name], with_them[name])
        if sides[0].items != sides[1].items:
            raise ValueError(f"{name}: the two evaluations are of other objects or views; score both in the same way.")
        objects = np.array([item.model for item in sides[0].items])
        chairs = np.array([class_of(model) == "chair" for model in objects])
        parts = [chairs] if chairs.all() else [np.ones_like(chairs)] + [chairs] * (name in ON_CHAIRS_TOO)
        for part in parts:
            row = {"network": sides[0].method.label, "objects": _count(objects[part])}
            for score, title in (("chamfer", "Chamfer"), ("emd", "EMD")):
                values = [one.scores["exact"][score][part] for one in sides]
                means = [mean_interval(side, list(objects[part]))["mean"] for side in values]
                found = paired_difference(values[1], values[0], list(objects[part]))
                row[title] = f"{means[0]:.2f} → {means[1]:.2f}"
                row[f"difference ({title})"] = f"{found['difference']:+.2f} [{found['low']:+.2f}, {found['high']:+.2f}]"
            rows.append(row)
    return table(rows)


def _count(models: np.ndarray) -> str:
    kinds = classes_in(models)
    number = len(set(models))
    return f"{number} chairs" if list(kinds) == ["chair"] else f"{number} of {len(kinds)} classes"


def gain_by_class() -> str:
    """Chamfer distance without and with programs, class by class."""
    rows: dict[str, dict] = {}
    for network in ("autoencoder", "L1"):
        for evaluation, words in zip(_evaluations(), ("without", "with"), strict=True):
            for found in evaluation["results"]["per_class"]:
                if (found["icp"], found["model"]) == ("exact", network):
                    row = rows.setdefault(found["classes"], {"class": found["classes"], "objects": found["n_models"]})
                    row[f"{network}, {words}"] = f"{found['chamfer']:.2f}"
    return table(list(rows.values()))


def _evaluations() -> tuple[dict, dict]:
    """Of the networks that know real objects alone, and of the shipped ones."""
    return remade(read_json(WITHOUT)), remade(read_json(SHIPPED / "evaluation.json"))


def main() -> int:
    """Keep a run's metrics, draw the sheets. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", help="keep the metrics of this run's notebook 01, which docs/programs.md quotes")
    parser.add_argument(
        "--before", help="only docs/programs/gain.png, against the networks of this run without programs"
    )
    options = parser.parse_args()
    if options.before:
        draw_gain(paths.model_dir(options.before, ""))
        return 0
    if options.run:
        shutil.copyfile(paths.run_dir(options.run, "01_data_preparation") / "metrics.json", KEPT)
    for category in CLASSES:
        draw_sheet(category)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
