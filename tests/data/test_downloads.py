"""Downloads as a user has them: what is listed, shown and asked, every way in which they fail, and what comes out.

The assets are the manifest's own, served by this machine: addresses and sizes are replaced, nothing else. The transfers themselves are
tested in test_transfer.py, unpacking in test_archives.py.
"""

from __future__ import annotations

import copy
import errno
import hashlib
import io
import json
import random
import shutil
import subprocess
import sys
import tarfile
import types
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from loopback import File, Loopback
from test_archives import make, takes_data_filter
from test_models import port_state_dict, reference_autoencoder, reference_features
from test_transfer import QUOTA_PAGE, VIRUS_PAGE, FullDisk

from lmnet_utils.core import notebook_settings, paths
from lmnet_utils.data import archives, assets, downloads, packs, preparation, transfer, verification
from lmnet_utils.data.downloads import DownloadError
from lmnet_utils.models.networks import PointCloudAutoencoder
from lmnet_utils.models.published import download
from lmnet_utils.models.registry import load_networks, warn_of_leakage
from lmnet_utils.models.weights import load_model, save_model
from lmnet_utils.run import cli, doctor

REAL = assets.manifest()
RANDOM = random.Random(0)
RENDERINGS = {f"ShapeNetRendering/03001627/{i}/rendering/00.png": RANDOM.randbytes(4000) for i in range(20)}
CLOUDS = {f"ShapeNet_pointclouds/03001627/{i}/pointcloud_1024.npy": RANDOM.randbytes(4000) for i in range(20)}
IDS = sorted(f"03001627/{i}" for i in range(20))
LISTS = {
    "splits/train_models.json": json.dumps({"03001627": IDS[:16]}).encode(),
    "splits/val_models.json": json.dumps({"03001627": IDS[16:]}).encode(),
}
TGZ, MIRROR = "/data2/ShapeNetRendering.tgz", "/cs/cvgl/ShapeNetRendering.tgz"


class World:
    """The manifest's servers on this machine, and the kit's folders."""

    def __init__(self, server: Loopback, folder: Path, content: dict) -> None:
        self.server, self.folder, self.content = server, folder, content
        self.tgz = make(folder / "renderings", RENDERINGS, "tgz").read_bytes()
        self.zip = make(folder / "clouds", CLOUDS, "zip").read_bytes()
        entry = content["assets"]["shapenet-renderings"]
        entry["urls"] = [server.url + TGZ, server.url + MIRROR]
        entry["bytes"] = len(self.tgz)
        server.put(TGZ, self.tgz)
        server.put(MIRROR, self.tgz)
        self.drive("shapenet-clouds", self.zip)

    def entry(self, name: str) -> dict:
        return self.content["assets"][name]

    def drive(self, name: str, content: bytes, warn: bool = True) -> File:
        """Put a file on Drive; a large one lies behind the warning that it was not scanned for viruses."""
        key = self.entry(name)["drive_id"]
        path = f"/uc?id={key}"
        if warn:
            page = VIRUS_PAGE.format(url=self.server.url).replace('value="ID"', f'value="{key}"').encode()
            self.server.put(path, page, content_type="text/html; charset=utf-8")
            path = f"/download?id={key}&confirm=t&uuid=12-34"
        return self.server.put(path, content, headers={"Content-Disposition": "attachment; filename=x"})

    def page(self, name: str, page: str, status: int = 200) -> None:
        """Let Drive answer with a web page."""
        path = f"/uc?id={self.entry(name)['drive_id']}"
        self.server.put(path, page.encode(), content_type="text/html; charset=utf-8", status=status)

    def data(self) -> dict[str, bytes]:
        """Everything that lies in data/, but for records."""
        root = paths.data_root()
        files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
        return {name: path.read_bytes() for name, path in files.items() if not name.endswith(assets.RECORD)}


