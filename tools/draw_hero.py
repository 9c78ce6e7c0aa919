"""The README's picture: of the six classes with most test objects the best and the worst reconstruction of the shipped L1 encoder.

::

    python tools/draw_hero.py  # writes docs/hero.png from data/freeshapes and trained_models/freeshapes

Test split, 24 views an object, without ICP. An object's score is the mean over its views, and the view that is shown is the
one whose score is nearest to that mean: nothing is picked by hand.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import torch

from lmnet_utils.core import paths
from lmnet_utils.core.files import atomic_path
from lmnet_utils.data.layout import class_of
from lmnet_utils.data.packs import open_pack, read_split
from lmnet_utils.geometry.pointclouds import scaled_chamfer
from lmnet_utils.models.inference import decode, encode_images
from lmnet_utils.models.weights import load_model
from lmnet_utils.rendering.grids import cloud_grid

CLASSES = 6
TARGET = paths.project_root() / "docs" / "hero.png"


def main() -> int:
    """Draw the picture. Returns the exit status."""
    pack, split = open_pack("freeshapes"), read_split("freeshapes", "official", "13")
    shipped = paths.model_dir("freeshapes", "")
    encoder, autoencoder = load_model(shipped / "encoder_l1"), load_model(shipped / "autoencoder")
    rows, views = np.divmod(np.arange(len(split.test) * pack.views), pack.views)
    rows = pack.rows(split.test)[rows]
    images = pack.images(rows, views)
    clouds = decode(autoencoder, encode_images(encoder, images)[0])
    scores = scaled_chamfer(torch.from_numpy(pack.points_1024[rows]), clouds).numpy().reshape(-1, pack.views)
    kinds = np.array([class_of(model) for model in split.test])
    common = [name for name, _ in Counter(kinds).most_common(CLASSES)]
    lines = []
    for word, pick in (("best", np.argmin), ("worst", np.argmax)):
        own = [np.flatnonzero(kinds == name) for name in common]
        chosen = [members[pick(scores[members].mean(1))] for members in own]
        shown = [np.argmin(np.abs(scores[i] - scores[i].mean())) for i in chosen]
        flat = [i * pack.views + view for i, view in zip(chosen, shown, strict=True)]
        azimuths = np.degrees(pack.azimuths[rows[flat], views[flat]])
        lines += [
            (f"{word}\nimage", azimuths, [images[i].permute(1, 2, 0).numpy() for i in flat]),
            (f"{word}\nreconstruction", azimuths, [clouds[i].numpy() for i in flat]),
            (f"{word}\ntruth", azimuths, [pack.points[rows[i]] for i in flat]),
        ]
        lines[-2] += ([f"{scores[i].mean():.1f}" for i in chosen],)
    figure = cloud_grid([line[:3] for line in lines], common)
    axes = np.array(figure.axes).reshape(len(lines), len(common))
    for axis_row, line in zip(axes, lines, strict=True):
        for axis, text in zip(axis_row, line[3] if len(line) > 3 else [], strict=False):
            axis.set_xlabel(text, fontsize=8, labelpad=1)
    with atomic_path(Path(TARGET)) as temporary:
        figure.savefig(temporary, format="png", dpi=100)
    plt.close(figure)
    print(f"{paths.display(TARGET)}: {', '.join(common)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
