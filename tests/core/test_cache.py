"""One rule for what is out of date: versions and fingerprints, kept arrays, and the record of which code is which part.

After a change in the package this file may say that a part's code has changed. Raise the part's version in
``lmnet_utils/core/cache.py`` if other results come of it; then, or if the results are the same, renew the record:

    python tests/core/test_cache.py
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import lmnet_utils
from lmnet_utils.core import cache, lazy
from lmnet_utils.run import profiles, state

PACKAGE = Path(lmnet_utils.__file__).parent
RECORD = Path(__file__).with_name("code_of_parts.json")
RENEW = "python tests/core/test_cache.py"

# Part → its code: modules below lmnet_utils, and single definitions as module:name. A module stands for what none of the
# parts names singly.
CODE = {
    "axes": ["geometry.frames", "geometry.camera"],
    "freeshapes": ["data.freeshapes", "data.views", "data.mesh"],
    "programs": sorted(
        f"data.programs.{path.stem}"
        for path in (PACKAGE / "data" / "programs").glob("*.py")
        if path.stem not in ("__init__", "pictures", "ambiguity")
    ),
    "meshes": ["data.mesh_files", "data.meshes", "data.import_report"],
    "splits": ["data.splits", "data.taxonomy"],
    "pack": ["data.layout", "data.packs", "data.verification", "data.shapenet", "data.preparation"],
    "geometry": [
        f"geometry.{name}"
        for name in ("assignment", "augmenting_paths", "compiled", "grid_search", "neighbours", "pairs", "pointclouds")
    ],
    "losses": ["models.losses"],
    "networks": ["models.networks", "models.weights"],
    "features": ["data.photographs", "models.efficientnet", "models.strong"],
    "training": [
        f"training.{name}" for name in ("loop", "optimiser", "results", "processes", "autoencoder", "image_encoder")
    ],
    "predictions": ["models.predictions", "models.registry"],
    "inference": [
        f"models.{name}"
        for name in (
            *("inference", "latents", "samplers", "posteriors"),
            *("residual_models", "flows", "mixtures", "imle"),
        )
    ],
    "frames": ["models.orientation"],
    "protocol": ["evaluation.protocol"],
    "methods": ["evaluation.methods", "evaluation.other_methods", "evaluation.scoring"],
    "diversity": [
        "evaluation.diversity",
        "evaluation.ensembles",
        "evaluation.study",
        "evaluation.sampler_scores",
        "geometry.visibility",
    ],
    "statistics": [
        *(
            f"evaluation.{name}"
            for name in ("statistics", "summaries", "results", "records", "claims", "pooling", "learning_curves")
        ),
        *("evaluation.diversity_figures", "evaluation.errors_by_view"),
    ],
    "rendering": [
        "rendering.renders",
        "rendering.grids",
        "rendering.splats",
        "rendering.curves",
        "evaluation.tables",
        "data.programs.pictures",
    ],
    "photos": [
        "data.images",
        *(
            f"apps.{name}"
            for name in (
                "cutouts",
                "placing",
                "reconstruction",
                "choosing",
                "photos",
                "photo_pages",
                "exports",
                "appearance",
            )
        ),
        "geometry.silhouettes",
        "geometry.surfaces",
    ],
    "familiarity": ["apps.familiarity"],
    "pix3d": ["data.pix3d", "evaluation.pix3d_scores"],
    "ambiguity": ["data.programs.ambiguity", "evaluation.ambiguity"],
    "explorer": [
        *(
            f"apps.explorer{part}"
            for part in (
                "",
                "_controls",
                "_figures",
                "_files",
                "_groups",
                "_known",
                "_numbers",
                "_posteriors",
                "_session",
                "_state",
                "_widgets",
            )
        ),
        "apps.gallery",
        "apps.panels",
        "rendering.pages",
    ],
}
# Runs, checks, fetches or shows results, and decides none of them: two whole rooms, and these.
NO_RESULTS = {
    "apps.browser_page",
    "apps.web_app",
    "data.archives",
    "data.assets",
    "data.downloads",
    "data.objaverse",
    "data.shard_files",
    "data.shards",
    "data.transfer",
    "models.export",
    "models.published",
    "models.tensorflow_checkpoints",
}


def decides_nothing(module: str) -> bool:
    return module in NO_RESULTS or module.startswith(("core.", "run.")) or module.endswith("__init__")


# ------------------------------------------------------------------------------------------------- the record of code
class _Deciding(ast.NodeTransformer):
    """What is left decides results: imports, hints of types and the words of errors do not."""

    def visit_Import(self, node):
        return ast.Pass()

    visit_ImportFrom = visit_Import

    def visit_Raise(self, node):
        return ast.Raise()

    def visit_arg(self, node):
        return ast.arg(node.arg)

    def visit_AnnAssign(self, node):
        node = self.generic_visit(node)
        return ast.AnnAssign(node.target, ast.Name("hint"), node.value, node.simple)

    def visit_FunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)


@functools.cache
def definitions(source: str) -> dict[str, list[str]]:
    """Name → hashes of what a module's definitions of that name do; statements are called ``statements``."""
    found: dict[str, list[str]] = {}
    for node in _Deciding().visit(ast.parse(source)).body:
        text = cache.meaning(ast.unparse(ast.fix_missing_locations(ast.Module([node], []))))
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = [getattr(node, "name", None), *(getattr(target, "id", None) for target in targets)]
        name = next(filter(None, names), "statements")
        if text not in (cache.meaning(""), cache.meaning("pass")):
            found.setdefault(name, []).append(hashlib.sha256(text.encode()).hexdigest()[:8])
    return found


