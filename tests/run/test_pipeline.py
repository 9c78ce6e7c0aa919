"""`lmnet run` on tiny notebooks that each test writes: what is executed, what is skipped, what is refused, what is said."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
import store_notebooks

from lmnet_utils.core import cache, paths
from lmnet_utils.run import chain, cli, execution, plans, profiles
from lmnet_utils.run.profiles import ProfileError

FIRST = """\
run: str = "tiny"
number: int = 1  # how many
rate: float = 0.5
name: str = "a"
flag: bool = False
limit: Optional[int] = None
items: list[str] = ["x", "y"]"""
COMMITTED = sorted(path.stem for path in paths.notebooks_root().glob("[0-9]*.ipynb"))
WRITE = """\
import json, os, pathlib
folder = pathlib.Path(os.environ["LMNET_RUNS"]) / run / "{folder}"
folder.mkdir(parents=True, exist_ok=True)
(folder / "metrics.json").write_text(json.dumps({{"notebook": "{stem}", "results": {{"value": {value}}}}}))
with open(os.environ["TRACE"], "a") as trace:
    print("{stem}", {value}, file=trace)"""


def make_notebook(stem: str, parameters: str | None, *sources: str) -> Path:
    """A notebook with a title, a parameters cell and code cells."""
    v4 = nbformat.v4
    cells = [v4.new_markdown_cell(f"# {stem}"), v4.new_code_cell("from typing import Optional")]
    if parameters is not None:
        cells.append(v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    for number, source in enumerate(sources, 1):
        cells += [v4.new_markdown_cell(f"## Part {number}"), v4.new_code_cell(source)]
    path = paths.notebooks_root() / f"{stem}.ipynb"
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


def make_profile(text: str, name: str = "tiny") -> None:
    (paths.notebooks_root() / "profiles" / f"{name}.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project of its own: two notebooks, 01_first and 02_second, and the profile `tiny`."""
    (tmp_path / "notebooks" / "profiles").mkdir(parents=True)
    for name, folder in {"ROOT": ".", "RUNS": "runs", "DATA": "data", "TRAINED_MODELS": "trained_models"}.items():
        monkeypatch.setenv(f"LMNET_{name}", str(tmp_path / folder))
    monkeypatch.setenv("TRACE", str(tmp_path / "trace.txt"))
    make_notebook("01_first", FIRST, WRITE.format(folder="01_first", stem="01_first", value="number"))
    make_notebook(
        "02_second",
        'run: str = "tiny"\nweight: float = 0.0',
        WRITE.format(folder="02_second/{weight:g}", stem="02_second", value="weight").replace('"02_s', 'f"02_s', 1),
    )
    make_profile("description: two small steps\nnotebooks:\n  01_first: {number: 3}\n  02_second:\n")
    return tmp_path


@pytest.fixture
def in_process(monkeypatch) -> None:
    """Execute cells right here: for tests of what is executed when, not of how. A kernel takes a second each time."""

    def execute(step, output, quiet=False, say=print):
        names = {}
        for cell in profiles.read_notebook(profiles.notebook_path(step.notebook))["cells"]:
            if cell["cell_type"] == "code":
                exec(cell["source"], names)
                if profiles.is_tagged(cell, "parameters"):
                    names.update(step.parameters)
        output.write_text("{}")

    monkeypatch.setattr(chain, "execute_notebook", execute)


def executed(project: Path) -> list[str]:
    """What was executed since the last call, in order."""
    trace = project / "trace.txt"
    lines = trace.read_text().splitlines() if trace.exists() else []
    trace.unlink(missing_ok=True)
    return lines


def refusal(*arguments: str) -> str:
    with pytest.raises(ProfileError) as caught:
        chain.run_profile("tiny", chain.Choice(overrides=arguments))
    return str(caught.value)


# ------------------------------------------------------------------------------------------------- before anything runs
@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("01.numbr=3", ["01_first", "unknown parameter 'numbr'", "did you mean 'number'"]),
        ("01.number=abc", ["01_first", "parameter number: expected a whole number, found 'abc' (str)"]),
        ("01.number=1.5", ["parameter number: expected a whole number, found 1.5 (float)"]),
        ("01.number=true", ["parameter number: expected a whole number, found True (bool)"]),
        ("01.flag=1", ["parameter flag: expected True or False, found 1 (int)"]),
        ("01.rate=true", ["parameter rate: expected a number, found True (bool)"]),
        ("01.number=null", ["parameter number: expected a whole number, found None"]),
        ("01.limit=many", ["parameter limit: expected a whole number, or None, found 'many'"]),
        ("01.items=[1, 2]", ["parameter items[0]: expected text, found 1 (int)", "parameter items[1]: expected text"]),
        ("01.run=other", ["run", "--run-name"]),
        ("09.number=1", ["no notebook '09'", "01_first, 02_second"]),
        ("0.number=1", ["more than one notebook '0'"]),
        ("all.wieght=1", ["no notebook declares", "did you mean 'weight'"]),
        ("01.number=[1, x]", ["parameter number: expected a whole number, found 'x'"]),
        ("01.number=[]", ["empty list"]),
        ("number=3", ["notebook.parameter=value"]),
    ],
)
def test_a_wrong_setting_is_refused_by_name_before_anything_runs(project, override, expected):
    message = refusal(override)
    for part in expected:
        assert part in message
    assert not executed(project)
    assert not (project / "runs").exists()


