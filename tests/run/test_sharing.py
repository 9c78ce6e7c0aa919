"""Networks that are shared and taken: by folder, ZIP file and address, whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from loopback import Loopback

from lmnet_utils.core import paths
from lmnet_utils.core.files import write_json
from lmnet_utils.data import transfer
from lmnet_utils.data.transfer import TransferError
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.registry import find_networks, load_networks
from lmnet_utils.models.weights import fingerprint_of, save_model
from lmnet_utils.run import chain, cli, sharing


@pytest.fixture
def mine(kit_folders: Path) -> Path:
    """A run of an autoencoder and an encoder with a record; returns the folder of the kit's folders."""
    torch.manual_seed(0)
    save_model(paths.model_dir("mine", "autoencoder"), PointCloudAutoencoder())
    data = {"dataset": "mugs", "split": "official", "classes": "13"}
    training = {"settings": {"loss": "l1", "seed": 0}, "data": data}
    folder = save_model(paths.model_dir("mine", "encoder_l1"), ImageEncoder(width=0.25).initialise(), training=training)
    history = [{"epoch": 1, "validation_chamfer": 12.34}, {"epoch": 2, "validation_chamfer": 9.87}]
    record = {
        "data": {"training_models": 321},
        "settings": {"epochs": 2},
        "results": {"history": history, "best_epoch": 2},
    }
    write_json(folder / "metrics.json", record)
    (folder / "events.out.tfevents.1").write_bytes(b"not shared")
    return kit_folders