def source_of(module: str) -> str:
    return PACKAGE.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")


NAMED = {entry for entries in CODE.values() for entry in entries if ":" in entry}


def code_of(part: str) -> dict[str, str]:
    """Name → hash, of everything that belongs to a part; wherever in the package it stands."""
    found: dict[str, list[str]] = {}
    for entry in CODE[part]:
        module, _, single = entry.partition(":")
        known = definitions(source_of(module))
        assert not single or single in known, f"CODE[{part!r}]: {module} has no {single}; mend this table"
        for name, hashes in known.items():
            if name == single or (not single and f"{module}:{name}" not in NAMED):
                found.setdefault(name, []).extend(hashes)
    return {name: "+".join(sorted(hashes)) for name, hashes in sorted(found.items())}


def write_record() -> None:
    content = {part: {"version": cache.VERSIONS[part], "code": code_of(part)} for part in cache.VERSIONS}
    RECORD.write_text(json.dumps(content, indent=0) + "\n", encoding="utf-8")


@pytest.mark.parametrize("part", cache.VERSIONS)
def test_code_of_a_part_has_not_changed_unseen(part):
    recorded = json.loads(RECORD.read_text(encoding="utf-8")).get(part, {"version": None, "code": {}})
    now, then = code_of(part), recorded["code"]
    changed = sorted(name for name in {*now, *then} if now.get(name) != then.get(name))
    version = cache.VERSIONS[part]
    assert not changed or version != recorded["version"], (
        f"{', '.join(changed)} changed. If other results come of it, raise VERSIONS[{part!r}] in lmnet_utils/core/cache.py to "
        f"{version + 1}; then, or if the results are the same, renew the record: {RENEW}"
    )
    assert version == recorded["version"], f"VERSIONS[{part!r}] is {version}; renew the record: {RENEW}"


