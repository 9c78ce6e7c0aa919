"""Would the tests notice a mistake? Small faults are put into the mathematics, one at a time, and its tests run.

    python benchmarks/mutants.py [--only losses frames] [--sample 60] [--write benchmarks/mutants.json]
    python benchmarks/mutants.py --again --write benchmarks/mutants.json   # after new tests: those that survived, once more

A mutant is a module with one change: a comparison, an operator or a sign turned round, a number or a truth value altered. Its
tests run in a fork of this process, which has imported the libraries already, with the changed code in place of the file's;
no file is changed. A mutant is noticed if a test fails or the tests do not end. Those that survive are listed with their line;
a ``reason`` that is written beside one in the JSON is kept by later runs.
Worker processes of joblib do not see the change: what only they compute counts as not noticed. Some four seconds a mutant.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.machinery
import json
import os
import random
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LAWS = "geometry/test_properties.py::test_"
MODULES = {
    "models/losses": ["models/test_losses.py", f"{LAWS}losses_vanish_where_there_is_nothing_to_lose"],
    "geometry/pointclouds": ["geometry/test_pointclouds.py"],
    "geometry/assignment": ["geometry/test_assignment.py"],
    "geometry/grid_search": ["geometry/test_neighbours.py"],
    "geometry/augmenting_paths": ["geometry/test_assignment.py"],
    "geometry/pairs": [
        "evaluation/test_protocol.py",
        "evaluation/test_metrics.py",
        "geometry/test_pointclouds.py",
        "geometry/test_neighbours.py::test_icp_with_and_without_numba_is_the_same_to_rounding",
    ],
    "geometry/frames": [
        f"{LAWS}frames_are_rotations_and_turns_add_up",
        "models/test_frames.py::test_a_turned_model_is_the_model_between_two_turns",
    ],
    "evaluation/protocol": ["evaluation/test_protocol.py", "evaluation/test_metrics.py"],
    "evaluation/statistics": ["evaluation/test_statistics.py"],
    "data/splits": [
        "data/test_splits.py",
        "data/test_freeshapes.py::test_60_20_20_has_its_proportions",
        f"{LAWS}splits_share_out_every_object_once_and_keep_twins_together",
    ],
}
"""Modules of ``lmnet_utils``, and the files of tests that hold them."""
COMPILED = ("geometry/grid_search", "geometry/augmenting_paths")
"""Numba keeps machine code by byte code, which holds no numbers: without an empty folder for it the unchanged loop would run."""
LIMIT_S = 1200
"""Tests that sleep for so long do not end. Those that compute have a limit of processor time, which a busy machine does not change."""

COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- mutants
def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Every mutant of a module: the line of the change, what it is, and the changed source."""
    tree = ast.parse(source)
    for number, _ in enumerate(sites(tree)):
        changed = copy.deepcopy(tree)
        node = list(sites(changed))[number]
        before = ast.unparse(node)
        mutate(node)
        yield node.lineno, f"{before}  →  {ast.unparse(node)}", ast.unparse(changed)


def sites(tree: ast.AST) -> Iterator[Any]:
    """The places to change, but for annotations, the words of errors, and what only a type checker runs."""
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns") or isinstance(tree, ast.Raise):
            continue
        for node in value if isinstance(value, list) else [value]:
            if not isinstance(node, ast.AST) or (
                isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            ):
                continue
            if is_site(node):
                yield node
            yield from sites(node)


def is_site(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        return type(node.ops[0]) in COMPARISONS
    if isinstance(node, (ast.BinOp, ast.AugAssign)):
        return type(node.op) in OPERATORS
    if isinstance(node, ast.Constant):
        return isinstance(node.value, bool | int | float)
    return isinstance(node, ast.BoolOp) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub))


def mutate(node: Any) -> None:
    if isinstance(node, ast.Compare):
        node.ops[0] = COMPARISONS[type(node.ops[0])]()
    elif isinstance(node, (ast.BinOp, ast.AugAssign)):
        node.op = OPERATORS[type(node.op)]()
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.Constant):
        value = node.value
        node.value = (
            not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else 1.5 * value + 0.1
        )
    elif isinstance(node.op, ast.USub):
        node.op = ast.UAdd()
    else:  # not x
        node.operand = ast.UnaryOp(ast.Not(), node.operand)


# --------------------------------------------------------------------------------------------------------------- tests
def tested(module: str, source: str, tests: list[str], limit_s: int = LIMIT_S) -> tuple[bool, float]:
    """Whether the tests pass, and end, with this source in place of the module's; and the processor seconds that they took."""
    child = os.fork()
    if child == 0:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os._exit(run_tests(module, source, tests))
    started = time.monotonic()
    while time.monotonic() - started < LIMIT_S:
        pid, status, used = os.wait4(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status) == 0, used.ru_utime + used.ru_stime
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False, LIMIT_S


