"""The plan of a run: the steps of a profile, with the values that its notebooks get, checked before anything runs."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import yaml

from lmnet_utils.core import paths
from lmnet_utils.core.settings import SettingsError
from lmnet_utils.run.profiles import (
    DATA_PREPARATION,
    Declaration,
    Profile,
    ProfileError,
    did_you_mean,
    notebook_path,
    parse_yaml,
    read_declaration,
)
from lmnet_utils.run.steps import WEIGHTS, Step, missing_inputs


@dataclasses.dataclass(frozen=True)
class ProfilePart:
    """What goes into one run: some of a profile's notebooks, with some defaults of their own."""

    run: str
    notebooks: list[str]
    defaults: dict[str, Any]


def parts_of(profile: Profile, run: str) -> list[ProfilePart]:
    """The runs that a profile makes: one of that name, or that of the data preparation and one for each repeat."""
    stems = list(profile.notebooks)
    if not profile.repeat:
        return [ProfilePart(run, stems, {})]
    shared = [stem for stem in stems if stem == DATA_PREPARATION]
    others = [stem for stem in stems if stem not in shared]
    repeats = [ProfilePart(f"{run}-{name}", others, values) for name, values in profile.repeat.items()]
    return [ProfilePart(run, shared, {}), *repeats]


def parse_overrides(overrides: Sequence[str], stems: Sequence[str]) -> list[tuple[list[str], str, str]]:
    """``notebook.parameter=value`` texts → (notebooks, parameter, value text), in their order.

    ``notebook`` is a stem, the start of one such as ``05``, or ``all`` (or ``*``): every notebook with the parameter.
    """
    parsed, problems = [], []
    for text in overrides:
        match = re.fullmatch(r"\s*([^.=\s]+)\.(\w+)\s*=(.*)", text, flags=re.DOTALL)
        if not match:
            problems.append(f"--set {text}: expected notebook.parameter=value, such as 05.diversity_weight=0.5")
            continue
        notebook, parameter, value = match.groups()
        try:
            targets = ["*"] if notebook in ("*", "all") else [resolve_notebook(notebook, stems)]
        except ProfileError as error:
            problems.append(f"--set {text}: {error}")
        else:
            parsed.append((targets, parameter, value.strip()))
    if problems:
        raise ProfileError("\n".join(problems))
    return parsed


def resolve_notebook(text: str, stems: Sequence[str]) -> str:
    """The one notebook of ``stems`` that ``text`` names: the whole stem (with or without .ipynb) or its start."""
    text = text.strip().removesuffix(".ipynb")
    matches = [stem for stem in stems if stem == text] or [stem for stem in stems if stem.startswith(text)]
    if len(matches) != 1:
        raise ProfileError(
            f"{'no' if not matches else 'more than one'} notebook {text!r} in this profile"
            f"{did_you_mean(text, stems)}. It has: {', '.join(stems)}"
        )
    return matches[0]


def plan_steps(
    profile: Profile,
    run: str | ProfilePart,
    overrides: Sequence[str] = (),
    selected: Collection[str] | None = None,
) -> list[Step]:
    """Every step of a profile, or of a part of it, in order; for each the settings are built that its notebook will build.

    Args:
        run: the run's name, or the part of :func:`parts_of`.
        selected: notebooks that are to run, whose data and weights have to be there; by default all.

    Raises:
        ProfileError: with one line for each unknown notebook or parameter, wrong value and missing input.
    """
    stems = list(profile.notebooks)
    part = run if isinstance(run, ProfilePart) else ProfilePart(run, stems, {})
    given = _Given(stems)
    for name, value in profile.defaults.items():
        given.to_all(name, value, "defaults: ")
    for name, value in part.defaults.items():
        given.to_all(name, value, "repeat: ", but=DATA_PREPARATION)
    for stem, values in profile.notebooks.items():
        for name, value in values.items() if stem in given.declared else ():
            given.to_one(stem, name, value, "")
    for targets, name, text in parse_overrides(overrides, stems):
        try:
            value = parse_yaml(text) if text else ""
        except yaml.YAMLError:
            value = text
        if targets == ["*"]:
            given.to_all(name, value, "--set: ", text)
        elif targets[0] in given.declared:
            given.to_one(targets[0], name, value, "--set: ", text)

    steps, problems = [], given.problems
    for stem, parameters in given.values.items():
        if "run" in given.declared[stem].defaults:
            parameters = {"run": part.run, **parameters}
        own, found = _steps_of(stem, given.declared[stem], parameters, given.sources)
        steps += own
        problems += found
    steps = [step for step in steps if step.notebook in part.notebooks]
    problems += missing_inputs(steps, part.run, [s for s in steps if selected is None or s.notebook in selected])
    if problems:
        raise ProfileError("\n".join(dict.fromkeys(problems)))
    return steps