@pytest.fixture
def shared(mine: Path) -> Path:
    return sharing.ship("mine", mine / "mine.zip", licence="CC BY 4.0")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(transfer.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(transfer, "TRIES", 2)
    with Loopback() as running:
        yield running


def left_behind() -> list[str]:
    return sorted(path.name for path in paths.trained_models_root().iterdir() if path.name != "mine")


def test_a_folder_and_a_file_are_taken_as_the_same_networks(mine: Path, shared: Path) -> None:
    folder = sharing.ship("mine", mine / "out" / "shared")
    assert not list(folder.rglob("*tfevents*"))
    before = {name: fingerprint_of(network) for name, network in load_networks("mine").items()}
    for source, name in ((folder, "one"), (shared, "two")):
        assert sharing.take(str(source), name) == name
        assert {key: fingerprint_of(network) for key, network in load_networks(name).items()} == before
    assert left_behind() == ["one", "two"]
    assert sharing.take(str(shared), "two") == "two", "once more changes nothing"
    with pytest.raises(FileExistsError, match="trained_models/mine holds other networks.*--name"):
        sharing.take(str(shared))
    with pytest.raises(FileExistsError, match="mine.zip is there already"):
        sharing.ship("mine", shared)


def test_the_card_says_what_was_trained_on_what_and_under_which_licence(mine: Path, shared: Path) -> None:
    sharing.take(str(shared), "theirs")
    card = paths.model_dir("theirs", sharing.CARD).read_text()
    assert "CC BY 4.0" in card and "Not scored" in card
    (row,) = [line for line in card.splitlines() if line.startswith("| encoder_l1")]
    assert all(text in row for text in ("L1", "mugs, split official, classes 13", "321", "9.87")) and "12.34" not in row


def test_an_address_is_fetched_and_goes_on_after_it_broke_off(shared: Path, server: Loopback) -> None:
    content = shared.read_bytes()
    server.put("/mine.zip", content, cuts=[len(content) // 3])
    wanted = hashlib.sha256(content).hexdigest()
    assert sharing.take(f"{server.url}/mine.zip#sha256={wanted}", "theirs", quiet=True) == "theirs"
    assert find_networks("theirs").keys() == {"autoencoder", "encoder_l1"} and left_behind() == ["theirs"]
    assert [request.range for request in server.requests] == [None, f"bytes={len(content) // 3}-"]


def test_another_file_than_the_demanded_one_is_refused(shared: Path, server: Loopback) -> None:
    server.put("/mine.zip", shared.read_bytes() + b"more")
    demanded = "#sha256=" + hashlib.sha256(shared.read_bytes()).hexdigest()
    with pytest.raises(ValueError, match="mine.zip: its SHA-256 is not the one demanded"):
        sharing.take(f"{server.url}/mine.zip{demanded}", "theirs", quiet=True)
    with pytest.raises(ValueError, match="not the one demanded"):
        sharing.take(f"{shared}#sha256={'0' * 64}", "theirs")
    with pytest.raises(ValueError, match="expected 64 hexadecimal digits"):
        sharing.take(f"{shared}#sha256=abc", "theirs")
    assert left_behind() == []


def test_what_does_not_come_whole_leaves_nothing_to_be_used(shared: Path, server: Loopback) -> None:
    content = shared.read_bytes()
    server.put("/cut.zip", content[: len(content) // 2])  # cut before it was put there: no transfer can notice
    server.put("/page.zip", b"<html><title>Sign in</title></html>", content_type="text/html")
    for path, kind, words in (
        ("/cut.zip", ValueError, "cut off or damaged"),
        ("/page.zip", TransferError, "A web page came"),
        ("/none.zip", TransferError, "404"),
    ):
        with pytest.raises(kind, match=words):
            sharing.take(server.url + path, "theirs", quiet=True)
    assert "theirs" not in left_behind()
    with pytest.raises(FileNotFoundError, match="nothing at .*nowhere"):
        sharing.take(str(shared.parent / "nowhere"))


def changed(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / sharing.MANIFEST).read_text())
    (folder / sharing.MANIFEST).write_text(json.dumps(manifest | changes))


def _flip(folder: Path) -> None:
    path = folder / "encoder_l1" / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def _longer(folder: Path) -> None:
    with open(folder / "encoder_l1" / "config.json", "ab") as file:
        file.write(b"  ")


def _escaping(folder: Path) -> None:
    (folder.parent / "evil.pth").write_bytes(b"x")
    changed(folder, files={"../evil.pth": {"bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest()}})


def _pickled(folder: Path) -> None:
    files = json.loads((folder / sharing.MANIFEST).read_text())["files"]
    changed(folder, files={**files, "autoencoder/model.pth": {"bytes": 1, "sha256": "0"}})


def _of_another_shape(folder: Path) -> None:
    config = json.loads((folder / "encoder_l1" / "config.json").read_text()) | {"width": 0.5}
    text = json.dumps(config).encode()
    (folder / "encoder_l1" / "config.json").write_bytes(text)
    files = json.loads((folder / sharing.MANIFEST).read_text())["files"]
    about = {"bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}
    changed(folder, files={**files, "encoder_l1/config.json": about})


@pytest.mark.parametrize(
    "damage, words",
    [
        (_flip, "encoder_l1/model.safetensors is damaged: .*with another one"),
        (_longer, "encoder_l1/config.json is damaged: .*found more"),
        (lambda folder: (folder / "autoencoder" / "config.json").unlink(), "is missing"),
        (lambda folder: (folder / sharing.MANIFEST).unlink(), "is missing"),
        (lambda folder: (folder / sharing.MANIFEST).write_text("{"), "shared.json is damaged"),
        (_escaping, "'../evil.pth' does not belong there"),
        (_pickled, "'autoencoder/model.pth' does not belong there"),
        (_of_another_shape, "encoder_l1 does not load"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_damaged_and_foreign_files_are_refused(mine: Path, damage, words: str, zipped: bool) -> None:
    source = sharing.ship("mine", mine / "shared")
    damage(source)
    if zipped:
        source = Path(shutil.make_archive(str(mine / "packed"), "zip", source))
        if damage is _escaping:
            with zipfile.ZipFile(source, "a") as archive:
                archive.writestr("../evil.pth", b"x")
    with pytest.raises(ValueError, match=words):
        sharing.take(str(source), "theirs")
    assert left_behind() == []


def test_the_command_line_ships_takes_and_runs_with_them(
    mine: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["ship", "mine", str(mine / "a.zip")]) == 0
    printed = capsys.readouterr().out
    assert f"#sha256={hashlib.sha256((mine / 'a.zip').read_bytes()).hexdigest()}" in printed
    assert cli.main(["take", str(mine / "a.zip"), "--name", "theirs"]) == 0
    assert 'weights_run="theirs"' in capsys.readouterr().out
    assert cli.main(["take", str(mine / "none.zip")]) == 2 and cli.main(["ship", "nobody", str(mine / "b.zip")]) == 2
    capsys.readouterr()
    shutil.rmtree(paths.model_dir("mine", ""))
    choices = []
    monkeypatch.setattr(chain, "run_profile", lambda profile, choice, engine, **options: choices.append(choice) or 0)
    assert cli.main(["run", "quickstart", "--only", "08", "--weights", str(mine / "a.zip")]) == 0
    assert choices[0].overrides == ["all.weights_run=mine"] and "encoder_l1" in find_networks("mine")
