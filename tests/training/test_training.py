"""Training: killed and resumed equals uninterrupted, best epoch, divergence, initial weights, learning."""

from __future__ import annotations

import contextlib
import json
import signal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import warm
from r2n2_tree import write_tree
from safetensors.torch import load_file

from lmnet_utils.core import cache, notebook_settings, paths
from lmnet_utils.data import packs
from lmnet_utils.geometry.pointclouds import scaled_chamfer
from lmnet_utils.models import networks
from lmnet_utils.training import autoencoder, image_encoder, loop, optimiser
from lmnet_utils.training.autoencoder import train_autoencoder

AUTOENCODER = {
    "run": "test", "dataset": "boxes", "split": "official", "classes": "13", "seed": 0, "device": "cpu",
    "precision": "fp32", "epochs": 3, "batch_size": 4, "learning_rate": 1e-3, "schedule": "one_cycle", "augment": True,
    "initial_weights": None, "weight_decay": 0.0, "loss": "paper", "input_points": 256,
}  # fmt: skip
ENCODER = {
    "run": "test", "dataset": "boxes", "split": "official", "classes": "13", "seed": 0, "device": "cpu",
    "precision": "fp32", "epochs": 2, "batch_size": 8, "learning_rate": 3e-4, "schedule": "one_cycle", "augment": True,
    "initial_weights": None, "architecture": "port", "width": 0.25, "loss": "l1", "weight_decay_conv": 0.0,
    "weight_decay_fc": 0.0, "views_per_model": 4, "autoencoder": None,
}  # fmt: skip


@pytest.fixture
def boxes(kit_folders: Path) -> Path:
    write_tree(kit_folders / "data" / "boxes", {"train": 8, "val": 3, "test": 3})
    return kit_folders


def weights(run: str, model: str) -> dict[str, torch.Tensor]:
    return load_file(paths.model_dir(run, model) / "model.safetensors")


