"""Which settings of the learnt posteriors are best on fresh objects that they were not trained on.

    python benchmarks/posterior_settings.py [--write benchmarks/posterior_settings.json]

Every tenth of the fresh objects of ``tools/make_residuals.py`` is kept aside. What is compared is the energy score of 16 samples
of an image's latent (the mean distance to the true latent, less half the mean distance between samples; lower is better), and the
samples' root mean square beside that of the true residuals. No image of a test set is looked at.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from typing import Any

import torch
from tqdm.auto import tqdm

from lmnet_utils.core import paths
from lmnet_utils.core.files import write_json
from lmnet_utils.core.runtime import environment
from lmnet_utils.evaluation.statistics import finite_interval, mean_interval
from lmnet_utils.models.flows import FlowSettings, train_flow
from lmnet_utils.models.imle import ImleSettings, train_imle
from lmnet_utils.models.mixtures import MixtureSettings, train_mixture
from lmnet_utils.models.posteriors import ResidualPosterior
from lmnet_utils.models.registry import load_networks
from lmnet_utils.models.samplers import MatchedNoise, Posterior, Repeated

sys.path.insert(0, str(paths.project_root() / "tools"))
import make_residuals

SAMPLES, ASIDE, STEPS = 16, 10, 600
"""A quarter of the steps that the posteriors are trained in."""
TRAIN = {FlowSettings: train_flow, MixtureSettings: train_mixture, ImleSettings: train_imle}
CANDIDATES = [
    *(FlowSettings(steps=STEPS, condition_noise=noise) for noise in (0.05, 0.3)),
    *(
        MixtureSettings(steps=STEPS, condition_noise=noise, modes=modes)
        for noise, modes in ((0.3, 1), (0.05, 8), (0.3, 8))
    ),
    *(ImleSettings(steps=STEPS, candidates=count, radius=radius) for count, radius in ((4, 0.0), (32, 0.0), (32, 0.5))),
]


def figures(posterior: Posterior, predicted: torch.Tensor, true: torch.Tensor, objects: list[int]) -> dict[str, Any]:
    """Energy score with its interval over objects, and the root mean square of what is added to the predicted latents (V, 512)."""
    drawn = torch.cat([posterior.sample(some, SAMPLES, indices=range(len(some))) for some in predicted.split(512)])
    apart = torch.stack([torch.cdist(some, some).mean() for some in drawn])
    energy = (drawn - true[:, None]).norm(dim=2).mean(dim=1) - apart / 2
    found = mean_interval(energy.numpy(), objects)
    rms = float((drawn - predicted[:, None]).square().mean().sqrt())
    return {"energy": found["mean"], **finite_interval(found), "rms": rms}


def main() -> None:
    """Train and measure all candidates, print and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", metavar="FILE", help="write the figures as JSON")
    options = parser.parse_args()
    networks = load_networks(make_residuals.RUN, [make_residuals.ENCODER])
    pair = networks["autoencoder"], networks[make_residuals.ENCODER]
    latents = make_residuals.fresh_latents(*pair, make_residuals.OBJECTS)
    predicted = torch.from_numpy(latents["predicted"])  # (O, V, 512)
    true = torch.from_numpy(latents["true"])[:, None].expand_as(predicted)
    aside = torch.arange(len(predicted)) % ASIDE == ASIDE - 1
    learnt_from = predicted[~aside].flatten(0, 1), (true - predicted)[~aside].flatten(0, 1)
    seen, answers = predicted[aside].flatten(0, 1), true[aside].flatten(0, 1)
    objects = aside.nonzero()[:, 0].repeat_interleave(predicted.shape[1]).tolist()
    residuals = ResidualPosterior(*learnt_from, make_residuals.NEAREST)
    known: dict[str, Posterior] = {"L1": Repeated(), "L1 + noise": MatchedNoise(residuals), "L1 + residuals": residuals}
    rows = [{"sampler": name, **figures(one, seen, answers, objects)} for name, one in known.items()]
    for settings in tqdm(CANDIDATES, unit="posterior"):
        started = time.process_time()
        posterior = TRAIN[type(settings)](*learnt_from, settings)
        about = {"sampler": type(settings).__name__, **dataclasses.asdict(settings)}
        rows.append({**about, "process_s": time.process_time() - started, **figures(posterior, seen, answers, objects)})
    rms = float((answers - seen).square().mean().sqrt())
    for row in rows:
        told = ", ".join(
            f"{name} {row[name]}" for name in ("condition_noise", "modes", "candidates", "radius") if name in row
        )
        print(
            f"{row['sampler']:16} {told:44} energy {row['energy']:.3f} [{row['low']:.3f}, {row['high']:.3f}], rms {row['rms']:.3f}"
        )
    print(f"rms of the true residuals {rms:.3f}")
    if options.write:
        about = {"samples": SAMPLES, "images": len(seen), "true_rms": rms}
        write_json(options.write, {**about, "rows": rows, "environment": environment()})


if __name__ == "__main__":
    main()