@pytest.mark.parametrize(
    ("override", "name", "value"),
    [
        ("01.number=7", "number", 7),
        ("01_first.rate=2", "rate", 2.0),
        ("01.rate=5e-4", "rate", 0.0005),
        ("01.rate=1E3", "rate", 1000.0),
        ("01.flag=true", "flag", True),
        ("01.limit=4", "limit", 4),
        ("01.limit=null", "limit", None),
        ("01.items=[z]", "items", ["z"]),
        ("01.name=13", "name", "13"),
        ("01.name=60-20-20", "name", "60-20-20"),
        ("01.name=", "name", ""),
        ("01.name=a=b", "name", "a=b"),
        ("*.number=9", "number", 9),
        ("all.number=9", "number", 9),
    ],
)
def test_set_reads_yaml_of_the_declared_type(project, override, name, value):
    step = plans.plan_steps(profiles.load_profile("tiny"), "tiny", [override])[0]
    assert step.parameters[name] == value
    assert type(step.parameters[name]) is type(value)


def test_a_profile_value_of_another_type_says_how_to_write_it(project):
    make_profile("notebooks:\n  01_first: {name: 13}\n")
    assert 'write "13" in quotes' in refusal()


def test_every_problem_is_reported_at_once(project):
    make_profile("defaults: {sede: 1}\nnotebooks:\n  01_first: {numbr: 1, flag: 3}\n  03_thrid:\n")
    make_notebook("03_third", None)
    message = refusal()
    for part in ("sede", "numbr", "flag", "03_thrid: no such notebook", "did you mean '03_third'"):
        assert part in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("notebooks: [01_first]", "expected a mapping"),
        ("description: no notebooks", "expected a mapping"),
        ("notebook: {}\nnotebooks: {01_first: {}}", "did you mean 'notebooks'"),
        ("notebooks: {01_first: 3}", "parameter → value"),
        ("a: [", "no valid YAML"),
    ],
)
def test_a_broken_profile_is_explained(project, text, expected):
    make_profile(text)
    assert expected in refusal()


def test_an_unknown_profile_is_refused_with_the_known_ones(project, capsys):
    assert cli.main(["run", "tyni"]) == 2
    assert "did you mean 'tiny'" in capsys.readouterr().err


def test_defaults_reach_every_notebook_that_declares_them_and_no_other(project):
    make_profile("defaults: {weight: 2}\nnotebooks:\n  01_first:\n  02_second:\n")
    steps = plans.plan_steps(profiles.load_profile("tiny"), "tiny")
    assert [step.parameters for step in steps] == [{"run": "tiny"}, {"run": "tiny", "weight": 2.0}]


def test_weights_that_are_not_there_are_refused_unless_the_run_makes_them(project):
    make_notebook(
        "02_second", 'run: str = "tiny"\ninitial_weights: Optional[str] = None\nautoencoder: Optional[str] = None'
    )
    make_profile("notebooks:\n  01_first:\n  02_second: {initial_weights: trained_models/tinny/autoencoder}\n")
    assert "02_second: parameter initial_weights" in refusal()
    (project / "trained_models" / "tinny" / "autoencoder").mkdir(parents=True)
    make_profile(
        "notebooks:\n  01_first:\n  02_second: {initial_weights: trained_models/tinny/autoencoder, "
        "autoencoder: trained_models/tiny/autoencoder}\n"
    )
    assert len(plans.plan_steps(profiles.load_profile("tiny"), "tiny")) == 2


def test_a_data_set_that_is_not_there_is_refused(project):
    make_notebook("02_second", 'run: str = "tiny"\ndataset: str = "freeshapes"')
    assert "dataset" in refusal("02.dataset=shapenet")
    (project / "data" / "shapenet").mkdir(parents=True)
    plans.plan_steps(profiles.load_profile("tiny"), "tiny", ["02.dataset=shapenet"])


def test_shipped_weights_are_never_run_over(project):
    (project / "trained_models" / "tiny").mkdir(parents=True)
    (project / "trained_models" / "tiny" / "MODEL_CARD.md").touch()
    assert "--run-name" in refusal()


@pytest.mark.parametrize("name", ["../escape", "a/b", "", ".hidden"])
def test_a_run_name_stays_a_folder_name(project, name):
    with pytest.raises(ProfileError, match="run name"):
        plans.plan_steps(profiles.load_profile("tiny"), name)


def test_a_parameters_cell_with_code_is_refused(project):
    make_notebook("01_first", "number: int = 1\nother = number + 1")
    assert "line 2: expected `name: type = literal`" in refusal()


def test_the_dry_run_shows_everything_and_executes_nothing(project, capsys):
    assert cli.main(["run", "tiny", "--dry-run", "--set", "02.weight=[0.5, 1]"]) == 0
    text = capsys.readouterr().out
    for part in ("01_first  [run: not run yet]", "number = 3    (the notebook's own: 1)", "02_second--weight=0.5"):
        assert part in text
    assert not executed(project)
    assert not (project / "runs").exists()