def test_every_module_is_code_of_a_part_or_decides_nothing():
    modules = {".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in PACKAGE.rglob("*.py")}
    listed = {entry.partition(":")[0] for entries in CODE.values() for entry in entries}
    assert {module for module in modules if not decides_nothing(module)} == listed
    assert NO_RESULTS <= modules
    assert set(CODE) == set(cache.VERSIONS) >= set(cache.RESTS_ON)
    whole = {entry for entries in CODE.values() for entry in entries if ":" not in entry}
    assert listed == whole, "a module of which only some definitions are named leaves the others to no part"


def test_the_record_sees_what_decides_results_and_nothing_else():
    code = """
from lmnet_utils.models.losses import chamfer
LIMIT: int = 5

def score(x: float) -> float:
    if x < 0:
        raise ValueError("negative")
    return chamfer(x) + LIMIT
"""
    same = '''"""A module."""
from lmnet_utils.models.losses import chamfer
LIMIT: float = 5  # why
"""What it is."""

def score(x: "number"):
    """Says so."""
    from lmnet_utils import other
    if x < 0:
        raise ValueError(f"expected 0 or more, found {x}")
    return (chamfer(x)
            + LIMIT)
'''.replace("    from lmnet_utils import other\n", "")
    assert definitions(code) == definitions(same)
    first = definitions(code)
    assert list(first) == ["LIMIT", "score"]
    assert definitions(code.replace("= 5", "= 6"))["score"] == first["score"]
    assert definitions(code.replace("= 5", "= 6"))["LIMIT"] != first["LIMIT"]
    for old, new in (("x < 0", "x <= 0"), ("chamfer(x) +", "chamfer(x) -"), ("x: float", "x: float = 1.0")):
        assert definitions(code.replace(old, new))["score"] != first["score"], new


# ------------------------------------------------------------------------------------------ versions and fingerprints
def test_a_fingerprint_changes_with_its_inputs_and_all_that_its_parts_rest_on(monkeypatch):
    monkeypatch.setattr(cache, "VERSIONS", {"losses": 1, "training": 3, "scores": 1, "figures": 1})
    monkeypatch.setattr(cache, "RESTS_ON", {"training": ("losses",), "scores": ("training",), "losses": ()})
    assert cache.versions("scores", "figures") == {"figures": 1, "losses": 1, "scores": 1, "training": 3}

    def prints():
        return [cache.fingerprint({"a": 1, "b": [2]}, part) for part in ("losses", "training", "scores", "figures")]

    first = prints()
    assert first == prints() and len(set(first)) == 4
    assert cache.fingerprint({"b": [2], "a": 1}, "losses") == first[0], "the order of keys says nothing"
    assert cache.fingerprint({"a": 1, "b": [3]}, "losses") != first[0]
    monkeypatch.setitem(cache.VERSIONS, "training", 4)
    assert [new == old for new, old in zip(prints(), first, strict=True)] == [True, False, False, True]
    monkeypatch.setitem(cache.VERSIONS, "losses", 2)
    assert [new == old for new, old in zip(prints(), first, strict=True)] == [False, False, False, True]
    assert (
        cache.changed_versions({"losses": 1, "old": 2}, {"losses": 2, "new": 1}) == "losses 1 → 2, new – → 1, old 2 → –"
    )
    with pytest.raises(KeyError, match="no part 'loses'"):
        cache.versions("loses")


def test_the_meaning_of_code_is_what_it_does():
    code = 'def f(x):\n    return x + 1\n\ntext = "a"'
    for same in (
        'def f(x):  # adds\n    """Adds."""\n    return (x\n            + 1)\n\n\ntext = \'a\'  # letter',
        '"""Words."""\n' + code,
    ):
        assert cache.meaning(same) == cache.meaning(code)
    for other in ("+ 2", "- 1", "+ None", "+ '1'", "+ 1.0"):
        assert cache.meaning(code.replace("+ 1", other)) != cache.meaning(code)
    assert cache.meaning("x = None") != cache.meaning("x = 0")


# -------------------------------------------------------------------------------------------------------- kept arrays
KILLED = """
import pathlib, sys, time
import numpy as np
from lmnet_utils.core import cache, lazy
cache.SAVE_INTERVAL_S = 0.0
def compute(span):
    time.sleep(0.05)
    return {"squares": np.arange(span.start, span.stop) ** 2.0}
cache.kept_arrays(pathlib.Path(sys.argv[1]), "key", 200, 2, compute)
"""


def test_a_killed_computation_goes_on_where_it_stood(tmp_path):
    file = tmp_path / "scores" / "L1-key.npz"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(file.with_name("L1"))])
    while not file.is_file() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    done = len(cache.read_arrays(file)["squares"])
    assert 0 < done < 200
    asked = []

    def compute(span):
        asked.extend(range(span.start, span.stop))
        return {"squares": np.arange(span.start, span.stop) ** 2.0}

    found = cache.kept_arrays(file.with_name("L1"), "key", 200, 3, compute)
    np.testing.assert_array_equal(found["squares"], np.arange(200) ** 2.0)
    assert asked == list(range(done, 200))


