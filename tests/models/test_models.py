"""Both networks against independent functional references written from the published layer tables; weight loading."""

from __future__ import annotations

import json

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lmnet_utils.models import networks, weights

PORT_CHANNELS = [32, 32, 64, 64, 64, 128, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512]
"""Filters of the 16 convolutions in order; layers 3, 6, 9, 12 and 16 have stride 2, the last is 5×5."""
STRIDED = {2, 5, 8, 11, 15}
PORT_KEYS = [f"base.{b}.{c}" for b in (0,) for c in (0, 2)] + ["base.1"]
PORT_KEYS += ["base.3.0", "base.3.2", "base.4", "base.6.0", "base.6.2", "base.7", "base.9.0", "base.9.2", "base.10"]
PORT_KEYS += ["base.12.0", "base.12.2", "base.13", "base.15"]


def port_state_dict(width=1.0, variational=False, features=2048, seed=0):
    """A state dict with the published names and shapes, made without the kit's classes."""
    generator = torch.Generator().manual_seed(seed)
    state, fan_in = {}, 3
    for i, (key, filters) in enumerate(zip(PORT_KEYS, PORT_CHANNELS, strict=True)):
        filters, kernel = int(filters * width), 5 if i == 15 else 3
        scale = (2 / (fan_in * kernel**2)) ** 0.5
        state[f"{key}.weight"] = torch.randn(filters, fan_in, kernel, kernel, generator=generator) * scale
        state[f"{key}.bias"] = torch.randn(filters, generator=generator) * 0.1
        fan_in = filters
    for head in ("mu", "std") if variational else ("latent",):
        state[f"{head}.weight"] = torch.randn(512, int(features * width), generator=generator) * 0.01
        state[f"{head}.bias"] = torch.randn(512, generator=generator)
    return state


