"""What it is worth to choose, of several answers to a photograph, the one whose silhouette fits, and to bend it to fit better.

    python benchmarks/silhouettes.py [--write benchmarks/silhouettes.json]

Renders of FreeShapes' validation objects, four views of each, placed as photographs are (the camera is then not known), answered
by the shipped L1 with 16 residuals, as ``lmnet reconstruct --samples 16 --best`` does. Chamfer distance ×100 to the true shape,
without ICP; intervals and differences over objects. The pictures of ``notebooks/images`` have no true shape: of them stands how
well the answers' silhouettes agree.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from lmnet_utils.apps.choosing import Refinement, best_fit
from lmnet_utils.apps.placing import place, prepare_photo
from lmnet_utils.core import paths
from lmnet_utils.core.files import write_json
from lmnet_utils.core.runtime import environment
from lmnet_utils.evaluation.diversity import sample_scores
from lmnet_utils.evaluation.methods import open_task
from lmnet_utils.evaluation.statistics import finite_interval, mean_interval, paired_difference
from lmnet_utils.evaluation.study import AMBIGUOUS, angle_from_behind, spread_over_angles
from lmnet_utils.models.inference import decode, encode_images, image_number, items_of
from lmnet_utils.models.posteriors import load_residuals
from lmnet_utils.models.registry import load_networks

RUN, ENCODER, SAMPLES, VIEWS = "freeshapes", "encoder_l1", 16, 4
OWN, FOUND, TOLD = "the network's own answer", "what fits best", "what fits best, side told"
SIDES = 45.0
"""A person tells front from back and corners: the nearest of eight sides, degrees."""


def answers_of(image: np.ndarray, networks: tuple, posterior: Any, azimuth: float | None = None) -> dict[str, Any]:
    """Own answer and samples of an input (128, 128, 3), and what fits best, as found and, with an azimuth, told the side."""
    autoencoder, encoder = networks
    latent, _ = encode_images(encoder, torch.from_numpy(image).permute(2, 0, 1)[None])
    latents = torch.cat([latent, posterior.sample(latent, SAMPLES, indices=[image_number(image)])[0]])
    sides = {FOUND: None} if azimuth is None else {FOUND: None, TOLD: SIDES * round(azimuth / SIDES)}
    fitting = {name: best_fit(autoencoder, latents, image, side, Refinement()) for name, side in sides.items()}
    return {"clouds": decode(autoencoder, latents).numpy(), "fitting": fitting}


def scores_of(truth: np.ndarray, found: dict[str, Any]) -> dict[str, float]:
    """Chamfer ×100 of each way to answer."""
    scores = sample_scores(truth, found["clouds"])
    ways = {OWN: scores[0], "a sample at random": scores[1:].mean()}
    for name, best in found["fitting"].items():
        ways |= {name: scores[best.number], f"{name}, refined": sample_scores(truth, best.points[None])[0]}
    ways["the nearest sample (who knows the truth)"] = scores[1:].min()
    return {name: float(score) for name, score in ways.items()}


def rows_of(ways: dict[str, np.ndarray], items: list) -> list[dict[str, Any]]:
    """A row a way and group of views: mean Chamfer, and the paired difference to the network's own answer (above 0: nearer)."""
    objects, azimuths = np.array([item.model for item in items]), np.array([item.azimuth for item in items])
    groups = {"all": np.ones(len(items), bool), "behind": angle_from_behind(azimuths) <= AMBIGUOUS}
    rows = []
    for name, scores in ways.items():
        for views, chosen in groups.items():
            found = mean_interval(scores[chosen], objects[chosen])
            row = {"way": name, "views": views, "images": int(chosen.sum()), "mean": found["mean"]}
            row |= finite_interval(found)
            if name != OWN:
                gain = paired_difference(ways[OWN][chosen], scores[chosen], objects[chosen])
                row |= {"gain": gain["difference"]} | {f"gain_{k}": v for k, v in finite_interval(gain).items()}
            rows.append(row)
    return rows


def measure(networks: tuple, posterior: Any) -> dict[str, Any]:
    """All rows of the validation objects, and how far off the cameras are."""
    task = open_task("freeshapes", "official", "13")
    items = spread_over_angles(items_of(task.pack, list(task.validation)), VIEWS)
    rows = task.pack.rows([item.model for item in items])
    images = task.pack.images(rows, [item.view for item in items]).permute(0, 2, 3, 1).numpy()
    scores, off = [], []
    for row, item, image in zip(rows, items, tqdm(images, unit="image"), strict=True):
        found = answers_of(place(image, (image > 0).any(-1)), networks, posterior, item.azimuth)
        scores.append(scores_of(task.pack.points_1024[row], found))
        off.append([angle_between(best.camera[0], item.azimuth) for best in found["fitting"].values()])
    ways = {name: np.array([one[name] for one in scores]) for name in scores[0]}
    pairs = {
        "chosen_over_random": (ways["a sample at random"], ways[FOUND]),
        "told_over_found": (ways[FOUND], ways[TOLD]),
    }
    gains = {name: paired_difference(*pair, [item.model for item in items]) for name, pair in pairs.items()}
    angles = np.array(off)
    return {
        "rows": rows_of(ways, items),
        "gains": {name: {"mean": gain["difference"], **finite_interval(gain)} for name, gain in gains.items()},
        "azimuth_off": {
            name: {
                "median": float(np.median(one)),
                "within_20": float(np.mean(one <= 20)),
                "beyond_90": float(np.mean(one > 90)),
            }
            for name, one in zip((FOUND, TOLD), angles.T, strict=True)
        },
    }


def angle_between(one: float, other: float) -> float:
    """Degrees, 0…180."""
    return abs((one - other + 180) % 360 - 180)


def measure_pictures(networks: tuple, posterior: Any) -> list[dict[str, Any]]:
    """How well answers' silhouettes agree with the pictures that come with the kit."""
    rows = []
    for path in sorted(paths.resolve("notebooks/images").glob("*.[jp][pn]g")):
        best = answers_of(prepare_photo(path).input, networks, posterior)["fitting"][FOUND]
        own, *others = best.overlaps.tolist()
        rows.append(
            {
                "picture": path.name,
                **best.record(),
                "own": own,
                "mean": float(np.mean(others)),
                "chosen": max(own, *others),
            }
        )
    return rows


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", metavar="FILE", help="write the figures as JSON")
    options = parser.parse_args()
    loaded = load_networks(RUN, [ENCODER])
    networks, posterior = (loaded["autoencoder"], loaded[ENCODER]), load_residuals(paths.model_dir(RUN, ENCODER))
    measured = measure(networks, posterior)
    for row in measured["rows"]:
        gain = f"gain {row['gain']:5.2f} [{row['gain_low']:.2f}, {row['gain_high']:.2f}]" if "gain" in row else ""
        print(f"{row['way']:44} {row['views']:7} {row['mean']:6.2f} [{row['low']:.2f}, {row['high']:.2f}]  {gain}")
    pictures = measure_pictures(networks, posterior)
    for row in pictures:
        print(row)
    print(measured["azimuth_off"], measured["gains"])
    if options.write:
        write_json(options.write, {"samples": SAMPLES, **measured, "pictures": pictures, "environment": environment()})


if __name__ == "__main__":
    main()
