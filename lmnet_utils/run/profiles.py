"""Profiles: which notebooks run in which order, and the values that their parameters get.

A profile (``notebooks/profiles/<name>.yaml``) names notebooks in their order and the values that their parameters get.
Whatever a profile does not name keeps the default that stands in the notebook. A list given for a parameter that is
no list is a sweep: the notebook is executed once for each value. Weights may follow the sweep:
``initial_weights: trained_models/freeshapes/encoder_lambda_{diversity_weight:g}``.

``repeat`` is a list of mappings parameter → value: the whole profile is run once for each, with these as defaults, into a run of
its own, ``curve-real20-programs500`` for ``{real_objects: 20, programs: 500}``. The data preparation is not repeated, nor does it
get these values: it is run once, into the run of the profile's name.

Everything that can be wrong before a kernel starts (unknown notebook or parameter, wrong type, missing input) is
found by :func:`plan_steps` and reported at once as a :class:`ProfileError`.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import importlib
import itertools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import create_model
from pydantic.errors import PydanticUserError

from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json
from lmnet_utils.core.settings import Settings, SettingsError, kinds_of
from lmnet_utils.run.steps import WEIGHTS, Step, missing_inputs, plain_text

DATA_PREPARATION = "01_data_preparation"
"""The notebook that is run once for all that a profile repeats."""


class ProfileError(Exception):
    """A run that cannot start: what was expected, what was found and what to do, one line a finding."""


# ------------------------------------------------------------------------------------------------------- parameters
@dataclasses.dataclass(frozen=True)
class Declaration:
    """What a notebook declares: ``defaults`` of its ``parameters`` cell, and how it builds its ``settings`` of them.

    ``fixed`` are settings that the notebook does not leave open, such as ``loss="l2"``.
    """

    defaults: dict[str, Any]
    settings: type[Settings]
    fixed: dict[str, Any]

    def takes(self, name: str, kind: type) -> bool:
        """Whether a value of this kind, such as a list, may be the parameter's."""
        return bool({kind, Any} & kinds_of(self.settings.types()[name]))

    def build(self, values: Mapping[str, Any]) -> Settings:
        """The settings that the notebook builds with these values; SettingsError if there are none."""
        return self.settings.from_mapping({**self.defaults, **values}, **self.fixed)


def notebook_path(stem: str) -> Path:
    """Path of a notebook of the kit by its stem."""
    return paths.notebooks_root() / f"{stem}.ipynb"


def read_notebook(path: Path) -> dict[str, Any]:
    """A notebook as plain JSON, with every cell's source as one string."""
    notebook = read_json(path)
    for cell in notebook["cells"]:
        if isinstance(cell["source"], list):
            cell["source"] = "".join(cell["source"])
    return notebook


def is_code(cell: Mapping[str, Any]) -> bool:
    return cell["cell_type"] == "code"


def is_tagged(cell: Mapping[str, Any], tag: str) -> bool:
    """Whether a notebook cell carries a tag."""
    return tag in cell.get("metadata", {}).get("tags", [])


def read_declaration(path: Path) -> Declaration:
    """What a notebook declares; nothing without a cell tagged ``parameters``.

    Its settings are those of its call ``<Class>.from_mapping(globals(), …)``. A parameter that they do not have, such as
    any of a notebook without that call, is checked against its annotation alone.

    Raises:
        ProfileError: the cell holds something else than ``name: type = literal`` lines and imports, or no such settings.
    """
    cells = [cell for cell in read_notebook(path)["cells"] if is_code(cell)]
    cell = next((cell for cell in cells if is_tagged(cell, "parameters")), None)
    declared: dict[str, tuple[Any, Any]] = {}
    for node in ast.parse(cell["source"]).body if cell else []:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [None])[0]
        try:
            default = ast.literal_eval(node.value)
            kind = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else type(default)
            declared[target.id] = (Any if kind is type(None) else kind, default)
        except (ValueError, AttributeError) as error:
            raise ProfileError(
                f"{path.stem}: parameters cell, line {node.lineno}: expected `name: type = literal`, "
                f"found `{ast.unparse(node)}` ({error})"
            ) from error
    try:
        settings, fixed = _settings_call([cell["source"] for cell in cells])
        others: dict[str, Any] = {name: entry for name, entry in declared.items() if name not in settings.types()}
        if others:  # the annotations are read where Optional and the like are known
            settings = create_model(settings.__name__, __base__=settings, __module__="typing", **others)
            settings.model_rebuild()
    except (ImportError, AttributeError, ValueError, PydanticUserError, NameError) as error:
        raise ProfileError(f"{path.stem}: its settings cannot be read: {error}") from error
    return Declaration({name: default for name, (_, default) in declared.items()}, settings, fixed)


