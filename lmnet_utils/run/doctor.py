"""``lmnet doctor``: what this machine has, what the kit finds on it, and the command for what is missing.

A diagnosis must work where nothing else does: every package is tried on its own, a broken one is a line of the
report and never a traceback, and nothing but the standard library is imported on the way.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import os
import platform
import shutil
import sys
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

from lmnet_utils.core import paths

# distribution, module to import, what the kit needs it for
PACKAGES = (
    ("torch", "torch", "models and training"),
    ("torchvision", "torchvision", "image grids"),
    ("numpy", "numpy", "arrays"),
    ("easypytorch3d", "pytorch3d.renderer", "rendering (PyTorch3D)"),
    ("matplotlib", "matplotlib", "figures"),
    ("ipywidgets", "ipywidgets", "interactive views"),
    ("jupyterlab", "jupyterlab", "make lab"),
    ("papermill", "papermill", "lmnet run"),
    ("pooch", "pooch", "downloads"),
    ("gdown", "gdown", "downloads"),
    ("nbval", "nbval", "tests of the notebooks"),
    ("scipy", "scipy", "exact nearest neighbours"),
    ("pyvista", "pyvista", "images of the embedded data set"),
    ("safetensors", "safetensors", "weights"),
)
# The same package under its name on conda-forge; its version has no .post1.
CONDA_NAMES = {"easypytorch3d": "pytorch3d"}
INSTALL = "make install"
ENOUGH_DISK_GB = 2.0  # a quickstart with its data set, weights and run


def report() -> dict[str, Any]:
    """Everything that ``lmnet doctor`` shows, as plain JSON values.

    Returns:
        ``python``, ``packages`` (name, version, required, needed_for, state "ok" | "wrong version" | "broken" |
        "missing", detail), ``machine`` (device, bf16, cores, free disk), ``datasets``, ``weights``, ``missing``
        (what, command, required) and ``ok``: whether nothing required is missing.
    """
    missing: list[dict[str, Any]] = []

    python = {"version": platform.python_version(), "ok": (3, 10) <= sys.version_info[:2] < (3, 15)}
    if not python["ok"]:
        missing.append(_missing("Python 3.10 to 3.14", "make clean && make install PYTHON=python3.12"))

    requirements = _requirements()
    packages = [check_package(*package, requirements.get(package[0], "")) for package in PACKAGES]
    missing += [_missing(f"{row['name']} ({row['state']})", INSTALL) for row in packages if row["state"] != "ok"]

    machine = describe_machine()
    if machine["free_disk_gb"] is not None and machine["free_disk_gb"] < ENOUGH_DISK_GB:
        missing.append(_missing(f"disk: {ENOUGH_DISK_GB:g} GB free", "make room for the kit, or set LMNET_RUNS"))

    datasets = [describe_dataset(name) for name in ("freeshapes", "shapenet")]
    freeshapes, shapenet = datasets
    if not freeshapes["models"]:
        if not freeshapes["source"]:
            missing.append(_missing("source of the data set freeshapes", "git checkout -- data/freeshapes"))
        missing.append(_missing("freeshapes", "lmnet run quickstart --only 01_data_preparation", required=False))
    if not shapenet["models"]:
        missing.append(
            _missing("shapenet (only for the profiles paper and port)", "lmnet download shapenet", required=False)
        )

    weights = find_weights()
    if not any(row["run"] == "freeshapes" for row in weights):
        missing.append(_missing("shipped weights", "git checkout -- trained_models/freeshapes, or make freeshapes"))
    if not any(row["run"] == "published" for row in weights):
        missing.append(_missing("published weights of the PyTorch port", "lmnet download --list", required=False))

    return {
        "python": python,
        "packages": packages,
        "machine": machine,
        "datasets": datasets,
        "weights": weights,
        "missing": missing,
        "ok": not any(row["required"] for row in missing),
    }


def check_package(distribution: str, module: str, needed_for: str, required: str = "") -> dict[str, Any]:
    """Try one package: is it there, does its version fit the specifier ``required`` (``">=2,<3"``), does it import?"""
    row = {"name": distribution, "version": None, "required": required, "needed_for": needed_for, "detail": ""}
    for name in (distribution, CONDA_NAMES.get(distribution)):
        with contextlib.suppress(metadata.PackageNotFoundError):
            if name:
                row["version"] = metadata.version(name)
                required = required if name == distribution else ""
                break
    try:
        # What a package says while it is imported does not belong in the table.
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            importlib.import_module(module)
    except Exception as error:  # whatever a broken package raises is a line of the report
        absent = isinstance(error, ModuleNotFoundError) and error.name == module.split(".")[0]
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        return {
            **row,
            "state": "missing" if absent else "broken",
            "detail": "" if absent else _without_paths(first_line),
        }
    if row["version"] and required and not _fits(row["version"], required):
        return {**row, "state": "wrong version", "detail": f"expected {required}"}
    return {**row, "state": "ok"}


def describe_machine() -> dict[str, Any]:
    """Device, native bf16, cores and free disk; what cannot be found out is None."""
    machine: dict[str, Any] = {
        "system": f"{platform.system()} {platform.machine()}",
        "device": None,
        "bf16": None,
        "cores": os.cpu_count(),
        "free_disk_gb": None,
    }
    with contextlib.suppress(OSError):
        machine["free_disk_gb"] = round(shutil.disk_usage(_existing(paths.runs_root())).free / 1e9, 1)
    with contextlib.suppress(Exception):  # torch is missing or broken, which the packages' table says
        import torch

        from lmnet_utils.core import runtime

        device = runtime.pick_device("auto")
        machine["device"] = torch.cuda.get_device_name() if device.type == "cuda" else device.type
        machine["bf16"] = runtime.supports_bfloat16(device)
    return machine


def describe_dataset(name: str) -> dict[str, Any]:
    """What lies under ``data/<name>``: models with renders, models with clouds, split files, packs, and the source."""
    root = paths.dataset_dir(name)
    committed = paths.project_root() / "data" / name / "source"  # stays in the checkout where LMNET_DATA moves the rest
    return {
        "name": name,
        "path": paths.display(root),
        "source": any(_entries(committed)),
        "models": sum(len(_entries(synset)) for synset in _entries(root / "ShapeNetRendering")),
        "clouds": sum(len(_entries(synset)) for synset in _entries(root / "ShapeNet_pointclouds")),
        "splits": [split.name for split in _entries(root / "splits") if split.is_dir()],  # beside the authors' JSON
        "packs": len(_entries(root / "packs")),
    }


def find_weights() -> list[dict[str, Any]]:
    """The models under ``trained_models/``, published ``.pth`` files too: one row a run, with its models' names."""
    rows = []
    for run in _entries(paths.trained_models_root()):
        models = [model.name for model in _entries(run) if (model / "model.safetensors").is_file()]
        models += sorted(file.relative_to(run).as_posix() for file in run.rglob("*.pth")) if run.is_dir() else []
        if models:
            rows.append({"run": run.name, "models": models})
    return rows


