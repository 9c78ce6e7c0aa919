"""The port's six published models: files in their layout, through the kit's whole way, equal to the port's own arithmetic.

The files cannot be reached from a test. So they are written here with the keys and shapes of the port's ``model_2d.py`` and
``model_3d_autoencoder.py``, at full width, and what the kit makes of an image is compared with those two files' layers,
written out as plain functions (tests/models/test_models.py does so for single networks at a quarter of the width).
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from r2n2_tree import write_tree
from safetensors.torch import save_file

from lmnet_utils.core import notebook_settings, paths
from lmnet_utils.data import assets, shapenet
from lmnet_utils.data.taxonomy import CLASSES
from lmnet_utils.evaluation import methods, scoring
from lmnet_utils.geometry import frames
from lmnet_utils.models import inference, networks, orientation, published, registry, weights
from lmnet_utils.training import autoencoder, image_encoder

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
        folder = published.download(name, file=path, quiet=True)
        assert folder == paths.model_dir("published", name)
        path.unlink()
    loaded = registry.load_networks("published")
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
            ours = inference.reconstruct(autoencoder, encoder, images, inference.Sampling(3, seed=5))
            torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-3)


COMMON = {
    "run": "test", "dataset": "boxes", "split": "official", "classes": "13", "seed": 0, "device": "cpu", "precision": "fp32",
    "epochs": 1, "batch_size": 2, "learning_rate": 1e-12, "schedule": "constant", "augment": False,
}  # fmt: skip


def encoder_settings(loss: str, **others: object) -> notebook_settings.EncoderSettings:
    """Of notebooks 03 to 05, with a learning rate of next to nothing: what is trained are the numbers that it started from."""
    decays = {"weight_decay_conv": 0.0, "weight_decay_fc": 0.0}
    given = {"architecture": "port", "width": 1.0, "views_per_model": 1, "diversity_weight": 5.5, **decays, **others}
    return notebook_settings.EncoderSettings(**COMMON, loss=loss, **given)


@pytest.fixture
def boxes(kit_folders: Path) -> Path:
    """The kit's folder, with three boxes as a data set and the published autoencoder's file."""
    write_tree(kit_folders / "data" / "boxes", {"train": 2, "test": 1})
    published_file("autoencoder", kit_folders / "autoencoder.pth")
    return kit_folders


@pytest.mark.parametrize(
    ("name", "loss"), [("encoder_l1", "l1"), ("encoder_l2", "l2"), ("encoder_lambda_5.5", "probabilistic")]
)
def test_a_published_file_starts_the_training_of_an_encoder(name: str, loss: str, boxes: Path) -> None:
    path = boxes / f"{name}.pth"
    state = published_file(name, path)
    settings = encoder_settings(loss, initial_weights=str(path), autoencoder=str(boxes / "autoencoder.pth"))
    trained = image_encoder.train_image_encoder(settings, progress=False).model.state_dict()
    for key, tensor in state.items():
        torch.testing.assert_close(trained[key.replace("std.", "log_variance.")], tensor, rtol=0, atol=1e-9)


def test_the_published_autoencoder_starts_a_training_in_the_frame_of_the_data(boxes: Path, monkeypatch) -> None:
    """From exactly those weights where the frames agree; where they do not, from those weights, turned."""
    state = torch.load(boxes / "autoencoder.pth", weights_only=True)
    settings = notebook_settings.AutoencoderSettings(
        **COMMON, initial_weights=str(boxes / "autoencoder.pth"), weight_decay=0.0, loss="paper", input_points=64
    )
    for yaw, (x, y, z) in ((0, (0, 1, 2)), (90, (0, 2, 1))):
        monkeypatch.setattr(
            orientation, "yaw_errors", lambda *_, yaw=yaw, **__: {one: float(one != yaw) for one in frames.YAWS}
        )
        trained = autoencoder.train_autoencoder(settings, progress=False).model.state_dict()
        for key, tensor in state.items():
            if key == "encoder.conv1.weight":
                tensor = tensor[:, [x, y, z]] * torch.tensor([1.0, -1.0 if yaw else 1.0, 1.0])[:, None]
            elif key.startswith("decoder.fc3"):
                rows = tensor.unflatten(0, (3, 2048))[[x, y, z]]
                tensor = (
                    rows * torch.tensor([1.0, -1.0 if yaw else 1.0, 1.0]).view(3, *[1] * (rows.ndim - 1))
                ).flatten(0, 1)
            if "running" not in key and "num_batches" not in key:
                torch.testing.assert_close(trained[key], tensor, rtol=0, atol=1e-9)
        settings = notebook_settings.AutoencoderSettings(**{**settings.as_dict(), "run": "turned"})


def test_published_models_are_scored_as_a_run_and_one_by_one(boxes: Path) -> None:
    """``weights_run="published"`` in notebooks 06 and 08, and ``models=["port=…/encoder_l1.pth"]`` beside a run's own."""
    for name in ("autoencoder", "encoder_l1", "encoder_lambda_0"):
        published_file(name, boxes / f"{name}.pth")
        published.download(name, file=boxes / f"{name}.pth", quiet=True)
    task = methods.open_task("boxes", "official", "13")
    found = registry.load_networks("published", None)
    orientation.match_frame(found, task.pack, task.test)
    scored = [scoring.score_method(task, one, scoring.Scoring(views=2)) for one in methods.model_methods(task, found)]
    assert [one.method.label for one in scored] == ["autoencoder", "L1", "λ = 0"]
    assert all(np.isfinite(one.scores["none"]["chamfer"]).all() for one in scored) and len(scored[1].items) == 2
    by_path = registry.load_networks("published", ["autoencoder", f"port={boxes / 'encoder_l1.pth'}"])
    assert weights.fingerprint_of(by_path["port"]) == weights.fingerprint_of(found["encoder_l1"])


