"""Profiles: which notebooks run in which order, and the values that their parameters get.

A profile (``notebooks/profiles/<name>.yaml``) names notebooks in their order and the values that their parameters get.
Whatever a profile does not name keeps the default that stands in the notebook. A list given for a parameter that is
no list is a sweep: the notebook is executed once for each value. Weights may follow the sweep:
``initial_weights: trained_models/freeshapes/encoder_lambda_{diversity_weight:g}``.

Everything that can be wrong before a kernel starts (unknown notebook or parameter, wrong type, missing input) is
found by :func:`plan_steps` and reported at once as a :class:`ProfileError`.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import itertools
import json
import re
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lmnet_utils import paths
from lmnet_utils.reproducibility import read_json
from lmnet_utils.taxonomy import class_name

# Parameters that name a folder or file of weights, relative to the project root.
WEIGHTS = ("initial_weights", "autoencoder")


class ProfileError(Exception):
    """A run that cannot start: what was expected, what was found and what to do, one line a finding."""


# ------------------------------------------------------------------------------------------------------- parameters
@dataclasses.dataclass(frozen=True)
class Parameter:
    """One line of a notebook's ``parameters`` cell: ``name: annotation = default``."""

    name: str
    hint: Any
    default: Any

    @property
    def type_name(self) -> str:
        """The type as the notebook's author wrote it, for messages."""
        return self.hint.__name__ if isinstance(self.hint, type) else str(self.hint).replace("typing.", "")

    @property
    def takes_lists(self) -> bool:
        """Whether a list is a value of this parameter and not a sweep over it."""
        return _accepts(self.hint, [])

    def convert(self, value: Any) -> Any:
        """``value`` as this parameter holds it (an int becomes a float where a float is meant).

        Raises:
            TypeError: the value has another type; the message names the parameter and both types.
        """
        if not _accepts(self.hint, value):
            advice = f'; write "{value}" in quotes' if _accepts(self.hint, "") and not isinstance(value, list) else ""
            found = f"{json.dumps(value)} ({type(value).__name__})" if value is not None else "null"
            raise TypeError(f"parameter {self.name}: expected {self.type_name}, found {found}{advice}")
        if type(value) is int and not _accepts(self.hint, value, strict=True):
            return float(value)
        return value


def _accepts(hint: Any, value: Any, strict: bool = False) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_accepts(argument, value, strict) for argument in arguments)
    if origin is typing.Literal:
        return any(type(value) is type(choice) and value == choice for choice in arguments)
    if origin in (list, tuple):
        return isinstance(value, list) and all(_accepts((arguments or (Any,))[0], item, strict) for item in value)
    if hint is Any:
        return True
    if hint is float:
        return type(value) is float or (type(value) is int and not strict)
    return type(value) is (origin or hint)


_HINT_NAMES = {
    **{kind.__name__: kind for kind in (str, int, float, bool, list, dict, tuple)},
    **{name: getattr(typing, name) for name in ("Any", "Optional", "Union", "Literal", "List", "Dict")},
}


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


def declared_parameters(path: Path) -> dict[str, Parameter]:
    """The parameters that a notebook declares in its cell tagged ``parameters``, in their order; {} without one.

    Raises:
        ProfileError: the cell holds something else than ``name: type = literal`` lines and imports.
    """
    cells = [cell for cell in read_notebook(path)["cells"] if is_tagged(cell, "parameters")]
    declared: dict[str, Parameter] = {}
    for node in ast.parse(cells[0]["source"]).body if cells else []:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [None])[0]
        try:
            default = ast.literal_eval(node.value)
            name = target.id
            hint = type(default)
            if isinstance(node, ast.AnnAssign):
                hint = eval(ast.unparse(node.annotation), {"__builtins__": {}}, _HINT_NAMES)  # noqa: S307
        except (ValueError, AttributeError, NameError, TypeError) as error:
            raise ProfileError(
                f"{path.stem}: parameters cell, line {node.lineno}: expected `name: type = literal`, "
                f"found `{ast.unparse(node)}` ({error})"
            ) from error
        declared[name] = Parameter(name, Any if hint is type(None) else hint, default)
    return declared


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
    """What a profile file says. ``notebooks`` maps notebook stem → {parameter: value or list of values to sweep}."""

    name: str
    argument: str
    description: str
    run_name: str
    defaults: dict[str, Any]
    notebooks: dict[str, dict[str, Any]]


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
    known = ("description", "run_name", "defaults", "notebooks")
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
    )