@pytest.fixture
def world(kit_folders: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    content = copy.deepcopy(REAL)
    monkeypatch.setattr(assets, "manifest", lambda: content)
    monkeypatch.setattr(transfer.time, "sleep", lambda _: None)
    for name, value in {"CONNECT_S": 5, "READ_S": 20, "TRIES": 3}.items():
        monkeypatch.setattr(transfer, name, value)
    free = types.SimpleNamespace(free=10**12)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    with Loopback() as server:
        monkeypatch.setattr(transfer, "DRIVE", server.url + "/uc?id={id}")
        yield World(server, kit_folders, content)


def below(folder: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": content for name, content in files.items()}


def refused(name: str, fault: str, *words: str, **options) -> str:
    """The download fails, and its message says what happened, what to do, and names no place of this machine."""
    with pytest.raises(DownloadError) as caught:
        download(name, quiet=True, **options)
    message = str(caught.value)
    assert caught.value.fault == fault and message.startswith(f"{name}: ")
    assert all(word in message for word in words), message
    assert str(paths.data_root()) not in message and str(paths.trained_models_root()) not in message
    return message


def record(name: str = "shapenet-renderings") -> dict:
    return assets.recorded(assets.asset(name))


def lmnet(capsys, *arguments: str) -> tuple[int, str, str]:
    """`lmnet download …`: exit status, output, errors."""
    capsys.readouterr()
    status = cli.main(["download", *arguments])
    return (status, *capsys.readouterr())


# ------------------------------------------------------------------------------------------------------------ manifest
def test_the_manifest_names_what_the_papers_and_the_port_publish():
    entries = REAL["assets"]
    assert {name: entry["drive_id"] for name, entry in entries.items() if "drive_id" in entry} == {
        "shapenet-clouds": "1cfoe521iTgcB_7-g_98GYAqO553W8Y0g",
        "shapenet-split": "10FR-2Lbn55POB1y47MJ12euvobi6mgtc",
        "pix3d-clouds": "1RZakyBu9lPbG85SyconBn4sR8r2faInV",
        "autoencoder": "1unq5OYW8WBhb-7ccFWGU2m1B0SaBlCjm",
        "encoder_l1": "1YnNNJ15hwcGqDQHb-7t4HMC-TC1S-1fT",
        "encoder_l2": "1uS13xA3k28jT5kxFHLVUveqm2_kD-5I8",
        "encoder_lambda_5.5": "1b90RlaXwkl37V0Ue8MpT7vJTMfCM5-Uz",
        "encoder_lambda_0.5": "1-u4awBG05Kzk2cnkT4v0G-oqj2_7e874",
        "encoder_lambda_0": "1TZ40LANluZqIZ4utURnzJ-w8UqydirhE",
        "official-lm": "1nl30z1CJL5WZn8svFllHkVLvS4GWiAxf",
        "official-plm": "1iYUOPTrhwAIwubihrBhLGG-KVD4Qr7is",
    }
    renderings = assets.asset("shapenet-renderings")
    assert list(renderings.addresses) == [
        "http://cvgl.stanford.edu/data2/ShapeNetRendering.tgz",
        "http://ftp.cs.stanford.edu/cs/cvgl/ShapeNetRendering.tgz",
    ]
    assert renderings.bytes == 12_318_245_442


@pytest.mark.parametrize("name", REAL["assets"])
def test_every_asset_is_complete(name, kit_folders):
    item = assets.asset(name)
    assert item.title and item.terms["text"] and item.terms["url"].startswith("https://") and item.addresses
    assert item.kind in ("archive", "weights") and item.sha256 is None
    assert item.target.parent.parent in (paths.data_root(), paths.trained_models_root())
    if item.kind == "archive":
        assert item.unpacked["bytes"] > 0 and item.unpacked["files"] > 0
        assert item.place.is_relative_to(item.target.parent)
    else:
        assert item.place == paths.model_dir("published", name) and item.model["kind"]


def test_data_goes_where_the_kit_looks_for_it(kit_folders):
    dataset = paths.dataset_dir("shapenet")
    places = [assets.asset(name).place for name in assets.groups()["shapenet"]]
    assert places == [dataset / name for name in ("ShapeNetRendering", "ShapeNet_pointclouds", "splits")]
    weights = {name: assets.asset(name).model for name in assets.groups()["weights"]}
    image = {"kind": "image_encoder"}
    assert weights == {
        "autoencoder": {"kind": "autoencoder"},
        **{name: {**image, "variational": False} for name in ("encoder_l1", "encoder_l2")},
        **{f"encoder_lambda_{weight}": {**image, "variational": True} for weight in ("5.5", "0.5", "0")},
    }


def test_groups_and_names_are_taken_once_each():
    assert assets.expand(["shapenet-split", "shapenet"]) == [
        "shapenet-split",
        "shapenet-renderings",
        "shapenet-clouds",
    ]
    with pytest.raises(ValueError, match="nothing called chairs.*shapenet-clouds"):
        assets.expand(["chairs"])


# ---------------------------------------------------------------------------------------------------- what is asked
def test_terms_and_sizes_are_shown_before_anything_is_fetched(world, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(isatty=lambda: False))
    status, output, errors = lmnet(capsys, "shapenet-renderings", "shapenet-clouds", "encoder_l1")
    assert status == 2 and not world.server.requests and not world.data()
    assert "nobody is here to accept these terms. If you do, add --yes" in errors
    assert output.count("Only for non-commercial research and education.") == 1
    for words in (
        "https://shapenet.org/terms",
        "Terms of the published PyTorch weights",
        assets.in_words(len(world.tgz)),
        "about 2.8 GB; unpacked about 3.7 GB more; 1000.0 GB free",
        "https://drive.google.com/file/d/1cfoe521iTgcB_7-g_98GYAqO553W8Y0g/view",
        "$LMNET_DATA/shapenet/ShapeNet_pointclouds",
    ):
        assert words in output


@pytest.mark.parametrize(
    "answer, agreed",
    [
        *(pytest.param(answer, True, marks=takes_data_filter) for answer in ("y", " Yes ")),
        *((answer, False) for answer in ("n", "", None)),
    ],
)
def test_a_person_is_asked(world, capsys, monkeypatch, answer, agreed):
    def asked(question):
        assert "Do you accept these terms" in question and not world.server.requests
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("builtins.input", asked)
    status, _, errors = lmnet(capsys, "shapenet-renderings", "--quiet")
    assert (status, bool(world.server.requests)) == ((0, True) if agreed else (2, False))
    assert agreed or "nothing was downloaded" in errors


@takes_data_filter
def test_what_is_here_is_neither_asked_for_nor_fetched_again(world, capsys, monkeypatch):
    assert lmnet(capsys, "shapenet-renderings", "--yes", "--quiet")[0] == 0
    assert world.data() == {"shapenet/ShapeNetRendering.tgz": world.tgz, **below("shapenet", RENDERINGS)}
    requests = len(world.server.requests)
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(isatty=lambda: False))
    status, output, _ = lmnet(capsys, "shapenet-renderings")
    assert (status, output) == (0, "$LMNET_DATA/shapenet/ShapeNetRendering\n")
    assert len(world.server.requests) == requests
    assert lmnet(capsys, "shapenet-renderings", "--remove-archive")[0] == 0  # later is not too late
    assert world.data() == below("shapenet", RENDERINGS)


@takes_data_filter
def test_the_list_shows_states_and_addresses(world, capsys):
    def states() -> dict[str, str]:
        *lines, last = [line.split() for line in lmnet(capsys, "--list")[1].splitlines() if " = " not in line]
        assert last[0] == "objaverse:"
        assert all(
            line[-1].startswith(("http://127", "http://pix3d", "https://drive.google.com/file/d/")) for line in lines
        )
        return {line[0]: " ".join(line[3:-1]) if line[1] != "?" else line[2] for line in lines}

    assert set(states()) == set(REAL["assets"]) and set(states().values()) == {"-"}
    world.server.files[TGZ].cuts, world.server.files[TGZ].ranges = [len(world.tgz) // 4] * 9, False
    world.server.files[MIRROR].status = 500
    refused("shapenet-renderings", "no address")
    world.drive("shapenet-clouds", damage(world.zip, CLOUDS, 3))
    refused("shapenet-clouds", "damaged")
    (assets.asset("pix3d-clouds").target).parent.mkdir()
    assets.asset("pix3d-clouds").target.touch()
    found = states()
    assert found["shapenet-renderings"] in ("24 %", "25 %")
    assert found["shapenet-clouds"] == "3 damaged" and found["pix3d-clouds"] == "not unpacked"
    assert "shapenet = shapenet-renderings + shapenet-clouds + shapenet-split" in lmnet(capsys, "--list")[1]


@takes_data_filter
def test_the_command_goes_on_after_a_failure_and_refuses_what_it_does_not_know(world, capsys, tmp_path):
    world.server.files[TGZ].status = world.server.files[MIRROR].status = 404
    status, output, errors = lmnet(capsys, "shapenet-renderings", "shapenet-clouds", "--yes", "--quiet")
    assert status == 1 and "answers 404" in errors and output.endswith("shapenet/ShapeNet_pointclouds\n")
    for arguments in (["chairs"], [], ["shapenet", "--file", "x.zip"]):
        assert lmnet(capsys, *arguments)[0] == 2
    status, _, errors = lmnet(capsys, "shapenet-split", "--file", str(tmp_path / "missing.zip"))
    assert status == 1 and "there is no file at" in errors
    with pytest.raises(ValueError, match="encoder_lambda_0.5"):
        download("encoder_l3")


@takes_data_filter
def test_an_interrupted_download_says_that_it_goes_on(world, capsys, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    cut = len(world.tgz) // 2
    world.server.files[TGZ].cuts = [cut]
    monkeypatch.setattr(transfer.time, "sleep", interrupt)
    status, _, errors = lmnet(capsys, "shapenet-renderings", "--yes", "--quiet")
    assert status == 130 and "what has come is kept" in errors
    status, output, _ = lmnet(capsys, "shapenet-renderings", "--yes", "--quiet")
    assert status == 0 and f"{assets.in_words(cut)} of it here already" in output
    assert world.server.requests[-1].range == f"bytes={cut}-"
    assert world.data() == {"shapenet/ShapeNetRendering.tgz": world.tgz, **below("shapenet", RENDERINGS)}


# ------------------------------------------------------------------------------------------------------ what comes out
@takes_data_filter
def test_an_archive_from_drive_is_unpacked_recorded_and_removed(world):
    assert (
        download("shapenet-clouds", remove_archive=True, quiet=True)
        == paths.dataset_dir("shapenet") / "ShapeNet_pointclouds"
    )
    assert world.data() == below("shapenet", CLOUDS)
    found = record("shapenet-clouds")
    assert found["sha256"] == hashlib.sha256(world.zip).hexdigest() and found["confirmed"]
    assert found["bytes"] == len(world.zip) and found["version"] == '"v1"'
    assert found["source"] == "https://drive.google.com/file/d/1cfoe521iTgcB_7-g_98GYAqO553W8Y0g/view"
    assert found["unpacked"]["files"] == 20 and found["unpacked"]["damaged"] == []
    requests = len(world.server.requests)
    download("shapenet-clouds", quiet=True)
    assert len(world.server.requests) == requests


@takes_data_filter
def test_the_original_breaks_and_the_mirror_goes_on(world):
    cut = len(world.tgz) // 3
    world.server.files[TGZ].cuts, world.server.files[TGZ].ranges = [cut] * 9, False
    download("shapenet-renderings", quiet=True)
    assert world.server.asked(MIRROR) == [(MIRROR, f"bytes={cut}-", None)]
    assert record()["source"].endswith(MIRROR) and below("shapenet", RENDERINGS).items() <= world.data().items()


@takes_data_filter
def test_check_puts_back_what_is_missing(world):
    download("shapenet-clouds", quiet=True)
    gone = paths.dataset_dir("shapenet") / next(iter(CLOUDS))
    gone.unlink()
    download("shapenet-clouds", quiet=True)
    assert not gone.exists()  # its record says that it is complete
    requests = len(world.server.requests)
    download("shapenet-clouds", check=True, quiet=True)
    assert gone.read_bytes() == CLOUDS[next(iter(CLOUDS))] and len(world.server.requests) == requests


@takes_data_filter
def test_a_folder_that_was_deleted_is_made_again(world):
    download("shapenet-clouds", quiet=True)
    shutil.rmtree(assets.asset("shapenet-clouds").place)
    download("shapenet-clouds", quiet=True)
    assert below("shapenet", CLOUDS).items() <= world.data().items()


# ---------------------------------------------------------------------------------------------------------- it fails
BY_HAND = (
    "put the file at $LMNET_DATA/shapenet/ShapeNetRendering.tgz and run `lmnet download shapenet-renderings` again"
)


@takes_data_filter
def test_no_network(world, monkeypatch):
    def unknown(*_, **__):
        raise OSError(-2, "Name or service not known")

    world.entry("shapenet-renderings").update(copy.deepcopy(REAL["assets"]["shapenet-renderings"]))
    monkeypatch.setattr("socket.getaddrinfo", unknown)
    message = refused("shapenet-renderings", "no network", "None of its addresses", "Check the network", BY_HAND)
    assert "http://cvgl.stanford.edu/data2/" in message and "http://ftp.cs.stanford.edu/cs/" in message


@takes_data_filter
def test_404_everywhere(world):
    world.server.files[TGZ].status = world.server.files[MIRROR].status = 404
    refused("shapenet-renderings", "not found", "answers 404", BY_HAND)


@takes_data_filter
def test_drives_quota(world):
    world.page("shapenet-clouds", QUOTA_PAGE)
    refused(
        "shapenet-clouds",
        "quota",
        "'Google Drive - Quota exceeded'",
        "Wait a day",
        "open https://drive.google.com/file/d/1cfoe521iTgcB_7-g_98GYAqO553W8Y0g/view in a browser",
        "put the file at $LMNET_DATA/shapenet/ShapeNet_pointclouds.zip",
    )
    assert not world.data()


@takes_data_filter
def test_truncated(world):
    cut = len(world.tgz) // 2
    for path in (TGZ, MIRROR):
        world.server.files[path].ranges, world.server.files[path].cuts = False, [cut] * 9
    message = refused(
        "shapenet-renderings", "broken off", f"broke off after {cut:,} of {len(world.tgz):,} bytes", BY_HAND
    )
    assert "are kept: the same command goes on from there" in message
    kept = world.data()
    assert kept.keys() == {f"shapenet/ShapeNetRendering.tgz.part/{name}" for name in ("part", "record.json", "lock")}
    assert kept["shapenet/ShapeNetRendering.tgz.part/part"] == world.tgz[:cut]


@takes_data_filter
def test_a_wrong_hash_of_the_manifest(world):
    world.entry("shapenet-renderings")["sha256"] = "0" * 64
    refused("shapenet-renderings", "wrong hash", "0" * 64, hashlib.sha256(world.tgz).hexdigest(), "--force", BY_HAND)
    assert not world.data()
    download("shapenet-renderings", force=True, quiet=True)
    assert assets.is_here(assets.asset("shapenet-renderings"))


@takes_data_filter
def test_the_first_download_sets_the_hash_and_later_ones_must_have_it(world):
    download("shapenet-clouds", quiet=True, remove_archive=True)
    first = record("shapenet-clouds")["sha256"]
    shutil.rmtree(assets.asset("shapenet-clouds").place)
    other = make(world.folder / "other", {**CLOUDS, "ShapeNet_pointclouds/new": b"new"}, "zip").read_bytes()
    world.drive("shapenet-clouds", other)
    refused("shapenet-clouds", "wrong hash", first, hashlib.sha256(other).hexdigest(), "--force")
    assert not world.data() and record("shapenet-clouds")["sha256"] == first
    download("shapenet-clouds", force=True, quiet=True)
    assert record("shapenet-clouds")["sha256"] == hashlib.sha256(other).hexdigest()
    assert "shapenet/ShapeNet_pointclouds/new" in world.data()


@takes_data_filter
def test_parts_that_do_not_fit_together_are_fetched_once_more(world):
    """A server without ETag whose file has changed between two attempts, its size has not."""
    download("shapenet-clouds", quiet=True, remove_archive=True)
    shutil.rmtree(assets.asset("shapenet-clouds").place)
    spliced = make(world.folder / "old", dict.fromkeys(CLOUDS, bytes(4000)), "zip").read_bytes()
    spliced += bytes(len(world.zip) - len(spliced))
    file = world.drive("shapenet-clouds", spliced)
    file.etag, file.cuts = None, [len(spliced) // 2]
    file.before = lambda file: setattr(file, "content", spliced if file.cuts else world.zip)
    download("shapenet-clouds", quiet=True)
    assert [request.range for request in world.server.asked("/download")[-2:]] == [f"bytes={len(spliced) // 2}-", None]
    assert below("shapenet", CLOUDS).items() <= world.data().items()


@takes_data_filter
def test_a_disk_without_room_is_noticed_before_anything_is_fetched(world, monkeypatch):
    world.entry("shapenet-renderings").update(copy.deepcopy(REAL["assets"]["shapenet-renderings"]))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: types.SimpleNamespace(free=20 * 10**9))
    refused(
        "shapenet-renderings",
        "full disk",
        "it needs 12.3 GB to come and about 14.8 GB unpacked, 20.0 GB are free",
        "set LMNET_DATA to a folder on another disk",
    )
    assert not world.server.requests


@takes_data_filter
def test_a_size_that_only_the_server_knows_is_checked_against_the_disk(world, monkeypatch):
    world.entry("shapenet-clouds").update(about_bytes=None, unpacked={"bytes": 1, "files": 1})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: types.SimpleNamespace(free=downloads.SPARE + 5000))
    refused("shapenet-clouds", "full disk", f"{assets.in_words(len(world.zip))} to come")
    assert not world.data()


@takes_data_filter
def test_a_disk_that_runs_full_while_downloading(world, monkeypatch):
    with monkeypatch.context() as full:
        full.setattr(transfer, "open", lambda file, *_, **__: FullDisk(file, "wb", 20_000), raising=False)
        message = refused("shapenet-renderings", "full disk", "No space left", "Make room", "goes on from there")
    assert "set LMNET_DATA to a folder on another disk" in message
    assert world.data()["shapenet/ShapeNetRendering.tgz.part/part"] == world.tgz[:20_000]
    download("shapenet-renderings", quiet=True)
    assert world.server.requests[-1].range == "bytes=20000-" and len(world.server.requests) == 2
    assert below("shapenet", RENDERINGS).items() <= world.data().items()


@takes_data_filter
def test_a_folder_that_cannot_be_written(world):
    paths.dataset_dir("shapenet").write_text("a file stands in its way")
    refused("shapenet-renderings", "cannot write", "See to the folder $LMNET_DATA/shapenet, or set LMNET_DATA")
    assert not world.server.requests


@takes_data_filter
def test_two_processes_do_not_download_one_file(world):
    item = assets.asset("shapenet-renderings")
    item.incoming.mkdir(parents=True)
    code = (
        "import sys, filelock\n"
        "with filelock.FileLock(sys.argv[1]):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(item.incoming / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        message = refused("shapenet-renderings", "busy", "Another process is downloading this file")
        assert "By hand" not in message and not world.server.requests and item.incoming.is_dir()
        other.stdin.close()
    assert download("shapenet-renderings", quiet=True)


def test_a_python_that_cannot_unpack_safely_is_named_before_anything_is_fetched(world, monkeypatch):
    monkeypatch.delattr(tarfile, "data_filter", raising=False)  # such a Python may run this very test
    refused("shapenet-renderings", "old python", "takes Python 3.10.12, 3.11.4 or a later one, this is 3.")
    assert not world.server.requests


@takes_data_filter
def test_a_disk_that_runs_full_while_unpacking(world, monkeypatch):
    original, written = archives._put, []

    def put(member, place):
        if len(written) == 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(place)
        return original(member, place)

    with monkeypatch.context() as full:
        full.setattr(archives, "_put", put)
        refused("shapenet-renderings", "full disk", "No space left", "Make room", "goes on from there")
    requests = len(world.server.requests)
    assert not assets.is_here(assets.asset("shapenet-renderings")) and len(written) == 5
    download("shapenet-renderings", quiet=True)
    assert len(world.server.requests) == requests and below("shapenet", RENDERINGS).items() <= world.data().items()


def damage(archive: bytes, files: dict[str, bytes], number: int) -> bytes:
    """A zip with changed bytes in that many of its members."""
    data = bytearray(archive)
    for name in list(files)[:number]:
        data[data.index(name.encode()) + len(name) + 2000] ^= 0xFF
    return bytes(data)


@takes_data_filter
def test_damaged_members_are_listed_the_rest_comes_and_the_hash_is_not_trusted(world):
    world.drive("shapenet-clouds", damage(world.zip, CLOUDS, 12))
    message = refused(
        "shapenet-clouds", "damaged", "12 of its members are damaged; the other 8 files are in $LMNET_DATA"
    )
    assert (
        message.count("pointcloud_1024.npy") == 10 and "and 2 more, see $LMNET_DATA/shapenet/.downloads.json" in message
    )
    assert "lmnet download shapenet-clouds --force" in message
    assert len(record("shapenet-clouds")["unpacked"]["damaged"]) == 12
    assert sum(name.endswith(".npy") for name in world.data()) == 8
    refused("shapenet-clouds", "damaged")  # still is
    world.drive("shapenet-clouds", world.zip)
    download("shapenet-clouds", force=True, quiet=True)
    assert below("shapenet", CLOUDS).items() <= world.data().items() and record("shapenet-clouds")["confirmed"]


@takes_data_filter
def test_a_damaged_first_download_does_not_shut_out_a_sound_one(world):
    world.drive("shapenet-clouds", damage(world.zip, CLOUDS, 1))
    refused("shapenet-clouds", "damaged")
    assets.asset("shapenet-clouds").target.write_bytes(world.zip)  # by hand, without --force
    download("shapenet-clouds", quiet=True)
    assert record("shapenet-clouds")["sha256"] == hashlib.sha256(world.zip).hexdigest()


@takes_data_filter
def test_a_malicious_archive_is_refused_and_leaves_nothing_outside(world):
    with tarfile.open(world.folder / "evil.tgz", "w:gz") as archive:
        for name in ("ShapeNetRendering/good", "../../../evil"):
            member = tarfile.TarInfo(name)
            member.size = 4
            archive.addfile(member, io.BytesIO(b"evil"))
    before = {path for path in world.folder.rglob("*") if not path.is_relative_to(paths.data_root())}
    evil = (world.folder / "evil.tgz").read_bytes()
    world.entry("shapenet-renderings")["bytes"] = len(evil)
    world.server.put(TGZ, evil)
    refused("shapenet-renderings", "unsafe archive", "'../../../evil' wants to leave the folder", "Delete it", BY_HAND)
    assert {path for path in world.folder.rglob("*") if not path.is_relative_to(paths.data_root())} == before
    assert not assets.is_here(assets.asset("shapenet-renderings")) and not record()["confirmed"]


@pytest.mark.parametrize(
    "content, words", [(b"no archive at all", "is no archive"), (b"PK\x03\x04cut", "truncated or damaged")]
)
@takes_data_filter
def test_something_else_comes_from_drive(world, content, words):
    world.drive("shapenet-clouds", content)
    refused("shapenet-clouds", "damaged", words)
    assert not world.data()


@takes_data_filter
def test_a_record_that_cannot_be_read_is_named(world, capsys):
    assets.asset("shapenet-clouds").target.parent.mkdir()
    assets.asset("shapenet-clouds").target.with_name(assets.RECORD).write_text("{")
    with pytest.raises(ValueError, match=r"\.downloads\.json is no valid JSON"):
        download("shapenet-clouds", quiet=True)
    status, _, errors = lmnet(capsys, "shapenet-clouds", "--yes")
    assert status != 0 and "no valid JSON" in errors


# ----------------------------------------------------------------------------------------------------------- by hand
def put_by_hand(name: str, content: bytes) -> Path:
    target = assets.asset(name).target
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target


@takes_data_filter
def test_a_file_put_in_place_by_hand_is_found_and_checked(world):
    target = put_by_hand("shapenet-renderings", world.tgz)
    download("shapenet-renderings", quiet=True)
    assert not world.server.requests and below("shapenet", RENDERINGS).items() <= world.data().items()
    assert record()["source"] == "by hand" and record()["confirmed"] and target.exists()


@pytest.mark.parametrize(
    "change, fault, words",
    [
        (lambda tgz: tgz[:-10], "broken off", "is truncated: expected"),
        (lambda tgz: tgz + b"more", "wrong size", "is another file: expected"),
        (lambda tgz: QUOTA_PAGE.encode(), "web page", "is a web page, not data"),
    ],
)
@takes_data_filter
def test_a_wrong_file_put_in_place_by_hand_is_refused_and_kept(world, change, fault, words):
    target = put_by_hand("shapenet-renderings", change(world.tgz))
    refused("shapenet-renderings", fault, "$LMNET_DATA/shapenet/ShapeNetRendering.tgz", words, BY_HAND)
    assert target.read_bytes() == change(world.tgz) and not world.server.requests


@takes_data_filter
def test_the_hash_holds_for_files_put_in_place_by_hand(world):
    download("shapenet-clouds", quiet=True)
    shutil.rmtree(assets.asset("shapenet-clouds").place)
    put_by_hand("shapenet-clouds", make(world.folder / "other", {"other": b""}, "zip").read_bytes())
    refused("shapenet-clouds", "wrong hash", record("shapenet-clouds")["sha256"])


@takes_data_filter
def test_a_file_elsewhere_is_unpacked_from_there_and_stays(world, capsys):
    elsewhere = world.folder / "from the browser (1).tgz"
    elsewhere.write_bytes(world.tgz)
    status, output, _ = lmnet(capsys, "shapenet-renderings", "--file", str(elsewhere), "--remove-archive", "--quiet")
    assert status == 0 and "https://shapenet.org/terms" in output
    assert world.data() == below("shapenet", RENDERINGS) and elsewhere.read_bytes() == world.tgz
    assert not world.server.requests and record()["confirmed"]


@takes_data_filter
def test_a_large_file_is_not_read_again_where_it_was_read(world, monkeypatch):
    put_by_hand("shapenet-renderings", world.tgz)
    download("shapenet-renderings", quiet=True)
    monkeypatch.setattr(downloads.pooch, "file_hash", lambda *_: pytest.fail("read again"))
    download("shapenet-renderings", check=True, quiet=True)


# ------------------------------------------------------------------------------------------------------------ weights
def as_bytes(state: object, folder: Path) -> bytes:
    torch.save(state, folder / "state.pth")
    return (folder / "state.pth").read_bytes()


@pytest.fixture
def variant_1(tmp_path: Path) -> bytes:
    return as_bytes(port_state_dict(0.25, seed=1), tmp_path)


def files_left() -> list[str]:
    root = paths.trained_models_root()
    return sorted(path.name for path in root.rglob("*") if path.is_file() and path.name != assets.RECORD)


def weights_refused(name: str, fault: str, *words: str, **options) -> None:
    before = files_left()
    refused(name, fault, *words, **options)
    assert files_left() == before


@pytest.mark.parametrize("name, heads", [("encoder_l2", ("latent",)), ("encoder_lambda_5.5", ("mu", "std"))])
def test_a_converted_image_encoder_computes_what_the_state_dict_does(world, tmp_path, name, heads):
    state = port_state_dict(0.25, variational=len(heads) == 2)
    world.drive(name, as_bytes(state, tmp_path))
    model = load_model(download(name, quiet=True))
    images = torch.randint(0, 256, (2, 3, 128, 128), dtype=torch.uint8)
    features, _ = reference_features(state, images.float(), same=False)
    with torch.inference_mode():
        found = model(images)
    for head, output in zip(heads, found if len(heads) == 2 else (found,), strict=True):
        expected = F.linear(features, state[f"{head}.weight"], state[f"{head}.bias"])
        torch.testing.assert_close(output, expected, rtol=1e-4, atol=1e-3)


def test_published_weights_are_a_run_like_every_other(world, tmp_path, variant_1, capsys):
    network, forward = reference_autoencoder()
    world.drive("autoencoder", as_bytes(network.state_dict(), tmp_path), warn=False)  # small, hence no warning
    world.drive("encoder_l1", variant_1)
    status, output, _ = lmnet(capsys, "autoencoder", "encoder_l1", "--yes", "--quiet")
    assert status == 0 and output.endswith("$LMNET_TRAINED_MODELS/published/encoder_l1\n")
    assert files_left() == ["config.json", "config.json", "model.safetensors", "model.safetensors"]
    networks = load_networks("published")
    assert list(networks) == ["autoencoder", "encoder_l1"]
    points = torch.rand(3, 100, 3)
    network.eval()
    with torch.inference_mode():
        torch.testing.assert_close(networks["autoencoder"](points), forward(points)[1])
    source = networks["encoder_l1"].config["source"]
    assert "1YnNNJ15hwcGqDQHb-7t4HMC-TC1S-1fT" in source["address"]
    assert source["sha256"] == hashlib.sha256(variant_1).hexdigest() == record("encoder_l1")["sha256"]
    with pytest.warns(UserWarning, match="may have been among its training objects"):
        warn_of_leakage(networks["encoder_l1"], "encoder_l1", "shapenet", "official")
    lines = {line.split()[0]: line for line in lmnet(capsys, "--list")[1].splitlines()}
    assert " here " in lines["autoencoder"] and " here " not in lines["encoder_l2"]
    assert {"run": "published", "models": ["autoencoder", "encoder_l1"]} in doctor.find_weights()


def test_weights_that_are_there_are_not_fetched_again_and_damaged_ones_are(world, variant_1):
    world.drive("encoder_l1", variant_1)
    folder = download("encoder_l1", quiet=True)
    requests = len(world.server.requests)
    download("encoder_l1", quiet=True)
    assert len(world.server.requests) == requests
    (folder / "model.safetensors").write_bytes(b"damaged")
    download("encoder_l1", quiet=True)
    assert len(world.server.requests) > requests and load_model(folder)


def test_weights_that_broke_off_go_on(world, variant_1):
    file = world.drive("encoder_l1", variant_1)
    file.cuts = [len(variant_1) // 2]
    assert load_model(download("encoder_l1", quiet=True))
    assert world.server.requests[-1].range == f"bytes={len(variant_1) // 2}-"


@pytest.mark.parametrize("elsewhere", [True, False])
def test_weights_fetched_by_hand_are_taken_and_kept(world, variant_1, tmp_path, elsewhere, capsys):
    path = tmp_path / "from browser.pth" if elsewhere else put_by_hand("encoder_l1", variant_1)
    path.write_bytes(variant_1)
    status, _, _ = lmnet(capsys, "encoder_l1", "--yes", "--quiet", *(["--file", str(path)] if elsewhere else []))
    assert status == 0 and not world.server.requests and path.read_bytes() == variant_1
    assert load_model(paths.model_dir("published", "encoder_l1"))


def test_weights_that_do_not_arrive_leave_nothing(world, tmp_path, variant_1):
    hand = "put the file at $LMNET_TRAINED_MODELS/published/encoder_l1.pth and run `lmnet download encoder_l1` again"
    world.page("encoder_l1", QUOTA_PAGE)
    weights_refused("encoder_l1", "quota", "Wait a day", hand)
    world.page("encoder_l1", "<html>gone</html>", 404)
    weights_refused("encoder_l1", "not found", "answers 404", hand)
    world.drive("encoder_l1", b"")
    weights_refused("encoder_l1", "wrong size", "An empty file came", hand)
    for content in (b"something else altogether", as_bytes({"foo": torch.zeros(1)}, tmp_path)):
        world.drive("encoder_l1", content)
        weights_refused("encoder_l1", "wrong model", hand)
    for cut in (0.25, 0.5, 0.75, 0.999):
        world.drive("encoder_l1", variant_1[: int(cut * len(variant_1))])
        weights_refused("encoder_l1", "damaged", "truncated or damaged", hand)
    middle = len(variant_1) // 2  # one weight changed: it would load
    world.drive("encoder_l1", variant_1[:middle] + bytes([variant_1[middle] ^ 1]) + variant_1[middle + 1 :])
    weights_refused("encoder_l1", "damaged", "truncated or damaged")


def test_another_model_under_the_name_is_refused(world, variant_1):
    world.drive("autoencoder", variant_1)
    weights_refused("autoencoder", "wrong model", "Expected autoencoder, found image encoder")
    world.drive("encoder_lambda_0", variant_1)
    weights_refused(
        "encoder_lambda_0", "wrong model", "Expected image encoder of Variant II", "of Variant I (one latent)"
    )
    world.drive("encoder_l1", variant_1)
    download("encoder_l1", quiet=True)
    world.drive("encoder_l2", variant_1)
    weights_refused("encoder_l2", "wrong model", "is the file of encoder_l1")


def test_weights_that_have_changed_need_force(world, variant_1, tmp_path):
    world.drive("encoder_l1", variant_1)
    folder = download("encoder_l1", quiet=True)
    first = json.loads((folder / "config.json").read_text())["source"]["sha256"]
    changed = tmp_path / "changed.pth"
    torch.save(port_state_dict(0.25, seed=2), changed)
    weights_refused("encoder_l1", "wrong hash", f"Expected SHA-256 {first}, found ", "--force", file=changed)
    assert assets.recorded_source(assets.asset("encoder_l1"))["sha256"] == first
    (folder.parent / assets.RECORD).unlink()  # as an earlier version left it: the hash stands in config.json alone
    weights_refused("encoder_l1", "wrong hash", f"Expected SHA-256 {first}, found ", file=changed)
    download("encoder_l1", file=changed, force=True, quiet=True)
    assert assets.recorded_source(assets.asset("encoder_l1"))["sha256"] == record("encoder_l1")["sha256"] != first
    assert files_left() == ["config.json", "model.safetensors"]


def test_own_models_are_never_replaced(world):
    own = save_model(paths.model_dir("published", "autoencoder"), PointCloudAutoencoder())
    with pytest.raises(DownloadError, match="did not make") as caught:
        download("autoencoder", force=True)
    assert caught.value.fault == "occupied" and load_model(own) and not world.server.requests


def test_help_names_the_options(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["download", "--help"])
    output = capsys.readouterr().out
    assert ended.value.code == 0
    for option in ("--list", "--yes", "--file", "--force", "--check", "--remove-archive", "--quiet"):
        assert option in output


# --------------------------------------------------------------------------------------------------------- notebook 01
def prepare() -> dict:
    """What notebook 01 does with ``dataset="shapenet", download=True``."""
    return preparation.prepare_data(notebook_settings.DataSettings(dataset="shapenet", download=True))


@takes_data_filter
def test_notebook_01_fetches_shapenet_shows_its_terms_and_does_without_the_authors_lists(world, capsys):
    world.page("shapenet-split", QUOTA_PAGE)
    made = prepare()
    output = capsys.readouterr().out
    assert output.index("non-commercial research") < output.index("ShapeNetRendering is here"), "the terms come first"
    assert "quota" in output and "Going on without it" in output
    assert made["listed"] == 0 and len(packs.read_split("shapenet").train) == 15
    assert verification.verify_dataset("shapenet", progress=False)["models"] == 20
    world.drive("shapenet-split", make(world.folder / "lists", LISTS, "zip").read_bytes(), warn=False)
    requests = len(world.server.requests)
    made = prepare()
    assert (made["listed"], made["on_disk"], made["split_differs"]) == (20, 20, {})
    assert len(world.server.requests) == requests + 1, "only the lists were missing"
    assert "ShapeNetRendering" not in capsys.readouterr().out and prepare() == made
    assert len(world.server.requests) == requests + 1, "nothing was"


@takes_data_filter
def test_notebook_01_goes_on_with_a_download_that_broke_off(world, capsys):
    file = world.server.files[TGZ]
    file.cuts, world.server.files[MIRROR].cuts = [10_000] + [0] * 9, [0] * 9
    with pytest.raises(DownloadError, match="broke off"):
        prepare()
    file.cuts = []
    world.page("shapenet-split", QUOTA_PAGE)
    assert prepare()["listed"] == 0
    assert world.server.asked(TGZ)[-1].range, "from where it stood"


def test_notebook_01_takes_what_was_unpacked_by_hand(world, capsys):
    for name, content in {**RENDERINGS, **CLOUDS, **LISTS}.items():
        path = paths.dataset_dir("shapenet") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert prepare()["listed"] == 20
    assert not world.server.requests and not capsys.readouterr().out
