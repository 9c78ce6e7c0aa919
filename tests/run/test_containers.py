"""Dockerfile, dev container and Binder agree with pyproject.toml, environment.yml, the Makefile and the lock."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from lmnet_utils.core import paths
from lmnet_utils.run.colab import read_pyproject

ROOT = paths.project_root()
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
CONTAINER = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))


def argument(name: str) -> str:
    """The default of one of the Dockerfile's build arguments."""
    return re.search(rf"(?m)^ARG {name}=\"?([^\"\n]*)", DOCKERFILE)[1]


# ------------------------------------------------------------------------------------------------------------- Docker
def test_the_images_python_is_one_of_the_kits() -> None:
    assert argument("PYTHON") in SpecifierSet(read_pyproject()["project"]["requires-python"])


def test_the_image_installs_as_the_makefile_does() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for options in ("--require-hashes -r requirements.lock", "--no-deps --no-build-isolation -e ."):
        assert f"pip install {options}" in makefile
        assert f"pip install --no-cache-dir {options}" in DOCKERFILE
    (stamp,) = re.findall(r'touch "\$VENV/([\w.-]+)"', DOCKERFILE)
    assert f"STAMP := $(VENV)/{stamp}" in makefile


def test_the_lock_without_cuda_misses_torch_and_what_belongs_to_it_alone() -> None:
    """The two filters of the Dockerfile, run on the lock: nothing is lost, nothing is left without its hashes."""
    if not shutil.which("awk") or not shutil.which("grep"):
        pytest.skip("needs awk and grep, as the image has them")
    (pins,) = re.findall(r"(grep -oE '[^']+' requirements\.lock)", DOCKERFILE)
    (others,) = re.findall(r"(awk '[^']+' requirements\.lock)", DOCKERFILE)
    run = {"shell": True, "cwd": ROOT, "capture_output": True, "text": True, "check": True}
    torch, rest = (subprocess.run(command, **run).stdout for command in (pins, others))
    pinned = [str(Requirement(line)) for line in torch.splitlines()]
    assert pinned == read_pyproject()["tool"]["uv"]["constraint-dependencies"]

    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    names, left = (set(re.findall(r"(?m)^([a-z0-9][\w.-]*)==", text)) for text in (lock, rest))
    cuda = {name for name in names if name.startswith(("nvidia-", "cuda-"))}
    assert cuda and names - left == cuda | {"torch", "torchvision", "triton"}
    entries = re.split(r"(?m)^(?=[a-z0-9])", rest)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)


def test_nothing_that_is_made_or_downloaded_goes_into_the_image() -> None:
    ignored = {
        line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] not in "#"
    }
    assert {
        ".git",
        ".venv*",
        "runs",
        "site",
        "build",
        "data/*",
        "!data/freeshapes",
        "!data/freeshapes/source",
    } <= ignored


def test_the_dev_container_opens_the_folder_and_the_python_of_the_image() -> None:
    assert (ROOT / ".devcontainer" / CONTAINER["build"]["dockerfile"]).resolve() == ROOT / "Dockerfile"
    (folder,), (user,) = re.findall(r"(?m)^WORKDIR (\S+)", DOCKERFILE), re.findall(r"(?m)^USER (\S+)", DOCKERFILE)
    assert CONTAINER["workspaceFolder"] == folder and f"target={folder}," in CONTAINER["workspaceMount"]
    assert CONTAINER["remoteUser"] == user
    assert set(CONTAINER["build"]["args"]) <= set(re.findall(r"(?m)^ARG (\w+)", DOCKERFILE))
    (venv,) = re.findall(r"VENV=(\S+) MAKEFLAGS=VENV=\1", DOCKERFILE)
    assert CONTAINER["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"] == f"{venv}/bin/python"


# ------------------------------------------------------------------------------------------------------------- Binder
def lines(path: Path) -> list[str]:
    """What a conda environment file installs, without its pip section."""
    return [line for line in yaml.safe_load(path.read_text(encoding="utf-8"))["dependencies"] if isinstance(line, str)]


def test_binder_has_the_lines_of_environment_yml_without_those_for_tests() -> None:
    whole, binder = lines(ROOT / "environment.yml"), lines(ROOT / ".binder" / "environment.yml")
    tests = {Requirement(line).name for line in read_pyproject()["project"]["optional-dependencies"]["dev"]}
    assert binder == [line for line in whole if re.match(r"[\w.-]+", line)[0] not in tests]


def test_binder_installs_the_kit_itself() -> None:
    script = ROOT / ".binder" / "postBuild"
    assert os.access(script, os.X_OK)
    assert "pip install --no-deps --no-build-isolation -e ." in script.read_text(encoding="utf-8")


# ----------------------------------------------------------------------------------------------------------- workflows
def test_the_workflow_installs_as_the_makefile_does_and_publishes_what_make_site_writes() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))["jobs"]
    elsewhere = "\n".join(step.get("run", "") for step in jobs["other-systems"]["steps"])
    for command in (
        "--require-hashes -r requirements.lock",
        "ruff check .",
        "ruff format --check .",
        "lint-imports",
        "mypy",
    ):
        assert command in elsewhere
    ignored = re.findall(r"--ignore=(\S+)", elsewhere)
    assert ignored and all((ROOT / name).is_file() for name in ignored)
    pages = yaml.safe_load((ROOT / ".github" / "workflows" / "pages.yml").read_text(encoding="utf-8"))["jobs"]
    assert any("site" in step.get("run", "").split() for step in pages["build"]["steps"])
    assert [step["with"]["path"] for step in pages["build"]["steps"] if "upload-pages" in step.get("uses", "")] == [
        "site"
    ]
