"""The networks: point-cloud autoencoder and image encoder, in both published architectures, and their weights.

Attribute names follow the keys of the published PyTorch state dicts (``encoder.conv1``, ``decoder.fc1``, ``base.0`` …),
so that those load without a table of renamings; the one exception is the port's ``std`` layer, which holds the log-variance
and is called so here.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from lmnet_utils.core.checks import choose
from lmnet_utils.core.settings import WIDTHS

LATENT_SIZE = 512
POINTS = 2048
ARCHITECTURES = ("port", "paper")


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
            weight, bias = conv.weight.squeeze(-1), conv.bias
            if self.training:
                x = norm(F.linear(x, weight, bias))
            else:  # batch norm is then one fixed factor and shift a channel: in the weights it costs nothing
                factor = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
                x = F.linear(x, weight * factor[:, None], norm.bias + factor * (bias - norm.running_mean))
            x = F.relu(x, inplace=True)
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
        self.keeps_statistics = False
        """Whether batch norm stays as in evaluation: a decoder that is trained on must not take over the statistics of few latents."""

    def train(self, mode: bool = True) -> PointCloudDecoder:
        """As any module's, see :attr:`keeps_statistics`."""
        return super().train(mode and not self.keeps_statistics)

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