def _settings_call(sources: Sequence[str]) -> tuple[type[Settings], dict[str, Any]]:
    """Class and literal keywords of the call ``<Class>.from_mapping(globals(), …)`` in a notebook's code."""
    modules: dict[str, str] = {}
    for source in sources:
        try:
            nodes = list(ast.walk(ast.parse(source)))
        except SyntaxError:  # a cell with a magic
            continue
        for node in nodes:
            if isinstance(node, ast.ImportFrom):
                modules |= {alias.asname or alias.name: str(node.module) for alias in node.names}
        for node in nodes:
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="from_mapping")) if name in modules:
                    fixed = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords}
                    return getattr(importlib.import_module(modules[name]), name), fixed
    return Settings, {}


# --------------------------------------------------------------------------------------------------------- profiles
class _YamlLoader(yaml.SafeLoader):
    """YAML 1.1 reads 5e-4 as a string; every reader of a profile means a number."""


_YamlLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def parse_yaml(text: str) -> Any:
    """YAML text as plain Python values; numbers such as ``5e-4`` are numbers."""
    return yaml.load(text, Loader=_YamlLoader)  # noqa: S506 - a SafeLoader


@dataclasses.dataclass(frozen=True)
class Profile:
    """What a profile file says. ``notebooks`` maps notebook stem → {parameter: value or list of values to sweep}.

    ``repeat`` maps what each run's name ends in → the defaults of this run; empty if nothing is repeated.
    """

    name: str
    argument: str
    description: str
    run_name: str
    defaults: dict[str, Any]
    notebooks: dict[str, dict[str, Any]]
    repeat: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)


def profile_names() -> list[str]:
    """Names of the profiles in ``notebooks/profiles``."""
    return sorted(path.stem for path in (paths.notebooks_root() / "profiles").glob("*.yaml"))


