"""Models that know objects in another frame: turned exactly, found by what the autoencoder knows, left alone where it fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from r2n2_tree import write_shapenet

from lmnet_utils.data import layout, packs
from lmnet_utils.geometry import frames
from lmnet_utils.geometry.frames import file_from_y_up, y_up_from_file
from lmnet_utils.models import inference, orientation
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder


def random_autoencoder(seed: int = 0) -> PointCloudAutoencoder:
    torch.manual_seed(seed)
    return PointCloudAutoencoder().eval()


def turned(points: np.ndarray, yaw: int) -> np.ndarray:
    """About the vertical, written out by angles; 90 brings +z (of the upright frame) to +x."""
    a = np.radians(yaw)
    x, y, z = np.moveaxis(y_up_from_file(points.astype(np.float64)), -1, 0)
    upright = np.stack([np.cos(a) * x + np.sin(a) * z, y, -np.sin(a) * x + np.cos(a) * z], -1)
    return file_from_y_up(upright).astype(np.float32)


@pytest.mark.parametrize("yaw", frames.YAWS)
def test_a_turned_model_is_the_model_between_two_turns(yaw: int) -> None:
    points = np.random.default_rng(0).normal(size=(2, 300, 3)).astype(np.float32)
    before, model = random_autoencoder(), random_autoencoder()
    with torch.no_grad():
        for one in (before, model):
            one.decoder.fc3.bias.normal_(generator=torch.Generator().manual_seed(1))
        latent = before.encode(torch.from_numpy(turned(points, yaw)))
        cloud = before.decode(latent).numpy()
        orientation.turn_model(model, yaw)
        torch.testing.assert_close(model.encode(torch.from_numpy(points)), latent, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(model.decode(latent).numpy(), turned(cloud, -yaw), rtol=1e-4, atol=1e-5)


def test_a_full_turn_in_quarters_changes_no_bit() -> None:
    model = random_autoencoder()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for _ in range(4):
        orientation.turn_model(model, 90)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_only_a_decoder_of_its_own_turns_with_an_image_encoder() -> None:
    torch.manual_seed(0)
    direct, matching = ImageEncoder("port", 0.25, decoder=True).eval(), ImageEncoder("port", 0.25).eval()
    latent = torch.randn(3, 512)
    with torch.no_grad():
        before = direct.decode(latent).numpy()
        for encoder in (direct, matching):
            weights = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
            orientation.turn_model(encoder, 270)
            same = {name for name, tensor in encoder.state_dict().items() if torch.equal(tensor, weights[name])}
            assert set(weights) - same == ({"decoder.fc3.weight", "decoder.fc3.bias"} if encoder is direct else set())
        np.testing.assert_allclose(direct.decode(latent).numpy(), turned(before, 90), rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory):
    """Chairs and airplanes in the renderings' frame."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMNET_DATA", str(folder))
        write_shapenet(folder / "shapenet", {"airplane": 4, "chair": 4})
        layout.settle_frame("shapenet", 90)
        yield packs.open_pack("shapenet", progress=False)


@pytest.fixture(scope="module")
def trained(pack) -> PointCloudAutoencoder:
    """An autoencoder that has learnt these eight objects, as far as two hundred steps go."""
    torch.manual_seed(0)
    model = PointCloudAutoencoder()
    optimiser = torch.optim.Adam(model.parameters(), 2e-3)
    points = torch.from_numpy(np.array(pack.points[:, :256]))
    target = points[:, torch.arange(2048) % 256]
    for _ in range(200):  # order carries over: point i of the answer is to be point i of the cloud, an easy loss
        optimiser.zero_grad()
        (model(points) - target).square().mean().backward()
        optimiser.step()
    return model.eval()


def copy(model: PointCloudAutoencoder, yaw: int = 0, **data: str) -> PointCloudAutoencoder:
    """The model as another project would have trained it, on clouds that are turned by ``yaw``."""
    other = PointCloudAutoencoder().eval()
    other.load_state_dict(model.state_dict())
    orientation.turn_model(other, -yaw % 360)
    other.config = {"kind": "autoencoder", "training": {"data": data}} if data else {"kind": "autoencoder"}
    return other


@pytest.mark.parametrize("yaw", [90, 180, 270])
def test_a_model_of_another_frame_is_found_and_turned(yaw: int, pack, trained, capsys) -> None:
    """As published weights are: of the same data set by name, yet of its files' frame. The encoders stay as they are."""
    model, encoder = copy(trained, yaw, dataset="shapenet", split="port"), ImageEncoder("port", 0.25).eval()
    networks = {"autoencoder": model, "encoder_l1": encoder}
    before = orientation.yaw_errors(model, pack.points[:])
    assert orientation.match_frame(networks, pack, pack.models) == yaw
    assert f"turned by {yaw}°" in capsys.readouterr().out
    after, right = orientation.yaw_errors(model, pack.points[:]), orientation.yaw_errors(trained, pack.points[:])
    assert after == pytest.approx(right, rel=1e-3) and after[0] < 0.6 * before[0]
    latent = torch.randn(2, 512)
    torch.testing.assert_close(inference.decode(model, latent), inference.decode(trained, latent))


def test_a_model_of_this_frame_is_left_alone(pack, trained, capsys) -> None:
    weights = trained.state_dict()["decoder.fc3.weight"].clone()
    assert orientation.match_frame({"autoencoder": copy(trained)}, pack, pack.models) == 0
    assert torch.equal(trained.state_dict()["decoder.fc3.weight"], weights)
    own = copy(
        trained, 90, dataset="shapenet", pack_hash="of some day"
    )  # trained here: whatever it knows, it knows of this data
    assert orientation.match_frame({"autoencoder": own}, pack, pack.models) == 0
    assert orientation.match_frame({"autoencoder": copy(trained, 90)}, pack, []) == 0
    assert capsys.readouterr().out == ""


def test_a_doubtful_frame_is_not_turned() -> None:
    assert orientation.best_yaw({0: 10.0, 90: 9.5, 180: 11.0, 270: 12.0}) == 0
    assert orientation.best_yaw({0: 10.0, 90: 7.0, 180: 6.0, 270: 12.0}) == 180


def test_a_training_on_published_latents_sees_them_in_its_own_frame(
    pack, trained, kit_folders: Path, monkeypatch
) -> None:
    """A frozen autoencoder of another frame gives the latents that it would give in its own."""
    from lmnet_utils.training.image_encoder import compute_latents

    other = copy(trained, 90)
    expected, _ = compute_latents(trained, pack, np.arange(8))
    assert not torch.allclose(compute_latents(other, pack, np.arange(8))[0], expected, atol=1e-2)
    orientation.match_frame({"autoencoder": other}, pack, pack.models)
    torch.testing.assert_close(compute_latents(other, pack, np.arange(8))[0], expected, rtol=1e-4, atol=1e-4)
