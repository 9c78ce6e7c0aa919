"""Weights on disk: model folders, published state dicts, fingerprints."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from lmnet_utils.core import paths
from lmnet_utils.core.checks import choose
from lmnet_utils.core.files import atomic_path, read_json, write_json
from lmnet_utils.core.settings import WIDTHS
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.strong import StrongEncoder


# -------------------------------------------------------------------------------------------------------- weights
def save_model(directory: str | Path, model: nn.Module, *, half: bool = False, **extra_config: Any) -> Path:
    """Write ``model.safetensors`` and ``config.json``, atomically each.

    Args:
        directory: made if missing.
        model: an autoencoder or image encoder of this module.
        half: store floating-point weights as fp16 (half the size; loading gives fp32 again).
        extra_config: further entries of ``config.json``, such as the training's settings.
    """
    directory = Path(directory)
    state = {}
    for name, tensor in model.state_dict().items():
        tensor = tensor.detach().cpu().contiguous()
        state[name] = tensor.half() if half and tensor.is_floating_point() else tensor
    with atomic_path(directory / "model.safetensors") as temporary:
        save_file(state, temporary)
    write_json(directory / "config.json", {**model.config, **extra_config})
    return directory


def load_model(
    path: str | Path, device: str | torch.device = "cpu", *, kind: str | None = None
) -> PointCloudAutoencoder | ImageEncoder:
    """Load a model in evaluation mode, with its ``config``.

    Args:
        path: a directory made by :func:`save_model`, or a published PyTorch state dict (``.pth``), whose kind,
            architecture and width are read off its keys and shapes. State dicts are loaded with ``weights_only=True``.
        device: where the model goes.
        kind: ``"autoencoder"`` or ``"image_encoder"``, if only that will do.

    Raises:
        FileNotFoundError: nothing there.
        ValueError: not a model of this kit, or of another kind; the message names the file and the first key or shape that does not
            fit.
    """
    path = Path(path)
    if path.is_dir():
        for name in ("config.json", "model.safetensors"):
            if not (path / name).is_file():
                raise FileNotFoundError(f"{paths.display(path)} has no {name}: expected a folder made by save_model.")
        config = read_json(path / "config.json")
        try:
            state = load_file(path / "model.safetensors")
        except SafetensorError as error:
            raise ValueError(f"{paths.display(path)}/model.safetensors is damaged ({error}): make it again.") from error
    elif path.is_file():
        state = _read_state_dict(path)
        config = config_of(state, paths.display(path))
    else:
        raise FileNotFoundError(f"no model at {paths.display(path)}: expected a model folder or a .pth state dict.")
    if kind is not None and config.get("kind") != kind:
        found = str(config.get("kind")).replace("_", " ")
        raise ValueError(f"{paths.display(path)}: expected an {kind.replace('_', ' ')}, found an {found}.")
    model = _build(config)
    load_weights(model, state, paths.display(path))
    model.config = config
    return model.to(device).eval()


def fingerprint_of(network: nn.Module) -> str:
    """SHA-256 over a network's architecture and weights, wherever they were loaded from."""
    kind = {key: network.config.get(key) for key in ("kind", "architecture", "width", "variational", "decoder")}
    digest = hashlib.sha256(json.dumps(kind, sort_keys=True).encode())
    for name, tensor in sorted(network.state_dict().items()):
        if not name.endswith("num_batches_tracked"):
            digest.update(f"{name} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _build(config: dict[str, Any]) -> PointCloudAutoencoder | ImageEncoder:
    choose("kind", config.get("kind"), ("autoencoder", "image_encoder"))
    if config["kind"] == "autoencoder":
        return PointCloudAutoencoder()
    if config["architecture"] == "strong":
        return StrongEncoder()
    return ImageEncoder(config["architecture"], config["width"], config["variational"], config.get("decoder", False))


def _read_state_dict(path: Path) -> dict[str, torch.Tensor]:
    wanted = "Expected a file of tensors only, such as the published weights."
    with open(path, "rb") as file:
        start = file.read(64)
    if start.lstrip().startswith(b"<"):
        raise ValueError(f"{paths.display(path)} is no plain PyTorch state dict but a web page: fetch it again.")
    if start[8:9] == b"{":
        raise ValueError(
            f"{paths.display(path)} is a safetensors file: name the folder that holds it and its config.json."
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a zoo of errors, and advises to load what may hold code
        why = (
            f"truncated or damaged: {' '.join(str(error).split())[:120]}"
            if start.startswith(b"PK")
            else "another kind of file"
        )
        if isinstance(error, pickle.UnpicklingError) and start.startswith(b"PK"):
            why = "it holds code or other objects"
        raise ValueError(f"{paths.display(path)} is no plain PyTorch state dict ({why}). {wanted}") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        keys = f" with the keys {', '.join(map(str, list(state)[:4]))}" if isinstance(state, dict) else ""
        found = f"{type(state).__name__}{keys}"
        raise ValueError(f"{paths.display(path)}: expected a state dict (name → tensor), found {found}. {wanted}")
    return {
        name.replace("std.", "log_variance.", 1) if name.startswith("std.") else name: v for name, v in state.items()
    }


def config_of(state: dict[str, torch.Tensor], name: str = "the state dict") -> dict[str, Any]:
    """Kind, architecture, width and variant of a state dict, from its keys and shapes.

    Raises:
        ValueError: it is none of the known models; names the key that is missing or the shape that does not fit.
    """
    if "encoder.conv1.weight" in state:
        return {"kind": "autoencoder"}
    first = "base.0.0.weight"
    if first not in state:
        known = ", ".join(list(state)[:3])
        raise ValueError(
            f"{name}: neither an autoencoder (key encoder.conv1.weight) nor an image encoder (key {first}); "
            f"its first keys are {known or 'none'}."
        )
    head = "mu.weight" if "mu.weight" in state else "latent.weight"
    if head not in state:
        raise ValueError(f"{name}: an image encoder without mu.weight or latent.weight.")
    width = state[first].shape[0] / 32
    features = state[head].shape[-1]
    architecture = {2048 * width: "port", 8192 * width: "paper"}.get(features)
    if width not in WIDTHS or architecture is None:
        raise ValueError(
            f"{name}: {first} has {state[first].shape[0]} filters and {head} {features} inputs; expected 32·width "
            f"filters and 2048·width (port) or 8192·width (paper) inputs, width one of {WIDTHS}."
        )
    return {
        "kind": "image_encoder",
        "architecture": architecture,
        "width": width,
        "variational": head == "mu.weight",
        "decoder": "decoder.fc1.weight" in state,
    }


def load_weights(model: nn.Module, state: dict[str, torch.Tensor], name: str = "the state dict") -> None:
    """Copy ``state`` into ``model``, strictly: same keys, same shapes. fp16 becomes the model's dtype.

    Raises:
        ValueError: naming the first key that is missing or unknown, or the first shape that differs.
    """
    expected = model.state_dict()
    for key, tensor in expected.items():
        if key not in state:
            if key.endswith("num_batches_tracked"):  # a counter that nothing reads; some exporters leave it out
                continue
            raise ValueError(f"{name}: the key {key} is missing ({type(model).__name__}).")
        if state[key].shape != tensor.shape:
            raise ValueError(
                f"{name}: {key} has shape {tuple(state[key].shape)}, expected {tuple(tensor.shape)} "
                f"({type(model).__name__})."
            )
    for key in state:
        if key not in expected:
            raise ValueError(f"{name}: the key {key} is not part of {type(model).__name__}.")
    with torch.no_grad():
        for key, tensor in expected.items():
            if key in state:
                tensor.copy_(state[key])