def load_profile(profile: str) -> Profile:
    """Read a profile by its name in ``notebooks/profiles`` or by the path of a YAML file.

    Raises:
        ProfileError: no such profile, no valid YAML, or something in it that a profile does not have.
    """
    is_path = profile.endswith((".yaml", ".yml"))
    path = Path(profile) if is_path else paths.notebooks_root() / "profiles" / f"{profile}.yaml"
    if not path.is_file():
        raise ProfileError(
            f"no profile {profile!r}{_did_you_mean(profile, profile_names())}. "
            f"There are: {', '.join(profile_names()) or 'none'}; or give the path of a .yaml file."
        )
    try:
        content = parse_yaml(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ProfileError(f"profile {path.name}: no valid YAML: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("notebooks"), dict) or not content["notebooks"]:
        raise ProfileError(
            f"profile {path.name}: expected a mapping with `notebooks:`, a mapping notebook → parameters"
        )
    known = ("description", "run_name", "defaults", "notebooks", "repeat")
    for key in content:
        if key not in known:
            raise ProfileError(f"profile {path.name}: unknown entry {key!r}{_did_you_mean(key, known)}")
    notebooks = {str(stem): values if values is not None else {} for stem, values in content["notebooks"].items()}
    defaults = content.get("defaults") or {}
    for name, values in {**notebooks, "defaults": defaults}.items():
        if not isinstance(values, dict):
            raise ProfileError(f"profile {path.name}, {name}: expected a mapping parameter → value, found {values!r}")
    return Profile(
        path.stem,
        profile,
        str(content.get("description") or "").strip(),
        str(content.get("run_name") or path.stem),
        defaults,
        notebooks,
        _repeats(content["repeat"], path) if "repeat" in content else {},
    )


def _repeats(listed: Any, path: Path) -> dict[str, dict[str, Any]]:
    """What a profile repeats, by names such as ``real20-programs500``: texts as they are, of anything else what it is, too."""
    found: dict[str, dict[str, Any]] = {}
    for values in listed if isinstance(listed, list) and listed else [None]:
        single = (
            isinstance(values, dict) and values and not any(isinstance(one, (list, dict)) for one in values.values())
        )
        if not single:
            raise ProfileError(
                f"profile {path.name}, repeat: expected a list of mappings parameter → one value, such as "
                f"`- {{real_objects: 20, programs: 500}}`, found {values or listed!r}"
            )
        texts = [
            value if isinstance(value, str) else f"{str(name).partition('_')[0]}{'all' if value is None else value}"
            for name, value in values.items()
        ]
        name = "-".join(map(plain_text, texts))
        if name in found:
            raise ProfileError(f"profile {path.name}, repeat: {values} and {found[name]} would both be called {name!r}")
        found[name] = values
    return found


def _did_you_mean(word: str, candidates: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(word), [str(candidate) for candidate in candidates], n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""


# ------------------------------------------------------------------------------------------------------------- plan
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
            f"{_did_you_mean(text, stems)}. It has: {', '.join(stems)}"
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
    problems: list[str] = []
    stems = list(profile.notebooks)
    part = run if isinstance(run, ProfilePart) else ProfilePart(run, stems, {})
    declared: dict[str, Declaration] = {}
    there = [path.stem for path in sorted(paths.notebooks_root().glob("*.ipynb"))]
    for stem in stems:
        if stem not in there:
            hint = _did_you_mean(stem, there)
            problems.append(f"{stem}: no such notebook, expected {paths.display(notebook_path(stem))}{hint}")
            continue
        try:
            declared[stem] = read_declaration(notebook_path(stem))
        except ProfileError as error:
            problems.append(str(error))

    given: dict[str, dict[str, Any]] = {stem: {} for stem in declared}
    sources: dict[tuple[str, str], str] = {}

    def give(stem: str, name: str, value: Any, source: str, text: str | None = None) -> None:
        known = declared[stem].defaults
        if name not in known:
            close = _did_you_mean(name, known)
            problems.append(f"{source}{stem}: unknown parameter {name!r}{close}. It has: {', '.join(known)}")
        elif name == "run":
            problems.append(f"{source}{stem}: parameter run is the run's name; set it with --run-name")
        elif value == [] and not declared[stem].takes(name, list):
            problems.append(f"{source}{stem}: parameter {name}: an empty list sweeps over nothing")
        else:
            if text is not None and type(value) in (int, float) and declared[stem].takes(name, str):
                value = text  # `--set all.classes=13`: the parameter is a string, so is what was typed
            given[stem][name], sources[stem, name] = value, source

    def give_all(name: str, value: Any, source: str, text: str | None = None, but: str = "") -> None:
        holders = [stem for stem in declared if name in declared[stem].defaults and stem != but]
        for stem in holders:
            give(stem, name, value, source, text)
        if not holders and declared:
            everything = sorted(set(itertools.chain.from_iterable(entry.defaults for entry in declared.values())))
            problems.append(f"{source}no notebook declares the parameter {name!r}{_did_you_mean(name, everything)}")

    for name, value in profile.defaults.items():
        give_all(name, value, "defaults: ")
    for name, value in part.defaults.items():
        give_all(name, value, "repeat: ", but=DATA_PREPARATION)
    for stem, values in profile.notebooks.items():
        for name, value in values.items() if stem in declared else ():
            give(stem, name, value, "")
    for targets, name, text in parse_overrides(overrides, stems):
        source = "--set: "
        try:
            value = parse_yaml(text) if text else ""
        except yaml.YAMLError:
            value = text
        if targets == ["*"]:
            give_all(name, value, source, text)
        elif targets[0] in declared:
            give(targets[0], name, value, source, text)

    steps: list[Step] = []
    for stem, parameters in given.items():
        if "run" in declared[stem].defaults:
            parameters = {"run": part.run, **parameters}
        own, found = _steps_of(stem, declared[stem], parameters, sources)
        steps += own
        problems += found
    steps = [step for step in steps if step.notebook in part.notebooks]
    problems += missing_inputs(steps, part.run, [s for s in steps if selected is None or s.notebook in selected])
    if problems:
        raise ProfileError("\n".join(dict.fromkeys(problems)))
    return steps


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