# ------------------------------------------------------------------------------------------------ executing and skipping
def test_steps_run_in_order_then_are_skipped_until_something_changes(project, in_process, capsys, monkeypatch):
    assert cli.main(["run", "tiny"]) == 0
    out = capsys.readouterr().out
    assert executed(project) == ["01_first 3", "02_second 0.0"]
    assert "[02_second] done in" in out
    assert (project / "runs" / "tiny" / "01_first.ipynb").is_file()
    assert (project / "runs" / "tiny" / "report.html").is_file()
    assert not (project / "runs" / "tiny" / ".running").exists()

    (project / "README.md").write_text("changed")
    assert cli.main(["run", "tiny"]) == 0
    assert "up to date, skipped" in capsys.readouterr().out
    assert executed(project) == []

    assert cli.main(["run", "tiny", "--set", "02.weight=2"]) == 0  # a later step alone
    assert "parameters changed: weight 0.0 → 2.0" in capsys.readouterr().out
    assert executed(project) == ["02_second 2.0"]

    assert cli.main(["run", "tiny", "--set", "01.number=4", "--set", "02.weight=2"]) == 0  # and what builds on it
    assert executed(project) == ["01_first 4", "02_second 2.0"]

    path = make_notebook(
        "02_second",
        'run: str = "tiny"\nweight: float = 2.0',
        'open(__import__("os").environ["TRACE"], "a").write("new code\\n")',
    )
    assert cli.main(["run", "tiny", "--set", "01.number=4"]) == 0
    assert executed(project) == ["new code"]

    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = "# Another title"
    nbformat.write(notebook, path)
    assert cli.main(["run", "tiny", "--set", "01.number=4"]) == 0  # words are no code
    assert executed(project) == []

    (project / "runs" / "tiny" / "01_first" / "metrics.json").unlink()
    assert cli.main(["run", "tiny", "--set", "01.number=4"]) == 0  # and the second step's inputs are what they were
    assert "01_first/metrics.json is gone" in capsys.readouterr().out
    assert executed(project) == ["01_first 4"]

    monkeypatch.setitem(cache.VERSIONS, "losses", cache.VERSIONS["losses"] + 1)
    assert cli.main(["run", "tiny", "--set", "01.number=4"]) == 0
    assert "the kit's code changed: losses 1 → 2" in capsys.readouterr().out
    assert executed(project) == ["01_first 4", "new code"]

    assert cli.main(["run", "tiny", "--set", "01.number=4", "--force", "--only", "01"]) == 0
    assert executed(project) == ["01_first 4"]


# What each of the committed notebooks leaves for those behind it, in a line or two.
LEAVES = {
    "weights": """\
folder = pathlib.Path(os.environ["LMNET_TRAINED_MODELS"]) / run / "{stem}"
folder.mkdir(parents=True, exist_ok=True)
(folder / "model.safetensors").write_text("{stem}" + os.environ.get("WEIGHTS", ""))""",
    "predictions": """\
folder = pathlib.Path(os.environ["LMNET_RUNS"]) / run / "{stem}" / "predictions"
folder.mkdir(parents=True, exist_ok=True)
(folder / "index.csv").write_text("i")
(folder / "inference_0.npy").write_text("cloud" + os.environ.get("CLOUD", ""))""",
}


@pytest.fixture
def whole_chain(project, in_process, monkeypatch):
    """Stand-ins for the committed notebooks: same names and needs; returns a function that runs them → who ran."""
    (project / "data" / "tiny").mkdir(parents=True)
    for path in paths.notebooks_root().glob("*.ipynb"):
        path.unlink()
    for stem in COMMITTED:
        parameters = 'run: str = "tiny"'
        parameters += '\ndataset: str = "tiny"' if stem.startswith("01") else ""
        parameters += "\nweights_run: Optional[str] = None" if stem[:2] in ("06", "08", "09", "10", "11", "14") else ""
        kind = {"02": "weights", "03": "weights", "04": "weights", "05": "weights", "06": "predictions"}.get(stem[:2])
        leave = LEAVES[kind].format(stem=stem) if kind else "pass"
        make_notebook(stem, parameters, WRITE.format(folder=stem, stem=stem, value=0), leave)
    make_profile("notebooks:\n" + "".join(f"  {stem}:\n" for stem in COMMITTED))

    def run(**options) -> list[int]:
        assert chain.run_profile("tiny", chain.Choice(**options), say=lambda text: None) == 0
        return [int(line[:2]) for line in executed(project)]

    assert run() == [*range(1, 15)]
    return run


def edit(stem: str, old: str, new: str) -> None:
    path = paths.notebooks_root() / f"{stem}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace(old, new)
    nbformat.write(notebook, path)


