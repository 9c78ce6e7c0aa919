"""What a data set's size costs: seconds, memory and disk of each heavy step, at several sizes of one tree.

    python benchmarks/scale.py [--objects 1250 5000 20000] [--folder DIR] [--write benchmarks/scale.json]

The objects are 250 programs' (``lmnet_utils.data.programs``), again and again under other names; their pictures are simple, the
cloud's points as squares, three an object, each in eight files. So the number of files is that of a rendered tree, and a
picture is smaller (1 instead of 5 kB). Every step runs in a process of its own, so that its peak of memory is its own. CPU
seconds are those of all its threads: other programs on the machine disturb them less than the seconds of a clock.
20,000 objects are 540,000 files and take 5 GB of disk.
"""

from __future__ import annotations

import argparse
import functools
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lmnet_utils.core import parallel, paths
from lmnet_utils.core.files import read_json, write_json
from lmnet_utils.core.runtime import environment

DATASET = "scale"
AZIMUTHS = (30.0, 150.0, 270.0)
DIFFERENT = 250
VIEWS_SCORED = 2


# ------------------------------------------------------------------------------------------------------------ the tree
def write_object(root: Path, model: str, number: int) -> None:
    """Clouds of a program, and 24 pictures: three views of the cloud, each in eight files."""
    clouds, pngs = content_of(number % DIFFERENT)
    for points, cloud in clouds.items():
        folder = root / "ShapeNet_pointclouds" / model
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / f"pointcloud_{points}.npy", cloud)
    folder = root / "ShapeNetRendering" / model / "rendering"
    folder.mkdir(parents=True, exist_ok=True)
    for view in range(24):
        (folder / f"{view:02d}.png").write_bytes(pngs[view % 3])
    rows = [f"{AZIMUTHS[view % 3]} 27.0 0 0.8 25\n" for view in range(24)]
    (folder / "rendering_metadata.txt").write_text("".join(rows))


@functools.cache
def content_of(number: int) -> tuple[dict[int, np.ndarray], list[bytes]]:
    """Clouds in the file frame, and three pictures, of one of the programs' objects."""
    from lmnet_utils.data.programs import catalogue
    from lmnet_utils.data.views import sample_clouds
    from lmnet_utils.geometry.frames import file_from_y_up

    name = catalogue.listed(number + 1)[-1].split("/")[1]
    clouds = sample_clouds(catalogue.drawn_as(name).mesh(), name, seed=0)
    pngs = []
    for azimuth in AZIMUTHS:
        stream = io.BytesIO()
        Image.fromarray(picture(clouds[1024], azimuth)).save(stream, "PNG", compress_level=1)
        pngs.append(stream.getvalue())
    return {points: file_from_y_up(cloud).astype(np.float32) for points, cloud in clouds.items()}, pngs


def picture(cloud: np.ndarray, azimuth: float) -> np.ndarray:
    """A cloud (N, 3), y up, from one side: (137, 137, 4) uint8."""
    angle = np.radians(azimuth)
    across, up = cloud @ [np.sin(angle), 0, -np.cos(angle)], cloud[:, 1]
    column, row = np.round(68 + 60 * across).astype(int), np.round(68 - 60 * up).astype(int)
    image = np.zeros((137, 137, 4), np.uint8)
    for dx, dy in np.ndindex(3, 3):
        image[(row + dy - 1).clip(0, 136), (column + dx - 1).clip(0, 136)] = (150, 120, 90, 255)
    return image


def make_tree(count: int) -> None:
    from lmnet_utils.data.programs import catalogue

    root = paths.dataset_dir(DATASET)
    for number, model in enumerate(catalogue.listed(count)):
        write_object(root, model, number)


# ------------------------------------------------------------------------------------------------------------ the steps
def verify() -> None:
    from lmnet_utils.data.verification import verify_dataset

    report = verify_dataset(DATASET, progress=False)
    assert report["complete"] == report["models"], report["problems"]


def split() -> None:
    from lmnet_utils.data.shapenet import make_splits

    make_splits(DATASET)


def pack() -> None:
    from lmnet_utils.data.packs import open_pack

    open_pack(DATASET, progress=False)


def first_batch() -> None:
    from lmnet_utils.data.packs import open_pack, read_split

    opened = open_pack(DATASET, progress=False)
    rows = opened.rows(read_split(DATASET).train)
    opened.images(rows[:64], np.zeros(len(rows[:64]), int))


def epoch() -> None:
    """One view of every training object, in random order, as an image encoder's epoch loads it."""
    from lmnet_utils.data.packs import open_pack, read_split

    opened = open_pack(DATASET, progress=False)
    rows, rng = opened.rows(read_split(DATASET).train), np.random.default_rng(0)
    rows = rng.permutation(rows)
    for start in range(0, len(rows), 64):
        chosen = rows[start : start + 64]
        opened.images(chosen, rng.integers(opened.views, size=len(chosen)))


def latents() -> None:
    from lmnet_utils.data.packs import open_pack, read_split
    from lmnet_utils.models.registry import load_networks
    from lmnet_utils.training.image_encoder import compute_latents

    opened, networks = open_pack(DATASET, progress=False), load_networks("freeshapes", ["autoencoder"])
    compute_latents(networks["autoencoder"], opened, opened.rows(read_split(DATASET).train))


def predict() -> None:
    """Notebook 06: latents of the test images, by the shipped encoder of quarter width."""
    from lmnet_utils.models.inference import items_of

    task, networks, kept = test_set()
    kept.keep(networks["encoder_l1"], items_of(task.pack, task.test, VIEWS_SCORED))


