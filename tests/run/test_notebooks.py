"""The notebooks as they are committed: their form, their outputs, and what nbval says of them at smoke size.

Two kinds of tests. Hygiene reads the files: parameters, lengths, links, paths, outputs. nbval executes every notebook
at smoke size and compares the outputs of the cells marked ``NBVAL_CHECK_OUTPUT`` with the committed ones; those cells
are deterministic and do not depend on the profile.
"""

from __future__ import annotations

import ast
import inspect
import os
import re
import shutil
import statistics
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat
import papermill
import pytest
import warm
from conftest import SmokeRun
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

import lmnet_utils
from lmnet_utils.run import colab, plans, profiles
from lmnet_utils.training import autoencoder, image_encoder

FOLDER = Path(lmnet_utils.__file__).resolve().parent.parent / "notebooks"
NAMES = (
    "01_data_preparation",
    "02_autoencoder_training",
    "03_encoder_l1",
    "04_encoder_l2",
    "05_encoder_probabilistic",
    "06_inference",
    "07_rendering",
    "08_evaluation",
    "09_explorer",
    "10_pix3d",
    "11_own_photo",
    "12_strong_variant",
    "13_how_much_data",
    "14_posteriors",
)
NOTEBOOKS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
SOLUTIONS = sorted(path.stem for path in FOLDER.glob("solutions/*.ipynb"))
MARK = "NBVAL_CHECK_OUTPUT"
MACHINE_PATH = re.compile(r"(?<![\w.:/~])/(work|root|home|tmp|Users|var|opt|mnt|media|private)/\w|\b[A-Z]:\\\\?Users")

each_notebook = pytest.mark.parametrize("name", NOTEBOOKS)
each_solution = pytest.mark.parametrize("name", [f"solutions/{name}" for name in SOLUTIONS])


def read(name: str) -> NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def python_of(cell: NotebookNode) -> ast.Module:
    return ast.parse(re.sub(r"(?m)^(\s*)[!%].*$", r"\1pass", cell.source))


def code_lines(cell: NotebookNode) -> int:
    """Lines of a cell that are neither blank nor only a comment."""
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in cell.source.splitlines())


def parameters_cell(notebook: NotebookNode) -> NotebookNode:
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(cells) == 1, f"expected exactly one cell tagged `parameters`, found {len(cells)}"
    return cells[0]


def test_the_notebooks_are_there_and_no_other() -> None:
    assert tuple(NOTEBOOKS) == NAMES


# -------------------------------------------------------------------------------------------------------- structure
@each_notebook
def test_is_valid_and_small_and_made_for_the_kernel_that_everybody_has(name: str) -> None:
    notebook = read(name)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 1_000_000
    assert "widgets" not in notebook.metadata, "widget state is not shown by GitHub and only makes the file large"


@each_notebook
def test_begins_with_a_title_that_links_to_its_neighbours_and_the_setup_cell(name: str) -> None:
    title, setup = read(name).cells[:2]
    assert title.cell_type == "markdown" and title.source.startswith("# ")
    assert (setup.cell_type, setup.source) == ("code", colab.setup_cell()), "run `python -m lmnet_utils.run.colab`"
    position = NAMES.index(name)
    for neighbour in {*NAMES[max(position - 1, 0) : position], *NAMES[position + 1 : position + 2]}:
        assert f"]({neighbour}.ipynb)" in title.source, f"the title cell has no link to {neighbour}.ipynb"


@each_notebook
def test_links_between_notebooks_lead_somewhere(name: str) -> None:
    text = "\n".join(cell.source for cell in read(name).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text):
        assert (FOLDER / target).exists(), f"broken link: {target}"


