"""A run described for machines: an RO-Crate (https://w3id.org/ro/crate/1.1), one JSON file in the run's folder.

It names every file with its checksum, what each notebook was given and what it made, the versions that it ran with, the data set and the licences. Everything
comes from files of the run: ``steps.json`` and the notebooks' ``metrics.json``.
"""

from __future__ import annotations

import contextlib
import json
import mimetypes
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import lmnet_utils
from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json, sha256_of, write_json

CRATE = "ro-crate-metadata.json"
_TYPES = {
    ".ipynb": "application/x-ipynb+json",
    ".npy": "application/octet-stream",
    ".ply": "model/ply",
    ".glb": "model/gltf-binary",
}
_MIT = "https://spdx.org/licenses/MIT"
_LICENCES = {
    "freeshapes": [
        "https://spdx.org/licenses/CC0-1.0",
        "https://spdx.org/licenses/CC-BY-3.0",
        "https://spdx.org/licenses/CC-BY-3.0-US",
    ],
}
"""Of the data sets whose licences the kit knows (data/freeshapes/source/LICENSES.md)."""


def write_crate(run: str) -> Path:
    """Write ``runs/<run>/ro-crate-metadata.json``; returns its path. A second call describes what is there then.

    Raises:
        FileNotFoundError: no such run, or one in which no notebook wrote its metrics.
    """
    root = paths.runs_root() / run
    records = {path: read_json(path) for path in sorted(root.glob("*/metrics.json"))}
    if not records:
        raise FileNotFoundError(
            f"{paths.display(root)} holds no notebook's metrics.json: run a profile first, `lmnet run … --run-name {run}`."
        )
    files = [
        path for path in sorted(root.rglob("*")) if path.is_file() and path.name != CRATE and not _hidden(path, root)
    ]
    graph = [
        _descriptor(),
        _root(run, root, records, files),
        _software(records),
        *_packages(records),
        *_datasets(records),
    ]
    for path, record in records.items():
        graph += _action(root, path, record)
    graph += [_file(root, path) for path in files]
    licences = sorted({one for known in _LICENCES.values() for one in known} | {_MIT})
    graph += [{"@id": one, "@type": "CreativeWork", "name": one.rsplit("/", 1)[1]} for one in licences]
    context = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "https://schema.org/sha256"}]
    return write_json(root / CRATE, {"@context": context, "@graph": graph})


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _descriptor() -> dict[str, Any]:
    about = {"conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"}, "about": {"@id": "./"}}
    return {"@id": CRATE, "@type": "CreativeWork", **about}


def _root(run: str, root: Path, records: Mapping[Path, dict[str, Any]], files: list[Path]) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        profile = read_json(root / "steps.json").get("profile", "")
        return _root_of(run, f"the profile {profile}", root, records, files)
    return _root_of(run, "single notebooks", root, records, files)


def _root_of(
    run: str, what: str, root: Path, records: Mapping[Path, dict[str, Any]], files: list[Path]
) -> dict[str, Any]:
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": f"3D-LMNet: the run {run}",
        "description": f"What {what} of the 3D-LMNet notebook kit made: executed notebooks, figures, scores.",
        "datePublished": max(record["created"] for record in records.values()),
        "license": {"@id": _MIT},
        "hasPart": _links(_id(root, path) for path in files),
        "mentions": _links(f"#{path.parent.name}" for path in records),
        "isBasedOn": _links(f"#data-{name}" for name in _names_of(records)),
    }


def _links(names: Iterable[str]) -> dict[str, str] | list[dict[str, str]]:
    """Links to entities; RO-Crate wants a single one without a list around it."""
    links = [{"@id": name} for name in names]
    return links[0] if len(links) == 1 else links


def _id(root: Path, path: Path) -> str:
    from urllib.parse import quote

    return quote(path.relative_to(root).as_posix(), safe="/=,+@~")


def _file(root: Path, path: Path) -> dict[str, Any]:
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    about = {"contentSize": str(path.stat().st_size), "sha256": sha256_of(path)}
    return {
        "@id": _id(root, path),
        "@type": "File",
        "name": path.relative_to(root).as_posix(),
        "encodingFormat": kind,
        **about,
    }


def _software(records: Mapping[Path, dict[str, Any]]) -> dict[str, Any]:
    newest = max(records.values(), key=lambda record: record["created"])["environment"]
    commit = {"softwareVersion": newest["git_commit"]} if newest.get("git_commit") else {}
    return {
        "@id": "#kit",
        "@type": "SoftwareApplication",
        "name": "3D-LMNet notebook kit",
        "version": lmnet_utils.__version__,
        **commit,
        "license": {"@id": _MIT},
        "softwareRequirements": _links(f"#{name}-{version}" for name, version in sorted(_versions(records))),
        "operatingSystem": newest.get("platform", ""),
    }


def _versions(records: Mapping[Path, dict[str, Any]]) -> set[tuple[str, str]]:
    found = {
        (name, version) for record in records.values() for name, version in record["environment"]["packages"].items()
    }
    return found | {("python", record["environment"]["python"]) for record in records.values()}


def _packages(records: Mapping[Path, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"@id": f"#{name}-{version}", "@type": "SoftwareApplication", "name": name, "version": version}
        for name, version in sorted(_versions(records))
    ]


def _names_of(records: Mapping[Path, dict[str, Any]]) -> list[str]:
    return sorted(
        {str(record["data"]["dataset"]) for record in records.values() if record.get("data", {}).get("dataset")}
    )


def _datasets(records: Mapping[Path, dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for name in _names_of(records):
        about: dict[str, Any] = {"@id": f"#data-{name}", "@type": "Dataset", "name": name}
        about["description"] = f"The data set {name}, in the layout of 3D-R2N2: renderings, point clouds, splits."
        if name in _LICENCES:
            about["license"] = _links(_LICENCES[name])
        hashes = {record["data"]["pack_hash"] for record in records.values() if record.get("data", {}).get("pack_hash")}
        if len(hashes) == 1:
            about["identifier"] = hashes.pop()
        found.append(about)
    return found


def _action(root: Path, path: Path, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a notebook did: with which settings, on which data, and what it left in its folder."""
    step = path.parent.name
    results = [one for one in sorted(path.parent.rglob("*")) if one.is_file() and not _hidden(one, root)]
    settings = [
        {"@id": f"#{step}-{name}", "@type": "PropertyValue", "name": name, "value": _value(value)}
        for name, value in record["settings"].items()
    ]
    data = record.get("data", {}).get("dataset")
    notebook = root / f"{step}.ipynb"
    action: dict[str, Any] = {
        "@id": f"#{step}",
        "@type": "CreateAction",
        "name": f"Notebook {record['notebook']}",
        "instrument": _links(["#kit", *([_id(root, notebook)] if notebook.is_file() else [])]),
        "object": _links([*([f"#data-{data}"] if data else []), *(one["@id"] for one in settings)]),
        "result": _links(_id(root, one) for one in results),
        "endTime": record["created"],
    }
    return [action, *settings]


def _value(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool)) else json.dumps(value)
