"""What an encoder of Variant I gets wrong on objects that it was not trained on: the residuals that are shipped beside it.

::

    python tools/make_residuals.py                 # which residuals are best on the validation objects: benchmarks/residuals.json
    python tools/make_residuals.py --write         # those of the fresh objects beside the shipped weights of L1

The objects are of programs, of a seed that no data set can have (:func:`lmnet_utils.data.programs.catalogue.fresh`). What is
rendered and encoded is kept below ``runs/residuals``.
"""

from __future__ import annotations

import numpy as np
import torch

from lmnet_utils.core import cache, paths
from lmnet_utils.data.freeshapes import mesh_of
from lmnet_utils.data.layout import network_input
from lmnet_utils.data.programs.catalogue import FRESH, fresh
from lmnet_utils.data.views import draw_views, process_renderer, sample_clouds
from lmnet_utils.geometry.frames import file_from_y_up
from lmnet_utils.models.inference import encode_clouds, encode_images
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.weights import fingerprint_of

VIEWS = 6


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