def test_a_raised_version_runs_the_notebooks_that_rest_on_it_and_no_other(whole_chain, monkeypatch):
    expected = {
        "freeshapes": [1, 9, 14],  # 09 and 14 make objects; for the others, other data have another pack
        "losses": [2, 3, 4, 5, 8, 12, 13],
        "training": [2, 3, 4, 5, 12, 13],
        "features": [12],
        "axes": [*range(1, 15)],
        "geometry": [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14],  # 07 draws clouds that are there
        "inference": [2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14],
        "predictions": [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
        "protocol": [2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14],
        "methods": [6, 8],
        "diversity": [8, 9, 14],
        "statistics": [3, 6, 8, 9, 10, 12, 13, 14],
        "explorer": [9, 14],
        "photos": [9, 10, 11, 12, 14],
        "pix3d": [10],
        "familiarity": [11],
        "meshes": [],
    }
    for part, stale in expected.items():
        monkeypatch.setitem(cache.VERSIONS, part, cache.VERSIONS[part] + 1)
        assert whole_chain() == stale, part  # weights and predictions came out the same, so nothing more has to run
    assert whole_chain() == []


def test_changed_cells_run_their_notebook_and_changed_results_those_that_read_them(whole_chain, monkeypatch):
    edit("07_rendering", "## Part 1", "## Part one")
    edit("07_rendering", "import json, os, pathlib", "import json, os, pathlib  # a comment\n\n")
    assert whole_chain() == []
    edit("07_rendering", '"value"', '"caption"')
    assert whole_chain() == [7]
    edit("03_encoder_l1", '"value"', '"caption"')
    assert whole_chain() == [3]  # the weights are the same
    monkeypatch.setenv("WEIGHTS", "others")
    assert whole_chain(only=["04"], force=True) == [4]
    assert whole_chain() == [6, 8, 9, 10, 11, 14]
    monkeypatch.setenv("CLOUD", "another")
    assert whole_chain(only=["06"], force=True) == [6]
    assert whole_chain() == [7, 8]  # 08 shows 06's numbers beside its own
    assert whole_chain(only=["03"], force=True) == [3]
    assert whole_chain() == [4, 6, 8, 9, 10, 11, 14]  # 04 compares itself with 03
    splits = paths.dataset_dir("tiny") / "splits"
    splits.mkdir()
    (splits / "train.txt").write_text("03001627/a")
    assert whole_chain() == [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14]


def test_weights_of_another_run_take_the_place_of_this_runs_trainings(whole_chain, project, monkeypatch):
    other = project / "trained_models" / "other" / "encoder_l1"
    other.mkdir(parents=True)
    (other / "model.safetensors").write_text("one")
    take = {"overrides": ["08.weights_run=other"]}
    assert whole_chain(**take) == [8]
    monkeypatch.setenv("WEIGHTS", "others")
    assert whole_chain(only=["04"], force=True, **take) == [4]
    assert whole_chain(**take) == [6, 9, 10, 11, 14]
    (other / "model.safetensors").write_text("two")
    assert whole_chain(**take) == [8]


def test_records_of_an_earlier_version_of_the_kit_are_out_of_date(whole_chain):
    path = paths.runs_root() / "tiny" / "steps.json"
    state = json.loads(path.read_text())
    own = state["steps"]["10_pix3d"]["fingerprint"]
    del own["versions"]
    state["steps"]["10_pix3d"]["fingerprint"] = {**own, "helpers": "0123456789abcdef"}
    path.write_text(json.dumps(state))
    assert whole_chain() == [10]


def test_force_computes_kept_scores_anew(project, in_process):
    scores = """\
from lmnet_utils.core import cache, paths
import numpy as np

def compute(span):
    with open(os.environ["TRACE"], "a") as trace:
        print("scored", file=trace)
    return {"chamfer": np.zeros(2)}

cache.kept_arrays(paths.run_dir(run, "01_first") / "scores" / "L1", "0123456789abcdef", 2, 2, compute)"""
    make_notebook("01_first", FIRST, WRITE.format(folder="01_first", stem="01_first", value="number"), scores)
    chain.run_profile("tiny", chain.Choice(only=["01"]))
    assert executed(project) == ["01_first 3", "scored"]
    chain.run_profile("tiny", chain.Choice(only=["01"], overrides=["01.number=4"]))
    assert executed(project) == ["01_first 4"]
    chain.run_profile("tiny", chain.Choice(only=["01"], force=True))
    assert executed(project) == ["01_first 3", "scored"]


def test_only_the_chosen_steps_need_their_data_and_weights(project, in_process):
    make_notebook("02_second", 'run: str = "tiny"\nweights_run: Optional[str] = "freeshapes"\ndataset: str = "mine"')
    assert chain.run_profile("tiny", chain.Choice(only=["01"])) == 0
    assert executed(project) == ["01_first 3"]
    for selection in ({"only": ["02"]}, {"from_": "02"}, {}):
        with pytest.raises(ProfileError, match="(?s)weights_run.*found nothing.*no data set 'mine'"):
            chain.run_profile("tiny", chain.Choice(**selection))


def test_changed_initial_weights_make_a_step_out_of_date(project, in_process):
    folder = project / "trained_models" / "shipped"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"one")
    source = WRITE.format(folder="01_first", stem="01_first", value="number")
    make_notebook("01_first", FIRST + "\ninitial_weights: Optional[str] = None", source)
    make_profile("notebooks:\n  01_first: {initial_weights: trained_models/shipped}\n")
    assert [chain.run_profile("tiny"), chain.run_profile("tiny")] == [0, 0]
    assert executed(project) == ["01_first 1"]
    (folder / "model.safetensors").write_bytes(b"two")
    assert chain.run_profile("tiny") == 0
    assert executed(project) == ["01_first 1"]


def test_a_step_before_that_gives_other_weights_makes_the_next_out_of_date_with_equal_ones_it_does_not(
    project, in_process
):
    save = """\
import os, pathlib
folder = pathlib.Path(os.environ["LMNET_TRAINED_MODELS"]) / run / "model"
folder.mkdir(parents=True, exist_ok=True)
(folder / "model.safetensors").write_text(os.environ.get("WEIGHTS", "same"))"""
    make_notebook("01_first", FIRST, save, WRITE.format(folder="01_first", stem="01_first", value="number"))
    chain.run_profile("tiny")
    executed(project)
    chain.run_profile("tiny", chain.Choice(force=True, only=["01"]))
    chain.run_profile("tiny")
    assert executed(project) == ["01_first 3"]
    os.environ["WEIGHTS"] = "different"
    try:
        chain.run_profile("tiny", chain.Choice(force=True, only=["01"]))
    finally:
        del os.environ["WEIGHTS"]
    chain.run_profile("tiny")
    assert executed(project) == ["01_first 3", "02_second 0.0"]