@each_notebook
def test_parameters_are_flat_annotated_literals_one_a_line(name: str) -> None:
    notebook = read(name)
    cell = parameters_cell(notebook)
    assert notebook.cells.index(cell) < 6, "the parameters stand at the beginning"
    found = {}
    for line in cell.source.splitlines():
        if not line.strip() or line.startswith(("#", "from typing import ")):
            continue
        statement = ast.parse(line).body
        assert len(statement) == 1 and isinstance(statement[0], ast.AnnAssign), f"no annotated assignment: {line}"
        assert "=" not in line.partition("=")[2], f"papermill loses a parameter with a second `=` on its line: {line}"
        assert "|" not in ast.unparse(statement[0].annotation), f"papermill does not know `|`, write Optional: {line}"
        found[statement[0].target.id] = (ast.unparse(statement[0].annotation), ast.literal_eval(statement[0].value))
    assert found.get("run") == ("str", "quickstart"), "the defaults are the quickstart"

    # What papermill reads is what Python reads.
    inferred = papermill.inspect_notebook(str(FOLDER / f"{name}.ipynb"))
    assert set(inferred) == set(found)
    for parameter, (annotation, default) in found.items():
        assert inferred[parameter]["inferred_type_name"].strip() == annotation
        assert ast.literal_eval(inferred[parameter]["default"]) == default


@each_notebook
def test_cells_are_short_and_explained(name: str) -> None:
    """A code line is one that is neither blank nor only a comment; the parameters cell, a table of settings, counts too."""
    notebook = read(name)
    lengths = sorted(code_lines(cell) for cell in code_cells(notebook))
    assert statistics.median(lengths) <= 8, f"median of code lines a cell, cells have {lengths}"
    assert lengths[int(0.9 * (len(lengths) - 1))] <= 25, f"90th percentile of code lines a cell, cells have {lengths}"
    assert lengths[-1] <= 40, f"longest cell, cells have {lengths}"
    prose = sum(cell.cell_type == "markdown" for cell in notebook.cells)
    assert prose >= 0.6 * len(lengths), f"{prose} markdown cells for {len(lengths)} code cells"


@each_notebook
def test_ends_with_its_metrics(name: str) -> None:
    assert "write_metrics(" in code_cells(read(name))[-1].source


@each_notebook
def test_has_no_size_switch_and_no_pasted_installation(name: str) -> None:
    for cell in code_cells(read(name)):
        assert not re.search(r"^\s*(if|elif)\b.*\b(smoke|quickstart)\b", cell.source, re.MULTILINE), cell.source
        assert not re.search(r"pip install|sys\.path|%cd|os\.chdir", cell.source.replace(colab.setup_cell(), ""))


@each_notebook
def test_nothing_is_drawn_into_an_output_widget_while_the_notebook_runs(name: str) -> None:
    """papermill may then wait for ever: nbclient answers the widget on the socket that it listens to, and can miss the
    kernel's reply (nbclient's issue 312; it stopped a run of ours). ``interact`` draws at once; ``observe`` does not."""
    for cell in code_cells(read(name)):
        assert not re.search(r"\binteract(ive|ive_output)?\(", cell.source), "draw when the control is moved"


# ---------------------------------------------------------------------------------------------------------- outputs
@each_notebook
def test_no_path_of_a_machine_in_sources_or_outputs(name: str) -> None:
    for cell in read(name).cells:
        outputs = cell.get("outputs", [])
        texts = [cell.source, *(text for output in outputs for text in texts_of(output))]
        for text in texts:
            found = MACHINE_PATH.search(text)
            assert not found, f"path of a machine: …{text[max(found.start() - 40, 0) : found.end() + 60]}…"


def texts_of(output: NotebookNode) -> list[str]:
    """Everything readable in an output; images are left out."""
    if output.output_type == "stream":
        return [output.text]
    return [str(value) for kind, value in output.get("data", {}).items() if not kind.startswith("image/")]


@each_notebook
def test_was_executed_from_top_to_bottom_without_an_error(name: str) -> None:
    cells = [cell for cell in code_cells(read(name)) if cell.source.strip()]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run `make notebooks`"
    for cell in cells:
        assert not [output for output in cell.outputs if output.output_type == "error"]
        if says_something(cell):
            assert cell.outputs, (
                f"this cell shows something, but no output is stored; run `make notebooks`:\n{cell.source}"
            )


