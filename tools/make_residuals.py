"""What an encoder of Variant I gets wrong on objects that it was not trained on: the residuals that are shipped beside it.

::

    python tools/make_residuals.py                 # which residuals are best on the validation objects: benchmarks/residuals.json
    python tools/make_residuals.py --write         # those of the fresh objects beside the shipped weights of L1

The objects are of programs, of a seed that no data set can have (:func:`lmnet_utils.data.programs.catalogue.fresh`). What is
rendered and encoded is kept below ``runs/residuals``.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence

import numpy as np
import torch

from lmnet_utils.core import cache, paths
from lmnet_utils.core.files import write_json
from lmnet_utils.core.runtime import environment
from lmnet_utils.data.freeshapes import mesh_of
from lmnet_utils.data.layout import network_input
from lmnet_utils.data.programs.catalogue import FRESH, fresh
from lmnet_utils.data.views import draw_views, process_renderer, sample_clouds
from lmnet_utils.evaluation.methods import Task, open_task
from lmnet_utils.evaluation.sampler_scores import object_figures, object_rows
from lmnet_utils.evaluation.study import spread_over_angles
from lmnet_utils.geometry.frames import file_from_y_up
from lmnet_utils.models.inference import Sampling, encode_clouds, encode_images, items_of
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.posteriors import ResidualPosterior
from lmnet_utils.models.registry import load_networks
from lmnet_utils.models.samplers import LatentSampler, MatchedNoise, Posterior, Repeated
from lmnet_utils.models.weights import fingerprint_of

RUN, ENCODER = "freeshapes", "encoder_l1"
MEASURED = paths.project_root() / "benchmarks" / "residuals.json"
OBJECTS, VIEWS = 2350, 6
"""Fresh objects, fifty turns of the classes, and views of each: a residual of each object is 4.8 MB."""
NEAREST = 16
"""What the validation objects chose (``benchmarks/residuals.json``)."""
SAMPLES, VALIDATION_VIEWS = 16, 6


def fresh_latents(
    autoencoder: PointCloudAutoencoder, encoder: ImageEncoder, objects: int, views: int = VIEWS
) -> dict[str, np.ndarray]:
    """Latents of fresh objects, rendered as a data set's are.

    Returns:
        ``predicted`` (O, V, 512) of the first V views, ``true`` (O, 512) of the clouds, ``azimuths`` (O, V) in degrees.
    """
    names = [name.split("/")[1] for name in fresh(objects)]

    def compute(span: slice) -> dict[str, np.ndarray]:
        cameras = [draw_views(name, FRESH)[:views] for name in names[span]]
        meshes = [mesh_of(name) for name in names[span]]
        drawn = [process_renderer().render(*pair) for pair in zip(meshes, cameras, strict=True)]
        inputs = np.stack([network_input(image) for images in drawn for image in images])  # (O·V, 128, 128, 3)
        predicted, _ = encode_images(encoder, torch.from_numpy(inputs).permute(0, 3, 1, 2))
        clouds = [sample_clouds(mesh, name, FRESH)[2048] for mesh, name in zip(meshes, names[span], strict=True)]
        return {
            "predicted": predicted.reshape(len(meshes), views, -1).numpy(),
            "true": encode_clouds(autoencoder, file_from_y_up(np.stack(clouds))).numpy(),
            "azimuths": np.stack(cameras)[:, :, 0],
        }

    key = {"autoencoder": fingerprint_of(autoencoder), "encoder": fingerprint_of(encoder), "views": views}
    file = paths.runs_root() / "residuals" / "fresh"
    return cache.kept_arrays(
        file, cache.fingerprint(key, "freeshapes", "inference"), objects, 32, compute, "fresh objects"
    )


def bank(latents: dict[str, np.ndarray], objects: int, views: int, nearest: int) -> ResidualPosterior:
    """Residuals of the first fresh objects in their first views."""
    predicted = torch.from_numpy(latents["predicted"][:objects, :views])
    residuals = torch.from_numpy(latents["true"][:objects, None]) - predicted
    return ResidualPosterior(predicted.flatten(0, 1), residuals.flatten(0, 1), nearest)


@dataclasses.dataclass(frozen=True)
class Scaled:
    """Another posterior, drawn nearer to the predicted latent."""

    posterior: Posterior
    scale: float

    def sample(
        self, latents: torch.Tensor, samples: int, *, seed: int = 0, indices: Sequence[int] | None = None
    ) -> torch.Tensor:
        """As :meth:`lmnet_utils.models.samplers.Posterior.sample`."""
        drawn = self.posterior.sample(latents, samples, seed=seed, indices=indices)
        return latents[:, None] + self.scale * (drawn - latents[:, None])


class LeftOut:
    """Residuals of validation objects, of each image those of the *other* objects, with or without a bank beside them.

    It knows the image's object by its predicted latent.
    """

    def __init__(self, task: Task, networks: tuple, nearest: int, beside: ResidualPosterior | None = None) -> None:
        autoencoder, encoder = networks
        items = items_of(task.pack, list(task.validation))
        rows, views = task.pack.rows([item.model for item in items]), [item.view for item in items]
        self.predicted, _ = encode_images(encoder, task.pack.images(rows, views))
        self.residuals = encode_clouds(autoencoder, task.pack.points[rows]) - self.predicted
        self.rows, self.nearest, self.beside = torch.from_numpy(rows), nearest, beside

    def sample(
        self, latents: torch.Tensor, samples: int, *, seed: int = 0, indices: Sequence[int] | None = None
    ) -> torch.Tensor:
        """As :meth:`lmnet_utils.models.samplers.Posterior.sample`."""
        drawn = []
        for k, latent in enumerate(latents):
            others = self.rows != self.rows[(self.predicted - latent).norm(dim=1).argmin()]
            found = [self.predicted[others], self.residuals[others]]
            if self.beside is not None:
                pairs = zip(found, (self.beside.predicted, self.beside.residuals), strict=True)
                found = [torch.cat(pair) for pair in pairs]
            index = None if indices is None else [indices[k]]
            drawn.append(
                ResidualPosterior(*found, self.nearest).sample(latent[None], samples, seed=seed, indices=index)
            )
        return torch.cat(drawn)


def candidates(task: Task, networks: tuple, latents: dict[str, np.ndarray]) -> dict[str, Posterior]:
    """What is compared on the validation objects, all of L1."""
    shipped = bank(latents, OBJECTS, 1, NEAREST)
    found: dict[str, Posterior] = {"L1 alone": Repeated(), "noise as wide as the shipped": MatchedNoise(shipped)}
    for objects, views, nearest in (
        (400, 6, 64),
        (1175, 2, 64),
        (OBJECTS, 1, 64),
        (OBJECTS, 1, 32),
        (OBJECTS, 1, NEAREST),
    ):
        found[f"{objects} objects, {views} views, nearest {nearest}"] = bank(latents, objects, views, nearest)
    found[f"{OBJECTS} objects, {VIEWS} views, nearest 64"] = bank(latents, OBJECTS, VIEWS, 64)
    found["shipped × 0.7"] = Scaled(shipped, 0.7)
    found["validation objects alone, nearest 64"] = LeftOut(task, networks, 64)
    return found | {f"shipped and validation objects, nearest {NEAREST}": LeftOut(task, networks, NEAREST, shipped)}


def compare(networks: tuple, latents: dict[str, np.ndarray]) -> None:
    """Measure all candidates on the validation objects, print and write ``benchmarks/residuals.json``."""
    task = open_task("freeshapes", "official", "13")
    items = spread_over_angles(items_of(task.pack, list(task.validation)), VALIDATION_VIEWS)
    figures = {
        name: object_figures(LatentSampler(*networks, posterior), task.pack, items, Sampling(SAMPLES), progress=name)
        for name, posterior in candidates(task, networks, latents).items()
    }
    rows = object_rows(figures, items, figures["L1 alone"]["mean_of_n"], "noise as wide as the shipped")
    for row in rows:
        print(
            f"{row['sampler']:48} {row['views']:7} {row['figure']:18} {row['mean']:6.2f} [{row['low']:.2f}, {row['high']:.2f}]"
        )
    errors = latents["true"][:, None] - latents["predicted"]
    about = {"samples": SAMPLES, "images": len(items), "fresh_rms": float(np.sqrt(np.square(errors).mean()))}
    write_json(MEASURED, {**about, "rows": rows, "environment": environment()})


def main() -> None:
    """Compare, or write the residuals that are shipped."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the residuals beside the shipped weights")
    options = parser.parse_args()
    found = load_networks(RUN, [ENCODER])
    networks = found["autoencoder"], found[ENCODER]
    latents = fresh_latents(*networks, OBJECTS)
    if options.write:
        print(paths.display(bank(latents, OBJECTS, 1, NEAREST).save(paths.model_dir(RUN, ENCODER))))
    else:
        compare(networks, latents)


if __name__ == "__main__":
    main()