def test_a_sweep_gives_one_notebook_and_one_metrics_file_each(project, in_process):
    make_profile("notebooks:\n  01_first:\n  02_second: {weight: [0.0, 0.5, 5.5]}\n")
    assert chain.run_profile("tiny") == 0
    assert executed(project) == ["01_first 1", "02_second 0.0", "02_second 0.5", "02_second 5.5"]
    names = {path.name for path in (project / "runs" / "tiny").glob("02*.ipynb")}
    assert names == {f"02_second--weight={value}.ipynb" for value in ("0", "0.5", "5.5")}
    assert len(list((project / "runs" / "tiny" / "02_second").glob("*/metrics.json"))) == 3

    make_profile("notebooks:\n  01_first:\n  02_second: {weight: [0.0, 5.5, 7]}\n")  # only what is new runs
    assert chain.run_profile("tiny") == 0
    assert executed(project) == ["02_second 7.0"]
    state = json.loads((project / "runs" / "tiny" / "steps.json").read_text())
    assert list(state["steps"]) == ["01_first", *(f"02_second--weight={value}" for value in ("0", "5.5", "7"))]


def test_two_sweeps_give_every_combination(project):
    steps = plans.plan_steps(
        profiles.load_profile("tiny"), "tiny", ["01.number=[1, 2]", "01.flag=[true, false]", "01.items=[p, q]"]
    )
    first = [step for step in steps if step.notebook == "01_first"]
    assert [(step.parameters["number"], step.parameters["flag"]) for step in first] == [
        (1, True),
        (1, False),
        (2, True),
        (2, False),
    ]
    assert all(step.parameters["items"] == ["p", "q"] for step in first)
    assert first[0].key == "01_first--number=1,flag=True"


def test_sweep_steps_that_write_over_each_other_are_pointed_out(project, in_process, capsys):
    assert cli.main(["run", "tiny", "--only", "01", "--set", "01.number=[1, 2]"]) == 0
    assert "wrote over runs/tiny/01_first/metrics.json" in capsys.readouterr().out


def test_papermill_executes_a_sweep_with_its_parameters_and_progress_in_plain_lines(project, capsys):
    assert cli.main(["run", "tiny", "--set", "02.weight=[0.5, 5.5]"]) == 0
    assert executed(project) == ["01_first 3", "02_second 0.5", "02_second 5.5"]
    out = capsys.readouterr().out
    assert "[01_first] cell 4/4  Part 1\n" in out
    assert "[02_second--weight=5.5] step 3/3" in out
    kept = nbformat.read(project / "runs" / "tiny" / "02_second--weight=5.5.ipynb", as_version=4)
    assert "weight = 5.5" in next(cell.source for cell in kept.cells if profiles.is_tagged(cell, "injected-parameters"))


def test_the_kernel_is_this_python_and_this_package_from_anywhere(project, tmp_path, monkeypatch):
    decoy = tmp_path / "jupyter" / "kernels" / "python3"
    decoy.mkdir(parents=True)
    (decoy / "kernel.json").write_text('{"argv": ["/nonexistent/python"], "display_name": "x", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.chdir("/")
    check = 'import sys, os, lmnet_utils; open(os.environ["TRACE"], "w").write(sys.executable + "\\n" + lmnet_utils.__file__)'
    make_notebook("01_first", FIRST, check)
    assert chain.run_profile("tiny", chain.Choice(only=["01"])) == 0
    assert executed(project) == [sys.executable, str(Path(chain.__file__).parents[1] / "__init__.py")]


def test_a_step_starts_without_the_grammar_that_no_notebook_needs() -> None:
    """It takes two seconds to build: in every run, and beside others in every step's process."""
    code = "import sys\nfrom lmnet_utils.run import execution\n"
    code += "with execution._without_grammar_of_iris():\n    import nbformat, papermill\n"
    code += "assert not {'lark', 'rfc3987_syntax'} & set(sys.modules)\n"
    code += "nbformat.validate(nbformat.v4.new_notebook())\n"
    code += "try:\n    nbformat.validate({'cells': 3})\nexcept nbformat.ValidationError:\n    print('refused')"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "refused\n"


def test_long_cells_repeat_what_they_print_short_ones_do_not(project, capsys, monkeypatch):
    monkeypatch.setattr(execution._Progress, "PATIENCE", 2.0)  # a busy machine takes a while for the short one, too
    make_notebook(
        "01_first", FIRST, "print('brief')", "import time; time.sleep(2.5); print('epoch 1 of 9', flush=True)"
    )
    assert cli.main(["run", "tiny", "--only", "01"]) == 0
    text = capsys.readouterr().out
    assert "    epoch 1 of 9" in text
    assert "brief" not in text


# -------------------------------------------------------------------------------------------------------- when it stops
def test_a_failing_cell_keeps_the_notebook_and_names_the_command_that_continues(project, capsys):
    path = make_notebook(
        "02_second", 'run: str = "tiny"\nweight: float = 0.0', "1 + 1", "raise ValueError('no such shape')"
    )
    assert cli.main(["run", "tiny", "--run-name", "trial", "--set", "01.name=two words"]) == 1
    out = capsys.readouterr().out
    assert "cell 5/5 raised ValueError: no such shape" in out
    assert "executed notebook kept: runs/trial/02_second.ipynb" in out
    kept = nbformat.read(project / "runs" / "trial" / "02_second.ipynb", as_version=4)
    assert any(output.get("ename") == "ValueError" for cell in kept.cells for output in cell.get("outputs", []))
    assert "no such shape" in (project / "runs" / "trial" / "report.html").read_text()

    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].source = "print('mended')"
    nbformat.write(notebook, path)
    command = shlex.split(out.split("continue with: ")[1].splitlines()[0])
    assert command[:4] == ["lmnet", "run", "tiny", "--from"]
    assert executed(project) == ["01_first 3"]
    assert cli.main(command[1:]) == 0
    assert executed(project) == []  # the first step was not run again
    assert cli.main([word for word in command[1:] if word not in ("--from", "02_second")]) == 0
    assert "01_first] step 1/2: up to date" in capsys.readouterr().out