def test_arrays_of_an_older_scheme_or_another_key_are_left_alone(tmp_path):
    for name in ("L1.npz", f"L1-{'0' * 16}.npz"):
        np.savez(tmp_path / name, a=np.full(3, -1.0))
    key = cache.fingerprint("inputs", "protocol")
    found = cache.kept_arrays(tmp_path / "L1", key, 3, 2, lambda span: {"a": np.arange(3.0)[span]})
    np.testing.assert_array_equal(found["a"], [0, 1, 2])
    (tmp_path / "scan-from-2024.npz").touch()
    cache.clear_arrays(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"L1.npz", "scan-from-2024.npz"}, "only what it has written"


# ----------------------------------------------------------------------------------------------------- the notebooks
NOTEBOOKS = PACKAGE.parent / "notebooks"
STEMS = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


def notebook_code(stem: str) -> ast.Module:
    cells = profiles.read_notebook(NOTEBOOKS / f"{stem}.ipynb")["cells"]
    return ast.parse("\n".join(cell["source"] for cell in cells if profiles.is_code(cell)))


def used_by(stem: str) -> set[tuple[str, str]]:
    """(module, name) of everything of the package that a notebook names, by the module that defines it."""
    tree = notebook_code(stem)
    modules, found = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] == "lmnet_utils":
            for alias in node.names:
                parent = importlib.import_module(node.module)
                thing = getattr(parent, alias.name, None) or importlib.import_module(f"{node.module}.{alias.name}")
                if isinstance(thing, type(ast)):
                    modules[alias.asname or alias.name] = thing
                else:
                    found.add((lazy.exported_names(node.module).get(alias.name, node.module), alias.name))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            module = modules[node.value.id]
            found.add((getattr(getattr(module, node.attr), "__module__", module.__name__), node.attr))
    return {(module.removeprefix("lmnet_utils."), name) for module, name in found}


@pytest.mark.parametrize("stem", STEMS)
def test_a_notebook_states_the_parts_that_it_uses(stem):
    part_of = {entry: part for part, entries in CODE.items() for entry in entries}
    uses = {
        part_of.get(f"{module}:{name}") or part_of[module]
        for module, name in used_by(stem)
        if not decides_nothing(module)
    }
    stated = cache.versions(*state.USES[stem].parts)
    assert uses <= set(stated), f"add {', '.join(uses - set(stated))} to USES[{stem!r}]"


@pytest.mark.parametrize("stem", STEMS)
def test_a_notebook_states_the_notebooks_that_it_reads(stem):
    declared = profiles.read_declaration(NOTEBOOKS / f"{stem}.ipynb").defaults
    text = ast.unparse(notebook_code(stem))
    trainings = {other for other in STEMS if other[:2] in ("02", "03", "04", "05")}
    assert {other for other in STEMS if "training" in state.USES[other].parts} == trainings | {
        "12_strong_variant",
        "13_how_much_data",
    }
    expected = {other for other in STEMS if other != stem and f"'{other}'" in text}
    if "dataset" in declared and not stem.startswith("01"):
        expected.add("01_data_preparation")
    if "autoencoder" in declared:
        expected.add("02_autoencoder_training")
    if "weights_run" in declared:
        expected |= trainings
    uses = state.USES[stem]
    assert set(uses.needs) == expected - set(uses.reads)
    # what is read where it is there: another encoder or table to compare with, the data that the weights were trained on
    assert uses.reads == {
        "04_encoder_l2": ("03_encoder_l1",),
        "08_evaluation": ("06_inference",),
        "10_pix3d": ("01_data_preparation",),
        "11_own_photo": ("01_data_preparation",),
    }.get(stem, ())
    assert ("settings.model_name.replace('l2', 'l1')" in text) == ("03_encoder_l1" in uses.reads)


if __name__ == "__main__":
    write_record()
    print(f"{RECORD.name}: {sum(len(code_of(part)) for part in CODE)} definitions of {len(CODE)} parts")