def assert_same_weights(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


def autoencoder_settings(**changes) -> notebook_settings.AutoencoderSettings:
    return notebook_settings.AutoencoderSettings(**{**AUTOENCODER, **changes})


def encoder_settings(**changes) -> notebook_settings.EncoderSettings:
    return notebook_settings.EncoderSettings(**{**ENCODER, **changes})


KILLED = """
import json, os, signal, sys, torch
from lmnet_utils.core.notebook_settings import AutoencoderSettings, EncoderSettings
from lmnet_utils.training import autoencoder, image_encoder, loop
torch.set_num_threads(1)
loop.STATE_INTERVAL_S = 0.0  # a state after every step
kind, settings, saves = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
save, learn = loop.Training._save_state, torch.optim.Adam.step


def save_and_count(training):
    global saves
    save(training)
    saves -= 1


def learn_or_die(*args, **options):  # the weights have changed, the state has not yet
    found = learn(*args, **options)
    if saves == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return found


loop.Training._save_state, torch.optim.Adam.step = save_and_count, learn_or_die
if kind == "autoencoder":
    autoencoder.train_autoencoder(AutoencoderSettings(**settings), progress=False)
else:
    image_encoder.train_image_encoder(EncoderSettings(**settings), progress=False)
print("finished", flush=True)
"""


@pytest.mark.parametrize("kind", ["autoencoder", "encoder"])
def test_sigkill_and_resume_ends_with_the_same_weights_bit_for_bit(kind, boxes):
    if kind == "autoencoder":
        name, base = "autoencoder", {**AUTOENCODER, "epochs": 5}
    else:
        train_autoencoder(autoencoder_settings(epochs=1), progress=False)
        name = "encoder_lambda_0.5"
        base = {**ENCODER, "loss": "probabilistic", "diversity_weight": 0.5, "epochs": 4,
                "autoencoder": str(paths.model_dir("test", "autoencoder"))}  # fmt: skip

    def start(run: str, saves: int = -1) -> tuple[int, str]:
        return warm.run_script(KILLED, kind, json.dumps({**base, "run": run}), str(saves))

    whole_status, whole_said = start("whole")
    killed_in = []
    for _ in range(2):  # killed twice, each time within a step, some steps further on
        assert start("killed", saves=3)[0] == -signal.SIGKILL, "it ended before it was killed"
        saved = torch.load(paths.model_dir("killed", name) / "training_state.pt", weights_only=True)["state"]
        killed_in.append((saved["epoch"], saved["step"]))
    assert killed_in[0] < killed_in[1], killed_in
    status, said = start("killed")
    assert "going on in epoch" in said and status == 0, said
    assert "finished" in whole_said and whole_status == 0, whole_said
    assert_same_weights(weights("whole", name), weights("killed", name))
    histories = [json.loads((paths.model_dir(run, name) / "metrics.json").read_text()) for run in ("whole", "killed")]
    rows = [[{**row, "seconds": 0} for row in history["results"]["history"]] for history in histories]
    assert rows[0] == rows[1] and len(rows[0]) == base["epochs"]
    left = {p.name for p in paths.model_dir("killed", name).iterdir()}
    assert left == {"model.safetensors", "config.json", "metrics.json", "tensorboard"}


def test_the_kept_weights_are_those_of_the_best_validation_epoch(boxes):
    result = train_autoencoder(autoencoder_settings(epochs=6, learning_rate=5e-3), progress=False)
    curve = {row["epoch"]: row["validation_chamfer"] for row in result.history}
    assert result.best_epoch == min(curve, key=curve.get)
    pack, split = packs.open_pack("boxes"), packs.read_split("boxes")
    rows = pack.rows(split.val)
    with torch.no_grad():
        clouds = result.model(torch.from_numpy(np.array(pack.points[rows])))
    again = scaled_chamfer(torch.from_numpy(np.array(pack.points_1024[rows])), clouds).mean().item()
    assert again == pytest.approx(curve[result.best_epoch], rel=1e-5)
    assert not result.model.training


def test_autoencoder_and_encoders_learn_the_boxes(kit_folders):
    """Without a validation set the last epoch is kept: with one, the first might be, whose latents teach nothing."""
    write_tree(kit_folders / "data" / "boxes", {"train": 8, "test": 3})
    autoencoder = train_autoencoder(autoencoder_settings(epochs=30, learning_rate=3e-3, augment=False), progress=False)
    assert autoencoder.history[-1]["loss"] < 0.6 * autoencoder.history[0]["loss"]
    common = {"learning_rate": 5e-4, "batch_size": 4, "augment": False, "diversity_weight": 5.5}
    for loss, epochs in (("l1", 14), ("l2", 9), ("probabilistic", 6)):
        result = image_encoder.train_image_encoder(encoder_settings(loss=loss, epochs=epochs, **common), progress=False)
        losses = [row["loss"] for row in result.history]
        assert losses[-1] < 0.6 * losses[0], (loss, losses)
        assert result.directory.name == {"probabilistic": "encoder_lambda_5.5"}.get(loss, f"encoder_{loss}")
        assert result.model.config["training"]["settings"]["loss"] == loss


def test_direct_regression_learns_with_its_own_decoder_and_with_the_frozen_one(boxes):
    train_autoencoder(autoencoder_settings(epochs=12, learning_rate=3e-3, augment=False), progress=False)
    frozen = weights("test", "autoencoder")
    results = {}
    for loss in ("chamfer", "chamfer_frozen"):
        results[loss] = image_encoder.train_image_encoder(
            encoder_settings(loss=loss, epochs=5, batch_size=4, augment=False, learning_rate=1e-3), progress=False
        )
        losses = [row["loss"] for row in results[loss].history]
        assert losses[-1] < (0.5 if loss == "chamfer" else 0.9) * losses[0], (loss, losses)
        assert results[loss].directory.name == f"encoder_{loss}"
    assert_same_weights(frozen, weights("test", "autoencoder"))
    assert results["chamfer_frozen"].model.decoder is None and "autoencoder" not in results["chamfer"].data
    own = results["chamfer"].model
    pack, split = packs.open_pack("boxes"), packs.read_split("boxes")
    rows = np.repeat(pack.rows(split.val), pack.views)
    with torch.no_grad():  # the kept epoch's score is that of the encoder's own decoder
        clouds = own.decode(own(pack.images(rows, np.tile(np.arange(pack.views), len(split.val)))))
    score = scaled_chamfer(torch.from_numpy(np.array(pack.points_1024[rows])), clouds).mean().item()
    assert score == pytest.approx(results["chamfer"].best_validation, rel=1e-4)


def test_direct_regression_needs_no_autoencoder_and_pairs_flipped_images_with_mirrored_clouds(boxes, monkeypatch):
    pack, split = packs.open_pack("boxes"), packs.read_split("boxes")
    noise = torch.randint(
        0, 256, (len(pack.models), pack.views, 3, 128, 128), dtype=torch.uint8
    )  # no image is symmetric
    monkeypatch.setattr(packs.Pack, "images", lambda self, rows, views: noise[rows, views])
    seen, targets = [], []
    forward = networks.ImageEncoder.forward
    monkeypatch.setattr(networks.ImageEncoder, "forward", lambda self, x: seen.append(x.clone()) or forward(self, x))

    def loss(truth, prediction):
        targets.append(truth)
        return prediction.square().mean()

    monkeypatch.setattr(image_encoder, "direct_regression_loss", loss)
    monkeypatch.setattr(image_encoder, "score_encoder", lambda *arguments: np.array([1.0]))
    image_encoder.train_image_encoder(encoder_settings(loss="chamfer", epochs=1), progress=False)
    rows = pack.rows(split.train)
    kinds = set()
    for image, target in zip(torch.cat(seen), torch.cat(targets), strict=True):
        [(row, flipped)] = [
            (row, flipped)
            for row in rows
            for flipped in (False, True)
            if (noise[row] == (image.flip(-1) if flipped else image)).flatten(1).all(1).any()
        ]
        cloud = torch.from_numpy(np.array(pack.points[row]))
        assert torch.equal(target, cloud * torch.tensor([1.0, 1.0, -1.0 if flipped else 1.0]))
        kinds.add(flipped)
    assert kinds == {False, True}


def test_validation_scores_as_many_views_as_the_settings_say(boxes):
    data, model = loop.open_data(encoder_settings()), networks.ImageEncoder(width=0.25, decoder=True)
    training = SimpleNamespace(data=data, model=model, device="cpu", autocast=contextlib.nullcontext, check=id)
    for views, expected in ((None, data.pack.views), (1, 1), (5, 5), (1000, data.pack.views)):
        training.settings = encoder_settings(validation_views=views)
        assert len(image_encoder.score_encoder(training, model)) == expected * len(data.split.val)


def test_models_are_named_by_loss_weight_alpha_and_seed():
    names = {
        "encoder_l1": {},
        "encoder_l2_seed2": {"loss": "l2", "seed": 2},
        "encoder_chamfer_frozen_seed1": {"loss": "chamfer_frozen", "seed": 1},
        "encoder_lambda_5.5": {"loss": "probabilistic", "diversity_weight": 5.5},
        "encoder_lambda_0_alpha_2_seed1": {"loss": "probabilistic", "alpha": 2.0, "seed": 1},
    }
    for name, changes in names.items():
        assert encoder_settings(**changes).model_name == name


def test_a_finished_training_is_loaded_and_other_settings_train_anew(boxes, capsys):
    first = train_autoencoder(autoencoder_settings(), progress=False)
    changed = (paths.model_dir("test", "autoencoder") / "model.safetensors").stat().st_mtime_ns
    again = train_autoencoder(autoencoder_settings(), progress=False)
    assert "trained with these settings already" in capsys.readouterr().out
    assert again.history == first.history
    assert (paths.model_dir("test", "autoencoder") / "model.safetensors").stat().st_mtime_ns == changed
    train_autoencoder(autoencoder_settings(seed=1), progress=False)
    assert (paths.model_dir("test", "autoencoder") / "model.safetensors").stat().st_mtime_ns != changed


def test_a_fix_in_a_loss_trains_anew_and_says_so(boxes, capsys, monkeypatch):
    settings = autoencoder_settings(epochs=1)
    train_autoencoder(settings, progress=False)
    record = json.loads((paths.model_dir("test", "autoencoder") / "metrics.json").read_text())
    assert record["versions"] == cache.versions("training") and {"losses", "pack", "networks"} <= set(
        record["versions"]
    )
    capsys.readouterr()
    for part, anew in (
        ("statistics", False),
        ("rendering", False),
        ("losses", True),
        ("geometry", True),
        ("pack", True),
    ):
        monkeypatch.setitem(cache.VERSIONS, part, cache.VERSIONS[part] + 1)
        train_autoencoder(settings, progress=False)
        said = capsys.readouterr().out
        assert ("trained with these settings already" in said) is not anew
        assert (f"was trained with other code ({part} 1 → 2): training anew" in said) is anew


def test_a_training_without_recorded_versions_is_trained_anew_but_serves_as_initial_weights(boxes, capsys):
    settings = autoencoder_settings(epochs=1)
    first = train_autoencoder(settings, progress=False)
    file = first.directory / "metrics.json"
    record = json.loads(file.read_text())
    del record["versions"]
    record["results"]["finished"] = "0" * 64  # as it was written before there were versions
    file.write_text(json.dumps(record))
    before = {path.name: path.read_bytes() for path in first.directory.iterdir() if path.is_file()}
    second = autoencoder_settings(run="second", epochs=1, initial_weights=str(first.directory))
    result = train_autoencoder(second, progress=False)
    assert result.history[0]["validation_chamfer"] == pytest.approx(first.best_validation)
    assert before == {path.name: path.read_bytes() for path in first.directory.iterdir() if path.is_file()}
    capsys.readouterr()
    train_autoencoder(settings, progress=False)
    assert "was trained with other code (not recorded then): training anew" in capsys.readouterr().out


def test_initial_weights_are_the_first_candidate(boxes, monkeypatch):
    first = train_autoencoder(autoencoder_settings(), progress=False)
    second = autoencoder_settings(run="second", initial_weights=str(first.directory))
    result = train_autoencoder(second, progress=False)
    assert result.history[0]["epoch"] == 0
    assert result.history[0]["validation_chamfer"] == pytest.approx(first.best_validation)
    scores = iter([1.0, 2.0, 3.0, 4.0])  # a training that only makes it worse
    monkeypatch.setattr(autoencoder, "score_autoencoder", lambda *arguments: np.array([next(scores)]))
    third = autoencoder_settings(run="third", initial_weights=str(first.directory))
    result = train_autoencoder(third, progress=False)
    assert result.best_epoch == 0 and len(result.history) == 4
    assert_same_weights(weights("test", "autoencoder"), weights("third", "autoencoder"))


def test_a_network_of_the_readers_own_is_trained_and_comes_back_with_its_kept_weights(boxes):
    class Mean(torch.nn.Module):  # the cloud's mean through one layer: no network of the kit
        def __init__(self):
            super().__init__()
            self.config = {"kind": "autoencoder"}
            self.layer = torch.nn.Linear(3, 2048 * 3)

        def forward(self, points):
            return self.layer(points.mean(1)).view(-1, 2048, 3)

    settings = autoencoder_settings(epochs=2)
    data, model = loop.open_data(settings), Mean()
    with loop.Training(model, settings, data, name="autoencoder", progress=False) as training:
        batches = autoencoder.CloudBatches(data, settings, training.device)
        for _ in training.epochs():
            for clouds, shown in training.batches(batches):
                training.step(autoencoder.autoencoder_loss(clouds, model(clouds[:, shown]), settings.loss))
            # The second epoch is the worse one by decree: the first one's weights have to come back.
            training.validate(np.full(3, float(training.epoch)))
            if training.epoch == 1:
                kept = {name: value.clone() for name, value in model.state_dict().items()}
    result = training.result()
    assert type(result.model) is Mean and result.best_epoch == 1 and not result.model.training
    assert_same_weights(result.model.state_dict(), kept)


def test_divergence_stops_with_the_batch_named(boxes):
    with pytest.raises(loop.DivergedError, match=r"epoch \d+, step \d+ \(batch of 4: 03001627/train"):
        train_autoencoder(autoencoder_settings(learning_rate=1e30, epochs=9, schedule="constant"), progress=False)


def test_latents_are_those_of_the_autoencoder_and_mirroring_is_exact(boxes):
    torch.manual_seed(0)
    model = networks.PointCloudAutoencoder().eval()
    pack = packs.open_pack("boxes")
    rows = np.array([4, 1])
    straight, mirrored = image_encoder.compute_latents(model, pack, rows, mirrored=True, batch=1)
    clouds = torch.from_numpy(np.array(pack.points[rows]))
    with torch.no_grad():
        torch.testing.assert_close(straight, model.encode(clouds))
        clouds[..., 2] = -clouds[..., 2]
        torch.testing.assert_close(mirrored, model.encode(clouds))


def test_latents_are_computed_once_for_all_trainings_with_the_same_autoencoder(boxes, monkeypatch):
    torch.manual_seed(0)
    model, pack, rows = networks.PointCloudAutoencoder().eval(), packs.open_pack("boxes"), np.array([4, 1, 2])
    first = image_encoder.compute_latents(model, pack, rows, mirrored=True, keep=True)
    encode, asked = model.encode, []
    monkeypatch.setattr(model, "encode", lambda clouds: (asked.append(len(clouds)), encode(clouds))[1])
    again = image_encoder.compute_latents(model, pack, rows, mirrored=True, keep=True)
    assert all(torch.equal(*both) for both in zip(first, again, strict=True)) and not asked
    straight, mirrored = image_encoder.compute_latents(model, pack, rows[:2], keep=True)
    assert asked == [2] and mirrored is None, "of other objects they are others"
    torch.testing.assert_close(straight, first[0][:2])
    with torch.no_grad():
        next(model.parameters()).mul_(1.5)
    assert not torch.allclose(image_encoder.compute_latents(model, pack, rows, keep=True)[0], first[0])


def test_settings_refuse_wrong_names_types_and_values():
    with pytest.raises(ValueError, match="epochs: expected a whole number, found '3'"):
        autoencoder_settings(epochs="3")
    with pytest.raises(ValueError, match="augment: expected True or False, found 1"):
        autoencoder_settings(augment=1)
    with pytest.raises(ValueError, match="epoch: no such setting .*did you mean 'epochs'"):
        autoencoder_settings(epoch=3)
    with pytest.raises(ValueError, match="loss: expected 'paper', 'port' or 'chamfer_emd', found 'emd'"):
        autoencoder_settings(loss="emd")
    with pytest.raises(ValueError, match="epochs: expected at least 1, found 0"):
        autoencoder_settings(epochs=0)
    assert encoder_settings(learning_rate=1).learning_rate == 1.0
    with pytest.raises(FileNotFoundError, match="run 02_autoencoder_training"):
        image_encoder.autoencoder_folder(encoder_settings(run="never"))


def test_one_cycle_rises_to_the_peak_and_falls_to_nothing():
    rates = [optimiser.learning_rate_at(step, 200, 1e-3, "one_cycle") for step in range(200)]
    assert max(rates) == pytest.approx(1e-3) and rates.index(max(rates)) in (9, 10)
    assert rates[0] == pytest.approx(1e-4) and rates[-1] < 1e-6
    assert {optimiser.learning_rate_at(step, 200, 1e-3, "constant") for step in range(200)} == {1e-3}


# ------------------------------------------------------------------------------------- part of the objects, equal steps
def test_a_training_on_a_part_of_the_objects_sees_no_other_and_says_how_many(boxes):
    settings = autoencoder_settings(real_objects=3, programs=0, epochs=1)
    data = loop.open_data(settings)
    seen = {data.pack.models[row] for row in data.rows}
    assert len(seen) == 3 and seen < set(packs.read_split("boxes").train)
    assert seen < {*loop.open_data(settings.but(real_objects=5)).split.train}
    record = train_autoencoder(settings, progress=False).data
    assert (record["training_models"], record["real_objects"], record["programs"]) == (3, 3, 0)
    with pytest.raises(ValueError, match="real_objects=9: the training objects hold 8"):
        loop.open_data(settings.but(real_objects=9))


@pytest.mark.parametrize("objects", [1, 3, 8])
def test_trainings_on_few_and_many_objects_take_the_same_steps_with_every_object_as_often(boxes, objects):
    settings = encoder_settings(real_objects=objects, steps_per_epoch=6, loss="chamfer")
    batches = image_encoder.ImageBatches(
        loop.open_data(settings), settings, image_encoder.Targets(), torch.device("cpu")
    )
    order = batches.order(epoch=2)
    assert batches.steps == 6 and len(order) == 6 * settings.batch_size
    counts = np.bincount(order // 24, minlength=objects)
    assert len(counts) == objects and np.ptp(counts) <= settings.views_per_model
    assert not np.array_equal(order[: 4 * objects], order[4 * objects : 8 * objects])
    np.testing.assert_array_equal(order, batches.order(epoch=2))

    settings = autoencoder_settings(real_objects=objects, steps_per_epoch=5, epochs=1)
    clouds = autoencoder.CloudBatches(loop.open_data(settings), settings, torch.device("cpu"))
    counts = np.bincount(clouds.order(1), minlength=objects)
    assert clouds.steps == 5 and counts.sum() == 20 and np.ptp(counts) <= 1
    assert clouds.load(clouds.order(1), 1, 4)[1][0].shape == (4, 2048, 3)


def test_without_limits_records_and_batches_are_those_of_earlier_versions(boxes):
    """Else every training that was finished before would be trained anew."""
    settings = autoencoder_settings()
    assert not {"real_objects", "programs", "steps_per_epoch"} & settings.as_dict().keys()
    data = loop.open_data(settings)
    assert set(data.record) == {
        "dataset", "split", "classes", "split_checksum", "pack_hash", "training_models", "validation_models",
    }  # fmt: skip
    order = autoencoder.CloudBatches(data, settings, torch.device("cpu")).order(3)
    np.testing.assert_array_equal(order, np.random.default_rng([0, 3]).permutation(8))
