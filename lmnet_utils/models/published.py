"""Weights that others published: fetched like any file, then made model folders of this kit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from lmnet_utils.core import paths
from lmnet_utils.core.runtime import utc_now
from lmnet_utils.data import assets, downloads
from lmnet_utils.data.assets import Asset, note, recorded_source, where
from lmnet_utils.data.downloads import discard, failure, obtain
from lmnet_utils.models.weights import load_model, save_model


def download(
    name: str, *, file: str | Path | None = None, force: bool = False, quiet: bool = False, **archive: Any
) -> Path:
    """Fetch any asset: weights become a model folder, an archive is unpacked.

    Args:
        name: a name of ``assets.json``, such as ``"encoder_l1"``.
        file, force, quiet: as :func:`lmnet_utils.data.downloads.fetch_archive`.
        archive: its ``check`` and ``remove_archive``, which mean nothing for weights.

    Returns:
        The folder.

    Raises:
        ValueError, DownloadError: as :func:`lmnet_utils.data.downloads.fetch_archive`.
    """
    item = assets.asset(name)
    if item.kind != "weights":
        return downloads.fetch_archive(name, file=file, force=force, quiet=quiet, **archive)
    _refuse_foreign(item)
    if not (file or force or archive.get("check")) and assets.is_here(item):
        return item.place
    path, source = obtain(item, file, force, quiet)
    return _convert(item, path, source, force)


def _refuse_foreign(item: Asset) -> None:
    """Refuse to replace a model that was trained here."""
    if recorded_source(item) is None and item.place.is_dir() and any(item.place.iterdir()):
        reason = f"{where(item.place)} holds something that `lmnet download` did not make. Move it away, then try again"
        raise failure(item, "occupied", reason, "")


def _convert(item: Asset, path: Path, source: dict[str, Any], force: bool) -> Path:
    """Make the model folder from a checked file that loads as the model that its name promises."""
    what, run = "the downloaded file" if path.parent == item.incoming else where(path), item.place.parent
    others = [assets.asset(name) for name in assets.names() if name != item.name]
    same = [other.name for other in others if (recorded_source(other) or {}).get("sha256") == source["sha256"]]
    try:
        if same and not force:
            raise ValueError(f"{what} is the file of {same[0]}")
        model = load_model(path)
        found = {key: model.config.get(key) for key in item.model}
        if found != item.model:
            raise ValueError(f"{what} is another model. Expected {_words(item.model)}, found {_words(found)}")
    except ValueError as error:
        discard(item)
        raise failure(item, "wrong model", str(error).replace(paths.display(path), what)) from error
    published = {"name": item.name, "address": item.addresses[0], "sha256": source["sha256"], "bytes": source["bytes"]}
    trained_on = {"data": assets.manifest()["trained_on"]}  # so that notebook 06 can warn of seen test objects
    run.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=run, prefix=f".{item.name}.") as folder:
        converted = save_model(Path(folder) / "converted" / item.name, model, source=published, training=trained_on)
        if item.place.exists():
            item.place.rename(Path(folder) / "replaced")
        converted.rename(item.place)
    note(item, **source, fetched=utc_now(), confirmed=True)
    discard(item)
    return item.place


def _words(config: dict[str, Any]) -> str:
    kind = config["kind"].replace("_", " ")
    variant: dict[bool | None, str] = {
        True: " of Variant II (mean and log-variance)",
        False: " of Variant I (one latent)",
    }
    return kind + variant.get(config.get("variational"), "")