def to_text(found: dict[str, Any]) -> str:
    """The report as a plain-text table."""
    machine = found["machine"]
    lines = [f"Python {found['python']['version']} on {machine['system']}", "", "Packages"]
    for row in found["packages"]:
        state = "" if row["state"] == "ok" else f"  <- {row['state']}" + (f": {row['detail']}" if row["detail"] else "")
        lines.append(f"  {row['name']:<14} {row['version'] or '-':<14} {row['needed_for']:<32}{state}".rstrip())
    bf16 = {True: "native, hence fast", False: "not native; training uses fp32", None: "unknown"}[machine["bf16"]]
    disk = "unknown" if machine["free_disk_gb"] is None else f"{machine['free_disk_gb']:g} GB free"
    lines += [
        "",
        "Machine",
        f"  device         {machine['device'] or 'unknown'}",
        f"  bf16           {bf16}",
        f"  cores          {machine['cores']}",
        f"  disk           {disk}",
        "",
        "Data sets",
    ]
    for row in found["datasets"]:
        if row["models"]:
            text = f"{row['models']} models with renders, {row['clouds']} with clouds"
            text += f", splits {', '.join(row['splits'])}" if row["splits"] else ", no splits"
            text += ", packed" if row["packs"] else ", not packed yet"
        else:
            text = "not made yet, its source is here" if row["source"] else "not found"
        lines.append(f"  {row['name']:<14} {text}")
    lines += ["", "Weights"]
    lines += [f"  {row['run']:<14} {', '.join(row['models'])}" for row in found["weights"]] or ["  none found"]
    if found["missing"]:
        lines += ["", "Missing"]
        lines += [
            f"  {row['what']}{'' if row['required'] else ' (optional)'}: {row['command']}" for row in found["missing"]
        ]
    lines += ["", "The kit can run." if found["ok"] else "The kit cannot run yet: see Missing."]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """The command line; returns 0 if the kit can run, 1 if something required is missing."""
    parser = argparse.ArgumentParser(
        prog="lmnet doctor", description="Show versions, device, disk, data sets and weights, and what is missing."
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    arguments = parser.parse_args(argv)
    found = report()
    print(json.dumps(found, indent=1) if arguments.json else to_text(found))
    return 0 if found["ok"] else 1


def _missing(what: str, command: str, required: bool = True) -> dict[str, Any]:
    return {"what": what, "command": command, "required": required}


def _requirements() -> dict[str, str]:
    """Specifier of each declared dependency, by name; empty where pyproject.toml or ``packaging`` cannot be read."""
    with contextlib.suppress(Exception):
        from packaging.requirements import Requirement

        from lmnet_utils.run.colab import read_pyproject

        parsed = [Requirement(line) for line in read_pyproject()["project"]["dependencies"]]
        return {requirement.name: str(requirement.specifier) for requirement in parsed}
    return {}


def _fits(version: str, required: str) -> bool:
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(required).contains(version, prereleases=True)


def _entries(folder: Path) -> list[Path]:
    """The visible entries of a folder, sorted; none where it does not exist."""
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError:
        return []


def _existing(path: Path) -> Path:
    """``path`` or the nearest folder above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _without_paths(text: str) -> str:
    """An error's line without the machine's folders: only the last part of each absolute path."""
    return " ".join(Path(word).name if word.startswith(("/", "'/", '"/', "(/")) else word for word in text.split(" "))


if __name__ == "__main__":
    sys.exit(main())
