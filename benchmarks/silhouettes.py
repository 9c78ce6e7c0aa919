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

from lmnet_utils.apps.choosing import Refinement, agreement, find_camera, photo_mask, refine
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
PRIORS = (0.02, 0.1)
OWN = "the network's own answer"


def answers_of(image: np.ndarray, networks: tuple, posterior: Any) -> dict[str, Any]:
    """Own answer and samples of an input (128, 128, 3), what fits its silhouette, and what becomes of that."""
    autoencoder, encoder = networks
    latent, _ = encode_images(encoder, torch.from_numpy(image).permute(2, 0, 1)[None])
    drawn = posterior.sample(latent, SAMPLES, indices=[image_number(image)])[0]
    latents = torch.cat([latent, drawn])  # the own answer first
    clouds, mask = decode(autoencoder, latents), photo_mask(image)
    camera = find_camera(clouds[0], mask)
    fits = agreement(clouds, mask, camera)
    spread = float((drawn - latent).square().mean().sqrt())
    best, sampled = int(fits.argmax()), 1 + int(fits[1:].argmax())
    bent = {
        prior: decode(
            autoencoder, refine(autoencoder, latents[[0, best]], mask, camera, spread, Refinement(prior=prior))
        )
        for prior in PRIORS
    }
    refined = {
        (name, prior): cloud for prior, two in bent.items() for name, cloud in zip(("own", "best"), two, strict=True)
    }
    return {"clouds": clouds, "fits": fits, "camera": camera, "best": best, "sampled": sampled, "refined": refined,
            "refined_fits": {key: float(agreement(one[None], mask, camera)) for key, one in refined.items()}}  # fmt: skip


def scores_of(truth: np.ndarray, found: dict[str, Any]) -> dict[str, float]:
    """Chamfer ×100 of each way to answer."""
    scores = sample_scores(truth, found["clouds"].numpy())
    ways = {
        OWN: scores[0],
        "a sample at random": scores[1:].mean(),
        "the sample that fits best": scores[found["sampled"]],
        "own answer or sample, what fits best": scores[found["best"]],
        "the nearest sample (who knows the truth)": scores[1:].min(),
    }
    names = {"own": "own answer, refined", "best": "what fits best, refined"}
    for (name, prior), cloud in found["refined"].items():
        ways[f"{names[name]}, prior {prior:g}"] = sample_scores(truth, cloud.numpy()[None])[0]
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
    scores, off, fits = [], [], []
    for row, item, image in zip(rows, items, tqdm(images, unit="image"), strict=True):
        found = answers_of(place(image, (image > 0).any(-1)), networks, posterior)
        scores.append(scores_of(task.pack.points_1024[row], found))
        off.append(abs((found["camera"][0] - item.azimuth + 180) % 360 - 180))
        fits.append([float(found["fits"][0]), float(found["fits"].max())])
    ways = {name: np.array([one[name] for one in scores]) for name in scores[0]}
    own, best = np.mean(fits, axis=0)
    return {
        "rows": rows_of(ways, items),
        "azimuth_off": {"median": float(np.median(off)), "within_20": float(np.mean(np.array(off) <= 20))},
        "silhouette": {"own": float(own), "best": float(best)},
    }


def measure_pictures(networks: tuple, posterior: Any) -> list[dict[str, Any]]:
    """How well answers' silhouettes agree with the pictures that come with the kit."""
    rows = []
    for path in sorted(paths.resolve("notebooks/images").glob("*.[jp][pn]g")):
        found = answers_of(prepare_photo(path).input, networks, posterior)
        refined = {
            f"refined, prior {prior:g}": fit for (name, prior), fit in found["refined_fits"].items() if name == "best"
        }
        about = {"picture": path.name, "azimuth": found["camera"][0], "elevation": found["camera"][1]}
        fits = {
            "own": float(found["fits"][0]),
            "mean": float(found["fits"][1:].mean()),
            "best": float(found["fits"].max()),
        }
        rows.append(about | {"sample": found["best"]} | fits | refined)
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
    print(measured["azimuth_off"], measured["silhouette"])
    if options.write:
        write_json(options.write, {"samples": SAMPLES, **measured, "pictures": pictures, "environment": environment()})


if __name__ == "__main__":
    main()