def _did_you_mean(word: str, candidates: typing.Iterable[str]) -> str:
    close = difflib.get_close_matches(str(word), [str(candidate) for candidate in candidates], n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""


# ------------------------------------------------------------------------------------------------------------- plan
@dataclasses.dataclass(frozen=True)
class Step:
    """One execution of one notebook. ``parameters`` are the values given to it; ``swept`` those of them from a sweep."""

    notebook: str
    parameters: dict[str, Any]
    swept: dict[str, Any]
    defaults: dict[str, Any]

    @property
    def key(self) -> str:
        """``05_encoder_probabilistic--diversity_weight=0.5``, without a sweep just the notebook's stem."""
        variant = ",".join(f"{name}={_plain_text(value)}" for name, value in self.swept.items())
        return f"{self.notebook}--{variant}" if variant else self.notebook

    @property
    def values(self) -> dict[str, Any]:
        """Every parameter of the notebook with the value that it runs with."""
        return {**self.defaults, **self.parameters}


def _plain_text(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return re.sub(r"[^\w.+-]+", "_", text)


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
    profile: Profile, run: str, overrides: Sequence[str] = (), selected: Collection[str] | None = None
) -> list[Step]:
    """Every step of a profile, in order, all values checked against the notebooks' declarations.

    Args:
        selected: notebooks that are to run, whose data and weights have to be there; by default all.

    Raises:
        ProfileError: with one line for each unknown notebook or parameter, wrong type and missing input.
    """
    problems: list[str] = []
    stems = list(profile.notebooks)
    declared: dict[str, dict[str, Parameter]] = {}
    there = [path.stem for path in sorted(paths.notebooks_root().glob("*.ipynb"))]
    for stem in stems:
        if stem not in there:
            hint = _did_you_mean(stem, there)
            problems.append(f"{stem}: no such notebook, expected {paths.display(notebook_path(stem))}{hint}")
            continue
        try:
            declared[stem] = declared_parameters(notebook_path(stem))
        except ProfileError as error:
            problems.append(str(error))

    given: dict[str, dict[str, Any]] = {stem: {} for stem in declared}

    def give(stem: str, name: str, value: Any, source: str, text: str | None = None) -> None:
        parameter = declared[stem].get(name)
        if parameter is None:
            close = _did_you_mean(name, declared[stem])
            problems.append(f"{source}{stem}: unknown parameter {name!r}{close}. It has: {', '.join(declared[stem])}")
        elif name == "run":
            problems.append(f"{source}{stem}: parameter run is the run's name; set it with --run-name")
        else:
            if text is not None and _accepts(parameter.hint, "") and type(value) in (int, float):
                value = text  # `--set all.classes=13`: the parameter is a string, so is what was typed
            sweep = value if isinstance(value, list) and not parameter.takes_lists else [value]
            if not sweep:
                problems.append(f"{source}{stem}: parameter {name}: an empty list sweeps over nothing")
            try:
                converted = [parameter.convert(item) for item in sweep]
            except TypeError as error:
                problems.append(f"{source}{stem}: {error}")
            else:
                given[stem][name] = converted if sweep is value else converted[0]

    def give_all(name: str, value: Any, source: str, text: str | None = None) -> None:
        holders = [stem for stem in declared if name in declared[stem]]
        for stem in holders:
            give(stem, name, value, source, text)
        if not holders and declared:
            everything = sorted(set(itertools.chain.from_iterable(declared.values())))
            problems.append(f"{source}no notebook declares the parameter {name!r}{_did_you_mean(name, everything)}")

    for name, value in profile.defaults.items():
        give_all(name, value, "defaults: ")
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
        if "run" in declared[stem]:
            parameters = {"run": run, **parameters}
        sweeps = {
            name: value
            for name, value in parameters.items()
            if isinstance(value, list) and not declared[stem][name].takes_lists
        }
        defaults = {parameter.name: parameter.default for parameter in declared[stem].values()}
        for combination in itertools.product(*sweeps.values()):
            swept = dict(zip(sweeps, combination, strict=True))
            values = {**parameters, **swept}
            try:
                filled = {name: values[name].format(**swept) for name in WEIGHTS if isinstance(values.get(name), str)}
            except (KeyError, ValueError, IndexError) as error:
                problems.append(f"{stem}: a folder of weights names something that is not swept: {error}")
            else:
                steps.append(Step(stem, {**values, **filled}, swept, defaults))
        keys = [step.key for step in steps]
        if len(set(keys)) < len(keys):
            problems.append(f"{stem}: the sweep {sweeps} names a value twice")
    problems += _missing_inputs(steps, run, [s for s in steps if selected is None or s.notebook in selected])
    if problems:
        raise ProfileError("\n".join(dict.fromkeys(problems)))
    return steps


def _missing_inputs(steps: Sequence[Step], run: str, selected: Sequence[Step]) -> list[str]:
    problems = []
    if not re.fullmatch(r"\w[\w.=+-]*", run):
        problems.append(f"run name {run!r}: expected letters, digits and .-_ only, for it names a folder")
    elif (paths.trained_models_root() / run / "MODEL_CARD.md").is_file():
        problems.append(
            f"run name {run!r}: trained_models/{run} holds the weights that come with the kit and would be overwritten; "
            "choose another with --run-name"
        )
    own_models = paths.trained_models_root() / run
    for step in selected:
        for name in WEIGHTS:
            value = step.values.get(name)
            if not isinstance(value, str):
                continue
            path = paths.resolve(value)
            made_here = step is not steps[0] and own_models.absolute() in path.absolute().parents
            if not path.exists() and not made_here:
                problems.append(
                    f"{step.notebook}: parameter {name}: expected weights at {value}, found nothing; "
                    "name a folder that another run has trained, or null"
                )
        weights_run = step.values.get("weights_run")
        if isinstance(weights_run, str) and not (paths.trained_models_root() / weights_run).is_dir():
            problems.append(
                f"{step.notebook}: parameter weights_run: expected trained models in trained_models/{weights_run}, "
                "found nothing"
            )
    for dataset in dict.fromkeys(step.values.get("dataset") for step in selected):
        fetched = any(step.values.get("download") is True for step in selected)
        if isinstance(dataset, str) and not (dataset == "freeshapes" or fetched or paths.dataset_dir(dataset).is_dir()):
            from lmnet_utils.shapenet import how_to_get_renderings

            problems.append(f"parameter dataset: no data set {dataset!r}. {how_to_get_renderings(dataset)}")
    return problems + _nothing_to_train_on(selected)


def _nothing_to_train_on(steps: Sequence[Step]) -> list[str]:
    """Trainings on classes of which an imported data set has no training object, such as Variant II's chairs."""
    from lmnet_utils import splits

    problems = []
    for step in steps:
        dataset, split, classes = (step.values.get(name) for name in ("dataset", "split", "classes"))
        if "epochs" not in step.values or not (paths.dataset_dir(str(dataset)) / "imports").is_dir():
            continue  # no training, or data that notebook 01 makes
        try:
            known, wanted = (splits.read(paths.dataset_dir(dataset), split, group).train for group in ("13", classes))
        except (FileNotFoundError, ValueError):
            continue  # the notebook says what is wrong
        if not wanted:
            there = ", ".join(sorted({class_name(model.split("/")[0]) for model in known})) or "nothing"
            number = step.notebook.partition("_")[0]
            problems.append(
                f"{step.notebook}: parameter classes: {dataset!r} has no training object of {classes!r} (it has {there}); "
                f"--set {number}.classes=13 takes all its classes"
            )
    return problems


def profile_parameters(profile: str, notebook_stem: str, run: str | None = None) -> list[dict[str, Any]]:
    """The parameters that ``lmnet run <profile>`` gives to one notebook: one dictionary for each execution of it."""
    loaded = load_profile(profile)
    steps = plan_steps(loaded, run or loaded.run_name)
    return [dict(step.parameters) for step in steps if step.notebook == notebook_stem]
