"""Training of the strong variant on boxes: its three steps, what each starts from, and that a killed one ends the same."""

from __future__ import annotations

import json
import os
import signal

import numpy as np
import photograph_features
import pytest
import torch
import warm
from r2n2_tree import write_tree
from test_training import ENCODER, assert_same_weights, autoencoder_settings, encoder_settings, weights

from lmnet_utils.core import paths
from lmnet_utils.core.settings import SettingsError
from lmnet_utils.data import packs
from lmnet_utils.geometry.pointclouds import scaled_chamfer
from lmnet_utils.models import efficientnet, losses, networks, strong
from lmnet_utils.training import image_encoder, loop
from lmnet_utils.training.autoencoder import train_autoencoder

STRONG = {"architecture": "strong", "learning_rate": 1e-3, "batch_size": 8, "views_per_model": 6, "validation_views": 4}


@pytest.fixture
def boxes(kit_folders, monkeypatch):
    write_tree(kit_folders / "data" / "boxes", {"train": 6, "val": 2})
    photograph_features.install(kit_folders / "site", monkeypatch)
    yield kit_folders
    efficientnet.load_efficientnet.cache_clear()


def train(**changes) -> loop.TrainingResult:
    return image_encoder.train_image_encoder(encoder_settings(**{**STRONG, **changes}), progress=False)


def falls(result: loop.TrainingResult, to: float) -> bool:
    values = [row["loss"] for row in result.history if "loss" in row]
    return values[-1] < to * values[0]


def test_the_three_steps_learn_one_after_the_other(boxes):
    better = {"loss": "chamfer_emd", "epochs": 20, "learning_rate": 3e-3, "augment": False, "batch_size": 3}
    autoencoder = train_autoencoder(autoencoder_settings(**better), progress=False)
    assert falls(autoencoder, 0.7) and autoencoder.model.config["training"]["settings"]["loss"] == "chamfer_emd"
    frozen = weights("test", "autoencoder")
    matching = train(loss="l1", epochs=6)
    assert matching.directory.name == "encoder_strong_l1" and falls(matching, 0.8)
    decoder = {
        name: value for name, value in weights("test", "encoder_strong_l1").items() if name.startswith("decoder.")
    }
    assert_same_weights(decoder, {name: frozen[name] for name in decoder})

    final = train(loss="end_to_end", epochs=3, initial_weights=str(matching.directory))
    assert final.directory.name == "encoder_strong" and falls(final, 1.0)
    assert final.history[0]["validation_chamfer"] == pytest.approx(matching.best_validation, rel=1e-4)
    assert_same_weights(frozen, weights("test", "autoencoder"))
    found = weights("test", "encoder_strong")
    assert not torch.equal(found["decoder.fc3.weight"], frozen["decoder.fc3.weight"])
    assert torch.equal(found["decoder.bn1.running_var"], frozen["decoder.bn1.running_var"])
    pack, split = packs.open_pack("boxes"), packs.read_split("boxes")
    rows, views = np.repeat(pack.rows(split.val), 4), np.tile([0, 7, 15, 23], len(split.val))
    with torch.no_grad():  # what comes back is the kept epoch, and answers images
        clouds = final.model.decode(final.model(pack.images(rows, views)))
    score = scaled_chamfer(torch.from_numpy(np.array(pack.points_1024[rows])), clouds).mean().item()
    assert score == pytest.approx(final.best_validation, rel=1e-3)


def test_end_to_end_uses_the_loss_that_its_autoencoder_was_trained_with(boxes, monkeypatch):
    used = []
    plain = losses.autoencoder_loss
    monkeypatch.setattr(image_encoder, "autoencoder_loss", lambda a, b, kind: used.append(kind) or plain(a, b, kind))
    for kind in ("paper", "chamfer_emd"):
        train_autoencoder(autoencoder_settings(run=kind, loss=kind, epochs=1, batch_size=3), progress=False)
        train(run=kind, loss="end_to_end", epochs=1)
    assert used == ["paper"] * 4 + ["chamfer_emd"] * 4, "6 objects of 6 views in whole batches of 8"


