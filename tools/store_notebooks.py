"""The committed notebooks: their outputs are those of a quickstart run, cleaned of what belongs to one machine.

::

    python tools/store_notebooks.py           # execute the quickstart from the start, store its outputs in notebooks/
    python tools/store_notebooks.py --resume  # skip the steps that are up to date
    python tools/store_notebooks.py --no-run  # store the outputs of the last quickstart run
    python tools/store_notebooks.py --sync    # only bring setup cells and badges in line with pyproject.toml
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lmnet_utils.core import paths
from lmnet_utils.core.files import atomic_path
from lmnet_utils.run import chain, colab
from lmnet_utils.run.plans import plan_steps
from lmnet_utils.run.profiles import (
    ProfileError,
    is_code,
    is_tagged,
    load_profile,
    notebook_path,
    read_notebook,
)
from lmnet_utils.run.state import load_state
from lmnet_utils.run.steps import Step

LARGEST_NOTEBOOK = 1_000_000  # bytes; GitHub shows no more


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the script. Returns the exit status: 0 done, 1 a notebook failed, 2 nothing was stored, 130 interrupted."""
    parser = argparse.ArgumentParser(description="Execute the quickstart and store its outputs in notebooks/.")
    parser.add_argument("--no-run", action="store_true", help="store the outputs of the last quickstart run")
    parser.add_argument("--resume", action="store_true", help="skip the steps that are up to date")
    parser.add_argument(
        "--sync", action="store_true", help="only bring setup cells and badges in line with pyproject.toml"
    )
    options = parser.parse_args(argv)
    try:
        if options.sync:
            return colab.main()
        if problems := differences_from_defaults():
            raise ProfileError("\n".join(problems))
        if not options.no_run and (status := chain.run_profile("quickstart", chain.Choice(force=not options.resume))):
            return status
        store_notebooks()
    except ProfileError as error:
        print("store_notebooks: nothing stored:\n  " + str(error).replace("\n", "\n  "), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("store_notebooks: interrupted", file=sys.stderr)
        return 130
    return 0


def differences_from_defaults(profile: str = "quickstart") -> list[str]:
    """Where a profile gives a notebook something else than the notebook's own default.

    Of a sweep, one execution has to have the notebook's own value, and nothing else that differs. The committed
    notebooks show the outputs of the quickstart, so reader and runner have to see the same parameters.
    """
    found = []
    steps = plan_steps(load_profile(profile), profile)
    for stem in dict.fromkeys(step.notebook for step in steps):
        own = [step for step in steps if step.notebook == stem]
        chosen = next((step for step in own if _has_own_sweep_values(step)), own[0])
        for name, value in chosen.parameters.items():
            if value != chosen.defaults[name]:
                said = f"swept over {[step.parameters[name] for step in own]}" if name in chosen.swept else repr(value)
                found.append(
                    f"{stem}: parameter {name} is {said} in {profile}, {chosen.defaults[name]!r} in the notebook"
                )
    return found


def _has_own_sweep_values(step: Step) -> bool:
    return all(value == step.defaults[name] for name, value in step.swept.items())


def store_notebooks(run: str = "quickstart", say: Callable[[str], None] = print) -> list[Path]:
    """Copy the outputs of a run's executed notebooks into the committed notebooks; sources stay as they are.

    Of a swept notebook the variant with the notebook's own defaults is taken.

    Raises:
        ProfileError: profile and defaults disagree, a notebook has changed since it was executed, holds a path of
            this machine, or becomes larger than 1 MB. Nothing is written then.
    """
    if problems := differences_from_defaults():
        raise ProfileError("\n".join(problems))
    results: dict[Path, str] = {}
    for step in plan_steps(load_profile("quickstart"), run):
        target, executed_path = notebook_path(step.notebook), paths.runs_root() / run / f"{step.key}.ipynb"
        if not _has_own_sweep_values(step):
            continue
        if load_state(run)["steps"].get(step.key, {}).get("status") != "done":
            problems.append(f"{step.key}: has not finished in {paths.display(paths.runs_root() / run)}; run it first")
            continue
        notebook = read_notebook(target)
        try:
            graft_outputs(notebook, read_notebook(executed_path))
        except ProfileError as error:
            problems.append(f"{step.notebook}: {error}")
            continue
        text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        if len(text.encode()) > LARGEST_NOTEBOOK:
            sizes = [len(json.dumps(cell.get("outputs", []))) for cell in notebook["cells"]]
            problems.append(
                f"{step.notebook}: {len(text.encode()):,} bytes with its outputs, at most {LARGEST_NOTEBOOK:,} are "
                f"allowed; cell {sizes.index(max(sizes)) + 1} alone has {max(sizes):,}: fewer or smaller figures there"
            )
        results[target] = text
    if problems:
        raise ProfileError("\n".join(problems))
    for target, text in results.items():
        with atomic_path(target) as temporary:
            temporary.write_text(text, encoding="utf-8")
        say(f"{paths.display(target)}: {len(text.encode()) / 1000:.0f} kB")
    return list(results)


def graft_outputs(notebook: dict[str, Any], executed: Mapping[str, Any]) -> None:
    """Give a notebook the outputs of its executed copy, cleaned, with execution counts 1, 2, … (in place)."""
    own = [cell for cell in notebook["cells"] if is_code(cell)]
    theirs = [cell for cell in executed["cells"] if is_code(cell) and not is_tagged(cell, "injected-parameters")]
    if [cell["source"] for cell in own] != [cell["source"] for cell in theirs]:
        raise ProfileError("its code has changed since it was executed; run it again")
    number = 0
    for cell, source in zip(own, theirs, strict=True):
        cell["outputs"] = _merge_streams([output for output in source["outputs"] if _is_lasting(output)])
        cell["execution_count"] = None
        if cell["source"].strip():
            number += 1
            cell["execution_count"] = number
        for output in cell["outputs"]:
            if "execution_count" in output:
                output["execution_count"] = cell["execution_count"]
            output.get("metadata", {}).pop("papermill", None)
        cell["outputs"] = _without_machine_paths(cell["outputs"])
        cell["metadata"] = {
            key: value for key, value in cell["metadata"].items() if key not in ("papermill", "execution")
        }
    notebook["metadata"] = {
        key: value for key, value in notebook["metadata"].items() if key not in ("papermill", "widgets")
    }
    # nbformat stores text as lists of lines: line-wise differences in git
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)


