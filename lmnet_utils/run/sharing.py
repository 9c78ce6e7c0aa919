"""Models of one's own, shared: a run's networks with their card and checksums, as a folder or one ZIP file, and taken from there by others.

What is shared holds numbers only: weights as safetensors, JSON, and a card as Markdown. ``shared.json`` lists every file with its size and
SHA-256; what is not listed, or not as listed, is refused, and nothing is left behind.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import lmnet_utils
from lmnet_utils.core import paths
from lmnet_utils.core.files import atomic_path, read_json, sha256_of, write_json
from lmnet_utils.core.runtime import utc_now
from lmnet_utils.core.settings import RUN_NAME
from lmnet_utils.data.transfer import RangeDownloader, fetch
from lmnet_utils.evaluation.results import results_table
from lmnet_utils.evaluation.tables import table
from lmnet_utils.models.registry import find_networks, read_info
from lmnet_utils.models.weights import load_model

MANIFEST = "shared.json"
CARD = "MODEL_CARD.md"
NETWORK_FILES = ("config.json", "model.safetensors", "metrics.json", "residuals.safetensors")
"""What of a network's folder is shared, as far as it is there; the first two always are."""
LARGEST = 4_000_000_000
"""Bytes of all files together, beyond which nothing is taken."""
_NAME = re.compile(rf"{RUN_NAME}/(?:{'|'.join(map(re.escape, NETWORK_FILES))})|{re.escape(CARD)}")


# ------------------------------------------------------------------------------------------------------------------ ship
def ship(run: str, out: str | Path, *, licence: str = "not stated") -> Path:
    """Write a run's networks to be shared: a folder, or one file if ``out`` ends in ``.zip``.

    Args:
        run: a folder of ``trained_models/``.
        out: must not be there yet.
        licence: under which others may use them, for the card.

    Returns:
        ``out``.

    Raises:
        FileNotFoundError: no such run, or none with an autoencoder.
        FileExistsError: ``out`` is there.
        ValueError: a network cannot be loaded.
    """
    out = Path(out)
    if out.exists():
        raise FileExistsError(f"{paths.display(out)} is there already: name a new folder or .zip file.")
    folders = find_networks(run)
    for folder in folders.values():
        load_model(folder)  # what does not load here does not load elsewhere
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".ship-", dir=out.parent) as temporary:
        gathered = Path(temporary) / "shared"
        for name, folder in folders.items():
            (gathered / name).mkdir(parents=True)
            for file in NETWORK_FILES:
                if (folder / file).is_file():
                    shutil.copyfile(folder / file, gathered / name / file)
        (gathered / CARD).write_text(model_card(run, folders, licence), encoding="utf-8")
        files = sorted(path for path in gathered.rglob("*") if path.is_file())
        listed = {
            path.relative_to(gathered).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
            for path in files
        }
        about = {"run": run, "kit": lmnet_utils.__version__, "made": utc_now(), "licence": licence}
        write_json(gathered / MANIFEST, {**about, "files": listed})
        if out.suffix.lower() != ".zip":
            gathered.rename(out)
            return out
        with atomic_path(out) as path, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in (MANIFEST, *listed):
                archive.write(gathered / name, name)
    return out


