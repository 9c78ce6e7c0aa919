"""Reconstruction, its determinism, and the predictions' files. Models have random weights; the pack is a small fake."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import pyvista
import torch

from lmnet_utils.models import inference, predictions, registry
from lmnet_utils.models.inference import Batching, Sampling
from lmnet_utils.models.latents import KeptLatents
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.weights import save_model


class FakePack:
    """What inference needs of a pack: three objects with four views."""

    views, dataset, hash = 4, "fake", "0123"

    def __init__(self):
        generator = np.random.default_rng(0)
        self.models = ["03001627/a", "03001627/b", "04256520/c"]
        self.points = generator.uniform(-0.5, 0.5, (3, 2048, 3)).astype(np.float32)
        self.azimuths = generator.uniform(0, 2 * np.pi, (3, 4)).astype(np.float32)
        self.pixels = torch.from_numpy(generator.integers(0, 256, (3, 4, 128, 128, 3)).astype(np.uint8))

    def rows(self, models):
        return np.array([self.models.index(model) for model in models], np.int64)

    def images(self, rows, views):
        return self.pixels[torch.as_tensor(rows), torch.as_tensor(views)].permute(0, 3, 1, 2)


@pytest.fixture(scope="module")
def pack():
    return FakePack()


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(0)
    autoencoder = PointCloudAutoencoder().eval()
    encoder = ImageEncoder(width=0.25).initialise().eval()
    variational = ImageEncoder(width=0.25, variational=True).initialise().eval()
    return autoencoder, encoder, variational


# ------------------------------------------------------------------------------------------------------------ models
def test_models_of_a_run_are_found_in_order(tmp_path, monkeypatch, networks):
    monkeypatch.setenv("LMNET_TRAINED_MODELS", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="no trained autoencoder.*notebooks 02 to 05.*none yet"):
        registry.find_networks("mine")
    for name in ("encoder_lambda_5.5", "encoder_lambda_0.5", "encoder_l2", "encoder_lambda_10", "encoder_l1"):
        save_model(tmp_path / "mine" / name, networks[2] if "lambda" in name else networks[1])
    with pytest.raises(FileNotFoundError, match="encoder_l1"):
        registry.find_networks("mine")
    save_model(tmp_path / "mine" / "autoencoder", networks[0])
    found = list(registry.find_networks("mine"))
    assert found[:3] == ["autoencoder", "encoder_l1", "encoder_l2"]
    assert found[3:] == ["encoder_lambda_0.5", "encoder_lambda_5.5", "encoder_lambda_10"]
    assert [registry.label(name) for name in found[:4]] == ["autoencoder", "L1", "L2", "λ = 0.5"]
    with pytest.raises(FileNotFoundError, match="choose a run that has one: mine"):
        registry.find_networks("other")


def test_names_of_models_say_seed_and_alpha():
    names = ["encoder_l1_seed2", "encoder_lambda_5.5_alpha_2_seed1", "encoder_lambda_0", "encoder_chamfer", "mine"]
    assert [registry.base_name(name) for name in names[:2]] == ["encoder_l1", "encoder_lambda_5.5_alpha_2"]
    assert [registry.info_of(name).seed for name in names] == [2, 1, 0, 0, 0]
    labels = ["L1, seed 2", "λ = 5.5, α = 2, seed 1", "λ = 0", "direct regression", "mine"]
    assert [registry.label(name) for name in names] == labels
    in_order = sorted(names, key=lambda name: registry.info_of(name).order)
    assert in_order == [names[0], names[3], names[2], names[1], names[4]]


def network_config(variational: bool = False, **settings) -> dict:
    config = {"kind": "image_encoder", "architecture": "port", "width": 0.25, "variational": variational}
    return config | ({"training": {"settings": settings}} if settings else {})


def test_what_a_network_is_stands_in_its_config_not_in_its_folders_name(tmp_path, monkeypatch, networks):
    """A folder may have any name: a converted Variant II stands among Variant II, a renamed L1 is still the L1 loss."""
    monkeypatch.setenv("LMNET_TRAINED_MODELS", str(tmp_path))
    configs = {
        "official_plm": network_config(True),  # converted: nobody says with which λ
        "mine": network_config(True, loss="probabilistic", diversity_weight=2.0, alpha=0.2, penalty_angle=30.0, seed=3),
        "encoder_l2": network_config(loss="l1", seed=0),  # a misleading name
        "official_lm": network_config(),
        "encoder_lambda_5.5": network_config(True),  # its name is all that there is
        "encoder_lambda_1": network_config(False),  # no Variant II, whatever it is called
        "encoder_l1_seed1": network_config(loss="l1", seed=1),
        "encoder_l1": network_config(loss="l1", seed=0),
        "autoencoder": {"kind": "autoencoder", "training": {"settings": {"loss": "paper", "seed": 0}}},
    }
    for name, config in configs.items():
        folder = tmp_path / "x" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "model.safetensors").write_bytes(b"not read")
    infos = [registry.read_info(folder) for folder in registry.find_networks("x").values()]
    assert {info.name: info.label for info in infos} == {
        "autoencoder": "autoencoder",
        "encoder_l1": "L1",
        "encoder_l1_seed1": "L1, seed 1",
        "encoder_l2": "l2 (L1)",
        "encoder_lambda_1": "lambda_1",
        "official_lm": "official_lm",
        "official_plm": "official_plm (Variant II)",
        "mine": "mine (λ = 2)",
        "encoder_lambda_5.5": "λ = 5.5",
    }
    assert [info.name for info in infos] == [
        "autoencoder", "encoder_l1", "encoder_l1_seed1", "encoder_l2", "encoder_lambda_1", "official_lm",
        "official_plm", "mine", "encoder_lambda_5.5",
    ]  # fmt: skip
    assert [info.name for info in infos if info.variational] == ["official_plm", "mine", "encoder_lambda_5.5"]
    assert registry.first_seeds(infos) == [info.name for info in infos if info.name != "encoder_l1_seed1"]
    own = next(info for info in infos if info.name == "mine")
    assert (own.diversity_weight, own.penalty_angle, own.seed, own.classes) == (2.0, 30.0, 3, "chair")


def test_an_encoder_with_a_decoder_of_its_own_is_decoded_by_it(pack, networks):
    torch.manual_seed(1)
    direct = ImageEncoder(width=0.25, decoder=True).initialise().eval()
    images = pack.images([0, 1], [0, 3])
    with torch.no_grad():
        expected = direct.decoder(direct(images))
        other = networks[0].decode(direct(images))
    torch.testing.assert_close(inference.reconstruct(networks[0], direct, images), expected)
    assert (expected - other).abs().max() > 0.01
    items = inference.items_of(pack, pack.models[:2], 1)
    [batch] = KeptLatents(pack).predict(networks[0], direct, items)
    torch.testing.assert_close(batch.points, inference.decode(direct, batch.latent))
    with pytest.raises(ValueError, match="carries no decoder"):
        networks[1].decode(batch.latent)


def test_load_networks_refuses_unknown_names(tmp_path, monkeypatch, networks):
    monkeypatch.setenv("LMNET_TRAINED_MODELS", str(tmp_path))
    save_model(tmp_path / "mine" / "autoencoder", networks[0])
    save_model(tmp_path / "mine" / "encoder_l1", networks[1])
    assert list(registry.load_networks("mine")) == ["autoencoder", "encoder_l1"]
    assert list(registry.load_networks("mine", ["autoencoder"])) == ["autoencoder"]
    with pytest.raises(ValueError, match="no encoder_l3; it has autoencoder, encoder_l1"):
        registry.load_networks("mine", ["encoder_l3"])


def test_another_split_of_the_same_data_set_is_warned_of():
    encoder = ImageEncoder(width=0.25)
    encoder.config["training"] = {"data": {"dataset": "freeshapes", "split": "60-20-20", "classes": "13"}}
    assert registry.info_of("L1", encoder).training == "freeshapes, split 60-20-20, classes 13"
    with pytest.warns(UserWarning, match="L1 was trained on split '60-20-20'"):
        registry.warn_of_leakage(encoder, "L1", "freeshapes", "official")
    registry.warn_of_leakage(encoder, "L1", "freeshapes", "60-20-20")  # no warning: an error in this suite otherwise
    registry.warn_of_leakage(encoder, "L1", "shapenet", "official")


def test_trained_classes_come_from_the_record(networks):
    _, encoder, variational = networks
    assert [registry.info_of("mine", network).classes for network in (encoder, variational)] == ["13", "chair"]
    other = ImageEncoder(width=0.25)
    other.config["training"] = {"data": {"classes": "3"}}
    assert registry.info_of("mine", other).classes == "3"


def test_classes_take_turns():
    models = ["1/b", "1/a", "2/c", "1/d", "3/e"]
    assert inference.spread_over_classes(models) == ["1/a", "2/c", "3/e", "1/b", "1/d"]


# ------------------------------------------------------------------------------------------------------ reconstruction
def test_reconstruct_is_decoder_of_encoder(networks, pack):
    autoencoder, encoder, variational = networks
    images = pack.images([0, 1, 2], [0, 1, 2])
    with torch.no_grad():
        expected = autoencoder.decode(encoder(images.float().contiguous()))
    clouds = inference.reconstruct(autoencoder, encoder, images)
    assert clouds.shape == (3, 2048, 3) and clouds.dtype == torch.float32
    torch.testing.assert_close(clouds, expected, rtol=1e-3, atol=1e-4)
    with torch.no_grad():
        mean, _ = variational(images.float())
        expected = autoencoder.decode(mean)
    torch.testing.assert_close(inference.reconstruct(autoencoder, variational, images), expected, rtol=1e-3, atol=1e-4)
    with pytest.raises(ValueError, match="deterministic"):
        inference.reconstruct(autoencoder, encoder, images, Sampling(2))
    with pytest.raises(ValueError, match=r"\(B, 3, 128, 128\)"):
        inference.reconstruct(autoencoder, encoder, images[:, :, :100])
    assert inference.reconstruct(autoencoder, encoder, images[:0]).shape == (0, 2048, 3)


def test_samples_depend_on_seed_and_image_only(networks, pack):
    autoencoder, _, variational = networks
    images = pack.images([0, 0, 1, 2, 2], [0, 1, 2, 3, 0])

    def samples(batch, seed=7, batch_size=64, indices=None):
        batching = Batching(batch_size)
        return inference.reconstruct(
            autoencoder, variational, batch, Sampling(3, seed), indices=indices, batching=batching
        )

    whole = samples(images, batch_size=5)
    assert whole.shape == (5, 3, 2048, 3)
    torch.testing.assert_close(samples(images, batch_size=2), whole, rtol=1e-3, atol=1e-4)
    alone = samples(images[3:4], indices=[3])
    torch.testing.assert_close(alone[0], whole[3], rtol=1e-3, atol=1e-4)
    assert not torch.allclose(samples(images, seed=8), whole, atol=1e-3)
    assert torch.equal(samples(images, batch_size=5), whole)  # the same call, bit for bit


def test_sampled_latents_have_the_stated_law():
    mean, log_variance = torch.tensor([[1.0, -2.0]]), torch.log(torch.tensor([[0.25, 9.0]]))
    latents = inference.sample_latents(mean, log_variance, 20_000, seed=1)
    assert latents.shape == (1, 20_000, 2)
    torch.testing.assert_close(latents.mean(1), mean, atol=0.08, rtol=0)
    torch.testing.assert_close(latents.std(1), torch.tensor([[0.5, 3.0]]), atol=0, rtol=0.03)
    fewer = inference.sample_latents(mean, log_variance, 10, seed=1)
    assert torch.equal(fewer, latents[:, :10])  # asking for more samples keeps the first ones
    assert torch.equal(inference.sample_latents(mean, torch.full((1, 2), -1e9), 1)[:, 0], mean)
    with pytest.raises(ValueError, match="indices"):
        inference.sample_latents(mean, log_variance, 1, indices=[1, 2])


def test_bf16_stays_close(networks, pack):
    mean, _ = inference.encode_images(networks[1], pack.images([0, 1], [0, 0]))
    half, _ = inference.encode_images(networks[1], pack.images([0, 1], [0, 0]), precision="bf16")
    assert half.dtype == torch.float32
    assert (half - mean).abs().mean() < 0.05 * mean.abs().mean()


# -------------------------------------------------------------------------------------------------- over a data set
def test_items_begin_with_different_objects(pack):
    items = inference.items_of(pack, ["04256520/c", "03001627/a"], views=2)
    assert [(item.model, item.view) for item in items] == [
        ("04256520/c", 0), ("03001627/a", 0), ("04256520/c", 1), ("03001627/a", 1),
    ]  # fmt: skip
    assert items[2].azimuth == pytest.approx(np.degrees(pack.azimuths[2, 1]))
    assert len({item.noise_index for item in items}) == 4
    assert len(inference.items_of(pack, pack.models)) == 12
    with pytest.raises(ValueError, match="views=5"):
        inference.items_of(pack, pack.models, views=5)


def test_samples_do_not_depend_on_the_subset(networks, pack):
    autoencoder, _, variational = networks
    every = inference.items_of(pack, pack.models)
    first = next(KeptLatents(pack).predict(autoencoder, variational, every, Sampling(2, seed=3)))
    last = next(KeptLatents(pack).predict(autoencoder, variational, every[5:7], Sampling(2, seed=3)))
    torch.testing.assert_close(last.samples, first.samples[5:7], rtol=1e-3, atol=1e-4)
    assert torch.equal(first.images, pack.images(first.rows, [item.view for item in every]))
    own = next(KeptLatents(pack).predict(autoencoder, None, every[:3]))
    with torch.no_grad():
        torch.testing.assert_close(own.points, autoencoder(torch.from_numpy(pack.points)), rtol=1e-3, atol=1e-4)
    assert own.samples is None


# ------------------------------------------------------------------------------------------------------------- files
def written(folder, autoencoder, encoder, pack, items, sampling=Sampling(), batching=Batching()):
    """The predictions of some images as files, read again."""
    with predictions.PredictionWriter(folder) as writer:
        for batch in KeptLatents(pack, batching=batching).predict(autoencoder, encoder, items, sampling):
            writer.write(batch, pack.points[batch.rows])
    return predictions.read_predictions(folder)


def test_files_as_the_port_names_them(networks, pack, tmp_path):
    autoencoder, _, variational = networks
    folder = tmp_path / "predictions" / "encoder_lambda_5.5"
    items = inference.items_of(pack, pack.models, views=2)
    read = written(folder, autoencoder, variational, pack, items, sampling=Sampling(2, seed=1), batching=Batching(4))
    assert len(read) == 6
    image = np.load(folder / "gt/image/image_4.npy")
    assert image.shape == (1, 3, 128, 128) and image.dtype == np.float32 and image.max() > 200
    np.testing.assert_array_equal(image[0], pack.images([1], [1])[0].numpy())
    assert np.load(folder / "gt/pointcloud/pointcloud_4.npy").shape == (1, 2048, 3)
    for name in ("inference_4", "inference_4_0", "inference_4_1"):
        cloud = np.load(folder / f"pred/{name}.npy")
        assert cloud.shape == (1, 2048, 3) and cloud.dtype == np.float32
        np.testing.assert_array_equal(pyvista.read(folder / f"pred/{name}.ply").points, cloud[0])
    rows = list(csv.DictReader(open(folder / "index.csv")))
    assert list(rows[4]) == ["i", "synset", "model", "view", "azimuth"]
    assert (rows[4]["i"], rows[4]["synset"], rows[4]["model"], rows[4]["view"]) == ("4", "03001627", "b", "1")
    assert float(rows[4]["azimuth"]) == pytest.approx(np.degrees(pack.azimuths[1, 1]), abs=1e-5)

    expected = inference.reconstruct(autoencoder, variational, pack.images([1], [1]))
    np.testing.assert_allclose(read.prediction(4), expected[0], rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(read.ground_truth(4), pack.points[1])
    np.testing.assert_array_equal(read.image(4), pack.pixels[1, 1].numpy())
    assert read.samples(4).shape == (2, 2048, 3) and read.items[4].model == "03001627/b"
    assert read.find(inference.Item("04256520/c", 1, 0.0)) == 5 and read.find(inference.Item("x/y", 0, 0.0)) is None
    assert read.of_model("03001627/b") == 1 and read.first(9, "03001627") == [0, 1, 3, 4]
    with pytest.raises(IndexError, match="0 to 5"):
        read.image(6)


def test_views_from_behind_and_from_the_front(tmp_path):
    items = [inference.Item("03001627/a", view, azimuth) for view, azimuth in enumerate([10, 170, 300, 200, 355])]
    found = predictions.Predictions(tmp_path, items)
    assert found.back_and_front(4) == [1, 3, 4, 0]
    assert found.back_and_front(3) == [1, 3, 4]
    assert sorted(found.back_and_front(9)) == [0, 1, 2, 3, 4]


def test_all_predictions_of_a_run(networks, pack, tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no predictions. Run notebook 06"):
        predictions.read_all_predictions(tmp_path)
    items = inference.items_of(pack, pack.models[:1], views=1)
    for name in ("encoder_lambda_10", "encoder_lambda_0.5", "autoencoder"):
        written(tmp_path / name, networks[0], None, pack, items)
    assert list(predictions.read_all_predictions(tmp_path)) == [
        "autoencoder",
        "encoder_lambda_0.5",
        "encoder_lambda_10",
    ]


def test_a_second_set_replaces_the_first_and_a_failed_one_leaves_it(networks, pack, tmp_path):
    autoencoder, encoder, _ = networks
    folder = tmp_path / "encoder_l1"
    written(folder, autoencoder, encoder, pack, inference.items_of(pack, pack.models, views=2))
    items = inference.items_of(pack, pack.models, 1)
    batch = next(KeptLatents(pack).predict(autoencoder, encoder, items))
    with pytest.raises(RuntimeError), predictions.PredictionWriter(folder) as writer:
        writer.write(batch, pack.points)
        raise RuntimeError
    assert len(predictions.read_predictions(folder)) == 6
    with predictions.PredictionWriter(folder, ply=False) as writer:
        writer.write(batch, pack.points)
    assert len(predictions.read_predictions(folder)) == 3
    assert sorted(path.name for path in (folder / "pred").iterdir()) == [f"inference_{i}.npy" for i in range(3)]
    assert [path.name for path in tmp_path.iterdir()] == ["encoder_l1"]


def test_missing_and_foreign_folders_say_so(networks, pack, tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist. Run notebook 06"):
        predictions.read_predictions(tmp_path / "nothing")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileNotFoundError, match="no index.csv"):
        predictions.read_predictions(tmp_path)
    with pytest.raises(FileExistsError, match="no index.csv"):
        predictions.PredictionWriter(tmp_path)
    (tmp_path / "index.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="expected the columns i, synset"):
        predictions.read_predictions(tmp_path)
    folder = tmp_path / "predictions"
    items = inference.items_of(pack, pack.models[:1], views=1)
    read = written(folder, networks[0], networks[1], pack, items)
    np.save(folder / "pred/inference_0.npy", np.zeros((2048, 3), np.float32))
    with pytest.raises(ValueError, match=r"expected float32 \(1, 2048, 3\), found float32 \(2048, 3\)"):
        read.prediction(0)
    (folder / "pred/inference_0.npy").unlink()
    with pytest.raises(ValueError, match="inference_0.npy is listed and missing"):
        predictions.read_predictions(folder)


def test_ply_is_what_other_readers_read(tmp_path):
    points = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    path = predictions.write_ply(tmp_path / "a.ply", points)
    np.testing.assert_array_equal(pyvista.read(path).points, points)
    assert [file.name for file in tmp_path.iterdir()] == ["a.ply"], "the temporary file is gone"
    # the bytes by hand: one point, little endian
    content = predictions.write_ply(tmp_path / "b.ply", np.array([[1.0, 0.0, -2.0]])).read_bytes()
    assert content.startswith(b"ply\nformat binary_little_endian 1.0\n")
    assert content.endswith(b"property float z\nend_header\n\x00\x00\x80\x3f\x00\x00\x00\x00\x00\x00\x00\xc0")
    for shape in ((2, 2), (6,)):
        with pytest.raises(ValueError, match=r"\(N, 3\)"):
            predictions.write_ply(path, np.zeros(shape))
    np.testing.assert_array_equal(pyvista.read(path).points, points)