def score() -> None:
    """Notebook 08: the scores of these images, with ICP, without EMD; what ``predict`` kept is read."""
    from lmnet_utils.evaluation.methods import model_methods
    from lmnet_utils.evaluation.scoring import Scoring, evaluations, score_method
    from lmnet_utils.evaluation.summaries import summary

    task, networks, kept = test_set()
    folder = paths.dataset_dir(DATASET) / "scores"
    methods = [method for method in model_methods(task, networks, kept) if method.name == "encoder_l1"]
    scored = [
        score_method(task, method, Scoring(VIEWS_SCORED, ["exact"]), folder, progress=False) for method in methods
    ]
    for one in evaluations(scored, "exact"):
        summary(one, "13")


def test_set() -> tuple[Any, dict[str, Any], Any]:
    """The test objects, the shipped autoencoder and L1 encoder, and where their latents are kept."""
    from lmnet_utils.evaluation.methods import open_task
    from lmnet_utils.models.latents import KeptLatents
    from lmnet_utils.models.registry import load_networks

    task = open_task(DATASET, "official", "13")
    networks = load_networks("freeshapes", ["autoencoder", "encoder_l1"])
    return task, networks, KeptLatents(task.pack, paths.dataset_dir(DATASET) / "latents")


STEPS: dict[str, Callable[[], None]] = {
    "verify": verify, "split": split, "pack": pack, "first batch": first_batch, "epoch of images": epoch,
    "latents": latents, "predict": predict, "score": score,
}  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- measuring
def measured(step: str, count: int) -> dict[str, float]:
    """Seconds, CPU seconds, peak memory and the tree's growth on disk of one step in a process of its own."""
    root = paths.dataset_dir(DATASET)
    before, started = disk(root), time.perf_counter()
    code = [sys.executable, __file__, "--step", step, "--objects", str(count)]
    line = subprocess.run(code, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]
    found = json.loads(line)
    found["seconds"] = round(time.perf_counter() - started, 2)
    found["disk_mb"] = round((disk(root) - before) / 1e6, 1)
    return found


def run_step(step: str, count: int) -> None:
    make_tree(count) if step == "tree" else STEPS[step]()
    import psutil

    workers = [child.cpu_times() for child in psutil.Process().children(recursive=True)]  # joblib's stay
    own = resource.getrusage(resource.RUSAGE_SELF)
    cpu = own.ru_utime + own.ru_stime + sum(times.user + times.system for times in workers)
    print(json.dumps({"cpu_seconds": round(cpu, 2), "peak_mb": round(own.ru_maxrss / 1e3, 1)}))


def disk(folder: Path) -> int:
    """Bytes that the files below a folder take, in whole blocks."""
    found = 0
    for where, _, names in os.walk(folder):
        found += sum(512 * os.stat(os.path.join(where, name)).st_blocks for name in names)
    return found


def growth(sizes: dict[str, dict[str, dict[str, float]]], step: str) -> float | None:
    """How much more CPU time a further object takes in the largest trees than in the small ones; 1 is linear."""
    if len(sizes) < 3 or any(step not in rows for rows in sizes.values()):
        return None
    (a, small), (b, middle), (c, large) = [
        (int(size), sizes[size][step]["cpu_seconds"]) for size in sorted(sizes, key=int)[-3:]
    ]
    return round((large - middle) / (c - b) / ((middle - small) / (b - a)), 2) if middle > small else None


def table(content: dict[str, Any]) -> str:
    """As docs/scale.md shows it: CPU seconds / peak of memory in MB of every step and size."""
    sizes = sorted(content["sizes"], key=int)
    lines = ["| step | " + " | ".join(f"{int(size):,} objects" for size in sizes) + " | growth |"]
    lines.append("|:--|" + "--:|" * (len(sizes) + 1))
    for step in STEPS:
        rows = [content["sizes"][size].get(step) for size in sizes]
        cells = [f"{row['cpu_seconds']:.0f} s, {row['peak_mb'] / 1000:.1f} GB" if row else "–" for row in rows]
        factor = content["growth"][step]
        lines.append(f"| {step} | " + " | ".join(cells) + f" | {'' if factor is None else factor} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, nargs="+", default=[1250, 5000, 20000])
    parser.add_argument("--folder", type=Path, help="where the trees are made (default: a temporary folder)")
    parser.add_argument(
        "--write", type=Path, help="the JSON that gets the figures; sizes that it has are not measured again"
    )
    parser.add_argument("--table", action="store_true", help="print the table of the file given by --write")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        run_step(options.step, options.objects[0])
        return
    if options.table:
        print(table(read_json(options.write)))
        return
    kept = read_json(options.write)["sizes"] if options.write and options.write.exists() else {}
    folder = options.folder or Path(tempfile.mkdtemp(prefix="lmnet-scale-"))
    os.environ["LMNET_DATA"] = str(folder)
    for count in options.objects:
        if str(count) in kept:
            continue
        shutil.rmtree(folder / DATASET, ignore_errors=True)
        (folder / DATASET).mkdir(parents=True)
        rows = {}
        for step in ("tree", *STEPS):
            rows[step] = measured(step, count)
            print(count, step, rows[step], flush=True)
        kept[str(count)] = rows
        shutil.rmtree(folder / DATASET, ignore_errors=True)
        if options.write:
            steps = {step: growth(kept, step) for step in STEPS}
            content = {"command": "python benchmarks/scale.py", "environment": environment(), "cores": parallel.cores()}
            write_json(options.write, {**content, "growth": steps, "sizes": kept})
    if not options.folder:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