def run_tests(module: str, source: str, tests: list[str]) -> int:
    import pytest

    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # nbval takes two seconds to import
    get_code = importlib.machinery.SourceFileLoader.get_code
    name = "lmnet_utils." + module.replace("/", ".")

    def changed(loader: Any, fullname: str) -> Any:
        return compile(source, loader.path, "exec") if fullname == name else get_code(loader, fullname)

    importlib.machinery.SourceFileLoader.get_code = changed  # type: ignore[method-assign]
    machine_code = tempfile.mkdtemp()
    try:
        if module in COMPILED:
            import numba

            numba.config.CACHE_DIR = machine_code
        files = [str(ROOT / "tests" / test) for test in tests]
        return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *files]))
    except BaseException:
        return 1
    finally:
        shutil.rmtree(machine_code, ignore_errors=True)


def measured(module: str, sample: int) -> dict[str, Any]:
    """How many of a module's mutants are noticed, and which are not."""
    source = (ROOT / "lmnet_utils" / f"{module}.py").read_text(encoding="utf-8")
    passed, seconds = tested(module, source, MODULES[module])
    if not passed:
        raise SystemExit(f"{module}: its tests fail without any change: {', '.join(MODULES[module])}.")
    print(f"{module}: its tests take {seconds:.1f} s", flush=True)
    found = list(mutants(source))
    chosen = sorted(random.Random(module).sample(range(len(found)), min(sample, len(found))))
    survivors = []
    for k in chosen:
        line, change, mutant = found[k]
        if tested(module, mutant, MODULES[module], 10 + round(5 * seconds))[0]:
            survivors.append({"line": line, "change": change, "reason": ""})
            print(f"  {module}.py:{line}  {change}", flush=True)
    return {
        "mutants": len(found),
        "tried": len(chosen),
        "noticed": len(chosen) - len(survivors),
        "survivors": survivors,
    }


def tried_again(module: str, before: dict[str, Any]) -> dict[str, Any]:
    """A module's figures, after its survivors without a reason have been tried once more; the module is as it was then."""
    source = (ROOT / "lmnet_utils" / f"{module}.py").read_text(encoding="utf-8")
    survivors = []
    for row in before["survivors"]:
        found = [mutant for line, change, mutant in mutants(source) if (line, change) == (row["line"], row["change"])]
        if row["reason"] or not found or any(tested(module, mutant, MODULES[module])[0] for mutant in found):
            survivors.append(row)
    return {**before, "noticed": before["tried"] - len(survivors), "survivors": survivors}


def table(content: dict[str, Any]) -> str:
    """As docs/architecture.md shows it. Survivors with a reason change nothing that a test could see."""
    lines = ["| module | mutants tried | noticed | not noticed, with a reason | not noticed |", "|:--|--:|--:|--:|--:|"]
    for module, row in content["modules"].items():
        explained = sum(bool(one["reason"]) for one in row["survivors"])
        cells = [f"{row['tried']} of {row['mutants']}", row["noticed"], explained, len(row["survivors"]) - explained]
        lines.append(f"| `{module}` | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[], help="modules whose names end so")
    parser.add_argument("--sample", type=int, default=10**9, help="at most so many mutants of each module, drawn")
    parser.add_argument("--again", action="store_true", help="only those that survived and have no reason")
    parser.add_argument("--write", type=Path, help="the JSON that gets the figures")
    options = parser.parse_args()
    os.chdir(ROOT)
    import joblib  # noqa: F401  (imported here, once for all forks)
    import pandas  # noqa: F401
    import pytest  # noqa: F401
    import pytorch3d.loss  # noqa: F401
    import scipy.optimize
    import scipy.spatial
    import scipy.stats  # noqa: F401
    import torch

    torch.set_num_threads(1)
    known = options.write and options.write.exists()
    content = json.loads(options.write.read_text(encoding="utf-8")) if known else {"modules": {}}
    for module in MODULES:
        if options.only and not module.endswith(tuple(options.only)):
            continue
        before = content["modules"].get(module, {})
        if options.again and not before:
            continue
        found = tried_again(module, before) if options.again else measured(module, options.sample)
        reasons = {row["change"]: row["reason"] for row in before.get("survivors", [])}
        for row in found["survivors"]:
            row["reason"] = reasons.get(row["change"], "")
        content["modules"][module] = found
        print(f"{module}: {found['noticed']} of {found['tried']} noticed", flush=True)
        if options.write:
            tried, seen = (sum(row[key] for row in content["modules"].values()) for key in ("tried", "noticed"))
            whole = {
                "command": "python benchmarks/mutants.py",
                "tried": tried,
                "noticed_percent": round(100 * seen / tried, 1),
            }
            text = json.dumps({**whole, "modules": content["modules"]}, indent=1, ensure_ascii=False)
            options.write.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
