"""`lmnet doctor`: says what is there and what is missing, and survives whatever is broken."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lmnet_utils.run import doctor

GOOD = (("numpy", "numpy", "arrays"),)


@pytest.fixture
def healthy(kit_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kit with its shipped parts: the data set's source and weights; only numpy is looked at, for speed."""
    monkeypatch.setattr(doctor, "PACKAGES", GOOD)
    monkeypatch.setenv("LMNET_ROOT", str(kit_folders))
    source = kit_folders / "data" / "freeshapes" / "source"
    source.mkdir(parents=True)
    (source / "ATTRIBUTION.csv").touch()
    model = kit_folders / "trained_models" / "freeshapes" / "autoencoder"
    model.mkdir(parents=True)
    (model / "model.safetensors").touch()
    return kit_folders


def test_a_fresh_clone_can_run_and_the_next_command_is_named(healthy: Path, capsys) -> None:
    assert doctor.main([]) == 0
    output = capsys.readouterr().out
    assert "not made yet, its source is here" in output
    assert "freeshapes (optional): lmnet run quickstart --only 01_data_preparation" in output
    assert "autoencoder" in output and output.rstrip().endswith("The kit can run.")


def test_data_sets_are_counted(healthy: Path) -> None:
    root = healthy / "data" / "freeshapes"
    for model in ("03001627/aaa", "03001627/bbb", "02691156/ccc"):
        (root / "ShapeNetRendering" / model / "rendering").mkdir(parents=True)
    (root / "ShapeNet_pointclouds" / "03001627" / "aaa").mkdir(parents=True)
    (root / "splits" / "official" / "13").mkdir(parents=True)
    (root / ".tmp").touch()
    freeshapes, shapenet = doctor.report()["datasets"]
    assert (freeshapes["models"], freeshapes["clouds"], freeshapes["splits"]) == (3, 1, ["official"])
    assert (shapenet["models"], shapenet["source"]) == (0, False)
    assert "3 models with renders, 1 with clouds, splits official, not packed yet" in doctor.to_text(doctor.report())


def test_missing_source_and_weights_are_errors_with_the_command_that_brings_them(kit_folders, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "PACKAGES", GOOD)
    monkeypatch.setenv("LMNET_ROOT", str(kit_folders))
    assert doctor.main([]) == 1
    output = capsys.readouterr().out
    assert "git checkout -- data/freeshapes" in output
    assert "git checkout -- trained_models/freeshapes" in output
    assert "cannot run yet" in output


@pytest.mark.parametrize(
    ("body", "state", "detail"),
    [
        ("raise RuntimeError('operator nms does not exist\\nand more')", "broken", "operator nms does not exist"),
        ("import a_module_that_nobody_has", "broken", "No module named 'a_module_that_nobody_has'"),
        ("raise ImportError('/some/where/lib_C.so: undefined symbol')", "broken", "lib_C.so: undefined symbol"),
        ("raise ValueError", "broken", "ValueError"),
        (None, "missing", ""),
    ],
)
def test_a_broken_package_is_a_line_and_never_a_traceback(
    healthy: Path, monkeypatch: pytest.MonkeyPatch, capsys, body: str | None, state: str, detail: str
) -> None:
    if body is not None:
        (healthy / "lmnet_broken_thing.py").write_text(body)
    monkeypatch.syspath_prepend(healthy)
    monkeypatch.setattr(doctor, "PACKAGES", (*GOOD, ("lmnet-broken-thing", "lmnet_broken_thing", "this test")))
    row = doctor.report()["packages"][1]
    assert (row["state"], row["version"]) == (state, None)
    assert row["detail"].startswith(detail)
    assert doctor.main([]) == 1
    output = capsys.readouterr().out
    assert "Traceback" not in output and f"<- {state}" in output
    assert f"lmnet-broken-thing ({state}): make install" in output


def test_a_version_outside_the_range_is_named_with_the_range(healthy: Path, capsys) -> None:
    row = doctor.check_package("numpy", "numpy", "arrays", ">=1,<1.5")
    assert (row["state"], row["detail"]) == ("wrong version", "expected >=1,<1.5")


def test_pytorch3d_under_its_conda_name_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "pytorch3d":
            return "0.7.9"
        raise doctor.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    row = doctor.check_package("easypytorch3d", "json", "rendering", "==0.7.9.post1")
    assert (row["state"], row["version"]) == ("ok", "0.7.9")


def test_little_disk_is_an_error(healthy: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    usage = type("Usage", (), {"free": 300_000_000})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    assert doctor.main([]) == 1
    assert "0.3 GB free" in (output := capsys.readouterr().out) and "make room" in output


def test_json_is_the_same_report_without_a_path_of_this_machine(healthy: Path, capsys) -> None:
    assert doctor.main(["--json"]) == 0
    output = capsys.readouterr().out
    found = json.loads(output)
    assert set(found) == {"python", "packages", "machine", "datasets", "weights", "missing", "ok"}
    assert found["weights"] == [{"run": "freeshapes", "models": ["autoencoder"]}]
    assert found["machine"]["cores"] >= 1 and found["machine"]["device"] and found["machine"]["bf16"] in (True, False)
    assert str(healthy) not in output and str(Path.home()) + "/" not in output


def test_the_real_list_of_packages_is_sound_here() -> None:
    """The ten packages of the kit are looked at and are in order in the environment that runs the tests."""
    requirements = doctor._requirements()
    names = [name for name, _, _ in doctor.PACKAGES]
    assert {"torch", "torchvision", "easypytorch3d", "nbval", "gdown", "papermill"} <= set(names)
    assert set(names) <= set(requirements)
    for package in doctor.PACKAGES:
        row = doctor.check_package(*package, requirements[package[0]])
        assert row["state"] == "ok", row


def test_it_works_where_nothing_is_installed() -> None:
    blocked = "('torch', 'numpy', 'packaging', 'yaml', 'pytorch3d', 'pyvista', 'papermill', 'jupyterlab', 'scipy')"
    code = f"import sys\nfor name in {blocked}: sys.modules[name] = None\nfrom lmnet_utils.run.cli import main\n"
    code += "raise SystemExit(main(['doctor']))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 1 and result.stderr == ""
    assert "device         unknown" in result.stdout and "The kit cannot run yet" in result.stdout
