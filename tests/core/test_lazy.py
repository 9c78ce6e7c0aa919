"""Rooms export what notebooks use, cost nothing until it is asked for, and say so to type checkers."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import lmnet_utils
from lmnet_utils.core import lazy
from lmnet_utils.run import profiles

PACKAGE = Path(lmnet_utils.__file__).parent
NOTEBOOKS = PACKAGE.parent / "notebooks"
ROOMS = ("core", "geometry", "data", "models", "training", "rendering", "evaluation", "apps")
BEFORE_ALL = (
    "lmnet_utils.run.colab",
    "setup",
)  # the first cell of each: on Colab it is there before anything is installed


def imports_of(notebook: Path) -> list[tuple[str, str]]:
    """(module, name) of what a notebook imports from the package."""
    cells = profiles.read_notebook(notebook)["cells"]
    nodes = ast.walk(ast.parse("\n".join(cell["source"] for cell in cells if profiles.is_code(cell))))
    found = [node for node in nodes if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lmnet_")]
    return [(str(node.module), alias.name) for node in found for alias in node.names]


def every_notebook() -> list[Path]:
    return sorted([*NOTEBOOKS.glob("*.ipynb"), *NOTEBOOKS.glob("solutions/*.ipynb")])


@pytest.mark.parametrize("notebook", every_notebook(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_notebooks_import_from_rooms(notebook: Path) -> None:
    for module, name in imports_of(notebook):
        is_room = module in {f"lmnet_utils.{room}" for room in ROOMS}
        # what is called as its module cannot be an export: the room's attribute of that name is the module
        assert is_room or (module, name) == BEFORE_ALL or module.endswith(f".{name}"), f"{module}: {name}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_exports_what_notebooks_use_and_nothing_else(room: str) -> None:
    package = importlib.import_module(f"lmnet_utils.{room}")
    pairs = [pair for notebook in every_notebook() for pair in imports_of(notebook)]
    used = {name for module, name in pairs if module.split(".")[1] == room}
    modules = {path.stem for path in (PACKAGE / room).iterdir()}
    assert set(package.__all__) == used - modules
    for name in package.__all__:
        value = getattr(package, name)
        assert value is getattr(importlib.import_module(lazy.exported_names(package.__name__)[name]), name)
        assert name in dir(package) and vars(package)[name] is value  # found once


def test_a_room_is_imported_without_what_it_exports() -> None:
    heavy = ("torch", "numpy", "pandas", "matplotlib", "scipy", "trimesh", "pydantic")
    code = f"import sys, {', '.join(f'lmnet_utils.{room}' for room in ROOMS)}\n"
    code += f"print([name for name in {heavy} if name in sys.modules])\n"
    code += "from lmnet_utils.models import PointCloudAutoencoder\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "True"]


def test_everything_but_renders_is_exported_without_pytorch3d() -> None:
    code = "import importlib, sys\nsys.modules['pytorch3d'] = None\n"
    code += f"for room in {ROOMS}:\n"
    code += "    package = importlib.import_module(f'lmnet_utils.{room}')\n"
    code += "    [getattr(package, name) for name in package.__all__]\n"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_processes_that_make_check_or_score_files_start_without_torch() -> None:
    """It takes two seconds to import: in every worker that draws, every step's process, every command."""
    modules = (
        "data.freeshapes",
        "data.meshes",
        "data.packs",
        "data.verification",
        "geometry.pairs",
        "run.worker",
        "run.report",
    )
    code = f"import importlib, sys\nfor name in {modules}:\n    importlib.import_module('lmnet_utils.' + name)\n"
    code += "    assert 'torch' not in sys.modules, name"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_photograph_is_reconstructed_without_what_only_others_need(tmp_path: Path) -> None:
    """Tables, meshes, downloads, trees and compiled loops take as long to import as all the rest does; see docs/speed.md."""
    unwanted = (
        "pandas", "scipy.spatial", "scipy.optimize", "trimesh", "networkx", "requests", "torchvision", "pyvista", "numba",
        "skimage", "IPython", "papermill", "lmnet_utils.evaluation.protocol", "lmnet_utils.data.shards",
    )  # fmt: skip
    picture = NOTEBOOKS / "images" / "chair.jpg"
    code = "import sys\nfrom lmnet_utils.run import cli\n"
    code += f"status = cli.main(['reconstruct', {str(picture)!r}, '--out', {str(tmp_path / 'out')!r}])\n"
    code += f"assert status == 0\nprint([name for name in {unwanted} if name in sys.modules])"
    elsewhere = {**os.environ, "LMNET_DATA": str(tmp_path)}  # no data set: how familiar it is cannot be told
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=elsewhere)
    assert done.stdout.splitlines()[-1] == "[]"
    assert {"cloud.ply", "overview.png", "view.html"} <= {path.name for path in (tmp_path / "out" / "chair").iterdir()}


def test_names_that_are_not_there_are_refused_as_everywhere() -> None:
    import lmnet_utils.data

    with pytest.raises(AttributeError, match=r"module 'lmnet_utils.data' has no attribute 'nothing'"):
        _ = lmnet_utils.data.nothing
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        exec("from lmnet_utils.data import nothing")
    from lmnet_utils.data import packs  # a module of the room, as before

    assert isinstance(packs, ModuleType)


def test_a_listing_is_read_as_it_stands(tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "listing"
    folder.mkdir()
    text = "from typing import TYPE_CHECKING\nimport os\nif TYPE_CHECKING:\n    from json import dumps, loads\n"
    text += "    from string import (\n        digits,\n    )\nelse:\n    from json import load\n"
    (folder / "__init__.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert lazy.exported_names("listing") == {"dumps": "json", "loads": "json", "digits": "string"}
    get, names, exported = lazy.lazy_exports("listing")
    importlib.import_module("listing")
    assert exported == ["digits", "dumps", "loads"] and set(exported) <= set(names())
    assert get("digits") == "0123456789" and sys.modules["listing"].digits == "0123456789"
