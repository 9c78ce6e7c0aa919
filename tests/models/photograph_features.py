"""The package with the features' weights, as tests have it: the same keys and shapes, random numbers. The real one is an extra."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from lmnet_utils.core.files import sha256_of
from lmnet_utils.models import efficientnet


def random_state(seed: int = 0) -> dict[str, torch.Tensor]:
    """Weights under which signals keep their size through all layers, and batch norm does something."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, tensor in efficientnet.EfficientNetLite0().state_dict().items():
        if name.endswith("num_batches_tracked"):
            state[name] = tensor
        elif name.endswith("running_var"):
            state[name] = torch.rand(tensor.shape, generator=generator) + 0.5
        elif tensor.ndim > 1:
            fan_in = tensor[0].numel()
            state[name] = torch.randn(tensor.shape, generator=generator) * (2 / fan_in) ** 0.5
        else:
            state[name] = torch.rand(tensor.shape, generator=generator) * 0.5 + (
                0.75 if name.endswith("weight") else -0.25
            )
    return state


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, torch.Tensor]:
    """Make the package importable until the test ends; returns its weights."""
    file = folder / efficientnet.WEIGHTS_PACKAGE / efficientnet.WEIGHTS_FILE
    file.parent.mkdir(parents=True)
    (file.parents[1] / "__init__.py").touch()
    state = random_state()
    torch.save(state, file)
    monkeypatch.delitem(sys.modules, efficientnet.WEIGHTS_PACKAGE, raising=False)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(efficientnet, "WEIGHTS_HASH", sha256_of(file)[:8])
    efficientnet.load_efficientnet.cache_clear()
    return state


def remove(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the package were not installed."""
    monkeypatch.setitem(sys.modules, efficientnet.WEIGHTS_PACKAGE, None)
    efficientnet.load_efficientnet.cache_clear()
