"""The README's picture: of every class the best reconstruction of the shipped L1 encoder, of seven classes also the worst.

::

    python tools/draw_hero.py  # writes docs/hero.png from data/freeshapes and trained_models/freeshapes

Test split, 24 views an object, without ICP. An object's score is the mean over its views, and the view that is shown is the
one whose score is nearest to that mean: nothing is picked by hand. FreeShapes has no rifle; the one shown is a program's, with
a seed far beyond those of training.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import torch

from lmnet_utils.core import paths
from lmnet_utils.core.files import atomic_path
from lmnet_utils.data import programs
from lmnet_utils.data.layout import class_of, network_input
from lmnet_utils.data.packs import open_pack, read_split
from lmnet_utils.data.taxonomy import CLASSES
from lmnet_utils.data.views import draw_views, process_renderer, sample_clouds
from lmnet_utils.geometry.frames import file_from_y_up
from lmnet_utils.geometry.pointclouds import scaled_chamfer
from lmnet_utils.models.inference import decode, encode_images
from lmnet_utils.models.weights import load_model
from lmnet_utils.rendering.grids import cloud_grid, on_grey

COLUMNS = 7
FRESH_SEED = 1_000_000
TARGET = paths.project_root() / "docs" / "hero.png"


class Views(NamedTuple):
    """An object and its views: ``images`` (V, 3, 128, 128), ``azimuths`` (V,) in degrees, ``truth`` (2048, 3) and ``points`` (1024, 3)."""

    name: str
    images: torch.Tensor
    azimuths: np.ndarray
    truth: np.ndarray
    points: np.ndarray


class Case(NamedTuple):
    """What is shown of an object: one view, its reconstruction and truth, and the object's mean Chamfer distance ×100."""

    name: str
    azimuth: float
    image: np.ndarray
    cloud: np.ndarray
    truth: np.ndarray
    score: float


def test_objects() -> list[Views]:
    """The test objects of FreeShapes, as they are packed."""
    pack, split = open_pack("freeshapes"), read_split("freeshapes", "official", "13")
    views = np.arange(pack.views)
    return [
        Views(
            class_of(model),
            pack.images(np.full(pack.views, row), views),
            np.degrees(pack.azimuths[row]),
            pack.points[row],
            pack.points_1024[row],
        )
        for model, row in zip(split.test, pack.rows(split.test), strict=True)
    ]


def program_object(category: str) -> Views:
    """An object of a program that no training saw, rendered and sampled as a data set's are."""
    mesh, model = programs.draw(category, FRESH_SEED).mesh(), f"hero_{category}"
    views = draw_views(model)
    images = [network_input(image).transpose(2, 0, 1) for image in process_renderer().render(mesh, views)]
    clouds = {n: file_from_y_up(cloud).astype(np.float32) for n, cloud in sample_clouds(mesh, model, 0).items()}
    return Views(f"{category} (program)", torch.from_numpy(np.array(images)), views[:, 0], clouds[2048], clouds[1024])


def reconstructed(objects: Sequence[Views]) -> list[Case]:
    """Every object through the shipped L1 encoder, in the view whose score is nearest to the object's mean."""
    shipped = paths.model_dir("freeshapes", "")
    encoder, autoencoder = load_model(shipped / "encoder_l1"), load_model(shipped / "autoencoder")
    cases = []
    for one in objects:
        clouds = decode(autoencoder, encode_images(encoder, one.images)[0])
        truths = torch.tensor(one.points).expand(len(clouds), -1, -1)
        scores = scaled_chamfer(truths, clouds).numpy()
        view = int(np.abs(scores - scores.mean()).argmin())
        image = on_grey(one.images[view].permute(1, 2, 0).numpy())
        cases.append(Case(one.name, one.azimuths[view], image, clouds[view].numpy(), one.truth, float(scores.mean())))
    return cases


def main() -> int:
    """Draw the picture. Returns the exit status."""
    objects = test_objects()
    missing = [name for name in CLASSES if name not in {one.name for one in objects}]
    cases = reconstructed([*objects, *map(program_object, missing)])
    counts = Counter(case.name for case in cases)
    best = [min((case for case in cases if case.name == name), key=lambda case: case.score) for name in sorted(counts)]
    common = sorted(name for name, _ in counts.most_common(COLUMNS))
    worst = [max((case for case in cases if case.name == name), key=lambda case: case.score) for name in common]
    half = -(-len(best) // 2)
    draw([("best", best[:half]), ("best", best[half:]), ("worst", worst)])
    print(f"{paths.display(TARGET)}: {', '.join(f'{name} ({number})' for name, number in counts.items())}")
    return 0


def draw(blocks: Sequence[tuple[str, Sequence[Case]]]) -> None:
    """Write docs/hero.png: three rows a block, image, reconstruction and truth, with the score below the reconstruction."""
    lines = []
    for word, cases in blocks:
        gap = [None] * (COLUMNS - len(cases))
        azimuths = [case.azimuth for case in cases] + [0.0] * len(gap)
        lines += [
            (f"{word}\nimage", azimuths, [*(case.image for case in cases), *gap]),
            (f"{word}\nreconstruction", azimuths, [*(case.cloud for case in cases), *gap]),
            (f"{word}\ntruth", azimuths, [*(case.truth for case in cases), *gap]),
        ]
    figure = cloud_grid(lines, [""] * COLUMNS, cell=1.2)
    axes = np.reshape(figure.axes, (len(blocks), 3, COLUMNS))
    for (images, clouds, _), (_, cases) in zip(axes, blocks, strict=True):
        for image, cloud, case in zip(images, clouds, cases, strict=False):
            image.set_title(case.name, fontsize=8)
            cloud.set_xlabel(f"{case.score:.1f}", fontsize=8, labelpad=1)
    with atomic_path(Path(TARGET)) as temporary:
        figure.savefig(temporary, format="png", dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