def model_card(run: str, folders: Mapping[str, Path], licence: str) -> str:
    """The card of shared networks as Markdown: what they are, what they were trained on, and how notebook 08 scored them, if it did."""
    rows = []
    for folder in folders.values():
        info, record = read_info(folder), {}
        with contextlib.suppress(OSError, ValueError):
            record = read_json(folder / "metrics.json")
        history = {row["epoch"]: row for row in record.get("results", {}).get("history", [])}
        kept = history.get(record.get("results", {}).get("best_epoch"), {})
        rows.append(
            {
                "network": info.name,
                "what": info.label,
                "trained on": info.training,
                "objects": record.get("data", {}).get("training_models"),
                "epochs": record.get("settings", {}).get("epochs"),
                "validation Chamfer": kept.get("validation_chamfer"),
                "MB": round((folder / "model.safetensors").stat().st_size / 1e6, 1),
            }
        )
    scores, found = paths.runs_root() / run / "08_evaluation" / "metrics.json", "Not scored by notebook 08."
    with contextlib.suppress(OSError, ValueError, KeyError, IndexError):
        evaluation = read_json(scores)
        settings, lines = evaluation["settings"], evaluation["results"]["table"]
        if settings["weights_run"] in (None, run):
            lines = [row for row in lines if (row["classes"], row["icp"]) == (settings["classes"], settings["icp"][-1])]
            about = f"On {evaluation['results']['subset']}, ICP: {settings['icp'][-1]}, Chamfer and EMD ×100, F-scores in %:"
            found = f"{about}\n\n{results_table(lines)}"
    return f"""# Model card: {run}

Networks of [3D-LMNet](https://arxiv.org/abs/1807.07796) in the layout of the kit, version {lmnet_utils.__version__}. `lmnet take` installs them, after checking every file.

**Licence**: {licence}. Data sets may ask for more: name their creators where their licences say so.

{table(rows)}

**Results.** {found}
"""


# ------------------------------------------------------------------------------------------------------------------ take
def take(source: str, name: str | None = None, *, quiet: bool = False) -> str:
    """Install shared networks in ``trained_models/<name>``; returns the name, for ``weights_run``.

    Args:
        source: a folder or ZIP file of :func:`ship`, or a ZIP file's address; ``…#sha256=<64 digits>`` demands this very file.
        name: of the run; by default the one that it was shared as. The same networks under that name are taken as they are.
        quiet: no progress bar.

    Raises:
        FileNotFoundError: no such folder or file.
        FileExistsError: other networks have that name.
        TransferError: the file does not come.
        ValueError: no shared networks; a file is missing, foreign or damaged; a network does not load.
    """
    paths.trained_models_root().mkdir(parents=True, exist_ok=True)
    address, _, wanted = source.partition("#sha256=")
    if wanted and not re.fullmatch(r"[0-9a-fA-F]{64}", wanted):
        raise ValueError(f"#sha256={wanted}: expected 64 hexadecimal digits.")
    is_url = re.match(r"https?://", address) is not None
    what = address if is_url else paths.display(Path(address).expanduser())
    with tempfile.TemporaryDirectory(prefix=".taken-", dir=paths.trained_models_root()) as temporary:
        folder = Path(temporary)
        path = _fetched(address, wanted.lower(), quiet) if is_url else Path(address).expanduser()
        if not is_url and wanted and path.is_file() and sha256_of(path) != wanted.lower():
            raise ValueError(f"{what}: its SHA-256 is not the one demanded. It is another file, or damaged.")
        try:
            manifest = _unpack(path, folder / "shared", what)
        finally:
            if is_url:
                shutil.rmtree(path.parent, ignore_errors=True)
        return _install(folder / "shared", manifest, name, what)


def _fetched(address: str, sha256: str, quiet: bool) -> Path:
    """The file behind an address, in a folder of its own that is kept while parts are missing: the next call goes on from there."""
    folder = paths.trained_models_root() / f".fetch-{hashlib.sha256(address.encode()).hexdigest()[:16]}"
    downloader = RangeDownloader(folder, quiet=quiet)
    try:
        return fetch([address], downloader, "shared.zip", f"sha256:{sha256}" if sha256 else None)
    except ValueError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ValueError(f"{address}: its SHA-256 is not the one demanded. It is another file, or damaged.") from error


