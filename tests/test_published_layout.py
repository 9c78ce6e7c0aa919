"""The port's six published models: files in their layout, through the kit's whole way, equal to the port's own arithmetic.

The files cannot be reached from a test. So they are written here with the keys and shapes of the port's ``model_2d.py`` and
``model_3d_autoencoder.py``, at full width, and what the kit makes of an image is compared with those two files' layers,
written out as plain functions (tests/test_models.py does so for single networks at a quarter of the width).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from r2n2_tree import write_tree

from lmnet_utils import downloads, inference, models, paths, training

ENCODERS = ["encoder_l1", "encoder_l2", "encoder_lambda_0", "encoder_lambda_0.5", "encoder_lambda_5.5"]
SIX = ["autoencoder", *ENCODERS]
BASE = [  # key, filters in and out, kernel, stride: nn.Sequential of model_2d.py, whose conv_block holds layers 0 and 2
    ("0.0", 3, 32, 3, 1), ("0.2", 32, 32, 3, 1), ("1", 32, 64, 3, 2),
    ("3.0", 64, 64, 3, 1), ("3.2", 64, 64, 3, 1), ("4", 64, 128, 3, 2),
    ("6.0", 128, 128, 3, 1), ("6.2", 128, 128, 3, 1), ("7", 128, 256, 3, 2),
    ("9.0", 256, 256, 3, 1), ("9.2", 256, 256, 3, 1), ("10", 256, 512, 3, 2),
    ("12.0", 512, 512, 3, 1), ("12.2", 512, 512, 3, 1), ("13", 512, 512, 3, 1), ("15", 512, 512, 5, 2),
]  # fmt: skip
POINTWISE = [3, 64, 128, 128, 256, 512]
CONNECTED = [512, 256, 256, 6144]


def published_file(name: str, path: Path) -> dict[str, torch.Tensor]:
    """Write a random state dict as the port saves it; returns it."""
    generator = torch.Generator().manual_seed(SIX.index(name))

    def draw(*shape: int, scale: float = 1.0) -> torch.Tensor:
        return torch.randn(*shape, generator=generator) * scale

    def norm(key: str, n: int) -> dict[str, torch.Tensor]:
        positive = torch.rand(2, n, generator=generator) + 0.5
        weights = {"weight": positive[0], "bias": draw(n), "running_mean": draw(n), "running_var": positive[1]}
        return {f"{key}.{k}": v for k, v in {**weights, "num_batches_tracked": torch.tensor(7)}.items()}

    state: dict[str, torch.Tensor] = {}
    if name == "autoencoder":
        for i, (a, b) in enumerate(zip(POINTWISE, POINTWISE[1:], strict=False), start=1):
            state |= {f"encoder.conv{i}.weight": draw(b, a, 1, scale=(2 / a) ** 0.5), f"encoder.conv{i}.bias": draw(b)}
            state |= norm(f"encoder.bn{i}", b)
        for i, (a, b) in enumerate(zip(CONNECTED, CONNECTED[1:], strict=False), start=1):
            state |= norm(f"decoder.bn{i}", b) if i < 3 else {}
            state |= {f"decoder.fc{i}.weight": draw(b, a, scale=(2 / a) ** 0.5), f"decoder.fc{i}.bias": draw(b)}
    else:
        for key, a, b, kernel, _ in BASE:
            state[f"base.{key}.weight"] = draw(b, a, kernel, kernel, scale=(2 / (a * kernel**2)) ** 0.5)
            state[f"base.{key}.bias"] = draw(b, scale=0.1)
        for head in ("mu", "std") if "lambda" in name else ("latent",):  # 0…255 in: brought down to latents of size 1
            state |= {f"{head}.weight": draw(512, 2048, scale=2e-4), f"{head}.bias": draw(512)}
    torch.save(state, path)
    return state


def port_encoder(state: dict[str, torch.Tensor], images: torch.Tensor) -> list[torch.Tensor]:
    """``ImageEncoder.forward`` of model_2d.py: the latent, or mu and what it calls std."""
    x = images
    for key, _, _, _, stride in BASE:
        weight, bias = state[f"base.{key}.weight"], state[f"base.{key}.bias"]
        x = F.relu(F.conv2d(x, weight, bias, stride=stride, padding="same" if stride == 1 else 0))
    x = torch.flatten(x, start_dim=1)
    heads = ("mu", "std") if "mu.weight" in state else ("latent",)
    return [F.linear(x, state[f"{head}.weight"], state[f"{head}.bias"]) for head in heads]


def port_norm(state: dict[str, torch.Tensor], key: str, x: torch.Tensor) -> torch.Tensor:
    names = ("running_mean", "running_var", "weight", "bias")
    return F.relu(F.batch_norm(x, *(state[f"{key}.{name}"] for name in names)))


def port_decoder(state: dict[str, torch.Tensor], latent: torch.Tensor) -> torch.Tensor:
    """``Decoder.forward`` of model_3d_autoencoder.py, (B, 3, 2048), permuted to (B, 2048, 3) as its callers do."""
    x = latent
    for i in (1, 2):
        x = port_norm(
            state, f"decoder.bn{i}", F.linear(x, state[f"decoder.fc{i}.weight"], state[f"decoder.fc{i}.bias"])
        )
    return F.linear(x, state["decoder.fc3.weight"], state["decoder.fc3.bias"]).view(-1, 3, 2048).permute(0, 2, 1)


def port_autoencoder(state: dict[str, torch.Tensor], points: torch.Tensor) -> torch.Tensor:
    x = points.permute(0, 2, 1)
    for i in range(1, 6):
        x = F.conv1d(x, state[f"encoder.conv{i}.weight"], state[f"encoder.conv{i}.bias"])
        x = port_norm(state, f"encoder.bn{i}", x)
    return port_decoder(state, torch.max(x, dim=-1)[0])


def test_all_six_reconstruct_as_the_port_does(kit_folders: Path) -> None:
    """Fetched by hand, made model folders, found by their names, and every number that comes out compared."""
    generator = torch.Generator().manual_seed(9)
    images = torch.randint(0, 256, (2, 3, 128, 128), dtype=torch.uint8, generator=generator)
    points = torch.rand(2, 2048, 3, generator=generator) - 0.5
    states = {}
    for name in SIX:
        path = kit_folders / f"{name}.pth"
        states[name] = published_file(name, path)
        folder = downloads.download_weights(name, file=path, quiet=True)
        assert folder == paths.model_dir("published", name)
        path.unlink()
    loaded = inference.load_models("published")
    assert list(loaded) == SIX
    autoencoder = loaded["autoencoder"]
    expected = port_autoencoder(states["autoencoder"], points)
    ours = inference.decode(autoencoder, inference.encode_clouds(autoencoder, points))
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-3)
    assert expected.std() > 0.5

    for name in ENCODERS:
        encoder = loaded[name]
        assert encoder.config["architecture"] == "port" and encoder.config["width"] == 1.0
        latent, *log_variance = port_encoder(states[name], images.float())
        assert latent.std() > 0.5 and (latent[0] - latent[1]).abs().max() > 0.01, "images make a difference"
        ours = inference.reconstruct(autoencoder, encoder, images)
        expected = port_decoder(states["autoencoder"], latent)
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-3)
        if log_variance:  # inference_2d_to_3d.py: mu + randn·sqrt(exp(log_var))
            noise = np.stack([np.random.default_rng([5, i]).standard_normal((3, 512), np.float32) for i in range(2)])
            std = torch.sqrt(torch.exp(log_variance[0]))
            samples = latent[:, None] + torch.from_numpy(noise) * std[:, None]
            expected = port_decoder(states["autoencoder"], samples.flatten(0, 1)).unflatten(0, (2, 3))
            ours = inference.reconstruct(autoencoder, encoder, images, samples=3, seed=5)
            torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name", ["encoder_l1", "encoder_lambda_5.5"])
def test_a_published_file_starts_a_training(name: str, kit_folders: Path) -> None:
    """As ``initial_weights``; with a learning rate of next to nothing, what is trained are the published numbers still."""
    write_tree(kit_folders / "data" / "boxes", {"train": 2, "test": 1})
    autoencoder, path = kit_folders / "autoencoder.pth", kit_folders / f"{name}.pth"
    published_file("autoencoder", autoencoder)
    state = published_file(name, path)
    settings = training.EncoderSettings(
        run="test", dataset="boxes", split="official", classes="13", seed=0, device="cpu", precision="fp32", epochs=1,
        batch_size=2, learning_rate=1e-12, schedule="constant", augment=False, initial_weights=str(path),
        architecture="port", width=1.0, loss="l1" if name == "encoder_l1" else "probabilistic", weight_decay_conv=0.0,
        weight_decay_fc=0.0, views_per_model=1, autoencoder=str(autoencoder), diversity_weight=5.5,
    )  # fmt: skip
    trained = training.train_image_encoder(settings, progress=False).model.state_dict()
    for key, tensor in state.items():
        torch.testing.assert_close(trained[key.replace("std.", "log_variance.")], tensor, rtol=0, atol=1e-9)


def test_a_published_file_does_not_start_another_architecture(kit_folders: Path) -> None:
    published_file("encoder_l1", kit_folders / "l1.pth")
    state = models.load_model(kit_folders / "l1.pth").state_dict()
    with pytest.raises(ValueError, match=r"latent.weight has shape \(512, 2048\), expected \(512, 8192\)"):
        models.load_weights(models.ImageEncoder("paper"), state)
    with pytest.raises(ValueError, match="mu.weight is missing"):
        models.load_weights(models.ImageEncoder("port", variational=True), state)
