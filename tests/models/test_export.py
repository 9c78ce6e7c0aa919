"""Networks as ONNX: what the files compute, what their cards say, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from r2n2_tree import write_tree

import lmnet_utils
from lmnet_utils.core.files import sha256_of
from lmnet_utils.models import export, inference
from lmnet_utils.models.posteriors import load_residuals
from lmnet_utils.models.registry import load_networks
from lmnet_utils.models.weights import save_model

for package in export.PACKAGES:
    pytest.importorskip(package, reason=f"{package} is not installed: pip install -e .[export]")


@pytest.fixture(scope="module", autouse=True)
def data(tmp_path_factory: pytest.TempPathFactory):
    """Boxes in place of FreeShapes; the shipped weights."""
    folder = tmp_path_factory.mktemp("export")
    write_tree(folder / "freeshapes", {"train": 1, "test": 3}, ("chair",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMNET_DATA", str(folder))
        patch.delenv("LMNET_TRAINED_MODELS", raising=False)
        yield


@pytest.fixture(scope="module")
def exported(data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    export.export_networks(folder, images=12)
    return folder


@pytest.fixture(scope="module")
def networks() -> dict[str, torch.nn.Module]:
    return load_networks("freeshapes", export.ENCODERS)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    """Pictures that the command has not seen: noise of several contrasts on black."""
    noise = np.random.default_rng(1).integers(0, 256, (5, 3, 128, 128))
    return torch.from_numpy((noise * np.linspace(0.1, 1, 5)[:, None, None, None]).astype(np.uint8))


@pytest.mark.parametrize("name", export.ENCODERS)
def test_the_files_compute_what_pytorch_does_whatever_the_batch(
    exported: Path, networks, images: torch.Tensor, name: str
) -> None:
    expected = [part for part in inference.encode_images(networks[name], images) if part is not None]
    for batch in (images, images[:1]):
        found = export.run_onnx(exported / f"{name}.onnx", batch.float().numpy())
        for ours, theirs in zip(expected, found, strict=True):
            np.testing.assert_allclose(theirs, ours[: len(batch)], atol=1e-3)
    clouds = export.run_onnx(exported / "decoder.onnx", expected[0].numpy())[0]
    np.testing.assert_allclose(clouds, inference.decode(networks["autoencoder"], expected[0]), atol=1e-3)


def test_the_cards_say_what_the_files_are(exported: Path) -> None:
    cards = {path.stem: json.loads(path.read_text()) for path in exported.glob("*.json")}
    assert sorted(cards) == ["decoder", "encoder_l1", "encoder_lambda_5.5"]
    for card in cards.values():
        path = exported / card["file"]
        assert (card["bytes"], card["sha256"]) == (path.stat().st_size, sha256_of(path)) and card["bytes"] < 4e6
        assert (
            card["opset"] == export.OPSET
            and card["check"]["images"] == 12
            and len(card["weights"]["fingerprint"]) == 64
        )
        assert max(card["check"]["largest_difference"].values()) < 1e-3
        assert card["check"]["largest_change_of_chamfer_x100"] < 0.05
        assert card["licence"] and card["trained_on"]
    assert cards["encoder_lambda_5.5"]["classes"] == ["chair"] and len(cards["encoder_l1"]["classes"]) == 13
    assert [part["name"] for part in cards["encoder_lambda_5.5"]["outputs"]] == ["mean", "log_variance"]


def test_the_residuals_are_the_shipped_ones(exported: Path) -> None:
    from safetensors.torch import load_file

    card = json.loads((exported / "encoder_l1.json").read_text())["residuals"]
    found = load_file(exported / card["file"])
    shipped = load_residuals(Path(lmnet_utils.__file__).parent.parent / "trained_models/freeshapes/encoder_l1")
    assert torch.equal(found["predicted"].float(), shipped.predicted) and card["nearest"] == shipped.nearest
    assert torch.equal(found["residuals"].float(), shipped.residuals) and card["images"] == len(shipped.residuals)


def test_weights_lie_in_half_precision_and_nothing_of_this_machine_in_the_files(exported: Path) -> None:
    onnx = pytest.importorskip("onnx")
    here = str(Path(lmnet_utils.__file__).parent).encode()
    for path in exported.glob("*.onnx"):
        kinds = {tensor.data_type for tensor in onnx.load(path).graph.initializer if np.prod(tensor.dims) > 1}
        assert kinds == {onnx.TensorProto.FLOAT16} or kinds == {onnx.TensorProto.FLOAT16, onnx.TensorProto.INT64}
        assert here not in path.read_bytes() and b".py" not in path.read_bytes()


def test_a_file_that_differs_from_pytorch_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "run_onnx", lambda path, values: [np.zeros((len(values), 2048, 3), np.float32)])
    with pytest.raises(ValueError, match="differs from PyTorch"):
        export.export_networks(tmp_path, images=2)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported_is_refused(tmp_path: Path, kit_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError, match="no trained autoencoder"):
        export.export_networks(tmp_path / "out", "nothing")
    monkeypatch.delenv("LMNET_TRAINED_MODELS")
    with pytest.raises(ValueError, match=r"encoder_chamfer cannot be exported"):
        export.export_networks(tmp_path / "out", encoders=["encoder_chamfer"])
    with pytest.raises(ValueError, match=r"has no encoder_x; it has autoencoder, encoder_l1"):
        export.export_networks(tmp_path / "out", encoders=["encoder_x"])
    monkeypatch.setattr(export, "PACKAGES", ("onnx", "no_such_package"))
    with pytest.raises(ModuleNotFoundError, match=r"needs no_such_package: pip install -e \.\[export\]"):
        export.export_networks(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_that_do_not_say_what_they_were_trained_on(tmp_path: Path, kit_folders: Path, networks) -> None:
    for name, network in networks.items():
        config, network.config = network.config, {k: v for k, v in network.config.items() if k != "training"}
        save_model(kit_folders / "trained_models" / "mine" / name, network)
        network.config = config
    with pytest.raises(ValueError, match="does not say what it was trained on"):
        export.export_networks(tmp_path / "out", "mine")