class _Given:
    """What notebooks declare and which values they are given; what is wrong with these gathers in ``problems``.

    ``sources`` says of a notebook's parameter where its value comes from, as the start of a problem's line.
    """

    def __init__(self, stems: Sequence[str]) -> None:
        self.problems: list[str] = []
        self.declared: dict[str, Declaration] = {}
        there = [path.stem for path in sorted(paths.notebooks_root().glob("*.ipynb"))]
        for stem in stems:
            if stem not in there:
                hint, expected = did_you_mean(stem, there), paths.display(notebook_path(stem))
                self.problems.append(f"{stem}: no such notebook, expected {expected}{hint}")
                continue
            try:
                self.declared[stem] = read_declaration(notebook_path(stem))
            except ProfileError as error:
                self.problems.append(str(error))
        self.values: dict[str, dict[str, Any]] = {stem: {} for stem in self.declared}
        self.sources: dict[tuple[str, str], str] = {}

    def to_one(self, stem: str, name: str, value: Any, source: str, text: str | None = None) -> None:
        """A value for one notebook; ``text`` is how it was typed, if it was."""
        declared = self.declared[stem]
        if name not in declared.defaults:
            hint = f"{did_you_mean(name, declared.defaults)}. It has: {', '.join(declared.defaults)}"
            self.problems.append(f"{source}{stem}: unknown parameter {name!r}{hint}")
        elif name == "run":
            self.problems.append(f"{source}{stem}: parameter run is the run's name; set it with --run-name")
        elif value == [] and not declared.takes(name, list):
            self.problems.append(f"{source}{stem}: parameter {name}: an empty list sweeps over nothing")
        else:
            if text is not None and type(value) in (int, float) and declared.takes(name, str):
                value = text  # `--set all.classes=13`: the parameter is a string, so is what was typed
            self.values[stem][name], self.sources[stem, name] = value, source

    def to_all(self, name: str, value: Any, source: str, text: str | None = None, but: str = "") -> None:
        """A value for every notebook that has the parameter, except one."""
        holders = [stem for stem, found in self.declared.items() if name in found.defaults and stem != but]
        for stem in holders:
            self.to_one(stem, name, value, source, text)
        if not holders and self.declared:
            known = sorted({name for found in self.declared.values() for name in found.defaults})
            self.problems.append(f"{source}no notebook declares the parameter {name!r}{did_you_mean(name, known)}")


def _steps_of(
    stem: str, declared: Declaration, parameters: Mapping[str, Any], sources: Mapping[tuple[str, str], str]
) -> tuple[list[Step], list[str]]:
    """The steps of one notebook, one for each combination of swept values, and what is wrong with them."""
    steps, problems = [], []
    sweeps = {
        name: value for name, value in parameters.items() if isinstance(value, list) and not declared.takes(name, list)
    }
    for combination in itertools.product(*sweeps.values()):
        try:
            built = declared.build({**parameters, **dict(zip(sweeps, combination, strict=True))}).flat()
            values, swept = ({name: built[name] for name in names} for names in (parameters, sweeps))
            values |= {name: values[name].format(**swept) for name in WEIGHTS if isinstance(values.get(name), str)}
        except SettingsError as error:
            for name, text in error.problems:
                if name != "run" or name not in parameters:  # what is wrong with the run's name is said once
                    source = sources.get((stem, name.partition("[")[0]), "")
                    problems.append(f"{source}{stem}: {f'parameter {name}: ' if name else ''}{text}")
        except (KeyError, ValueError, IndexError) as error:
            problems.append(f"{stem}: a folder of weights names something that is not swept: {error}")
        else:
            steps.append(Step(stem, values, swept, declared.defaults))
    if len({step.key for step in steps}) < len(steps):
        problems.append(f"{stem}: the sweep {sweeps} names a value twice")
    return steps, problems