def test_a_dead_kernel_is_a_failed_step(project, capsys):
    make_notebook("01_first", FIRST, "import os; os._exit(9)")
    assert cli.main(["run", "tiny"]) == 1
    out = capsys.readouterr().out
    assert "cell 4/4: the kernel died" in out
    assert "lmnet run tiny --from 01_first" in out


def test_from_a_step_whose_predecessors_never_ran_is_refused(project, in_process, capsys):
    assert cli.main(["run", "tiny", "--from", "02"]) == 2
    assert "02_second: needs the results of 01_first" in capsys.readouterr().err
    assert cli.main(["run", "tiny", "--only", "01"]) == 0
    assert cli.main(["run", "tiny", "--from", "02"]) == 0
    assert executed(project) == ["01_first 3", "02_second 0.0"]


def test_results_made_by_hand_in_jupyter_count_as_predecessors(project, in_process):
    folder = project / "runs" / "tiny" / "01_first"
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text('{"notebook": "01_first", "results": {}}')
    assert chain.run_profile("tiny", chain.Choice(from_="02")) == 0
    assert executed(project) == ["02_second 0.0"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_kernel_and_run_and_can_be_continued(project, number):
    wait = 'import os, time; open(os.environ["TRACE"], "w").write(str(os.getpid())); time.sleep(60)'
    make_notebook("01_first", FIRST, wait)
    code = "import sys; from lmnet_utils.run.cli import main; sys.exit(main(['run', 'tiny']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores Ctrl-C
    )
    trace = project / "trace.txt"
    for _ in range(1200):  # a busy machine takes its time to start a kernel
        if trace.exists() and trace.read_text():
            break
        time.sleep(0.1)
    kernel = int(trace.read_text())
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "continue with: lmnet run tiny --from 01_first" in out
    assert "Traceback" not in out
    for _ in range(200):
        if not Path(f"/proc/{kernel}").exists():
            break
        time.sleep(0.1)
    assert not Path(f"/proc/{kernel}").exists()
    state = json.loads((project / "runs" / "tiny" / "steps.json").read_text())
    assert state["steps"]["01_first"]["status"] == "interrupted"
    assert not (project / "runs" / "tiny" / ".running").exists()


def test_two_runs_into_one_folder_are_kept_apart(project, in_process):
    hold = "import sys, time, pathlib\nfrom lmnet_utils.run.chain import _only_one\n"
    hold += "with _only_one(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(600)"
    command = [sys.executable, "-c", hold, str(paths.run_dir("tiny"))]
    other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        message = refusal()
        assert f"runs/tiny is in use by the run with process number {other.pid}; wait for it" in message
        assert "--run-name" in message and executed(project) == []
        assert chain.run_profile("tiny", chain.Choice(only=["01"], run_name="other")) == 0
    finally:
        other.kill()
        other.communicate()
    assert chain.run_profile("tiny", chain.Choice(only=["01"])) == 0  # the killed run left no lock
    assert executed(project) == ["01_first 3"] * 2


def test_force_clears_what_a_finished_training_would_only_load(project, in_process):
    save = """\
import os, pathlib
folder = pathlib.Path(os.environ["LMNET_TRAINED_MODELS"]) / run / "model"
folder.mkdir(parents=True, exist_ok=True)
with open(os.environ["TRACE"], "a") as trace:
    print("loaded" if (folder / "metrics.json").exists() else "trained", file=trace)
(folder / "metrics.json").write_text("{}")
index = pathlib.Path(os.environ["LMNET_RUNS"]) / run / "predictions" / "index.csv"
if index.parent.is_dir() and not index.is_file():
    raise FileExistsError("a folder of predictions without its index")
index.parent.mkdir(parents=True, exist_ok=True)
index.write_text("i")"""
    make_notebook("01_first", FIRST, save)
    for force in (False, True):
        assert chain.run_profile("tiny", chain.Choice(only=["01"], force=force)) == 0
    assert executed(project) == ["trained", "trained"]


