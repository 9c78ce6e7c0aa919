"""The networks: point-cloud autoencoder and image encoder, in both published architectures, and their weights.

Attribute names follow the keys of the published PyTorch state dicts (``encoder.conv1``, ``decoder.fc1``, ``base.0`` …),
so that those load without a table of renamings; the one exception is the port's ``std`` layer, which holds the log-variance
and is called so here.
"""

from __future__ import annotations

import hashlib
import json
import math
import pickle
from pathlib import Path
from typing import Any, get_args

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from lmnet_utils import paths
from lmnet_utils.reproducibility import atomic_path, choose, read_json, write_json
from lmnet_utils.settings import WIDTHS, Architecture

LATENT_SIZE = 512
POINTS = 2048
ARCHITECTURES = get_args(Architecture)


# --------------------------------------------------------------------------------------------------- autoencoder
class PointNetEncoder(nn.Module):
    """Shared layers 3-64-128-128-256-512 on every point, batch norm and ReLU each, then the maximum over the points."""

    CHANNELS = (3, 64, 128, 128, 256, LATENT_SIZE)

    def __init__(self) -> None:
        super().__init__()
        for i, (fan_in, fan_out) in enumerate(zip(self.CHANNELS, self.CHANNELS[1:], strict=False), start=1):
            self.add_module(f"conv{i}", nn.Conv1d(fan_in, fan_out, 1))
            self.add_module(f"bn{i}", nn.BatchNorm1d(fan_out))

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        """(B, N, 3) → (B, 512)."""
        batch, count, _ = points.shape
        x = points.reshape(batch * count, 3)  # (B·N, C): a 1×1 convolution is a matrix product over all points
        for i in range(1, 6):
            conv, norm = getattr(self, f"conv{i}"), getattr(self, f"bn{i}")
            x = F.relu(norm(F.linear(x, conv.weight.squeeze(-1), conv.bias)), inplace=True)
        return x.view(batch, count, -1).max(1).values  # not amax, whose gradient visits every point


