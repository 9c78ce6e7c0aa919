"""pyproject.toml, requirements.lock, environment.yml, Makefile and the imports in the code agree with each other."""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata, util
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import lmnet_utils
from lmnet_utils.run.colab import read_pyproject

ROOT = Path(lmnet_utils.__file__).resolve().parent.parent
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")

# The kit is built on these ten: name in pyproject.toml (PyPI) and the module that it provides.
KIT = {
    "torch": "torch",
    "torchvision": "torchvision",
    "numpy": "numpy",
    "easypytorch3d": "pytorch3d",
    "matplotlib": "matplotlib",
    "ipywidgets": "ipywidgets",
    "jupyterlab": "jupyterlab",
    "papermill": "papermill",
    "gdown": "gdown",
    "nbval": "nbval",
}
CONDA_NAME = {
    "torch": "pytorch",
    "easypytorch3d": "pytorch3d",
    "matplotlib": "matplotlib-base",
    "jupyter-client": "jupyter_client",
    "jupyter-core": "jupyter_core",
}
MODULE_OF = {"easypytorch3d": "pytorch3d", "pillow": "PIL", "pyyaml": "yaml", "ipython": "IPython", "vtk": "vtkmodules"}
MODULE_OF |= {"opencv-python-headless": "cv2", "websocket-client": "websocket", "scikit-learn": "sklearn"}
# Dependencies that no module of ours imports: the file in which each is used, and how it is called there.
TOOLS = {
    "jupyterlab": ("Makefile", "jupyter lab"),
    "nbval": ("tests/run/test_notebooks.py", "--nbval-lax"),
    "playwright": ("tests/apps/test_browser.py", "playwright.sync_api"),
    "voila": ("lmnet_utils/apps/web_app.py", '"voila"'),
    "tabulate": ("lmnet_utils/evaluation/tables.py", "to_markdown"),
    "tensorboard": ("lmnet_utils/training/loop.py", "torch.utils.tensorboard"),
    "ruff": ("Makefile", "ruff check"),
    "import-linter": ("Makefile", "lint-imports"),
    "mypy": ("Makefile", "$(BIN)/mypy"),
    "pre-commit": ("Makefile", "pre-commit install"),
    "pytest-xdist": ("Makefile", "--numprocesses"),
    "ipykernel": ("pyproject.toml", "ipykernel"),  # the kernel that every notebook runs in
}