# ---------------------------------------------------------------------------------------------- the committed notebooks
def test_outputs_are_grafted_clean_and_in_order(project):
    make_profile("notebooks:\n  01_first:\n  02_second: {weight: [0.0, 5.5]}\n", "quickstart")
    show = "import os; print(os.environ['LMNET_ROOT'] + '/data/x'); number"
    bar = "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)): pass"
    first = make_notebook("01_first", FIRST.replace("tiny", "quickstart"), show, bar)
    second = make_notebook("02_second", 'run: str = "quickstart"\nweight: float = 5.5', "print('weight', weight)")
    assert chain.run_profile("quickstart") == 0
    store_notebooks.store_notebooks(say=lambda text: None)

    for path in (first, second):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
        assert not any("injected-parameters" in cell.metadata.get("tags", []) for cell in notebook.cells)
        assert "papermill" not in path.read_text()
        assert "widget" not in path.read_text()
        assert str(project) not in path.read_text()
    code = [cell for cell in nbformat.read(first, as_version=4).cells if cell.cell_type == "code"]
    assert code[2].outputs[0].text == "data/x\n"
    assert code[2].outputs[1].data["text/plain"] == "1"
    assert code[2].outputs[1].execution_count == 3
    assert "weight 5.5" in second.read_text()

    before = second.read_text()  # a notebook that changed since it was executed is not given old outputs
    second.write_text(before.replace("print('weight', weight)", "print('wait', weight)"))
    with pytest.raises(ProfileError, match="02_second: its code has changed"):
        store_notebooks.store_notebooks(say=lambda text: None)


@pytest.mark.parametrize(
    ("source", "expected"),
    [("print('/home/someone/data')", "path of this machine"), ("print('x' * 1_100_000)", "cell 5 alone")],
)
def test_outputs_that_do_not_belong_in_the_repository_are_refused(project, source, expected):
    make_profile("notebooks:\n  01_first:\n", "quickstart")
    path = make_notebook("01_first", FIRST.replace("tiny", "quickstart"), source)
    before = path.read_bytes()
    assert chain.run_profile("quickstart") == 0
    with pytest.raises(ProfileError, match=expected):
        store_notebooks.store_notebooks(say=lambda text: None)
    assert path.read_bytes() == before


def test_a_quickstart_that_differs_from_the_notebooks_defaults_is_found(project):
    make_profile("notebooks:\n  01_first: {number: 2}\n  02_second: {weight: [0.5, 5.5]}\n", "quickstart")
    found = store_notebooks.differences_from_defaults()
    assert [text.partition(" in ")[0] for text in found if "parameter run" not in text] == [
        "01_first: parameter number is 2",
        "02_second: parameter weight is swept over [0.5, 5.5]",
    ]


def test_weights_follow_a_sweep(project):
    declared = (
        'run: str = "tiny"\nweight: float = 5.5\ninitial_weights: Optional[str] = "trained_models/shipped/of_5.5"'
    )
    make_notebook("02_second", declared)
    for name in ("of_0", "of_5.5"):
        (project / "trained_models" / "shipped" / name).mkdir(parents=True)
    profile = "notebooks:\n  02_second: {{weight: [0.0, 5.5], initial_weights: 'trained_models/shipped/of_{{{}}}'}}\n"
    make_profile(profile.format("weight:g"))
    steps = plans.plan_steps(profiles.load_profile("tiny"), "tiny")
    weights = [step.parameters["initial_weights"] for step in steps if step.notebook == "02_second"]
    assert weights == ["trained_models/shipped/of_0", "trained_models/shipped/of_5.5"]
    assert store_notebooks.differences_from_defaults("tiny") == []
    make_profile(profile.format("wieght"))
    assert "02_second: a folder of weights names something that is not swept: 'wieght'" in refusal()


def test_help_does_not_import_torch(tmp_path):
    code = "import sys; from lmnet_utils.run.cli import _parser; _parser().format_help(); print('torch' in sys.modules, 'numpy' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "False"]


# -------------------------------------------------------------------------------------------------------------- repeats
REPEATED = """\
run_name: study
defaults: {number: 7}
notebooks: {01_data_preparation: , 02_second: , 03_third: {rate: [0.5, 1.5]}}
repeat:
  - {number: 20, name: x}
  - {number: 45, name: fold-2-of-5}
  - {number: null}
"""


@pytest.fixture
def study(project) -> Path:
    """A profile that repeats two notebooks three times after a data preparation with a parameter of the same name."""
    make_notebook("01_data_preparation", FIRST, WRITE.format(folder="01", stem="01", value="number"))
    parameters = FIRST.replace("number: int = 1", "number: Optional[int] = 1")
    value = "(run, number, weight)".replace("weight", "name")
    make_notebook("02_second", parameters, WRITE.format(folder="02", stem="02", value=value))
    make_notebook("03_third", parameters, WRITE.format(folder="03/{rate:g}", stem="03", value="(run, number, rate)")
                  .replace('"03/', 'f"03/'))  # fmt: skip
    make_profile(REPEATED)
    return project


DONE = [
    "01 7",
    "02 ('study-number20-x', 20, 'x')",
    "03 ('study-number20-x', 20, 0.5)",
    "03 ('study-number20-x', 20, 1.5)",
    "02 ('study-number45-fold-2-of-5', 45, 'fold-2-of-5')",
    "03 ('study-number45-fold-2-of-5', 45, 0.5)",
    "03 ('study-number45-fold-2-of-5', 45, 1.5)",
    "02 ('study-numberall', None, 'a')",
    "03 ('study-numberall', None, 0.5)",
    "03 ('study-numberall', None, 1.5)",
]


