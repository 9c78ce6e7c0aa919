"""A data set as shards: the same objects, the same batches, the same weights, from a folder and from a server that misbehaves."""

from __future__ import annotations

import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from loopback import Loopback
from r2n2_tree import write_tree
from safetensors.torch import load_file
from test_training import assert_same_weights, encoder_settings

from lmnet_utils.core import parallel, paths
from lmnet_utils.data import packs, shards
from lmnet_utils.data.layout import decode_png, network_input
from lmnet_utils.data.shard_files import attach_shards, write_shards
from lmnet_utils.evaluation.methods import open_task, sampling_floor
from lmnet_utils.evaluation.scoring import Scoring, score_method
from lmnet_utils.run import cli
from lmnet_utils.training import loop
from lmnet_utils.training.image_encoder import ImageBatches, Targets, train_image_encoder

SIDES = {"train": 14, "val": 3, "test": 4}
DIRECT = {"loss": "chamfer", "epochs": 2, "batch_size": 8, "views_per_model": 2}


@pytest.fixture
def boxes(kit_folders: Path, monkeypatch) -> Path:
    """The data set ``boxes``, and its shards, of two or three objects each."""
    monkeypatch.setattr(shards, "FIRST_WAIT_S", 0.005)
    write_tree(kit_folders / "data" / "boxes", SIDES)
    write_shards("boxes", kit_folders / "shards", shard_bytes=250_000, progress=False)
    return kit_folders


@pytest.fixture
def server(boxes: Path):
    with Loopback() as running:
        for path in (boxes / "shards").rglob("*"):
            if path.is_file():
                running.put(f"/far/{path.relative_to(boxes / 'shards').as_posix()}", path.read_bytes())
        yield running