def says_something(cell: NotebookNode) -> bool:
    """Whether a cell prints or displays, for sure: a statement of its own, not one inside a branch or a function."""
    calls = [
        line.value for line in python_of(cell).body if isinstance(line, ast.Expr) and isinstance(line.value, ast.Call)
    ]
    return bool({ast.unparse(call.func) for call in calls} & {"print", "display", "plt.show"})


@each_notebook
def test_outputs_are_of_a_quickstart_run(name: str) -> None:
    text = "\n".join(text for cell in code_cells(read(name)) for output in cell.outputs for text in texts_of(output))
    assert set(re.findall(r"\bruns/([\w.-]+)/", text)) <= {"quickstart"}
    assert not [cell for cell in read(name).cells if "injected-parameters" in cell.metadata.get("tags", [])]


@each_notebook
def test_figures_are_stored(name: str) -> None:
    kinds = {kind for cell in code_cells(read(name)) for output in cell.outputs for kind in output.get("data", {})}
    assert "image/png" in kinds, "no figure is stored; run `make notebooks`"


@each_notebook
def test_nbval_has_something_to_compare(name: str) -> None:
    marked = [cell for cell in code_cells(read(name)) if MARK in cell.source]
    assert marked and all(cell.outputs for cell in marked), f"mark a deterministic cell with # {MARK}"


# ------------------------------------------------------------------------------------------------------- the lesson
@each_notebook
def test_concludes_and_sets_exercises_that_are_solved(name: str) -> None:
    prose = [cell.source for cell in read(name).cells if cell.cell_type == "markdown"]
    (conclusion,) = [text.partition("## What we saw")[2] for text in prose if "## What we saw" in text]
    sentences = re.findall(r"[.!?](?:\s|$)", conclusion.partition("\n## ")[0])
    assert 3 <= len(sentences), "a notebook concludes in three sentences or more"
    (exercises,) = [text.partition("## Exercises")[2] for text in prose if "## Exercises" in text]
    assert len(re.findall(r"(?m)^\d\. ", exercises)) >= 2, "two exercises or more, in a numbered list"
    assert f"](solutions/{name}.ipynb)" in exercises
    assert name in SOLUTIONS


@each_solution
def test_solutions_are_short_notebooks_with_their_outputs(name: str) -> None:
    notebook = read(name)
    nbformat.validate(notebook)
    title, setup = notebook.cells[:2]
    assert f"](../{Path(name).name}.ipynb)" in title.source, "the title links back to its notebook"
    assert (setup.cell_type, setup.source) == ("code", colab.setup_cell()), "run `python -m lmnet_utils.run.colab`"
    cells = code_cells(notebook)
    assert max(map(code_lines, cells)) <= 40 and any(cell.outputs for cell in cells)
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 1_000_000
    assert not MACHINE_PATH.search(str([cell.outputs for cell in cells]))
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]


# What a notebook's loop is, is what the package's function does: the cell and the function hold the same statements.
LOOPS = {
    "02_autoencoder_training": autoencoder.train_autoencoder,
    "03_encoder_l1": image_encoder.train_image_encoder,
    "04_encoder_l2": image_encoder.train_image_encoder,
    "05_encoder_probabilistic": image_encoder.train_image_encoder,
}


def loop_statements(source: str) -> list[str]:
    """The statements within the first ``with Training(…)``, without those that only keep pictures for later."""
    tree = ast.parse(textwrap.dedent(source))
    (block,) = [
        node for node in ast.walk(tree) if isinstance(node, ast.With) and "Training(" in ast.unparse(node.items[0])
    ]
    return [
        ast.unparse(node) for node in ast.walk(block) if isinstance(node, ast.Expr) and "training." in ast.unparse(node)
    ]


@pytest.mark.parametrize("name", LOOPS)
def test_the_loop_is_in_the_notebook_and_is_the_packages(name: str) -> None:
    (cell,) = [cell.source for cell in code_cells(read(name)) if "with Training(" in cell.source]
    calls, package = loop_statements(cell), loop_statements(inspect.getsource(LOOPS[name]))
    taught = [call for call in calls if call.startswith(("training.step", "training.check", "training.validate"))]
    assert taught and set(taught) <= set(package), "the notebook trains otherwise than the package"
    assert any(call.startswith("training.step") for call in taught)
    assert any(call.startswith("training.validate") for call in taught)