def test_a_profile_is_repeated_with_each_of_its_values_after_one_data_preparation(study, in_process, capsys):
    assert chain.run_profile("tiny") == 0
    assert executed(study) == DONE
    runs = {path.parent.name for path in (study / "runs").glob("*/report.html")}
    assert runs == {"study", "study-number20-x", "study-number45-fold-2-of-5", "study-numberall"}
    assert "4 of 4 runs are done" in capsys.readouterr().out
    assert chain.run_profile("tiny") == 0
    assert executed(study) == [], "what is finished is skipped"


def test_only_some_notebooks_or_other_values_reach_every_repeat(study, in_process):
    assert chain.run_profile("tiny", chain.Choice(only=["02"], overrides=["02.name=z"], run_name="mine")) == 0
    assert [line.split("'")[1::2] for line in executed(study)] == [
        ["mine-number20-x", "z"], ["mine-number45-fold-2-of-5", "z"], ["mine-numberall", "z"],
    ]  # fmt: skip
    assert chain.run_profile("tiny", chain.Choice(overrides=["01.number=8", "02.name=z"], run_name="mine")) == 0
    assert [line.split()[0] for line in executed(study)] == ["01", *["03"] * 6], "02 is up to date"


def test_the_dry_run_of_repeats_shows_each_and_executes_nothing(study, in_process, capsys):
    assert cli.main(["run", "tiny", "--dry-run", "--only", "02"]) == 0
    out = capsys.readouterr().out
    assert out.count("02_second  [run: not run yet]") == 3 and "01_data_preparation" not in out
    assert "into runs/study-number45-fold-2-of-5" in out and "    number = 45    (the notebook's own: 1)" in out
    assert not (study / "runs").exists() and executed(study) == []


def test_a_repeat_that_stops_does_not_end_the_others_and_the_command_goes_on(study, in_process, capsys, monkeypatch):
    right = chain.execute_notebook

    def fails_once(step, *arguments):
        if step.notebook == "02_second" and step.parameters["number"] == 45:
            raise execution.StepFailed("no such fold")
        right(step, *arguments)

    monkeypatch.setattr(chain, "execute_notebook", fails_once)
    assert cli.main(["run", "tiny", "--set", "all.flag=true"]) == 1
    out = capsys.readouterr().out
    assert executed(study) == [line for line in DONE if "45" not in line]
    assert "3 of 4 runs are done\nstopped: study-number45-fold-2-of-5" in out
    command = shlex.split(out.split("continue with: ")[1].splitlines()[0])
    assert command == ["lmnet", "run", "tiny", "--set", "all.flag=true"]
    monkeypatch.setattr(chain, "execute_notebook", right)
    assert cli.main(command[1:]) == 0
    assert executed(study) == [line for line in DONE if "45" in line]


def test_without_its_data_no_repeat_begins(study, in_process, monkeypatch):
    def fails(*arguments):
        raise execution.StepFailed("no space left")

    monkeypatch.setattr(chain, "execute_notebook", fails)
    assert chain.run_profile("tiny") == 1
    assert executed(study) == [] and not (study / "runs" / "study-numberall" / "steps.json").exists()


@pytest.mark.parametrize(
    ("repeat", "expected"),
    [
        ("{number: 1}", "expected a list of mappings"),
        ("[]", "expected a list of mappings"),
        ("[{number: [1, 2]}]", "parameter → one value"),
        ("[{number: 1}, {number: 1}]", "would both be called 'number1'"),
        ("[{numbr: 1}]", "repeat: no notebook declares the parameter 'numbr' (did you mean 'number'?)"),
        ("[{run: x}]", "set it with --run-name"),
        (f"[{{name: {'x' * 64}}}]", "1 to 64 letters"),
        ("[{number: x}]", "repeat: 02_second: parameter number: expected a whole number, or None, found 'x'"),
    ],
)
def test_wrong_repeats_are_explained(study, repeat, expected):
    make_profile(REPEATED.partition("repeat:")[0] + f"repeat: {repeat}\n")
    message = refusal()
    assert expected in message and not (study / "runs").exists()


# ------------------------------------------------------------------------------------------- the repository's own files


@pytest.mark.parametrize("name", ["freeshapes", "paper", "port", "quickstart", "smoke"])
def test_every_profile_fits_the_committed_notebooks(name, monkeypatch, tmp_path):
    for dataset in ("shapenet",):  # the data set itself is a download
        (tmp_path / dataset).mkdir()
    monkeypatch.setenv("LMNET_DATA", str(tmp_path))
    profile = profiles.load_profile(name)
    assert profile.description
    papers = [stem for stem in COMMITTED if stem[:2] not in ("12", "13")]  # which have profiles of their own
    if name in ("paper", "port"):  # what is known of program's objects says little of networks that never saw any
        papers.remove("14_posteriors")
    assert list(profile.notebooks) == (COMMITTED if name in ("quickstart", "smoke") else papers)
    steps = plans.plan_steps(profile, profile.run_name)
    variants = [step.parameters for step in steps if step.notebook == "05_encoder_probabilistic"]
    seeds = (0,) if name == "freeshapes" else (variants[0].get("seed"),)
    weights = (None,) if name == "quickstart" else (0.0, 0.5, 5.5)  # the notebook's own; else the paper's sweep
    expected = [(seed, weight) for seed in seeds for weight in weights]
    assert [(parameters.get("seed"), parameters.get("diversity_weight")) for parameters in variants] == expected


def test_the_notebooks_defaults_are_the_quickstart():
    assert store_notebooks.differences_from_defaults("quickstart") == []