def reference_features(state, images, same):
    """The layer table as plain functional calls; ``same`` pads strided layers the way TensorFlow's SAME does."""
    x = images
    sides = [x.shape[-1]]
    for i, key in enumerate(PORT_KEYS):
        weight, bias = state[f"{key}.weight"], state[f"{key}.bias"]
        if i not in STRIDED:
            x = F.conv2d(x, weight, bias, padding=1)
        else:
            if same:
                size, kernel = x.shape[-1], weight.shape[-1]
                total = max((-(-size // 2) - 1) * 2 + kernel - size, 0)
                before = total // 2
                x = F.pad(x, (before, total - before, before, total - before))
            x = F.conv2d(x, weight, bias, stride=2)
            sides.append(x.shape[-1])
        x = F.relu(x)
    return x.flatten(1), sides


@pytest.mark.parametrize(
    "architecture, sides, features, parameters",
    [("port", [128, 63, 31, 15, 7, 2], 2048, 17_809_632), ("paper", [128, 64, 32, 16, 8, 4], 8192, 20_955_360)],
)
@pytest.mark.parametrize("variational", [False, True])
def test_image_encoder_equals_the_layer_table(architecture, sides, features, parameters, variational, tmp_path):
    state = port_state_dict(0.25, variational, features)
    torch.save(state, tmp_path / "published.pth")
    model = weights.load_model(tmp_path / "published.pth")
    assert model.config["architecture"] == architecture and model.config["width"] == 0.25
    images = torch.randint(0, 256, (2, 3, 128, 128), dtype=torch.uint8)
    flat, found = reference_features(state, images.float(), same=architecture == "paper")
    assert found == sides
    heads = ("mu", "std") if variational else ("latent",)
    expected = [F.linear(flat, state[f"{head}.weight"], state[f"{head}.bias"]) for head in heads]
    with torch.inference_mode():
        ours = model(images)
    for a, b in zip(ours if variational else (ours,), expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-3)
    full = networks.ImageEncoder(architecture, 1.0, variational=False)
    assert sum(p.numel() for p in full.parameters()) == parameters


def reference_autoencoder():
    """The published autoencoder from stock modules: Conv1d and BatchNorm1d on (B, C, N), output viewed as (B, 3, 2048)."""
    encoder, decoder = nn.Module(), nn.Module()
    channels = [3, 64, 128, 128, 256, 512]
    for i in range(1, 6):
        encoder.add_module(f"conv{i}", nn.Conv1d(channels[i - 1], channels[i], 1))
        encoder.add_module(f"bn{i}", nn.BatchNorm1d(channels[i]))
    for i, (fan_in, fan_out) in enumerate([(512, 256), (256, 256), (256, 6144)], start=1):
        decoder.add_module(f"fc{i}", nn.Linear(fan_in, fan_out))
        if i < 3:
            decoder.add_module(f"bn{i}", nn.BatchNorm1d(fan_out))
    network = nn.ModuleDict({"encoder": encoder, "decoder": decoder})

    def forward(points):
        x = points.transpose(1, 2)
        for i in range(1, 6):
            x = F.relu(getattr(encoder, f"bn{i}")(getattr(encoder, f"conv{i}")(x)))
        latent = x = x.max(dim=-1)[0]
        for i in (1, 2):
            x = F.relu(getattr(decoder, f"bn{i}")(getattr(decoder, f"fc{i}")(x)))
        return latent, decoder.fc3(x).view(-1, 3, 2048).permute(0, 2, 1)

    return network, forward


@pytest.mark.parametrize("training", [True, False])
def test_autoencoder_equals_the_layer_table(training, tmp_path):
    torch.manual_seed(0)
    network, forward = reference_autoencoder()
    for module in network.modules():  # statistics and scales that a wrong batch norm would betray
        if isinstance(module, nn.BatchNorm1d):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    torch.save(network.state_dict(), tmp_path / "ae.pth")
    model = weights.load_model(tmp_path / "ae.pth").train(training)
    network.train(training)
    points = torch.rand(4, 256, 3, dtype=torch.float64)
    network, model = network.double(), model.double()
    latent, cloud = forward(points)
    ours = model.encode(points)
    torch.testing.assert_close(ours, latent)
    torch.testing.assert_close(model.decode(ours), cloud)
    assert cloud.shape == (4, 2048, 3)
    forward(points)[1].square().sum().backward()
    model(points).square().sum().backward()
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(model.get_parameter(name).grad, parameter.grad, rtol=1e-6, atol=1e-6)


def test_saved_models_come_back_equal_and_half_precision_close(tmp_path):
    model = networks.ImageEncoder("port", 0.25, variational=True).initialise(0.3).eval()
    images = torch.randint(0, 256, (2, 3, 128, 128), dtype=torch.uint8)
    expected = model(images)
    again = weights.load_model(weights.save_model(tmp_path / "a", model, note="kept"))
    assert again.config["note"] == "kept" and not again.training
    for a, b in zip(again(images), expected, strict=True):
        assert torch.equal(a, b)
    half = weights.load_model(weights.save_model(tmp_path / "b", model, half=True))
    assert half.mu.weight.dtype == torch.float32
    torch.testing.assert_close(half(images)[0], expected[0], rtol=0.05, atol=0.01)
    size = [(tmp_path / x / "model.safetensors").stat().st_size for x in "ab"]
    assert size[1] < 0.51 * size[0]
    assert not list(tmp_path.rglob("*.tmp"))


def test_state_dicts_that_do_not_fit_name_the_first_key_or_shape(tmp_path):
    def refused(state, message):
        torch.save(state, tmp_path / "x.pth")
        with pytest.raises(ValueError, match=message):
            weights.load_model(tmp_path / "x.pth")

    good = port_state_dict(0.25)
    refused({k: v for k, v in good.items() if k != "base.4.bias"}, "the key base.4.bias is missing")
    refused({**good, "base.99.weight": torch.zeros(1)}, "the key base.99.weight is not part of ImageEncoder")
    refused({**good, "base.7.bias": torch.zeros(3)}, r"base.7.bias has shape \(3,\), expected \(64,\)")
    refused({**good, "latent.weight": torch.zeros(512, 100)}, "100 inputs")
    refused({"foo": torch.zeros(1)}, "its first keys are foo")
    refused([1, 2], "expected a state dict")
    with pytest.raises(FileNotFoundError, match="no model at"):
        weights.load_model(tmp_path / "missing")
    (tmp_path / "text.pth").write_text("<html>quota exceeded</html>")
    with pytest.raises(ValueError, match="no plain PyTorch state dict"):
        weights.load_model(tmp_path / "text.pth")


def test_code_in_a_checkpoint_is_never_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (print, ("executed",))

    torch.save({"encoder.conv1.weight": Bomb()}, tmp_path / "bomb.pth")
    with pytest.raises(ValueError, match="tensors only"):
        weights.load_model(tmp_path / "bomb.pth")


def test_damaged_and_foreign_model_folders_are_refused(tmp_path):
    folder = weights.save_model(tmp_path / "m", networks.PointCloudAutoencoder())
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="damaged"):
        weights.load_model(folder)
    (folder / "config.json").write_text(json.dumps({"kind": "something"}))
    with pytest.raises(ValueError):
        weights.load_model(folder)


def test_initialisation_brings_pixels_to_the_scale_of_the_latents():
    torch.manual_seed(0)
    images = torch.randint(0, 256, (4, 3, 128, 128), dtype=torch.uint8)
    for architecture in networks.ARCHITECTURES:
        latent = networks.ImageEncoder(architecture, 0.5).initialise(0.3)(images)
        assert 0.05 < latent.square().mean().sqrt() < 2
    centre = torch.linspace(-3, 3, 512)
    mean, log_variance = networks.ImageEncoder("port", 0.25, True).initialise(0.3, centre, sigma=0.1)(images)
    assert (mean - centre).square().mean().sqrt() < 2
    assert torch.exp(0.5 * log_variance).mean().item() == pytest.approx(0.1, rel=0.5)