def test_published_models_that_know_the_test_objects_are_warned_of(kit_folders: Path) -> None:
    """The port's lists are its own, drawn anew for chairs: counted where they are here, feared where they are not."""
    root = kit_folders / "data" / "shapenet"
    write_tree(root, {"train": 3, "test": 2})
    config = {"kind": "image_encoder", "training": {"data": assets.manifest()["trained_on"]}}
    first, second = networks.ImageEncoder("port", 0.25), networks.ImageEncoder("port", 0.25, variational=True)
    first.config, second.config = dict(config), {**config, "variational": True}
    test = methods.open_task("shapenet", "official", "13").test

    def warned(model: networks.ImageEncoder, split: str = "official") -> list[str]:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            registry.warn_of_leakage(model, "it", "shapenet", split, test)
        return [str(warning.message) for warning in found]

    assert "may have been among its training objects" in warned(first)[0]
    everything = [f"{CLASSES['chair']}/{name}" for name in ("test000", "test001", "train000", "train001", "train002")]
    for folder, train in (
        ("shapenet_point/{}.txt", everything[2:]),
        ("shapenet_point_chair/{}_chair.txt", everything[1:]),
    ):
        for side, listed in (("train", train), ("valid", []), ("test", everything[:1])):
            path = root / "splits" / folder.format(side)
            path.parent.mkdir(exist_ok=True)
            path.write_text("\n".join(listed))
    shapenet.make_splits("shapenet")
    assert warned(first) == [], "it has seen none of them"
    for split in ("official", "port"):
        assert warned(second, split) == [
            "it was trained on 1 of the 2 test objects (split 'port'), so its scores are too good."
        ]


def wrong_files(folder: Path) -> dict[str, tuple[bytes, str]]:
    """Name → content and what is said about it, of files that are no published encoder."""
    published_file("encoder_l1", folder / "good.pth")
    good = (folder / "good.pth").read_bytes()

    def saved(content: object) -> bytes:
        torch.save(content, folder / "x.pth")
        return (folder / "x.pth").read_bytes()

    save_file({"base.0.0.weight": torch.zeros(2)}, folder / "x.safetensors")
    resnet = {
        "conv1.weight": torch.zeros(64, 3, 7, 7),
        "bn1.weight": torch.zeros(64),
        "layer1.0.conv1.weight": torch.zeros(3),
    }
    return {
        "autoencoder.pth": (
            (folder / "autoencoder.pth").read_bytes(),
            "expected an image encoder, found an autoencoder",
        ),
        "resnet.pth": (saved(resnet), "neither an autoencoder .* its first keys are conv1.weight, bn1.weight"),
        "truncated.pth": (good[: len(good) // 2], "truncated or damaged"),
        "short.pth": (good[:-50], "truncated or damaged"),
        "checkpoint.pth": (saved({"epoch": 3, "state_dict": {}}), "found dict with the keys epoch, state_dict"),
        "whole_model.pth": (saved(torch.nn.Linear(2, 2)), "code or other objects"),
        "weights.safetensors": ((folder / "x.safetensors").read_bytes(), "safetensors file: name the folder"),
        "model.onnx": (b"\x08\x07\x12\x07pytorch\x1a\x051.9.0:\x80\x01", "no plain PyTorch state dict"),
        "quota.pth": (b"\n<!DOCTYPE html><html><title>Google Drive - Quota exceeded</title>", "a web page"),
        "empty.pth": (b"", "no plain PyTorch state dict"),
    }


@pytest.mark.parametrize(
    "name",
    ["autoencoder.pth", "resnet.pth", "truncated.pth", "short.pth", "checkpoint.pth", "whole_model.pth", "weights.safetensors",
     "model.onnx", "quota.pth", "empty.pth"],
)  # fmt: skip
def test_wrong_initial_weights_are_refused_by_name_and_reason(name: str, boxes: Path) -> None:
    content, words = wrong_files(boxes)[name]
    (boxes / name).write_bytes(content)
    settings = encoder_settings("l1", initial_weights=str(boxes / name), autoencoder=str(boxes / "autoencoder.pth"))
    with pytest.raises(ValueError, match=words) as refused:
        image_encoder.train_image_encoder(settings, progress=False)
    message = str(refused.value)
    assert name in message and len(message) < 500 and "weights_only" not in message, message
    assert not (paths.model_dir("test", "encoder_l1") / "model.safetensors").exists()


def test_an_encoder_in_place_of_the_autoencoder_is_refused(boxes: Path) -> None:
    published_file("encoder_l1", boxes / "encoder.pth")
    settings = encoder_settings("l1", initial_weights=None, autoencoder=str(boxes / "encoder.pth"))
    with pytest.raises(ValueError, match=r"encoder\.pth: expected an autoencoder, found an image encoder"):
        image_encoder.train_image_encoder(settings, progress=False)
    with pytest.raises(ValueError, match=r"expected an image encoder, and an autoencoder as 'autoencoder' only"):
        registry.load_networks("x", [f"autoencoder={boxes / 'encoder.pth'}"])


def test_a_published_file_does_not_start_another_architecture(kit_folders: Path) -> None:
    published_file("encoder_l1", kit_folders / "l1.pth")
    state = weights.load_model(kit_folders / "l1.pth").state_dict()
    with pytest.raises(ValueError, match=r"latent.weight has shape \(512, 2048\), expected \(512, 8192\)"):
        weights.load_weights(networks.ImageEncoder("paper"), state)
    with pytest.raises(ValueError, match="mu.weight is missing"):
        weights.load_weights(networks.ImageEncoder("port", variational=True), state)
