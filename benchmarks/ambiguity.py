"""What the figures of the ambiguity set say of two samplers whose answers are known beforehand.

    python benchmarks/ambiguity.py [--images 75] [--write benchmarks/ambiguity.json]

The perfect sampler draws one of an image's variants and fresh points of its surface, 16 times; the other one draws the same
variant 16 times, fresh points as well. Images are every n-th of those that leave something open. Data are made below ``data/ambiguity``.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from tqdm.auto import tqdm

from lmnet_utils.core.files import write_json
from lmnet_utils.core.runtime import environment
from lmnet_utils.data.programs.ambiguity import AmbiguousImage, ambiguous_images, make_ambiguity_set
from lmnet_utils.evaluation.ambiguity import ambiguity_rows, sampler_figures
from lmnet_utils.geometry.frames import file_from_y_up

SAMPLES = 16
FIRST_SEED = 1000
"""Of the samples' points: neither the search's clouds nor the set's."""


def samples_of(image: AmbiguousImage, chosen: np.ndarray) -> np.ndarray:
    """A cloud of each chosen variant (N,), fresh points each, (N, 2048, 3) in the file frame."""
    meshes = [image.mesh(variant) for variant in image.variants]
    clouds = [image.cloud(image.variants[k], meshes[k], FIRST_SEED + i) for i, k in enumerate(chosen)]
    return file_from_y_up(np.stack(clouds))


def main() -> None:
    """Measure both samplers, print and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=75)
    parser.add_argument("--write", metavar="FILE", help="write the figures as JSON")
    options = parser.parse_args()
    every = [image for image in ambiguous_images() if len(image.variants) > 1]
    images = every[:: max(1, len(every) // options.images)][: options.images]
    make_ambiguity_set(images)
    started, rng = time.time(), np.random.default_rng(0)
    figures: dict[str, list] = {"perfect sampler": [], "one variant only": []}
    for image in tqdm(images, desc="samplers", unit="image"):
        drawn = rng.integers(len(image.variants), size=SAMPLES)
        for name, chosen in (("perfect sampler", drawn), ("one variant only", np.full(SAMPLES, drawn[0]))):
            figures[name].append(sampler_figures(image, samples_of(image, chosen), [SAMPLES]))
    models = [image.model for image in images]
    rows = {name: ambiguity_rows(found, models, [SAMPLES]) for name, found in figures.items()}
    result = {"images": len(images), "samples": SAMPLES, "seconds": round(time.time() - started, 1), "rows": rows}
    for name, found in rows.items():
        for row in found:
            print(f"{name:18} {row['figure']:20} {row['mean']:7.3f} [{row['low']:.3f}, {row['high']:.3f}]")
    if options.write:
        write_json(options.write, {**result, "environment": environment()})


if __name__ == "__main__":
    main()