def test_the_papers_encoder_goes_on_end_to_end_from_its_autoencoders_decoder(boxes):
    """What the ablation without photographs' features needs: L1's encoder has no decoder, so it begins with the autoencoder's."""
    train_autoencoder(autoencoder_settings(epochs=2, batch_size=3), progress=False)
    common = {"architecture": "port", "learning_rate": 1e-4, "epochs": 1}
    matching = train(loss="l1", **common)
    assert matching.model.decoder is None
    final = train(loss="end_to_end", initial_weights=str(matching.directory), **common)
    assert final.directory.name == "encoder_end_to_end" and isinstance(final.model.decoder, networks.PointCloudDecoder)
    assert final.history[0]["validation_chamfer"] == pytest.approx(matching.best_validation, rel=1e-4)


def test_mirrored_images_maps_go_with_mirrored_clouds(boxes, monkeypatch):
    train_autoencoder(autoencoder_settings(epochs=1, batch_size=3), progress=False)
    settings = encoder_settings(**STRONG, loss="end_to_end")
    data = loop.open_data(settings)
    targets = image_encoder.compute_targets(settings, data, torch.device("cpu"))
    asked = []

    def maps(self, rows, views, flip, photograph):
        asked.append((rows, flip))
        return torch.zeros(len(rows), strong.MAP_SIZE)

    monkeypatch.setattr(strong.FeatureMaps, "maps", maps)
    batches = image_encoder.ImageBatches(data, settings, targets, torch.device("cpu"))
    order = batches.order(1)
    for step in range(batches.steps):
        _, (_, clouds, _, _) = batches.load(order, 1, step)
        rows, flip = asked[-1]
        for row, flipped, cloud in zip(rows, flip, clouds, strict=True):
            sign = torch.tensor([1.0, 1.0, -1.0 if flipped else 1.0])
            assert torch.equal(cloud, torch.from_numpy(np.array(data.pack.points[row])) * sign)
    assert {bool(flipped) for _, flip in asked for flipped in flip} == {False, True}


def test_the_strong_variant_has_no_variant_ii():
    with pytest.raises(SettingsError, match="no Variant II"):
        encoder_settings(**STRONG, loss="probabilistic")


KILLED = """
import json, os, signal, sys, torch
from lmnet_utils.core.notebook_settings import EncoderSettings
from lmnet_utils.models import efficientnet
from lmnet_utils.training import image_encoder, loop
torch.set_num_threads(1)
loop.STATE_INTERVAL_S, efficientnet.WEIGHTS_HASH = 0.0, ""
saves, learn, save = int(sys.argv[2]), torch.optim.Adam.step, loop.Training._save_state


def save_and_count(training):
    global saves
    save(training)
    saves -= 1


def learn_or_die(*args, **options):
    found = learn(*args, **options)
    if saves == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return found


loop.Training._save_state, torch.optim.Adam.step = save_and_count, learn_or_die
image_encoder.train_image_encoder(EncoderSettings(**json.loads(sys.argv[1])), progress=False)
"""


def test_a_killed_training_with_dropout_ends_with_the_same_weights_bit_for_bit(boxes):
    train_autoencoder(autoencoder_settings(epochs=1, batch_size=3), progress=False)
    strong.open_features(
        packs.open_pack("boxes"), packs.open_pack("boxes").rows(packs.read_split("boxes").train), progress=False
    )
    settings = {
        **ENCODER,
        **STRONG,
        "loss": "l1",
        "epochs": 2,
        "autoencoder": str(paths.model_dir("test", "autoencoder")),
    }
    path = os.pathsep.join([str(boxes / "site"), os.environ.get("PYTHONPATH", ""), str(paths.project_root())])

    def start(run: str, saves: int = -1) -> int:
        arguments = (json.dumps({**settings, "run": run}), str(saves))
        return warm.Script(KILLED, *arguments, environment={**os.environ, "PYTHONPATH": path}).wait()[0]

    assert start("whole") == 0
    assert start("killed", saves=3) == -signal.SIGKILL
    assert start("killed") == 0
    assert_same_weights(weights("whole", "encoder_strong_l1"), weights("killed", "encoder_strong_l1"))
