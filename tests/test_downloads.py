"""Published weights: converted exactly, and every way in which a download goes wrong, with a stand-in for Google Drive."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path

import gdown
import pytest
import torch
import torch.nn.functional as F
from test_models import port_state_dict, reference_autoencoder, reference_features

from lmnet_utils import cli, downloads, paths
from lmnet_utils.downloads import DownloadError, download_weights
from lmnet_utils.inference import load_models, warn_of_leakage
from lmnet_utils.models import PointCloudAutoencoder, load_model, save_model

REAL_DOWNLOAD = inspect.signature(gdown.download)
QUOTA_PAGE = (
    "<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head><body>"
    "Sorry, you can't view or download this file at this time.</body></html>"
)
NO_CONNECTION = importlib.import_module("requests").exceptions.ConnectionError  # what gdown lets through


class Drive:
    """Stands in for ``gdown.download``: hands out ``files`` by id; an exception among them is raised, a callable called."""

    def __init__(self) -> None:
        self.files: dict[str, object] = {}
        self.calls: list[str] = []

    def __call__(self, **arguments) -> str:
        REAL_DOWNLOAD.bind(**arguments)  # the call must fit the installed gdown
        self.calls.append(arguments["id"])
        content = self.files[arguments["id"]]
        if callable(content):
            content = content(Path(arguments["output"]))
        if isinstance(content, Exception):
            raise content
        Path(arguments["output"]).write_bytes(content)
        return arguments["output"]

    def put(self, name: str, content: object) -> None:
        self.files[downloads.manifest()["weights"][name]["drive_id"]] = content


@pytest.fixture
def drive(kit_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Drive:
    stand_in = Drive()
    monkeypatch.setattr(gdown, "download", stand_in)
    return stand_in


def as_bytes(state: object, folder: Path) -> bytes:
    torch.save(state, folder / "state.pth")
    return (folder / "state.pth").read_bytes()


@pytest.fixture
def variant_1(tmp_path: Path) -> bytes:
    return as_bytes(port_state_dict(0.25, seed=1), tmp_path)


def files_left() -> list[str]:
    return sorted(path.name for path in paths.trained_models_root().rglob("*") if path.is_file())


# ------------------------------------------------------------------------------------------------------ it works
@pytest.mark.parametrize("name, heads", [("encoder_l2", ("latent",)), ("encoder_lambda_5.5", ("mu", "std"))])
def test_a_converted_image_encoder_computes_what_the_state_dict_does(drive, tmp_path, name, heads):
    state = port_state_dict(0.25, variational=len(heads) == 2)
    drive.put(name, as_bytes(state, tmp_path))
    model = load_model(download_weights(name))
    images = torch.randint(0, 256, (2, 3, 128, 128), dtype=torch.uint8)
    features, _ = reference_features(state, images.float(), same=False)
    with torch.inference_mode():
        found = model(images)
    for head, output in zip(heads, found if len(heads) == 2 else (found,), strict=True):
        expected = F.linear(features, state[f"{head}.weight"], state[f"{head}.bias"])
        torch.testing.assert_close(output, expected, rtol=1e-4, atol=1e-3)


def test_published_weights_are_a_run_like_every_other(drive, tmp_path, variant_1, capsys):
    network, forward = reference_autoencoder()
    drive.put("autoencoder", as_bytes(network.state_dict(), tmp_path))
    drive.put("encoder_l1", variant_1)
    assert cli.main(["download", "autoencoder", "encoder_l1"]) == 0
    assert files_left() == ["config.json", "config.json", "model.safetensors", "model.safetensors"]
    networks = load_models("published")
    assert list(networks) == ["autoencoder", "encoder_l1"]
    points = torch.rand(3, 100, 3)
    with torch.inference_mode():
        torch.testing.assert_close(networks["autoencoder"](points), forward_of(network, forward, points))
    source = networks["encoder_l1"].config["source"]
    assert source["drive_id"] == "1YnNNJ15hwcGqDQHb-7t4HMC-TC1S-1fT" and len(source["sha256"]) == 64
    with pytest.warns(UserWarning, match="may have been among its training objects"):
        warn_of_leakage(networks["encoder_l1"], "encoder_l1", "shapenet", "official")
    capsys.readouterr()
    assert cli.main(["download", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["here", "here", "-", "-", "-", "-"]


def forward_of(network, forward, points):
    network.eval()
    return forward(points)[1]


def test_the_list_is_complete_and_names_models_as_the_kit_does():
    weights = downloads.manifest()["weights"]
    kinds = {name: (entry["kind"], entry.get("variational")) for name, entry in weights.items()}
    assert kinds == {
        "autoencoder": ("autoencoder", None),
        "encoder_l1": ("image_encoder", False),
        "encoder_l2": ("image_encoder", False),
        "encoder_lambda_5.5": ("image_encoder", True),
        "encoder_lambda_0.5": ("image_encoder", True),
        "encoder_lambda_0": ("image_encoder", True),
    }
    assert len({entry["drive_id"] for entry in weights.values()}) == 6
    for name, entry in weights.items():
        assert paths.trained_models_root() / entry["target"] == paths.model_dir("published", name)


def test_what_is_there_is_not_fetched_again_and_what_is_damaged_is(drive, variant_1):
    drive.put("encoder_l1", variant_1)
    folder = download_weights("encoder_l1")
    download_weights("encoder_l1")
    assert len(drive.calls) == 1
    (folder / "model.safetensors").write_bytes(b"damaged")
    download_weights("encoder_l1")
    assert len(drive.calls) == 2 and load_model(folder)


def test_a_broken_download_goes_on_where_it_stopped(drive, variant_1):
    def half(output: Path):  # as gdown does: the received bytes stay in <output>XXXXXXXX.part
        part = output.with_name(output.name + "abcdefgh.part")
        if not part.exists():
            part.write_bytes(variant_1[: len(variant_1) // 2])
            return NO_CONNECTION("reset by peer")
        rest = variant_1[part.stat().st_size :]
        content = part.read_bytes() + rest
        part.unlink()
        return content

    drive.put("encoder_l1", half)
    assert load_model(download_weights("encoder_l1")) and len(drive.calls) == 2


def test_a_file_fetched_by_hand_is_taken_and_kept(drive, variant_1, tmp_path):
    (tmp_path / "from browser.pth").write_bytes(variant_1)
    assert cli.main(["download", "encoder_l1", "--file", str(tmp_path / "from browser.pth")]) == 0
    assert load_models_names() == ["encoder_l1"] and not drive.calls
    assert (tmp_path / "from browser.pth").read_bytes() == variant_1


def load_models_names() -> list[str]:
    return sorted(path.parent.name for path in paths.model_dir("published", "").glob("*/model.safetensors"))


# -------------------------------------------------------------------------------------------------- it goes wrong
def refused(name: str, message: str, **options) -> str:
    """The download fails with ``message``, says what to do by hand, and leaves nothing."""
    before = files_left()
    with pytest.raises(DownloadError, match=message) as caught:
        download_weights(name, **options)
    assert files_left() == before
    assert f"lmnet download {name} --file PATH" in str(caught.value)
    assert downloads.browser_address(name) in str(caught.value)
    assert str(paths.trained_models_root()) not in str(caught.value)
    return str(caught.value)


def gdowns_refusal() -> Exception:
    text = (
        "Failed to retrieve file url:\n\n\tToo many users have viewed or downloaded this\n\tfile recently.\n\n"
        "You may still be able to access the file from the browser:\n\n\thttps://…\n\nbut Gdown can't."
    )
    return gdown.exceptions.FileURLRetrievalError(text)


def http_404() -> Exception:
    requests = importlib.import_module("requests")
    response = requests.Response()
    response.status_code = 404
    return requests.exceptions.HTTPError("404 Client Error", response=response)


@pytest.mark.parametrize(
    "answer, message",
    [
        (NO_CONNECTION("Name or service not known"), "no connection to Google Drive .*HTTPS_PROXY"),
        (gdowns_refusal(), r"\(Too many users have viewed or downloaded this file recently\.\).*wait a day"),
        (http_404(), "answers 404"),
        (OSError(28, "No space left on device"), "No space left on device.*Make room"),
        (QUOTA_PAGE.encode(), "web page.*'Google Drive - Quota exceeded'.*wait a day"),
        (b"<html>Sign in</html>", "is a web page"),
        (b"", "no plain PyTorch state dict"),
        (b"something else altogether", "the downloaded file is no plain PyTorch state dict"),
    ],
)
def test_what_does_not_arrive_is_explained_and_leaves_nothing(drive, answer, message):
    drive.put("encoder_l1", answer)
    refused("encoder_l1", message)


def test_damaged_files_are_refused(drive, variant_1):
    for cut in (0.25, 0.5, 0.75, 0.999):
        drive.put("encoder_l1", variant_1[: int(cut * len(variant_1))])
        refused("encoder_l1", "truncated or damaged")
    middle = len(variant_1) // 2  # one weight changed: it would load
    drive.put("encoder_l1", variant_1[:middle] + bytes([variant_1[middle] ^ 1]) + variant_1[middle + 1 :])
    refused("encoder_l1", "truncated or damaged")


def test_a_download_that_breaks_off_for_good_says_so(drive, variant_1):
    def stuck(output: Path):
        output.with_name(output.name + "abcdefgh.part").write_bytes(variant_1[:1000])
        kept = getattr(gdown, "DownloadError", NO_CONNECTION)
        return kept(f"Download is incomplete: received 1000 bytes.\nThe received bytes are kept in {output}")

    drive.put("encoder_l1", stuck)
    refused("encoder_l1", r"broke off and does not go on \(Download is incomplete: received 1000 bytes\.\)")
    assert len(drive.calls) == 2


def test_another_model_under_the_name_is_refused(drive, variant_1, tmp_path):
    drive.put("autoencoder", variant_1)
    refused("autoencoder", "Expected autoencoder, found image encoder")
    drive.put("encoder_lambda_0", variant_1)
    refused("encoder_lambda_0", "Expected image encoder of Variant II .* found image encoder of Variant I ")
    drive.put("encoder_l1", variant_1)
    drive.put("encoder_l2", variant_1)
    download_weights("encoder_l1")
    refused("encoder_l2", "is the file of encoder_l1")
    drive.put("encoder_l2", as_bytes({"foo": torch.zeros(1)}, tmp_path))
    refused("encoder_l2", "its first keys are foo")


def test_a_file_that_has_changed_needs_force(drive, variant_1, tmp_path):
    drive.put("encoder_l1", variant_1)
    folder = download_weights("encoder_l1")
    first = json.loads((folder / "config.json").read_text())["source"]["sha256"]
    changed = tmp_path / "changed.pth"
    torch.save(port_state_dict(0.25, seed=2), changed)
    with pytest.raises(DownloadError, match=f"Expected SHA-256 {first}, found .*--force"):
        download_weights("encoder_l1", file=changed)
    assert downloads.recorded_source("encoder_l1")["sha256"] == first
    download_weights("encoder_l1", file=changed, force=True)
    assert downloads.recorded_source("encoder_l1")["sha256"] != first
    assert files_left() == ["config.json", "model.safetensors"]


def test_own_models_are_never_replaced(drive, variant_1):
    own = save_model(paths.model_dir("mine", "autoencoder"), PointCloudAutoencoder())
    with pytest.raises(DownloadError, match="did not make"):
        download_weights("autoencoder", "mine", force=True)
    assert load_model(own) and not drive.calls


def test_the_command_goes_on_after_a_failure_and_refuses_what_it_does_not_know(drive, variant_1, tmp_path, capsys):
    drive.put("encoder_l1", NO_CONNECTION("down"))
    drive.put("encoder_l2", variant_1)
    assert cli.main(["download", "encoder_l1", "encoder_l2"]) == 1
    captured = capsys.readouterr()
    assert "published/encoder_l2" in captured.out and "no connection" in captured.err
    assert cli.main(["download", "encoder_l1", "--file", str(tmp_path / "missing.pth")]) == 1
    assert "no file at" in capsys.readouterr().err
    for arguments in (["encoder_l3"], [], ["encoder_l1", "encoder_l2", "--file", "x.pth"]):
        assert cli.main(["download", *arguments]) == 2
    with pytest.raises(ValueError, match="encoder_lambda_0.5"):
        download_weights("encoder_l3")
