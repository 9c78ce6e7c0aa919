"""Weights that others publish: fetched, checked, and made into model folders like every other (``lmnet download``).

``trained_models/published.json`` lists them. A file counts as fetched once it loads as the model that its name promises;
until then it lies in a temporary folder, which goes whatever happens.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from lmnet_utils import paths
from lmnet_utils.reproducibility import choose, read_json, sha256_of


class DownloadError(RuntimeError):
    """A file could not be had, or is not what it should be; the message says what to do by hand."""


def manifest() -> dict[str, Any]:
    """``trained_models/published.json`` of the checkout (``LMNET_TRAINED_MODELS`` moves what is fetched, not the list)."""
    return read_json(paths.project_root() / "trained_models" / "published.json")


def browser_address(name: str) -> str:
    """Where a person fetches the published file ``name``."""
    return f"https://drive.google.com/file/d/{manifest()['weights'][name]['drive_id']}/view"


def recorded_source(name: str, run: str = "published") -> dict[str, Any] | None:
    """What ``config.json`` says about the file that ``trained_models/<run>/<name>`` was made from; None without one."""
    config = paths.model_dir(run, name) / "config.json"
    return read_json(config).get("source") if config.is_file() else None


def download_weights(
    name: str, run: str = "published", *, file: str | Path | None = None, force: bool = False, quiet: bool = False
) -> Path:
    """Fetch published weights, check them and convert them into the model folder ``trained_models/<run>/<name>/``.

    What is there already is not fetched again. The first file's SHA-256 is recorded in ``config.json``; a later file
    must have the same.

    Args:
        name: a name of the manifest, such as ``"encoder_l1"``.
        run: the folder in ``trained_models/``, which notebook 06 takes as ``weights_run``.
        file: take this file, fetched by hand, instead of downloading.
        force: fetch again, and accept a file with another SHA-256 than the one recorded.
        quiet: no progress bar.

    Returns:
        The model folder.

    Raises:
        ValueError: no such name; lists the names.
        DownloadError: no network, Drive's refusal, a web page instead of data, a damaged file, the wrong model, another
            SHA-256, or a folder that holds something else. What was there before stays as it was.
    """
    from lmnet_utils.models import load_model, save_model

    weights = manifest()["weights"]
    choose("name", name, weights)
    entry, target = weights[name], paths.model_dir(run, name)
    source = recorded_source(name, run)
    if source is None and target.is_dir() and any(target.iterdir()):
        raise DownloadError(
            f"{paths.display(target)} holds something that `lmnet download` did not make. Move it away, then try again."
        )
    if source and not file and not force and _is_whole(target):
        return target

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{name}.") as folder:
        if file:
            fetched = Path(file).expanduser()
            what = paths.display(fetched)
            if not fetched.is_file():
                raise DownloadError(f"no file at {what}. {_by_hand(name)}")
        else:
            fetched, what = Path(folder) / name, "the downloaded file"
            _fetch(name, entry["drive_id"], fetched, quiet)
        _check_bytes(fetched, what, name)
        sha256 = sha256_of(fetched)
        if not force:
            _check_sha256(sha256, what, name, run, entry["sha256"] or (source or {}).get("sha256"))
        try:
            model = load_model(fetched)
        except ValueError as error:
            reason = str(error).replace(paths.display(fetched), what)
            raise DownloadError(f"{name}: {reason} {_by_hand(name)}") from error
        expected = {key: entry[key] for key in ("kind", "variational") if key in entry}
        found = {key: model.config.get(key) for key in expected}
        if found != expected:
            raise DownloadError(
                f"{name}: {what} is another model. Expected {_words(expected)}, found {_words(found)}. {_by_hand(name)}"
            )
        converted = save_model(
            Path(folder) / "converted" / name,
            model,
            source={"name": name, "drive_id": entry["drive_id"], "sha256": sha256, "bytes": fetched.stat().st_size},
            training={"data": manifest()["trained_on"]},  # so that notebook 06 can warn of seen test objects
        )
        if target.exists():
            target.rename(Path(folder) / "replaced")
        converted.rename(target)
    return target


def _is_whole(folder: Path) -> bool:
    from lmnet_utils.models import load_model

    try:
        load_model(folder)
    except (OSError, ValueError):
        return False
    return True


def _fetch(name: str, drive_id: str, output: Path, quiet: bool) -> None:
    """Download from Google Drive; after a break, resume as long as each attempt brings something."""
    import gdown

    received = 0
    while True:
        try:
            gdown.download(id=drive_id, output=str(output), quiet=quiet, resume=True)
            break
        except gdown.exceptions.FileURLRetrievalError as error:
            paragraphs = str(error).split("\n\n")  # "Failed to …", the reason, advice
            reason = " ".join(paragraphs[min(1, len(paragraphs) - 1)].split())
            raise DownloadError(
                f"{name}: Google Drive does not hand out the file to a program ({reason}) Often too many people have "
                f"fetched it lately: wait a day, or try as a signed-in person. {_by_hand(name)}"
            ) from error
        except (OSError, getattr(gdown.exceptions, "DownloadError", OSError)) as error:  # gdown 5 has no DownloadError
            before, received = received, sum(part.stat().st_size for part in output.parent.iterdir())
            answer = getattr(error, "response", None)
            line = str(error).split("\n")[0]
            if isinstance(error, OSError) and error.errno is not None:
                reason = f"the file cannot be written ({error.strerror}). Make room, or set LMNET_TRAINED_MODELS."
            elif answer is not None:
                reason = f"Google Drive answers {answer.status_code}: the file may be gone."
            elif received > before:
                continue
            elif received:
                reason = f"the download broke off and does not go on ({line}). Try again."
            else:
                reason = f"no connection to Google Drive ({line}). Check the network, and HTTPS_PROXY if you need one."
            raise DownloadError(f"{name}: {reason} {_by_hand(name)}") from error
    if not output.is_file():
        raise DownloadError(f"{name}: gdown brought no file. {_by_hand(name)}")


def _check_bytes(file: Path, what: str, name: str) -> None:
    """Refuse a web page and a truncated or damaged archive, which a .pth file is."""
    with open(file, "rb") as stream:
        start = stream.read(1 << 16)
    if re.match(rb"\s*<(!doctype|html|head)", start, re.IGNORECASE):
        title = re.search(r"<title>(.*?)</title>", start.decode("utf-8", "replace"), re.IGNORECASE | re.DOTALL)
        shown = f" ({' '.join(title[1].split())!r})" if title else ""
        later = " Its quota for this file is used up: wait a day, or try as a signed-in person."
        quota = later if b"quota" in start.lower() else ""
        raise DownloadError(
            f"{name}: {what} is a web page of Google Drive{shown}, not weights.{quota} {_by_hand(name)}"
        )
    if not start.startswith(b"PK"):  # an old-style state dict, or nothing that loads
        return
    try:
        with zipfile.ZipFile(file) as archive:
            damaged = archive.testzip()
    except zipfile.BadZipFile:
        damaged = "its end is missing"
    if damaged:
        size = file.stat().st_size
        raise DownloadError(f"{name}: {what} is truncated or damaged ({size:,} bytes; {damaged}). {_by_hand(name)}")


def _check_sha256(sha256: str, what: str, name: str, run: str, expected: str | None) -> None:
    if expected and sha256 != expected:
        raise DownloadError(
            f"{name}: {what} is not the file that is on record. Expected SHA-256 {expected}, found {sha256}. "
            "If the authors have changed it and you trust the new one, add --force."
        )
    for other in manifest()["weights"]:
        if other != name and sha256 == (recorded_source(other, run) or {}).get("sha256"):
            raise DownloadError(f"{name}: {what} is the file of {other}. {_by_hand(name)}")


def _words(config: dict[str, Any]) -> str:
    kind = config["kind"].replace("_", " ")
    variant = {True: " of Variant II (mean and log-variance)", False: " of Variant I (one latent)"}
    return kind + variant.get(config.get("variational"), "")


def _by_hand(name: str) -> str:
    return (
        f"By hand: open {browser_address(name)} in a browser, download the file to any folder, then "
        f"`lmnet download {name} --file PATH`."
    )