class PointCloudDecoder(nn.Module):
    """Fully connected 512-256-256-6144, batch norm and ReLU on the first two."""

    def __init__(self, hidden: int = 256) -> None:
        super().__init__()
        self.fc1 = nn.Linear(LATENT_SIZE, hidden)
        self.bn1 = nn.BatchNorm1d(hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.bn2 = nn.BatchNorm1d(hidden)
        self.fc3 = nn.Linear(hidden, 3 * POINTS)

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        """(B, 512) → (B, 2048, 3)."""
        x = F.relu(self.bn1(self.fc1(latent)))
        x = F.relu(self.bn2(self.fc2(x)))
        return self.fc3(x).view(-1, 3, POINTS).transpose(1, 2)  # coordinates first, as in the published weights


class PointCloudAutoencoder(nn.Module):
    """The paper's point-cloud autoencoder (section 3.1; official ``encoders_decoders.py``)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = PointNetEncoder()
        self.decoder = PointCloudDecoder()
        self.config: dict[str, Any] = {"kind": "autoencoder"}

    def encode(self, points: torch.Tensor) -> torch.Tensor:
        """Clouds (B, N, 3) in the file frame → latents (B, 512). N is free; training and evaluation use 2048."""
        return self.encoder(points)

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        """Latents (B, 512) → clouds (B, 2048, 3) in the file frame."""
        return self.decoder(latent)

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        """(B, N, 3) → (B, 2048, 3)."""
        return self.decode(self.encode(points))


# -------------------------------------------------------------------------------------------------- image encoder
class StridedConv2d(nn.Conv2d):
    """Stride-2 convolution, unpadded (``port``) or with TensorFlow's SAME padding for even inputs (``paper``)."""

    def __init__(self, fan_in: int, fan_out: int, kernel: int, same: bool) -> None:
        super().__init__(fan_in, fan_out, kernel, stride=2)
        before, after = (kernel - 2) // 2, (kernel - 1) // 2
        self.same_padding = (before, after, before, after) if same else None  # left, right, top, bottom

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(F.pad(x, self.same_padding) if self.same_padding else x)


class ImageEncoder(nn.Module):
    """The paper's image encoder (section 3.2), deterministic or probabilistic.

    3×3 convolutions 32,32,64/2 · 64,64,128/2 · 128,128,256/2 · 256,256,512/2 · 512,512,512 · 5×5 512/2, ReLU each,
    then one linear layer to the latent, or two to its mean and log-variance.

    Args:
        architecture: ``"port"`` (unpadded strided layers: sides 128-63-31-15-7-2, 2048 features) or ``"paper"``
            (TensorFlow SAME: 128-64-32-16-8-4, 8192 features).
        width: factor on all channel counts: 1, 0.5 or 0.25.
        variational: Variant II.
        decoder: the encoder carries a decoder of its own (:meth:`decode`), for direct regression: both are trained end
            to end, and no autoencoder's latent space is matched.
    """

    def __init__(
        self, architecture: str = "port", width: float = 1.0, variational: bool = False, decoder: bool = False
    ) -> None:
        super().__init__()
        choose("architecture", architecture, ARCHITECTURES)
        choose("width", width, WIDTHS)
        same = architecture == "paper"
        channels = [int(width * c) for c in (32, 64, 128, 256, 512)]
        layers: list[nn.Module] = []
        fan_in = 3
        for block, strided in zip(channels, channels[1:], strict=False):
            layers += [self._pair(fan_in, block), StridedConv2d(block, strided, 3, same), nn.ReLU(inplace=True)]
            fan_in = strided
        last = channels[-1]
        layers += [self._pair(last, last), nn.Conv2d(last, last, 3, padding=1), nn.ReLU(inplace=True)]
        layers += [StridedConv2d(last, last, 5, same), nn.ReLU(inplace=True)]
        self.base = nn.Sequential(*layers)
        features = last * (16 if same else 4)
        if variational:
            self.mu = nn.Linear(features, LATENT_SIZE)
            self.log_variance = nn.Linear(features, LATENT_SIZE)
        else:
            self.latent = nn.Linear(features, LATENT_SIZE)
        self.decoder = PointCloudDecoder() if decoder else None
        self.config: dict[str, Any] = {
            "kind": "image_encoder",
            "architecture": architecture,
            "width": width,
            "variational": variational,
            "decoder": decoder,
        }

    @staticmethod
    def _pair(fan_in: int, fan_out: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(fan_in, fan_out, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(fan_out, fan_out, 3, padding=1),
            nn.ReLU(inplace=True),
        )

    @property
    def variational(self) -> bool:
        """Whether this is Variant II, with a mean and a log-variance."""
        return self.config["variational"]

    def forward(self, images: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """Images (B, 3, 128, 128), uint8 or float, 0…255 → latents (B, 512), or (mean, log-variance) for Variant II.

        There is no normalisation: both original codes feed 0…255, and their weights need it.
        """
        weight = self.base[0][0].weight
        x = self.base(images.to(weight.dtype, memory_format=torch.preserve_format)).flatten(1)
        return (self.mu(x), self.log_variance(x)) if self.variational else self.latent(x)

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        """Latents (B, 512) → clouds (B, 2048, 3) in the file frame, by the encoder's own decoder (direct regression).

        Raises:
            ValueError: this encoder has none; its latents belong to an autoencoder.
        """
        if self.decoder is None:
            raise ValueError(
                "this encoder carries no decoder: decode its latents with the autoencoder it was trained on."
            )
        return self.decoder(latent)

    @torch.no_grad()
    def initialise(self, scale: float = 1.0, mean: float | torch.Tensor = 0.0, sigma: float = 0.1) -> ImageEncoder:
        """He-initialise for training from scratch with 0…255 input; the published codes' default shrinks the signal.

        The factor that brings 0…255 pixels to outputs of size ``scale`` is spread evenly over the layers, so that an
        optimiser step changes each by a like fraction.

        Args:
            scale: standard deviation of the latents to be matched.
            mean: their mean, a number or (512,): the bias of the last layer. All other biases start at 0.
            sigma: the standard deviation that Variant II starts with.
        """
        layers = [layer for layer in self.base.modules() if isinstance(layer, nn.Conv2d)]
        head = self.mu if self.variational else self.latent
        gain = (scale / 100.0) ** (1 / (len(layers) + 1))  # 100: about the root mean square of a rendering
        for layer in layers:
            nn.init.normal_(layer.weight, std=gain * math.sqrt(2 / layer.weight[0].numel()))
            nn.init.zeros_(layer.bias)
        nn.init.normal_(head.weight, std=gain * math.sqrt(1 / head.in_features))
        head.bias.copy_(torch.as_tensor(mean).expand(LATENT_SIZE))
        if self.variational:
            nn.init.normal_(self.log_variance.weight, std=0.1 * gain * math.sqrt(1 / head.in_features))
            nn.init.constant_(self.log_variance.bias, 2 * math.log(sigma))
        return self


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