def assert_same_pack(a: packs.Pack, b: packs.Pack) -> None:
    assert a.models == b.models and a.hash == b.hash
    rows, views = np.arange(len(a.models))[::-1], np.arange(len(a.models)) % 24
    assert torch.equal(a.images(rows, views), b.images(rows, views))
    for name in ("azimuths", "elevations", "distances"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    for name in ("points", "points_1024"):
        for key in (rows, 3, slice(2, 5), np.array([[1, 2], [0, 1]])):
            np.testing.assert_array_equal(getattr(a, name)[key], getattr(b, name)[key])
        np.testing.assert_array_equal(np.asarray(getattr(a, name)), np.asarray(getattr(b, name)))
        assert getattr(a, name).shape == getattr(b, name).shape


def test_shards_are_tars_in_webdatasets_layout_and_always_the_same(boxes: Path) -> None:
    files = sorted((boxes / "shards").glob("*.tar"))
    assert len(files) > 5
    seen: dict[str, dict[str, bytes]] = {}
    for file in files:
        with tarfile.open(file) as tar:
            for member in tar:
                key, _, what = member.name.partition(".")  # as WebDataset takes a name apart
                seen.setdefault(key, {})[what] = tar.extractfile(member).read()
    pack = packs.open_pack("boxes", progress=False)
    assert list(seen) == [model.replace("/", "_") for model in pack.models]
    for row, content in enumerate(seen.values()):
        assert len(content) == 27
        picture = network_input(decode_png(content["07.png"])).transpose(2, 0, 1)
        np.testing.assert_array_equal(picture, pack.images([row], [7])[0].numpy())
        np.testing.assert_array_equal(np.load(io.BytesIO(content["pointcloud_2048.npy"])), pack.points[row])
    write_shards("boxes", boxes / "again", shard_bytes=250_000, progress=False)
    for path in (boxes / "shards").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (boxes / "again" / path.relative_to(boxes / "shards")).read_bytes(), path.name


def test_from_a_folder_and_from_a_server_it_is_the_same_data_set(boxes: Path, server: Loopback) -> None:
    attach_shards("near", str(boxes / "shards"))
    attach_shards("far", f"{server.url}/far/")
    whole = packs.open_pack("boxes", progress=False)
    for name in ("near", "far"):
        assert_same_pack(whole, packs.open_pack(name))
        assert packs.read_split(name, "official", "13") == packs.read_split("boxes", "official", "13")
    # evaluation reads it, too
    scores = [score_method(task, sampling_floor(task), Scoring(views=1), progress=False) for task in
              (open_task(name, "official", "13") for name in ("boxes", "far"))]  # fmt: skip
    np.testing.assert_array_equal(*(one.scores["none"]["chamfer"] for one in scores))


def test_what_is_kept_of_a_server_has_a_bound_and_is_asked_once(boxes: Path, server: Loopback) -> None:
    attach_shards("far", f"{server.url}/far")
    pack = packs.open_pack("far")
    largest = int((pack.shards.places.end - pack.shards.places.start).max())
    pack.shards.memory = 3 * largest
    server.requests.clear()
    for row in (0, 0, 1, 1, 0, 2):
        pack.images([row], [5])
        _ = pack.points[row]
    assert len(server.asked("/far/shard")) == 3
    for row in range(len(pack.models)):
        pack.images([row], [0])
        assert pack.shards.held <= 3 * largest
    assert pack.shards.held > largest


def test_the_order_depends_on_seed_and_epoch_alone_and_stays_within_a_few_shards(boxes: Path, monkeypatch) -> None:
    attach_shards("near", str(boxes / "shards"))
    data = {name: loop.open_data(encoder_settings(dataset=name, **DIRECT)) for name in ("boxes", "near")}
    settings = encoder_settings(**{**DIRECT, "views_per_model": 24})

    def order(name: str, epoch: int) -> np.ndarray:
        return ImageBatches(data[name], settings, Targets(), torch.device("cpu")).order(epoch)

    monkeypatch.setattr(shards, "WINDOW", 1000)  # all shards at a time: the order of the pack
    np.testing.assert_array_equal(order("near", 1), order("boxes", 1))
    monkeypatch.setattr(shards, "WINDOW", 2)
    first = order("near", 1)
    np.testing.assert_array_equal(first, order("near", 1))
    assert sorted(first) == sorted(order("boxes", 1))
    assert not np.array_equal(first, order("near", 2))
    shard = data["near"].pack.shards.places.shard[data["near"].rows[first // 24]]
    parts = [set(shard[: i + 1]) & set(shard[i + 1 :]) for i in range(len(shard) - 1)]
    assert max(map(len, parts)) <= 2  # never more shards open than a window


def weights(run: str) -> dict[str, torch.Tensor]:
    return load_file(paths.model_dir(run, "encoder_chamfer") / "model.safetensors")


def train(run: str, dataset: str) -> None:
    torch.set_num_threads(1)
    train_image_encoder(encoder_settings(run=run, dataset=dataset, **DIRECT), progress=False)


@pytest.mark.parametrize("readers", [1, 2, 4])
def test_faults_of_the_server_and_the_number_of_readers_change_no_weight(
    readers: int, boxes: Path, server: Loopback, monkeypatch
) -> None:
    monkeypatch.setattr(shards, "WINDOW", 2)
    attach_shards("near", str(boxes / "shards"))
    train("near", "near")
    attach_shards("far", f"{server.url}/far")
    for k, file in enumerate(file for path, file in server.files.items() if path.endswith(".tar")):
        file.cuts = [100, 5000, 0][: 1 + k % 3]
        file.first = [(503, {"Retry-After": "0"}), (500, {})][: k % 3]
        file.drip = 40_000 if k == 1 else 0
    server.files["/far/shard-00002.tar"].before = spoil_once
    pool = ThreadPoolExecutor(readers)
    monkeypatch.setattr(parallel, "pool", lambda: pool)
    monkeypatch.setattr(shards, "MEMORY", 10**6)
    train("far", "far")
    assert_same_weights(weights("near"), weights("far"))


def spoil_once(file) -> None:
    """The first answer has one wrong byte in the middle, the later ones are right."""
    good, file.before = file.content, restore
    file.content = b"".join([good[:20_000], bytes([good[20_000] ^ 255]), good[20_001:]])
    restore.good = good


def restore(file) -> None:
    file.content, file.before = restore.good, None


def test_a_training_cut_within_an_epoch_ends_with_the_same_weights(boxes: Path, server: Loopback, monkeypatch) -> None:
    monkeypatch.setattr(shards, "WINDOW", 2)
    monkeypatch.setattr(loop, "STATE_INTERVAL_S", 0.0)
    attach_shards("far", f"{server.url}/far")
    train("whole", "far")
    fetch, calls = shards.Reader._fetch, []

    def fail_later(reader: shards.Reader, row: int) -> bytes:
        calls.append(row)
        if len(calls) == 20:
            raise shards.ShardError("the server is gone")
        return fetch(reader, row)

    monkeypatch.setattr(shards.Reader, "_fetch", fail_later)
    with pytest.raises(shards.ShardError, match="gone"):
        train("cut", "far")
    state = torch.load(paths.model_dir("cut", "encoder_chamfer") / "training_state.pt", weights_only=True)["state"]
    assert state["step"] > 0
    monkeypatch.setattr(shards.Reader, "_fetch", fetch)
    train("cut", "far")
    assert_same_weights(weights("whole"), weights("cut"))


def test_a_server_that_stays_broken_is_named(boxes: Path, server: Loopback) -> None:
    attach_shards("far", f"{server.url}/far")
    server.files["/far/shard-00000.tar"].status = 503
    with pytest.raises(shards.ShardError, match=r"far/shard-00000\.tar.*503.*attempt 6 of 6"):
        packs.open_pack("far").images([0], [0])
    server.files["/far/shard-00000.tar"].status = 200
    server.files["/far/shard-00000.tar"].ranges = False
    with pytest.raises(shards.ShardError, match="Range"):
        packs.open_pack("far").images([0], [0])
    (boxes / "shards" / "shard-00001.tar").unlink()
    attach_shards("near", str(boxes / "shards"))
    with pytest.raises(shards.ShardError, match=r"shard-00001\.tar"):
        packs.open_pack("near").images(range(len(packs.open_pack("near").models)), [0] * 21)


def test_the_command_refuses_in_words_and_leaves_nothing_half_written(boxes: Path, server: Loopback, capsys) -> None:
    out = boxes / "out"
    assert cli.main(["pack", "boxes", "--shards", str(out), "--shard-mb", "1"]) == 0
    assert "21 objects" in capsys.readouterr().out
    assert cli.main(["pack", "boxes", "--shards", str(out)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert cli.main(["pack", "nothing", "--shards", str(boxes / "x")]) == 2
    assert cli.main(["pack", "boxes", "--from", str(out)]) == 2
    assert "data set of its own" in capsys.readouterr().err
    assert cli.main(["pack", "far", "--from", str(boxes)]) == 2
    assert "no index of shards" in capsys.readouterr().err
    server.files["/far/places.npz"].content += b"x"
    assert cli.main(["pack", "far", "--from", f"{server.url}/far"]) == 2
    assert "places.npz" in capsys.readouterr().err
    assert not (boxes / "data" / "far").exists() and not (boxes / "x").exists()
    (boxes / "data" / "boxes" / "ShapeNetRendering" / "03001627" / "train003" / "rendering" / "05.png").unlink()
    assert cli.main(["pack", "boxes", "--shards", str(boxes / "fewer")]) == 0
    assert "05.png missing" in capsys.readouterr().out
    assert not list(boxes.glob(".*.tmp"))
    assert cli.main(["pack", "far", "--from", str(boxes / "fewer")]) == 0
    assert len(packs.open_pack("far").models) == 20