# ------------------------------------------------------------------------------------------------------------ nbval
def nbval(
    folder: Path, *files: Path, environment: dict[str, str] | None = None, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess:
    """Run nbval on notebooks in a process of its own, in ``folder``, away from this session's options.

    Programs that start kernels at the same moment may be given the same port; the later kernel then ends before it has said a
    word. That says nothing of a notebook: once more, then.
    """
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval-lax",
        "--nbval-current-env",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        *options,
    ]
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = ignore\n")
    command += ["-c", "pytest.ini", "--nbval-cell-timeout=600", "--durations=5", *(file.name for file in files)]
    variables = warm.environment(environment or os.environ)
    for _ in range(2):
        result = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
        if "Kernel died before replying to kernel_info" not in result.stdout:
            break
    return result


def test_nbval_really_compares_marked_cells_and_only_those(tmp_path: Path) -> None:
    def cell(source: str, stored: str) -> NotebookNode:
        return new_code_cell(source, execution_count=1, outputs=[new_output("stream", name="stdout", text=stored)])

    unmarked, right, tampered = (
        cell("print(1)", "2\n"),
        cell(f"# {MARK}\nprint(2)", "2\n"),
        cell(f"# {MARK}\nprint(3)", "2\n"),
    )
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for name, cells in (("good", [unmarked, right]), ("tampered", [unmarked, right, tampered])):
        nbformat.write(new_notebook(cells=cells, metadata=kernel), tmp_path / f"{name}.ipynb")
    result = nbval(tmp_path, tmp_path / "good.ipynb", tmp_path / "tampered.ipynb")
    assert result.returncode == 1, result.stdout
    assert "FAILED tampered.ipynb::Cell 2" in result.stdout and "1 failed, 4 passed" in result.stdout


def test_the_smoke_chain_runs_through_papermill(smoke_run: SmokeRun) -> None:
    assert smoke_run.status == 0, "\n".join(smoke_run.output.splitlines()[-60:])
    runs = smoke_run.folder / "runs" / "smoke"
    assert (runs / "report.html").stat().st_size > 10_000
    for name in NAMES:
        assert list(runs.glob(f"**/{name}*.ipynb")), f"no executed {name} was kept"
        assert list(runs.glob(f"{name}/**/metrics.json")), f"{name} has left no metrics.json"
    models = {path.parent.name for path in smoke_run.folder.glob("trained_models/smoke/*/model.safetensors")}
    assert models == {
        "autoencoder",
        "encoder_chamfer",
        "encoder_l1",
        "encoder_l2",
        "encoder_lambda_0",
        "encoder_lambda_0.5",
        "encoder_lambda_5.5",
    }


def test_every_notebook_passes_nbval_at_smoke_size(smoke_run: SmokeRun) -> None:
    """All notebooks in order with the parameters of the profile `smoke`, on the data and weights of the chain above.

    Of a notebook that the profile runs several times, only the first: the chain above has run the others.
    """
    folder = smoke_run.folder
    smoke = profiles.load_profile("smoke")
    steps = plans.plan_steps(smoke, smoke.run_name)
    for name in NOTEBOOKS:
        parameters = next(step.parameters for step in steps if step.notebook == name)
        papermill.execute_notebook(
            str(FOLDER / f"{name}.ipynb"),
            str(folder / f"{name}.ipynb"),
            parameters,
            prepare_only=True,
            progress_bar=False,
        )
    files = [folder / f"{name}.ipynb" for name in NOTEBOOKS]
    shipped = folder / "trained_models" / "freeshapes"
    if not shipped.exists():
        shutil.copytree(FOLDER.parent / "trained_models" / "freeshapes", shipped)
    for name in SOLUTIONS:
        files.append(Path(shutil.copy(FOLDER / "solutions" / f"{name}.ipynb", folder / f"solution_{name}.ipynb")))
    result = nbval(folder, *files, environment=smoke_run.environment, options=("-p", "warm"))
    assert result.returncode == 0, "\n".join(result.stdout.splitlines()[-60:])
