"""README and docs: their figures are those of the committed files, their links lead somewhere, their commands exist."""

from __future__ import annotations

import re
from pathlib import Path
from runpy import run_path

import pytest
import ship_weights

from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json
from lmnet_utils.run import profiles

ROOT = paths.project_root()
DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in (*ROOT.glob("docs/*.md"), ROOT / "README.md")
}
README = DOCUMENTS["README.md"]
LONGEST = 1200  # words of the README

each_document = pytest.mark.parametrize("name", sorted(DOCUMENTS))


def local_links(text: str) -> list[str]:
    """Targets of the Markdown links and pictures that are files of the repository."""
    return [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]


def test_tables_are_those_of_the_committed_files():
    for name, tables in ship_weights.generated_tables().items():
        for marker, markdown in tables.items():
            match = re.search(
                rf"<!-- {marker}: .*?-->\n\n(.*?)\n\n<!-- end of {marker} -->", DOCUMENTS[name], re.DOTALL
            )
            stale = f"run `python tools/ship_weights.py --tables`: {marker} in {name} is stale"
            assert match and match[1] == markdown, stale


def test_the_explorers_latency_is_that_of_the_committed_file():
    found = read_json(ROOT / "benchmarks" / "explorer.json")["results"]
    page, lab = (f"{found['browser'][where]['median_ms']:.0f} ms" for where in ("page", "jupyterlab"))
    speed = DOCUMENTS["docs/speed.md"]
    assert f"{page} on the page and {lab} in JupyterLab" in speed
    assert found["visitors"]["visitors"] == 8
    assert f"with eight visitors at once, {found['visitors']['change']['median_ms']:.0f} ms" in speed


def test_the_machine_that_speed_names_is_that_of_the_committed_files():
    machines = [record["environment"] for record in read_json(ROOT / "benchmarks" / "history.json")]
    for machine in [*machines, read_json(ROOT / "benchmarks" / "explorer.json")["environment"]]:
        assert (machine["processor"], machine["cores"], machine["gpu"]) == ("AMD EPYC", 2, None)


def test_a_ratio_that_has_become_worse_on_such_a_machine_is_told():
    slower = run_path(str(ROOT / "benchmarks" / "run.py"))["slower"]
    record = read_json(ROOT / "benchmarks" / "history.json")[-1]
    name, row = next(iter(record["results"].items()))
    worse = {**record, "results": {name: {**row, "ratio": row["ratio"] / 2}}}
    assert slower([record], record) == [] and slower([], worse) == []
    (line,) = slower([worse, record], worse)
    assert line.startswith(f"{name}: ×{row['ratio']:.1f} before")
    assert slower([record], {**worse, "precision": "another"}) == []


def test_the_sizes_of_data_sets_are_those_of_the_committed_file():
    table = run_path(str(ROOT / "benchmarks" / "scale.py"))["table"](read_json(ROOT / "benchmarks" / "scale.json"))
    assert f"checked by tests/run/test_readme.py -->\n\n{table}\n\n<!-- end of scale -->" in DOCUMENTS["docs/scale.md"]


def test_what_the_tests_notice_is_that_of_the_committed_files():
    content = read_json(ROOT / "benchmarks" / "mutants.json")
    table = run_path(str(ROOT / "benchmarks" / "mutants.py"))["table"](content)
    assert (
        f"checked by tests/run/test_readme.py -->\n\n{table}\n\n<!-- end of mutants -->"
        in DOCUMENTS["docs/architecture.md"]
    )
    for row in content["modules"].values():
        unexplained = [one for one in row["survivors"] if not one["reason"]]
        assert len(unexplained) <= 0.1 * row["tried"], unexplained


def test_the_kills_are_those_of_the_committed_file():
    found = read_json(ROOT / "benchmarks" / "kills.json")
    said = f"{found['kills']} kills at random moments, {found['runs that came to their end']} runs"
    assert said in DOCUMENTS["docs/commands.md"] and found["kills"] >= 100
    assert found["different"] == found["kernels that went on beside their successors"] == 0


def test_the_readme_is_short():
    assert len(README.split()) <= LONGEST


@each_document
def test_links_and_pictures_are_there(name: str):
    for target in local_links(DOCUMENTS[name]):
        assert (ROOT / Path(name).parent / target).exists(), target


def test_the_readme_leads_to_every_notebook_and_document():
    linked = set(local_links(README))
    assert {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")} <= linked
    assert set(DOCUMENTS) - {"README.md"} <= linked


@each_document
def test_commands_name_real_profiles_and_targets(name: str):
    text = DOCUMENTS[name]
    assert set(re.findall(r"lmnet run ([a-z]+)", text)) <= set(profiles.profile_names())
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?m)(?:`|^)make (?:[A-Z]+=\S+ )?([a-z-]+)", text)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@each_document
def test_no_placeholder_is_left(name: str):
    assert not re.search(r"@[A-Z]+@|TODO|TBD", DOCUMENTS[name])