def declared() -> dict[str, Requirement]:
    """Every dependency in pyproject.toml, the extra `dev` included, by name."""
    project = read_pyproject()["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return {requirement.name: requirement for requirement in map(Requirement, lines)}


def conda() -> dict[str, SpecifierSet]:
    """Every line of environment.yml, those of its pip section too, by name; conda's `=1.2` means `==1.2.*`."""
    lines = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    lines = [*lines[:-1], *lines[-1]["pip"]]
    specifiers = {}
    for line in lines:
        name, version = re.fullmatch(r"([\w.-]+)\s*(.*)", line).groups()
        specifiers[name] = SpecifierSet(re.sub(r"^=(?!=)(.*)$", r"==\1.*", version))
    return specifiers


def locked() -> list[tuple[Requirement, list[str]]]:
    """Every entry of requirements.lock with its hashes."""
    text = (ROOT / "requirements.lock").read_text()
    entries = re.sub(r"\\\n\s*", "", "".join(line for line in text.splitlines(keepends=True) if line[0] != "#"))
    found = []
    for line in entries.splitlines():
        requirement, *hashes = re.split(r"\s*--hash=", line)
        found.append((Requirement(requirement), [digest.strip() for digest in hashes]))
    return found


def locked_version(name: str, python: str) -> str | None:
    """What the lock installs of a package on Linux with one Python; None for nothing."""
    environment = {"python_version": python, "python_full_version": f"{python}.1", "sys_platform": "linux"}
    versions = [
        next(iter(requirement.specifier)).version
        for requirement, _ in locked()
        if requirement.name == name and (requirement.marker is None or requirement.marker.evaluate(environment))
    ]
    assert len(versions) <= 1, f"{name} is pinned twice for Python {python}: {versions}"
    return versions[0] if versions else None


# ------------------------------------------------------------------------------------------------- the ten packages
@pytest.mark.parametrize("name", KIT)
def test_each_of_the_ten_packages_is_declared_everywhere_and_installed(name: str) -> None:
    assert name in declared()
    assert CONDA_NAME.get(name, name) in conda()
    installed = [alias for alias in (name, CONDA_NAME.get(name, name)) if util.find_spec(KIT[name]) and _has(alias)]
    assert installed, f"{name} is not installed: run `make install`"
    if installed[0] == name:
        assert declared()[name].specifier.contains(metadata.version(name), prereleases=True)


def _has(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


# ------------------------------------------------------------------------------------------------------------ conda
def test_environment_yml_and_pyproject_name_the_same_packages() -> None:
    expected = {CONDA_NAME.get(name, name) for name in declared()} | {"setuptools"}
    assert set(conda()) - {"python", "pip"} == expected


@pytest.mark.parametrize("name", declared())
def test_environment_yml_has_the_ranges_of_pyproject(name: str) -> None:
    ours, theirs = declared()[name].specifier, conda()[CONDA_NAME.get(name, name)]
    if name == "easypytorch3d":  # another build of the same release
        (pin,) = ours
        assert Version(Version(pin.version).base_version) in theirs
    else:
        assert _normal(theirs) == _normal(ours)


def _normal(specifiers: SpecifierSet) -> set[str]:
    return {str(specifier) for specifier in specifiers}


def test_environment_yml_has_the_same_python_and_build_tool() -> None:
    pyproject = read_pyproject()
    assert conda()["python"] == SpecifierSet(pyproject["project"]["requires-python"])
    assert conda()["setuptools"] == Requirement(pyproject["build-system"]["requires"][0]).specifier


# ------------------------------------------------------------------------------------------------------------- lock
@pytest.mark.parametrize("python", PYTHONS)
def test_lock_satisfies_every_declared_range(python: str) -> None:
    for name, requirement in declared().items():
        if requirement.marker and not requirement.marker.evaluate({"python_version": python}):
            continue
        version = locked_version(name.lower(), python)
        assert version, f"{name} is not in requirements.lock for Python {python}: run `make lock`"
        assert requirement.specifier.contains(version, prereleases=True), f"{name}: {version} for Python {python}"
    build_tool = Requirement(read_pyproject()["build-system"]["requires"][0])
    assert build_tool.specifier.contains(locked_version("setuptools", python))


def test_lock_holds_the_tested_torch_and_nothing_undeclared_in_its_place() -> None:
    for line in read_pyproject()["tool"]["uv"]["constraint-dependencies"]:
        pin = Requirement(line)
        assert [str(found.specifier) for found, _ in locked() if found.name == pin.name] == [str(pin.specifier)]


def test_lock_is_pinned_and_hashed_throughout() -> None:
    entries = locked()
    assert len(entries) > 100
    for requirement, hashes in entries:
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement
        assert requirement.url is None
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes), requirement


def test_lock_names_no_index_and_no_place_of_a_machine() -> None:
    code = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    for line in code:
        assert not re.search(r"://|file:|(?<!\S)-|(?<!\S)/| @ ", line.replace(" --hash=sha256:", "")), line


# ----------------------------------------------------------------------------------------------------- package data
def test_what_is_installed_holds_every_file_of_the_package() -> None:
    data = read_pyproject()["tool"]["setuptools"]["package-data"]
    package = ROOT / "lmnet_utils"
    listed = {
        path
        for name, patterns in data.items()
        for one in patterns
        for path in ROOT.glob(f"{name.replace('.', '/')}/{one}")
    }
    files = {
        path
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".py" and path.parent.name != "__pycache__"
    }
    assert any(path.suffix == ".j2" for path in files) and files == listed


# ---------------------------------------------------------------------------------------------------------- imports
def imports(source: str) -> Iterator[str]:
    """Top-level names of the absolute imports in Python source."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


def sources() -> Iterator[tuple[Path, str]]:
    """Python sources of the kit: modules, tools, benchmarks, tests and the notebooks' code cells without magics."""
    for folder in ("lmnet_utils", "tools", "benchmarks", "tests", "data"):
        for path in sorted((ROOT / folder).glob("**/*.py")):
            yield path, path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        yield path, "\n".join(re.sub(r"(?m)^(\s*)[!%].*$", r"\1pass", cell) for cell in code)


def third_party(source: str, path: Path) -> set[str]:
    own = {"lmnet_utils", *(found.stem for folder in ("tools", "tests") for found in (ROOT / folder).rglob("*.py"))}
    own |= {found.stem for found in path.parent.glob("*.py")}
    names = set(imports(source)) - set(sys.stdlib_module_names) - own
    return names - {"google", "tomllib"}  # Colab's own module; standard library from 3.11 on


def test_every_import_is_of_a_declared_dependency() -> None:
    extras = itertools.chain.from_iterable(read_pyproject()["project"]["optional-dependencies"].values())
    names = {*declared(), *(Requirement(line).name for line in extras)}
    known = {MODULE_OF.get(name, name.replace("-", "_")) for name in names}
    undeclared = {
        path.relative_to(ROOT).as_posix(): names
        for path, source in sources()
        if (names := third_party(source, path) - known)
    }
    assert not undeclared, "add these to pyproject.toml and environment.yml, or do without them"


@pytest.mark.parametrize("name", declared())
def test_every_declared_dependency_is_used(name: str) -> None:
    if name in TOOLS:
        file, call = TOOLS[name]
        assert call in (ROOT / file).read_text(encoding="utf-8")
        return
    module = MODULE_OF.get(name, name.replace("-", "_"))
    assert any(module in set(imports(source)) for _, source in sources() if module in source), (
        f"nothing imports {module}: use it or take it out of pyproject.toml and environment.yml"
    )


# ------------------------------------------------------------------------------------------- other places of a fact
def test_versions_and_names_that_stand_twice_agree() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    (ruff,) = (hook["rev"] for hook in hooks if "ruff-pre-commit" in hook["repo"])
    assert ruff == f"v{locked_version('ruff', '3.12')}", (
        "after `make lock`, put ruff's version into .pre-commit-config.yaml"
    )
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == lmnet_utils.__version__
    assert citation["license"] == read_pyproject()["project"]["license"] == "MIT"
    assert citation["preferred-citation"]["identifiers"][0]["value"] == "arXiv:1807.07796"
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    steps = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    assert ".ci/run" in steps and any("environment.yml" in step for step in steps)


def test_ci_runs_make_test_from_anywhere(tmp_path: Path) -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    (tmp_path / "make").write_text('#!/bin/sh\necho "make $* in $(pwd)"\n')
    (tmp_path / "make").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    result = subprocess.run([script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == f"make test in {ROOT}"


# --------------------------------------------------------------------------------------------------------- Makefile
FAKE_PYTHON = """#!/bin/sh
case "$*" in
  *sys.exit*) exit {refuses};;
  --version) echo "Python 3.8.1";;
  *venv*) mkdir -p .venv/bin && cp "$0" .venv/bin/python; echo "$*" >> log;;
  *) echo "$*" >> log;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile, its inputs, and a Python that only writes down what it is asked to do."""
    if not shutil.which("make"):
        pytest.fail("these tests need make, as the kit does")
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    _write_python(tmp_path, refuses=0)
    return tmp_path


def _write_python(folder: Path, refuses: int) -> None:
    (folder / "python").write_text(FAKE_PYTHON.format(refuses=refuses))
    (folder / "python").chmod(0o755)


def _make(folder: Path, *arguments: str, code: int = 0) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "UV=", "PYTHON=./python", *arguments]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout + result.stderr


def test_a_second_make_installs_nothing_and_a_new_lock_installs_again(checkout: Path) -> None:
    _make(checkout, "install")
    log = (checkout / "log").read_text().splitlines()
    assert log[0] == "-m venv .venv"
    assert "--require-hashes" in log[1] and "requirements.lock" in log[1]
    assert log[2:] == ["-m pip install --no-deps --no-build-isolation -e ."]
    _make(checkout, "install")
    assert (checkout / "log").read_text().splitlines() == log
    later = (checkout / ".venv" / ".lmnet-installed").stat().st_mtime + 10
    os.utime(checkout / "requirements.lock", (later, later))
    _make(checkout, "install")
    assert (checkout / "log").read_text().splitlines() == log + log[1:]  # into the same .venv


def test_an_unfit_python_is_named_and_nothing_is_made(checkout: Path) -> None:
    _write_python(checkout, refuses=1)
    output = _make(checkout, "quickstart", code=2)
    assert "needs Python 3.10 to 3.14" in output and "Python 3.8.1" in output
    assert "make PYTHON=python3.12 quickstart" in output
    assert not (checkout / ".venv").exists()


def test_make_lint_checks_style_floors_and_types_and_make_test_does_so_first(checkout: Path) -> None:
    checks = [".venv/bin/ruff check .", ".venv/bin/ruff format --check .", ".venv/bin/lint-imports", ".venv/bin/mypy"]
    _make(checkout, "install")
    assert _make(checkout, "--dry-run", "lint").splitlines() == checks
    everything = ".venv/bin/python -m pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder"
    assert _make(checkout, "--dry-run", "test").splitlines() == [*checks, everything]


def test_help_is_the_default_and_lists_every_target(checkout: Path) -> None:
    output = _make(checkout)
    assert output == _make(checkout, "help")
    for target in ("quickstart", "test", "lab", "notebooks", "lint", "format", "lock", "doctor", "clean"):
        assert re.search(rf"^  make {target} +\S", output, re.MULTILINE), target


def test_a_public_name_means_one_thing() -> None:
    """Functions and classes of two modules have two names; ``main`` is every module's command line."""
    places: dict[str, list[str]] = {}
    for path in sorted((ROOT / "lmnet_utils").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(path.stem)
    twice = {name: modules for name, modules in places.items() if len(modules) > 1 and name != "main"}
    assert twice == {}
