"""Which way do objects face? Quarter turns between data sets and models, measured and undone exactly.

The kit's clouds stand upright the way :func:`lmnet_utils.geometry.frames.y_up_from_file` says and face +x, as the renderings' camera
assumes. Clouds of others may face elsewhere, and so do the clouds of models that were trained on them. A quarter turn about the
vertical axis only exchanges coordinates and signs, so a model can be turned by permuting the weights of its first and last layer:
its latents, and every image encoder beside it, stay what they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from lmnet_utils.data.packs import Pack
from lmnet_utils.geometry.frames import YAWS, quarter_turn, turn_clouds
from lmnet_utils.geometry.pointclouds import scaled_chamfer
from lmnet_utils.models import inference
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder

CLEARLY_BETTER = 0.9
"""A turned frame is believed if its error is below so much of the unturned one's."""


@torch.no_grad()
def turn_model(model: PointCloudAutoencoder | ImageEncoder, yaw: int) -> None:
    """Make a model of clouds that are turned by ``yaw`` one of unturned clouds, in place; an encoder without decoder stays.

    Afterwards ``encode(points)`` is what ``encode(turned points)`` was, and ``decode(latent)`` what it was, turned back.
    """
    decoder = model.decoder
    if yaw == 0 or decoder is None:
        return
    rotation = torch.as_tensor(quarter_turn(yaw), dtype=decoder.fc3.weight.dtype, device=decoder.fc3.weight.device)
    for parameter in (decoder.fc3.weight, decoder.fc3.bias):  # rows: the x of all points, then y, then z
        rows = parameter.view(3, -1)
        parameter.copy_((rotation.T @ rows).view_as(parameter))
    if isinstance(model, PointCloudAutoencoder):
        weight = model.encoder.conv1.weight  # (64, 3, 1)
        weight.copy_((weight.squeeze(-1) @ rotation).unsqueeze(-1))


def yaw_errors(autoencoder: PointCloudAutoencoder, clouds: np.ndarray, *, seed: int = 0) -> dict[int, float]:
    """How well the autoencoder knows clouds at each quarter turn: yaw → mean Chamfer ×100 of its reconstructions, without ICP.

    Args:
        autoencoder: of the model.
        clouds: (B, N, 3) in the file frame.
        seed: of the score's draw.
    """
    errors = {}
    for yaw in YAWS:
        truth = turn_clouds(clouds, yaw)
        guess = inference.decode(autoencoder, inference.encode_clouds(autoencoder, truth))
        errors[yaw] = float(scaled_chamfer(torch.tensor(truth), guess, seed=seed).mean())
    return errors


def best_yaw(errors: Mapping[int, float]) -> int:
    """The yaw with the smallest error, 0 unless another is clearly better."""
    best = min(errors, key=errors.__getitem__)
    return best if errors[best] < CLEARLY_BETTER * errors[0] else 0


def match_frame(
    networks: Mapping[str, PointCloudAutoencoder | ImageEncoder], pack: Pack, models: Sequence[str], *, seed: int = 0
) -> int:
    """Turn models that know objects in another frame than a data set's, in place, and say so; returns the yaw.

    The autoencoder's reconstruction decides, at each quarter turn. No image is looked at, so that nothing is tuned. Models that
    were trained on this very data set are left alone.

    Args:
        networks: name → model, with ``"autoencoder"``; encoders with a decoder of their own are turned alike.
        pack: of the data set.
        models: "synset/model"; 64 of them, of all classes, are looked at.
        seed: of the score's draw.
    """
    autoencoder = networks["autoencoder"]
    data = autoencoder.config.get("training", {}).get("data", {})
    if (data.get("dataset") == pack.dataset and "pack_hash" in data) or not models:
        return 0
    looked_at = pack.rows(inference.spread_over_classes(models)[:64])
    errors = yaw_errors(autoencoder, pack.points[looked_at], seed=seed)
    yaw = best_yaw(errors)
    if yaw:
        print(
            f"These models know objects turned by {yaw}° about the vertical (the autoencoder's Chamfer ×100 at "
            f"{', '.join(f'{one}°: {error:.1f}' for one, error in errors.items())}). Their clouds are turned back, exactly."
        )
        for network in networks.values():
            turn_model(network, yaw)
    return yaw
