"""What machines read: the RO-Crate of a run and the Croissant file of FreeShapes, checked by hand and, where they are installed, by their own tools."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import describe_freeshapes
import mlcroissant
import pytest
from rocrate.rocrate import ROCrate

from lmnet_utils.core import paths
from lmnet_utils.core.files import write_json
from lmnet_utils.data import freeshapes
from lmnet_utils.run import cli
from lmnet_utils.run.crate import CRATE, write_crate

ENVIRONMENT = {"python": "3.11.7", "platform": "Linux x86_64", "packages": {"torch": "2.12.1"}, "git_commit": "abc123"}


@pytest.fixture
def run(kit_folders: Path) -> Path:
    """A run of two notebooks with a figure, a table and a file whose name needs quoting."""
    root = paths.runs_root() / "mine"
    for number, name in enumerate(("06_inference", "08_evaluation")):
        data = {"dataset": "freeshapes", "pack_hash": "f00d"}
        settings = {"run": "mine", "views": None, "icp": ["none", "exact"], "seed": number}
        record = {"notebook": name, "created": f"2026-01-0{number + 1}T10:00:00+00:00", "settings": settings}
        write_json(root / name / "metrics.json", {**record, "data": data, "results": {}, "environment": ENVIRONMENT})
        (root / f"{name}.ipynb").write_text("{}")
    (root / "08_evaluation" / "λ 5.5.png").write_bytes(b"picture")
    (root / ".08_evaluation.tmp").write_text("half")
    write_json(root / "steps.json", {"run": "mine", "profile": "quickstart", "steps": {}})
    return root


def entities(root: Path) -> dict[str, dict]:
    found = json.loads((root / CRATE).read_text(encoding="utf-8"))["@graph"]
    by_id = {one["@id"]: one for one in found}
    assert len(by_id) == len(found), "every entity once"
    return by_id


def test_every_file_of_a_run_is_listed_with_its_checksum(run: Path) -> None:
    assert write_crate("mine") == run / CRATE == write_crate("mine"), "a second call describes the same"
    found = entities(run)
    listed = {one["name"]: one for one in found.values() if one["@type"] == "File"}
    there = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert set(listed) == there - {CRATE, ".08_evaluation.tmp"}
    for name, one in listed.items():
        content = (run / name).read_bytes()
        assert (one["sha256"], one["contentSize"]) == (hashlib.sha256(content).hexdigest(), str(len(content)))
    assert {part["@id"] for part in found["./"]["hasPart"]} == {one["@id"] for one in listed.values()}
    assert " " not in listed["08_evaluation/λ 5.5.png"]["@id"]


def test_it_says_what_ran_with_what_and_leads_nowhere_else(run: Path) -> None:
    write_crate("mine")
    found = entities(run)
    action = found["#08_evaluation"]
    given = {
        found[one["@id"]]["name"]: found[one["@id"]].get("value")
        for one in action["object"]
        if "value" in found[one["@id"]]
    }
    assert given == {"run": "mine", "views": "null", "icp": '["none", "exact"]', "seed": 1}
    assert action["endTime"] == "2026-01-02T10:00:00+00:00"
    assert {found[one["@id"]]["name"] for one in action["result"]} == {
        "08_evaluation/metrics.json",
        "08_evaluation/λ 5.5.png",
    }
    assert found["#torch-2.12.1"]["version"] == "2.12.1" and found["#kit"]["softwareVersion"] == "abc123"
    assert found["#data-freeshapes"]["identifier"] == "f00d" and len(found["#data-freeshapes"]["license"]) == 3

    def links(value):
        if isinstance(value, dict):
            yield from [value["@id"]] if set(value) == {"@id"} else []
            for inner in value.values():
                yield from links(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from links(inner)

    ends = set(links(list(found.values()))) - {"https://w3id.org/ro/crate/1.1"}
    assert ends <= set(found), "every link leads to an entity"


def test_a_run_without_results_is_refused_and_the_command_writes_it(run: Path, capsys: pytest.CaptureFixture) -> None:
    (paths.runs_root() / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="holds no notebook's metrics.json"):
        write_crate("empty")
    assert cli.main(["report", "mine", "--crate"]) == 0
    assert f"mine/{CRATE}" in capsys.readouterr().out
    assert "report.html" in entities(run)


def test_ro_crates_own_validator_finds_nothing(run: Path) -> None:
    validator = shutil.which("rocrate-validator", path=str(Path(sys.executable).parent)) or shutil.which(
        "rocrate-validator"
    )
    if validator is None:
        pytest.skip("roc-validator is not installed")
    write_crate("mine")
    command = [validator, "validate", "--offline", "--profile-identifier", "ro-crate-1.1", "--no-paging", str(run)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "not available in the HTTP cache" in " ".join(done.stdout.replace("│", " ").split()):
        pytest.skip("roc-validator has not fetched RO-Crate's context yet: `rocrate-validator cache warm`")
    assert done.returncode == 0, done.stdout + done.stderr


def test_ro_crates_own_library_reads_it(run: Path) -> None:
    write_crate("mine")
    crate = ROCrate(str(run))
    assert crate.name == "3D-LMNet: the run mine" and len(crate.root_dataset["hasPart"]) == 6
    assert {one.id for one in crate.root_dataset["mentions"]} == {"#06_inference", "#08_evaluation"}
    assert len(crate.dereference("#08_evaluation")["result"]) == 2


# ------------------------------------------------------------------------------------------------------------- Croissant
def test_the_croissant_file_is_that_of_the_committed_source() -> None:
    committed = json.loads((paths.project_root() / describe_freeshapes.PLACE).read_text(encoding="utf-8"))
    assert committed == describe_freeshapes.croissant(), "run `python tools/describe_freeshapes.py`"
    for one in committed["distribution"]:
        file = (paths.project_root() / "docs" / one["contentUrl"]).resolve()
        assert hashlib.sha256(file.read_bytes()).hexdigest() == one["sha256"]
    with open(freeshapes.source_dir() / "ATTRIBUTION.csv", newline="", encoding="utf-8") as table:
        assert next(csv.reader(table)) == [field["name"] for field in committed["recordSet"][0]["field"]]


def test_croissants_own_tool_reads_the_objects() -> None:
    data = mlcroissant.Dataset(jsonld=str(paths.project_root() / describe_freeshapes.PLACE))
    records = list(data.records("objects"))
    expected = freeshapes.attribution()
    assert len(records) == len(expected)

    def text(value) -> str:
        return value.decode() if isinstance(value, bytes) else str(value)

    assert {text(record["objects/id"]) for record in records} == {row["id"] for row in expected}