def _is_lasting(output: Mapping[str, Any]) -> bool:
    """Progress bars are gone when a run is over: their widgets, and the bars on standard error."""
    if output["output_type"] == "stream" and output["name"] == "stderr":
        return "\r" not in "".join(output["text"])
    return "application/vnd.jupyter.widget-view+json" not in output.get("data", {})


def _merge_streams(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    merged: list[dict[str, Any]] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output["output_type"] == last["output_type"] == "stream" and output["name"] == last["name"]:
            last["text"] = ("".join(last["text"]) + "".join(output["text"])).splitlines(keepends=True)
        else:
            merged.append(json.loads(json.dumps(output)))
    return merged


def _without_machine_paths(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    places = [str(Path(sys.prefix)), str(Path(sys.base_prefix))]
    places += [str(path.absolute()) for path in (paths.project_root(), paths.runs_root(), paths.trained_models_root())]
    for output in outputs:
        texts = [(output, "text")] if "text" in output else []
        texts += [
            (output["data"], kind) for kind in output.get("data", {}) if not kind.startswith(("image/png", "image/g"))
        ]
        for holder, key in texts:
            value = holder[key]
            if not isinstance(value, (str, list)):
                continue
            text = value if isinstance(value, str) else "".join(value)
            for place in sorted(places, key=len, reverse=True):
                text = text.replace(place + os.sep, "")
            text = re.sub(r"(?<![\w/])/[\w./-]{1,200}/ipykernel_\d+/\d+\.py", "notebook", text)
            found = re.search(r"(?<![\w.:/])/(home|root|Users|tmp|var|work|mnt|opt|usr)/[^\s'\"<]*", text)
            if found or str(Path.home()) + os.sep in text:
                raise ProfileError(f"an output holds a path of this machine: {found.group() if found else Path.home()}")
            holder[key] = text if isinstance(value, str) else text.splitlines(keepends=True)
    return outputs


if __name__ == "__main__":
    sys.exit(main())
