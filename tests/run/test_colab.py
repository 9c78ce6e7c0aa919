"""The setup cell: nothing outside Colab, only what is missing on Colab, and one address for cells and badges."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lmnet_utils.core import paths
from lmnet_utils.run import colab

RANGES = ["torch>=2.11,<2.13", "torchvision>=0.26,<0.28", "easypytorch3d==0.7.9.post1", "numpy>=1.26,<3"]
PINS = ["torch==2.12.1", "torchvision==0.27.1"]
ADDRESS = "https://github.com/somebody/lmnet"


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        pytest.param(
            {"torch": "2.11.0+cu128", "torchvision": "0.26.0+cu128", "numpy": "2.0.2"},
            ["easypytorch3d==0.7.9.post1"],
            id="Colab's own torch fits and stays",
        ),
        pytest.param(
            {"torch": "2.12.1", "torchvision": "0.27.1", "numpy": "2.0.2", "easypytorch3d": "0.7.9.post1"},
            [],
            id="everything is there",
        ),
        pytest.param(
            {"torch": "2.13.0+cu130", "torchvision": "0.27.1", "numpy": "2.0.2", "easypytorch3d": "0.7.9.post1"},
            ["torch==2.12.1", "torchvision==0.27.1"],
            id="a torch that is too new goes, and torchvision with it",
        ),
        pytest.param(
            {"torch": "2.10.0", "torchvision": "0.25.0", "numpy": "2.0.2", "easypytorch3d": "0.7.9.post1"},
            ["torch==2.12.1", "torchvision==0.27.1"],
            id="a pair that is too old",
        ),
        pytest.param(
            {"torch": "2.11.0+cu128", "numpy": "2.0.2", "easypytorch3d": "0.7.9.post1"},
            ["torch==2.11.0+cu128", "torchvision<0.28,>=0.26"],
            id="torch is held while its torchvision is fetched",
        ),
        pytest.param(
            {"torch": "2.12.1", "torchvision": "0.27.1", "numpy": "1.24.4"},
            ["easypytorch3d==0.7.9.post1", "numpy<3,>=1.26"],
            id="only the packages outside their range",
        ),
        pytest.param(
            {}, [*PINS, "easypytorch3d==0.7.9.post1", "numpy<3,>=1.26"], id="an empty machine gets the tested pair"
        ),
    ],
)
def test_only_what_does_not_fit_is_installed(installed: dict[str, str], expected: list[str]) -> None:
    assert colab.missing_requirements(installed, RANGES, PINS) == expected


def test_requirements_of_other_pythons_are_left_out() -> None:
    assert colab.missing_requirements({}, ["tomli>=2; python_version < '3'", "tqdm"]) == ["tqdm"]


def test_names_are_compared_as_pip_compares_them() -> None:
    versions = colab.installed_versions()
    assert "jupyter-client" in versions and "pyyaml" in versions
    assert not any("_" in name or name != name.lower() for name in versions)


def test_outside_colab_setup_does_nothing_and_is_quick() -> None:
    code = (
        "import subprocess, sys\nsubprocess.run = None\n"  # pip could not even be started
        "from lmnet_utils.run.colab import setup\nsetup()\n"
        "assert not {'torch', 'numpy', 'packaging', 'nbformat'} & set(sys.modules), 'slow import'"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A Colab runtime: torch is there, PyTorch3D is not; the commands that pip would get are written down."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    fitting = {**colab.installed_versions(), "torch": "2.11.0+cu128", "torchvision": "0.26.0+cu128", "numpy": "2.0.2"}
    fitting.pop("easypytorch3d", None)
    fitting.pop("jupyterlab", None)
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab")
    monkeypatch.setattr(colab, "installed_versions", lambda: fitting)
    monkeypatch.setattr(colab.subprocess, "run", run)
    return commands


def test_on_colab_pytorch3d_is_installed_and_jupyterlab_is_not(runtime, capsys) -> None:
    colab.setup()
    (command,) = runtime
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert "easypytorch3d==0.7.9.post1" in command
    assert not [word for word in command if word.startswith(("torch", "numpy", "jupyterlab"))]
    assert capsys.readouterr().out.startswith("lmnet: installed easypytorch3d==0.7.9.post1")


def test_on_colab_a_failing_pip_is_an_error_with_its_last_lines(runtime, monkeypatch) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "ERROR: No matching distribution found for easypytorch3d")
    monkeypatch.setattr(colab.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(RuntimeError, match=r"(?s)could not install easypytorch3d.*No matching.*run this cell again"):
        colab.setup()


# --------------------------------------------------------------------------------------------- cells, badges, address
def test_without_an_address_the_setup_cell_is_one_import_and_one_call() -> None:
    assert colab.setup_cell("").splitlines() == ["from lmnet_utils.run.colab import setup", "", "setup()"]


def test_with_an_address_the_setup_cell_fetches_the_kit_on_colab_only() -> None:
    cell = colab.setup_cell(ADDRESS)
    assert cell.endswith(colab.setup_cell("")) and f"git clone --quiet --depth 1 {ADDRESS} lmnet" in cell
    fetch = TransformerManager().transform_cell(cell[: cell.index("from lmnet_utils")])
    before = list(sys.path)
    exec(fetch, {"get_ipython": None})  # any shell command would need it
    assert sys.path == before


@pytest.mark.parametrize("address", [ADDRESS, ADDRESS + ".git", ADDRESS + "/"])
def test_a_badge_leads_to_the_notebook_in_the_repository(address: str) -> None:
    page = "https://colab.research.google.com/github/somebody/lmnet/blob/main/notebooks/01_x.ipynb"
    assert colab.badge(address, "01_x.ipynb").endswith(f"({page})")


@pytest.mark.parametrize("address", ["", "https://gitlab.com/somebody/lmnet"])
def test_no_badge_without_a_github_address(address: str) -> None:
    assert colab.badge(address, "01_x.ipynb") == ""


def test_address_comes_from_project_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (paths.project_root() / "pyproject.toml").read_text()
    (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.setenv("LMNET_ROOT", str(tmp_path))
    commented = '# Repository = "https://github.com/OWNER/NAME"'
    if commented in text:
        assert colab.repository_address() == ""
    (tmp_path / "pyproject.toml").write_text(text.replace(commented, f'Repository = "{ADDRESS}/"'))
    assert colab.repository_address() == ADDRESS or commented not in text


def _notebook(path: Path, title: str = "# Title\n\nA question.") -> Path:
    printed = new_code_cell("print(1)", execution_count=2, outputs=[new_output("stream", name="stdout", text="1\n")])
    cells = [new_markdown_cell(title), new_code_cell(colab.setup_cell("")), printed]
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.mark.parametrize("title", ["# Title\n\nA question.", "# Title", "# Title\nA question."])
def test_sync_writes_and_removes_cells_and_badges(tmp_path: Path, title: str) -> None:
    path = _notebook(tmp_path / "01_first.ipynb", title)
    before = path.read_bytes()
    assert colab.sync_notebooks(tmp_path, "") == [] and path.read_bytes() == before

    assert colab.sync_notebooks(tmp_path, ADDRESS) == [path]
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[0].source.splitlines()[:3] == ["# Title", "", colab.badge(ADDRESS, path.name)]
    assert notebook.cells[1].source == colab.setup_cell(ADDRESS)
    assert notebook.cells[2].outputs[0].text == "1\n"
    assert colab.sync_notebooks(tmp_path, ADDRESS) == []

    assert colab.sync_notebooks(tmp_path, "") == [path]
    assert path.read_bytes() == before


def test_sync_refuses_a_notebook_without_setup_cell(tmp_path: Path) -> None:
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title"), new_code_cell("1")]), tmp_path / "01_x.ipynb")
    with pytest.raises(ValueError, match=r"01_x\.ipynb: expected a title cell and one setup cell"):
        colab.sync_notebooks(tmp_path, "")


def test_committed_notebooks_are_in_line_with_the_address(tmp_path: Path) -> None:
    for path in paths.notebooks_root().glob("[0-9][0-9]_*.ipynb"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert colab.sync_notebooks(tmp_path) == [], "run `python -m lmnet_utils.run.colab`"