def _unpack(path: Path, folder: Path, what: str) -> dict[str, Any]:
    """Copy what the manifest lists into ``folder``, every file checked; returns the manifest."""
    if not path.exists():
        raise FileNotFoundError(f"there is nothing at {what}: expected a folder, ZIP file or address of `lmnet ship`.")
    folder.mkdir()
    try:
        with contextlib.ExitStack() as stack:
            archive = None if path.is_dir() else stack.enter_context(zipfile.ZipFile(path))
            with _opened(path, archive, MANIFEST) as file:
                (folder / MANIFEST).write_bytes(file.read(1 << 22))
            manifest = _checked_manifest(folder / MANIFEST, what)
            for name, about in manifest["files"].items():
                (folder / name).parent.mkdir(exist_ok=True)
                with _opened(path, archive, name) as file, open(folder / name, "wb") as copy:
                    _copy(file, copy, about, f"{what}: {name}")
    except zipfile.BadZipFile as error:
        raise ValueError(
            f"{what} is no ZIP file, or one that was cut off or damaged ({error}): fetch it again."
        ) from error
    except (KeyError, FileNotFoundError) as error:
        raise ValueError(
            f"{what}: a file of shared networks is missing ({error}). Expected what `lmnet ship` wrote."
        ) from error
    return manifest


@contextlib.contextmanager
def _opened(path: Path, archive: zipfile.ZipFile | None, name: str) -> Iterator[IO[bytes]]:
    with open(path / name, "rb") if archive is None else archive.open(name) as file:
        yield file


def _checked_manifest(path: Path, what: str) -> dict[str, Any]:
    try:
        manifest = read_json(path)
        files = {str(name): (int(about["bytes"]), str(about["sha256"])) for name, about in manifest["files"].items()}
        run = str(manifest["run"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{what}: {MANIFEST} is damaged, or of something else than `lmnet ship`.") from error
    if foreign := [name for name in files if not _NAME.fullmatch(name)]:
        kinds = ", ".join(NETWORK_FILES)
        raise ValueError(
            f"{what}: {foreign[0]!r} does not belong there: expected {CARD} and, in a folder a network, {kinds}."
        )
    if not re.fullmatch(RUN_NAME, run) or "autoencoder/model.safetensors" not in files:
        raise ValueError(f"{what}: expected a run's name and an autoencoder in {MANIFEST}.")
    if sum(size for size, _ in files.values()) > LARGEST:
        raise ValueError(f"{what}: its files have more than {LARGEST / 1e9:.0f} GB together.")
    return dict(manifest)


def _copy(file: IO[bytes], copy: IO[bytes], about: Mapping[str, Any], what: str) -> None:
    """Copy a file, no more of it than its listed size, and compare its checksum."""
    digest, left = hashlib.sha256(), int(about["bytes"]) + 1
    while left and (block := file.read(min(1 << 20, left))):
        digest.update(block)
        copy.write(block)
        left -= len(block)
    if left != 1 or digest.hexdigest() != about["sha256"]:
        found = "more" if not left else f"{int(about['bytes']) + 1 - left:,}"
        raise ValueError(
            f"{what} is damaged: expected {int(about['bytes']):,} bytes with the SHA-256 {about['sha256'][:16]}…, found {found}"
            f"{'' if left != 1 else ' with another one'}. Fetch it again, or ask who shared it."
        )


def _install(folder: Path, manifest: Mapping[str, Any], name: str | None, what: str) -> str:
    run = name or str(manifest["run"])
    if not re.fullmatch(RUN_NAME, run):
        raise ValueError(f"name {run!r}: expected 1 to 64 letters, digits and .-_=+, for it names a folder.")
    place = paths.model_dir(run, "")
    if place.exists():
        same = (place / MANIFEST).is_file() and read_json(place / MANIFEST).get("files") == manifest["files"]
        if not same:
            raise FileExistsError(f"{paths.display(place)} holds other networks: choose another name with --name.")
        return run
    for network in sorted({file.split("/")[0] for file in manifest["files"] if "/" in file}):
        try:
            load_model(folder / network)
        except (OSError, ValueError, KeyError) as error:
            text = str(error).replace(paths.display(folder / network), network)
            raise ValueError(f"{what}: {network} does not load: {text}") from error
    folder.rename(place)
    return run
